//! Video tags (Annex E.4.3) and the extended video header.

use bytes::{Buf, Bytes};

use super::FlvError;
use super::codec::{FOURCC_AVC, unsupported_fourcc, unsupported_video_id};
use super::enhanced::{CODED_FRAMES, HeaderReader, SEQUENCE_START};
use crate::unit::TrackKind;

pub(super) const CODEC_AVC: u8 = 7;
const FRAME_KEY: u8 = 1;
const FRAME_GENERATED_KEY: u8 = 4;
const FRAME_COMMAND: u8 = 5;

const AVC_SEQUENCE_HEADER: u8 = 0;
const AVC_NALU: u8 = 1;
const AVC_END_OF_SEQUENCE: u8 = 2;

const SEQUENCE_END: u8 = 2;
const CODED_FRAMES_X: u8 = 3;
const MULTITRACK: u8 = 6;

const EX_HEADER: u8 = 0x80;

/// What one video message means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VideoTag {
    /// The decoder configuration: an `AVCDecoderConfigurationRecord` (ISO 14496-15 s5.3.3).
    SequenceHeader(Bytes),
    /// One access unit.
    Frame {
        /// Decoding can start here.
        key: bool,
        /// Presentation minus decoding time in milliseconds, signed 24 bits on the wire.
        cts_ms: i32,
        /// Length-prefixed NAL units.
        payload: Bytes,
    },
    /// The encoder says that no frame follows in this configuration.
    EndOfSequence,
    /// Nothing to show: commands, metadata, tracks other than the default one, empty messages.
    Ignored,
}

/// What a video tag begins with, before an avcC ([`AVC_SEQUENCE_PREFIX`]) or an access unit ([`avc_frame_prefix`]).
pub type VideoTagHeader = [u8; 5];

/// First bytes of a video tag that carries an avcC, [`crate::h264::VideoConfig::avcc`].
pub const AVC_SEQUENCE_PREFIX: VideoTagHeader = [FRAME_KEY << 4 | CODEC_AVC, AVC_SEQUENCE_HEADER, 0, 0, 0];

/// First bytes of a video tag that carries an H.264 access unit; `cts_ms` is cut to its 24 bits.
pub fn avc_frame_prefix(key: bool, cts_ms: i32) -> VideoTagHeader {
    let frame_type = if key { FRAME_KEY } else { 2 };
    let [_, high, middle, low] = cts_ms.to_be_bytes();
    [frame_type << 4 | CODEC_AVC, AVC_NALU, high, middle, low]
}

/// Parses the payload of a video message or FLV video tag.
///
/// # Errors
/// [`FlvError::Truncated`] when headers are cut, [`FlvError::UnsupportedCodec`] for anything but H.264.
pub fn parse_video(mut payload: Bytes) -> Result<VideoTag, FlvError> {
    let Ok(first) = payload.try_get_u8() else { return Ok(VideoTag::Ignored) };
    if first & EX_HEADER != 0 {
        return parse_extended(first, payload);
    }
    let (frame_type, codec) = (first >> 4, first & 0x0F);
    if frame_type == FRAME_COMMAND {
        return Ok(VideoTag::Ignored);
    }
    if codec != CODEC_AVC {
        return Err(unsupported_video_id(codec));
    }
    let packet_type = payload.try_get_u8().map_err(|_| cut_short())?;
    match packet_type {
        AVC_END_OF_SEQUENCE => Ok(VideoTag::EndOfSequence),
        AVC_SEQUENCE_HEADER => {
            take_cts_ms(&mut payload)?;
            sequence_header(payload)
        }
        AVC_NALU => {
            let cts_ms = take_cts_ms(&mut payload)?;
            Ok(frame(frame_type, cts_ms, payload))
        }
        _ => Ok(VideoTag::Ignored),
    }
}

fn parse_extended(first: u8, rest: Bytes) -> Result<VideoTag, FlvError> {
    let frame_type = first >> 4 & 0x07;
    let mut header = HeaderReader::new(rest, TrackKind::Video);
    let packet_type = header.skip_modifiers(first & 0x0F)?;
    if frame_type == FRAME_COMMAND {
        return Ok(VideoTag::Ignored);
    }
    let Some(mut packet) = header.packet(packet_type, MULTITRACK)? else { return Ok(VideoTag::Ignored) };
    if packet.fourcc != FOURCC_AVC {
        return Err(unsupported_fourcc(packet.fourcc, TrackKind::Video));
    }
    match packet.packet_type {
        SEQUENCE_START => sequence_header(packet.body),
        CODED_FRAMES => {
            let cts_ms = take_cts_ms(&mut packet.body)?;
            Ok(frame(frame_type, cts_ms, packet.body))
        }
        CODED_FRAMES_X => Ok(frame(frame_type, 0, packet.body)),
        SEQUENCE_END => Ok(VideoTag::EndOfSequence),
        _ => Ok(VideoTag::Ignored),
    }
}

fn sequence_header(config: Bytes) -> Result<VideoTag, FlvError> {
    if config.is_empty() {
        return Err(cut_short());
    }
    Ok(VideoTag::SequenceHeader(config))
}

fn frame(frame_type: u8, cts_ms: i32, payload: Bytes) -> VideoTag {
    if payload.is_empty() {
        return VideoTag::Ignored;
    }
    VideoTag::Frame { key: matches!(frame_type, FRAME_KEY | FRAME_GENERATED_KEY), cts_ms, payload }
}

fn take_cts_ms(payload: &mut Bytes) -> Result<i32, FlvError> {
    payload.try_get_int(3).map(|cts_ms| cts_ms as i32).map_err(|_| cut_short())
}

fn cut_short() -> FlvError {
    FlvError::Truncated { kind: TrackKind::Video }
}
