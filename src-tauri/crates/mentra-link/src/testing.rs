//! A hub with its owner, scripted apps and scripted glasses, over real sockets on loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::event::{AppHello, AppRefusal, AppWelcome, HubEvent};
use crate::hub::{Hub, HubConfig};
use crate::timing::Timing;
use crate::token::Token;

pub(crate) const USER: &str = "user@example.com";
pub(crate) const PACKAGE: &str = "com.example.console";
pub(crate) const TOKEN: &str = "device-token-0123456789";
/// Unix time of every test, ms.
pub(crate) const NOW_MS: u64 = 1_795_363_766_583;
/// Longer than anything in a test takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A hub and its owner's side.
pub(crate) struct Rig {
    pub(crate) hub: Hub,
    pub(crate) events: mpsc::Receiver<HubEvent>,
}

pub(crate) async fn patiently<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("in time")
}

pub(crate) fn config(timing: Timing) -> HubConfig {
    // Apps that a test no longer reads do not answer the close.
    let timing = Timing { close_within: timing.close_within.min(Duration::from_millis(100)), ..timing };
    HubConfig {
        bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port: 0,
        user_id: USER.to_owned(),
        device_token: Token::new(TOKEN),
        now_ms: Arc::new(|| NOW_MS),
        timing,
    }
}

impl Rig {
    pub(crate) async fn start(timing: Timing) -> Self {
        Self::start_with(config(timing), crate::shared::STRANGERS).await
    }

    pub(crate) async fn start_with(config: HubConfig, max_strangers: usize) -> Self {
        let (events, heard) = mpsc::channel(64);
        let hub = Hub::start_bounded(config, events, max_strangers).await.expect("the hub starts");
        Self { hub, events: heard }
    }

    pub(crate) async fn next(&mut self) -> HubEvent {
        patiently(self.events.recv()).await.expect("the hub lives")
    }

    /// Lets the next app in, or not.
    pub(crate) async fn answer(&mut self, with: Result<AppWelcome, AppRefusal>) -> AppHello {
        match self.next().await {
            HubEvent::AppHello { hello, answer } => {
                answer.send(with).expect("the app waits");
                hello
            }
            other => panic!("no hello: {other:?}"),
        }
    }

    /// Lets the next app in; its connection number.
    pub(crate) async fn welcome(&mut self) -> u64 {
        self.answer(Ok(AppWelcome {})).await;
        match self.next().await {
            HubEvent::AppConnected { connection, .. } => connection,
            other => panic!("not connected: {other:?}"),
        }
    }

    /// A classic app, let in, its acknowledgement read.
    pub(crate) async fn app(&mut self, package: &str) -> Scripted {
        let mut app = Scripted::connect(self.hub.address(), "/app-ws", &[]).await;
        app.send(&init(package)).await;
        self.welcome().await;
        assert_eq!(app.json().await["type"], "tpa_connection_ack");
        app
    }

    /// Glasses, let in, their acknowledgement read.
    pub(crate) async fn glasses(&mut self, path: &str) -> Scripted {
        let address = self.hub.address();
        let mut glasses = Scripted::connect(address, &format!("{path}?token={TOKEN}"), &[]).await;
        assert!(matches!(self.next().await, HubEvent::GlassesConnected { .. }));
        assert_eq!(glasses.json().await["type"], "connection_ack");
        glasses
    }
}

pub(crate) fn init(package: &str) -> String {
    format!(
        r#"{{"type":"tpa_connection_init","sessionId":"{USER}-{package}","packageName":"{package}","apiKey":"key_0123456789","timestamp":"2026-11-22T16:24:25.729Z"}}"#
    )
}

/// The far end of a WebSocket.
pub(crate) struct Scripted(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Scripted {
    pub(crate) async fn connect(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        Self::try_connect(address, path, headers).await.expect("the hub takes the upgrade")
    }

    /// The HTTP status and body of a refused upgrade.
    pub(crate) async fn try_connect(
        address: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, (u16, String)> {
        let mut request = format!("ws://{address}{path}").into_client_request().expect("a request");
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            request.headers_mut().insert(name, HeaderValue::from_str(value).expect("a value"));
        }
        match patiently(connect_async(request)).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(answer)) => {
                let body = answer.body().clone().unwrap_or_default();
                Err((answer.status().as_u16(), String::from_utf8(body).expect("text")))
            }
            Err(error) => panic!("no connection: {error}"),
        }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.message(Message::text(text)).await;
    }

    pub(crate) async fn message(&mut self, message: Message) {
        patiently(self.0.send(message)).await.expect("the hub listens");
    }

    /// Sends without minding whether the hub still listens.
    pub(crate) async fn try_message(&mut self, message: Message) -> bool {
        patiently(self.0.send(message)).await.is_ok()
    }

    /// The next text.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            match self.frame().await {
                Some(Message::Text(text)) => return text.as_str().to_owned(),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("no text: {other:?}"),
            }
        }
    }

    pub(crate) async fn json(&mut self) -> Value {
        serde_json::from_str(&self.text().await).expect("JSON")
    }

    /// The next frame, none at the end.
    pub(crate) async fn frame(&mut self) -> Option<Message> {
        patiently(self.0.next()).await?.ok()
    }

    /// The close frame's code and reason; texts before it are passed over. The close is answered.
    pub(crate) async fn closed(&mut self) -> Option<(u16, String)> {
        loop {
            if let Message::Close(frame) = self.frame().await? {
                while self.frame().await.is_some() {}
                return frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
            }
        }
    }

    /// Closes with a code.
    pub(crate) async fn close(mut self, code: u16, reason: &'static str) {
        let frame =
            tokio_tungstenite::tungstenite::protocol::CloseFrame { code: code.into(), reason: reason.into() };
        self.message(Message::Close(Some(frame))).await;
        while self.frame().await.is_some() {}
    }
}
