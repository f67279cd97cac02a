//! WebRTC: who asks for it, where its address is shown, and what may be set.

use super::world::Said;
use super::*;
use crate::ports::{AppFact, CameraFact, CameraHints, GlassesFact};

impl Script {
    /// What the engine would say of a stream that is offered.
    fn fit(&self, state: WebRtcState) {
        *self.0.webrtc.lock().unwrap() = WebRtcView { state, ..WebRtcView::default() };
    }

    fn is_on(&self) -> bool {
        self.0.webrtc_on.load(Ordering::SeqCst)
    }
}

impl Scene {
    async fn address(&self) -> Option<String> {
        self.console.snapshot().await.expect("runs").session.urls?.webrtc
    }

    /// Time for the next measurement.
    async fn measured(&self) {
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
}

fn wants(enable_webrtc: bool) -> AppFact {
    AppFact::StartManaged {
        quality: None,
        enable_webrtc,
        destinations: Vec::new(),
        duration_limit_ms: None,
        hints: CameraHints::default(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_encoder_gets_what_the_settings_say() {
    for webrtc in [true, false] {
        let scene = scene_with(Settings { webrtc, ..settings() });
        scene.world.fit(WebRtcState::Ready);
        scene.go_live().await;
        let session = scene.console.snapshot().await.expect("runs").session;
        assert_eq!((session.enable_webrtc, scene.world.is_on()), (webrtc, webrtc));
        assert_eq!(session.urls.expect("it is live").webrtc.is_some(), webrtc);
    }
}

#[tokio::test(start_paused = true)]
async fn a_script_says_it_itself_and_a_hand_at_the_tray_means_the_settings() {
    let scene = scene();
    scene.console.start_managed(StartManaged::default()).await.expect("started");
    assert!(!scene.world.is_on());
    scene.console.stop_stream().await.expect("stopped");
    scene.console.start_by_hand(CameraLink::Manual).await.expect("started");
    assert!(scene.world.is_on());
}

#[tokio::test(start_paused = true)]
async fn joining_switches_it_on_once_and_never_off() {
    let scene = scene();
    let with = |enable_webrtc| StartManaged { enable_webrtc, ..StartManaged::default() };
    for wanted in [false, true, true, false] {
        scene.console.start_managed(with(wanted)).await.expect("started or joined");
    }
    let session = scene.console.snapshot().await.expect("runs").session;
    assert!(session.enable_webrtc && scene.world.is_on());
    let calls = scene.world.calls();
    let told: Vec<_> = calls.into_iter().filter(|call| call.starts_with("webrtc")).collect();
    assert_eq!(told, ["webrtc", "webrtc written"]);
}

#[tokio::test(start_paused = true)]
async fn the_address_is_in_the_first_active_and_goes_and_comes_with_the_picture() {
    let scene = scene();
    let (_, mut events) = scene.console.subscribe().await.expect("runs");
    scene.world.fit(WebRtcState::Ready);
    scene.go_live().await;
    while let Ok(event) = events.try_recv() {
        if let Change::Session { session } = event.change
            && let Some(urls) = session.urls
        {
            assert!(urls.webrtc.is_some(), "an active without the address");
        }
    }
    let address = scene.address().await;
    scene.world.fit(WebRtcState::BFrames);
    scene.measured().await;
    let session = scene.console.snapshot().await.expect("runs").session;
    assert_eq!(session.webrtc.state, WebRtcState::BFrames);
    assert_eq!(session.urls.and_then(|urls| urls.webrtc), None);
    scene.world.fit(WebRtcState::Ready);
    scene.measured().await;
    assert_eq!(scene.address().await, address);
}

#[tokio::test(start_paused = true)]
async fn an_app_that_joins_switches_it_on_for_everybody() {
    const ONE: &str = "com.example.one";
    const TWO: &str = "com.example.two";
    let scene = scene();
    scene.world.fit(WebRtcState::Ready);
    scene.glasses(GlassesFact::Connected { address: "127.0.0.1".to_owned() }).await;
    for name in [ONE, TWO] {
        scene.connect(name).await;
    }
    scene.app(ONE, wants(false)).await;
    scene.camera(CameraFact::Streaming { bitrate_bps: None, fps: None }).await;
    scene.world.0.publishing.store(true, Ordering::SeqCst);
    scene.tell(ProviderEvent::MediaArrived).await;
    scene.tell(ProviderEvent::Playable).await;
    scene.until(Phase::Live).await;
    let addresses = |name: &str| -> Vec<Option<bool>> {
        let said = scene.world.said();
        let told = said.into_iter().filter_map(|said| match said {
            Said::Managed(app, told) if app == name => Some(told.urls.map(|urls| urls.webrtc.is_some())),
            _ => None,
        });
        told.collect()
    };
    assert_eq!(addresses(ONE).last(), Some(&Some(false)));
    scene.app(TWO, wants(true)).await;
    let said = scene.world.said();
    for name in [ONE, TWO] {
        let told = said.iter().filter_map(|said| match said {
            Said::Managed(app, told) if app == name => Some(told),
            _ => None,
        });
        let told: Vec<bool> =
            told.map(|told| told.urls.as_ref().is_some_and(|urls| urls.webrtc.is_some())).collect();
        assert_eq!(told, [true], "{name} hears of it once");
    }
    scene.app(TWO, wants(false)).await;
    assert!(scene.world.is_on(), "nobody takes it away");
    scene.world.fit(WebRtcState::BFrames);
    scene.measured().await;
    assert_eq!(addresses(ONE), [Some(false)], "it hears that the picture does not fit any more");
}

#[tokio::test(start_paused = true)]
async fn addresses_are_ip_addresses_and_are_offered_at_once() {
    let kept = Settings { webrtc_addresses: vec!["198.51.100.1".to_owned()], ..settings() };
    let scene = scene_with(kept);
    scene.console.snapshot().await.expect("runs");
    assert_eq!(*scene.world.0.offered.lock().unwrap(), ["198.51.100.1".parse::<IpAddr>().unwrap()]);
    let with = |addresses: &[&str]| Settings {
        webrtc_addresses: addresses.iter().map(|&text| text.to_owned()).collect(),
        ..settings()
    };
    let many: Vec<String> = (1..=9).map(|n| format!("203.0.113.{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for wrong in
        [&["home.example.org"][..], &["203.0.113.7:8936"], &["0.0.0.0"], &["224.0.0.1"], &[""], &many]
    {
        let refused = scene.console.update_settings(with(wrong)).await.expect_err("no addresses");
        assert!(refused.code == Code::InvalidRequest && refused.next_step.is_some(), "{refused:?}");
    }
    let view = scene
        .console
        .update_settings(with(&[" 203.0.113.7 ", "2001:DB8::1", "203.0.113.7"]))
        .await
        .expect("addresses");
    assert_eq!(view.chosen.webrtc_addresses, ["203.0.113.7", "2001:db8::1"]);
    assert!(!view.restart_needed, "the next viewer is offered them");
    assert_eq!(scene.world.0.offered.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn its_port_is_its_own_and_needs_a_restart() {
    let scene = scene();
    let on = |webrtc_port| Settings { webrtc_port, ..settings() };
    for taken in [1_935, 8_935, 8_002] {
        scene.console.update_settings(on(taken)).await.expect_err("another listener's");
    }
    assert!(scene.console.update_settings(on(9_000)).await.expect("a port").restart_needed);
}

#[test]
fn settings_of_an_older_version_still_load() {
    let kept = r#"{"rtmpPort":1935,"httpPort":8935,"lanAccess":true,"graceS":60,"startOnPublish":true,"theme":"dark"}"#;
    let read: Settings = serde_json::from_str(kept).expect("readable");
    assert_eq!((read.webrtc_port, read.webrtc, read.webrtc_addresses.len()), (8_936, true, 0));
}
