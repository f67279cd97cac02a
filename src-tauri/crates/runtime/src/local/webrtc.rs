//! How a stream does over WebRTC, as a screen shows it.

use console::api::{WebRtcState as Shown, WebRtcView};
use media_engine::{WebRtcState, WebRtcStats};

/// Estimates are told to a tenth of a megabit: finer, every report would be news.
const STEP_BPS: u64 = 100_000;

pub(super) fn view(state: WebRtcState, stats: &WebRtcStats) -> WebRtcView {
    WebRtcView {
        state: match state {
            WebRtcState::Off => Shown::Off,
            WebRtcState::NoMedia => Shown::NoMedia,
            WebRtcState::NoPicture => Shown::NoPicture,
            WebRtcState::BFrames => Shown::BFrames,
            WebRtcState::Ready => Shown::Ready,
        },
        viewers: stats.viewers,
        slowest_bps: stats.lowest_estimate_bps.map(|bps| (bps + STEP_BPS / 2) / STEP_BPS * STEP_BPS),
        worst_loss_percent: stats.worst_loss.map(|loss| f64::from(loss * 100.0).round()),
        longest_round_trip_ms: stats.longest_round_trip_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rounded_to_what_a_person_reads() {
        let stats = WebRtcStats {
            viewers: 3,
            lowest_estimate_bps: Some(1_849_999),
            worst_loss: Some(0.0244),
            longest_round_trip_ms: Some(41),
        };
        let shown = view(WebRtcState::Ready, &stats);
        assert_eq!((shown.state, shown.viewers, shown.longest_round_trip_ms), (Shown::Ready, 3, Some(41)));
        assert_eq!((shown.slowest_bps, shown.worst_loss_percent), (Some(1_800_000), Some(2.0)));
        assert_eq!(view(WebRtcState::Off, &WebRtcStats::default()), WebRtcView::default());
    }
}
