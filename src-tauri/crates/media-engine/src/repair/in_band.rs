//! Parameter sets that come inside a keyframe: encoders that change the picture's size under way often say so
//! nowhere else (ISO 14496-15 s5.2.4.1.2 has them out of band alone, `avc1`; few encoders know).

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use media_formats::h264::{self, H264Error, NalKind, ParameterSets, VideoConfig};

/// NAL unit lengths where no header ever said.
const USUAL_NAL_LENGTH_BYTES: u8 = 4;
/// Bytes before the id: a set's NAL unit header, and in a sequence parameter set profile, constraints and level
/// (H.264 s7.3.2.1.1, s7.3.2.2).
const SPS_ID_AT: usize = 4;
const PPS_ID_AT: usize = 1;
/// More sets than this in one access unit are ignored.
const MAX_SETS: usize = 31;

/// The configuration that begins with a keyframe: its own parameter sets count for more than a header that was
/// `announced` since the keyframe before, and that for more than what is `current`. Sets that are known already, or cannot
/// be read, change nothing. None: what is current goes on.
pub(super) fn new_configuration(
    keyframe: &[u8],
    announced: Option<Arc<VideoConfig>>,
    current: Option<&Arc<VideoConfig>>,
) -> Option<Arc<VideoConfig>> {
    let length_bytes =
        announced.as_ref().or(current).map_or(USUAL_NAL_LENGTH_BYTES, |config| config.nal_length_bytes);
    let Some(sets) = sets_inside(keyframe, length_bytes, announced.as_ref().or(current)) else {
        return announced;
    };
    if announced.as_ref().is_some_and(|config| holds(config, &sets)) {
        return announced;
    }
    // A header that is repeated although the sets inside the keyframes have long replaced it is not news.
    if current.is_some_and(|config| holds(config, &sets)) {
        return None;
    }
    match configuration(&sets, length_bytes) {
        Ok(config) => Some(Arc::new(config)),
        Err(error) => {
            tracing::debug!(%error, "parameter sets inside a keyframe cannot be read");
            announced
        }
    }
}

/// The parameter sets inside an access unit. One kind alone counts too, beside those of the other kind (and of other
/// ids) that `known` has.
fn sets_inside(keyframe: &[u8], length_bytes: u8, known: Option<&Arc<VideoConfig>>) -> Option<ParameterSets> {
    let of_kind = |kind| -> Vec<Bytes> {
        h264::nal_units(keyframe, length_bytes)
            .map_while(Result::ok)
            .filter(|nal| NalKind::of(nal) == kind)
            .take(MAX_SETS)
            .map(Bytes::copy_from_slice)
            .collect()
    };
    let (sps, pps) = (of_kind(NalKind::Sps), of_kind(NalKind::Pps));
    match (sps.is_empty(), pps.is_empty()) {
        (true, true) => None,
        (false, false) => Some(ParameterSets { sps, pps }),
        (false, true) => {
            let known = known?;
            Some(ParameterSets {
                sps: replaced(&known.sps_nals, sps, SPS_ID_AT),
                pps: known.pps_nals.clone(),
            })
        }
        (true, false) => {
            let known = known?;
            Some(ParameterSets {
                sps: known.sps_nals.clone(),
                pps: replaced(&known.pps_nals, pps, PPS_ID_AT),
            })
        }
    }
}

/// The known sets, those of the same id replaced by new ones.
fn replaced(known: &[Bytes], new: Vec<Bytes>, id_at: usize) -> Vec<Bytes> {
    let id = |nal: &Bytes| set_id(nal, id_at);
    let mut sets: Vec<Bytes> =
        known.iter().filter(|old| new.iter().all(|nal| id(nal) != id(old))).cloned().collect();
    sets.extend(new);
    sets
}

/// The id of a set, an Exp-Golomb number (H.264 s9.1) of at most 17 bits; none where the set ends early.
fn set_id(nal: &[u8], id_at: usize) -> Option<u32> {
    let bytes = nal.get(id_at..)?;
    let mut word = [0; 4];
    let count = bytes.len().min(word.len());
    word[..count].copy_from_slice(&bytes[..count]);
    let bits = u32::from_be_bytes(word);
    let zeros = bits.leading_zeros();
    (zeros <= 8).then(|| (bits << zeros >> (31 - zeros)) - 1)
}

/// Whether all these sets are already in the configuration. An encoder may repeat only those it uses.
fn holds(config: &VideoConfig, sets: &ParameterSets) -> bool {
    sets.sps.iter().all(|nal| config.sps_nals.contains(nal))
        && sets.pps.iter().all(|nal| config.pps_nals.contains(nal))
}

fn configuration(sets: &ParameterSets, length_bytes: u8) -> Result<VideoConfig, H264Error> {
    let config = VideoConfig::from_parameter_sets(sets)?;
    if config.nal_length_bytes == length_bytes {
        return Ok(config);
    }
    // The units go on having lengths of the size they had: `lengthSizeMinusOne` (ISO 14496-15 s5.3.3.1).
    let mut record = BytesMut::from(&config.avcc[..]);
    if let Some(length_size) = record.get_mut(4) {
        *length_size = 0xfc | (length_bytes - 1);
    }
    VideoConfig::parse(record.freeze())
}
