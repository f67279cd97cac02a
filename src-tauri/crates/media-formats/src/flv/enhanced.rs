//! What the extended headers of both tracks share (Enhanced RTMP v2, "Enhanced Video" and "Enhanced Audio").

use bytes::{Buf, Bytes};

use super::FlvError;
use super::codec::FourCc;
use crate::unit::TrackKind;

/// Packet types with the same number for audio and video.
pub(super) const SEQUENCE_START: u8 = 0;
pub(super) const CODED_FRAMES: u8 = 1;
pub(super) const MOD_EX: u8 = 7;

const MULTITRACK_ONE: u8 = 0;
const MULTITRACK_MANY_CODECS: u8 = 2;
const DEFAULT_TRACK: u8 = 0;

/// One track's packet after its headers were taken off.
pub(super) struct Packet {
    pub(super) packet_type: u8,
    pub(super) fourcc: FourCc,
    pub(super) body: Bytes,
}

/// Reader over the headers; every step checks that its bytes are there.
pub(super) struct HeaderReader {
    rest: Bytes,
    kind: TrackKind,
}

impl HeaderReader {
    /// Over `rest`, the tag after its first byte.
    pub(super) fn new(rest: Bytes, kind: TrackKind) -> Self {
        Self { rest, kind }
    }

    pub(super) fn u8(&mut self) -> Result<u8, FlvError> {
        self.rest.try_get_u8().map_err(|_| FlvError::Truncated { kind: self.kind })
    }

    fn uint(&mut self, bytes: usize) -> Result<usize, FlvError> {
        let mut value = 0;
        for _ in 0..bytes {
            value = value << 8 | usize::from(self.u8()?);
        }
        Ok(value)
    }

    fn fourcc(&mut self) -> Result<FourCc, FlvError> {
        Ok([self.u8()?, self.u8()?, self.u8()?, self.u8()?])
    }

    fn split(&mut self, length: usize) -> Result<Bytes, FlvError> {
        if length > self.rest.len() {
            return Err(FlvError::Truncated { kind: self.kind });
        }
        Ok(self.rest.split_to(length))
    }

    /// Skips the modifiers before the real packet type. Each takes at least three bytes, so the loop ends with them.
    pub(super) fn skip_modifiers(&mut self, mut packet_type: u8) -> Result<u8, FlvError> {
        while packet_type == MOD_EX {
            let mut length = self.uint(1)? + 1;
            if length == 256 {
                length = self.uint(2)? + 1;
            }
            self.split(length)?;
            packet_type = self.u8()? & 0x0F;
        }
        Ok(packet_type)
    }

    /// The packet, or the default track's packet of a multitrack message; `None` if the default track is not in it.
    pub(super) fn packet(mut self, packet_type: u8, multitrack: u8) -> Result<Option<Packet>, FlvError> {
        if packet_type != multitrack {
            let fourcc = self.fourcc()?;
            return Ok(Some(Packet { packet_type, fourcc, body: self.rest }));
        }
        let types = self.u8()?;
        let (layout, packet_type) = (types >> 4, types & 0x0F);
        let mut fourcc = [0; 4];
        if layout != MULTITRACK_MANY_CODECS {
            fourcc = self.fourcc()?;
        }
        while !self.rest.is_empty() {
            if layout == MULTITRACK_MANY_CODECS {
                fourcc = self.fourcc()?;
            }
            let track = self.u8()?;
            let length = if layout == MULTITRACK_ONE { self.rest.len() } else { self.uint(3)? };
            let body = self.split(length)?;
            if track == DEFAULT_TRACK {
                return Ok(Some(Packet { packet_type, fourcc, body }));
            }
        }
        Ok(None)
    }
}
