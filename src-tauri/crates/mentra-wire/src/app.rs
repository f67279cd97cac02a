//! What an app sends to the hub.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::message::wire_messages;
use crate::object::{Field, wire_object};
use crate::{AudioConfig, Ping, RestreamDestination, Secret, StreamConfig, VideoConfig};

wire_messages! {
    /// What an app sends. Read with [`AppMessage::parse`], written with [`AppMessage::to_json`].
    pub enum AppMessage {
        /// First frame of every socket, and of every reconnect of SDK 2.1.
        Init(AppInit) = ["tpa_connection_init", "connection_init"],
        /// First frame of a v3 reconnect.
        Reconnect(AppReconnect) = ["reconnect"],
        /// What the app listens to from now on; replaces the set before.
        Subscribe(SubscriptionUpdate) = ["subscription_update"],
        /// Starts, or joins, a managed stream.
        StartManaged(ManagedStreamRequest) = ["managed_stream_request"],
        /// Leaves a managed stream. Must be answered with `stopped` whether one runs or not.
        StopManaged(ManagedStreamStop) = ["managed_stream_stop"],
        /// Starts a direct stream to a URL.
        StartStream(StreamRequest) = ["rtmp_stream_request", "stream_request"],
        /// Stops it.
        StopStream(StreamStop) = ["rtmp_stream_stop", "stream_stop"],
        /// Asks what runs. The app waits 5 s for the answer.
        CheckStream(StreamStatusCheck) = ["stream_status_check"],
        /// Wants a `pong`.
        Ping(Ping) = ["ping"],
        /// Found the glasses without Wi-Fi and asks for the Wi-Fi screen.
        RequestWifiSetup(RequestWifiSetup) = ["request_wifi_setup"],
        /// Leaves on purpose; not to be brought back.
        OwnershipRelease(OwnershipRelease) = ["ownership_release"],
    }
}

impl AppMessage {
    /// The frame.
    pub fn to_json(&self) -> String {
        self.json_in(None)
    }
}

wire_object! {
    /// `tpa_connection_init`.
    pub struct AppInit {
        /// The session the webhook named; v3 says it in a header instead.
        session_id: Option<String> = "sessionId",
        /// Who the app is.
        package_name: String = "packageName",
        /// Proof of it.
        api_key: Option<Secret> = "apiKey",
        /// Version of the SDK; 2.1 does not say.
        sdk_version: Option<String> = "sdkVersion",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `reconnect` (v3).
    pub struct AppReconnect {
        /// The session to go on with.
        session_id: String = "sessionId",
        /// Version of the SDK.
        sdk_version: Option<String> = "sdkVersion",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `subscription_update`: the full set, each time.
    pub struct SubscriptionUpdate {
        /// Who asks.
        package_name: Option<String> = "packageName",
        /// What for; an app that starts sends an empty set first.
        subscriptions: Vec<Subscription> = "subscriptions",
        /// The session.
        session_id: Option<String> = "sessionId",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// A subscription with a rate, such as `{"stream":"location_stream","rate":"realtime"}`.
    pub struct DetailedSubscription {
        /// Its name.
        stream: String = "stream",
        /// How often.
        rate: Option<String> = "rate",
    }
}

/// One element of a subscription set.
#[derive(Debug, Clone, PartialEq)]
pub enum Subscription {
    /// By name alone.
    Name(String),
    /// With a rate.
    Detailed(DetailedSubscription),
    /// Something else, kept.
    Other(Value),
}

impl Subscription {
    /// Name of the stream; empty if the element has none.
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Detailed(detailed) => &detailed.stream,
            Self::Other(_) => "",
        }
    }
}

impl Field for Subscription {
    fn read(value: &Value) -> Option<Self> {
        let name = String::read(value).map(Self::Name);
        let subscription = name.or_else(|| DetailedSubscription::read(value).map(Self::Detailed));
        Some(subscription.unwrap_or_else(|| Self::Other(value.clone())))
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Name(name) => serializer.serialize_str(name),
            Self::Detailed(detailed) => detailed.serialize(serializer),
            Self::Other(value) => value.serialize(serializer),
        }
    }
}

