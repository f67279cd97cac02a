//! What the hub sends to glasses.

use serde_json::Value;

use crate::message::wire_messages;
use crate::object::wire_object;
use crate::{AudioConfig, Generation, Pong, Secret, StreamConfig, VideoConfig};

/// The `appId` of a stream that no single app owns.
pub const MANAGED_STREAM: &str = "MANAGED_STREAM";

wire_messages! {
    /// What the hub sends glasses.
    pub enum HubToDevice {
        /// On connect, and again on every `connection_init`.
        ConnectionAck(DeviceConnectionAck) = ["connection_ack"],
        /// Why the socket is refused.
        ConnectionError(DeviceConnectionError) = ["connection_error"],
        /// Start sending.
        StartStream(StartStream) = ["start_rtmp_stream", "start_stream"],
        /// Stop.
        StopStream(StopStream) = ["stop_rtmp_stream", "stop_stream"],
        /// Go on; glasses that hear none for 60 s stop by themselves.
        KeepAlive(KeepAlive) = ["keep_rtmp_stream_alive", "keep_stream_alive"],
        /// Show the Wi-Fi screen.
        ShowWifiSetup(ShowWifiSetup) = ["show_wifi_setup"],
        /// An app was started or stopped.
        AppStateChange(AppStateChange) = ["app_state_change"],
        /// Answers a `ping`.
        Pong(Pong) = ["pong"],
    }
}

impl HubToDevice {
    /// The frame under the names of `generation`.
    pub fn to_json(&self, generation: Generation) -> String {
        self.json_in(Some(generation))
    }
}

wire_object! {
    /// `connection_ack`.
    pub struct DeviceConnectionAck {
        /// The user's session.
        session_id: Option<String> = "sessionId",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `connection_error`; also the body of a refused upgrade.
    pub struct DeviceConnectionError {
        /// Why, as a code.
        code: Option<String> = "code",
        /// Why, in words.
        message: String = "message",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `start_rtmp_stream` or `start_stream`.
    pub struct StartStream {
        /// The user's session.
        session_id: Option<String> = "sessionId",
        /// Where to. Read under any of its names; written under both that glasses read, since a phone of 2025 insists on the
        /// first.
        url: Secret = "streamUrl" | "rtmpUrl" | "srtUrl" | "whipUrl" also "rtmpUrl",
        /// Package name of the owner, or [`MANAGED_STREAM`].
        app_id: String = "appId",
        /// The stream; 12 characters at most, it travels over Bluetooth.
        stream_id: String = "streamId",
        /// Wishes for the picture.
        video: Option<VideoConfig> = "video",
        /// Wishes for the sound.
        audio: Option<AudioConfig> = "audio",
        /// Limits.
        stream: Option<StreamConfig> = "stream",
        /// Whether the privacy light shines.
        flash: Option<bool> = "flash",
        /// Whether the glasses make a sound as they start.
        sound: Option<bool> = "sound",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `stop_rtmp_stream` or `stop_stream`.
    pub struct StopStream {
        /// The user's session.
        session_id: Option<String> = "sessionId",
        /// Package name of the owner, or [`MANAGED_STREAM`].
        app_id: Option<String> = "appId",
        /// The stream.
        stream_id: Option<String> = "streamId",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `keep_rtmp_stream_alive` or `keep_stream_alive`.
    pub struct KeepAlive {
        /// The stream.
        stream_id: String = "streamId",
        /// To be echoed.
        ack_id: String = "ackId",
    }
}

wire_object! {
    /// `show_wifi_setup`.
    pub struct ShowWifiSetup {
        /// Why, to show the user.
        reason: Option<String> = "reason",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `app_state_change`; what it says is in `extra`.
    pub struct AppStateChange {
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}
