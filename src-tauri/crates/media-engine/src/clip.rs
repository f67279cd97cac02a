//! A recording that is played for ever: the project's own demo clip, or an FLV file. One player, [`ClipFrames`], whose
//! frames go into a stream (`demo`) or straight to an RTMP server (`forward::clip`).

use std::sync::Arc;

use bytes::Bytes;
use media_formats::aac::AudioConfig;
use media_formats::flv::{self, AudioTag, FileTags, FlvError, TagKind, VideoTag};
use media_formats::h264::VideoConfig;
use media_formats::unit::TrackKind;

/// 8 s of 720p30 H.264 and AAC; the recipe lies beside it. Exactly 240 frames and 375 AAC access units, so that it loops
/// without a seam.
static DEMO: &[u8] = include_bytes!("../assets/demo.flv");

/// A recording, read and checked. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Clip(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    frames: Vec<Tag>,
    length_ms: u64,
    video: Option<VideoConfig>,
    audio: Option<AudioConfig>,
}

/// Why a file cannot be played; words for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClipError {
    /// Not FLV, or in a codec that is not carried.
    #[error(transparent)]
    Flv(#[from] FlvError),
    /// A decoder configuration is damaged.
    #[error("the file's {track} header cannot be read: {reason}")]
    BadHeader {
        /// `H.264` or `AAC`.
        track: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// No header, or nothing behind it.
    #[error("the file holds no picture and no sound that can be played")]
    Empty,
}

/// What a frame of a clip is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// A decoder configuration.
    Header(TrackKind),
    /// A keyframe.
    Key,
    /// Any other picture.
    Picture,
    /// A sound.
    Sound,
}

impl FrameKind {
    pub(crate) fn track(self) -> TrackKind {
        match self {
            Self::Header(track) => track,
            Self::Key | Self::Picture => TrackKind::Video,
            Self::Sound => TrackKind::Audio,
        }
    }
}

/// One tag of the file.
#[derive(Debug, Clone)]
struct Tag {
    at_ms: u64,
    kind: FrameKind,
    payload: Bytes,
}

/// One frame of the endless clip.
#[derive(Debug, Clone)]
pub(crate) struct ClipFrame {
    /// Milliseconds since playing began.
    pub(crate) at_ms: u64,
    pub(crate) kind: FrameKind,
    /// The body of an FLV tag.
    pub(crate) payload: Bytes,
}

impl Clip {
    /// The demo clip of the program.
    ///
    /// # Errors
    /// When the clip in the program is damaged.
    pub fn demo() -> Result<Self, ClipError> {
        Self::from_flv(Bytes::from_static(DEMO))
    }

    /// Reads a whole FLV file of H.264 and AAC. Frames are slices of it. A picture before the first keyframe is left out.
    ///
    /// # Errors
    /// See [`ClipError`].
    pub fn from_flv(file: Bytes) -> Result<Self, ClipError> {
        let (mut frames, mut video, mut audio) = (Vec::new(), None, None);
        let mut keyed = false;
        for tag in FileTags::new(file)? {
            let kind = match tag.kind {
                TagKind::Script => None,
                TagKind::Video => match unless_damaged(flv::parse_video(tag.payload.clone()))? {
                    Some(VideoTag::SequenceHeader(avcc)) => {
                        let config = VideoConfig::parse(avcc).map_err(|error| bad_header("H.264", &error))?;
                        video.get_or_insert(config);
                        Some(FrameKind::Header(TrackKind::Video))
                    }
                    Some(VideoTag::Frame { key, .. }) if video.is_some() && (key || keyed) => {
                        keyed = true;
                        Some(if key { FrameKind::Key } else { FrameKind::Picture })
                    }
                    _ => None,
                },
                TagKind::Audio => match unless_damaged(flv::parse_audio(tag.payload.clone()))? {
                    Some(AudioTag::SequenceHeader(asc)) => {
                        let config = AudioConfig::parse(asc).map_err(|error| bad_header("AAC", &error))?;
                        audio.get_or_insert(config);
                        Some(FrameKind::Header(TrackKind::Audio))
                    }
                    Some(AudioTag::Frame(_)) if audio.is_some() => Some(FrameKind::Sound),
                    _ => None,
                },
            };
            frames.extend(kind.map(|kind| Tag {
                at_ms: u64::from(tag.timestamp_ms),
                kind,
                payload: tag.payload,
            }));
        }
        let first_ms = frames.iter().filter(|tag| !is_header(tag)).map(|tag| tag.at_ms).min();
        let first_ms = first_ms.ok_or(ClipError::Empty)?;
        for tag in &mut frames {
            tag.at_ms = tag.at_ms.saturating_sub(first_ms);
        }
        let length_ms = [TrackKind::Video, TrackKind::Audio].map(|track| length_ms(&frames, track));
        let length_ms = length_ms.into_iter().max().unwrap_or(1).max(1);
        Ok(Self(Arc::new(Inner { frames, length_ms, video, audio })))
    }

