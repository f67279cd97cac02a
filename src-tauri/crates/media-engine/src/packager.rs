//! Cuts units into parts and segments, once, for every format.
//!
//! Decisions, and why:
//! - The **lead track** (picture, or sound if there is no picture) decides where segments begin; the other follows
//!   at the same numbers, so that both renditions always have the same media sequence and discontinuities.
//! - A part is closed the moment its last frame arrives: whether another frame would fit is foretold from the usual
//!   frame duration. Waiting for the next frame to learn the true duration would cost a frame of latency. The next
//!   frame is then placed where the foretold one ended (a millisecond or two off, RTMP rounds as much), so parts
//!   join without holes and durations are exact sums.
//! - Pictures are decoded on an even grid and shown at their true times: RTMP's whole milliseconds would give every
//!   frame another duration, from which GStreamer (and so every WebKitGTK window) reads a new frame rate with each
//!   part, and drops pictures. The grid follows the source once a segment; composition offsets carry the rest.
//! - `EXT-X-TARGETDURATION` and `PART-TARGET` may never change: they are measured from the first segment, whose units
//!   are held until it is complete (nothing can be fetched before anyway) and then cut to what was measured. A later
//!   segment that would exceed the target is cut without a keyframe.

mod track;

use media_formats::fmp4;
use media_formats::unit::{TrackKind, Unit, VIDEO_TIMESCALE_HZ};

use self::track::{Track, dts};
use crate::repair::Epoch;
use crate::store::{Init, InitFacts, TrackWindow, ticks_to_us};

/// `PART-TARGET` is chosen in this range, the way both tracks' frames fill it best.
const PART_TARGETS_MS: std::ops::RangeInclusive<u64> = 200..=310;
/// Those to choose from if whole frames fill one well: shorter ones make more requests, and leave a shorter rest.
const USUAL_PART_TARGETS_MS: std::ops::RangeInclusive<u64> = 250..=310;
/// A part is well filled from here on, in millionths.
const WELL_FILLED: u64 = 900_000;
/// Longest first segment: a source with longer keyframe intervals is cut between keyframes.
const MAX_FIRST_SEGMENT_MS: u64 = 6_000;
/// RFC 8216 s4.3.3.1 compares rounded durations; staying this far under the half leaves room for one odd frame.
const TARGET_SLACK_MS: u64 = 400;
/// A following track may be this much longer than its lead's longest segment, still below the rounded half.
const FOLLOWER_SLACK_MS: u64 = 90;
/// Payload at which a segment is cut early: 6 s at 80 Mb/s.
const MAX_SEGMENT_BYTES: u64 = 64 << 20;
/// Units held while the first segment is measured: twice what 6 s of fast picture and sound come to.
const MAX_FIRST_UNITS: usize = 4_096;

/// What must survive a restart of the program for the playlist to go on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PlaylistFacts {
    /// `EXT-X-TARGETDURATION`, constant for the playlist's life; 0 until the first segment is measured.
    pub target_duration_s: u32,
    /// `PART-TARGET` in milliseconds; 0 until measured.
    pub part_target_ms: u32,
    /// Discontinuities so far, listed or gone.
    pub discontinuities: u64,
    /// Number of the next epoch, which names init segments.
    pub next_epoch: u32,
}

/// Where a still picture and silence begin: end of the track, duration of each unit, and ticks a second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StandStill {
    pub(crate) video: Option<(u64, u64, u32)>,
    pub(crate) audio: Option<(u64, u64, u32)>,
}

/// Packages one stream. Pure: everything it needs comes with the units.
#[derive(Debug)]
pub(crate) struct Packager {
    video: Option<Track>,
    audio: Option<Track>,
    first_msn: u64,
    facts: PlaylistFacts,
    /// The first segment's units, until it is measured.
    first: Vec<Unit>,
    first_bytes: u64,
    ended: bool,
    /// Grows with every part or segment that appears.
    version: u64,
}

impl Packager {
    /// Starts packaging at the given segment number, going on from `facts` of an earlier run if there was one.
    pub(crate) fn new(first_msn: u64, facts: PlaylistFacts) -> Self {
        Self {
            video: None,
            audio: None,
            first_msn,
            facts,
            first: Vec::new(),
            first_bytes: 0,
            ended: false,
            version: 0,
        }
    }

    /// Facts to keep for a restart.
    pub(crate) fn facts(&self) -> PlaylistFacts {
        self.facts
    }

