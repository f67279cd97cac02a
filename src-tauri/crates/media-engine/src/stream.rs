//! A stream: what outlives its publishers. Its addresses, its sequence numbers and its readers stay while encoders
//! come, go and come back; each stay is one or more epochs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use media_formats::h264::VideoConfig;
use media_formats::unit::TrackKind;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::bus::{Bus, Reader};
use crate::clock::Clock;
use crate::freeze::Freeze;
use crate::packager::{Packager, PlaylistFacts};
use crate::repair::{Incoming, Repair, Repaired};
use crate::stats::{Signal, Stats};
use crate::store::TrackWindow;
use crate::texts::Texts;
use crate::thumbnail::{Thumbnail, ThumbnailError};
use crate::viewers::Viewers;
use crate::webrtc::{WebRtcState, WebRtcStats};

/// What a stream is made from.
#[derive(Debug, Clone)]
pub struct StreamConfig {
    /// Unguessable name in playback paths; not the key it is published with.
    pub playback_id: String,
    /// Unix time of the stream's time zero.
    pub created_ms: u64,
    /// Number of its first segment: larger than any this stream ever had.
    pub first_msn: u64,
    /// What an earlier run of the program left; default for a new stream.
    pub facts: PlaylistFacts,
}

/// Who publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublisherInfo {
    /// Network address, or `demo camera`.
    pub address: String,
    /// What it calls itself; may be empty.
    pub encoder: String,
    /// Unix milliseconds.
    pub since_ms: u64,
}

/// State of a stream as its owner watches it. Changes at most a few times a second.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamStatus {
    /// Who publishes now.
    pub publisher: Option<PublisherInfo>,
    /// How many publishers there have been.
    pub publishers: u64,
    /// Unix milliseconds of the newest unit of the lead track; 0 before the first.
    pub last_media_ms: u64,
    /// Parts and segments so far: grows whenever something new can be fetched.
    pub version: u64,
    /// A segment can be fetched.
    pub published: bool,
    /// Why the last publisher's media was refused, in words; cleared when media is accepted again.
    pub refusal: Option<String>,
}

/// Shared handle to a stream.
#[derive(Debug, Clone)]
pub struct Stream(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) playback_id: String,
    pub(crate) created_ms: u64,
    pub(crate) clock: Clock,
    /// Where pushes run.
    pub(crate) lane: Option<Handle>,
    core: Mutex<Core>,
    viewers: Mutex<Viewers>,
    thumbnail: tokio::sync::Mutex<Thumbnail>,
    status: watch::Sender<StreamStatus>,
    /// See [`Stream::set_freeze_picture`].
    pub(crate) freeze: watch::Sender<bool>,
    /// See [`Stream::set_webrtc`].
    webrtc: AtomicBool,
    webrtc_stats: Mutex<WebRtcStats>,
}

/// Everything a message changes, behind one lock that is never held across an await.
#[derive(Debug)]
pub(crate) struct Core {
    repair: Repair,
    freeze: Freeze,
    pub(crate) packager: Packager,
    pub(crate) texts: Texts,
    bus: Bus,
    stats: Stats,
    generation: u64,
    evict: Option<CancellationToken>,
}

impl Stream {
    /// Its pushes run on `lane`; without one, on the runtime they are started from.
    pub(crate) fn new(config: StreamConfig, clock: Clock, lane: Option<Handle>) -> Self {
        let core = Core {
            repair: Repair::new(config.facts.next_epoch),
            freeze: Freeze::default(),
            packager: Packager::new(config.first_msn, config.facts),
            texts: Texts::default(),
            bus: Bus::new(),
            stats: Stats::default(),
            generation: 0,
            evict: None,
        };
        Self(Arc::new(Inner {
            playback_id: config.playback_id,
            created_ms: config.created_ms,
            clock,
            lane,
            core: Mutex::new(core),
            viewers: Mutex::default(),
            thumbnail: tokio::sync::Mutex::default(),
            status: watch::Sender::default(),
            freeze: watch::Sender::new(false),
            webrtc: AtomicBool::new(false),
            webrtc_stats: Mutex::default(),
        }))
    }

    /// Name in playback paths.
    pub fn playback_id(&self) -> &str {
        &self.0.playback_id
    }

    /// Follows the stream's state.
    pub fn status(&self) -> watch::Receiver<StreamStatus> {
        self.0.status.subscribe()
    }

