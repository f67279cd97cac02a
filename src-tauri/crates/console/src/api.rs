//! The contract between the console and its shells: what a screen may ask and what it is told.
//!
//! TypeScript types are generated from this file alone (`cargo xtask types`), and a test fails when
//! `ui/src/host/generated.ts` differs. All times are Unix milliseconds, all durations say their unit.
//! A command's return is an acknowledgement; truth reaches the screen as a [`Snapshot`] followed by
//! [`Event`]s whose `seq` only ever grows.

mod apps;
mod cloud;
mod destinations;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use apps::*;
pub use cloud::*;
pub use destinations::*;

/// Everything a screen needs to draw itself from nothing. Events with `seq` greater than this one's follow.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// Sequence number of the last event already contained in this snapshot.
    #[ts(type = "number")]
    pub seq: u64,
    /// The program itself.
    pub app: AppInfo,
    /// The current streaming session, or the last one if nothing runs.
    pub session: SessionView,
    /// Where an encoder sends its picture, and who is sending.
    pub ingest: IngestView,
    /// Measured facts of the arriving signal; null while none arrives.
    pub signal: Option<SignalView>,
    /// One sample a second of the current stream, oldest first, at most ten minutes of them.
    pub samples: Vec<Sample>,
    /// State changes of the current stream, oldest first.
    pub marks: Vec<Mark>,
    /// Where the stream is pushed to, in the user's order.
    pub destinations: Vec<DestinationView>,
    /// State changes of destinations during the current stream, oldest first.
    pub destination_marks: Vec<DestinationMark>,
    /// Where stream keys of destinations are kept.
    pub key_place: KeyPlace,
    /// Where apps and glasses connect, and the glasses.
    pub hub: HubView,
    /// Registered apps, in the order of their names.
    pub apps: Vec<AppView>,
    /// What the glasses went through since the program came up, oldest first, at most 500.
    pub glasses_marks: Vec<GlassesMark>,
    /// The user's app at the MentraOS cloud; null unless it is set up.
    pub cloud: Option<CloudView>,
    /// What the user has chosen.
    pub settings: SettingsView,
}

/// The program: version and where it keeps its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AppInfo {
    /// Version of the program, for example `0.1.0`.
    pub version: String,
    /// Folder holding history, settings and logs.
    pub data_dir: String,
    /// The newest log file.
    pub log_file: String,
}

/// The MentraOS status word of a managed stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StatusWord {
    /// The camera was asked to start.
    Initializing,
    /// The camera runs; nothing is playable yet.
    Preparing,
    /// The stream plays at every URL of the snapshot.
    Active,
    /// A stop was asked for and is being carried out.
    Stopping,
    /// Nothing runs.
    Stopped,
    /// The attempt failed for good; starting again is a new attempt.
    Error,
}

/// The exact state of the session machine, finer than the status word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing was started since the program came up.
    Idle,
    /// The camera was asked to start and has not answered.
    AwaitingCamera,
    /// The camera runs or is expected to; no playable segment yet.
    AwaitingMedia,
    /// Playable.
    Live,
    /// No media arrives; URLs are held until the grace time is over.
    Interrupted,
    /// A stop was asked for.
    Stopping,
    /// Final, with a reason.
    Ended,
}

/// How the camera is asked to start and stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CameraLink {
    /// The user points an encoder at the ingest URL.
    Manual,
    /// The built-in demo camera.
    Demo,
    /// Glasses connected to the hub of this computer, real or virtual.
    Hub,
    /// Glasses that the MentraOS cloud commands for the user's own app.
    Cloud,
}

/// Where the media goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Through this computer, which gives the playback URLs.
    Managed,
    /// From the glasses straight to an RTMP endpoint.
    Unmanaged,
    /// Through the MentraOS cloud, which gives the playback URLs.
    Cloud,
}

/// Who gives the playback URLs of a managed stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ManagedBy {
    /// This computer.
    #[default]
    Local,
    /// The MentraOS cloud.
    Cloud,
}

