//! The desktop's end of a relay: an outbound socket by which webhooks come that could not reach this computer themselves.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use mentra_wire::{DesktopToRelay, RelayAnswer, RelayToDesktop, RelayWelcome, Webhook};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::config::RelayConfig;
use super::destination::Destination;
use super::dial::{self, DialError, WebSocket};
use super::event::{CloudEvent, RelayState};
use super::shared::CloudShared;
use super::webhooks;
use crate::shared::lock;

/// Longest text of the relay's that is shown, characters.
const SHOWN_CHARS: usize = 200;

/// How a connection ended.
enum Ended {
    /// Tried again.
    Lost(String),
    /// Not tried again.
    Refused(String),
    /// The client stops.
    Stopped,
}

/// Until the client stops, or the relay will have none of us.
pub(super) async fn serve(shared: Arc<CloudShared>, config: RelayConfig) {
    let (destination, headers) = match entrance(&config) {
        Ok(entrance) => entrance,
        Err(words) => return tell(&shared, RelayState::Refused(words)).await,
    };
    let mut losses = 0;
    loop {
        tell(&shared, RelayState::Connecting).await;
        let since = Instant::now();
        let ended = tokio::select! {
            biased;
            () = shared.stop.cancelled() => Ended::Stopped,
            dialled = dial::web_socket(&destination, headers.clone(), &shared.tls, shared.timing.dial_within) => {
                match dialled {
                    Ok(socket) => talk(&shared, socket).await,
                    Err(DialError::Http(401, _)) => Ended::Refused(
                        "The relay does not know this token. Copy it again from the relay.".to_owned(),
                    ),
                    Err(error) => Ended::Lost(error.words("the relay")),
                }
            }
        };
        lock(&shared.mailbox).take();
        let reason = match ended {
            Ended::Lost(reason) => reason,
            Ended::Refused(words) => return tell(&shared, RelayState::Refused(words)).await,
            Ended::Stopped => return,
        };
        if since.elapsed() >= shared.timing.steady_after {
            losses = 0;
        }
        losses += 1;
        tell(&shared, RelayState::Lost(reason)).await;
        let wait = shared.timing.backoff(losses, (shared.jitter)());
        if shared.stop.run_until_cancelled(sleep(wait)).await.is_none() {
            return;
        }
    }
}

async fn tell(shared: &CloudShared, state: RelayState) {
    shared.tell(CloudEvent::Relay(state)).await;
}

/// Where a relay takes desktops, and what opens it.
fn entrance(config: &RelayConfig) -> Result<(Destination, HeaderMap), String> {
    let destination = Destination::below(&config.url, "desktop", "wss", "ws").map_err(|why| {
        format!("The relay's address cannot be used: {why}. It looks like wss://relay.example.com.")
    })?;
    if !destination.tls && !destination.loopback {
        return Err(
            "The relay's address has to begin with wss://: without encryption, others could read the token."
                .to_owned(),
        );
    }
    let bearer = HeaderValue::from_str(&format!("Bearer {}", config.token.expose()));
    let mut bearer = bearer.map_err(|_| "The token has characters that no token has.".to_owned())?;
    bearer.set_sensitive(true);
    Ok((destination, HeaderMap::from_iter([(AUTHORIZATION, bearer)])))
}

async fn talk(shared: &CloudShared, mut socket: WebSocket) -> Ended {
    let timing = &shared.timing;
    let mut pings = interval(timing.ping_every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    let mut heard_at = Instant::now();
    loop {
        let outgoing = tokio::select! {
            biased;
            () = shared.stop.cancelled() => {
                leave(socket, timing.close_within).await;
                return Ended::Stopped;
            }
            heard = socket.next() => {
                heard_at = Instant::now();
                match heard {
                    Some(Ok(Message::Text(text))) => match heard_text(shared, &text).await {
                        Some(answer) => Message::text(answer),
                        None => continue,
                    },
                    Some(Ok(Message::Close(frame))) => return said_goodbye(frame),
                    // Pings were answered by the library.
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => return Ended::Lost(format!("the connection broke: {error}")),
                    None => return Ended::Lost("the relay hung up".to_owned()),
                }
            }
            _ = pings.tick() => {
                if heard_at.elapsed() >= timing.silent_after {
                    return Ended::Lost("the relay fell silent".to_owned());
                }
                Message::Ping(Default::default())
            }
        };
        let sent = tokio::select! {
            sent = timeout(timing.take_within, socket.send(outgoing)) => sent,
            () = shared.stop.cancelled() => return Ended::Stopped,
        };
        match sent {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Ended::Lost(format!("the connection broke: {error}")),
            Err(_) => return Ended::Lost("the relay does not read".to_owned()),
        }
    }
}

/// What to answer.
async fn heard_text(shared: &CloudShared, text: &str) -> Option<String> {
    match RelayToDesktop::parse(text) {
        Ok(RelayToDesktop::Welcome(RelayWelcome { mailbox, public_url, .. })) => {
            *lock(&shared.mailbox) = Some(mailbox.clone());
            tell(shared, RelayState::Connected { public_url, mailbox }).await;
            None
        }
        Ok(RelayToDesktop::Webhook(relayed)) => {
            let webhook = Webhook::parse(&relayed.body.to_string()).ok();
            let webhook = webhook.filter(|webhook| !matches!(webhook, Webhook::Unknown(_)))?;
            let answer = RelayAnswer { id: relayed.id, ..RelayAnswer::default() };
            webhooks::take(shared, webhook).then(|| DesktopToRelay::Answer(answer).to_json())
        }
        Ok(RelayToDesktop::Unknown(_)) => None,
        Err(error) => {
            tracing::debug!(%error, "the relay said something that is no message");
            None
        }
    }
}

fn said_goodbye(frame: Option<CloseFrame>) -> Ended {
    match frame {
        // To come back would push the other out, and so on for ever.
        Some(frame) if frame.code == CloseCode::Policy => Ended::Refused(
            "Another computer uses this token at the relay. Give each computer a token of its own."
                .to_owned(),
        ),
        Some(frame) if !frame.reason.is_empty() => {
            let said: String = frame.reason.chars().take(SHOWN_CHARS).collect();
            Ended::Lost(format!("the relay hung up: {said}"))
        }
        _ => Ended::Lost("the relay hung up".to_owned()),
    }
}

async fn leave(mut socket: WebSocket, within: Duration) {
    let farewell = async {
        if socket.close(None).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    // Whether the relay heard it makes no difference any more.
    let _ = timeout(within, farewell).await;
}

#[cfg(test)]
mod tests;
