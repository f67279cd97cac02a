//! From the engine's errors to the faults a destination's machine knows.

use media_engine::ForwardError;
use session::DestinationKey;
use session::destination::Fault;

/// Servers like to quote the key when they turn it down; it is starred out of what they say.
pub(super) fn of(error: ForwardError, key: &DestinationKey) -> Fault {
    match error {
        ForwardError::Dns => Fault::Dns,
        ForwardError::Refused => Fault::Refused,
        ForwardError::Unreachable => Fault::Unreachable,
        ForwardError::TimedOut => Fault::TimedOut,
        ForwardError::TlsExpired => Fault::TlsExpired,
        ForwardError::TlsWrongHost => Fault::TlsWrongHost,
        ForwardError::TlsUntrusted => Fault::TlsUntrusted,
        ForwardError::Tls(text) => Fault::Tls(text),
        ForwardError::Handshake => Fault::Handshake,
        ForwardError::ConnectRejected { description } => Fault::ConnectRejected(key.redact(&description)),
        ForwardError::PublishRejected { description } => Fault::PublishRejected(key.redact(&description)),
        ForwardError::ClosedAtPublish => Fault::ClosedAtPublish,
        ForwardError::Closed { after_ms } => Fault::Closed { after_ms },
        // The session tells destinations that the stream is over before its media ends; this is the rare other order.
        ForwardError::StreamEnded => Fault::Closed { after_ms: 0 },
        ForwardError::NotCarried(text) => Fault::NotCarried(text),
    }
}