    /// Changes with every part or segment.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// True once a segment can be fetched.
    pub(crate) fn is_published(&self) -> bool {
        // Any track: sound alone stays fetchable while the first segment of a picture that joined it is being filled.
        self.facts.target_duration_s > 0
            && [&self.video, &self.audio].into_iter().flatten().any(|track| track.window.has_segments())
    }

    /// True after [`Packager::end`].
    pub(crate) fn is_ended(&self) -> bool {
        self.ended
    }

    /// The window of a track that ever existed.
    pub(crate) fn window(&self, kind: TrackKind) -> Option<&TrackWindow> {
        self.track(kind).map(|track| &track.window)
    }

    /// The track whose keyframes begin segments.
    pub(crate) fn lead_kind(&self) -> TrackKind {
        if self.video.is_some() { TrackKind::Video } else { TrackKind::Audio }
    }

    /// Number of the next segment to be opened.
    pub(crate) fn next_msn(&self) -> u64 {
        self.lead().map_or(self.first_msn, |track| track.window.next_msn)
    }

    fn lead(&self) -> Option<&Track> {
        self.video.as_ref().or(self.audio.as_ref())
    }

    fn track(&self, kind: TrackKind) -> Option<&Track> {
        match kind {
            TrackKind::Video => self.video.as_ref(),
            TrackKind::Audio => self.audio.as_ref(),
        }
    }

    /// Begins an epoch: what is open is closed, and the next segment of each track has a new init and a discontinuity.
    pub(crate) fn begin_epoch(&mut self, epoch: &Epoch) {
        if self.ended {
            return;
        }
        self.flush();
        let next_msn = self.next_msn();
        let first = self.facts.next_epoch == 0;
        if !first {
            self.facts.discontinuities += 1;
        }
        self.facts.next_epoch = epoch.number + 1;
        let discontinuity_sequence = self.facts.discontinuities.saturating_sub(u64::from(!first));
        let video = epoch.video.as_ref().map(|config| Init {
            epoch: epoch.number,
            start_ms: epoch.start_ms,
            bytes: fmp4::init_video(config),
            timescale_hz: VIDEO_TIMESCALE_HZ,
            codec: config.codec_string(),
            facts: InitFacts::Video {
                width: config.sps.width,
                height: config.sps.height,
                fps: config.sps.fps,
            },
        });
        let audio = epoch.audio.as_ref().map(|config| Init {
            epoch: epoch.number,
            start_ms: epoch.start_ms,
            bytes: fmp4::init_audio(config),
            timescale_hz: config.sample_rate_hz,
            codec: config.codec_string(),
            facts: InitFacts::Audio { sample_rate_hz: config.sample_rate_hz, channels: config.channels },
        });
        let inits = [(TrackKind::Video, video), (TrackKind::Audio, audio)];
        let part_limit_ms = u64::from(self.facts.part_target_ms);
        for (kind, init) in inits {
            let Some(init) = init else { continue };
            let usual = match &epoch.audio {
                Some(config) if kind == TrackKind::Audio => Some(u64::from(config.frame_samples())),
                _ => frame_duration(&init),
            };
            let slot = match kind {
                TrackKind::Video => &mut self.video,
                TrackKind::Audio => &mut self.audio,
            };
            match slot {
                Some(track) => track.begin_epoch(init, usual, !first),
                None => *slot = Some(Track::new(kind, init, usual, next_msn, discontinuity_sequence, !first)),
            }
            if let Some(track) = slot {
                track.part_limit_ms = part_limit_ms;
            }
        }
    }

    /// Takes a unit of the current epoch.
    pub(crate) fn push(&mut self, unit: Unit) {
        if self.ended || self.track(unit.track).is_none() {
            return;
        }
        if self.facts.target_duration_s > 0 {
            self.place(unit);
        } else if self.completes_first(&unit) {
            let end_us = self.time_us(&unit);
            let later = self.measure(Some(end_us));
            self.place(unit);
            later.into_iter().for_each(|unit| self.place(unit));
        } else {
            self.first_bytes += unit.payload.len() as u64;
            self.first.push(unit);
        }
    }

    /// True when `unit` comes after the first segment.
    fn completes_first(&self, unit: &Unit) -> bool {
        if self.first_bytes > MAX_SEGMENT_BYTES || self.first.len() >= MAX_FIRST_UNITS {
            return true;
        }
        let lead_kind = self.lead_kind();
        let (Some(track), Some(start)) =
            (self.lead(), self.first.iter().find(|held| held.track == lead_kind))
        else {
            return false;
        };
        unit.track == lead_kind && track.is_past(dts(start), unit, MAX_FIRST_SEGMENT_MS)
    }

