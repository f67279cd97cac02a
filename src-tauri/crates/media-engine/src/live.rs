//! The live socket's messages: a stream's units as fragmented MP4, one picture or frame of sound a message. Pure: time is
//! an argument.
//!
//! Text messages are JSON, binary ones carry ISO 14496-12 behind a byte that says what:
//!
//! | first byte | the rest |
//! |---|---|
//! | `0x00`, `0x01` | init segment of the picture, of the sound |
//! | `0x10`, `0x11` | one `moof` and `mdat` of the picture, of the sound |
//!
//! Each epoch begins with `tracks` and its init segments, then a keyframe. A picture lasts as long as the last step
//! foretells, since waiting for the next one to know better would cost a frame of latency, and is decoded where the last
//! one ended (see [`grid`]); decode times neither overlap nor go back, over all epochs. A payload is copied once for each
//! viewer, behind its box head: a message is one piece of memory.

mod grid;

use std::collections::VecDeque;

use bytes::{BufMut as _, Bytes, BytesMut};
use media_formats::fmp4::{self, SampleEntry};
use media_formats::unit::{TrackKind, Unit};
use serde::Serialize;

use self::grid::Grid;
use crate::bus::{BusEpoch, BusItem};

/// Pictures that are enough to measure their rate by.
const MEASURED_PICTURES: usize = 64;
/// Most units held while it is measured. Overflow policy: it is measured by those.
const MAX_HELD: usize = 512;

/// One WebSocket message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LiveMessage {
    /// JSON.
    Text(String),
    /// See the module's table.
    Binary(Bytes),
}

/// The text messages.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Said {
    /// A new epoch: what the init segments and media after it are.
    Tracks {
        epoch: u32,
        /// Unix milliseconds of media time zero.
        created_ms: u64,
        /// The engine's clock.
        now_ms: u64,
        video: Option<VideoTrack>,
        audio: Option<AudioTrack>,
    },
    /// The viewer was too slow; a keyframe follows.
    Skipped { units: u64 },
    /// The stream is over.
    End,
}

#[derive(Debug, Serialize)]
struct VideoTrack {
    /// RFC 6381.
    codec: String,
    width: u32,
    height: u32,
}

#[derive(Debug, Serialize)]
struct AudioTrack {
    /// RFC 6381.
    codec: String,
}

impl Said {
    fn message(&self) -> LiveMessage {
        // Numbers, options and plain strings: there is nothing in it that JSON could not carry.
        LiveMessage::Text(serde_json::to_string(self).unwrap_or_default())
    }
}

/// Turns what one viewer's reader gives into messages. See the module's documentation.
#[derive(Debug)]
pub(crate) struct LiveFeed {
    created_ms: u64,
    epoch: Option<BusEpoch>,
    /// Nothing but a keyframe can follow.
    awaits_key: bool,
    grid: Grid,
    /// An epoch's first units, until there are enough of them, or no more, to measure the rate by.
    held: Option<Vec<Unit>>,
    /// Where the last sound ends, in samples, and samples a second.
    sound_end: Option<(i64, u32)>,
    /// Fragments so far, of picture and sound.
    fragments: [u32; 2],
    messages: VecDeque<LiveMessage>,
}

impl LiveFeed {
    /// For a viewer of a stream with this time zero, in Unix milliseconds.
    pub(crate) fn new(created_ms: u64) -> Self {
        Self {
            created_ms,
            epoch: None,
            awaits_key: true,
            grid: Grid::default(),
            held: None,
            sound_end: None,
            fragments: [0; 2],
            messages: VecDeque::new(),
        }
    }

    /// Takes the reader's next item at `now_ms`, Unix milliseconds.
    pub(crate) fn push(&mut self, item: BusItem, now_ms: u64) {
        match item {
            BusItem::Skipped { units } => {
                self.settle();
                self.awaits_key = true;
                self.messages.push_back(Said::Skipped { units }.message());
            }
            BusItem::Unit { unit, epoch } => {
                if let Some(epoch) = epoch {
                    self.settle();
                    self.begin_epoch(epoch, now_ms);
                }
                self.unit(unit);
            }
        }
    }

    /// The reader has nothing more for now: nothing is held back any longer.
    pub(crate) fn settle(&mut self) {
        let Some(held) = self.held.take() else { return };
        let times: Vec<i64> =
            held.iter().filter(|unit| unit.track == TrackKind::Video).map(|unit| unit.dts.max(0)).collect();
        if times.is_empty() {
            // Only sound came so far.
            self.held = Some(Vec::new());
        }
        self.grid.measure(&times);
        held.into_iter().for_each(|unit| self.send(unit));
    }

