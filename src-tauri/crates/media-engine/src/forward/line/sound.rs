//! The sound of one destination: real frames where there are some, silent ones where there must be.

use std::sync::Arc;

use bytes::Bytes;
use media_formats::aac::{self, AudioConfig};

/// AAC-LC, 44.1 kHz, mono (ISO 14496-3 s1.6.2.1): sent with pictures that have no sound.
const OWN_FORMAT: &[u8] = &[0x12, 0x08];
/// Silence is not sent for more than this at once: what is older was never heard anyway.
const LONGEST_SILENCE_US: i64 = 10_000_000;

/// Where the sound stands. Times are those of the destination, in microseconds.
#[derive(Debug)]
pub(super) struct Sound {
    own: Arc<AudioConfig>,
    /// End of the last real frame, and silent ones sent since: counting them keeps long silences exact.
    anchor_us: i64,
    silent: i64,
    /// Format the silent frames are counted in.
    counted: Option<Arc<AudioConfig>>,
    last_ms: Option<i64>,
}

impl Default for Sound {
    fn default() -> Self {
        let own = AudioConfig::parse(Bytes::from_static(OWN_FORMAT)).expect("a plain configuration");
        Self { own: Arc::new(own), anchor_us: 0, silent: 0, counted: None, last_ms: None }
    }
}

impl Sound {
    /// The format of silence where the source never had sound.
    pub(super) fn own(&self) -> Arc<AudioConfig> {
        Arc::clone(&self.own)
    }

    /// Timestamp of the newest frame.
    pub(super) fn last_ms(&self) -> Option<i64> {
        self.last_ms
    }

    /// Whether a real frame that begins here does not overlap what was sent.
    pub(super) fn fits(&self, at_us: i64, config: &AudioConfig) -> bool {
        let half_us = frames_us(1, config) / 2;
        at_us >= 0
            && self
                .last_ms
                .is_none_or(|last| at_us.div_euclid(1_000) > last && at_us + half_us >= self.next_us())
    }

    /// Takes a real frame that begins here; returns its timestamp.
    pub(super) fn real(&mut self, at_us: i64, config: &AudioConfig) -> i64 {
        let timestamp_ms = at_us.div_euclid(1_000);
        self.anchor_us = at_us + frames_us(1, config);
        self.silent = 0;
        self.counted = None;
        self.last_ms = Some(timestamp_ms);
        timestamp_ms
    }

    /// The next silent frame, if it ends by `until_ms` (or begins before, where the picture never had sound).
    pub(super) fn silence(&mut self, until_ms: i64, config: &Arc<AudioConfig>) -> Option<(i64, Bytes)> {
        let payload = aac::silent_frame(config.channels)?;
        if self.counted.as_ref().is_none_or(|counted| !Arc::ptr_eq(counted, config)) {
            self.anchor_us = self.next_us();
            self.silent = 0;
            self.counted = Some(Arc::clone(config));
        }
        let until_us = until_ms.saturating_mul(1_000);
        if until_us - self.next_us() > LONGEST_SILENCE_US {
            self.anchor_us = until_us - LONGEST_SILENCE_US;
            self.silent = 0;
        }
        let ends_us = if Arc::ptr_eq(config, &self.own) { 0 } else { frames_us(1, config) };
        let at_us = self.next_us();
        if at_us + ends_us >= until_us {
            return None;
        }
        let timestamp_ms = at_us.div_euclid(1_000).max(self.last_ms.map_or(0, |last| last + 1));
        self.silent += 1;
        self.last_ms = Some(timestamp_ms);
        Some((timestamp_ms, payload))
    }

    /// Where the next frame begins.
    fn next_us(&self) -> i64 {
        self.anchor_us + self.counted.as_ref().map_or(0, |config| frames_us(self.silent, config))
    }
}

fn frames_us(frames: i64, config: &AudioConfig) -> i64 {
    frames * i64::from(config.frame_samples()) * 1_000_000 / i64::from(config.sample_rate_hz.max(1))
}
