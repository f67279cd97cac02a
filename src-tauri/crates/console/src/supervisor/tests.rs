//! The supervisor over a scripted world: time is paused, the provider says what the test tells it to.

mod apps;
mod cloud;
mod destinations;
mod webrtc;
mod world;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use session::destination::{Change as DestinationChange, Fault};
use session::record::{
    AppRow, DestinationMarkRow, DestinationRow, NewStream, Sample, StreamAppRow, StreamRow,
};
use session::{DestinationId, DestinationKey, PackageName, StateChange, StreamId, Words};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant};

use crate::api::{
    AppInfo, BroadcastCheck, CameraLink, Change, Code, IngestView, KeyPlace, OneStream, Phase, PlaybackUrls,
    PublisherView, Settings, StartManaged, StatusWord, Theme, WebRtcState, WebRtcView,
};
use crate::ports::{
    Clock, CloudEvent, DestinationStore, History, HistoryError, HubEvent, KeyStore, Measurement, OutputEvent,
    OutputMeasurement, OutputTarget, Outputs, ProviderEvent, Provision, Random, StreamProvider, World,
};
use crate::{Console, Parts};

const START_MS: u64 = 1_700_000_000_000;

#[derive(Clone, Default)]
struct Script(Arc<Inner>);

#[derive(Default)]
struct Inner {
    calls: Mutex<Vec<&'static str>>,
    rows: Mutex<Vec<(StreamId, StateChange)>>,
    history_broken: AtomicBool,
    provision_fails: AtomicBool,
    publishing: AtomicBool,
    destinations: Mutex<Vec<DestinationRow>>,
    keys: Mutex<Vec<(DestinationId, String)>>,
    keys_away: AtomicBool,
    left_open: Mutex<Vec<StreamRow>>,
    /// Attempts opened and closed, in order.
    pushes: Mutex<Vec<(DestinationId, Option<u64>)>>,
    random: AtomicU8,
    said: Mutex<Vec<world::Said>>,
    cloud: Mutex<Vec<cloud::CloudAsked>>,
    apps: Mutex<BTreeMap<PackageName, AppRow>>,
    stream_apps: Mutex<Vec<StreamAppRow>>,
    /// What was written of the user's hold.
    held: Mutex<Vec<bool>>,
    /// Switched on for the stream.
    webrtc_on: AtomicBool,
    /// What it would be if it is on.
    webrtc: Mutex<WebRtcView>,
    offered: Mutex<Vec<IpAddr>>,
}

impl Script {
    fn call(&self, name: &'static str) {
        self.0.calls.lock().unwrap().push(name);
    }

    fn calls(&self) -> Vec<&'static str> {
        self.0.calls.lock().unwrap().clone()
    }

    fn phases(&self) -> Vec<String> {
        self.0.rows.lock().unwrap().iter().map(|(_, change)| change.state.code().to_owned()).collect()
    }

    fn write(&self, id: &StreamId, change: &StateChange) -> Result<(), HistoryError> {
        if self.0.history_broken.load(Ordering::SeqCst) {
            return Err(HistoryError { text: "The disk is full.".to_owned(), next_step: None });
        }
        self.0.rows.lock().unwrap().push((id.clone(), change.clone()));
        Ok(())
    }
}

impl StreamProvider for Script {
    async fn provision(&self, stream: Provision) -> Result<(), Words> {
        self.call("provision");
        self.0.webrtc_on.store(stream.enable_webrtc, Ordering::SeqCst);
        if self.0.provision_fails.load(Ordering::SeqCst) {
            return Err(Words::error("No room."));
        }
        Ok(())
    }

    async fn start_camera(&self) -> Result<(), Words> {
        self.call("start camera");
        Ok(())
    }

    async fn stop_camera(&self) {
        self.call("stop camera");
    }

    fn probe(&self) {
        self.call("probe");
    }

    async fn release(&self) {
        self.call("release");
    }

    fn urls(&self) -> Option<PlaybackUrls> {
        let url = |path: &str| format!("http://127.0.0.1/{path}");
        Some(PlaybackUrls {
            hls: url("hls"),
            dash: url("dash"),
            webrtc: (self.webrtc().state == WebRtcState::Ready).then(|| url("whep")),
            preview: url("watch"),
            thumbnail: url("thumbnail"),
        })
    }

    fn measure(&self) -> Measurement {
        let publisher = self.0.publishing.load(Ordering::SeqCst).then(|| PublisherView {
            address: "127.0.0.1:1".to_owned(),
            encoder: String::new(),
            since_ms: START_MS,
        });
        Measurement { signal: None, publisher, viewers: 0 }
    }

    fn webrtc(&self) -> WebRtcView {
        if !self.0.webrtc_on.load(Ordering::SeqCst) {
            return WebRtcView::default();
        }
        *self.0.webrtc.lock().unwrap()
    }