    fn place(&mut self, mut unit: Unit) {
        let lead_kind = self.lead_kind();
        let (kind, target_s) = (unit.track, self.facts.target_duration_s);
        let true_dts = unit.dts;
        if let (TrackKind::Video, Some(video)) = (kind, self.video.as_mut()) {
            video.put_on_grid(&mut unit);
        }
        let start_us = self.time_us(&unit);
        let segment_ms = u64::from(target_s) * 1_000 + TARGET_SLACK_MS;
        let Some(track) = self.track_mut(kind) else { return };
        let mut changed = false;
        if kind == lead_kind {
            if track.wants_segment(&unit, segment_ms) {
                track.close_part(Some(dts(&unit)));
                track.follow_source(true_dts, unit.dts);
                self.cut(start_us);
                changed = true;
            }
        } else {
            if track.cuts.is_empty() && track.overflows(&unit, segment_ms + FOLLOWER_SLACK_MS) {
                // The lead fell silent or behind: both go on to the next number without it.
                if let Some(lead) = self.track_mut(lead_kind) {
                    lead.close_part(None);
                }
                self.cut(start_us);
            }
            let Some(track) = self.track_mut(kind) else { return };
            while track.cuts.front().is_some_and(|&cut_us| start_us >= cut_us) {
                let cut_us = track.cuts.pop_front().unwrap_or(start_us);
                track.close_part(Some(dts(&unit)));
                track.close_segment(target_s, cut_us);
                changed = true;
            }
        }
        if let Some(track) = self.track_mut(kind) {
            changed |= track.append(unit);
        }
        self.version += u64::from(changed);
    }

    fn time_us(&self, unit: &Unit) -> u64 {
        self.track(unit.track).map_or(0, |track| ticks_to_us(dts(unit), track.init.timescale_hz))
    }

    /// Closes what is open on both tracks: the publisher is gone or a new epoch begins.
    pub(crate) fn flush(&mut self) {
        if self.facts.target_duration_s == 0 && !self.first.is_empty() {
            let later = self.measure(None);
            later.into_iter().for_each(|unit| self.place(unit));
        }
        if ![self.video.as_ref(), self.audio.as_ref()].into_iter().flatten().any(Track::is_filling) {
            return;
        }
        let lead_kind = self.lead_kind();
        let Some(lead) = self.track_mut(lead_kind) else { return };
        lead.close_part(None);
        let end_us = ticks_to_us(lead.end(), lead.init.timescale_hz);
        self.cut(end_us);
        let target_s = self.facts.target_duration_s;
        if lead_kind == TrackKind::Video
            && let Some(audio) = self.audio.as_mut()
        {
            audio.close_part(None);
            while let Some(cut_us) = audio.cuts.pop_front() {
                audio.close_segment(target_s, cut_us);
            }
        }
        for track in [self.video.as_mut(), self.audio.as_mut()].into_iter().flatten() {
            track.foretold_end = None;
        }
        self.version += 1;
    }

    /// A still picture follows what was packaged so far, one in each part: says where it begins. None before the first
    /// segment was measured.
    pub(crate) fn stand_still(&mut self) -> Option<StandStill> {
        if self.ended || self.facts.target_duration_s == 0 {
            return None;
        }
        // A part that ends here is short, which only the last of a segment may be.
        self.flush();
        let part_us = u64::from(self.facts.part_target_ms) * 1_000;
        let video = self.video.as_mut().map(|track| {
            let step = track.ticks_of_us(part_us).max(1);
            (track.stand_still(step), step, track.init.timescale_hz)
        });
        let audio = self.audio.as_mut().map(|track| {
            let step = track.nominal;
            (track.stand_still(step), step, track.init.timescale_hz)
        });
        Some(StandStill { video, audio })
    }

    /// Moving pictures are back.
    pub(crate) fn move_on(&mut self) {
        [self.video.as_mut(), self.audio.as_mut()].into_iter().flatten().for_each(Track::move_on);
    }

    /// Ends the stream for good: playlists get their end mark.
    pub(crate) fn end(&mut self) {
        self.flush();
        self.ended = true;
        self.version += 1;
    }

    /// The lead track's segment ends at `start_us`.
    fn cut(&mut self, start_us: u64) {
        let lead_kind = self.lead_kind();
        let target_s = self.facts.target_duration_s;
        if let Some(track) = self.track_mut(lead_kind) {
            track.close_segment(target_s, start_us);
        }
        if lead_kind == TrackKind::Video
            && let Some(audio) = self.audio.as_mut()
        {
            audio.cuts.push_back(start_us);
        }
    }

