//! AVCDecoderConfigurationRecord, the `avcC` of MP4 and the sequence header of FLV (ISO 14496-15 s5.3.3.1).

use bytes::{BufMut, Bytes, BytesMut};

use super::{H264Error, ParameterSets, Sps};

/// How a video track is to be decoded. Two configurations are equal when their records are, byte for byte: encoders
/// resend an unchanged one at will.
#[derive(Debug, Clone)]
pub struct VideoConfig {
    /// The record itself.
    pub avcc: Bytes,
    /// Bytes of the length before each NAL unit of an access unit: 1, 2 or 4.
    pub nal_length_bytes: u8,
    /// Sequence parameter set NAL units, at least one.
    pub sps_nals: Vec<Bytes>,
    /// Picture parameter set NAL units, at least one.
    pub pps_nals: Vec<Bytes>,
    /// The first sequence parameter set, read.
    pub sps: Sps,
}

impl PartialEq for VideoConfig {
    fn eq(&self, other: &Self) -> bool {
        self.avcc == other.avcc
    }
}

impl Eq for VideoConfig {}

impl VideoConfig {
    /// Reads a record. Its parameter sets stay slices of `avcc`; what follows them (the high profile extension,
    /// which some muxers leave out) is not needed, since the sequence parameter set says the same.
    ///
    /// # Errors
    /// When the record ends early, holds no parameter sets, or its sequence parameter set cannot be used.
    pub fn parse(avcc: Bytes) -> Result<Self, H264Error> {
        let [version, _, _, _, length_size, sps_count, ..] = avcc[..] else {
            return Err(H264Error::Truncated);
        };
        if version != 1 {
            return Err(H264Error::UnknownVersion(version));
        }
        let nal_length_bytes = (length_size & 0b11) + 1;
        if nal_length_bytes == 3 {
            return Err(H264Error::BadLengthSize(3));
        }
        let mut rest = avcc.slice(6..);
        let sps_nals = take_nals(&mut rest, usize::from(sps_count & 0x1f))?;
        let pps_count = *rest.first().ok_or(H264Error::Truncated)?;
        rest = rest.slice(1..);
        let pps_nals = take_nals(&mut rest, usize::from(pps_count))?;
        let first = sps_nals.first().ok_or(H264Error::NoParameterSets)?;
        if pps_nals.is_empty() {
            return Err(H264Error::NoParameterSets);
        }
        let sps = Sps::parse(first)?;
        Ok(Self { avcc, nal_length_bytes, sps_nals, pps_nals, sps })
    }

    /// Builds the record for parameter sets found in the stream, with NAL unit lengths of four bytes.
    ///
    /// # Errors
    /// When there are none, more than a record holds (31 and 255) or longer than it can say (65535 bytes), or the
    /// sequence parameter set cannot be used.
    pub fn from_parameter_sets(sets: &ParameterSets) -> Result<Self, H264Error> {
        let (Some(first), false) = (sets.sps.first(), sets.pps.is_empty()) else {
            return Err(H264Error::NoParameterSets);
        };
        let too_long = |nal: &Bytes| nal.len() > usize::from(u16::MAX);
        if sets.sps.len() > 31 || sets.pps.len() > 255 || sets.sps.iter().chain(&sets.pps).any(too_long) {
            return Err(H264Error::TooManyParameterSets);
        }
        let sps = Sps::parse(first)?;
        let mut record = BytesMut::new();
        record.put_slice(&[1, sps.profile_idc, sps.constraint_flags, sps.level_idc, 0xff]);
        record.put_u8(0xe0 | sets.sps.len() as u8);
        put_nals(&mut record, &sets.sps);
        record.put_u8(sets.pps.len() as u8);
        put_nals(&mut record, &sets.pps);
        if sps.has_sample_format() {
            record.put_u8(0xfc | sps.chroma_format_idc);
            record.put_u8(0xf8 | (sps.bit_depth_luma - 8));
            record.put_u8(0xf8 | (sps.bit_depth_chroma - 8));
            record.put_u8(0); // no sequence parameter set extensions
        }
        Self::parse(record.freeze())
    }