    fn enable_webrtc(&self) {
        self.call("webrtc");
        self.0.webrtc_on.store(true, Ordering::SeqCst);
    }

    fn offer_addresses(&self, addresses: Vec<IpAddr>) {
        *self.0.offered.lock().unwrap() = addresses;
    }

    fn ingest(&self) -> IngestView {
        IngestView {
            publish_url: "rtmp://127.0.0.1/live/key".to_owned(),
            server: "rtmp://127.0.0.1/live".to_owned(),
            stream_key: "key".to_owned(),
            lan_servers: Vec::new(),
            whip_server: "http://127.0.0.1/whip".to_owned(),
            whip_lan_servers: Vec::new(),
            whip_publish_url: "http://127.0.0.1/whip/key".to_owned(),
            moved_ports: Vec::new(),
            publisher: None,
            held_off: false,
        }
    }

    fn freeze_picture(&self, _: bool) {}

    async fn new_stream_key(&self) -> Result<(), Words> {
        self.call("new key");
        Ok(())
    }
}

impl History for Script {
    async fn start_stream(&self, stream: &NewStream, first: &StateChange) -> Result<(), HistoryError> {
        self.write(&stream.stream_id, first)
    }

    async fn record(&self, id: &StreamId, change: &StateChange) -> Result<(), HistoryError> {
        self.write(id, change)
    }

    async fn append_sample(&self, _: &StreamId, _: &Sample) -> Result<(), HistoryError> {
        Ok(())
    }

    async fn enable_webrtc(&self, _: &StreamId) -> Result<(), HistoryError> {
        self.call("webrtc written");
        Ok(())
    }

    async fn thin(&self, _: &StreamId) -> Result<(), HistoryError> {
        Ok(())
    }

    async fn open_streams(&self) -> Result<Vec<StreamRow>, HistoryError> {
        Ok(self.0.left_open.lock().unwrap().clone())
    }

    async fn list(&self, _: Option<u64>, _: u32) -> Result<Vec<StreamRow>, HistoryError> {
        Ok(Vec::new())
    }

    async fn stream(&self, _: &StreamId) -> Result<Option<StreamRow>, HistoryError> {
        Ok(None)
    }

    async fn marks(&self, _: &StreamId) -> Result<Vec<StateChange>, HistoryError> {
        Ok(Vec::new())
    }

    async fn samples(&self, _: &StreamId) -> Result<Vec<Sample>, HistoryError> {
        Ok(Vec::new())
    }

    async fn delete(&self, _: &StreamId) -> Result<bool, HistoryError> {
        Ok(false)
    }

    async fn save_settings(&self, _: &Settings) -> Result<(), HistoryError> {
        Ok(())
    }
}

impl Random for Script {
    fn bytes(&self) -> [u8; 16] {
        [self.0.random.fetch_add(1, Ordering::SeqCst); 16]
    }
}

impl Outputs for Script {
    fn open(&self, id: &DestinationId, attempt: u64, _: OutputTarget) {
        self.0.pushes.lock().unwrap().push((id.clone(), Some(attempt)));
    }

    fn close(&self, id: &DestinationId) {
        self.0.pushes.lock().unwrap().push((id.clone(), None));
    }

    fn measure(&self, _: &DestinationId) -> OutputMeasurement {
        OutputMeasurement::default()
    }

    fn address(&self, url: &str, key: DestinationKey) -> Result<(String, DestinationKey), Words> {
        url.starts_with("rtmp").then(|| (url.to_owned(), key)).ok_or_else(|| Words::error("No address."))
    }

    fn try_out(
        &self,
        _: &DestinationId,
        _: OutputTarget,
    ) -> impl Future<Output = Result<(), Fault>> + Send + 'static {
        std::future::ready(Err(Fault::Refused))
    }

    fn check(&self) -> impl Future<Output = Result<BroadcastCheck, Words>> + Send + 'static {
        std::future::pending()
    }
}

impl DestinationStore for Script {
    async fn destinations(&self) -> Result<Vec<DestinationRow>, HistoryError> {
        Ok(self.0.destinations.lock().unwrap().clone())
    }

    async fn insert(&self, row: &DestinationRow) -> Result<(), HistoryError> {
        self.0.destinations.lock().unwrap().push(row.clone());
        Ok(())
    }

    async fn update(&self, row: &DestinationRow) -> Result<(), HistoryError> {
        self.0.destinations.lock().unwrap().iter_mut().for_each(|old| {
            if old.id == row.id {
                *old = row.clone();
            }
        });
        Ok(())
    }

    async fn remove(&self, id: &DestinationId) -> Result<(), HistoryError> {
        self.0.destinations.lock().unwrap().retain(|row| row.id != *id);
        Ok(())
    }

