//! The server's side of one connection: answers the protocol, reports a publisher.

mod media;
mod replies;

use std::collections::VecDeque;
use std::fmt;

use bytes::{Bytes, BytesMut};

use self::media::Held;
use super::RtmpError;
use super::chunk_reader::ChunkLimits;
use super::command::{Command, on_status};
use super::event::ServerEvent;
use super::handshake::{RANDOM_BYTES, ServerHandshake};
use super::message::{Message, message_type};
use super::publish_request::{PublishRequest, UrlPart};
use super::state::ServerState;
use super::wire::{MAX_QUEUED_EVENTS, Wire, printable};
use crate::amf0::Value;

/// Longest name of an encoder that is handed on.
const MAX_ENCODER_CHARS: usize = 128;

const STATUS_CHUNK_STREAM: u32 = 5;

/// Numbers a server is run with.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Window the peer is asked to acknowledge by, and ours until it names one (RTMP 1.0 s5.4.4).
    pub window_ack_bytes: u32,
    /// Size of the chunks we send.
    pub out_chunk_bytes: u32,
    /// Longest message accepted. A keyframe of 4K video stays below 2 MiB.
    pub max_message_bytes: usize,
    /// Most bytes unfinished messages may hold.
    pub max_buffered_bytes: usize,
}

impl Default for ServerConfig {
    fn default() -> Self {
        let ChunkLimits { max_message_bytes, max_buffered_bytes } = ChunkLimits::default();
        Self { window_ack_bytes: 2_500_000, out_chunk_bytes: 4096, max_message_bytes, max_buffered_bytes }
    }
}

/// One connection of an encoder. Feed it with [`receive`](Self::receive), then drain
/// [`poll_event`](Self::poll_event) and [`poll_transmit`](Self::poll_transmit); see [`ServerState`] for its states.
pub struct ServerConnection {
    config: ServerConfig,
    state: ServerState,
    handshake: Box<ServerHandshake>,
    wire: Wire,
    events: VecDeque<ServerEvent>,
    app: UrlPart,
    encoder: String,
    wants_fc_publish: bool,
    streams_created: u32,
    publish_stream: u32,
    held: Held,
}

impl ServerConnection {
    /// A connection at its first byte. `random` fills the handshake and should differ between connections.
    pub fn new(config: ServerConfig, random: [u8; RANDOM_BYTES]) -> Self {
        let limits = ChunkLimits {
            max_message_bytes: config.max_message_bytes,
            max_buffered_bytes: config.max_buffered_bytes,
        };
        Self {
            state: ServerState::Handshaking,
            handshake: Box::new(ServerHandshake::new(random)),
            wire: Wire::new(limits, config.window_ack_bytes),
            events: VecDeque::new(),
            app: UrlPart::default(),
            encoder: String::new(),
            wants_fc_publish: false,
            streams_created: 0,
            publish_stream: 0,
            held: Held::default(),
            config,
        }
    }

    /// Takes what it can from the front of `buf`, which the caller fills from the socket; incomplete headers stay.
    /// More than 8192 undrained events, or 256 KiB of undrained replies, make it stop early: drain and call again.
    /// In a final state everything is discarded.
    ///
    /// # Errors
    /// The peer broke the protocol or a limit. The same error is returned from then on; close the connection after
    /// sending what [`poll_transmit`](Self::poll_transmit) still holds.
    pub fn receive(&mut self, buf: &mut BytesMut) -> Result<(), RtmpError> {
        let offered_bytes = self.wire.begin(buf)?;
        let result = self.take_from(buf);
        let is_connected = !matches!(self.state, ServerState::Handshaking | ServerState::Connecting);
        self.wire.finish(offered_bytes - buf.len(), result, is_connected)
    }

    /// The next report, oldest first.
    pub fn poll_event(&mut self) -> Option<ServerEvent> {
        self.events.pop_front()
    }

