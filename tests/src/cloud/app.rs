//! An app's socket: its init, its questions, and its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use mentra_wire::{
    AppInit, AppMessage, AppReconnect, ConnectionAck, DeviceStateUpdate, HubToApp, Pong, ReconnectRejected,
    SubscriptionUpdate, mentra_live_capabilities,
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::boot::Boot;
use super::door::Head;
use super::glasses::until;
use super::habits::Ack;
use super::shared::{Line, Out, Shared, State, names, now, unix_ms};

/// For how long after a reconnect an empty subscription set is not believed.
const EMPTY_SET_GRACE: Duration = Duration::from_secs(8);
/// For how long a socket that was closed may stay open.
const FAREWELL: Duration = Duration::from_secs(5);

/// User and package.
type Who = (String, String);

/// One connection, until either side ends it.
pub(super) async fn serve(socket: TcpStream, head: &Head, shared: Arc<Shared>) {
    let mut socket = WebSocketStream::from_raw_socket(socket, Role::Server, None).await;
    let (out, mut queue) = mpsc::unbounded_channel();
    let line = Line { id: shared.lock().number(), out };
    let mut drops = shared.drops.subscribe();
    let period = shared.lock().habits.timing.ping;
    let mut pings = tokio::time::interval_at(tokio::time::Instant::now() + period, period);
    let mut who: Option<Who> = None;
    let mut close = Value::Null;
    let mut farewell = None;
    loop {
        tokio::select! {
            _ = drops.changed() => break,
            () = until(farewell) => break,
            _ = pings.tick() => if socket.send(Message::Ping(Vec::new().into())).await.is_err() { break },
            order = queue.recv() => match order {
                Some(Out::Say(_)) if farewell.is_some() => {}
                Some(Out::Say(text)) => if socket.send(Message::text(text)).await.is_err() { break },
                Some(Out::Close(code, reason)) => {
                    // One that has left already needs no goodbye.
                    let _ = socket.close(Some(CloseFrame { code: code.into(), reason: reason.into() })).await;
                    farewell = Some(tokio::time::Instant::now() + FAREWELL);
                }
                Some(Out::Drop) | None => break,
            },
            frame = socket.next() => match frame {
                Some(Ok(Message::Text(text))) => shared.app_says(&line, head, &mut who, &text),
                Some(Ok(Message::Close(frame))) => {
                    close = frame.map_or(Value::Null, |frame| {
                        json!({ "code": u16::from(frame.code), "reason": frame.reason.as_str() })
                    });
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
        }
    }
    let (user, package) = who.unwrap_or_default();
    shared.heard.note(&user, &package, "(close)", close);
    shared.app_left(&user, &package, line.id);
}

impl Shared {
    fn app_says(self: &Arc<Self>, line: &Line, head: &Head, who: &mut Option<Who>, text: &str) {
        let (user, package) = who.clone().unwrap_or_default();
        let frame = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        let kind = frame["type"].as_str().unwrap_or_default().to_owned();
        let message = match AppMessage::parse(text) {
            Ok(message) => message,
            Err(error) => {
                self.heard.note(&user, &package, &kind, frame);
                return self.refuse_on(line, &user, &package, "MALFORMED_MESSAGE", &error.to_string(), true);
            }
        };
        match message {
            AppMessage::Init(init) => {
                *who = self.init(line, head, &init, frame);
                return;
            }
            AppMessage::Reconnect(reconnect) => {
                *who = self.reconnect(line, head, &reconnect, frame);
                return;
            }
            _ => self.heard.note(&user, &package, &kind, frame),
        }
        if who.is_none() {
            return;
        }
        let mut state = self.lock();
        let state = &mut *state;
        match message {
            AppMessage::Subscribe(update) => subscribe(state, &user, &package, &update),
            AppMessage::StartManaged(request) => self.start_managed(state, &user, &package, &request),
            AppMessage::StopManaged(_) => self.stop_managed(state, &user, &package),
            AppMessage::StartStream(request) => self.start_unmanaged(state, &user, &package, &request),
            AppMessage::StopStream(stop) => self.stop_unmanaged(state, &user, &package, &stop),
            AppMessage::CheckStream(check) => self.check(state, &user, &package, &check),
            AppMessage::Ping(_) => {
                let pong = Pong { timestamp: Some(unix_ms().into()), ..Default::default() };
                self.tell(state, &user, &package, &HubToApp::Pong(pong));
            }
            AppMessage::RequestWifiSetup(request) => self.show_wifi_setup(state, &user, request.reason),
            AppMessage::OwnershipRelease(_) => {
                if let Some(app) = state.app_mut(&user, &package) {
                    app.released = true;
                }
            }
            AppMessage::Init(_) | AppMessage::Reconnect(_) | AppMessage::Unknown(_) => {}
        }
    }

    /// Whose socket it is from now on; none if it was refused.
    fn init(self: &Arc<Self>, line: &Line, head: &Head, init: &AppInit, frame: Value) -> Option<Who> {
        let package = init.package_name.clone();
        let session = init.session_id.as_deref().or(head.header("x-session-id")).unwrap_or_default();
        let mut state = self.lock();
        let state = &mut *state;
        let user = user_of(state, session, &package, head);
        let name = user.clone().unwrap_or_default();
        self.heard.note(&name, &package, "tpa_connection_init", frame);
        if let Some((code, reason)) = &state.habits.closes_at_once {
            self.close_on(line, &name, &package, *code, reason);
            return None;
        }
        let refuse = |code: &str, message: &str| {
            self.refuse_on(line, &name, &package, code, message, true);
            None
        };
        let key = init.api_key.as_ref().map(|key| key.expose()).or(head.header("x-api-key"));
        if key.is_none() || state.keys.get(&package).map(String::as_str) != key {
            return refuse("INVALID_API_KEY", "Invalid API key");
        }
        let Some(user) = user else { return refuse("SESSION_NOT_FOUND", "Session not found") };
        let forgets = state.habits.not_started_on_reconnect;
        let app = state.app(&user, &package);
        let is_forgotten = forgets && app.is_some_and(|app| app.was_here && app.boot.is_none());
        if is_forgotten && let Some(user) = state.users.get_mut(&user) {
            user.apps.remove(&package);
        }
        if state.app(&user, &package).is_none_or(|app| app.session_id != session) {
            return refuse("APP_NOT_STARTED", "App not started for this session");
        }
        self.adopt(state, line, &user, &package, false);
        Some((user, package))
    }

    fn reconnect(
        self: &Arc<Self>,
        line: &Line,
        head: &Head,
        reconnect: &AppReconnect,
        frame: Value,
    ) -> Option<Who> {
        let package = head.header("x-package-name").unwrap_or_default().to_owned();
        let mut state = self.lock();
        let state = &mut *state;
        let user = user_of(state, &reconnect.session_id, &package, head).unwrap_or_default();
        self.heard.note(&user, &package, "reconnect", frame);
        let app = state.app(&user, &package);
        if app.is_none_or(|app| app.session_id != reconnect.session_id)
            || state.habits.not_started_on_reconnect
        {
            let rejected = ReconnectRejected {
                code: "SESSION_NOT_FOUND".to_owned(),
                message: Some("Session not found".to_owned()),
                timestamp: Some(now()),
                ..Default::default()
            };
            self.say_on(line, &user, &package, &HubToApp::ReconnectRejected(rejected));
            return None;
        }
        self.adopt(state, line, &user, &package, true);
        Some((user, package))
    }

    /// This is the app's socket now; the one before is dropped without a word.
    fn adopt(self: &Arc<Self>, state: &mut State, line: &Line, user: &str, package: &str, again: bool) {
        let Some(app) = state.app_mut(user, package) else { return };
        if let Some(old) = app.line.replace(line.clone()).filter(|old| old.id != line.id) {
            // It may have ended by itself.
            let _ = old.out.send(Out::Drop);
        }
        app.connected_at = Instant::now();
        let was_here = std::mem::replace(&mut app.was_here, true);
        let (shared, who, id) = (Arc::clone(self), (user.to_owned(), package.to_owned()), line.id);
        match state.habits.ack {
            Ack::AtOnce => self.ack(state, user, package, again, was_here),
            Ack::After(pause) => {
                self.spawn(async move {
                    tokio::time::sleep(pause).await;
                    let (user, package) = who;
                    let mut state = shared.lock();
                    let line = state.app(&user, &package).and_then(|app| app.line.as_ref());
                    if line.is_some_and(|line| line.id == id) {
                        shared.ack(&mut state, &user, &package, again, was_here);
                    }
                });
            }
            Ack::Never => {}
        }
    }

    fn ack(&self, state: &mut State, user: &str, package: &str, again: bool, was_here: bool) {
        let Some(app) = state.app_mut(user, package) else { return };
        let boot = app.boot.take();
        let ack = ConnectionAck {
            session_id: Some(app.session_id.clone()),
            augmentos_settings: json!({ "metricSystemEnabled": true }),
            capabilities: Some(mentra_live_capabilities()),
            timestamp: Some(now()),
            ..Default::default()
        };
        let ack = if again { HubToApp::ReconnectAck(ack) } else { HubToApp::ConnectionAck(ack) };
        self.tell(state, user, package, &ack);
        if state.is_of_2026() {
            let update = DeviceStateUpdate {
                state: state.users[user].facts.clone(),
                full_snapshot: Some(true),
                timestamp: Some(now()),
                ..Default::default()
            };
            self.tell(state, user, package, &HubToApp::DeviceState(update));
            if was_here {
                self.tell_again(state, user, package);
            }
        }
        if let Some(boot) = boot {
            // Whoever started it may not wait any more.
            let _ = boot.send(Boot::Acked);
        }
    }

    /// Its socket ended. It stays a viewer; if the socket stays away, the app is started again.
    fn app_left(self: &Arc<Self>, user: &str, package: &str, line: u64) {
        let mut state = self.lock();
        let (grace, lets_go) = (state.habits.timing.grace, state.habits.lets_apps_go);
        let Some(app) = state.app_mut(user, package) else { return };
        if app.line.as_ref().is_none_or(|known| known.id != line) {
            return;
        }
        app.line = None;
        if app.released {
            if let Some(user) = state.users.get_mut(user) {
                user.apps.remove(package);
            }
            return;
        }
        if lets_go {
            return;
        }
        let lost_at = Instant::now();
        let (session, url) = (app.session_id.clone(), app.public_url.clone());
        let (shared, user, package) = (Arc::clone(self), user.to_owned(), package.to_owned());
        self.spawn(async move {
            tokio::time::sleep(grace).await;
            let is_away = {
                let state = shared.lock();
                let app = state.app(&user, &package);
                app.is_some_and(|app| app.line.is_none() && app.boot.is_none() && app.connected_at < lost_at)
            };
            if is_away {
                shared.resurrect(&user, &package, &session, &url).await;
            }
        });
    }
}

/// The user of a session. The cloud of 2025 reads it from the session's name, up to the first `-`.
fn user_of(state: &State, session: &str, package: &str, head: &Head) -> Option<String> {
    let known = |user: &str| state.users.contains_key(user).then(|| user.to_owned());
    if let Some(user) = head.header("x-user-id") {
        return known(user);
    }
    if !state.is_of_2026() {
        return known(session.split('-').next().unwrap_or_default());
    }
    let of_app =
        |user: &super::shared::User| user.apps.get(package).is_some_and(|app| app.session_id == session);
    let owner = state.users.iter().find(|(_, user)| of_app(user)).map(|(name, _)| name.clone());
    owner.or_else(|| known(session.strip_suffix(package)?.strip_suffix('-')?))
}

fn subscribe(state: &mut State, user: &str, package: &str, update: &SubscriptionUpdate) {
    let Some(app) = state.app_mut(user, package) else { return };
    let is_early = app.connected_at.elapsed() < EMPTY_SET_GRACE;
    if !(update.subscriptions.is_empty() && is_early && !app.subscriptions.is_empty()) {
        app.subscriptions = names(&update.subscriptions);
    }
}
