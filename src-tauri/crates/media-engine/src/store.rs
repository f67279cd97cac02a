//! The one store of packaged media: HLS, LL-HLS and DASH are three texts over these bytes.
//!
//! A part keeps its box head and its access units as the `Bytes` they arrived in; a segment is its parts in order,
//! so neither is ever copied. Segments that left the playlist stay fetchable for as long as a player may still ask
//! for them (RFC 8216 s6.2.2): the duration of the longest playlist they stood in plus their own.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use media_formats::unit::TrackKind;

/// Segments a live playlist lists, in target durations. Players that know no parts start three behind the end.
const LISTED_TARGETS: u64 = 5;
/// Most segments held per track, whatever their durations say: bounds memory against a source of tiny segments.
const MAX_SEGMENTS: usize = 120;
/// Most closed payload held per track: the whole window at 40 Mb/s and more. Overflow policy: the oldest goes.
const MAX_HELD_BYTES: u64 = 256 << 20;

/// One CMAF chunk: `moof`, `mdat` header, payloads.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// Box head, then access units.
    pub(crate) bytes: Vec<Bytes>,
    /// Total length.
    pub(crate) len_bytes: u64,
    /// Decoding time of the first unit, in ticks.
    pub(crate) start: u64,
    /// In ticks.
    pub(crate) duration: u64,
    /// Starts with a keyframe.
    pub(crate) independent: bool,
}

/// Initialisation of an epoch's track: the init box and what manifests say about it.
#[derive(Debug)]
pub(crate) struct Init {
    /// Number of the epoch, which names the init segment.
    pub(crate) epoch: u32,
    /// Stream position at which the epoch began: the same for both tracks, for as long as the epoch is listed.
    pub(crate) start_ms: u64,
    /// `ftyp` and `moov`.
    pub(crate) bytes: Bytes,
    /// Ticks a second of every time in this epoch's segments.
    pub(crate) timescale_hz: u32,
    /// RFC 6381.
    pub(crate) codec: String,
    /// What else a manifest tells.
    pub(crate) facts: InitFacts,
}

/// Facts of a track that manifests repeat.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum InitFacts {
    /// A picture.
    Video { width: u32, height: u32, fps: Option<f64> },
    /// Sound.
    Audio { sample_rate_hz: u32, channels: u8 },
}

/// A media segment, closed or still open.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// Media sequence number.
    pub(crate) msn: u64,
    /// Init it is decoded with.
    pub(crate) init: Arc<Init>,
    /// Decoding time of the first unit, in ticks.
    pub(crate) start: u64,
    /// Sum of its parts, in ticks.
    pub(crate) duration: u64,
    /// The first segment of an epoch.
    pub(crate) discontinuity: bool,
    /// Nothing arrived for this track while its sister track made a segment.
    pub(crate) gap: bool,
    /// Its chunks.
    pub(crate) parts: Vec<Part>,
}

impl Segment {
    /// Total length of its parts.
    pub(crate) fn len_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.len_bytes).sum()
    }

    /// In microseconds.
    pub(crate) fn duration_us(&self) -> u64 {
        ticks_to_us(self.duration, self.init.timescale_hz)
    }

    /// Start in microseconds since the stream was created.
    pub(crate) fn start_us(&self) -> u64 {
        ticks_to_us(self.start, self.init.timescale_hz)
    }
}

/// Converts ticks to microseconds, rounding down.
pub(crate) fn ticks_to_us(ticks: u64, timescale_hz: u32) -> u64 {
    (u128::from(ticks) * 1_000_000 / u128::from(timescale_hz.max(1))) as u64
}

/// One track's sliding window.
#[derive(Debug)]
pub(crate) struct TrackWindow {
    /// Which track.
    pub(crate) kind: TrackKind,
    /// Closed segments that left the playlist, oldest first.
    retained: VecDeque<Segment>,
    /// Closed segments in the playlist, oldest first.
    listed: VecDeque<Segment>,
    /// The segment being filled.
    pub(crate) open: Option<Segment>,
    /// Media sequence number of the next segment to be opened.
    pub(crate) next_msn: u64,
    /// Discontinuities that left the playlist (RFC 8216 s4.3.3.3).
    pub(crate) discontinuity_sequence: u64,
}

impl TrackWindow {
    /// An empty window whose first segment will have the given number.
    pub(crate) fn new(kind: TrackKind, next_msn: u64, discontinuity_sequence: u64) -> Self {
        Self {
            kind,
            retained: VecDeque::new(),
            listed: VecDeque::new(),
            open: None,
            next_msn,
            discontinuity_sequence,
        }
    }

    /// Closed segments of the playlist, oldest first.
    pub(crate) fn listed(&self) -> impl DoubleEndedIterator<Item = &Segment> + ExactSizeIterator {
        self.listed.iter()
    }

