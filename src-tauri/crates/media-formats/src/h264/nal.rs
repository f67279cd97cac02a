//! Access units of length-prefixed NAL units (ISO 14496-15 s5.3.2).

use bytes::Bytes;

use super::{H264Error, VideoConfig};

/// More in-band parameter sets than this in one access unit are ignored.
const MAX_PARAMETER_SETS: usize = 31;

/// What a NAL unit holds (H.264 table 7-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NalKind {
    /// Slice of a picture that is not an IDR picture.
    Slice,
    /// Slice data partition A, B or C.
    Partition,
    /// Slice of an IDR picture: decoding can start here.
    Idr,
    /// Supplemental enhancement information.
    Sei,
    /// Sequence parameter set.
    Sps,
    /// Picture parameter set.
    Pps,
    /// Access unit delimiter.
    AccessUnitDelimiter,
    /// End of sequence.
    EndOfSequence,
    /// End of stream.
    EndOfStream,
    /// Filler data.
    Filler,
    /// Any other `nal_unit_type`.
    Other(u8),
}

impl NalKind {
    /// The kind its first byte says; an empty NAL unit is `Other(0)`.
    pub fn of(nal: &[u8]) -> Self {
        match nal.first().map_or(0, |header| header & 0x1f) {
            1 => Self::Slice,
            2..=4 => Self::Partition,
            5 => Self::Idr,
            6 => Self::Sei,
            7 => Self::Sps,
            8 => Self::Pps,
            9 => Self::AccessUnitDelimiter,
            10 => Self::EndOfSequence,
            11 => Self::EndOfStream,
            12 => Self::Filler,
            other => Self::Other(other),
        }
    }
}

/// The NAL units of an access unit, in order, without their lengths. `nal_length_bytes` is that of the
/// configuration (1, 2 or 4). Empty units are passed over; a length past the end yields one error, then nothing.
pub fn nal_units(payload: &[u8], nal_length_bytes: u8) -> NalUnits<'_> {
    NalUnits { rest: payload, length_bytes: usize::from(nal_length_bytes) }
}

/// Iterator of [`nal_units`].
#[derive(Debug, Clone)]
pub struct NalUnits<'a> {
    rest: &'a [u8],
    length_bytes: usize,
}

impl<'a> NalUnits<'a> {
    fn split(&mut self) -> Option<&'a [u8]> {
        if !(1..=4).contains(&self.length_bytes) {
            return None;
        }
        let (length, rest) = self.rest.split_at_checked(self.length_bytes)?;
        let length = length.iter().fold(0usize, |length, byte| length << 8 | usize::from(*byte));
        let (nal, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(nal)
    }
}

impl<'a> Iterator for NalUnits<'a> {
    type Item = Result<&'a [u8], H264Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            match self.split() {
                Some([]) => {}
                Some(nal) => return Some(Ok(nal)),
                None => {
                    self.rest = &[];
                    return Some(Err(H264Error::Truncated));
                }
            }
        }
        None
    }
}

/// Whether the access unit holds an IDR slice. Units before a damaged length still count.
pub fn is_idr(payload: &[u8], nal_length_bytes: u8) -> bool {
    whole_units(payload, nal_length_bytes).any(|nal| NalKind::of(nal) == NalKind::Idr)
}

/// Parameter sets found in an access unit; both lists hold at least one NAL unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterSets {
    /// Sequence parameter set NAL units.
    pub sps: Vec<Bytes>,
    /// Picture parameter set NAL units.
    pub pps: Vec<Bytes>,
}

/// The in-band parameter sets of an access unit, copied out of it; `None` unless it holds both kinds.
pub fn parameter_sets(payload: &[u8], nal_length_bytes: u8) -> Option<ParameterSets> {
    let of_kind = |kind| {
        whole_units(payload, nal_length_bytes)
            .filter(move |nal| NalKind::of(nal) == kind)
            .take(MAX_PARAMETER_SETS)
            .map(Bytes::copy_from_slice)
            .collect::<Vec<_>>()
    };
    let sets = ParameterSets { sps: of_kind(NalKind::Sps), pps: of_kind(NalKind::Pps) };
    (!sets.sps.is_empty() && !sets.pps.is_empty()).then_some(sets)
}

