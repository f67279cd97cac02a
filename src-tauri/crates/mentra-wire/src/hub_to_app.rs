//! What the hub sends to an app.

use serde_json::Value;

use crate::message::wire_messages;
use crate::object::wire_object;
use crate::{Dialect, Generation, ManagedStatusWord, OutputStatus, Pong, Secret, StreamStatus};

wire_messages! {
    /// What the hub sends an app. SDK 2.1.29 raises an error for every type it does not know, so nothing is sent unasked that
    /// is not in this list.
    pub enum HubToApp {
        /// Answers an init; within 5 s, or the app gives up.
        ConnectionAck(ConnectionAck) = ["tpa_connection_ack"],
        /// Answers a v3 reconnect.
        ReconnectAck(ConnectionAck) = ["reconnect_ack"],
        /// Refuses a v3 reconnect.
        ReconnectRejected(ReconnectRejected) = ["reconnect_rejected"],
        /// Asks a v3 app to wait.
        ReconnectDeferred(ReconnectDeferred) = ["reconnect_deferred"],
        /// Says why the socket will be closed. Never for a stream that failed: it would not reject the app's promise.
        ConnectionError(ConnectionError) = ["tpa_connection_error", "connection_error"],
        /// Status of a managed stream, to the apps that hold it.
        ManagedStatus(ManagedStreamStatus) = ["managed_stream_status"],
        /// Status of a direct stream, to the app that owns it. Classic apps get it under its first name whatever it carries.
        StreamStatus(StreamStatus) = ["rtmp_stream_status", "stream_status"],
        /// Anything an app subscribed to, wrapped.
        DataStream(DataStream) = ["data_stream"],
        /// Answers a check, within 5 s.
        CheckResponse(StreamStatusCheckResponse) = ["stream_status_check_response"],
        /// Answers a `ping`; only then.
        Pong(Pong) = ["pong"],
        /// The app is stopped; the socket closes next.
        AppStopped(AppStopped) = ["app_stopped"],
        /// What is known of the glasses.
        DeviceState(DeviceStateUpdate) = ["device_state_update"],
        /// Some subscriptions were refused.
        PermissionError(PermissionError) = ["permission_error"],
        /// The app's settings changed.
        SettingsUpdate(SettingsUpdate) = ["settings_update"],
        /// The user's settings changed.
        MentraosSettings(MentraosSettingsUpdate) = ["augmentos_settings_update"],
        /// Other glasses are connected, or none.
        Capabilities(CapabilitiesUpdate) = ["capabilities_update"],
    }
}

impl HubToApp {
    /// The frame for an app that speaks `dialect`.
    pub fn to_json(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Classic => self.json_in(Some(Generation::Rtmp2025)),
            Dialect::V3 => self.json_in(None),
        }
    }
}

