//! A clip published by RTMP or RTMPS, as a camera does it: on its own clock, with nothing repaired on the way. Needs no
//! engine and no stream.
//!
//! Overflow policy: a connection that does not take a picture in time loses it and all up to the next keyframe, as with
//! any live encoder; what was left out is counted.

mod timestamps;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use media_formats::flv;
use media_formats::rtmp::{ClientConnection, PublishTarget};
use media_formats::unit::TrackKind;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use self::timestamps::Stamps;
use super::attempt::{self, Published};
use super::error::ForwardError;
use super::flow::{Flow, LOOK_EVERY, Sent};
use super::link::Link;
use super::live::{READ_BYTES, goodbye, hear, poll_read};
use super::queue::Queue;
use super::stats::{Meter, Shared};
use super::{ForwardEvent, ForwardEvents, ForwardOptions, GOODBYE};
use crate::clip::{Clip, ClipFrames, FrameKind};

/// Frames taken before the socket is looked at again.
const FRAMES_AT_ONCE: usize = 64;

/// What clock a clip is published by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClipTimestamps {
    /// From zero, as the file has them.
    #[default]
    Clean,
    /// As some encoders of glasses have them: pictures that begin far from zero and far from the sound, uneven distances,
    /// small steps back, no metadata, and another beginning after each connection.
    Odd {
        /// Which connection of the session this is, from 0.
        connection: u32,
    },
}

/// How a clip's publishing goes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ClipStats {
    /// Bytes the connection took, headers included.
    pub sent_bytes: u64,
    /// Bytes of them the far side acknowledged, as far as is known.
    pub acked_bytes: u64,
    /// Sent over the last 2 s.
    pub bitrate_bps: u64,
    /// Pictures a second over the last 2 s.
    pub fps: f64,
    /// Pictures left out because the connection was too slow.
    pub dropped_frames: u64,
    /// Since the far side let the stream in.
    pub duration_ms: u64,
    /// The far side let the stream in, and the connection stands.
    pub accepted: bool,
    /// The far side takes our bytes.
    pub draining: bool,
}

#[derive(Debug, Default)]
struct Counts {
    flow: Shared,
    milli_fps: AtomicU64,
    duration_ms: AtomicU64,
}

/// One attempt to publish a clip to one target. Dropping it closes the connection at once.
#[derive(Debug)]
pub struct ClipPublisher {
    counts: Arc<Counts>,
    stop: CancellationToken,
    cut: CancellationToken,
    task: JoinHandle<()>,
}

impl ClipPublisher {
    /// Begins, on the runtime it is called from. `events` is told there: accepted, draining or not, ended.
    pub fn start(
        clip: &Clip,
        target: PublishTarget,
        options: ForwardOptions,
        timestamps: ClipTimestamps,
        events: ForwardEvents,
    ) -> Self {
        let counts = Arc::new(Counts::default());
        let (stop, cut) = (CancellationToken::new(), CancellationToken::new());
        let run = Run {
            clip: clip.clone(),
            options,
            timestamps,
            events,
            counts: Arc::clone(&counts),
            stop: stop.clone(),
            cut: cut.clone(),
        };
        let task = tokio::spawn(run.run(target));
        Self { counts, stop, cut, task }
    }

    /// How it goes.
    pub fn stats(&self) -> ClipStats {
        let flow = self.counts.flow.stats();
        ClipStats {
            sent_bytes: flow.sent_bytes,
            acked_bytes: flow.acked_bytes,
            bitrate_bps: flow.bitrate_bps,
            fps: self.counts.milli_fps.load(Ordering::Relaxed) as f64 / 1_000.0,
            dropped_frames: flow.dropped_units,
            duration_ms: self.counts.duration_ms.load(Ordering::Relaxed),
            accepted: flow.accepted,
            draining: flow.draining,
        }
    }

    /// Closes the connection now, without a goodbye, as when a network breaks. Ends with [`ForwardError::Closed`].
    pub fn cut(&self) {
        self.cut.cancel();
    }

