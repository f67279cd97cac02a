//! The publisher's side of one connection: asks a server to take a stream, then sends it.

mod event;
mod requests;
mod status;

use std::collections::VecDeque;
use std::fmt;

use bytes::{Bytes, BytesMut};

pub use self::event::ClientEvent;
use self::status::{Meaning, Status};
use super::RtmpError;
use super::chunk_reader::ChunkLimits;
use super::client_state::ClientState;
use super::command::Command;
use super::handshake::{ClientHandshake, RANDOM_BYTES};
use super::message::{Message, message_type};
use super::wire::{MAX_QUEUED_EVENTS, Wire};
use crate::amf0::{Amf0Error, Value};
use crate::flv::{AudioTagHeader, VideoTagHeader};

/// Large enough for most keyframes, so that a frame costs one header; servers take it (SRS warns above it).
const OUT_CHUNK_BYTES: u32 = 65_536;
/// How often the server is asked to acknowledge. Small, since an acknowledgement is the proof that it takes our bytes:
/// one every two seconds at 1 Mb/s.
const WINDOW_ACK_BYTES: u32 = 250_000;
/// Servers say little to publishers, so little is held for them.
const LIMITS: ChunkLimits = ChunkLimits { max_message_bytes: 256 * 1024, max_buffered_bytes: 512 * 1024 };

const AUDIO_CHUNK_STREAM: u32 = 4;
const DATA_CHUNK_STREAM: u32 = 5;
const VIDEO_CHUNK_STREAM: u32 = 6;

/// What is asked of the server; [`super::PublishTarget`] knows the first three. `Debug` shows `flash_ver` only: the
/// others may hold the stream key.
#[derive(Clone)]
pub struct ClientConfig {
    /// Application, which may have several parts or none.
    pub app: String,
    /// The URL up to the application.
    pub tc_url: String,
    /// Stream name, which for most services is the stream key, query included.
    pub stream_name: String,
    /// What we call ourselves. Some services want it to begin like `FMLE/3.0 (compatible; ...)`.
    pub flash_ver: String,
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig").field("flash_ver", &self.flash_ver).finish_non_exhaustive()
    }
}

/// One connection to a server that is to take a stream. It asks for everything by itself, in the order encoders do:
/// feed it with [`receive`](Self::receive), drain [`poll_event`](Self::poll_event) and
/// [`poll_transmit`](Self::poll_transmit), which has the first bytes at once, until [`ClientEvent::Publishing`]; then
/// send [`metadata`](Self::metadata), the sequence headers and media. See [`ClientState`] for its states.
pub struct ClientConnection {
    config: ClientConfig,
    state: ClientState,
    handshake: ClientHandshake,
    wire: Wire,
    events: VecDeque<ClientEvent>,
    /// Message stream the server gave us.
    stream_id: u32,
    last_timestamp_ms: u32,
    /// Bytes handed out for the socket.
    sent_bytes: u64,
    /// Sequence number of the last acknowledgement, and where that is in all we sent.
    last_sequence: u32,
    acknowledged_bytes: u64,
}

impl ClientConnection {
    /// A connection whose first bytes wait to be sent. `random` fills the handshake; it need not be secret.
    pub fn new(config: ClientConfig, random: [u8; RANDOM_BYTES]) -> Self {
        let mut wire = Wire::new(LIMITS, WINDOW_ACK_BYTES);
        let handshake = ClientHandshake::new(&random, &mut wire.out);
        Self {
            config,
            state: ClientState::Handshaking,
            handshake,
            wire,
            events: VecDeque::new(),
            stream_id: 0,
            last_timestamp_ms: 0,
            sent_bytes: 0,
            last_sequence: 0,
            acknowledged_bytes: 0,
        }
    }

    /// Takes what it can from the front of `buf`, which the caller fills from the socket; incomplete headers stay.
    /// More than 8192 undrained events, or 256 KiB of undrained bytes, make it stop early: drain and call again.
    /// In a final state everything is discarded.
    ///
    /// # Errors
    /// The server broke the protocol or a limit. The same error is returned from then on; close the connection.
    pub fn receive(&mut self, buf: &mut BytesMut) -> Result<(), RtmpError> {
        let offered_bytes = self.wire.begin(buf)?;
        let result = self.take_from(buf);
        let is_connected = !matches!(self.state, ClientState::Handshaking | ClientState::Connecting);
        self.wire.finish(offered_bytes - buf.len(), result, is_connected)
    }

