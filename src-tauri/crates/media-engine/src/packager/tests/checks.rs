//! A stream under watch: every playlist it ever shows is held against the rules of RFC 8216 and 8216bis.

use std::collections::HashMap;

use bytes::{Buf as _, Bytes, BytesMut};
use media_formats::unit::TrackKind;
use media_formats::unit::TrackKind::{Audio, Video};

use super::playlist::Playlist;
use crate::freeze::Freeze;
use crate::hls;
use crate::packager::{Packager, PlaylistFacts};
use crate::repair::{Incoming, Repair, Repaired};
use crate::store::{Part, PartLookup};
use crate::testing::Encoder;

pub(super) struct Watched {
    pub(super) repair: Repair,
    pub(super) packager: Packager,
    freeze: Freeze,
    /// A silent source's players are shown its last picture.
    pub(super) frozen: bool,
    /// Only fed, not checked.
    pub(super) quiet: bool,
    pub(super) first_playlist: Option<Playlist>,
    /// Segments that left a playlist and were fetched for as long as they must be.
    pub(super) removed_seen: usize,
    /// Parts, not last of their segment, that fill less than 85 % of the target.
    pub(super) short_parts: Vec<String>,
    now_ms: i64,
    tracks: HashMap<TrackKind, Track>,
    /// Discontinuity number of each segment, which all renditions share.
    discontinuities: HashMap<u64, u64>,
}

#[derive(Default)]
struct Track {
    last: Option<Playlist>,
    /// Number, duration and longest playlist of each listed segment.
    listed: HashMap<u64, (u64, u64)>,
    /// Number and until when it must be fetchable.
    removed: Vec<(u64, i64)>,
    /// Next part to be looked into, and where it must begin.
    next_part: (u64, usize),
    next_start: Option<(u32, u64)>,
}

impl Watched {
    pub(super) fn new(first_msn: u64, facts: PlaylistFacts) -> Self {
        let track = || Track { next_part: (first_msn, 0), ..Track::default() };
        Self {
            repair: Repair::new(facts.next_epoch),
            packager: Packager::new(first_msn, facts),
            freeze: Freeze::default(),
            frozen: false,
            quiet: false,
            first_playlist: None,
            removed_seen: 0,
            short_parts: Vec::new(),
            now_ms: 0,
            tracks: [(Video, track()), (Audio, track())].into(),
            discontinuities: HashMap::new(),
        }
    }

    pub(super) fn run(&mut self, encoder: &Encoder, from_ms: i64, duration_ms: u64) {
        self.feed(encoder.messages(from_ms, duration_ms));
    }

    pub(super) fn feed(&mut self, messages: impl IntoIterator<Item = (i64, Incoming)>) {
        for (now_ms, incoming) in messages {
            self.until(now_ms);
            let version = self.packager.version();
            for repaired in self.repair.push(incoming, now_ms) {
                match repaired {
                    Repaired::Epoch(epoch) => self.freeze.epoch(&epoch, &mut self.packager),
                    Repaired::Unit(unit) => self.freeze.unit(unit, now_ms, &mut self.packager),
                }
            }
            if !self.quiet && self.packager.version() != version {
                self.check();
            }
        }
    }

    /// Time goes on.
    pub(super) fn until(&mut self, now_ms: i64) {
        while self.frozen && self.now_ms + 100 < now_ms {
            self.now_ms += 100;
            if self.freeze.tick(self.now_ms, &mut self.packager) && !self.quiet {
                self.check();
            }
        }
        self.now_ms = now_ms;
    }

    pub(super) fn playlist(&self, kind: TrackKind) -> Option<Playlist> {
        // Late in a day and a month, so that dates roll over.
        hls::media_playlist(&self.packager, kind, 1_790_812_790_000, "").map(|text| Playlist::parse(&text))
    }

    pub(super) fn check(&mut self) {
        for kind in [Video, Audio] {
            let Some(playlist) = self.playlist(kind) else { continue };
            self.first_playlist.get_or_insert_with(|| playlist.clone());
            self.check_playlist(kind, &playlist);
            self.check_removed(kind, &playlist);
            self.check_media(kind);
            self.tracks.get_mut(&kind).expect("both tracks").last = Some(playlist);
        }
    }

