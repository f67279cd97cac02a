//! The watch page, its state, and the clock.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use media_formats::hls::UtcTime;
use serde::Serialize;

use super::Shared;
use super::answer::{self, Refused};
use crate::stream::Stream;
use crate::webrtc::WebRtcState;

/// Media that stopped for longer than this is an interruption to a viewer.
const INTERRUPTED_AFTER_MS: u64 = 3_000;
/// Only what the page itself brings may run in it, and nothing may frame more than the page.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; connect-src 'self' ws: wss:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; \
     worker-src 'self' blob:; object-src 'none'; base-uri 'none'",
);

/// What the watch page polls.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    state: Watching,
    viewers: u32,
    /// Changes when players must start over: a track appeared.
    config_version: u32,
    /// WebRTC is offered: a player that asks for it learns more. False = it need not ask.
    webrtc: bool,
}

/// The stream as a viewer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Watching {
    Waiting,
    Live,
    Interrupted,
    Ended,
}

pub(super) async fn status(
    State(shared): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let stream = shared.stream(&id)?;
    let status = Status {
        state: watching(&stream),
        viewers: stream.viewers(),
        config_version: tracks(&stream),
        webrtc: stream.webrtc() != WebRtcState::Off,
    };
    Ok(([(header::CACHE_CONTROL, "no-cache")], Json(status)).into_response())
}

fn watching(stream: &Stream) -> Watching {
    let status = stream.status().borrow().clone();
    let ended = stream.0.core().packager.is_ended();
    let silent_ms = stream.0.clock.now_ms().saturating_sub(status.last_media_ms);
    match (ended, status.published) {
        (true, _) => Watching::Ended,
        (false, false) => Watching::Waiting,
        (false, true) if status.publisher.is_none() || silent_ms > INTERRUPTED_AFTER_MS => {
            Watching::Interrupted
        }
        (false, true) => Watching::Live,
    }
}

fn tracks(stream: &Stream) -> u32 {
    let core = stream.0.core();
    [media_formats::unit::TrackKind::Video, media_formats::unit::TrackKind::Audio]
        .into_iter()
        .filter(|&kind| core.packager.window(kind).is_some_and(|window| window.has_segments()))
        .count() as u32
}

pub(super) async fn watch(State(shared): State<Shared>, Path(id): Path<String>) -> Result<Response, Refused> {
    let page = (shared.pages)("watch.html").ok_or(Refused::NotFound)?;
    let mut response = answer::fresh(&page.media_type, page.bytes);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    // The page itself says that there is no such stream; programs read the status.
    if shared.stream(&id).is_err() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}

pub(super) async fn asset(
    State(shared): State<Shared>,
    Path(path): Path<String>,
) -> Result<Response, Refused> {
    let file = (shared.pages)(&format!("assets/{path}")).ok_or(Refused::NotFound)?;
    let mut response = answer::fresh(&file.media_type, file.bytes);
    // File names carry a hash of their contents.
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    Ok(response)
}

pub(super) async fn time(State(shared): State<Shared>) -> Response {
    // The clock the streams' time lines hang on, not the system's, which may have been set since.
    let now = UtcTime(shared.clock.now_ms() as i64).to_string();
    answer::fresh("text/plain; charset=utf-8", now.into())
}
