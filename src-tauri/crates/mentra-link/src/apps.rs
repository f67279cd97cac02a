//! Which app has which socket, and what is remembered of an app while it has none.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mentra_wire::{Dialect, Subscription, SubscriptionUpdate};
use tokio::time::Instant;

use crate::line::{Close, Line};

/// Apps that are remembered; the one that went first is forgotten first.
const REMEMBERED: usize = 256;

/// An app's socket.
pub(crate) struct AppSocket {
    pub(crate) connection: u64,
    pub(crate) dialect: Dialect,
    pub(crate) line: Arc<Line>,
}

#[derive(Default)]
struct App {
    socket: Option<AppSocket>,
    /// Its session goes on: it was here, and was neither stopped nor called anew since.
    running: bool,
    /// Its last subscription set that was not empty.
    subscriptions: Vec<Subscription>,
    /// Until when an empty set means nothing.
    grace_until: Option<Instant>,
    touched: u64,
}

/// All apps, by package name.
#[derive(Default)]
pub(crate) struct Apps {
    apps: HashMap<String, App>,
    touches: u64,
}

/// What a newly adopted app goes on with.
pub(crate) struct Resumed {
    /// Whether its session goes on.
    pub(crate) running: bool,
    /// Names of what it last subscribed to.
    pub(crate) subscriptions: Vec<String>,
}

impl Apps {
    pub(crate) fn socket(&self, package: &str) -> Option<&AppSocket> {
        self.apps.get(package)?.socket.as_ref().filter(|socket| !socket.line.is_cut())
    }

    pub(crate) fn sockets(&self) -> impl Iterator<Item = (&str, &AppSocket)> {
        self.apps.iter().filter_map(|(package, app)| Some((package.as_str(), app.socket.as_ref()?)))
    }

    /// What is known of the app's session.
    pub(crate) fn resumed(&self, package: &str) -> Resumed {
        let app = self.apps.get(package);
        let names = |app: &App| app.subscriptions.iter().map(|one| one.name().to_owned()).collect();
        Resumed {
            running: app.is_some_and(|app| app.running),
            subscriptions: app.map(names).unwrap_or_default(),
        }
    }

    /// Gives the app this socket. The one before is closed, without `app_stopped`, and with the one code after which
    /// an SDK neither ends the app's session nor comes again to push the new socket out in its turn.
    pub(crate) fn adopt(
        &mut self,
        package: &str,
        socket: AppSocket,
        reconnect: bool,
        now: Instant,
        grace: Duration,
    ) {
        self.forget_old();
        self.touches += 1;
        let touches = self.touches;
        let app = self.apps.entry(package.to_owned()).or_default();
        app.touched = touches;
        let resumed = reconnect || app.running;
        if !resumed {
            app.subscriptions.clear();
        }
        app.grace_until = (resumed && !app.subscriptions.is_empty()).then(|| now + grace);
        app.running = true;
        if let Some(old) = app.socket.replace(socket) {
            old.line.close(Close::new(1008, "Another connection of this app took over"));
        }
    }

    /// Takes note of a subscription set. `false` when it means nothing: SDKs say an empty set first when they come
    /// again, and only then the real one.
    pub(crate) fn subscribe(&mut self, package: &str, update: &SubscriptionUpdate, now: Instant) -> bool {
        let Some(app) = self.apps.get_mut(package) else { return true };
        if update.subscriptions.is_empty() && app.grace_until.is_some_and(|until| now < until) {
            return false;
        }
        app.subscriptions.clone_from(&update.subscriptions);
        if !update.subscriptions.is_empty() {
            app.grace_until = None;
        }
        true
    }

    /// The app's session is over: whoever says hello next begins a new one.
    pub(crate) fn session_over(&mut self, package: &str) {
        if let Some(app) = self.apps.get_mut(package) {
            app.running = false;
        }
    }

