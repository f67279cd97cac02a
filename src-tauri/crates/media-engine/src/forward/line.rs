//! One destination's time line: units of the stream in, what is sent out. Pure: time is an argument.
//!
//! It guarantees a receiver, whatever the source does: metadata and headers before the first keyframe and new headers
//! only when they changed; timestamps from zero that increase strictly within each track; sound beside the picture, silent
//! if the source has none; and something to show while the source is away (see [`hold`]). Times are
//! milliseconds; `now_ms` is the position on the stream's own time line.

mod sound;

use std::sync::Arc;

use bytes::Bytes;
use media_formats::aac::AudioConfig;
use media_formats::amf0::Value;
use media_formats::flv;
use media_formats::h264::VideoConfig;
use media_formats::unit::{TrackKind, Unit, VIDEO_TIMESCALE_HZ};

use self::sound::Sound;
use crate::bus::BusEpoch;
use crate::hold::{self, Lateness, Return, Shown, Still};

const TICKS_PER_MS: i64 = (VIDEO_TIMESCALE_HZ / 1_000) as i64;
/// Distance of the first returning picture from the still picture before it, where it could not have its own place.
const SPLICE_MS: i64 = 33;
/// A return this far ahead of the time line is moved back to it: receivers take a jump for a broken stream.
const AHEAD_MS: i64 = 1_000;
/// As much media as a destination that was too slow may have left out.
const LOST_MS: i64 = 5_000;
/// Sound farther ahead of its picture belongs to another time line, which the next keyframe sets right.
const SOUND_AHEAD_MS: i64 = 3_000;
/// A computer that slept does not show the still picture for the time it slept.
const CATCH_UP_MS: i64 = 5_000;

/// When what happens while the source is silent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// A source that sends nothing for this long is silent.
    pub(crate) silent_after_ms: i64,
    /// The still picture is sent this often.
    pub(crate) still_every_ms: i64,
    /// And silence this often.
    pub(crate) tick_ms: i64,
    /// A source that comes back late for this long is moved on the time line.
    pub(crate) late_limit_ms: i64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { silent_after_ms: 3_000, still_every_ms: 500, tick_ms: 100, late_limit_ms: 3_000 }
    }
}

/// One thing to send.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Put {
    /// The value of `onMetaData`.
    Metadata(Value),
    /// An `AVCDecoderConfigurationRecord`.
    VideoHeader { timestamp_ms: i64, avcc: Bytes },
    /// An `AudioSpecificConfig`.
    AudioHeader { timestamp_ms: i64, asc: Bytes },
    /// A picture.
    Video { timestamp_ms: i64, cts_ms: i32, key: bool, payload: Bytes },
    /// A sound.
    Audio { timestamp_ms: i64, payload: Bytes },
}

/// Something stands in for the source.
#[derive(Debug, Clone, Copy)]
struct Hold {
    /// Position on the stream's time line minus timestamp.
    offset_ms: i64,
    next_still_ms: i64,
    next_tick_ms: i64,
    lateness: Lateness,
    /// The picture stopped alone: the camera's own sound goes on beside the still one.
    sound_goes_on: bool,
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Line {
    pace: Pace,
    encoder: String,
    epoch: Option<BusEpoch>,
    /// Stream position of timestamp zero.
    base_ms: Option<i64>,
    sent_video: Option<Arc<VideoConfig>>,
    sent_audio: Option<Arc<AudioConfig>>,
    last_video_ms: Option<i64>,
    /// When that was.
    video_at_ms: i64,
    sound: Sound,
    shown: Shown,
    still: Option<Still>,
    /// Pictures were left out: nothing but a keyframe can follow.
    awaits_key: bool,
    /// When the picture, or the sound of a source without one, last arrived.
    last_arrival_ms: i64,
    last_sound_ms: Option<i64>,
    hold: Option<Hold>,
    dropped_units: u64,
}

impl Line {
    pub(crate) fn new(pace: Pace, encoder: String) -> Self {
        Self {
            pace,
            encoder,
            epoch: None,
            base_ms: None,
            sent_video: None,
            sent_audio: None,
            last_video_ms: None,
            video_at_ms: 0,
            sound: Sound::default(),
            shown: Shown::Other,
            still: None,
            awaits_key: false,
            last_arrival_ms: 0,
            last_sound_ms: None,
            hold: None,
            dropped_units: 0,
        }
    }

