//! Starting and stopping the engine: three listeners, two threads for media, and the streams behind them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::descriptors;
use crate::door::Door;
use crate::lane::Lane;
use crate::registry::Registry;
use crate::stream::{Inner, Stream, StreamConfig};
use crate::webrtc::{CandidateSource, Sockets, WebRtc};
use crate::{http, rtmp};

/// Ports tried after a taken one.
const NEXT_PORTS: u16 = 20;
/// How often a silent stream's players are given something. A part lasts longer.
const STAND_IN_EVERY: Duration = Duration::from_millis(100);
/// Connections the system may queue before they are accepted.
const BACKLOG: i32 = 1_024;

/// A file of the watch page.
#[derive(Debug, Clone)]
pub struct PageFile {
    /// Media type, for example `text/javascript`.
    pub media_type: String,
    /// Contents.
    pub bytes: Bytes,
}

/// Where the watch page's files come from: `watch.html` and what stands below `assets/`.
pub type PageSource = Arc<dyn Fn(&str) -> Option<PageFile> + Send + Sync>;

/// What the engine is started with.
#[derive(Clone)]
pub struct EngineConfig {
    /// Address all listeners bind.
    pub bind: IpAddr,
    /// RTMP port; 0 = any free one.
    pub rtmp_port: u16,
    /// HTTP port; 0 = any free one.
    pub http_port: u16,
    /// Port of WebRTC media, of UDP and of TCP; 0 = any that is free for both.
    pub webrtc_port: u16,
    /// Addresses for WebRTC besides those of this computer's networks.
    pub candidate_addresses: CandidateSource,
    /// An encoder that is silent for this long is disconnected.
    pub idle_timeout: Duration,
    /// Files of the watch page.
    pub pages: PageSource,
    /// The clock of all streams.
    pub clock: Clock,
}

impl EngineConfig {
    /// Loopback, any free ports, 15 s idle timeout.
    pub fn new(pages: PageSource) -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            rtmp_port: 0,
            http_port: 0,
            webrtc_port: 0,
            candidate_addresses: Arc::new(Vec::new),
            idle_timeout: Duration::from_secs(15),
            pages,
            clock: Clock::start(),
        }
    }
}

/// Where a listener was asked for and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listening {
    /// Port asked for; 0 = any.
    pub wanted_port: u16,
    /// Address in use.
    pub address: SocketAddr,
}

