//! AAC as FLV and MP4 carry it: the AudioSpecificConfig, and silence to fill gaps with (ISO 14496-3).

use bytes::Bytes;

use crate::h264::bits::{BitReader, BitWriter, OutOfBits};

/// Why an AudioSpecificConfig could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AacError {
    /// The bytes end before the configuration does.
    #[error("AAC configuration ends early")]
    Truncated,
    /// Not AAC Main, LC or LTP, with or without SBR and PS. Low-delay profiles have other frame lengths, and
    /// players refuse them.
    #[error("AAC object type {0} is not supported")]
    UnsupportedObjectType(u8),
    /// A reserved index, or an explicit rate outside 7350 to 96000 Hz.
    #[error("AAC sample rate is not supported")]
    UnsupportedSampleRate,
    /// A reserved channel configuration, or a program without channels.
    #[error("AAC channel configuration {0} is not supported")]
    UnsupportedChannels(u8),
}

impl From<OutOfBits> for AacError {
    fn from(OutOfBits: OutOfBits) -> Self {
        Self::Truncated
    }
}

/// How an audio track is to be decoded (ISO 14496-3 s1.6.2.1). Two configurations are equal when their bytes are.
#[derive(Debug, Clone)]
pub struct AudioConfig {
    /// The AudioSpecificConfig itself.
    pub asc: Bytes,
    /// Object type of the core coder: 1 Main, 2 LC, 4 LTP.
    pub object_type: u8,
    /// Rate of the core coder, which is the track's timescale: every frame lasts [`Self::frame_samples`] of it.
    pub sample_rate_hz: u32,
    /// Rate after spectral band replication where the configuration announces it; else the core rate. SBR that is
    /// only found in the frames (implicit signalling) cannot be known here, and timing does not need it.
    pub output_sample_rate_hz: u32,
    /// Channels of the core coder, 1 to 8. Parametric stereo makes two of one.
    pub channels: u8,
    /// Spectral band replication is announced (HE-AAC).
    pub sbr: bool,
    /// Parametric stereo is announced (HE-AAC v2).
    pub ps: bool,
    frame_samples: u32,
}

impl PartialEq for AudioConfig {
    fn eq(&self, other: &Self) -> bool {
        self.asc == other.asc
    }
}

impl Eq for AudioConfig {}

impl AudioConfig {
    /// Reads an AudioSpecificConfig.
    ///
    /// # Errors
    /// When it ends early or describes audio that MP4 players do not take as AAC.
    pub fn parse(asc: Bytes) -> Result<Self, AacError> {
        let mut reader = BitReader::new(&asc);
        let mut object_type = object_type_of(&mut reader)?;
        let sample_rate_hz = sample_rate(&mut reader)?;
        let channel_configuration = reader.bits(4)? as u8;
        let mut extension = Extension { sbr: false, ps: false, output_sample_rate_hz: sample_rate_hz };
        let hierarchical = matches!(object_type, 5 | 29);
        if hierarchical {
            extension.sbr = true;
            extension.ps = object_type == 29;
            extension.output_sample_rate_hz = sample_rate(&mut reader)?;
            object_type = object_type_of(&mut reader)?;
        }
        if !matches!(object_type, 1 | 2 | 4) {
            return Err(AacError::UnsupportedObjectType(object_type));
        }
        // GASpecificConfig, ISO 14496-3 s4.4.1
        let frame_samples = if reader.bit()? { 960 } else { 1024 };
        if reader.bit()? {
            reader.skip(14)?; // coreCoderDelay
        }
        reader.bit()?; // extensionFlag, without content for these object types
        let channels = match channel_configuration {
            0 => program_channels(&mut reader)?,
            1..=6 => channel_configuration,
            7 | 12 | 14 => 8,
            11 => 7,
            other => return Err(AacError::UnsupportedChannels(other)),
        };
        if !hierarchical {
            // What follows is optional, so damage in it says nothing of the core.
            extension = extension.clone().parse(&mut reader).unwrap_or(extension);
        }
        let Extension { sbr, ps, output_sample_rate_hz } = extension;
        Ok(Self { asc, object_type, sample_rate_hz, output_sample_rate_hz, channels, sbr, ps, frame_samples })
    }

    /// Samples a frame lasts, at [`Self::sample_rate_hz`]: 1024, or 960 where the configuration says so.
    pub fn frame_samples(&self) -> u32 {
        self.frame_samples
    }

    /// The codec as HLS, DASH and `MediaSource` name it (RFC 6381 s3.3): `mp4a.40.2`.
    pub fn codec_string(&self) -> String {
        let object_type = match (self.sbr, self.ps) {
            (true, true) => 29,
            (true, false) => 5,
            _ => self.object_type,
        };
        format!("mp4a.40.{object_type}")
    }
}