    async fn order(&self, ids: &[DestinationId]) -> Result<(), HistoryError> {
        let place = |row: &DestinationRow| ids.iter().position(|id| *id == row.id);
        self.0.destinations.lock().unwrap().sort_by_key(place);
        Ok(())
    }

    async fn record_destination(
        &self,
        _: &StreamId,
        _: &DestinationId,
        _: &str,
        _: &DestinationChange,
    ) -> Result<(), HistoryError> {
        Ok(())
    }

    async fn destination_marks(&self, _: &StreamId) -> Result<Vec<DestinationMarkRow>, HistoryError> {
        Ok(Vec::new())
    }
}

impl KeyStore for Script {
    async fn put(&self, id: &DestinationId, key: &DestinationKey) -> Result<(), HistoryError> {
        let mut keys = self.0.keys.lock().unwrap();
        keys.retain(|(kept, _)| kept != id);
        keys.push((id.clone(), key.expose().to_owned()));
        Ok(())
    }

    fn get(
        &self,
        id: &DestinationId,
    ) -> impl Future<Output = Result<DestinationKey, HistoryError>> + Send + 'static {
        let keys = self.0.keys.lock().unwrap();
        let found = keys.iter().find(|(kept, _)| kept == id);
        let key = found.map(|(_, key)| DestinationKey::parse(key).unwrap()).unwrap_or_default();
        let away = self.0.keys_away.load(Ordering::SeqCst);
        std::future::ready(if away {
            Err(HistoryError { text: "The keychain is away.".to_owned(), next_step: None })
        } else {
            Ok(key)
        })
    }

    async fn remove(&self, id: &DestinationId) -> Result<(), HistoryError> {
        self.0.keys.lock().unwrap().retain(|(kept, _)| kept != id);
        Ok(())
    }

    fn place(&self) -> KeyPlace {
        KeyPlace::File
    }
}

enum Scripted {}

impl World for Scripted {
    type Provider = Script;
    type Outputs = Script;
    type Hub = Script;
    type Cloud = Script;
    type History = Script;
    type Keys = Script;
    type Clock = PausedClock;
    type Random = Script;
}

struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now_ms(&self) -> u64 {
        START_MS + self.0.elapsed().as_millis() as u64
    }
}

fn settings() -> Settings {
    Settings {
        rtmp_port: 1_935,
        http_port: 8_935,
        hub_port: 8_002,
        webrtc_port: 8_936,
        webrtc_addresses: Vec::new(),
        cloud: None,
        webrtc: true,
        lan_access: false,
        grace_s: 60,
        start_on_publish: true,
        freeze_picture: false,
        cloud_replace: false,
        keep_destinations_on: false,
        theme: Theme::Dark,
    }
}

/// A stream of the demo camera that an earlier run left open.
fn open_row(at_ms: u64) -> StreamRow {
    StreamRow {
        stream_id: StreamId::from_random([1; 16]),
        playback_id: session::PlaybackId::from_random([2; 16]),
        link: session::CameraLink::Demo,
        delivery: session::Delivery::Managed,
        target: None,
        starter: None,
        held: true,
        duration_limit_ms: None,
        options: session::Options::default(),
        started_at_ms: at_ms,
        live_since_ms: Some(at_ms),
        ended_at_ms: None,
        state: session::State::Live,
        words: Words::info("Live."),
        interruptions: 0,
        peak_viewers: 0,
        mean_bitrate_bps: 0,
    }
}

struct Scene {
    world: Script,
    console: Console,
    facts: mpsc::Sender<ProviderEvent>,
    output_facts: mpsc::Sender<OutputEvent>,
    hub_facts: mpsc::Sender<HubEvent>,
    cloud_facts: mpsc::Sender<CloudEvent>,
}

fn scene() -> Scene {
    scene_with(settings())
}

fn scene_with(settings: Settings) -> Scene {
    scene_of(Script::default(), settings)
}

fn scene_of(world: Script, settings: Settings) -> Scene {
    let (facts, events) = mpsc::channel(8);
    let (output_facts, output_events) = mpsc::channel(8);
    let (hub_facts, hub_events) = mpsc::channel(8);
    let (cloud_facts, cloud_events) = mpsc::channel(8);
    let app = AppInfo { version: "0".to_owned(), data_dir: String::new(), log_file: String::new() };
    let (console, _supervisor) = Console::start::<Scripted>(Parts {
        provider: world.clone(),
        events,
        outputs: world.clone(),
        output_events,
        hub: world.clone(),
        hub_events,
        cloud: world.clone(),
        cloud_events,
        history: world.clone(),
        keys: world.clone(),
        clock: PausedClock(Instant::now()),
        random: world.clone(),
        settings,
        app,
    });
    Scene { world, console, facts, output_facts, hub_facts, cloud_facts }
}