    /// The access unit with this configuration's parameter sets before it, for decoders that would not heed a new
    /// configuration record (ISO 14496-10 s7.4.1.2.1 allows them in every access unit). Copies the payload.
    pub fn with_sets_in_band(&self, access_unit: &[u8]) -> Bytes {
        let length_bytes = usize::from(self.nal_length_bytes).clamp(1, 4);
        let sets = || self.sps_nals.iter().chain(&self.pps_nals);
        let sets_bytes: usize = sets().map(|set| length_bytes + set.len()).sum();
        let mut out = BytesMut::with_capacity(sets_bytes + access_unit.len());
        let (delimiter, rest) = access_unit.split_at(delimiter_bytes(access_unit, length_bytes));
        out.put_slice(delimiter);
        for set in sets() {
            // Sets are at most 65 535 bytes; one that does not fit its length field is left to the record.
            if length_bytes > 1 || set.len() <= 0xff {
                out.put_uint(set.len() as u64, length_bytes);
                out.put_slice(set);
            }
        }
        out.put_slice(rest);
        out.freeze()
    }

    /// The codec as HLS, DASH and `MediaSource` name it (RFC 6381 s3.3): `avc1.64001f`.
    pub fn codec_string(&self) -> String {
        let Sps { profile_idc, constraint_flags, level_idc, .. } = self.sps;
        format!("avc1.{profile_idc:02x}{constraint_flags:02x}{level_idc:02x}")
    }
}

fn take_nals(rest: &mut Bytes, count: usize) -> Result<Vec<Bytes>, H264Error> {
    let mut nals = Vec::new();
    for _ in 0..count {
        let [high, low, ..] = rest[..] else { return Err(H264Error::Truncated) };
        let end = 2 + usize::from(u16::from_be_bytes([high, low]));
        if rest.len() < end {
            return Err(H264Error::Truncated);
        }
        let nal = rest.split_to(end).slice(2..);
        if !nal.is_empty() {
            nals.push(nal);
        }
    }
    Ok(nals)
}

fn put_nals(record: &mut BytesMut, nals: &[Bytes]) {
    for nal in nals {
        record.put_u16(nal.len() as u16);
        record.put_slice(nal);
    }
}

