//! The webhook door: what the MentraOS cloud, or a tunnel in its name, calls. Answers first; what a call means is looked at
//! after.
//!
//! At most 256 connections, one request each: a tunnel that kept one open would send its next call into the close. Bodies have
//! at most 64 KiB.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use mentra_wire::{MAX_TEXT_BYTES, Webhook};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::shared::CloudShared;
use super::webhooks;
use crate::accept::{self, Bounds};
use crate::origin;
use crate::shared::lock;

/// Connections at once.
const CONNECTIONS: usize = 256;

type Answer = (StatusCode, Json<Value>);

/// Until the client stops.
pub(super) async fn serve(listener: TcpListener, shared: Arc<CloudShared>) {
    let bounds = Bounds {
        connections: CONNECTIONS,
        head_within: shared.timing.head_within,
        keep_alive: false,
        stop: shared.stop.clone(),
        tasks: shared.tasks.clone(),
    };
    accept::serve(listener, routes(shared), bounds).await;
}

fn routes(shared: Arc<CloudShared>) -> Router {
    let calls = Router::new()
        .route("/webhook", post(webhook))
        .route("/tool", post(tool))
        .route("/settings", post(settings))
        .route("/health", get(health));
    Router::new()
        .merge(calls.clone())
        .nest("/api/_mentraos", calls)
        .fallback(nothing_here)
        .method_not_allowed_fallback(nothing_here)
        .layer(DefaultBodyLimit::max(MAX_TEXT_BYTES))
        .with_state(shared)
}

async fn webhook(
    State(shared): State<Arc<CloudShared>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    // No cloud sends an `Origin`; a page in this computer's browser does.
    if !origin::is_welcome(&headers) {
        return failure(StatusCode::FORBIDDEN, "Web pages may not call this app").into_response();
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return failure(StatusCode::PAYLOAD_TOO_LARGE, "The body is longer than 64 KiB").into_response();
        }
        Err(rejection) => return rejection.into_response(),
    };
    let webhook = std::str::from_utf8(&body).ok().and_then(|text| Webhook::parse(text).ok());
    let known = webhook.filter(|webhook| !matches!(webhook, Webhook::Unknown(_)));
    let Some(webhook) = known else {
        return failure(StatusCode::BAD_REQUEST, "Unknown webhook request type").into_response();
    };
    if !webhooks::take(&shared, webhook) {
        return failure(StatusCode::SERVICE_UNAVAILABLE, "Too many calls at once").into_response();
    }
    success(json!({})).into_response()
}

async fn tool() -> Answer {
    success(json!({"reply": null}))
}

async fn settings() -> Answer {
    success(json!({}))
}

async fn health(State(shared): State<Arc<CloudShared>>) -> Json<Value> {
    let sessions = lock(&shared.sessions).connected_count();
    Json(json!({"status": "healthy", "app": shared.package, "activeSessions": sessions}))
}

async fn nothing_here() -> Answer {
    failure(StatusCode::NOT_FOUND, "This app has nothing here")
}

fn success(mut with: Value) -> Answer {
    with["status"] = "success".into();
    (StatusCode::OK, Json(with))
}

fn failure(status: StatusCode, message: &str) -> Answer {
    (status, Json(json!({"status": "error", "message": message})))
}
