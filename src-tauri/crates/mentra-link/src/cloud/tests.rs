//! Sessions with scripted clouds.

use std::time::Duration;

use mentra_wire::{HubToApp, ManagedStreamRequest, StreamStatusWord};
use serde_json::{Value, json};

use super::testing::{Cloud, KEY, PACKAGE, Rig, SESSION, USER, config, quick, request};
use super::*;
use crate::testing::patiently;

mod ends;
mod secure;
mod webhook;

fn start_managed() -> AppMessage {
    AppMessage::StartManaged(ManagedStreamRequest::default())
}

#[tokio::test]
async fn the_webhook_is_answered_before_anything_is_dialled() {
    let cloud = Cloud::start().await;
    let mut rig = Rig::start(quick()).await;
    // Nobody takes the connection yet.
    assert_eq!(rig.called(request(&cloud.url, 1)).await, None);
    assert_eq!(
        rig.app.sessions(),
        [CloudSession { session_id: SESSION.to_owned(), user_id: USER.to_owned(), connected: false }]
    );
    assert!(!rig.app.say(SESSION, start_managed()), "nothing is queued while not connected");
    let mut line = cloud.accept().await;
    assert_eq!(line.path, "/app-ws");
    assert_eq!(line.header("x-api-key"), None);
    assert_eq!(
        line.json().await,
        json!({"type": "tpa_connection_init", "sessionId": SESSION, "packageName": PACKAGE, "apiKey": KEY,
               "timestamp": "2026-11-22T16:09:26.583Z"})
    );
    // What comes before the acknowledgement does not count as one.
    line.send(json!({"type": "device_state_update", "state": {}})).await;
    line.send(json!({"type": "tpa_connection_ack", "capabilities": {"modelName": "Mentra Live"}})).await;
    assert_eq!(
        line.json().await,
        json!({"type": "subscription_update", "packageName": PACKAGE, "sessionId": SESSION,
               "subscriptions": ["managed_stream_status", "rtmp_stream_status", "glasses_connection_state", "glasses_battery_update"],
               "timestamp": "2026-11-22T16:09:26.583Z"})
    );
    let CloudEvent::Connected { session, again, capabilities } = rig.next().await else { panic!("no ack") };
    assert_eq!((session.connected, again), (true, false));
    assert_eq!(capabilities.expect("some")["modelName"], "Mentra Live");
    assert!(rig.app.sessions()[0].connected);
    rig.app.stop().await;
}

#[tokio::test]
async fn v3_says_the_session_in_headers() {
    let cloud = Cloud::start().await;
    let mut rig = Rig::start(quick()).await;
    let url = format!("ws://{}/ws/miniapp", cloud.address());
    let body = json!({"type": "session_request", "sessionId": "s-1", "userId": USER, "websocketUrl": url});
    assert_eq!(rig.called(body).await, None);
    let mut line = cloud.accept().await;
    assert_eq!(line.path, "/ws/miniapp");
    let headers = ["x-user-id", "x-session-id", "x-package-name", "x-api-key"].map(|name| line.header(name));
    assert_eq!(headers, [Some(USER), Some("s-1"), Some(PACKAGE), Some(KEY)]);
    let init = line.json().await;
    assert_eq!((init.get("sessionId"), &init["packageName"]), (None, &json!(PACKAGE)));
    line.send(json!({"type": "tpa_connection_ack"})).await;
    assert_eq!(line.json().await["subscriptions"], json!(["managed_stream_status", "stream_status"]));
    assert!(!rig.connected().await);
    assert!(rig.app.say("s-1", start_managed()));
    let said = line.json().await;
    assert_eq!((&said["type"], &said["sessionId"]), (&json!("managed_stream_request"), &json!("s-1")));
    rig.app.stop().await;
}

