//! One track being cut: pictures on their grid, units into parts, parts into the open segment.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use media_formats::fmp4::{self, SampleEntry};
use media_formats::unit::{TrackKind, Unit};

use super::MAX_SEGMENT_BYTES;
use crate::store::{Init, Part, Segment, TrackWindow, ticks_to_us};

/// A segment is not closed at a keyframe before this: closely spaced keyframes share a segment.
const MIN_SEGMENT_MS: u64 = 1_900;
/// A frame later than foretold by more than this is left where it is, and a hole with it.
const MAX_PLACEMENT_MS: u64 = 100;
/// A picture farther from the even grid than this, and than three quarters of a frame, begins a new one.
const GRID_TOLERANCE_MS: u64 = 20;
/// RTMP rounds to milliseconds, and the usual frame duration is an average: a frame that overshoots by this still fits.
const ROUNDING_MS: u64 = 2;
/// Payload at which a part is closed early, so that a clock that stands still cannot make it grow without end.
const MAX_PART_BYTES: usize = 16 << 20;
/// Units at which a part is closed early.
const MAX_PART_UNITS: usize = 1_024;

/// A track being cut.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) window: TrackWindow,
    pub(super) init: Arc<Init>,
    pending: Vec<Unit>,
    /// Decoding time of the part being gathered.
    part_start: u64,
    /// Where the last closed part ended, if the next frame is expected to join it.
    pub(super) foretold_end: Option<u64>,
    /// Usual frame duration in ticks.
    pub(super) nominal: u64,
    last_dts: Option<u64>,
    /// Usual frame duration of moving pictures, while a still one is shown.
    moving_nominal: Option<u64>,
    /// True decoding time of the segment's first picture, and pictures since.
    run: Option<(i64, i64)>,
    /// Times (µs) at which the lead track began segments this track has not yet begun.
    pub(super) cuts: VecDeque<u64>,
    /// Where the lead's last cut was, in this track's ticks: a gap after it begins there.
    cut_at: u64,
    discontinuity_next: bool,
    /// Payload in `pending`.
    pending_bytes: usize,
    /// Longest part allowed.
    pub(super) part_limit_ms: u64,
    fragment: u32,
}

/// Decoding times are never negative: a stream's time line begins at its creation.
pub(super) fn dts(unit: &Unit) -> u64 {
    unit.dts.max(0) as u64
}

/// Changes when a unit is decoded; a picture is still shown when it was to be.
fn move_dts(unit: &mut Unit, dts: i64) {
    if unit.track == TrackKind::Video {
        unit.cts =
            unit.cts.saturating_add((unit.dts - dts).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32);
    }
    unit.dts = dts;
}

impl Track {
    pub(super) fn new(
        kind: TrackKind,
        init: Init,
        usual: Option<u64>,
        next_msn: u64,
        discontinuity_sequence: u64,
        discontinuity: bool,
    ) -> Self {
        Self {
            window: TrackWindow::new(kind, next_msn, discontinuity_sequence),
            nominal: usual.unwrap_or(u64::from(init.timescale_hz) / 30),
            part_start: epoch_start(&init),
            init: Arc::new(init),
            pending: Vec::new(),
            pending_bytes: 0,
            foretold_end: None,
            last_dts: None,
            moving_nominal: None,
            run: None,
            cuts: VecDeque::new(),
            cut_at: 0,
            discontinuity_next: discontinuity,
            part_limit_ms: 0,
            fragment: 0,
        }
    }

    pub(super) fn begin_epoch(&mut self, init: Init, usual: Option<u64>, discontinuity: bool) {
        // Without a word about it, the new epoch is as fast as the old one.
        self.nominal = usual.unwrap_or(self.nominal);
        self.part_start = epoch_start(&init);
        self.cut_at = 0;
        if init.timescale_hz != self.init.timescale_hz {
            self.last_dts = None;
        }
        self.init = Arc::new(init);
        self.discontinuity_next |= discontinuity;
        self.cuts.clear();
    }

    fn ms(&self, ticks: u64) -> u64 {
        ticks_to_us(ticks, self.init.timescale_hz) / 1_000
    }

    /// End of everything gathered, as far as it is known.
    pub(super) fn end(&self) -> u64 {
        match self.pending.last() {
            Some(last) => dts(last) + self.nominal,
            None => self
                .foretold_end
                .or(self.window.open.as_ref().map(|open| open.start + open.duration))
                .unwrap_or(self.part_start),
        }
    }

    /// Something was gathered since the last segment was closed.
    pub(super) fn is_filling(&self) -> bool {
        self.window.open.is_some() || !self.pending.is_empty()
    }

    /// Ticks of a number of microseconds, to the nearest.
    pub(super) fn ticks_of_us(&self, us: u64) -> u64 {
        ((u128::from(us) * u128::from(self.init.timescale_hz) + 500_000) / 1_000_000) as u64
    }

