//! What servers say of our requests: status objects (RTMP 1.0 s7.2.2), in their dialects.

use crate::amf0::Value;
use crate::rtmp::command::Command;
use crate::rtmp::wire::{MAX_REASON_CHARS, printable};

/// Names shorter than this are words, not keys, and stay where a server repeats them.
const MIN_SECRET_BYTES: usize = 6;

/// A status object; every text is empty where the server left it out.
pub(super) struct Status {
    pub(super) code: String,
    pub(super) description: String,
    is_error: bool,
}

/// What becomes of the publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Connected,
    Publishing,
    Refused,
    Goodbye,
    Nothing,
}

impl Status {
    /// The status object of `command`, wherever in it the server put it. Servers repeat the stream name to explain
    /// themselves; it is taken out.
    pub(super) fn of(command: &Command, stream_name: &str) -> Self {
        let object = command.values.iter().rev().find(|value| value.get("code").is_some());
        let text =
            |name| object.and_then(|object| object.get(name)).and_then(Value::as_str).unwrap_or_default();
        let words = |name| printable(&without_name(text(name), stream_name), MAX_REASON_CHARS);
        Self { code: words("code"), description: words("description"), is_error: text("level") == "error" }
    }

    pub(super) fn meaning(&self) -> Meaning {
        match self.code.as_str() {
            "NetConnection.Connect.Success" => Meaning::Connected,
            "NetStream.Publish.Start" => Meaning::Publishing,
            "NetConnection.Connect.Closed"
            | "NetConnection.Connect.AppShutdown"
            | "NetConnection.Connect.IdleTimeOut"
            | "NetStream.Unpublish.Success" => Meaning::Goodbye,
            // A server's own recording, and players, may fail without us.
            code if code.starts_with("NetStream.Record.") || code.starts_with("NetStream.Play.") => {
                Meaning::Nothing
            }
            "NetConnection.Connect.Rejected"
            | "NetConnection.Connect.InvalidApp"
            | "NetConnection.Connect.Failed"
            | "NetStream.Publish.BadName"
            | "NetStream.Publish.Denied"
            | "NetStream.Publish.Rejected"
            | "NetStream.Publish.Failed"
            | "NetStream.Failed" => Meaning::Refused,
            _ if self.is_error => Meaning::Refused,
            _ => Meaning::Nothing,
        }
    }
}

/// `text` with the stream name, with or without its query, struck out.
fn without_name(text: &str, stream_name: &str) -> String {
    let path = stream_name.split_once('?').map_or(stream_name, |(path, _)| path);
    [stream_name, path]
        .into_iter()
        .filter(|name| name.len() >= MIN_SECRET_BYTES)
        .fold(text.to_owned(), |text, name| text.replace(name, "[stream key]"))
}
