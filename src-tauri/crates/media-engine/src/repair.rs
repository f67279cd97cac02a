//! Repair on the way through: whatever an encoder sends leaves here as units a player can trust.
//!
//! One [`Repair`] lives as long as its stream; publishers come and go. It guarantees, over all of them:
//! decoding times that never decrease within a track; an epoch before the first unit that needs it; each epoch
//! starting at a keyframe; both tracks on one time line whatever their sender's clocks said; and sound that does not
//! break off while the picture goes on (silence is put in its place). Pure: time is an argument.

mod clock;
mod in_band;

use std::sync::Arc;

use bytes::Bytes;
use media_formats::aac::{self, AudioConfig};
use media_formats::h264::VideoConfig;
use media_formats::unit::{TrackKind, Unit, VIDEO_TIMESCALE_HZ};

use self::clock::TrackClock;

/// A sender that shows no picture for this long while sound arrives is a sound-only sender.
const AUDIO_ONLY_AFTER_MS: i64 = 1_500;
/// Sound this far behind the picture is replaced by silence, so that players do not starve. Below the hold-back
/// of low-latency players (three parts).
const SILENCE_AFTER_MS: i64 = 700;
/// How much sound may still arrive late after silence was put in.
const SILENCE_MARGIN_MS: i64 = 300;
/// Most silence one message brings about: as much as a sender's clock may step without counting as set anew. What
/// is missing beyond stays a hole, in which there is no picture either.
const MAX_SILENCE_MS: i64 = 10_000;
/// Audio timestamps are counted in samples; milliseconds correct the count only beyond this.
const AUDIO_DRIFT_MS: i64 = 40;
/// The first picture waits this long for the sound's configuration: encoders send the two in either order.
const SOUND_AWAITED_MS: i64 = 500;
/// Most messages held meanwhile. Overflow policy: the wait ends.
const MAX_HELD: usize = 256;
/// Missing picture for longer than this makes the next keyframe a discontinuity.
const GAP_MS: i64 = 1_000;

/// One message of a publisher, parsed.
#[derive(Debug, Clone)]
pub(crate) enum Incoming {
    /// An `AVCDecoderConfigurationRecord`, new or repeated.
    VideoConfig(VideoConfig),
    /// A coded picture.
    Video { timestamp_ms: u32, cts_ms: i32, key: bool, payload: Bytes },
    /// An `AudioSpecificConfig`, new or repeated.
    AudioConfig(AudioConfig),
    /// A raw AAC access unit.
    Audio { timestamp_ms: u32, payload: Bytes },
}

/// The configuration a run of units must be decoded with.
#[derive(Debug, Clone)]
pub(crate) struct Epoch {
    /// Grows by one with each epoch of the stream.
    pub(crate) number: u32,
    /// Stream position of its first unit.
    pub(crate) start_ms: u64,
    /// Picture configuration; none for sound alone.
    pub(crate) video: Option<Arc<VideoConfig>>,
    /// Sound configuration; none if no publisher of this stream ever sent sound.
    pub(crate) audio: Option<Arc<AudioConfig>>,
}

/// What leaves repair.
#[derive(Debug, Clone)]
pub(crate) enum Repaired {
    /// All units from here on belong to this epoch.
    Epoch(Epoch),
    /// A unit of the epoch last announced.
    Unit(Unit),
}

/// What was done to the signal, for the health read-out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RepairCounts {
    /// Units not passed on: before the first keyframe, without configuration, doubled, or lost on their way.
    pub(crate) dropped_units: u64,
    /// Timestamps moved to keep decoding times increasing.
    pub(crate) moved_timestamps: u64,
    /// Silent audio units put in.
    pub(crate) silent_units: u64,
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Repair {
    epoch: Option<Epoch>,
    next_epoch: u32,
    next_seq: u64,
    /// The current publisher has an open epoch.
    open: bool,
    /// A reason to open a new epoch at the next keyframe.
    renew: bool,
    video_config: Option<Arc<VideoConfig>>,
    /// Another header than that, which counts from the next keyframe on.
    announced_video: Option<Arc<VideoConfig>>,
    audio_config: Option<Arc<AudioConfig>>,
    video_clock: TrackClock,
    audio_clock: TrackClock,
    last_video_dts: Option<i64>,
    next_audio_dts: Option<i64>,
    /// Stream position of the epoch's first unit.
    epoch_start_ms: i64,
    audio_seen_in_epoch: bool,
    video_seen_of_publisher: bool,
    audio_waiting_since_ms: Option<i64>,
    /// The first messages of a stream whose sound is still awaited, with when they came.
    held: Vec<(Incoming, i64)>,
    counts: RepairCounts,
    out: Vec<Repaired>,
}

