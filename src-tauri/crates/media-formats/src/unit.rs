//! The one currency of media inside the console.

use bytes::Bytes;

/// Ticks a second of video timestamps (90 kHz, as in MPEG systems and RTP): RTMP milliseconds convert exactly.
pub const VIDEO_TIMESCALE_HZ: u32 = 90_000;

/// Which elementary stream a unit belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TrackKind {
    /// H.264 access units, length-prefixed NAL units (ISO 14496-15 s5.3.2); time in 90 kHz.
    Video,
    /// Raw AAC access units without ADTS; time in samples at the track's own rate.
    Audio,
}

impl TrackKind {
    /// Lower-case name used in paths and logs: `video` or `audio`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
        }
    }
}

/// One access unit of one track: what every reader of a stream is given. Cloning shares the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Track it belongs to.
    pub track: TrackKind,
    /// Generation of the track configuration it must be decoded with; grows when a publisher returns or its
    /// configuration changes.
    pub epoch: u32,
    /// Position in the stream, over all tracks, without gaps.
    pub seq: u64,
    /// Decoding time in the track's ticks, never decreasing within a track for the whole life of the stream.
    pub dts: i64,
    /// Presentation time minus decoding time, in ticks; zero for audio.
    pub cts: i32,
    /// Decoding can start here. Always true for audio.
    pub key: bool,
    /// The access unit.
    pub payload: Bytes,
}

impl Unit {
    /// Presentation time in the track's ticks.
    pub fn pts(&self) -> i64 {
        self.dts + i64::from(self.cts)
    }
}
