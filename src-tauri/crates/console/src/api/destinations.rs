//! Destinations: where the running stream is pushed to, and what a screen may ask of them.
//!
//! No type here that a screen is told carries a stream key, except the answer of `reveal_key`, which is asked for by a
//! person who holds a button down.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Message, Sample};

/// Everything about destinations, in the order the user gave them.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DestinationView {
    /// Its id.
    pub id: String,
    /// What the user calls it.
    pub name: String,
    /// Id of its preset, for example `twitch`; `custom` for any other RTMP(S) endpoint.
    pub preset: String,
    /// Server part of its address, without a key.
    pub url: String,
    /// A stream key is stored for it.
    pub has_key: bool,
    /// The user wants it on: the stream is pushed to it while there is one.
    pub enabled: bool,
    /// State in one word.
    pub state: DestinationState,
    /// How serious an error is; null unless the state is `errored`.
    pub severity: Option<Severity>,
    /// What is so in words, and what to do.
    pub message: Option<Message>,
    /// Attempts that failed in a row; 0 when the last one worked.
    pub failed_attempts: u32,
    /// When the next attempt is made; null unless the state is `retrying`.
    #[ts(type = "number | null")]
    pub retry_at_ms: Option<u64>,
    /// Since when the far side takes the stream without a break; null while it does not.
    #[ts(type = "number | null")]
    pub broadcasting_since_ms: Option<u64>,
    /// Sent over the last 2 s.
    #[ts(type = "number")]
    pub bitrate_bps: u64,
    /// Frames and sounds left out in this broadcast because the connection was too slow.
    #[ts(type = "number")]
    pub dropped_units: u64,
    /// Round trip to the far side; null where the system does not tell.
    pub rtt_ms: Option<f64>,
    /// Ends its broadcast when the picture is away for so long; null = as long as the stream's own grace time.
    pub hold_limit_s: Option<u32>,
    /// Sends to Twitch's bandwidth test: nobody sees it.
    pub bandwidth_test: bool,
    /// Name of the app that named it for the running stream: it goes with that stream. Null for the user's own.
    pub added_by: Option<String>,
}

/// State of one destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DestinationState {
    /// Switched off.
    Disabled,
    /// On, and there is no stream to push.
    Idle,
    /// Connecting, or accepted and not yet proven to take data.
    Starting,
    /// The far side accepted and takes our bytes.
    Broadcasting,
    /// The far side accepted but takes no data.
    Stalled,
    /// No picture arrives from the camera; the connection is held with the last one.
    Interrupted,
    /// The last attempt failed; another follows.
    Retrying,
    /// It failed and is not tried again by itself.
    Errored,
}

/// How serious an error of a destination is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Trying again may help.
    Normal,
    /// Something has to be changed first.
    Fatal,
}

/// Where stream keys of destinations are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// The system's keychain.
    Keychain,
    /// A file in the data folder that only this account can read, because the system offers no keychain.
    File,
}

/// A state change of a destination, placed on the stream's time axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DestinationMark {
    /// When.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// Id of the destination.
    pub destination_id: String,
    /// What it was called then.
    pub name: String,
    /// The state entered.
    pub state: DestinationState,
    /// What happened, in words.
    pub text: String,
}

/// Arguments of `add_destination`. It begins switched off.
#[derive(Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AddDestination {
    /// Id of a preset.
    pub preset: String,
    /// What the user calls it; the preset's name if left out.
    #[serde(default)]
    #[ts(optional)]
    pub name: Option<String>,
    /// `rtmp://` or `rtmps://` address; the preset's first one if left out.
    #[serde(default)]
    #[ts(optional)]
    pub url: Option<String>,
    /// Stream key; may be empty for endpoints without one.
    pub stream_key: String,
    /// See [`DestinationView::hold_limit_s`].
    #[serde(default)]
    #[ts(optional)]
    pub hold_limit_s: Option<u32>,
    /// See [`DestinationView::bandwidth_test`].
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub bandwidth_test: bool,
}

