//! Apps and glasses: who is connected to the hub of this computer, and what a screen may ask of them.
//!
//! No type here that a screen is told carries an API key. [`HubView::glasses_url`] carries the token glasses
//! connect with and is shown to the user on request, as the stream key is.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{CameraLink, Message};

/// The hub: where apps and glasses connect.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HubView {
    /// Address on this computer, for example `http://127.0.0.1:8002`.
    pub url: String,
    /// The same at each address of this computer on the network; empty unless LAN access is on.
    pub lan_urls: Vec<String>,
    /// Where glasses (or a phone for them) connect, with their token: a secret.
    pub glasses_url: String,
    /// The connected glasses, or those that were connected and may come back; null if there are none.
    pub glasses: Option<GlassesView>,
    /// What the virtual glasses are set to; null while they are off.
    pub virtual_glasses: Option<VirtualGlasses>,
}

/// Glasses as the hub knows them. What they did not tell is null.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GlassesView {
    /// What they call themselves, for example `Mentra Live`.
    pub model: String,
    /// State of the connection.
    pub link: GlassesLink,
    /// Network address they connect from.
    pub address: String,
    /// When they connected.
    #[ts(type = "number")]
    pub since_ms: u64,
    /// Battery, 0 to 100.
    pub battery_percent: Option<u8>,
    /// The battery is being charged.
    pub charging: Option<bool>,
    /// They have Wi-Fi.
    pub wifi: Option<bool>,
    /// Name of that Wi-Fi.
    pub wifi_name: Option<String>,
    /// What the camera last said of itself, in words; null before it said anything.
    pub camera: Option<String>,
    /// Bitrate the glasses claim; the measured one is in the signal.
    #[ts(type = "number | null")]
    pub claimed_bitrate_bps: Option<u64>,
    /// Frames a second the glasses claim.
    pub claimed_fps: Option<f64>,
}

/// State of the connection to the glasses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum GlassesLink {
    /// Connected.
    Connected,
    /// The phone is connected, the glasses are not connected to the phone.
    PhoneOnly,
    /// The connection is lost; they may come back.
    Away,
}

/// A point on the time axis of the glasses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct GlassesMark {
    /// When.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// What it is about.
    pub kind: GlassesMarkKind,
    /// The battery then, 0 to 100; null unless the mark is about the battery.
    pub battery_percent: Option<u8>,
    /// Something to worry about: the battery is low, the Wi-Fi or the connection is gone.
    pub bad: bool,
    /// What happened, in words.
    pub text: String,
}

/// What a mark of the glasses is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum GlassesMarkKind {
    /// The battery.
    Battery,
    /// The Wi-Fi.
    Wifi,
    /// The connection to the hub.
    Link,
    /// The camera.
    Camera,
}

/// What virtual glasses play: a pair of glasses inside the program, for building apps without real ones. Members left
/// out keep their usual values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct VirtualGlasses {
    /// Battery, 0 to 100; below 10 the camera refuses to start.
    #[ts(optional, as = "Option<u8>")]
    pub battery_percent: u8,
    /// They have Wi-Fi; without it the camera refuses to start.
    #[ts(optional, as = "Option<bool>")]
    pub wifi: bool,
    /// Another program holds the camera.
    #[ts(optional, as = "Option<bool>")]
    pub camera_busy: bool,
    /// They never answer keep-alives.
    #[ts(optional, as = "Option<bool>")]
    pub silent_keep_alives: bool,
    /// They send timestamps as odd as real encoders sometimes do.
    #[ts(optional, as = "Option<bool>")]
    pub odd_timestamps: bool,
    /// The video connection breaks every 10 s.
    #[ts(optional, as = "Option<bool>")]
    pub drops: bool,
    /// The connection to the hub breaks every 10 s.
    #[ts(optional, as = "Option<bool>")]
    pub reconnects: bool,
    /// An FLV file (H.264, AAC) to play instead of the demo clip.
    #[ts(optional)]
    pub clip: Option<String>,
}

impl Default for VirtualGlasses {
    fn default() -> Self {
        Self {
            battery_percent: 80,
            wifi: true,
            camera_busy: false,
            silent_keep_alives: false,
            odd_timestamps: false,
            drops: false,
            reconnects: false,
            clip: None,
        }
    }
}

/// Argument of `set_virtual_glasses`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SetVirtualGlasses {
    /// What they play; null or left out switches them off.
    #[serde(default)]
    #[ts(optional)]
    pub glasses: Option<VirtualGlasses>,
}

