//! What the parts of a cloud share: who is connected, what runs, and the ways to speak to them.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use mentra_wire::{
    ConnectionError, DataStream, DeviceState, Dialect, Generation, HubToApp, HubToDevice, Subscription,
    Webhook, iso8601,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::boot::Boot;
use super::habits::{Era, Habits};
use super::record::{GLASSES, Record};
use super::streams::Stream;

pub(super) struct Shared {
    state: Mutex<State>,
    tasks: Mutex<JoinSet<()>>,
    pub(super) said: Record,
    pub(super) heard: Record,
    /// Of the door.
    pub(super) address: SocketAddr,
    /// Of the ingest.
    pub(super) ingest: SocketAddr,
    /// One folder for each managed stream.
    pub(super) media: TempDir,
    pub(super) http: reqwest::Client,
    /// Changes when every socket is to be dropped.
    pub(super) drops: watch::Sender<u64>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) habits: Habits,
    /// API keys by package: what the developer console knows, restarts or not.
    pub(super) keys: BTreeMap<String, String>,
    /// By e-mail.
    pub(super) users: BTreeMap<String, User>,
    next: u64,
}

#[derive(Default)]
pub(super) struct User {
    /// Apps that were started, by package.
    pub(super) apps: BTreeMap<String, App>,
    pub(super) glasses: Option<mpsc::UnboundedSender<HubToDevice>>,
    /// What is known of the glasses.
    pub(super) facts: DeviceState,
    pub(super) stream: Option<Stream>,
}

pub(super) struct App {
    pub(super) session_id: String,
    pub(super) public_url: String,
    pub(super) line: Option<Line>,
    /// Whether it ever had one.
    pub(super) was_here: bool,
    pub(super) subscriptions: Vec<String>,
    pub(super) connected_at: Instant,
    /// Told when the app is up.
    pub(super) boot: Option<oneshot::Sender<Boot>>,
    /// It left on purpose and is not to be brought back.
    pub(super) released: bool,
}

/// The way to an app's socket.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) id: u64,
    pub(super) out: mpsc::UnboundedSender<Out>,
}

/// What a socket is to do.
pub(super) enum Out {
    Say(String),
    Close(u16, String),
    Drop,
}

impl State {
    /// A number never used before.
    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(super) fn app(&self, user: &str, package: &str) -> Option<&App> {
        self.users.get(user)?.apps.get(package)
    }

    pub(super) fn app_mut(&mut self, user: &str, package: &str) -> Option<&mut App> {
        self.users.get_mut(user)?.apps.get_mut(package)
    }

    pub(super) fn stream_mut(&mut self, user: &str) -> Option<&mut Stream> {
        self.users.get_mut(user)?.stream.as_mut()
    }

    pub(super) fn is_of_2026(&self) -> bool {
        self.habits.era == Era::Of2026
    }
}

impl Shared {
    pub(super) fn new(habits: Habits, address: SocketAddr, ingest: SocketAddr) -> Self {
        let began = Instant::now();
        Self {
            state: Mutex::new(State { habits, ..State::default() }),
            tasks: Mutex::default(),
            said: Record::new(began),
            heard: Record::new(began),
            address,
            ingest,
            media: tempfile::tempdir().expect("a folder for the media"),
            http: reqwest::Client::new(),
            drops: watch::Sender::new(0),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs until it ends or the cloud does.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        self.tasks().spawn(task)
    }

    /// Ends every task.
    pub(super) fn end(&self) {
        self.tasks().abort_all();
    }

    /// Says this to an app, if it has a socket.
    pub(super) fn tell(&self, state: &State, user: &str, package: &str, message: &HubToApp) {
        if let Some(line) = state.app(user, package).and_then(|app| app.line.as_ref()) {
            self.say_on(line, user, package, message);
        }
    }

    /// Says this on a socket. Under the names it carries: SDKs of the classic dialect are told both in 2026, too.
    pub(super) fn say_on(&self, line: &Line, user: &str, package: &str, message: &HubToApp) {
        let text = message.to_json(Dialect::V3);
        let frame = serde_json::from_str(&text).expect("a message is JSON");
        // A socket that just ended hears nothing, and what it was told is not said.
        if line.out.send(Out::Say(text)).is_ok() {
            self.said.note(user, package, message.type_name(), frame);
        }
    }

    /// Closes a socket by the book.
    pub(super) fn close_on(&self, line: &Line, user: &str, package: &str, code: u16, reason: &str) {
        if line.out.send(Out::Close(code, reason.to_owned())).is_ok() {
            self.said.note(user, package, "(close)", json!({ "code": code, "reason": reason }));
        }
    }

    /// Tells an app why, and closes if asked to.
    pub(super) fn refuse_on(
        &self,
        line: &Line,
        user: &str,
        package: &str,
        code: &str,
        message: &str,
        close: bool,
    ) {
        let error = ConnectionError {
            code: Some(code.to_owned()),
            message: message.to_owned(),
            timestamp: Some(now()),
            ..Default::default()
        };
        self.say_on(line, user, package, &HubToApp::ConnectionError(error));
        if close {
            self.close_on(line, user, package, 1008, message);
        }
    }

    /// Says this to the glasses, if there are any.
    pub(super) fn command(&self, state: &State, user: &str, message: HubToDevice) -> bool {
        let Some(glasses) = state.users.get(user).and_then(|user| user.glasses.as_ref()) else {
            return false;
        };
        let generation = if state.is_of_2026() { Generation::Stream2026 } else { Generation::Rtmp2025 };
        let frame: Value = serde_json::from_str(&message.to_json(generation)).expect("a message is JSON");
        let kind = frame["type"].as_str().unwrap_or_default().to_owned();
        let is_heard = glasses.send(message).is_ok();
        if is_heard {
            self.said.note(user, GLASSES, &kind, frame);
        }
        is_heard
    }

    /// Wraps `data` for every app of the user that subscribed to `stream`.
    pub(super) fn broadcast(&self, state: &State, user: &str, stream: &str, data: &Value) {
        let Some(known) = state.users.get(user) else { return };
        for (package, app) in
            known.apps.iter().filter(|(_, app)| app.subscriptions.iter().any(|s| s == stream))
        {
            let wrapped = DataStream {
                session_id: Some(app.session_id.clone()),
                stream_type: stream.to_owned(),
                data: data.clone(),
                timestamp: Some(now()),
                ..Default::default()
            };
            self.tell(state, user, package, &HubToApp::DataStream(wrapped));
        }
    }

    /// POSTs a webhook; the status of its answer, if it had one.
    pub(super) async fn webhook(
        &self,
        user: &str,
        package: &str,
        public_url: &str,
        body: &Webhook,
    ) -> Option<u16> {
        let text = body.to_json();
        let frame = serde_json::from_str(&text).expect("a webhook is JSON");
        self.said.note(user, package, body.type_name(), frame);
        let url = format!("{}/webhook", public_url.trim_end_matches('/'));
        let timeout = self.lock().habits.timing.webhook;
        let request =
            self.http.post(url).header("content-type", "application/json").timeout(timeout).body(text);
        let status = request.send().await.ok().map(|answer| answer.status().as_u16());
        self.heard.note(user, package, "(answer)", json!({ "status": status }));
        status
    }
}

/// Milliseconds of Unix time.
pub(super) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    since.as_millis() as u64
}

/// Now, as the cloud writes it.
pub(super) fn now() -> Value {
    iso8601(unix_ms()).into()
}

/// Names of a subscription set.
pub(super) fn names(subscriptions: &[Subscription]) -> Vec<String> {
    subscriptions.iter().map(|subscription| subscription.name().to_owned()).collect()
}
