//! Answers of the playback door.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::texts::Text;

/// Numbered media never changes.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=3600, immutable");
/// Playlists change all the time.
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// Why a request is not answered with what it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// No such stream, segment or page.
    NotFound,
    /// A request for what lies too far ahead, or a malformed one.
    BadRequest(&'static str),
    /// It should have come by now and has not.
    NotYet,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, words) = match self {
            Self::NotFound => {
                (StatusCode::NOT_FOUND, "There is nothing here: the stream is over or the link is wrong.\n")
            }
            Self::BadRequest(words) => (StatusCode::BAD_REQUEST, words),
            Self::NotYet => (StatusCode::SERVICE_UNAVAILABLE, "Not yet: no new media has arrived.\n"),
        };
        (status, [(header::CACHE_CONTROL, NO_CACHE)], words).into_response()
    }
}

/// Pieces of memory shared with the store, sent one after the other.
pub(super) struct Pieces {
    pieces: VecDeque<Bytes>,
    left: u64,
}

impl Pieces {
    pub(super) fn new(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        let pieces: VecDeque<Bytes> = pieces.into_iter().collect();
        let left = pieces.iter().map(|piece| piece.len() as u64).sum();
        Self { pieces, left }
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(piece) = self.pieces.pop_front() else { return Poll::Ready(None) };
        self.left -= piece.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Media that never changes under its name.
pub(super) fn media(media_type: &'static str, pieces: Pieces) -> Response {
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(media_type)), (header::CACHE_CONTROL, IMMUTABLE)];
    (headers, Body::new(pieces)).into_response()
}

/// Bytes that may be different the next time.
pub(super) fn fresh(media_type: &str, bytes: Bytes) -> Response {
    let media_type =
        HeaderValue::from_str(media_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, NO_CACHE)], bytes).into_response()
}

/// A playlist or manifest: compressed if the player can take that, and not sent again if it has this very one.
pub(super) fn text(media_type: &'static str, text: &Text, request: &HeaderMap) -> Response {
    let takes_gzip = request
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(is_gzip));
    let gzip = takes_gzip && !text.gzip.is_empty();
    // Other bytes, so another tag (RFC 9110 s8.8.3.3).
    let tag = format!("\"{:016x}{}\"", text.hash, if gzip { "-gzip" } else { "" });
    let known = request.get_all(header::IF_NONE_MATCH).iter().any(|tags| is_known(tags, &tag));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CACHE_CONTROL, NO_CACHE),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
        (header::ETAG, HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""))),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    if gzip {
        return (headers, [(header::CONTENT_ENCODING, "gzip")], text.gzip.clone()).into_response();
    }
    (headers, text.plain.clone()).into_response()
}

/// Whether a line of `If-None-Match` names the tag, compared weakly (RFC 9110 s13.1.2), or any. Ours hold no commas.
fn is_known(tags: &HeaderValue, tag: &str) -> bool {
    let Ok(tags) = tags.to_str() else { return false };
    tags.split(',')
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// Whether an element of `Accept-Encoding` names gzip without refusing it (RFC 9110 s12.5.3: a weight of zero).
fn is_gzip(coding: &str) -> bool {
    let mut parameters = coding.split(';').map(str::trim);
    let named = parameters.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
    let weight =
        parameters.find_map(|parameter| parameter.strip_prefix("q=")).and_then(|q| q.parse::<f32>().ok());
    named && weight != Some(0.0)
}
