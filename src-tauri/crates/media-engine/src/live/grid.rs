//! Even decoding times for the pictures of one viewer.
//!
//! RTMP's whole milliseconds would give every picture another duration, from which GStreamer (and so every WebKitGTK
//! window) reads a new frame rate each time, and drops pictures. So each picture is decoded where the one before it was
//! foretold to end, and shown at its true time. The step follows the source at growing distances.

/// A picture farther from its place than this, and than three quarters of a step, begins a new grid (20 ms).
const TOLERANCE_TICKS: i64 = 1_800;
/// RTMP rounds to milliseconds: a grid this near the source is left alone (2 ms).
const ROUNDING_TICKS: i64 = 180;
/// Most pictures from one look at the source to the next.
const MAX_RUN: i64 = 128;
/// Step of a source nothing is known of: 30 pictures a second.
const USUAL_STEP: i64 = 3_000;
/// Longest foretold duration, half a second: longer ones would put what follows a pause far ahead of its time.
const LONGEST_STEP: i64 = 45_000;

/// See the module's documentation. All times are in 90 kHz ticks.
#[derive(Debug, Default)]
pub(super) struct Grid {
    /// None until told or measured.
    step: Option<i64>,
    /// Where the last picture was foretold to end.
    end: Option<i64>,
    run: Option<Run>,
}

/// Pictures in their places since the last look at the source.
#[derive(Debug)]
struct Run {
    /// True decoding time of the picture it began with.
    start: i64,
    frames: i64,
    /// The next look is after this many.
    until: i64,
    /// True decoding time of the newest picture.
    last: i64,
    /// That picture began a grid of its own.
    anew: bool,
}

impl Grid {
    /// Other pictures follow, of this rate if their header tells one.
    pub(super) fn begin(&mut self, fps: Option<f64>) {
        let told = fps.filter(|fps| (2.0..=240.0).contains(fps));
        self.step = told.map(|fps| (90_000.0 / fps).round() as i64).or(self.step);
        self.run = None;
    }

    /// Sets the step by the first pictures there are, given by their decoding times.
    pub(super) fn measure(&mut self, times: &[i64]) {
        let (Some(&first), Some(&last)) = (times.first(), times.last()) else { return };
        let steps = times.len() as i64 - 1;
        if let Some(mean) = (last - first + steps / 2).checked_div(steps) {
            let known = self.step.filter(|step| (mean - step).abs() * steps <= ROUNDING_TICKS);
            self.step = Some(known.unwrap_or(mean).clamp(1, LONGEST_STEP));
        }
        self.run =
            Some(Run { start: first, frames: 0, until: steps.clamp(1, MAX_RUN), last: first, anew: false });
    }