    /// Facts to keep for a restart of the program, and the number of the next segment.
    pub fn facts(&self) -> (PlaylistFacts, u64) {
        let core = self.0.core();
        (core.packager.facts(), core.packager.next_msn())
    }

    /// Grows with every part and segment.
    pub fn version(&self) -> u64 {
        self.0.core().packager.version()
    }

    /// Payload bytes the segment store holds for players.
    pub fn held_bytes(&self) -> u64 {
        let core = self.0.core();
        [TrackKind::Video, TrackKind::Audio]
            .into_iter()
            .filter_map(|kind| core.packager.window(kind))
            .map(TrackWindow::held_bytes)
            .sum()
    }

    /// Measured facts; None while nobody publishes.
    pub fn signal(&self) -> Option<Signal> {
        self.0.status.borrow().publisher.as_ref()?;
        let now_ms = self.0.clock.now_ms();
        let mut core = self.0.core();
        let counts = core.repair.counts();
        Some(core.stats.signal(now_ms, counts))
    }

    /// Players of the last 10 s; see the module `viewers` for what is counted.
    pub fn viewers(&self) -> u32 {
        let now_ms = self.0.clock.now_ms();
        lock(&self.0.viewers).count(now_ms)
    }

    /// A new reader of the stream's units, starting at the newest keyframe.
    pub fn reader(&self) -> Reader {
        self.0.core().bus.reader()
    }

    /// As [`Stream::reader`], woken for every unit.
    pub(crate) fn eager_reader(&self) -> Reader {
        self.0.core().bus.eager_reader()
    }

    /// Whether players see the last picture, still and silent, while none arrives; else the playlist pauses and goes on
    /// with a discontinuity. Off at first.
    pub fn set_freeze_picture(&self, freeze: bool) {
        self.0.freeze.send_replace(freeze);
    }

    /// Whether players may come by WebRTC. Off at first; those that are there when it is switched off have to leave.
    pub fn set_webrtc(&self, on: bool) {
        self.0.webrtc.store(on, Ordering::Relaxed);
    }

    /// Whether a player that comes by WebRTC now would see something.
    pub fn webrtc(&self) -> WebRtcState {
        if !self.is_webrtc_on() {
            return WebRtcState::Off;
        }
        let core = self.0.core();
        match core.bus.epoch() {
            None => WebRtcState::NoMedia,
            Some(epoch) if epoch.video.is_none() => WebRtcState::NoPicture,
            Some(_) if core.stats.has_b_frames() => WebRtcState::BFrames,
            Some(_) => WebRtcState::Ready,
        }
    }

    /// What viewers over WebRTC report, every two seconds.
    pub fn webrtc_stats(&self) -> WebRtcStats {
        *lock(&self.0.webrtc_stats)
    }

    pub(crate) fn set_webrtc_stats(&self, stats: WebRtcStats) {
        *lock(&self.0.webrtc_stats) = stats;
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.0.core().packager.is_ended()
    }

    pub(crate) fn is_webrtc_on(&self) -> bool {
        self.0.webrtc.load(Ordering::Relaxed)
    }

    /// How the newest picture is decoded.
    pub(crate) fn video_config(&self) -> Option<Arc<VideoConfig>> {
        self.0.core().bus.epoch()?.video.clone()
    }

    /// Lets a publisher in. Whoever published before is replaced at once: the key already proved it is the same owner.
    pub fn attach(&self, info: PublisherInfo) -> Publisher {
        let evicted = CancellationToken::new();
        let generation = {
            let mut core = self.0.core();
            if let Some(old) = core.evict.replace(evicted.clone()) {
                old.cancel();
            }
            core.generation += 1;
            core.repair.begin_publisher();
            core.packager.flush();
            // Under the lock, so that of two publishers changing places both see the same order.
            self.0.status.send_modify(|status| {
                status.publisher = Some(info);
                status.publishers += 1;
            });
            core.generation
        };
        Publisher { stream: self.clone(), generation, evicted }
    }

    /// Sends the publisher away; the stream stays.
    pub fn drop_publisher(&self) {
        self.detach(&mut self.0.core());
    }

    fn detach(&self, core: &mut Core) {
        if let Some(evict) = core.evict.take() {
            evict.cancel();
        }
        core.generation += 1;
        core.packager.flush();
        let version = core.packager.version();
        self.0.status.send_modify(|status| {
            status.publisher = None;
            status.version = version;
        });
    }