    /// Fixes the target durations by the units held, which end at `end_us` or after the usual duration of the lead's
    /// last frame, and places those units. Returns the ones that belong to what comes after.
    fn measure(&mut self, end_us: Option<u64>) -> Vec<Unit> {
        let mut held = std::mem::take(&mut self.first);
        self.first_bytes = 0;
        // The tracks arrive interleaved as the sender pleased.
        held.sort_by_key(|unit| self.time_us(unit));
        if let Some(video) = self.video.as_mut() {
            let times: Vec<u64> =
                held.iter().filter(|unit| unit.track == TrackKind::Video).map(dts).collect();
            // The picture that comes next, if there is one, makes the mean exact.
            let end = end_us.map(|end_us| video.ticks_of_us(end_us));
            if let (Some(&start), Some(&last)) = (times.first(), times.last()) {
                let (end, steps) = end.map_or((last, times.len() - 1), |end| (end.max(last), times.len()));
                video.nominal = (end - start + steps as u64 / 2)
                    .checked_div(steps as u64)
                    .unwrap_or(video.nominal)
                    .max(1);
            }
        }
        let lead_kind = self.lead_kind();
        let nominal_us = self.lead().map_or(0, |lead| ticks_to_us(lead.nominal, lead.init.timescale_hz));
        let mut lead_us = held.iter().filter(|unit| unit.track == lead_kind).map(|unit| self.time_us(unit));
        let start_us = lead_us.next().unwrap_or(0);
        let last_us = lead_us.next_back().unwrap_or(start_us);
        let end_us = end_us.unwrap_or(last_us + nominal_us);
        let measured_ms = end_us.saturating_sub(start_us) / 1_000;
        let longest_s = MAX_FIRST_SEGMENT_MS / 1_000 + 1;
        self.facts.target_duration_s = ((measured_ms + 750) / 1_000).clamp(2, longest_s) as u32;
        let frames_us: Vec<u64> = [&self.video, &self.audio]
            .into_iter()
            .flatten()
            .map(|track| ticks_to_us(track.nominal, track.init.timescale_hz))
            .collect();
        self.facts.part_target_ms = part_target_ms(&frames_us, self.facts.target_duration_s);
        for track in [self.video.as_mut(), self.audio.as_mut()].into_iter().flatten() {
            track.part_limit_ms = u64::from(self.facts.part_target_ms);
        }
        let later = held.split_off(held.partition_point(|unit| self.time_us(unit) < end_us));
        held.into_iter().for_each(|unit| self.place(unit));
        later
    }

    fn track_mut(&mut self, kind: TrackKind) -> Option<&mut Track> {
        match kind {
            TrackKind::Video => self.video.as_mut(),
            TrackKind::Audio => self.audio.as_mut(),
        }
    }
}

/// The `PART-TARGET` that whole frames of these durations fill best: parts may not be longer, nor much shorter
/// (8216bis s4.4.4.9).
fn part_target_ms(frames_us: &[u64], target_duration_s: u32) -> u32 {
    let longest_ms = frames_us.iter().map(|frame_us| frame_us.div_ceil(1_000)).max().unwrap_or(0);
    if longest_ms > *PART_TARGETS_MS.end() {
        return longest_ms.min(u64::from(target_duration_s) * 1_000) as u32;
    }
    // How full the worse filled track's parts are, in millionths.
    let fill = |target_ms: u64| {
        let full = |frame_us: &u64| {
            // The measured duration is rounded and may be followed up a little: as many frames must still fit.
            let frames = target_ms * 1_000 / (frame_us + frame_us / 500).max(1);
            frames * frame_us * 1_000 / target_ms
        };
        frames_us.iter().map(full).min().unwrap_or(1_000_000)
    };
    let best = |targets_ms: std::ops::RangeInclusive<u64>| {
        targets_ms.max_by_key(|&target_ms| fill(target_ms)).unwrap_or(*PART_TARGETS_MS.end())
    };
    let usual_ms = best(USUAL_PART_TARGETS_MS);
    // Few frames a second may fill none of the usual ones.
    (if fill(usual_ms) >= WELL_FILLED { usual_ms } else { best(PART_TARGETS_MS) }) as u32
}

/// A picture's frame duration in ticks, as its header says.
fn frame_duration(init: &Init) -> Option<u64> {
    match init.facts {
        InitFacts::Video { fps, .. } => {
            let fps = fps.filter(|fps| (1.0..=240.0).contains(fps))?;
            Some((f64::from(init.timescale_hz) / fps) as u64)
        }
        InitFacts::Audio { .. } => None,
    }
}

#[cfg(test)]
mod tests;
