//! What a broadcast check found, in numbers and words. Pure.

use media_formats::unit::TrackKind;

use super::receiver::Arrival;
use super::{CheckPart, CheckSample, CheckScores};

/// The first pictures come in a rush, from the last keyframe on; rates are measured after it.
const SETTLE_MS: u64 = 300;
/// A second's bitrate swings with its keyframes: compared are averages over so many seconds.
const SMOOTHED_S: usize = 3;
/// Platforms ask for a keyframe every 2 s and refuse or complain above 4.
const GOOD_KEYFRAMES_MS: u32 = 2_100;
const TOLERATED_KEYFRAMES_MS: u32 = 4_100;
/// Sounds farther apart than this leave something out: the longest AAC frame lasts 128 ms (8 kHz).
const SOUND_GAP_MS: u32 = 200;

/// Scores what arrived.
pub(super) fn scores(arrivals: &[Arrival]) -> CheckScores {
    let samples = samples(arrivals);
    let mut parts = vec![bitrate(&samples)];
    if arrivals.iter().any(|arrival| arrival.track == TrackKind::Video) {
        parts.push(keyframes(arrivals));
    }
    parts.extend([sound(arrivals), timestamps(arrivals), gaps(arrivals)]);
    CheckScores {
        score: parts.iter().map(|part| part.score).min().unwrap_or(0),
        seconds: (arrivals.last().map_or(0, |last| last.at_ms) as u32 + 500) / 1_000,
        parts,
        samples,
    }
}

fn samples(arrivals: &[Arrival]) -> Vec<CheckSample> {
    let mut samples: Vec<CheckSample> = Vec::new();
    let mut before_ms = SETTLE_MS;
    for arrival in arrivals.iter().filter(|arrival| arrival.at_ms >= SETTLE_MS) {
        let second = ((arrival.at_ms - SETTLE_MS) / 1_000) as usize;
        while samples.len() <= second {
            samples.push(CheckSample {
                at_ms: SETTLE_MS + 1_000 * (samples.len() as u64 + 1),
                ..CheckSample::default()
            });
        }
        let sample = &mut samples[second];
        let bits = arrival.bytes as u64 * 8;
        sample.bitrate_bps += bits;
        match arrival.track {
            TrackKind::Video => sample.fps += 1.0,
            TrackKind::Audio => sample.audio_bitrate_bps += bits,
        }
        sample.longest_gap_ms = sample.longest_gap_ms.max(arrival.at_ms - before_ms);
        before_ms = arrival.at_ms;
    }
    // The last second is not over.
    if samples.len() > 1 {
        samples.pop();
    }
    samples
}

fn bitrate(samples: &[CheckSample]) -> CheckPart {
    let mean = |samples: &[CheckSample]| {
        samples.iter().map(|sample| sample.bitrate_bps as f64).sum::<f64>() / samples.len().max(1) as f64
    };
    let overall = mean(samples);
    let swing = samples
        .windows(SMOOTHED_S.min(samples.len().max(1)))
        .map(|window| (mean(window) - overall).abs() / overall.max(1.0))
        .fold(0.0, f64::max);
    let score = linear(swing, 0.25, 1.0);
    let text = format!("{:.1} Mb/s on average, at most {:.0} % off.", overall / 1e6, swing * 100.0);
    part(
        "Bitrate",
        score,
        text,
        "Set the encoder to a constant bitrate (CBR) below three quarters of the upload speed.",
    )
}

fn keyframes(arrivals: &[Arrival]) -> CheckPart {
    const FIX: &str = "Set the encoder's keyframe interval to 2 s.";
    let times = times(arrivals, TrackKind::Video, true);
    let longest_ms = times.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).max();
    let spanned_ms = arrivals.last().map_or(0, |last| last.at_ms) as u32;
    let Some(longest_ms) = longest_ms else {
        let score = if spanned_ms > TOLERATED_KEYFRAMES_MS { 0 } else { 100 };
        return part("Keyframes", score, "Only one keyframe arrived.".to_owned(), FIX);
    };
    let score = if longest_ms <= GOOD_KEYFRAMES_MS {
        100
    } else if longest_ms <= TOLERATED_KEYFRAMES_MS {
        80
    } else {
        linear(f64::from(longest_ms), f64::from(TOLERATED_KEYFRAMES_MS), 10_000.0).min(60)
    };
    part("Keyframes", score, format!("Every {:.1} s at the longest.", f64::from(longest_ms) / 1_000.0), FIX)
}

fn sound(arrivals: &[Arrival]) -> CheckPart {
    let times = times(arrivals, TrackKind::Audio, false);
    let is_silent = !arrivals.iter().any(|arrival| arrival.track == TrackKind::Audio && arrival.telling);
    if is_silent {
        return part(
            "Sound",
            70,
            "The camera sends no sound; silence is sent in its place.".to_owned(),
            "Switch the microphone on, or leave it so on purpose.",
        );
    }
    let holes = times.windows(2).filter(|pair| pair[1].wrapping_sub(pair[0]) > SOUND_GAP_MS).count();
    let text = match holes {
        0 => "Without a gap.".to_owned(),
        1 => "It broke off once.".to_owned(),
        holes => format!("It broke off {holes} times."),
    };
    part(
        "Sound",
        (100_u32).saturating_sub(holes as u32 * 20),
        text,
        "Choose AAC in the encoder's audio settings.",
    )
}

