//! One ring per stream: every reader is a cursor, none can hold up the publisher or another reader.
//!
//! The ring always holds the current group of pictures (so a late reader can start decoding at once) and is bounded in
//! bytes. Overflow policy: the oldest units go; a reader that had not read them is moved to the newest keyframe
//! and told how many units it lost.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use media_formats::aac::AudioConfig;
use media_formats::h264::VideoConfig;
use media_formats::unit::{TrackKind, Unit, VIDEO_TIMESCALE_HZ};
use tokio::sync::watch;

use crate::repair::{Epoch, Repaired};

/// Most payload a ring holds: about 30 s at 4 Mb/s, or one very long group of pictures at a high rate.
const MAX_RING_BYTES: usize = 16 << 20;
/// Most units a ring holds: about a minute of picture and sound.
const MAX_RING_UNITS: usize = 8_192;

/// Sound within this much media time of what readers were last woken for waits for the next unit, which then wakes them for
/// both: a reader that writes to a socket writes once instead of twice. The next unit is a frame of sound away at most.
const TOGETHER_US: u64 = 15_000;

/// What a reader is given next.
#[derive(Debug, Clone)]
pub enum BusItem {
    /// A unit, and the epoch it must be decoded with if that differs from the last unit's.
    Unit {
        /// The unit.
        unit: Unit,
        /// Configuration, given with the first unit of each epoch.
        epoch: Option<BusEpoch>,
    },
    /// The reader was too slow: this many units are gone, the next one is a keyframe.
    Skipped {
        /// Units lost.
        units: u64,
    },
}

/// Configuration of an epoch, as readers see it.
#[derive(Debug, Clone)]
pub struct BusEpoch(Arc<Epoch>);

impl BusEpoch {
    /// Grows by one with each epoch of the stream.
    pub fn number(&self) -> u32 {
        self.0.number
    }

    /// Picture configuration; none for sound alone.
    pub fn video(&self) -> Option<&VideoConfig> {
        self.0.video.as_deref()
    }

    /// Sound configuration; none if no sound ever came.
    pub fn audio(&self) -> Option<&AudioConfig> {
        self.0.audio.as_deref()
    }

    /// The picture configuration, shared.
    pub(crate) fn shared_video(&self) -> Option<Arc<VideoConfig>> {
        self.0.video.clone()
    }

    /// The sound configuration, shared.
    pub(crate) fn shared_audio(&self) -> Option<Arc<AudioConfig>> {
        self.0.audio.clone()
    }
}

#[derive(Debug, Default)]
struct Ring {
    units: VecDeque<(Unit, Arc<Epoch>)>,
    bytes: usize,
    /// `seq` of the newest video keyframe (or, without a picture, of the newest unit).
    last_key: Option<u64>,
    closed: bool,
}

/// The writing end, owned by the stream.
#[derive(Debug)]
pub(crate) struct Bus {
    ring: Arc<Mutex<Ring>>,
    newest: watch::Sender<u64>,
    /// As `newest`, but for every unit.
    every: watch::Sender<u64>,
    epoch: Option<Arc<Epoch>>,
    /// Time of the unit readers were last woken for.
    woken_us: Option<i64>,
}

impl Bus {
    pub(crate) fn new() -> Self {
        let (newest, every) = (watch::Sender::new(0), watch::Sender::new(0));
        Self { ring: Arc::default(), newest, every, epoch: None, woken_us: None }
    }

    /// Nothing follows: readers end when they have read everything.
    pub(crate) fn close(&mut self) {
        lock(&self.ring).closed = true;
        self.newest.send_modify(|_| ());
        self.every.send_modify(|_| ());
    }

    /// Takes what repair put out.
    pub(crate) fn push(&mut self, repaired: &Repaired) {
        let unit = match repaired {
            Repaired::Epoch(epoch) => {
                self.epoch = Some(Arc::new(epoch.clone()));
                return;
            }
            Repaired::Unit(unit) => unit,
        };
        let Some(epoch) = self.epoch.clone() else { return };
        let seq = unit.seq;
        let wakes = self.wakes(unit, &epoch);
        {
            let mut ring = lock(&self.ring);
            if unit.key && (unit.track == TrackKind::Video || epoch.video.is_none()) {
                ring.last_key = Some(seq);
            }
            ring.bytes += unit.payload.len();
            ring.units.push_back((unit.clone(), epoch));
            ring.shrink();
        }
        if wakes {
            // `send_replace` stores the value also while nobody listens.
            self.newest.send_replace(seq + 1);
        }
        self.every.send_replace(seq + 1);
    }

    /// Whether readers are woken for this unit.
    fn wakes(&mut self, unit: &Unit, epoch: &Epoch) -> bool {
        let rate_hz = match (unit.track, epoch.audio.as_deref()) {
            (TrackKind::Audio, Some(audio)) => audio.sample_rate_hz,
            _ => VIDEO_TIMESCALE_HZ,
        };
        let at_us = (i128::from(unit.dts) * 1_000_000 / i128::from(rate_hz.max(1))) as i64;
        let beside = unit.track == TrackKind::Audio && epoch.video.is_some();
        if beside && self.woken_us.is_some_and(|woken_us| at_us.abs_diff(woken_us) < TOGETHER_US) {
            return false;
        }
        self.woken_us = Some(at_us);
        true
    }

