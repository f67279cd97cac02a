//! One user's session: dials, talks, and comes back until it is over.
//!
//! ```text
//! dialling -ack-> connected -lost-> dialling (1, 2, 4, 8, 15, 15 s ...)
//! connected + another call -> connected and dialling -ack-> the new socket, the old one is left
//! app_stopped, stop_request, APP_NOT_STARTED, SESSION_NOT_FOUND, INVALID_API_KEY, ... -> over
//! ```

use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use mentra_wire::HubToApp;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::event::{CloudEnd, CloudEvent, CloudSession};
use super::sessions::{Call, Orders, SAYING, Start};
use super::socket::{self, Failed, Happened, Heard, Identity, Link};
use super::words;
use crate::shared::lock;

/// A socket on its way.
struct Dialling {
    call: Call,
    from: Instant,
    opening: Pin<Box<dyn Future<Output = Result<Link, Failed>> + Send>>,
}

/// A session's task.
pub(super) struct Session {
    of: Identity,
    run: u64,
    orders: watch::Receiver<Orders>,
    link: Option<Link>,
    dialling: Option<Dialling>,
    /// Losses in a row.
    losses: usize,
    /// It was connected before.
    known: bool,
}

enum Next {
    Stop,
    Ordered,
    Opened(Result<Link, Failed>),
    Happened(Happened),
}

impl Session {
    pub(super) fn new(of: Identity, start: Start) -> Self {
        let Start { run, orders } = start;
        Self { of, run, orders, link: None, dialling: None, losses: 0, known: false }
    }

    /// Until it is over, or the client stops.
    pub(super) async fn run(mut self) {
        loop {
            let end = self.live().await;
            (self.link, self.dialling) = (None, None);
            (self.losses, self.known) = (0, false);
            let gone = lock(&self.of.shared.sessions).over(&self.of.session_id, self.run, &self.orders);
            let Some(reason) = end else { return };
            let session_id = self.of.session_id.clone();
            self.of.shared.tell(CloudEvent::Over { session_id, reason }).await;
            if gone {
                return;
            }
        }
    }

    /// Why it is over; None when the client stops.
    async fn live(&mut self) -> Option<CloudEnd> {
        let orders = self.orders.borrow_and_update().clone();
        if orders.end.is_some() {
            return orders.end;
        }
        self.dial(orders.call, Duration::ZERO);
        loop {
            let next = tokio::select! {
                biased;
                () = self.of.shared.stop.cancelled() => Next::Stop,
                changed = self.orders.changed() => match changed {
                    Ok(()) => Next::Ordered,
                    // It made place for another, and has its last order.
                    Err(_) => return self.orders.borrow().end.clone(),
                },
                opened = opened(&mut self.dialling) => Next::Opened(opened),
                happened = happening(&mut self.link) => Next::Happened(happened),
            };
            let end = match next {
                Next::Stop => {
                    if let Some(link) = self.unlink() {
                        link.leave(Some("clean_shutdown")).await;
                    }
                    return None;
                }
                Next::Ordered => self.ordered().await,
                Next::Opened(opened) => {
                    self.dialling = None;
                    self.opened(opened).await
                }
                Next::Happened(happened) => self.happened(happened).await,
            };
            if end.is_some() {
                return end;
            }
        }
    }

    fn dial(&mut self, call: Call, after: Duration) {
        let from = Instant::now() + after;
        let opening = Box::pin(socket::open(self.of.clone(), call.clone(), from));
        self.dialling = Some(Dialling { call, from, opening });
    }

    async fn ordered(&mut self) -> Option<CloudEnd> {
        let Orders { call, end } = self.orders.borrow_and_update().clone();
        if end.is_some() {
            if let Some(link) = self.unlink() {
                link.leave(None).await;
            }
            return end;
        }
        // One that is on its way to the same place need not begin again.
        let under_way = self.dialling.as_ref().is_some_and(|dialling| {
            dialling.from <= Instant::now()
                && dialling.call.destination == call.destination
                && dialling.call.dialect == call.dialect
        });
        if !under_way {
            self.losses = 0;
            self.dial(call, Duration::ZERO);
        }
        None
    }

