//! Opus packets to AAC access units.

use bytes::Bytes;
use media_formats::aac::AudioConfig;

use super::aac::{AacEncoder, UNIT_SAMPLES};
use super::opus::OpusDecoder;
use super::packet::{self, MAX_SAMPLES};
use super::{RATE_HZ, SoundError};

/// Holes up to this are filled, longer ones begin anew.
const LONGEST_HOLE: i64 = RATE_HZ as i64;
/// 2.5 ms, the finest step of Opus: what is missing is filled in multiples of it, and less is jitter.
const STEP: i64 = 120;
/// Concealed at a time, 20 ms.
const CONCEALED_AT_ONCE: i64 = 960;

/// 1,024 samples of AAC-LC at 48 kHz.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AacUnit {
    /// When its first sample is heard, in 48 kHz ticks of the packets' time line. The encoder's priming is taken off, so
    /// the first unit, which is silent, begins 1,024 ticks before the first packet.
    pub(crate) at: i64,
    /// A raw_data_block (ISO 14496-3 s4.4.2.1).
    pub(crate) payload: Bytes,
}

/// Turns Opus, as taken out of RTP, into AAC-LC at 48 kHz.
///
/// Times are counted in samples. Holes up to a second are concealed; longer ones, and steps back of more than that, begin
/// anew and drop less than two units. A packet that comes after its time is left out.
pub(crate) struct ToAac {
    decoder: OpusDecoder,
    encoder: AacEncoder,
    config: AudioConfig,
    channels: usize,
    /// When the next sample to be encoded is heard.
    expected_at: Option<i64>,
    unit_at: i64,
    concealed_samples: u64,
}

impl ToAac {
    /// Gives `channels`, one or two, whatever the packets hold.
    ///
    /// # Errors
    /// For other numbers.
    pub(crate) fn new(channels: u8) -> Result<Self, SoundError> {
        let channels = usize::from(channels);
        let encoder = AacEncoder::new(RATE_HZ, channels)?;
        let config = AudioConfig::parse(encoder.asc())
            .map_err(|error| SoundError::Encoder { codec: "AAC", reason: error.to_string() })?;
        let decoder = OpusDecoder::new(channels)?;
        Ok(Self { decoder, encoder, config, channels, expected_at: None, unit_at: 0, concealed_samples: 0 })
    }

    /// What the units are.
    pub(crate) fn config(&self) -> AudioConfig {
        self.config.clone()
    }

    /// Takes a packet, whose first sample is heard `at`, in 48 kHz ticks, and appends the units it completes. What is no
    /// Opus counts as lost: the next packet shows the hole.
    pub(crate) fn push(&mut self, at: i64, packet: &[u8], out: &mut Vec<AacUnit>) {
        let Some(samples) = packet::samples(packet) else { return };
        let off = match self.expected_at.map(|expected| at.saturating_sub(expected)) {
            Some(off) if off.saturating_abs() <= LONGEST_HOLE => off,
            _ => self.begin(at),
        };
        let surplus = if off <= -STEP { off.unsigned_abs() as usize } else { 0 };
        if surplus >= samples {
            return;
        }
        self.fill(off, packet, out);
        match self.decoder.decode(packet, samples) {
            Ok(sound) => {
                let encoded =
                    encode(&mut self.encoder, &mut self.unit_at, &sound[surplus * self.channels..], out);
                self.advance(samples - surplus, encoded);
            }
            Err(_) => self.conceal(samples - surplus, &[], out),
        }
    }

    /// Milliseconds of sound that were made up for what was lost or damaged.
    pub(crate) fn concealed_ms(&self) -> u64 {
        self.concealed_samples / u64::from(RATE_HZ / 1_000)
    }

    fn begin(&mut self, at: i64) -> i64 {
        self.encoder.forget();
        self.expected_at = Some(at);
        self.unit_at = at.saturating_sub(UNIT_SAMPLES as i64);
        0
    }

    /// Fills what is missing before `packet`, the last of it from the packet's in-band FEC.
    fn fill(&mut self, missing: i64, packet: &[u8], out: &mut Vec<AacUnit>) {
        let mut missing = missing / STEP * STEP;
        while missing > 0 {
            let now = missing.min(CONCEALED_AT_ONCE);
            missing -= now;
            self.conceal(now as usize, if missing == 0 { packet } else { &[] }, out);
        }
    }

    fn conceal(&mut self, samples: usize, next: &[u8], out: &mut Vec<AacUnit>) {
        static SILENCE: [f32; 2 * MAX_SAMPLES] = [0.0; 2 * MAX_SAMPLES];
        self.concealed_samples += samples as u64;
        let sound = self.decoder.conceal(samples, next).unwrap_or(&SILENCE[..samples * self.channels]);
        let encoded = encode(&mut self.encoder, &mut self.unit_at, sound, out);
        self.advance(samples, encoded);
    }

    /// After `samples` more; an encoder that failed begins anew with the next packet.
    fn advance(&mut self, samples: usize, encoded: bool) {
        self.expected_at =
            self.expected_at.filter(|_| encoded).map(|expected| expected.saturating_add(samples as i64));
    }
}

fn encode(encoder: &mut AacEncoder, unit_at: &mut i64, sound: &[f32], out: &mut Vec<AacUnit>) -> bool {
    let encoded = encoder.encode(sound, |payload| {
        out.push(AacUnit { at: *unit_at, payload });
        *unit_at = unit_at.saturating_add(UNIT_SAMPLES as i64);
    });
    encoded.is_ok()
}
