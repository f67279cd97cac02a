//! RTP payloads of H.264 (RFC 6184), packetization mode 1.
//!
//! Pure: access units in, payloads out. Headers, sequence numbers and encryption are the transport's.

use std::sync::Arc;

use crate::h264::{NalKind, VideoConfig, nal_units};

/// `nal_unit_type` of an aggregate of NAL units of one time (RFC 6184 s5.7.1).
const STAP_A: u8 = 24;
/// `nal_unit_type` of a fragment (RFC 6184 s5.8).
const FU_A: u8 = 28;
/// First and last fragment of a NAL unit.
const FU_START: u8 = 0x80;
const FU_END: u8 = 0x40;
/// The fragment's own two bytes: indicator and header.
const FU_BYTES: usize = 2;
/// `forbidden_zero_bit` and `nal_ref_idc`, which a fragment keeps of its NAL unit.
const F_NRI: u8 = 0xe0;

/// The payloads of one access unit, in order; the last one is to bear the marker bit. Each is at most
/// `max_payload_bytes` long, which must be more than a fragment's two bytes.
///
/// A keyframe begins with its configuration's parameter sets, whatever the encoder sent in band, so that a decoder can
/// begin there. Delimiters and filler are left out: they carry nothing a receiver of packets needs (RFC 6184 s7.1). A
/// damaged tail is left out.
pub fn packetize_h264(
    access_unit: &[u8],
    key: bool,
    config: &VideoConfig,
    max_payload_bytes: usize,
) -> Vec<Arc<[u8]>> {
    let mut payloads = Vec::with_capacity(access_unit.len() / max_payload_bytes.max(1) + 2);
    if key {
        parameter_sets(config, max_payload_bytes, &mut payloads);
    }
    for nal in nal_units(access_unit, config.nal_length_bytes).map_while(Result::ok) {
        let wanted = !matches!(
            NalKind::of(nal),
            NalKind::Sps
                | NalKind::Pps
                | NalKind::AccessUnitDelimiter
                | NalKind::EndOfSequence
                | NalKind::EndOfStream
                | NalKind::Filler
        );
        if wanted {
            one_nal(nal, max_payload_bytes, &mut payloads);
        }
    }
    payloads
}

/// All parameter sets as one aggregate if they fit, else each by itself.
fn parameter_sets(config: &VideoConfig, max_payload_bytes: usize, payloads: &mut Vec<Arc<[u8]>>) {
    let sets = || config.sps_nals.iter().chain(&config.pps_nals);
    let bytes = 1 + sets().map(|set| 2 + set.len()).sum::<usize>();
    let lengths_fit = sets().all(|set| u16::try_from(set.len()).is_ok());
    if bytes > max_payload_bytes || !lengths_fit {
        sets().for_each(|set| one_nal(set, max_payload_bytes, payloads));
        return;
    }
    let importance = sets().filter_map(|set| set.first()).map(|header| header & 0x60).max().unwrap_or(0);
    let mut aggregate = Vec::with_capacity(bytes);
    aggregate.push(importance | STAP_A);
    for set in sets() {
        aggregate.extend_from_slice(&(set.len() as u16).to_be_bytes());
        aggregate.extend_from_slice(set);
    }
    payloads.push(aggregate.into());
}

