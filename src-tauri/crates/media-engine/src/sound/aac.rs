//! AAC by way of `syom`; no other file names the crate.

use bytes::Bytes;
use media_formats::aac::AudioConfig;
use syom::{Channel, DecodeOptions, EncodeOptions, Frame};

use super::{Damaged, SoundError, guarded, tame};

/// Samples of a unit made here, and how far what is heard lies behind what went in.
pub(super) const UNIT_SAMPLES: usize = 1_024;
const STEREO_BPS: u32 = 128_000;
const MONO_BPS: u32 = 80_000;
/// A channel beside or behind the listener, or in the middle, folded into left and right (ITU-R BS.775 annex 4).
const FOLDED: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// Makes sound of access units.
pub(super) struct AacDecoder {
    inner: syom::Decoder,
    asc: Bytes,
    core_rate_hz: u32,
    core_samples: usize,
    channels: usize,
    rate_hz: u32,
}

impl AacDecoder {
    /// Gives one or two channels, whatever the units hold.
    pub(super) fn new(config: &AudioConfig, channels: usize) -> Result<Self, SoundError> {
        let core_samples = config.frame_samples() as usize;
        if config.sbr && core_samples != UNIT_SAMPLES {
            return Err(SoundError::UnsupportedAac("HE-AAC with short frames".to_owned()));
        }
        let inner = guarded(|| Some(new_decoder(&config.asc)));
        let inner = inner.unwrap_or_else(|Damaged| Err("its configuration cannot be read".to_owned()));
        Ok(Self {
            inner: inner.map_err(SoundError::UnsupportedAac)?,
            asc: config.asc.clone(),
            core_rate_hz: config.sample_rate_hz,
            core_samples,
            channels,
            rate_hz: config.output_sample_rate_hz,
        })
    }

    /// Rate of the sound last decoded: the core's, or twice that once SBR was met, announced or not.
    pub(super) fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Samples of a unit at [`Self::rate_hz`].
    pub(super) fn unit_samples(&self) -> usize {
        self.core_samples * self.rate_hz as usize / self.core_rate_hz.max(1) as usize
    }

    /// Appends the interleaved sound of a unit: [`Self::unit_samples`], or nothing if the unit is damaged.
    pub(super) fn decode(&mut self, unit: &[u8], sound: &mut Vec<f32>) -> Result<(), Damaged> {
        let start = sound.len();
        let (core_rate_hz, core_samples, channels) = (self.core_rate_hz, self.core_samples, self.channels);
        let inner = &mut self.inner;
        let decoded = guarded(|| {
            let mut rate_hz = None;
            let decoded = inner.decode_au(unit, |frame| {
                // A unit of another length than the configuration tells would shift all that follows.
                let whole =
                    frame.sample_rate as usize * core_samples == frame.samples * core_rate_hz as usize;
                if whole && rate_hz.replace(frame.sample_rate).is_none() {
                    mix(&frame, channels, sound);
                }
                Ok(())
            });
            let finite = sound[start..].iter().all(|sample| sample.is_finite());
            rate_hz.filter(|_| decoded.is_ok() && finite)
        });
        match decoded {
            Ok(rate_hz) => self.rate_hz = rate_hz,
            Err(Damaged) => {
                sound.truncate(start);
                if let Ok(Ok(fresh)) = guarded(|| Some(new_decoder(&self.asc))) {
                    self.inner = fresh;
                }
            }
        }
        decoded.map(|_| ())
    }
}

/// Without a limit of duration: a stream lasts as long as it lasts.
fn new_decoder(asc: &[u8]) -> Result<syom::Decoder, String> {
    let options = DecodeOptions::audio().with_max_duration_secs(f64::INFINITY);
    syom::Decoder::from_asc(asc, options).map_err(|error| error.to_string())
}

/// Appends a frame's planes as one or two interleaved channels. Left and right are kept as they are if there is nothing
/// else; a low frequency channel is left out, as loudspeakers for two channels do not miss it.
fn mix(frame: &Frame<'_>, channels: usize, sound: &mut Vec<f32>) {
    let start = sound.len();
    sound.resize(start + frame.samples * channels, 0.0);
    let sound = &mut sound[start..];
    let count = frame.planar.len();
    let loudest = if count > 2 { 1.0 / (1.0 + 2.0 * FOLDED) } else { 1.0 };
    for (index, plane) in frame.planar.iter().enumerate() {
        let label = frame.meta.channels.get(index).copied().flatten().unwrap_or(Channel::Other);
        let (left, right) = match (count, index, label) {
            (1, ..) => (1.0, 1.0),
            (2, 0, _) => (1.0, 0.0),
            (2, ..) => (0.0, 1.0),
            (.., Channel::Lfe) => continue,
            (.., Channel::FrontLeft) => (loudest, 0.0),
            (.., Channel::FrontRight) => (0.0, loudest),
            (.., Channel::BackLeft | Channel::SideLeft) => (loudest * FOLDED, 0.0),
            (.., Channel::BackRight | Channel::SideRight) => (0.0, loudest * FOLDED),
            _ => (loudest * FOLDED, loudest * FOLDED),
        };
        let weights = if channels == 1 { [(left + right) / 2.0; 2] } else { [left, right] };
        for (out, sample) in sound.chunks_exact_mut(channels).zip(plane.iter()) {
            for (out, weight) in out.iter_mut().zip(weights) {
                *out += sample * weight;
            }
        }
    }
}

