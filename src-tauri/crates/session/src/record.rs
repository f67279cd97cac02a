//! What is remembered of a stream: the shapes that history keeps and use cases ask for.

use crate::{
    CameraLink, Delivery, DestinationId, KeyDigest, Options, PackageName, Permissions, PlaybackId, State,
    StreamId, Words, destination,
};

/// A stream as it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStream {
    /// Its id.
    pub stream_id: StreamId,
    /// Its name in playback paths.
    pub playback_id: PlaybackId,
    /// How its camera is reached.
    pub link: CameraLink,
    /// Where its media goes.
    pub delivery: Delivery,
    /// Endpoint of an unmanaged stream with its key masked; None for a managed one.
    pub target: Option<String>,
    /// What was asked of it.
    pub options: Options,
    /// The app that started it; None if a person or an encoder did.
    pub starter: Option<PackageName>,
    /// It ends so long after it was live first, milliseconds; None = no limit.
    pub duration_limit_ms: Option<u64>,
    /// Unix milliseconds.
    pub started_at_ms: u64,
}

/// A stream as history tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRow {
    /// Its id.
    pub stream_id: StreamId,
    /// Its name in playback paths.
    pub playback_id: PlaybackId,
    /// How its camera was reached.
    pub link: CameraLink,
    /// Where its media went.
    pub delivery: Delivery,
    /// Endpoint of an unmanaged stream with its key masked; None for a managed one.
    pub target: Option<String>,
    /// What was asked of it.
    pub options: Options,
    /// The app that started it; None if a person or an encoder did.
    pub starter: Option<PackageName>,
    /// The user holds it: it goes on when the last app leaves it.
    pub held: bool,
    /// It ends so long after it was live first, milliseconds; None = no limit.
    pub duration_limit_ms: Option<u64>,
    /// Unix milliseconds.
    pub started_at_ms: u64,
    /// When it first became playable, Unix milliseconds; None if never.
    pub live_since_ms: Option<u64>,
    /// When it ended, Unix milliseconds; None while it runs.
    pub ended_at_ms: Option<u64>,
    /// State it is in or ended with.
    pub state: State,
    /// Words of its newest state change.
    pub words: Words,
    /// How often it was interrupted.
    pub interruptions: u32,
    /// Most players at once.
    pub peak_viewers: u32,
    /// Mean payload bitrate over its samples.
    pub mean_bitrate_bps: u64,
}

/// One second of a stream.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Unix milliseconds.
    pub at_ms: u64,
    /// Payload bitrate of picture and sound.
    pub bitrate_bps: u64,
    /// Frames a second.
    pub fps: f64,
    /// Players of the last 10 s.
    pub viewers: u32,
}

/// A place the running stream is pushed to, without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationRow {
    /// Its id.
    pub id: DestinationId,
    /// What the user calls it.
    pub name: String,
    /// Id of its preset.
    pub preset: String,
    /// `rtmp://` or `rtmps://` address, without a key.
    pub url: String,
    /// The user wants it on.
    pub enabled: bool,
    /// A key is kept for it elsewhere.
    pub has_key: bool,
    /// Ends its broadcast when no picture came for so many seconds; None = as long as the stream itself waits.
    pub hold_limit_s: Option<u32>,
    /// Sends to the service's test, which nobody sees.
    pub bandwidth_test: bool,
    /// The app that named it for the running stream, with which it goes; None for the user's own.
    pub added_by: Option<PackageName>,
}

/// An app the user registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRow {
    /// Its package name.
    pub package: PackageName,
    /// What the user calls it.
    pub name: String,
    /// Where it listens for webhooks: `http://` or `https://` address without a slash at its end.
    pub url: String,
    /// Digest of its API key; None = none on file, and any key is let in from this computer.
    pub key: Option<KeyDigest>,
    /// What the user lets it do.
    pub permissions: Permissions,
    /// It may connect from other computers.
    pub lan_allowed: bool,
    /// It runs on this hub: it is asked to connect again after a restart of the program.
    pub wanted: bool,
}

/// An app's stay in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamAppRow {
    /// Its package name.
    pub package: PackageName,
    /// What it was called then.
    pub name: String,
    /// It started the stream; otherwise it joined.
    pub started: bool,
    /// When it came, Unix milliseconds.
    pub joined_at_ms: u64,
    /// When it left, Unix milliseconds; None while it is there.
    pub left_at_ms: Option<u64>,
}

/// A state change of a destination while a stream ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationMarkRow {
    /// Unix milliseconds.
    pub at_ms: u64,
    /// The destination, which may be gone by now.
    pub id: DestinationId,
    /// What it was called then.
    pub name: String,
    /// The state entered.
    pub state: destination::State,
    /// What was said about it.
    pub words: Words,
}
