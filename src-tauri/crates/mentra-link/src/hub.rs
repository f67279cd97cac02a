//! The hub's handle.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};

use mentra_wire::{HubToApp, HubToDevice};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::HubError;
use crate::event::{GlassesSocket, HubEvent};
use crate::frames::Frame;
use crate::line::Close;
use crate::listen::listen;
use crate::shared::{STRANGERS, Shared, lock};
use crate::timing::Timing;
use crate::token::Token;
use crate::{keep_alive, server, webhook, words};

/// What the hub is started with.
#[derive(Clone)]
pub struct HubConfig {
    /// Address to bind.
    pub bind: IpAddr,
    /// Port; 0 = any free one.
    pub port: u16,
    /// The user all apps serve, shaped like an e-mail address.
    pub user_id: String,
    /// What glasses show at the door.
    pub device_token: Token,
    /// Unix time, ms.
    pub now_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// How long to wait for what.
    pub timing: Timing,
}

/// How an app's socket is closed by [`Hub::drop_app`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppDrop {
    /// 1008: SDK 2.1.29 comes again only when called.
    Refused,
    /// 1011: the SDK comes again after 1 s.
    Restart,
    /// 1000 "User session ended": the SDK ends the app's session.
    SessionEnded,
}

impl AppDrop {
    fn close(self) -> Close {
        match self {
            Self::Refused => Close::new(1008, "Refused by the user"),
            Self::Restart => Close::new(1011, "Please connect again"),
            Self::SessionEnded => Close::new(1000, "User session ended"),
        }
    }
}

/// A running hub. [`Hub::shutdown`] takes leave and joins everything; dropping it stops without waiting.
pub struct Hub {
    shared: Arc<Shared>,
    wanted_port: u16,
    _end: End,
}

/// Everything stops when it is dropped.
struct End(CancellationToken);

impl Drop for End {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Hub {
    /// Opens the hub's port. A taken one gives way to the next free one.
    ///
    /// `events` has to be read: sockets wait for a place in it.
    ///
    /// # Errors
    /// When neither the wanted port nor one of the next can be opened.
    pub async fn start(config: HubConfig, events: mpsc::Sender<HubEvent>) -> Result<Self, HubError> {
        Self::start_bounded(config, events, STRANGERS).await
    }

    /// As [`Hub::start`], with a bound of its own for sockets of nobody knows whom.
    pub(crate) async fn start_bounded(
        config: HubConfig,
        events: mpsc::Sender<HubEvent>,
        max_strangers: usize,
    ) -> Result<Self, HubError> {
        let HubConfig { bind, port: wanted_port, user_id, device_token, now_ms, timing } = config;
        let (listener, address) = listen(bind, wanted_port)?;
        let end = CancellationToken::new();
        let shared = Arc::new(Shared {
            caller: webhook::caller(&timing)?,
            user_id,
            device_token: RwLock::new(device_token),
            timing,
            bind,
            address,
            apps: Default::default(),
            glasses: Default::default(),
            keep_alive: Default::default(),
            calls: Default::default(),
            strangers: Arc::new(Semaphore::new(max_strangers)),
            stop: end.child_token(),
            end: end.clone(),
            tasks: TaskTracker::new(),
            frames: Default::default(),
            events,
            now_ms,
            connections: AtomicU64::new(0),
        });
        shared.tasks.spawn(server::serve(listener, Arc::clone(&shared)));
        tracing::info!(%address, "the hub listens");
        Ok(Self { shared, wanted_port, _end: End(end) })
    }

    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Port that was asked for; 0 = any.
    pub fn wanted_port(&self) -> u16 {
        self.wanted_port
    }

    /// Sends a message to the app's socket, in its dialect. Without one it is dropped. An app that lets 256 messages lie
    /// is closed with 1011.
    pub fn send_app(&self, package: &str, message: &HubToApp) {
        let apps = lock(&self.shared.apps);
        if let Some(socket) = apps.socket(package) {
            self.shared.say(package, &socket.line, socket.dialect, message);
        }
    }

