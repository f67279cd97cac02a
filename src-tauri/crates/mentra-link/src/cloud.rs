//! The client of a MentraOS cloud: this program as an ordinary app of the user's own, with a package name and an API key.
//!
//! The cloud calls the app's webhook, at our own door or at a relay; the webhook is answered first, then the app dials the
//! WebSocket it names, once for each user. What is said there is for the owner.
//!
//! ```text
//! cloud -POST-> door ----\
//!                         webhooks (64) -> sessions -> session (one task each) <-WebSocket-> cloud
//! cloud -POST-> relay ---/                                |
//!                                                    CloudEvent -> owner -> CloudApp::say
//! ```
//!
//! Webhooks are not signed. What they can do is bounded by where a session may be dialled (`destination`), how often, and how
//! many there may be.

mod config;
mod destination;
mod dial;
mod door;
mod event;
mod fetch;
mod reach;
mod relay;
mod session;
mod sessions;
mod shared;
mod socket;
#[cfg(test)]
mod testing;
mod tls;
mod webhooks;
mod words;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use mentra_wire::AppMessage;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

pub use config::{CloudConfig, CloudTiming, RelayConfig};
pub use event::{CloudEnd, CloudEvent, CloudSession, RelayState};
pub use fetch::Fetched;
pub use reach::{ReachFailure, ReachStep, Reachability};
pub use tls::CloudTls;

use crate::apps::is_package_name;
use crate::error::CloudError;
use crate::frames::Frame;
use crate::listen::listen;
use crate::shared::lock;
use shared::CloudShared;

/// A running app. [`CloudApp::stop`] takes leave of all clouds and joins everything; dropping it does so without waiting.
pub struct CloudApp {
    shared: Arc<CloudShared>,
    end: DropGuard,
}

impl CloudApp {
    /// Opens the webhook door, if there is to be one, and connects to the relay, if there is one.
    ///
    /// `events` has to be read: webhooks and sockets wait for a place in it.
    ///
    /// # Errors
    /// When the package name is none, the API key is empty, or no port can be opened.
    pub async fn start(config: CloudConfig, events: mpsc::Sender<CloudEvent>) -> Result<Self, CloudError> {
        let CloudConfig { package, api_key, webhook, relay, clouds, now_ms, jitter, timing, roots } = config;
        if !is_package_name(&package) {
            return Err(CloudError::Package);
        }
        if api_key.expose().trim().is_empty() {
            return Err(CloudError::ApiKey);
        }
        let listener = match webhook {
            Some((bind, port)) => Some(listen(bind, port)?),
            None => None,
        };
        let stop = CancellationToken::new();
        let (webhooks, waiting) = mpsc::channel(webhooks::WAITING);
        let shared = Arc::new(CloudShared {
            package,
            api_key,
            clouds,
            now_ms,
            jitter,
            timing,
            tls: roots,
            door: listener.as_ref().map(|(_, address)| *address),
            mailbox: Mutex::default(),
            sessions: Mutex::default(),
            frames: Mutex::default(),
            webhooks,
            events,
            stop: stop.clone(),
            tasks: TaskTracker::new(),
        });
        shared.tasks.spawn(webhooks::serve(Arc::clone(&shared), waiting));
        if let Some((listener, address)) = listener {
            tracing::info!(%address, "the webhook door listens");
            shared.tasks.spawn(door::serve(listener, Arc::clone(&shared)));
        }
        if let Some(relay) = relay {
            shared.tasks.spawn(relay::serve(Arc::clone(&shared), relay));
        }
        Ok(Self { shared, end: stop.drop_guard() })
    }

    /// Where the webhook door listens; None without one.
    pub fn webhook_address(&self) -> Option<SocketAddr> {
        self.shared.door
    }

    /// Says something in a session, in its dialect: package name, session id and timestamp are filled in where they are left
    /// open. Never blocks. False if it is not connected, or does not take what was said before (64 messages wait). What was
    /// not sent when the connection is lost is lost with it.
    pub fn say(&self, session: &str, message: AppMessage) -> bool {
        lock(&self.shared.sessions).say(session, message)
    }

    /// The sessions that are connected or being tried, in the order of their ids; at most 8.
    pub fn sessions(&self) -> Vec<CloudSession> {
        lock(&self.shared.sessions).list()
    }

    /// The last 200 messages and webhooks after number `after`, masked, for developers. The app is this program.
    pub fn frames(&self, after: u64) -> Vec<Frame> {
        lock(&self.shared.frames).after(&self.shared.package, after)
    }

    /// Goes the way of a webhook to `public_url`, the app's address as registered with MentraOS, from this computer.
    pub async fn check_reachable(&self, public_url: &str) -> Reachability {
        reach::check(&self.shared, public_url).await
    }

    /// Fetches an `https://` or `http://` address as this client dials: at most `most_bytes` of its body, no redirects.
    ///
    /// # Errors
    /// In words, when nothing answers.
    pub async fn fetch(&self, url: &str, most_bytes: usize) -> Result<Fetched, String> {
        fetch::fetch(&self.shared, url, most_bytes).await
    }

    /// Takes leave of all clouds and of the relay, and waits until everything has ended.
    pub async fn stop(self) {
        let Self { shared, end } = self;
        drop(end);
        shared.tasks.close();
        shared.tasks.wait().await;
    }
}

impl std::fmt::Debug for CloudApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudApp")
            .field("package", &self.shared.package)
            .field("webhook_address", &self.shared.door)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