    /// A new reader, starting at the newest keyframe.
    pub(crate) fn reader(&self) -> Reader {
        self.reader_woken_by(&self.newest)
    }

    /// As [`Bus::reader`], woken for every unit: for whom sound that waits for the next picture is late sound.
    pub(crate) fn eager_reader(&self) -> Reader {
        self.reader_woken_by(&self.every)
    }

    fn reader_woken_by(&self, newest: &watch::Sender<u64>) -> Reader {
        Reader {
            ring: Arc::clone(&self.ring),
            newest: newest.subscribe(),
            next: None,
            epoch: None,
            dropped_units: 0,
        }
    }

    /// The configuration of the newest units.
    pub(crate) fn epoch(&self) -> Option<Arc<Epoch>> {
        self.epoch.clone()
    }

    /// The newest video keyframe still held, with its configuration.
    pub(crate) fn newest_keyframe(&self) -> Option<(Unit, Arc<Epoch>)> {
        let ring = lock(&self.ring);
        ring.units.iter().rev().find(|(unit, _)| unit.track == TrackKind::Video && unit.key).cloned()
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.close();
    }
}

impl Ring {
    /// Lets go of what is older than the current group of pictures, and of more if the bounds demand it.
    fn shrink(&mut self) {
        while let Some((first, _)) = self.units.front() {
            let before_gop = self.last_key.is_some_and(|key| first.seq < key);
            let over = self.bytes > MAX_RING_BYTES || self.units.len() > MAX_RING_UNITS;
            // Half the bounds are kept as history for slow readers; the current group only yields to the bounds.
            let roomy = self.bytes <= MAX_RING_BYTES / 8 && self.units.len() <= MAX_RING_UNITS / 8;
            if !(over || (before_gop && !roomy)) {
                break;
            }
            if let Some((gone, _)) = self.units.pop_front() {
                self.bytes -= gone.payload.len();
            }
        }
    }

    fn index_of(&self, seq: u64) -> Option<usize> {
        let (first, _) = self.units.front()?;
        let index = seq.checked_sub(first.seq)? as usize;
        (index < self.units.len()).then_some(index)
    }
}

fn lock(ring: &Mutex<Ring>) -> MutexGuard<'_, Ring> {
    // A panic while holding the lock leaves a ring that is still well-formed.
    ring.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A cursor into a stream's units.
#[derive(Debug)]
pub struct Reader {
    ring: Arc<Mutex<Ring>>,
    newest: watch::Receiver<u64>,
    next: Option<u64>,
    epoch: Option<u32>,
    dropped_units: u64,
}

impl Reader {
    /// Units this reader lost by being too slow, since it began.
    pub fn dropped_units(&self) -> u64 {
        self.dropped_units
    }

    /// The next item; waits for it. None once the stream is closed and everything was read.
    ///
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<BusItem> {
        loop {
            self.newest.mark_unchanged();
            match self.take() {
                Taken::Item(item) => return Some(item),
                Taken::Closed => return None,
                Taken::Nothing => {}
            }
            if self.newest.changed().await.is_err() {
                // The writer is gone: hand out what is left.
                return match self.take() {
                    Taken::Item(item) => Some(item),
                    Taken::Closed | Taken::Nothing => None,
                };
            }
        }
    }

    /// The next item if it is there already. Does not wait; [`Reader::changed`] does.
    pub(crate) fn try_next(&mut self) -> TryNext {
        self.newest.mark_unchanged();
        match self.take() {
            Taken::Item(item) => TryNext::Item(item),
            Taken::Nothing => TryNext::Empty,
            Taken::Closed => TryNext::Closed,
        }
    }

    /// Resolves once there is more than [`Reader::try_next`] last saw, or the stream is over. Cancel safe.
    pub(crate) async fn changed(&mut self) {
        // An error is the writer's end, which the next `try_next` finds.
        let _ = self.newest.changed().await;
    }

    /// Moves to the newest keyframe if that is ahead; returns how many units are passed over so, and counts them.
    pub(crate) fn skip_to_key(&mut self) -> u64 {
        let ring = lock(&self.ring);
        let (Some(next), Some(key)) = (self.next, ring.last_key) else { return 0 };
        let units = key.saturating_sub(next);
        if units > 0 && ring.index_of(key).is_some() {
            self.next = Some(key);
            self.dropped_units += units;
            return units;
        }
        0
    }

