//! The other end of the hub's device side: a client as the phone of glasses is one, for glasses that are a program. It
//! works with any hub of the protocol, not only ours.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use mentra_wire::{ConnectionInit, DeviceMessage, HubToDevice};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::line::READ_BYTES;
use crate::token::Token;

/// Messages on their way to the hub. Overflow policy: what is said to a hub that does not read is lost, as with a phone.
const SAYING: usize = 64;

/// How long the client waits for what. The defaults are those of the phone app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlassesTiming {
    /// From a lost connection until the next try: 5 s, for ever.
    pub again_after: Duration,
    /// Until the hub lets the glasses in, or takes a message: 10 s.
    pub hub_within: Duration,
    /// Between WebSocket pings: 20 s.
    pub ping_every: Duration,
    /// A hub that says nothing for this long, not even a pong, is gone: 60 s.
    pub silent_after: Duration,
}

impl Default for GlassesTiming {
    fn default() -> Self {
        Self {
            again_after: Duration::from_secs(5),
            hub_within: Duration::from_secs(10),
            ping_every: Duration::from_secs(20),
            silent_after: Duration::from_secs(60),
        }
    }
}

/// What happens to the connection.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one event at a time is looked at and dropped; few wait")]
pub enum GlassesEvent {
    /// The hub let the glasses in.
    Connected,
    /// The connection is lost, or could not be made; it is tried again.
    Lost {
        /// Why.
        reason: String,
    },
    /// The hub says something.
    Told(HubToDevice),
}

/// Wish of the owner.
enum Wish {
    Say(Box<DeviceMessage>),
    Cut,
}

/// A connection to a hub that comes back by itself. Dropping it ends it.
#[derive(Debug)]
pub struct GlassesClient {
    wishes: mpsc::Sender<Wish>,
    task: JoinHandle<()>,
}

impl GlassesClient {
    /// Connects to a hub's device address, such as `ws://127.0.0.1:8002/glasses-ws`, with the usual times, and goes on trying.
    /// What happens goes to `events`, which has to be read.
    pub fn start(hub: String, token: Token, events: mpsc::Sender<GlassesEvent>) -> Self {
        Self::start_with(hub, token, GlassesTiming::default(), events)
    }

    /// The same with other times.
    pub fn start_with(
        hub: String,
        token: Token,
        timing: GlassesTiming,
        events: mpsc::Sender<GlassesEvent>,
    ) -> Self {
        let (wishes, wished) = mpsc::channel(SAYING);
        let client = Client { hub, token, timing, wishes: wished, events, replaced: false };
        Self { wishes, task: tokio::spawn(client.run()) }
    }

    /// Says something to the hub; lost if there is no connection, or one that takes nothing.
    pub fn say(&self, message: DeviceMessage) {
        self.wish(Wish::Say(Box::new(message)));
    }

    /// Breaks the connection off, as a bad network would.
    pub fn cut(&self) {
        self.wish(Wish::Cut);
    }

    fn wish(&self, wish: Wish) {
        if self.wishes.try_send(wish).is_err() {
            tracing::debug!("the hub takes nothing from the glasses");
        }
    }

    /// Ends it.
    pub async fn stop(mut self) {
        self.task.abort();
        // The only error is the abort just asked for.
        let _ = (&mut self.task).await;
    }
}

impl Drop for GlassesClient {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

struct Client {
    hub: String,
    token: Token,
    timing: GlassesTiming,
    wishes: mpsc::Receiver<Wish>,
    events: mpsc::Sender<GlassesEvent>,
    /// Other glasses took their place at the hub.
    replaced: bool,
}

impl Client {
    /// Until the owner is gone.
    async fn run(mut self) {
        loop {
            let reason = match self.connect().await {
                Ok(socket) => {
                    // What was said while nobody heard is lost.
                    while self.wishes.try_recv().is_ok() {}
                    if self.events.send(GlassesEvent::Connected).await.is_err() {
                        return;
                    }
                    match self.talk(socket).await {
                        Some(reason) => reason,
                        None => return,
                    }
                }
                Err(reason) => reason,
            };
            tracing::debug!(%reason, "the glasses have no hub");
            if self.events.send(GlassesEvent::Lost { reason }).await.is_err() {
                return;
            }
            if self.replaced {
                // Until they are put on anew; an end of the wishes is the end of their owner.
                while self.wishes.recv().await.is_some() {}
                return;
            }
            sleep(self.timing.again_after).await;
        }
    }