    /// Number of the oldest listed segment.
    pub(crate) fn media_sequence(&self) -> u64 {
        self.listed.front().or(self.open.as_ref()).map_or(self.next_msn, |segment| segment.msn)
    }

    /// True once a playlist of this track has something to list.
    pub(crate) fn has_segments(&self) -> bool {
        !self.listed.is_empty()
    }

    /// Appends a closed segment and lets old ones go; `target_duration_s` sizes the window.
    pub(crate) fn push(&mut self, segment: Segment, target_duration_s: u32) {
        self.listed.push_back(segment);
        let keep_us = u64::from(target_duration_s) * 1_000_000 * LISTED_TARGETS;
        let mut listed_us: u64 = self.listed.iter().map(Segment::duration_us).sum();
        while let Some(first) = self.listed.front() {
            let first_us = first.duration_us();
            // The rest must still be long enough for a player to start three target durations from the end.
            if listed_us - first_us < keep_us && self.listed.len() <= MAX_SEGMENTS / 2 {
                break;
            }
            listed_us -= first_us;
            if let Some(gone) = self.listed.pop_front() {
                self.discontinuity_sequence += u64::from(gone.discontinuity);
                self.retained.push_back(gone);
            }
        }
        let mut retained_us: u64 = self.retained.iter().map(Segment::duration_us).sum();
        // The longest playlist a segment stood in, which is up to one segment longer than what is kept, and the segment;
        // segments are up to half a second longer than their target.
        let retain_us = keep_us + u64::from(target_duration_s) * 3_000_000 + 1_000_000;
        let mut held_bytes: u64 = self.closed().map(Segment::len_bytes).sum();
        while let Some(first) = self.retained.front() {
            let first_us = first.duration_us();
            let roomy = self.retained.len() <= MAX_SEGMENTS / 2 && held_bytes <= MAX_HELD_BYTES;
            if retained_us - first_us < retain_us && roomy {
                break;
            }
            retained_us -= first_us;
            held_bytes -= first.len_bytes();
            self.retained.pop_front();
        }
        while held_bytes > MAX_HELD_BYTES
            && self.listed.len() > 1
            && let Some(gone) = self.listed.pop_front()
        {
            held_bytes -= gone.len_bytes();
            self.discontinuity_sequence += u64::from(gone.discontinuity);
        }
    }

    fn closed(&self) -> impl Iterator<Item = &Segment> {
        self.listed.iter().rev().chain(self.retained.iter().rev())
    }

    /// A closed, fetchable segment by number.
    pub(crate) fn segment(&self, msn: u64) -> Option<&Segment> {
        self.closed().find(|segment| segment.msn == msn && !segment.gap)
    }

    /// A closed, fetchable segment by its first decoding time, as DASH addresses it.
    pub(crate) fn segment_at(&self, start: u64) -> Option<&Segment> {
        self.closed().find(|segment| segment.start == start && !segment.gap)
    }

    /// A part by number; of the open segment too.
    pub(crate) fn part(&self, msn: u64, index: usize) -> PartLookup<'_> {
        if let Some(open) = self.open.as_ref().filter(|open| open.msn == msn) {
            return match open.parts.get(index) {
                Some(part) => PartLookup::Ready(part),
                None if index == open.parts.len() => PartLookup::Awaited,
                None => PartLookup::Never,
            };
        }
        if msn == self.next_msn && self.open.is_none() && index == 0 {
            return PartLookup::Awaited;
        }
        match self.segment(msn).and_then(|segment| segment.parts.get(index)) {
            Some(part) => PartLookup::Ready(part),
            None => PartLookup::Never,
        }
    }

    /// The init segment of an epoch that is still in use.
    pub(crate) fn init(&self, epoch: u32) -> Option<&Arc<Init>> {
        self.open.iter().chain(self.closed()).map(|segment| &segment.init).find(|init| init.epoch == epoch)
    }

    /// The newest init.
    pub(crate) fn newest_init(&self) -> Option<&Arc<Init>> {
        self.open.iter().chain(self.closed()).map(|segment| &segment.init).next()
    }

    /// Number of the newest part: segment number and index, if any part exists.
    pub(crate) fn newest_part(&self) -> Option<(u64, usize)> {
        self.open
            .iter()
            .chain(self.listed.iter().rev())
            .find(|segment| !segment.parts.is_empty())
            .map(|segment| (segment.msn, segment.parts.len() - 1))
    }

    /// Payload bytes held, for the memory read-out.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.open.iter().chain(self.closed()).map(Segment::len_bytes).sum()
    }
}

/// Whether a part is there.
#[derive(Debug)]
pub(crate) enum PartLookup<'a> {
    /// Here it is.
    Ready(&'a Part),
    /// It is the next one to come: hold the request.
    Awaited,
    /// It is gone, or is not going to exist.
    Never,
}
