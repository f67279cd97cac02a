//! One WebSocket to a cloud: from its dial to its acknowledgement, and what is said on it.

use std::pin::pin;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use mentra_wire::{AppMessage, Dialect, HubToApp};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout, timeout_at};
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::dial::{self, DialError, WebSocket};
use super::event::{CloudEnd, CloudEvent};
use super::sessions::Call;
use super::shared::CloudShared;
use super::words::{self, Speaker};
use crate::frames::FrameDirection;
use crate::shared::lock;

/// Whose socket it is.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) shared: Arc<CloudShared>,
    pub(super) session_id: String,
    pub(super) user_id: String,
}

impl Identity {
    fn speaker(&self, dialect: Dialect) -> Speaker<'_> {
        Speaker {
            package: &self.shared.package,
            session_id: &self.session_id,
            dialect,
            now_ms: self.shared.now_ms(),
        }
    }

    pub(super) async fn told(&self, message: HubToApp) {
        let session_id = self.session_id.clone();
        self.shared.tell(CloudEvent::Told { session_id, message: words::unwrapped(message) }).await;
    }
}

/// Why there is no acknowledged socket.
#[derive(Debug)]
pub(super) enum Failed {
    /// Worth another try.
    Lost(String),
    /// Not before the next webhook.
    Over(CloudEnd),
}

/// What happens on an acknowledged socket.
#[expect(clippy::large_enum_variant, reason = "one at a time, looked at and dropped")]
pub(super) enum Happened {
    /// The owner wants something said.
    Say(AppMessage),
    /// A ping is due.
    Ping,
    /// Something came, or the end of it.
    Heard(Option<Result<Message, Error>>),
}

/// What something heard means.
#[expect(clippy::large_enum_variant, reason = "one at a time, looked at and dropped")]
pub(super) enum Heard {
    Nothing,
    Told(HubToApp),
    Closed { reason: String, end: Option<CloudEnd> },
}

/// An acknowledged socket.
pub(super) struct Link {
    socket: WebSocket,
    of: Identity,
    pub(super) call: Call,
    pub(super) capabilities: Option<Value>,
    /// What the owner says.
    pub(super) voiced: mpsc::Receiver<AppMessage>,
    pings: Interval,
    heard_at: Instant,
    pub(super) since: Instant,
}

