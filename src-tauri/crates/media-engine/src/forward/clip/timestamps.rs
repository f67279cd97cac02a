//! A clip's clock, clean or as odd as cameras have it. Pure.

use media_formats::unit::TrackKind;

use super::ClipTimestamps;

/// Where odd pictures begin: the camera's own uptime.
const VIDEO_BASE_MS: u32 = 812_345;
/// Where odd sound begins: its own clock, which starts with it.
const AUDIO_BASE_MS: u32 = 17;
/// Each odd connection begins this much later than the one before would have gone on.
const CONNECTION_MS: u32 = 3_600_000;
/// Every so many pictures the clock steps back behind the one before.
const STEP_BACK_EVERY: u64 = 47;
const STEP_BACK_MS: u64 = 40;
/// Distances of odd pictures are uneven by up to this much.
const UNEVEN_MS: [u64; 7] = [0, 9, 3, 14, 1, 11, 6];

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Stamps {
    kind: ClipTimestamps,
    pictures: u64,
}

impl Stamps {
    pub(super) fn new(kind: ClipTimestamps) -> Self {
        Self { kind, pictures: 0 }
    }

    /// What a frame of this time in the clip is sent with. Wraps, as RTMP's clock does (RTMP 1.0 s3).
    pub(super) fn stamp(&mut self, track: TrackKind, at_ms: u64) -> u32 {
        let ClipTimestamps::Odd { connection } = self.kind else { return at_ms as u32 };
        let session_ms = CONNECTION_MS.wrapping_mul(connection);
        match track {
            TrackKind::Audio => AUDIO_BASE_MS.wrapping_add(session_ms).wrapping_add(at_ms as u32),
            TrackKind::Video => {
                let nth = self.pictures;
                self.pictures += 1;
                let uneven_ms = UNEVEN_MS[(nth % UNEVEN_MS.len() as u64) as usize];
                let is_step = nth > 0 && nth.is_multiple_of(STEP_BACK_EVERY);
                let moved_ms = if is_step { at_ms.saturating_sub(STEP_BACK_MS) } else { at_ms + uneven_ms };
                VIDEO_BASE_MS.wrapping_add(session_ms).wrapping_add(moved_ms as u32)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures(kind: ClipTimestamps) -> Vec<u32> {
        let mut stamps = Stamps::new(kind);
        (0..200).map(|nth| stamps.stamp(TrackKind::Video, nth * 100 / 3)).collect()
    }

    #[test]
    fn a_clean_clock_is_that_of_the_file() {
        let mut stamps = Stamps::new(ClipTimestamps::Clean);
        assert_eq!(stamps.stamp(TrackKind::Video, 40), 40);
        assert_eq!(stamps.stamp(TrackKind::Audio, 43), 43);
    }

    #[test]
    fn an_odd_clock_has_every_oddity() {
        let first = pictures(ClipTimestamps::Odd { connection: 0 });
        let sound = Stamps::new(ClipTimestamps::Odd { connection: 0 }).stamp(TrackKind::Audio, 0);
        assert!(first[0] > 60_000 && first[0] - sound > 60_000, "far from zero and from the sound");
        let steps: Vec<i64> = first.windows(2).map(|pair| i64::from(pair[1]) - i64::from(pair[0])).collect();
        let back: Vec<_> = steps.iter().filter(|step| **step < 0).collect();
        assert!(!back.is_empty() && back.iter().all(|step| **step > -100), "small steps back: {back:?}");
        assert!(
            steps.iter().any(|step| *step > 40) && steps.iter().any(|step| (1..26).contains(step)),
            "uneven: {steps:?}"
        );
        let second = pictures(ClipTimestamps::Odd { connection: 1 });
        assert!(second[0] - first[199] > 60_000, "another beginning after a connection");
    }
}
