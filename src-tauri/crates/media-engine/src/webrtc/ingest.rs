//! What one publisher sends by WHIP becomes what an encoder would have sent by RTMP.
//!
//! Pictures and sound bear RTP times of two clocks. At first they are laid on one by when they came; as soon as the
//! publisher has said by sender reports how both belong to its own clock, the sound is moved to where it belongs.
//!
//! Browsers send keyframes only when asked: one is asked for when the last is [`KEYFRAME_EVERY`] old, so that HLS players
//! have segments to begin at, and at once after a loss that could not be made good. Until it comes the picture stands
//! still, which is better than a broken one.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::{BufMut as _, Bytes, BytesMut};
use media_formats::h264::{NalKind, ParameterSets, VideoConfig};
use str0m::media::{MediaData, Mid};

use super::negotiate::Sent;
use crate::repair::Incoming;
use crate::sound::{AacUnit, ToAac};
use crate::stream::Publisher;

/// HLS begins a segment at a keyframe; encoders for it send one every two seconds.
const KEYFRAME_EVERY: Duration = Duration::from_millis(2_000);
/// A keyframe that was asked for takes a round trip and a picture.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(500);
/// Sender reports that disagree with what was found from earlier ones by more than this move the sound again.
const MOVED_MS: i64 = 100;
/// No sound is further from its picture than this.
const BELIEVED_MS: i64 = 5_000;
/// What a packet of Opus usually lasts.
const FRAME_MS: u64 = 20;
/// Channels of the sound made for HLS: a browser may change between one and two at will.
const CHANNELS: u8 = 2;

/// One track's clock.
#[derive(Debug)]
struct TrackClock {
    rate_hz: i64,
    /// RTP time of the first unit, and milliseconds since the publisher began when it came.
    first: Option<(i64, i64)>,
    /// The publisher's own clock at an RTP time.
    report: Option<(SystemTime, i64)>,
}

impl TrackClock {
    fn new(rate_hz: i64) -> Self {
        Self { rate_hz, first: None, report: None }
    }

    /// Milliseconds since the publisher began, by when the first unit came.
    fn ms(&mut self, rtp: i64, came_ms: i64) -> i64 {
        let (first_rtp, first_ms) = *self.first.get_or_insert((rtp, came_ms));
        first_ms + (rtp - first_rtp) * 1_000 / self.rate_hz
    }

    /// The publisher's clock at the first unit, in milliseconds since the epoch of its choice.
    fn wall_of_first_ms(&self) -> Option<(i64, i64)> {
        let ((first_rtp, first_ms), (wall, rtp)) = (self.first?, self.report?);
        let wall_ms = wall.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_millis() as i64;
        // Both were extended to more than 32 bits by themselves, and may have been so to different rounds.
        let since = i64::from((first_rtp - rtp) as i32);
        Some((wall_ms + since * 1_000 / self.rate_hz, first_ms))
    }
}

/// See the module's documentation.
pub(super) struct Ingest {
    sent: Sent,
    began: Instant,
    video: TrackClock,
    audio: TrackClock,
    /// Added to the sound's times.
    audio_shift_ms: i64,
    config: Option<VideoConfig>,
    waits_for_key: bool,
    last_key: Option<Instant>,
    asked: Option<Instant>,
    pub(super) last_media: Instant,
    sound: Option<ToAac>,
    aac: Vec<AacUnit>,
    /// What of the sound's holes was counted.
    concealed_ms: u64,
}

impl Ingest {
    pub(super) fn new(sent: Sent, now: Instant) -> Self {
        Self {
            sent,
            began: now,
            video: TrackClock::new(90_000),
            audio: TrackClock::new(48_000),
            audio_shift_ms: 0,
            config: None,
            waits_for_key: true,
            last_key: None,
            asked: None,
            last_media: now,
            sound: None,
            aac: Vec::new(),
            concealed_ms: 0,
        }
    }

    /// The section pictures come in, if a keyframe is to be asked for now.
    pub(super) fn wants_keyframe(&mut self, now: Instant) -> Option<Mid> {
        let mid = self.sent.video?;
        let old = self.last_key.is_none_or(|at| now.saturating_duration_since(at) >= KEYFRAME_EVERY);
        let asked = self.asked.is_some_and(|at| now.saturating_duration_since(at) < ASK_AGAIN_AFTER);
        if asked || !(old || self.waits_for_key) {
            return None;
        }
        self.asked = Some(now);
        Some(mid)
    }

