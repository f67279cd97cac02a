//! Chunks to messages (RTMP 1.0 s5.3), from a peer nobody vouches for.

mod header;

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

use self::header::{Header, Parsed};
use super::RtmpError;
use super::chunk_writer::DEFAULT_CHUNK_BYTES;
use super::message::{Message, message_type};

/// Chunk streams one peer may open. Encoders use three to eight.
pub const MAX_CHUNK_STREAMS: usize = 64;
/// Largest useful chunk: no message is longer (RTMP 1.0 s5.4.1).
const MAX_CHUNK_BYTES: u32 = 0x00FF_FFFF;
/// Most that is reserved for a message on its header's word alone.
const FIRST_RESERVE_BYTES: usize = 64 * 1024;
/// From this size on a message that lies whole in the receive buffer is split off it instead of copied. Smaller ones
/// are copied, so that a 200-byte audio frame does not keep a 64 KiB buffer alive.
const SPLIT_MIN_BYTES: usize = 16 * 1024;

/// Bounds of what a peer can make the reader hold.
#[derive(Debug, Clone, Copy)]
pub struct ChunkLimits {
    /// Longest message accepted.
    pub max_message_bytes: usize,
    /// Most bytes all unfinished messages may hold together.
    pub max_buffered_bytes: usize,
}

impl Default for ChunkLimits {
    fn default() -> Self {
        Self { max_message_bytes: 8 * 1024 * 1024, max_buffered_bytes: 16 * 1024 * 1024 }
    }
}

/// Assembles messages from chunks. Takes every byte once: a header when it is complete, payload as it comes. Answers
/// Set Chunk Size and Abort itself; everything else is returned.
pub struct ChunkReader {
    limits: ChunkLimits,
    chunk_bytes: usize,
    streams: Vec<ChunkStream>,
    open: Option<OpenChunk>,
    buffered_bytes: usize,
    copied_bytes: u64,
}

/// The chunk whose payload is arriving.
#[derive(Clone, Copy)]
struct OpenChunk {
    stream: usize,
    missing_bytes: usize,
}

/// What later headers of one chunk stream rely on, and its unfinished message.
#[derive(Default)]
struct ChunkStream {
    id: u32,
    timestamp_ms: u32,
    /// What a type 3 header adds when it starts a message.
    delta_ms: u32,
    /// The extended timestamp of the last type 0, 1 or 2 header, if it had one.
    extended_ms: Option<u32>,
    length: usize,
    type_id: u8,
    stream_id: u32,
    unfinished: bool,
    payload: Vec<u8>,
}

impl ChunkReader {
    /// A reader at the default chunk size of 128 bytes.
    pub fn new(limits: ChunkLimits) -> Self {
        Self {
            limits,
            chunk_bytes: DEFAULT_CHUNK_BYTES as usize,
            streams: Vec::new(),
            open: None,
            buffered_bytes: 0,
            copied_bytes: 0,
        }
    }

    /// Takes bytes from the front of `buf` until one message is complete. `None` when `buf` holds no more than the
    /// beginning of a chunk header; call again with more.
    ///
    /// # Errors
    /// Any of the chunk errors of [`RtmpError`]; the connection is then to be closed.
    pub fn read(&mut self, buf: &mut BytesMut) -> Result<Option<Message>, RtmpError> {
        loop {
            let open = match self.open {
                Some(open) => open,
                None => match self.begin_chunk(buf)? {
                    Some(open) => open,
                    None => return Ok(None),
                },
            };
            if open.missing_bytes > 0 && buf.is_empty() {
                return Ok(None);
            }
            let Some(message) = self.take_payload(open, buf)? else { continue };
            match message.type_id {
                message_type::SET_CHUNK_SIZE => self.set_chunk_bytes(&message)?,
                message_type::ABORT => self.abort(&message),
                _ => return Ok(Some(message)),
            }
        }
    }

    /// Payload bytes copied since the start, those moved by growing buffers included: the reader's cost. Stays below
    /// three times the bytes received.
    pub fn copied_bytes(&self) -> u64 {
        self.copied_bytes
    }

    /// Takes a chunk header, if it is all there.
    fn begin_chunk(&mut self, buf: &mut BytesMut) -> Result<Option<OpenChunk>, RtmpError> {
        let streams = &self.streams;
        let Some(Parsed { header, chunk_stream, length }) = header::parse(buf, |id| {
            streams.iter().find(|stream| stream.id == id).and_then(|stream| stream.extended_ms)
        }) else {
            return Ok(None);
        };
        buf.advance(length);
        let index = match self.streams.iter().position(|stream| stream.id == chunk_stream) {
            Some(index) => index,
            None => self.add_stream(chunk_stream, &header)?,
        };
        let stream = &mut self.streams[index];
        if stream.unfinished {
            stream.check_continuation(&header)?;
        } else {
            stream.start_message(&header);
        }
        if stream.length > self.limits.max_message_bytes {
            return Err(RtmpError::MessageTooLong {
                declared_bytes: stream.length,
                limit_bytes: self.limits.max_message_bytes,
            });
        }
        let missing_bytes = self.chunk_bytes.min(stream.length - stream.payload.len());
        let open = OpenChunk { stream: index, missing_bytes };
        self.open = Some(open);
        Ok(Some(open))
    }

