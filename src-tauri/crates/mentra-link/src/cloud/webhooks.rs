//! What webhooks mean, by whichever way they came. They are looked at one after the other.

use std::sync::Arc;

use mentra_wire::{SessionRequest, StopRequest, Webhook};
use tokio::sync::mpsc;

use super::destination;
use super::event::CloudEvent;
use super::session::Session;
use super::sessions::{Asked, Call, stamp};
use super::shared::CloudShared;
use super::socket::Identity;
use crate::frames::FrameDirection;
use crate::shared::lock;

/// Webhooks that wait. Overflow policy: the door answers 503, the relay's go unanswered.
pub(super) const WAITING: usize = 64;
/// What is kept of a user id that is too long to be one, characters.
const USER_CHARS: usize = 100;

/// Takes a webhook that has been answered, or is just about to be. False: too many wait.
pub(super) fn take(shared: &CloudShared, webhook: Webhook) -> bool {
    shared.record(FrameDirection::Webhook, &webhook.to_json());
    shared.webhooks.try_send(webhook).is_ok()
}

/// Until the client stops.
pub(super) async fn serve(shared: Arc<CloudShared>, mut waiting: mpsc::Receiver<Webhook>) {
    loop {
        let webhook = tokio::select! {
            biased;
            () = shared.stop.cancelled() => break,
            webhook = waiting.recv() => webhook,
        };
        match webhook {
            Some(Webhook::SessionRequest(request)) => session_request(&shared, request).await,
            Some(Webhook::StopRequest(request)) => stop_request(&shared, request).await,
            Some(Webhook::Unknown(_)) => {}
            None => break,
        }
    }
}

async fn session_request(shared: &Arc<CloudShared>, request: SessionRequest) {
    let asked = destination::choose(&request, &shared.clouds).and_then(|(destination, dialect)| {
        let call = Call { destination, dialect, stamp: stamp(request.timestamp.as_ref()) };
        lock(&shared.sessions).ask(&request.session_id, &request.user_id, call)
    });
    let (start, refused) = match asked {
        Ok(Asked::Start(start)) => (Some(start), None),
        Ok(Asked::Known | Asked::Replay) => (None, None),
        Err(words) => (None, Some(words)),
    };
    tell(shared, &request.user_id, refused).await;
    if let Some(start) = start {
        let SessionRequest { session_id, user_id, .. } = request;
        let of = Identity { shared: Arc::clone(shared), session_id, user_id };
        shared.tasks.spawn(Session::new(of, start).run());
    }
}

async fn stop_request(shared: &CloudShared, request: StopRequest) {
    let StopRequest { session_id, user_id, reason, .. } = request;
    tell(shared, &user_id, None).await;
    // Nothing to stop is as good as stopped.
    lock(&shared.sessions).stop(&session_id, &user_id, reason.unwrap_or_default());
}

async fn tell(shared: &CloudShared, user_id: &str, refused: Option<String>) {
    let user_id = user_id.chars().take(USER_CHARS).collect();
    shared.tell(CloudEvent::Webhook { at_ms: shared.now_ms(), user_id, refused }).await;
}