    /// Says goodbye and waits until the connection is closed, at most a second. Nothing is told of it.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(GOODBYE, &mut self.task).await.is_err() {
            self.task.abort();
            // The only error is the abort just asked for.
            let _ = (&mut self.task).await;
        }
    }
}

impl Drop for ClipPublisher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Run {
    clip: Clip,
    options: ForwardOptions,
    timestamps: ClipTimestamps,
    events: ForwardEvents,
    counts: Arc<Counts>,
    stop: CancellationToken,
    cut: CancellationToken,
}

impl Run {
    async fn run(self, target: PublishTarget) {
        let published = tokio::select! {
            () = self.stop.cancelled() => return,
            () = self.cut.cancelled() => Err(ForwardError::Closed { after_ms: 0 }),
            published = attempt::publish(&target, &self.options) => published,
        };
        let outcome = match published {
            Ok(published) => {
                self.counts.flow.accept();
                (self.events)(ForwardEvent::Accepted);
                self.send(published).await
            }
            Err(error) => Err(error),
        };
        self.counts.flow.end();
        self.counts.milli_fps.store(0, Ordering::Relaxed);
        if let Err(error) = outcome {
            tracing::debug!(%error, "publishing a clip ended");
            (self.events)(ForwardEvent::Ended(error));
        }
    }

    /// Sends the clip until stopped.
    async fn send(&self, published: Published) -> Result<(), ForwardError> {
        let accepted_at = Instant::now();
        let mut live = Live::new(published, self, accepted_at);
        let (mut stopped, mut cut) = (pin!(self.stop.cancelled()), pin!(self.cut.cancelled()));
        let mut sleep = pin!(sleep_until(accepted_at));
        let closed = || ForwardError::Closed { after_ms: accepted_at.elapsed().as_millis() as u64 };
        loop {
            live.take_frames(accepted_at);
            live.take_replies();
            if Instant::now() >= live.next_look {
                live.look(accepted_at, self);
            }
            sleep.as_mut().reset(live.wake_at(accepted_at));
            let wake = {
                let Live { link, queue, scratch, received, sent_bytes, .. } = &mut live;
                poll_fn(|cx| {
                    if cut.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(Wake::Closed);
                    }
                    if let Poll::Ready(Err(_)) = queue.poll_write(cx, link, sent_bytes) {
                        return Poll::Ready(Wake::Closed);
                    }
                    match poll_read(cx, link, scratch, received) {
                        Poll::Ready(Ok(1..)) => return Poll::Ready(Wake::Read),
                        Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Wake::Closed),
                        Poll::Pending => {}
                    }
                    if stopped.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(Wake::Stop);
                    }
                    sleep.as_mut().poll(cx).map(|()| Wake::Timer)
                })
                .await
            };
            match wake {
                Wake::Timer => {}
                Wake::Read => hear(&mut live.connection, &mut live.received)
                    .map_err(|refused| refused.unwrap_or_else(closed))?,
                Wake::Closed => return Err(closed()),
                Wake::Stop => {
                    let Live { link, connection, queue, .. } = live;
                    // Who asked to stop waits no longer than it must.
                    let _ = goodbye(link, connection, queue.into_pieces()).await;
                    return Ok(());
                }
            }
        }
    }
}

/// Why waiting ended.
enum Wake {
    Timer,
    Read,
    Stop,
    Closed,
}

struct Live {
    link: Link,
    connection: ClientConnection,
    received: BytesMut,
    scratch: Box<[u8; READ_BYTES]>,
    frames: ClipFrames,
    stamps: Stamps,
    pieces: Vec<Bytes>,
    queue: Queue,
    sent_bytes: u64,
    /// Time of the newest frame in the clip.
    media_ms: u64,
    /// A picture was left out: nothing but a keyframe can follow.
    awaits_key: bool,
    pictures: u64,
    dropped: u64,
    next_look: Instant,
    flow: Flow,
    rate: Meter,
}

