//! An app with its owner, and clouds and relays that follow a script, over real sockets on loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderMap;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

use super::dial::Wire;
use super::{CloudApp, CloudConfig, CloudEnd, CloudEvent, CloudTiming, CloudTls};
use crate::testing::patiently;

pub(super) const PACKAGE: &str = "com.example.console";
pub(super) const KEY: &str = "planted-key-0123456789";
pub(super) const USER: &str = "user@example.com";
pub(super) const SESSION: &str = "user@example.com-com.example.console";
pub(super) const NOW_MS: u64 = 1_795_363_766_583;

/// Waits that pass at once, but for those a test is about.
pub(super) fn quick() -> CloudTiming {
    CloudTiming {
        dial_spacing: Duration::ZERO,
        again_after: vec![Duration::from_millis(1)],
        close_within: Duration::from_millis(100),
        ..CloudTiming::default()
    }
}

pub(super) fn config(timing: CloudTiming) -> CloudConfig {
    CloudConfig {
        package: PACKAGE.to_owned(),
        api_key: KEY.into(),
        webhook: Some((IpAddr::V4(Ipv4Addr::LOCALHOST), 0)),
        relay: None,
        clouds: Vec::new(),
        now_ms: Arc::new(|| NOW_MS),
        jitter: Arc::new(|| 0.0),
        timing,
        roots: CloudTls::with_roots(rustls::RootCertStore::empty()),
    }
}

/// A session request at second `at` of its minute.
pub(super) fn request(url: &str, at: u32) -> Value {
    json!({
        "type": "session_request", "sessionId": SESSION, "userId": USER,
        "timestamp": format!("2026-11-22T16:09:{at:02}.583Z"), "mentraOSWebsocketUrl": url,
    })
}

/// An app and its owner's side.
pub(super) struct Rig {
    pub(super) app: CloudApp,
    pub(super) events: mpsc::Receiver<CloudEvent>,
}

impl Rig {
    pub(super) async fn start(timing: CloudTiming) -> Self {
        Self::start_with(config(timing)).await
    }

    pub(super) async fn start_with(config: CloudConfig) -> Self {
        let (events, heard) = mpsc::channel(64);
        Self { app: CloudApp::start(config, events).await.expect("the app starts"), events: heard }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.app.webhook_address().expect("a door"))
    }

    /// Calls the webhook; the answer's status and body.
    pub(super) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let answer = patiently(reqwest::Client::new().post(self.url(path)).body(body).send()).await;
        let answer = answer.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("JSON"))
    }

    /// Calls the webhook, which takes it.
    pub(super) async fn call(&mut self, body: Value) {
        assert_eq!(self.post("/webhook", body.to_string()).await, (200, json!({"status": "success"})));
    }

    /// Calls it and hears of it; what was refused.
    pub(super) async fn called(&mut self, body: Value) -> Option<String> {
        self.call(body).await;
        match self.next().await {
            CloudEvent::Webhook { at_ms, refused, .. } => {
                assert_eq!(at_ms, NOW_MS);
                refused
            }
            other => panic!("no webhook: {other:?}"),
        }
    }

    pub(super) async fn next(&mut self) -> CloudEvent {
        patiently(self.events.recv()).await.expect("the app lives")
    }

    /// Whether it was connected before.
    pub(super) async fn connected(&mut self) -> bool {
        match self.next().await {
            CloudEvent::Connected { session, again, .. } => {
                assert!(session.connected);
                again
            }
            other => panic!("not connected: {other:?}"),
        }
    }

    pub(super) async fn lost(&mut self) -> String {
        match self.next().await {
            CloudEvent::Lost { reason, .. } => reason,
            other => panic!("not lost: {other:?}"),
        }
    }

    pub(super) async fn over(&mut self) -> CloudEnd {
        match self.next().await {
            CloudEvent::Over { reason, .. } => reason,
            other => panic!("not over: {other:?}"),
        }
    }

    pub(super) async fn told(&mut self) -> mentra_wire::HubToApp {
        match self.next().await {
            CloudEvent::Told { message, .. } => message,
            other => panic!("not told: {other:?}"),
        }
    }

    /// Called, connected, its subscriptions read.
    pub(super) async fn with(&mut self, cloud: &Cloud, at: u32) -> Line {
        assert_eq!(self.called(request(&cloud.url, at)).await, None);
        let mut line = cloud.accept().await;
        line.acknowledge().await;
        self.connected().await;
        line
    }
}

