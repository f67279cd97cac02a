//! What a server connection says.

use super::{STATUS_CHUNK_STREAM, ServerConnection};
use crate::amf0::Value;
use crate::rtmp::command::{Command, on_status, status_object};
use crate::rtmp::message::{Message, message_type, user_control};
use crate::rtmp::wire::{CONTROL_CHUNK_STREAM, MAX_REASON_CHARS};

/// Peers scale their own sending by this; "dynamic" means: as before, unless that was a hard limit (RTMP 1.0 s5.4.5).
const LIMIT_DYNAMIC: u8 = 2;
/// `FourCcInfoMask.CanDecode` of Enhanced RTMP v2.
const CAN_DECODE: f64 = 1.0;

impl ServerConnection {
    pub(super) fn send_status(&mut self, stream_id: u32, status: &Command) {
        self.wire.send(STATUS_CHUNK_STREAM, &status.to_message(stream_id));
    }

    /// `_result` with one value (RTMP 1.0 s7.2.1.2), unless none is asked for.
    pub(super) fn send_result(&mut self, request: &Command, value: Value) {
        if request.transaction_id != 0.0 {
            let reply = Command::new("_result", request.transaction_id, vec![Value::Null, value]);
            self.wire.send_command(&reply);
        }
    }

    /// RTMP 1.0 s7.2.1.1: window, bandwidth, chunk size, then the result.
    pub(super) fn send_connect_reply(&mut self, request: &Command) {
        let window_bytes = self.config.window_ack_bytes;
        self.wire.send_window(window_bytes);
        let [a, b, c, d] = window_bytes.to_be_bytes();
        let bandwidth = Message::control(message_type::SET_PEER_BANDWIDTH, vec![a, b, c, d, LIMIT_DYNAMIC]);
        self.wire.send(CONTROL_CHUNK_STREAM, &bandwidth);
        self.wire.send_chunk_bytes(self.config.out_chunk_bytes);

        let properties = Value::Object(vec![
            // Encoders compare these with what Flash Media Server 3.5 said; the truth would gain nothing.
            ("fmsVer".to_owned(), Value::from("FMS/3,5,7,7009")),
            ("capabilities".to_owned(), Value::Number(31.0)),
            ("mode".to_owned(), Value::Number(1.0)),
        ]);
        let mut status = status_object("status", "NetConnection.Connect.Success", "Connection succeeded.");
        if let Value::Object(fields) = &mut status {
            fields.push(("objectEncoding".to_owned(), Value::Number(0.0)));
            if speaks_enhanced_rtmp(request) {
                fields.extend(enhanced_capabilities());
            }
        }
        let reply = Command::new("_result", request.transaction_id, vec![properties, status]);
        self.wire.send_command(&reply);
    }

    pub(super) fn refuse_second_connect(&mut self, request: &Command) {
        let status =
            status_object("error", "NetConnection.Connect.Rejected", "This connection is connected already.");
        let reply = Command::new("_error", request.transaction_id, vec![Value::Null, status]);
        self.wire.send_command(&reply);
    }

    pub(super) fn send_publish_started(&mut self) {
        let stream_id = self.publish_stream;
        self.wire.send(CONTROL_CHUNK_STREAM, &Message::user_control(user_control::STREAM_BEGIN, stream_id));
        let code = "NetStream.Publish.Start";
        if self.wants_fc_publish {
            // Flash Media Live Encoder waits for this one.
            let status = status_object("status", code, "Publishing has started.");
            let notice = Command::new("onFCPublish", 0.0, vec![Value::Null, status]);
            self.wire.send_command(&notice);
        }
        self.send_status(stream_id, &on_status("status", code, "Publishing has started."));
    }

    pub(super) fn send_publish_ended(&mut self) {
        let status = on_status("status", "NetStream.Unpublish.Success", "Publishing has ended.");
        self.send_status(self.publish_stream, &status);
    }

    pub(super) fn refuse_publish(&mut self, stream_id: u32, reason: &str) {
        let reason: String = reason.chars().take(MAX_REASON_CHARS).collect();
        self.send_status(stream_id, &on_status("error", "NetStream.Publish.BadName", &reason));
    }
}

/// Enhanced RTMP v1 clients list codecs, v2 clients describe them.
fn speaks_enhanced_rtmp(connect: &Command) -> bool {
    let object = connect.values.first();
    ["fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx"]
        .iter()
        .any(|name| object.and_then(|object| object.get(name)).is_some())
}

/// The codecs the console carries, in both forms.
fn enhanced_capabilities() -> [(String, Value); 4] {
    let can_decode = |fourcc: &str| Value::Object(vec![(fourcc.to_owned(), Value::Number(CAN_DECODE))]);
    let list = Value::StrictArray(vec![Value::from("avc1"), Value::from("mp4a")]);
    [
        ("fourCcList".to_owned(), list),
        ("videoFourCcInfoMap".to_owned(), can_decode("avc1")),
        ("audioFourCcInfoMap".to_owned(), can_decode("mp4a")),
        ("capsEx".to_owned(), Value::Number(0.0)),
    ]
}
