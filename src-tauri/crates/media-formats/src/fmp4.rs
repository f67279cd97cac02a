//! Fragmented MP4 as CMAF wants it (ISO 14496-12, ISO 23000-19): one track a file, an init segment, then parts of one
//! movie fragment each. A segment is its parts one after another.
//!
//! A part is handed out as a head and the payloads it announces, which stay the publisher's own bytes: nothing is
//! copied between the socket that brought a frame and those that send it on.

mod init;
mod part;

pub use init::{init_audio, init_video};
pub use part::{SampleEntry, part_head};

use crate::unit::TrackKind;

/// `track_ID` in init segments and fragments: 1 for video, 2 for audio, so that both fit one recording.
fn track_id(track: TrackKind) -> u32 {
    match track {
        TrackKind::Video => 1,
        TrackKind::Audio => 2,
    }
}

#[cfg(test)]
mod tests;