    /// Ends the stream: its publisher goes and its playlists say so. What was packaged stays fetchable while the
    /// registry holds it.
    pub fn end(&self) {
        self.drop_publisher();
        let version = {
            let mut core = self.0.core();
            core.packager.end();
            core.bus.close();
            core.packager.version()
        };
        self.0.status.send_modify(|status| status.version = version);
    }
}

impl Inner {
    pub(crate) fn core(&self) -> MutexGuard<'_, Core> {
        lock(&self.core)
    }

    pub(crate) fn version(&self) -> watch::Receiver<StreamStatus> {
        self.status.subscribe()
    }

    /// Shows players the still picture up to now, if the source is silent. False once the stream has ended.
    pub(crate) fn stand_in(&self) -> bool {
        let position_ms = self.clock.now_ms().saturating_sub(self.created_ms) as i64;
        let mut core = self.core();
        let core = &mut *core;
        if core.freeze.tick(position_ms, &mut core.packager) {
            let version = core.packager.version();
            self.status.send_modify(|status| status.version = version);
        }
        !core.packager.is_ended()
    }

    pub(crate) fn player_seen(&self, player: &str) {
        lock(&self.viewers).seen(player, self.clock.now_ms());
    }

    pub(crate) async fn thumbnail(&self) -> Result<Bytes, ThumbnailError> {
        let mut thumbnail = self.thumbnail.lock().await;
        let keyframe = self.core().bus.newest_keyframe();
        thumbnail.get(keyframe).await
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Poisoned only by a bug that panicked while holding it; what it guards is still the best there is.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The right to feed a stream. Dropping it is going away; being replaced makes it mute.
#[derive(Debug)]
pub struct Publisher {
    stream: Stream,
    generation: u64,
    evicted: CancellationToken,
}

impl Publisher {
    /// Resolves when another publisher took over or the stream was stopped.
    pub fn evicted(&self) -> CancellationToken {
        self.evicted.clone()
    }

    /// Feeds one parsed message.
    pub(crate) fn push(&self, incoming: Incoming) {
        let inner = &self.stream.0;
        let now_ms = inner.clock.now_ms();
        let position_ms = now_ms.saturating_sub(inner.created_ms) as i64;
        let mut core = inner.core();
        if core.generation != self.generation {
            return;
        }
        let core = &mut *core;
        let before = core.packager.version();
        let mut lead_unit = false;
        let lead = core.packager.lead_kind();
        for repaired in core.repair.push(incoming, position_ms) {
            core.bus.push(&repaired);
            match repaired {
                Repaired::Epoch(epoch) => {
                    core.stats.epoch(&epoch);
                    core.freeze.epoch(&epoch, &mut core.packager);
                }
                Repaired::Unit(unit) => {
                    core.stats.unit(&unit, now_ms);
                    lead_unit |= unit.track == lead || unit.track == TrackKind::Video;
                    core.freeze.unit(unit, position_ms, &mut core.packager);
                }
            }
        }
        let version = core.packager.version();
        if version == before && !lead_unit {
            return;
        }
        let published = core.packager.is_published();
        // Observers are woken for parts and for the first media, not for every frame.
        inner.status.send_if_modified(|status| {
            let resumed = lead_unit && now_ms.saturating_sub(status.last_media_ms) > 1_000;
            if lead_unit {
                status.last_media_ms = now_ms;
            }
            let cleared = lead_unit && status.refusal.take().is_some();
            let changed = resumed || cleared || version != status.version || published != status.published;
            status.version = version;
            status.published = published;
            changed
        });
    }

    /// Counts units that were lost on their way here.
    pub(crate) fn count_lost(&self, units: u64) {
        if units == 0 {
            return;
        }
        let mut core = self.stream.0.core();
        if core.generation == self.generation {
            core.repair.count_lost(units);
        }
    }

    /// Says why this publisher's media cannot be carried.
    pub(crate) fn refuse(&self, words: String) {
        let inner = &self.stream.0;
        if inner.core().generation == self.generation {
            inner.status.send_modify(|status| status.refusal = Some(words));
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // One lock over question and answer: a successor may be attaching at this moment.
        let mut core = self.stream.0.core();
        if core.generation == self.generation {
            self.stream.detach(&mut core);
        }
    }
}