    /// When to ask again whether a keyframe is wanted.
    pub(super) fn look_again(now: Instant) -> Instant {
        now + ASK_AGAIN_AFTER / 4
    }

    /// Takes what came, in order, and feeds the stream.
    pub(super) fn take(&mut self, data: &MediaData, publisher: &Publisher) {
        self.last_media = data.network_time.max(self.last_media);
        let came_ms = data.network_time.saturating_duration_since(self.began).as_millis() as i64;
        let rtp = data.time.numer() as i64;
        let report = data.last_sender_info.as_ref().map(|info| (info.ntp_time, info.rtp_time.numer() as i64));
        if Some(data.mid) == self.sent.video {
            self.video.report = report.or(self.video.report);
            self.align();
            self.picture(rtp, came_ms, data, publisher);
        } else if Some(data.mid) == self.sent.audio {
            self.audio.report = report.or(self.audio.report);
            self.align();
            self.listen(rtp, came_ms, &data.data, publisher);
        }
    }

    /// Moves the sound to where the publisher's reports say it belongs beside the picture.
    fn align(&mut self) {
        let (Some(video), Some(audio)) = (self.video.wall_of_first_ms(), self.audio.wall_of_first_ms())
        else {
            return;
        };
        let ((video_wall_ms, video_ms), (audio_wall_ms, audio_ms)) = (video, audio);
        let shift_ms = (audio_wall_ms - video_wall_ms) - (audio_ms - video_ms);
        // Reports of two clocks that have nothing to do with each other: then it is best left where it came.
        if shift_ms.abs() > BELIEVED_MS {
            return;
        }
        if self.audio_shift_ms == 0 || (shift_ms - self.audio_shift_ms).abs() > MOVED_MS {
            self.audio_shift_ms = shift_ms;
        }
    }

    fn picture(&mut self, rtp: i64, came_ms: i64, data: &MediaData, publisher: &Publisher) {
        let timestamp_ms = self.video.ms(rtp, came_ms);
        let unit = AccessUnit::read(&data.data);
        if !data.contiguous {
            publisher.count_lost(1);
            self.waits_for_key = true;
        }
        if let Some(sets) = &unit.sets
            && let Ok(config) = VideoConfig::from_parameter_sets(sets)
            && self.config.as_ref() != Some(&config)
        {
            self.config = Some(config.clone());
            publisher.push(Incoming::VideoConfig(config));
        }
        if unit.key {
            self.waits_for_key = false;
            self.last_key = Some(data.network_time);
        }
        if self.waits_for_key || unit.payload.is_empty() {
            publisher.count_lost(1);
            return;
        }
        publisher.push(Incoming::Video {
            timestamp_ms: timestamp_ms as u32,
            cts_ms: 0,
            key: unit.key,
            payload: unit.payload,
        });
    }

    fn listen(&mut self, rtp: i64, came_ms: i64, packet: &Arc<[u8]>, publisher: &Publisher) {
        if self.sound.is_none() {
            match ToAac::new(CHANNELS) {
                Ok(sound) => {
                    publisher.push(Incoming::AudioConfig(sound.config()));
                    self.sound = Some(sound);
                }
                Err(error) => {
                    tracing::warn!(%error, "sound by WHIP cannot be made into AAC");
                    self.sent.audio = None;
                }
            }
        }
        let (first_rtp, first_ms) = *self.audio.first.get_or_insert((rtp, came_ms));
        let at = (first_ms + self.audio_shift_ms) * 48 + (rtp - first_rtp);
        let Some(sound) = &mut self.sound else { return };
        sound.push(at, packet, &mut self.aac);
        let concealed_ms = sound.concealed_ms();
        publisher.count_lost(concealed_ms.saturating_sub(self.concealed_ms).div_ceil(FRAME_MS));
        self.concealed_ms = concealed_ms;
        for unit in self.aac.drain(..) {
            // Sound from before the first picture has no place; its negative time would wrap.
            let timestamp_ms = (unit.at / 48).max(0) as u32;
            publisher.push(Incoming::Audio { timestamp_ms, payload: unit.payload });
        }
    }
}

/// An access unit as a byte stream (H.264 Annex B), taken apart.
struct AccessUnit {
    sets: Option<ParameterSets>,
    key: bool,
    /// Length-prefixed, four bytes each, without parameter sets and delimiters.
    payload: Bytes,
}