/// Dials from `from` on, and waits for the acknowledgement.
pub(super) async fn open(of: Identity, call: Call, from: Instant) -> Result<Link, Failed> {
    let shared = Arc::clone(&of.shared);
    let timing = &shared.timing;
    sleep_until(from).await;
    let spaced = lock(&shared.sessions).dial_from(&of.session_id, timing.dial_spacing);
    if let Some(spaced) = spaced {
        sleep_until(spaced).await;
    }
    lock(&shared.sessions).dialled(&of.session_id, Instant::now());
    let headers = headers(&of, call.dialect).map_err(Failed::Lost)?;
    let dialled = dial::web_socket(&call.destination, headers, &shared.tls, timing.dial_within).await;
    let socket = dialled.map_err(|error| match &error {
        DialError::Http(status, body) => {
            let end = words::end_of_upgrade(*status, &shared.without_key(body));
            end.map_or_else(|| Failed::Lost(error.words("the cloud")), Failed::Over)
        }
        _ => Failed::Lost(error.words("the cloud")),
    })?;
    let mut pings = interval(timing.ping_every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    let now = Instant::now();
    // Replaced before anybody can say anything.
    let (_, voiced) = mpsc::channel(1);
    let mut link = Link { socket, of, call, capabilities: None, voiced, pings, heard_at: now, since: now };
    link.send(link.speaker().init(&shared.api_key)).await.map_err(Failed::Lost)?;
    link.acknowledged().await?;
    link.send(link.speaker().subscriptions()).await.map_err(Failed::Lost)?;
    link.since = Instant::now();
    link.heard_at = link.since;
    Ok(link)
}

/// What v3 says in its upgrade; the classic dialect says all in the init.
fn headers(of: &Identity, dialect: Dialect) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    if dialect == Dialect::Classic {
        return Ok(headers);
    }
    for (name, value) in [
        ("x-user-id", of.user_id.as_str()),
        ("x-session-id", &of.session_id),
        ("x-package-name", &of.shared.package),
        ("x-api-key", of.shared.api_key.expose()),
    ] {
        let value = HeaderValue::from_bytes(value.as_bytes());
        let mut value = value.map_err(|_| format!("{name} has characters that no header can carry"))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

impl Link {
    fn speaker(&self) -> Speaker<'_> {
        self.of.speaker(self.call.dialect)
    }

    /// Waits for the acknowledgement; what comes before it decides nothing unless it says that none will come.
    async fn acknowledged(&mut self) -> Result<(), Failed> {
        let until = Instant::now() + self.of.shared.timing.ack_within;
        let mut complaint = None;
        loop {
            let heard = timeout_at(until, self.socket.next()).await;
            let heard = heard.map_err(|_| Failed::Lost("the cloud did not let the app in".to_owned()))?;
            let text = match heard {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(_))) | None | Some(Err(_)) => {
                    return Err(match closed(&self.of.shared, heard) {
                        Heard::Closed { end: Some(end), .. } => Failed::Over(end),
                        Heard::Closed { reason, .. } => Failed::Lost(complaint.unwrap_or(reason)),
                        Heard::Nothing | Heard::Told(_) => Failed::Lost("the cloud hung up".to_owned()),
                    });
                }
                Some(Ok(_)) => continue,
            };
            match self.read(&text) {
                Some(HubToApp::ConnectionAck(ack) | HubToApp::ReconnectAck(ack)) => {
                    self.capabilities = ack.capabilities;
                    return Ok(());
                }
                Some(HubToApp::ConnectionError(error)) => {
                    let end = words::end_of(&error, false);
                    complaint = Some(format!("the cloud said: {}", error.message));
                    self.of.told(HubToApp::ConnectionError(error)).await;
                    if let Some(end) = end {
                        return Err(Failed::Over(end));
                    }
                }
                _ => {}
            }
        }
    }

    /// What happens next. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Happened {
        tokio::select! {
            heard = self.socket.next() => Happened::Heard(heard),
            _ = self.pings.tick() => Happened::Ping,
            Some(message) = self.voiced.recv() => Happened::Say(message),
        }
    }

    /// What it means.
    pub(super) fn hear(&mut self, heard: Option<Result<Message, Error>>) -> Heard {
        self.heard_at = Instant::now();
        match heard {
            Some(Ok(Message::Text(text))) => match self.read(&text) {
                None | Some(HubToApp::Pong(_) | HubToApp::ConnectionAck(_) | HubToApp::ReconnectAck(_)) => {
                    Heard::Nothing
                }
                Some(message) => Heard::Told(message),
            },
            // Sound of the glasses is binary; pings were answered by the library.
            Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                Heard::Nothing
            }
            ended => closed(&self.of.shared, ended),
        }
    }

    fn read(&self, text: &str) -> Option<HubToApp> {
        let shared = &self.of.shared;
        shared.record(FrameDirection::ToApp, text);
        HubToApp::parse(&shared.without_key(text))
            .inspect_err(|error| tracing::debug!(%error, "the cloud said something that is no message"))
            .ok()
    }

    /// Says an owner's message.
    ///
    /// # Errors
    /// Why it could not be said: the socket is lost.
    pub(super) async fn say(&mut self, message: AppMessage) -> Result<(), String> {
        let message = self.speaker().address(message);
        self.send(message).await
    }

    async fn send(&mut self, message: AppMessage) -> Result<(), String> {
        let text = message.to_json();
        self.of.shared.record(FrameDirection::FromApp, &text);
        self.put(Message::text(text)).await
    }

    /// Pings, unless the cloud has been silent for too long.
    ///
    /// # Errors
    /// Why the socket is lost.
    pub(super) async fn ping(&mut self) -> Result<(), String> {
        if self.heard_at.elapsed() >= self.of.shared.timing.silent_after {
            return Err("the cloud fell silent".to_owned());
        }
        self.put(Message::Ping(Default::default())).await
    }

    async fn put(&mut self, message: Message) -> Result<(), String> {
        let shared = Arc::clone(&self.of.shared);
        let mut sending = pin!(self.socket.send(message));
        let in_time = tokio::select! {
            biased;
            sent = timeout(shared.timing.take_within, sending.as_mut()) => sent,
            // What was said before the end is still said: it may be the stop of a camera.
            () = shared.stop.cancelled() => timeout(shared.timing.close_within, sending).await,
        };
        match in_time {
            Ok(sent) => sent.map_err(|error| format!("the connection broke: {error}")),
            Err(_) => Err("the cloud does not read".to_owned()),
        }
    }

    /// Takes leave, not for long; with `release`, telling why the app does not come back.
    pub(super) async fn leave(mut self, release: Option<&str>) {
        let shared = Arc::clone(&self.of.shared);
        let farewell = async {
            // What was said before, a stop above all, is said.
            while let Ok(message) = self.voiced.try_recv() {
                let text = self.speaker().address(message).to_json();
                shared.record(FrameDirection::FromApp, &text);
                self.socket.feed(Message::text(text)).await?;
            }
            if let Some(reason) = release {
                let text = self.speaker().release(reason).to_json();
                shared.record(FrameDirection::FromApp, &text);
                self.socket.feed(Message::text(text)).await?;
            }
            let frame = CloseFrame { code: 1000.into(), reason: "Client disconnect".into() };
            self.socket.send(Message::Close(Some(frame))).await?;
            while let Some(Ok(_)) = self.socket.next().await {}
            Ok::<(), Error>(())
        };
        // Whether the cloud heard it makes no difference any more.
        let _ = timeout(shared.timing.close_within, farewell).await;
    }
}

/// How a socket ended.
fn closed(shared: &CloudShared, heard: Option<Result<Message, Error>>) -> Heard {
    match heard {
        Some(Ok(Message::Close(Some(frame)))) => {
            let said = shared.without_key(&frame.reason);
            let end = words::end_of_words(&said);
            let code = u16::from(frame.code);
            let reason = if said.is_empty() {
                format!("the cloud hung up ({code})")
            } else {
                format!("the cloud hung up ({code}): {said}")
            };
            Heard::Closed { reason, end }
        }
        Some(Err(error)) => Heard::Closed { reason: format!("the connection broke: {error}"), end: None },
        _ => Heard::Closed { reason: "the cloud hung up".to_owned(), end: None },
    }
}
