//! What a client connection asks for, in the order Flash Media Live Encoder did and servers came to expect.

use super::{ClientConnection, DATA_CHUNK_STREAM, OUT_CHUNK_BYTES, WINDOW_ACK_BYTES};
use crate::amf0::Value;
use crate::rtmp::command::Command;
use crate::rtmp::message::{Message, message_type};

/// Transactions, each asked once.
const CONNECT: f64 = 1.0;
const RELEASE_STREAM: f64 = 2.0;
const FC_PUBLISH: f64 = 3.0;
pub(super) const CREATE_STREAM: f64 = 4.0;
pub(super) const PUBLISH: f64 = 5.0;
const FC_UNPUBLISH: f64 = 6.0;
const DELETE_STREAM: f64 = 7.0;

/// Where encoders send `publish`, apart from the connection's own commands.
const PUBLISH_CHUNK_STREAM: u32 = 8;

impl ClientConnection {
    /// RTMP 1.0 s7.2.1.1.
    pub(super) fn send_connect(&mut self) {
        self.wire.send_chunk_bytes(OUT_CHUNK_BYTES);
        let config = &self.config;
        let properties = [
            ("app", config.app.as_str()),
            ("type", "nonprivate"),
            ("flashVer", &config.flash_ver),
            ("tcUrl", &config.tc_url),
        ];
        let properties = properties.map(|(name, text)| (name.to_owned(), Value::from(text)));
        let connect = Command::new("connect", CONNECT, vec![Value::Object(properties.into())]);
        self.wire.send_command(&connect);
    }

    /// `releaseStream` and `FCPublish` are not in the specification; some servers free a dead publisher's name on the
    /// first, some prepare for `publish` on the second.
    pub(super) fn send_create_stream(&mut self) {
        self.wire.send_window(WINDOW_ACK_BYTES);
        self.send_named("releaseStream", RELEASE_STREAM);
        self.send_named("FCPublish", FC_PUBLISH);
        self.wire.send_command(&Command::new("createStream", CREATE_STREAM, vec![Value::Null]));
    }

    /// RTMP 1.0 s7.2.2.6.
    pub(super) fn send_publish(&mut self) {
        let values = vec![Value::Null, Value::from(self.config.stream_name.as_str()), Value::from("live")];
        let publish = Command::new("publish", PUBLISH, values).to_message(self.stream_id);
        self.wire.send(PUBLISH_CHUNK_STREAM, &publish);
    }

    /// RTMP 1.0 s7.1.2; `@setDataFrame` makes the server keep it for viewers who come later.
    pub(super) fn send_metadata(&mut self, metadata: &Value) {
        let mut payload = Vec::new();
        Value::from("@setDataFrame").encode(&mut payload);
        Value::from("onMetaData").encode(&mut payload);
        metadata.encode(&mut payload);
        let message = Message {
            timestamp_ms: self.last_timestamp_ms,
            type_id: message_type::DATA,
            stream_id: self.stream_id,
            payload: payload.into(),
        };
        self.wire.send(DATA_CHUNK_STREAM, &message);
    }

    /// Gives back the name and the stream, as far as they were asked for (RTMP 1.0 s7.2.2.3).
    pub(super) fn send_goodbye(&mut self) {
        if self.stream_id == 0 {
            return;
        }
        self.send_named("FCUnpublish", FC_UNPUBLISH);
        let stream = Value::Number(f64::from(self.stream_id));
        self.wire.send_command(&Command::new("deleteStream", DELETE_STREAM, vec![Value::Null, stream]));
    }

    /// A command whose argument is the stream name.
    fn send_named(&mut self, name: &str, transaction_id: f64) {
        let values = vec![Value::Null, Value::from(self.config.stream_name.as_str())];
        self.wire.send_command(&Command::new(name, transaction_id, values));
    }
}