#[tokio::test]
async fn statuses_are_told_with_and_without_their_envelope() {
    let cloud = Cloud::start().await;
    let mut rig = Rig::start(quick()).await;
    let mut line = rig.with(&cloud, 1).await;
    line.send(json!({"type": "pong", "timestamp": 1})).await;
    line.send(json!({"type": "tpa_connection_ack"})).await;
    line.binary(vec![0; 1_000]).await;
    line.send(json!("no message")).await;
    line.send(json!({"type": "managed_stream_status", "status": "active", "streamId": "m1"})).await;
    line.send(json!({"type": "data_stream", "streamType": "rtmp_stream_status", "sessionId": SESSION,
                     "data": {"type": "rtmp_stream_status", "streamId": "s1", "status": "active"}}))
        .await;
    line.send(json!({"type": "something_new", "a": 1})).await;
    assert!(
        matches!(rig.told().await, HubToApp::ManagedStatus(status) if status.stream_id.as_deref() == Some("m1"))
    );
    assert!(
        matches!(rig.told().await, HubToApp::StreamStatus(status) if status.status == StreamStatusWord::Active)
    );
    assert!(matches!(rig.told().await, HubToApp::Unknown(unknown) if unknown.type_name == "something_new"));
    // Nothing is answered to what is not known.
    assert!(rig.app.say(SESSION, start_managed()));
    assert_eq!(line.json().await["type"], "managed_stream_request");
    rig.app.stop().await;
}

#[tokio::test]
async fn two_users_are_kept_apart() {
    let cloud = Cloud::start().await;
    let mut rig = Rig::start(quick()).await;
    let mut lines = Vec::new();
    for user in ["a@example.com", "b@example.com"] {
        let body = json!({"type": "session_request", "sessionId": format!("{user}-s"), "userId": user,
                          "mentraOSWebsocketUrl": cloud.url});
        assert_eq!(rig.called(body).await, None);
        let mut line = cloud.accept().await;
        line.acknowledge().await;
        assert!(!rig.connected().await);
        lines.push(line);
    }
    let mut second = lines.pop().expect("two");
    let first = lines.pop().expect("two");
    second.send(json!({"type": "managed_stream_status", "status": "active"})).await;
    let CloudEvent::Told { session_id, .. } = rig.next().await else { panic!("not told") };
    assert_eq!(session_id, "b@example.com-s");
    first.close(1011, "").await;
    let CloudEvent::Lost { session_id, .. } = rig.next().await else { panic!("not lost") };
    assert_eq!(session_id, "a@example.com-s");
    assert!(!rig.app.say("a@example.com-s", start_managed()));
    assert!(rig.app.say("b@example.com-s", start_managed()));
    assert_eq!(second.json().await["type"], "managed_stream_request");
    // Nobody may end another's session.
    let stop = json!({"type": "stop_request", "sessionId": "b@example.com-s", "userId": "a@example.com"});
    rig.call(stop).await;
    assert!(matches!(rig.next().await, CloudEvent::Webhook { .. }));
    assert!(rig.app.say("b@example.com-s", start_managed()));
    assert_eq!(second.json().await["type"], "managed_stream_request");
    rig.app.stop().await;
}

#[tokio::test]
async fn a_full_queue_takes_no_more_and_a_cloud_that_does_not_read_is_lost() {
    let cloud = Cloud::start().await;
    let timing = CloudTiming { take_within: Duration::from_millis(50), ..quick() };
    let mut rig = Rig::start(timing).await;
    let line = rig.with(&cloud, 1).await;
    // No other task runs between these.
    let taken = (0..100).filter(|_| rig.app.say(SESSION, start_managed())).count();
    assert_eq!(taken, sessions::SAYING);
    let long = || {
        let quality = Some("x".repeat(1 << 20));
        AppMessage::StartManaged(ManagedStreamRequest { quality, ..Default::default() })
    };
    let reason = loop {
        rig.app.say(SESSION, long());
        tokio::task::yield_now().await;
        if let Ok(event) = rig.events.try_recv() {
            let CloudEvent::Lost { reason, .. } = event else { panic!("{event:?}") };
            break reason;
        }
    };
    assert_eq!(reason, "the cloud does not read");
    drop(line);
    rig.app.stop().await;
}

