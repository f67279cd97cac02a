//! The demo camera: a clip of the project's own, looped for ever with timestamps that run on, fed through the same
//! door as any encoder.

use std::time::Duration;

use media_formats::unit::TrackKind;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::clip::{Clip, ClipError, ClipFrames};
use crate::stream::{Publisher, PublisherInfo, Stream};

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
    pub fn start(stream: &Stream) -> Result<Self, ClipError> {
        let frames = Clip::demo()?.frames();
        let publisher = stream.attach(PublisherInfo {
            address: NAME.to_owned(),
            encoder: String::new(),
            since_ms: stream.0.clock.now_ms(),
        });
        Ok(Self { task: tokio::spawn(play(frames, publisher)) })
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

async fn play(mut frames: ClipFrames, publisher: Publisher) {
    let evicted = publisher.evicted();
    let started = Instant::now();
    loop {
        let due = started + Duration::from_millis(frames.due_ms());
        if due > Instant::now() {
            tokio::select! {
                () = evicted.cancelled() => return,
                () = tokio::time::sleep_until(due) => {}
            }
        }
        let frame = frames.take();
        // RTMP's clock wraps after 49 days, and so does the demo's.
        let timestamp_ms = frame.at_ms as u32;
        let fed = match frame.kind.track() {
            TrackKind::Video => publisher.video(timestamp_ms, frame.payload),
            TrackKind::Audio => publisher.audio(timestamp_ms, frame.payload),
        };
        if let Err(error) = fed {
            tracing::error!(%error, "the demo clip was refused");
            return;
        }
    }
}