    /// Units left out because the connection had no room.
    pub(crate) fn dropped_units(&self) -> u64 {
        self.dropped_units
    }

    /// Timestamp of the newest picture or sound.
    pub(crate) fn newest_ms(&self) -> i64 {
        self.last_video_ms.max(self.sound.last_ms()).unwrap_or(0)
    }

    /// The reader was too slow and lost this many units; a keyframe is next.
    pub(crate) fn skipped(&mut self, units: u64) {
        self.dropped_units += units;
        self.awaits_key = true;
    }

    /// Takes a unit, with its epoch if that is new.
    pub(crate) fn unit(&mut self, unit: &Unit, epoch: Option<BusEpoch>, now_ms: i64, out: &mut Vec<Put>) {
        if let Some(epoch) = epoch {
            self.epoch = Some(epoch);
            if let Some(hold) = &mut self.hold {
                hold.sound_goes_on = false;
            }
        }
        let has_picture = self.epoch.as_ref().is_some_and(|epoch| epoch.video().is_some());
        if unit.track == TrackKind::Audio {
            self.last_sound_ms = Some(now_ms);
        }
        if unit.track == TrackKind::Video || !has_picture {
            if now_ms - self.last_arrival_ms >= self.pace.silent_after_ms
                && let Some(hold) = &mut self.hold
            {
                hold.lateness.forget();
            }
            self.last_arrival_ms = now_ms;
        }
        match unit.track {
            TrackKind::Video => self.video(unit, now_ms, out),
            TrackKind::Audio => self.audio(unit, now_ms, out),
        }
    }

    /// When [`Line::idle`] is to be called next if nothing arrives until then.
    pub(crate) fn deadline_ms(&self) -> Option<i64> {
        self.base_ms?;
        Some(match &self.hold {
            Some(hold) => hold.next_tick_ms,
            None => self.last_arrival_ms + self.pace.silent_after_ms,
        })
    }

    /// Stands in for the source if it is silent, as far as the connection has room for it. To be called at
    /// [`Line::deadline_ms`]; earlier does no harm.
    pub(crate) fn idle(&mut self, now_ms: i64, has_room: bool, out: &mut Vec<Put>) {
        if self.base_ms.is_none() {
            return;
        }
        let sound_lives = self.last_sound_ms.is_some_and(|at_ms| now_ms - at_ms < self.pace.silent_after_ms);
        let mut hold = match self.hold {
            Some(hold) => hold,
            None if now_ms - self.last_arrival_ms < self.pace.silent_after_ms => return,
            None => {
                // Where the line stood when the last picture came.
                let newest_ms = self.last_video_ms.unwrap_or_else(|| self.newest_ms());
                Hold {
                    offset_ms: self.last_arrival_ms - newest_ms,
                    next_still_ms: self.last_video_ms.unwrap_or(newest_ms) + self.pace.still_every_ms,
                    next_tick_ms: now_ms,
                    lateness: Lateness::default(),
                    sound_goes_on: sound_lives && self.last_video_ms.is_some(),
                }
            }
        };
        hold.sound_goes_on &= sound_lives;
        let line_ms = now_ms - hold.offset_ms;
        if line_ms - hold.next_still_ms > CATCH_UP_MS {
            hold.next_still_ms = line_ms;
        }
        while hold.next_still_ms <= line_ms {
            if has_room {
                if !hold.sound_goes_on {
                    self.silence_until(hold.next_still_ms, out);
                }
                self.put_still(hold.next_still_ms, out);
                self.video_at_ms = now_ms;
            }
            hold.next_still_ms += self.pace.still_every_ms.max(1);
        }
        if has_room && !hold.sound_goes_on {
            self.silence_until(line_ms, out);
        }
        hold.next_tick_ms = now_ms + self.pace.tick_ms;
        self.hold = Some(hold);
    }

