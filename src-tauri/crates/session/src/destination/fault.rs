//! Why an attempt to push failed.

/// Why an attempt failed. Texts inside come from the far side or the system: whoever makes a fault takes the stream key
/// out of them first ([`crate::DestinationKey::redact`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The name in the address has no answer in the DNS.
    Dns,
    /// Nothing listens at the address.
    Refused,
    /// No way leads there from this network.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The certificate is out of date.
    TlsExpired,
    /// The certificate is for another name.
    TlsWrongHost,
    /// Nobody trusted signed the certificate.
    TlsUntrusted,
    /// Any other failure to make the connection secure.
    Tls(String),
    /// What answers does not speak RTMP.
    Handshake,
    /// The server turned `connect` down, with what it said.
    ConnectRejected(String),
    /// The server turned `publish` down, with what it said.
    PublishRejected(String),
    /// The server hung up instead of answering `publish`.
    ClosedAtPublish,
    /// The connection ended while the stream was being pushed.
    Closed {
        /// Milliseconds since it was accepted.
        after_ms: u64,
    },
    /// The stream holds something that cannot be pushed: what it is.
    NotCarried(String),
    /// The address cannot be used: why.
    InvalidUrl(String),
    /// The destination needs a key and none is kept.
    NoKey,
    /// The key could not be read from where it is kept: why.
    Storage(String),
}

/// What is done about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Trying again may help, as often as it takes.
    Retry,
    /// Something has to be changed first, unless it worked earlier in this stream: then the far side may only not have
    /// noticed that the connection before is gone, or the network shows a page of its own for the moment.
    FatalUnlessProven,
    /// Something has to be changed first.
    Fatal,
}

impl Fault {
    pub(super) fn remedy(&self) -> Remedy {
        match self {
            Self::Dns
            | Self::Refused
            | Self::Unreachable
            | Self::TimedOut
            | Self::Handshake
            | Self::Closed { .. }
            | Self::Storage(_) => Remedy::Retry,
            Self::TlsExpired
            | Self::TlsWrongHost
            | Self::TlsUntrusted
            | Self::Tls(_)
            | Self::ConnectRejected(_)
            | Self::PublishRejected(_)
            | Self::ClosedAtPublish => Remedy::FatalUnlessProven,
            Self::NotCarried(_) | Self::InvalidUrl(_) | Self::NoKey => Remedy::Fatal,
        }
    }
}
