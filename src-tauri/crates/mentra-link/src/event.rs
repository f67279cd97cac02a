//! What the hub tells its owner, and what it asks.

use std::net::{IpAddr, SocketAddr};

use mentra_wire::{AppMessage, DeviceMessage, Dialect, Generation, Secret};
use tokio::sync::oneshot;

use crate::error::WebhookFailure;

/// What happened at the hub. Events of one socket come in order; between sockets there is none.
#[derive(Debug)]
pub enum HubEvent {
    /// An app says hello. Its socket is adopted once answered; unanswered for 4 s, it is closed with 1011, after which
    /// the SDK tries again.
    AppHello {
        /// Who it says it is.
        hello: AppHello,
        /// Whether it may stay.
        answer: oneshot::Sender<Result<AppWelcome, AppRefusal>>,
    },
    /// An app's socket was adopted and acknowledged. The next of the same package replaces it, with another
    /// `connection` and no [`HubEvent::AppGone`] for this one.
    AppConnected {
        /// Package name.
        package: String,
        /// Number of the socket.
        connection: u64,
        /// Where the app is.
        peer: SocketAddr,
        /// What it understands.
        dialect: Dialect,
        /// Version of its SDK; SDK 2.1 does not say.
        sdk_version: Option<String>,
        /// Whether the app's session goes on (a reconnect, or a second init without a webhook between): it still
        /// believes in what it was told last.
        resumed: bool,
    },
    /// An app said something: a stream request, stop or check, a subscription set, a wish for Wi-Fi, or that it leaves.
    AppMessage {
        /// Package name.
        package: String,
        /// Number of the socket.
        connection: u64,
        /// What it said.
        message: AppMessage,
    },
    /// An app's socket is closed. Compare `connection`: another one may have come meanwhile.
    AppGone {
        /// Package name.
        package: String,
        /// Number of the socket.
        connection: u64,
        /// Close code, the peer's or the hub's; 1005 = the peer closed without one; none = the connection broke.
        code: Option<u16>,
        /// Its reason.
        reason: String,
    },
    /// An app could not be called.
    WebhookFailed {
        /// Package name.
        package: String,
        /// Why.
        failure: WebhookFailure,
    },
    /// An app answered its webhook well.
    WebhookAnswered {
        /// Package name.
        package: String,
    },
    /// Glasses connected. The next ones replace them, with another `connection` and no [`HubEvent::GlassesGone`].
    GlassesConnected {
        /// Number of the socket.
        connection: u64,
        /// Where they (or their phone) are.
        peer: SocketAddr,
        /// Address of this computer they reached.
        local: SocketAddr,
        /// What they understand.
        generation: Generation,
    },
    /// Glasses said something; not pings, hellos and acknowledgements, which the hub answers itself.
    GlassesMessage {
        /// Number of the socket.
        connection: u64,
        /// What they said.
        message: DeviceMessage,
    },
    /// The socket of the glasses is closed.
    GlassesGone {
        /// Number of the socket.
        connection: u64,
    },
    /// How the keep-alives of a stream go.
    KeepAlive {
        /// The stream.
        stream_id: String,
        /// How many in a row were not acknowledged; 0 = the last one was.
        missed: u32,
    },
    /// An app asks for the destinations of a stream by HTTP.
    Outputs(OutputsRequest),
}

/// An app's first message, of either dialect.
#[derive(Debug, Clone, PartialEq)]
pub struct AppHello {
    /// Package name: 1 to 128 of `A-Z a-z 0-9 . _ -`.
    pub package: String,
    /// Proof of it, if any.
    pub api_key: Option<Secret>,
    /// The session it names, if any; the hub's own is `<user id>-<package>`.
    pub session_id: Option<String>,
    /// Where it is.
    pub peer: SocketAddr,
    /// What it understands.
    pub dialect: Dialect,
    /// Version of its SDK; SDK 2.1 does not say.
    pub sdk_version: Option<String>,
    /// Whether it wants to go on after a lost connection (v3); SDK 2.1 just says hello again.
    pub reconnect: bool,
}

/// An app may stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AppWelcome {}

/// An app must go: told by `tpa_connection_error`, then a close with 1008, after which SDK 2.1.29 does not come again
/// until its next webhook.
///
/// A reconnect refused with `SESSION_NOT_FOUND`, `SESSION_STOPPED` or `SESSION_EXPIRED` is answered with
/// `reconnect_rejected` instead, after which the app may say hello on the same socket; with `NOT_RUNNING` or
/// `BOOT_TIMEOUT` with `reconnect_rejected` and 1008.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRefusal {
    /// `INVALID_API_KEY`, `APP_NOT_STARTED`, ...
    pub code: String,
    /// In words.
    pub message: String,
}

/// Glasses that are connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GlassesSocket {
    /// Number of the socket.
    pub connection: u64,
    /// Where they (or their phone) are.
    pub peer: SocketAddr,
    /// Address of this computer they reached.
    pub local: SocketAddr,
    /// What they understand.
    pub generation: Generation,
}

/// A request for a stream's destinations, `/api/streams/:id/outputs`. Nobody has checked the key yet.
#[derive(Debug)]
pub enum OutputsRequest {
    /// Push the stream to another URL, too.
    Add {
        /// Where the request comes from.
        address: IpAddr,
        /// Who asks (`X-Package-Name`).
        package: String,
        /// Proof of it (`X-API-Key`).
        api_key: Secret,
        /// Which stream.
        stream_id: String,
        /// Where to.
        url: Secret,
        /// What to call it.
        name: Option<String>,
        /// The output's id.
        answer: oneshot::Sender<Result<String, OutputsError>>,
    },
    /// Push it there no more.
    Remove {
        /// Where the request comes from.
        address: IpAddr,
        /// Who asks.
        package: String,
        /// Proof of it.
        api_key: Secret,
        /// Which stream.
        stream_id: String,
        /// Which of its outputs.
        output_id: String,
        /// Whether it was done.
        answer: oneshot::Sender<Result<(), OutputsError>>,
    },
    /// Where is it pushed to?
    List {
        /// Where the request comes from.
        address: IpAddr,
        /// Who asks.
        package: String,
        /// Proof of it.
        api_key: Secret,
        /// Which stream.
        stream_id: String,
        /// The outputs.
        answer: oneshot::Sender<Result<Vec<Output>, OutputsError>>,
    },
}

/// A destination of a stream, as an app may see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Its id.
    pub output_id: String,
    /// Where to; the app that named it sees it whole, others masked: the owner's rule.
    pub url: Secret,
    /// What it is called.
    pub name: Option<String>,
    /// Package that added it.
    pub added_by: Option<String>,
    /// `connecting`, `connected`, `active`, `error`, ...
    pub status: String,
    /// What is wrong, with `error`.
    pub error: Option<String>,
}

/// Why an outputs request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputsError {
    /// HTTP status.
    pub status: u16,
    /// `STREAM_NOT_FOUND`, `DUPLICATE_URL`, ...
    pub code: String,
    /// In words.
    pub message: String,
}
