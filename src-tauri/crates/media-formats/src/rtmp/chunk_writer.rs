//! Messages to chunks (RTMP 1.0 s5.3).

use bytes::{BufMut, BytesMut};

use super::RtmpError;
use super::message::{Message, message_type};

/// Longest message the 24-bit length field can name.
const MAX_MESSAGE_BYTES: usize = 0x00FF_FFFF;
/// Value of the 24-bit timestamp field that says: the real one follows in four bytes (RTMP 1.0 s5.3.1.3).
const EXTENDED: u32 = 0x00FF_FFFF;
/// Chunk size until one was set (RTMP 1.0 s5.4.1).
pub(super) const DEFAULT_CHUNK_BYTES: u32 = 128;
/// Chunk streams whose last header is remembered; on more, every message gets a full header.
const MAX_REMEMBERED: usize = 16;

/// Cuts messages into chunks. Writes type 0 headers, and type 1 (a time delta) where the message stream stays the same
/// and time does not go back, so that only the first message past 4.7 hours needs an extended timestamp.
#[derive(Debug, Clone)]
pub struct ChunkWriter {
    chunk_bytes: u32,
    last: Vec<LastHeader>,
}

#[derive(Debug, Clone, Copy)]
struct LastHeader {
    chunk_stream: u32,
    timestamp_ms: u32,
    stream_id: u32,
}

impl Default for ChunkWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkWriter {
    /// A writer at the default chunk size of 128 bytes.
    pub fn new() -> Self {
        Self { chunk_bytes: DEFAULT_CHUNK_BYTES, last: Vec::new() }
    }

    /// Tells the peer a new chunk size, 1 to 16 777 215 bytes (clamped), and uses it from then on.
    pub fn set_chunk_bytes(&mut self, chunk_bytes: u32, out: &mut BytesMut) {
        let chunk_bytes = chunk_bytes.clamp(1, MAX_MESSAGE_BYTES as u32);
        let message = Message::control_u32(message_type::SET_CHUNK_SIZE, chunk_bytes);
        self.write(2, &message, out).expect("four bytes are within the length field");
        self.chunk_bytes = chunk_bytes;
    }

    /// Appends `message` to `out` as chunks on `chunk_stream` (2 to 65 599, clamped; 2 is for control messages).
    ///
    /// # Errors
    /// [`RtmpError::MessageTooLong`] when the payload exceeds the 24-bit length field; nothing is written then.
    pub fn write(
        &mut self,
        chunk_stream: u32,
        message: &Message,
        out: &mut BytesMut,
    ) -> Result<(), RtmpError> {
        let length = message.payload.len();
        if length > MAX_MESSAGE_BYTES {
            return Err(RtmpError::MessageTooLong { declared_bytes: length, limit_bytes: MAX_MESSAGE_BYTES });
        }
        let chunk_stream = chunk_stream.clamp(2, 65_599);
        let chunk_bytes = self.chunk_bytes as usize;
        out.reserve(18 + length + (length / chunk_bytes) * 7);

        let delta_ms = self.delta_ms(chunk_stream, message);
        let time_field = delta_ms.unwrap_or(message.timestamp_ms);
        put_basic_header(if delta_ms.is_some() { 1 } else { 0 }, chunk_stream, out);
        out.put_uint(u64::from(time_field.min(EXTENDED)), 3);
        out.put_uint(length as u64, 3);
        out.put_u8(message.type_id);
        if delta_ms.is_none() {
            out.put_u32_le(message.stream_id);
        }
        let extended = time_field >= EXTENDED;
        if extended {
            out.put_u32(time_field);
        }
        let (first, rest) = message.payload.split_at(length.min(chunk_bytes));
        out.put_slice(first);
        for piece in rest.chunks(chunk_bytes) {
            put_basic_header(3, chunk_stream, out);
            if extended {
                out.put_u32(time_field);
            }
            out.put_slice(piece);
        }
        Ok(())
    }

    /// Time since the last message of the chunk stream if a type 1 header can say it, and remembers this one.
    fn delta_ms(&mut self, chunk_stream: u32, message: &Message) -> Option<u32> {
        let now =
            LastHeader { chunk_stream, timestamp_ms: message.timestamp_ms, stream_id: message.stream_id };
        let Some(last) = self.last.iter_mut().find(|last| last.chunk_stream == chunk_stream) else {
            if self.last.len() < MAX_REMEMBERED {
                self.last.push(now);
            }
            return None;
        };
        let before = std::mem::replace(last, now);
        let delta_ms = message.timestamp_ms.checked_sub(before.timestamp_ms)?;
        (before.stream_id == message.stream_id && delta_ms < EXTENDED).then_some(delta_ms)
    }
}

fn put_basic_header(format: u8, chunk_stream: u32, out: &mut BytesMut) {
    let format = format << 6;
    match chunk_stream {
        2..=63 => out.put_u8(format | chunk_stream as u8),
        64..=319 => out.put_slice(&[format, (chunk_stream - 64) as u8]),
        _ => {
            out.put_u8(format | 1);
            out.put_u16_le((chunk_stream - 64) as u16);
        }
    }
}
