//! `Managed on this computer`: streams of the embedded engine as a [`StreamProvider`].

mod door;
mod probe;
mod signal;
mod watch;
mod webrtc;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use console::api::{IngestView, MovedPort, PlaybackUrls, PublisherView, WebRtcView};
use console::ports::{Measurement, ProviderEvent, Provision, StreamProvider};
use media_engine::{DemoCamera, Engine, Listening, PlaylistFacts, Stream, StreamConfig, WebRtcState};
use session::{StreamKey, Words};
use storage::Storage;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

pub(crate) use door::KeyDoor;

use crate::key_file;

/// Segment numbers set aside at a time: a restart of the program goes on after them.
const RESERVED_SEGMENTS: u32 = 256;

/// The key encoders must present; shared with the door.
pub(crate) type SharedKey = Arc<RwLock<StreamKey>>;
/// The stream encoders feed; shared with the door.
pub(crate) type CurrentStream = Arc<Mutex<Option<Stream>>>;

/// Addresses the user names for WebRTC; shared with the engine, which asks at each offer.
pub(crate) type NamedAddresses = Arc<RwLock<Vec<IpAddr>>>;

/// See the module's documentation.
pub(crate) struct LocalProvider {
    pub(crate) engine: Arc<Engine>,
    pub(crate) storage: Storage,
    pub(crate) events: mpsc::Sender<ProviderEvent>,
    pub(crate) key: SharedKey,
    pub(crate) current: CurrentStream,
    pub(crate) data_dir: PathBuf,
    pub(crate) named_addresses: NamedAddresses,
    freeze_picture: AtomicBool,
    camera: tokio::sync::Mutex<Option<DemoCamera>>,
    /// The watch over the current stream and the probe; aborted when the stream is released.
    watching: Mutex<JoinSet<()>>,
    probing: Mutex<JoinSet<()>>,
    client: reqwest::Client,
}

impl LocalProvider {
    pub(crate) fn new(
        engine: Arc<Engine>,
        storage: Storage,
        events: mpsc::Sender<ProviderEvent>,
        key: SharedKey,
        current: CurrentStream,
        data_dir: PathBuf,
        named_addresses: NamedAddresses,
    ) -> Self {
        Self {
            engine,
            storage,
            events,
            key,
            current,
            data_dir,
            named_addresses,
            freeze_picture: AtomicBool::new(false),
            camera: tokio::sync::Mutex::default(),
            watching: Mutex::default(),
            probing: Mutex::default(),
            client: reqwest::Client::new(),
        }
    }

    fn stream(&self) -> Option<Stream> {
        lock(&self.current).clone()
    }

    /// What a stream of an earlier run needs to go on: never a number it had before.
    async fn facts(&self, stream: &Provision) -> PlaylistFacts {
        let nothing =
            PlaylistFacts { target_duration_s: 0, part_target_ms: 0, discontinuities: 0, next_epoch: 0 };
        if !stream.resumed {
            return nothing;
        }
        match self.storage.resume_facts::<PlaylistFacts>(&stream.stream_id).await {
            // The last epoch may have begun after the facts were last written.
            Ok(Some(facts)) => PlaylistFacts {
                discontinuities: facts.discontinuities + 1,
                next_epoch: facts.next_epoch + 1,
                ..facts
            },
            Ok(None) => nothing,
            Err(error) => {
                tracing::error!(%error, "what is known of the resumed stream's playlist could not be read");
                nothing
            }
        }
    }
}