impl Repair {
    /// Starts a stream whose first epoch has the given number.
    pub(crate) fn new(first_epoch: u32) -> Self {
        Self {
            epoch: None,
            next_epoch: first_epoch,
            next_seq: 0,
            open: false,
            renew: false,
            video_config: None,
            announced_video: None,
            audio_config: None,
            video_clock: TrackClock::default(),
            audio_clock: TrackClock::default(),
            last_video_dts: None,
            next_audio_dts: None,
            epoch_start_ms: 0,
            audio_seen_in_epoch: false,
            video_seen_of_publisher: false,
            audio_waiting_since_ms: None,
            held: Vec::new(),
            counts: RepairCounts::default(),
            out: Vec::new(),
        }
    }

    /// What was done to the signal since the stream began.
    pub(crate) fn counts(&self) -> RepairCounts {
        self.counts
    }

    /// Counts units that were lost before they came here.
    pub(crate) fn count_lost(&mut self, units: u64) {
        self.counts.dropped_units += units;
    }

    /// A new publisher speaks from here on: its clock is anchored anew and its first keyframe opens an epoch.
    pub(crate) fn begin_publisher(&mut self) {
        self.open = false;
        self.renew = false;
        self.announced_video = None;
        self.video_seen_of_publisher = false;
        self.audio_waiting_since_ms = None;
        self.held.clear();
        self.video_clock.forget_sender();
        self.audio_clock.forget_sender();
    }

