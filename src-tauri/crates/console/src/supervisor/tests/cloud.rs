//! Glasses that the MentraOS cloud commands: the three deliveries, restarts and what the cloud gets wrong.

mod before_media;

use std::net::IpAddr;

use session::{ApiKey, Delivery as Goes, DestinationKey};

use super::*;
use crate::api::{CloudChoice, Delivery, ManagedBy, SetCloud, StartUnmanaged, WebhookCheck};
use crate::ports::{
    Cloud, CloudAccount, CloudCommand, CloudEvent, CloudFact, CloudRunning, CloudState, CloudStream,
};

const PACKAGE: &str = "com.example.cam";
const KEY: &str = "planted-api-key";

/// What the cloud was asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum CloudAsked {
    Became(Option<(String, ApiKey)>),
    Start(String, CloudCommand),
    Stop(Goes, Option<String>),
    Check(String),
    Probe(String),
    Release,
}

impl Script {
    fn to_cloud(&self, asked: CloudAsked) {
        self.0.cloud.lock().unwrap().push(asked);
    }

    fn cloud_asked(&self) -> Vec<CloudAsked> {
        std::mem::take(&mut self.0.cloud.lock().unwrap())
    }
}

impl Cloud for Script {
    async fn set_account(&self, account: Option<CloudAccount>) -> Result<Option<String>, Words> {
        let url = account.as_ref().map(|_| "http://127.0.0.1:7010/webhook".to_owned());
        self.to_cloud(CloudAsked::Became(
            account.map(|account| (account.package.to_string(), account.api_key)),
        ));
        Ok(url)
    }

    fn start(&self, session_id: &str, command: &CloudCommand) -> Result<(), Words> {
        self.to_cloud(CloudAsked::Start(session_id.to_owned(), command.clone()));
        Ok(())
    }

    fn stop(&self, _: &str, delivery: Goes, stream_id: Option<&str>) {
        self.to_cloud(CloudAsked::Stop(delivery, stream_id.map(str::to_owned)));
    }

    fn check(&self, session_id: &str) {
        self.to_cloud(CloudAsked::Check(session_id.to_owned()));
    }

    fn moved(&self, glasses_ip: Option<IpAddr>) -> bool {
        let asked = self.0.cloud.lock().unwrap();
        let sent = asked.iter().rev().find_map(|asked| match asked {
            CloudAsked::Start(_, command) => Some(command.glasses_ip),
            _ => None,
        });
        sent.is_some_and(|sent| sent != glasses_ip)
    }

    /// In these tests everything but 10.0.0.0/8 is far away.
    fn apart(&self, glasses_ip: Option<IpAddr>) -> Option<Words> {
        let far = glasses_ip.filter(|ip| !ip.to_string().starts_with("10."))?;
        Some(Words::error(format!("They are at {far}.")).then("Use the same Wi-Fi."))
    }

    fn probe(&self, hls: &str) {
        self.to_cloud(CloudAsked::Probe(hls.to_owned()));
    }

    fn release(&self) {
        self.to_cloud(CloudAsked::Release);
    }

    fn reach(&self, _: &str) -> impl Future<Output = WebhookCheck> + Send + 'static {
        std::future::ready(WebhookCheck { steps: Vec::new(), reachable: true })
    }
}

fn wanted() -> SetCloud {
    SetCloud {
        package_name: PACKAGE.to_owned(),
        api_key: Some(KEY.to_owned()),
        webhook_port: 0,
        public_url: None,
        relay_url: None,
        relay_token: None,
        clouds: Vec::new(),
    }
}

fn urls(name: &str) -> Option<PlaybackUrls> {
    let url = |path: &str| format!("https://cloud/{name}/{path}");
    Some(PlaybackUrls {
        hls: url("video.m3u8"),
        dash: url("video.mpd"),
        webrtc: None,
        preview: url("watch"),
        thumbnail: url("t.jpg"),
    })
}

fn told(managed: bool, state: CloudState) -> CloudFact {
    let stream_id = Some(if managed { "m1" } else { "s1" }.to_owned());
    let live = managed && state == CloudState::Live;
    CloudFact::Stream(CloudStream { managed, stream_id, state, urls: urls("one").filter(|_| live) })
}

fn by_cloud() -> StartManaged {
    StartManaged { delivery: ManagedBy::Cloud, ..StartManaged::default() }
}

fn to_here() -> StartManaged {
    StartManaged { camera_link: Some(CameraLink::Cloud), ..StartManaged::default() }
}

fn straight() -> StartUnmanaged {
    StartUnmanaged { url: "rtmp://server/live/planted-key".to_owned(), camera_link: Some(CameraLink::Cloud) }
}

