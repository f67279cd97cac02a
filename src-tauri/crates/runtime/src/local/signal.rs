//! The engine's measurements as a screen shows them, with findings in words.

use console::api::{Message, SignalView, Tone};
use media_engine::{Signal, WebRtcState};

/// Keyframes farther apart make players wait to join.
const LONG_GOP_MS: u64 = 4_500;
/// Sound and picture farther apart than this are noticed.
const SKEW_MS: f64 = 1_500.0;

pub(super) fn view(signal: Signal, webrtc: WebRtcState) -> SignalView {
    let hints = hints(&signal, webrtc);
    SignalView {
        bitrate_bps: signal.bitrate_bps,
        fps: (signal.fps * 10.0).round() / 10.0,
        keyframe_interval_ms: signal.keyframe_interval_ms,
        width: signal.resolution.map(|(width, _)| width),
        height: signal.resolution.map(|(_, height)| height),
        video_codec: signal.video_codec,
        audio_codec: signal.audio_codec,
        audio_channels: signal.audio_format.map(|(channels, _)| channels),
        audio_sample_rate_hz: signal.audio_format.map(|(_, rate_hz)| rate_hz),
        audio_bitrate_bps: signal.audio_bitrate_bps,
        has_b_frames: signal.has_b_frames,
        dropped_units: signal.dropped_units,
        jitter_ms: (signal.jitter_ms * 10.0).round() / 10.0,
        av_skew_ms: signal.av_skew_ms.round(),
        hints,
    }
}

fn hints(signal: &Signal, webrtc: WebRtcState) -> Vec<Message> {
    let mut hints = Vec::new();
    let mut say = |text: String, next_step: &str| {
        hints.push(Message { tone: Tone::Warning, text, next_step: Some(next_step.to_owned()) });
    };
    if signal.resolution.is_some() && signal.audio_codec.is_none() {
        say(
            "No sound arrives.".to_owned(),
            "Check the microphone in the encoder; some platforms refuse silent streams.",
        );
    } else if signal.audio_codec.is_some() && signal.bitrate_bps > 0 && signal.audio_bitrate_bps < 1_000 {
        say(
            "The sound has stopped; silence is sent in its place.".to_owned(),
            "Check the encoder's microphone.",
        );
    }
    if let Some(interval_ms) = signal.keyframe_interval_ms.filter(|&interval_ms| interval_ms > LONG_GOP_MS) {
        say(
            format!(
                "Keyframes come only every {:.0} s, so viewers wait to join.",
                interval_ms as f64 / 1_000.0
            ),
            "Set the encoder's keyframe interval to 2 s.",
        );
    }
    if webrtc == WebRtcState::BFrames {
        say(
            "The picture has B-frames, which WebRTC cannot play; viewers get it another way meanwhile, a little later."
                .to_owned(),
            "Set B-frames to 0 in OBS, or -bf 0 in ffmpeg.",
        );
    } else if signal.has_b_frames {
        say(
            "The picture has B-frames, which add delay.".to_owned(),
            "Set B-frames to 0 in OBS, or -bf 0 in ffmpeg.",
        );
    }
    if webrtc == WebRtcState::NoPicture && signal.resolution.is_none() && signal.audio_codec.is_some() {
        say(
            "Only sound arrives, which WebRTC viewers cannot get alone; they get HLS meanwhile.".to_owned(),
            "Check the camera in the encoder.",
        );
    }
    if signal.av_skew_ms.abs() > SKEW_MS {
        say(
            format!("Sound and picture arrive {:.1} s apart.", signal.av_skew_ms.abs() / 1_000.0),
            "Restart the encoder; if it stays so, check its audio delay setting.",
        );
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_healthy_signal_has_no_findings() {
        let signal = Signal {
            bitrate_bps: 2_000_000,
            audio_bitrate_bps: 128_000,
            fps: 30.0,
            keyframe_interval_ms: Some(2_000),
            resolution: Some((1_280, 720)),
            audio_codec: Some("mp4a.40.2".to_owned()),
            ..Signal::default()
        };
        assert_eq!(view(signal, WebRtcState::Ready).hints, Vec::new());
    }

    #[test]
    fn each_finding_says_what_to_do() {
        let signal = Signal {
            bitrate_bps: 2_000_000,
            keyframe_interval_ms: Some(10_000),
            resolution: Some((1_280, 720)),
            has_b_frames: true,
            av_skew_ms: -3_000.0,
            ..Signal::default()
        };
        for webrtc in [WebRtcState::BFrames, WebRtcState::Off] {
            let hints = view(signal.clone(), webrtc).hints;
            assert_eq!(hints.len(), 4);
            assert!(hints.iter().all(|hint| hint.next_step.is_some()));
            let named = hints.iter().any(|hint| hint.text.contains("WebRTC"));
            assert_eq!(named, webrtc == WebRtcState::BFrames, "nobody who did not ask for it hears of it");
        }
    }

    #[test]
    fn sound_alone_is_said_where_webrtc_was_asked_for() {
        let signal = Signal {
            bitrate_bps: 128_000,
            audio_bitrate_bps: 128_000,
            audio_codec: Some("mp4a.40.2".to_owned()),
            ..Signal::default()
        };
        let said =
            |webrtc| view(signal.clone(), webrtc).hints.iter().any(|hint| hint.text.contains("Only sound"));
        assert!(said(WebRtcState::NoPicture));
        assert!(!said(WebRtcState::Off));
    }
}
