//! What the door, the sessions and the relay's end share. No lock is held across an `.await`.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use mentra_wire::{Secret, Webhook};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::CloudTiming;
use super::event::CloudEvent;
use super::sessions::Sessions;
use super::tls::CloudTls;
use crate::frames::{FrameDirection, Frames, masked};
use crate::shared::lock;

/// An API key shorter than this is no key (SDK 3.0 takes none below 8 characters) but a word that may stand anywhere.
const KEY_BYTES: usize = 8;

pub(super) struct CloudShared {
    pub(super) package: String,
    pub(super) api_key: Secret,
    pub(super) clouds: Vec<String>,
    pub(super) now_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
    pub(super) jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
    pub(super) timing: CloudTiming,
    pub(super) tls: CloudTls,
    /// Where the webhook door listens.
    pub(super) door: Option<SocketAddr>,
    /// Our place at the relay, as long as it lets us in.
    pub(super) mailbox: Mutex<Option<String>>,
    pub(super) sessions: Mutex<Sessions>,
    pub(super) frames: Mutex<Frames>,
    /// Webhooks on their way to be looked at, by whichever way they came.
    pub(super) webhooks: mpsc::Sender<Webhook>,
    pub(super) events: mpsc::Sender<CloudEvent>,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl CloudShared {
    pub(super) fn now_ms(&self) -> u64 {
        (self.now_ms)()
    }

    /// Tells the owner, waiting for its attention unless the client stops.
    pub(super) async fn tell(&self, event: CloudEvent) {
        tokio::select! {
            biased;
            // Nobody listens any more: the owner is about to drop the client.
            _ = self.events.send(event) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Keeps a text for developers, masked.
    pub(super) fn record(&self, direction: FrameDirection, text: &str) {
        let kept = masked(&self.without_key(text));
        lock(&self.frames).record(&self.package, self.now_ms(), direction, kept);
    }

    /// A text of the cloud's, which might say our key back to us.
    pub(super) fn without_key<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let key = self.api_key.expose();
        if key.len() >= KEY_BYTES && text.contains(key) {
            Cow::Owned(text.replace(key, "***"))
        } else {
            Cow::Borrowed(text)
        }
    }
}
