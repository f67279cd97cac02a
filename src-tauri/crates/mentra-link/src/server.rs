//! The hub's door: bounded connections, and which path leads where.
//!
//! At most 2,048 connections at once; one more waits in the system's backlog. A connection that is no WebSocket has 10 s
//! for each request's head and 30 s altogether.

use std::sync::{Arc, PoisonError};

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get};
use axum::{Extension, Json, Router};
use mentra_wire::Generation;
use serde_json::json;
use tokio::net::TcpListener;

use crate::accept::{self, Bounds, Caller};
use crate::app_socket::{self, Door};
use crate::line::READ_BYTES;
use crate::shared::Shared;
use crate::{device_socket, origin, rest};

/// Connections at once.
const CONNECTIONS: usize = 2_048;
/// What a REST request's body may have.
const BODY_BYTES: usize = 8 << 10;
/// What a socket reads, and writes, at once; there may be thousands.
const BUFFER_BYTES: usize = 4 << 10;

/// Accepts connections until the hub stops.
pub(crate) async fn serve(listener: TcpListener, hub: Arc<Shared>) {
    let bounds = Bounds {
        connections: CONNECTIONS,
        head_within: hub.timing.head_within,
        keep_alive: true,
        stop: hub.stop.clone(),
        tasks: hub.tasks.clone(),
    };
    accept::serve(listener, routes(hub), bounds).await;
}

fn routes(hub: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(rest::root))
        .route("/app-ws", any(app))
        .route("/ws/miniapp", any(app))
        .route("/glasses-ws", any(glasses))
        .route("/ws/client", any(glasses))
        .route("/api/sdk/version", get(rest::sdk_version))
        .route("/api/client/min-version", get(rest::min_version))
        .route("/api/streams/{stream_id}/outputs", get(rest::list_outputs).post(rest::add_output))
        .route("/api/streams/{stream_id}/outputs/{output_id}", delete(rest::remove_output))
        .fallback(rest::nothing_here)
        .method_not_allowed_fallback(rest::nothing_here)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(hub)
}

async fn app(
    State(hub): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else { return rest::websocket_only().into_response() };
    if !origin::is_welcome(&headers) {
        return from_a_page();
    }
    let Ok(stranger) = Arc::clone(&hub.strangers).try_acquire_owned() else {
        return rest::failure(
            StatusCode::SERVICE_UNAVAILABLE,
            "BUSY",
            "Too many connections have not said which app they are. Try again in a few seconds.",
        )
        .into_response();
    };
    let door = Door::new(caller, uri.path(), &headers);
    let joined = hub.tasks.token();
    bounded(upgrade).on_upgrade(move |socket| async move {
        app_socket::serve(hub, socket, door, stranger).await;
        drop(joined);
    })
}

async fn glasses(
    State(hub): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else { return rest::websocket_only().into_response() };
    if !origin::is_welcome(&headers) {
        return from_a_page();
    }
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let asked = query.iter().find(|(name, _)| name == "token").map(|(_, token)| token.as_str());
    let refusal = match bearer.or(asked) {
        Some(token) if hub.device_token.read().unwrap_or_else(PoisonError::into_inner).matches(token) => None,
        Some(_) => Some("Invalid core token"),
        None => Some("No core token provided"),
    };
    if let Some(message) = refusal {
        tracing::info!(peer = %caller.peer, message, "glasses were refused");
        let body = json!({"type": "connection_error", "message": message});
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    }
    let generation = if uri.path() == "/ws/client" { Generation::Stream2026 } else { Generation::Rtmp2025 };
    let joined = hub.tasks.token();
    bounded(upgrade).on_upgrade(move |socket| async move {
        device_socket::serve(hub, socket, caller, generation).await;
        drop(joined);
    })
}

fn from_a_page() -> Response {
    rest::failure(
        StatusCode::FORBIDDEN,
        "FORBIDDEN_ORIGIN",
        "Web pages may not connect to the hub; apps and glasses do.",
    )
    .into_response()
}

fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .max_message_size(READ_BYTES)
        .max_frame_size(READ_BYTES)
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
}

#[cfg(test)]
mod tests;
