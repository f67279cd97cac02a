//! The demo camera: a clip of the project's own, looped for ever with timestamps that run on, fed through the same
//! door as any encoder.

use std::time::Duration;

use bytes::Bytes;
use media_formats::flv::{FileTag, FileTags, FlvError, TagKind};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::stream::{Publisher, PublisherInfo, Stream};

/// 8 s of 720p30 H.264 and AAC; the recipe lies beside it.
static CLIP: &[u8] = include_bytes!("../assets/demo.flv");
/// Exactly 240 frames and 375 AAC access units, so that it loops without a seam.
const CLIP_MS: u64 = 8_000;
/// What the demo camera is called where an address stands otherwise.
const NAME: &str = "demo camera";

/// A running demo camera; dropping it stops it.
#[derive(Debug)]
pub struct DemoCamera {
    task: JoinHandle<()>,
}

impl DemoCamera {
    /// Publishes the clip to `stream` until dropped or replaced.
    ///
    /// # Errors
    /// When the clip in the program is damaged.
    pub fn start(stream: &Stream) -> Result<Self, FlvError> {
        let tags: Vec<FileTag> = FileTags::new(Bytes::from_static(CLIP))?.collect();
        let publisher = stream.attach(PublisherInfo {
            address: NAME.to_owned(),
            encoder: String::new(),
            since_ms: stream.0.clock.now_ms(),
        });
        Ok(Self { task: tokio::spawn(play(tags, publisher)) })
    }

    /// Stops and waits until it has stopped.
    pub async fn stop(mut self) {
        self.task.abort();
        // The only error is the abort just asked for.
        let _ = (&mut self.task).await;
    }
}

impl Drop for DemoCamera {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn play(tags: Vec<FileTag>, publisher: Publisher) {
    let evicted = publisher.evicted();
    let started = Instant::now();
    for round in 0_u64.. {
        for tag in &tags {
            let at_ms = round * CLIP_MS + u64::from(tag.timestamp_ms);
            let due = started + Duration::from_millis(at_ms);
            if due > Instant::now() {
                tokio::select! {
                    () = evicted.cancelled() => return,
                    () = tokio::time::sleep_until(due) => {}
                }
            }
            // RTMP's clock wraps after 49 days, and so does the demo's.
            let timestamp_ms = at_ms as u32;
            let fed = match tag.kind {
                TagKind::Video => publisher.video(timestamp_ms, tag.payload.clone()),
                TagKind::Audio => publisher.audio(timestamp_ms, tag.payload.clone()),
                TagKind::Script => Ok(()),
            };
            if let Err(error) = fed {
                tracing::error!(%error, "the demo clip was refused");
                return;
            }
        }
    }
}

/// The clip's picture configuration and first access unit, for tests that need a real picture.
#[cfg(all(test, feature = "pixels"))]
pub(crate) fn first_keyframe() -> (media_formats::h264::VideoConfig, Bytes) {
    use media_formats::flv::{VideoTag, parse_video};

    let mut config = None;
    for tag in FileTags::new(Bytes::from_static(CLIP)).expect("an FLV file") {
        match (tag.kind, parse_video(tag.payload)) {
            (TagKind::Video, Ok(VideoTag::SequenceHeader(avcc))) => {
                config = Some(media_formats::h264::VideoConfig::parse(avcc).expect("a valid record"));
            }
            (TagKind::Video, Ok(VideoTag::Frame { key: true, payload, .. })) => {
                return (config.expect("a header before the first frame"), payload);
            }
            _ => {}
        }
    }
    panic!("the clip has no keyframe")
}