    /// How long one round takes, in milliseconds.
    pub fn length_ms(&self) -> u64 {
        self.0.length_ms
    }

    pub(crate) fn video(&self) -> Option<&VideoConfig> {
        self.0.video.as_ref()
    }

    pub(crate) fn audio(&self) -> Option<&AudioConfig> {
        self.0.audio.as_ref()
    }

    /// Plays it from the start.
    pub(crate) fn frames(&self) -> ClipFrames {
        ClipFrames { clip: self.clone(), next: 0, round: 0 }
    }
}

/// A single damaged message is passed over; a codec that is not carried is not.
fn unless_damaged<T>(parsed: Result<T, FlvError>) -> Result<Option<T>, FlvError> {
    match parsed {
        Ok(tag) => Ok(Some(tag)),
        Err(error @ FlvError::UnsupportedCodec { .. }) => Err(error),
        Err(_) => Ok(None),
    }
}

fn bad_header(track: &'static str, reason: &dyn std::fmt::Display) -> ClipError {
    ClipError::BadHeader { track, reason: reason.to_string() }
}

fn is_header(tag: &Tag) -> bool {
    matches!(tag.kind, FrameKind::Header(_))
}

/// When a track would begin anew: one frame's usual distance behind its last.
fn length_ms(frames: &[Tag], track: TrackKind) -> u64 {
    let times =
        || frames.iter().filter(|tag| !is_header(tag) && tag.kind.track() == track).map(|tag| tag.at_ms);
    let (Some(first_ms), Some(last_ms)) = (times().min(), times().max()) else { return 0 };
    let steps = (times().count() as u64).saturating_sub(1).max(1);
    last_ms + (last_ms - first_ms + steps / 2) / steps
}

/// The frames of a clip, in order, for ever.
#[derive(Debug)]
pub(crate) struct ClipFrames {
    clip: Clip,
    next: usize,
    round: u64,
}

impl ClipFrames {
    /// When the next frame is due, in milliseconds since playing began.
    pub(crate) fn due_ms(&self) -> u64 {
        let inner = &self.clip.0;
        self.round * inner.length_ms + inner.frames.get(self.next).map_or(0, |tag| tag.at_ms)
    }

    /// Takes the next frame.
    pub(crate) fn take(&mut self) -> ClipFrame {
        let at_ms = self.due_ms();
        let frames = &self.clip.0.frames;
        let tag = &frames[self.next];
        let frame = ClipFrame { at_ms, kind: tag.kind, payload: tag.payload.clone() };
        self.next += 1;
        if self.next == frames.len() {
            (self.next, self.round) = (0, self.round + 1);
        }
        frame
    }
}