wire_object! {
    /// `tpa_connection_ack` and `reconnect_ack`.
    pub struct ConnectionAck {
        /// The app's session.
        session_id: Option<String> = "sessionId",
        /// The app's settings: `{key, type, value, ...}` each.
        settings: Vec<Value> = "settings",
        /// The user's settings, under the name the SDKs read.
        mentraos_settings: Value = "mentraosSettings",
        /// The same under the name the clouds send.
        augmentos_settings: Value = "augmentosSettings",
        /// Unused by the SDKs.
        config: Option<Value> = "config",
        /// Profile of the glasses, such as [`mentra_live_capabilities`](crate::mentra_live_capabilities).
        capabilities: Option<Value> = "capabilities",
        /// v3: the subscriptions the hub still has.
        subscriptions: Option<Vec<String>> = "subscriptions",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `reconnect_rejected`. After `SESSION_NOT_FOUND`, `SESSION_STOPPED` and `SESSION_EXPIRED` the app falls back to an init;
    /// after `NOT_RUNNING` and `BOOT_TIMEOUT` it gives up.
    pub struct ReconnectRejected {
        /// Why, as a code.
        code: String = "code",
        /// Why, in words.
        message: Option<String> = "message",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `reconnect_deferred`.
    pub struct ReconnectDeferred {
        /// `BOOTING` or `AWAITING_APP_RESTORE`.
        code: String = "code",
        /// How long the app should wait; 30,000 if not said.
        timeout_ms: Option<u64> = "timeoutMs",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `tpa_connection_error`.
    pub struct ConnectionError {
        /// Such as `INVALID_API_KEY`, `APP_NOT_STARTED`, `SESSION_NOT_FOUND`, `MALFORMED_MESSAGE`, `INTERNAL_ERROR`.
        code: Option<String> = "code",
        /// The same in words.
        message: String = "message",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `managed_stream_status`. The first `active` with both an HLS and a DASH URL resolves the app's promise with exactly the
    /// URLs it carries.
    pub struct ManagedStreamStatus {
        /// The status.
        status: ManagedStatusWord = "status",
        /// The stream.
        stream_id: Option<String> = "streamId",
        /// Playlist.
        hls_url: Option<String> = "hlsUrl",
        /// Manifest; without it the app's promise times out.
        dash_url: Option<String> = "dashUrl",
        /// WHEP.
        webrtc_url: Option<String> = "webrtcUrl",
        /// Watch page.
        preview_url: Option<String> = "previewUrl",
        /// Picture.
        thumbnail_url: Option<String> = "thumbnailUrl",
        /// Words for the user; with `error` the text the promise rejects with.
        message: Option<String> = "message",
        /// The restream destinations.
        outputs: Option<Vec<OutputStatus>> = "outputs",
    }
}

wire_object! {
    /// `data_stream`: the envelope of what an app subscribed to.
    pub struct DataStream {
        /// The app's session.
        session_id: Option<String> = "sessionId",
        /// The name it subscribed under.
        stream_type: String = "streamType",
        /// The message inside.
        data: Value = "data",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `stream_status_check_response`.
    pub struct StreamStatusCheckResponse {
        /// Whether anything runs.
        has_active_stream: bool = "hasActiveStream",
        /// What runs.
        stream_info: Option<StreamInfo> = "streamInfo",
        /// The id of the question, if it had one.
        request_id: Option<String> = "requestId",
    }
}

wire_object! {
    /// The stream of a check's answer.
    pub struct StreamInfo {
        /// `managed` or `unmanaged`.
        kind: String = "type",
        /// The stream.
        stream_id: String = "streamId",
        /// A word of its kind.
        status: String = "status",
        /// ISO text.
        created_at: String = "createdAt",
        /// Playlist.
        hls_url: Option<String> = "hlsUrl",
        /// Manifest.
        dash_url: Option<String> = "dashUrl",
        /// WHEP.
        webrtc_url: Option<String> = "webrtcUrl",
        /// Watch page.
        preview_url: Option<String> = "previewUrl",
        /// Picture.
        thumbnail_url: Option<String> = "thumbnailUrl",
        /// How many apps hold it; not how many people watch.
        active_viewers: Option<u32> = "activeViewers",
        /// Unmanaged: where it goes.
        rtmp_url: Option<Secret> = "rtmpUrl",
        /// The same under the name of 2026; both are sent.
        stream_url: Option<Secret> = "streamUrl",
        /// Unmanaged: package name of the owner.
        requesting_app_id: Option<String> = "requestingAppId",
    }
}

wire_object! {
    /// `app_stopped`.
    pub struct AppStopped {
        /// `user_disabled`, `system_stop` or `error`.
        reason: Option<String> = "reason",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `device_state_update`. Without `state` the SDK raises an error.
    pub struct DeviceStateUpdate {
        /// What is known, or what changed.
        state: DeviceState = "state",
        /// Whether that is everything; deltas leave it out.
        full_snapshot: Option<bool> = "fullSnapshot",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// What is known of the glasses; the SDK shows each member to the app as an observable. Further members go in `extra`.
    pub struct DeviceState {
        /// Whether glasses are connected.
        connected: Option<bool> = "connected",
        /// Such as `Mentra Live`.
        model_name: Option<String> = "modelName",
        /// Whether they have Wi-Fi.
        wifi_connected: Option<bool> = "wifiConnected",
        /// Its name.
        wifi_ssid: Option<String> = "wifiSsid",
        /// Their address in it.
        wifi_local_ip: Option<String> = "wifiLocalIp",
        /// Percent.
        battery_level: Option<f64> = "batteryLevel",
        /// Whether they charge.
        charging: Option<bool> = "charging",
    }
}

wire_object! {
    /// `permission_error`.
    pub struct PermissionError {
        /// The whole in words.
        message: String = "message",
        /// One for each refused subscription.
        details: Vec<PermissionDetail> = "details",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// A refused subscription.
    pub struct PermissionDetail {
        /// Its name.
        stream: String = "stream",
        /// What it needs, such as `CAMERA`.
        required_permission: String = "requiredPermission",
        /// The same in words.
        message: Option<String> = "message",
    }
}

wire_object! {
    /// `settings_update`.
    pub struct SettingsUpdate {
        /// Whose.
        package_name: Option<String> = "packageName",
        /// All of them.
        settings: Vec<Value> = "settings",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `augmentos_settings_update`.
    pub struct MentraosSettingsUpdate {
        /// The app's session.
        session_id: Option<String> = "sessionId",
        /// All of them.
        settings: Value = "settings",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `capabilities_update`.
    pub struct CapabilitiesUpdate {
        /// Profile of the glasses; absent without any.
        capabilities: Option<Value> = "capabilities",
        /// Their model; absent without any.
        model_name: Option<String> = "modelName",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}
