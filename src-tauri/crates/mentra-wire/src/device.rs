//! What glasses (or the phone that speaks for them) send to the hub.

use serde_json::Value;

use crate::message::wire_messages;
use crate::object::wire_object;
use crate::{Ping, StreamStatus};

wire_messages! {
    /// What glasses send. Read with [`DeviceMessage::parse`], written with [`DeviceMessage::to_json`].
    #[expect(clippy::large_enum_variant, reason = "one message at a time is read, looked at and dropped")]
    pub enum DeviceMessage {
        /// Says hello; answered with `connection_ack`.
        ConnectionInit(ConnectionInit) = ["connection_init"],
        /// The user started an app on the phone.
        StartApp(StartApp) = ["start_app"],
        /// The user stopped it.
        StopApp(StopApp) = ["stop_app"],
        /// The phone gained or lost the glasses.
        ConnectionState(GlassesConnectionState) = ["glasses_connection_state"],
        /// Battery of the glasses.
        Battery(GlassesBatteryUpdate) = ["glasses_battery_update"],
        /// Answers a keep-alive.
        KeepAliveAck(KeepAliveAck) = ["keep_alive_ack"],
        /// A button of the glasses.
        ButtonPress(ButtonPress) = ["button_press"],
        /// How the stream goes.
        StreamStatus(StreamStatus) = ["rtmp_stream_status", "stream_status"],
        /// Wants a `pong`.
        Ping(Ping) = ["ping"],
    }
}

impl DeviceMessage {
    /// The frame.
    pub fn to_json(&self) -> String {
        self.json_in(None)
    }
}

wire_object! {
    /// `connection_init`.
    pub struct ConnectionInit {
        /// Milliseconds of Unix time.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `start_app`.
    pub struct StartApp {
        /// Which.
        package_name: String = "packageName",
    }
}

wire_object! {
    /// `stop_app`.
    pub struct StopApp {
        /// Which.
        package_name: String = "packageName",
    }
}

wire_object! {
    /// `glasses_connection_state`.
    pub struct GlassesConnectionState {
        /// Such as `Mentra Live`.
        model_name: Option<String> = "modelName",
        /// `CONNECTED`, `DISCONNECTED`, ...
        status: String = "status",
        /// Their Wi-Fi.
        wifi: Option<Wifi> = "wifi",
    }
}

impl GlassesConnectionState {
    /// Whether the phone has the glasses.
    pub fn is_connected(&self) -> bool {
        self.status.eq_ignore_ascii_case("connected")
    }
}

wire_object! {
    /// Wi-Fi of the glasses.
    pub struct Wifi {
        /// Whether they are in one.
        connected: bool = "connected",
        /// Its name.
        ssid: Option<String> = "ssid",
    }
}

wire_object! {
    /// `glasses_battery_update`.
    pub struct GlassesBatteryUpdate {
        /// Percent.
        level: f64 = "level",
        /// Whether they charge.
        charging: Option<bool> = "charging",
    }
}

wire_object! {
    /// `keep_alive_ack`.
    pub struct KeepAliveAck {
        /// The stream.
        stream_id: String = "streamId",
        /// The id of the keep-alive.
        ack_id: String = "ackId",
        /// Milliseconds of Unix time.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `button_press`.
    pub struct ButtonPress {
        /// Which button.
        button_id: Option<String> = "buttonId",
        /// `short`, `long`, ...
        press_type: Option<String> = "pressType",
    }
}
