//! Media on its way to the owner: held back until publishing is accepted, split out of aggregates.

use std::collections::VecDeque;

use bytes::Bytes;

use super::ServerConnection;
use crate::amf0::{self, Value};
use crate::flv::TagKind;
use crate::rtmp::event::ServerEvent;
use crate::rtmp::message::Message;
use crate::rtmp::state::ServerState;

const MAX_HELD_EVENTS: usize = 512;
const MAX_HELD_BYTES: usize = 4 * 1024 * 1024;

/// Media received while the owner decides. Most encoders wait for the answer; the others send their decoder
/// configuration first, so what came first is kept and what comes after the bounds is dropped.
#[derive(Default)]
pub(super) struct Held {
    events: VecDeque<ServerEvent>,
    bytes: usize,
}

impl Held {
    fn push(&mut self, event: ServerEvent, bytes: usize) {
        if self.events.len() < MAX_HELD_EVENTS && self.bytes + bytes <= MAX_HELD_BYTES {
            self.bytes += bytes;
            self.events.push_back(event);
        }
    }

    /// Everything held, oldest first.
    pub(super) fn drain(&mut self) -> VecDeque<ServerEvent> {
        self.bytes = 0;
        std::mem::take(&mut self.events)
    }
}

impl ServerConnection {
    pub(super) fn deliver_media(&mut self, message: Message) {
        self.deliver_tag(message.type_id, message.timestamp_ms, message.payload);
    }

    /// RTMP 1.0 s7.1.6: a row of FLV tags. Their times count from the first one, which happens at the message's time.
    pub(super) fn deliver_aggregate(&mut self, message: Message) {
        let mut rest = message.payload;
        let mut offset_ms = None;
        while let Some((type_id, tag_ms, payload)) = crate::flv::take_tag(&mut rest) {
            let offset_ms = *offset_ms.get_or_insert(message.timestamp_ms.wrapping_sub(tag_ms));
            self.deliver_tag(type_id, tag_ms.wrapping_add(offset_ms), payload);
        }
    }

    fn deliver_tag(&mut self, type_id: u8, timestamp_ms: u32, payload: Bytes) {
        if payload.is_empty() {
            return;
        }
        let payload_bytes = payload.len();
        match TagKind::from_id(type_id) {
            Some(TagKind::Audio) => self.deliver(ServerEvent::Audio { timestamp_ms, payload }, payload_bytes),
            Some(TagKind::Video) => self.deliver(ServerEvent::Video { timestamp_ms, payload }, payload_bytes),
            Some(TagKind::Script) => self.deliver_metadata(&payload),
            None => {}
        }
    }

    /// Data messages: `onMetaData`, alone or wrapped in `@setDataFrame`; cue points and the like are passed over, and
    /// so is what cannot be read.
    pub(super) fn deliver_metadata(&mut self, payload: &[u8]) {
        if !matches!(self.state, ServerState::Deciding | ServerState::Publishing) {
            return;
        }
        let mut values = amf0::decode_all(payload).into_iter().peekable();
        values.next_if(|value| value.as_str() == Some("@setDataFrame"));
        if values.next().as_ref().and_then(Value::as_str) != Some("onMetaData") {
            return;
        }
        if let Some(metadata @ (Value::Object(_) | Value::EcmaArray(_))) = values.next() {
            self.deliver(ServerEvent::Metadata(metadata), payload.len());
        }
    }

    fn deliver(&mut self, event: ServerEvent, bytes: usize) {
        match self.state {
            ServerState::Publishing => self.events.push_back(event),
            ServerState::Deciding => self.held.push(event, bytes),
            // Before a request and after the end there is nobody to want it.
            _ => {}
        }
    }
}
