//! The messages the hub says of its own accord.

use mentra_wire::{
    AppStopped, ConnectionAck, ConnectionError, HubToApp, Pong, ReconnectRejected, iso8601,
    mentra_live_capabilities,
};
use serde_json::json;

/// `tpa_connection_ack`, or `reconnect_ack` with the subscriptions the hub still knows.
pub(crate) fn app_ack(session_id: &str, resumed_with: Option<Vec<String>>, now_ms: u64) -> HubToApp {
    let settings = json!({"metricSystemEnabled": true});
    let reconnected = resumed_with.is_some();
    let ack = ConnectionAck {
        session_id: Some(session_id.to_owned()),
        settings: Vec::new(),
        mentraos_settings: settings.clone(),
        augmentos_settings: settings,
        capabilities: Some(mentra_live_capabilities()),
        subscriptions: resumed_with,
        timestamp: Some(iso8601(now_ms).into()),
        ..ConnectionAck::default()
    };
    if reconnected { HubToApp::ReconnectAck(ack) } else { HubToApp::ConnectionAck(ack) }
}

/// `tpa_connection_error`.
pub(crate) fn app_error(code: &str, message: &str, now_ms: u64) -> HubToApp {
    HubToApp::ConnectionError(ConnectionError {
        code: Some(code.to_owned()),
        message: message.to_owned(),
        timestamp: Some(iso8601(now_ms).into()),
        ..ConnectionError::default()
    })
}

/// `reconnect_rejected`.
pub(crate) fn reconnect_rejected(code: &str, message: &str, now_ms: u64) -> HubToApp {
    HubToApp::ReconnectRejected(ReconnectRejected {
        code: code.to_owned(),
        message: Some(message.to_owned()),
        timestamp: Some(iso8601(now_ms).into()),
        ..ReconnectRejected::default()
    })
}

/// `app_stopped`.
pub(crate) fn app_stopped(reason: &str, now_ms: u64) -> HubToApp {
    HubToApp::AppStopped(AppStopped {
        reason: Some(reason.to_owned()),
        timestamp: Some(iso8601(now_ms).into()),
        ..AppStopped::default()
    })
}

/// `pong`, with a number as the clouds send it.
pub(crate) fn pong(now_ms: u64) -> Pong {
    Pong { timestamp: Some(now_ms.into()), ..Pong::default() }
}
