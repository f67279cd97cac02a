//! Movie fragments, written by hand: the box sizes are known before the first byte.

use bytes::{BufMut, Bytes, BytesMut};

use super::track_id;
use crate::unit::TrackKind;

/// One access unit of a part, in the track's ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleEntry {
    /// Time until the next sample is decoded.
    pub duration: u32,
    /// Payload length in bytes.
    pub size: u32,
    /// Presentation time minus decoding time; may be negative.
    pub cts: i32,
    /// Decoding can start here.
    pub key: bool,
}

impl SampleEntry {
    /// `sample_flags` (ISO 14496-12 s8.8.3.1): depends on no other sample, or depends and is no sync sample.
    fn flags(self) -> u32 {
        if self.key { 0x0200_0000 } else { 0x0101_0000 }
    }
}

/// What each sample of a `trun` says for itself rather than by the fragment's default (ISO 14496-12 s8.8.8).
struct RunFields {
    duration: bool,
    flags: bool,
    cts: bool,
}

impl RunFields {
    fn needed_by(samples: &[SampleEntry]) -> Self {
        let first = samples.first();
        let all_like_first = |same: fn(&SampleEntry, &SampleEntry) -> bool| {
            first.is_none_or(|first| samples.iter().all(|s| same(s, first)))
        };
        Self {
            duration: !all_like_first(|a, b| a.duration == b.duration),
            flags: !all_like_first(|a, b| a.key == b.key),
            cts: samples.iter().any(|sample| sample.cts != 0),
        }
    }

    /// `tr_flags`: data offset and sizes always.
    fn bits(&self) -> u32 {
        const DATA_OFFSET: u32 = 0x1;
        const SIZE: u32 = 0x200;
        let optional = [(self.duration, 0x100), (self.flags, 0x400), (self.cts, 0x800)];
        optional.iter().filter(|(on, _)| *on).fold(DATA_OFFSET | SIZE, |bits, (_, bit)| bits | bit)
    }

    fn entry_bytes(&self) -> u32 {
        4 + 4 * (u32::from(self.duration) + u32::from(self.flags) + u32::from(self.cts))
    }
}

/// The head of a part: `moof`, and the header of the `mdat` whose content is the samples' payloads, to be sent right
/// behind it in order. `sequence` is the fragment's number within its track; `base_decode_time` the decoding time of
/// the first sample (ISO 14496-12 s8.8).
pub fn part_head(track: TrackKind, sequence: u32, base_decode_time: u64, samples: &[SampleEntry]) -> Bytes {
    const MFHD_BYTES: u32 = 16;
    const TFHD_BYTES: u32 = 24;
    const TFDT_BYTES: u32 = 20;
    const DEFAULT_BASE_IS_MOOF: u32 = 0x02_0000;
    const DEFAULT_DURATION_AND_FLAGS: u32 = 0x8 | 0x20;

    let fields = RunFields::needed_by(samples);
    let first = samples.first().copied();
    let count = samples.len() as u32;
    let trun_bytes = 20 + fields.entry_bytes() * count;
    let traf_bytes = 8 + TFHD_BYTES + TFDT_BYTES + trun_bytes;
    let moof_bytes = 8 + MFHD_BYTES + traf_bytes;
    let payload_bytes: u64 = samples.iter().map(|sample| u64::from(sample.size)).sum();
    let small_mdat = u32::try_from(payload_bytes + 8).ok();
    let mdat_header_bytes = if small_mdat.is_some() { 8 } else { 16 };

    let mut head = BytesMut::with_capacity((moof_bytes + mdat_header_bytes) as usize);
    put_box(&mut head, moof_bytes, b"moof");
    put_full_box(&mut head, MFHD_BYTES, b"mfhd", 0, 0);
    head.put_u32(sequence);
    put_box(&mut head, traf_bytes, b"traf");
    put_full_box(&mut head, TFHD_BYTES, b"tfhd", 0, DEFAULT_BASE_IS_MOOF | DEFAULT_DURATION_AND_FLAGS);
    head.put_u32(track_id(track));
    head.put_u32(first.map_or(0, |sample| sample.duration));
    head.put_u32(first.map_or(0, SampleEntry::flags));
    put_full_box(&mut head, TFDT_BYTES, b"tfdt", 1, 0);
    head.put_u64(base_decode_time);
    put_full_box(&mut head, trun_bytes, b"trun", 1, fields.bits());
    head.put_u32(count);
    head.put_u32(moof_bytes + mdat_header_bytes);
    for sample in samples {
        if fields.duration {
            head.put_u32(sample.duration);
        }
        head.put_u32(sample.size);
        if fields.flags {
            head.put_u32(sample.flags());
        }
        if fields.cts {
            head.put_i32(sample.cts);
        }
    }
    match small_mdat {
        Some(bytes) => put_box(&mut head, bytes, b"mdat"),
        None => {
            put_box(&mut head, 1, b"mdat");
            head.put_u64(payload_bytes + 16);
        }
    }
    head.freeze()
}

fn put_box(head: &mut BytesMut, size_bytes: u32, kind: &[u8; 4]) {
    head.put_u32(size_bytes);
    head.put_slice(kind);
}

fn put_full_box(head: &mut BytesMut, size_bytes: u32, kind: &[u8; 4], version: u32, flags: u32) {
    put_box(head, size_bytes, kind);
    head.put_u32(version << 24 | flags);
}
