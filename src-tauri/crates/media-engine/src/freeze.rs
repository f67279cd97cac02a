//! Between repair and packager: while the source is silent, players are shown its last picture, if that is wished.
//!
//! Pictures and silence of that kind reach the packager alone; readers of the bus decide for themselves. They join what
//! was packaged without a hole, one picture a part. When the source is back, it is let through from a keyframe on that does not
//! go back in time; its epoch, if it opened one meanwhile, begins there. Pure: time is an argument.

use std::sync::Arc;

use bytes::Bytes;
use media_formats::aac;
use media_formats::unit::{TrackKind, Unit, VIDEO_TIMESCALE_HZ};

use crate::hold::{self, Lateness, Return, Shown, Still};
use crate::packager::Packager;
use crate::repair::Epoch;

/// A source that sends nothing for this long is silent.
const SILENT_AFTER_MS: i64 = 1_000;
/// A source that comes back late for this long is moved on the time line.
const LATE_LIMIT_MS: i64 = 3_000;
/// A computer that slept does not make up for the time it slept.
const CATCH_UP_MS: i64 = 5_000;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Freeze {
    /// Epoch of what is let through.
    epoch: Option<Epoch>,
    /// Epoch the source opened while it was not let through.
    waiting: Option<Epoch>,
    still: Option<Still>,
    last_arrival_ms: i64,
    standing: Option<Standing>,
    /// What is let through is this much later than the source has it.
    shift_ms: i64,
    /// Real sound before this would overlap silence, in microseconds.
    sound_from_us: i64,
}

/// The still picture is shown.
#[derive(Debug)]
struct Standing {
    /// Position on the time line minus the clock's.
    offset_ms: i64,
    video: Option<Fill>,
    audio: Option<Fill>,
    silence: Option<Bytes>,
    shown: Shown,
    lateness: Lateness,
}

/// Where a track stands, in its ticks.
#[derive(Debug, Clone, Copy)]
struct Fill {
    next: i64,
    step: i64,
    rate_hz: i64,
}

impl Fill {
    fn next_us(self) -> i64 {
        (i128::from(self.next) * 1_000_000 / i128::from(self.rate_hz.max(1))) as i64
    }

    /// The next unit's time, if all of it is over by `line_ms`.
    fn take(&mut self, line_ms: i64) -> Option<i64> {
        let at = self.next;
        if (at + self.step).saturating_mul(1_000) > line_ms.saturating_mul(self.rate_hz) {
            return None;
        }
        self.next += self.step;
        Some(at)
    }
}

impl Freeze {
    /// The source's units from here on belong to this epoch.
    pub(crate) fn epoch(&mut self, epoch: &Epoch, packager: &mut Packager) {
        if self.standing.is_some() {
            self.waiting = Some(epoch.clone());
        } else {
            self.begin(epoch.clone(), packager);
        }
    }

    /// A unit of the source arrives at stream position `now_ms`.
    pub(crate) fn unit(&mut self, mut unit: Unit, now_ms: i64, packager: &mut Packager) {
        if now_ms - self.last_arrival_ms >= SILENT_AFTER_MS
            && let Some(standing) = &mut self.standing
        {
            standing.lateness.forget();
        }
        self.last_arrival_ms = now_ms;
        let Some(epoch) = self.waiting.as_ref().or(self.epoch.as_ref()) else { return };
        let (video, audio) = (epoch.video.clone(), epoch.audio.clone());
        let rate_hz = match unit.track {
            TrackKind::Video => i64::from(VIDEO_TIMESCALE_HZ),
            TrackKind::Audio => i64::from(audio.map_or(1, |config| config.sample_rate_hz.max(1))),
        };
        if let (TrackKind::Video, true, Some(config)) = (unit.track, unit.key, &video) {
            let still = Still::new(&unit, Arc::clone(config));
            let shown = self.standing.as_ref().map(|standing| standing.shown);
            if let Some(shown) = shown {
                unit.payload = hold::returning(&unit.payload, config, shown);
            }
            self.still = Some(still);
        }
        if self.standing.is_some() {
            // The lead track comes back, the other with it.
            let leads = unit.track == TrackKind::Video || video.is_none();
            let at_ms = (i128::from(unit.dts) * 1_000 / i128::from(rate_hz)) as i64;
            if !leads || !self.returns(at_ms, unit.key, now_ms, packager) {
                return;
            }
        }
        unit.dts += self.shift_ms * rate_hz / 1_000;
        if unit.track == TrackKind::Audio {
            let at_us = (i128::from(unit.dts) * 1_000_000 / i128::from(rate_hz)) as i64;
            if at_us < self.sound_from_us {
                return;
            }
        }
        packager.push(unit);
    }

