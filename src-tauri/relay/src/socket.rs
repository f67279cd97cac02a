//! One desktop's connection.

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use mentra_wire::{RelayToDesktop, RelayWelcome, RelayedWebhook};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::Shared;

/// Passes webhooks on until the desktop is gone, another took its place, or the relay stops.
pub(crate) async fn serve(shared: &Shared, mut socket: WebSocket, mailbox: &str) {
    let mut seat = shared.desktops.sit(mailbox);
    tracing::info!(mailbox, "a desktop connected");
    let welcome = RelayToDesktop::Welcome(RelayWelcome {
        mailbox: mailbox.to_owned(),
        public_url: shared.public_url.clone(),
        ..RelayWelcome::default()
    });
    let mut sent = send(shared, &mut socket, Message::text(welcome.to_json())).await;
    let mut pings = interval(shared.timing.ping_every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    let (mut missed, mut number) = (0, 0);
    while sent {
        let outgoing = tokio::select! {
            () = shared.stop.cancelled() => {
                close(shared, &mut socket, close_code::AWAY, "the relay is going").await;
                break;
            }
            () = seat.replaced.cancelled() => {
                close(shared, &mut socket, close_code::POLICY, "replaced").await;
                break;
            }
            // Its other end goes only with the place, and that is told above.
            Some(body) = seat.webhooks.recv() => {
                number += 1;
                let webhook = RelayedWebhook { id: number, body, ..RelayedWebhook::default() };
                Message::text(RelayToDesktop::Webhook(webhook).to_json())
            }
            _ = pings.tick() => {
                if missed >= shared.timing.missed_pongs {
                    break;
                }
                missed += 1;
                Message::Ping(Default::default())
            }
            heard = socket.recv() => match heard {
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                // Whatever it says, it is there. That a webhook arrived is of no consequence here.
                Some(Ok(_)) => {
                    missed = 0;
                    continue;
                }
            }
        };
        sent = send(shared, &mut socket, outgoing).await;
    }
    shared.desktops.rise(mailbox, &seat);
    tracing::info!(mailbox, "a desktop is gone");
}

/// False if the desktop does not take it.
async fn send(shared: &Shared, socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(shared.timing.write_within, socket.send(message)).await, Ok(Ok(())))
}

async fn close(shared: &Shared, socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    send(shared, socket, Message::Close(Some(frame))).await;
}