    fn check_playlist(&mut self, kind: TrackKind, playlist: &Playlist) {
        let limit_us = playlist.part_target_us;
        assert!(playlist.hold_back_us >= 3 * limit_us);
        if let Some(last) = &self.tracks[&kind].last {
            assert_eq!(playlist.target_duration_s, last.target_duration_s);
            assert_eq!(playlist.part_target_us, last.part_target_us);
            assert!(playlist.media_sequence >= last.media_sequence);
            assert!(playlist.discontinuity_sequence >= last.discontinuity_sequence);
        }
        let (mut pdt_ms, mut end_ms) = (i64::MIN, i64::MIN);
        for segment in &playlist.segments {
            let at = format!("{} segment {} at {} ms", kind.name(), segment.msn, self.now_ms);
            let rounded_s = (segment.duration_us + 500_000) / 1_000_000;
            assert!(rounded_s <= playlist.target_duration_s, "{at}: {} us", segment.duration_us);
            assert!(segment.pdt_ms > pdt_ms, "{at}");
            assert!(segment.discontinuity || segment.pdt_ms + 1 >= end_ms, "{at}: overlaps its predecessor");
            end_ms = segment.pdt_ms + (segment.duration_us / 1_000) as i64;
            // The last frame before a discontinuity is as long as usual, whenever the next publisher came.
            pdt_ms = segment.pdt_ms;
            let count = segment.parts.len();
            for (index, part) in segment.parts.iter().enumerate() {
                assert!(part.duration_us <= limit_us, "{at}: part {index} of {} us", part.duration_us);
                if index + 1 < count && part.duration_us * 100 < limit_us * 85 {
                    self.short_parts.push(format!("{}: {} of {limit_us} us", part.uri, part.duration_us));
                }
            }
            if count > 0 {
                let sum_us: u64 = segment.parts.iter().map(|part| part.duration_us).sum();
                // Each part is rounded down to the microsecond.
                let whole = segment.duration_us.saturating_sub(sum_us) <= count as u64;
                assert!(
                    whole || self.has_holes(kind, segment.msn),
                    "{at}: {sum_us} of {}",
                    segment.duration_us
                );
            }
            assert_eq!(
                segment.gap,
                self.packager.window(kind).is_some_and(|w| w.segment(segment.msn).is_none()),
                "{at}"
            );
        }
        if let Some(open) = &playlist.open {
            assert!(
                open.pdt_ms > pdt_ms && (open.discontinuity || open.pdt_ms + 1 >= end_ms),
                "{} at {} ms: {} after {pdt_ms} to {end_ms}",
                kind.name(),
                self.now_ms,
                open.pdt_ms
            );
            for (index, part) in open.parts.iter().enumerate() {
                assert!(part.duration_us <= limit_us, "{}", part.uri);
                if index + 1 < open.parts.len() && part.duration_us * 100 < limit_us * 85 {
                    self.short_parts.push(format!("{}: {} of {limit_us} us", part.uri, part.duration_us));
                }
            }
        }
        for segment in playlist.segments.iter().chain(&playlist.open) {
            let known = *self.discontinuities.entry(segment.msn).or_insert(segment.discontinuities);
            assert_eq!(known, segment.discontinuities, "{} segment {}", kind.name(), segment.msn);
        }
        let (msn, index) = (playlist.segments.len() as u64 + playlist.media_sequence, playlist.open.as_ref());
        let index = index.map_or(0, |open| open.parts.len());
        assert_eq!(playlist.hint, format!("{}/{msn}.{index}.m4s", kind.name()));
        let window = self.packager.window(kind).expect("a window");
        assert!(matches!(window.part(msn, index), PartLookup::Awaited));
        assert!(matches!(window.part(msn, index + 1), PartLookup::Never));
    }

    /// Units came late by more than their placement evens out.
    fn has_holes(&self, kind: TrackKind, msn: u64) -> bool {
        self.packager.window(kind).and_then(|window| window.segment(msn)).is_some_and(|segment| {
            segment.parts.windows(2).any(|pair| pair[0].start + pair[0].duration < pair[1].start)
        })
    }

    /// RFC 8216 s6.2.2: a removed segment stays for its duration and that of the longest playlist it stood in.
    fn check_removed(&mut self, kind: TrackKind, playlist: &Playlist) {
        let now_ms = self.now_ms;
        let track = self.tracks.get_mut(&kind).expect("both tracks");
        let playlist_us: u64 = playlist.segments.iter().map(|segment| segment.duration_us).sum();
        for segment in playlist.segments.iter().filter(|segment| !segment.gap) {
            let entry = track.listed.entry(segment.msn).or_insert((segment.duration_us, 0));
            entry.1 = entry.1.max(playlist_us);
        }
        let removed: Vec<u64> =
            track.listed.keys().copied().filter(|&msn| msn < playlist.media_sequence).collect();
        for msn in removed {
            let (duration_us, longest_us) = track.listed.remove(&msn).expect("listed");
            track.removed.push((msn, now_ms + ((duration_us + longest_us) / 1_000) as i64));
        }
        let window = self.packager.window(kind).expect("a window");
        for (msn, until_ms) in &track.removed {
            assert!(
                *until_ms < now_ms || window.segment(*msn).is_some(),
                "{} segment {msn} went too soon",
                kind.name()
            );
        }
        let before = track.removed.len();
        track.removed.retain(|(_, until_ms)| *until_ms >= now_ms);
        self.removed_seen += before - track.removed.len();
    }

