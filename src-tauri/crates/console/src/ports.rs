//! What the use cases need of the world, as small traits; `runtime` implements them.

mod cloud;
mod hub;
mod outputs;

use std::fmt;
use std::future::Future;
use std::net::IpAddr;

use session::record::{NewStream, Sample, StreamRow};
use session::{PlaybackId, StateChange, StreamId, Words};
use tokio::sync::oneshot;

pub use cloud::*;
pub use hub::*;
pub use outputs::{
    DestinationStore, KeyStore, OutputEvent, OutputFact, OutputMeasurement, OutputTarget, Outputs,
};

use crate::api::{IngestView, PlaybackUrls, PublisherView, Settings, SignalView, WebRtcView};

/// The world a console lives in: one type that names all of its adapters.
pub trait World: Send + 'static {
    /// Where media goes.
    type Provider: StreamProvider;
    /// Where it is pushed to.
    type Outputs: Outputs;
    /// What is remembered.
    type History: History + DestinationStore + AppStore;
    /// Where apps and glasses connect.
    type Hub: Hub;
    /// Where glasses are commanded from afar.
    type Cloud: Cloud;
    /// Where keys are kept.
    type Keys: KeyStore;
    /// The time.
    type Clock: Clock;
    /// Random bytes.
    type Random: Random;
}

/// The time.
pub trait Clock: Send + Sync + 'static {
    /// Unix milliseconds, from a clock that does not jump.
    fn now_ms(&self) -> u64;
}

/// A stream to be made ready.
#[derive(Debug, Clone)]
pub struct Provision {
    /// Its id.
    pub stream_id: StreamId,
    /// Its name in playback paths.
    pub playback_id: PlaybackId,
    /// Unix milliseconds.
    pub started_at_ms: u64,
    /// WebRTC playback was asked for.
    pub enable_webrtc: bool,
    /// It ran before the program was restarted: its sequence numbers go on.
    pub resumed: bool,
}

/// What is measured of the running stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measurement {
    /// The signal; None while nobody publishes.
    pub signal: Option<SignalView>,
    /// Who publishes.
    pub publisher: Option<PublisherView>,
    /// Players of the last 10 s.
    pub viewers: u32,
}

/// Where media goes. One stream at a time; everything about it comes back as [`ProviderEvent`]s.
pub trait StreamProvider: Send + Sync + 'static {
    /// Makes a stream and its addresses ready for a publisher.
    fn provision(&self, stream: Provision) -> impl Future<Output = Result<(), Words>> + Send;
    /// Starts the commanded camera.
    fn start_camera(&self) -> impl Future<Output = Result<(), Words>> + Send;
    /// Stops it, if it runs.
    fn stop_camera(&self) -> impl Future<Output = ()> + Send;
    /// Checks, until it is or the stream is released, whether the stream truly plays.
    fn probe(&self);
    /// Ends the stream and sends its publisher away.
    fn release(&self) -> impl Future<Output = ()> + Send;
    /// Addresses of the stream; None if none is provisioned.
    fn urls(&self) -> Option<PlaybackUrls>;
    /// What is measured now.
    fn measure(&self) -> Measurement;
    /// Whether the stream plays by WebRTC now, and for whom.
    fn webrtc(&self) -> WebRtcView;
    /// The stream can be played by WebRTC from now on.
    fn enable_webrtc(&self);
    /// Addresses to offer to WebRTC besides this computer's own, from the next viewer on.
    fn offer_addresses(&self, addresses: Vec<IpAddr>);
    /// Where encoders publish. `publisher` and `held_off` are filled in by the supervisor.
    fn ingest(&self) -> IngestView;
    /// Viewers of the playlists see the last picture while none arrives.
    fn freeze_picture(&self, freeze: bool);
    /// Replaces the stream key.
    fn new_stream_key(&self) -> impl Future<Output = Result<(), Words>> + Send;
}

/// A fact from the media side.
pub enum ProviderEvent {
    /// A publisher with the right key asks to publish; the answer is Ok or words of refusal.
    PublishRequested {
        /// Whose key it is: an encoder's or the glasses'.
        publisher: session::CameraLink,
        /// Where the answer goes.
        answer: oneshot::Sender<Result<(), String>>,
    },
    /// A publisher's media arrives, for the first time or again.
    MediaArrived,
    /// No media for 3 s, or the publisher left.
    MediaLost,
    /// A manifest and media newer than the probe's start were fetched from the playback door.
    Playable,
    /// Not playable so far, and why.
    ProbeFailed {
        /// Why.
        words: Words,
    },
    /// The publisher sends what cannot be carried.
    Refused {
        /// Why.
        words: Words,
    },
}

/// History and settings could not be read or written. The text is for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct HistoryError {
    /// What is so.
    pub text: String,
    /// What to do.
    pub next_step: Option<String>,
}

/// What is remembered.
pub trait History: Send + Sync + 'static {
    /// Writes a new stream and its first state change.
    fn start_stream(
        &self,
        stream: &NewStream,
        first: &StateChange,
    ) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// Writes a state change.
    fn record(
        &self,
        id: &StreamId,
        change: &StateChange,
    ) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// Writes a sample.
    fn append_sample(
        &self,
        id: &StreamId,
        sample: &Sample,
    ) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// Writes that WebRTC playback was asked for after the start.
    fn enable_webrtc(&self, id: &StreamId) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// Thins the samples of an ended stream.
    fn thin(&self, id: &StreamId) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// Streams without an end, newest first.
    fn open_streams(&self) -> impl Future<Output = Result<Vec<StreamRow>, HistoryError>> + Send;
    /// Streams, newest first.
    fn list(
        &self,
        before_ms: Option<u64>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<StreamRow>, HistoryError>> + Send;
    /// One stream.
    fn stream(&self, id: &StreamId) -> impl Future<Output = Result<Option<StreamRow>, HistoryError>> + Send;
    /// Its state changes, oldest first.
    fn marks(&self, id: &StreamId) -> impl Future<Output = Result<Vec<StateChange>, HistoryError>> + Send;
    /// Its samples, oldest first.
    fn samples(&self, id: &StreamId) -> impl Future<Output = Result<Vec<Sample>, HistoryError>> + Send;
    /// Forgets a stream; false if it was not there.
    fn delete(&self, id: &StreamId) -> impl Future<Output = Result<bool, HistoryError>> + Send;
    /// Keeps the user's choices.
    fn save_settings(&self, settings: &Settings) -> impl Future<Output = Result<(), HistoryError>> + Send;
}

/// Random bytes for ids.
pub trait Random: Send + Sync + 'static {
    /// Sixteen of them.
    fn bytes(&self) -> [u8; 16];
}

impl fmt::Debug for ProviderEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PublishRequested { .. } => "PublishRequested",
            Self::MediaArrived => "MediaArrived",
            Self::MediaLost => "MediaLost",
            Self::Playable => "Playable",
            Self::ProbeFailed { .. } => "ProbeFailed",
            Self::Refused { .. } => "Refused",
        })
    }
}