impl StreamProvider for LocalProvider {
    async fn provision(&self, stream: Provision) -> Result<(), Words> {
        let first_msn =
            self.storage.reserve(&stream.stream_id, RESERVED_SEGMENTS).await.map_err(|error| {
                Words::error(error.to_string())
                    .then(error.next_step().unwrap_or_else(|| "Start again.".to_owned()))
            })?;
        let facts = self.facts(&stream).await;
        let opened = self.engine.open_stream(StreamConfig {
            playback_id: stream.playback_id.as_str().to_owned(),
            created_ms: stream.started_at_ms,
            first_msn,
            facts,
        });
        opened.set_freeze_picture(self.freeze_picture.load(Ordering::Relaxed));
        opened.set_webrtc(stream.enable_webrtc);
        *lock(&self.current) = Some(opened.clone());
        let watch = watch::Watch {
            stream: opened,
            stream_id: stream.stream_id,
            storage: self.storage.clone(),
            events: self.events.clone(),
            reserved_until: first_msn + u64::from(RESERVED_SEGMENTS),
            facts,
        };
        let mut watching = lock(&self.watching);
        watching.abort_all();
        watching.spawn(watch.run());
        Ok(())
    }

    async fn start_camera(&self) -> Result<(), Words> {
        let stream = self.stream().ok_or_else(|| {
            Words::error("There is no stream for the demo camera to feed.").then("Start again.")
        })?;
        let camera = DemoCamera::start(&stream).map_err(|error| {
            Words::error(format!("The demo clip in this program is damaged ({error})."))
                .then("Install the program again.")
        })?;
        *self.camera.lock().await = Some(camera);
        Ok(())
    }

    async fn stop_camera(&self) {
        if let Some(camera) = self.camera.lock().await.take() {
            camera.stop().await;
        }
    }

    fn probe(&self) {
        let Some(stream) = self.stream() else { return };
        let probe =
            probe::Probe::new(self.client.clone(), loopback(self.engine.http()), stream, self.events.clone());
        let mut probing = lock(&self.probing);
        probing.abort_all();
        probing.spawn(probe.run());
    }

    async fn release(&self) {
        lock(&self.probing).abort_all();
        lock(&self.watching).abort_all();
        let stream = lock(&self.current).take();
        if let Some(stream) = stream {
            self.engine.end_stream(&stream);
        }
    }

    fn urls(&self) -> Option<PlaybackUrls> {
        let stream = self.stream()?;
        let base = format!("http://{}/{}", self.shared_address(self.engine.http()), stream.playback_id());
        Some(PlaybackUrls {
            hls: format!("{base}/index.m3u8"),
            dash: format!("{base}/manifest.mpd"),
            webrtc: (stream.webrtc() == WebRtcState::Ready).then(|| format!("{base}/whep")),
            preview: format!("{base}/watch"),
            thumbnail: format!("{base}/thumbnail.jpg"),
        })
    }

    fn measure(&self) -> Measurement {
        let Some(stream) = self.stream() else { return Measurement::default() };
        let publisher = stream.status().borrow().publisher.clone();
        Measurement {
            signal: stream.signal().map(|signal| signal::view(signal, stream.webrtc())),
            publisher: publisher.map(|publisher| PublisherView {
                address: publisher.address,
                encoder: publisher.encoder,
                since_ms: publisher.since_ms,
            }),
            viewers: stream.viewers(),
        }
    }

    fn webrtc(&self) -> WebRtcView {
        self.stream().map(|stream| webrtc::view(stream.webrtc(), &stream.webrtc_stats())).unwrap_or_default()
    }

    fn enable_webrtc(&self) {
        if let Some(stream) = self.stream() {
            stream.set_webrtc(true);
        }
    }

    fn offer_addresses(&self, addresses: Vec<IpAddr>) {
        *self.named_addresses.write().unwrap_or_else(PoisonError::into_inner) = addresses;
    }