    /// Looks into the boxes of every part once.
    fn check_media(&mut self, kind: TrackKind) {
        let window = self.packager.window(kind).expect("a window");
        let track = self.tracks.get_mut(&kind).expect("both tracks");
        for segment in window.listed().chain(&window.open) {
            for (index, part) in segment.parts.iter().enumerate() {
                if (segment.msn, index) < track.next_part {
                    continue;
                }
                track.next_part = (segment.msn, index + 1);
                let fragment = Fragment::parse(part);
                assert_eq!(fragment.decode_time, part.start);
                assert_eq!(fragment.duration, part.duration);
                assert_eq!(fragment.first_key, part.independent);
                let keys = fragment.keys;
                assert!(keys == 0 || kind == Audio || keys <= 2, "{keys} keyframes in a part");
                if let Some((epoch, end)) = track.next_start
                    && epoch == segment.init.epoch
                    && !segment.discontinuity
                {
                    let late = part.start.checked_sub(end).expect("parts do not overlap");
                    let hole = u64::from(segment.init.timescale_hz) / 10;
                    assert!(
                        late == 0 || late > hole,
                        "{} {}.{index} at {} ms: {late} ticks after {end}, epoch {epoch}",
                        kind.name(),
                        segment.msn,
                        self.now_ms
                    );
                }
                track.next_start = Some((segment.init.epoch, part.start + part.duration));
            }
        }
    }
}

/// What a demuxer reads from a part.
pub(super) struct Fragment {
    decode_time: u64,
    duration: u64,
    first_key: bool,
    keys: usize,
    /// Of each sample, in ticks.
    pub(super) durations: Vec<u32>,
    /// When each sample is shown, in ticks.
    pub(super) shown: Vec<i64>,
}

impl Fragment {
    pub(super) fn parse(part: &Part) -> Self {
        let mut all = BytesMut::new();
        part.bytes.iter().for_each(|piece| all.extend_from_slice(piece));
        assert_eq!(all.len() as u64, part.len_bytes);
        let boxes = boxes(all.freeze());
        assert_eq!(boxes.iter().map(|(kind, _)| &kind[..]).collect::<Vec<_>>(), [b"moof", b"mdat"]);
        let traf = child(&boxes[0].1, b"traf");
        let mut tfhd = child(&traf, b"tfhd");
        tfhd.advance(8);
        let (default_duration, default_flags) = (tfhd.get_u32(), tfhd.get_u32());
        let mut tfdt = child(&traf, b"tfdt");
        tfdt.advance(4);
        let decode_time = tfdt.get_u64();
        let mut trun = child(&traf, b"trun");
        let bits = trun.get_u32() & 0x00FF_FFFF;
        let count = trun.get_u32();
        let data_offset = trun.get_u32() as usize;
        let (mut duration, mut size, mut keys, mut first_key) = (0, 0, 0, false);
        let (mut durations, mut shown) = (Vec::new(), Vec::new());
        for sample in 0..count {
            let starts = duration;
            let lasts = if bits & 0x100 != 0 { trun.get_u32() } else { default_duration };
            durations.push(lasts);
            duration += u64::from(lasts);
            size += trun.get_u32() as usize;
            let flags = if bits & 0x400 != 0 { trun.get_u32() } else { default_flags };
            let composition = if bits & 0x800 != 0 { trun.get_i32() } else { 0 };
            shown.push(decode_time as i64 + starts as i64 + i64::from(composition));
            let key = flags & 0x0001_0000 == 0;
            keys += usize::from(key);
            first_key |= key && sample == 0;
        }
        assert!(!trun.has_remaining() && count > 0);
        assert_eq!(boxes[1].1.len(), size, "the samples fill mdat");
        assert_eq!(data_offset, part.len_bytes as usize - size);
        Self { decode_time, duration, first_key, keys, durations, shown }
    }
}

fn boxes(mut bytes: Bytes) -> Vec<([u8; 4], Bytes)> {
    let mut boxes = Vec::new();
    while bytes.has_remaining() {
        let mut content = bytes.split_to(bytes.clone().get_u32() as usize);
        content.advance(4);
        let mut kind = [0; 4];
        content.copy_to_slice(&mut kind);
        boxes.push((kind, content));
    }
    boxes
}

fn child(parent: &Bytes, kind: &[u8; 4]) -> Bytes {
    boxes(parent.clone()).into_iter().find(|(found, _)| found == kind).expect("the box").1
}
