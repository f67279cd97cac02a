//! The MentraOS wire protocol as values: every message between apps, hub and glasses, both ways and in both dialects.
//!
//! Knows no socket, no session and no clock: text in, values out, and back. `STATUS.md` beside `Cargo.toml` lists each message
//! with the SDK versions it was seen in, and what is left out.
//!
//! ```
//! use mentra_wire::{AppMessage, Dialect, HubToApp, ManagedStatusWord, ManagedStreamStatus};
//!
//! let frame = r#"{"type":"managed_stream_request","packageName":"com.example.console","quality":"720p"}"#;
//! let AppMessage::StartManaged(request) = AppMessage::parse(frame)? else { unreachable!() };
//! assert_eq!(request.quality.as_deref(), Some("720p"));
//!
//! let answer = ManagedStreamStatus { status: ManagedStatusWord::Initializing, ..Default::default() };
//! let frame = HubToApp::ManagedStatus(answer).to_json(Dialect::Classic);
//! assert_eq!(frame, r#"{"type":"managed_stream_status","status":"initializing"}"#);
//! # Ok::<(), mentra_wire::WireError>(())
//! ```
#![deny(missing_docs)]

mod app;
mod capabilities;
mod device;
mod dialect;
mod error;
mod hub_to_app;
mod hub_to_device;
mod mask;
mod message;
mod object;
mod parts;
mod relay;
mod secret;
mod time;
mod webhook;

pub use app::{
    AppInit, AppMessage, AppReconnect, DetailedSubscription, ManagedStreamRequest, ManagedStreamStop,
    OwnershipRelease, RequestWifiSetup, StreamRequest, StreamStatusCheck, StreamStop, Subscription,
    SubscriptionUpdate,
};
pub use capabilities::mentra_live_capabilities;
pub use device::{
    ButtonPress, ConnectionInit, DeviceMessage, GlassesBatteryUpdate, GlassesConnectionState, KeepAliveAck,
    StartApp, StopApp, Wifi,
};
pub use dialect::Dialect;
pub use error::WireError;
pub use hub_to_app::{
    AppStopped, CapabilitiesUpdate, ConnectionAck, ConnectionError, DataStream, DeviceState,
    DeviceStateUpdate, HubToApp, ManagedStreamStatus, MentraosSettingsUpdate, PermissionDetail,
    PermissionError, ReconnectDeferred, ReconnectRejected, SettingsUpdate, StreamInfo,
    StreamStatusCheckResponse,
};
pub use hub_to_device::{
    AppStateChange, DeviceConnectionAck, DeviceConnectionError, HubToDevice, KeepAlive, MANAGED_STREAM,
    ShowWifiSetup, StartStream, StopStream,
};
pub use mask::mask;
pub use message::{Generation, MAX_NESTING, MAX_TEXT_BYTES, Unknown};
pub use parts::{
    AudioConfig, ManagedStatusWord, OutputStatus, Ping, Pong, RestreamDestination, StreamConfig, StreamStats,
    StreamStatus, StreamStatusWord, VideoConfig,
};
pub use relay::{DesktopToRelay, RelayAnswer, RelayToDesktop, RelayWelcome, RelayedWebhook};
pub use secret::Secret;
pub use time::iso8601;
pub use webhook::{SessionRequest, StopRequest, Webhook};