impl Scene {
    async fn tell(&self, fact: ProviderEvent) {
        self.facts.send(fact).await.expect("the supervisor runs");
    }

    /// Waits until the screen shows the phase.
    async fn until(&self, phase: Phase) -> crate::Snapshot {
        let (snapshot, mut events) = self.console.subscribe().await.expect("the supervisor runs");
        let mut shown = snapshot.session.phase;
        while shown != phase {
            if let Change::Session { session } = events.recv().await.expect("an event").change {
                shown = session.phase;
            }
        }
        self.console.snapshot().await.expect("the supervisor runs")
    }

    async fn publish(&self) -> Result<(), String> {
        let (answer, answered) = oneshot::channel();
        self.tell(ProviderEvent::PublishRequested { publisher: session::CameraLink::Manual, answer }).await;
        answered.await.expect("an answer")
    }

    async fn go_live(&self) {
        self.publish().await.expect("admitted");
        self.world.0.publishing.store(true, Ordering::SeqCst);
        self.tell(ProviderEvent::MediaArrived).await;
        self.tell(ProviderEvent::Playable).await;
        self.until(Phase::Live).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_encoder_starts_a_stream_and_urls_are_shown_only_while_active() {
    let scene = scene();
    let (first, mut events) = scene.console.subscribe().await.expect("runs");
    scene.go_live().await;
    let live = scene.until(Phase::Live).await;
    assert!(live.session.urls.is_some());
    let mut seq = first.seq;
    while let Ok(event) = events.try_recv() {
        assert_eq!(event.seq, seq + 1, "no event is left out");
        seq = event.seq;
        if let Change::Session { session } = event.change {
            assert_eq!(session.urls.is_some(), session.state == StatusWord::Active);
        }
    }
    assert_eq!(seq, live.seq);
    assert_eq!(scene.world.phases(), ["awaiting_camera", "awaiting_media", "live"]);
}

#[tokio::test(start_paused = true)]
async fn a_history_that_cannot_be_written_never_keeps_a_stream_from_stopping() {
    let scene = scene();
    scene.go_live().await;
    scene.world.0.history_broken.store(true, Ordering::SeqCst);
    scene.console.stop_stream().await.expect("a stop always succeeds");
    let ended = scene.until(Phase::Ended).await;
    assert_eq!(ended.session.state, StatusWord::Stopped);
    assert!(scene.world.calls().contains(&"release"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_cannot_be_provisioned_ends_in_words() {
    let scene = scene();
    scene.world.0.provision_fails.store(true, Ordering::SeqCst);
    scene.console.start_managed(StartManaged::default()).await.expect("acknowledged");
    let ended = scene.until(Phase::Ended).await;
    assert_eq!(ended.session.state, StatusWord::Error);
    assert!(ended.session.message.is_some_and(|message| message.text.contains("No room")));
}

#[tokio::test(start_paused = true)]
async fn grace_ends_an_interrupted_stream_by_itself() {
    let scene = scene();
    scene.go_live().await;
    scene.tell(ProviderEvent::MediaLost).await;
    let interrupted = scene.until(Phase::Interrupted).await;
    assert_eq!(interrupted.session.state, StatusWord::Active, "addresses are held");
    assert!(interrupted.session.urls.is_some());
    let lost_at = Instant::now();
    let ended = scene.until(Phase::Ended).await;
    assert_eq!(ended.session.state, StatusWord::Error);
    let waited = lost_at.elapsed();
    assert!((Duration::from_secs(59)..Duration::from_secs(62)).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn an_encoder_that_keeps_trying_after_stop_is_held_off_until_start() {
    let scene = scene();
    scene.go_live().await;
    scene.console.stop_stream().await.expect("stopped");
    scene.until(Phase::Ended).await;
    assert!(scene.publish().await.is_err());
    assert!(scene.console.snapshot().await.expect("runs").ingest.held_off);
    scene.console.start_managed(StartManaged::default()).await.expect("started");
    assert_eq!(scene.publish().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn starting_joins_the_running_stream_but_not_with_another_camera() {
    let scene = scene();
    let first = scene.console.start_managed(StartManaged::default()).await.expect("started");
    let second = scene.console.start_managed(StartManaged::default()).await.expect("joined");
    assert_eq!((first.joined, second.joined), (false, true));
    assert_eq!(first.stream_id, second.stream_id);
    let demo = StartManaged { camera_link: Some(CameraLink::Demo), ..StartManaged::default() };
    let refused = scene.console.start_managed(demo).await.expect_err("another camera holds it");
    assert_eq!(refused.code, Code::Busy);
    let running = OneStream { stream_id: first.stream_id };
    assert_eq!(scene.console.delete_stream(running).await.expect_err("it runs").code, Code::Busy);
}