/// A NAL unit as it is, or in fragments of about equal length.
fn one_nal(nal: &[u8], max_payload_bytes: usize, payloads: &mut Vec<Arc<[u8]>>) {
    let (Some((&header, body)), Some(room)) = (nal.split_first(), max_payload_bytes.checked_sub(FU_BYTES))
    else {
        return;
    };
    if nal.len() <= max_payload_bytes {
        payloads.push(nal.into());
        return;
    }
    if room == 0 {
        return;
    }
    let fragments = body.len().div_ceil(room);
    let each = body.len().div_ceil(fragments);
    let last = body.len().div_ceil(each) - 1;
    for (index, part) in body.chunks(each).enumerate() {
        let start = if index == 0 { FU_START } else { 0 };
        let end = if index == last { FU_END } else { 0 };
        let mut fragment = Vec::with_capacity(FU_BYTES + part.len());
        fragment.push((header & F_NRI) | FU_A);
        fragment.push(start | end | (header & 0x1f));
        fragment.extend_from_slice(part);
        payloads.push(fragment.into());
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::h264::ParameterSets;

    const SPS: &[u8] =
        b"\x67\x64\x00\x1e\xac\xd9\x40\xa0\x2f\xf9\x61\x00\x00\x03\x00\x01\x00\x00\x03\x00\x3c\x8f\x16\x2d\x96";
    const PPS: &[u8] = b"\x68\xeb\xe3\xcb\x22\xc0";

    fn config() -> VideoConfig {
        let sets = ParameterSets { sps: vec![Bytes::from_static(SPS)], pps: vec![Bytes::from_static(PPS)] };
        VideoConfig::from_parameter_sets(&sets).expect("valid sets")
    }

    fn access_unit(nals: &[Vec<u8>]) -> Vec<u8> {
        nals.iter().flat_map(|nal| [&(nal.len() as u32).to_be_bytes()[..], nal].concat()).collect()
    }

    /// A receiver as RFC 6184 has it.
    fn depacketize(payloads: &[Arc<[u8]>]) -> Vec<Vec<u8>> {
        let mut nals: Vec<Vec<u8>> = Vec::new();
        for payload in payloads {
            match payload[0] & 0x1f {
                STAP_A => {
                    let mut rest = &payload[1..];
                    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
                        let (nal, tail) = tail.split_at(usize::from(u16::from_be_bytes(*length)));
                        nals.push(nal.to_vec());
                        rest = tail;
                    }
                }
                FU_A => {
                    if payload[1] & FU_START != 0 {
                        nals.push(vec![(payload[0] & F_NRI) | (payload[1] & 0x1f)]);
                    }
                    nals.last_mut().expect("a start before its rest").extend_from_slice(&payload[2..]);
                }
                _ => nals.push(payload.to_vec()),
            }
        }
        nals
    }

    #[test]
    fn a_keyframe_begins_with_its_parameter_sets_in_one_payload() {
        let idr = vec![0x65; 40];
        let payloads = packetize_h264(&access_unit(std::slice::from_ref(&idr)), true, &config(), 1_200);
        assert_eq!(payloads.len(), 2);
        assert_eq!(depacketize(&payloads), [SPS.to_vec(), PPS.to_vec(), idr]);
    }

    #[test]
    fn delimiters_filler_and_sets_in_band_are_left_out() {
        let nals =
            [vec![0x09, 0xf0], SPS.to_vec(), PPS.to_vec(), vec![0x06, 1], vec![0x41, 2], vec![0x0c, 0xff]];
        let payloads = packetize_h264(&access_unit(&nals), false, &config(), 1_200);
        assert_eq!(depacketize(&payloads), [vec![0x06, 1], vec![0x41, 2]]);
    }

    #[test]
    fn fragments_begin_and_end_and_keep_their_importance() {
        let slice = [vec![0x41], vec![7; 3_000]].concat();
        let payloads = packetize_h264(&access_unit(&[slice]), false, &config(), 1_200);
        let heads: Vec<[u8; 2]> = payloads.iter().map(|payload| [payload[0], payload[1]]).collect();
        assert_eq!(heads, [[0x5c, 0x81], [0x5c, 0x01], [0x5c, 0x41]]);
    }

    proptest! {
        #[test]
        fn what_is_sent_is_what_was_coded(
            nals in vec((prop::sample::select(vec![0x41u8, 0x65, 0x06, 0x01]), vec(any::<u8>(), 0..4_000)), 1..6),
            key: bool,
            max_payload_bytes in 40usize..1_500,
        ) {
            let nals: Vec<Vec<u8>> = nals.into_iter().map(|(head, body)| [vec![head], body].concat()).collect();
            let payloads = packetize_h264(&access_unit(&nals), key, &config(), max_payload_bytes);
            prop_assert!(payloads.iter().all(|payload| (1..=max_payload_bytes).contains(&payload.len())));
            let sets = if key { vec![SPS.to_vec(), PPS.to_vec()] } else { Vec::new() };
            prop_assert_eq!(depacketize(&payloads), [sets, nals].concat());
        }

        #[test]
        fn any_bytes_are_harmless(access_unit in vec(any::<u8>(), 0..2_000), key: bool, max in 0usize..1_500) {
            let payloads = packetize_h264(&access_unit, key, &config(), max);
            prop_assert!(payloads.iter().all(|payload| payload.len() <= max));
        }
    }
}