#[tokio::test]
async fn a_newer_call_is_dialled_before_the_old_socket_is_left() {
    let (cloud, next) = (Cloud::start().await, Cloud::start().await);
    let mut rig = Rig::start(quick()).await;
    let mut old = rig.with(&cloud, 5).await;
    assert_eq!(rig.called(request(&next.url, 6)).await, None);
    let mut new = next.accept().await;
    assert_eq!(new.json().await["type"], "tpa_connection_init");
    // The old one is still the one.
    assert!(rig.app.say(SESSION, start_managed()));
    assert_eq!(old.json().await["type"], "managed_stream_request");
    new.send(json!({"type": "tpa_connection_ack"})).await;
    assert_eq!(new.json().await["type"], "subscription_update");
    assert!(rig.connected().await);
    let (said, code) = old.closed().await;
    assert_eq!((said[0]["reason"].as_str(), code), (Some("switching_clouds"), Some(1000)));
    assert!(rig.app.say(SESSION, start_managed()));
    assert_eq!(new.json().await["type"], "managed_stream_request");
    new.close(1011, "").await;
    rig.lost().await;
    let mut again = next.accept().await;
    again.acknowledge().await;
    assert!(rig.connected().await);
    rig.app.stop().await;
    cloud.nobody_came();
}

#[tokio::test]
async fn a_newer_call_that_leads_nowhere_leaves_the_old_socket() {
    let (cloud, next) = (Cloud::start().await, Cloud::start().await);
    let mut rig = Rig::start(quick()).await;
    let mut old = rig.with(&cloud, 5).await;
    assert_eq!(rig.called(request(&next.url, 6)).await, None);
    let mut new = next.accept().await;
    new.json().await;
    new.refuse("INVALID_API_KEY", "Invalid API key").await;
    assert!(matches!(rig.told().await, HubToApp::ConnectionError(_)));
    assert!(rig.app.say(SESSION, start_managed()));
    assert_eq!(old.json().await["type"], "managed_stream_request");
    rig.app.stop().await;
    next.nobody_came();
}

#[tokio::test]
async fn a_replayed_or_older_call_is_answered_and_ignored() {
    let (cloud, other) = (Cloud::start().await, Cloud::start().await);
    let mut rig = Rig::start(quick()).await;
    let mut line = rig.with(&cloud, 5).await;
    for at in [5, 4] {
        assert_eq!(rig.called(request(&other.url, at)).await, None);
    }
    assert!(rig.app.say(SESSION, start_managed()));
    assert_eq!(line.json().await["type"], "managed_stream_request");
    rig.app.stop().await;
    other.nobody_came();
}

#[tokio::test]
async fn stopping_takes_leave() {
    let cloud = Cloud::start().await;
    let mut rig = Rig::start(quick()).await;
    let line = rig.with(&cloud, 1).await;
    let ((), (said, code)) = tokio::join!(patiently(rig.app.stop()), line.closed());
    assert_eq!(said.len(), 1);
    assert_eq!(
        (&said[0]["type"], &said[0]["reason"]),
        (&json!("ownership_release"), &json!("clean_shutdown"))
    );
    assert_eq!(code, Some(1000));
    assert_eq!(patiently(rig.events.recv()).await, None, "all who could tell are gone");
    cloud.nobody_came();
}

/// On threads of their own, so that the end can come at any moment of the saying.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_before_the_end_arrives() {
    for round in 0..100 {
        let cloud = Cloud::start().await;
        let mut rig = Rig::start(quick()).await;
        let line = rig.with(&cloud, 1).await;
        assert!(rig.app.say(SESSION, start_managed()));
        let ((), (said, _)) = tokio::join!(patiently(rig.app.stop()), line.closed());
        let kinds: Vec<_> = said.iter().map(|message| message["type"].as_str().unwrap_or_default()).collect();
        assert_eq!(kinds, ["managed_stream_request", "ownership_release"], "round {round}");
    }
}

#[tokio::test]
async fn dropping_it_ends_it_too() {
    let cloud = Cloud::start().await;
    let mut rig = Rig::start(quick()).await;
    let line = rig.with(&cloud, 1).await;
    drop(rig.app);
    assert_eq!(line.closed().await.1, Some(1000));
    assert_eq!(patiently(rig.events.recv()).await, None);
}

