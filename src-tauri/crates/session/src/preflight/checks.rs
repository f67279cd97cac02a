//! One function for each property.

use super::{Finding, SignalFacts};
use crate::presets::{self, Preset};

/// What is measured wavers; so much above a limit is still within it.
const TOLERANCE_PERCENT: u64 = 5;

/// Encoders that aim at a keyframe interval miss it by a frame or two.
const KEYFRAME_TOLERANCE_MS: u64 = 150;

/// Below this, a picture of any size looks torn.
const POOR_BITRATE_BPS: u64 = 300_000;

fn over(value: u64, limit: u64) -> bool {
    value > limit.saturating_add(limit / 100 * TOLERANCE_PERCENT)
}

pub(super) fn video_codec(facts: &SignalFacts, preset: &Preset) -> Finding {
    const SUBJECT: &str = "Video codec";
    let name = &preset.name;
    let Some(codec) = &facts.video_codec else {
        return Finding::refused(
            SUBJECT,
            format!("No video is arriving, and {name} shows nothing without it."),
            "Switch video on in your encoder.",
        );
    };
    let spoken = match codec.split('.').next().unwrap_or_default() {
        "avc1" | "avc3" => "H.264",
        "hvc1" | "hev1" => "HEVC",
        "av01" => "AV1",
        "vp09" => "VP9",
        _ => codec,
    };
    let accepted = &preset.limits.video_codecs;
    if accepted.is_empty() && spoken != "H.264" {
        return Finding::warn(
            SUBJECT,
            format!("The video is {spoken}. Most RTMP servers take H.264 alone."),
            "If the server turns it down, set your encoder to H.264.",
        );
    }
    if accepted.is_empty() {
        return Finding::pass(SUBJECT, format!("{spoken}, which every server takes."));
    }
    if accepted.iter().any(|prefix| codec.starts_with(prefix.as_str())) {
        return Finding::pass(SUBJECT, format!("{spoken}, which {name} takes."));
    }
    Finding::refused(
        SUBJECT,
        format!("The video is {spoken}, which {name} does not show."),
        "Set your encoder to H.264.",
    )
}

pub(super) fn b_frames(facts: &SignalFacts, preset: &Preset) -> Finding {
    const SUBJECT: &str = "B-frames";
    match (&preset.limits.b_frames, facts.has_b_frames) {
        (_, false) => Finding::pass(SUBJECT, "None, which is fine everywhere."),
        (None, true) => Finding::pass(SUBJECT, "Used by your encoder, which is fine here."),
        (Some(note), true) => Finding::warn(
            SUBJECT,
            note.clone(),
            "Set B-frames to 0 in your encoder, or its tuning to low latency.",
        ),
    }
}

pub(super) fn keyframes(facts: &SignalFacts, preset: &Preset) -> Finding {
    const SUBJECT: &str = "Keyframes";
    let limits = &preset.limits;
    let name = &preset.name;
    let Some(interval_ms) = facts.keyframe_interval_ms else {
        return Finding::warn(
            SUBJECT,
            "Their distance is not known yet: two have to arrive first.",
            "Look again in some seconds. If it stays unknown, set the keyframe interval to 2 seconds in your encoder.",
        );
    };
    let every = presets::seconds(interval_ms);
    let fix = |wanted_ms: u64| {
        format!("Set the keyframe interval to {} in your encoder.", presets::seconds(wanted_ms))
    };
    match (limits.min_keyframe_interval_ms, limits.max_keyframe_interval_ms) {
        (_, Some(max_ms)) if interval_ms > max_ms.saturating_add(KEYFRAME_TOLERANCE_MS) => Finding::warn(
            SUBJECT,
            format!(
                "One every {every}. {name} recommends at most {}: with fewer, viewers wait longer and the picture may \
                 stall.",
                presets::seconds(max_ms)
            ),
            fix(limits.min_keyframe_interval_ms.map_or(max_ms, |min_ms| min_ms.max(max_ms.min(2_000)))),
        ),
        (Some(min_ms), _) if interval_ms.saturating_add(KEYFRAME_TOLERANCE_MS) < min_ms => Finding::warn(
            SUBJECT,
            format!(
                "One every {every}. {name} recommends {} or more: closer ones cost sharpness at the same bitrate.",
                presets::seconds(min_ms)
            ),
            fix(min_ms.max(limits.max_keyframe_interval_ms.map_or(min_ms, |max_ms| max_ms.min(2_000)))),
        ),
        _ => Finding::pass(SUBJECT, format!("One every {every}.")),
    }
}

pub(super) fn bitrate(facts: &SignalFacts, preset: &Preset) -> Finding {
    const SUBJECT: &str = "Bitrate";
    let measured = presets::bitrate(facts.bitrate_bps);
    let name = &preset.name;
    match preset.limits.max_bitrate_bps {
        Some(max_bps) if over(facts.bitrate_bps, max_bps) => Finding::warn(
            SUBJECT,
            format!(
                "{measured}. {name} recommends up to {}: above it, viewers may see stops, or the broadcast may be cut off.",
                presets::bitrate(max_bps)
            ),
            format!("Lower the bitrate in your encoder to {} or less.", presets::bitrate(max_bps)),
        ),
        _ if facts.bitrate_bps < POOR_BITRATE_BPS => Finding::warn(
            SUBJECT,
            format!("{measured}, which is little for a moving picture."),
            "Raise the bitrate in your encoder, or check the connection between camera and computer.",
        ),
        _ => Finding::pass(SUBJECT, format!("{measured}.")),
    }
}

