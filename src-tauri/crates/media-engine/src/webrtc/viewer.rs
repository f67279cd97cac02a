//! What one viewer is sent, when and with which times.
//!
//! A viewer that begins, or lost pictures, is sent the group of pictures from memory, one after the other as fast as the
//! pace allows. Their RTP times are pressed together, so that the player decodes its way to the present instead of playing
//! the past: the last of them bears the time before the next live picture's.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::Rtc;
use str0m::rtp::{RtpWrite, SeqNo};

use super::feed::Frame;
use super::negotiate::{Track, Tracks};
use super::pace::Pace;

/// Between the pressed times of a group of pictures, 90 kHz: a millisecond.
const PRESSED_STEP: i64 = 90;
/// Room for pressed times after the newest picture, 90 kHz: less than a frame lasts at 60 a second.
const PRESSED_ROOM: i64 = 1_200;
/// A viewer that asks for keyframes is given one group of pictures per this time.
const REPEAT_AFTER: Duration = Duration::from_millis(500);
/// Packets that may wait. Overflow policy: all go, and the newest group of pictures takes their place.
const MAX_WAITING: usize = 32_768;

/// Puts the stream's time line on the monotonic clock, for sender reports.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeLine {
    pub(super) now: Instant,
    /// The stream's position at that moment; no unit is ahead of it.
    pub(super) now_ms: i64,
}

impl TimeLine {
    fn at(&self, position: i64, rate_hz: i64) -> Instant {
        let behind_us =
            i128::from(self.now_ms) * 1_000 - i128::from(position) * 1_000_000 / i128::from(rate_hz);
        let behind_us = behind_us.clamp(0, 3_600_000_000) as u64;
        self.now.checked_sub(Duration::from_micros(behind_us)).unwrap_or(self.now)
    }
}

struct Waiting {
    payload: Arc<[u8]>,
    /// RTP time before the viewer's offset.
    time: i64,
    wallclock: Instant,
    marker: bool,
}

/// See the module's documentation.
pub(super) struct Viewer {
    tracks: Tracks,
    waiting: VecDeque<Waiting>,
    pace: Pace,
    video_seq: u64,
    audio_seq: u64,
    /// Added to all RTP times (RFC 3550 s5.1: unpredictable).
    offset: u32,
    /// Time of the newest packet queued, 90 kHz.
    last_time: Option<i64>,
    /// Pictures may follow: a keyframe was queued and nothing is missing since.
    whole: bool,
    begun_at: Option<Instant>,
}

impl Viewer {
    /// `random` seeds what RFC 3550 wants unpredictable.
    pub(super) fn new(tracks: Tracks, random: [u8; 8], now: Instant) -> Self {
        let [a, b, c, d, e, f, g, h] = random;
        Self {
            tracks,
            waiting: VecDeque::new(),
            pace: Pace::new(now),
            // Below 2^15, so that no receiver takes the first packets for those of the round before.
            video_seq: u64::from(u16::from_be_bytes([a, b]) >> 1),
            audio_seq: u64::from(u16::from_be_bytes([c, d]) >> 1),
            offset: u32::from_be_bytes([e, f, g, h]),
            last_time: None,
            whole: false,
            begun_at: None,
        }
    }

    pub(super) fn takes_sound(&self) -> bool {
        self.tracks.audio.is_some()
    }

    /// Something waits for its turn.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Begins from a group of pictures, whatever was sent before. Does nothing if it just did.
    pub(super) fn begin(&mut self, group: &[Arc<Frame>], line: TimeLine, now: Instant) {
        if self.whole && self.begun_at.is_some_and(|at| now.saturating_duration_since(at) < REPEAT_AFTER) {
            return;
        }
        let Some(newest) = group.last() else {
            self.whole = false;
            return;
        };
        self.waiting.clear();
        let count = group.len() as i64;
        let step = (PRESSED_ROOM / count).clamp(1, PRESSED_STEP);
        let first =
            (newest.pts - (count - 1) * step).max(self.last_time.map_or(i64::MIN, |last| last + step));
        for (frame, index) in group.iter().zip(0..) {
            self.queue(frame, first + index * step, line);
        }
        self.whole = true;
        self.begun_at = Some(now);
    }

    /// Pictures are missing from here on.
    pub(super) fn gap(&mut self) {
        self.waiting.clear();
        self.whole = false;
    }

    /// The next picture of the stream. False if the viewer has to begin again first.
    pub(super) fn picture(&mut self, frame: &Frame, line: TimeLine) -> bool {
        if frame.key {
            self.whole = true;
        }
        if !self.whole || self.waiting.len() > MAX_WAITING {
            self.gap();
            return false;
        }
        let time = frame.pts.max(self.last_time.map_or(i64::MIN, |last| last + 1));
        self.queue(frame, time, line);
        true
    }

