//! Turning what is left of a live presentation into one that starts at zero.

use super::{Period, Track};

impl Track {
    /// A media time as milliseconds into the period; before its start counts as zero.
    fn in_period_ms(&self, time: u64) -> u64 {
        let ticks = time.saturating_sub(self.presentation_time_offset);
        (u128::from(ticks) * 1000 / u128::from(self.timescale.max(1))) as u64
    }

    fn start_ms(&self) -> Option<u64> {
        self.segments.first().map(|first| self.in_period_ms(first.time))
    }

    fn end_ms(&self) -> Option<u64> {
        self.segments.last().map(|last| self.in_period_ms(last.time + last.duration))
    }
}

/// Moves the periods so that the oldest segment plays at zero, and gives the presentation's length in milliseconds.
/// Without it a player would sit through the hours whose segments are gone.
pub(super) fn rebase(periods: &mut [Period]) -> u64 {
    let Some(first) = periods.first_mut() else { return 0 };
    let gone_ms = first.tracks().filter_map(Track::start_ms).min().unwrap_or(0);
    for track in first.tracks_mut() {
        let gone_ticks = u128::from(gone_ms) * u128::from(track.timescale) / 1000;
        track.presentation_time_offset += gone_ticks as u64;
    }
    let origin_ms = first.start_ms + gone_ms;
    for (index, period) in periods.iter_mut().enumerate() {
        period.start_ms = if index == 0 { 0 } else { period.start_ms.saturating_sub(origin_ms) };
    }
    let ends = periods
        .iter()
        .flat_map(|period| period.tracks().filter_map(Track::end_ms).map(|end_ms| period.start_ms + end_ms));
    ends.max().unwrap_or(0)
}
