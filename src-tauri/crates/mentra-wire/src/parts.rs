//! Objects that several messages share.

use serde_json::Value;

use crate::Secret;
use crate::object::{wire_object, wire_words};

wire_object! {
    /// What the app wants the camera to send (SDK 2.1.29 `VideoConfig`). A wish: glasses clamp it, those of 2025 ignore it.
    pub struct VideoConfig {
        /// Pixels.
        width: Option<u32> = "width",
        /// Pixels.
        height: Option<u32> = "height",
        /// Bits per second.
        bitrate: Option<u64> = "bitrate",
        /// Frames per second.
        frame_rate: Option<f64> = "frameRate",
    }
}

wire_object! {
    /// What the app wants the microphone to send (SDK 2.1.29 `AudioConfig`).
    pub struct AudioConfig {
        /// Bits per second.
        bitrate: Option<u64> = "bitrate",
        /// Hertz.
        sample_rate: Option<u32> = "sampleRate",
        /// Whether the glasses take the speaker's sound out.
        echo_cancellation: Option<bool> = "echoCancellation",
        /// Whether the glasses suppress noise.
        noise_suppression: Option<bool> = "noiseSuppression",
    }
}

wire_object! {
    /// Limits of the stream itself (SDK 2.1.29 `StreamConfig`).
    pub struct StreamConfig {
        /// Seconds after which the stream should end by itself.
        duration_limit: Option<f64> = "durationLimit",
    }
}

wire_object! {
    /// A place the hub should push a managed stream to.
    pub struct RestreamDestination {
        /// RTMP(S) URL with its stream key.
        url: Secret = "url",
        /// What the app calls it.
        name: Option<String> = "name",
    }
}

wire_object! {
    /// How one of the restream destinations is doing.
    pub struct OutputStatus {
        /// The URL as the app gave it, key included.
        url: Secret = "url",
        /// The name the app gave.
        name: Option<String> = "name",
        /// `active`, `stopped` or `error`.
        status: String = "status",
        /// Why, with `error`.
        error: Option<String> = "error",
    }
}

wire_words! {
    /// Status of a managed stream, as apps read it.
    pub enum ManagedStatusWord {
        /// Asked for, nothing playable yet.
        #[default]
        Initializing = "initializing",
        /// In the SDK's types, never seen sent.
        Preparing = "preparing",
        /// Playable.
        Active = "active",
        /// Being stopped.
        Stopping = "stopping",
        /// Over; rejects a pending start.
        Stopped = "stopped",
        /// Failed; rejects a pending start with the message.
        Error = "error",
    }
}

wire_words! {
    /// Status of a direct stream: what glasses report and apps are told.
    pub enum StreamStatusWord {
        /// Asked for.
        #[default]
        Initializing = "initializing",
        /// Connecting to the server.
        Connecting = "connecting",
        /// The far side takes the stream (the word for apps).
        Active = "active",
        /// Sending (the word of the glasses).
        Streaming = "streaming",
        /// The connection broke, being tried again.
        Reconnecting = "reconnecting",
        /// Back after `reconnecting`.
        Reconnected = "reconnected",
        /// Given up after the last attempt.
        ReconnectFailed = "reconnect_failed",
        /// Being stopped.
        Stopping = "stopping",
        /// Over.
        Stopped = "stopped",
        /// The connection is gone.
        Disconnected = "disconnected",
        /// Keep-alives went unanswered.
        Timeout = "timeout",
        /// Failed.
        Error = "error",
    }
}

wire_object! {
    /// How a stream runs. Glasses of 2026 write the short names over Bluetooth; both are read, the long ones written.
    pub struct StreamStats {
        /// Bits per second.
        bitrate: Option<u64> = "bitrate" | "b",
        /// Frames per second.
        fps: Option<f64> = "fps" | "f",
        /// Pixels.
        width: Option<u32> = "width" | "w",
        /// Pixels.
        height: Option<u32> = "height" | "h",
        /// Frames the encoder dropped.
        dropped_frames: Option<u64> = "droppedFrames" | "d",
        /// Seconds since the stream began.
        duration: Option<f64> = "duration",
    }
}

