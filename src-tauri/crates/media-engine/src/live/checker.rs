//! A live socket's viewer for tests: reads the messages back and holds them against what was promised.

use bytes::{Buf as _, Bytes};
use media_formats::h264::VideoConfig;
use media_formats::unit::TrackKind;
use serde_json::Value;

use crate::repair::Incoming;
use crate::testing::{Encoder, OTHER_PPS, OTHER_SPS};

/// What the encoder says if its picture is 640x360.
pub(crate) fn smaller(encoder: &Encoder, from_ms: i64, duration_ms: u64) -> Vec<(i64, Incoming)> {
    let mut record = vec![1, OTHER_SPS[1], OTHER_SPS[2], OTHER_SPS[3], 0xff, 0xe1, 0, OTHER_SPS.len() as u8];
    record.extend_from_slice(OTHER_SPS);
    record.extend_from_slice(&[1, 0, OTHER_PPS.len() as u8]);
    record.extend_from_slice(OTHER_PPS);
    let config = VideoConfig::parse(Bytes::from(record)).expect("a valid record");
    let mut messages = encoder.messages(from_ms, duration_ms);
    messages[0].1 = Incoming::VideoConfig(config);
    messages
}

/// One picture or frame of sound, in its track's ticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) track: TrackKind,
    pub(crate) epoch: u64,
    pub(crate) dts: i64,
    pub(crate) duration: i64,
    pub(crate) cts: i64,
    pub(crate) key: bool,
    pub(crate) payload: Bytes,
}

#[derive(Debug, Default)]
struct Track {
    timescale_hz: i64,
    initialised: bool,
    /// Where the last sample ends.
    end: i64,
    /// The next sample follows a loss or begins an epoch.
    begins: bool,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Viewer {
    pub(crate) tracks: Vec<Value>,
    pub(crate) samples: Vec<Sample>,
    /// Units of each `skipped`.
    pub(crate) skipped: Vec<u64>,
    /// Samples that do not begin where the one before them ended, though nothing was skipped and no epoch began.
    pub(crate) holes: usize,
    pub(crate) ended: bool,
    /// One line a message.
    pub(crate) log: Vec<String>,
    video: Track,
    audio: Track,
}

impl Viewer {
    pub(crate) fn text(&mut self, text: &str) {
        assert!(!self.ended, "something after the end: {text}");
        self.log.push(text.to_owned());
        let said: Value = serde_json::from_str(text).expect("JSON");
        match said["type"].as_str() {
            Some("tracks") => {
                let epoch = said["epoch"].as_u64().expect("an epoch");
                assert!(self.epoch().is_none_or(|last| epoch > last));
                for track in [&mut self.video, &mut self.audio] {
                    track.initialised = false;
                    track.begins = true;
                }
                self.tracks.push(said);
            }
            Some("skipped") => {
                self.video.begins = true;
                self.audio.begins = true;
                self.skipped.push(said["units"].as_u64().expect("a number"));
            }
            Some("end") => self.ended = true,
            _ => panic!("unknown: {text}"),
        }
    }

