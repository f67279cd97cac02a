//! Measured facts of a signal, from its units and when they arrived. Pure: arrival times are arguments.

use std::collections::VecDeque;

use media_formats::unit::{TrackKind, Unit, VIDEO_TIMESCALE_HZ};

use crate::repair::{Epoch, RepairCounts};
use crate::store::ticks_to_us;

/// Averages are over this long.
const WINDOW_MS: u64 = 2_000;
/// Bounds the window against a flood of tiny units.
const MAX_WINDOW_UNITS: usize = 4_096;
/// RFC 3550 s6.4.1.
const JITTER_GAIN: f64 = 1.0 / 16.0;

/// Facts of an arriving signal. Durations in milliseconds, rates in bits or frames a second.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Signal {
    /// Payload of both tracks over the last 2 s.
    pub bitrate_bps: u64,
    /// Sound's share of it.
    pub audio_bitrate_bps: u64,
    /// Frames a second by decoding times of the frames of the last 2 s; zero when none arrived.
    pub fps: f64,
    /// Distance of the last two keyframes.
    pub keyframe_interval_ms: Option<u64>,
    /// Picture size from the SPS.
    pub resolution: Option<(u32, u32)>,
    /// RFC 6381.
    pub video_codec: Option<String>,
    /// RFC 6381.
    pub audio_codec: Option<String>,
    /// Channels and sample rate (Hz).
    pub audio_format: Option<(u32, u32)>,
    /// Frames arrive in another order than they are shown.
    pub has_b_frames: bool,
    /// Units not passed on: before the first keyframe, without configuration, or doubled.
    pub dropped_units: u64,
    /// Silent units put in the place of missing sound.
    pub silent_units: u64,
    /// Timestamps moved.
    pub moved_timestamps: u64,
    /// Deviation of arrival from decoding times (RFC 3550 s6.4.1), of the picture.
    pub jitter_ms: f64,
    /// How far sound runs ahead of the picture at arrival, smoothed; negative: behind.
    pub av_skew_ms: f64,
}

/// Gathers [`Signal`].
#[derive(Debug, Default)]
pub(crate) struct Stats {
    window: VecDeque<Arrival>,
    signal: Signal,
    audio_rate_hz: u32,
    last_key_dts: Option<i64>,
    /// Newest presentation time of the epoch: an earlier one after it is a B-frame.
    newest_pts: Option<i64>,
    last_video: Option<(u64, i64)>,
    last_video_ms: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Arrival {
    at_ms: u64,
    bytes: usize,
    track: TrackKind,
    dts: i64,
}

impl Stats {
    /// A new configuration holds from here on.
    pub(crate) fn epoch(&mut self, epoch: &Epoch) {
        self.signal.resolution = epoch.video.as_ref().map(|config| (config.sps.width, config.sps.height));
        self.signal.video_codec = epoch.video.as_ref().map(|config| config.codec_string());
        self.signal.audio_codec = epoch.audio.as_ref().map(|config| config.codec_string());
        self.signal.audio_format =
            epoch.audio.as_ref().map(|config| (u32::from(config.channels), config.sample_rate_hz));
        self.signal.has_b_frames = false;
        self.signal.keyframe_interval_ms = None;
        self.signal.jitter_ms = 0.0;
        self.signal.av_skew_ms = 0.0;
        self.audio_rate_hz = epoch.audio.as_ref().map_or(0, |config| config.sample_rate_hz);
        self.last_key_dts = None;
        self.newest_pts = None;
        self.last_video = None;
        self.last_video_ms = None;
        self.window.clear();
    }

    /// Counts a unit that arrived at `at_ms`.
    pub(crate) fn unit(&mut self, unit: &Unit, at_ms: u64) {
        self.window.push_back(Arrival { at_ms, bytes: unit.payload.len(), track: unit.track, dts: unit.dts });
        if self.window.len() > MAX_WINDOW_UNITS {
            self.window.pop_front();
        }
        match unit.track {
            TrackKind::Video => self.video(unit, at_ms),
            TrackKind::Audio => self.audio(unit),
        }
    }

    fn video(&mut self, unit: &Unit, at_ms: u64) {
        // A composition offset alone is none: some encoders put the same one on every picture.
        let pts = unit.pts();
        self.signal.has_b_frames |= self.newest_pts.is_some_and(|newest| !unit.key && pts < newest);
        self.newest_pts = Some(self.newest_pts.map_or(pts, |newest| newest.max(pts)));
        if unit.key {
            if let Some(last) = self.last_key_dts {
                self.signal.keyframe_interval_ms = Some(video_ms(unit.dts - last).max(0.0).round() as u64);
            }
            self.last_key_dts = Some(unit.dts);
        }
        if let Some((last_at_ms, last_dts)) = self.last_video {
            let deviation = at_ms as f64 - last_at_ms as f64 - video_ms(unit.dts - last_dts);
            self.signal.jitter_ms += (deviation.abs() - self.signal.jitter_ms) * JITTER_GAIN;
        }
        self.last_video = Some((at_ms, unit.dts));
        self.last_video_ms = Some(video_ms(unit.dts));
    }