    fn video(&mut self, unit: &Unit, now_ms: i64, out: &mut Vec<Put>) {
        let Some(config) = self.epoch.as_ref().and_then(BusEpoch::shared_video) else { return };
        if unit.key {
            self.still = Some(Still::new(unit, Arc::clone(&config)));
        }
        let stream_ms = unit.dts.div_euclid(TICKS_PER_MS);
        if self.base_ms.is_none() {
            if !unit.key {
                return;
            }
            self.begin(stream_ms, out);
        }
        if self.hold.is_some() {
            let floor_ms = self.last_video_ms.unwrap_or_else(|| self.newest_ms());
            if !self.returns(stream_ms, unit.key, floor_ms, now_ms, out) {
                self.dropped_units += 1;
                return;
            }
        } else if self.awaits_key && !unit.key {
            self.dropped_units += 1;
            return;
        } else if let (true, Some(last_ms), Some(base_ms)) = (unit.key, self.last_video_ms, self.base_ms) {
            let missing_ms = now_ms - self.video_at_ms + if self.awaits_key { LOST_MS } else { AHEAD_MS };
            if stream_ms - base_ms - last_ms > missing_ms {
                // The source's time jumped by more than what can be missing.
                self.base_ms = Some(stream_ms - last_ms - SPLICE_MS);
            }
        }
        self.awaits_key = false;
        self.video_at_ms = now_ms;
        let payload =
            if unit.key { hold::returning(&unit.payload, &config, self.shown) } else { unit.payload.clone() };
        let wanted_ms = stream_ms - self.base_ms.unwrap_or(stream_ms);
        self.shown = if unit.key { Shown::SourceKey } else { Shown::Other };
        self.put_video(wanted_ms, unit.cts, unit.key, payload, &config, out);
        if self.epoch.as_ref().is_some_and(|epoch| epoch.audio().is_none()) {
            // The picture has no sound: silence goes beside it, always.
            let beside_ms = self.last_video_ms.unwrap_or(wanted_ms);
            self.silence_until(beside_ms + 1, out);
        }
    }

    fn audio(&mut self, unit: &Unit, now_ms: i64, out: &mut Vec<Put>) {
        let Some(epoch) = &self.epoch else { return };
        let (Some(config), alone) = (epoch.shared_audio(), epoch.video().is_none()) else { return };
        let stream_us = i128::from(unit.dts) * 1_000_000 / i128::from(config.sample_rate_hz.max(1));
        let stream_us = stream_us.clamp(i128::from(i64::MIN / 4), i128::from(i64::MAX / 4)) as i64;
        let stream_ms = stream_us.div_euclid(1_000);
        if self.base_ms.is_none() {
            if !alone {
                return;
            }
            self.begin(stream_ms, out);
        }
        if self.hold.is_some_and(|hold| !hold.sound_goes_on) {
            // Sound comes back with its picture.
            let floor_ms = self.newest_ms();
            if !alone || !self.returns(stream_ms, true, floor_ms, now_ms, out) {
                return;
            }
        }
        let Some(base_ms) = self.base_ms else { return };
        let picture_ms = self.last_video_ms.filter(|_| !alone).map(|at_ms| at_ms + now_ms - self.video_at_ms);
        let runs_ahead = picture_ms.is_some_and(|at_ms| stream_ms - base_ms - at_ms > SOUND_AHEAD_MS);
        if runs_ahead || !self.sound.fits(stream_us - base_ms * 1_000, &config) {
            return;
        }
        self.announce_sound(stream_ms - base_ms, &config, out);
        let timestamp_ms = self.sound.real(stream_us - base_ms * 1_000, &config);
        out.push(Put::Audio { timestamp_ms, payload: unit.payload.clone() });
    }

    /// Everything from this stream position on is sent.
    fn begin(&mut self, stream_ms: i64, out: &mut Vec<Put>) {
        self.base_ms = Some(stream_ms);
        let video = self.epoch.as_ref().and_then(BusEpoch::shared_video);
        let audio = self.wanted_audio();
        out.push(Put::Metadata(flv::stream_metadata(video.as_deref(), None, Some(&audio), &self.encoder)));
    }