/// The access unit as a byte stream (H.264 Annex B), the configuration's parameter sets first: what a decoder that
/// starts at this access unit is fed. A damaged tail is left out.
pub fn annex_b(payload: &[u8], config: &VideoConfig) -> Vec<u8> {
    const START_CODE: [u8; 4] = [0, 0, 0, 1];
    let sets = config.sps_nals.iter().chain(&config.pps_nals).map(|nal| &nal[..]);
    let mut stream = Vec::with_capacity(payload.len() + 256);
    for nal in sets.chain(whole_units(payload, config.nal_length_bytes)) {
        stream.extend_from_slice(&START_CODE);
        stream.extend_from_slice(nal);
    }
    stream
}

fn whole_units(payload: &[u8], nal_length_bytes: u8) -> impl Iterator<Item = &[u8]> {
    nal_units(payload, nal_length_bytes).map_while(Result::ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEYFRAME: &[u8] = &[
        0, 0, 0, 2, 0x09, 0xf0, // delimiter
        0, 0, 0, 0, // empty
        0, 0, 0, 3, 0x67, 1, 2, // SPS
        0, 0, 0, 2, 0x68, 3, // PPS
        0, 0, 0, 3, 0x65, 4, 5, // IDR slice
    ];

    #[test]
    fn units_of_a_keyframe() {
        let kinds: Vec<NalKind> = nal_units(KEYFRAME, 4).map(|nal| NalKind::of(nal.unwrap())).collect();
        assert_eq!(kinds, [NalKind::AccessUnitDelimiter, NalKind::Sps, NalKind::Pps, NalKind::Idr]);
        assert!(is_idr(KEYFRAME, 4));
        assert!(!is_idr(&[0, 2, 0x41, 9], 2));
        let sets = parameter_sets(KEYFRAME, 4).unwrap();
        assert_eq!((&sets.sps[0][..], &sets.pps[0][..]), (&[0x67, 1, 2][..], &[0x68, 3][..]));
        assert_eq!(parameter_sets(&KEYFRAME[..17], 4), None, "an SPS alone is not enough");
    }

    #[test]
    fn a_length_past_the_end_is_one_error() {
        let mut units = nal_units(&[0, 0, 0, 1, 0x41, 0xff, 0xff, 0xff, 0xff, 1], 4);
        assert_eq!(units.next(), Some(Ok(&[0x41][..])));
        assert_eq!(units.next(), Some(Err(H264Error::Truncated)));
        assert_eq!(units.next(), None);
        assert_eq!(nal_units(&[1, 2, 3], 0).next(), Some(Err(H264Error::Truncated)));
        assert_eq!(nal_units(&[1, 2, 3], 200).next(), Some(Err(H264Error::Truncated)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(payload in prop::collection::vec(any::<u8>(), 0..300), length in any::<u8>()) {
            let total: usize = nal_units(&payload, length).map_while(Result::ok).map(<[u8]>::len).sum();
            prop_assert!(total <= payload.len());
            is_idr(&payload, length);
            parameter_sets(&payload, length);
        }

        #[test]
        fn framing_round_trip(
            nals in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..200), 0..8),
            length in prop::sample::select(vec![1u8, 2, 4]),
        ) {
            let mut payload = Vec::new();
            for nal in &nals {
                payload.extend_from_slice(&(nal.len() as u32).to_be_bytes()[4 - usize::from(length)..]);
                payload.extend_from_slice(nal);
            }
            let read: Vec<Vec<u8>> = nal_units(&payload, length).map(|nal| nal.unwrap().to_vec()).collect();
            prop_assert_eq!(read, nals);
        }
    }
}
