//! Messages to chunks (RTMP 1.0 s5.3).

use bytes::{BufMut, Bytes, BytesMut};

use super::RtmpError;
use super::message::{Message, message_type};

/// Longest message the 24-bit length field can name.
const MAX_MESSAGE_BYTES: usize = 0x00FF_FFFF;
/// Value of the 24-bit timestamp field that says: the real one follows in four bytes (RTMP 1.0 s5.3.1.3).
const EXTENDED: u32 = 0x00FF_FFFF;
/// Chunk size until one was set (RTMP 1.0 s5.4.1).
pub(super) const DEFAULT_CHUNK_BYTES: u32 = 128;
/// Longest basic header, message header and extended timestamp; longest header of a later chunk.
const MAX_HEADER_BYTES: usize = 3 + 11 + 4;
const MAX_CONTINUATION_BYTES: usize = 3 + 4;
/// Room for small pieces that is made at a time, so that most messages cost no allocation.
const HEADS_BYTES: usize = 2048;
/// Chunk streams whose last header is remembered; on more, every message gets a full header.
const MAX_REMEMBERED: usize = 16;

/// Cuts messages into chunks. Writes type 0 headers, and type 1 (a time delta) where the message stream stays the same
/// and time does not go back, so that only the first message past 4.7 hours needs an extended timestamp.
#[derive(Debug, Clone)]
pub struct ChunkWriter {
    chunk_bytes: u32,
    last: Vec<LastHeader>,
    /// Empty; the room behind it becomes the small pieces of [`write_shared`](Self::write_shared).
    heads: BytesMut,
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
        Self { chunk_bytes: DEFAULT_CHUNK_BYTES, last: Vec::new(), heads: BytesMut::new() }
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
        let length = checked_length(&message.payload, 0)?;
        let chunk_bytes = self.chunk_bytes as usize;
        out.reserve(MAX_HEADER_BYTES + length + (length / chunk_bytes) * MAX_CONTINUATION_BYTES);
        let next = self.put_header(chunk_stream, message, length, out);
        let (first, rest) = message.payload.split_at(length.min(chunk_bytes));
        out.put_slice(first);
        for piece in rest.chunks(chunk_bytes) {
            next.put(out);
            out.put_slice(piece);
        }
        Ok(())
    }

    /// Pushes `prefix` and `message`, as one message, to `out` as chunks whose payload is slices of the message's:
    /// one small piece for every header, the prefix in it, then the payload it is for. For vectored writing; the
    /// pieces belong on the wire in order.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_shared(
        &mut self,
        chunk_stream: u32,
        prefix: &[u8],
        message: &Message,
        out: &mut Vec<Bytes>,
    ) -> Result<(), RtmpError> {
        let length = checked_length(&message.payload, prefix.len())?;
        let chunk_bytes = self.chunk_bytes as usize;
        let mut heads = std::mem::take(&mut self.heads);
        let chunks = length / chunk_bytes + 1;
        let needed_bytes = MAX_HEADER_BYTES + prefix.len() + chunks * MAX_CONTINUATION_BYTES;
        if heads.capacity() < needed_bytes {
            heads.reserve(needed_bytes.max(HEADS_BYTES));
        }
        let next = self.put_header(chunk_stream, message, length, &mut heads);
        let (mut prefix, mut payload) = (prefix, message.payload.clone());
        loop {
            let (copied, later) = prefix.split_at(prefix.len().min(chunk_bytes));
            heads.put_slice(copied);
            prefix = later;
            out.push(heads.split().freeze());
            let shared_bytes = payload.len().min(chunk_bytes - copied.len());
            if shared_bytes > 0 {
                out.push(payload.split_to(shared_bytes));
            }
            if prefix.is_empty() && payload.is_empty() {
                break;
            }
            next.put(&mut heads);
        }
        self.heads = heads;
        Ok(())
    }

    /// Writes the header of a message of `length` bytes; what its later chunks begin with.
    fn put_header(
        &mut self,
        chunk_stream: u32,
        message: &Message,
        length: usize,
        out: &mut BytesMut,
    ) -> Continuation {
        let chunk_stream = chunk_stream.clamp(2, 65_599);
        let delta_ms = self.delta_ms(chunk_stream, message);
        let time_field = delta_ms.unwrap_or(message.timestamp_ms);
        put_basic_header(if delta_ms.is_some() { 1 } else { 0 }, chunk_stream, out);
        out.put_uint(u64::from(time_field.min(EXTENDED)), 3);
        out.put_uint(length as u64, 3);
        out.put_u8(message.type_id);
        if delta_ms.is_none() {
            out.put_u32_le(message.stream_id);
        }
        let extended_ms = (time_field >= EXTENDED).then_some(time_field);
        if let Some(extended_ms) = extended_ms {
            out.put_u32(extended_ms);
        }
        Continuation { chunk_stream, extended_ms }
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

/// What every chunk of a message after its first begins with.
struct Continuation {
    chunk_stream: u32,
    /// Repeated from the message's header (RTMP 1.0 s5.3.1.3).
    extended_ms: Option<u32>,
}

impl Continuation {
    fn put(&self, out: &mut BytesMut) {
        put_basic_header(3, self.chunk_stream, out);
        if let Some(extended_ms) = self.extended_ms {
            out.put_u32(extended_ms);
        }
    }
}

/// Length of a message, if the length field can name it.
fn checked_length(payload: &Bytes, prefix_bytes: usize) -> Result<usize, RtmpError> {
    let length = prefix_bytes + payload.len();
    if length > MAX_MESSAGE_BYTES {
        return Err(RtmpError::MessageTooLong { declared_bytes: length, limit_bytes: MAX_MESSAGE_BYTES });
    }
    Ok(length)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtmp::chunk_reader::{ChunkLimits, ChunkReader};

    fn video(timestamp_ms: u32, payload: Bytes) -> Message {
        Message { timestamp_ms, type_id: message_type::VIDEO, stream_id: 1, payload }
    }

    #[test]
    fn later_chunks_repeat_the_extended_timestamp() {
        let mut writer = ChunkWriter::new();
        let mut out = Vec::new();
        let message = video(0x0100_0000, Bytes::from(vec![7; 300]));
        writer.write_shared(6, &[1, 2], &message, &mut out).unwrap();
        let sizes: Vec<_> = out.iter().map(Bytes::len).collect();
        assert_eq!(sizes, [12 + 4 + 2, 126, 1 + 4, 128, 1 + 4, 46]);
        assert_eq!(out[2][..], [0xC6, 1, 0, 0, 0]);
        out.clear();
        writer.write_shared(6, &[], &video(0x0100_0028, Bytes::from(vec![7; 200])), &mut out).unwrap();
        let sizes: Vec<_> = out.iter().map(Bytes::len).collect();
        assert_eq!(sizes, [8, 128, 1, 72], "a delta needs no extension");
    }

    #[test]
    fn an_empty_message_is_its_header() {
        let mut out = Vec::new();
        ChunkWriter::new().write_shared(6, &[], &video(0, Bytes::new()), &mut out).unwrap();
        assert_eq!(out.concat(), [6, 0, 0, 0, 0, 0, 0, 9, 1, 0, 0, 0]);
    }

    #[test]
    fn what_the_length_field_cannot_say_is_refused_whole() {
        let (mut writer, mut out) = (ChunkWriter::new(), Vec::new());
        let message = video(0, Bytes::from(vec![0; MAX_MESSAGE_BYTES]));
        assert!(writer.write_shared(6, &[1], &message, &mut out).is_err() && out.is_empty());
        assert!(writer.write_shared(6, &[], &message, &mut out).is_ok());
    }

    proptest! {
        /// Both ways of writing make the same bytes, which read back; shared payload is not copied.
        #[test]
        fn shared_and_copied_are_the_same_bytes(
            messages in prop::collection::vec(
                (0usize..6, 0usize..700, prop::sample::select(vec![0u32, 33, 0x00FF_FFFE, 0x0100_0000, u32::MAX]), 4u32..70),
                1..8,
            ),
            chunk_bytes in prop::sample::select(vec![1u32, 3, 5, 127, 128, 4096, 65_536]),
        ) {
            let mut buf = BytesMut::new();
            let mut writer = ChunkWriter::new();
            writer.set_chunk_bytes(chunk_bytes, &mut buf);
            let mut sharing = writer.clone();
            let (mut copied, mut shared) = (BytesMut::new(), Vec::new());
            let mut expected = Vec::new();
            for (prefix_bytes, payload_bytes, timestamp_ms, chunk_stream) in messages {
                let prefix = &[0x17, 1, 0, 0, 0, 9][..prefix_bytes];
                let payload: Bytes = (0..payload_bytes).map(|at| at as u8).collect();
                let before = shared.len();
                sharing.write_shared(chunk_stream, prefix, &video(timestamp_ms, payload.clone()), &mut shared).unwrap();
                let inside = payload.as_ptr_range();
                let slices = shared[before..].iter().filter(|piece| inside.contains(&piece.as_ptr()));
                prop_assert_eq!(slices.map(Bytes::len).sum::<usize>(), payload_bytes);
                let whole = video(timestamp_ms, [prefix, &payload].concat().into());
                writer.write(chunk_stream, &whole, &mut copied).unwrap();
                expected.push(whole);
            }
            prop_assert!(shared.concat() == copied);
            buf.extend_from_slice(&copied);
            let mut reader = ChunkReader::new(ChunkLimits::default());
            for message in expected {
                prop_assert!(reader.read(&mut buf).unwrap() == Some(message));
            }
            prop_assert!(buf.is_empty());
        }
    }
}
