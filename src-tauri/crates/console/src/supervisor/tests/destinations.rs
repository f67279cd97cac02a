//! Destinations: private by default, in step with the stream, remembered.

use session::destination::Fault;
use session::{DestinationId, DestinationKey};

use super::*;
use crate::api::{
    AddDestination, DestinationState, DestinationView, OneDestination, SetDestination, Severity,
    SomeDestinations, UpdateDestination,
};
use crate::ports::{KeyStore as _, OutputFact};

fn wanted(name: &str) -> AddDestination {
    AddDestination {
        preset: "custom".to_owned(),
        name: Some(name.to_owned()),
        url: Some("rtmp://127.0.0.1/app".to_owned()),
        stream_key: format!("key-of-{name}"),
        hold_limit_s: None,
        bandwidth_test: false,
    }
}

impl Scene {
    async fn add(&self, name: &str) -> String {
        self.console.add_destination(wanted(name)).await.expect("added").id
    }

    async fn shown(&self, id: &str) -> DestinationView {
        let snapshot = self.console.snapshot().await.expect("runs");
        snapshot.destinations.into_iter().find(|view| view.id == id).expect("it is shown")
    }

    async fn set(&self, id: &str, enabled: bool) {
        let wanted = SetDestination { id: id.to_owned(), enabled };
        self.console.set_destination(wanted).await.expect("switched");
    }

    async fn fact(&self, id: &str, attempt: u64, fact: OutputFact) {
        let id = DestinationId::parse(id).expect("an id");
        self.output_facts.send(OutputEvent { id, attempt, fact }).await.expect("the supervisor runs");
    }

    /// Waits until the screen shows the destination in the state.
    async fn until_destination(&self, id: &str, state: DestinationState) -> DestinationView {
        let (snapshot, mut events) = self.console.subscribe().await.expect("runs");
        let mut shown = snapshot.destinations;
        loop {
            if let Some(view) = shown.iter().find(|view| view.id == id && view.state == state) {
                return view.clone();
            }
            if let Change::Destinations { destinations, .. } = events.recv().await.expect("an event").change {
                shown = destinations;
            }
        }
    }

    fn pushes(&self) -> Vec<Option<u64>> {
        self.world.0.pushes.lock().unwrap().iter().map(|(_, attempt)| *attempt).collect()
    }
}

