//! HLS and Low-Latency HLS playlists, written from a model of what they list (RFC 8216, draft-pantos-hls-rfc8216bis).
//!
//! The model is a statement of facts; which segments to list, when a sequence number grows and that a target duration
//! never changes is the caller's business. What the text owes the specification beyond that is kept here: tag order,
//! versions, quoting, and which tags may stand in an ended playlist.

mod date_time;
mod media;
mod multivariant;
mod text;

pub use date_time::UtcTime;
pub use media::{MediaPlaylist, OpenSegment, PartLine, PartSettings, RenditionReport, SegmentLine};
pub use multivariant::{AudioVariant, MultivariantPlaylist, VideoVariant};

#[cfg(test)]
mod tests;
