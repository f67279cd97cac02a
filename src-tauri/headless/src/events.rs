//! `GET /api/events`: a snapshot, then every event after it, over a WebSocket.

use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use console::api::{Event, Snapshot};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;

use crate::api;
use crate::server::{Shared, bearer};

/// Browsers cannot set headers on a WebSocket, so the token may stand in the address.
#[derive(Deserialize)]
pub(crate) struct Presented {
    token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Told<'a> {
    Snapshot(&'a Snapshot),
    Event(&'a Event),
}

pub(crate) async fn subscribe(
    State(shared): State<Arc<Shared>>,
    Query(presented): Query<Presented>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !presented.token.as_deref().or(bearer(&headers)).is_some_and(|token| shared.is_token(token)) {
        return api::refused(&api::unauthorized());
    }
    upgrade.on_upgrade(move |socket| tell(shared, socket))
}

/// Tells until the page leaves or the console stops. A page that lags gets a fresh snapshot and goes on from there.
async fn tell(shared: Arc<Shared>, mut socket: WebSocket) {
    'subscription: loop {
        let Ok((snapshot, mut events)) = shared.console.subscribe().await else { return };
        if send(&mut socket, &Told::Snapshot(&snapshot)).await.is_err() {
            return;
        }
        loop {
            tokio::select! {
                () = shared.stop.cancelled() => return,
                event = events.recv() => match event {
                    Ok(event) => if send(&mut socket, &Told::Event(&event)).await.is_err() {
                        return;
                    },
                    Err(RecvError::Lagged(_)) => continue 'subscription,
                    Err(RecvError::Closed) => return,
                },
                // The page says nothing; this notices that it left, and answers its pings.
                message = socket.recv() => if !matches!(message, Some(Ok(_))) {
                    return;
                },
            }
        }
    }
}

async fn send(socket: &mut WebSocket, told: &Told<'_>) -> Result<(), axum::Error> {
    let text = serde_json::to_string(told).map_err(axum::Error::new)?;
    socket.send(Message::Text(text.into())).await
}
