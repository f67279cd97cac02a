//! A push that was accepted: units of the bus to the socket, until something ends it.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use media_formats::flv::{AAC_FRAME_PREFIX, AAC_SEQUENCE_PREFIX, AVC_SEQUENCE_PREFIX, avc_frame_prefix};
use media_formats::rtmp::{ClientConnection, ClientEvent};
use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::attempt::{Published, words};
use super::error::ForwardError;
use super::flow::{Flow, LOOK_EVERY, Sent};
use super::line::{Line, Put};
use super::link::Link;
use super::queue::Queue;
use super::stats::Shared;
use super::{ForwardEvents, ForwardOptions};
use crate::bus::{BusItem, Reader, TryNext};
use crate::clock::Clock;
use crate::stream::Stream;

/// Read at once; the far side says little.
pub(super) const READ_BYTES: usize = 4 << 10;

/// Where the media comes from. Holds no stream: a push must not keep one alive.
#[derive(Debug)]
pub(super) struct Source {
    reader: Reader,
    clock: Clock,
    created_ms: u64,
}

impl Source {
    pub(super) fn of(stream: &Stream) -> Self {
        Self { reader: stream.reader(), clock: stream.0.clock, created_ms: stream.0.created_ms }
    }

    /// Position on the stream's time line.
    fn now_ms(&self) -> i64 {
        self.clock.now_ms() as i64 - self.created_ms as i64
    }
}

/// Why waiting ended.
enum Wake {
    Units,
    Room,
    Read,
    Timer,
    Stop,
    Closed,
}

/// Runs until stopped.
///
/// # Errors
/// What ended it, if nobody asked it to.
pub(super) async fn run(
    published: Published,
    source: Source,
    options: &ForwardOptions,
    events: &ForwardEvents,
    shared: &Shared,
    stop: &CancellationToken,
) -> Result<(), ForwardError> {
    let accepted_at = Instant::now();
    let mut live = Live::new(published, source, options, accepted_at);
    let mut stopped = pin!(stop.cancelled());
    let mut sleep = pin!(sleep_until(accepted_at));
    let closed = || ForwardError::Closed { after_ms: accepted_at.elapsed().as_millis() as u64 };
    loop {
        if live.take_units() {
            let Live { link, connection, queue, .. } = live;
            // The stream is over, whatever becomes of the goodbye.
            let _ =
                tokio::time::timeout(super::GOODBYE, goodbye(link, connection, queue.into_pieces())).await;
            return Err(ForwardError::StreamEnded);
        }
        live.take_replies();
        let wake = {
            let Live { link, queue, source, scratch, received, sent_bytes, .. } = &mut live;
            let full = queue.is_full();
            let mut changed = pin!(source.reader.changed());
            poll_fn(|cx| {
                match queue.poll_write(cx, link, sent_bytes) {
                    Poll::Ready(Err(_)) => return Poll::Ready(Wake::Closed),
                    Poll::Ready(Ok(())) | Poll::Pending if full && !queue.is_full() => {
                        return Poll::Ready(Wake::Room);
                    }
                    Poll::Ready(Ok(())) | Poll::Pending => {}
                }
                match poll_read(cx, link, scratch, received) {
                    Poll::Ready(Ok(1..)) => return Poll::Ready(Wake::Read),
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Wake::Closed),
                    Poll::Pending => {}
                }
                if !full && changed.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Wake::Units);
                }
                if sleep.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Wake::Timer);
                }
                stopped.as_mut().poll(cx).map(|()| Wake::Stop)
            })
            .await
        };
        match wake {
            Wake::Units | Wake::Room => {}
            Wake::Read => hear(&mut live.connection, &mut live.received)
                .map_err(|refused| refused.unwrap_or_else(closed))?,
            Wake::Closed => return Err(closed()),
            Wake::Stop => {
                let Live { link, connection, queue, .. } = live;
                // Who asked to stop waits no longer than it must.
                let _ = goodbye(link, connection, queue.into_pieces()).await;
                return Ok(());
            }
            Wake::Timer => {
                live.idle();
                if Instant::now() >= live.next_look {
                    live.look(accepted_at, events, shared);
                }
                sleep.as_mut().reset(live.wake_at());
            }
        }
    }
}

struct Live {
    link: Link,
    connection: ClientConnection,
    received: BytesMut,
    scratch: Box<[u8; READ_BYTES]>,
    source: Source,
    line: Line,
    puts: Vec<Put>,
    pieces: Vec<Bytes>,
    queue: Queue,
    sent_bytes: u64,
    /// Since when there has been more to send than was sent.
    behind_since: Option<Instant>,
    most_behind: Duration,
    next_look: Instant,
    flow: Flow,
}

impl Live {
    fn new(published: Published, source: Source, options: &ForwardOptions, now: Instant) -> Self {
        let Published { link, connection, received } = published;
        Self {
            flow: Flow::new(&link, &connection, options.stall_after),
            link,
            connection,
            received,
            scratch: Box::new([0; READ_BYTES]),
            source,
            line: Line::new(options.pace, options.encoder.clone()),
            puts: Vec::new(),
            pieces: Vec::new(),
            queue: Queue::default(),
            sent_bytes: 0,
            behind_since: None,
            most_behind: options.most_behind,
            next_look: now,
        }
    }

    /// Queues what the bus has, as long as there is room. True once the stream is over.
    fn take_units(&mut self) -> bool {
        let now_ms = self.source.now_ms();
        loop {
            if self.queue.is_full() {
                self.behind_since.get_or_insert_with(Instant::now);
                return false;
            }
            match self.source.reader.try_next() {
                TryNext::Item(BusItem::Unit { unit, epoch }) => {
                    self.line.unit(&unit, epoch, now_ms, &mut self.puts);
                    self.queue_puts();
                }
                TryNext::Item(BusItem::Skipped { units }) => self.line.skipped(units),
                TryNext::Empty => {
                    self.behind_since = None;
                    return false;
                }
                TryNext::Closed => return true,
            }
        }
    }