    /// Takes one message at stream position `now_ms` (milliseconds since the stream was created) and returns what it
    /// became: nothing, or some epochs and units in order.
    pub(crate) fn push(&mut self, incoming: Incoming, now_ms: i64) -> std::vec::Drain<'_, Repaired> {
        if self.holds_back(&incoming) {
            let ready = matches!(incoming, Incoming::AudioConfig(_))
                || self.held.len() >= MAX_HELD
                || self.held.first().is_some_and(|(_, since_ms)| now_ms - since_ms >= SOUND_AWAITED_MS);
            if !ready {
                self.held.push((incoming, now_ms));
                return self.out.drain(..);
            }
            if let Incoming::AudioConfig(config) = incoming {
                self.audio_config(config);
            } else {
                self.held.push((incoming, now_ms));
            }
            for (held, came_ms) in std::mem::take(&mut self.held) {
                self.take(held, came_ms);
            }
        } else {
            self.take(incoming, now_ms);
        }
        self.out.drain(..)
    }

    /// True from the stream's first keyframe until its sound is known or was awaited long enough.
    fn holds_back(&self, incoming: &Incoming) -> bool {
        let first_key = matches!(incoming, Incoming::Video { key: true, .. }) && self.video_config.is_some();
        self.epoch.is_none() && self.audio_config.is_none() && (!self.held.is_empty() || first_key)
    }

    fn take(&mut self, incoming: Incoming, now_ms: i64) {
        match incoming {
            Incoming::VideoConfig(config) => self.video_config(config),
            Incoming::AudioConfig(config) => self.audio_config(config),
            Incoming::Video { timestamp_ms, cts_ms, key, payload } => {
                self.video(timestamp_ms, cts_ms, key, payload, now_ms);
            }
            Incoming::Audio { timestamp_ms, payload } => self.audio(timestamp_ms, payload, now_ms),
        }
    }

    fn video_config(&mut self, config: VideoConfig) {
        self.video_seen_of_publisher = true;
        // Encoders repeat identical headers; only a real change is an epoch.
        if self.video_config.as_deref() == Some(&config) {
            self.announced_video = None;
        } else if self.video_config.is_some() {
            self.announced_video = Some(Arc::new(config));
        } else {
            self.renew_picture(Arc::new(config));
        }
    }

    fn renew_picture(&mut self, config: Arc<VideoConfig>) {
        self.video_config = Some(config);
        self.renew = true;
    }

    fn audio_config(&mut self, config: AudioConfig) {
        if self.audio_config.as_deref() != Some(&config) {
            self.audio_config = Some(Arc::new(config));
            self.renew = true;
        }
    }

    fn video(&mut self, timestamp_ms: u32, cts_ms: i32, key: bool, payload: Bytes, now_ms: i64) {
        self.video_seen_of_publisher = true;
        if key
            && let Some(config) =
                in_band::new_configuration(&payload, self.announced_video.take(), self.video_config.as_ref())
        {
            self.renew_picture(config);
        }
        if self.video_config.is_none() || (!self.open && !key) {
            self.counts.dropped_units += 1;
            return;
        }
        let mapped = self.video_clock.map(timestamp_ms, &self.audio_clock, now_ms);
        // Remembered until the next keyframe, which is seldom the frame right after the gap.
        self.renew |= self.open && (mapped.jumped || mapped.step_ms > GAP_MS);
        if !key && self.is_audio_only() {
            self.counts.dropped_units += 1;
            return;
        }
        let ticks_per_ms = i64::from(VIDEO_TIMESCALE_HZ / 1_000);
        let wanted = mapped.out_ms.saturating_mul(ticks_per_ms);
        let earliest = self.last_video_dts.map_or(0, |last| last + 1).max(self.epoch_start_ms * ticks_per_ms);
        let dts = wanted.max(earliest);
        self.counts.moved_timestamps += u64::from(dts != wanted);
        if key && (!self.open || self.renew || self.is_audio_only()) {
            self.open_epoch(dts / ticks_per_ms, self.video_config.clone());
        }
        self.last_video_dts = Some(dts);
        let cts = cts_ms.saturating_mul((VIDEO_TIMESCALE_HZ / 1_000) as i32);
        self.emit(TrackKind::Video, dts, cts, key, payload);
        self.fill_silence(mapped.out_ms);
    }

    fn audio(&mut self, timestamp_ms: u32, payload: Bytes, now_ms: i64) {
        let Some(config) = self.audio_config.clone() else {
            self.counts.dropped_units += 1;
            return;
        };
        if !self.open && !self.audio_alone(now_ms) {
            self.counts.dropped_units += 1;
            return;
        }
        let mapped = self.audio_clock.map(timestamp_ms, &self.video_clock, now_ms);
        let stale = self.epoch.as_ref().and_then(|epoch| epoch.audio.as_ref()) != Some(&config);
        if !self.open || (self.is_audio_only() && (stale || mapped.jumped || mapped.step_ms > GAP_MS)) {
            self.open_epoch(mapped.out_ms.max(self.epoch_start_ms), None);
        } else if stale {
            // The sound is new to this epoch: the next keyframe opens one that has it.
            self.counts.dropped_units += 1;
            return;
        }
        let rate_hz = i64::from(config.sample_rate_hz);
        let wanted = mapped.out_ms * rate_hz / 1_000;
        let drift = rate_hz * AUDIO_DRIFT_MS / 1_000;
        let dts = match self.next_audio_dts {
            Some(next) if (wanted - next).abs() <= drift => next,
            Some(next) if wanted < next => {
                self.counts.dropped_units += 1;
                return;
            }
            Some(next) => {
                self.silence_until(wanted - i64::from(config.frame_samples()) / 2, next, &config);
                self.next_audio_dts.unwrap_or(wanted).max(wanted - drift)
            }
            None => wanted,
        };
        self.audio_seen_in_epoch = true;
        self.emit_audio(dts, payload, &config);
    }

    /// True once sound has been arriving for a while and no sign of a picture.
    fn audio_alone(&mut self, now_ms: i64) -> bool {
        // A stream that had a picture keeps waiting for it: players cannot lose a track halfway.
        if self.video_seen_of_publisher || self.video_config.is_some() {
            return false;
        }
        let since_ms = *self.audio_waiting_since_ms.get_or_insert(now_ms);
        now_ms - since_ms >= AUDIO_ONLY_AFTER_MS
    }

    fn is_audio_only(&self) -> bool {
        self.epoch.as_ref().is_some_and(|epoch| epoch.video.is_none())
    }

    /// Without `video` the epoch is of sound alone.
    fn open_epoch(&mut self, start_ms: i64, video: Option<Arc<VideoConfig>>) {
        // A picture announced while sound is alone is still waiting for its keyframe.
        self.renew = video.is_none() && self.video_config.is_some();
        let epoch = Epoch {
            number: self.next_epoch,
            start_ms: start_ms.max(0) as u64,
            video,
            audio: self.audio_config.clone(),
        };
        self.next_epoch += 1;
        self.open = true;
        self.epoch_start_ms = start_ms;
        self.audio_seen_in_epoch = false;
        // Sound starts where the picture starts, in its own ticks, never before what was already sent.
        let old_rate_hz =
            self.epoch.as_ref().and_then(|old| old.audio.as_ref()).map(|old| old.sample_rate_hz);
        self.next_audio_dts = epoch.audio.as_ref().map(|audio| {
            let rate_hz = i64::from(audio.sample_rate_hz);
            let start = start_ms * rate_hz / 1_000;
            match (self.next_audio_dts, old_rate_hz) {
                (Some(next), Some(old)) if old == audio.sample_rate_hz => start.max(next),
                (Some(next), Some(old)) => start.max(next * rate_hz / i64::from(old) + 1),
                _ => start,
            }
        });
        self.epoch = Some(epoch.clone());
        self.out.push(Repaired::Epoch(epoch));
    }

    /// Keeps the sound going beside the picture at `video_ms`.
    fn fill_silence(&mut self, video_ms: i64) {
        let Some(config) = self.epoch.as_ref().and_then(|epoch| epoch.audio.clone()) else { return };
        let rate_hz = i64::from(config.sample_rate_hz);
        let Some(next) = self.next_audio_dts else { return };
        let lag_ms = video_ms - next * 1_000 / rate_hz;
        let mute = !self.audio_seen_in_epoch && video_ms - self.epoch_start_ms > AUDIO_ONLY_AFTER_MS;
        let (after_ms, margin_ms) = if mute { (0, 0) } else { (SILENCE_AFTER_MS, SILENCE_MARGIN_MS) };
        if lag_ms > after_ms {
            self.silence_until((video_ms - margin_ms) * rate_hz / 1_000, next, &config);
        }
    }

    /// Puts silent units from `next` up to (not beyond) `until`, in samples.
    fn silence_until(&mut self, until: i64, mut next: i64, config: &AudioConfig) {
        let Some(silence) = aac::silent_frame(config.channels) else { return };
        let step = i64::from(config.frame_samples());
        next = next.max(until - MAX_SILENCE_MS * i64::from(config.sample_rate_hz) / 1_000);
        while next + step <= until {
            self.counts.silent_units += 1;
            self.emit_audio(next, silence.clone(), config);
            next += step;
        }
    }

    fn emit_audio(&mut self, dts: i64, payload: Bytes, config: &AudioConfig) {
        self.next_audio_dts = Some(dts + i64::from(config.frame_samples()));
        self.emit(TrackKind::Audio, dts, 0, true, payload);
    }

    fn emit(&mut self, track: TrackKind, dts: i64, cts: i32, key: bool, payload: Bytes) {
        let epoch = self.epoch.as_ref().map_or(0, |epoch| epoch.number);
        let seq = self.next_seq;
        self.next_seq += 1;
        self.out.push(Repaired::Unit(Unit { track, epoch, seq, dts, cts, key, payload }));
    }
}

#[cfg(test)]
mod tests;