    /// The next report, oldest first.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// Bytes to write to the socket, before any media that is made later.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        let bytes = self.wire.poll_transmit()?;
        self.sent_bytes += bytes.len() as u64;
        Some(bytes)
    }

    /// Announces the tracks with `onMetaData`, such as [`crate::flv::stream_metadata`] makes; queued for
    /// [`poll_transmit`](Self::poll_transmit). It is stamped with the time of the last media, so that time does not go
    /// back. Does nothing unless publishing.
    pub fn metadata(&mut self, metadata: &Value) {
        if self.state == ClientState::Publishing {
            self.send_metadata(metadata);
        }
    }

    /// Pushes one video message to `out`, as pieces for a vectored write: headers are new, the rest is slices of
    /// `payload`, an access unit or an avcC. What was queued before comes first. Does nothing unless publishing, or
    /// when the message would be over 16 MiB, which no access unit that came in over RTMP is.
    pub fn video(&mut self, timestamp_ms: u32, tag: VideoTagHeader, payload: &Bytes, out: &mut Vec<Bytes>) {
        self.media(message_type::VIDEO, VIDEO_CHUNK_STREAM, timestamp_ms, &tag, payload, out);
    }

    /// As [`video`](Self::video), for an AAC frame or an AudioSpecificConfig.
    pub fn audio(&mut self, timestamp_ms: u32, tag: AudioTagHeader, payload: &Bytes, out: &mut Vec<Bytes>) {
        self.media(message_type::AUDIO, AUDIO_CHUNK_STREAM, timestamp_ms, &tag, payload, out);
    }

    /// Leaves: the goodbye waits in [`poll_transmit`](Self::poll_transmit), after which the connection is to be closed.
    pub fn close(&mut self) {
        if self.state.is_final() {
            return;
        }
        self.send_goodbye();
        self.enter(ClientState::Closed);
    }

    /// How much of what we sent, from the first byte on, the server said it received; 0 if it never did.
    pub fn acknowledged_bytes(&self) -> u64 {
        self.acknowledged_bytes
    }

    /// The connection has served its purpose: write what [`poll_transmit`](Self::poll_transmit) holds, then close.
    pub fn wants_close(&self) -> bool {
        self.wire.has_failed() || self.state.is_final()
    }

    /// Where the connection stands; deadlines depend on it.
    pub fn state(&self) -> ClientState {
        self.state
    }

    fn media(
        &mut self,
        type_id: u8,
        chunk_stream: u32,
        timestamp_ms: u32,
        tag: &[u8],
        payload: &Bytes,
        out: &mut Vec<Bytes>,
    ) {
        if self.state != ClientState::Publishing {
            return;
        }
        out.extend(self.poll_transmit());
        let before = out.len();
        let message = Message { timestamp_ms, type_id, stream_id: self.stream_id, payload: payload.clone() };
        if self.wire.writer.write_shared(chunk_stream, tag, &message, out).is_ok() {
            self.last_timestamp_ms = timestamp_ms;
            self.sent_bytes += out[before..].iter().map(|piece| piece.len() as u64).sum::<u64>();
        }
    }

    fn take_from(&mut self, buf: &mut BytesMut) -> Result<(), RtmpError> {
        if self.state == ClientState::Handshaking {
            if !self.handshake.receive(buf, &mut self.wire.out)? {
                return Ok(());
            }
            self.enter(ClientState::Connecting);
            self.events.push_back(ClientEvent::HandshakeDone);
            self.send_connect();
        }
        while self.events.len() < MAX_QUEUED_EVENTS {
            if self.state.is_final() {
                buf.clear();
                break;
            }
            let Some(message) = self.wire.read(buf)? else { break };
            self.handle(&message)?;
        }
        Ok(())
    }

    fn enter(&mut self, next: ClientState) {
        debug_assert!(self.state.can_become(next), "{:?} -> {next:?}", self.state);
        self.state = next;
    }

    fn handle(&mut self, message: &Message) -> Result<(), RtmpError> {
        if let Some(body) = message.command_body() {
            return match Command::decode(body) {
                Ok(command) => {
                    self.handle_command(&command);
                    Ok(())
                }
                Err(hostile @ RtmpError::BadCommand(Amf0Error::TooDeep | Amf0Error::TooManyValues)) => {
                    Err(hostile)
                }
                // A nameless command asks for nothing.
                Err(_) => Ok(()),
            };
        }
        if message.type_id == message_type::ACKNOWLEDGEMENT {
            self.acknowledged(message);
        }
        self.wire.obey(message);
        Ok(())
    }

    fn handle_command(&mut self, command: &Command) {
        let status = Status::of(command, &self.config.stream_name);
        match command.name.as_str() {
            "_result" => self.granted(command, status),
            "_error" => self.refused(command, status),
            // Some servers tell what becomes of `connect` this way too, before or instead of its result.
            "onStatus" => match status.meaning() {
                Meaning::Connected if self.state == ClientState::Connecting => self.connected(),
                Meaning::Publishing if self.state == ClientState::Requesting => self.publishing(),
                Meaning::Refused | Meaning::Goodbye => self.ended_by_server(status),
                _ => {}
            },
            // A server that starts here has not seen `publish` yet; one that refuses has made up its mind.
            "onFCPublish" if status.meaning() == Meaning::Refused => self.ended_by_server(status),
            "close" => self.ended_by_server(status),
            _ => {}
        }
    }

    fn granted(&mut self, command: &Command, status: Status) {
        match self.state {
            // Nothing else was asked yet, so whatever the transaction says, this is the answer.
            ClientState::Connecting if status.meaning() == Meaning::Refused => self.ended_by_server(status),
            ClientState::Connecting => self.connected(),
            ClientState::Creating if command.transaction_id == requests::CREATE_STREAM => {
                // Streams count from 1; a server that names none has one.
                self.stream_id = command.number(1).map_or(1, |id| id as u32);
                self.enter(ClientState::Requesting);
                self.send_publish();
            }
            _ => {}
        }
    }

    fn refused(&mut self, command: &Command, status: Status) {
        let asked = match self.state {
            ClientState::Connecting => command.transaction_id,
            ClientState::Creating => requests::CREATE_STREAM,
            ClientState::Requesting => requests::PUBLISH,
            _ => return,
        };
        // releaseStream and FCPublish are courtesies; servers that do not know them say so.
        if command.transaction_id == asked {
            self.ended_by_server(status);
        }
    }

    fn connected(&mut self) {
        self.enter(ClientState::Creating);
        self.events.push_back(ClientEvent::Connected);
        self.send_create_stream();
    }

    fn publishing(&mut self) {
        self.enter(ClientState::Publishing);
        self.events.push_back(ClientEvent::Publishing);
    }

    /// The server says no or goodbye, which before it took the stream is the same.
    fn ended_by_server(&mut self, status: Status) {
        let refused = status.meaning() == Meaning::Refused;
        let Status { code, description, .. } = status;
        let event = match self.state {
            ClientState::Connecting => ClientEvent::ConnectRejected { code, description },
            ClientState::Creating | ClientState::Requesting => {
                ClientEvent::PublishRejected { code, description }
            }
            ClientState::Publishing => {
                self.enter(ClientState::Closed);
                return self.events.push_back(if refused {
                    ClientEvent::PublishRejected { code, description }
                } else {
                    ClientEvent::Closed { code, description }
                });
            }
            _ => return,
        };
        self.enter(ClientState::Rejected);
        self.events.push_back(event);
    }

    /// RTMP 1.0 s5.4.3. The sequence number wraps at 32 bits; one that goes back says nothing, and no more can have
    /// been received than was sent, whatever a server counts.
    fn acknowledged(&mut self, message: &Message) {
        let Some(sequence) = message.first_u32() else { return };
        let ahead = sequence.wrapping_sub(self.last_sequence);
        if ahead == 0 || ahead > u32::MAX / 2 {
            return;
        }
        self.last_sequence = sequence;
        let total_bytes = (self.acknowledged_bytes + u64::from(ahead)).min(self.sent_bytes);
        if total_bytes > self.acknowledged_bytes {
            self.acknowledged_bytes = total_bytes;
            self.events.push_back(ClientEvent::Acknowledged { total_bytes });
        }
    }
}

impl fmt::Debug for ClientConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConnection")
            .field("state", &self.state)
            .field("wire", &self.wire)
            .field("events", &self.events.len())
            .field("acknowledged_bytes", &self.acknowledged_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
