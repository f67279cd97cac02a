//! Audio tags (Annex E.4.2) and the extended audio header.

use bytes::{Buf, Bytes};

use super::FlvError;
use super::codec::{FOURCC_AAC, unsupported_fourcc, unsupported_sound_format};
use super::enhanced::{CODED_FRAMES, HeaderReader, SEQUENCE_START};
use crate::unit::TrackKind;

const SOUND_EX_HEADER: u8 = 9;
pub(super) const SOUND_AAC: u8 = 10;
/// AAC tags always claim 44.1 kHz, 16 bit, stereo; the truth is in the AudioSpecificConfig (Annex E.4.2.1).
const AAC_FIRST_BYTE: u8 = SOUND_AAC << 4 | 0x0F;
const AAC_SEQUENCE_HEADER: u8 = 0;
const AAC_RAW: u8 = 1;
const MULTITRACK: u8 = 5;

/// What one audio message means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AudioTag {
    /// The decoder configuration: an `AudioSpecificConfig` (ISO 14496-3 s1.6.2.1).
    SequenceHeader(Bytes),
    /// One raw AAC access unit.
    Frame(Bytes),
    /// Nothing to hear: ends of sequence, channel maps, tracks other than the default one, empty messages.
    Ignored,
}

/// What an audio tag begins with, before a configuration ([`AAC_SEQUENCE_PREFIX`]) or a frame ([`AAC_FRAME_PREFIX`]).
pub type AudioTagHeader = [u8; 2];

/// First bytes of an audio tag that carries an AudioSpecificConfig, [`crate::aac::AudioConfig::asc`].
pub const AAC_SEQUENCE_PREFIX: AudioTagHeader = [AAC_FIRST_BYTE, AAC_SEQUENCE_HEADER];

/// First bytes of an audio tag that carries an AAC access unit.
pub const AAC_FRAME_PREFIX: AudioTagHeader = [AAC_FIRST_BYTE, AAC_RAW];

/// Parses the payload of an audio message or FLV audio tag.
///
/// # Errors
/// [`FlvError::Truncated`] when headers are cut, [`FlvError::UnsupportedCodec`] for anything but AAC.
pub fn parse_audio(mut payload: Bytes) -> Result<AudioTag, FlvError> {
    let Ok(first) = payload.try_get_u8() else { return Ok(AudioTag::Ignored) };
    match first >> 4 {
        SOUND_AAC => {
            let packet_type = payload.try_get_u8().map_err(|_| cut_short())?;
            tag(packet_type, payload)
        }
        SOUND_EX_HEADER => {
            let mut header = HeaderReader::new(payload, TrackKind::Audio);
            let packet_type = header.skip_modifiers(first & 0x0F)?;
            let Some(packet) = header.packet(packet_type, MULTITRACK)? else { return Ok(AudioTag::Ignored) };
            if packet.fourcc != FOURCC_AAC {
                return Err(unsupported_fourcc(packet.fourcc, TrackKind::Audio));
            }
            tag(packet.packet_type, packet.body)
        }
        other => Err(unsupported_sound_format(other)),
    }
}

/// Legacy and extended packet types agree on the two numbers that matter.
fn tag(packet_type: u8, body: Bytes) -> Result<AudioTag, FlvError> {
    const { assert!(AAC_SEQUENCE_HEADER == SEQUENCE_START && AAC_RAW == CODED_FRAMES) };
    match packet_type {
        AAC_SEQUENCE_HEADER if body.is_empty() => Err(cut_short()),
        AAC_SEQUENCE_HEADER => Ok(AudioTag::SequenceHeader(body)),
        AAC_RAW if !body.is_empty() => Ok(AudioTag::Frame(body)),
        _ => Ok(AudioTag::Ignored),
    }
}

fn cut_short() -> FlvError {
    FlvError::Truncated { kind: TrackKind::Audio }
}
