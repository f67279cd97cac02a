//! FLV files (Annex E.2, E.3): a header and a list of tags.

use bytes::{Buf, Bytes};

use super::FlvError;

const FILE_HEADER_BYTES: usize = 9;
const TAG_HEADER_BYTES: usize = 11;
const PREVIOUS_TAG_SIZE_BYTES: usize = 4;
/// Filter flag of the tag's first byte: the body is encrypted (Annex E.4.1).
const FILTERED: u8 = 0x20;

/// What a tag of a file carries. The numbers are those of the matching RTMP message types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    /// Audio data, for [`super::parse_audio`].
    Audio = 8,
    /// Video data, for [`super::parse_video`].
    Video = 9,
    /// Script data in AMF0, mostly `onMetaData`.
    Script = 18,
}

impl TagKind {
    /// The kind of a tag type or RTMP message type id.
    pub fn from_id(id: u8) -> Option<Self> {
        match id {
            8 => Some(Self::Audio),
            9 => Some(Self::Video),
            18 => Some(Self::Script),
            _ => None,
        }
    }
}

/// One tag of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileTag {
    /// What the payload is.
    pub kind: TagKind,
    /// Decoding time in milliseconds from the start of the file.
    pub timestamp_ms: u32,
    /// The body, a slice of the file.
    pub payload: Bytes,
}

/// The tags of a file, in file order. Tags of unknown or encrypted kinds are passed over; a tail that is cut ends the
/// iteration, as in recordings of a crashed program.
#[derive(Debug, Clone)]
pub struct FileTags {
    rest: Bytes,
}

impl FileTags {
    /// Checks the file header and stands before the first tag.
    ///
    /// # Errors
    /// [`FlvError::NotFlv`] when the signature or the header's size is wrong.
    pub fn new(mut file: Bytes) -> Result<Self, FlvError> {
        let header = file.get(..FILE_HEADER_BYTES).ok_or(FlvError::NotFlv)?;
        let [b'F', b'L', b'V', _version, _flags, size @ ..] = header else { return Err(FlvError::NotFlv) };
        let header_bytes = size.iter().fold(0_usize, |value, &byte| value << 8 | usize::from(byte));
        if header_bytes < FILE_HEADER_BYTES || header_bytes > file.len() {
            return Err(FlvError::NotFlv);
        }
        file.advance(header_bytes);
        file.advance(PREVIOUS_TAG_SIZE_BYTES.min(file.len()));
        Ok(Self { rest: file })
    }
}

impl Iterator for FileTags {
    type Item = FileTag;

    fn next(&mut self) -> Option<FileTag> {
        loop {
            let (id, timestamp_ms, payload) = take_tag(&mut self.rest)?;
            if let Some(kind) = TagKind::from_id(id) {
                return Some(FileTag { kind, timestamp_ms, payload });
            }
        }
    }
}

/// Takes one tag and the size field behind it, which aggregate messages share with files (RTMP 1.0 s7.1.6):
/// type id, timestamp in milliseconds and body. `None` when the tag is cut; a missing size field is tolerated.
pub(crate) fn take_tag(rest: &mut Bytes) -> Option<(u8, u32, Bytes)> {
    let header: [u8; TAG_HEADER_BYTES] = rest.get(..TAG_HEADER_BYTES)?.try_into().ok()?;
    let [type_id, l2, l1, l0, t2, t1, t0, t3, _, _, _] = header;
    let length = u32::from_be_bytes([0, l2, l1, l0]) as usize;
    if rest.len() - TAG_HEADER_BYTES < length {
        return None;
    }
    rest.advance(TAG_HEADER_BYTES);
    let payload = rest.split_to(length);
    rest.advance(PREVIOUS_TAG_SIZE_BYTES.min(rest.len()));
    let id = if type_id & FILTERED == 0 { type_id & 0x1F } else { 0 };
    Some((id, u32::from_be_bytes([t3, t2, t1, t0]), payload))
}

/// The bytes before the first tag of a file: header and the zero size of the tag before it.
pub fn file_header(has_audio: bool, has_video: bool) -> [u8; FILE_HEADER_BYTES + PREVIOUS_TAG_SIZE_BYTES] {
    let flags = u8::from(has_audio) << 2 | u8::from(has_video);
    [b'F', b'L', b'V', 1, flags, 0, 0, 0, FILE_HEADER_BYTES as u8, 0, 0, 0, 0]
}

/// The header of a tag of `payload_bytes` (at most 16 777 215). After the payload a file wants
/// `payload_bytes + 11` as four big-endian bytes.
pub fn tag_header(kind: TagKind, timestamp_ms: u32, payload_bytes: u32) -> [u8; TAG_HEADER_BYTES] {
    let [_, l2, l1, l0] = payload_bytes.to_be_bytes();
    let [t3, t2, t1, t0] = timestamp_ms.to_be_bytes();
    [kind as u8, l2, l1, l0, t2, t1, t0, t3, 0, 0, 0]
}
