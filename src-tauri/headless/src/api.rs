//! `POST /api/<command>`: one JSON argument in, one JSON answer out.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use console::{ApiError, Code};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::server::{Shared, bearer};

pub(crate) async fn command(
    State(shared): State<Arc<Shared>>,
    Path(command): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorized = bearer(&headers).is_some_and(|token| shared.is_token(token));
    if !authorized {
        return refused(&unauthorized());
    }
    let console = &shared.console;
    // What a command takes is what its method takes.
    macro_rules! with_argument {
        ($method:ident) => {
            match argument(&body) {
                Ok(wanted) => answer(console.$method(wanted).await),
                Err(error) => refused(&error),
            }
        };
    }
    match command.as_str() {
        "snapshot" => answer(console.snapshot().await),
        "stop_stream" => answer(console.stop_stream().await),
        "new_stream_key" => answer(console.new_stream_key().await),
        "presets" => answer(console.presets().await),
        "end_broadcast" => answer(console.end_broadcast().await),
        "preflight" => answer(console.preflight().await),
        "broadcast_check" => answer(console.broadcast_check().await),
        "start_managed" => with_argument!(start_managed),
        "list_streams" => with_argument!(list_streams),
        "stream_detail" => with_argument!(stream_detail),
        "delete_stream" => with_argument!(delete_stream),
        "update_settings" => with_argument!(update_settings),
        "add_destination" => with_argument!(add_destination),
        "update_destination" => with_argument!(update_destination),
        "set_destination" => with_argument!(set_destination),
        "remove_destination" => with_argument!(remove_destination),
        "duplicate_destination" => with_argument!(duplicate_destination),
        "order_destinations" => with_argument!(order_destinations),
        "retry_destination" => with_argument!(retry_destination),
        "test_destination" => with_argument!(test_destination),
        "reveal_key" => with_argument!(reveal_key),
        "go_live" => with_argument!(go_live),
        "new_glasses_token" => answer(console.new_glasses_token().await),
        "remove_cloud" => answer(console.remove_cloud().await),
        "check_webhook" => answer(console.check_webhook().await),
        "set_cloud" => with_argument!(set_cloud),
        "start_unmanaged" => with_argument!(start_unmanaged),
        "hold_stream" => with_argument!(hold_stream),
        "add_app" => with_argument!(add_app),
        "update_app" => with_argument!(update_app),
        "remove_app" => with_argument!(remove_app),
        "start_app" => with_argument!(start_app),
        "stop_app" => with_argument!(stop_app),
        "allow_app" => with_argument!(allow_app),
        "frames" => with_argument!(frames),
        "set_virtual_glasses" => with_argument!(set_virtual_glasses),
        _ => refused(&ApiError {
            code: Code::NotFound,
            message: "There is no such command.".to_owned(),
            next_step: Some("See src-tauri/headless/README.md for the commands.".to_owned()),
        }),
    }
}

/// Decodes the body; an empty one stands for an empty object.
fn argument<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.is_empty() { b"{}" } else { body };
    // Straight into `T`, a list of values in the order of its members would do too.
    let object: Result<serde_json::Map<String, Value>, _> = serde_json::from_slice(body);
    object.and_then(|object| serde_json::from_value(Value::Object(object))).map_err(|error| ApiError {
        code: Code::InvalidRequest,
        message: format!("The argument is not understood: {error}."),
        next_step: Some("See src-tauri/headless/README.md for each command's argument.".to_owned()),
    })
}

fn answer<T: Serialize>(outcome: Result<T, ApiError>) -> Response {
    match outcome {
        Ok(value) => ([(header::CACHE_CONTROL, "no-store")], Json(value)).into_response(),
        Err(error) => refused(&error),
    }
}

pub(crate) fn unauthorized() -> ApiError {
    ApiError {
        code: Code::Unauthorized,
        message: "The token is missing or wrong.".to_owned(),
        next_step: Some("Open the address that Stream Console printed when it started.".to_owned()),
    }
}

pub(crate) fn refused(error: &ApiError) -> Response {
    let status = match error.code {
        Code::InvalidRequest => StatusCode::BAD_REQUEST,
        Code::Unauthorized => StatusCode::UNAUTHORIZED,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Busy => StatusCode::CONFLICT,
        Code::Storage | Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, Json(error)).into_response()
}

#[cfg(test)]
mod tests {
    use console::api::StartManaged;

    use super::*;

    #[test]
    fn arguments_may_be_left_out_and_wrong_ones_are_explained() {
        assert_eq!(argument::<StartManaged>(b"").ok(), Some(StartManaged::default()));
        assert!(argument::<StartManaged>(br#"{"quality":"1080p","cameraLink":"demo"}"#).is_ok());
        for wrong in [br#"{"quality":"4k"}"#.as_slice(), b"[]", b"null", b"{"] {
            let error = argument::<StartManaged>(wrong).expect_err("it is not understood");
            assert_eq!(error.code, Code::InvalidRequest);
        }
    }
}