    /// Where the picture of this decoding time is put, and for how long. No place begins before the last one ends.
    pub(super) fn place(&mut self, dts: i64) -> (i64, i64) {
        let mut step = self.step.unwrap_or(USUAL_STEP);
        let fresh = Run { start: dts, frames: 0, until: 1, last: dts, anew: true };
        let mut run = self.run.take().unwrap_or(fresh);
        let place = match self.end {
            None => dts,
            Some(end) if (dts - end).abs() <= TOLERANCE_TICKS.max(step * 3 / 4) => {
                run.frames += 1;
                run.anew = false;
                end
            }
            // Missing pictures, another rate or a gap.
            Some(end) => {
                if run.anew {
                    // Once may be a loss, twice is another rate; what is behind catches up.
                    let distance = if end > dts { (dts - run.last) / 2 } else { dts - run.last };
                    step = distance.clamp(1, LONGEST_STEP);
                }
                run = Run { start: dts, frames: 0, until: 1, last: dts, anew: true };
                dts.max(end)
            }
        };
        run.last = dts;
        if run.frames >= run.until {
            let mean = (dts - run.start + run.frames / 2) / run.frames.max(1);
            let (off, next) = (dts - place, (run.frames * 2).clamp(1, MAX_RUN));
            if off.abs() > ROUNDING_TICKS || (mean - step).abs() * run.frames > ROUNDING_TICKS {
                // Meets the source by the next look.
                step = (mean + off / next).clamp(mean / 2, mean * 2).clamp(1, LONGEST_STEP);
            }
            run = Run { start: dts, frames: 0, until: next, last: dts, anew: false };
        }
        self.run = Some(run);
        self.step = Some(step);
        self.end = Some(place + step);
        (place, step)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Decoding times of a steady source, rounded as RTMP does.
    fn source(from_ms: i64, frames_per_1001_s: i64, count: i64) -> Vec<i64> {
        (0..count).map(|n| (from_ms + (n * 1_001_000 * 2 / frames_per_1001_s + 1) / 2) * 90).collect()
    }

    /// Places and durations. Checks that nothing overlaps.
    fn placed(grid: &mut Grid, times: &[i64]) -> Vec<(i64, i64)> {
        let places: Vec<_> = times.iter().map(|&dts| grid.place(dts)).collect();
        for pair in places.windows(2) {
            assert!(pair[0].1 > 0 && pair[1].0 >= pair[0].0 + pair[0].1, "{pair:?}");
        }
        places
    }

    fn steps(places: &[(i64, i64)]) -> usize {
        1 + places.windows(2).filter(|pair| pair[0].1 != pair[1].1).count()
    }

    fn farthest_ms(places: &[(i64, i64)], times: &[i64]) -> i64 {
        places.iter().zip(times).map(|((place, _), dts)| (place - dts).abs() / 90).max().unwrap_or(0)
    }

    #[test]
    fn a_source_measured_by_a_group_of_pictures_keeps_one_step_and_no_hole() {
        for rate in [15_015, 24_000, 25_025, 29_970, 30_030, 60_060] {
            let times = source(40, rate, 1_000);
            let mut grid = Grid::default();
            grid.begin(None);
            grid.measure(&times[..48]);
            let places = placed(&mut grid, &times);
            assert!(places.windows(2).all(|pair| pair[0].0 + pair[0].1 == pair[1].0), "{rate}: a hole");
            assert!(steps(&places) <= 6, "{rate}: {} steps", steps(&places));
            assert!(farthest_ms(&places, &times) <= 3, "{rate}: {} ms", farthest_ms(&places, &times));
        }
    }

    #[test]
    fn a_source_that_begins_unknown_is_soon_known() {
        for rate in [10_010, 24_000, 30_030, 60_060] {
            let times = source(0, rate, 600);
            let mut grid = Grid::default();
            grid.begin(None);
            grid.measure(&times[..1]);
            let places = placed(&mut grid, &times);
            assert!(steps(&places[64..]) <= 4, "{rate}: {:?}", &places[..64]);
            assert!(farthest_ms(&places[64..], &times[64..]) <= 3, "{rate}");
        }
    }

    #[test]
    fn a_told_rate_is_kept_to_the_tick() {
        let times = source(1_000, 29_970, 3_000);
        let mut grid = Grid::default();
        grid.begin(Some(29.97 / 1.001));
        grid.measure(&times[..1]);
        let places = placed(&mut grid, &times);
        assert!(steps(&places) <= 3, "{}", steps(&places));
    }

    #[test]
    fn a_lost_picture_leaves_a_hole_and_the_step_alone() {
        let mut times = source(0, 30_030, 200);
        times.drain(100..103);
        let mut grid = Grid::default();
        grid.begin(Some(30.0));
        let places = placed(&mut grid, &times);
        assert_eq!(steps(&places), 1);
        let holes: Vec<_> = places.windows(2).filter(|pair| pair[0].0 + pair[0].1 != pair[1].0).collect();
        assert_eq!(holes.len(), 1, "{holes:?}");
    }

    #[test]
    fn another_rate_is_followed() {
        for (before, after) in [(30_030, 15_015), (30_030, 60_060), (15_015, 60_060), (60_060, 10_010)] {
            let mut times = source(0, before, 100);
            let end_ms = times[99] / 90 + 30;
            times.extend(source(end_ms, after, 300));
            let mut grid = Grid::default();
            grid.begin(None);
            grid.measure(&times[..30]);
            let places = placed(&mut grid, &times);
            assert!(farthest_ms(&places[200..], &times[200..]) <= 20, "{before} to {after}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_nothing_overlaps_and_none_runs_far_ahead(
            start in 0_i64..1_000_000,
            distances in proptest::collection::vec(prop_oneof![1_i64..20_000, 1_i64..3_000, 3_000_i64..=3_000, 0_i64..900_000], 1..200),
            told in proptest::option::of(0.0_f64..300.0),
            measured in 0_usize..64,
        ) {
            let times: Vec<i64> = distances.iter().scan(start, |at, distance| { *at += distance; Some(*at) }).collect();
            let mut grid = Grid::default();
            grid.begin(told);
            grid.measure(&times[..measured.min(times.len())]);
            let places = placed(&mut grid, &times);
            for ((place, step), dts) in places.iter().zip(&times) {
                prop_assert!(*step <= LONGEST_STEP);
                prop_assert!(place - dts >= -(TOLERANCE_TICKS.max(LONGEST_STEP * 3 / 4)));
            }
        }
    }
}
