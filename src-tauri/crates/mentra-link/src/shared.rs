//! What all sockets of one hub share. No lock is held across an `.await`.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use mentra_wire::{Dialect, Generation, HubToApp, HubToDevice};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::apps::Apps;
use crate::event::{GlassesSocket, HubEvent};
use crate::frames::{FrameDirection, Frames, masked};
use crate::keep_alive::KeepAliveRun;
use crate::line::Line;
use crate::timing::Timing;
use crate::token::Token;

/// Sockets of apps that have not said who they are.
pub(crate) const STRANGERS: usize = 256;

pub(crate) struct Shared {
    pub(crate) user_id: String,
    pub(crate) device_token: RwLock<Token>,
    pub(crate) timing: Timing,
    pub(crate) bind: IpAddr,
    pub(crate) address: SocketAddr,
    pub(crate) apps: Mutex<Apps>,
    pub(crate) glasses: Mutex<Option<Glasses>>,
    pub(crate) keep_alive: Mutex<Option<KeepAliveRun>>,
    /// Webhook calls under way; one per app, the newest.
    pub(crate) calls: Mutex<HashMap<String, CancellationToken>>,
    pub(crate) caller: reqwest::Client,
    pub(crate) strangers: Arc<Semaphore>,
    /// No newcomers any more; those who are here are taken leave of.
    pub(crate) stop: CancellationToken,
    /// Everything ends at once.
    pub(crate) end: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) frames: Mutex<Frames>,
    pub(crate) events: mpsc::Sender<HubEvent>,
    pub(crate) now_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
    pub(crate) connections: AtomicU64,
}

/// The glasses' socket.
pub(crate) struct Glasses {
    pub(crate) socket: GlassesSocket,
    pub(crate) line: Arc<Line>,
}

/// Every state behind these locks is whole between two statements, so a panic elsewhere does not spoil it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn now_ms(&self) -> u64 {
        (self.now_ms)()
    }

    pub(crate) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The app's session, the same for as long as the hub lives: `<user id>-<package>`.
    pub(crate) fn session_id(&self, package: &str) -> String {
        format!("{}-{package}", self.user_id)
    }

    /// Tells the owner, waiting for its attention unless the hub stops. `false` when nobody listens any more.
    pub(crate) async fn tell(&self, event: HubEvent) -> bool {
        tokio::select! {
            biased;
            told = self.events.send(event) => told.is_ok(),
            () = self.stop.cancelled() => false,
        }
    }

    /// Queues a message of an app's socket and keeps it for developers.
    pub(crate) fn say(&self, package: &str, line: &Line, dialect: Dialect, message: &HubToApp) {
        let text = message.to_json(dialect);
        let kept = masked(&text);
        if line.send(text) {
            self.record(package, FrameDirection::ToApp, kept);
        }
    }

    /// Keeps a masked text for developers.
    pub(crate) fn record(&self, package: &str, direction: FrameDirection, masked: String) {
        lock(&self.frames).record(package, self.now_ms(), direction, masked);
    }

    /// Queues a message for the glasses, if there are any.
    pub(crate) fn say_glasses(&self, message: &HubToDevice) -> bool {
        let (line, generation) = match lock(&self.glasses).as_ref() {
            Some(glasses) => (Arc::clone(&glasses.line), glasses.socket.generation),
            None => return false,
        };
        self.say_device(&line, generation, message)
    }

    pub(crate) fn say_device(&self, line: &Line, generation: Generation, message: &HubToDevice) -> bool {
        let text = message.to_json(generation);
        let kept = masked(&text);
        let sent = line.send(text);
        if sent {
            self.record_glasses(FrameDirection::ToApp, kept);
        }
        sent
    }

    pub(crate) fn record_glasses(&self, direction: FrameDirection, masked: String) {
        lock(&self.frames).record_glasses(self.now_ms(), direction, masked);
    }
}