    async fn connect(&self) -> Result<Socket, String> {
        let request = self.hub.as_str().into_client_request().ok();
        let request = request.filter(|request| request.uri().scheme_str() == Some("ws"));
        let mut request = request.ok_or("the hub's address has to look like ws://host:port/glasses-ws")?;
        let bearer = HeaderValue::from_str(&format!("Bearer {}", self.token.expose()));
        let mut bearer = bearer.map_err(|_| "the token has characters that no token has".to_owned())?;
        bearer.set_sensitive(true);
        request.headers_mut().insert("authorization", bearer);
        let config =
            WebSocketConfig::default().max_message_size(Some(READ_BYTES)).max_frame_size(Some(READ_BYTES));
        match timeout(self.timing.hub_within, connect_async_with_config(request, Some(config), true)).await {
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(error)) => Err(words(&error)),
            Err(_) => Err("the hub does not answer".to_owned()),
        }
    }

    /// Until the connection ends, and why; None when the owner is gone.
    async fn talk(&mut self, mut socket: Socket) -> Option<String> {
        if let Err(reason) = self.send(&mut socket, hello()).await {
            return Some(reason);
        }
        let mut pings = interval(self.timing.ping_every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.reset();
        let mut heard_at = Instant::now();
        loop {
            let outgoing = tokio::select! {
                wish = self.wishes.recv() => match wish? {
                    Wish::Say(message) => Message::text(message.to_json()),
                    Wish::Cut => return Some("cut off".to_owned()),
                },
                _ = pings.tick() => {
                    if heard_at.elapsed() >= self.timing.silent_after {
                        return Some("the hub fell silent".to_owned());
                    }
                    Message::Ping(Default::default())
                }
                heard = socket.next() => {
                    heard_at = Instant::now();
                    match heard {
                        Some(Ok(Message::Text(text))) => self.told(text.as_str()).await?,
                        Some(Ok(Message::Close(frame))) => {
                            // Others took their place: to come back would push those out, and so on for ever.
                            if frame.as_ref().is_some_and(|frame| frame.code == CloseCode::Policy) {
                                self.replaced = true;
                            }
                            let reason = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
                            return Some(format!("the hub hung up: {reason}"));
                        }
                        None => return Some("the hub hung up".to_owned()),
                        // Pings were answered by the library.
                        Some(Ok(_)) => {}
                        Some(Err(error)) => return Some(words(&error)),
                    }
                    continue;
                }
            };
            if let Err(reason) = self.send(&mut socket, outgoing).await {
                return Some(reason);
            }
        }
    }

    async fn send(&self, socket: &mut Socket, message: Message) -> Result<(), String> {
        match timeout(self.timing.hub_within, socket.send(message)).await {
            Ok(sent) => sent.map_err(|error| words(&error)),
            Err(_) => Err("the hub does not read".to_owned()),
        }
    }

    async fn told(&self, text: &str) -> Option<()> {
        match HubToDevice::parse(text) {
            Ok(told) => self.events.send(GlassesEvent::Told(told)).await.ok(),
            Err(error) => {
                tracing::debug!(%error, "the hub said something that is no message");
                Some(())
            }
        }
    }
}

fn hello() -> Message {
    Message::text(DeviceMessage::ConnectionInit(ConnectionInit::default()).to_json())
}

/// What went wrong, for a person; shows nothing of the address.
fn words(error: &Error) -> String {
    match error {
        Error::Http(answer) if answer.status().as_u16() == 401 => {
            "the hub does not know the token".to_owned()
        }
        Error::Http(answer) => format!("the hub answered {}", answer.status()),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
