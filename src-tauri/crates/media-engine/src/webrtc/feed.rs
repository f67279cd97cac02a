//! What all WebRTC viewers of a stream share: pictures in packets, sound in Opus, and the group of pictures to begin from.

use std::sync::Arc;
use std::time::Instant;

use media_formats::aac::AudioConfig;
use media_formats::h264::VideoConfig;
use media_formats::rtp::packetize_h264;
use media_formats::unit::{TrackKind, Unit};

use super::viewer::TimeLine;
use crate::bus::{BusEpoch, BusItem, Reader, TryNext};
use crate::sound::{OpusPacket, ToOpus};
use crate::stream::Stream;

/// Payload of a packet: what is left of a datagram of 1,200 bytes, which every path takes, after RTP's header and
/// extensions and the tag of its encryption.
const MAX_PAYLOAD_BYTES: usize = 1_120;
/// Most of a group of pictures that is kept to begin from. Overflow policy: nobody begins until the next keyframe.
const MAX_GROUP_BYTES: usize = 16 << 20;
const MAX_GROUP_FRAMES: usize = 2_000;

/// A picture in packets, shared by all viewers.
#[derive(Debug)]
pub(super) struct Frame {
    /// RTP payloads, in order.
    pub(super) payloads: Vec<Arc<[u8]>>,
    /// Presentation time on the stream's time line, 90 kHz.
    pub(super) pts: i64,
    /// Decoding can start here.
    pub(super) key: bool,
    bytes: usize,
}

/// What a feed has for its viewers.
#[derive(Debug, Clone)]
pub(super) enum Fed {
    /// The next picture.
    Picture(Arc<Frame>),
    /// 20 ms of sound, beginning at this time of 48 kHz.
    Sound {
        /// Opus packet.
        packet: Arc<[u8]>,
        /// Presentation time, 48 kHz.
        at: i64,
    },
    /// Pictures are missing: viewers begin again from the group of pictures.
    Gap,
    /// The picture cannot be carried any more: every viewer is to leave.
    Unfit,
    /// The stream is over.
    Ended,
}

/// See the module's documentation.
pub(super) struct Feed {
    pub(super) stream: Stream,
    reader: Reader,
    config: Option<Arc<VideoConfig>>,
    group: Vec<Arc<Frame>>,
    group_bytes: usize,
    /// The newest pts of the group: an earlier one after it is a B-frame.
    last_pts: Option<i64>,
    sound_config: Option<Arc<AudioConfig>>,
    sound: Option<ToOpus>,
    opus: Vec<OpusPacket>,
    /// Some viewer takes sound.
    listening: bool,
    /// How far units were ahead of the clock at most: a sender's clock may run faster than ours.
    lead_ms: i64,
}

