//! Why a connection cannot go on. Nothing of what the peer sent is repeated, so that no stream key reaches a log.

use thiserror::Error;

use crate::amf0::Amf0Error;

/// What the first byte of a connection looks like when it is not RTMP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRtmp {
    /// A TLS handshake record.
    Tls,
    /// The first letter of an HTTP request.
    Http,
    /// This byte.
    Other(u8),
}

/// Every way a peer can end its own connection. After one the connection accepts nothing more.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RtmpError {
    /// The first byte is no version of RTMP (RTMP 1.0 s5.2.2).
    #[error("{}", not_rtmp(*.0))]
    NotRtmp(NotRtmp),
    /// A chunk size of zero (RTMP 1.0 s5.4.1).
    #[error("the peer set a chunk size of zero")]
    ZeroChunkSize,
    /// A message announces more than the limit; nothing was reserved for it.
    #[error("a message of {declared_bytes} bytes is over the limit of {limit_bytes}")]
    MessageTooLong {
        /// Length in the message header.
        declared_bytes: usize,
        /// Limit of this connection.
        limit_bytes: usize,
    },
    /// More chunk streams than any encoder uses.
    #[error("the peer opened more than {limit} chunk streams")]
    TooManyChunkStreams {
        /// The limit.
        limit: usize,
    },
    /// Unfinished messages together hold more than the limit.
    #[error("unfinished messages hold more than {limit_bytes} bytes")]
    TooMuchBuffered {
        /// Limit of this connection.
        limit_bytes: usize,
    },
    /// A header inside an unfinished message contradicts it (RTMP 1.0 s5.3.1.2.4 allows type 3 only).
    #[error("a chunk header contradicts the message it continues")]
    HeaderInsideMessage,
    /// A chunk relies on a header that was never sent.
    #[error("a chunk refers to a message header that was never sent")]
    NoPreviousHeader,
    /// A command's values are hostile, or it has no name.
    #[error("a command cannot be read: {0}")]
    BadCommand(#[from] Amf0Error),
    /// A command that needs a connection came before `connect` (RTMP 1.0 s7.2.1.1).
    #[error("the peer tried to publish or play before it connected")]
    CommandBeforeConnect,
}

fn not_rtmp(what: NotRtmp) -> String {
    match what {
        NotRtmp::Tls => {
            "this is an encrypted (rtmps) connection on the rtmp port; use an address that starts with rtmp://"
                .to_owned()
        }
        NotRtmp::Http => "this is an HTTP request on the rtmp port; use an address that starts with rtmp://".to_owned(),
        NotRtmp::Other(byte) => format!("the connection does not begin like RTMP (first byte 0x{byte:02x})"),
    }
}