    fn queue(&mut self, frame: &Frame, time: i64, line: TimeLine) {
        let wallclock = line.at(time, 90_000);
        let last = frame.payloads.len() - 1;
        for (payload, index) in frame.payloads.iter().zip(0..) {
            self.waiting.push_back(Waiting {
                payload: Arc::clone(payload),
                time,
                wallclock,
                marker: index == last,
            });
        }
        self.last_time = Some(time);
    }

    /// Hands what may leave now to the peer. True if anything did.
    pub(super) fn send(&mut self, rtc: &mut Rtc, now: Instant) -> bool {
        let mut sent = false;
        while let Some(next) = self.waiting.front() {
            if !self.pace.take(next.payload.len(), now) {
                break;
            }
            let Some(next) = self.waiting.pop_front() else { break };
            let Track { mid, pt } = self.tracks.video;
            let mut api = rtc.direct_api();
            let Some(stream) = api.stream_tx_by_mid(mid, None) else { break };
            let time = (next.time as u32).wrapping_add(self.offset);
            stream.write_rtp(
                RtpWrite::new(pt, SeqNo::from(self.video_seq), time, next.wallclock, next.payload)
                    .marker(next.marker)
                    .nackable(true),
            );
            self.video_seq += 1;
            sent = true;
        }
        sent
    }

    /// Hands a packet of sound to the peer. False if it takes none.
    pub(super) fn sound(&mut self, rtc: &mut Rtc, packet: &Arc<[u8]>, at: i64, line: TimeLine) -> bool {
        let Some(Track { mid, pt }) = self.tracks.audio else { return false };
        let mut api = rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, None) else { return false };
        let time = (at as u32).wrapping_add(self.offset);
        stream.write_rtp(RtpWrite::new(
            pt,
            SeqNo::from(self.audio_seq),
            time,
            line.at(at, 48_000),
            Arc::clone(packet),
        ));
        self.audio_seq += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer() -> Viewer {
        let video = Track { mid: "0".into(), pt: 96.into() };
        Viewer::new(Tracks { video, audio: None }, [7; 8], Instant::now())
    }

    fn frame(n: i64, key: bool) -> Arc<Frame> {
        Arc::new(Frame::for_test(vec![vec![1; 10].into(), vec![2; 10].into()], n * 3_000, key))
    }

    fn group(frames: i64) -> Vec<Arc<Frame>> {
        (0..frames).map(|n| frame(n, n == 0)).collect()
    }

    fn line() -> TimeLine {
        TimeLine { now: Instant::now(), now_ms: 60_000 }
    }

    fn times(viewer: &Viewer) -> Vec<i64> {
        viewer.waiting.iter().filter(|waiting| waiting.marker).map(|waiting| waiting.time).collect()
    }

    #[test]
    fn a_group_from_memory_is_pressed_together_before_the_next_live_picture() {
        let mut viewer = viewer();
        viewer.begin(&group(60), line(), Instant::now());
        let pressed = times(&viewer);
        assert_eq!((pressed.len(), pressed.last()), (60, Some(&(59 * 3_000))));
        assert!(pressed.windows(2).all(|pair| pair[0] < pair[1]), "{pressed:?}");
        assert!(pressed[59] - pressed[0] <= PRESSED_ROOM);
        assert!(viewer.picture(&frame(60, false), line()));
        assert_eq!(times(&viewer).last(), Some(&(60 * 3_000)));
    }

    #[test]
    fn a_viewer_that_asks_again_is_sent_the_group_after_what_it_had_and_before_what_comes() {
        let mut viewer = viewer();
        let now = Instant::now();
        viewer.begin(&group(30), line(), now);
        viewer.waiting.clear();
        viewer.begin(&group(30), line(), now + REPEAT_AFTER / 2);
        assert!(!viewer.is_waiting(), "it just had it");
        viewer.begin(&group(30), line(), now + REPEAT_AFTER);
        let again = times(&viewer);
        assert_eq!(again.len(), 30);
        assert!(again[0] > 29 * 3_000 && again[29] < 30 * 3_000, "{again:?}");
    }

    #[test]
    fn nothing_is_sent_after_a_gap_until_a_keyframe() {
        let mut viewer = viewer();
        assert!(!viewer.picture(&frame(0, false), line()));
        assert!(viewer.picture(&frame(1, true), line()));
        viewer.gap();
        assert!(!viewer.is_waiting());
        assert!(!viewer.picture(&frame(2, false), line()));
        viewer.begin(&group(4), line(), Instant::now());
        assert!(viewer.picture(&frame(5, false), line()));
    }

    #[test]
    fn times_are_told_against_the_clock_and_never_ahead_of_it() {
        let line = line();
        assert_eq!(line.at(59_000 * 90, 90_000), line.now - Duration::from_secs(1));
        assert_eq!(line.at(59_000 * 48, 48_000), line.now - Duration::from_secs(1));
        assert_eq!(line.at(61_000 * 90, 90_000), line.now);
    }
}