wire_object! {
    /// Status of a direct stream: `rtmp_stream_status`, from 2026 also `stream_status`. Glasses send it to the hub, the hub to
    /// the app that owns the stream.
    pub struct StreamStatus {
        /// Session of the app it is for; absent from glasses.
        session_id: Option<String> = "sessionId",
        /// The stream; glasses leave it out of refusals and of some last words.
        stream_id: Option<String> = "streamId",
        /// The status.
        status: StreamStatusWord = "status",
        /// Why, with `error`. Some glasses write it as `error`.
        error_details: Option<String> = "errorDetails" | "error",
        /// Measurements. Glasses of 2025 send constants.
        stats: Option<StreamStats> = "stats",
        /// Package name of the owner.
        app_id: Option<String> = "appId",
        /// Which reconnect attempt runs, from 1.
        attempt: Option<u32> = "attempt",
        /// How many there will be.
        max_attempts: Option<u32> = "maxAttempts",
        /// Why it reconnects.
        reason: Option<String> = "reason",
        /// Whether glasses will try again by themselves after this error.
        will_retry: Option<bool> = "willRetry",
        /// Where the glasses send to.
        rtmp_url: Option<Secret> = "rtmpUrl",
        /// The same under the name of 2026.
        stream_url: Option<Secret> = "streamUrl",
        /// What the glasses made of the wishes.
        resolved_config: Option<Value> = "resolvedConfig",
        /// ISO text towards apps, milliseconds of Unix time from glasses.
        timestamp: Option<Value> = "timestamp",
    } as names
}

impl StreamStatus {
    /// Why, whichever member it came under.
    pub fn error_text(&self) -> Option<&str> {
        self.error_details.as_deref().filter(|text| !text.is_empty())
    }
}

wire_object! {
    /// `ping`: asks for a `pong`. SDK hono.8 and v3 send one every 15 s, phones of 2026 too.
    pub struct Ping {
        /// When, if said.
        timestamp: Option<Value> = "timestamp",
    }
}

wire_object! {
    /// `pong`: only ever an answer; SDK 2.1.29 reports it as an unknown type.
    pub struct Pong {
        /// Milliseconds of Unix time.
        timestamp: Option<Value> = "timestamp",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_are_written() {
        for word in StreamStatusWord::ALL {
            assert_eq!(&StreamStatusWord::parse(word.as_str()), word);
        }
        for word in ManagedStatusWord::ALL {
            assert_eq!(&ManagedStatusWord::parse(word.as_str()), word);
        }
        assert_eq!((StreamStatusWord::ALL.len(), ManagedStatusWord::ALL.len()), (12, 6));
        assert_eq!(StreamStatusWord::parse("Active"), StreamStatusWord::Other("Active".to_owned()));
    }

    #[test]
    fn short_stats_are_the_long_ones() {
        let short: StreamStats =
            serde_json::from_str(r#"{"b":1500000,"f":29.97,"w":854,"h":480,"d":3,"x":1}"#).unwrap();
        let long = r#"{"bitrate":1500000,"fps":29.97,"width":854,"height":480,"droppedFrames":3,"x":1}"#;
        assert_eq!(short, serde_json::from_str(long).unwrap());
        assert_eq!(serde_json::to_string(&short).unwrap(), long);
    }

    #[test]
    fn the_long_name_wins_and_the_odd_one_stays() {
        let stats: StreamStats =
            serde_json::from_str(r#"{"b":1,"bitrate":2,"fps":"many","f":30.0}"#).unwrap();
        assert_eq!((stats.bitrate, stats.fps), (Some(2), Some(30.0)));
        assert_eq!(serde_json::to_string(&stats).unwrap(), r#"{"bitrate":2,"fps":30,"b":1}"#);
    }
}