/// A registered app.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AppView {
    /// What the user calls it.
    pub name: String,
    /// Its package name, for example `com.example.cam`.
    pub package_name: String,
    /// Where it listens for webhooks, for example `http://127.0.0.1:7010`.
    pub url: String,
    /// An API key is on file: only an app that presents it is let in.
    pub has_api_key: bool,
    /// What the user lets it do.
    pub permissions: Vec<AppPermission>,
    /// State of the app on this hub.
    pub state: AppState,
    /// What is so in words, and what to do; null while it is simply stopped.
    pub message: Option<Message>,
    /// When it connected; null unless connected.
    #[ts(type = "number | null")]
    pub connected_since_ms: Option<u64>,
    /// Where it connects from; null unless connected.
    pub address: Option<String>,
    /// Version of the SDK, if it told; `2.x` otherwise.
    pub sdk_version: Option<String>,
    /// What it subscribed to.
    pub subscriptions: Vec<String>,
    /// It may connect from another computer.
    pub lan_allowed: bool,
    /// Another computer from which it tried to connect and waits for the user's yes; null if none.
    pub asks_from: Option<String>,
    /// Its part in the running stream; null if it has none.
    pub part: Option<AppPart>,
}

/// What an app may be allowed, as MentraOS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AppPermission {
    /// Start and join streams.
    Camera,
    /// Hear the glasses' microphone.
    Microphone,
    /// Know where the glasses are.
    Location,
}

/// State of an app on this hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AppState {
    /// Not started here.
    Stopped,
    /// Asked to connect; it has not yet.
    Starting,
    /// Connected.
    Connected,
    /// Its connection is lost; it is waited for and asked again.
    Away,
    /// It could not be reached or did not connect.
    Failed,
}

/// An app's part in the running stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AppPart {
    /// It started the stream.
    Started,
    /// It joined the stream.
    Joined,
}

/// An app in the running stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StreamApp {
    /// Its package name.
    pub package_name: String,
    /// What the user calls it.
    pub name: String,
    /// Started or joined.
    pub part: AppPart,
    /// Its connection is lost: it leaves the stream if it does not come back soon.
    pub away: bool,
}

/// An app's stay in a past stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StreamAppRecord {
    /// Its package name.
    pub package_name: String,
    /// What it was called then.
    pub name: String,
    /// Started or joined.
    pub part: AppPart,
    /// When it came.
    #[ts(type = "number")]
    pub joined_at_ms: u64,
    /// When it left; null while it is there.
    #[ts(type = "number | null")]
    pub left_at_ms: Option<u64>,
}

/// Argument of `add_app` and `update_app`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AddApp {
    /// What to call it; default: its package name.
    #[serde(default)]
    #[ts(optional)]
    pub name: Option<String>,
    /// Its package name, as in the app's own configuration.
    pub package_name: String,
    /// Where it listens, for example `http://127.0.0.1:7010`.
    pub url: String,
    /// Its API key. `add_app`: left out or empty means any key is let in from this computer. `update_app`: left out
    /// keeps the one on file, empty forgets it.
    #[serde(default)]
    #[ts(optional)]
    pub api_key: Option<String>,
    /// What it may do; default: nothing.
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<AppPermission>>")]
    pub permissions: Vec<AppPermission>,
}

/// Argument naming one app.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct OneApp {
    /// Its package name.
    pub package_name: String,
}

/// Argument of `allow_app`: the user's answer to an app that asks from another computer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AllowApp {
    /// Its package name.
    pub package_name: String,
    /// Whether it may connect from other computers.
    pub allow: bool,
}

/// Argument of `frames`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct WantedFrames {
    /// Of which app; left out: of the glasses.
    #[ts(optional)]
    pub package_name: Option<String>,
    /// Only those after this `seq`; default 0.
    #[ts(optional, as = "Option<u32>")]
    pub after: u64,
}

/// Answer of `frames`: the newest frames, oldest first, with secrets masked; at most 200.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Frames {
    /// The frames.
    pub frames: Vec<FrameView>,
}

/// One message between the hub and an app or the glasses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FrameView {
    /// Grows by one with each frame of the hub.
    #[ts(type = "number")]
    pub seq: u64,
    /// When.
    #[ts(type = "number")]
    pub at_ms: u64,
    /// Which way it went.
    pub direction: FrameDirection,
    /// The JSON text, secrets masked.
    pub text: String,
}

/// Which way a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FrameDirection {
    /// From the app or the glasses to the hub.
    Received,
    /// From the hub to the app or the glasses.
    Sent,
    /// From the hub to the app, as a webhook.
    Webhook,
}

/// Argument of `hold_stream`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct HoldStream {
    /// The stream goes on when the last app leaves it.
    pub hold: bool,
}

/// Argument of `start_unmanaged`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct StartUnmanaged {
    /// `rtmp://` or `rtmps://` address with its key; the glasses push straight to it.
    #[serde(alias = "rtmpUrl")]
    pub url: String,
    /// Which glasses: those of the `hub`, the default, or those of the `cloud`.
    #[serde(default)]
    #[ts(optional)]
    pub camera_link: Option<CameraLink>,
}
