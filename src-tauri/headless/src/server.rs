//! The control server: pages, commands and events, for holders of this launch's token on this computer.
//!
//! A page anywhere on the web can make a browser send requests here. Three walls keep it out: the `Host` must be
//! this server's own (DNS rebinding), commands and events need the token, and no other origin is allowed to read answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use console::Console;
use subtle::ConstantTimeEq as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{api, events, pages};

/// Longest request body: commands are small.
const MAX_BODY_BYTES: usize = 64 << 10;

/// Time left for answers under way once the console stops; a request that never ends must not keep it from ending.
const CLOSING: Duration = Duration::from_secs(1);

/// What every handler sees.
pub(crate) struct Shared {
    pub(crate) console: Console,
    pub(crate) stop: CancellationToken,
    token: String,
    address: SocketAddr,
}

impl Shared {
    pub(crate) fn new(console: Console, token: String, address: SocketAddr, stop: CancellationToken) -> Self {
        Self { console, stop, token, address }
    }

    /// Compares in constant time.
    pub(crate) fn is_token(&self, presented: &str) -> bool {
        presented.as_bytes().ct_eq(self.token.as_bytes()).into()
    }

    fn is_own_host(&self, headers: &HeaderMap) -> bool {
        let port = self.address.port();
        let own = [self.address.to_string(), format!("localhost:{port}")];
        headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
            .is_some_and(|host| own.iter().any(|own| own.eq_ignore_ascii_case(host)))
    }

    /// Browsers name the page a request comes from; scripts and programs do not.
    fn is_own_origin(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let port = self.address.port();
        [format!("http://{}", self.address), format!("http://localhost:{port}")]
            .iter()
            .any(|own| own.as_bytes() == origin.as_bytes())
    }
}

/// The token a request presents in its `Authorization` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// A token for this launch.
pub(crate) fn new_token() -> anyhow::Result<String> {
    let mut random = [0_u8; 24];
    getrandom::fill(&mut random)
        .map_err(|error| anyhow::anyhow!("The system gave no random bytes: {error}"))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Serves until stopped.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let stop = shared.stop.clone();
    let routes = Router::new()
        .route("/api/events", get(events::subscribe))
        .route("/api/{command}", post(api::command))
        .fallback(get(pages::page))
        .layer(axum::extract::DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), own_host_only))
        .with_state(shared);
    let serving = axum::serve(listener, routes).with_graceful_shutdown(stop.clone().cancelled_owned());
    let overdue = async {
        stop.cancelled().await;
        tokio::time::sleep(CLOSING).await;
    };
    tokio::select! {
        served = serving => {
            if let Err(error) = served {
                tracing::error!(%error, "the control server closed");
            }
        }
        () = overdue => tracing::debug!("a control connection was cut off"),
    }
}

async fn own_host_only(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    if shared.is_own_host(request.headers()) && shared.is_own_origin(request.headers()) {
        return next.run(request).await;
    }
    let words = "This is Stream Console's control address. Open the address that was printed at its start.\n";
    (StatusCode::FORBIDDEN, words).into_response()
}
