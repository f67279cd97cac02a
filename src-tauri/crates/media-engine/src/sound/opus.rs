//! Opus by way of `opus-rs`; no other file names the crate.

use bytes::Bytes;
use opus_rs::Application;

use super::packet::{self, MAX_SAMPLES};
use super::{Damaged, RATE_HZ, SoundError, guarded, tame};

/// Samples of a packet sent, 20 ms.
pub(super) const PACKET_SAMPLES: usize = 960;
/// How far what is heard lies behind what went in: the overlap of two CELT windows, 2.5 ms. The other 4 ms of libopus
/// are for switching to SILK, which is of no use at these rates (RFC 6716 s2.1.7 and `RestrictedLowDelay`).
pub(super) const LOOKAHEAD_SAMPLES: usize = 120;
/// A packet of one frame: header and the longest frame (RFC 6716 s3.4).
const MAX_PACKET_BYTES: usize = 1_276;
const STEREO_BPS: i32 = 96_000;
const MONO_BPS: i32 = 64_000;

/// Makes packets of 20 ms.
pub(super) struct OpusEncoder {
    inner: opus_rs::OpusEncoder,
    channels: usize,
    input: Vec<f32>,
}

impl OpusEncoder {
    /// For one or two channels.
    pub(super) fn new(channels: usize) -> Result<Self, SoundError> {
        let refused = |reason: &str| SoundError::Encoder { codec: "Opus", reason: reason.to_owned() };
        Ok(Self { inner: new_encoder(channels).map_err(refused)?, channels, input: Vec::new() })
    }

    /// Encodes [`PACKET_SAMPLES`] of interleaved sound.
    pub(super) fn encode(&mut self, sound: &[f32]) -> Result<Bytes, Damaged> {
        self.input.clear();
        self.input.extend(sound.iter().copied().map(tame));
        let (inner, input) = (&mut self.inner, &self.input);
        let packet = guarded(|| {
            let mut packet = [0; MAX_PACKET_BYTES];
            let length = inner.encode(input, PACKET_SAMPLES, &mut packet).ok()?;
            packet
                .get(..length)
                .filter(|packet| packet::samples(packet) == Some(PACKET_SAMPLES))
                .map(Bytes::copy_from_slice)
        });
        if packet.is_err()
            && let Ok(fresh) = new_encoder(self.channels)
        {
            self.inner = fresh;
        }
        packet
    }
}

/// Variable rate under constraint, which is what the crate does when not told to keep a constant one. No in-band FEC:
/// CELT has none.
fn new_encoder(channels: usize) -> Result<opus_rs::OpusEncoder, &'static str> {
    let mut encoder = opus_rs::OpusEncoder::new(RATE_HZ as i32, channels, Application::RestrictedLowDelay)?;
    encoder.bitrate_bps = if channels == 1 { MONO_BPS } else { STEREO_BPS };
    Ok(encoder)
}

/// Makes sound of packets.
pub(super) struct OpusDecoder {
    inner: opus_rs::OpusDecoder,
    channels: usize,
    output: Vec<f32>,
}

impl OpusDecoder {
    /// Gives one or two channels, whatever the packets hold.
    pub(super) fn new(channels: usize) -> Result<Self, SoundError> {
        let refused = |reason: &str| SoundError::Encoder { codec: "Opus", reason: reason.to_owned() };
        let inner = opus_rs::OpusDecoder::new(RATE_HZ as i32, channels).map_err(refused)?;
        Ok(Self { inner, channels, output: vec![0.0; MAX_SAMPLES * channels] })
    }

    /// Interleaved sound of a packet that [`packet::samples`] found to last `samples`.
    pub(super) fn decode(&mut self, packet: &[u8], samples: usize) -> Result<&[f32], Damaged> {
        self.run(samples, |inner, output| inner.decode(packet, samples, output))
    }

    /// Sound for what is lost before `next`, from its in-band FEC where it has any, else by continuing what was heard.
    /// `samples` is a multiple of 2.5 ms, at most [`MAX_SAMPLES`].
    pub(super) fn conceal(&mut self, samples: usize, next: &[u8]) -> Result<&[f32], Damaged> {
        self.run(samples, |inner, output| inner.decode_fec(next, samples, output))
    }

    fn run(
        &mut self,
        samples: usize,
        decode: impl FnOnce(&mut opus_rs::OpusDecoder, &mut [f32]) -> Result<usize, &'static str>,
    ) -> Result<&[f32], Damaged> {
        let output = self.output.get_mut(..samples * self.channels).ok_or(Damaged)?;
        let inner = &mut self.inner;
        let decoded = guarded(|| {
            let decoded = decode(inner, output).ok()? == samples;
            // What is not a number stays in the decoder's memory, so it has to be rebuilt.
            (decoded && output.iter().all(|sample| sample.is_finite())).then_some(())
        });
        if let Err(damaged) = decoded {
            if let Ok(fresh) = opus_rs::OpusDecoder::new(RATE_HZ as i32, self.channels) {
                self.inner = fresh;
            }
            return Err(damaged);
        }
        Ok(&self.output[..samples * self.channels])
    }
}