#[tokio::test]
async fn the_key_is_said_to_the_cloud_and_to_nobody_else() {
    let cloud = Cloud::start().await;
    let config = config(quick());
    let mut shown = format!("{config:?}");
    let mut rig = Rig::start_with(config).await;
    shown += &format!("{:?}", rig.app);
    let mut line = rig.with(&cloud, 1).await;
    // A cloud that repeats it.
    let message = format!("Key {KEY} may not do this");
    line.send(json!({"type": "tpa_connection_error", "code": "PERMISSION_DENIED", "message": message})).await;
    shown += &format!("{:?}", rig.next().await);
    line.send(json!({"type": "something_new", KEY: KEY, "list": [KEY]})).await;
    shown += &format!("{:?}", rig.next().await);
    line.close(1008, KEY).await;
    let reason = rig.lost().await;
    assert!(reason.contains("***"), "{reason}");
    let refusal = format!(
        "HTTP/1.1 401 Unauthorized\r\ncontent-length: {}\r\n\r\n{}",
        70 + KEY.len(),
        format_args!(r#"{{"type":"tpa_connection_error","code":"JWT_INVALID","message":"Bad: {KEY}"}}"#)
    );
    let asked = cloud.answer(&refusal).await;
    assert!(!asked.contains(KEY), "the classic dialect says it in its init only");
    shown += &reason;
    shown += &format!("{:?}", rig.over().await);
    let frames = rig.app.frames(0);
    assert!(frames.iter().any(|frame| frame.text.contains("tpa_connection_init")));
    let newest = frames.last().expect("some").seq;
    assert!(rig.app.frames(newest).is_empty());
    shown += &format!("{frames:?}");
    assert!(shown.contains("JWT_INVALID"), "{shown}");
    assert!(!shown.contains(KEY), "{shown}");
    rig.app.stop().await;
}

#[tokio::test]
async fn a_silent_cloud_is_lost() {
    let cloud = Cloud::start().await;
    let soon = Duration::from_millis(20);
    let timing = CloudTiming { ping_every: soon, silent_after: 2 * soon, ..quick() };
    let mut rig = Rig::start(timing).await;
    // Pongs are sent by reading, which nobody does.
    let _line = rig.with(&cloud, 1).await;
    assert_eq!(rig.lost().await, "the cloud fell silent");
    rig.app.stop().await;
}

#[tokio::test]
async fn one_session_is_dialled_no_more_often_than_the_spacing_allows() {
    let cloud = Cloud::start().await;
    let spacing = Duration::from_millis(60);
    let mut rig = Rig::start(CloudTiming { dial_spacing: spacing, ..quick() }).await;
    let begun = std::time::Instant::now();
    for at in 1..4 {
        rig.called(request(&cloud.url, at)).await;
        let mut line = cloud.accept().await;
        line.json().await;
        line.refuse("APP_NOT_STARTED", "App not started for this session").await;
        rig.told().await;
        assert_eq!(rig.over().await, CloudEnd::NotStarted);
    }
    assert!(begun.elapsed() >= 2 * spacing, "{:?}", begun.elapsed());
    rig.app.stop().await;
}

#[tokio::test]
async fn our_own_hub_takes_it_for_an_app_of_the_sdk() {
    use crate::event::HubEvent;
    let mut hub = crate::testing::Rig::start(crate::Timing::default()).await;
    let mut rig = Rig::start(quick()).await;
    assert!(hub.hub.session_request(PACKAGE, &rig.url("")));
    // The webhook's answer is no part of the order.
    loop {
        match hub.next().await {
            HubEvent::AppHello { answer, .. } => answer.send(Ok(crate::AppWelcome {})).expect("it waits"),
            HubEvent::AppConnected { .. } => break,
            HubEvent::WebhookAnswered { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(rig.next().await, CloudEvent::Webhook { refused: None, .. }));
    assert!(!rig.connected().await);
    let mut heard = Vec::new();
    assert!(rig.app.say(SESSION, start_managed()));
    while !heard.iter().any(|name| name == "managed_stream_request") {
        if let HubEvent::AppMessage { message, .. } = hub.next().await {
            heard.push(message.type_name().to_owned());
        }
    }
    hub.hub.stop_app(PACKAGE, "user_disabled");
    assert!(matches!(rig.told().await, HubToApp::AppStopped(_)));
    assert_eq!(rig.over().await, CloudEnd::Stopped { reason: "user_disabled".to_owned() });
    rig.app.stop().await;
    hub.hub.shutdown().await;
}
