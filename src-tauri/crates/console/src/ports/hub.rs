//! What use cases need of the hub: apps and glasses on its sockets, and what is remembered of apps.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::IpAddr;

use session::record::{AppRow, StreamAppRow};
use session::{
    ApiKey, Delivery, DestinationKey, KeyDigest, PackageName, State, StreamId, Words, destination,
};
use tokio::sync::oneshot;

use super::HistoryError;
use crate::api::{FrameView, GlassesLink, GlassesView, PlaybackUrls, VirtualGlasses};

/// Where the hub listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubAddresses {
    /// On this computer: `http://127.0.0.1:8002`.
    pub url: String,
    /// At each address of this computer on the network.
    pub lan_urls: Vec<String>,
    /// Where glasses connect, with their token: a secret.
    pub glasses_url: String,
}

/// What an app asked of the camera beside the quality, as it came: handed on to the glasses untouched.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CameraHints(pub serde_json::Map<String, serde_json::Value>);

/// A command to the glasses' camera.
#[derive(Clone, PartialEq)]
pub struct CameraCommand {
    /// Short id of the stream.
    pub stream_id: String,
    /// Where they push to: a complete address with its key. None = to the ingest of this computer.
    pub target: Option<DestinationKey>,
    /// Who asks: an app's package name for an unmanaged stream; None otherwise.
    pub owner: Option<PackageName>,
    /// What is asked of the camera.
    pub hints: CameraHints,
}

/// One output of a managed stream, as apps are told.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputTold {
    /// Its id.
    pub id: String,
    /// The address: as the app gave it for its own, with the key masked for others'.
    pub url: DestinationKey,
    /// What it is called.
    pub name: String,
    /// The app that named it.
    pub added_by: Option<PackageName>,
    /// State.
    pub state: destination::State,
    /// What is said about it.
    pub words: Words,
}

/// What an app is told of a managed stream.
#[derive(Debug, Clone, PartialEq)]
pub struct ManagedTold {
    /// State.
    pub state: State,
    /// Short id of the stream; None when the app has none.
    pub stream_id: Option<String>,
    /// Addresses; only of a stream that plays.
    pub urls: Option<PlaybackUrls>,
    /// What is so.
    pub words: Words,
    /// Outputs.
    pub outputs: Vec<OutputTold>,
}

/// What apps are told of an unmanaged stream.
#[derive(Debug, Clone, PartialEq)]
pub struct UnmanagedTold {
    /// State.
    pub state: State,
    /// Short id of the stream; None when the app has none.
    pub stream_id: Option<String>,
    /// The app it belongs to; None for the user's.
    pub owner: Option<PackageName>,
    /// What is so.
    pub words: Words,
    /// When it was live first, Unix milliseconds.
    pub live_since_ms: Option<u64>,
}

/// Answer to an app that asks whether a stream runs.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckTold {
    /// Where the media goes.
    pub delivery: Delivery,
    /// Short id.
    pub stream_id: String,
    /// State.
    pub state: State,
    /// Unix milliseconds.
    pub created_at_ms: u64,
    /// Addresses of a managed stream that plays.
    pub urls: Option<PlaybackUrls>,
    /// Apps attached to a managed stream.
    pub apps: u32,
    /// Endpoint of an unmanaged stream: complete for its owner, masked for others.
    pub target: Option<DestinationKey>,
    /// Owner of an unmanaged stream.
    pub owner: Option<PackageName>,
}

