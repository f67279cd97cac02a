//! What both sides of a connection share once the handshake is over: chunks both ways, bytes waiting to be sent,
//! acknowledgements, pings, and the error that ended it.

use std::fmt;

use bytes::{Bytes, BytesMut};

use super::RtmpError;
use super::chunk_reader::{ChunkLimits, ChunkReader};
use super::chunk_writer::ChunkWriter;
use super::command::Command;
use super::message::{Message, message_type, user_control};

/// Reports that may wait to be drained before `receive` stops taking bytes.
pub(super) const MAX_QUEUED_EVENTS: usize = 8192;
/// Bytes that may wait to be drained before `receive` stops taking more.
pub(super) const MAX_QUEUED_BYTES: usize = 256 * 1024;
/// Longest reason that is handed on, from the owner to the peer or the other way.
pub(super) const MAX_REASON_CHARS: usize = 512;

pub(super) const CONTROL_CHUNK_STREAM: u32 = 2;
pub(super) const COMMAND_CHUNK_STREAM: u32 = 3;

/// One end of a connection, below its commands.
pub(super) struct Wire {
    pub(super) writer: ChunkWriter,
    /// Bytes to be sent.
    pub(super) out: BytesMut,
    reader: ChunkReader,
    failed: Option<RtmpError>,
    /// Wraps, as the sequence number of acknowledgements does.
    received_bytes: u32,
    acknowledged_bytes: u32,
    window_bytes: u32,
}

impl Wire {
    /// `window_bytes` is how often the peer's bytes are acknowledged until it names a window.
    pub(super) fn new(limits: ChunkLimits, window_bytes: u32) -> Self {
        Self {
            writer: ChunkWriter::new(),
            out: BytesMut::new(),
            reader: ChunkReader::new(limits),
            failed: None,
            received_bytes: 0,
            acknowledged_bytes: 0,
            window_bytes: window_bytes.max(1),
        }
    }

    /// Begins a call of `receive`: how many bytes are offered, or the error of an earlier call, and nothing offered.
    pub(super) fn begin(&self, buf: &mut BytesMut) -> Result<usize, RtmpError> {
        match &self.failed {
            None => Ok(buf.len()),
            Some(error) => {
                buf.clear();
                Err(error.clone())
            }
        }
    }

    /// Ends it: keeps an error for good, otherwise acknowledges where that is due and the connection so far that the
    /// peer expects it (RTMP 1.0 s5.4.3): once for every call at most, however small the window.
    pub(super) fn finish(
        &mut self,
        taken_bytes: usize,
        result: Result<(), RtmpError>,
        is_connected: bool,
    ) -> Result<(), RtmpError> {
        self.received_bytes = self.received_bytes.wrapping_add(taken_bytes as u32);
        if let Err(error) = &result {
            self.failed = Some(error.clone());
            return result;
        }
        let since_last = self.received_bytes.wrapping_sub(self.acknowledged_bytes);
        if is_connected && since_last >= self.window_bytes {
            self.acknowledged_bytes = self.received_bytes;
            let message = Message::control_u32(message_type::ACKNOWLEDGEMENT, self.received_bytes);
            self.send(CONTROL_CHUNK_STREAM, &message);
        }
        result
    }

    /// The peer broke the protocol; nothing more is taken from it.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// The next message in `buf`; `None` when it is not all there, or too much waits to be sent.
    pub(super) fn read(&mut self, buf: &mut BytesMut) -> Result<Option<Message>, RtmpError> {
        if self.out.len() >= MAX_QUEUED_BYTES {
            return Ok(None);
        }
        self.reader.read(buf)
    }

    /// Does what a protocol control message asks of either side. Other messages, and types nobody knows, are passed
    /// over.
    pub(super) fn obey(&mut self, message: &Message) {
        match message.type_id {
            message_type::WINDOW_ACK_SIZE => {
                // Zero would ask for endless acknowledgements; it is no window.
                if let Some(window_bytes @ 1..) = message.first_u32() {
                    self.window_bytes = window_bytes;
                }
            }
            message_type::USER_CONTROL => {
                if let Some((user_control::PING_REQUEST, sent_ms)) = message.as_user_control() {
                    let answer = Message::user_control(user_control::PING_RESPONSE, sent_ms);
                    self.send(CONTROL_CHUNK_STREAM, &answer);
                }
            }
            _ => {}
        }
    }

    /// Queues `message`, which is one of ours and short.
    pub(super) fn send(&mut self, chunk_stream: u32, message: &Message) {
        self.writer
            .write(chunk_stream, message, &mut self.out)
            .expect("what we say of our own is far shorter than the length field allows");
    }

    /// Queues `command` on the connection itself.
    pub(super) fn send_command(&mut self, command: &Command) {
        self.send(COMMAND_CHUNK_STREAM, &command.to_message(0));
    }

    /// Announces the size of our chunks.
    pub(super) fn send_chunk_bytes(&mut self, chunk_bytes: u32) {
        self.writer.set_chunk_bytes(chunk_bytes, &mut self.out);
    }

    /// Asks the peer to acknowledge every `window_bytes`.
    pub(super) fn send_window(&mut self, window_bytes: u32) {
        self.send(CONTROL_CHUNK_STREAM, &Message::control_u32(message_type::WINDOW_ACK_SIZE, window_bytes));
    }

    /// Everything queued, for the socket.
    pub(super) fn poll_transmit(&mut self) -> Option<Bytes> {
        if self.out.is_empty() {
            return None;
        }
        Some(self.out.split().freeze())
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("failed", &self.failed)
            .field("reader", &self.reader)
            .finish_non_exhaustive()
    }
}

/// What a peer says, fit for a screen: no control characters, `max_chars` at most.
pub(super) fn printable(text: &str, max_chars: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(max_chars).collect()
}