    /// Ends the app's session: `app_stopped`, then 1000 "App stopped".
    pub fn stop_app(&self, package: &str, reason: &str) {
        webhook::cancel(&self.shared, package);
        stop_app(&self.shared, package, reason);
    }

    /// Closes the app's socket.
    pub fn drop_app(&self, package: &str, close: AppDrop) {
        let mut apps = lock(&self.shared.apps);
        if let Some(socket) = apps.socket(package) {
            socket.line.close(close.close());
        }
        if close != AppDrop::Restart {
            apps.session_over(package);
        }
    }

    /// Sends a message to the glasses, in their generation's words. `false` when none are connected.
    pub fn send_glasses(&self, message: &HubToDevice) -> bool {
        self.shared.say_glasses(message)
    }

    /// The glasses, if any are connected.
    pub fn glasses(&self) -> Option<GlassesSocket> {
        lock(&self.shared.glasses).as_ref().map(|glasses| glasses.socket)
    }

    /// Keeps this stream alive from now on, or none. What becomes of it comes as [`HubEvent::KeepAlive`].
    pub fn keep_alive(&self, stream_id: Option<String>) {
        keep_alive::keep_alive(&self.shared, stream_id);
    }

    /// Calls the app at `{app_url}/webhook` to come and open a session, instead of any call before.
    /// The outcome comes as [`HubEvent::WebhookAnswered`] or [`HubEvent::WebhookFailed`]; what counts is
    /// [`HubEvent::AppConnected`], which usually comes before.
    ///
    /// Does nothing and says `false` while the app has a socket: SDK 2.1.29 would give it up for a new one.
    pub fn session_request(&self, package: &str, app_url: &str) -> bool {
        webhook::session_request(&self.shared, package, app_url)
    }

    /// Tells the app at `{app_url}/webhook` to stop, which may take 10 s, then ends its session as [`Hub::stop_app`]
    /// does. A failure of the call is not told: the session ends anyway.
    pub fn stop_request(&self, package: &str, app_url: &str, reason: &str) {
        webhook::stop_request(&self.shared, package, app_url, reason);
    }

    /// The app's last 200 messages after number `after`, secrets masked. Kept for 32 apps.
    pub fn frames(&self, package: &str, after: u64) -> Vec<Frame> {
        lock(&self.shared.frames).after(package, after)
    }

    /// The same of the glasses.
    pub fn glasses_frames(&self, after: u64) -> Vec<Frame> {
        lock(&self.shared.frames).glasses_after(after)
    }

    /// Replaces the token glasses connect with; those that are connected stay.
    pub fn set_device_token(&self, token: Token) {
        *self.shared.device_token.write().unwrap_or_else(PoisonError::into_inner) = token;
    }

    /// Takes leave of all apps (`app_stopped`, 1000 "App stopped") and of the glasses (1001), and waits for all tasks.
    pub async fn shutdown(self) {
        let Self { shared, _end, .. } = self;
        shared.stop.cancel();
        {
            let apps = lock(&shared.apps);
            for (package, socket) in apps.sockets() {
                let stopped = words::app_stopped("system_stop", shared.now_ms());
                shared.say(package, &socket.line, socket.dialect, &stopped);
                socket.line.close(Close::new(1000, "App stopped"));
            }
        }
        if let Some(glasses) = lock(&shared.glasses).as_ref() {
            glasses.line.close(Close::new(1001, "The hub stops"));
        }
        shared.tasks.close();
        shared.tasks.wait().await;
    }
}

/// Ends the app's session, if it has one.
pub(crate) fn stop_app(shared: &Shared, package: &str, reason: &str) {
    let mut apps = lock(&shared.apps);
    if let Some(socket) = apps.socket(package) {
        shared.say(package, &socket.line, socket.dialect, &words::app_stopped(reason, shared.now_ms()));
        socket.line.close(Close::new(1000, "App stopped"));
    }
    apps.session_over(package);
}