    fn add_stream(&mut self, id: u32, header: &Header) -> Result<usize, RtmpError> {
        // librtmp opens a chunk stream with a type 1 header for its pings, so only types 2 and 3 are refused here.
        if matches!(header, Header::Delta { .. } | Header::Same) {
            return Err(RtmpError::NoPreviousHeader);
        }
        if self.streams.len() == MAX_CHUNK_STREAMS {
            return Err(RtmpError::TooManyChunkStreams { limit: MAX_CHUNK_STREAMS });
        }
        self.streams.push(ChunkStream { id, ..ChunkStream::default() });
        Ok(self.streams.len() - 1)
    }

    /// Moves payload of the open chunk out of `buf`; the message if that was its last byte.
    fn take_payload(&mut self, open: OpenChunk, buf: &mut BytesMut) -> Result<Option<Message>, RtmpError> {
        let stream = &mut self.streams[open.stream];
        let is_whole = stream.payload.is_empty() && open.missing_bytes == stream.length;
        if is_whole && stream.length >= SPLIT_MIN_BYTES && buf.len() >= stream.length {
            self.open = None;
            let payload = buf.split_to(stream.length).freeze();
            return Ok(Some(stream.finish(payload)));
        }
        let taken = open.missing_bytes.min(buf.len());
        if self.buffered_bytes + taken > self.limits.max_buffered_bytes {
            return Err(RtmpError::TooMuchBuffered { limit_bytes: self.limits.max_buffered_bytes });
        }
        self.copied_bytes += (stream.reserve(taken) + taken) as u64;
        stream.payload.extend_from_slice(&buf[..taken]);
        buf.advance(taken);
        self.buffered_bytes += taken;
        let missing_bytes = open.missing_bytes - taken;
        if missing_bytes > 0 {
            self.open = Some(OpenChunk { missing_bytes, ..open });
            return Ok(None);
        }
        self.open = None;
        if stream.payload.len() < stream.length {
            return Ok(None);
        }
        self.buffered_bytes -= stream.payload.len();
        let payload = Bytes::from(std::mem::take(&mut stream.payload));
        Ok(Some(stream.finish(payload)))
    }

    fn set_chunk_bytes(&mut self, message: &Message) -> Result<(), RtmpError> {
        // The top bit must be zero (RTMP 1.0 s5.4.1). A body that is cut says nothing.
        let Some(value) = message.first_u32() else { return Ok(()) };
        let chunk_bytes = value & 0x7FFF_FFFF;
        if chunk_bytes == 0 {
            return Err(RtmpError::ZeroChunkSize);
        }
        self.chunk_bytes = chunk_bytes.min(MAX_CHUNK_BYTES) as usize;
        Ok(())
    }

    /// RTMP 1.0 s5.4.2: the unfinished message of a chunk stream will not be finished.
    fn abort(&mut self, message: &Message) {
        let Some(id) = message.first_u32() else { return };
        if let Some(stream) = self.streams.iter_mut().find(|stream| stream.id == id) {
            self.buffered_bytes -= stream.payload.len();
            stream.payload = Vec::new();
            stream.unfinished = false;
        }
    }
}

impl ChunkStream {
    fn start_message(&mut self, header: &Header) {
        self.unfinished = true;
        match *header {
            Header::Full { timestamp_ms, length, type_id, stream_id, extended_ms } => {
                (self.length, self.type_id, self.stream_id) = (length, type_id, stream_id);
                self.timestamp_ms = timestamp_ms;
                // A type 3 header that starts the next message adds the absolute time (RTMP 1.0 s5.3.1.2.4).
                self.delta_ms = timestamp_ms;
                self.extended_ms = extended_ms;
                return;
            }
            Header::SameStream { delta_ms, length, type_id, extended_ms } => {
                (self.length, self.type_id) = (length, type_id);
                self.delta_ms = delta_ms;
                self.extended_ms = extended_ms;
            }
            Header::Delta { delta_ms, extended_ms } => {
                self.delta_ms = delta_ms;
                self.extended_ms = extended_ms;
            }
            Header::Same => {}
        }
        self.timestamp_ms = self.timestamp_ms.wrapping_add(self.delta_ms);
    }

    /// A message goes on with type 3 headers. Types 1 and 2 are tolerated where they contradict nothing; they cannot
    /// change the time of a message that has begun.
    fn check_continuation(&mut self, header: &Header) -> Result<(), RtmpError> {
        match *header {
            Header::Same => Ok(()),
            Header::Delta { extended_ms, .. } => {
                self.extended_ms = extended_ms;
                Ok(())
            }
            Header::SameStream { length, type_id, extended_ms, .. }
                if length == self.length && type_id == self.type_id =>
            {
                self.extended_ms = extended_ms;
                Ok(())
            }
            Header::SameStream { .. } | Header::Full { .. } => Err(RtmpError::HeaderInsideMessage),
        }
    }

    /// Makes room for `more` bytes: grows with what has come, never to more than was declared. Returns how many bytes
    /// the growth may have moved.
    fn reserve(&mut self, more: usize) -> usize {
        let needed = self.payload.len() + more;
        if needed <= self.payload.capacity() {
            return 0;
        }
        let grown = (self.payload.capacity() * 2).max(FIRST_RESERVE_BYTES);
        let target = grown.min(self.length).max(needed);
        self.payload.reserve_exact(target - self.payload.len());
        self.payload.len()
    }

    fn finish(&mut self, payload: Bytes) -> Message {
        self.unfinished = false;
        Message { timestamp_ms: self.timestamp_ms, type_id: self.type_id, stream_id: self.stream_id, payload }
    }
}

impl fmt::Debug for ChunkReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkReader")
            .field("chunk_bytes", &self.chunk_bytes)
            .field("chunk_streams", &self.streams.len())
            .field("buffered_bytes", &self.buffered_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
