//! What use cases need to push a stream to destinations.

use std::future::Future;

use session::destination::{Change, Fault};
use session::record::{DestinationMarkRow, DestinationRow};
use session::{DestinationId, DestinationKey, StreamId, Words};

use super::HistoryError;
use crate::api::{BroadcastCheck, KeyPlace};

/// Where one attempt is to go. The key is looked up by the adapter, when the attempt is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputTarget {
    /// `rtmp://` or `rtmps://`, without the key.
    pub url: String,
    /// A key is stored for it.
    pub has_key: bool,
    /// Ask for the far side's bandwidth test.
    pub bandwidth_test: bool,
}

/// What is measured of one output.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct OutputMeasurement {
    /// Sent over the last 2 s.
    pub bitrate_bps: u64,
    /// Units left out because the connection was too slow.
    pub dropped_units: u64,
    /// Round trip; None where the system does not tell.
    pub rtt_ms: Option<f64>,
}

/// A fact about an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputEvent {
    /// Whose.
    pub id: DestinationId,
    /// Which one.
    pub attempt: u64,
    /// What happened.
    pub fact: OutputFact,
}

/// What may happen to an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputFact {
    /// The far side accepted the publication.
    Accepted,
    /// It takes our bytes.
    Draining,
    /// It takes none, though there are some.
    NotDraining,
    /// The attempt is over.
    Failed(Fault),
}

/// Pushes the running stream. Everything about an attempt comes back as [`OutputEvent`]s.
pub trait Outputs: Send + Sync + 'static {
    /// Makes one attempt, which lasts until it fails or is closed. One that runs for this destination is replaced.
    fn open(&self, id: &DestinationId, attempt: u64, target: OutputTarget);
    /// Ends the attempt, if one runs. Returns at once; the goodbye is said in the background.
    fn close(&self, id: &DestinationId);
    /// What is measured of the attempt that runs; zeros if none does.
    fn measure(&self, id: &DestinationId) -> OutputMeasurement;
    /// Reads an address as a person gives it: a key pasted into it is moved out of it when `key` is empty.
    ///
    /// # Errors
    /// In words, when nothing can be pushed there.
    fn address(&self, url: &str, key: DestinationKey) -> Result<(String, DestinationKey), Words>;
    /// Asks a destination whether it would let a stream in. Sends no media.
    fn try_out(
        &self,
        id: &DestinationId,
        target: OutputTarget,
    ) -> impl Future<Output = Result<(), Fault>> + Send + 'static;
    /// Runs the stream into a receiver of our own for a while and scores what arrives.
    fn check(&self) -> impl Future<Output = Result<BroadcastCheck, Words>> + Send + 'static;
}

/// What is remembered of destinations.
pub trait DestinationStore: Send + Sync + 'static {
    /// All of them, in the user's order.
    fn destinations(&self) -> impl Future<Output = Result<Vec<DestinationRow>, HistoryError>> + Send;
    /// Adds one at the end.
    fn insert(&self, row: &DestinationRow) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// Replaces everything of one but its place.
    fn update(&self, row: &DestinationRow) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// Forgets one.
    fn remove(&self, id: &DestinationId) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// Puts them in this order.
    fn order(&self, ids: &[DestinationId]) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// Writes a state change.
    fn record_destination(
        &self,
        stream: &StreamId,
        id: &DestinationId,
        name: &str,
        change: &Change,
    ) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// State changes of all destinations during a stream, oldest first.
    fn destination_marks(
        &self,
        stream: &StreamId,
    ) -> impl Future<Output = Result<Vec<DestinationMarkRow>, HistoryError>> + Send;
}

/// Where stream keys of destinations are kept.
pub trait KeyStore: Send + Sync + 'static {
    /// Keeps a key; an empty one is forgotten.
    fn put(
        &self,
        id: &DestinationId,
        key: &DestinationKey,
    ) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// The key; empty if there is none. A keychain may ask its user first: the answer can take seconds.
    fn get(
        &self,
        id: &DestinationId,
    ) -> impl Future<Output = Result<DestinationKey, HistoryError>> + Send + 'static;
    /// Forgets it.
    fn remove(&self, id: &DestinationId) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// Which place that is.
    fn place(&self) -> KeyPlace;
}