/// A listener whose callers follow a script.
pub(super) struct Cloud {
    listener: TcpListener,
    pub(super) url: String,
}

impl Cloud {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("ws://{}/app-ws", listener.local_addr().expect("an address"));
        Self { listener, url }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("an address")
    }

    pub(super) async fn caller(&self) -> TcpStream {
        patiently(self.listener.accept()).await.expect("a caller").0
    }

    /// The next caller's WebSocket.
    pub(super) async fn accept(&self) -> Line {
        Line::of(Box::new(self.caller().await)).await
    }

    /// Answers the next caller with an HTTP response, whatever it asks.
    pub(super) async fn answer(&self, response: &str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut caller = self.caller().await;
        let mut asked = vec![0; 8 << 10];
        let read = patiently(caller.read(&mut asked)).await.expect("a request");
        caller.write_all(response.as_bytes()).await.expect("answered");
        caller.shutdown().await.expect("closed");
        String::from_utf8_lossy(&asked[..read]).into_owned()
    }

    /// No connection waits. Tells for all time once the app has stopped.
    pub(super) fn nobody_came(self) {
        let listener = self.listener.into_std().expect("a listener");
        let waiting = listener.accept();
        assert!(waiting.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "somebody came");
    }
}

/// The cloud's end of a WebSocket.
pub(super) struct Line {
    socket: WebSocketStream<Box<dyn Wire>>,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
}

impl Line {
    pub(super) async fn of(wire: Box<dyn Wire>) -> Self {
        let mut seen = None;
        #[expect(clippy::result_large_err, reason = "the library's own type")]
        let note = |request: &Request, response: Response| {
            seen = Some((request.uri().to_string(), request.headers().clone()));
            Ok(response)
        };
        let socket = patiently(accept_hdr_async(wire, note)).await.expect("an upgrade");
        let (path, headers) = seen.expect("it was seen");
        Self { socket, path, headers }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(super) async fn json(&mut self) -> Value {
        loop {
            match patiently(self.socket.next()).await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).expect("JSON"),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no text: {other:?}"),
            }
        }
    }

    pub(super) async fn send(&mut self, message: Value) {
        patiently(self.socket.send(Message::text(message.to_string()))).await.expect("it listens");
    }

    pub(super) async fn binary(&mut self, bytes: Vec<u8>) {
        patiently(self.socket.send(Message::binary(bytes))).await.expect("it listens");
    }

    /// Reads the init, acknowledges, reads the subscriptions.
    pub(super) async fn acknowledge(&mut self) {
        assert_eq!(self.json().await["type"], "tpa_connection_init");
        self.send(json!({"type": "tpa_connection_ack", "sessionId": SESSION})).await;
        assert_eq!(self.json().await["type"], "subscription_update");
    }

    /// An error of the cloud, then its close.
    pub(super) async fn refuse(mut self, code: &str, message: &'static str) {
        self.send(json!({"type": "tpa_connection_error", "code": code, "message": message})).await;
        self.close(1008, message).await;
    }

    pub(super) async fn close(mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        // The app may have hung up by itself.
        let _ = patiently(self.socket.send(Message::Close(Some(frame)))).await;
        self.until_the_end().await;
    }

    /// The texts until the close, and its code.
    pub(super) async fn closed(mut self) -> (Vec<Value>, Option<u16>) {
        let mut texts = Vec::new();
        loop {
            match patiently(self.socket.next()).await {
                Some(Ok(Message::Text(text))) => texts.push(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(frame))) => {
                    self.until_the_end().await;
                    return (texts, frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                None | Some(Err(_)) => return (texts, None),
            }
        }
    }

    async fn until_the_end(&mut self) {
        while let Ok(Some(Ok(_))) = timeout(Duration::from_secs(20), self.socket.next()).await {}
    }
}