    fn queue_puts(&mut self) {
        for put in self.puts.drain(..) {
            let (connection, pieces) = (&mut self.connection, &mut self.pieces);
            match put {
                Put::Metadata(value) => connection.metadata(&value),
                Put::VideoHeader { timestamp_ms, avcc } => {
                    connection.video(rtmp_ms(timestamp_ms), AVC_SEQUENCE_PREFIX, &avcc, pieces);
                }
                Put::AudioHeader { timestamp_ms, asc } => {
                    connection.audio(rtmp_ms(timestamp_ms), AAC_SEQUENCE_PREFIX, &asc, pieces);
                }
                Put::Video { timestamp_ms, cts_ms, key, payload } => {
                    connection.video(rtmp_ms(timestamp_ms), avc_frame_prefix(key, cts_ms), &payload, pieces);
                }
                Put::Audio { timestamp_ms, payload } => {
                    connection.audio(rtmp_ms(timestamp_ms), AAC_FRAME_PREFIX, &payload, pieces);
                }
            }
        }
        self.pieces.drain(..).for_each(|piece| self.queue.push(piece));
    }

    /// Queues what the connection itself has to say: acknowledgements, answers to pings.
    fn take_replies(&mut self) {
        while let Some(bytes) = self.connection.poll_transmit() {
            self.queue.push(bytes);
        }
    }

    /// Stands in for a silent source.
    fn idle(&mut self) {
        // A source of which units still wait here is not silent.
        if self.behind_since.is_none() {
            self.line.idle(self.source.now_ms(), !self.queue.is_full(), &mut self.puts);
            self.queue_puts();
        }
    }

    /// Looks at the numbers: proof, bitrate, and whether to give up what is late.
    fn look(&mut self, accepted_at: Instant, events: &ForwardEvents, shared: &Shared) {
        let now = Instant::now();
        self.next_look = now + LOOK_EVERY;
        if self.behind_since.is_some_and(|since| now - since >= self.most_behind) {
            let units = self.source.reader.skip_to_key();
            self.line.skipped(units);
            self.behind_since = Some(now);
        }
        let sent = Sent {
            bytes: self.sent_bytes,
            waiting: !self.queue.is_empty(),
            media_ms: self.line.newest_ms(),
            since_accepted: now - accepted_at,
        };
        let told = self.flow.look(&self.link, &self.connection, sent, shared);
        shared.dropped(self.line.dropped_units());
        if let Some(event) = told {
            events(event);
        }
    }

    /// When the timer is needed next.
    fn wake_at(&self) -> Instant {
        // Behind, there is nothing to stand in for.
        let idle_at = self.line.deadline_ms().filter(|_| self.behind_since.is_none()).map(|at_ms| {
            let in_ms = at_ms.saturating_sub(self.source.now_ms()).max(1);
            Instant::now() + Duration::from_millis(in_ms as u64)
        });
        idle_at.map_or(self.next_look, |at| at.min(self.next_look))
    }
}

/// Hears what the far side said; an error ends the push, and is what was refused if something was.
pub(super) fn hear(
    connection: &mut ClientConnection,
    received: &mut BytesMut,
) -> Result<(), Option<ForwardError>> {
    connection.receive(received).map_err(|error| {
        tracing::debug!(%error, "the far side does not speak RTMP as it should");
        None
    })?;
    while let Some(event) = connection.poll_event() {
        match event {
            ClientEvent::Closed { code, .. } => {
                tracing::debug!(%code, "the far side ended the stream");
                return Err(None);
            }
            // Some servers accept first and look at the key afterwards.
            ClientEvent::PublishRejected { code, description } => {
                return Err(Some(ForwardError::PublishRejected { description: words(code, description) }));
            }
            _ => {}
        }
    }
    if connection.wants_close() { Err(None) } else { Ok(()) }
}

/// RTMP's clock wraps after 49 days (RTMP 1.0 s3).
fn rtmp_ms(timestamp_ms: i64) -> u32 {
    timestamp_ms as u32
}

/// Reads what is there, by way of `scratch`.
pub(super) fn poll_read(
    cx: &mut Context<'_>,
    link: &mut Link,
    scratch: &mut [u8; READ_BYTES],
    received: &mut BytesMut,
) -> Poll<io::Result<usize>> {
    let mut buffer = ReadBuf::new(scratch);
    match Pin::new(link).poll_read(cx, &mut buffer) {
        Poll::Ready(Ok(())) => {
            received.extend_from_slice(buffer.filled());
            Poll::Ready(Ok(buffer.filled().len()))
        }
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Pending => Poll::Pending,
    }
}

/// Takes leave: what was begun is finished, then the goodbye, then the connection is closed. May take as long as the far
/// side likes.
pub(super) async fn goodbye(
    mut link: Link,
    mut connection: ClientConnection,
    pending: impl IntoIterator<Item = Bytes>,
) -> io::Result<()> {
    for piece in pending {
        link.write_all(&piece).await?;
    }
    connection.close();
    while let Some(bytes) = connection.poll_transmit() {
        link.write_all(&bytes).await?;
    }
    link.flush().await?;
    link.shutdown().await?;
    // Closing with unread bytes is a reset, which takes from the far side what it has not read yet.
    let mut rest = [0; READ_BYTES];
    while link.read(&mut rest).await? > 0 {}
    Ok(())
}