fn one(id: &str) -> OneDestination {
    OneDestination { id: id.to_owned() }
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_private_until_go_live_and_the_next_one_too() {
    let scene = scene();
    let id = scene.add("first").await;
    let ids = SomeDestinations { ids: vec![id.clone()] };
    assert_eq!(scene.console.go_live(ids.clone()).await.expect_err("no stream").code, Code::Busy);
    scene.go_live().await;
    assert_eq!(scene.shown(&id).await.state, DestinationState::Disabled);
    assert!(scene.pushes().is_empty(), "nothing goes out by itself");

    scene.console.go_live(ids).await.expect("live");
    scene.fact(&id, 1, OutputFact::Accepted).await;
    scene.fact(&id, 1, OutputFact::Draining).await;
    let live = scene.until_destination(&id, DestinationState::Broadcasting).await;
    assert!(live.enabled && live.broadcasting_since_ms.is_some());

    scene.console.stop_stream().await.expect("stopped");
    scene.until(Phase::Ended).await;
    let off = scene.shown(&id).await;
    assert_eq!((off.enabled, off.state), (false, DestinationState::Disabled));
    assert_eq!(scene.pushes(), [Some(1), None]);
    assert!(!scene.world.0.destinations.lock().unwrap()[0].enabled, "a restart must not go public either");
}

#[tokio::test(start_paused = true)]
async fn destinations_stay_on_for_those_who_choose_so() {
    let scene = scene_with(Settings { keep_destinations_on: true, ..settings() });
    let id = scene.add("first").await;
    scene.set(&id, true).await;
    assert_eq!(scene.shown(&id).await.state, DestinationState::Idle);
    scene.go_live().await;
    scene.until_destination(&id, DestinationState::Starting).await;
    scene.console.stop_stream().await.expect("stopped");
    scene.until(Phase::Ended).await;
    assert_eq!(scene.shown(&id).await.state, DestinationState::Idle);
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_fails_is_tried_again_by_itself_and_at_once_when_asked() {
    let scene = scene();
    let id = scene.add("first").await;
    scene.set(&id, true).await;
    scene.go_live().await;
    scene.fact(&id, 1, OutputFact::Failed(Fault::Refused)).await;
    let retrying = scene.until_destination(&id, DestinationState::Retrying).await;
    assert!(retrying.retry_at_ms.is_some() && retrying.message.is_some());
    scene.until_destination(&id, DestinationState::Starting).await;
    assert_eq!(scene.pushes().last(), Some(&Some(2)));
    scene.fact(&id, 2, OutputFact::Failed(Fault::Dns)).await;
    scene.until_destination(&id, DestinationState::Retrying).await;
    let before = Instant::now();
    scene.console.retry_destination(one(&id)).await.expect("tried");
    assert_eq!(scene.shown(&id).await.state, DestinationState::Starting);
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_final_until_it_is_changed() {
    let scene = scene();
    let id = scene.add("first").await;
    scene.set(&id, true).await;
    scene.go_live().await;
    scene.fact(&id, 1, OutputFact::Failed(Fault::PublishRejected("no".to_owned()))).await;
    let refused = scene.until_destination(&id, DestinationState::Errored).await;
    assert_eq!((refused.severity, refused.retry_at_ms), (Some(Severity::Fatal), None));
    tokio::time::advance(Duration::from_secs(600)).await;
    assert_eq!(scene.pushes(), [Some(1)], "it is not hammered");

    let edited = UpdateDestination {
        id: id.clone(),
        name: "First".to_owned(),
        url: refused.url,
        stream_key: Some("another".to_owned()),
        hold_limit_s: Some(5),
        bandwidth_test: false,
    };
    scene.console.update_destination(edited).await.expect("changed");
    let again = scene.shown(&id).await;
    assert_eq!((again.state, again.name.as_str()), (DestinationState::Starting, "First"));
    let key = scene.console.reveal_key(one(&id)).await.expect("shown to who asked").stream_key;
    assert_eq!(key, "another");
}

#[tokio::test(start_paused = true)]
async fn destinations_follow_interruptions_and_are_removed_while_live() {
    let scene = scene();
    let id = scene.add("first").await;
    scene.set(&id, true).await;
    scene.go_live().await;
    scene.fact(&id, 1, OutputFact::Accepted).await;
    scene.fact(&id, 1, OutputFact::Draining).await;
    scene.until_destination(&id, DestinationState::Broadcasting).await;
    scene.tell(ProviderEvent::MediaLost).await;
    scene.until_destination(&id, DestinationState::Interrupted).await;
    scene.tell(ProviderEvent::MediaArrived).await;
    scene.tell(ProviderEvent::Playable).await;
    scene.until_destination(&id, DestinationState::Broadcasting).await;
    assert_eq!(scene.pushes(), [Some(1)], "one connection throughout");

    scene.console.remove_destination(one(&id)).await.expect("removed");
    assert_eq!(scene.pushes(), [Some(1), None]);
    assert!(scene.console.snapshot().await.expect("runs").destinations.is_empty());
    let gone = DestinationId::parse(&id).expect("an id");
    assert_eq!(scene.world.get(&gone).await, Ok(DestinationKey::default()), "its key is forgotten");
}

#[tokio::test(start_paused = true)]
async fn order_copies_and_limits() {
    let scene = scene();
    let first = scene.add("first").await;
    let second = scene.add("second").await;
    let copy = scene.console.duplicate_destination(one(&first)).await.expect("copied").id;
    let names = |snapshot: crate::Snapshot| -> Vec<String> {
        snapshot.destinations.into_iter().map(|view| view.name).collect()
    };
    assert_eq!(names(scene.console.snapshot().await.expect("runs")), ["first", "first copy", "second"]);
    let key = scene.console.reveal_key(one(&copy)).await.expect("shown").stream_key;
    assert_eq!(key, "key-of-first");

    let order = SomeDestinations { ids: vec![second, copy.clone(), first.clone()] };
    scene.console.order_destinations(order).await.expect("ordered");
    assert_eq!(names(scene.console.snapshot().await.expect("runs")), ["second", "first copy", "first"]);
    for ids in [vec![first.clone()], vec![first.clone(), first.clone(), copy]] {
        let refused = scene.console.order_destinations(SomeDestinations { ids }).await;
        assert_eq!(refused.expect_err("each once").code, Code::InvalidRequest);
    }

    for wrong in [
        AddDestination { preset: "nowhere".to_owned(), ..wanted("x") },
        AddDestination { url: Some("http://x".to_owned()), ..wanted("x") },
        AddDestination { url: None, ..wanted("x") },
        AddDestination { name: Some("  ".to_owned()), ..wanted("x") },
        AddDestination { stream_key: "two\nlines".to_owned(), ..wanted("x") },
        AddDestination { hold_limit_s: Some(86_401), ..wanted("x") },
    ] {
        let refused = scene.console.add_destination(wrong).await.expect_err("refused");
        assert_eq!(refused.code, Code::InvalidRequest);
    }
    while scene.console.snapshot().await.expect("runs").destinations.len() < 50 {
        scene.add("more").await;
    }
    assert!(scene.console.add_destination(wanted("one too many")).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn trials_and_checks_answer_in_words() {
    let scene = scene();
    let id = scene.add("first").await;
    let trial = scene.console.test_destination(one(&id)).await.expect("answered");
    assert!(!trial.accepted && trial.message.next_step.is_some());
    assert_eq!(scene.console.broadcast_check().await.expect_err("no stream").code, Code::Busy);
    scene.go_live().await;
    let console = scene.console.clone();
    let running = tokio::spawn(async move { console.broadcast_check().await });
    tokio::task::yield_now().await;
    assert_eq!(scene.console.broadcast_check().await.expect_err("one at a time").code, Code::Busy);
    running.abort();
    let preflight = scene.console.preflight().await.expect("answered");
    assert_eq!((preflight.measured, preflight.destinations.len()), (false, 1));
}

/// A stream left open so long ago, and a destination that was on.
fn left_open(age_ms: u64) -> Script {
    let world = Script::default();
    let at_ms = START_MS - age_ms;
    world.0.left_open.lock().unwrap().push(open_row(at_ms));
    world.0.destinations.lock().unwrap().push(DestinationRow {
        id: DestinationId::from_random([3; 16]),
        name: "first".to_owned(),
        preset: "custom".to_owned(),
        url: "rtmp://127.0.0.1/app".to_owned(),
        enabled: true,
        has_key: false,
        hold_limit_s: None,
        added_by: None,
        bandwidth_test: false,
    });
    world
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_goes_on_after_a_restart_but_not_days_later() {
    for (age_ms, goes_on) in [(30_000, true), (3 * 86_400_000, false)] {
        let scene = scene_of(left_open(age_ms), settings());
        let snapshot = scene.console.snapshot().await.expect("runs");
        assert_eq!(snapshot.destinations[0].enabled, goes_on, "{age_ms} ms later");
        assert_eq!(scene.world.0.destinations.lock().unwrap()[0].enabled, goes_on);
        let kept = Settings { keep_destinations_on: true, ..settings() };
        let scene = scene_of(left_open(age_ms), kept);
        assert!(scene.console.snapshot().await.expect("runs").destinations[0].enabled);
    }
}

#[tokio::test(start_paused = true)]
async fn a_destination_can_be_mended_while_its_keychain_is_away() {
    let scene = scene();
    let id = scene.add("first").await;
    scene.world.0.keys_away.store(true, Ordering::SeqCst);
    let away = scene.console.reveal_key(one(&id)).await.err();
    assert_eq!(away.map(|error| error.code), Some(Code::Storage));
    let edited = |stream_key: Option<&str>| UpdateDestination {
        id: id.clone(),
        name: "Renamed".to_owned(),
        url: "rtmp://127.0.0.1/app".to_owned(),
        stream_key: stream_key.map(str::to_owned),
        hold_limit_s: None,
        bandwidth_test: false,
    };
    scene.console.update_destination(edited(None)).await.expect("renamed");
    scene.console.update_destination(edited(Some("entered-again"))).await.expect("mended");
    scene.world.0.keys_away.store(false, Ordering::SeqCst);
    let key = scene.console.reveal_key(one(&id)).await.expect("shown").stream_key;
    assert_eq!(key, "entered-again");
}

#[tokio::test(start_paused = true)]
async fn what_is_connected_is_not_tested_by_a_second_connection() {
    let scene = scene();
    let id = scene.add("first").await;
    scene.set(&id, true).await;
    scene.go_live().await;
    scene.until_destination(&id, DestinationState::Starting).await;
    let told = scene.console.test_destination(one(&id)).await.expect("answered");
    assert!(!told.accepted, "not yet: {told:?}");
    assert_eq!(told.message.tone, crate::api::Tone::Info, "nothing failed");
}