pub(super) fn resolution(facts: &SignalFacts, preset: &Preset) -> Finding {
    const SUBJECT: &str = "Resolution";
    let limits = &preset.limits;
    let name = &preset.name;
    let (Some(width), Some(height)) = (facts.width, facts.height) else {
        return Finding::warn(
            SUBJECT,
            "The size of the picture is not known yet.",
            "Look again in some seconds, once video arrives.",
        );
    };
    let size = format!("{width} x {height}");
    let (long, short) = (width.max(height), width.min(height));
    let too_large = limits.max_long_side_px.is_some_and(|max| long > max)
        || limits.max_short_side_px.is_some_and(|max| short > max);
    if too_large {
        let (long, short) =
            (limits.max_long_side_px.unwrap_or(long), limits.max_short_side_px.unwrap_or(short));
        let (width, height) = if limits.portrait || height > width { (short, long) } else { (long, short) };
        return Finding::warn(
            SUBJECT,
            format!("{size}. {name} takes up to {width} x {height}, and may turn a larger picture down."),
            format!("Set your encoder to {width} x {height} or less."),
        );
    }
    if limits.portrait && width > height {
        return Finding::warn(
            SUBJECT,
            format!("{size}. {name} shows an upright picture, so this one is shown small or cropped."),
            "If your camera can, turn it upright.",
        );
    }
    if width % 2 != 0 || height % 2 != 0 {
        return Finding::warn(
            SUBJECT,
            format!("{size}. Services that convert the picture want even numbers."),
            "Set an even width and height in your encoder.",
        );
    }
    Finding::pass(SUBJECT, format!("{size}."))
}

pub(super) fn frame_rate(facts: &SignalFacts, preset: &Preset) -> Finding {
    const SUBJECT: &str = "Frame rate";
    let measured = format!("{:.0} frames a second", facts.fps);
    match preset.limits.max_fps {
        Some(max_fps) if facts.fps > f64::from(max_fps) + 1.5 => Finding::warn(
            SUBJECT,
            format!("{measured}. {} takes up to {max_fps}, and may leave some out.", preset.name),
            format!("Set your encoder to {max_fps} frames a second or less."),
        ),
        _ if facts.fps < 1.0 => Finding::warn(
            SUBJECT,
            "Hardly any frame arrives.",
            "Check that your encoder sends video, and the connection between camera and computer.",
        ),
        _ => Finding::pass(SUBJECT, format!("{measured}.")),
    }
}

pub(super) fn audio(facts: &SignalFacts, preset: &Preset) -> Finding {
    const SUBJECT: &str = "Audio";
    let limits = &preset.limits;
    let name = &preset.name;
    let Some(codec) = &facts.audio_codec else {
        let why = if limits.audio_required {
            format!("None arrives. {name} shows nothing without it, so silence is added for it.")
        } else {
            "None arrives, so silence is added.".to_owned()
        };
        return Finding::pass(SUBJECT, why);
    };
    let spoken = match codec.as_str() {
        "mp4a.40.2" => "AAC",
        "mp4a.40.5" => "HE-AAC",
        "mp4a.40.29" => "HE-AAC v2",
        "opus" => "Opus",
        "mp4a.6b" | "mp4a.69" | "mp3" => "MP3",
        other => other,
    };
    let accepted = &limits.audio_codecs;
    if !accepted.is_empty() && !accepted.iter().any(|prefix| codec.starts_with(prefix.as_str())) {
        return Finding::refused(
            SUBJECT,
            format!("The sound is {spoken}, which {name} does not take."),
            "Set the sound to AAC in your encoder.",
        );
    }
    if spoken.starts_with("HE-AAC") {
        return Finding::warn(
            SUBJECT,
            format!(
                "The sound is {spoken}. {name} recommends plain AAC (LC) and may play this one dull or not at all."
            ),
            "Set the sound to AAC-LC in your encoder.",
        );
    }
    if facts.audio_channels.is_some_and(|channels| channels > 2) {
        return Finding::warn(
            SUBJECT,
            format!("{spoken} with more than two channels, of which {name} may play some only."),
            "Set the sound to stereo in your encoder.",
        );
    }
    if facts.audio_sample_rate_hz.is_some_and(|hz| hz != 44_100 && hz != 48_000) {
        return Finding::warn(
            SUBJECT,
            format!("{spoken} with an unusual sample rate, which may drift or be turned down."),
            "Set the sound to 48 kHz in your encoder.",
        );
    }
    let channels = match facts.audio_channels {
        Some(1) => " mono",
        Some(2) => " stereo",
        _ => "",
    };
    Finding::pass(SUBJECT, format!("{spoken}{channels}."))
}

pub(super) fn audio_bitrate(facts: &SignalFacts, preset: &Preset) -> Finding {
    const SUBJECT: &str = "Audio bitrate";
    if facts.audio_codec.is_none() {
        return Finding::pass(SUBJECT, "Silence takes next to nothing.");
    }
    let measured = presets::bitrate(facts.audio_bitrate_bps);
    match preset.limits.max_audio_bitrate_bps {
        Some(max_bps) if over(facts.audio_bitrate_bps, max_bps) => Finding::warn(
            SUBJECT,
            format!("{measured}. {} takes up to {}.", preset.name, presets::bitrate(max_bps)),
            format!("Set the sound to {} or less in your encoder.", presets::bitrate(max_bps.min(160_000))),
        ),
        _ => Finding::pass(SUBJECT, format!("{measured}.")),
    }
}
