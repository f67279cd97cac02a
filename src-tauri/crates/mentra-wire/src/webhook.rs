//! What the hub POSTs to `{app URL}/webhook`.

use serde_json::Value;

use crate::Dialect;
use crate::message::wire_messages;
use crate::object::wire_object;

wire_messages! {
    /// A webhook's body.
    pub enum Webhook {
        /// Come and open a session. The app answers only after it has connected, SDK 2.1 even after its `onSession` is done.
        SessionRequest(SessionRequest) = ["session_request"],
        /// End the session.
        StopRequest(StopRequest) = ["stop_request"],
    }
}

impl Webhook {
    /// The body.
    pub fn to_json(&self) -> String {
        self.json_in(None)
    }
}

wire_object! {
    /// `session_request`. Which WebSocket an app dials depends on its SDK alone, so all three names are sent; see
    /// [`SessionRequest::new`].
    pub struct SessionRequest {
        /// Opaque to the app, which says it in its init.
        session_id: String = "sessionId",
        /// The user.
        user_id: String = "userId",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
        /// What v3 dials: `ws://.../ws/miniapp`.
        websocket_url: Option<String> = "websocketUrl",
        /// What SDK 2.1 dials: `ws://.../app-ws`.
        mentraos_websocket_url: Option<String> = "mentraOSWebsocketUrl",
        /// What older ones dial: the same.
        augmentos_websocket_url: Option<String> = "augmentOSWebsocketUrl",
    }
}

impl SessionRequest {
    /// A request that every SDK finds its WebSocket in. `authority` is `host:port` of the hub.
    pub fn new(session_id: &str, user_id: &str, authority: &str, timestamp: &str) -> Self {
        let classic = format!("ws://{authority}{}", Dialect::Classic.path());
        Self {
            session_id: session_id.to_owned(),
            user_id: user_id.to_owned(),
            timestamp: Some(timestamp.into()),
            websocket_url: Some(format!("ws://{authority}{}", Dialect::V3.path())),
            mentraos_websocket_url: Some(classic.clone()),
            augmentos_websocket_url: Some(classic),
            ..Self::default()
        }
    }

    /// The WebSocket an SDK of `dialect` dials.
    pub fn url(&self, dialect: Dialect) -> Option<&str> {
        let newest = self.websocket_url.as_ref().filter(|_| dialect == Dialect::V3);
        let url = newest.or(self.mentraos_websocket_url.as_ref()).or(self.augmentos_websocket_url.as_ref());
        url.map(String::as_str)
    }
}

wire_object! {
    /// `stop_request`.
    pub struct StopRequest {
        /// The session.
        session_id: String = "sessionId",
        /// The user.
        user_id: String = "userId",
        /// `user_disabled`, `system_stop` or `error`.
        reason: Option<String> = "reason",
        /// ISO text.
        timestamp: Option<Value> = "timestamp",
    }
}