/// That this runs, as the answer to what does.
fn found(managed: bool, stream_id: &str, owner: Option<&str>) -> CloudFact {
    CloudFact::Check(Some(CloudRunning {
        managed,
        stream_id: stream_id.to_owned(),
        owner: owner.map(str::to_owned),
        target: None,
        urls: None,
    }))
}

impl Scene {
    async fn cloud(&self, event: CloudEvent) {
        self.cloud_facts.send(event).await.expect("the supervisor runs");
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        self.console.snapshot().await.expect("runs");
    }

    async fn session(&self, fact: CloudFact) {
        self.cloud(CloudEvent::Session { session_id: "one".to_owned(), fact }).await;
    }

    async fn set_up(&self) {
        self.console.set_cloud(wanted()).await.expect("set up");
        self.session(CloudFact::Connected { user_id: "a@example.com".to_owned() }).await;
        self.world.cloud_asked();
    }

    /// Starts to this computer; nothing else runs.
    async fn start_here(&self) {
        self.console.start_managed(to_here()).await.expect("started");
        assert_eq!(self.world.cloud_asked(), [CloudAsked::Check("one".to_owned())]);
        self.session(CloudFact::Check(None)).await;
    }

    async fn session_view(&self) -> crate::api::SessionView {
        self.console.snapshot().await.expect("runs").session
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_of_the_cloud_is_shown_until_it_is_set_up() {
    let scene = scene();
    assert_eq!(scene.console.snapshot().await.expect("runs").cloud, None);
    let refused = scene.console.start_managed(to_here()).await.unwrap_err();
    assert_eq!(refused.code, Code::Busy);
    let refused = scene.console.check_webhook().await.unwrap_err();
    assert_eq!(refused.code, Code::Busy);
    for wrong in [
        SetCloud { package_name: "no package".to_owned(), ..wanted() },
        SetCloud { api_key: None, ..wanted() },
        SetCloud { relay_url: Some("ftp://relay".to_owned()), ..wanted() },
        SetCloud { relay_url: Some("wss://relay".to_owned()), ..wanted() },
        SetCloud { public_url: Some("tunnel.example.com".to_owned()), ..wanted() },
        SetCloud { public_url: Some("https://user:secret@tunnel".to_owned()), ..wanted() },
        SetCloud { clouds: vec!["https://cloud".to_owned()], ..wanted() },
    ] {
        let refused = scene.console.set_cloud(wrong.clone()).await.unwrap_err();
        assert_eq!(refused.code, Code::InvalidRequest, "{wrong:?}");
        assert!(refused.next_step.is_some());
    }
    assert_eq!(scene.console.snapshot().await.expect("runs").cloud, None);
}

#[tokio::test(start_paused = true)]
async fn the_app_is_set_up_changed_and_forgotten_and_its_key_is_never_shown() {
    let scene = scene();
    scene.console.set_cloud(wanted()).await.expect("set up");
    let became =
        |key: &str| CloudAsked::Became(Some((PACKAGE.to_owned(), ApiKey::parse(key).expect("a key"))));
    assert_eq!(scene.world.cloud_asked(), [CloudAsked::Became(None), became(KEY)]);
    let snapshot = scene.console.snapshot().await.expect("runs");
    let cloud = snapshot.cloud.clone().expect("it is set up");
    assert_eq!(cloud.webhook_url.as_deref(), Some("http://127.0.0.1:7010/webhook"));
    assert!(cloud.message.expect("words").next_step.expect("a step").contains(PACKAGE));
    assert!(!serde_json::to_string(&snapshot).expect("JSON").contains(KEY));

    scene.console.set_cloud(SetCloud { api_key: None, ..wanted() }).await.expect("changed");
    assert_eq!(scene.world.cloud_asked(), [CloudAsked::Became(None), became(KEY)], "the key on file is kept");
    let other = SetCloud { package_name: "com.example.other".to_owned(), api_key: None, ..wanted() };
    scene.console.set_cloud(other).await.unwrap_err();

    scene.console.update_settings(settings()).await.expect("kept");
    assert!(
        scene.console.snapshot().await.expect("runs").settings.chosen.cloud.is_some(),
        "not the settings' to change"
    );

    scene.console.remove_cloud().await.expect("forgotten");
    assert_eq!(scene.world.cloud_asked(), [CloudAsked::Became(None)]);
    assert!(scene.world.0.keys.lock().unwrap().is_empty());
    assert_eq!(scene.console.snapshot().await.expect("runs").cloud, None);
}

#[tokio::test(start_paused = true)]
async fn glasses_of_the_cloud_stream_to_this_computer() {
    let scene = scene();
    scene.set_up().await;
    scene.start_here().await;
    let asked = scene.world.cloud_asked();
    let [CloudAsked::Start(session, command)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!((session.as_str(), command.delivery, &command.target), ("one", Goes::Managed, &None));
    assert!(scene.world.calls().contains(&"provision"));
    scene.session(told(false, CloudState::Starting)).await;
    assert_eq!(scene.session_view().await.phase, Phase::AwaitingMedia);
    scene.world.0.publishing.store(true, Ordering::SeqCst);
    scene.tell(ProviderEvent::MediaArrived).await;
    scene.tell(ProviderEvent::Playable).await;
    scene.until(Phase::Live).await;
    let shown = scene.session_view().await;
    assert_eq!((shown.camera_link, shown.delivery), (Some(CameraLink::Cloud), Delivery::Managed));
    assert_eq!(shown.urls.expect("it plays").hls, "http://127.0.0.1/hls");

    // Told twice, and words that the media contradicts.
    for fact in [CloudState::Live, CloudState::Live, CloudState::Starting, CloudState::Stopped] {
        scene.session(told(false, fact)).await;
        assert_eq!(scene.session_view().await.phase, Phase::Live);
    }
    scene.world.0.publishing.store(false, Ordering::SeqCst);
    scene.tell(ProviderEvent::MediaLost).await;
    scene.until(Phase::Ended).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_the_cloud_is_shown_once_its_playlist_plays() {
    let scene = scene();
    scene.set_up().await;
    scene.console.start_managed(by_cloud()).await.expect("started");
    let asked = scene.world.cloud_asked();
    assert!(
        matches!(&asked[..], [CloudAsked::Start(_, command)] if command.delivery == Goes::Cloud),
        "{asked:?}"
    );
    assert!(!scene.world.calls().contains(&"provision"));
    scene.session(told(true, CloudState::Starting)).await;
    scene.session(told(true, CloudState::Live)).await;
    assert_eq!(scene.world.cloud_asked(), [CloudAsked::Probe("https://cloud/one/video.m3u8".to_owned())]);
    assert_eq!(scene.session_view().await.urls, None, "nobody has seen it play");
    scene.cloud(CloudEvent::Playable).await;
    assert_eq!(scene.session_view().await.urls, urls("one"));
    // The same state again, with an address that changed.
    let again = CloudStream {
        managed: true,
        stream_id: Some("m1".to_owned()),
        state: CloudState::Live,
        urls: urls("two"),
    };
    scene.session(CloudFact::Stream(again)).await;
    assert_eq!(scene.session_view().await.urls, urls("two"));
    assert_eq!(scene.session_view().await.phase, Phase::Live);

    scene.console.stop_stream().await.expect("stopped");
    let asked = scene.world.cloud_asked();
    assert_eq!(asked, [CloudAsked::Stop(Goes::Cloud, Some("m1".to_owned())), CloudAsked::Release]);
    assert_eq!(scene.session_view().await.phase, Phase::Stopping);
    scene.session(told(true, CloudState::Stopped)).await;
    assert_eq!(scene.session_view().await.phase, Phase::Ended);
}

#[tokio::test(start_paused = true)]
async fn a_stop_the_cloud_ignores_is_over_all_the_same() {
    let scene = scene();
    scene.set_up().await;
    scene.console.start_managed(by_cloud()).await.expect("started");
    scene.console.stop_stream().await.expect("stopped");
    scene.until(Phase::Ended).await;
}

#[tokio::test(start_paused = true)]
async fn straight_to_a_server_starting_again_means_reconnecting() {
    let scene = scene();
    scene.set_up().await;
    scene.console.start_unmanaged(straight()).await.expect("started");
    assert_eq!(scene.world.cloud_asked(), [CloudAsked::Check("one".to_owned())]);
    scene.session(CloudFact::Check(None)).await;
    let asked = scene.world.cloud_asked();
    let [CloudAsked::Start(_, command)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(command.target, DestinationKey::parse("rtmp://server/live/planted-key").ok());
    scene.session(told(false, CloudState::Live)).await;
    assert_eq!(scene.session_view().await.phase, Phase::Live);
    scene.session(told(false, CloudState::Starting)).await;
    assert_eq!(scene.session_view().await.phase, Phase::Interrupted);
    scene.session(told(false, CloudState::Live)).await;
    assert_eq!(scene.session_view().await.phase, Phase::Live);
    scene.session(CloudFact::Over { words: None }).await;
    scene.until(Phase::Ended).await;
}

#[tokio::test(start_paused = true)]
async fn errors_the_cloud_swallows_get_words() {
    let scene = scene();
    scene.set_up().await;
    scene.start_here().await;
    scene.session(told(false, CloudState::Stopped)).await;
    let shown = scene.session_view().await;
    assert_eq!(shown.phase, Phase::Ended);
    assert!(shown.message.expect("words").text.contains("gave no reason"));
    // A late word of that stream is none of the next one.
    scene.world.cloud_asked();
    scene.start_here().await;
    scene.session(told(false, CloudState::Stopped)).await;
    assert_eq!(scene.session_view().await.phase, Phase::AwaitingCamera);
    scene.session(CloudFact::Refused { words: Words::error("No permission.") }).await;
    assert_eq!(scene.session_view().await.phase, Phase::Ended);
}

#[tokio::test(start_paused = true)]
async fn another_users_session_is_not_listened_to() {
    let scene = scene();
    scene.set_up().await;
    scene.console.start_managed(by_cloud()).await.expect("started");
    let other = |fact| CloudEvent::Session { session_id: "two".to_owned(), fact };
    scene.cloud(other(CloudFact::Connected { user_id: "b@example.com".to_owned() })).await;
    scene.cloud(other(told(true, CloudState::Failed { words: Words::error("No.") }))).await;
    scene.cloud(other(CloudFact::Over { words: None })).await;
    assert_eq!(scene.session_view().await.phase, Phase::AwaitingCamera);
}

async fn restarted(delivery: Goes) -> Scene {
    let world = Script::default();
    let row = StreamRow { link: session::CameraLink::Cloud, delivery, ..open_row(START_MS - 5_000) };
    world.0.left_open.lock().unwrap().push(row);
    let choice = CloudChoice {
        package_name: PACKAGE.to_owned(),
        webhook_port: 0,
        public_url: None,
        relay_url: None,
        clouds: Vec::new(),
    };
    let key = DestinationKey::parse(KEY).expect("a key");
    let file = DestinationId::from_random(*b"mentraos-api-key");
    KeyStore::put(&world, &file, &key).await.expect("kept");
    let scene = scene_of(world, Settings { cloud: Some(choice), ..settings() });
    assert_eq!(scene.session_view().await.phase, Phase::Interrupted);
    let asked = scene.world.cloud_asked();
    assert!(
        matches!(&asked[..], [CloudAsked::Became(None), CloudAsked::Became(Some(_))]),
        "nothing is started blindly: {asked:?}"
    );
    scene.session(CloudFact::Connected { user_id: "a@example.com".to_owned() }).await;
    assert_eq!(scene.world.cloud_asked(), [CloudAsked::Check("one".to_owned())]);
    scene
}

fn running(managed: bool) -> CloudFact {
    CloudFact::Check(Some(CloudRunning {
        managed,
        stream_id: "x9".to_owned(),
        owner: (!managed).then(|| PACKAGE.to_owned()),
        target: None,
        urls: urls("one").filter(|_| managed),
    }))
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_still_runs_is_adopted_not_started_twice() {
    let scene = restarted(Goes::Cloud).await;
    scene.session(running(true)).await;
    assert_eq!(scene.world.cloud_asked(), [CloudAsked::Probe("https://cloud/one/video.m3u8".to_owned())]);
    scene.cloud(CloudEvent::Playable).await;
    assert_eq!(scene.session_view().await.phase, Phase::Live);

    let scene = restarted(Goes::Unmanaged).await;
    scene.session(running(false)).await;
    assert_eq!((scene.world.cloud_asked(), scene.session_view().await.phase), (vec![], Phase::Live));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_does_not_run_any_more_is_asked_for_again() {
    let scene = restarted(Goes::Managed).await;
    scene.session(CloudFact::Check(None)).await;
    assert!(matches!(&scene.world.cloud_asked()[..], [CloudAsked::Start(..)]));
    // Still pushing, but nothing arrives: this computer may have another address now.
    let scene = restarted(Goes::Managed).await;
    scene.session(running(false)).await;
    assert!(matches!(&scene.world.cloud_asked()[..], [CloudAsked::Start(..)]));
}

#[tokio::test(start_paused = true)]
async fn another_apps_stream_is_not_taken_away() {
    let scene = restarted(Goes::Unmanaged).await;
    scene.session(found(false, "x9", Some("com.other.app"))).await;
    let shown = scene.session_view().await;
    assert_eq!(shown.phase, Phase::Ended);
    assert!(shown.message.expect("words").text.contains("com.other.app"));
}

#[tokio::test(start_paused = true)]
async fn an_orphan_is_ended() {
    let scene = scene();
    scene.console.set_cloud(wanted()).await.expect("set up");
    scene.session(CloudFact::Connected { user_id: "a@example.com".to_owned() }).await;
    scene.world.cloud_asked();
    scene.session(running(false)).await;
    let ended = CloudAsked::Stop(Goes::Unmanaged, Some("x9".to_owned()));
    assert_eq!(scene.world.cloud_asked(), [ended]);
}