    /// Ticks of a number of milliseconds.
    fn ticks(&self, ms: u64) -> u64 {
        ms * u64::from(self.init.timescale_hz) / 1_000
    }

    /// True when `unit` is to begin a new segment on the lead track.
    pub(super) fn wants_segment(&self, unit: &Unit, longest_ms: u64) -> bool {
        let Some(start) = self.segment_start() else { return false };
        self.holds_too_much() || self.is_past(start, unit, longest_ms)
    }

    /// True when `unit` would stretch this following track's segment beyond `longest_ms`.
    pub(super) fn overflows(&self, unit: &Unit, longest_ms: u64) -> bool {
        let Some(start) = self.segment_start() else { return false };
        self.holds_too_much() || self.ms((dts(unit) + self.nominal).saturating_sub(start)) > longest_ms
    }

    fn holds_too_much(&self) -> bool {
        self.window.open.as_ref().is_some_and(|open| open.len_bytes() > MAX_SEGMENT_BYTES)
    }

    /// True when a segment from `start` on ends before `unit`.
    pub(super) fn is_past(&self, start: u64, unit: &Unit, longest_ms: u64) -> bool {
        let elapsed_ms = self.ms(dts(unit).saturating_sub(start));
        // Sound alone has a keyframe everywhere: cut at the target.
        let keyframe = unit.track == TrackKind::Audio || unit.key;
        (keyframe && elapsed_ms >= MIN_SEGMENT_MS) || elapsed_ms + self.ms(self.nominal) > longest_ms
    }

    fn segment_start(&self) -> Option<u64> {
        match self.window.open.as_ref() {
            Some(open) => Some(open.start),
            None => self.pending.first().map(dts),
        }
    }

    /// Gives a picture the next place on the grid, if that is near its own; its presentation time stays.
    pub(super) fn put_on_grid(&mut self, unit: &mut Unit) {
        if self.moving_nominal.is_some() {
            return;
        }
        let Some(last) = self.last_dts else {
            self.run = Some((unit.dts, 0));
            return;
        };
        let (last, step) = (last as i64, self.nominal as i64);
        let tolerance = (step * 3 / 4).max(self.ticks(GRID_TOLERANCE_MS) as i64);
        let place = last + step;
        if (unit.dts - place).abs() <= tolerance {
            move_dts(unit, place);
            self.run = self.run.map(|(start, frames)| (start, frames + 1));
            return;
        }
        // A missing picture, another frame rate or a gap: the grid begins anew where the picture is.
        let off = unit.dts - last;
        if (1..=step * 3).contains(&off) {
            self.nominal = ((step * 3 + off) / 4).max(1) as u64;
        }
        self.run = None;
        move_dts(unit, unit.dts.max(last + 1));
    }

    /// A segment begins with the picture of this true decoding time, at this place on the grid: the step is set so
    /// that the grid meets the source by the segment's end.
    pub(super) fn follow_source(&mut self, true_dts: i64, place: i64) {
        if let Some((start, frames)) = self.run.filter(|&(_, frames)| frames > 0) {
            let step = (true_dts - start + (true_dts - place) + frames / 2) / frames;
            self.nominal = step.max(1) as u64;
        }
        self.run = Some((true_dts, 0));
    }

    /// Units of this duration follow, without a hole; returns where they begin.
    pub(super) fn stand_still(&mut self, step: u64) -> u64 {
        // A segment that was said to be a gap is not filled any more.
        let end = self
            .window
            .listed()
            .next_back()
            .filter(|last| last.init.epoch == self.init.epoch)
            .map_or(self.part_start, |last| last.start + last.duration);
        self.moving_nominal.get_or_insert(self.nominal);
        self.nominal = step;
        self.run = None;
        self.foretold_end = Some(end);
        end
    }

    /// The usual frame duration is what it was.
    pub(super) fn move_on(&mut self) {
        if let Some(nominal) = self.moving_nominal.take() {
            self.nominal = nominal;
            self.run = None;
        }
    }

    /// Adds a unit to the part being gathered; closes the part if another would not fit. True if a part appeared.
    pub(super) fn append(&mut self, mut unit: Unit) -> bool {
        let limit = self.ticks(self.part_limit_ms);
        let mut closed = false;
        if !self.pending.is_empty() && dts(&unit) >= self.part_start + limit {
            // The frame came later than foretold and would stretch the part past its target.
            self.close_part(Some(dts(&unit)));
            closed = true;
        }
        if let (true, Some(end)) = (self.pending.is_empty(), self.foretold_end)
            && dts(&unit) <= end + self.ticks(MAX_PLACEMENT_MS)
        {
            move_dts(&mut unit, end as i64);
        }
        if let Some(last) = self.last_dts {
            let earliest = unit.dts.max(last as i64 + 1);
            move_dts(&mut unit, earliest);
        }
        if self.pending.is_empty() {
            self.part_start = dts(&unit);
        }
        self.last_dts = Some(dts(&unit));
        let end = dts(&unit) + self.nominal;
        self.pending_bytes += unit.payload.len();
        self.pending.push(unit);
        let full = self.pending_bytes > MAX_PART_BYTES || self.pending.len() >= MAX_PART_UNITS;
        if full || end + self.nominal > self.part_start + limit + self.ticks(ROUNDING_MS) || self.is_even(end)
        {
            self.close_part(Some(end));
            closed = true;
        }
        closed
    }

