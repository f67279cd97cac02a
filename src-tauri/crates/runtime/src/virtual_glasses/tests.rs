//! Virtual glasses at a real hub, publishing to a real engine, all on loopback.

use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::OnceLock;

use media_engine::{
    Admission, Attempt, Clock, Door, Engine, EngineConfig, PageSource, PlaylistFacts, Stream, StreamConfig,
};
use mentra_link::{Hub, HubConfig, HubEvent, Timing};

use super::*;

#[test]
fn short_paths_are_filled_in_as_newer_glasses_do() {
    let app_and_name = |url: &str| {
        let target = target(url).expect("a target");
        (target.app.clone(), target.stream_name().to_owned())
    };
    assert_eq!(app_and_name("rtmp://a/live/key"), ("live".to_owned(), "key".to_owned()));
    assert_eq!(app_and_name("rtmp://a/key/"), ("key".to_owned(), "stream".to_owned()));
    assert_eq!(app_and_name("rtmps://a:443"), ("live".to_owned(), "stream".to_owned()));
    assert_eq!(app_and_name("rtmp://a/key?x=1"), ("key".to_owned(), "stream?x=1".to_owned()));
    for url in ["srt://a/b/c", "https://a/whip/x", "", "rtmp:///live/key"] {
        assert!(target(url).is_none(), "{url}");
    }
}

const KEY: &str = "planted-stream-key";
const STREAM: &str = "m0123456789";
const TOKEN: &str = "planted-glasses-token";

/// Lets in who holds the key.
struct KeyDoor(OnceLock<Stream>);

impl Door for KeyDoor {
    fn admit(&self, attempt: Attempt) -> Pin<Box<dyn Future<Output = Admission> + Send + '_>> {
        let stream = self.0.get().filter(|_| attempt.holds_key(KEY)).cloned();
        Box::pin(async { stream.ok_or_else(|| "unknown key".to_owned()) })
    }
}

/// A hub, an engine, and glasses between them.
struct Rig {
    hub: Hub,
    events: mpsc::Receiver<HubEvent>,
    engine: Engine,
    stream: Stream,
    glasses: VirtualGlasses,
}

async fn patiently<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("in time")
}

impl Rig {
    async fn start(switches: VirtualSwitches) -> Self {
        let door = Arc::new(KeyDoor(OnceLock::new()));
        let pages: PageSource = Arc::new(|_: &str| None);
        let engine = Engine::start(EngineConfig::new(pages), Arc::clone(&door) as Arc<dyn Door>).await;
        let engine = engine.expect("the engine starts");
        let stream = engine.open_stream(StreamConfig {
            playback_id: "playback".to_owned(),
            created_ms: Clock::start().now_ms(),
            first_msn: 0,
            facts: PlaylistFacts::default(),
        });
        door.0.set(stream.clone()).expect("set once");
        let (sender, events) = mpsc::channel(64);
        let config = HubConfig {
            bind: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            user_id: "user@example.com".to_owned(),
            device_token: Token::new(TOKEN),
            now_ms: Arc::new(|| 0),
            timing: Timing { keep_alive_every: Duration::from_millis(50), ..Timing::default() },
        };
        let hub = Hub::start(config, sender).await.expect("the hub starts");
        let address = format!("ws://{}/glasses-ws", hub.address());
        let glasses = VirtualGlasses::start(address, Token::new(TOKEN), switches).await.expect("the clip");
        Self { hub, events, engine, stream, glasses }
    }

    async fn next(&mut self) -> HubEvent {
        patiently(self.events.recv()).await.expect("the hub lives")
    }

    async fn message(&mut self) -> DeviceMessage {
        loop {
            if let HubEvent::GlassesMessage { message, .. } = self.next().await {
                return message;
            }
        }
    }

    /// The next status that is no mere measurement.
    async fn status(&mut self) -> StreamStatus {
        loop {
            match self.message().await {
                DeviceMessage::StreamStatus(status) if status.stats.is_none() => return status,
                _ => {}
            }
        }
    }

    async fn words(&mut self, wanted: &[StreamStatusWord]) {
        for word in wanted {
            let status = self.status().await;
            assert_eq!((&status.status, status.error_text()), (word, None));
        }
    }

    async fn introduced(&mut self) -> (bool, f64) {
        loop {
            if let DeviceMessage::ConnectionState(state) = self.message().await {
                assert!(state.is_connected());
                let DeviceMessage::Battery(battery) = self.message().await else { panic!("no battery") };
                return (state.wifi.expect("Wi-Fi").connected, battery.level);
            }
        }
    }

    fn tell_start(&self, key: &str) {
        let url = format!("rtmp://{}/live/{key}", self.engine.rtmp().address);
        let start = StartStream { url: url.into(), stream_id: STREAM.to_owned(), ..StartStream::default() };
        assert!(self.hub.send_glasses(&HubToDevice::StartStream(start)));
    }

    async fn publishes(&self, wanted: bool) {
        let mut status = self.stream.status();
        let known = patiently(status.wait_for(|status| status.publisher.is_some() == wanted)).await;
        drop(known.expect("the stream lives"));
    }