/// Quality asked of the camera, as MentraOS names it. An encoder the user runs keeps its own settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub enum Quality {
    /// 1280 x 720.
    #[default]
    #[serde(rename = "720p")]
    P720,
    /// 1920 x 1080.
    #[serde(rename = "1080p")]
    P1080,
}

/// The session as the screen shows it.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// MentraOS status word.
    pub state: StatusWord,
    /// Exact state of the session machine.
    pub phase: Phase,
    /// Id of the running or last stream; null before the first.
    pub stream_id: Option<String>,
    /// How the camera is reached; null before the first stream.
    pub camera_link: Option<CameraLink>,
    /// Where the media goes.
    pub delivery: Delivery,
    /// The endpoint of an unmanaged stream with its key masked; null otherwise.
    pub target: Option<String>,
    /// Package name of the app that started it; null if the user or an encoder did.
    pub started_by: Option<String>,
    /// The user holds the stream: it goes on when the last app leaves it.
    pub held_by_user: bool,
    /// Apps in the running stream.
    pub apps: Vec<StreamApp>,
    /// When it ends by itself because an app set a time limit; null without one or before it is live.
    #[ts(type = "number | null")]
    pub limit_at_ms: Option<u64>,
    /// Quality asked for.
    pub quality: Quality,
    /// Whether WebRTC playback was asked for.
    pub enable_webrtc: bool,
    /// When the stream was started.
    #[ts(type = "number | null")]
    pub started_at_ms: Option<u64>,
    /// When it first became playable.
    #[ts(type = "number | null")]
    pub live_since_ms: Option<u64>,
    /// When media stopped arriving; null unless interrupted.
    #[ts(type = "number | null")]
    pub interrupted_since_ms: Option<u64>,
    /// When the current phase gives up by itself (grace over, deadline); null when it waits without limit.
    #[ts(type = "number | null")]
    pub gives_up_at_ms: Option<u64>,
    /// When it ended.
    #[ts(type = "number | null")]
    pub ended_at_ms: Option<u64>,
    /// What there is to say in words: what is awaited, what went wrong, what to do.
    pub message: Option<Message>,
    /// Playback URLs; null unless the status is `active`.
    pub urls: Option<PlaybackUrls>,
    /// Players that are there: distinct ones that fetched a playlist within the last 10 s, the console's own preview not
    /// counted, and those connected by WebRTC or the live socket.
    pub viewers: u32,
    /// Whether the stream plays by WebRTC, and for whom.
    pub webrtc: WebRtcView,
}

/// Whether the stream plays by WebRTC now, and how well it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WebRtcView {
    /// Whether a viewer that comes now would see something.
    pub state: WebRtcState,
    /// Viewers connected by WebRTC.
    pub viewers: u32,
    /// What the slowest of their connections is estimated to carry; null while none said.
    #[ts(type = "number | null")]
    pub slowest_bps: Option<u64>,
    /// The worst of their losses of the last second in percent; null while none said.
    pub worst_loss_percent: Option<f64>,
    /// The longest of their round trips; null while none said.
    pub longest_round_trip_ms: Option<u32>,
}

/// Whether a stream can be played by WebRTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum WebRtcState {
    /// It was not asked for.
    #[default]
    Off,
    /// Nothing has arrived yet.
    NoMedia,
    /// There is sound and no picture.
    NoPicture,
    /// The picture has B-frames, which WebRTC players cannot put in order.
    BFrames,
    /// It can.
    Ready,
}

/// Words for a person: what is so, and the next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// How serious it is.
    pub tone: Tone,
    /// What is so.
    pub text: String,
    /// What to do about it; null when nothing needs doing.
    pub next_step: Option<String>,
}

/// How serious a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// For information.
    Info,
    /// Worth a look; nothing is lost.
    Warning,
    /// The attempt failed.
    Error,
}

/// Addresses at which the stream plays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PlaybackUrls {
    /// HLS multivariant playlist, low-latency capable.
    pub hls: String,
    /// DASH manifest; empty if there is none.
    pub dash: String,
    /// WHEP endpoint; absent unless WebRTC was asked for and can be served.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub webrtc: Option<String>,
    /// Watch page; empty if there is none.
    pub preview: String,
    /// JPEG of the newest keyframe; empty if there is none.
    pub thumbnail: String,
}

