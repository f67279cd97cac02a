//! Playlists and the manifest, with LL-HLS blocking reload.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use bytes::Bytes;
use media_formats::unit::TrackKind;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use super::Shared;
use super::answer::{self, Refused};
use crate::packager::Packager;
use crate::stream::Inner;
use crate::texts::{Text, TextKind};
use crate::{dash, hls};

const M3U8: &str = "application/vnd.apple.mpegurl";
const MPD: &str = "application/dash+xml";
/// A blocked request is answered at the latest after this many target durations (8216bis s6.2.5.2).
const HOLD_TARGETS: u32 = 3;
/// Players ask for at most this many segments ahead.
const AHEAD_SEGMENTS: u64 = 2;
/// Tokens longer than this are not ours.
const MAX_TOKEN_BYTES: usize = 32;

/// What a playlist request may carry.
#[derive(Debug, Deserialize)]
pub(super) struct Directives {
    viewer: Option<String>,
    #[serde(rename = "_HLS_msn")]
    msn: Option<u64>,
    #[serde(rename = "_HLS_part")]
    part: Option<u64>,
}

impl Directives {
    fn viewer(&self) -> Option<&str> {
        self.viewer.as_deref().filter(|token| {
            token.len() <= MAX_TOKEN_BYTES && token.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    }
}

pub(super) async fn multivariant(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(directives): Query<Directives>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let stream = shared.stream(&id)?;
    // The token tells players apart; one that came with the address is handed on.
    let viewer = match directives.viewer() {
        Some(viewer) => viewer.to_owned(),
        None => new_token(),
    };
    stream.0.player_seen(&viewer);
    let core = stream.0.core();
    let version = core.packager.version();
    let plain =
        hls::multivariant_playlist(&core.packager, &format!("?viewer={viewer}")).ok_or(Refused::NotFound)?;
    drop(core);
    let mut response = answer::text(M3U8, &Text::new(version, plain), &headers);
    // Each answer carries a token of its own and must not be shared.
    response.headers_mut().remove(header::ETAG);
    Ok(response)
}

pub(super) async fn video(
    shared: State<Shared>,
    id: Path<String>,
    directives: Query<Directives>,
    from: ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    media_playlist(shared.0, id.0, directives.0, from.0, headers, TrackKind::Video).await
}

pub(super) async fn audio(
    shared: State<Shared>,
    id: Path<String>,
    directives: Query<Directives>,
    from: ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    media_playlist(shared.0, id.0, directives.0, from.0, headers, TrackKind::Audio).await
}

pub(super) async fn manifest(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(directives): Query<Directives>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let stream = shared.stream(&id)?;
    note_player(&stream.0, &directives, from, &headers);
    let inner = &stream.0;
    let mut core = inner.core();
    let core = &mut *core;
    let version = core.packager.version();
    let text = core
        .texts
        .get(TextKind::Manifest, version, || {
            dash::manifest(&core.packager, inner.created_ms, inner.clock.now_ms())
        })
        .ok_or(Refused::NotFound)?;
    Ok(answer::text(MPD, &text, &headers))
}

async fn media_playlist(
    shared: Shared,
    id: String,
    directives: Directives,
    from: SocketAddr,
    headers: HeaderMap,
    kind: TrackKind,
) -> Result<Response, Refused> {
    let stream = shared.stream(&id)?;
    note_player(&stream.0, &directives, from, &headers);
    match (directives.msn, directives.part) {
        (Some(msn), part) => hold(&shared, &stream.0, kind, msn, part).await?,
        (None, Some(_)) => return Err(Refused::BadRequest("_HLS_part needs _HLS_msn.\n")),
        (None, None) => {}
    }
    let text = render(&stream.0, kind).ok_or(Refused::NotFound)?;
    Ok(answer::text(M3U8, &text, &headers))
}

/// The media playlist as it is now.
fn render(inner: &Inner, kind: TrackKind) -> Option<Text> {
    let mut core = inner.core();
    let core = &mut *core;
    let version = core.packager.version();
    let text_kind = match kind {
        TrackKind::Video => TextKind::Video,
        TrackKind::Audio => TextKind::Audio,
    };
    core.texts.get(text_kind, version, || hls::media_playlist(&core.packager, kind, inner.created_ms, ""))
}

/// Waits until the playlist holds the segment or part asked for.
pub(super) async fn hold(
    shared: &Shared,
    inner: &Inner,
    kind: TrackKind,
    msn: u64,
    part: Option<u64>,
) -> Result<(), Refused> {
    let mut changes = inner.version();
    let mut deadline = None;
    loop {
        changes.mark_unchanged();
        let target_s = {
            let core = inner.core();
            match holds(&core.packager, kind, msn, part)? {
                true => return Ok(()),
                false => core.packager.facts().target_duration_s,
            }
        };
        let until = *deadline.get_or_insert_with(|| {
            Instant::now() + Duration::from_secs(u64::from(target_s.max(1) * HOLD_TARGETS))
        });
        tokio::select! {
            () = shared.stop.cancelled() => return Err(Refused::NotYet),
            changed = timeout_at(until, changes.changed()) => {
                if !matches!(changed, Ok(Ok(()))) {
                    return Err(Refused::NotYet);
                }
            }
        }
    }
}

/// Whether the playlist already holds it.
fn holds(packager: &Packager, kind: TrackKind, msn: u64, part: Option<u64>) -> Result<bool, Refused> {
    if packager.is_ended() {
        return Ok(true);
    }
    let window = packager.window(kind).filter(|_| packager.is_published()).ok_or(Refused::NotFound)?;
    let (next_msn, next_part) = hls::next_part(window);
    if msn > next_msn + AHEAD_SEGMENTS {
        return Err(Refused::BadRequest("That segment is too far ahead.\n"));
    }
    Ok(match part {
        None => msn < next_msn,
        Some(part) if msn == next_msn => part < next_part as u64,
        Some(part) if msn < next_msn => {
            // A part past the end of its segment means the first part of the next one.
            let past_end = window.segment(msn).is_some_and(|segment| part >= segment.parts.len() as u64)
                && msn + 1 == next_msn;
            !past_end || next_part > 0
        }
        Some(_) => false,
    })
}

fn note_player(inner: &Inner, directives: &Directives, from: SocketAddr, headers: &HeaderMap) {
    match directives.viewer() {
        Some(viewer) => inner.player_seen(viewer),
        None => {
            let mut hasher = DefaultHasher::new();
            from.ip().hash(&mut hasher);
            headers.get(header::USER_AGENT).map(|agent| agent.as_bytes()).hash(&mut hasher);
            inner.player_seen(&format!("{:x}", hasher.finish()));
        }
    }
}

fn new_token() -> String {
    let mut random = [0_u8; 6];
    // Without random bytes players merely cannot be told apart.
    let _ = getrandom::fill(&mut random);
    Bytes::copy_from_slice(&random).iter().map(|byte| format!("{byte:02x}")).collect()
}
