//! Publishing by WebRTC (RFC 9725): whoever holds the stream key posts an offer.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, post};

use super::Shared;
use super::whep::{NO_SESSION, Refusal, created, read_offer, refusal, trickled};
use crate::door::Attempt;
use crate::stream::PublisherInfo;
use crate::webrtc::{NotConnected, PUBLISHERS, Unfit};

/// Longest name taken from a publisher.
const MAX_NAME_CHARS: usize = 64;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/whip", post(publish))
        .route("/whip/{key}", post(publish_with))
        .route("/whip/session/{session}", delete(end).patch(trickle))
}

/// With the key as a bearer token (RFC 6750 s2.1).
async fn publish(
    State(shared): State<Shared>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    admit(shared, address, Vec::new(), headers, body).await
}

/// With the key in the address, for encoders that have no field for a token.
async fn publish_with(
    State(shared): State<Shared>,
    Path(key): Path<String>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    admit(shared, address, vec![key], headers, body).await
}

async fn admit(
    shared: Shared,
    address: SocketAddr,
    mut keys: Vec<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    keys.extend(bearer(&headers));
    if keys.is_empty() {
        return Err(unauthorised(
            "Send the stream key as a bearer token, or as the last part of the address.",
        ));
    }
    // Before the door is asked, which may start a stream for who publishes.
    let offer = read_offer(&headers, body).await.map_err(|refusal| refusal.into_response())?;
    let offered = shared.webrtc.offered(&offer).map_err(unfit)?;
    let encoder = encoder(&headers);
    let attempt = Attempt::new(keys, address.to_string(), encoder.clone());
    let stream = shared.door.admit(attempt).await.map_err(|words| unauthorised(&words))?;
    let info = PublisherInfo { address: address.to_string(), encoder, since_ms: shared.clock.now_ms() };
    let answered = shared.webrtc.publish(stream, address.ip(), info, offered).await.map_err(unfit)?;
    Ok(created("/whip/session/", answered))
}

fn unfit(why: NotConnected) -> Response {
    match why {
        NotConnected::Unfit(Unfit::NoVideo) => {
            Refusal(StatusCode::NOT_ACCEPTABLE, "The offer sends neither H.264 video nor Opus sound.")
        }
        NotConnected::Unfit(Unfit::NoH264) => Refusal(
            StatusCode::NOT_ACCEPTABLE,
            "The offer sends no H.264 video. Choose H.264 in the encoder.",
        ),
        why => refusal(why),
    }
    .into_response()
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned()).filter(|token| !token.is_empty())
}

fn unauthorised(words: &str) -> Response {
    let mut response = (StatusCode::UNAUTHORIZED, format!("{words}\n")).into_response();
    let headers = response.headers_mut();
    headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What it calls itself: the first product of its `User-Agent`, which for a browser says nothing, and for OBS stands in
/// the comment after a browser's.
fn encoder(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let product = agent.split(' ').next().unwrap_or_default();
    let obs = agent.split(['(', ';', ')', ' ']).find(|part| part.starts_with("OBS-Studio/"));
    let name = match obs {
        Some(obs) => obs,
        None if product.starts_with("Mozilla/") => "Browser",
        None => product,
    };
    let name: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
    if name.is_empty() { "WHIP".to_owned() } else { format!("{name} (WHIP)") }
}

async fn end(State(shared): State<Shared>, Path(session): Path<String>) -> Result<StatusCode, Refusal> {
    if shared.webrtc.end(PUBLISHERS, &session).await { Ok(StatusCode::OK) } else { Err(NO_SESSION) }
}

async fn trickle(
    State(shared): State<Shared>,
    Path(session): Path<String>,
    body: Body,
) -> Result<StatusCode, Refusal> {
    trickled(shared.webrtc.knows(PUBLISHERS, &session).await, body).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_token_is_found_whatever_the_schemes_case() {
        assert_eq!(bearer(&headers(header::AUTHORIZATION, "bearer abc ")).as_deref(), Some("abc"));
        for none in ["Basic abc", "Bearer", "Bearer  ", ""] {
            assert_eq!(bearer(&headers(header::AUTHORIZATION, none)), None, "{none}");
        }
    }

    #[test]
    fn encoders_are_named_and_browsers_are_browsers() {
        let of = |agent| encoder(&headers(header::USER_AGENT, agent));
        assert_eq!(of("OBS-Studio/30.1 (libdatachannel)"), "OBS-Studio/30.1 (WHIP)");
        assert_eq!(of("Mozilla/5.0 (OBS-Studio/30.1.2; Linux x86_64; en-GB)"), "OBS-Studio/30.1.2 (WHIP)");
        assert_eq!(of("Mozilla/5.0 (X11; Linux x86_64)"), "Browser (WHIP)");
        assert_eq!(encoder(&HeaderMap::new()), "WHIP");
    }
}