/// Where an encoder sends its picture, and who is sending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct IngestView {
    /// Complete RTMP URL including the key. Shown to the user on request; never logged.
    pub publish_url: String,
    /// Server part as OBS asks for it, for example `rtmp://127.0.0.1:1935/live`.
    pub server: String,
    /// Stream key as OBS asks for it.
    pub stream_key: String,
    /// The same server part at each address of this computer on the network; empty unless LAN access is on.
    pub lan_servers: Vec<String>,
    /// Where WHIP encoders publish with the stream key as bearer token, for example `http://127.0.0.1:8935/whip`.
    pub whip_server: String,
    /// The same at each address of this computer on the network; empty unless LAN access is on.
    pub whip_lan_servers: Vec<String>,
    /// Complete WHIP URL including the key, for encoders without a field for a token. Never logged.
    pub whip_publish_url: String,
    /// Set when a wanted port was taken and the next free one is used instead.
    pub moved_ports: Vec<MovedPort>,
    /// Who is sending now.
    pub publisher: Option<PublisherView>,
    /// An encoder keeps trying although the stream was stopped here: starting again lets it in.
    pub held_off: bool,
}

/// A listener that had to take another port than the one wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MovedPort {
    /// `RTMP`, `HTTP` or `WebRTC`.
    pub listener: String,
    /// The port asked for.
    pub wanted: u16,
    /// The port in use.
    pub actual: u16,
}

/// The connected encoder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PublisherView {
    /// Network address it sends from, or `demo camera`.
    pub address: String,
    /// What it calls itself, for example `FMLE/3.0 (compatible; FMSc/1.0)` or `Lavf59.27.100`; may be empty.
    pub encoder: String,
    /// When it connected.
    #[ts(type = "number")]
    pub since_ms: u64,
}

/// Measured facts of the arriving signal.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SignalView {
    /// Video and audio payload, averaged over the last 2 s.
    #[ts(type = "number")]
    pub bitrate_bps: u64,
    /// Frames a second over the last 2 s.
    pub fps: f64,
    /// Distance of the last two keyframes; null until two arrived.
    #[ts(type = "number | null")]
    pub keyframe_interval_ms: Option<u64>,
    /// Picture width in pixels, from the SPS.
    pub width: Option<u32>,
    /// Picture height in pixels, from the SPS.
    pub height: Option<u32>,
    /// RFC 6381 codec string, for example `avc1.64001f`.
    pub video_codec: Option<String>,
    /// RFC 6381 codec string, for example `mp4a.40.2`.
    pub audio_codec: Option<String>,
    /// Audio channels.
    pub audio_channels: Option<u32>,
    /// Audio sample rate.
    pub audio_sample_rate_hz: Option<u32>,
    /// Audio payload alone, averaged over the last 2 s.
    #[ts(type = "number")]
    pub audio_bitrate_bps: u64,
    /// Frames the encoder reordered (B-frames); such streams cannot be shown over WebRTC.
    pub has_b_frames: bool,
    /// Units dropped by repair since the stream started.
    #[ts(type = "number")]
    pub dropped_units: u64,
    /// Smoothed deviation of arrival from timestamps (RFC 3550 s6.4.1), milliseconds.
    pub jitter_ms: f64,
    /// How far audio timestamps run ahead of video's at arrival (negative: behind), milliseconds.
    pub av_skew_ms: f64,
    /// Plain-language findings about the signal, most important first.
    pub hints: Vec<Message>,
}

/// One second of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// When.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// Payload bitrate.
    #[ts(type = "number")]
    pub bitrate_bps: u64,
    /// Frames a second.
    pub fps: f64,
    /// Players, as in [`SessionView::viewers`].
    pub viewers: u32,
}

/// A state change or event of a stream, placed on its time axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    /// When.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// The phase entered.
    pub phase: Phase,
    /// What happened, in words.
    pub text: String,
}