/// Makes AAC-LC units.
pub(super) struct AacEncoder {
    inner: syom::Encoder,
    rate_hz: u32,
    channels: usize,
    planes: Vec<Vec<f32>>,
}

impl AacEncoder {
    /// For one or two channels.
    pub(super) fn new(rate_hz: u32, channels: usize) -> Result<Self, SoundError> {
        let bitrate_bps = if channels == 1 { MONO_BPS } else { STEREO_BPS };
        let options = EncodeOptions::raw().with_bitrate_bps(bitrate_bps);
        let inner = syom::Encoder::new(rate_hz, channels, &options)
            .map_err(|error| SoundError::Encoder { codec: "AAC", reason: error.to_string() })?;
        Ok(Self { inner, rate_hz, channels, planes: vec![Vec::new(); channels] })
    }

    /// The AudioSpecificConfig of its units.
    pub(super) fn asc(&self) -> Bytes {
        Bytes::copy_from_slice(self.inner.asc())
    }

    /// Takes any length of interleaved sound and hands on the units that it completes. After damage the encoder is empty.
    pub(super) fn encode(&mut self, sound: &[f32], mut unit: impl FnMut(Bytes)) -> Result<(), Damaged> {
        for (channel, plane) in self.planes.iter_mut().enumerate() {
            plane.clear();
            plane.extend(sound.iter().skip(channel).step_by(self.channels).copied().map(tame));
        }
        let planes: Vec<&[f32]> = self.planes.iter().map(Vec::as_slice).collect();
        let inner = &mut self.inner;
        let encoded = guarded(|| {
            let mut hand_on = |frame: syom::EncodedFrame<'_>| {
                unit(Bytes::copy_from_slice(frame.payload));
                Ok(())
            };
            inner.feed(&planes, &mut hand_on).ok()
        });
        if encoded.is_err() {
            self.forget();
        }
        encoded.map(|_| ())
    }

    /// Begins anew: what was taken and not yet handed on is dropped.
    pub(super) fn forget(&mut self) {
        if let Ok(fresh) = Self::new(self.rate_hz, self.channels) {
            *self = fresh;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::RATE_HZ;
    use super::super::tests::{hear_opus, lag, sound, to_opus, wanted};
    use super::*;

    /// Units of an encoder that is `late` samples behind, which the sound makes up for.
    fn units(channels: usize, late: usize, options: &EncodeOptions) -> (Bytes, Vec<Bytes>) {
        let planes: Vec<Vec<f32>> = (0..channels)
            .map(|channel| (late..late + 60_000).map(|tick| sound(tick as f64 / 48_000.0, channel)).collect())
            .collect();
        let planes: Vec<&[f32]> = planes.iter().map(Vec::as_slice).collect();
        let mut encoder = syom::Encoder::new(RATE_HZ, channels, options).expect("an encoder");
        let mut units = Vec::new();
        let unit = |frame: syom::EncodedFrame<'_>| {
            units.push(Bytes::copy_from_slice(frame.payload));
            Ok(())
        };
        encoder.feed(&planes, unit).expect("units");
        (Bytes::copy_from_slice(encoder.asc()), units)
    }

    /// HE-AAC, announced and not: the track's time scale is the core's 24 kHz, the sound has 48 kHz.
    #[test]
    fn band_replication_keeps_its_time() {
        let options = EncodeOptions::raw().with_bitrate_bps(64_000).with_he(true);
        let (asc, units) = units(2, 3_018, &options);
        for asc in [asc, Bytes::from_static(&[0x13, 0x10])] {
            let config = AudioConfig::parse(asc).expect("a configuration");
            assert_eq!((config.sample_rate_hz, config.channels), (24_000, 2));
            let packets = to_opus(&config, 0, &units);
            assert!(packets.windows(2).all(|pair| pair[1].at - pair[0].at == 960));
            let late = lag(&hear_opus(&packets, 2, 0), &wanted(0, 60_000));
            assert!(late.abs() <= 48, "{late} ticks late");
        }
    }

    #[test]
    fn many_channels_become_two() {
        let (asc, units) = units(6, 1_024, &EncodeOptions::raw().with_bitrate_bps(384_000));
        let config = AudioConfig::parse(asc).expect("a configuration");
        assert_eq!(config.channels, 6);
        let packets = to_opus(&config, 0, &units);
        let (left, right) = (hear_opus(&packets, 2, 0), hear_opus(&packets, 2, 1));
        let centre = wanted(2, 60_000);
        for (side, heard) in [left, right].iter().enumerate() {
            let wanted = wanted(side, 60_000);
            let folded: Vec<f32> =
                wanted.iter().zip(&centre).map(|(own, both)| own + both * FOLDED).collect();
            assert!(lag(heard, &folded).abs() <= 1);
            assert!(heard.iter().all(|sample| sample.abs() <= 1.0));
        }
    }
}