impl Live {
    fn new(published: Published, run: &Run, now: Instant) -> Self {
        let Published { link, mut connection, received } = published;
        if run.timestamps == ClipTimestamps::Clean {
            let metadata =
                flv::stream_metadata(run.clip.video(), None, run.clip.audio(), &run.options.encoder);
            connection.metadata(&metadata);
        }
        Self {
            flow: Flow::new(&link, &connection, run.options.stall_after),
            link,
            connection,
            received,
            scratch: Box::new([0; READ_BYTES]),
            frames: run.clip.frames(),
            stamps: Stamps::new(run.timestamps),
            pieces: Vec::new(),
            queue: Queue::default(),
            sent_bytes: 0,
            media_ms: 0,
            awaits_key: false,
            pictures: 0,
            dropped: 0,
            next_look: now,
            rate: Meter::default(),
        }
    }

    fn due(&self, accepted_at: Instant) -> Instant {
        accepted_at + Duration::from_millis(self.frames.due_ms())
    }

    fn wake_at(&self, accepted_at: Instant) -> Instant {
        self.due(accepted_at).min(self.next_look)
    }

    /// Queues what is due.
    fn take_frames(&mut self, accepted_at: Instant) {
        for _ in 0..FRAMES_AT_ONCE {
            if self.due(accepted_at) > Instant::now() {
                return;
            }
            let frame = self.frames.take();
            self.media_ms = frame.at_ms;
            let full = self.queue.is_full();
            match frame.kind {
                FrameKind::Header(_) => {}
                FrameKind::Key | FrameKind::Picture => {
                    if full || (self.awaits_key && frame.kind != FrameKind::Key) {
                        self.awaits_key = true;
                        self.dropped += 1;
                        continue;
                    }
                    self.awaits_key = false;
                    self.pictures += 1;
                }
                FrameKind::Sound if full => continue,
                FrameKind::Sound => {}
            }
            self.put(frame.kind.track(), frame.at_ms, &frame.payload);
        }
    }

    fn put(&mut self, track: TrackKind, at_ms: u64, payload: &Bytes) {
        let timestamp_ms = self.stamps.stamp(track, at_ms);
        let (connection, pieces) = (&mut self.connection, &mut self.pieces);
        match track {
            TrackKind::Video => {
                // A tag shorter than its own header was no frame.
                let Some((head, _)) = payload.split_first_chunk() else { return };
                connection.video(timestamp_ms, *head, &payload.slice(head.len()..), pieces);
            }
            TrackKind::Audio => {
                let Some((head, _)) = payload.split_first_chunk() else { return };
                connection.audio(timestamp_ms, *head, &payload.slice(head.len()..), pieces);
            }
        }
        self.pieces.drain(..).for_each(|piece| self.queue.push(piece));
    }

    /// Queues what the connection itself has to say.
    fn take_replies(&mut self) {
        while let Some(bytes) = self.connection.poll_transmit() {
            self.queue.push(bytes);
        }
    }

    fn look(&mut self, accepted_at: Instant, run: &Run) {
        let now = Instant::now();
        self.next_look = now + LOOK_EVERY;
        let since_accepted = now - accepted_at;
        let sent = Sent {
            bytes: self.sent_bytes,
            waiting: !self.queue.is_empty(),
            media_ms: self.media_ms as i64,
            since_accepted,
        };
        let told = self.flow.look(&self.link, &self.connection, sent, &run.counts.flow);
        // Eight thousandths of a second's worth, as bits are of bytes: thousandths of a frame come out.
        let milli_fps = self.rate.look(self.pictures * 125, since_accepted);
        run.counts.milli_fps.store(milli_fps, Ordering::Relaxed);
        run.counts.duration_ms.store(since_accepted.as_millis() as u64, Ordering::Relaxed);
        run.counts.flow.dropped(self.dropped);
        if let Some(event) = told {
            (run.events)(event);
        }
    }
}