    pub(crate) fn binary(&mut self, mut bytes: Bytes) {
        assert!(!self.ended, "media after the end");
        let (first, kind) = match bytes.get_u8() {
            first @ (0x00 | 0x10) => (first, TrackKind::Video),
            first @ (0x01 | 0x11) => (first, TrackKind::Audio),
            other => panic!("unknown: {other:#x}"),
        };
        let tracks = self.tracks.last().expect("tracks come first");
        assert!(tracks[kind.name()].is_object(), "{} was not announced", kind.name());
        if first < 0x10 {
            let mdhd = path(&bytes, &["moov", "trak", "mdia", "mdhd"]);
            let timescale_hz = i64::from(word(mdhd, if mdhd[0] == 1 { 20 } else { 12 }));
            let track = self.track(kind);
            assert!(!std::mem::replace(&mut track.initialised, true), "a second init segment");
            if track.timescale_hz != 0 {
                track.end = track.end * timescale_hz / track.timescale_hz;
            }
            track.timescale_hz = timescale_hz;
            self.log.push(format!("{} init", kind.name()));
            return;
        }
        let sample = sample(kind, self.epoch().expect("an epoch"), &bytes);
        let track = self.track(kind);
        assert!(track.initialised, "media without an init segment");
        assert!(sample.dts >= track.end, "{sample:?} overlaps what ends at {}", track.end);
        let begins = std::mem::take(&mut track.begins);
        let hole = !begins && sample.dts != track.end;
        track.end = sample.dts + sample.duration;
        assert!(!begins || sample.key, "a beginning without a keyframe");
        self.holes += usize::from(hole);
        let key = if sample.key && kind == TrackKind::Video { " key" } else { "" };
        self.log.push(format!("{} {} +{} cts {}{key}", kind.name(), sample.dts, sample.duration, sample.cts));
        self.samples.push(sample);
    }

    pub(crate) fn pictures(&self) -> Vec<&Sample> {
        self.samples.iter().filter(|sample| sample.track == TrackKind::Video).collect()
    }

    pub(crate) fn sounds(&self) -> Vec<&Sample> {
        self.samples.iter().filter(|sample| sample.track == TrackKind::Audio).collect()
    }

    /// When the pictures are shown, 90 kHz, in order of decoding.
    pub(crate) fn shown(&self) -> Vec<i64> {
        self.pictures().iter().map(|sample| sample.dts + sample.cts).collect()
    }

    fn epoch(&self) -> Option<u64> {
        self.tracks.last()?["epoch"].as_u64()
    }

    fn track(&mut self, kind: TrackKind) -> &mut Track {
        match kind {
            TrackKind::Video => &mut self.video,
            TrackKind::Audio => &mut self.audio,
        }
    }
}

/// Reads a `moof` and `mdat` of one sample (ISO 14496-12 s8.8).
fn sample(track: TrackKind, epoch: u64, bytes: &Bytes) -> Sample {
    let tfhd = path(bytes, &["moof", "traf", "tfhd"]);
    let tfdt = path(bytes, &["moof", "traf", "tfdt"]);
    let trun = path(bytes, &["moof", "traf", "trun"]);
    let payload = path(bytes, &["mdat"]);
    assert_eq!(word(tfhd, 0) & 0x28, 0x28, "a default duration and flags");
    assert_eq!(tfdt[0], 1);
    let dts = i64::from(word(tfdt, 4)) << 32 | i64::from(word(tfdt, 8));
    let present = word(trun, 0) & 0xff_ffff;
    assert_eq!(present & !0x800, 0x201, "an offset and a size");
    assert_eq!((trun[0], word(trun, 4)), (1, 1), "signed offsets, one sample");
    let moof_bytes = word(bytes, 0) as usize;
    assert_eq!(word(trun, 8) as usize, moof_bytes + 8, "the payload follows the headers");
    assert_eq!(word(trun, 12) as usize, payload.len());
    assert_eq!(bytes.len(), moof_bytes + 8 + payload.len());
    let cts = if present & 0x800 == 0 { 0 } else { i64::from(word(trun, 16) as i32) };
    Sample {
        track,
        epoch,
        dts,
        duration: i64::from(word(tfhd, 8)),
        cts,
        key: word(tfhd, 12) & 0x1_0000 == 0,
        payload: Bytes::copy_from_slice(payload),
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Content of the box at this path.
fn path<'a>(bytes: &'a [u8], kinds: &[&str]) -> &'a [u8] {
    kinds.iter().fold(bytes, |within, kind| {
        let mut rest = within;
        while rest.len() >= 8 {
            let (this, others) = rest.split_at(word(rest, 0) as usize);
            if &this[4..8] == kind.as_bytes() {
                return &this[8..];
            }
            rest = others;
        }
        panic!("no {kind}")
    })
}
