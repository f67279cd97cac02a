//! Playing by WebRTC (draft-ietf-wish-whep): an offer is posted, a session is answered.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::LazyLock;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, post};
use futures_util::StreamExt as _;

use super::Shared;
use crate::viewers::UNCOUNTED;
use crate::webrtc::{Answered, NotConnected, Unfit, WebRtcState, ice_ufrag};

/// Longest offer taken; a browser's is below 10 KiB.
const MAX_OFFER_BYTES: usize = 64 << 10;
/// Of a longer one, this much is passed over, so that the sender gets to read the answer.
const MAX_PASSED_OVER_BYTES: usize = 2 << 20;
/// Media types (RFC 8866 s8.1, RFC 8840 s9).
const SDP: HeaderValue = HeaderValue::from_static("application/sdp");
const TRICKLE: HeaderValue = HeaderValue::from_static("application/trickle-ice-sdpfrag");
static ACCEPT_POST: LazyLock<HeaderName> = LazyLock::new(|| HeaderName::from_static("accept-post"));
static ACCEPT_PATCH: LazyLock<HeaderName> = LazyLock::new(|| HeaderName::from_static("accept-patch"));

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/{id}/whep", post(play)).route("/{id}/whep/{session}", delete(end).patch(trickle))
}

/// Why there is no session, with words for whoever reads the answer.
pub(super) struct Refusal(pub(super) StatusCode, pub(super) &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, words) = self;
        let mut response = (status, format!("{words}\n")).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if matches!(status, StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

async fn play(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(asked): Query<HashMap<String, String>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    // The console's own preview is no viewer, as for playlists.
    let counted = !asked.get("viewer").is_some_and(|name| UNCOUNTED.contains(&name.as_str()));
    let gone =
        Refusal(StatusCode::NOT_FOUND, "There is nothing here: the stream is over or the link is wrong.");
    let stream = shared.registry.get(&id).filter(|stream| !stream.is_ended()).ok_or(gone)?;
    match stream.webrtc() {
        WebRtcState::Ready => {}
        WebRtcState::Off => {
            return Err(Refusal(
                StatusCode::NOT_FOUND,
                "This stream is not offered by WebRTC. Play it by HLS, or start it with WebRTC on.",
            ));
        }
        WebRtcState::NoMedia => {
            return Err(Refusal(StatusCode::CONFLICT, "Nothing is being sent yet. Try again in a moment."));
        }
        WebRtcState::NoPicture => return Err(refusal(NotConnected::Unfit(Unfit::NoPicture))),
        WebRtcState::BFrames => {
            return Err(Refusal(
                StatusCode::NOT_ACCEPTABLE,
                "The picture has B-frames, which WebRTC cannot carry without stutter. Play it another way, as by HLS.",
            ));
        }
    }
    let offer = read_offer(&headers, body).await?;
    let answered = shared.webrtc.play(stream, address.ip(), &offer, counted).await.map_err(refusal)?;
    Ok(created(&format!("/{id}/whep/"), answered))
}

/// The answer, and where the session is ended.
pub(super) fn created(parent: &str, Answered { session, sdp }: Answered) -> Response {
    let location = HeaderValue::from_str(&format!("{parent}{}", session.as_str()));
    let tag = HeaderValue::from_str(&format!("\"{}\"", session.as_str()));
    let mut response = (StatusCode::CREATED, sdp).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, SDP);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Hexadecimal and the path it was asked at: always a header's text.
    if let (Ok(location), Ok(tag)) = (location, tag) {
        headers.insert(header::LOCATION, location);
        headers.insert(header::ETAG, tag);
    }
    headers.insert(ACCEPT_PATCH.clone(), TRICKLE);
    response
}

