use std::fmt::Write as _;

use super::*;
use crate::presets;

/// What glasses send through a well set encoder.
fn good() -> SignalFacts {
    SignalFacts {
        video_codec: Some("avc1.64001f".into()),
        has_b_frames: false,
        keyframe_interval_ms: Some(2_000),
        bitrate_bps: 2_600_000,
        width: Some(1280),
        height: Some(720),
        fps: 30.0,
        audio_codec: Some("mp4a.40.2".into()),
        audio_bitrate_bps: 128_000,
        audio_channels: Some(2),
        audio_sample_rate_hz: Some(48_000),
    }
}

fn for_preset(facts: &SignalFacts, id: &str) -> Vec<Finding> {
    check(facts, presets::by_id(id).unwrap())
}

/// The finding that is no pass.
fn only_trouble(facts: &SignalFacts, id: &str) -> Finding {
    let mut trouble: Vec<Finding> =
        for_preset(facts, id).into_iter().filter(|finding| finding.verdict != Verdict::Pass).collect();
    assert_eq!(trouble.len(), 1, "{trouble:?}");
    trouble.remove(0)
}

#[test]
fn a_good_signal_passes_everywhere_it_is_not_upside_down() {
    for preset in presets::all() {
        let upright = SignalFacts { width: Some(720), height: Some(1280), ..good() };
        let facts = if preset.limits.portrait { upright } else { good() };
        for finding in check(&facts, preset) {
            assert_eq!(finding.verdict, Verdict::Pass, "{}: {finding:?}", preset.id);
            assert_eq!(finding.fix, None);
        }
    }
}

#[test]
fn trouble_always_says_why_and_how_to_fix_it() {
    let nothing = SignalFacts::default();
    let awful = SignalFacts {
        video_codec: Some("vp09.00.10.08".into()),
        has_b_frames: true,
        keyframe_interval_ms: Some(30_000),
        bitrate_bps: 200_000_000,
        width: Some(8191),
        height: Some(4319),
        fps: 240.0,
        audio_codec: Some("opus".into()),
        audio_bitrate_bps: 900_000,
        audio_channels: Some(6),
        audio_sample_rate_hz: Some(96_000),
    };
    for facts in [nothing, awful, good()] {
        for preset in presets::all() {
            let findings = check(&facts, preset);
            assert_eq!(findings.len(), 8);
            for finding in findings {
                assert!(finding.text.ends_with('.'), "{finding:?}");
                assert_eq!(finding.fix.is_some(), finding.verdict != Verdict::Pass, "{finding:?}");
            }
        }
    }
}

#[test]
fn each_property_is_found_out() {
    let trouble = |change: fn(&mut SignalFacts), id: &str| {
        let mut facts = good();
        change(&mut facts);
        let finding = only_trouble(&facts, id);
        (finding.subject, finding.verdict)
    };
    use Verdict::{Refused, Warn};
    for (change, id, expected) in [
        ((|facts| facts.video_codec = None) as fn(&mut SignalFacts), "twitch", ("Video codec", Refused)),
        (|facts| facts.video_codec = Some("hvc1.1.6.L93.B0".into()), "twitch", ("Video codec", Refused)),
        (|facts| facts.video_codec = Some("hvc1.1.6.L93.B0".into()), "custom", ("Video codec", Warn)),
        (|facts| facts.has_b_frames = true, "kick", ("B-frames", Warn)),
        (|facts| facts.keyframe_interval_ms = None, "youtube", ("Keyframes", Warn)),
        (|facts| facts.keyframe_interval_ms = Some(4_200), "twitch", ("Keyframes", Warn)),
        (|facts| facts.keyframe_interval_ms = Some(500), "facebook", ("Keyframes", Warn)),
        (|facts| facts.bitrate_bps = 6_500_000, "twitch", ("Bitrate", Warn)),
        (|facts| facts.bitrate_bps = 100_000, "custom", ("Bitrate", Warn)),
        (|facts| (facts.width, facts.height) = (Some(2560), Some(1440)), "twitch", ("Resolution", Warn)),
        (|facts| (facts.width, facts.height) = (Some(1080), Some(1921)), "x", ("Resolution", Warn)),
        (|facts| facts.width = Some(1281), "custom", ("Resolution", Warn)),
        (|facts| facts.width = None, "custom", ("Resolution", Warn)),
        (|facts| facts.fps = 120.0, "youtube", ("Frame rate", Warn)),
        (|facts| facts.fps = 0.0, "custom", ("Frame rate", Warn)),
        (|facts| facts.audio_codec = Some("opus".into()), "facebook", ("Audio", Refused)),
        (|facts| facts.audio_codec = Some("mp4a.40.5".into()), "twitch", ("Audio", Warn)),
        (|facts| facts.audio_channels = Some(6), "youtube", ("Audio", Warn)),
        (|facts| facts.audio_sample_rate_hz = Some(16_000), "youtube", ("Audio", Warn)),
        (|facts| facts.audio_bitrate_bps = 192_000, "x", ("Audio bitrate", Warn)),
    ] {
        assert_eq!(trouble(change, id), expected, "{id}");
    }
    let upside_down = only_trouble(&good(), "instagram");
    assert_eq!((upside_down.subject, upside_down.verdict), ("Resolution", Warn));
}

#[test]
fn what_wavers_around_a_limit_is_within_it() {
    let wavering = SignalFacts {
        bitrate_bps: 6_250_000,
        keyframe_interval_ms: Some(2_033),
        fps: 60.9,
        audio_bitrate_bps: 325_000,
        width: Some(1080),
        height: Some(1920),
        ..good()
    };
    assert!(for_preset(&wavering, "twitch").iter().all(|finding| finding.verdict == Verdict::Pass));
}

#[test]
fn without_sound_it_passes_because_silence_is_added() {
    let mute = SignalFacts { audio_codec: None, audio_bitrate_bps: 0, audio_channels: None, ..good() };
    for preset in presets::all().iter().filter(|preset| !preset.limits.portrait) {
        let findings = check(&mute, preset);
        assert!(findings.iter().all(|finding| finding.verdict == Verdict::Pass), "{}", preset.id);
        assert!(
            findings.iter().any(|finding| finding.subject == "Audio" && finding.text.contains("silence"))
        );
    }
}

#[test]
fn a_page_of_findings() {
    let mut page = String::new();
    let hasty = SignalFacts {
        has_b_frames: true,
        keyframe_interval_ms: Some(8_341),
        bitrate_bps: 9_840_000,
        width: Some(2560),
        height: Some(1440),
        audio_codec: None,
        ..good()
    };
    for id in ["youtube", "twitch", "kick", "instagram", "custom"] {
        writeln!(page, "{id}").unwrap();
        for Finding { subject, verdict, text, fix } in for_preset(&hasty, id) {
            let fix = fix.map(|fix| format!(" -> {fix}")).unwrap_or_default();
            writeln!(page, "  {verdict:?} | {subject} | {text}{fix}").unwrap();
        }
    }
    insta::assert_snapshot!(page);
}
