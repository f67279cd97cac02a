//! Builders for tests: configurations, messages as an encoder sends them, and a whole encoder on a virtual clock.

use std::sync::Arc;

use bytes::Bytes;
use media_formats::aac::AudioConfig;
use media_formats::flv::{TagKind, file_header, tag_header};
use media_formats::h264::VideoConfig;
use media_formats::unit::{TrackKind, Unit};

use crate::clock::Clock;
use crate::engine::{PageFile, PageSource};
use crate::packager::PlaylistFacts;
use crate::repair::{Epoch, Incoming, Repair, Repaired};
use crate::stream::{Publisher, PublisherInfo, Stream, StreamConfig};

/// x264, high profile, 1280x720.
const AVCC: &[u8] =
    b"\x01\x64\x00\x1f\xff\xe1\x00\x1a\x67\x64\x00\x1f\xac\xd9\x40\x50\x05\xbb\x01\x10\x00\x00\
    \x03\x00\x10\x00\x00\x03\x03\xc0\xf1\x83\x19\x60\x01\x00\x06\x68\xea\xe3\xcb\x22\xc0\xfd\xf8\xf8\x00";

/// An `AVCDecoderConfigurationRecord`; records of different levels differ.
pub(crate) fn avcc(level: u8) -> Bytes {
    let mut record = AVCC.to_vec();
    record[3] = level;
    Bytes::from(record)
}

/// The picture's parameter sets in another size: x264, high profile, 640x360.
pub(crate) const OTHER_SPS: &[u8] =
    b"\x67\x64\x00\x1e\xac\xd9\x40\xa0\x2f\xf9\x61\x00\x00\x03\x00\x01\x00\x00\x03\x00\x3c\x8f\x16\x2d\x96";
pub(crate) const OTHER_PPS: &[u8] = b"\x68\xeb\xe3\xcb\x22\xc0";

/// A keyframe's access unit with NAL units before its slice.
pub(crate) fn keyframe_with(nals: &[&[u8]]) -> Bytes {
    let mut payload = Vec::new();
    for nal in nals {
        payload.extend_from_slice(&(nal.len() as u32).to_be_bytes());
        payload.extend_from_slice(nal);
    }
    payload.extend_from_slice(&picture(true, 400));
    Bytes::from(payload)
}

/// A picture configuration that does not tell its frame rate, as most phone encoders'.
pub(crate) fn video_config(level: u8) -> VideoConfig {
    let mut config = VideoConfig::parse(avcc(level)).expect("a valid record");
    config.sps.fps = None;
    config
}

/// An `AudioSpecificConfig` of stereo AAC-LC.
pub(crate) fn asc(rate_hz: u32) -> Bytes {
    Bytes::from_static(match rate_hz {
        96_000 => &[0x10, 0x10],
        48_000 => &[0x11, 0x90],
        44_100 => &[0x12, 0x10],
        _ => panic!("no configuration for {rate_hz} Hz"),
    })
}

pub(crate) fn audio_config(rate_hz: u32) -> AudioConfig {
    AudioConfig::parse(asc(rate_hz)).expect("a valid configuration")
}

/// An access unit: one NAL unit, an IDR slice or another.
pub(crate) fn picture(key: bool, bytes: usize) -> Bytes {
    let mut payload = vec![0x11; bytes.max(5)];
    let nal_bytes = (payload.len() - 4) as u32;
    payload[..4].copy_from_slice(&nal_bytes.to_be_bytes());
    payload[4] = if key { 0x65 } else { 0x41 };
    Bytes::from(payload)
}

pub(crate) fn video(timestamp_ms: u32, key: bool) -> Incoming {
    Incoming::Video { timestamp_ms, cts_ms: 0, key, payload: picture(key, 400) }
}

pub(crate) fn audio(timestamp_ms: u32) -> Incoming {
    Incoming::Audio { timestamp_ms, payload: Bytes::from_static(&[0x21; 100]) }
}

/// Everything repair put out, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) all: Vec<Repaired>,
}

impl Output {
    pub(crate) fn epochs(&self) -> Vec<&Epoch> {
        let epochs = self.all.iter().filter_map(|repaired| match repaired {
            Repaired::Epoch(epoch) => Some(epoch),
            Repaired::Unit(_) => None,
        });
        epochs.collect()
    }

    pub(crate) fn units(&self, kind: TrackKind) -> Vec<&Unit> {
        let units = self.all.iter().filter_map(|repaired| match repaired {
            Repaired::Unit(unit) if unit.track == kind => Some(unit),
            _ => None,
        });
        units.collect()
    }

    /// Decoding times in milliseconds, of 90 kHz pictures.
    pub(crate) fn video_ms(&self) -> Vec<i64> {
        self.units(TrackKind::Video).iter().map(|unit| unit.dts / 90).collect()
    }