/// Arguments of `update_destination`: the whole of it; a key left out stays as it is.
#[derive(Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct UpdateDestination {
    /// Its id.
    pub id: String,
    /// What the user calls it.
    pub name: String,
    /// `rtmp://` or `rtmps://` address.
    pub url: String,
    /// New stream key; the stored one stays if left out.
    #[serde(default)]
    #[ts(optional)]
    pub stream_key: Option<String>,
    /// See [`DestinationView::hold_limit_s`].
    #[serde(default)]
    #[ts(optional)]
    pub hold_limit_s: Option<u32>,
    /// See [`DestinationView::bandwidth_test`].
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub bandwidth_test: bool,
}

/// Arguments of `set_destination`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SetDestination {
    /// Its id.
    pub id: String,
    /// On or off.
    pub enabled: bool,
}

/// Arguments naming one destination.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OneDestination {
    /// Its id.
    pub id: String,
}

/// Arguments naming several destinations: their new order, or those to go live with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SomeDestinations {
    /// Their ids.
    pub ids: Vec<String>,
}

/// Answer of `add_destination` and `duplicate_destination`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Added {
    /// Id of the new destination.
    pub id: String,
}

/// Answer of `reveal_key`.
#[derive(Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RevealedKey {
    /// The stream key; empty if there is none.
    pub stream_key: String,
}

/// Answer of `test_destination`: whether it would let the stream in. Nothing is shown there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DestinationTest {
    /// It accepted the key.
    pub accepted: bool,
    /// What was found, in words.
    pub message: Message,
}

/// A kind of destination: where it is, where its key is found, and what it takes.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PresetView {
    /// Its id, for example `youtube`.
    pub id: String,
    /// Its name, for example `YouTube`.
    pub name: String,
    /// Where it takes streams, the usual one first; empty when the user gives the address.
    pub ingests: Vec<IngestPoint>,
    /// The page on which it shows the key; null if there is none.
    pub key_page: Option<String>,
    /// How to find the key there, in a sentence.
    pub key_hint: String,
    /// What to know before using it; null if nothing.
    pub note: Option<String>,
    /// It can take a stream without showing it to anybody.
    pub has_bandwidth_test: bool,
    /// An endpoint of this kind may work without a key.
    pub key_optional: bool,
    /// What it takes, in a line, for example `up to 6 Mb/s, 1080p60, keyframes every 2 s`.
    pub limits: String,
}

/// One address of a preset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct IngestPoint {
    /// For example `Primary` or `Europe: Frankfurt`.
    pub name: String,
    /// For example `rtmps://a.rtmps.youtube.com/live2`.
    pub url: String,
}

/// Answer of `preflight`: what each destination would make of the stream that arrives now.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Preflight {
    /// False when no signal arrives, so that nothing could be checked.
    pub measured: bool,
    /// Every enabled destination; all of them if none is enabled.
    pub destinations: Vec<DestinationPreflight>,
}

/// Findings for one destination.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DestinationPreflight {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The worst of its findings.
    pub verdict: Verdict,
    /// Each thing looked at.
    pub findings: Vec<Finding>,
}

/// What was found of one property of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What was looked at, for example `Keyframes`.
    pub subject: String,
    /// How it stands.
    pub verdict: Verdict,
    /// What is so and why it matters.
    pub text: String,
    /// How to fix it; null when it needs no fixing.
    pub fix: Option<String>,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// It will work, not well.
    Warn,
    /// It will be refused.
    Refused,
}

/// Answer of `broadcast_check`: the whole path was run into a receiver inside the console for some seconds.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct BroadcastCheck {
    /// 0 to 100; the worst of the parts.
    pub score: u32,
    /// How long it ran.
    pub seconds: u32,
    /// What was scored.
    pub parts: Vec<CheckPart>,
    /// What arrived, second by second.
    pub samples: Vec<Sample>,
}

/// One scored property of a broadcast check.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CheckPart {
    /// For example `Bitrate`.
    pub subject: String,
    /// 0 to 100.
    pub score: u32,
    /// What was found.
    pub text: String,
    /// How to make it better; null at a full score.
    pub fix: Option<String>,
}
