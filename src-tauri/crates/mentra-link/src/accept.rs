//! Accepting connections of an HTTP door, and bounding them: how many at once, how long for a request's head, how long
//! for all of one that becomes no WebSocket.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Pause after the system refused a connection, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a connection may last that is no WebSocket.
const REST_CONNECTION: Duration = Duration::from_secs(30);
/// What a request's head may have.
const HEAD_BYTES: usize = 16 << 10;

/// Where a request comes from. Its place is free again when the last copy is gone.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
    _place: Arc<OwnedSemaphorePermit>,
}

/// What a door allows, and who ends it.
#[derive(Clone)]
pub(crate) struct Bounds {
    /// Connections at once; one more waits in the system's backlog.
    pub(crate) connections: usize,
    /// Until a request's head has arrived.
    pub(crate) head_within: Duration,
    /// Whether a connection may carry several requests.
    pub(crate) keep_alive: bool,
    /// No newcomers any more.
    pub(crate) stop: CancellationToken,
    /// Who joins the connections.
    pub(crate) tasks: TaskTracker,
}

/// Accepts connections until it is stopped.
pub(crate) async fn serve(listener: TcpListener, routes: Router, bounds: Bounds) {
    let stop = bounds.stop.clone();
    let places = Arc::new(Semaphore::new(bounds.connections));
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            // A caller that hung up while it waited says nothing about the next one.
            Err(error) if is_callers(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(ACCEPT_PAUSE) => continue,
                }
            }
        };
        let Ok(local) = socket.local_addr() else { continue };
        // Messages are small and wait for answers: none may wait for the peer's acknowledgement of the one before.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%peer, %error, "a caller is gone already");
            continue;
        }
        let caller = Caller { peer: plain(peer), local: plain(local), _place: Arc::new(place) };
        bounds.tasks.spawn(connection(socket, caller, routes.clone(), bounds.clone()));
    }
}

/// An IPv4 peer of an IPv6 listener is an IPv4 peer.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn is_callers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves requests until the connection closes, or becomes a WebSocket and lives on in a task of its own.
async fn connection(socket: TcpStream, caller: Caller, routes: Router, bounds: Bounds) {
    let peer = caller.peer;
    let routes = TowerToHyperService::new(routes);
    let answering = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(caller.clone());
        routes.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(bounds.head_within).max_buf_size(HEAD_BYTES);
    http.keep_alive(bounds.keep_alive);
    let serving = pin!(http.serve_connection(TokioIo::new(socket), answering).with_upgrades());
    tokio::select! {
        () = bounds.stop.cancelled() => {}
        served = timeout(REST_CONNECTION, serving) => match served {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%peer, %error, "a connection broke"),
            Err(_) => tracing::debug!(%peer, "a connection took too long"),
        },
    }
}