    fn take(&mut self) -> Taken {
        let ring = lock(&self.ring);
        let Some((newest, _)) = ring.units.back() else {
            return if ring.closed { Taken::Closed } else { Taken::Nothing };
        };
        let newest = newest.seq;
        let next = match self.next {
            Some(next) => next,
            None => match ring.last_key {
                Some(key) => key,
                None if ring.closed => return Taken::Closed,
                None => return Taken::Nothing,
            },
        };
        if next > newest {
            return if ring.closed { Taken::Closed } else { Taken::Nothing };
        }
        let Some(index) = ring.index_of(next) else {
            let resume = ring.last_key.filter(|&key| ring.index_of(key).is_some()).unwrap_or(newest + 1);
            let units = resume.saturating_sub(next);
            self.next = Some(resume);
            self.dropped_units += units;
            return Taken::Item(BusItem::Skipped { units });
        };
        let Some((unit, epoch)) = ring.units.get(index) else { return Taken::Nothing };
        let fresh = self.epoch != Some(epoch.number);
        self.epoch = Some(epoch.number);
        self.next = Some(next + 1);
        Taken::Item(BusItem::Unit { unit: unit.clone(), epoch: fresh.then(|| BusEpoch(Arc::clone(epoch))) })
    }
}

/// Answer of [`Reader::try_next`].
#[derive(Debug)]
pub(crate) enum TryNext {
    /// The next item.
    Item(BusItem),
    /// Nothing new yet.
    Empty,
    /// Everything was read and nothing follows.
    Closed,
}

enum Taken {
    Item(BusItem),
    Nothing,
    Closed,
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn epoch() -> Repaired {
        Repaired::Epoch(Epoch { number: 1, start_ms: 0, video: None, audio: None })
    }

    fn unit(seq: u64, key: bool, len: usize) -> Repaired {
        let payload = Bytes::from(vec![0; len]);
        Repaired::Unit(Unit { track: TrackKind::Video, epoch: 1, seq, dts: seq as i64, cts: 0, key, payload })
    }

    async fn seq_of(reader: &mut Reader) -> u64 {
        match reader.next().await {
            Some(BusItem::Unit { unit, .. }) => unit.seq,
            other => panic!("expected a unit, got {other:?}"),
        }
    }

    /// Every wake is a write of every destination.
    #[test]
    fn sound_beside_its_picture_wakes_readers_with_the_next_unit() {
        let mut bus = Bus::new();
        bus.push(&Repaired::Epoch(Epoch {
            number: 1,
            start_ms: 0,
            video: Some(Arc::new(crate::testing::video_config(0x1f))),
            audio: Some(Arc::new(crate::testing::audio_config(48_000))),
        }));
        let units = [
            (TrackKind::Video, 0),
            (TrackKind::Audio, 5),
            (TrackKind::Audio, 26),
            (TrackKind::Video, 33),
            (TrackKind::Audio, 47),
            (TrackKind::Audio, 68),
        ];
        let woken_for: Vec<u64> = units
            .into_iter()
            .zip(0..)
            .map(|((track, at_ms), seq)| {
                let dts = at_ms * if track == TrackKind::Video { 90 } else { 48 };
                bus.push(&Repaired::Unit(Unit {
                    track,
                    epoch: 1,
                    seq,
                    dts,
                    cts: 0,
                    key: seq == 0,
                    payload: Bytes::from_static(b"unit"),
                }));
                *bus.newest.borrow()
            })
            .collect();
        assert_eq!(woken_for, [1, 1, 3, 4, 4, 6]);
    }

    #[tokio::test]
    async fn late_reader_starts_at_the_newest_keyframe() {
        let mut bus = Bus::new();
        bus.push(&epoch());
        for seq in 0..10 {
            bus.push(&unit(seq, seq % 4 == 0, 100));
        }
        let mut reader = bus.reader();
        assert_eq!(seq_of(&mut reader).await, 8);
        assert_eq!(seq_of(&mut reader).await, 9);
    }

    #[tokio::test]
    async fn slow_reader_is_moved_to_a_keyframe_and_counts_what_it_lost() {
        let mut bus = Bus::new();
        bus.push(&epoch());
        bus.push(&unit(0, true, 10));
        let mut reader = bus.reader();
        assert_eq!(seq_of(&mut reader).await, 0);
        // The newest keyframe is not the newest unit.
        for seq in 1..=43 {
            bus.push(&unit(seq, seq % 10 == 0, 1 << 20));
        }
        let skipped = match reader.next().await {
            Some(BusItem::Skipped { units }) => units,
            other => panic!("expected a skip, got {other:?}"),
        };
        assert_eq!(skipped, 39);
        assert_eq!(reader.dropped_units(), 39);
        assert_eq!(seq_of(&mut reader).await, 40);
    }

    #[tokio::test]
    async fn memory_is_bounded_even_within_one_group_of_pictures() {
        let mut bus = Bus::new();
        bus.push(&epoch());
        bus.push(&unit(0, true, 1 << 20));
        for seq in 1..200 {
            bus.push(&unit(seq, false, 1 << 20));
        }
        assert!(lock(&bus.ring).bytes <= MAX_RING_BYTES);
    }

    #[tokio::test]
    async fn reader_ends_with_the_stream() {
        let mut bus = Bus::new();
        bus.push(&epoch());
        bus.push(&unit(0, true, 1));
        let mut reader = bus.reader();
        drop(bus);
        assert_eq!(seq_of(&mut reader).await, 0);
        assert!(reader.next().await.is_none());
    }
}
