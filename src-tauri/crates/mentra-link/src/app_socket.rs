//! An app's socket: who it is, whether it may stay, and what it says then.

use std::sync::Arc;

use axum::extract::ws::WebSocket;
use axum::http::HeaderMap;
use mentra_wire::{AppMessage, Dialect, HubToApp, Secret};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::{Instant, timeout};

use crate::accept::Caller;
use crate::apps::{AppSocket, is_package_name};
use crate::event::{AppHello, AppRefusal, HubEvent};
use crate::frames::{FrameDirection, masked};
use crate::line::{self, Close, End, Line, Peer, Reader};
use crate::shared::{Shared, lock};
use crate::words;

/// Reconnects a stranger may try before it has to say a real hello.
const REJECTIONS: u32 = 3;
/// After these a v3 app falls back to an init; after any other it gives up.
const BEGIN_ANEW: [&str; 3] = ["SESSION_NOT_FOUND", "SESSION_STOPPED", "SESSION_EXPIRED"];
/// Codes of `reconnect_rejected` besides; other refusals are `tpa_connection_error`.
const GIVE_UP: [&str; 2] = ["NOT_RUNNING", "BOOT_TIMEOUT"];

/// How an app's upgrade came: SDK v3 says in headers who it is.
pub(crate) struct Door {
    caller: Caller,
    path: String,
    package: Option<String>,
    session_id: Option<String>,
    api_key: Option<Secret>,
}

impl Door {
    pub(crate) fn new(caller: Caller, path: &str, headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self {
            caller,
            path: path.to_owned(),
            package: text("x-package-name"),
            session_id: text("x-session-id"),
            api_key: text("x-api-key").map(Secret::from),
        }
    }

    /// Who says this first message.
    fn hello(&self, user_id: &str, first: &AppMessage) -> Result<AppHello, Rejection> {
        let dialect = Dialect::of(&self.path, self.package.is_some(), first);
        let hello = match first {
            AppMessage::Init(init) => AppHello {
                package: init.package_name.clone(),
                api_key: init.api_key.clone().or_else(|| self.api_key.clone()),
                session_id: init.session_id.clone().or_else(|| self.session_id.clone()),
                peer: self.caller.peer,
                dialect,
                sdk_version: init.sdk_version.clone(),
                reconnect: false,
            },
            AppMessage::Reconnect(reconnect) => AppHello {
                package: match &self.package {
                    Some(package) => package.clone(),
                    None => package_of(user_id, &reconnect.session_id).ok_or(Rejection::UnknownSession)?,
                },
                api_key: self.api_key.clone(),
                session_id: Some(reconnect.session_id.clone()),
                peer: self.caller.peer,
                dialect,
                sdk_version: reconnect.sdk_version.clone(),
                reconnect: true,
            },
            _ => return Err(Rejection::Malformed("The first message must be tpa_connection_init.")),
        };
        if !is_package_name(&hello.package) {
            return Err(Rejection::Malformed("packageName is no package name."));
        }
        if self.package.as_ref().is_some_and(|package| *package != hello.package) {
            return Err(Rejection::Malformed("packageName is not that of the header x-package-name."));
        }
        Ok(hello)
    }
}

/// The package of `<user id>-<package>`.
fn package_of(user_id: &str, session_id: &str) -> Option<String> {
    session_id.strip_prefix(user_id)?.strip_prefix('-').map(str::to_owned)
}

