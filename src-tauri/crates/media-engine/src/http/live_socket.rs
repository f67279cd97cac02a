//! The live socket: a stream's pictures over a WebSocket (RFC 6455) as they come, for web views without WebRTC. What is
//! said is in the module [`live`](crate::live).
//!
//! | | |
//! |---|---|
//! | nothing to send | a ping every 10 s |
//! | nothing heard for 30 s, not even an answer to a ping | closed |
//! | nothing taken for 10 s | closed |
//! | a message of more than 4 KiB | closed (1008); any other is ignored |
//! | the stream is over | `end`, closed (1000) |
//! | the engine stops | closed (1001) |
//!
//! Overflow policy: what has come is sent in rounds. A round that took longer than 1.5 s leaves the viewer as far behind,
//! which then goes on at the newest keyframe and is told so. Between the rounds the bus decides what is too old.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Extension;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::answer::Refused;
use super::listener::{Peer, Stay};
use crate::bus::{BusItem, Reader, TryNext};
use crate::live::{LiveFeed, LiveMessage};
use crate::stream::Stream;
use crate::viewers::UNCOUNTED;

/// A peer that takes nothing for this long is gone.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between pings.
const PING: Duration = Duration::from_secs(10);
/// A peer that says nothing for this long, not even to pings, is gone.
const SILENCE: Duration = Duration::from_secs(30);
/// A round of sending that takes longer moves the viewer to the newest keyframe.
const BEHIND: Duration = Duration::from_millis(1_500);
/// How often the viewer is counted; see the module `viewers`.
const SEEN: Duration = Duration::from_secs(3);
/// Time to say goodbye in, less than the door's own at its close.
const GOODBYE: Duration = Duration::from_secs(1);
/// Most of a message from the peer.
const MAX_HEARD_BYTES: usize = 4 << 10;
/// Messages up to here share a write.
const WRITE_BYTES: usize = 32 << 10;

/// What the address may carry.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    viewer: Option<String>,
}

pub(super) async fn watch(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Extension(peer): Extension<Peer>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refused> {
    let stream = shared.stream(&id)?;
    // The console's own players name themselves; any other is one viewer a socket.
    let name = match asked.viewer {
        Some(own) if UNCOUNTED.contains(&own.as_str()) => own,
        _ => format!("live {from}"),
    };
    Ok(answer(stream, name, shared.stop, &peer, upgrade))
}

/// Takes the connection over, if it asks for that.
pub(super) fn answer(
    stream: Stream,
    name: String,
    stop: CancellationToken,
    peer: &Peer,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else {
        // RFC 9110 s15.5.22: says what to upgrade to.
        let upgrade = [
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
        ];
        let words = "This address is for players that speak WebSocket, version 13.\n";
        return (StatusCode::UPGRADE_REQUIRED, upgrade, words).into_response();
    };
    let stay = peer.stay();
    upgrade
        .read_buffer_size(MAX_HEARD_BYTES)
        .max_message_size(MAX_HEARD_BYTES)
        .max_frame_size(MAX_HEARD_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .on_upgrade(move |socket| play(socket, stream, name, stop, stay))
}

/// Why no more is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// The stream ended, and the peer was told.
    Ended,
    /// The engine stops.
    Stopped,
    /// The peer said what nobody listens to.
    Misbehaved,
    /// The peer closed, broke off, takes nothing or says nothing.
    Gone,
    /// Another connection needs the place.
    Displaced,
}

async fn play(socket: WebSocket, stream: Stream, name: String, stop: CancellationToken, stay: Stay) {
    let (sink, mut heard) = socket.split();
    // `stay` outlives both halves of the socket: the closing door waits for it.
    let mut sending = Sending { sink, stay: &stay, ping_at: Instant::now() + PING };
    let leave = stay.leave();
    let over = tokio::select! {
        biased;
        () = leave.cancelled() => Over::Displaced,
        () = stop.cancelled() => Over::Stopped,
        never = count(&stream, &name) => match never {},
        over = hear(&mut heard) => over,
        over = sending.run(&stream) => over,
    };
    tracing::debug!(viewer = name, ?over, "a live socket closes");
    let code = match over {
        Over::Ended => close_code::NORMAL,
        Over::Stopped => close_code::AWAY,
        Over::Misbehaved => close_code::POLICY,
        Over::Gone | Over::Displaced => return,
    };
    let goodbye = async {
        let frame = CloseFrame { code, reason: "".into() };
        // Broken or not, it ends here.
        if sending.sink.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = heard.next().await {}
        }
    };
    tokio::select! {
        () = leave.cancelled() => {}
        _ = timeout(GOODBYE, goodbye) => {}
    }
}

