//! What a relay and a desktop say to each other: webhooks that reached the relay are passed on to the desktop that could not
//! be reached itself. Ours on both sides; MentraOS knows nothing of it.

use serde_json::Value;

use crate::message::wire_messages;
use crate::object::wire_object;

wire_messages! {
    /// The relay to a desktop.
    pub enum RelayToDesktop {
        /// The first message of a connection.
        Welcome(RelayWelcome) = ["welcome"],
        /// A webhook was called. The cloud has its answer already.
        Webhook(RelayedWebhook) = ["webhook"],
    }
}

impl RelayToDesktop {
    /// The frame.
    pub fn to_json(&self) -> String {
        self.json_in(None)
    }
}

wire_messages! {
    /// A desktop to the relay.
    pub enum DesktopToRelay {
        /// A webhook has arrived.
        Answer(RelayAnswer) = ["answer"],
    }
}

impl DesktopToRelay {
    /// The frame.
    pub fn to_json(&self) -> String {
        self.json_in(None)
    }
}

wire_object! {
    /// `welcome`.
    pub struct RelayWelcome {
        /// Where this desktop's webhooks arrive: the first part of the path at the relay.
        mailbox: String = "mailbox",
        /// The relay's own address as the cloud reaches it, if the relay knows: the webhook is `{publicUrl}/{mailbox}`.
        public_url: Option<String> = "publicUrl",
    }
}

wire_object! {
    /// `webhook`.
    pub struct RelayedWebhook {
        /// Grows with every webhook of a connection.
        id: u64 = "id",
        /// The body as it came: a `session_request` or a `stop_request`.
        body: Value = "body",
    }
}

wire_object! {
    /// `answer`.
    pub struct RelayAnswer {
        /// Of which webhook.
        id: u64 = "id",
    }
}