/// Spectral band replication and parametric stereo, as far as announced.
#[derive(Clone)]
struct Extension {
    sbr: bool,
    ps: bool,
    output_sample_rate_hz: u32,
}

impl Extension {
    /// The backward compatible announcement behind the core's configuration (ISO 14496-3 s1.6.2.1).
    fn parse(mut self, reader: &mut BitReader<'_>) -> Result<Self, AacError> {
        if reader.remaining_bits() < 16 || reader.bits(11)? != 0x2b7 || object_type_of(reader)? != 5 {
            return Ok(self);
        }
        self.sbr = reader.bit()?;
        if self.sbr {
            self.output_sample_rate_hz = sample_rate(reader)?;
            self.ps = reader.remaining_bits() >= 12 && reader.bits(11)? == 0x548 && reader.bit()?;
        }
        Ok(self)
    }
}

fn object_type_of(reader: &mut BitReader<'_>) -> Result<u8, AacError> {
    let short = reader.bits(5)? as u8;
    Ok(if short == 31 { 32 + reader.bits(6)? as u8 } else { short })
}

fn sample_rate(reader: &mut BitReader<'_>) -> Result<u32, AacError> {
    const RATES_HZ: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
    ];
    let index = reader.bits(4)? as usize;
    let rate_hz = if index == 15 { Some(reader.bits(24)?) } else { RATES_HZ.get(index).copied() };
    rate_hz.filter(|rate_hz| (7_350..=96_000).contains(rate_hz)).ok_or(AacError::UnsupportedSampleRate)
}

/// Channels of a program_config_element (ISO 14496-3 s4.4.1.1).
fn program_channels(reader: &mut BitReader<'_>) -> Result<u8, AacError> {
    reader.skip(4 + 2 + 4)?; // element_instance_tag, object_type, sampling_frequency_index
    let speakers = reader.bits(4)? + reader.bits(4)? + reader.bits(4)?; // front, side, back elements
    let low_frequency = reader.bits(2)?;
    reader.skip(3 + 4)?; // associated data and coupling elements, which are no speakers
    for mixdown_bits in [4, 4, 3] {
        if reader.bit()? {
            reader.skip(mixdown_bits)?;
        }
    }
    let mut channels = low_frequency;
    for _ in 0..speakers {
        channels += if reader.bit()? { 2 } else { 1 };
        reader.skip(4)?; // element_tag_select
    }
    match u8::try_from(channels) {
        Ok(channels @ 1..=8) => Ok(channels),
        _ => Err(AacError::UnsupportedChannels(0)),
    }
}

/// One AAC-LC frame of silence, a raw_data_block without ADTS (ISO 14496-3 s4.4.2.1), for one or two channels; `None`
/// for more. It fits every sample rate, since no scale factor band is sent.
pub fn silent_frame(channels: u8) -> Option<Bytes> {
    const SINGLE_CHANNEL: u32 = 0;
    const CHANNEL_PAIR: u32 = 1;
    const END: u32 = 7;
    let mut frame = BitWriter::default();
    match channels {
        1 => {
            frame.bits(SINGLE_CHANNEL, 3);
            frame.bits(0, 4); // element_instance_tag
            frame.bits(0, 8); // global_gain
            write_long_window_without_bands(&mut frame);
            write_no_tools(&mut frame);
        }
        2 => {
            frame.bits(CHANNEL_PAIR, 3);
            frame.bits(0, 4); // element_instance_tag
            frame.bits(1, 1); // common_window
            write_long_window_without_bands(&mut frame);
            frame.bits(0, 2); // ms_mask_present
            for _ in 0..2 {
                frame.bits(0, 8); // global_gain
                write_no_tools(&mut frame);
            }
        }
        _ => return None,
    }
    frame.bits(END, 3);
    Some(Bytes::from(frame.into_bytes()))
}

/// ics_info of a long window with `max_sfb` 0: neither sections, scale factors nor spectral data follow.
fn write_long_window_without_bands(frame: &mut BitWriter) {
    frame.bits(0, 1); // ics_reserved_bit
    frame.bits(0, 2); // window_sequence: only long
    frame.bits(0, 1); // window_shape
    frame.bits(0, 6); // max_sfb
    frame.bits(0, 1); // predictor_data_present
}

