//! Why a push ended: a closed list, so that its owner can say what to do next.

use std::io;

use media_formats::rtmp::RtmpError;
use rustls::CertificateError;

/// Why a push ended or could not begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForwardError {
    /// The host's name has no address.
    #[error("the host's name could not be resolved")]
    Dns,
    /// Nobody listens on the port.
    #[error("the connection was refused")]
    Refused,
    /// There is no way to the host.
    #[error("the host cannot be reached")]
    Unreachable,
    /// No answer in time.
    #[error("no answer came in time")]
    TimedOut,
    /// The certificate's time is over.
    #[error("the certificate has expired")]
    TlsExpired,
    /// The certificate is for another name.
    #[error("the certificate is for another host")]
    TlsWrongHost,
    /// The certificate was made by nobody this system trusts.
    #[error("the certificate is not trusted")]
    TlsUntrusted,
    /// Any other failure of TLS.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The RTMP handshake failed, or the connection closed before the application was accepted.
    #[error("the RTMP handshake failed")]
    Handshake,
    /// The application was refused (`NetConnection.Connect.*`).
    #[error("the connection was rejected: {description}")]
    ConnectRejected {
        /// What the far side said.
        description: String,
    },
    /// The stream was refused (`NetStream.Publish.*`).
    #[error("the stream was rejected: {description}")]
    PublishRejected {
        /// What the far side said.
        description: String,
    },
    /// The connection was closed between our wish to publish and its answer: mostly a wrong key.
    #[error("the connection was closed instead of an answer to publishing")]
    ClosedAtPublish,
    /// The connection was closed after the stream was accepted.
    #[error("the connection was closed after {after_ms} ms")]
    Closed {
        /// How long it had been accepted.
        after_ms: u64,
    },
    /// The stream that was pushed has ended.
    #[error("the stream has ended")]
    StreamEnded,
    /// The stream cannot be carried by RTMP; says why.
    #[error("the stream cannot be carried: {0}")]
    NotCarried(String),
}

impl ForwardError {
    /// What a failure to connect to one address means.
    pub(super) fn of_connect(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Unreachable,
        }
    }

    /// The more telling of two failures to connect: some addresses of a host are often not meant for this network.
    pub(super) fn or(self, other: Self) -> Self {
        let telling = |error: &Self| match error {
            Self::Refused => 2,
            Self::TimedOut => 1,
            _ => 0,
        };
        if telling(&other) > telling(&self) { other } else { self }
    }

    /// What a failed TLS handshake means.
    pub(super) fn of_tls(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(reason)) => Self::of_certificate(reason),
            Some(rustls::Error::InvalidMessage(_)) => {
                Self::Tls("the far side does not speak TLS on this port".to_owned())
            }
            Some(other) => Self::Tls(other.to_string()),
            None if error.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Tls("the far side closed the connection during the handshake".to_owned())
            }
            None => Self::Tls(error.to_string()),
        }
    }

    fn of_certificate(reason: &CertificateError) -> Self {
        use CertificateError as E;
        match reason {
            E::Expired | E::ExpiredContext { .. } => Self::TlsExpired,
            E::NotValidForName | E::NotValidForNameContext { .. } => Self::TlsWrongHost,
            // A certificate that signed itself is often marked as an authority, which a server's must not be; the
            // verifier says so before it looks for an issuer. What it says is behind `Other`.
            E::UnknownIssuer | E::BadSignature | E::Other(_) => Self::TlsUntrusted,
            other => Self::Tls(other.to_string()),
        }
    }

    /// What breaking the protocol means before anything was published.
    pub(super) fn of_rtmp(error: &RtmpError) -> Self {
        tracing::debug!(%error, "the far side does not speak RTMP as it should");
        Self::Handshake
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_telling_failure_is_told() {
        assert_eq!(ForwardError::Unreachable.or(ForwardError::Refused), ForwardError::Refused);
        assert_eq!(ForwardError::Refused.or(ForwardError::TimedOut), ForwardError::Refused);
        assert_eq!(ForwardError::Unreachable.or(ForwardError::TimedOut), ForwardError::TimedOut);
    }
}