    async fn end(self) {
        patiently(self.glasses.stop()).await;
        self.hub.shutdown().await;
        self.engine.shutdown().await;
    }
}

#[tokio::test]
async fn they_obey_from_start_to_stop() {
    use StreamStatusWord as Word;

    let mut rig = Rig::start(VirtualSwitches::default()).await;
    assert_eq!(rig.introduced().await, (true, 80.0));
    rig.tell_start(KEY);
    rig.words(&[Word::Initializing, Word::Streaming]).await;
    rig.publishes(true).await;
    assert!(rig.glasses.news().borrow().hub == "connected");
    rig.tell_start(KEY);
    rig.words(&[Word::Streaming]).await;
    rig.hub.keep_alive(Some(STREAM.to_owned()));
    loop {
        if let HubEvent::KeepAlive { stream_id, missed } = rig.next().await {
            assert_eq!((stream_id.as_str(), missed), (STREAM, 0));
            break;
        }
    }
    rig.hub.keep_alive(None);
    let stop = mentra_wire::StopStream { stream_id: Some(STREAM.to_owned()), ..Default::default() };
    assert!(rig.hub.send_glasses(&HubToDevice::StopStream(stop)));
    rig.words(&[Word::Stopping, Word::Stopped]).await;
    rig.publishes(false).await;
    rig.end().await;
}

#[tokio::test]
async fn a_broken_publication_comes_back() {
    use StreamStatusWord as Word;

    let mut rig = Rig::start(VirtualSwitches { odd_timestamps: true, ..VirtualSwitches::default() }).await;
    rig.introduced().await;
    rig.tell_start(KEY);
    rig.words(&[Word::Initializing, Word::Streaming]).await;
    rig.publishes(true).await;
    rig.stream.drop_publisher();
    let status = rig.status().await;
    assert_eq!((status.status, status.attempt, status.max_attempts), (Word::Reconnecting, Some(1), Some(10)));
    rig.words(&[Word::Reconnected, Word::Streaming]).await;
    rig.publishes(true).await;
    rig.end().await;
}

#[tokio::test]
async fn no_wifi_is_told_and_breaks_a_stream() {
    use StreamStatusWord as Word;

    let mut rig = Rig::start(VirtualSwitches::default()).await;
    rig.introduced().await;
    rig.tell_start(KEY);
    rig.words(&[Word::Initializing, Word::Streaming]).await;
    rig.publishes(true).await;
    let off = VirtualSwitches { wifi: false, battery_percent: 9, ..VirtualSwitches::default() };
    rig.glasses.set(off).await.expect("set");
    assert_eq!(rig.introduced().await, (false, 9.0));
    rig.words(&[Word::Reconnecting]).await;
    rig.publishes(false).await;
    // The first try comes to nothing either.
    let status = rig.status().await;
    assert_eq!((status.status, status.attempt), (Word::Reconnecting, Some(2)));
    let stop = mentra_wire::StopStream::default();
    assert!(rig.hub.send_glasses(&HubToDevice::StopStream(stop)));
    rig.words(&[Word::Stopping, Word::Stopped]).await;
    rig.tell_start(KEY);
    let refused = rig.status().await;
    assert_eq!(refused.error_text(), Some("no_wifi_connection"));
    assert_eq!((refused.status, refused.stream_id), (Word::Error, None));
    rig.end().await;
}

#[tokio::test]
async fn a_wrong_key_ends_the_stream_with_words() {
    let mut rig = Rig::start(VirtualSwitches::default()).await;
    rig.introduced().await;
    rig.tell_start("wrong");
    rig.words(&[StreamStatusWord::Initializing]).await;
    let refused = rig.status().await;
    assert_eq!((&refused.status, refused.stream_id.as_deref()), (&StreamStatusWord::Error, Some(STREAM)));
    let text = refused.error_text().expect("words");
    assert!(text.contains("unknown key") && !text.contains("wrong"), "{text}");
    rig.end().await;
}

#[tokio::test]
async fn a_clip_that_is_none_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("clip.flv");
    let with = |path: PathBuf| VirtualSwitches { clip: Some(path), ..VirtualSwitches::default() };
    let start = |path| VirtualGlasses::start("ws://127.0.0.1:1/x".to_owned(), Token::new("x"), with(path));
    assert!(matches!(start(path.clone()).await, Err(VirtualGlassesError::Unreadable { .. })));
    std::fs::write(&path, b"RIFF").expect("written");
    assert!(matches!(start(path.clone()).await, Err(VirtualGlassesError::Clip(_))));
}

#[test]
fn a_key_that_a_server_quotes_is_not_told() {
    let said = without_key("rtmp://host/live/key-of-mine?auth=1", "BadName key-of-mine?auth=1");
    assert_eq!(said, "BadName ***");
    assert_eq!(without_key("rtmp://host/live/key-of-mine", "BadName key-of-mine"), "BadName ***");
    assert_eq!(without_key("rtmp://host/live/stream", "the stream is bad"), "the stream is bad");
}