wire_object! {
    /// `managed_stream_request`. Joins the managed stream that runs, whose settings then stay as they are.
    pub struct ManagedStreamRequest {
        /// Who asks.
        package_name: Option<String> = "packageName",
        /// The session; SDK 2.1 does not say.
        session_id: Option<String> = "sessionId",
        /// `720p` or `1080p`.
        quality: Option<String> = "quality",
        /// Whether a WebRTC URL is wanted.
        enable_webrtc: Option<bool> = "enableWebRTC",
        /// Wishes for the picture.
        video: Option<VideoConfig> = "video",
        /// Wishes for the sound.
        audio: Option<AudioConfig> = "audio",
        /// Limits.
        stream: Option<StreamConfig> = "stream",
        /// Where else to push it.
        restream_destinations: Option<Vec<RestreamDestination>> = "restreamDestinations",
        /// Whether the glasses make a sound as they start.
        sound: Option<bool> = "sound",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `managed_stream_stop`.
    pub struct ManagedStreamStop {
        /// Who asks.
        package_name: Option<String> = "packageName",
        /// The session; SDK 2.1 does not say.
        session_id: Option<String> = "sessionId",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `rtmp_stream_request` or `stream_request`: a stream straight to a URL of the app's. URLs stay under the names they came.
    pub struct StreamRequest {
        /// Who asks.
        package_name: Option<String> = "packageName",
        /// The session.
        session_id: Option<String> = "sessionId",
        /// v3: RTMP(S), SRT, or WHIP by http(s).
        stream_url: Option<Secret> = "streamUrl",
        /// SDK 2.1: RTMP(S).
        rtmp_url: Option<Secret> = "rtmpUrl",
        /// SRT.
        srt_url: Option<Secret> = "srtUrl",
        /// WHIP.
        whip_url: Option<Secret> = "whipUrl",
        /// Wishes for the picture.
        video: Option<VideoConfig> = "video",
        /// Wishes for the sound.
        audio: Option<AudioConfig> = "audio",
        /// Limits.
        stream: Option<StreamConfig> = "stream",
        /// Whether the glasses make a sound as they start.
        sound: Option<bool> = "sound",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    } as names
}

impl StreamRequest {
    /// Where to: the first of `streamUrl`, `rtmpUrl`, `srtUrl`, `whipUrl` that says anything.
    pub fn url(&self) -> Option<&Secret> {
        let urls = [&self.stream_url, &self.rtmp_url, &self.srt_url, &self.whip_url];
        urls.into_iter().flatten().find(|url| !url.expose().trim().is_empty())
    }
}

wire_object! {
    /// `rtmp_stream_stop` or `stream_stop`.
    pub struct StreamStop {
        /// Who asks.
        package_name: Option<String> = "packageName",
        /// The session.
        session_id: Option<String> = "sessionId",
        /// The stream of the last status the app saw.
        stream_id: Option<String> = "streamId",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    } as names
}

wire_object! {
    /// `stream_status_check`. SDK 2.1 writes `unknown-session-id` as its session: go by the socket.
    pub struct StreamStatusCheck {
        /// Who asks.
        package_name: Option<String> = "packageName",
        /// The session, or not.
        session_id: Option<String> = "sessionId",
        /// v3: to be echoed in the answer.
        request_id: Option<String> = "requestId",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `request_wifi_setup`.
    pub struct RequestWifiSetup {
        /// Who asks.
        package_name: Option<String> = "packageName",
        /// The session.
        session_id: Option<String> = "sessionId",
        /// Why, to show the user.
        reason: Option<String> = "reason",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `ownership_release`.
    pub struct OwnershipRelease {
        /// Who leaves.
        package_name: Option<String> = "packageName",
        /// The session.
        session_id: Option<String> = "sessionId",
        /// `switching_clouds`, `clean_shutdown` or `user_logout`.
        reason: Option<String> = "reason",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}
