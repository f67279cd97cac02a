//! Before media comes: what runs is asked first, an address that changed is followed, and what keeps the video away is named.

use super::*;
use crate::ports::GlassesFact;

fn is_start(asked: &[CloudAsked]) -> bool {
    matches!(asked, [CloudAsked::Start(..)])
}

#[tokio::test(start_paused = true)]
async fn a_start_takes_no_other_apps_stream_away() {
    let others = [found(false, "s9", Some("com.other.app")), found(true, "m9", None)];
    for (other, name) in others.into_iter().zip(["com.other.app", "another app"]) {
        for here in [true, false] {
            let scene = scene();
            scene.set_up().await;
            if here {
                scene.console.start_managed(to_here()).await.expect("started");
            } else {
                scene.console.start_unmanaged(straight()).await.expect("started");
            }
            scene.session(other.clone()).await;
            let asked = scene.world.cloud_asked();
            assert_eq!(asked[0], CloudAsked::Check("one".to_owned()));
            assert!(
                !asked[1..].iter().any(|asked| *asked != CloudAsked::Release),
                "neither started nor stopped: {asked:?}"
            );
            let shown = scene.session_view().await;
            assert_eq!(shown.phase, Phase::Ended);
            let words = shown.message.expect("words");
            assert!(words.text.contains(name) && words.next_step.is_some(), "{words:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_this_app_left_running_is_replaced() {
    let scene = scene();
    scene.set_up().await;
    scene.console.start_unmanaged(straight()).await.expect("started");
    scene.world.cloud_asked();
    scene.session(found(false, "s9", Some(PACKAGE))).await;
    assert!(is_start(&scene.world.cloud_asked()));
    assert_eq!(scene.session_view().await.phase, Phase::AwaitingCamera, "it may go elsewhere");

    // A managed one whose stop the cloud did not obey.
    let scene = super::super::scene();
    scene.set_up().await;
    scene.console.start_managed(by_cloud()).await.expect("started");
    scene.session(told(true, CloudState::Starting)).await;
    scene.console.stop_stream().await.expect("stopped");
    scene.until(Phase::Ended).await;
    scene.world.cloud_asked();
    scene.console.start_managed(to_here()).await.expect("started");
    scene.session(found(true, "m1", None)).await;
    assert!(is_start(&scene.world.cloud_asked()[1..]));
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_does_not_know_the_question_is_not_waited_for() {
    let scene = scene();
    scene.set_up().await;
    scene.console.start_managed(to_here()).await.expect("started");
    // Another user's session comes and is lost meanwhile.
    for fact in [CloudFact::Connected { user_id: "b@example.com".to_owned() }, CloudFact::Lost] {
        scene.cloud(CloudEvent::Session { session_id: "two".to_owned(), fact }).await;
    }
    tokio::time::sleep(Duration::from_millis(2_900)).await;
    assert_eq!(scene.world.cloud_asked(), [CloudAsked::Check("one".to_owned())]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(is_start(&scene.world.cloud_asked()));
    // Its answer came too late to matter.
    scene.session(found(true, "m9", None)).await;
    assert_eq!(scene.session_view().await.phase, Phase::AwaitingCamera);
}

#[tokio::test(start_paused = true)]
async fn a_session_lost_while_it_was_asked_is_asked_again() {
    let scene = scene();
    scene.set_up().await;
    scene.console.start_managed(to_here()).await.expect("started");
    scene.session(CloudFact::Lost).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    scene.world.cloud_asked();
    scene.session(CloudFact::Connected { user_id: "a@example.com".to_owned() }).await;
    assert_eq!(scene.world.cloud_asked(), [CloudAsked::Check("one".to_owned())]);
    scene.session(found(false, "s9", Some(PACKAGE))).await;
    assert!(is_start(&scene.world.cloud_asked()), "it was never this one");
}

#[tokio::test(start_paused = true)]
async fn what_was_never_asked_for_is_not_stopped() {
    let scene = scene();
    scene.set_up().await;
    scene.console.start_unmanaged(straight()).await.expect("started");
    scene.console.stop_stream().await.expect("stopped");
    assert_eq!(scene.session_view().await.phase, Phase::Ended, "there is nothing to wait for");
    assert_eq!(scene.world.cloud_asked(), [CloudAsked::Check("one".to_owned()), CloudAsked::Release]);
    scene.session(CloudFact::Check(None)).await;
    assert_eq!(scene.world.cloud_asked(), [], "nor started afterwards");
}

#[tokio::test(start_paused = true)]
async fn glasses_are_sent_to_an_address_that_changed() {
    let scene = scene();
    scene.set_up().await;
    let at = |ip: &str| CloudFact::GlassesIp(Some(ip.parse().expect("an address")));
    scene.session(at("10.0.0.7")).await;
    scene.start_here().await;
    scene.session(told(false, CloudState::Starting)).await;
    scene.world.0.publishing.store(true, Ordering::SeqCst);
    scene.tell(ProviderEvent::MediaArrived).await;
    scene.tell(ProviderEvent::Playable).await;
    scene.until(Phase::Live).await;
    scene.session(at("10.1.0.7")).await;
    scene.world.0.publishing.store(false, Ordering::SeqCst);
    scene.tell(ProviderEvent::MediaLost).await;
    scene.until(Phase::Interrupted).await;
    scene.session(at("10.2.0.7")).await;
    let starts: Vec<_> = scene
        .world
        .cloud_asked()
        .into_iter()
        .filter_map(|asked| match asked {
            CloudAsked::Start(_, command) => command.glasses_ip,
            _ => None,
        })
        .collect();
    let wanted: Vec<IpAddr> =
        ["10.0.0.7", "10.1.0.7", "10.2.0.7"].map(|ip| ip.parse().expect("an address")).to_vec();
    assert_eq!(starts, wanted, "started, its video lost, moved again");
}

#[tokio::test(start_paused = true)]
async fn what_keeps_the_video_away_is_named() {
    let wifi = |wifi| {
        CloudFact::Glasses(GlassesFact::State { model: None, link: None, wifi: Some(wifi), wifi_name: None })
    };
    let far = CloudFact::GlassesIp(Some("192.168.7.7".parse().expect("an address")));
    let empty = CloudFact::Glasses(GlassesFact::Battery { percent: 4, charging: None });
    for (fact, text, step) in [
        (Some(wifi(false)), "no Wi-Fi", "Mentra app"),
        (Some(far), "192.168.7.7", "same Wi-Fi"),
        (Some(empty), "4 %", "Charge"),
        (None, "within 40 seconds", "firewall"),
    ] {
        let scene = scene();
        scene.set_up().await;
        scene.start_here().await;
        scene.session(told(false, CloudState::Live)).await;
        // What was so for a moment is not told.
        for past in [wifi(false), wifi(true)] {
            scene.session(past).await;
        }
        if let Some(fact) = fact {
            scene.session(fact).await;
        }
        let snapshot = scene.until(Phase::Ended).await;
        let words = snapshot.session.message.expect("words");
        assert!(
            words.text.contains("no video reached this computer") && words.text.contains(text),
            "{words:?}"
        );
        assert!(words.next_step.as_deref().expect("a next step").contains(step), "{words:?}");
    }
}
