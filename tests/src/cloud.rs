//! Stand-in for the cloud of MentraOS: it starts an app by its webhook, takes its socket, commands virtual glasses and tells
//! statuses as the real cloud does, its defects included, or behaves worse where a test wants that.
//!
//! ```no_run
//! use console_tests::cloud::{Boot, Cloud, Habits, Temper};
//! # async fn scenario() {
//! let cloud = Cloud::start(Habits::default()).await;
//! cloud.register("com.example.console", "key_0123456789");
//! let user = cloud.user("user@example.com");
//! let mut glasses = user.glasses(Temper::Obey);
//! assert_eq!(user.start_app("com.example.console", "http://127.0.0.1:7010").await, Boot::Acked);
//! cloud.heard_matching("a start", |note| note.kind == "managed_stream_request").await;
//! let command = glasses.told_to_start().await;
//! # }
//! ```
//!
//! Glasses are in the same process; what they and the cloud say to each other is written and recorded as on the wire.

mod app;
mod boot;
mod door;
mod encoder;
mod glasses;
mod habits;
mod ingest;
mod record;
mod shared;
mod status;
mod streams;
mod tell;

#[cfg(test)]
mod frames;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use mentra_wire::{DeviceState, HubToApp};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;

pub use boot::Boot;
pub use glasses::{CloudGlasses, Temper};
pub use habits::{Ack, Active, Era, Habits, Timing};
pub use record::{GLASSES, Note};

use shared::{Out, Shared};

/// A running cloud; it ends when dropped.
pub struct Cloud {
    shared: Arc<Shared>,
    /// Keeps the port while the door is shut.
    _port: TcpSocket,
    door: Mutex<Option<JoinHandle<()>>>,
}

impl Cloud {
    /// Opens one on a free port.
    ///
    /// # Panics
    /// When there is none.
    pub async fn start(habits: Habits) -> Self {
        let port = door::bound(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = port.local_addr().expect("an address");
        let ingest = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let ingest_address = ingest.local_addr().expect("an address");
        let shared = Arc::new(Shared::new(habits, address, ingest_address));
        shared.spawn(ingest::serve(ingest, Arc::clone(&shared)));
        let cloud = Self { shared, _port: port, door: Mutex::new(None) };
        cloud.come_back();
        cloud
    }

    /// `host:port` of its door: what apps must be allowed to dial.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Changes how it behaves from now on.
    pub fn habits(&self, change: impl FnOnce(&mut Habits)) {
        change(&mut self.shared.lock().habits);
    }

    /// The developer registers an app, or gives it another key.
    pub fn register(&self, package: &str, api_key: &str) {
        self.shared.lock().keys.insert(package.to_owned(), api_key.to_owned());
    }

    /// A user who is signed in, with or without glasses.
    pub fn user(&self, email: &str) -> CloudUser {
        self.shared.lock().users.entry(email.to_owned()).or_default();
        CloudUser { shared: Arc::clone(&self.shared), email: email.to_owned() }
    }

    /// Every socket ends without a goodbye.
    pub fn drop_sockets(&self) {
        self.shared.drops.send_modify(|count| *count += 1);
    }

    /// It crashes: every socket ends, nobody listens, and what ran is forgotten.
    pub async fn go_down(&self) {
        let door = self.door.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(door) = door {
            door.abort();
            // It was ended on purpose; its connections ended with it.
            let _ = door.await;
        }
        let mut state = self.shared.lock();
        // Phones come back by themselves; users without glasses do not.
        state.users.retain(|_, user| user.glasses.as_ref().is_some_and(|glasses| !glasses.is_closed()));
        for user in state.users.values_mut() {
            user.apps.clear();
            user.stream = None;
        }
    }

    /// It listens again, at the same address.
    ///
    /// # Panics
    /// When somebody else took the address.
    pub fn come_back(&self) {
        let listener = door::bound(self.shared.address).listen(64).expect("it listens");
        let serving = tokio::spawn(door::serve(listener, Arc::clone(&self.shared)));
        *self.door.lock().unwrap_or_else(PoisonError::into_inner) = Some(serving);
    }

    /// It crashes and is back at once: same address, and it knows of no session.
    pub async fn restart(&self) {
        self.go_down().await;
        self.come_back();
    }

    /// Everything it said, to apps, webhooks and glasses.
    pub fn said(&self) -> Vec<Note> {
        self.shared.said.all()
    }

    /// Everything it heard, from apps and glasses, and answers to its webhooks.
    pub fn heard(&self) -> Vec<Note> {
        self.shared.heard.all()
    }

    /// The first thing it said that is as wanted, as soon as it is said; `what` names it when it is not.
    ///
    /// # Panics
    /// When it is not said in time.
    pub async fn said_matching(&self, what: &str, wanted: impl Fn(&Note) -> bool) -> Note {
        self.said_since(0, what, wanted).await
    }

    /// The same, from this [`Note::index`] on.
    ///
    /// # Panics
    /// When it is not said in time.
    pub async fn said_since(&self, index: usize, what: &str, wanted: impl Fn(&Note) -> bool) -> Note {
        self.shared.said.first(index, what, wanted).await
    }

    /// The first thing it heard that is as wanted, as soon as it is heard; `what` names it when it is not.
    ///
    /// # Panics
    /// When it is not heard in time.
    pub async fn heard_matching(&self, what: &str, wanted: impl Fn(&Note) -> bool) -> Note {
        self.heard_since(0, what, wanted).await
    }

    /// The same, from this [`Note::index`] on.
    ///
    /// # Panics
    /// When it is not heard in time.
    pub async fn heard_since(&self, index: usize, what: &str, wanted: impl Fn(&Note) -> bool) -> Note {
        self.shared.heard.first(index, what, wanted).await
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if let Some(door) = self.door.lock().unwrap_or_else(PoisonError::into_inner).take() {
            door.abort();
        }
        self.shared.end();
        #[cfg(test)]
        if !std::thread::panicking() {
            frames::assert_known(&self.said(), &self.heard());
        }
    }
}

/// A user of a [`Cloud`], and what is done in their name on their phone.
#[derive(Clone)]
pub struct CloudUser {
    shared: Arc<Shared>,
    email: String,
}

impl CloudUser {
    /// Their e-mail.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// Starts an app whose webhook is below this URL, and waits until it is up or the cloud has lost patience.
    pub async fn start_app(&self, package: &str, public_url: &str) -> Boot {
        self.shared.start_app(&self.email, package, public_url).await
    }

