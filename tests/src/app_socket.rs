//! A scripted app without an SDK: it says exactly what a test wants, well-behaved or not.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::wait::{PATIENCE, within};

/// A WebSocket to the hub.
pub struct AppSocket {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    heard: Vec<Value>,
}

impl AppSocket {
    /// Opens one at this address and says nothing.
    ///
    /// # Panics
    /// When the hub does not let it open.
    pub async fn open(url: &str) -> Self {
        let request = url.into_client_request().expect("an address");
        Self::attempt(request).await.expect("the hub lets it open")
    }

    /// Opens one as a page of this origin would in a browser, if the hub lets it.
    pub async fn try_open_from(url: &str, origin: &str) -> Option<Self> {
        let mut request = url.into_client_request().expect("an address");
        request.headers_mut().insert("origin", origin.parse().expect("an origin"));
        Self::attempt(request).await.ok()
    }

    /// The HTTP status with which the hub refuses to open one; none if it does not refuse.
    pub async fn refused(url: &str) -> Option<u16> {
        match Self::attempt(url.into_client_request().expect("an address")).await {
            Err(Error::Http(response)) => Some(response.status().as_u16()),
            _ => None,
        }
    }

    async fn attempt(request: Request) -> Result<Self, Error> {
        let connecting = tokio_tungstenite::connect_async(request);
        let (socket, _) = within(PATIENCE, "an answer of the hub", connecting).await?;
        Ok(Self { socket, heard: Vec::new() })
    }

    /// Says hello as an app and returns what the hub says first.
    ///
    /// # Panics
    /// When it says nothing.
    pub async fn hello(&mut self, package: &str, key: &str) -> Value {
        let init = json!({
            "type": "tpa_connection_init",
            "sessionId": format!("somebody-{package}"),
            "packageName": package,
            "apiKey": key,
            "timestamp": "2026-11-22T16:09:26.630Z",
        });
        self.say(&init).await;
        self.hear().await.expect("the hub answers an app that says hello")
    }

    /// Says this.
    pub async fn say(&mut self, message: &Value) {
        self.send(Message::text(message.to_string())).await;
    }

    /// Sends any frame.
    pub async fn send(&mut self, frame: Message) {
        // A hub that has left already has seen enough; `closed` tells.
        let _ = self.socket.send(frame).await;
    }

    /// The next message; none once the hub has closed the connection.
    ///
    /// # Panics
    /// When neither happens in time.
    pub async fn hear(&mut self) -> Option<Value> {
        within(PATIENCE, "a message of the hub", async {
            loop {
                match self.socket.next().await? {
                    Ok(Message::Text(text)) => {
                        let message: Value = serde_json::from_str(&text).expect("the hub speaks JSON");
                        self.heard.push(message.clone());
                        return Some(message);
                    }
                    Ok(Message::Close(_)) | Err(_) => return None,
                    Ok(_) => {}
                }
            }
        })
        .await
    }

    /// The next message of this type that is as wanted.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn until(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let Some(message) = self.hear().await else {
                panic!("the hub left while {kind} was awaited, after {:#?}", self.heard)
            };
            if message["type"] == kind && wanted(&message) {
                return message;
            }
        }
    }

    /// Waits until the hub closes the connection; with which code and words, if it said any.
    ///
    /// # Panics
    /// When it does not.
    pub async fn closed(&mut self) -> Option<(u16, String)> {
        within(PATIENCE, "the hub to close a WebSocket", async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(frame))) => {
                        return frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        })
        .await
    }

    /// Every message so far.
    pub fn heard(&self) -> &[Value] {
        &self.heard
    }
}
