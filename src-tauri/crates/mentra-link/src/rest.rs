//! The few HTTP answers apps and phones look for. Everything else is a 404 in words: SDKs take it as "not there".

use std::sync::Arc;

use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use mentra_wire::Secret;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::accept::Caller;
use crate::apps::is_package_name;
use crate::event::{HubEvent, Output, OutputsError, OutputsRequest};
use crate::origin;
use crate::shared::Shared;

/// SDK version the hub was built against.
const SDK_VERSION: &str = "2.1.29";
/// Outputs of one stream, and of one app, as the clouds say.
const MAX_OUTPUTS: u32 = 10;

type Answer = (StatusCode, Json<Value>);

/// A failure as the clouds write it.
pub(crate) fn failure(status: StatusCode, code: &str, message: &str) -> Answer {
    (status, Json(json!({"success": false, "error": code, "message": message})))
}

pub(crate) fn websocket_only() -> Answer {
    failure(StatusCode::UPGRADE_REQUIRED, "WEBSOCKET_REQUIRED", "This address is for WebSockets.")
}

pub(crate) async fn root() -> &'static str {
    "Stream Console hub for MentraOS apps and glasses.\nApps: /app-ws, /ws/miniapp. Glasses: /glasses-ws, /ws/client.\n"
}

pub(crate) async fn sdk_version() -> Json<Value> {
    Json(
        json!({"success": true, "data": {"required": "2.0.0", "recommended": SDK_VERSION, "latest": SDK_VERSION}}),
    )
}

pub(crate) async fn min_version() -> Json<Value> {
    Json(json!({"success": true, "data": {"required": "0.0.0", "recommended": "0.0.0"}}))
}

pub(crate) async fn nothing_here(uri: Uri) -> Answer {
    let path: String = uri.path().chars().take(100).collect();
    failure(StatusCode::NOT_FOUND, "NOT_FOUND", &format!("This hub has nothing at {path}."))
}

/// Body of a request for an output.
#[derive(Deserialize)]
pub(crate) struct NewOutput {
    url: Option<String>,
    name: Option<String>,
}

pub(crate) async fn add_output(
    State(hub): State<Arc<Shared>>,
    Path(stream_id): Path<String>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Result<Json<NewOutput>, JsonRejection>,
) -> Response {
    let (package, api_key) = match credentials(&headers) {
        Ok(credentials) => credentials,
        Err(refusal) => return refusal.into_response(),
    };
    let body = match body {
        Ok(Json(body)) => body,
        Err(JsonRejection::BytesRejection(BytesRejection::FailedToBufferBody(_))) => {
            return failure(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", "The body is longer than 8 KiB.")
                .into_response();
        }
        Err(_) => {
            let message = "The body must be JSON with a text member url.";
            return failure(StatusCode::BAD_REQUEST, "INVALID_BODY", message).into_response();
        }
    };
    let Some(url) = body.url.filter(|url| !url.trim().is_empty()) else {
        return failure(StatusCode::BAD_REQUEST, "INVALID_URL", "url is required.").into_response();
    };
    let address = caller.peer.ip();
    let (answer, answered) = oneshot::channel();
    let name = body.name;
    let request =
        OutputsRequest::Add { address, package, api_key, stream_id, url: Secret::from(url), name, answer };
    let added = |output_id: String| json!({"success": true, "outputId": output_id, "message": "Output added successfully"});
    respond(ask(&hub, request, answered).await.map(added))
}

pub(crate) async fn remove_output(
    State(hub): State<Arc<Shared>>,
    Path((stream_id, output_id)): Path<(String, String)>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Response {
    let (package, api_key) = match credentials(&headers) {
        Ok(credentials) => credentials,
        Err(refusal) => return refusal.into_response(),
    };
    let address = caller.peer.ip();
    let (answer, answered) = oneshot::channel();
    let request = OutputsRequest::Remove { address, package, api_key, stream_id, output_id, answer };
    let removed = |()| json!({"success": true, "message": "Output removed successfully"});
    respond(ask(&hub, request, answered).await.map(removed))
}

pub(crate) async fn list_outputs(
    State(hub): State<Arc<Shared>>,
    Path(stream_id): Path<String>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Response {
    let (package, api_key) = match credentials(&headers) {
        Ok(credentials) => credentials,
        Err(refusal) => return refusal.into_response(),
    };
    let address = caller.peer.ip();
    let (answer, answered) = oneshot::channel();
    let request = OutputsRequest::List { address, package, api_key, stream_id: stream_id.clone(), answer };
    let listed = |outputs: Vec<Output>| {
        json!({
            "streamId": stream_id,
            "total": outputs.len(),
            "outputs": outputs.iter().map(view).collect::<Vec<_>>(),
            "maxPerStream": MAX_OUTPUTS,
            "maxPerApp": MAX_OUTPUTS,
        })
    };
    respond(ask(&hub, request, answered).await.map(listed))
}

fn view(output: &Output) -> Value {
    let mut view = json!({"outputId": output.output_id, "url": output.url.expose(), "status": output.status});
    let named = [("name", &output.name), ("addedBy", &output.added_by), ("error", &output.error)];
    for (name, value) in named {
        if let Some(value) = value {
            view[name] = value.as_str().into();
        }
    }
    view
}

/// Who asks, and their proof. Pages of the web are kept out as from the sockets; a name of theirs that was pointed at this
/// computer shows in `Host` alone.
fn credentials(headers: &HeaderMap) -> Result<(String, Secret), Answer> {
    if !origin::is_welcome(headers) || !origin::is_for_this_computer(headers) {
        return Err(failure(StatusCode::FORBIDDEN, "FORBIDDEN", "Web pages may not speak to this hub."));
    }
    let text =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    match (text("x-package-name"), text("x-api-key")) {
        (Some(package), Some(key)) if is_package_name(package) => {
            Ok((package.to_owned(), Secret::from(key.to_owned())))
        }
        _ => {
            let message = "The headers X-API-Key and X-Package-Name are required.";
            Err(failure(StatusCode::UNAUTHORIZED, "MISSING_HEADERS", message))
        }
    }
}

async fn ask<T>(
    hub: &Shared,
    request: OutputsRequest,
    answered: oneshot::Receiver<Result<T, OutputsError>>,
) -> Result<T, OutputsError> {
    let asking = async {
        hub.tell(HubEvent::Outputs(request)).await;
        answered.await.ok()
    };
    match timeout(hub.timing.rest_within, asking).await {
        Ok(Some(answer)) => answer,
        Ok(None) | Err(_) => Err(OutputsError {
            status: 503,
            code: "INTERNAL_ERROR".to_owned(),
            message: "The console is busy. Try again in a few seconds.".to_owned(),
        }),
    }
}

fn respond(answer: Result<Value, OutputsError>) -> Response {
    match answer {
        Ok(answer) => Json(answer).into_response(),
        Err(OutputsError { status, code, message }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            failure(status, &code, &message).into_response()
        }
    }
}
