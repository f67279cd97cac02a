//! The relay's door: connections are bounded, and those of strangers last only as long as a request takes.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::{Shared, pages};

/// Connections at once; one more waits in the system's backlog.
const CONNECTIONS: usize = 1_024;
/// What a request's head may have.
const HEAD_BYTES: usize = 16 << 10;
/// Pause after the system refused a connection, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until the relay stops.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let routes = pages::routes(Arc::clone(&shared));
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let accepting = async {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((socket, _)) => {
                    let (routes, serving) = (routes.clone(), Arc::clone(&shared));
                    shared.tasks.spawn(async move {
                        connection(socket, routes, serving).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    shared.stop.run_until_cancelled(accepting).await;
}

/// Serves requests until the connection closes, or becomes a desktop's and lives on in a task of its own.
async fn connection(socket: TcpStream, routes: axum::Router, shared: Arc<Shared>) {
    // Answers are small, and waited for.
    if socket.set_nodelay(true).is_err() {
        return;
    }
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(shared.timing.head_within).max_buf_size(HEAD_BYTES);
    let serving =
        http.serve_connection(TokioIo::new(socket), TowerToHyperService::new(routes)).with_upgrades();
    let mut serving = pin!(serving);
    let served = timeout(shared.timing.request_within, serving.as_mut());
    match shared.stop.run_until_cancelled(served).await {
        None | Some(Ok(Ok(()))) => {}
        Some(Ok(Err(error))) => tracing::debug!(%error, "a connection broke"),
        Some(Err(_)) => tracing::debug!(error = %io::ErrorKind::TimedOut, "a connection took too long"),
    }
}
