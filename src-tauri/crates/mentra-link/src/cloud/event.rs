//! What the cloud client tells its owner.

use mentra_wire::HubToApp;
use serde_json::Value;

/// A user's session of this app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudSession {
    /// The cloud's name for it.
    pub session_id: String,
    /// The user's, an e-mail address.
    pub user_id: String,
    /// Whether the cloud has acknowledged it and its socket lives.
    pub connected: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one event at a time is looked at and dropped; few wait")]
pub enum CloudEvent {
    /// A webhook came, by the door or the relay, whatever became of it.
    Webhook {
        /// Unix time, ms.
        at_ms: u64,
        /// Whom it names.
        user_id: String,
        /// Why nothing came of it, in words for a person.
        refused: Option<String>,
    },
    /// The cloud acknowledged a session.
    Connected {
        /// The session.
        session: CloudSession,
        /// Whether it was connected before: a reconnect, or a new socket in the place of the old.
        again: bool,
        /// Profile of the glasses, if the cloud says any.
        capabilities: Option<Value>,
    },
    /// The connection is lost, or could not be made; it is tried again.
    Lost {
        /// The session.
        session_id: String,
        /// Why, in words.
        reason: String,
    },
    /// The session is over until the next webhook.
    Over {
        /// The session.
        session_id: String,
        /// Why.
        reason: CloudEnd,
    },
    /// The cloud says something: any message but acknowledgements and pongs. Statuses come out of their `data_stream`.
    Told {
        /// The session.
        session_id: String,
        /// The message.
        message: HubToApp,
    },
    /// The relay's door.
    Relay(RelayState),
}

/// Why a session is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloudEnd {
    /// The app was stopped, on the phone or by the cloud.
    Stopped {
        /// `user_disabled`, `system_stop`, `error`, or nothing.
        reason: String,
    },
    /// The cloud does not know that the app was started (`APP_NOT_STARTED`, `SESSION_NOT_FOUND`): it has to be started on the
    /// phone.
    NotStarted,
    /// The cloud does not take the API key for this package.
    WrongKey,
    /// The cloud refuses it in another way, or (`CROWDED_OUT`) it was never connected and another session took its place.
    Refused {
        /// The cloud's code, such as `APP_DEPRECATED`, or `HTTP 403`.
        code: String,
        /// The same in words.
        message: String,
    },
}

/// How the relay's door stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayState {
    /// Being tried.
    Connecting,
    /// Webhooks come through it.
    Connected {
        /// The relay's address as the cloud reaches it, if the relay knows: the app's public URL is `{public_url}/{mailbox}`.
        public_url: Option<String>,
        /// This desktop's place there.
        mailbox: String,
    },
    /// The relay does not let us in, in words for a person. It is not tried again.
    Refused(String),
    /// The connection is lost, or could not be made; it is tried again. In words.
    Lost(String),
}