/// The hub. Nothing here waits for an app or for glasses: what becomes of it comes back as [`HubEvent`]s.
pub trait Hub: Send + Sync + 'static {
    /// Where it listens.
    fn addresses(&self) -> HubAddresses;
    /// Asks an app, by webhook, to connect. Never replaces a live connection.
    fn call_app(&self, app: &PackageName, url: &str);
    /// Tells an app, by webhook and on its socket, that it is stopped, and closes the socket.
    fn stop_app(&self, app: &PackageName, url: &str);
    /// Tells an app about the managed stream.
    fn tell_managed(&self, app: &PackageName, told: &ManagedTold);
    /// Tells an app about an unmanaged stream: directly if it is its own, else as news.
    fn tell_unmanaged(&self, app: &PackageName, told: &UnmanagedTold);
    /// Tells an app how the glasses are; None = there are none.
    fn tell_glasses(&self, app: &PackageName, glasses: Option<&GlassesView>);
    /// Answers a check. None = no stream runs.
    fn answer_check(&self, app: &PackageName, request: Option<String>, told: Option<CheckTold>);
    /// Digest of an API key, as kept on file.
    fn digest(&self, key: &ApiKey) -> KeyDigest;
    /// Newest frames of an app, or of the glasses, after a number.
    fn frames(&self, app: Option<&PackageName>, after: u64) -> Vec<FrameView>;
    /// Commands the glasses' camera to start.
    ///
    /// # Errors
    /// In words, when no glasses are connected.
    fn start_camera(&self, command: &CameraCommand) -> Result<(), Words>;
    /// Commands it to stop.
    fn stop_camera(&self, stream_id: &str, owner: Option<&PackageName>);
    /// Asks the phone of the glasses to show its Wi-Fi page.
    fn show_wifi_setup(&self, reason: &str);
    /// Switches the virtual glasses on with these habits, or off.
    ///
    /// # Errors
    /// In words, for example when their clip cannot be played.
    fn set_virtual_glasses(
        &self,
        glasses: Option<VirtualGlasses>,
    ) -> impl Future<Output = Result<(), Words>> + Send;
    /// Replaces the token glasses connect with.
    fn new_glasses_token(&self) -> impl Future<Output = Result<(), Words>> + Send;
}

/// Why an app is turned away at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppRefusal {
    /// Nobody registered it.
    Unknown,
    /// It is registered and not started.
    NotStarted,
    /// Its API key is not the one on file.
    WrongKey,
    /// It comes from another computer and the user has not said yes.
    NotAllowed,
}

/// Something happened at the hub.
#[derive(Debug)]
pub enum HubEvent {
    /// An app says hello and waits at the door.
    Asks {
        /// As it calls itself.
        package: String,
        /// What it presents; empty if nothing.
        key: ApiKey,
        /// Where it connects from.
        address: IpAddr,
        /// Where the answer goes.
        answer: oneshot::Sender<Result<(), AppRefusal>>,
    },
    /// A fact about an app.
    App {
        /// Which.
        app: PackageName,
        /// What.
        fact: AppFact,
    },
    /// A fact about the glasses.
    Glasses(GlassesFact),
    /// An app asks for, adds or removes outputs over HTTP.
    Outputs(OutputsAsk),
}

/// A fact about an app.
#[derive(Debug, Clone, PartialEq)]
pub enum AppFact {
    /// It is connected.
    Connected {
        /// From where.
        address: String,
        /// Version of its SDK, if it told.
        sdk_version: Option<String>,
        /// The app goes on where it was: it believes in what it was told last.
        resumed: bool,
    },
    /// Its connection is gone; `clean` if the app itself said goodbye.
    Gone {
        /// The app said goodbye.
        clean: bool,
    },
    /// It answered its webhook.
    Answered,
    /// Its webhook could not be called.
    CallFailed {
        /// Nothing listens there: worth another try soon.
        unreachable: bool,
        /// Why.
        words: Words,
    },
    /// What it subscribes to.
    Subscribed(Vec<String>),
    /// It wants a managed stream.
    StartManaged {
        /// Quality asked for; None: no wish.
        quality: Option<session::Quality>,
        /// WebRTC playback asked for. An app that runs already gets it too; nobody loses it.
        enable_webrtc: bool,
        /// Destinations it names: complete addresses with keys, and names.
        destinations: Vec<(DestinationKey, Option<String>)>,
        /// Ends by itself after so long.
        duration_limit_ms: Option<u64>,
        /// What else it asks of the camera.
        hints: CameraHints,
    },
    /// It leaves the managed stream.
    StopManaged,
    /// It wants an unmanaged stream.
    StartUnmanaged {
        /// Complete address with its key; empty if it named none.
        target: DestinationKey,
        /// Ends by itself after so long.
        duration_limit_ms: Option<u64>,
        /// What else it asks of the camera.
        hints: CameraHints,
    },
    /// It ends its unmanaged stream.
    StopUnmanaged,
    /// It asks whether a stream runs.
    Check {
        /// Number to be echoed.
        request: Option<String>,
    },
    /// It wants the glasses' Wi-Fi page shown.
    WifiSetup {
        /// Why.
        reason: String,
    },
}

