//! What a server connection reports.

use std::fmt;

use bytes::Bytes;

use super::publish_request::{PublishRequest, UrlPart};
use crate::amf0::Value;

/// A report of [`super::ServerConnection`], in the order of the wire. `Debug` shows neither media nor parts of URLs.
#[derive(Clone, PartialEq)]
pub enum ServerEvent {
    /// `connect` was answered.
    Connected {
        /// Application; empty when the encoder named none.
        app: UrlPart,
        /// The URL the encoder was given, as it understood it.
        tc_url: UrlPart,
        /// What the encoder calls itself; at most 128 characters, printable, often empty.
        flash_ver: String,
    },
    /// Answer with `accept_publish` or `reject_publish`.
    PublishRequested(PublishRequest),
    /// The value of `onMetaData`. A hint at most: encoders lie about size, rate and codec.
    Metadata(Value),
    /// A video message for [`crate::flv::parse_video`]; never empty.
    Video {
        /// Decoding time in milliseconds; wraps after 49.7 days.
        timestamp_ms: u32,
        /// FLV video tag body.
        payload: Bytes,
    },
    /// An audio message for [`crate::flv::parse_audio`]; never empty.
    Audio {
        /// Decoding time in milliseconds; wraps after 49.7 days.
        timestamp_ms: u32,
        /// FLV audio tag body.
        payload: Bytes,
    },
    /// The encoder took back its request or stopped publishing on purpose.
    PublishEnded,
    /// Somebody tried to play; it was refused, since playback is over HTTP.
    PlayRefused,
}

impl fmt::Debug for ServerEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut media = |name: &str, timestamp_ms: &u32, payload: &Bytes| {
            f.debug_struct(name)
                .field("timestamp_ms", timestamp_ms)
                .field("payload_bytes", &payload.len())
                .finish()
        };
        match self {
            Self::Video { timestamp_ms, payload } => media("Video", timestamp_ms, payload),
            Self::Audio { timestamp_ms, payload } => media("Audio", timestamp_ms, payload),
            Self::Connected { flash_ver, .. } => {
                f.debug_struct("Connected").field("flash_ver", flash_ver).finish_non_exhaustive()
            }
            Self::PublishRequested(request) => f.debug_tuple("PublishRequested").field(request).finish(),
            Self::Metadata(_) => f.write_str("Metadata"),
            Self::PublishEnded => f.write_str("PublishEnded"),
            Self::PlayRefused => f.write_str("PlayRefused"),
        }
    }
}
