//! Parameter sets that come inside a keyframe: encoders that change the picture's size under way often say so
//! nowhere else (ISO 14496-15 s5.2.4.1.2 has them out of band alone, `avc1`; few encoders know).

use std::sync::Arc;

use bytes::BytesMut;
use media_formats::h264::{self, H264Error, ParameterSets, VideoConfig};

/// NAL unit lengths where no header ever said.
const USUAL_NAL_LENGTH_BYTES: u8 = 4;

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
    let Some(sets) = h264::parameter_sets(keyframe, length_bytes) else { return announced };
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