/// A fact about the glasses.
#[derive(Debug, Clone, PartialEq)]
pub enum GlassesFact {
    /// They are connected.
    Connected {
        /// From where.
        address: String,
    },
    /// The connection is lost.
    Gone,
    /// What they say of themselves.
    State {
        /// Model, if told.
        model: Option<String>,
        /// The glasses are connected to their phone.
        link: Option<GlassesLink>,
        /// Wi-Fi, if told.
        wifi: Option<bool>,
        /// Name of the Wi-Fi.
        wifi_name: Option<String>,
    },
    /// Their battery.
    Battery {
        /// 0 to 100.
        percent: u8,
        /// It is being charged.
        charging: Option<bool>,
    },
    /// The camera.
    Camera {
        /// Short id of the stream it speaks of; None if it did not say.
        stream_id: Option<String>,
        /// What it says.
        fact: CameraFact,
    },
    /// Keep-alives of a stream that went without an answer in a row; 0 = answered.
    KeepAlive {
        /// How many.
        missed: u32,
    },
}

/// What the glasses' camera says of itself.
#[derive(Debug, Clone, PartialEq)]
pub enum CameraFact {
    /// It is getting ready.
    Starting,
    /// It streams.
    Streaming {
        /// What it claims.
        bitrate_bps: Option<u64>,
        /// What it claims.
        fps: Option<f64>,
    },
    /// Its connection broke and it tries again.
    Reconnecting {
        /// Which try.
        attempt: Option<u32>,
        /// Of how many.
        of: Option<u32>,
    },
    /// It is stopping.
    Stopping,
    /// It stopped.
    Stopped,
    /// It gave up, or could not begin.
    Failed {
        /// Why, and what to do.
        words: Words,
    },
}

/// A question about the outputs of the running stream, with where its answer goes.
#[derive(Debug)]
pub struct OutputsAsk {
    /// Where it comes from.
    pub address: IpAddr,
    /// Who asks, as it calls itself.
    pub package: String,
    /// What it presents.
    pub key: ApiKey,
    /// Short id of the stream it speaks of.
    pub stream_id: String,
    /// What it wants.
    pub wish: OutputsWish,
    /// Where the outputs, or the refusal, go.
    pub answer: oneshot::Sender<Result<Vec<OutputTold>, OutputsRefusal>>,
}

/// What an app wants of outputs.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputsWish {
    /// All of them.
    List,
    /// One more.
    Add {
        /// Complete address with its key.
        url: DestinationKey,
        /// What to call it.
        name: Option<String>,
    },
    /// One less.
    Remove {
        /// Its id.
        id: String,
    },
}

/// Why outputs stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputsRefusal {
    /// The app is not known, or its key is wrong.
    NotAuthorized,
    /// No such stream runs.
    NoStream,
    /// The app has no part in the stream.
    NotAViewer,
    /// There is no such output.
    NoOutput,
    /// Nothing can be pushed there.
    BadAddress(Words),
    /// The stream has as many as it may.
    Full,
    /// The app has as many as it may.
    AppFull,
    /// It is there already.
    Twice,
    /// It could not be kept.
    Storage(Words),
}

/// What is remembered of apps.
pub trait AppStore: Send + Sync + 'static {
    /// All of them.
    fn apps(&self) -> impl Future<Output = Result<Vec<AppRow>, HistoryError>> + Send;
    /// Adds one or replaces what is known of it.
    fn keep_app(&self, row: &AppRow) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// Forgets one.
    fn remove_app(&self, app: &PackageName) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// Whether the user holds a stream.
    fn hold_stream(
        &self,
        stream: &StreamId,
        held: bool,
    ) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// An app takes part in a stream from now on.
    fn app_joined(
        &self,
        stream: &StreamId,
        row: &StreamAppRow,
    ) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// An app's part in a stream is over.
    fn app_left(
        &self,
        stream: &StreamId,
        app: &PackageName,
        at_ms: u64,
    ) -> impl Future<Output = Result<(), HistoryError>> + Send;
    /// Names of the apps that took part in each of these streams.
    fn apps_of_streams(
        &self,
        streams: &[StreamId],
    ) -> impl Future<Output = Result<BTreeMap<StreamId, Vec<String>>, HistoryError>> + Send;
    /// Apps that took part in a stream, in the order they came.
    fn stream_apps(
        &self,
        stream: &StreamId,
    ) -> impl Future<Output = Result<Vec<StreamAppRow>, HistoryError>> + Send;
}

impl std::fmt::Debug for CameraCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CameraCommand").field("stream_id", &self.stream_id).finish_non_exhaustive()
    }
}