    /// Takes the app's socket away, if it is still this one.
    pub(crate) fn gone(&mut self, package: &str, connection: u64) -> bool {
        let Some(app) = self.apps.get_mut(package) else { return false };
        app.socket.take_if(|socket| socket.connection == connection).is_some()
    }

    fn forget_old(&mut self) {
        if self.apps.len() < REMEMBERED {
            return;
        }
        let away = self.apps.iter().filter(|(_, app)| app.socket.is_none());
        if let Some(oldest) = away.min_by_key(|(_, app)| app.touched).map(|(package, _)| package.clone()) {
            self.apps.remove(&oldest);
        }
    }
}

/// Whether a text can be a package name: 1 to 128 of `A-Z a-z 0-9 . _ -`.
pub(crate) fn is_package_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=128).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(8);

    fn socket(connection: u64) -> AppSocket {
        AppSocket { connection, dialect: Dialect::Classic, line: Line::loose() }
    }

    fn set(names: &[&str]) -> SubscriptionUpdate {
        let subscriptions = names.iter().map(|name| Subscription::Name((*name).to_owned())).collect();
        SubscriptionUpdate { subscriptions, ..SubscriptionUpdate::default() }
    }

    #[test]
    fn an_empty_set_means_nothing_for_8_s_after_a_reconnect_only() {
        let start = Instant::now();
        let mut apps = Apps::default();
        apps.adopt("a", socket(1), false, start, GRACE);
        assert!(apps.subscribe("a", &set(&[]), start), "at the first connection it is meant");
        assert!(apps.subscribe("a", &set(&["managed_stream_status"]), start));
        assert!(apps.gone("a", 1));
        apps.adopt("a", socket(2), false, start, GRACE);
        assert!(!apps.subscribe("a", &set(&[]), start + GRACE - Duration::from_millis(1)));
        assert_eq!(apps.resumed("a").subscriptions, ["managed_stream_status"]);
        assert!(apps.subscribe("a", &set(&[]), start + GRACE));
        assert!(apps.resumed("a").subscriptions.is_empty());
    }

    #[test]
    fn a_new_session_knows_nothing_of_the_one_before() {
        let now = Instant::now();
        let mut apps = Apps::default();
        apps.adopt("a", socket(1), false, now, GRACE);
        apps.subscribe("a", &set(&["managed_stream_status"]), now);
        apps.session_over("a");
        assert!(!apps.resumed("a").running);
        apps.adopt("a", socket(2), false, now, GRACE);
        assert!(apps.subscribe("a", &set(&[]), now));
        assert!(apps.resumed("a").subscriptions.is_empty());
    }

    #[test]
    fn only_the_present_socket_can_go() {
        let now = Instant::now();
        let mut apps = Apps::default();
        let first = socket(1);
        let line = Arc::clone(&first.line);
        apps.adopt("a", first, false, now, GRACE);
        apps.adopt("a", socket(2), false, now, GRACE);
        assert!(line.is_cut());
        assert!(!apps.gone("a", 1));
        assert_eq!(apps.socket("a").map(|socket| socket.connection), Some(2));
        assert!(apps.gone("a", 2));
        assert!(apps.socket("a").is_none());
    }

    #[test]
    fn those_away_for_longest_are_forgotten_and_those_here_never() {
        let now = Instant::now();
        let mut apps = Apps::default();
        apps.adopt("here", socket(0), false, now, GRACE);
        for n in 1..2 * REMEMBERED as u64 {
            let package = format!("app{n}");
            apps.adopt(&package, socket(n), false, now, GRACE);
            apps.gone(&package, n);
        }
        assert!(apps.apps.len() <= REMEMBERED);
        assert!(apps.socket("here").is_some());
        assert!(!apps.resumed("app1").running);
    }

    #[test]
    fn package_names_are_short_and_plain() {
        for good in ["com.example.console", "a", "A_b-c.9"] {
            assert!(is_package_name(good), "{good}");
        }
        for bad in ["", "a b", "a/b", "ä", "a\n", &"a".repeat(129)] {
            assert!(!is_package_name(bad), "{bad}");
        }
    }
}
