//! Any rate to 48 kHz by way of `rubato`; no other file names the crate.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};

use super::{RATE_HZ, SoundError};

/// The filter's length and the resampler's block: about 12 ms.
const BLOCKS_A_SECOND: u32 = 80;
/// The ratio to 48 kHz must be one of small numbers, or a block would be long. Every rate of the AAC table passes.
const MAX_SMALLEST_BLOCK: u32 = 800;

/// Brings interleaved sound to 48 kHz, without shift: its delay is taken off.
pub(super) struct Resampler {
    /// None at 48 kHz.
    inner: Option<Inner>,
    rate_hz: u32,
}

struct Inner {
    fft: Fft<f32>,
    channels: usize,
    waiting: Vec<f32>,
    block: Vec<f32>,
    /// Frames of delay still to be taken off.
    delay: usize,
}

impl Resampler {
    /// # Errors
    /// When the rate is an odd one.
    pub(super) fn new(rate_hz: u32, channels: usize) -> Result<Self, SoundError> {
        if rate_hz == RATE_HZ {
            return Ok(Self { inner: None, rate_hz });
        }
        let unsupported = || SoundError::UnsupportedRate(rate_hz);
        if rate_hz == 0 || rate_hz / greatest_common_divisor(rate_hz, RATE_HZ) > MAX_SMALLEST_BLOCK {
            return Err(unsupported());
        }
        let block = (rate_hz / BLOCKS_A_SECOND) as usize;
        let fft = Fft::new(rate_hz as usize, RATE_HZ as usize, block, channels, FixedSync::Both);
        let fft = fft.map_err(|_| unsupported())?;
        let block = vec![0.0; fft.output_frames_max() * channels];
        let delay = fft.output_delay();
        Ok(Self { inner: Some(Inner { fft, channels, waiting: Vec::new(), block, delay }), rate_hz })
    }

    /// The rate it takes.
    pub(super) fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Takes any length of sound and appends what can be told of it.
    pub(super) fn push(&mut self, sound: &[f32], out: &mut Vec<f32>) {
        match &mut self.inner {
            None => out.extend_from_slice(sound),
            Some(inner) => inner.push(sound, out),
        }
    }

    /// Begins anew.
    pub(super) fn forget(&mut self) {
        if let Some(inner) = &mut self.inner {
            inner.fft.reset();
            inner.waiting.clear();
            inner.delay = inner.fft.output_delay();
        }
    }
}

impl Inner {
    fn push(&mut self, sound: &[f32], out: &mut Vec<f32>) {
        self.waiting.extend_from_slice(sound);
        let wanted = self.fft.input_frames_next() * self.channels;
        let mut used = 0;
        while let Some(input) = self.waiting.get(used..used + wanted) {
            used += wanted;
            let frames = self.block.len() / self.channels;
            if let Ok(input) = InterleavedSlice::new(input, self.channels, wanted / self.channels)
                && let Ok(mut output) = InterleavedSlice::new_mut(&mut self.block, self.channels, frames)
                && self.fft.process_into_buffer(&input, &mut output, None).is_err()
            {
                self.block.fill(0.0); // only lengths can be wrong, and they come from the resampler itself
            }
            let delay = self.delay.min(frames);
            self.delay -= delay;
            out.extend_from_slice(&self.block[delay * self.channels..]);
        }
        self.waiting.drain(..used);
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}
