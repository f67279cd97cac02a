//! The messages the client says of its own accord, and what an owner's message needs on its way.

use mentra_wire::{
    AppInit, AppMessage, ConnectionError, DataStream, Dialect, Generation, HubToApp, OwnershipRelease,
    Secret, StreamRequest, Subscription, SubscriptionUpdate, iso8601,
};
use serde_json::Value;

use super::event::CloudEnd;

/// What SDK v3 (3.0.0-alpha.4) says it is; the clouds tell its dialect by it.
const V3_SDK: &str = "3.0.0-hono.8";

/// Who speaks, in which session and dialect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Speaker<'a> {
    pub(super) package: &'a str,
    pub(super) session_id: &'a str,
    pub(super) dialect: Dialect,
    pub(super) now_ms: u64,
}

impl Speaker<'_> {
    /// The first message of a socket. v3 says the session in a header instead.
    pub(super) fn init(&self, api_key: &Secret) -> AppMessage {
        let v3 = self.dialect == Dialect::V3;
        AppMessage::Init(AppInit {
            session_id: (!v3).then(|| self.session_id.to_owned()),
            package_name: self.package.to_owned(),
            api_key: Some(api_key.clone()),
            sdk_version: v3.then(|| V3_SDK.to_owned()),
            timestamp: self.timestamp(),
            ..AppInit::default()
        })
    }

    /// What we listen to.
    pub(super) fn subscriptions(&self) -> AppMessage {
        // Clouds of 2026 tell of the glasses unasked, and each in one message.
        let names: &[&str] = match self.dialect {
            Dialect::V3 => &["managed_stream_status", "stream_status"],
            Dialect::Classic => &[
                "managed_stream_status",
                "rtmp_stream_status",
                "glasses_connection_state",
                "glasses_battery_update",
            ],
        };
        AppMessage::Subscribe(SubscriptionUpdate {
            package_name: Some(self.package.to_owned()),
            subscriptions: names.iter().map(|name| Subscription::Name((*name).to_owned())).collect(),
            session_id: Some(self.session_id.to_owned()),
            timestamp: self.timestamp(),
            ..SubscriptionUpdate::default()
        })
    }

    /// Leaves on purpose, so that the cloud does not call the app back.
    pub(super) fn release(&self, reason: &str) -> AppMessage {
        AppMessage::OwnershipRelease(OwnershipRelease {
            package_name: Some(self.package.to_owned()),
            session_id: Some(self.session_id.to_owned()),
            reason: Some(reason.to_owned()),
            timestamp: self.timestamp(),
            ..OwnershipRelease::default()
        })
    }

    /// An owner's message under the names of the dialect; who says it and when is filled in where it is left open.
    pub(super) fn address(&self, mut message: AppMessage) -> AppMessage {
        let names = match self.dialect {
            Dialect::Classic => Generation::Rtmp2025,
            Dialect::V3 => Generation::Stream2026,
        };
        macro_rules! sign {
            ($object:expr, $has_session:expr) => {{
                $object.package_name.get_or_insert_with(|| self.package.to_owned());
                if $has_session {
                    $object.session_id.get_or_insert_with(|| self.session_id.to_owned());
                }
                if $object.timestamp.is_none() {
                    $object.timestamp = self.timestamp();
                }
            }};
        }
        // SDK 2.1 says no session with a managed stream.
        let v3 = self.dialect == Dialect::V3;
        match &mut message {
            AppMessage::StartManaged(object) => sign!(object, v3),
            AppMessage::StopManaged(object) => sign!(object, v3),
            AppMessage::StartStream(object) => {
                sign!(object, true);
                rename_url(object, self.dialect);
                object.names = names;
            }
            AppMessage::StopStream(object) => {
                sign!(object, true);
                object.names = names;
            }
            AppMessage::CheckStream(object) => sign!(object, true),
            AppMessage::RequestWifiSetup(object) => sign!(object, true),
            AppMessage::Subscribe(object) => sign!(object, true),
            AppMessage::OwnershipRelease(object) => sign!(object, true),
            AppMessage::Init(_) | AppMessage::Reconnect(_) | AppMessage::Ping(_) | AppMessage::Unknown(_) => {
            }
        }
        message
    }

    fn timestamp(&self) -> Option<Value> {
        Some(iso8601(self.now_ms).into())
    }
}

/// SDK 2.1 says `rtmpUrl`, v3 `streamUrl`.
fn rename_url(request: &mut StreamRequest, dialect: Dialect) {
    let (own, other) = match dialect {
        Dialect::Classic => (&mut request.rtmp_url, &mut request.stream_url),
        Dialect::V3 => (&mut request.stream_url, &mut request.rtmp_url),
    };
    if own.is_none() {
        *own = other.take();
    }
}

/// Whether the cloud, by this error, ends the session until the next webhook. `acked`: it had acknowledged it.
pub(super) fn end_of(error: &ConnectionError, acked: bool) -> Option<CloudEnd> {
    let code = error.code.as_deref().unwrap_or_default();
    match code {
        "APP_NOT_STARTED" | "SESSION_NOT_FOUND" => Some(CloudEnd::NotStarted),
        "INVALID_API_KEY" => Some(CloudEnd::WrongKey),
        "APP_DEPRECATED" => Some(refused(code, &error.message)),
        // About our introduction, which will be the same the next time; later they are about one message.
        "MISSING_HEADERS" | "JWT_INVALID" | "MALFORMED_MESSAGE" if !acked => {
            Some(refused(code, &error.message))
        }
        "" => end_of_words(&error.message),
        _ => None,
    }
}

/// The same by the words of an error without a code, or of a close frame: clouds repeat the message there.
pub(super) fn end_of_words(words: &str) -> Option<CloudEnd> {
    let words = words.to_lowercase();
    if words.contains("invalid api key") {
        Some(CloudEnd::WrongKey)
    } else if words.contains("app not started") || words.contains("session not found") {
        Some(CloudEnd::NotStarted)
    } else {
        None
    }
}

/// The same by the answer to the upgrade: its status and the beginning of its body.
pub(super) fn end_of_upgrade(status: u16, body: &str) -> Option<CloudEnd> {
    let told = match HubToApp::parse(body) {
        Ok(HubToApp::ConnectionError(error)) => end_of(&error, false),
        _ => None,
    };
    let refusing = matches!(status, 401 | 403 | 410);
    told.or_else(|| {
        refusing.then(|| refused(&format!("HTTP {status}"), "the cloud does not take the connection"))
    })
}

fn refused(code: &str, message: &str) -> CloudEnd {
    CloudEnd::Refused { code: code.to_owned(), message: message.to_owned() }
}

/// A status out of its envelope. Clouds send it both with and without one.
pub(super) fn unwrapped(message: HubToApp) -> HubToApp {
    let HubToApp::DataStream(envelope) = &message else { return message };
    inner(envelope).unwrap_or(message)
}

fn inner(envelope: &DataStream) -> Option<HubToApp> {
    if !matches!(envelope.stream_type.as_str(), "rtmp_stream_status" | "stream_status") {
        return None;
    }
    let mut members = envelope.data.as_object()?.clone();
    members.insert("type".to_owned(), envelope.stream_type.clone().into());
    HubToApp::parse(&Value::Object(members).to_string()).ok()
}

#[cfg(test)]
mod tests;
