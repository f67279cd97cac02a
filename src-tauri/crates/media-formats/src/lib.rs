//! Byte formats of live media, pure: no sockets, no clock, no randomness.
//!
//! Everything here turns bytes into values or values into bytes. State machines ([`rtmp::ServerConnection`])
//! are driven by feeding received bytes and draining what they want sent and what they report.
//! This crate must not know streams, sessions, HTTP or tokio.
//!
//! | Format | Source |
//! |---|---|
//! | RTMP chunk stream, commands | Adobe RTMP 1.0 |
//! | Enhanced RTMP | Veovera Enhanced RTMP v2 |
//! | AMF0 | Adobe AMF 0 |
//! | FLV | Adobe Flash Video File Format 10.1, Annex E |
//! | H.264, avcC | ITU-T H.264 (08/2021), ISO 14496-15 |
//! | AAC config | ISO 14496-3 |
//! | Fragmented MP4, CMAF | ISO 14496-12, ISO 23000-19 |
//! | RTP payloads of H.264 | RFC 6184 |
//! | HLS, LL-HLS | RFC 8216, draft-pantos-hls-rfc8216bis |
//! | DASH | ISO 23009-1 |
#![deny(missing_docs)]

pub mod aac;
pub mod amf0;
pub mod dash;
pub mod flv;
pub mod fmp4;
pub mod h264;
pub mod hls;
pub mod rtmp;
pub mod rtp;
pub mod unit;
