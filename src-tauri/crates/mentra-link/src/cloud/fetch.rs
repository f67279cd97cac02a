//! One GET of an address, from this computer, with the certificates the client trusts.

use axum::body::{Body, to_bytes};
use axum::http::header::{HOST, LOCATION, USER_AGENT};
use axum::http::{Request, StatusCode};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout};

use super::destination::Destination;
use super::dial::{self, Wire};
use super::shared::CloudShared;

/// What an address answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// HTTP status.
    pub status: u16,
    /// Where it redirects to, if it does; not followed.
    pub location: Option<String>,
    /// The body; empty if it is longer than was asked for.
    pub body: Vec<u8>,
}

/// Fetches an `https://` or `http://` address, reading at most `most_bytes`.
pub(super) async fn fetch(shared: &CloudShared, url: &str, most_bytes: usize) -> Result<Fetched, String> {
    let target = Destination::parse(url, "https", "http")?;
    let within = shared.timing.reach_within;
    let until = Instant::now() + within;
    let dialling = async {
        let addresses = dial::lookup(&target, until).await?;
        let socket = dial::connect(&addresses, until).await?;
        dial::encrypt(&target, socket, &shared.tls, until).await
    };
    let wire = dialling.await.map_err(|error| error.words(&target.host))?;
    let answer = timeout(within, get(wire, &target, most_bytes)).await;
    answer.unwrap_or_else(|_| Err("it does not answer".to_owned()))
}

/// Asks on a connection that stands.
pub(super) async fn get(
    wire: Box<dyn Wire>,
    target: &Destination,
    most_bytes: usize,
) -> Result<Fetched, String> {
    let broke = |error: hyper::Error| {
        tracing::debug!(%error, "an address did not answer");
        "it does not answer as a web server".to_owned()
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(wire)).await.map_err(broke)?;
    let path = target.url.splitn(4, '/').nth(3).unwrap_or_default();
    let request = Request::get(format!("/{path}"))
        .header(HOST, target.authority())
        .header(USER_AGENT, "StreamConsole")
        .body(Body::empty())
        .map_err(|_| "it cannot be asked for".to_owned())?;
    let asking = async {
        let answer = sender.send_request(request).await.map_err(broke)?;
        let status: StatusCode = answer.status();
        let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.map(str::to_owned);
        // Longer than anybody who asks here expects: no answer of use.
        let body = to_bytes(Body::new(answer.into_body()), most_bytes).await.unwrap_or_default();
        Ok(Fetched { status: status.as_u16(), location, body: body.to_vec() })
    };
    tokio::pin!(asking, connection);
    tokio::select! {
        biased;
        answer = &mut asking => answer,
        // It is done when the answer's head is there and the rest was read.
        _ = &mut connection => asking.await,
    }
}