fn timestamps(arrivals: &[Arrival]) -> CheckPart {
    let wrong: usize = [TrackKind::Video, TrackKind::Audio]
        .into_iter()
        .map(|track| {
            let times = times(arrivals, track, false);
            // Increasing, read around the 32-bit circle.
            times.windows(2).filter(|pair| pair[1].wrapping_sub(pair[0]) as i32 <= 0).count()
        })
        .sum();
    let text = if wrong == 0 {
        "They always increase.".to_owned()
    } else {
        format!("{wrong} of them did not increase.")
    };
    part("Timestamps", 100_u32.saturating_sub(wrong as u32 * 25), text, "Restart the encoder.")
}

fn gaps(arrivals: &[Arrival]) -> CheckPart {
    let settled: Vec<u64> =
        arrivals.iter().map(|arrival| arrival.at_ms).filter(|&at_ms| at_ms >= SETTLE_MS).collect();
    let longest_ms = settled.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    let score = linear(longest_ms as f64, 300.0, 3_000.0);
    part(
        "Gaps",
        score,
        format!("The longest wait for media was {longest_ms} ms."),
        "Move the camera closer to the Wi-Fi router, or lower its bitrate.",
    )
}

/// Timestamps of a track; of keyframes and real sounds only where `telling`.
fn times(arrivals: &[Arrival], track: TrackKind, telling: bool) -> Vec<u32> {
    arrivals
        .iter()
        .filter(|arrival| arrival.track == track && (arrival.telling || !telling))
        .map(|arrival| arrival.timestamp_ms)
        .collect()
}

/// 100 up to `good`, 0 from `bad` on, straight between.
fn linear(value: f64, good: f64, bad: f64) -> u32 {
    let share = ((bad - value) / (bad - good)).clamp(0.0, 1.0);
    (share * 100.0).round() as u32
}

fn part(subject: &str, score: u32, text: String, fix: &str) -> CheckPart {
    CheckPart { subject: subject.to_owned(), score, text, fix: (score < 100).then(|| fix.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 30 fps and 47 sounds a second, for 10 s, a keyframe every `gop_ms`.
    fn arrivals(gop_ms: u32) -> Vec<Arrival> {
        let mut all: Vec<Arrival> = (0..300_u32)
            .map(|frame| {
                let at = frame * 100 / 3;
                Arrival {
                    track: TrackKind::Video,
                    at_ms: u64::from(at),
                    timestamp_ms: at,
                    bytes: 10_000,
                    telling: at % gop_ms < 33,
                }
            })
            .collect();
        all.extend((0..470_u32).map(|frame| {
            let at = frame * 64 / 3;
            Arrival {
                track: TrackKind::Audio,
                at_ms: u64::from(at),
                timestamp_ms: at,
                bytes: 300,
                telling: true,
            }
        }));
        all.sort_by_key(|arrival| arrival.at_ms);
        all
    }

    fn score(scores: &CheckScores, subject: &str) -> u32 {
        scores.parts.iter().find(|part| part.subject == subject).expect("the part").score
    }

    #[test]
    fn a_steady_stream_scores_everything() {
        let scores = scores(&arrivals(2_000));
        assert_eq!(scores.score, 100, "{scores:?}");
        assert!(scores.parts.iter().all(|part| part.fix.is_none()));
        assert_eq!(scores.seconds, 10);
        assert_eq!(scores.samples.len(), 9);
        assert!((scores.samples[3].fps - 30.0).abs() < 1.5);
    }

    #[test]
    fn each_fault_lowers_its_own_score() {
        let found = scores(&arrivals(5_000));
        assert!(score(&found, "Keyframes") <= 60);
        assert_eq!(score(&found, "Gaps"), 100);

        let mut silent = arrivals(2_000);
        silent.iter_mut().filter(|arrival| arrival.track == TrackKind::Audio).for_each(|a| a.telling = false);
        assert_eq!(score(&scores(&silent), "Sound"), 70);

        let mut holed = arrivals(2_000);
        holed.retain(|arrival| !(4_000..6_000).contains(&arrival.at_ms));
        let found = scores(&holed);
        assert!(score(&found, "Gaps") < 50);
        assert!(score(&found, "Sound") < 100);

        let mut wild = arrivals(2_000);
        wild[50].timestamp_ms = 0;
        assert!(score(&scores(&wild), "Timestamps") < 100);

        let mut uneven = arrivals(2_000);
        uneven.iter_mut().filter(|arrival| arrival.at_ms > 5_000).for_each(|arrival| arrival.bytes /= 10);
        assert!(score(&scores(&uneven), "Bitrate") < 50);
        assert!(scores(&uneven).parts[0].fix.is_some());
    }

    #[test]
    fn a_single_arrival_is_no_reason_to_fall_over() {
        let scores = scores(&arrivals(2_000)[..1]);
        assert_eq!(scores.seconds, 0);
        assert!(scores.samples.is_empty());
    }
}