    /// Shows the still picture up to now, if the source is silent. True if something can be fetched that could not before.
    pub(crate) fn tick(&mut self, now_ms: i64, packager: &mut Packager) -> bool {
        if packager.is_ended() || !packager.is_published() {
            return false;
        }
        let Some(epoch) = &self.epoch else { return false };
        if self.standing.is_none() {
            if now_ms - self.last_arrival_ms < SILENT_AFTER_MS {
                return false;
            }
            let Some(stand) = packager.stand_still() else { return false };
            let fill = |(end, step, rate_hz): (u64, u64, u32)| Fill {
                next: end as i64,
                step: (step as i64).max(1),
                rate_hz: i64::from(rate_hz.max(1)),
            };
            let (video, audio) = (stand.video.map(fill), stand.audio.map(fill));
            let lead_us = video.or(audio).map_or(0, Fill::next_us);
            self.standing = Some(Standing {
                offset_ms: lead_us / 1_000 - self.last_arrival_ms,
                video,
                audio,
                silence: epoch.audio.as_ref().and_then(|config| aac::silent_frame(config.channels)),
                shown: Shown::SourceKey,
                lateness: Lateness::default(),
            });
        }
        let (Some(standing), number) = (&mut self.standing, epoch.number) else { return false };
        let mut line_ms = now_ms + standing.offset_ms;
        let lead_ms = standing.video.or(standing.audio).map_or(line_ms, |fill| fill.next_us() / 1_000);
        if line_ms - lead_ms > CATCH_UP_MS {
            standing.offset_ms -= line_ms - lead_ms - CATCH_UP_MS;
            line_ms = lead_ms + CATCH_UP_MS;
        }
        let before = packager.version();
        let mut put = |track, dts, cts, payload| {
            packager.push(Unit { track, epoch: number, seq: 0, dts, cts, key: true, payload });
        };
        if let (Some(fill), Some(still)) = (&mut standing.video, &mut self.still) {
            while let Some(at) = fill.take(line_ms) {
                let (payload, shown) = still.after(standing.shown);
                standing.shown = shown;
                put(TrackKind::Video, at, still.cts(), payload);
            }
        }
        if let (Some(fill), Some(silence)) = (&mut standing.audio, &standing.silence) {
            while let Some(at) = fill.take(line_ms) {
                put(TrackKind::Audio, at, 0, silence.clone());
            }
        }
        packager.version() != before
    }

    fn begin(&mut self, mut epoch: Epoch, packager: &mut Packager) {
        epoch.start_ms = epoch.start_ms.saturating_add_signed(self.shift_ms);
        packager.begin_epoch(&epoch);
        self.epoch = Some(epoch);
    }

    /// Ends the still picture if the source is back with this unit.
    fn returns(&mut self, at_ms: i64, key: bool, now_ms: i64, packager: &mut Packager) -> bool {
        let Some(standing) = &mut self.standing else { return true };
        let floor_ms = standing.video.or(standing.audio).map_or(0, |fill| (fill.next_us() + 999) / 1_000);
        self.shift_ms = match standing.lateness.judge(floor_ms - at_ms, key, now_ms, LATE_LIMIT_MS) {
            Return::Leave => return false,
            Return::Take => 0,
            Return::Shift => floor_ms - at_ms,
        };
        let half_us = |fill: Fill| fill.next_us() - fill.step * 500_000 / fill.rate_hz;
        self.sound_from_us = standing.audio.filter(|_| standing.video.is_some()).map_or(0, half_us);
        self.standing = None;
        packager.move_on();
        if let Some(epoch) = self.waiting.take() {
            self.begin(epoch, packager);
        }
        true
    }
}