/// The clip's picture configuration and first access unit, for tests that need a real picture.
#[cfg(all(test, feature = "pixels"))]
pub(crate) fn first_keyframe() -> (VideoConfig, Bytes) {
    let clip = Clip::demo().expect("the clip");
    let key = clip.0.frames.iter().find(|tag| tag.kind == FrameKind::Key).expect("a keyframe");
    let Ok(VideoTag::Frame { payload, .. }) = flv::parse_video(key.payload.clone()) else {
        panic!("the keyframe is one")
    };
    (clip.video().expect("a header").clone(), payload)
}

#[cfg(test)]
mod tests {
    use media_formats::flv::{AVC_SEQUENCE_PREFIX, avc_frame_prefix, file_header};

    use super::*;
    use crate::testing::{avcc, flv_file, picture};

    fn header() -> Vec<u8> {
        [&AVC_SEQUENCE_PREFIX[..], &avcc(0x1f)].concat()
    }

    fn frame(key: bool) -> Vec<u8> {
        [&avc_frame_prefix(key, 0)[..], &picture(key, 50)].concat()
    }

    #[test]
    fn the_demo_clip_loops_without_a_seam() {
        let clip = Clip::demo().expect("the clip");
        assert_eq!(clip.length_ms(), 8_000);
        assert!(clip.video().is_some() && clip.audio().is_some());
        let mut frames = clip.frames();
        let mut pictures_ms = Vec::new();
        while frames.due_ms() < 16_000 {
            let frame = frames.take();
            if matches!(frame.kind, FrameKind::Key | FrameKind::Picture) {
                pictures_ms.push(frame.at_ms);
            }
        }
        assert_eq!(pictures_ms.len(), 480);
        assert!(pictures_ms.windows(2).all(|pair| (33..=34).contains(&(pair[1] - pair[0]))));
    }

    #[test]
    fn a_file_begins_at_its_first_keyframe_and_at_zero() {
        let clip = Clip::from_flv(flv_file(&[
            (TagKind::Video, 5_000, header()),
            (TagKind::Video, 5_000, frame(false)),
            (TagKind::Video, 5_040, frame(true)),
            (TagKind::Video, 5_080, frame(false)),
        ]))
        .expect("a clip");
        assert_eq!(clip.length_ms(), 80);
        let mut frames = clip.frames();
        let got: Vec<_> = (0..5).map(|_| frames.take()).map(|frame| (frame.at_ms, frame.kind)).collect();
        let header = FrameKind::Header(TrackKind::Video);
        assert_eq!(
            got,
            [(0, header), (0, FrameKind::Key), (40, FrameKind::Picture), (80, header), (80, FrameKind::Key)]
        );
    }

    #[test]
    fn what_cannot_be_played_is_told() {
        assert_eq!(Clip::from_flv(Bytes::from_static(b"RIFF")).err(), Some(ClipError::Flv(FlvError::NotFlv)));
        assert_eq!(Clip::from_flv(flv_file(&[])).err(), Some(ClipError::Empty));
        assert_eq!(Clip::from_flv(flv_file(&[(TagKind::Video, 0, header())])).err(), Some(ClipError::Empty));
        let h263 = Clip::from_flv(flv_file(&[(TagKind::Video, 0, vec![0x12, 0, 0])]));
        assert!(matches!(h263, Err(ClipError::Flv(FlvError::UnsupportedCodec { .. }))));
        let damaged = [&AVC_SEQUENCE_PREFIX[..], &[1, 2]].concat();
        assert!(matches!(
            Clip::from_flv(flv_file(&[(TagKind::Video, 0, damaged)])),
            Err(ClipError::BadHeader { track: "H.264", .. })
        ));
    }

    proptest::proptest! {
        #[test]
        fn any_file_is_read_or_refused(tail in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let mut bytes = file_header(true, true).to_vec();
            bytes.extend_from_slice(&tail);
            if let Ok(clip) = Clip::from_flv(Bytes::from(bytes)) {
                let mut frames = clip.frames();
                let first = frames.take().at_ms;
                assert!((0..100).all(|_| frames.take().at_ms + clip.length_ms() >= first));
            }
        }
    }
}
