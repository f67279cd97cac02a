//! Chunk headers: basic header, message header, extended timestamp (RTMP 1.0 s5.3.1).

/// Value of the 24-bit time field that announces an extended timestamp.
const EXTENDED: u32 = 0x00FF_FFFF;

/// A message header, by its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// Type 0, s5.3.1.2.1.
    Full { timestamp_ms: u32, length: usize, type_id: u8, stream_id: u32, extended_ms: Option<u32> },
    /// Type 1, s5.3.1.2.2.
    SameStream { delta_ms: u32, length: usize, type_id: u8, extended_ms: Option<u32> },
    /// Type 2, s5.3.1.2.3.
    Delta { delta_ms: u32, extended_ms: Option<u32> },
    /// Type 3, s5.3.1.2.4.
    Same,
}

/// A complete header at the front of the bytes.
pub(super) struct Parsed {
    pub(super) header: Header,
    pub(super) chunk_stream: u32,
    /// Bytes it takes, at most 18.
    pub(super) length: usize,
}

/// Parses the header at the front of `bytes`; `None` while it is incomplete. `last_extended_ms` tells the extended
/// timestamp a chunk stream's last type 0-2 header had.
pub(super) fn parse(bytes: &[u8], last_extended_ms: impl Fn(u32) -> Option<u32>) -> Option<Parsed> {
    let mut fields = Fields { bytes, taken: 0 };
    let first = fields.u8()?;
    let chunk_stream = match first & 0x3F {
        0 => 64 + u32::from(fields.u8()?),
        1 => 64 + u32::from(fields.u8()?) + (u32::from(fields.u8()?) << 8),
        id => u32::from(id),
    };
    let header = match first >> 6 {
        0 => {
            let time = fields.u24()?;
            let length = fields.u24()? as usize;
            let type_id = fields.u8()?;
            let stream_id = fields.u32()?.swap_bytes();
            let (timestamp_ms, extended_ms) = fields.extended(time)?;
            Header::Full { timestamp_ms, length, type_id, stream_id, extended_ms }
        }
        1 => {
            let time = fields.u24()?;
            let length = fields.u24()? as usize;
            let type_id = fields.u8()?;
            let (delta_ms, extended_ms) = fields.extended(time)?;
            Header::SameStream { delta_ms, length, type_id, extended_ms }
        }
        2 => {
            let time = fields.u24()?;
            let (delta_ms, extended_ms) = fields.extended(time)?;
            Header::Delta { delta_ms, extended_ms }
        }
        _ => {
            if let Some(extended_ms) = last_extended_ms(chunk_stream) {
                fields.skip_repeated(extended_ms)?;
            }
            Header::Same
        }
    };
    Some(Parsed { header, chunk_stream, length: fields.taken })
}

struct Fields<'a> {
    bytes: &'a [u8],
    taken: usize,
}

impl Fields<'_> {
    fn u8(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.taken)?;
        self.taken += 1;
        Some(byte)
    }

    fn u24(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes([0, self.u8()?, self.u8()?, self.u8()?]))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes([self.u8()?, self.u8()?, self.u8()?, self.u8()?]))
    }

    /// The time a 24-bit field means, and the extended timestamp if there was one (s5.3.1.3).
    fn extended(&mut self, time_field: u32) -> Option<(u32, Option<u32>)> {
        if time_field < EXTENDED {
            return Some((time_field, None));
        }
        let extended_ms = self.u32()?;
        Some((extended_ms, Some(extended_ms)))
    }

    /// The specification repeats the extended timestamp in type 3 headers (s5.3.1.3); some encoders leave it out. It
    /// is taken if the next bytes equal it, and otherwise they are payload. `None` while that cannot be told.
    fn skip_repeated(&mut self, extended_ms: u32) -> Option<()> {
        let expected = extended_ms.to_be_bytes();
        let next = &self.bytes[self.taken..];
        let compared = next.len().min(expected.len());
        if next[..compared] != expected[..compared] {
            return Some(());
        }
        if compared < expected.len() {
            return None;
        }
        self.taken += expected.len();
        Some(())
    }
}
