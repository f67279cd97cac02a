//! What a client connection reports.

/// A report of [`super::ClientConnection`], in the order of the wire. Codes and descriptions are the server's words,
/// printable, 512 characters at most, the stream name taken out of them; both may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// The other side speaks RTMP; `connect` is on its way.
    HandshakeDone,
    /// `connect` was granted.
    Connected,
    /// `publish` was granted: media may be sent.
    Publishing,
    /// The server refuses the application.
    ConnectRejected {
        /// Such as `NetConnection.Connect.Rejected`.
        code: String,
        /// For people.
        description: String,
    },
    /// The server refuses the stream, mostly for its key.
    PublishRejected {
        /// Such as `NetStream.Publish.BadName`.
        code: String,
        /// For people.
        description: String,
    },
    /// The server received this much of what we sent.
    Acknowledged {
        /// Bytes from the first of the connection on.
        total_bytes: u64,
    },
    /// The server ended a publication it had granted.
    Closed {
        /// Such as `NetStream.Unpublish.Success`.
        code: String,
        /// For people.
        description: String,
    },
}