/// What the user has chosen, and what needs a restart to take effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SettingsView {
    /// Stored choices.
    pub chosen: Settings,
    /// True when a stored network choice differs from what runs now.
    pub restart_needed: bool,
}

/// Choices kept in the data folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// Port encoders publish to; 0 = any free port.
    pub rtmp_port: u16,
    /// Port players fetch from; 0 = any free port.
    pub http_port: u16,
    /// Port apps and glasses connect to; 0 = any free port.
    #[serde(default = "default_hub_port")]
    pub hub_port: u16,
    /// Port of WebRTC media, of UDP and of TCP; 0 = any free port.
    #[serde(default = "default_webrtc_port")]
    pub webrtc_port: u16,
    /// IP addresses at which this computer can be reached besides its own, for example that of a router that forwards the
    /// WebRTC port; at most 8.
    #[serde(default)]
    pub webrtc_addresses: Vec<String>,
    /// Streams that are started in this window or by an encoder can be played by WebRTC.
    #[serde(default = "default_webrtc")]
    pub webrtc: bool,
    /// Listen on every network interface instead of this computer alone.
    pub lan_access: bool,
    /// How long URLs are held after media stopped, 0 to 1800 s.
    pub grace_s: u32,
    /// An encoder that connects with the right key starts a stream by itself.
    pub start_on_publish: bool,
    /// Viewers see the last picture while none arrives, instead of a player that waits.
    #[serde(default)]
    pub freeze_picture: bool,
    /// A new unmanaged stream replaces what runs, as in the MentraOS cloud, instead of being refused.
    #[serde(default)]
    pub cloud_replace: bool,
    /// Destinations stay on when a stream ends, so that the next one goes out to them by itself.
    #[serde(default)]
    pub keep_destinations_on: bool,
    /// The app at the MentraOS cloud, changed by `set_cloud` and `remove_cloud` alone.
    #[serde(default)]
    pub cloud: Option<CloudChoice>,
    /// Colours.
    pub theme: Theme,
}

fn default_hub_port() -> u16 {
    DEFAULT_HUB_PORT
}

fn default_webrtc_port() -> u16 {
    DEFAULT_WEBRTC_PORT
}

fn default_webrtc() -> bool {
    true
}

/// Port of the hub unless chosen otherwise.
pub const DEFAULT_HUB_PORT: u16 = 8002;
/// Port of WebRTC media unless chosen otherwise.
pub const DEFAULT_WEBRTC_PORT: u16 = 8936;

/// Colours of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system says.
    System,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

/// Arguments of `start_managed`. Every member may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct StartManaged {
    /// Quality asked of the camera; default `720p`.
    #[ts(optional, as = "Option<Quality>")]
    pub quality: Quality,
    /// Ask for WebRTC playback; default false. Joining a stream it adds it, and never takes it away.
    #[ts(optional, as = "Option<bool>")]
    pub enable_webrtc: bool,
    /// How the camera is reached; default `manual`, of a stream the cloud delivers `cloud`.
    #[ts(optional)]
    pub camera_link: Option<CameraLink>,
    /// Who gives the playback URLs; default `local`.
    #[ts(optional, as = "Option<ManagedBy>")]
    pub delivery: ManagedBy,
}

/// Answer of `start_managed`: the stream started or joined. Its progress is told by events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// Id of the stream.
    pub stream_id: String,
    /// True when a stream was already running and this request joined it.
    pub joined: bool,
}

/// Arguments of `list_streams`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct ListStreams {
    /// Only streams started before this time; default: no bound.
    #[ts(optional, type = "number")]
    pub before_ms: Option<u64>,
    /// At most this many, newest first; default 50, at most 200.
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// Arguments naming one past stream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OneStream {
    /// Id of the stream.
    pub stream_id: String,
}

