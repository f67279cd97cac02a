//! RTMP messages (RTMP 1.0 s6.1), whole, without their chunk framing.

use std::fmt;

use bytes::Bytes;

/// Message type ids.
pub mod message_type {
    /// RTMP 1.0 s5.4.1.
    pub const SET_CHUNK_SIZE: u8 = 1;
    /// RTMP 1.0 s5.4.2.
    pub const ABORT: u8 = 2;
    /// RTMP 1.0 s5.4.3.
    pub const ACKNOWLEDGEMENT: u8 = 3;
    /// RTMP 1.0 s6.2.
    pub const USER_CONTROL: u8 = 4;
    /// RTMP 1.0 s5.4.4.
    pub const WINDOW_ACK_SIZE: u8 = 5;
    /// RTMP 1.0 s5.4.5.
    pub const SET_PEER_BANDWIDTH: u8 = 6;
    /// RTMP 1.0 s7.1.4.
    pub const AUDIO: u8 = 8;
    /// RTMP 1.0 s7.1.5.
    pub const VIDEO: u8 = 9;
    /// RTMP 1.0 s7.1.2, in AMF3.
    pub const DATA_AMF3: u8 = 15;
    /// RTMP 1.0 s7.1.1, in AMF3.
    pub const COMMAND_AMF3: u8 = 17;
    /// RTMP 1.0 s7.1.2.
    pub const DATA: u8 = 18;
    /// RTMP 1.0 s7.1.1.
    pub const COMMAND: u8 = 20;
    /// RTMP 1.0 s7.1.6.
    pub const AGGREGATE: u8 = 22;
}

/// Event types of user control messages (RTMP 1.0 s7.1.7).
pub(super) mod user_control {
    pub(in crate::rtmp) const STREAM_BEGIN: u16 = 0;
    pub(in crate::rtmp) const PING_REQUEST: u16 = 6;
    pub(in crate::rtmp) const PING_RESPONSE: u16 = 7;
}

/// One message. `Debug` shows the payload's size only: commands carry stream keys.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Absolute time in milliseconds; wraps after 49.7 days.
    pub timestamp_ms: u32,
    /// One of [`message_type`], or an unknown type, which receivers pass over.
    pub type_id: u8,
    /// Message stream: 0 for the connection itself.
    pub stream_id: u32,
    /// The body.
    pub payload: Bytes,
}

impl Message {
    /// A message about the connection itself: time 0 on message stream 0.
    pub fn control(type_id: u8, payload: impl Into<Bytes>) -> Self {
        Self { timestamp_ms: 0, type_id, stream_id: 0, payload: payload.into() }
    }

    /// A protocol control message whose body is one 32-bit number.
    pub(super) fn control_u32(type_id: u8, value: u32) -> Self {
        Self::control(type_id, Bytes::copy_from_slice(&value.to_be_bytes()))
    }

    /// A user control message with a 32-bit argument.
    pub(super) fn user_control(event: u16, argument: u32) -> Self {
        let [event_high, event_low] = event.to_be_bytes();
        let [a, b, c, d] = argument.to_be_bytes();
        Self::control(
            message_type::USER_CONTROL,
            Bytes::copy_from_slice(&[event_high, event_low, a, b, c, d]),
        )
    }

    /// Event type and 32-bit argument of a user control message (RTMP 1.0 s7.1.7).
    pub(super) fn as_user_control(&self) -> Option<(u16, u32)> {
        let &[event_high, event_low, a, b, c, d] = self.payload.first_chunk()?;
        Some((u16::from_be_bytes([event_high, event_low]), u32::from_be_bytes([a, b, c, d])))
    }

    /// What a command message says in AMF0; `None` for other messages.
    pub(super) fn command_body(&self) -> Option<&[u8]> {
        match self.type_id {
            message_type::COMMAND => Some(&self.payload),
            // One byte says which AMF follows; peers that negotiate AMF3 still send AMF0 behind it.
            message_type::COMMAND_AMF3 => Some(self.payload.get(1..).unwrap_or_default()),
            _ => None,
        }
    }

    /// The number at the start of a protocol control message.
    pub(super) fn first_u32(&self) -> Option<u32> {
        self.payload.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("timestamp_ms", &self.timestamp_ms)
            .field("type_id", &self.type_id)
            .field("stream_id", &self.stream_id)
            .field("payload_bytes", &self.payload.len())
            .finish()
    }
}