/// Notes the viewer for as long as it is there.
async fn count(stream: &Stream, name: &str) -> Infallible {
    loop {
        stream.0.player_seen(name);
        sleep(SEEN).await;
    }
}

/// Ignores what the peer says, up to its end. Pings are answered and a close returned by the socket itself.
async fn hear(heard: &mut SplitStream<WebSocket>) -> Over {
    loop {
        match timeout(SILENCE, heard.next()).await {
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(_))) => return Over::Misbehaved,
            Ok(None) | Err(_) => return Over::Gone,
        }
    }
}

/// The writing half.
struct Sending<'a> {
    sink: SplitSink<WebSocket, Message>,
    stay: &'a Stay,
    ping_at: Instant,
}

impl Sending<'_> {
    /// Sends the stream from its newest keyframe on, until it is over or the peer is gone.
    async fn run(&mut self, stream: &Stream) -> Over {
        match self.rounds(stream).await {
            Ok(()) => Over::Ended,
            Err(Gone) => Over::Gone,
        }
    }

    async fn rounds(&mut self, stream: &Stream) -> Result<(), Gone> {
        let mut reader = stream.reader();
        let mut feed = LiveFeed::new(stream.0.created_ms);
        let mut come = Vec::new();
        loop {
            // All of it before any is sent: a round's duration then says how much more has come meanwhile.
            let closed = drain(&mut reader, &mut come);
            let begun = Instant::now();
            for item in come.drain(..) {
                feed.push(item, stream.0.clock.now_ms());
                self.say(&mut feed).await?;
            }
            if closed {
                feed.end();
            }
            feed.settle();
            self.say(&mut feed).await?;
            self.patiently(|sink| sink.flush()).await?;
            if closed {
                return Ok(());
            }
            if begun.elapsed() > BEHIND {
                let units = reader.skip_to_key();
                if units > 0 {
                    feed.push(BusItem::Skipped { units }, stream.0.clock.now_ms());
                    continue;
                }
            }
            tokio::select! {
                () = reader.changed() => {}
                () = sleep_until(self.ping_at) => self.ping().await?,
            }
        }
    }

    async fn say(&mut self, feed: &mut LiveFeed) -> Result<(), Gone> {
        while let Some(message) = feed.pop() {
            let message = match message {
                LiveMessage::Text(text) => Message::Text(text.into()),
                LiveMessage::Binary(bytes) => Message::Binary(bytes),
            };
            self.patiently(|sink| sink.feed(message)).await?;
        }
        if self.ping_at <= Instant::now() {
            self.ping().await?;
        }
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Gone> {
        self.ping_at = Instant::now() + PING;
        self.patiently(|sink| sink.send(Message::Ping(Vec::new().into()))).await
    }

    /// Waits for the peer as long as it takes something now and then.
    async fn patiently<'s, F>(
        &'s mut self,
        send: impl FnOnce(&'s mut SplitSink<WebSocket, Message>) -> F,
    ) -> Result<(), Gone>
    where
        F: Future<Output = Result<(), axum::Error>>,
    {
        let stay = self.stay;
        let begun = Instant::now();
        let deadline = || stay.last_progress().max(begun) + PATIENCE;
        let mut sent = pin!(send(&mut self.sink));
        loop {
            let last = deadline();
            tokio::select! {
                biased;
                sent = sent.as_mut() => return sent.map_err(|_| Gone),
                () = sleep_until(last) => if deadline() <= last {
                    return Err(Gone);
                }
            }
        }
    }
}

/// The peer takes nothing any more.
#[derive(Debug)]
struct Gone;

/// Takes everything the reader has. True once nothing follows.
fn drain(reader: &mut Reader, come: &mut Vec<BusItem>) -> bool {
    loop {
        match reader.try_next() {
            TryNext::Item(item) => come.push(item),
            TryNext::Empty => return false,
            TryNext::Closed => return true,
        }
    }
}

#[cfg(test)]
mod tests;
