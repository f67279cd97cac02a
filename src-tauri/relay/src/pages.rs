//! What the cloud, desktops and people ask over HTTP.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use mentra_wire::Webhook;
use serde_json::{Value, json};

use crate::desktops::Passed;
use crate::{Shared, socket};

/// What a webhook's body may have; real ones have less than 1 KiB.
const BODY_BYTES: usize = 64 << 10;
/// What a desktop may say at once; its answers are short.
const MESSAGE_BYTES: usize = 4 << 10;

pub(crate) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/desktop", get(desktop))
        .route("/{mailbox}/health", get(mailbox_health))
        .route("/{mailbox}/webhook", post(webhook))
        .route("/{mailbox}/tool", post(tool))
        .route("/{mailbox}/settings", post(settings))
        .fallback(async || refusal(StatusCode::NOT_FOUND, "There is nothing here."))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(shared)
}

fn refusal(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "status": "error", "message": message }))).into_response()
}

fn no_mailbox() -> Response {
    refusal(
        StatusCode::NOT_FOUND,
        "This relay has no such mailbox. Copy the address from Stream Console again.",
    )
}

fn success() -> Json<Value> {
    Json(json!({ "status": "success" }))
}

async fn health(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({ "status": "healthy", "desktops": shared.desktops.count() }))
}

async fn mailbox_health(State(shared): State<Arc<Shared>>, Path(mailbox): Path<String>) -> Response {
    if !shared.desktops.knows(&mailbox) {
        return no_mailbox();
    }
    Json(json!({ "status": "healthy", "connected": shared.desktops.is_connected(&mailbox) })).into_response()
}

/// Answered at once: from the webhook to the app's own connection the cloud waits 5 s altogether.
async fn webhook(
    State(shared): State<Arc<Shared>>,
    Path(mailbox): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if !shared.desktops.knows(&mailbox) {
        return no_mailbox();
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, "No webhook is as long as this.");
        }
        Err(_) => return refusal(StatusCode::BAD_REQUEST, "The body broke off."),
    };
    let known = std::str::from_utf8(&body).ok().and_then(|text| Webhook::parse(text).ok());
    let body = match known {
        Some(Webhook::SessionRequest(_) | Webhook::StopRequest(_)) => serde_json::from_slice::<Value>(&body),
        _ => return refusal(StatusCode::BAD_REQUEST, "Unknown webhook request type"),
    };
    let Ok(body) = body else { return refusal(StatusCode::BAD_REQUEST, "Unknown webhook request type") };
    match shared.desktops.pass(&mailbox, body) {
        Passed::On => success().into_response(),
        Passed::Away => refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "The computer with Stream Console is not connected to this relay.",
        ),
        Passed::Full => refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "The computer with Stream Console does not take any more at the moment.",
        ),
    }
}

async fn tool(State(shared): State<Arc<Shared>>, Path(mailbox): Path<String>) -> Response {
    if !shared.desktops.knows(&mailbox) {
        return no_mailbox();
    }
    Json(json!({ "status": "success", "reply": null })).into_response()
}

async fn settings(State(shared): State<Arc<Shared>>, Path(mailbox): Path<String>) -> Response {
    if shared.desktops.knows(&mailbox) { success().into_response() } else { no_mailbox() }
}

/// A desktop comes.
async fn desktop(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let Some(mailbox) = token.and_then(|token| shared.desktops.mailbox(token.trim())) else {
        return refusal(
            StatusCode::UNAUTHORIZED,
            "This relay does not know the token. Enter the one it was started with.",
        );
    };
    let Ok(upgrade) = upgrade else {
        return refusal(StatusCode::BAD_REQUEST, "Desktops connect here, by WebSocket.");
    };
    let mailbox = mailbox.to_owned();
    let joined = shared.tasks.token();
    let upgrade = upgrade.max_message_size(MESSAGE_BYTES).max_frame_size(MESSAGE_BYTES);
    upgrade.on_upgrade(move |connection| async move {
        socket::serve(&shared, connection, &mailbox).await;
        drop(joined);
    })
}