    /// Ends the hold if the source is back with this unit, moving the time line if need be.
    fn returns(&mut self, stream_ms: i64, key: bool, floor_ms: i64, now_ms: i64, out: &mut Vec<Put>) -> bool {
        let (Some(mut hold), Some(base_ms)) = (self.hold, self.base_ms) else { return true };
        let own_ms = stream_ms - base_ms;
        let verdict = hold.lateness.judge(floor_ms + 1 - own_ms, key, now_ms, self.pace.late_limit_ms);
        let line_ms = now_ms - hold.offset_ms;
        let place_ms = match verdict {
            Return::Leave => {
                self.hold = Some(hold);
                return false;
            }
            Return::Take if own_ms <= line_ms + AHEAD_MS => own_ms,
            Return::Take => line_ms.max(floor_ms + SPLICE_MS),
            Return::Shift => floor_ms + SPLICE_MS,
        };
        self.base_ms = Some(stream_ms - place_ms);
        self.hold = None;
        self.awaits_key = false;
        self.silence_until(place_ms, out);
        true
    }

    fn put_still(&mut self, timestamp_ms: i64, out: &mut Vec<Put>) {
        let Some(still) = self.still.as_mut() else { return };
        let (payload, shown) = still.after(self.shown);
        let (config, cts) = (Arc::clone(still.config()), still.cts());
        self.shown = shown;
        self.awaits_key = false;
        self.put_video(timestamp_ms, cts, true, payload, &config, out);
    }

    fn put_video(
        &mut self,
        wanted_ms: i64,
        cts: i32,
        key: bool,
        mut payload: Bytes,
        config: &Arc<VideoConfig>,
        out: &mut Vec<Put>,
    ) {
        let timestamp_ms = wanted_ms.max(self.last_video_ms.map_or(0, |last| last + 1));
        if key && self.sent_video.as_ref().is_none_or(|sent| !Arc::ptr_eq(sent, config)) {
            if self.sent_video.as_deref() != Some(config) {
                out.push(Put::VideoHeader { timestamp_ms, avcc: config.avcc.clone() });
                if self.sent_video.is_some() {
                    // Many receivers heed only the first header: the new sets go in band too.
                    payload = config.with_sets_in_band(&payload);
                }
            }
            self.sent_video = Some(Arc::clone(config));
            let wanted = self.wanted_audio();
            self.announce_sound(timestamp_ms, &wanted, out);
        }
        self.last_video_ms = Some(timestamp_ms);
        // A picture is shown when it was to be, also where its decoding time had to be moved.
        let cts_ms = i64::from(cts).div_euclid(TICKS_PER_MS);
        let moved_ms = cts_ms + wanted_ms - timestamp_ms;
        let cts_ms = if cts >= 0 { moved_ms.max(0) } else { moved_ms };
        // 24 bits, signed (FLV Annex E.4.3.2).
        let cts_ms = cts_ms.clamp(-0x80_0000, 0x7f_ffff) as i32;
        out.push(Put::Video { timestamp_ms, cts_ms, key, payload });
    }

    /// The sound that belongs to the present epoch.
    fn wanted_audio(&self) -> Arc<AudioConfig> {
        self.epoch.as_ref().and_then(BusEpoch::shared_audio).unwrap_or_else(|| self.sound.own())
    }

    fn announce_sound(&mut self, timestamp_ms: i64, config: &Arc<AudioConfig>, out: &mut Vec<Put>) {
        if self.sent_audio.as_ref().is_some_and(|sent| Arc::ptr_eq(sent, config)) {
            return;
        }
        if self.sent_audio.as_deref() != Some(config) {
            out.push(Put::AudioHeader { timestamp_ms, asc: config.asc.clone() });
        }
        self.sent_audio = Some(Arc::clone(config));
    }

    /// Sends silence in the present format up to `until_ms`.
    fn silence_until(&mut self, until_ms: i64, out: &mut Vec<Put>) {
        let config = self.wanted_audio();
        let mut announced = false;
        while let Some((timestamp_ms, payload)) = self.sound.silence(until_ms, &config) {
            if !announced {
                self.announce_sound(timestamp_ms, &config, out);
                announced = true;
            }
            out.push(Put::Audio { timestamp_ms, payload });
        }
    }
}

#[cfg(test)]
mod tests;
