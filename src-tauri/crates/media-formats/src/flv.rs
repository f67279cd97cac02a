//! FLV tags (Adobe Flash Video File Format 10.1, Annex E) and their Enhanced RTMP extension (Veovera Enhanced RTMP v2).
//!
//! The console carries H.264 and AAC only; every other codec is named and refused in words the person at the encoder
//! can act on. Payloads are slices of what was given, never copies.

mod audio;
mod codec;
mod enhanced;
mod file;
mod metadata;
mod video;

use thiserror::Error;

pub use audio::{AAC_FRAME_PREFIX, AAC_SEQUENCE_PREFIX, AudioTag, AudioTagHeader, parse_audio};
pub(crate) use file::take_tag;
pub use file::{FileTag, FileTags, TagKind, file_header, tag_header};
pub use metadata::stream_metadata;
pub use video::{AVC_SEQUENCE_PREFIX, VideoTag, VideoTagHeader, avc_frame_prefix, parse_video};

use crate::unit::TrackKind;

/// Why FLV bytes cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FlvError {
    /// The tag ends before its own header does.
    #[error("the {} tag is cut short", .kind.name())]
    Truncated {
        /// Track of the tag.
        kind: TrackKind,
    },
    /// The tag is well formed, in a codec the console does not carry. The text is meant for the screen.
    #[error("This encoder sends {name}. Choose {} in its {} settings.", wanted(*.kind), .kind.name())]
    UnsupportedCodec {
        /// The codec's name as people know it, such as `HEVC (H.265)`.
        name: String,
        /// Track of the tag.
        kind: TrackKind,
    },
    /// The file does not begin with an FLV header (Annex E.2).
    #[error("the file is not FLV")]
    NotFlv,
}

fn wanted(kind: TrackKind) -> &'static str {
    match kind {
        TrackKind::Video => "H.264",
        TrackKind::Audio => "AAC",
    }
}

#[cfg(test)]
mod tests;