/// Why the engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No port could be bound.
    #[error("no port could be opened for {listener} at {bind}, from {wanted_port} on: {source}")]
    Listen {
        /// `RTMP`, `HTTP` or `WebRTC`.
        listener: &'static str,
        /// Address asked for.
        bind: IpAddr,
        /// Port asked for.
        wanted_port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The system gave no thread for media.
    #[error("the engine's thread could not be started: {0}")]
    Thread(#[from] io::Error),
}

/// A running engine. [`Engine::shutdown`] stops and joins everything; dropping it stops without waiting.
pub struct Engine {
    registry: Arc<Registry>,
    clock: Clock,
    rtmp: Listening,
    http: Listening,
    webrtc: Listening,
    stop: Stop,
    tasks: TaskTracker,
    lane: Lane,
    /// WebRTC's encryption must not hold up destinations.
    webrtc_lane: Lane,
}

/// Everything stops when it is dropped.
struct Stop(CancellationToken);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Engine {
    /// Opens the listeners. A taken port gives way to the next free one.
    ///
    /// # Errors
    /// When neither the wanted port nor one of the next can be opened.
    pub async fn start(config: EngineConfig, door: Arc<dyn Door>) -> Result<Self, EngineError> {
        Self::start_bounded(config, door, descriptors::player_connections()).await
    }

    /// As [`Engine::start`], with a bound of its own for players' connections.
    pub(crate) async fn start_bounded(
        config: EngineConfig,
        door: Arc<dyn Door>,
        max_http_connections: usize,
    ) -> Result<Self, EngineError> {
        let lane = Lane::start("media")?;
        let webrtc_lane = Lane::start("webrtc")?;
        let (rtmp_listener, rtmp) = {
            // A socket belongs to the runtime it is opened in.
            let _inside = lane.handle().enter();
            listen("RTMP", config.bind, config.rtmp_port, bind_port)?
        };
        let (sockets, webrtc) = {
            let _inside = webrtc_lane.handle().enter();
            let bind = |address| {
                Sockets::bind(address).map(|sockets| {
                    let at = sockets.address();
                    (sockets, at)
                })
            };
            listen("WebRTC", config.bind, config.webrtc_port, bind)?
        };
        let (http_listener, http) = listen("HTTP", config.bind, config.http_port, bind_port)?;
        let registry = Arc::new(Registry::default());
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let publishers =
            rtmp::listen(rtmp_listener, Arc::clone(&door), config.clock, config.idle_timeout, stop.clone());
        tasks.spawn_on(publishers, lane.handle());
        let (peers, exchange) =
            WebRtc::new(sockets, config.bind, config.candidate_addresses, config.idle_timeout, stop.clone());
        tasks.spawn_on(exchange, webrtc_lane.handle());
        tasks.spawn(http::serve(
            http_listener,
            max_http_connections,
            http::Shared {
                registry: Arc::clone(&registry),
                pages: config.pages,
                clock: config.clock,
                webrtc: peers,
                door,
                stop: stop.clone(),
            },
        ));
        tasks.close();
        tracing::info!(rtmp = %rtmp.address, http = %http.address, webrtc = %webrtc.address, "the engine listens");
        Ok(Self {
            registry,
            clock: config.clock,
            rtmp,
            http,
            webrtc,
            stop: Stop(stop),
            tasks,
            lane,
            webrtc_lane,
        })
    }

    /// Where encoders publish.
    pub fn rtmp(&self) -> Listening {
        self.rtmp
    }

    /// Where players fetch.
    pub fn http(&self) -> Listening {
        self.http
    }

    /// Where WebRTC media flows, by UDP and TCP.
    pub fn webrtc(&self) -> Listening {
        self.webrtc
    }

    /// Opens a stream: its playback paths answer from now on.
    pub fn open_stream(&self, config: StreamConfig) -> Stream {
        let stream = Stream::new(config, self.clock, Some(self.lane.handle().clone()));
        let still = stand_in(Arc::downgrade(&stream.0), stream.0.freeze.subscribe(), self.stop.0.clone());
        self.tasks.spawn_on(still, self.lane.handle());
        self.registry.open(stream.clone());
        stream
    }

    /// Ends a stream. Its last segments stay fetchable for players that are behind.
    pub fn end_stream(&self, stream: &Stream) {
        stream.end();
        self.registry.ended(stream.playback_id());
    }

    /// Stops listening, disconnects everybody and waits for all tasks.
    pub async fn shutdown(self) {
        let Self { stop, tasks, lane, webrtc_lane, .. } = self;
        drop(stop);
        tasks.wait().await;
        lane.join().await;
        webrtc_lane.join().await;
    }
}

/// Shows a silent stream's players its last picture while that is wished, until the stream is over.
async fn stand_in(stream: Weak<Inner>, mut wished: watch::Receiver<bool>, stop: CancellationToken) {
    loop {
        let pause = async {
            if *wished.borrow() {
                tokio::time::sleep(STAND_IN_EVERY).await;
                true
            } else {
                // An error is the stream's end.
                wished.changed().await.is_ok()
            }
        };
        let goes_on = tokio::select! {
            () = stop.cancelled() => false,
            goes_on = pause => goes_on,
        };
        let Some(stream) = stream.upgrade().filter(|_| goes_on) else { return };
        if *wished.borrow() && !stream.stand_in() {
            return;
        }
    }
}

fn listen<T>(
    listener: &'static str,
    bind: IpAddr,
    wanted_port: u16,
    bind_port: impl Fn(SocketAddr) -> io::Result<(T, SocketAddr)>,
) -> Result<(T, Listening), EngineError> {
    let last_port = if wanted_port == 0 { 0 } else { wanted_port.saturating_add(NEXT_PORTS) };
    let mut refused = None;
    for port in wanted_port..=last_port {
        match bind_port(SocketAddr::new(bind, port)) {
            Ok((socket, address)) => return Ok((socket, Listening { wanted_port, address })),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => refused = Some(error),
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    let source = refused.unwrap_or_else(|| io::Error::other("no port was tried"));
    Err(EngineError::Listen { listener, bind, wanted_port, source })
}

pub(crate) fn bind_port(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Lets a restarted program have its port back at once; on Windows it would let another program steal it.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from_std(socket.into())?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct ShutDoor;

    impl Door for ShutDoor {
        fn admit(
            &self,
            _: crate::door::Attempt,
        ) -> std::pin::Pin<Box<dyn Future<Output = crate::door::Admission> + Send + '_>> {
            Box::pin(async { Err("nobody is let in".to_owned()) })
        }
    }

    #[tokio::test]
    async fn players_of_a_silent_stream_are_given_its_last_picture_while_that_is_wished() {
        let config = EngineConfig::new(crate::testing::pages());
        let engine = Engine::start(config, Arc::new(ShutDoor)).await.expect("the engine starts");
        let stream = engine.open_stream(crate::testing::stream_config("s"));
        let publisher = crate::testing::publish(
            &stream,
            crate::testing::Encoder { gop_ms: 1_000, ..Default::default() }.messages(0, 5_000),
        );
        drop(publisher);
        let mut status = stream.status();
        let before = status.borrow_and_update().version;
        assert!(status.borrow().published);
        stream.set_freeze_picture(true);
        let grown = status.wait_for(|status| status.version >= before + 3);
        let grown = tokio::time::timeout(Duration::from_secs(10), grown).await;
        assert!(grown.expect("in time").expect("the stream lives").publisher.is_none());
        engine.end_stream(&stream);
        engine.shutdown().await;
    }

    #[tokio::test]
    async fn a_taken_port_gives_way_to_the_next_free_one() {
        let bind = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (_held, first) = listen("RTMP", bind, 0, bind_port).expect("a free port");
        let (_next, second) = listen("RTMP", bind, first.address.port(), bind_port).expect("the next port");
        assert_eq!(second.wanted_port, first.address.port());
        assert_ne!(second.address.port(), first.address.port());
    }
}
