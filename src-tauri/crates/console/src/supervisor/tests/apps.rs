//! Apps: who may come in, start, join and leave, and what they are told.

use std::net::{IpAddr, Ipv4Addr};

use session::{ApiKey, DestinationKey, EndReason, State, StopBy};

use super::world::Said;
use super::*;
use crate::api::{
    AddApp, AllowApp, AppPart, AppPermission, AppState, Delivery, HoldStream, OneApp, StartUnmanaged,
};
use crate::ports::{AppFact, AppRefusal, CameraFact, CameraHints, GlassesFact, ManagedTold};

const ONE: &str = "com.example.one";
const TWO: &str = "com.example.two";

fn package(name: &str) -> PackageName {
    PackageName::parse(name).expect("a package name")
}

fn managed() -> AppFact {
    AppFact::StartManaged {
        quality: None,
        enable_webrtc: false,
        destinations: Vec::new(),
        duration_limit_ms: None,
        hints: CameraHints::default(),
    }
}

fn unmanaged(url: &str) -> AppFact {
    AppFact::StartUnmanaged {
        target: DestinationKey::parse(url).expect("a line"),
        duration_limit_ms: None,
        hints: CameraHints::default(),
    }
}

fn one(name: &str) -> OneApp {
    OneApp { package_name: name.to_owned() }
}

impl Scene {
    async fn register(&self, name: &str, permissions: &[AppPermission]) {
        let wanted = AddApp {
            name: None,
            package_name: name.to_owned(),
            url: "http://127.0.0.1:7010".to_owned(),
            api_key: Some("key-0123456789".to_owned()),
            permissions: permissions.to_vec(),
        };
        self.console.add_app(wanted).await.expect("added");
    }

    async fn hub(&self, event: HubEvent) {
        self.hub_facts.send(event).await.expect("the supervisor runs");
    }

    pub(super) async fn app(&self, name: &str, fact: AppFact) {
        self.hub(HubEvent::App { app: package(name), fact }).await;
        self.settle().await;
    }

    pub(super) async fn glasses(&self, fact: GlassesFact) {
        self.hub(HubEvent::Glasses(fact)).await;
        self.settle().await;
    }

    pub(super) async fn camera(&self, fact: CameraFact) {
        self.glasses(GlassesFact::Camera { stream_id: None, fact }).await;
    }

    /// What was sent before this has been heard: facts and questions are not of one queue, time does not go by.
    async fn settle(&self) {
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        self.console.snapshot().await.expect("runs");
    }

    /// Registered, started, connected.
    pub(super) async fn connect(&self, name: &str) {
        self.register(name, &[AppPermission::Camera]).await;
        self.console.start_app(one(name)).await.expect("started");
        self.come(name).await;
    }

    /// A new session, which listens.
    async fn come(&self, name: &str) {
        self.connected(name, false).await;
        self.app(name, AppFact::Subscribed(vec!["managed_stream_status".to_owned()])).await;
    }

    /// Its library reconnects by itself.
    async fn come_back(&self, name: &str) {
        self.connected(name, true).await;
    }

    async fn connected(&self, name: &str, resumed: bool) {
        let address = "127.0.0.1".to_owned();
        self.app(name, AppFact::Connected { address, sdk_version: None, resumed }).await;
    }

    async fn wear(&self) {
        self.glasses(GlassesFact::Connected { address: "127.0.0.1".to_owned() }).await;
    }

    async fn ask(&self, name: &str, key: &str, address: IpAddr) -> Result<(), AppRefusal> {
        let (answer, answered) = oneshot::channel();
        let key = ApiKey::parse(key).expect("a key");
        self.hub(HubEvent::Asks { package: name.to_owned(), key, address, answer }).await;
        answered.await.expect("an answer")
    }

    /// The glasses' media arrives and plays.
    async fn play(&self) {
        self.camera(CameraFact::Streaming { bitrate_bps: None, fps: None }).await;
        self.world.0.publishing.store(true, Ordering::SeqCst);
        self.tell(ProviderEvent::MediaArrived).await;
        self.tell(ProviderEvent::Playable).await;
        self.until(Phase::Live).await;
    }

