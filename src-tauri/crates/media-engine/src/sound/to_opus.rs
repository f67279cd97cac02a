//! AAC access units to Opus packets.

use bytes::Bytes;
use media_formats::aac::AudioConfig;

use super::aac::AacDecoder;
use super::opus::{LOOKAHEAD_SAMPLES, OpusEncoder, PACKET_SAMPLES};
use super::resample::Resampler;
use super::{RATE_HZ, SoundError};

/// 20 ms of Opus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpusPacket {
    /// When its first sample is heard, in 48 kHz ticks of the track's own time line: a unit's dts times 48,000 through
    /// the track's rate. The encoder's look-ahead is taken off, so the first packet begins that much before its unit.
    pub(crate) at: i64,
    /// The packet, as RTP carries it (RFC 7587 s4.2).
    pub(crate) payload: Bytes,
}

/// Turns the AAC of one epoch into Opus. Mono stays mono, stereo stays stereo, more channels become stereo.
///
/// Times are counted in samples. A unit that is not where the count says moves the count: by a little silence put in or
/// a little sound left out, or beyond one and a half units by beginning anew, which drops less than a packet and, at
/// other rates than 48 kHz, the resampler's block.
pub(crate) struct ToOpus {
    decoder: AacDecoder,
    resampler: Resampler,
    encoder: OpusEncoder,
    channels: usize,
    rate_hz: u32,
    unit_ticks: i64,
    /// Where the next unit should be.
    expected_dts: Option<i64>,
    /// Samples at the decoder's rate that have to be left out still.
    surplus: usize,
    /// Sound of one unit.
    unit: Vec<f32>,
    /// Sound at 48 kHz that no packet holds yet, and when its first sample is heard.
    waiting: Vec<f32>,
    waiting_at: i64,
    damaged_units: u64,
}

impl ToOpus {
    /// # Errors
    /// When the decoder does not know this kind of AAC, or its rate cannot be brought to 48 kHz.
    pub(crate) fn new(config: &AudioConfig) -> Result<Self, SoundError> {
        let channels = if config.channels == 1 && !config.ps { 1 } else { 2 };
        let decoder = AacDecoder::new(config, channels)?;
        Ok(Self {
            resampler: Resampler::new(decoder.rate_hz(), channels)?,
            decoder,
            encoder: OpusEncoder::new(channels)?,
            channels,
            rate_hz: config.sample_rate_hz,
            unit_ticks: i64::from(config.frame_samples()),
            expected_dts: None,
            surplus: 0,
            unit: Vec::new(),
            waiting: Vec::new(),
            waiting_at: 0,
            damaged_units: 0,
        })
    }

    /// Takes a unit, whose `dts` counts samples at the track's rate, and appends the packets it completes. A damaged unit
    /// becomes silence of its length.
    pub(crate) fn push(&mut self, dts: i64, unit: &[u8], out: &mut Vec<OpusPacket>) {
        self.unit.clear();
        if self.decoder.decode(unit, &mut self.unit).is_err() {
            self.damaged_units += 1;
            self.unit.resize(self.decoder.unit_samples() * self.channels, 0.0);
        }
        self.place(dts);
        self.resampler.push(&self.unit, &mut self.waiting);
        self.packets(out);
    }

    /// Units that could not be decoded.
    pub(crate) fn damaged_units(&self) -> u64 {
        self.damaged_units
    }

    /// Brings the count to where the unit is.
    fn place(&mut self, dts: i64) {
        let known_rate = self.resampler.rate_hz() == self.decoder.rate_hz();
        let off = self.expected_dts.map(|expected| dts.saturating_sub(expected));
        // Times that were rounded to milliseconds jitter; what is off by more is so for a reason.
        let jitter = i64::from(self.rate_hz) / 500;
        match off {
            Some(off) if known_rate && off.saturating_abs() <= jitter => {
                self.expected_dts =
                    self.expected_dts.map(|expected| expected.saturating_add(self.unit_ticks));
            }
            Some(off) if known_rate && off.saturating_abs() <= self.unit_ticks * 3 / 2 => {
                self.step(off);
                self.expected_dts = Some(dts.saturating_add(self.unit_ticks));
            }
            _ => {
                self.begin(dts);
                self.expected_dts = Some(dts.saturating_add(self.unit_ticks));
            }
        }
        let surplus = self.surplus.min(self.unit.len() / self.channels);
        self.unit.drain(..surplus * self.channels);
        self.surplus -= surplus;
    }

    fn step(&mut self, off: i64) {
        let samples =
            off.unsigned_abs() as usize * self.decoder.rate_hz() as usize / self.rate_hz.max(1) as usize;
        if off < 0 {
            self.surplus += samples;
            return;
        }
        let needless = samples.min(self.surplus);
        self.surplus -= needless;
        self.unit.splice(..0, std::iter::repeat_n(0.0, (samples - needless) * self.channels));
    }

    fn begin(&mut self, dts: i64) {
        if self.resampler.rate_hz() == self.decoder.rate_hz() {
            self.resampler.forget();
        } else if let Ok(resampler) = Resampler::new(self.decoder.rate_hz(), self.channels) {
            self.resampler = resampler; // SBR that nothing announced
        }
        self.surplus = 0;
        self.waiting.clear();
        let rate_hz = i128::from(self.rate_hz.max(1));
        let ticks = (i128::from(dts) * i128::from(RATE_HZ) + rate_hz / 2).div_euclid(rate_hz);
        self.waiting_at = i64::try_from(ticks).unwrap_or(if dts < 0 { i64::MIN } else { i64::MAX });
    }

    fn packets(&mut self, out: &mut Vec<OpusPacket>) {
        let mut used = 0;
        while let Some(sound) = self.waiting.get(used..used + PACKET_SAMPLES * self.channels) {
            used += sound.len();
            let at = self.waiting_at.saturating_sub(LOOKAHEAD_SAMPLES as i64);
            self.waiting_at = self.waiting_at.saturating_add(PACKET_SAMPLES as i64);
            // An encoder that failed begins anew with the next packet; this one is as good as lost on the way.
            if let Ok(payload) = self.encoder.encode(sound) {
                out.push(OpusPacket { at, payload });
            }
        }
        self.waiting.drain(..used);
    }
}
