//! One WebSocket after its upgrade: a bounded queue out, messages in, and a close that waits for nobody.
//!
//! The queue has 256 places. Whoever does not read until it is full is closed with 1011: a late message is worse than
//! a new start, at which the hub tells the present state anyway.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::rate::Bucket;
use crate::timing::Timing;

/// Longest message, bytes.
pub(crate) const MESSAGE_BYTES: usize = 64 << 10;
/// Longest message that is read to its end, so that its sender is told why it has to go, bytes.
pub(crate) const READ_BYTES: usize = 256 << 10;
/// Messages on their way out.
const QUEUE: usize = 256;
/// A close frame's reason (RFC 6455 s5.5: 125 bytes, two of them the code).
const REASON_BYTES: usize = 123;

/// A close frame: RFC 6455 s7.4 code and reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) code: u16,
    pub(crate) reason: String,
}

impl Close {
    pub(crate) fn new(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        reason.truncate(reason.floor_char_boundary(REASON_BYTES));
        Self { code, reason }
    }
}

/// How a conversation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// The hub closes it.
    Hub(Close),
    /// The peer closed it (1005: without a code), or was lost (no code).
    Peer { code: Option<u16>, reason: String },
}

enum Outgoing {
    Text(String),
    Ping,
}

/// The sending side, shared by all who have something to say.
pub(crate) struct Line {
    queue: mpsc::Sender<Outgoing>,
    order: Mutex<Option<Close>>,
    cut: CancellationToken,
}

impl Line {
    /// Queues a text; a full queue closes the socket. `false` when the socket is closing.
    pub(crate) fn send(&self, text: String) -> bool {
        self.queue(Outgoing::Text(text))
    }

    /// Sends what is queued, then the close frame. The first order stands.
    pub(crate) fn close(&self, close: Close) {
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.cut.is_cancelled() {
            *order = Some(close);
            self.cut.cancel();
        }
    }

    /// Ends it without a close frame: the peer is gone or has said its own.
    fn hang_up(&self) {
        self.cut.cancel();
    }

    /// Waits until it is closing, or closed.
    pub(crate) async fn over(&self) {
        self.cut.cancelled().await;
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut.is_cancelled()
    }

    fn queue(&self, outgoing: Outgoing) -> bool {
        if self.cut.is_cancelled() {
            return false;
        }
        match self.queue.try_send(outgoing) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.close(Close::new(1011, "Messages were not read"));
                false
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        }
    }

    /// One that leads nowhere.
    #[cfg(test)]
    pub(crate) fn loose() -> Arc<Self> {
        let (queue, _) = mpsc::channel(1);
        Arc::new(Self { queue, order: Mutex::default(), cut: CancellationToken::new() })
    }

    fn ordered(&self) -> Option<Close> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// An app, which sends nothing but texts.
    App,
    /// Glasses, whose phone may send sound besides: binary frames, many a second.
    Glasses,
}

/// Splits a socket; its writer runs among `tasks` until the line, whose token is `cut`, is cut.
pub(crate) fn open(
    socket: WebSocket,
    peer: Peer,
    tasks: &TaskTracker,
    cut: CancellationToken,
    timing: &Timing,
) -> (Arc<Line>, Reader) {
    let (sink, stream) = socket.split();
    let (queue, queued) = mpsc::channel(QUEUE);
    let line = Arc::new(Line { queue, order: Mutex::default(), cut });
    tasks.spawn(write(sink, queued, Arc::clone(&line), timing.close_within));
    let now = Instant::now();
    let mut pings = interval_at(now + timing.ping_every, timing.ping_every);
    // Pings that were due while the console was busy are no missed pongs.
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let reader = Reader {
        stream,
        peer,
        line: Arc::clone(&line),
        pings,
        unanswered: 0,
        missed_pongs: timing.missed_pongs,
        close_within: timing.close_within,
        bucket: Bucket::new(now),
    };
    (line, reader)
}