    /// True when a part that ends at `end` lets all parts of a segment as long as the last one be of one length. Cut at
    /// the limit, what remains for the last part may be so short that hls.js, which looks for its place with a
    /// tolerance of 250 ms, steps over it while it is the newest, and waits for seconds.
    fn is_even(&self, end: u64) -> bool {
        let limit = self.ticks(self.part_limit_ms);
        let usual =
            self.window.listed().next_back().filter(|last| !last.gap && last.init.epoch == self.init.epoch);
        let (Some(usual), None, 1..) = (usual, self.moving_nominal, limit) else { return false };
        let (start, before) = self
            .window
            .open
            .as_ref()
            .map_or((self.part_start, 0), |open| (open.start, open.parts.len() as u64));
        let (parts, closed) = (usual.duration.div_ceil(limit), before + 1);
        // 8216bis s4.4.4.9: no part but the last may be shorter than 85 % of the target.
        let long_enough = (end - self.part_start) * 100 >= limit * 85;
        closed < parts && long_enough && end + self.nominal / 2 > start + usual.duration * closed / parts
    }

    /// Closes the part being gathered at `end`, or after the usual duration of its last frame.
    pub(super) fn close_part(&mut self, end: Option<u64>) {
        let Some(last) = self.pending.last() else { return };
        let latest = self.part_start + self.ticks(self.part_limit_ms);
        let end = end.unwrap_or(dts(last) + self.nominal).min(latest).max(dts(last) + 1);
        let ends = self.pending.iter().skip(1).map(dts).chain([end]);
        let entries: Vec<SampleEntry> = self
            .pending
            .iter()
            .zip(ends)
            .map(|(unit, next)| SampleEntry {
                duration: next.saturating_sub(dts(unit)).min(u64::from(u32::MAX)) as u32,
                size: unit.payload.len() as u32,
                cts: unit.cts,
                key: unit.key,
            })
            .collect();
        let independent = self.pending.first().is_some_and(|unit| unit.key);
        self.fragment = self.fragment.wrapping_add(1);
        let head = fmp4::part_head(self.window.kind, self.fragment, self.part_start, &entries);
        let bytes: Vec<Bytes> =
            std::iter::once(head).chain(self.pending.drain(..).map(|unit| unit.payload)).collect();
        let len_bytes = bytes.iter().map(|piece| piece.len() as u64).sum();
        let duration = end - self.part_start;
        self.pending_bytes = 0;
        let part = Part { bytes, len_bytes, start: self.part_start, duration, independent };
        let segment = self.window.open.get_or_insert_with(|| {
            let msn = self.window.next_msn;
            self.window.next_msn += 1;
            Segment {
                msn,
                init: Arc::clone(&self.init),
                start: part.start,
                duration: 0,
                discontinuity: std::mem::take(&mut self.discontinuity_next),
                gap: false,
                parts: Vec::new(),
            }
        });
        segment.duration = (part.start + part.duration).saturating_sub(segment.start);
        segment.parts.push(part);
        self.foretold_end = Some(end);
    }

    /// Moves the open segment to the playlist; if nothing arrived, says so with a gap up to `end_us`.
    pub(super) fn close_segment(&mut self, target_duration_s: u32, end_us: u64) {
        let end = (u128::from(end_us) * u128::from(self.init.timescale_hz) / 1_000_000) as u64;
        let segment = match self.window.open.take() {
            Some(open) => open,
            None => {
                let start = self.foretold_end.unwrap_or(self.part_start).max(self.cut_at);
                let msn = self.window.next_msn;
                self.window.next_msn += 1;
                Segment {
                    msn,
                    init: Arc::clone(&self.init),
                    start,
                    duration: end.saturating_sub(start),
                    discontinuity: std::mem::take(&mut self.discontinuity_next),
                    gap: true,
                    parts: Vec::new(),
                }
            }
        };
        self.cut_at = end;
        self.window.push(segment, target_duration_s);
    }
}

/// Where the epoch of `init` began, in its ticks.
fn epoch_start(init: &Init) -> u64 {
    init.start_ms * u64::from(init.timescale_hz) / 1_000
}