impl Feed {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            reader: stream.eager_reader(),
            stream,
            config: None,
            group: Vec::new(),
            group_bytes: 0,
            last_pts: None,
            sound_config: None,
            sound: None,
            opus: Vec::new(),
            listening: false,
            lead_ms: 0,
        }
    }

    /// Resolves once [`Feed::pump`] has something to do. Cancel safe.
    pub(super) async fn changed(&mut self) {
        self.reader.changed().await;
    }

    /// Sound is made only while somebody listens.
    pub(super) fn set_listening(&mut self, listening: bool) {
        if self.listening != listening {
            self.listening = listening;
            self.end_sound();
        }
    }

    fn end_sound(&mut self) {
        let damaged_units = self.sound.take().map_or(0, |sound| sound.damaged_units());
        if damaged_units > 0 {
            tracing::info!(damaged_units, "sound could not be decoded and became silence for WebRTC viewers");
        }
    }

    /// The pictures from the newest keyframe on; empty if there is none to begin from.
    pub(super) fn group(&self) -> &[Arc<Frame>] {
        &self.group
    }

    /// The stream's time line now, as sender reports tell it for both tracks alike.
    pub(super) fn line(&self) -> TimeLine {
        TimeLine { now: Instant::now(), now_ms: self.position_ms() + self.lead_ms }
    }

    fn position_ms(&self) -> i64 {
        let inner = &self.stream.0;
        inner.clock.now_ms() as i64 - inner.created_ms as i64
    }

    fn heed(&mut self, at_ms: i64) {
        self.lead_ms = self.lead_ms.max(at_ms - self.position_ms());
    }

    /// Takes what the stream has and hands it on, in order.
    pub(super) fn pump(&mut self, mut each: impl FnMut(&Self, Fed)) {
        loop {
            match self.reader.try_next() {
                TryNext::Empty => return,
                TryNext::Closed => return each(self, Fed::Ended),
                TryNext::Item(BusItem::Skipped { units }) => {
                    tracing::warn!(units, "WebRTC was too slow for the stream");
                    self.forget_group();
                    each(self, Fed::Gap);
                }
                TryNext::Item(BusItem::Unit { unit, epoch }) => {
                    if let Some(epoch) = epoch {
                        self.begin_epoch(&epoch);
                    }
                    match unit.track {
                        TrackKind::Video => self.picture(&unit, &mut each),
                        TrackKind::Audio => self.sound(&unit, &mut each),
                    }
                }
            }
        }
    }

    fn begin_epoch(&mut self, epoch: &BusEpoch) {
        self.config = epoch.shared_video();
        self.last_pts = None;
        // Another sender has another clock.
        self.lead_ms = 0;
        let audio = epoch.shared_audio();
        if self.sound_config != audio {
            self.sound_config = audio;
            self.end_sound();
        }
    }

    fn picture(&mut self, unit: &Unit, each: &mut impl FnMut(&Self, Fed)) {
        let Some(config) = &self.config else { return };
        let pts = unit.pts();
        let reordered = !unit.key && self.last_pts.is_some_and(|last| pts < last);
        self.last_pts = Some(if unit.key { pts } else { self.last_pts.map_or(pts, |last| last.max(pts)) });
        if reordered {
            return each(self, Fed::Unfit);
        }
        let at_ms = pts / 90;
        let payloads = packetize_h264(&unit.payload, unit.key, config, MAX_PAYLOAD_BYTES);
        if payloads.is_empty() {
            return;
        }
        let bytes = payloads.iter().map(|payload| payload.len()).sum();
        let frame = Arc::new(Frame { payloads, pts, key: unit.key, bytes });
        self.remember(&frame);
        self.heed(at_ms);
        each(self, Fed::Picture(frame));
    }

    fn remember(&mut self, frame: &Arc<Frame>) {
        if frame.key {
            self.forget_group();
        } else if self.group.is_empty() {
            return;
        }
        self.group.push(Arc::clone(frame));
        self.group_bytes += frame.bytes;
        if self.group_bytes > MAX_GROUP_BYTES || self.group.len() > MAX_GROUP_FRAMES {
            self.forget_group();
        }
    }

    fn forget_group(&mut self) {
        self.group.clear();
        self.group_bytes = 0;
    }

    fn sound(&mut self, unit: &Unit, each: &mut impl FnMut(&Self, Fed)) {
        let (true, Some(config)) = (self.listening, &self.sound_config) else { return };
        if self.sound.is_none() {
            match ToOpus::new(config) {
                Ok(sound) => self.sound = Some(sound),
                Err(error) => {
                    tracing::warn!(%error, "the stream's sound cannot be made into Opus");
                    // Until another configuration comes.
                    self.sound_config = None;
                    return;
                }
            }
        }
        let Some(sound) = &mut self.sound else { return };
        sound.push(unit.dts, &unit.payload, &mut self.opus);
        for packet in std::mem::take(&mut self.opus) {
            self.heed(packet.at / 48);
            each(self, Fed::Sound { packet: packet.payload.as_ref().into(), at: packet.at });
        }
    }
}

#[cfg(test)]
impl Frame {
    pub(super) fn for_test(payloads: Vec<Arc<[u8]>>, pts: i64, key: bool) -> Self {
        let bytes = payloads.iter().map(|payload| payload.len()).sum();
        Self { payloads, pts, key, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::testing::{Encoder, publish, stream_config};

    fn stream() -> Stream {
        Stream::new(stream_config("s"), Clock::start(), None)
    }

    fn pumped(feed: &mut Feed) -> Vec<Fed> {
        let mut all = Vec::new();
        feed.pump(|_, fed| all.push(fed));
        all
    }

    fn pictures(fed: &[Fed]) -> usize {
        fed.iter().filter(|fed| matches!(fed, Fed::Picture(_))).count()
    }

    #[test]
    fn a_feed_begins_at_the_newest_keyframe_and_remembers_from_there() {
        let stream = stream();
        let _publisher = publish(&stream, Encoder::default().messages(0, 5_000));
        let mut feed = Feed::new(stream);
        let fed = pumped(&mut feed);
        // A second since the keyframe of the fourth second.
        assert_eq!(pictures(&fed), 30);
        assert_eq!(feed.group().len(), 30);
        assert!(feed.group()[0].key && feed.group()[1..].iter().all(|frame| !frame.key));
        assert!(!fed.iter().any(|fed| matches!(fed, Fed::Sound { .. })), "nobody listens");
    }

    #[test]
    fn b_frames_send_everybody_away() {
        let stream = stream();
        let mut feed = Feed::new(stream.clone());
        let _publisher =
            publish(&stream, Encoder { b_frames: true, ..Default::default() }.messages(0, 1_000));
        assert!(pumped(&mut feed).iter().any(|fed| matches!(fed, Fed::Unfit)));
    }

    #[test]
    fn another_publisher_begins_another_group() {
        let stream = stream();
        let mut feed = Feed::new(stream.clone());
        drop(publish(&stream, Encoder::default().messages(0, 1_000)));
        pumped(&mut feed);
        let level = Encoder { level: 0x1e, ..Default::default() };
        let _publisher = publish(&stream, level.messages(5_000, 500));
        pumped(&mut feed);
        assert_eq!(feed.group().len(), 15);
        assert_eq!(feed.config.as_ref().map(|config| config.avcc[3]), Some(0x1e), "its own configuration");
    }

    #[test]
    fn the_end_is_told() {
        let stream = stream();
        let mut feed = Feed::new(stream.clone());
        let _publisher = publish(&stream, Encoder::default().messages(0, 500));
        stream.end();
        assert!(matches!(pumped(&mut feed).last(), Some(Fed::Ended)));
    }
}
