//! Commands (RTMP 1.0 s7.1.1): a name, a transaction id, values.

use std::fmt;

use bytes::Bytes;

use super::RtmpError;
use super::message::{Message, message_type};
use crate::amf0::{self, Amf0Error, Value};

/// One command or reply. `Debug` shows its name and the number of values only: values carry stream keys.
#[derive(Clone, PartialEq)]
pub struct Command {
    /// Such as `connect`, `publish`, `_result`.
    pub name: String,
    /// Pairs a reply with its request; 0 asks for none.
    pub transaction_id: f64,
    /// Command object and arguments.
    pub values: Vec<Value>,
}

impl Command {
    /// A command with its values, command object included.
    pub fn new(name: &str, transaction_id: f64, values: Vec<Value>) -> Self {
        Self { name: name.to_owned(), transaction_id, values }
    }

    /// Reads a command body. Lenient where encoders are sloppy: a missing transaction id is 0, arguments may be
    /// missing, and what cannot be read after the name is left out.
    ///
    /// # Errors
    /// [`RtmpError::BadCommand`] when there is no name, or the values exceed the limits of [`amf0`].
    pub fn decode(payload: &[u8]) -> Result<Self, RtmpError> {
        let (values, error) = amf0::decode_sequence(payload);
        if let Some(hostile @ (Amf0Error::TooDeep | Amf0Error::TooManyValues)) = error {
            return Err(hostile.into());
        }
        let mut values = values.into_iter();
        let Some(Value::String(name)) = values.next() else {
            return Err(error.unwrap_or(Amf0Error::UnexpectedEnd).into());
        };
        let transaction_id = values.next().and_then(|value| value.as_number()).unwrap_or(0.0);
        Ok(Self { name, transaction_id, values: values.collect() })
    }

    /// The command as a message on `stream_id`.
    pub fn to_message(&self, stream_id: u32) -> Message {
        let mut payload = Vec::new();
        Value::from(self.name.as_str()).encode(&mut payload);
        Value::Number(self.transaction_id).encode(&mut payload);
        self.values.iter().for_each(|value| value.encode(&mut payload));
        Message { timestamp_ms: 0, type_id: message_type::COMMAND, stream_id, payload: Bytes::from(payload) }
    }

    /// Text of the value at `index`, 0 being the command object.
    pub fn text(&self, index: usize) -> Option<&str> {
        self.values.get(index).and_then(Value::as_str)
    }

    /// Number of the value at `index`.
    pub fn number(&self, index: usize) -> Option<f64> {
        self.values.get(index).and_then(Value::as_number)
    }

    /// Text property `name` of the command object; empty when missing.
    pub(super) fn object_text(&self, name: &str) -> &str {
        self.values.first().and_then(|object| object.get(name)).and_then(Value::as_str).unwrap_or_default()
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("name", &self.name)
            .field("transaction_id", &self.transaction_id)
            .field("values", &self.values.len())
            .finish()
    }
}

/// `onStatus` (RTMP 1.0 s7.2.2): what becomes of a request on a message stream.
pub(super) fn on_status(level: &str, code: &str, description: &str) -> Command {
    Command::new("onStatus", 0.0, vec![Value::Null, status_object(level, code, description)])
}

/// The information object of status messages and connect replies.
pub(super) fn status_object(level: &str, code: &str, description: &str) -> Value {
    Value::Object(vec![
        ("level".to_owned(), Value::from(level)),
        ("code".to_owned(), Value::from(code)),
        ("description".to_owned(), Value::from(description)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_read_back() {
        let command =
            Command::new("publish", 5.0, vec![Value::Null, Value::from("key"), Value::from("live")]);
        let message = command.to_message(1);
        assert_eq!(Command::decode(&message.payload), Ok(command));
    }

    #[test]
    fn sloppy_commands_are_read_as_far_as_they_go() {
        let command = Command::decode(b"\x02\x00\x04ping").unwrap();
        assert_eq!((command.name.as_str(), command.transaction_id, command.values.len()), ("ping", 0.0, 0));
        let command = Command::decode(b"\x02\x00\x04ping\x05\x02\x00\x01a\xEE\xEE").unwrap();
        assert_eq!((command.transaction_id, command.text(0)), (0.0, Some("a")));
    }

    #[test]
    fn a_command_without_a_name_is_an_error() {
        assert_eq!(Command::decode(b""), Err(RtmpError::BadCommand(Amf0Error::UnexpectedEnd)));
        assert!(Command::decode(b"\x05\x02\x00\x01a").is_err());
    }

    #[test]
    fn debug_shows_no_values() {
        let command = Command::new("publish", 5.0, vec![Value::Null, Value::from("planted-key")]);
        assert!(!format!("{command:?} {:?}", command.to_message(1)).contains("planted"));
    }
}