/// Bytes of the access unit delimiter that must stay first (s7.4.1.2.3); 0 without one.
fn delimiter_bytes(access_unit: &[u8], length_bytes: usize) -> usize {
    let Some((length, nal)) = access_unit.split_at_checked(length_bytes) else { return 0 };
    let length = length.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
    let is_delimiter = nal.first().is_some_and(|header| header & 0x1f == 9);
    if is_delimiter && length <= nal.len() { length_bytes + length } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::super::annex_b;
    use super::*;
    use proptest::prelude::*;

    /// x264, high profile, 1280x720.
    const HIGH: &[u8] =
        b"\x01\x64\x00\x1f\xff\xe1\x00\x1a\x67\x64\x00\x1f\xac\xd9\x40\x50\x05\xbb\x01\x10\x00\x00\
        \x03\x00\x10\x00\x00\x03\x03\xc0\xf1\x83\x19\x60\x01\x00\x06\x68\xea\xe3\xcb\x22\xc0\xfd\xf8\xf8\x00";

    #[test]
    fn a_record_of_x264() {
        let config = VideoConfig::parse(Bytes::from_static(HIGH)).unwrap();
        assert_eq!(config.codec_string(), "avc1.64001f");
        assert_eq!((config.sps.width, config.sps.height), (1280, 720));
        assert_eq!((config.nal_length_bytes, config.sps_nals.len(), config.pps_nals.len()), (4, 1, 1));
        assert_eq!(config.pps_nals[0][..], *b"\x68\xea\xe3\xcb\x22\xc0");
    }

    #[test]
    fn sets_go_before_the_picture_and_behind_its_delimiter() {
        let config = VideoConfig::parse(Bytes::from_static(HIGH)).unwrap();
        let sets = [&b"\0\0\0\x1a"[..], &config.sps_nals[0], b"\0\0\0\x06", &config.pps_nals[0]].concat();
        let picture = b"\0\0\0\x02\x65\x88";
        assert_eq!(config.with_sets_in_band(picture), [&sets[..], picture].concat());
        let delimiter = b"\0\0\0\x02\x09\x10";
        let unit = [&delimiter[..], picture].concat();
        assert_eq!(config.with_sets_in_band(&unit), [&delimiter[..], &sets, picture].concat());
        for cut in [&b""[..], b"\0\0", b"\0\0\0\x09", b"\0\0\0\x09\x09"] {
            assert_eq!(config.with_sets_in_band(cut), [&sets[..], cut].concat());
        }
    }

    #[test]
    fn the_same_record_is_built_from_parameter_sets() {
        let config = VideoConfig::parse(Bytes::from_static(HIGH)).unwrap();
        let sets = ParameterSets { sps: config.sps_nals.clone(), pps: config.pps_nals.clone() };
        assert_eq!(VideoConfig::from_parameter_sets(&sets).unwrap(), config);
        let none = ParameterSets { sps: config.sps_nals, pps: Vec::new() };
        assert_eq!(VideoConfig::from_parameter_sets(&none), Err(H264Error::NoParameterSets));
    }

    #[test]
    fn unusable_records_are_refused() {
        let parse = |bytes: &[u8]| VideoConfig::parse(Bytes::copy_from_slice(bytes));
        assert_eq!(parse(&[]), Err(H264Error::Truncated));
        assert_eq!(parse(&HIGH[..30]), Err(H264Error::Truncated));
        assert_eq!(parse(&[0, 0, 0, 0, 0xff, 0xe0, 0]), Err(H264Error::UnknownVersion(0)));
        assert_eq!(parse(&[1, 0x64, 0, 31, 0xfe, 0xe0, 0]), Err(H264Error::BadLengthSize(3)));
        assert_eq!(parse(&[1, 0x64, 0, 31, 0xff, 0xe0, 0]), Err(H264Error::NoParameterSets));
        assert_eq!(parse(&[1, 0x64, 0, 31, 0xff, 0xe1, 0, 0, 0]), Err(H264Error::NoParameterSets));
    }

    #[test]
    fn byte_stream_for_a_decoder() {
        let config = VideoConfig::parse(Bytes::from_static(HIGH)).unwrap();
        let stream = annex_b(&[0, 0, 0, 2, 0x65, 7, 0, 0, 9, 9, 1], &config);
        let mut expected = Vec::new();
        for nal in [&config.sps_nals[0][..], &config.pps_nals[0][..], &[0x65, 7]] {
            expected.extend_from_slice(&[0, 0, 0, 1]);
            expected.extend_from_slice(nal);
        }
        assert_eq!(stream, expected, "the damaged tail is left out");
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = VideoConfig::parse(Bytes::from(bytes));
        }

        /// Damage anywhere in a real record is refused or read, never a panic; what is read can be rebuilt.
        #[test]
        fn damaged_records_are_safe(at in 0..HIGH.len(), value in any::<u8>(), length in 0..=HIGH.len()) {
            let mut bytes = HIGH.to_vec();
            bytes[at] = value;
            bytes.truncate(length);
            if let Ok(config) = VideoConfig::parse(Bytes::from(bytes)) {
                let sets = ParameterSets { sps: config.sps_nals, pps: config.pps_nals };
                let rebuilt = VideoConfig::from_parameter_sets(&sets).unwrap();
                prop_assert_eq!(rebuilt.sps, config.sps);
            }
        }
    }
}
