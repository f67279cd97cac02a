//! The playback door: everything a player fetches. Readable by anyone who holds the address.
//!
//! | path | what |
//! |---|---|
//! | `/{id}/index.m3u8` | HLS multivariant playlist |
//! | `/{id}/video.m3u8`, `/{id}/audio.m3u8` | media playlists, with blocking reload (8216bis s6.2.5.2) |
//! | `/{id}/{track}/init-{epoch}.mp4` | init segments |
//! | `/{id}/{track}/{msn}.m4s`, `{msn}.{part}.m4s` | segments and parts, as HLS names them |
//! | `/{id}/{track}/t{time}.m4s` | the same segments, as DASH names them |
//! | `/{id}/manifest.mpd` | DASH manifest |
//! | `/{id}/live` | fragmented MP4, picture by picture, over a WebSocket |
//! | `/{id}/thumbnail.jpg` | newest keyframe |
//! | `/{id}/watch`, `/{id}/status.json`, `/assets/..` | watch page |
//! | `/{id}/whep`, `/{id}/whep/{session}` | play by WebRTC (WHEP) |
//! | `/whip`, `/whip/{key}`, `/whip/session/{session}` | publish by WebRTC (WHIP) |
//! | `/time` | clock for DASH (`urn:mpeg:dash:utc:http-iso:2014`) |

mod answer;
mod guests;
mod listener;
mod live_socket;
mod media;
mod page;
mod playlist;
mod whep;
mod whip;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, Method, header};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::cors::{Any, CorsLayer};

use crate::clock::Clock;
use crate::door::Door;
use crate::engine::PageSource;
use crate::registry::Registry;
use crate::stream::Stream;
use crate::webrtc::WebRtc;

use self::answer::Refused;

/// What every handler sees.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) registry: Arc<Registry>,
    pub(crate) pages: PageSource,
    pub(crate) clock: Clock,
    pub(crate) webrtc: WebRtc,
    pub(crate) door: Arc<dyn Door>,
    pub(crate) stop: CancellationToken,
}

impl Shared {
    fn stream(&self, playback_id: &str) -> Result<Stream, Refused> {
        self.registry.get(playback_id).ok_or(Refused::NotFound)
    }
}

/// Serves until stopped, at most `max_connections` at a time.
pub(crate) async fn serve(listener: TcpListener, max_connections: usize, shared: Shared) {
    let stop = shared.stop.clone();
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::DELETE, Method::PATCH])
        .allow_headers([
            header::RANGE,
            header::IF_NONE_MATCH,
            header::IF_MATCH,
            header::CONTENT_TYPE,
            header::AUTHORIZATION,
        ])
        .expose_headers([
            header::DATE,
            header::ETAG,
            header::CONTENT_LENGTH,
            header::LOCATION,
            header::LINK,
            header::RETRY_AFTER,
            HeaderName::from_static("accept-patch"),
        ]);
    let routes = Router::new()
        .route("/time", get(page::time))
        .route("/assets/{*path}", get(page::asset))
        .route("/{id}/watch", get(page::watch))
        .route("/{id}/status.json", get(page::status))
        .route("/{id}/thumbnail.jpg", get(media::thumbnail))
        .route("/{id}/index.m3u8", get(playlist::multivariant))
        .route("/{id}/video.m3u8", get(playlist::video))
        .route("/{id}/audio.m3u8", get(playlist::audio))
        .route("/{id}/live", get(live_socket::watch))
        .route("/{id}/manifest.mpd", get(playlist::manifest))
        .route("/{id}/{track}/{file}", get(media::file))
        .merge(whep::routes())
        .merge(whip::routes())
        .fallback(async || Refused::NotFound)
        .layer(cors)
        .layer(axum::middleware::from_fn(whep::tell_offer_type))
        .with_state(shared);
    listener::listen(listener, routes, max_connections, stop).await;
}

#[cfg(test)]
mod tests;
