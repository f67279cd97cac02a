//! The other end of the hub's device side: a client as the phone of glasses is one, for glasses that are a program.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use mentra_wire::{DeviceMessage, HubToDevice};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::token::Token;

/// A phone tries again after so long, for ever.
const AGAIN: Duration = Duration::from_secs(5);
/// Messages on their way to the hub. Overflow policy: the sayer waits.
const SAYING: usize = 32;

/// What happens to the connection.
#[derive(Debug)]
pub enum GlassesEvent {
    /// The hub let the glasses in.
    Connected,
    /// The connection is lost, or could not be made; it is tried again after 5 s.
    Lost {
        /// Why.
        reason: String,
    },
    /// The hub says something.
    Told(HubToDevice),
}

/// Wish of the owner.
enum Wish {
    Say(DeviceMessage),
    Cut,
}

/// A connection to a hub that comes back by itself. Dropping it ends it.
#[derive(Debug)]
pub struct GlassesClient {
    wishes: mpsc::Sender<Wish>,
    task: JoinHandle<()>,
}

impl GlassesClient {
    /// Connects to a hub's device address, such as `ws://127.0.0.1:8002/glasses-ws`, and goes on trying. What happens goes to
    /// `events`, which has to be read.
    pub fn start(hub: String, token: Token, events: mpsc::Sender<GlassesEvent>) -> Self {
        let (wishes, wished) = mpsc::channel(SAYING);
        Self { wishes, task: tokio::spawn(run(hub, token, wished, events)) }
    }

    /// Says something to the hub; lost if there is no connection.
    pub async fn say(&self, message: DeviceMessage) {
        // An error means that the client has ended.
        let _ = self.wishes.send(Wish::Say(message)).await;
    }

    /// Breaks the connection off, as a bad network would.
    pub async fn cut(&self) {
        let _ = self.wishes.send(Wish::Cut).await;
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

async fn run(
    hub: String,
    token: Token,
    mut wishes: mpsc::Receiver<Wish>,
    events: mpsc::Sender<GlassesEvent>,
) {
    loop {
        let reason = match connect(&hub, &token).await {
            Ok(socket) => {
                if events.send(GlassesEvent::Connected).await.is_err() {
                    return;
                }
                match talk(socket, &mut wishes, &events).await {
                    Some(reason) => reason,
                    None => return,
                }
            }
            Err(reason) => reason,
        };
        if events.send(GlassesEvent::Lost { reason }).await.is_err() {
            return;
        }
        let again = tokio::time::sleep(AGAIN);
        tokio::pin!(again);
        loop {
            tokio::select! {
                () = &mut again => break,
                // What is said while nobody hears is lost, as it would be for a phone.
                wish = wishes.recv() => if wish.is_none() { return },
            }
        }
    }
}

async fn connect(hub: &str, token: &Token) -> Result<Socket, String> {
    let mut request = hub.into_client_request().map_err(|error| error.to_string())?;
    let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose()));
    request.headers_mut().insert("authorization", bearer.map_err(|error| error.to_string())?);
    connect_async(request).await.map(|(socket, _)| socket).map_err(|error| error.to_string())
}

/// Until the connection ends, and why; None when the owner is gone.
async fn talk(
    mut socket: Socket,
    wishes: &mut mpsc::Receiver<Wish>,
    events: &mpsc::Sender<GlassesEvent>,
) -> Option<String> {
    loop {
        tokio::select! {
            wish = wishes.recv() => match wish? {
                Wish::Say(message) => {
                    let text = message.to_json();
                    if let Err(error) = socket.send(Message::text(text)).await {
                        return Some(error.to_string());
                    }
                }
                Wish::Cut => return Some("cut off".to_owned()),
            },
            heard = socket.next() => match heard {
                Some(Ok(Message::Text(text))) => match HubToDevice::parse(text.as_str()) {
                    Ok(told) => events.send(GlassesEvent::Told(told)).await.ok()?,
                    Err(error) => tracing::debug!(%error, "the hub said something that is no message"),
                },
                Some(Ok(Message::Close(_))) | None => return Some("the hub hung up".to_owned()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Some(error.to_string()),
            },
        }
    }
}