    fn ingest(&self) -> IngestView {
        let key = self.key.read().unwrap_or_else(PoisonError::into_inner).expose().to_owned();
        let (rtmp, http) = (self.engine.rtmp(), self.engine.http());
        let rtmp_at = |at: SocketAddr| format!("rtmp://{at}/live");
        let whip_at = |at: SocketAddr| format!("http://{at}/whip");
        let (server, whip_server) = (rtmp_at(loopback(rtmp)), whip_at(loopback(http)));
        IngestView {
            publish_url: format!("{server}/{key}"),
            server,
            lan_servers: on_network(rtmp).into_iter().map(rtmp_at).collect(),
            whip_publish_url: format!("{whip_server}/{key}"),
            whip_server,
            whip_lan_servers: on_network(http).into_iter().map(whip_at).collect(),
            stream_key: key,
            moved_ports: moved([("RTMP", rtmp), ("HTTP", http), ("WebRTC", self.engine.webrtc())]),
            publisher: None,
            held_off: false,
        }
    }

    fn freeze_picture(&self, freeze: bool) {
        self.freeze_picture.store(freeze, Ordering::Relaxed);
        if let Some(stream) = self.stream() {
            stream.set_freeze_picture(freeze);
        }
    }

    async fn new_stream_key(&self) -> Result<(), Words> {
        let data_dir = self.data_dir.clone();
        let made =
            tokio::task::spawn_blocking(move || key_file::create(&data_dir, key_file::STREAM_KEY)).await;
        let key = made.map_err(std::io::Error::other).and_then(|made| made).map_err(|error| {
            Words::error(format!("The new key could not be kept ({error})."))
                .then("Check that the data folder can be written; the old key still works.")
        })?;
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = key;
        Ok(())
    }
}

impl LocalProvider {
    /// The address to hand to others: of this computer on the network if it listens there.
    fn shared_address(&self, listening: Listening) -> SocketAddr {
        let lan = || lan_addresses().next();
        match listening.address.ip() {
            ip if ip.is_unspecified() => match lan() {
                Some(ip) => SocketAddr::new(ip, listening.address.port()),
                None => loopback(listening),
            },
            _ => listening.address,
        }
    }
}

/// Where this computer itself reaches a listener.
pub(crate) fn loopback(listening: Listening) -> SocketAddr {
    let ip = match listening.address.ip() {
        ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listening.address.port())
}

/// Listeners that are not where they were asked for.
fn moved(listeners: [(&str, Listening); 3]) -> Vec<MovedPort> {
    let moved = |at: &Listening| at.wanted_port != 0 && at.wanted_port != at.address.port();
    listeners
        .into_iter()
        .filter(|(_, at)| moved(at))
        .map(|(listener, at)| MovedPort {
            listener: listener.to_owned(),
            wanted: at.wanted_port,
            actual: at.address.port(),
        })
        .collect()
}

/// Where other computers reach a listener.
fn on_network(listening: Listening) -> Vec<SocketAddr> {
    match listening.address.ip() {
        ip if ip.is_unspecified() => {
            lan_addresses().map(|ip| SocketAddr::new(ip, listening.address.port())).collect()
        }
        ip if ip.is_loopback() => Vec::new(),
        _ => vec![listening.address],
    }
}

/// IPv4 addresses of this computer on its networks.
pub(crate) fn lan_addresses() -> impl Iterator<Item = IpAddr> {
    if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| interface.ip())
        .filter(IpAddr::is_ipv4)
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening(wanted_port: u16, at: &str) -> Listening {
        Listening { wanted_port, address: at.parse().expect("an address") }
    }

    #[test]
    fn every_listener_that_had_to_move_is_told() {
        let (stayed, moved_on) = (listening(1_935, "127.0.0.1:1935"), listening(8_936, "127.0.0.1:8937"));
        let any = listening(0, "127.0.0.1:40000");
        let told = moved([("RTMP", stayed), ("HTTP", any), ("WebRTC", moved_on)]);
        let wanted = MovedPort { listener: "WebRTC".to_owned(), wanted: 8_936, actual: 8_937 };
        assert_eq!(told, [wanted]);
    }

    #[test]
    fn a_listener_on_loopback_is_on_no_network() {
        assert_eq!(on_network(listening(0, "127.0.0.1:1")), []);
        assert_eq!(on_network(listening(0, "192.0.2.7:1")), ["192.0.2.7:1".parse().expect("an address")]);
    }
}