    /// Managed states an app was told since the last question.
    fn told(&self, name: &str) -> Vec<ManagedTold> {
        let said = self.world.said();
        said.into_iter()
            .filter_map(|said| match said {
                Said::Managed(app, told) if app == name => Some(told),
                _ => None,
            })
            .collect()
    }

    async fn app_state(&self, name: &str) -> AppState {
        let apps = self.console.snapshot().await.expect("runs").apps;
        apps.into_iter().find(|app| app.package_name == name).expect("registered").state
    }
}

fn states(told: &[ManagedTold]) -> Vec<&'static str> {
    told.iter().map(|told| told.state.code()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_door_opens_to_the_right_key_from_this_computer_only() {
    let scene = scene();
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let there = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 20));
    assert_eq!(scene.ask(ONE, "key-0123456789", here).await, Err(AppRefusal::Unknown));
    assert_eq!(scene.ask("no name!", "", here).await, Err(AppRefusal::Unknown));
    scene.register(ONE, &[]).await;
    assert_eq!(scene.ask(ONE, "key-0123456789", here).await, Err(AppRefusal::NotStarted));
    scene.console.start_app(one(ONE)).await.expect("started");
    assert_eq!(scene.ask(ONE, "another-key", here).await, Err(AppRefusal::WrongKey));
    assert_eq!(scene.ask(ONE, "key-0123456789", here).await, Ok(()));
    assert_eq!(scene.ask(ONE, "key-0123456789", there).await, Err(AppRefusal::NotAllowed));
    let asks = scene.console.snapshot().await.expect("runs").apps[0].asks_from.clone();
    assert_eq!(asks.as_deref(), Some("192.168.1.20"));
    let allow = AllowApp { package_name: ONE.to_owned(), allow: true };
    scene.console.allow_app(allow).await.expect("allowed");
    assert_eq!(scene.ask(ONE, "key-0123456789", there).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn an_app_starts_the_camera_a_second_joins_and_the_last_turns_it_off() {
    let scene = scene();
    scene.wear().await;
    scene.connect(ONE).await;
    scene.connect(TWO).await;
    scene.world.said();
    scene.app(ONE, managed()).await;
    scene.play().await;
    let said = scene.world.said();
    let told: Vec<ManagedTold> = said
        .iter()
        .filter_map(|said| match said {
            Said::Managed(app, told) if app == ONE => Some(told.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(states(&told), ["awaiting_camera", "awaiting_media", "live"]);
    assert!(told.iter().all(|told| told.urls.is_some() == (told.state == State::Live)), "{told:?}");
    let command = said.iter().find_map(|said| match said {
        Said::StartCamera(command) => Some(command.clone()),
        _ => None,
    });
    let command = command.expect("the camera was asked");
    assert_eq!((command.target, command.owner), (None, None));

    scene.app(TWO, managed()).await;
    let told = scene.told(TWO);
    assert_eq!(states(&told), ["live"]);
    assert!(told[0].urls.is_some(), "at once, with every address");
    let apps = scene.console.snapshot().await.expect("runs").session.apps;
    let parts: Vec<(&str, AppPart)> = apps.iter().map(|app| (app.package_name.as_str(), app.part)).collect();
    assert_eq!(parts, [(ONE, AppPart::Started), (TWO, AppPart::Joined)]);

    scene.app(ONE, AppFact::StopManaged).await;
    let told = scene.told(ONE);
    assert_eq!(states(&told), ["ended"]);
    assert_eq!(scene.console.snapshot().await.expect("runs").session.phase, Phase::Live);
    scene.app(TWO, AppFact::StopManaged).await;
    scene.until(Phase::Ended).await;
    let said = scene.world.said();
    assert!(said.contains(&Said::StopCamera(command.stream_id)), "{said:?}");
    let last = said.iter().rev().find_map(|said| match said {
        Said::Managed(app, told) if app == TWO => Some(told.state),
        _ => None,
    });
    assert_eq!(last, Some(State::Ended(EndReason::Stopped(StopBy::App))));
    let rows = scene.world.0.stream_apps.lock().unwrap().clone();
    assert!(rows.iter().all(|row| row.left_at_ms.is_some()), "{rows:?}");
}

#[tokio::test(start_paused = true)]
async fn without_permission_or_glasses_an_app_is_told_why() {
    let scene = scene();
    scene.register(ONE, &[]).await;
    scene.console.start_app(one(ONE)).await.expect("started");
    scene.come(ONE).await;
    scene.app(ONE, managed()).await;
    let told = scene.told(ONE);
    assert_eq!(states(&told), ["ended"]);
    assert!(told[0].words.text.contains("Camera permission required"), "{:?}", told[0].words);
    scene.connect(TWO).await;
    scene.app(TWO, managed()).await;
    let told = scene.told(TWO);
    assert!(
        told[0].words.next_step.is_some() && told[0].words.text.contains("lasses"),
        "{:?}",
        told[0].words
    );
    assert_eq!(scene.console.snapshot().await.expect("runs").session.phase, Phase::Idle);
}

#[tokio::test(start_paused = true)]
async fn an_app_that_comes_back_in_time_stays_and_hears_what_is_so() {
    let scene = scene();
    scene.wear().await;
    scene.connect(ONE).await;
    scene.app(ONE, managed()).await;
    scene.play().await;
    scene.app(ONE, AppFact::Gone { clean: false }).await;
    assert!(scene.console.snapshot().await.expect("runs").session.apps[0].away);
    tokio::time::sleep(Duration::from_secs(3)).await;
    scene.world.said();
    scene.come_back(ONE).await;
    assert_eq!(states(&scene.told(ONE)), ["live"]);
    assert!(!scene.console.snapshot().await.expect("runs").session.apps[0].away);
}

#[tokio::test(start_paused = true)]
async fn a_new_session_hears_of_its_stream_once_it_listens() {
    let scene = scene();
    scene.wear().await;
    scene.connect(ONE).await;
    scene.app(ONE, managed()).await;
    scene.play().await;
    scene.app(ONE, AppFact::Gone { clean: false }).await;
    scene.world.said();
    scene.connected(ONE, false).await;
    scene.app(ONE, AppFact::Subscribed(Vec::new())).await;
    assert!(
        scene.told(ONE).is_empty(),
        "nobody would hear it, and its own start would be refused by its library"
    );
    scene.app(ONE, AppFact::Subscribed(vec!["managed_stream_status".to_owned()])).await;
    assert_eq!(states(&scene.told(ONE)), ["live"]);
}

#[tokio::test(start_paused = true)]
async fn an_app_that_vanishes_takes_its_stream_with_it_unless_the_user_holds_it() {
    for hold in [false, true] {
        let scene = scene();
        scene.wear().await;
        scene.connect(ONE).await;
        scene.app(ONE, managed()).await;
        scene.play().await;
        if hold {
            scene.console.hold_stream(HoldStream { hold }).await.expect("held");
        }
        scene.app(ONE, AppFact::Gone { clean: false }).await;
        let gone = Instant::now();
        if hold {
            tokio::time::sleep(Duration::from_secs(20)).await;
            let session = scene.console.snapshot().await.expect("runs").session;
            assert_eq!((session.phase, session.apps.len()), (Phase::Live, 0));
            assert_eq!(*scene.world.0.held.lock().unwrap(), [true], "it outlives a restart");
        } else {
            scene.until(Phase::Ended).await;
            let waited = gone.elapsed();
            assert!((Duration::from_secs(14)..Duration::from_secs(17)).contains(&waited), "{waited:?}");
            scene.world.said();
            scene.come_back(ONE).await;
            assert_eq!(states(&scene.told(ONE)), ["ended"], "it hears that its stream is over");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_app_is_called_again_but_not_before_its_own_library_gives_up() {
    let scene = scene();
    scene.connect(ONE).await;
    scene.world.said();
    scene.app(ONE, AppFact::Gone { clean: false }).await;
    assert_eq!(scene.app_state(ONE).await, AppState::Away);
    tokio::time::sleep(Duration::from_millis(7_500)).await;
    scene.settle().await;
    assert_eq!(scene.world.said(), []);
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.settle().await;
    assert_eq!(scene.world.said(), [Said::Called(ONE.to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_of_an_app_is_over_within_25_seconds() {
    let scene = scene();
    scene.wear().await;
    scene.connect(ONE).await;
    let asked = Instant::now();
    scene.app(ONE, managed()).await;
    scene.camera(CameraFact::Starting).await;
    let ended = scene.until(Phase::Ended).await;
    assert!(asked.elapsed() <= Duration::from_secs(25), "{:?}", asked.elapsed());
    assert_eq!(ended.session.state, StatusWord::Error);
    let told = scene.told(ONE);
    assert_eq!(told.last().map(|told| told.state.end_reason().is_some_and(EndReason::failed)), Some(true));
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_answered_even_when_nothing_runs() {
    let scene = scene();
    scene.connect(ONE).await;
    scene.app(ONE, AppFact::StopManaged).await;
    assert_eq!(states(&scene.told(ONE)), ["ended"]);
}

#[tokio::test(start_paused = true)]
async fn an_unmanaged_stream_goes_straight_out_and_blocks_managed_ones() {
    let scene = scene();
    scene.wear().await;
    scene.connect(ONE).await;
    scene.connect(TWO).await;
    let both = ["managed_stream_status", "rtmp_stream_status"].map(str::to_owned);
    scene.app(TWO, AppFact::Subscribed(both.to_vec())).await;
    scene.world.said();
    scene.app(ONE, unmanaged("rtmp://127.0.0.1/live/secret-key")).await;
    let said = scene.world.said();
    let commanded = said.iter().any(|said| {
        matches!(said, Said::StartCamera(command)
            if command.target.as_ref().is_some_and(|target| target.expose() == "rtmp://127.0.0.1/live/secret-key"))
    });
    assert!(commanded, "{said:?}");
    assert!(
        said.iter().any(|said| matches!(said, Said::Unmanaged(app, _) if app == TWO)),
        "others hear of it"
    );
    scene.camera(CameraFact::Streaming { bitrate_bps: None, fps: None }).await;
    let live = scene.until(Phase::Live).await;
    assert_eq!(live.session.delivery, Delivery::Unmanaged);
    assert_eq!(live.session.target.as_deref(), Some("rtmp://127.0.0.1/live/***"));
    assert!(live.session.urls.is_none());
    assert!(!format!("{live:?}").contains("secret-key"));

    scene.app(TWO, managed()).await;
    let told = scene.told(TWO);
    assert_eq!(states(&told), ["ended"]);
    assert!(told[0].words.text.contains(ONE), "the words name who holds the camera: {:?}", told[0].words);
    let busy = scene.console.start_managed(StartManaged::default()).await.expect_err("blocked");
    assert_eq!(busy.code, Code::Busy);

    scene.app(ONE, AppFact::StopUnmanaged).await;
    assert_eq!(scene.console.snapshot().await.expect("runs").session.phase, Phase::Stopping);
    scene.world.said();
    scene.camera(CameraFact::Stopped).await;
    scene.until(Phase::Ended).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    scene.settle().await;
    let ends = |app: &str| {
        let said = scene.world.0.said.lock().unwrap();
        let told = |said: &&Said| matches!(said, Said::Unmanaged(to, told) if to == app && told.state.end_reason().is_some());
        said.iter().filter(told).count()
    };
    assert_eq!((ends(ONE), ends(TWO)), (1, 1), "everybody hears of the end once");
    assert!(scene.world.0.keys.lock().unwrap().is_empty(), "its address is forgotten");
}

#[tokio::test(start_paused = true)]
async fn an_app_that_was_restarted_may_replace_the_stream_it_cannot_stop() {
    let scene = scene();
    scene.wear().await;
    scene.connect(ONE).await;
    scene.app(ONE, unmanaged("rtmp://127.0.0.1/live/first-key")).await;
    scene.camera(CameraFact::Streaming { bitrate_bps: None, fps: None }).await;
    scene.app(ONE, AppFact::Gone { clean: false }).await;
    scene.come(ONE).await;
    scene.world.said();
    scene.app(ONE, unmanaged("rtmp://127.0.0.1/live/second-key")).await;
    let session = scene.console.snapshot().await.expect("runs").session;
    assert_eq!(session.phase, Phase::AwaitingCamera);
    assert!(scene.world.said().iter().any(|said| matches!(said, Said::StopCamera(_))));
}

#[tokio::test(start_paused = true)]
async fn a_restarted_app_that_wants_nothing_does_not_keep_the_camera_on() {
    let scene = scene();
    scene.wear().await;
    scene.connect(ONE).await;
    scene.app(ONE, managed()).await;
    scene.play().await;
    scene.app(ONE, AppFact::Gone { clean: false }).await;
    scene.connected(ONE, false).await;
    scene.until(Phase::Ended).await;
}

#[tokio::test(start_paused = true)]
async fn outputs_are_asked_for_from_where_the_app_may_connect() {
    let scene = scene();
    scene.wear().await;
    scene.connect(ONE).await;
    scene.app(ONE, managed()).await;
    let id = scene.told(ONE).pop().and_then(|told| told.stream_id).expect("an id");
    let ask = async |address: [u8; 4]| {
        let (answer, answered) = oneshot::channel();
        let ask = crate::ports::OutputsAsk {
            address: IpAddr::from(address),
            package: ONE.to_owned(),
            key: ApiKey::parse("key-0123456789").expect("a key"),
            stream_id: id.clone(),
            wish: crate::ports::OutputsWish::List,
            answer,
        };
        scene.hub(HubEvent::Outputs(ask)).await;
        answered.await.expect("an answer")
    };
    assert_eq!(ask([127, 0, 0, 1]).await, Ok(Vec::new()));
    assert_eq!(ask([192, 168, 1, 20]).await, Err(crate::ports::OutputsRefusal::NotAuthorized));
}

#[tokio::test(start_paused = true)]
async fn who_stops_and_starts_at_once_is_not_refused() {
    let scene = scene();
    scene.wear().await;
    scene.connect(ONE).await;
    scene.app(ONE, unmanaged("rtmp://127.0.0.1/live/first-key")).await;
    scene.camera(CameraFact::Streaming { bitrate_bps: None, fps: None }).await;
    scene.world.said();
    scene.app(ONE, AppFact::StopUnmanaged).await;
    scene.app(ONE, unmanaged("rtmp://127.0.0.1/live/second-key")).await;
    let said = scene.world.said();
    let told: Vec<&str> = said
        .iter()
        .filter_map(|said| match said {
            Said::Unmanaged(_, told) => Some(told.state.code()),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["stopping", "ended", "awaiting_camera"]);
    // What the glasses still say of the first stream is not about the second.
    let late = GlassesFact::Camera { stream_id: Some("sanother".to_owned()), fact: CameraFact::Stopped };
    scene.glasses(late).await;
    assert_eq!(scene.console.snapshot().await.expect("runs").session.phase, Phase::AwaitingCamera);
}

#[tokio::test(start_paused = true)]
async fn a_managed_stream_of_others_is_not_replaced() {
    let scene = scene();
    scene.wear().await;
    scene.connect(ONE).await;
    scene.connect(TWO).await;
    scene.app(ONE, managed()).await;
    scene.play().await;
    scene.world.said();
    scene.app(TWO, unmanaged("rtmp://127.0.0.1/live/key")).await;
    let said = scene.world.said();
    let refused = said.iter().any(
        |said| matches!(said, Said::Unmanaged(app, told) if app == TWO && told.state.end_reason().is_some()),
    );
    assert!(refused, "{said:?}");
    assert_eq!(scene.console.snapshot().await.expect("runs").session.phase, Phase::Live);
    let user = StartUnmanaged { url: "rtmp://127.0.0.1/live/key".to_owned(), camera_link: None };
    assert_eq!(scene.console.start_unmanaged(user).await.expect_err("held").code, Code::Busy);
}

#[tokio::test(start_paused = true)]
async fn media_at_the_ingest_outranks_what_the_glasses_say() {
    let scene = scene();
    scene.wear().await;
    scene.connect(ONE).await;
    scene.app(ONE, managed()).await;
    scene.play().await;
    let failed = CameraFact::Failed { words: Words::error("The glasses gave up.") };
    scene.camera(failed.clone()).await;
    scene.glasses(GlassesFact::KeepAlive { missed: 9 }).await;
    scene.glasses(GlassesFact::Gone).await;
    assert_eq!(scene.console.snapshot().await.expect("runs").session.phase, Phase::Live);
    scene.tell(ProviderEvent::MediaLost).await;
    let ended = scene.until(Phase::Ended).await;
    assert!(ended.session.message.is_some_and(|message| message.text.contains("gave up")));
}

#[tokio::test(start_paused = true)]
async fn an_app_names_destinations_that_go_with_its_part() {
    let scene = scene();
    scene.wear().await;
    scene.connect(ONE).await;
    let start = AppFact::StartManaged {
        quality: None,
        enable_webrtc: false,
        destinations: vec![
            (DestinationKey::parse("rtmp://127.0.0.1/app/key").expect("a line"), Some("Tube".to_owned())),
            (DestinationKey::parse("ftp://127.0.0.1").expect("a line"), None),
        ],
        duration_limit_ms: None,
        hints: CameraHints::default(),
    };
    scene.app(ONE, start).await;
    scene.play().await;
    let shown = scene.console.snapshot().await.expect("runs").destinations;
    assert_eq!(shown.len(), 1, "what cannot be used is left out");
    assert_eq!((shown[0].name.as_str(), shown[0].added_by.as_deref()), ("Tube", Some(ONE)));
    assert!(shown[0].enabled);
    let told = scene.told(ONE);
    let outputs = &told.last().expect("told").outputs;
    assert_eq!(outputs[0].url.expose(), "rtmp://127.0.0.1/app/key", "as the app gave it");
    scene.app(ONE, AppFact::StopManaged).await;
    scene.until(Phase::Ended).await;
    scene.settle().await;
    assert!(scene.console.snapshot().await.expect("runs").destinations.is_empty());
    assert!(scene.world.0.keys.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_check_tells_the_true_state() {
    let scene = scene();
    scene.wear().await;
    scene.connect(ONE).await;
    scene.world.said();
    scene.app(ONE, AppFact::Check { request: None }).await;
    assert_eq!(scene.world.said(), [Said::Check(ONE.to_owned(), None)]);
    scene.app(ONE, managed()).await;
    scene.app(ONE, AppFact::Check { request: None }).await;
    scene.play().await;
    scene.app(ONE, AppFact::Check { request: None }).await;
    let checks: Vec<(State, bool, u32)> = scene
        .world
        .said()
        .into_iter()
        .filter_map(|said| match said {
            Said::Check(_, Some(told)) => Some((told.state, told.urls.is_some(), told.apps)),
            _ => None,
        })
        .collect();
    assert_eq!(checks, [(State::AwaitingCamera, false, 1), (State::Live, true, 1)]);
}

#[tokio::test(start_paused = true)]
async fn apps_that_ran_are_called_again_when_the_program_comes_up() {
    let first = scene();
    first.connect(ONE).await;
    first.register(TWO, &[]).await;
    first.world.said();
    let second = scene_of(first.world.clone(), settings());
    second.settle().await;
    assert_eq!(second.world.said(), [Said::Called(ONE.to_owned())]);
    assert_eq!(second.app_state(ONE).await, AppState::Starting);
    assert_eq!(second.app_state(TWO).await, AppState::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_app_is_told_and_leaves_the_stream() {
    let scene = scene();
    scene.wear().await;
    scene.connect(ONE).await;
    scene.app(ONE, managed()).await;
    scene.play().await;
    scene.world.said();
    scene.console.stop_app(one(ONE)).await.expect("stopped");
    scene.until(Phase::Ended).await;
    assert!(scene.world.said().contains(&Said::Stopped(ONE.to_owned())));
    assert_eq!(scene.app_state(ONE).await, AppState::Stopped);
}