    /// Stops an app, for one of the reasons `user_disabled`, `system_stop` and `error`.
    pub async fn stop_app(&self, package: &str, reason: &str) {
        self.shared.stop_app(&self.email, package, reason).await;
    }

    /// The phone was away for too long: every app is told that the session ended.
    pub fn end_session(&self) {
        let packages: Vec<String> = {
            let state = self.shared.lock();
            state.users.get(&self.email).map(|user| user.apps.keys().cloned().collect()).unwrap_or_default()
        };
        for package in packages {
            self.shared.end_app(&self.email, &package, None, "User session ended");
        }
    }

    /// Connects glasses with Wi-Fi and a nearly full battery; those before are gone.
    pub fn glasses(&self, temper: Temper) -> CloudGlasses {
        CloudGlasses::connect(&self.shared, &self.email, temper)
    }

    /// What the cloud knows of the glasses.
    pub fn facts(&self) -> DeviceState {
        self.shared.lock().users.get(&self.email).map(|user| user.facts.clone()).unwrap_or_default()
    }

    /// Names of what an app listens to; empty when it does not run.
    pub fn subscriptions(&self, package: &str) -> Vec<String> {
        let state = self.shared.lock();
        state.app(&self.email, package).map(|app| app.subscriptions.clone()).unwrap_or_default()
    }

    /// Whether an app has a socket.
    pub fn is_connected(&self, package: &str) -> bool {
        self.shared.lock().app(&self.email, package).is_some_and(|app| app.line.is_some())
    }

    /// The id of the stream that runs.
    pub fn stream_id(&self) -> Option<String> {
        self.shared.lock().stream_mut(&self.email).map(|stream| stream.id.clone())
    }

    /// The cloud says this to an app, whatever it is; false if it has no socket.
    pub fn say(&self, package: &str, message: &HubToApp) -> bool {
        let state = self.shared.lock();
        self.shared.tell(&state, &self.email, package, message);
        state.app(&self.email, package).is_some_and(|app| app.line.is_some())
    }

    /// Tells an app `active` of the managed stream once more, with changed URLs.
    pub fn change_urls(&self, package: &str) {
        self.shared.change_urls(&mut self.shared.lock(), &self.email, package);
    }

    /// Ends an app's socket without a goodbye.
    pub fn drop_socket(&self, package: &str) {
        let state = self.shared.lock();
        if let Some(line) = state.app(&self.email, package).and_then(|app| app.line.as_ref()) {
            // It may have ended by itself.
            let _ = line.out.send(Out::Drop);
        }
    }

    /// Closes an app's socket with this code and reason.
    pub fn close_socket(&self, package: &str, code: u16, reason: &str) {
        let state = self.shared.lock();
        if let Some(line) = state.app(&self.email, package).and_then(|app| app.line.as_ref()) {
            self.shared.close_on(line, &self.email, package, code, reason);
        }
    }
}