/// One stream of the history list.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StreamSummary {
    /// Id of the stream.
    pub stream_id: String,
    /// How the camera was reached.
    pub camera_link: CameraLink,
    /// Where the media went.
    pub delivery: Delivery,
    /// Names of the apps that took part.
    pub apps: Vec<String>,
    /// When it was started.
    #[ts(type = "number")]
    pub started_at_ms: u64,
    /// When it first became playable; null if never.
    #[ts(type = "number | null")]
    pub live_since_ms: Option<u64>,
    /// When it ended; null while it runs.
    #[ts(type = "number | null")]
    pub ended_at_ms: Option<u64>,
    /// Phase it is in or ended with.
    pub phase: Phase,
    /// Why it ended, in words; null while it runs.
    pub end_reason: Option<String>,
    /// True when it ended by failure rather than by a stop.
    pub failed: bool,
    /// Number of interruptions.
    pub interruptions: u32,
    /// Most players at once.
    pub peak_viewers: u32,
    /// Mean bitrate over its samples.
    #[ts(type = "number")]
    pub mean_bitrate_bps: u64,
}

/// One past stream, whole.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StreamDetail {
    /// The line of the list.
    pub summary: StreamSummary,
    /// Every state change, oldest first.
    pub marks: Vec<Mark>,
    /// Samples, oldest first: 1 Hz while it ran, thinned once it ended.
    pub samples: Vec<Sample>,
    /// State changes of its destinations, oldest first.
    pub destination_marks: Vec<DestinationMark>,
    /// Apps that took part, in the order they came.
    pub apps: Vec<StreamAppRecord>,
    /// The endpoint of an unmanaged stream with its key masked; null otherwise.
    pub target: Option<String>,
}

/// A change of one slice of the snapshot. Slices replace, samples and marks append.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Grows by one with each event; an event not greater than the snapshot's `seq` is old.
    #[ts(type = "number")]
    pub seq: u64,
    /// What changed.
    #[serde(flatten)]
    #[ts(flatten)]
    pub change: Change,
}

/// What an event changes.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Change {
    /// The session slice is replaced. A new `streamId` empties samples and all marks.
    Session {
        /// The new slice.
        session: SessionView,
    },
    /// The ingest slice is replaced.
    Ingest {
        /// The new slice.
        ingest: IngestView,
    },
    /// The signal slice is replaced.
    Signal {
        /// The new slice; null when no signal arrives.
        signal: Option<SignalView>,
    },
    /// One sample is appended.
    Sample {
        /// The sample.
        sample: Sample,
    },
    /// One mark is appended.
    Mark {
        /// The mark.
        mark: Mark,
    },
    /// All destinations are replaced.
    Destinations {
        /// The new slice.
        destinations: Vec<DestinationView>,
        /// Where their keys are kept now.
        key_place: KeyPlace,
    },
    /// One mark of a destination is appended.
    DestinationMark {
        /// The mark.
        mark: DestinationMark,
    },
    /// The hub slice is replaced.
    Hub {
        /// The new slice.
        hub: HubView,
    },
    /// All apps are replaced.
    Apps {
        /// The new slice.
        apps: Vec<AppView>,
    },
    /// One mark of the glasses is appended.
    GlassesMark {
        /// The mark.
        mark: GlassesMark,
    },
    /// The cloud slice is replaced.
    Cloud {
        /// The new slice; null when it is not set up.
        cloud: Option<CloudView>,
    },
    /// The list of past streams changed; ask for it again if it is on screen.
    History,
    /// The settings slice is replaced.
    Settings {
        /// The new slice.
        settings: SettingsView,
    },
}

/// A refusal or failure of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ApiError {
    /// What a program may act on.
    pub code: Code,
    /// What a person reads.
    pub message: String,
    /// What to do; null when nothing helps.
    pub next_step: Option<String>,
}

/// Closed set of error codes; one is added only when a screen acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The arguments are wrong.
    InvalidRequest,
    /// The token is missing or wrong.
    Unauthorized,
    /// There is no such stream or command.
    NotFound,
    /// It cannot be done while the current stream runs.
    Busy,
    /// History or settings could not be read or written.
    Storage,
    /// A fault of the program.
    Internal,
}