fn write_no_tools(frame: &mut BitWriter) {
    frame.bits(0, 3); // pulse_data_present, tns_data_present, gain_control_data_present
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(asc: &[u8]) -> Result<AudioConfig, AacError> {
        AudioConfig::parse(Bytes::copy_from_slice(asc))
    }

    #[test]
    fn low_complexity_stereo() {
        let config = parse(&[0x12, 0x10]).unwrap();
        assert_eq!((config.sample_rate_hz, config.channels, config.frame_samples()), (44_100, 2, 1024));
        assert_eq!(config.codec_string(), "mp4a.40.2");
        let config = parse(&[0x11, 0x90, 0x56, 0xe5, 0x00]).unwrap(); // ffmpeg: SBR announced as absent
        assert_eq!(
            (config.sample_rate_hz, config.output_sample_rate_hz, config.sbr),
            (48_000, 48_000, false)
        );
        assert_eq!(config.codec_string(), "mp4a.40.2");
        assert_ne!(config, parse(&[0x11, 0x90]).unwrap(), "other bytes are another configuration");
    }

    #[test]
    fn high_efficiency_both_ways() {
        // Hierarchical: object type 5, core 24 kHz, mono or stereo, output 48 kHz.
        let config = parse(&[0x2b, 0x11, 0x88, 0x00]).unwrap();
        assert_eq!(
            (config.sample_rate_hz, config.output_sample_rate_hz, config.channels),
            (24_000, 48_000, 2)
        );
        assert_eq!((config.codec_string().as_str(), config.object_type), ("mp4a.40.5", 2));
        // Backward compatible, with parametric stereo: LC 24 kHz mono, then 0x2b7 5 1 3, then 0x548 1.
        let config = parse(&[0x13, 0x08, 0x56, 0xe5, 0x9d, 0x48, 0x80]).unwrap();
        assert_eq!(
            (config.sample_rate_hz, config.output_sample_rate_hz, config.channels),
            (24_000, 48_000, 1)
        );
        assert_eq!(config.codec_string(), "mp4a.40.29");
    }

    #[test]
    fn explicit_rate_short_frames_and_program_config() {
        let mut asc = BitWriter::default();
        for (value, count) in [(2, 5), (15, 4), (37_800, 24), (1, 4), (0b100, 3)] {
            asc.bits(value, count);
        }
        let config = parse(&asc.into_bytes()).unwrap();
        assert_eq!((config.sample_rate_hz, config.channels, config.frame_samples()), (37_800, 1, 960));

        let mut asc = BitWriter::default();
        for (value, count) in [(2, 5), (3, 4), (0, 4), (0, 3)] {
            asc.bits(value, count);
        }
        asc.bits(0, 10);
        for (value, count) in [(2, 4), (0, 4), (1, 4), (1, 2), (0, 7), (0, 3)] {
            asc.bits(value, count); // two front elements, one back, one low frequency; no mixdown
        }
        for pair in [0, 1, 1] {
            asc.bits(pair << 4, 5);
        }
        assert_eq!(parse(&asc.into_bytes()).unwrap().channels, 6);
    }

    #[test]
    fn unusable_configurations_are_refused() {
        assert_eq!(parse(&[]), Err(AacError::Truncated));
        assert_eq!(parse(&[0x12]), Err(AacError::Truncated));
        assert_eq!(parse(&[0x16, 0x90]), Err(AacError::UnsupportedSampleRate)); // reserved index 13
        for rate_hz in [0, 7_349, 96_001, 0xff_ffff] {
            let mut asc = BitWriter::default();
            for (value, count) in [(2, 5), (15, 4), (rate_hz, 24), (2, 4), (0, 3)] {
                asc.bits(value, count);
            }
            assert_eq!(parse(&asc.into_bytes()), Err(AacError::UnsupportedSampleRate), "{rate_hz} Hz");
        }
        assert_eq!(parse(&[0x12, 0x40]), Err(AacError::UnsupportedChannels(8)));
        assert_eq!(parse(&[0x02, 0x10]), Err(AacError::UnsupportedObjectType(0)));
        assert_eq!(parse(&[0xf8, 0xe8, 0x50]), Err(AacError::UnsupportedObjectType(39))); // ELD, escaped
    }

    /// Fifty of each of these frames, wrapped in ADTS and decoded by ffmpeg 5.1 at 8, 44.1 and 48 kHz, gave the full
    /// number of samples, all of them zero, without a warning.
    #[test]
    fn silence_is_what_a_decoder_was_seen_to_take() {
        assert_eq!(silent_frame(1).unwrap()[..], [0x00, 0x00, 0x00, 0x07]);
        assert_eq!(silent_frame(2).unwrap()[..], [0x21, 0x00, 0x00, 0x00, 0x00, 0x1c]);
        assert_eq!(silent_frame(0), None);
        assert_eq!(silent_frame(6), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(
            // Most random first bytes name object types that are refused at once.
            first in prop_oneof![any::<u8>(), (0_u8..8).prop_map(|low| 2 << 3 | low)],
            rest in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let bytes = [&[first][..], &rest].concat();
            if let Ok(config) = parse(&bytes) {
                prop_assert!((1..=8).contains(&config.channels));
                prop_assert!((7_350..=96_000).contains(&config.sample_rate_hz));
            }
        }
    }
}
