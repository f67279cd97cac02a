//! Starting and stopping apps: webhooks, and how long the cloud waits.

use std::sync::Arc;
use std::time::Instant;

use mentra_wire::{AppStopped, HubToApp, SessionRequest, StopRequest, Webhook};
use tokio::sync::oneshot;

use super::habits::Era;
use super::shared::{App, Shared, now};

/// What became of the start of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boot {
    /// Its init came in time and was acked.
    Acked,
    /// No init in time, or no ack of ours: the app is not started.
    TooLate,
    /// Both attempts at the webhook failed.
    WebhookFailed {
        /// Of the last answer; none if there was none.
        status: Option<u16>,
    },
}

impl Shared {
    /// Starts an app: webhook to init within the patience of the cloud.
    pub(super) async fn start_app(self: &Arc<Self>, user: &str, package: &str, public_url: &str) -> Boot {
        let (up, booted) = oneshot::channel();
        let (body, timing) = {
            let mut state = self.lock();
            let (timing, era) = (state.habits.timing, state.habits.era);
            let number = state.number();
            let known = state.users.entry(user.to_owned()).or_default();
            let fresh = || App {
                session_id: match era {
                    Era::Of2025 => format!("{user}-{package}"),
                    Era::Of2026 => format!("session_{number}"),
                },
                public_url: String::new(),
                line: None,
                was_here: false,
                subscriptions: Vec::new(),
                connected_at: Instant::now(),
                boot: None,
                released: false,
            };
            let app = known.apps.entry(package.to_owned()).or_insert_with(fresh);
            app.public_url = public_url.to_owned();
            app.boot = Some(up);
            app.was_here = app.line.is_some();
            app.released = false;
            (self.session_request(&app.session_id, user, era), timing)
        };
        // The timer runs before the webhook is sent.
        let deadline = tokio::time::sleep(timing.boot);
        let (failed, webhook_failed) = oneshot::channel();
        let (shared, who) = (Arc::clone(self), (user.to_owned(), package.to_owned(), public_url.to_owned()));
        self.spawn(async move {
            let (user, package, public_url) = who;
            let mut last = None;
            for attempt in 0..2 {
                if attempt > 0 {
                    tokio::time::sleep(timing.webhook_pause).await;
                }
                last = shared.webhook(&user, &package, &public_url, &body).await;
                if last.is_some_and(|status| (200..300).contains(&status)) {
                    return;
                }
            }
            // Nobody listens when the app is up already.
            let _ = failed.send(last);
        });
        let outcome = tokio::select! {
            biased;
            Ok(boot) = booted => boot,
            Ok(status) = webhook_failed => Boot::WebhookFailed { status },
            () = deadline => Boot::TooLate,
        };
        if outcome != Boot::Acked {
            let mut state = self.lock();
            let Some(user) = state.users.get_mut(user) else { return outcome };
            match user.apps.get_mut(package) {
                Some(app) if app.line.is_some() => app.boot = None,
                _ => drop(user.apps.remove(package)),
            }
        }
        outcome
    }

    fn session_request(&self, session_id: &str, user: &str, era: Era) -> Webhook {
        let stamp = now();
        let stamp = stamp.as_str().unwrap_or_default();
        let mut request = SessionRequest::new(session_id, user, &self.address.to_string(), stamp);
        if era == Era::Of2025 {
            (request.websocket_url, request.mentraos_websocket_url) = (None, None);
        }
        Webhook::SessionRequest(request)
    }

    /// Stops an app by the book: webhook, subscriptions, `app_stopped`, close. It stays a viewer, and its stream goes on.
    pub(super) async fn stop_app(self: &Arc<Self>, user: &str, package: &str, reason: &str) {
        let known =
            self.lock().app(user, package).map(|app| (app.session_id.clone(), app.public_url.clone()));
        let Some((session_id, public_url)) = known else { return };
        self.stop_webhook(user, package, &session_id, &public_url, reason).await;
        self.end_app(user, package, Some(reason), "App stopped");
    }

    pub(super) async fn stop_webhook(
        &self,
        user: &str,
        package: &str,
        session_id: &str,
        public_url: &str,
        reason: &str,
    ) {
        let request = StopRequest {
            session_id: session_id.to_owned(),
            user_id: user.to_owned(),
            reason: Some(reason.to_owned()),
            timestamp: Some(now()),
            ..Default::default()
        };
        self.webhook(user, package, public_url, &Webhook::StopRequest(request)).await;
    }

    /// `app_stopped` and close 1000 with these words.
    pub(super) fn end_app(&self, user: &str, package: &str, reason: Option<&str>, words: &str) {
        let mut state = self.lock();
        let Some(app) = state.users.get_mut(user).and_then(|user| user.apps.remove(package)) else { return };
        if let Some(line) = app.line {
            let stopped = AppStopped {
                reason: reason.map(str::to_owned),
                timestamp: Some(now()),
                ..Default::default()
            };
            self.say_on(&line, user, package, &HubToApp::AppStopped(stopped));
            self.close_on(&line, user, package, 1000, words);
        }
    }

    /// Starts an app again whose socket stayed lost: stop and start, as the real cloud does.
    pub(super) async fn resurrect(
        self: &Arc<Self>,
        user: &str,
        package: &str,
        session_id: &str,
        public_url: &str,
    ) {
        self.stop_webhook(user, package, session_id, public_url, "system_stop").await;
        self.start_app(user, package, public_url).await;
    }
}
