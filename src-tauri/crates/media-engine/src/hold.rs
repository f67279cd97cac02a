//! What stands in for a source that fell silent: its last picture again, and when the source may come back. Pure.
//!
//! Two IDR pictures in a row must differ in `idr_pic_id` (H.264 s7.4.3), so the still picture is shown in two variants
//! by turns, the second made only when it is first needed. Nothing is encoded.

use std::sync::Arc;

use bytes::Bytes;
use media_formats::h264::{self, VideoConfig};
use media_formats::unit::Unit;

/// A return that is this little too early on the time line is moved rather than left out.
const SMALL_SHIFT_MS: i64 = 500;

/// What was shown last, as far as it matters for what may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Nothing, or a picture that is no IDR picture.
    Other,
    /// A keyframe of the source.
    SourceKey,
    /// A still picture with this `idr_pic_id`, if it could be read.
    Still(Option<u32>),
}

/// The picture that is repeated while none arrives.
#[derive(Debug, Clone)]
pub(crate) struct Still {
    payload: Bytes,
    cts: i32,
    config: Arc<VideoConfig>,
    /// Its `idr_pic_id`, once looked for.
    id: Option<Option<u32>>,
    /// The same with another id, once needed.
    other: Option<(Bytes, u32)>,
}

impl Still {
    /// The source's newest keyframe.
    pub(crate) fn new(keyframe: &Unit, config: Arc<VideoConfig>) -> Self {
        Self { payload: keyframe.payload.clone(), cts: keyframe.cts, config, id: None, other: None }
    }

    /// What it is decoded with.
    pub(crate) fn config(&self) -> &Arc<VideoConfig> {
        &self.config
    }

    /// Presentation minus decoding time, in ticks of 90 kHz.
    pub(crate) fn cts(&self) -> i32 {
        self.cts
    }

    /// The variant that may follow what was shown, and what is shown then. A picture that cannot be read is repeated as
    /// it is: most decoders take it.
    pub(crate) fn after(&mut self, shown: Shown) -> (Bytes, Shown) {
        let own = *self.id.get_or_insert_with(|| h264::idr_pic_id(&self.payload, &self.config));
        let taken = match shown {
            Shown::Other => None,
            Shown::SourceKey => own,
            Shown::Still(id) => id,
        };
        match own {
            Some(id) if taken == Some(id) => {
                if self.other.is_none() {
                    let another = other_id(id);
                    self.other = h264::with_idr_pic_id(&self.payload, &self.config, another)
                        .map(|payload| (payload, another));
                }
                match &self.other {
                    Some((payload, another)) => (payload.clone(), Shown::Still(Some(*another))),
                    None => (self.payload.clone(), Shown::Still(own)),
                }
            }
            _ => (self.payload.clone(), Shown::Still(own)),
        }
    }
}

/// A keyframe of the source as it may follow what was shown.
pub(crate) fn returning(keyframe: &Bytes, config: &VideoConfig, shown: Shown) -> Bytes {
    let Shown::Still(Some(before)) = shown else { return keyframe.clone() };
    if h264::idr_pic_id(keyframe, config) != Some(before) {
        return keyframe.clone();
    }
    h264::with_idr_pic_id(keyframe, config, other_id(before)).unwrap_or_else(|| keyframe.clone())
}

fn other_id(id: u32) -> u32 {
    u32::from(id == 0)
}

/// What becomes of a unit that arrives while something stands in for its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Return {
    /// It is left out.
    Leave,
    /// The source is back with it.
    Take,
    /// The source is back with it, on a time line moved so that time does not go back.
    Shift,
}

/// Judges units that come back after a silence: late ones are history and are left out, unless nothing else comes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lateness {
    since_ms: Option<i64>,
}

impl Lateness {
    /// `late_ms` is by how much the unit comes too early on the time line to follow what was shown (0 or less: not at all).
    /// A source that stays late for `limit_ms` is moved.
    pub(crate) fn judge(&mut self, late_ms: i64, key: bool, now_ms: i64, limit_ms: i64) -> Return {
        if late_ms <= 0 {
            self.since_ms = None;
            return if key { Return::Take } else { Return::Leave };
        }
        let since_ms = *self.since_ms.get_or_insert(now_ms);
        if key && (late_ms <= SMALL_SHIFT_MS || now_ms - since_ms >= limit_ms) {
            return Return::Shift;
        }
        Return::Leave
    }

    /// Nothing came for a while: what comes next is a new return.
    pub(crate) fn forget(&mut self) {
        self.since_ms = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_units_are_left_out_until_it_is_clear_that_no_others_come() {
        let mut lateness = Lateness::default();
        assert_eq!(lateness.judge(6_000, true, 0, 3_000), Return::Leave);
        assert_eq!(lateness.judge(2_000, false, 2_900, 3_000), Return::Leave);
        assert_eq!(lateness.judge(2_000, true, 2_999, 3_000), Return::Leave);
        assert_eq!(
            lateness.judge(2_000, false, 3_000, 3_000),
            Return::Leave,
            "only a keyframe can be returned to"
        );
        assert_eq!(lateness.judge(2_000, true, 3_001, 3_000), Return::Shift);
    }

    #[test]
    fn a_little_lateness_moves_the_time_line_at_once() {
        assert_eq!(Lateness::default().judge(300, true, 0, 3_000), Return::Shift);
        assert_eq!(Lateness::default().judge(0, true, 0, 3_000), Return::Take);
        assert_eq!(Lateness::default().judge(-40, false, 0, 3_000), Return::Leave);
    }

    #[test]
    fn a_backlog_that_catches_up_is_taken_where_it_belongs() {
        let mut lateness = Lateness::default();
        assert_eq!(lateness.judge(8_000, true, 0, 3_000), Return::Leave);
        assert_eq!(lateness.judge(-10, true, 500, 3_000), Return::Take);
        assert_eq!(lateness.judge(4_000, true, 3_400, 3_000), Return::Leave, "counted anew");
    }

    /// OpenH264 tells of every fault it finds.
    #[cfg(feature = "pixels")]
    #[test]
    fn a_strict_decoder_shows_the_same_picture_again_and_again() {
        use media_formats::h264::annex_b;
        use media_formats::unit::TrackKind;
        use openh264::decoder::Decoder;
        use openh264::formats::YUVSource as _;

        let (config, mut payload) = crate::clip::first_keyframe();
        let config = Arc::new(config);
        let unit = Unit {
            track: TrackKind::Video,
            epoch: 0,
            seq: 0,
            dts: 0,
            cts: 0,
            key: true,
            payload: payload.clone(),
        };
        let mut still = Still::new(&unit, Arc::clone(&config));
        let mut decoder = Decoder::new().expect("a decoder");
        let (mut shown, mut pictures) = (Shown::SourceKey, Vec::new());
        for _ in 0..6 {
            let decoded = decoder.decode(&annex_b(&payload, &config)).expect("a picture without a fault");
            pictures.extend(decoded.map(|picture| picture.y().to_vec()));
            (payload, shown) = still.after(shown);
        }
        let kept = decoder.flush_remaining().expect("no fault");
        pictures.extend(kept.iter().map(|picture| picture.y().to_vec()));
        assert_eq!(pictures.len(), 6);
        assert!(pictures.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
