//! The playback door's connections: sockets in, requests to the routes.
//!
//! There are at most as many as leave encoders enough descriptors (see [`descriptors`](crate::descriptors)). The module
//! [`guests`](super::guests) says how long a connection may last and who goes when the door is full.
//!
//! An answer may take its connection over (HTTP/1.1 `Upgrade`, RFC 9110 s7.8). The socket keeps its place until it is
//! closed; see [`Peer`] for what whoever has it then owes the door.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
#[cfg(any(target_os = "linux", target_os = "android"))]
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::guests::{Guest, Guests, Place, UnderWay};

/// Time for answers under way when the door closes; a player that takes none must not hold up the program's end.
pub(super) const CLOSING_GRACE: Duration = Duration::from_secs(2);
/// Pause after the system refused a connection, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What a connection may have buffered of a request's head, and about as much of an answer.
const BUFFER_BYTES: usize = 64 << 10;
/// Nobody uploads here (HTTP/2 flow control, RFC 9113 s5.2; the connection's window cannot be smaller).
const RECEIVE_WINDOW_BYTES: u32 = 65_535;
/// What the system may hold for a peer beyond what is on its way.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MOST_UNSENT_BYTES: u32 = 128 << 10;

/// Accepts connections until stopped, then waits until they are closed, for at most [`CLOSING_GRACE`].
pub(super) async fn listen(
    listener: TcpListener,
    routes: Router,
    max_connections: usize,
    stop: CancellationToken,
) {
    let tasks = TaskTracker::new();
    let guests = Guests::default();
    let places = Arc::new(Semaphore::new(max_connections));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (socket, address) = match accepted {
            Ok(accepted) => accepted,
            // A caller that hung up while it waited says nothing about the next one.
            Err(error) if is_callers(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "a player's connection could not be accepted");
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(ACCEPT_PAUSE) => continue,
                }
            }
        };
        let free = if let Ok(free) = Arc::clone(&places).try_acquire_owned() {
            free
        } else {
            guests.make_room(address.ip());
            let freed = tokio::select! {
                () = stop.cancelled() => break,
                freed = Arc::clone(&places).acquire_owned() => freed,
            };
            let Ok(freed) = freed else { break };
            freed
        };
        // Parts are small and late: none may wait for the peer's acknowledgement of the one before.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%address, %error, "a player is gone already");
            continue;
        }
        // The system would hold megabytes, seconds of old picture, before it said that a peer is slow.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Err(error) = SockRef::from(&socket).set_tcp_notsent_lowat(MOST_UNSENT_BYTES) {
            tracing::debug!(%address, %error, "the system keeps its own bound of unsent bytes");
        }
        let connection = Connection {
            seat: Seat { place: guests.enter(address.ip(), CancellationToken::new()), _free: free },
            socket,
            address,
            routes: routes.clone(),
            tasks: tasks.clone(),
            stop: stop.clone(),
        };
        tasks.spawn(connection.serve());
    }
    // Nobody is kept waiting in the backlog for a door that will not open again.
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

fn is_callers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// What a socket occupies until it is closed, whoever has it then.
struct Seat {
    place: Place,
    _free: OwnedSemaphorePermit,
}

/// Among a request's extensions: the connection it came by, for an answer that takes it over.
#[derive(Debug, Clone)]
pub(super) struct Peer {
    guest: Arc<Guest>,
    tasks: TaskTracker,
}

impl Peer {
    /// To be held by whoever takes the connection over, as long as that lasts.
    pub(super) fn stay(&self) -> Stay {
        Stay { under_way: self.guest.request(), _joined: self.tasks.token() }
    }
}

/// A connection that was taken over: it counts as being served, and the closing door waits for it. Its holder lets go of
/// the socket when [`Stay::leave`] says so, at the door's close within [`CLOSING_GRACE`], and when the peer takes nothing.
#[derive(Debug)]
pub(super) struct Stay {
    under_way: UnderWay,
    _joined: TaskTrackerToken,
}

impl Stay {
    /// Cancelled when the connection has to go at once.
    pub(super) fn leave(&self) -> CancellationToken {
        self.under_way.guest().leave()
    }

    /// When the peer last took something.
    pub(super) fn last_progress(&self) -> Instant {
        self.under_way.guest().last_progress()
    }
}

/// A freshly accepted socket and what it may use.
struct Connection<S> {
    socket: S,
    address: SocketAddr,
    seat: Seat,
    routes: Router,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl<S> Connection<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    /// Runs until the peer leaves, has to go, an answer takes its connection over, or the door closes.
    async fn serve(self) {
        let Self { socket, address, seat, routes, tasks, stop } = self;
        let guest = Arc::clone(&seat.place.guest);
        let peer = Peer { guest: Arc::clone(&guest), tasks: tasks.clone() };
        let routes = TowerToHyperService::new(routes);
        let asked = Arc::clone(&guest);
        let answering = service_fn(move |mut request: Request<Incoming>| {
            let under_way = asked.request();
            request.extensions_mut().insert(ConnectInfo(address));
            request.extensions_mut().insert(peer.clone());
            let answer = routes.call(request);
            async move {
                let answer = answer.await?;
                Ok::<_, Infallible>(answer.map(|body| Answer { body, _under_way: under_way }))
            }
        });
        let mut http = auto::Builder::new(StreamTasks { tasks, over: guest.leave() });
        http.http1().max_buf_size(BUFFER_BYTES);
        http.http2()
            .initial_connection_window_size(RECEIVE_WINDOW_BYTES)
            .initial_stream_window_size(RECEIVE_WINDOW_BYTES);
        let io = TokioIo::new(Watched { socket, guest: Arc::clone(&guest), _seat: seat });
        let mut serving = pin!(http.serve_connection_with_upgrades(io, answering));
        let leave = guest.leave();
        let mut closing = false;
        let mut overdue = pin!(sleep_until(guest.deadline()));
        loop {
            tokio::select! {
                biased;
                () = leave.cancelled() => {
                    tracing::debug!(%address, "a player's connection gave way to another");
                    return;
                }
                () = stop.cancelled(), if !closing => {
                    closing = true;
                    serving.as_mut().graceful_shutdown();
                    overdue.as_mut().reset(Instant::now() + CLOSING_GRACE);
                }
                served = serving.as_mut() => {
                    if let Err(error) = served {
                        tracing::debug!(%address, %error, "a player's connection broke");
                    }
                    return;
                }
                () = overdue.as_mut() => {
                    // Set once and looked at when it comes, which is cheaper than setting it with every write.
                    let deadline = guest.deadline();
                    if closing || deadline <= Instant::now() {
                        tracing::debug!(%address, closing, "a player's connection took too long");
                        return;
                    }
                    overdue.as_mut().reset(deadline);
                }
            }
        }
    }
}

/// Runs an HTTP/2 connection's requests, joined by the door, and ends them with their connection.
#[derive(Clone)]
struct StreamTasks {
    tasks: TaskTracker,
    over: CancellationToken,
}

impl<F> Executor<F> for StreamTasks
where
    F: Future + Send + 'static,
{
    fn execute(&self, request: F) {
        let over = self.over.clone();
        self.tasks.spawn(async move {
            over.run_until_cancelled(request).await;
        });
    }
}

/// An answer's body, which holds its request under way until all of it was handed on.
struct Answer {
    body: Body,
    _under_way: UnderWay,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket that notes what its peer takes, and has its seat with it wherever it goes.
struct Watched<S> {
    socket: S,
    guest: Arc<Guest>,
    _seat: Seat,
}

impl<S> Watched<S> {
    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.guest.took();
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.note(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, bytes);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}

#[cfg(test)]
mod tests;
