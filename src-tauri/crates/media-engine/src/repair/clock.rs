//! One track's way from RTMP's 32-bit milliseconds to the stream's own time.

/// Larger steps than this, forwards, mean the sender's clock was set anew rather than that frames are missing.
const JUMP_FORWARD_MS: i64 = 10_000;
/// Smaller steps backwards are jitter of a careless encoder and are clamped; larger ones are a new clock.
const JUMP_BACKWARD_MS: i64 = 1_000;
/// Two tracks of one sender share a clock when they come out at most this far from each other.
const SHARED_CLOCK_MS: i64 = 5_000;
/// Media this far behind the stream's position was held up by more than the network (a connection that silent is
/// closed sooner): a computer slept, or a clock stands still. Live media is not played late: it is placed anew.
const LATE_MS: i64 = 30_000;

/// Where a message stands on the stream's time line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mapped {
    /// Milliseconds since the stream was created.
    pub(crate) out_ms: i64,
    /// The sender's clock was found to have been set anew.
    pub(crate) jumped: bool,
    /// Distance to the previous message of the track by the sender's clock; zero for the first.
    pub(crate) step_ms: i64,
}

/// Unwraps and re-bases one track's timestamps (RTMP 1.0 s3: unsigned 32-bit milliseconds that wrap after 49.7 days).
#[derive(Debug, Default)]
pub(crate) struct TrackClock {
    last_in_ms: Option<i64>,
    offset_ms: Option<i64>,
    last_out_ms: Option<i64>,
}

impl TrackClock {
    /// Forgets the sender: the next message is anchored anew. What came out so far is remembered.
    pub(crate) fn forget_sender(&mut self) {
        self.last_in_ms = None;
        self.offset_ms = None;
    }

    /// Maps a timestamp. `other` is the sister track, whose clock is shared where that is plausible; `now_ms` is the
    /// stream position a new clock is anchored at.
    pub(crate) fn map(&mut self, timestamp_ms: u32, other: &TrackClock, now_ms: i64) -> Mapped {
        let in_ms = self.unwrap(timestamp_ms);
        let step_ms = self.last_in_ms.map_or(0, |last| in_ms - last);
        let jumped = self.offset_ms.is_some_and(|offset_ms| {
            !(-JUMP_BACKWARD_MS..=JUMP_FORWARD_MS).contains(&step_ms)
                || now_ms - (in_ms + offset_ms) > LATE_MS
        });
        self.last_in_ms = Some(in_ms);
        let offset_ms = match self.offset_ms {
            Some(offset_ms) if !jumped => offset_ms,
            _ => self.anchor(in_ms, other, now_ms),
        };
        self.offset_ms = Some(offset_ms);
        let out_ms = in_ms.saturating_add(offset_ms);
        self.last_out_ms = Some(self.last_out_ms.map_or(out_ms, |last| last.max(out_ms)));
        Mapped { out_ms, jumped, step_ms }
    }

    fn anchor(&self, in_ms: i64, other: &TrackClock, now_ms: i64) -> i64 {
        if let (Some(offset_ms), Some(other_out_ms)) = (other.offset_ms, other.last_out_ms)
            && now_ms - other_out_ms <= LATE_MS
        {
            let shared_ms = in_ms + offset_ms;
            // A clock set back a little is near the sister's old one, but going back with it would freeze the picture.
            let goes_back = self.last_out_ms.is_some_and(|own_ms| shared_ms < own_ms - JUMP_BACKWARD_MS);
            if !goes_back && (shared_ms - other_out_ms).abs() <= SHARED_CLOCK_MS {
                return offset_ms;
            }
            return self.last_out_ms.map_or(other_out_ms, |own| other_out_ms.max(own + 1)) - in_ms;
        }
        let anchor_ms =
            self.last_out_ms.into_iter().chain(other.last_out_ms).fold(now_ms, |a, b| a.max(b + 1));
        anchor_ms - in_ms
    }

    fn unwrap(&self, timestamp_ms: u32) -> i64 {
        match self.last_in_ms {
            // The wrapping difference read as signed is the shortest way round the 32-bit circle.
            Some(last) => last + i64::from(timestamp_ms.wrapping_sub(last as u32) as i32),
            None => i64::from(timestamp_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_timestamp_need_not_be_zero() {
        let mut clock = TrackClock::default();
        assert_eq!(clock.map(3_600_000, &TrackClock::default(), 250).out_ms, 250);
        assert_eq!(clock.map(3_600_033, &TrackClock::default(), 900).out_ms, 283);
    }

    #[test]
    fn wraps_after_forty_nine_days_without_a_jump() {
        let mut clock = TrackClock::default();
        clock.map(u32::MAX - 10, &TrackClock::default(), 0);
        let mapped = clock.map(22, &TrackClock::default(), 33);
        assert_eq!((mapped.out_ms, mapped.jumped), (33, false));
    }

    #[test]
    fn after_an_hours_sleep_both_tracks_are_placed_at_the_present() {
        let (mut video, mut audio) = (TrackClock::default(), TrackClock::default());
        video.map(0, &audio, 0);
        audio.map(0, &video, 0);
        let now_ms = 3_600_000;
        let mapped = video.map(3_600_000, &audio, now_ms);
        assert_eq!((mapped.out_ms, mapped.jumped), (now_ms, true));
        assert_eq!(audio.map(3_600_010, &video, now_ms).out_ms, now_ms + 10);
    }

    #[test]
    fn a_clock_that_stands_still_is_placed_anew_and_not_left_behind() {
        let mut clock = TrackClock::default();
        clock.map(0, &TrackClock::default(), 0);
        assert!(!clock.map(0, &TrackClock::default(), 30_000).jumped);
        let mapped = clock.map(0, &TrackClock::default(), 30_001);
        assert_eq!((mapped.out_ms, mapped.jumped), (30_001, true));
    }

    #[test]
    fn restart_at_zero_is_anchored_after_what_came_out() {
        let mut clock = TrackClock::default();
        clock.map(1_000_000, &TrackClock::default(), 0);
        clock.map(1_005_000, &TrackClock::default(), 5_000);
        let mapped = clock.map(0, &TrackClock::default(), 9_000);
        assert_eq!((mapped.out_ms, mapped.jumped), (9_000, true));
    }

    #[test]
    fn tracks_with_one_clock_stay_together() {
        let (mut video, mut audio) = (TrackClock::default(), TrackClock::default());
        video.map(7_000, &audio, 100);
        assert_eq!(audio.map(7_021, &video, 180).out_ms, 121);
    }

    #[test]
    fn tracks_with_bases_of_their_own_meet() {
        let (mut video, mut audio) = (TrackClock::default(), TrackClock::default());
        video.map(0, &audio, 100);
        assert_eq!(audio.map(86_400_000, &video, 130).out_ms, 100);
        assert_eq!(audio.map(86_400_021, &video, 150).out_ms, 121);
    }

    #[test]
    fn when_both_tracks_jump_they_meet_again() {
        let (mut video, mut audio) = (TrackClock::default(), TrackClock::default());
        video.map(50_000, &audio, 0);
        audio.map(50_000, &video, 0);
        assert_eq!(video.map(10, &audio, 4_000).out_ms, 1, "until audio jumps too, video is held beside it");
        let audio_out = audio.map(30, &video, 4_020);
        assert!(audio_out.jumped);
        assert_eq!(audio_out.out_ms, 21);
    }
}