enum Rejection {
    Malformed(&'static str),
    UnknownSession,
}

struct Adopted {
    package: String,
    connection: u64,
    dialect: Dialect,
    sdk_version: Option<String>,
    resumed: bool,
}

/// Serves an app's socket until its end. The stranger's place is free once it is adopted.
pub(crate) async fn serve(hub: Arc<Shared>, socket: WebSocket, door: Door, stranger: OwnedSemaphorePermit) {
    let (line, mut reader) = line::open(socket, Peer::App, &hub.tasks, hub.end.child_token(), &hub.timing);
    let greeted = tokio::select! {
        biased;
        () = hub.stop.cancelled() => Err(End::Hub(Close::new(1001, "The hub stops"))),
        greeted = greet(&hub, &door, &line, &mut reader) => greeted,
    };
    drop(stranger);
    let peer = door.caller.peer;
    let Adopted { package, connection, dialect, sdk_version, resumed } = match greeted {
        Ok(adopted) => adopted,
        Err(end) => {
            tracing::info!(%peer, ?end, "an app was not let in");
            return reader.finish(&end).await;
        }
    };
    tracing::info!(%package, connection, %peer, resumed, "an app connected");
    let connected =
        HubEvent::AppConnected { package: package.clone(), connection, peer, dialect, sdk_version, resumed };
    hub.tell(connected).await;
    let end = converse(&hub, &package, connection, dialect, &line, &mut reader).await;
    tracing::info!(%package, connection, ?end, "an app is gone");
    let gone = {
        let mut apps = lock(&hub.apps);
        let gone = apps.gone(&package, connection);
        // A session ended on purpose does not go on.
        if gone && matches!(end, End::Peer { code: Some(1000 | 1001 | 1005), .. }) {
            apps.session_over(&package);
        }
        gone
    };
    let telling = async {
        if gone {
            let (code, reason) = match &end {
                End::Hub(close) => (Some(close.code), close.reason.clone()),
                End::Peer { code, reason } => (*code, reason.clone()),
            };
            hub.tell(HubEvent::AppGone { package, connection, code, reason }).await;
        }
    };
    // The one need not wait for the other.
    tokio::join!(telling, reader.finish(&end));
}

/// Finds out who it is and asks the owner whether it may stay.
async fn greet(
    hub: &Arc<Shared>,
    door: &Door,
    line: &Arc<Line>,
    reader: &mut Reader,
) -> Result<Adopted, End> {
    for _ in 0..REJECTIONS {
        let Ok(text) = timeout(hub.timing.init_within, reader.next_text()).await else {
            return Err(End::Hub(Close::new(1008, "No tpa_connection_init came in time")));
        };
        let text = text?;
        let first = match AppMessage::parse(&text) {
            Ok(first) => first,
            Err(error) => return Err(refuse(hub, line, None, "MALFORMED_MESSAGE", &error.to_string())),
        };
        let hello = match door.hello(&hub.user_id, &first) {
            Ok(hello) => hello,
            Err(Rejection::Malformed(why)) => return Err(refuse(hub, line, None, "MALFORMED_MESSAGE", why)),
            Err(Rejection::UnknownSession) => {
                reject(hub, line, None, "SESSION_NOT_FOUND", "This session is not known here");
                continue;
            }
        };
        // Strangers' claims must not push the messages of others out of the log.
        let known = Some(hello.package.as_str()).filter(|package| lock(&hub.frames).knows(package));
        match ask(hub, hello.clone()).await {
            Some(Ok(())) => return adopt(hub, hello, &text, line),
            Some(Err(refusal)) => {
                if let Some(package) = known {
                    hub.record(package, FrameDirection::FromApp, masked(&text));
                }
                let AppRefusal { code, message } = refusal;
                if hello.reconnect && BEGIN_ANEW.contains(&code.as_str()) {
                    reject(hub, line, known, &code, &message);
                } else if hello.reconnect && GIVE_UP.contains(&code.as_str()) {
                    reject(hub, line, known, &code, &message);
                    return Err(End::Hub(Close::new(1008, message)));
                } else {
                    return Err(refuse(hub, line, known, &code, &message));
                }
            }
            None => {
                let message = "The console did not answer in time";
                refuse(hub, line, known, "INTERNAL_ERROR", message);
                return Err(End::Hub(Close::new(1011, "Internal server error")));
            }
        }
    }
    Err(End::Hub(Close::new(1008, "No tpa_connection_init came")))
}

async fn ask(hub: &Shared, hello: AppHello) -> Option<Result<(), AppRefusal>> {
    let (answer, answered) = oneshot::channel();
    let asking = async {
        hub.tell(HubEvent::AppHello { hello, answer }).await;
        answered.await.ok()
    };
    let answer = timeout(hub.timing.answer_within, asking).await.ok().flatten()?;
    Some(answer.map(|_welcome| ()))
}

fn refuse(hub: &Shared, line: &Line, known: Option<&str>, code: &str, message: &str) -> End {
    say_stranger(hub, line, known, &words::app_error(code, message, hub.now_ms()));
    End::Hub(Close::new(1008, message))
}

fn reject(hub: &Shared, line: &Line, known: Option<&str>, code: &str, message: &str) {
    say_stranger(hub, line, known, &words::reconnect_rejected(code, message, hub.now_ms()));
}

fn say_stranger(hub: &Shared, line: &Line, known: Option<&str>, message: &HubToApp) {
    match known {
        Some(package) => hub.say(package, line, Dialect::Classic, message),
        None => {
            line.send(message.to_json(Dialect::Classic));
        }
    }
}

/// Makes this the app's socket. The acknowledgement is the first thing it hears.
fn adopt(hub: &Shared, hello: AppHello, text: &str, line: &Arc<Line>) -> Result<Adopted, End> {
    let AppHello { package, dialect, sdk_version, reconnect, .. } = hello;
    let mut apps = lock(&hub.apps);
    // From here on shutdown takes leave of it.
    if hub.stop.is_cancelled() {
        return Err(End::Hub(Close::new(1001, "The hub stops")));
    }
    let known = apps.resumed(&package);
    let connection = hub.next_connection();
    hub.record(&package, FrameDirection::FromApp, masked(text));
    let subscriptions = reconnect.then_some(known.subscriptions);
    let ack = words::app_ack(&hub.session_id(&package), subscriptions, hub.now_ms());
    hub.say(&package, line, dialect, &ack);
    let socket = AppSocket { connection, dialect, line: Arc::clone(line) };
    apps.adopt(&package, socket, reconnect, Instant::now(), hub.timing.empty_set_grace);
    Ok(Adopted { package, connection, dialect, sdk_version, resumed: reconnect || known.running })
}

/// Hears the app out.
async fn converse(
    hub: &Arc<Shared>,
    package: &str,
    connection: u64,
    dialect: Dialect,
    line: &Arc<Line>,
    reader: &mut Reader,
) -> End {
    loop {
        let text = match reader.next_text().await {
            Ok(text) => text,
            Err(end) => return end,
        };
        hub.record(package, FrameDirection::FromApp, masked(&text));
        let message = match AppMessage::parse(&text) {
            Ok(message) => message,
            Err(error) => {
                let error = words::app_error("MALFORMED_MESSAGE", &error.to_string(), hub.now_ms());
                hub.say(package, line, dialect, &error);
                continue;
            }
        };
        match &message {
            AppMessage::Ping(_) => {
                hub.say(package, line, dialect, &HubToApp::Pong(words::pong(hub.now_ms())));
                continue;
            }
            AppMessage::Init(_) | AppMessage::Reconnect(_) => {
                let reconnect = matches!(message, AppMessage::Reconnect(_));
                let known = reconnect.then(|| lock(&hub.apps).resumed(package).subscriptions);
                let ack = words::app_ack(&hub.session_id(package), known, hub.now_ms());
                hub.say(package, line, dialect, &ack);
                continue;
            }
            AppMessage::Unknown(unknown) => {
                tracing::debug!(package, kind = %unknown.type_name, "an app said something unknown");
                continue;
            }
            AppMessage::Subscribe(update) if !lock(&hub.apps).subscribe(package, update, Instant::now()) => {
                continue;
            }
            AppMessage::OwnershipRelease(_) => lock(&hub.apps).session_over(package),
            _ => {}
        }
        hub.tell(HubEvent::AppMessage { package: package.to_owned(), connection, message }).await;
    }
}

#[cfg(test)]
mod tests;