    /// Bytes to write to the socket.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.wire.poll_transmit()
    }

    /// Lets the requested publication begin: the encoder is told, and media held back is reported. Does nothing
    /// unless a request is open, since the encoder may have taken it back.
    pub fn accept_publish(&mut self) {
        if self.state != ServerState::Deciding {
            return;
        }
        self.enter(ServerState::Publishing);
        self.send_publish_started();
        self.events.extend(self.held.drain());
    }

    /// Refuses the requested publication; the encoder shows `reason` (512 characters at most) to its user, and
    /// [`wants_close`](Self::wants_close) turns true. Does nothing unless a request is open.
    pub fn reject_publish(&mut self, reason: &str) {
        if self.state != ServerState::Deciding {
            return;
        }
        self.held = Held::default();
        self.refuse_publish(self.publish_stream, reason);
        self.enter(ServerState::Refused);
    }

    /// The connection has served its purpose: write what [`poll_transmit`](Self::poll_transmit) holds, then close.
    pub fn wants_close(&self) -> bool {
        self.wire.has_failed() || self.state.is_final()
    }

    /// Where the connection stands; deadlines depend on it.
    pub fn state(&self) -> ServerState {
        self.state
    }

    fn take_from(&mut self, buf: &mut BytesMut) -> Result<(), RtmpError> {
        if self.state == ServerState::Handshaking {
            if !self.handshake.receive(buf, &mut self.wire.out)? {
                return Ok(());
            }
            self.enter(ServerState::Connecting);
        }
        while self.events.len() < MAX_QUEUED_EVENTS {
            if self.state.is_final() {
                buf.clear();
                break;
            }
            let Some(message) = self.wire.read(buf)? else { break };
            self.handle(message)?;
        }
        Ok(())
    }

    fn enter(&mut self, next: ServerState) {
        debug_assert!(self.state.can_become(next), "{:?} -> {next:?}", self.state);
        self.state = next;
    }

    fn handle(&mut self, message: Message) -> Result<(), RtmpError> {
        if let Some(body) = message.command_body() {
            return self.handle_command(&message, body);
        }
        match message.type_id {
            message_type::AUDIO | message_type::VIDEO => self.deliver_media(message),
            message_type::AGGREGATE => self.deliver_aggregate(message),
            message_type::DATA => self.deliver_metadata(&message.payload),
            message_type::DATA_AMF3 => self.deliver_metadata(message.payload.get(1..).unwrap_or_default()),
            // Acknowledgements and bandwidth limits matter to senders of much; we send little.
            _ => self.wire.obey(&message),
        }
        Ok(())
    }

    fn handle_command(&mut self, message: &Message, payload: &[u8]) -> Result<(), RtmpError> {
        let command = Command::decode(payload)?;
        if self.state == ServerState::Connecting {
            return match command.name.as_str() {
                "connect" => {
                    self.connect(&command);
                    Ok(())
                }
                "publish" | "play" | "createStream" => Err(RtmpError::CommandBeforeConnect),
                _ => Ok(()),
            };
        }
        match command.name.as_str() {
            "connect" => self.refuse_second_connect(&command),
            "createStream" => self.create_stream(&command),
            "publish" => self.publish(&command, message.stream_id),
            "play" | "play2" => self.refuse_play(message.stream_id),
            "FCUnpublish" => self.end_publish(ServerState::Unpublished),
            "closeStream" => self.end_publish(ServerState::Ended),
            "deleteStream" => {
                let stream = command.number(1).unwrap_or_default();
                let is_other = stream != f64::from(self.publish_stream) && self.has_created(stream);
                if !is_other {
                    self.end_publish(ServerState::Ended);
                }
            }
            "FCPublish" => {
                self.wants_fc_publish = true;
                self.send_result(&command, Value::Undefined);
            }
            "getStreamLength" => self.send_result(&command, Value::Number(0.0)),
            // Replies to what we never asked, and notices of players, need no answer.
            "_result" | "_error" | "onStatus" | "receiveAudio" | "receiveVideo" | "pause" | "seek" => {}
            // releaseStream, _checkbw and whatever encoders think of next: asked politely, answered politely.
            _ => self.send_result(&command, Value::Undefined),
        }
        Ok(())
    }

    fn connect(&mut self, command: &Command) {
        self.app = UrlPart::new(command.object_text("app"));
        self.encoder = printable(command.object_text("flashVer"), MAX_ENCODER_CHARS);
        self.enter(ServerState::Connected);
        self.send_connect_reply(command);
        self.events.push_back(ServerEvent::Connected {
            app: self.app.clone(),
            tc_url: UrlPart::new(command.object_text("tcUrl")),
            flash_ver: self.encoder.clone(),
        });
    }

    fn create_stream(&mut self, command: &Command) {
        // Ids are never given back; encoders create one, and the number only has to differ.
        self.streams_created = self.streams_created.saturating_add(1);
        self.send_result(command, Value::Number(f64::from(self.streams_created)));
    }

    fn has_created(&self, stream: f64) -> bool {
        (1.0..=f64::from(self.streams_created)).contains(&stream)
    }

    fn publish(&mut self, command: &Command, stream_id: u32) {
        if self.state != ServerState::Connected {
            return self.refuse_publish(stream_id, "A connection publishes once. Connect again.");
        }
        let Some(stream) = command.text(1) else {
            self.refuse_publish(stream_id, "The stream name is missing.");
            return self.enter(ServerState::Refused);
        };
        self.publish_stream = stream_id;
        self.enter(ServerState::Deciding);
        self.events.push_back(ServerEvent::PublishRequested(PublishRequest {
            app: self.app.clone(),
            stream: UrlPart::new(stream),
            encoder: self.encoder.clone(),
        }));
    }

    fn refuse_play(&mut self, stream_id: u32) {
        let status = on_status(
            "error",
            "NetStream.Play.Failed",
            "Playback is not offered over RTMP. Use the watch page or the HLS address.",
        );
        self.send_status(stream_id, &status);
        if self.state == ServerState::Connected {
            self.enter(ServerState::Refused);
            self.events.push_back(ServerEvent::PlayRefused);
        }
    }

    fn end_publish(&mut self, next: ServerState) {
        match self.state {
            ServerState::Deciding | ServerState::Publishing => {
                self.held = Held::default();
                self.send_publish_ended();
                self.enter(next);
                self.events.push_back(ServerEvent::PublishEnded);
            }
            ServerState::Unpublished if next == ServerState::Ended => self.enter(next),
            _ => {}
        }
    }
}

impl fmt::Debug for ServerConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConnection")
            .field("state", &self.state)
            .field("wire", &self.wire)
            .field("events", &self.events.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