    /// The stream is over.
    pub(crate) fn end(&mut self) {
        self.settle();
        self.messages.push_back(Said::End.message());
    }

    /// The next message.
    pub(crate) fn pop(&mut self) -> Option<LiveMessage> {
        self.messages.pop_front()
    }

    fn begin_epoch(&mut self, epoch: BusEpoch, now_ms: u64) {
        let (video, audio) = (epoch.video(), epoch.audio());
        let tracks = Said::Tracks {
            epoch: epoch.number(),
            created_ms: self.created_ms,
            now_ms,
            video: video.map(|config| VideoTrack {
                codec: config.codec_string(),
                width: config.sps.width,
                height: config.sps.height,
            }),
            audio: audio.map(|config| AudioTrack { codec: config.codec_string() }),
        };
        self.messages.push_back(tracks.message());
        let inits = [
            video.map(|config| (0x00, fmp4::init_video(config))),
            audio.map(|config| (0x01, fmp4::init_audio(config))),
        ];
        for (first, init) in inits.into_iter().flatten() {
            self.messages.push_back(binary(first, &[&init]));
        }
        if let Some(config) = video {
            self.grid.begin(config.sps.fps);
        }
        self.held = video.map(|_| Vec::new());
        self.awaits_key = true;
        self.epoch = Some(epoch);
    }

    fn unit(&mut self, unit: Unit) {
        let Some(epoch) = &self.epoch else { return };
        let known = match unit.track {
            TrackKind::Video => epoch.video().is_some(),
            TrackKind::Audio => epoch.audio().is_some(),
        };
        if !known {
            return;
        }
        if unit.track == TrackKind::Video {
            if self.awaits_key && !unit.key {
                return;
            }
            self.awaits_key = false;
        }
        let Some(held) = &mut self.held else { return self.send(unit) };
        held.push(unit);
        let pictures = held.iter().filter(|unit| unit.track == TrackKind::Video).count();
        if pictures >= MEASURED_PICTURES || held.len() >= MAX_HELD {
            self.settle();
        }
    }

    fn send(&mut self, unit: Unit) {
        let true_dts = unit.dts.max(0);
        let (first, dts, duration) = match unit.track {
            TrackKind::Video => {
                let (place, step) = self.grid.place(true_dts);
                (0x10, place, step)
            }
            TrackKind::Audio => {
                let Some(config) = self.epoch.as_ref().and_then(BusEpoch::audio) else { return };
                let (rate_hz, duration) = (config.sample_rate_hz, i64::from(config.frame_samples()));
                let end = self.sound_end.map_or(0, |(end, old_hz)| rescaled(end, old_hz, rate_hz));
                let dts = true_dts.max(end);
                self.sound_end = Some((dts + duration, rate_hz));
                (0x11, dts, duration)
            }
        };
        // A picture is decoded at its place and shown when it was to be.
        let moved = match unit.track {
            TrackKind::Video => (unit.dts - dts).clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32,
            TrackKind::Audio => 0,
        };
        let entry = SampleEntry {
            duration: duration as u32,
            size: unit.payload.len() as u32,
            cts: unit.cts.saturating_add(moved),
            key: unit.key,
        };
        let fragment = &mut self.fragments[usize::from(unit.track == TrackKind::Audio)];
        *fragment = fragment.wrapping_add(1);
        let head = fmp4::part_head(unit.track, *fragment, dts as u64, &[entry]);
        self.messages.push_back(binary(first, &[&head, &unit.payload]));
    }
}

/// A time in ticks of another rate, not earlier.
fn rescaled(ticks: i64, from_hz: u32, to_hz: u32) -> i64 {
    if from_hz == to_hz {
        return ticks;
    }
    let scaled = i128::from(ticks) * i128::from(to_hz);
    (scaled / i128::from(from_hz.max(1))) as i64 + 1
}

fn binary(first: u8, pieces: &[&Bytes]) -> LiveMessage {
    let mut message = BytesMut::with_capacity(1 + pieces.iter().map(|piece| piece.len()).sum::<usize>());
    message.put_u8(first);
    pieces.iter().for_each(|piece| message.put_slice(piece));
    LiveMessage::Binary(message.freeze())
}

#[cfg(test)]
pub(crate) mod checker;
#[cfg(test)]
mod tests;