    async fn opened(&mut self, opened: Result<Link, Failed>) -> Option<CloudEnd> {
        let mut link = match opened {
            Ok(link) => link,
            Err(failed) if self.link.is_some() => {
                tracing::info!(?failed, "the new connection to the cloud failed, the old one stays");
                return None;
            }
            Err(Failed::Over(end)) => return Some(end),
            Err(Failed::Lost(reason)) => {
                self.lost(reason).await;
                return None;
            }
        };
        let capabilities = link.capabilities.take();
        let stamp = link.call.stamp;
        let voice = match self.link.take() {
            Some(mut old) => {
                // What waits to be said is said on the new one.
                std::mem::swap(&mut link.voiced, &mut old.voiced);
                let moved = old.call.destination.authority() != link.call.destination.authority();
                let release = moved.then_some("switching_clouds");
                self.of.shared.tasks.spawn(async move { old.leave(release).await });
                None
            }
            None => {
                let (voice, voiced) = mpsc::channel(SAYING);
                link.voiced = voiced;
                Some(voice)
            }
        };
        lock(&self.of.shared.sessions).connected(&self.of.session_id, self.run, stamp, voice);
        self.link = Some(link);
        let session = CloudSession {
            session_id: self.of.session_id.clone(),
            user_id: self.of.user_id.clone(),
            connected: true,
        };
        let again = std::mem::replace(&mut self.known, true);
        self.of.shared.tell(CloudEvent::Connected { session, again, capabilities }).await;
        None
    }

    async fn happened(&mut self, happened: Happened) -> Option<CloudEnd> {
        let link = self.link.as_mut()?;
        let (reason, end) = match happened {
            Happened::Say(message) => (link.say(message).await.err()?, None),
            Happened::Ping => (link.ping().await.err()?, None),
            Happened::Heard(heard) => match link.hear(heard) {
                Heard::Nothing => return None,
                Heard::Told(message) => {
                    let (end, reason) = match &message {
                        HubToApp::AppStopped(stopped) => {
                            let reason = stopped.reason.clone().unwrap_or_default();
                            (Some(CloudEnd::Stopped { reason }), "the app was stopped".to_owned())
                        }
                        HubToApp::ConnectionError(error) => {
                            (words::end_of(error, true), format!("the cloud said: {}", error.message))
                        }
                        _ => (None, String::new()),
                    };
                    self.of.told(message).await;
                    (reason, Some(end?))
                }
                Heard::Closed { reason, end } => (reason, end),
            },
        };
        let link = self.unlink()?;
        if link.since.elapsed() >= self.of.shared.timing.steady_after {
            self.losses = 0;
        }
        self.of.shared.tasks.spawn(async move { link.leave(None).await });
        // A cloud that ends what another cloud has just taken over ends its own socket only.
        if end.is_some() && self.dialling.is_none() {
            return end;
        }
        self.lost(reason).await;
        None
    }

    /// Tries again, unless that is under way.
    async fn lost(&mut self, reason: String) {
        self.losses = self.losses.saturating_add(1);
        if self.dialling.is_none() {
            let shared = &self.of.shared;
            let after = shared.timing.backoff(self.losses, (shared.jitter)());
            let call = self.orders.borrow().call.clone();
            self.dial(call, after);
        }
        let session_id = self.of.session_id.clone();
        self.of.shared.tell(CloudEvent::Lost { session_id, reason }).await;
    }

    /// Nothing can be said any more.
    fn unlink(&mut self) -> Option<Link> {
        lock(&self.of.shared.sessions).lost(&self.of.session_id, self.run);
        self.link.take()
    }
}

async fn opened(dialling: &mut Option<Dialling>) -> Result<Link, Failed> {
    match dialling {
        Some(dialling) => dialling.opening.as_mut().await,
        None => pending().await,
    }
}

async fn happening(link: &mut Option<Link>) -> Happened {
    match link {
        Some(link) => link.next().await,
        None => pending().await,
    }
}