impl AccessUnit {
    fn read(stream: &[u8]) -> Self {
        let (mut sps, mut pps) = (Vec::new(), Vec::new());
        let mut payload = BytesMut::with_capacity(stream.len() + 16);
        let mut key = false;
        for nal in nal_units(stream) {
            match NalKind::of(nal) {
                NalKind::Sps => sps.push(Bytes::copy_from_slice(nal)),
                NalKind::Pps => pps.push(Bytes::copy_from_slice(nal)),
                NalKind::AccessUnitDelimiter
                | NalKind::Filler
                | NalKind::EndOfSequence
                | NalKind::EndOfStream => {}
                kind => {
                    key |= kind == NalKind::Idr;
                    payload.put_u32(nal.len() as u32);
                    payload.put_slice(nal);
                }
            }
        }
        let whole = !sps.is_empty() && !pps.is_empty();
        let sets = whole.then_some(ParameterSets { sps, pps });
        Self { sets, key, payload: payload.freeze() }
    }
}

/// NAL units between start codes (H.264 Annex B); empty ones are passed over.
fn nal_units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = stream;
    std::iter::from_fn(move || {
        loop {
            if rest.is_empty() {
                return None;
            }
            let end = start_code(rest).unwrap_or(rest.len());
            let (nal, tail) = rest.split_at(end);
            rest = tail.get(3..).unwrap_or_default();
            // Zeros before a start code of four bytes, or after the unit, are not its own.
            let length = nal.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            if let Some(nal) = nal.get(..length).filter(|nal| !nal.is_empty()) {
                return Some(nal);
            }
        }
    })
}

fn start_code(bytes: &[u8]) -> Option<usize> {
    bytes.windows(3).position(|window| window == [0, 0, 1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{OTHER_PPS, OTHER_SPS};

    #[test]
    fn an_access_unit_is_taken_apart() {
        let stream = [
            &[0, 0, 0, 1, 9, 0xf0][..],
            &[0, 0, 0, 1],
            OTHER_SPS,
            &[0, 0, 1],
            OTHER_PPS,
            &[0, 0, 0, 1, 0x65, 1, 2, 3, 0, 0],
            &[0, 0, 1, 0x65, 4],
        ]
        .concat();
        let unit = AccessUnit::read(&stream);
        assert!(unit.key);
        let sets = unit.sets.expect("both kinds");
        assert_eq!((&sets.sps[0][..], &sets.pps[0][..]), (OTHER_SPS, OTHER_PPS));
        assert_eq!(&unit.payload[..], [0, 0, 0, 4, 0x65, 1, 2, 3, 0, 0, 0, 2, 0x65, 4]);
    }

    #[test]
    fn sound_is_moved_to_where_the_reports_say() {
        let at = |ms: u64| SystemTime::UNIX_EPOCH + Duration::from_millis(ms);
        let mut ingest = Ingest::new(Sent { video: None, audio: None }, Instant::now());
        // They came at the same time, but the sound was taken 40 ms before the picture.
        assert_eq!(ingest.video.ms(900_000, 100), 100);
        assert_eq!(ingest.audio.ms(48_000, 100), 100);
        ingest.video.report = Some((at(50_040), 900_000));
        ingest.align();
        assert_eq!(ingest.audio_shift_ms, 0);
        ingest.audio.report = Some((at(51_000), 48_000 + 48_000));
        ingest.align();
        assert_eq!(ingest.audio_shift_ms, -40);
        ingest.audio.report = Some((at(51_010), 48_000 + 48_000));
        ingest.align();
        assert_eq!(ingest.audio_shift_ms, -40, "reports tremble");
        assert_eq!(ingest.video.ms(990_000, 0), 1_100);
        // A report in the next round of the 32 bits, and one of another clock.
        ingest.audio.report = Some((at(51_200), 48_000 + 48_000 + (1 << 32)));
        ingest.align();
        assert_eq!(ingest.audio_shift_ms, 160);
        ingest.audio.report = Some((at(90_000_000), 48_000 + 48_000));
        ingest.align();
        assert_eq!(ingest.audio_shift_ms, 160);
    }

    proptest! {
        #[test]
        fn any_bytes_are_harmless(stream in prop::collection::vec(prop::sample::select(vec![0u8, 0, 1, 0x65, 0x67, 0x68, 0x41]), 0..200)) {
            let unit = AccessUnit::read(&stream);
            prop_assert!(media_formats::h264::nal_units(&unit.payload, 4).all(|nal| nal.is_ok()));
        }
    }
}