/// An offer's text.
pub(super) async fn read_offer(headers: &HeaderMap, body: Body) -> Result<String, Refusal> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next()).map(str::trim);
    if !media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/sdp")) {
        return Err(Refusal(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send an SDP offer, with content type application/sdp.",
        ));
    }
    let mut offer = Vec::new();
    let mut read_bytes = 0;
    let mut pieces = body.into_data_stream();
    while let Some(Ok(piece)) = pieces.next().await {
        read_bytes += piece.len();
        if read_bytes <= MAX_OFFER_BYTES {
            offer.extend_from_slice(&piece);
        } else if read_bytes > MAX_PASSED_OVER_BYTES {
            break;
        }
    }
    if read_bytes > MAX_OFFER_BYTES {
        return Err(Refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The offer is longer than any player's. Send at most 64 KiB.",
        ));
    }
    String::from_utf8(offer).map_err(|_| refusal(NotConnected::Unfit(Unfit::BadOffer)))
}

pub(super) fn refusal(why: NotConnected) -> Refusal {
    match why {
        NotConnected::Unfit(Unfit::BadOffer) => Refusal(
            StatusCode::BAD_REQUEST,
            "The offer could not be read as an SDP offer of a WebRTC player.",
        ),
        NotConnected::Unfit(Unfit::NoPicture) => Refusal(
            StatusCode::NOT_ACCEPTABLE,
            "The stream has sound alone, which is played by HLS. WebRTC starts once there is a picture.",
        ),
        NotConnected::Unfit(Unfit::NoVideo) => {
            Refusal(StatusCode::NOT_ACCEPTABLE, "The offer takes no video. Offer to receive video.")
        }
        NotConnected::Unfit(Unfit::NoH264) => Refusal(
            StatusCode::NOT_ACCEPTABLE,
            "The offer takes no H.264 video, which is what this stream is made of. Play it by HLS.",
        ),
        NotConnected::Full => Refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "As many players as this computer can serve by WebRTC are watching. Play it by HLS, or try again.",
        ),
        NotConnected::Crowded => Refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "Many players are connecting at this moment. Try again in a second.",
        ),
        NotConnected::Stopped => Refusal(StatusCode::SERVICE_UNAVAILABLE, "Stream Console is shutting down."),
    }
}

/// Tells whoever asks by OPTIONS what to post, beside what browsers' own questions (CORS) are answered with.
pub(super) async fn tell_offer_type(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let offered = path.ends_with("/whep") || path == "/whip" || path.starts_with("/whip/");
    let asks = offered && request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    if asks {
        response.headers_mut().insert(ACCEPT_POST.clone(), SDP);
    }
    response
}

async fn end(
    State(shared): State<Shared>,
    Path((id, session)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    if shared.webrtc.end(&id, &session).await { Ok(StatusCode::OK) } else { Err(NO_SESSION) }
}

/// Candidates that come later (RFC 8840) need not be known here: checks come from wherever the player is.
async fn trickle(
    State(shared): State<Shared>,
    Path((id, session)): Path<(String, String)>,
    body: Body,
) -> Result<StatusCode, Refusal> {
    trickled(shared.webrtc.knows(&id, &session).await, body).await
}

/// Answers a change of a session whose other side named itself `known` in its offer. One with another name restarts ICE,
/// which is not done here: whoever hears so connects anew, which is as fast (RFC 9725 s4.3).
pub(super) async fn trickled(known: Option<String>, body: Body) -> Result<StatusCode, Refusal> {
    let known = known.ok_or(NO_SESSION)?;
    let body = axum::body::to_bytes(body, MAX_OFFER_BYTES).await.unwrap_or_default();
    let named = std::str::from_utf8(&body).ok().and_then(ice_ufrag);
    if named.is_some_and(|named| named != known) {
        return Err(Refusal(
            StatusCode::UNPROCESSABLE_ENTITY,
            "A session cannot be moved to another network. Connect anew.",
        ));
    }
    Ok(StatusCode::NO_CONTENT)
}

pub(super) const NO_SESSION: Refusal =
    Refusal(StatusCode::NOT_FOUND, "There is no such session; it may have ended.");