async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut queued: mpsc::Receiver<Outgoing>,
    line: Arc<Line>,
    close_within: Duration,
) {
    loop {
        let outgoing = tokio::select! {
            biased;
            () = line.cut.cancelled() => break,
            outgoing = queued.recv() => outgoing,
        };
        let Some(outgoing) = outgoing else { break };
        let mut sending = std::pin::pin!(sink.send(message(outgoing)));
        let sent = tokio::select! {
            biased;
            sent = &mut sending => sent.is_ok(),
            () = line.cut.cancelled() => matches!(timeout(close_within, sending).await, Ok(Ok(()))),
        };
        if !sent {
            line.hang_up();
            return;
        }
    }
    let Some(close) = line.ordered() else { return };
    let farewell = async {
        while let Ok(outgoing) = queued.try_recv() {
            sink.feed(message(outgoing)).await?;
        }
        let frame = CloseFrame { code: close.code, reason: close.reason.into() };
        sink.send(Message::Close(Some(frame))).await
    };
    // Whether it arrived makes no difference any more.
    let _ = timeout(close_within, farewell).await;
}

fn message(outgoing: Outgoing) -> Message {
    match outgoing {
        Outgoing::Text(text) => Message::Text(text.into()),
        Outgoing::Ping => Message::Ping(Default::default()),
    }
}

/// The receiving side.
pub(crate) struct Reader {
    stream: SplitStream<WebSocket>,
    peer: Peer,
    line: Arc<Line>,
    pings: Interval,
    unanswered: u32,
    missed_pongs: u32,
    close_within: Duration,
    bucket: Bucket,
}

impl Reader {
    /// The next text. Pings are sent and counted meanwhile; frames that are no text are ignored. May be dropped and
    /// called again.
    ///
    /// # Errors
    /// How the conversation ended.
    pub(crate) async fn next_text(&mut self) -> Result<Utf8Bytes, End> {
        loop {
            let line = Arc::clone(&self.line);
            let message = tokio::select! {
                biased;
                () = line.cut.cancelled() => return Err(line.ordered().map_or_else(lost, End::Hub)),
                message = self.stream.next() => message,
                _ = self.pings.tick() => {
                    self.ping()?;
                    continue;
                }
            };
            let Some(message) = message else { return Err(lost()) };
            let Ok(message) = message else {
                // Lost, or no WebSocket any more: whoever still listens is told.
                line.close(Close::new(1002, "The message could not be read"));
                return Err(lost());
            };
            let counts = self.peer == Peer::App || !matches!(message, Message::Binary(_));
            if counts && !self.bucket.take(Instant::now()) {
                return Err(End::Hub(Close::new(1008, "Too many messages")));
            }
            match message {
                Message::Text(text) if text.len() > MESSAGE_BYTES => {
                    return Err(End::Hub(Close::new(1009, "The message is longer than 64 KiB")));
                }
                Message::Text(text) => return Ok(text),
                Message::Close(frame) => return Err(said_goodbye(frame)),
                Message::Pong(_) => self.unanswered = 0,
                Message::Ping(_) | Message::Binary(_) => {}
            }
        }
    }

    fn ping(&mut self) -> Result<(), End> {
        if self.unanswered >= self.missed_pongs {
            return Err(End::Hub(Close::new(1011, "Pings were not answered")));
        }
        self.unanswered += 1;
        self.line.queue(Outgoing::Ping);
        Ok(())
    }

    /// Cuts the line and waits, not for long, until the peer has taken the close frame: closing with unread messages
    /// would take it away from the peer. Nobody waits for a peer that was lost.
    pub(crate) async fn finish(mut self, end: &End) {
        match end {
            End::Hub(close) => self.line.close(close.clone()),
            End::Peer { code: Some(_), .. } => self.line.hang_up(),
            End::Peer { code: None, .. } => return self.line.hang_up(),
        }
        let goodbye = async { while let Some(Ok(_)) = self.stream.next().await {} };
        let _ = timeout(self.close_within, goodbye).await;
    }
}

fn lost() -> End {
    End::Peer { code: None, reason: "the connection broke".to_owned() }
}

fn said_goodbye(frame: Option<CloseFrame>) -> End {
    // RFC 6455 s7.1.5: a close frame without a code counts as 1005.
    match frame {
        Some(frame) => End::Peer { code: Some(frame.code), reason: frame.reason.to_string() },
        None => End::Peer { code: Some(1005), reason: String::new() },
    }
}