    fn audio(&mut self, unit: &Unit) {
        let Some(video_ms) = self.last_video_ms else { return };
        let audio_ms = ticks_to_us(unit.dts.max(0) as u64, self.audio_rate_hz) as f64 / 1_000.0;
        self.signal.av_skew_ms += (audio_ms - video_ms - self.signal.av_skew_ms) * JITTER_GAIN;
    }

    /// Whether pictures of this epoch came in another order than they are shown in.
    pub(crate) fn has_b_frames(&self) -> bool {
        self.signal.has_b_frames
    }

    /// The facts as of `now_ms`.
    pub(crate) fn signal(&mut self, now_ms: u64, counts: RepairCounts) -> Signal {
        while self.window.front().is_some_and(|arrival| arrival.at_ms + WINDOW_MS < now_ms) {
            self.window.pop_front();
        }
        // A young window is averaged over its age, not over time in which nothing could arrive.
        let span_ms =
            self.window.front().map_or(WINDOW_MS, |first| (now_ms - first.at_ms.min(now_ms)).max(500));
        let bits = |filter: Option<TrackKind>| {
            let bytes: usize = self
                .window
                .iter()
                .filter(|arrival| filter.is_none_or(|track| arrival.track == track))
                .map(|arrival| arrival.bytes)
                .sum();
            bytes as u64 * 8_000 / span_ms
        };
        let mut frames = self.window.iter().filter(|arrival| arrival.track == TrackKind::Video);
        let fps = match (frames.next(), frames.next_back()) {
            (Some(first), Some(last)) if last.dts > first.dts => {
                let count = 1 + frames.count();
                count as f64 * 1_000.0 / video_ms(last.dts - first.dts)
            }
            _ => 0.0,
        };
        Signal {
            bitrate_bps: bits(None),
            audio_bitrate_bps: bits(Some(TrackKind::Audio)),
            fps,
            dropped_units: counts.dropped_units,
            silent_units: counts.silent_units,
            moved_timestamps: counts.moved_timestamps,
            ..self.signal.clone()
        }
    }
}

fn video_ms(ticks: i64) -> f64 {
    ticks as f64 * 1_000.0 / f64::from(VIDEO_TIMESCALE_HZ)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn frame(n: i64, key: bool, cts: i32) -> Unit {
        let payload = Bytes::from_static(&[0; 1_000]);
        Unit { track: TrackKind::Video, epoch: 0, seq: n as u64, dts: n * 3_000, cts, key, payload }
    }

    #[test]
    fn thirty_frames_a_second_are_measured_as_such() {
        let mut stats = Stats::default();
        for n in 0..120 {
            stats.unit(&frame(n, n % 60 == 0, 0), (n as u64) * 1_000 / 30);
        }
        let signal = stats.signal(3_967, RepairCounts::default());
        assert!((signal.fps - 30.0).abs() < 0.1, "{}", signal.fps);
        assert_eq!(signal.keyframe_interval_ms, Some(2_000));
        assert!((230_000..250_000).contains(&signal.bitrate_bps), "{}", signal.bitrate_bps);
        assert!(signal.jitter_ms < 1.0);
        assert!(!signal.has_b_frames);
    }

    #[test]
    fn nothing_arriving_is_zero_not_the_last_value() {
        let mut stats = Stats::default();
        for n in 0..60 {
            stats.unit(&frame(n, n == 0, 0), n as u64 * 33);
        }
        let signal = stats.signal(60 * 33 + 5_000, RepairCounts::default());
        assert_eq!((signal.bitrate_bps, signal.fps), (0, 0.0));
    }

    #[test]
    fn reordering_is_seen() {
        let mut stats = Stats::default();
        for (n, cts) in [(0, 3_000), (1, 3_000), (2, 3_000)] {
            stats.unit(&frame(n, n == 0, cts), 0);
        }
        assert!(!stats.signal(10, RepairCounts::default()).has_b_frames, "the same offset on every picture");
        for (n, cts) in [(3, 9_000), (4, 0)] {
            stats.unit(&frame(n, false, cts), 0);
        }
        assert!(stats.signal(10, RepairCounts::default()).has_b_frames);
    }
}