    /// Decoding times in samples.
    pub(crate) fn audio_dts(&self) -> Vec<i64> {
        self.units(TrackKind::Audio).iter().map(|unit| unit.dts).collect()
    }
}

/// Feeds messages, each with the stream position it arrives at.
pub(crate) fn feed(repair: &mut Repair, messages: impl IntoIterator<Item = (i64, Incoming)>) -> Output {
    let mut output = Output::default();
    for (now_ms, incoming) in messages {
        output.all.extend(repair.push(incoming, now_ms));
    }
    output
}

/// An encoder on a virtual clock, its timestamps rounded to milliseconds as RTMP has them.
#[derive(Debug, Clone)]
pub(crate) struct Encoder {
    /// Frames per 1,001 s, so that 29.97 is a whole number.
    pub(crate) frames_per_1001_s: u64,
    pub(crate) gop_ms: u64,
    pub(crate) b_frames: bool,
    pub(crate) audio_rate_hz: Option<u32>,
    pub(crate) level: u8,
    /// Timestamp of the first frame.
    pub(crate) base_ms: u32,
    pub(crate) picture_bytes: usize,
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            frames_per_1001_s: 30_030,
            gop_ms: 2_000,
            b_frames: false,
            audio_rate_hz: Some(48_000),
            level: 0x1f,
            base_ms: 0,
            picture_bytes: 400,
        }
    }
}

impl Encoder {
    /// Headers, then `duration_ms` of media, arriving from stream position `from_ms` on.
    pub(crate) fn messages(&self, from_ms: i64, duration_ms: u64) -> Vec<(i64, Incoming)> {
        let mut messages = vec![(from_ms, Incoming::VideoConfig(video_config(self.level)))];
        messages.extend(
            self.audio_rate_hz.map(|rate_hz| (from_ms, Incoming::AudioConfig(audio_config(rate_hz)))),
        );
        let mut media = Vec::new();
        let frame_us = |frame: u64| frame * 1_001_000_000 / self.frames_per_1001_s;
        let gop_frames = (self.gop_ms * self.frames_per_1001_s / 1_001_000).max(1);
        for frame in (0..).take_while(|&frame| frame_us(frame) < duration_ms * 1_000) {
            let key = frame % gop_frames == 0;
            let cts_ms = if self.b_frames { [66, 133, 0, 33][(frame % gop_frames % 4) as usize] } else { 0 };
            let at_ms = (frame_us(frame) + 500) / 1_000;
            let timestamp_ms = self.base_ms.wrapping_add(at_ms as u32);
            media.push((
                at_ms,
                Incoming::Video { timestamp_ms, cts_ms, key, payload: picture(key, self.picture_bytes) },
            ));
        }
        if let Some(rate_hz) = self.audio_rate_hz.map(u64::from) {
            let at_us = |unit: u64| unit * 1_024_000_000 / rate_hz;
            for unit in (0..).take_while(|&unit| at_us(unit) < duration_ms * 1_000) {
                let at_ms = (at_us(unit) + 500) / 1_000;
                media.push((at_ms, audio(self.base_ms.wrapping_add(at_ms as u32))));
            }
        }
        media.sort_by_key(|(at_ms, _)| *at_ms);
        messages.extend(media.into_iter().map(|(at_ms, incoming)| (from_ms + at_ms as i64, incoming)));
        messages
    }
}

/// An FLV file of these tags: kind, milliseconds, body.
pub(crate) fn flv_file(tags: &[(TagKind, u32, Vec<u8>)]) -> Bytes {
    let mut file = file_header(false, true).to_vec();
    for (kind, at_ms, body) in tags {
        file.extend_from_slice(&tag_header(*kind, *at_ms, body.len() as u32));
        file.extend_from_slice(body);
        file.extend_from_slice(&(body.len() as u32 + 11).to_be_bytes());
    }
    Bytes::from(file)
}

/// A watch page of one file and one asset.
pub(crate) fn pages() -> PageSource {
    Arc::new(|path: &str| {
        let media_type = match path {
            "watch.html" => "text/html",
            "assets/a.js" => "text/javascript",
            _ => return None,
        };
        Some(PageFile { media_type: media_type.to_owned(), bytes: Bytes::from_static(b"page") })
    })
}

/// What a stream called `id` is opened with, its time zero now.
pub(crate) fn stream_config(id: &str) -> StreamConfig {
    StreamConfig {
        playback_id: id.to_owned(),
        created_ms: Clock::start().now_ms(),
        first_msn: 0,
        facts: PlaylistFacts::default(),
    }
}

/// Lets a publisher in and has it say all this at once.
pub(crate) fn publish(stream: &Stream, messages: impl IntoIterator<Item = (i64, Incoming)>) -> Publisher {
    let publisher =
        stream.attach(PublisherInfo { address: "test".to_owned(), encoder: String::new(), since_ms: 0 });
    messages.into_iter().for_each(|(_, incoming)| publisher.push(incoming));
    publisher
}
