//! Sound between its two worlds: AAC, which encoders publish and HLS carries, and Opus, which WebRTC carries.
//!
//! [`ToOpus`] and [`ToAac`] are pure: coded frames and their times in, coded frames and their times out, no clock, no
//! task. Between the two codecs sound is interleaved `f32` in -1 to 1. The codecs are young crates and see bytes of
//! strangers, so each is named in one file only (`aac`, `opus`; the resampler in `resample`), is rebuilt after every
//! error, and a panic in it costs one frame.

mod aac;
mod opus;
mod packet;
mod resample;
#[cfg(test)]
mod tests;
mod to_aac;
mod to_opus;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) use to_aac::{AacUnit, ToAac};
pub(crate) use to_opus::{OpusPacket, ToOpus};

/// Rate of Opus in RTP, and of every time this module tells (RFC 7587 s4.1).
const RATE_HZ: u32 = 48_000;

/// Why sound cannot be converted; words for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SoundError {
    /// The AAC is of a kind the decoder does not know.
    #[error("this kind of AAC sound cannot be decoded here: {0}")]
    UnsupportedAac(String),
    /// A sample rate whose ratio to 48 kHz is not a small one.
    #[error("sound of {0} Hz cannot be brought to 48 kHz")]
    UnsupportedRate(u32),
    /// An encoder refused its settings.
    #[error("the {codec} encoder cannot be used: {reason}")]
    Encoder {
        /// `AAC` or `Opus`.
        codec: &'static str,
        /// The encoder's own words.
        reason: String,
    },
}

/// A codec could not use what it was given; it has been rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Damaged;

/// Runs a codec. A panic in it, which some packet nobody thought of may cause, is damage and no more: the caller
/// rebuilds the codec, whose state may be half written. The default panic hook still prints its line.
fn guarded<T>(codec: impl FnOnce() -> Option<T>) -> Result<T, Damaged> {
    catch_unwind(AssertUnwindSafe(codec)).ok().flatten().ok_or(Damaged)
}

/// One sample an encoder can take, whatever arithmetic on a stranger's frame gave.
fn tame(sample: f32) -> f32 {
    if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 }
}
