//! What a place would make of the stream that arrives now: said before it is sent there.

use crate::presets::Preset;

mod checks;

/// What was measured of the stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SignalFacts {
    /// RFC 6381 codec string of the picture.
    pub video_codec: Option<String>,
    /// The encoder reorders frames.
    pub has_b_frames: bool,
    /// Distance of the last keyframes, milliseconds; None until two arrived.
    pub keyframe_interval_ms: Option<u64>,
    /// Picture and sound, bits a second.
    pub bitrate_bps: u64,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// Frames a second.
    pub fps: f64,
    /// RFC 6381 codec string of the sound; None without sound.
    pub audio_codec: Option<String>,
    /// Sound alone, bits a second.
    pub audio_bitrate_bps: u64,
    /// Channels.
    pub audio_channels: Option<u32>,
    /// Hertz.
    pub audio_sample_rate_hz: Option<u32>,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// It works, not well or not surely.
    Warn,
    /// It will be refused.
    Refused,
}

/// What was found of one property of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub subject: &'static str,
    /// How it stands.
    pub verdict: Verdict,
    /// What is so and why it matters.
    pub text: String,
    /// How to fix it; None when it needs no fixing.
    pub fix: Option<String>,
}

/// Holds what was measured against what a place takes: one finding for each property, always in the same order.
pub fn check(facts: &SignalFacts, preset: &Preset) -> Vec<Finding> {
    vec![
        checks::video_codec(facts, preset),
        checks::b_frames(facts, preset),
        checks::keyframes(facts, preset),
        checks::bitrate(facts, preset),
        checks::resolution(facts, preset),
        checks::frame_rate(facts, preset),
        checks::audio(facts, preset),
        checks::audio_bitrate(facts, preset),
    ]
}

impl Finding {
    fn pass(subject: &'static str, text: impl Into<String>) -> Self {
        Self { subject, verdict: Verdict::Pass, text: text.into(), fix: None }
    }

    fn warn(subject: &'static str, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { subject, verdict: Verdict::Warn, text: text.into(), fix: Some(fix.into()) }
    }

    fn refused(subject: &'static str, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { subject, verdict: Verdict::Refused, text: text.into(), fix: Some(fix.into()) }
    }
}

#[cfg(test)]
mod tests;
