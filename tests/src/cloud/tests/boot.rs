//! Starting apps, taking their sockets, losing them.

use std::time::Duration;

use serde_json::json;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::{APP, KEY, Rig, init, init_of};
use crate::cloud::{Ack, Boot, Era, Habits, Temper, Timing};

#[tokio::test]
async fn an_app_is_started_by_its_webhook_and_heard() {
    let mut rig = Rig::new(Habits::default()).await;
    let mut app = rig.app(APP).await;
    let said = rig.cloud.said();
    let request = &said[0].frame;
    assert_eq!(request["sessionId"], "user@example.com-com.example.console");
    assert_eq!((&request["websocketUrl"], &request["mentraOSWebsocketUrl"]), (&json!(null), &json!(null)));
    assert_eq!(app.heard()[0]["capabilities"]["modelName"], "Mentra Live");
    app.say(&json!({ "type": "subscription_update", "subscriptions": ["rtmp_stream_status"] })).await;
    app.say(&json!({ "type": "subscription_update", "subscriptions": [] })).await;
    app.say(&json!({ "type": "ping" })).await;
    app.until("pong", |pong| pong["timestamp"].is_u64()).await;
    assert_eq!(rig.user.subscriptions(APP), ["rtmp_stream_status"], "an early empty set is not believed");
    let update = rig.cloud.heard_matching("a subscription", |note| note.kind == "subscription_update").await;
    assert_eq!((update.peer.as_str(), update.user.as_str()), (APP, "user@example.com"));
    rig.cloud.heard_matching("the webhook's answer", |note| note.frame == json!({ "status": 200 })).await;
}

#[tokio::test]
async fn of_2026_all_three_addresses_are_named_and_the_glasses_described() {
    let mut rig = Rig::new(Habits { era: Era::Of2026, ..Habits::default() }).await;
    let glasses = rig.user.glasses(Temper::Wait);
    let mut app = rig.app(APP).await;
    let said = rig.cloud.said();
    let request = &said.iter().find(|note| note.kind == "session_request").expect("a webhook").frame;
    assert!(request["websocketUrl"].as_str().is_some_and(|url| url.ends_with("/ws/miniapp")));
    assert!(request["mentraOSWebsocketUrl"].as_str().is_some_and(|url| url.ends_with("/app-ws")));
    let state = app.until("device_state_update", |_| true).await;
    assert_eq!(state["fullSnapshot"], true);
    assert_eq!(state["state"]["wifiLocalIp"], "192.0.2.20");
    glasses.wifi(None);
    let state = app.until("device_state_update", |_| true).await;
    assert_eq!((&state["state"]["wifiConnected"], &state["fullSnapshot"]), (&json!(false), &json!(null)));
    glasses.battery(12.0, true);
    app.until("device_state_update", |update| update["state"]["batteryLevel"] == 12).await;
    assert_eq!(rig.user.facts().charging, Some(true));
    glasses.disconnect().await;
    app.until("device_state_update", |update| update["state"]["connected"] == false).await;
}

#[tokio::test]
async fn the_newest_dialect_says_in_headers_who_it_is() {
    let mut rig = Rig::new(Habits { era: Era::Of2026, ..Habits::default() }).await;
    let url = rig.hooks.url().to_owned();
    let starting = rig.user.start_app(APP, &url);
    let dialling = async {
        let call = rig.hooks.call().await;
        let session = call["sessionId"].as_str().expect("a session").to_owned();
        let mut request = call["websocketUrl"].as_str().expect("a URL").into_client_request().expect("a URL");
        for (name, value) in [("x-user-id", "user@example.com"), ("x-session-id", &session)] {
            request.headers_mut().insert(name, value.parse().expect("a header"));
        }
        request.headers_mut().insert("x-package-name", APP.parse().expect("a header"));
        request.headers_mut().insert("x-api-key", KEY.parse().expect("a header"));
        let (mut socket, _) =
            tokio_tungstenite::connect_async(request).await.expect("the cloud lets it open");
        use futures_util::{SinkExt as _, StreamExt as _};
        let init = json!({ "type": "tpa_connection_init", "packageName": APP, "sdkVersion": "3.0.0" });
        socket.send(init.to_string().into()).await.expect("it listens");
        assert!(socket.next().await.expect("an answer").expect("a frame").to_string().contains("_ack"));
        let again = json!({ "type": "reconnect", "sessionId": session });
        socket.send(again.to_string().into()).await.expect("it listens");
        while let Some(Ok(frame)) = socket.next().await {
            if frame.to_string().contains("reconnect_ack") {
                break;
            }
        }
        let again = json!({ "type": "reconnect", "sessionId": "another" });
        socket.send(again.to_string().into()).await.expect("it listens");
        while let Some(Ok(frame)) = socket.next().await {
            if frame.to_string().contains("reconnect_rejected") {
                break;
            }
        }
    };
    let (boot, ()) = tokio::join!(starting, dialling);
    assert_eq!(boot, Boot::Acked);
    let opened = rig.cloud.heard_matching("a socket", |note| note.kind == "(open)").await;
    assert_eq!(opened.frame["headers"]["x-api-key"], KEY);
    assert_eq!(opened.frame["path"], "/ws/miniapp");
}

#[tokio::test]
async fn an_app_that_is_too_late_is_not_started() {
    let timing = Timing { boot: Duration::from_millis(100), ..Timing::default() };
    let mut rig = Rig::new(Habits { timing, ..Habits::default() }).await;
    let url = rig.hooks.url().to_owned();
    assert_eq!(rig.user.start_app(APP, &url).await, Boot::TooLate);
    let request = rig.hooks.call().await;
    let mut app = rig.socket().await;
    app.say(&init(&request, APP)).await;
    app.until("tpa_connection_error", |error| error["code"] == "APP_NOT_STARTED").await;
    assert_eq!(app.closed().await, Some((1008, "App not started for this session".to_owned())));
}

#[tokio::test]
async fn a_webhook_that_fails_is_tried_twice() {
    let timing = Timing { webhook_pause: Duration::from_millis(1), ..Timing::default() };
    let rig = Rig::new(Habits { timing, ..Habits::default() }).await;
    // The cloud itself is nobody's webhook.
    let url = format!("http://{}", rig.cloud.address());
    assert_eq!(rig.user.start_app(APP, &url).await, Boot::WebhookFailed { status: Some(404) });
    let requests = rig.cloud.said().iter().filter(|note| note.kind == "session_request").count();
    assert_eq!(requests, 2);
    let nobody = crate::FarSide::open(crate::Manner::Closed);
    let url = nobody.url().replace("rtmp://", "http://");
    assert_eq!(rig.user.start_app(APP, &url).await, Boot::WebhookFailed { status: None });
}

#[tokio::test]
async fn who_may_not_come_in_is_told_why() {
    let mut rig = Rig::new(Habits::default()).await;
    let known = rig.app(APP).await;
    let session = "user@example.com-com.example.console";
    for (session, package, key, code) in [
        (session, APP, "another key", "INVALID_API_KEY"),
        (session, "com.example.nobody", KEY, "INVALID_API_KEY"),
        (session, super::SECOND, KEY, "APP_NOT_STARTED"),
        ("nobody@example.com-com.example.console", APP, KEY, "SESSION_NOT_FOUND"),
    ] {
        let mut app = rig.socket().await;
        app.say(&init_of(session, package, key)).await;
        app.until("tpa_connection_error", |error| error["code"] == code).await;
        assert_eq!(app.closed().await.map(|(code, _)| code), Some(1008));
    }
    let mut app = rig.socket().await;
    app.say(&json!({ "kind": "nothing" })).await;
    app.until("tpa_connection_error", |error| error["code"] == "MALFORMED_MESSAGE").await;
    assert!(rig.user.is_connected(APP), "{:?}", known.heard());
}

#[tokio::test]
async fn of_2025_a_user_with_a_dash_cannot_use_apps() {
    let mut rig = Rig::new(Habits::default()).await;
    let url = rig.hooks.url().to_owned();
    let user = rig.cloud.user("mary-ann@example.com");
    rig.cloud.habits(|habits| habits.timing.boot = Duration::from_millis(300));
    let starting = user.start_app(APP, &url);
    let dialling = async {
        let request = rig.hooks.call().await;
        let url = request["augmentOSWebsocketUrl"].as_str().expect("a URL");
        let mut app = crate::AppSocket::open(url).await;
        app.say(&init(&request, APP)).await;
        app.until("tpa_connection_error", |error| error["code"] == "SESSION_NOT_FOUND").await;
    };
    let (boot, ()) = tokio::join!(starting, dialling);
    assert_eq!(boot, Boot::TooLate);
}

#[tokio::test]
async fn a_second_socket_takes_the_place_of_the_first() {
    let mut rig = Rig::new(Habits::default()).await;
    let mut first = rig.app(APP).await;
    let mut second = rig.app(APP).await;
    assert_eq!(first.closed().await, None);
    second.say(&json!({ "type": "ping" })).await;
    second.until("pong", |_| true).await;
    assert!(rig.user.is_connected(APP));
}

#[tokio::test]
async fn a_lost_socket_may_come_back_and_is_otherwise_started_again() {
    let timing = Timing { grace: Duration::from_millis(200), ..Timing::default() };
    let mut rig = Rig::new(Habits { timing, ..Habits::default() }).await;
    let mut app = rig.app(APP).await;
    rig.cloud.drop_sockets();
    assert_eq!(app.closed().await, None);
    let mut app = rig.socket().await;
    app.say(&init_of("user@example.com-com.example.console", APP, KEY)).await;
    app.until("tpa_connection_ack", |_| true).await;
    rig.user.drop_socket(APP);
    assert_eq!(rig.hooks.call().await["type"], "stop_request");
    assert_eq!(rig.hooks.call().await["type"], "session_request");
}

#[tokio::test]
async fn an_app_that_leaves_on_purpose_is_let_go() {
    let timing = Timing { grace: Duration::from_millis(1), ..Timing::default() };
    let mut rig = Rig::new(Habits { timing, ..Habits::default() }).await;
    let mut app = rig.app(APP).await;
    app.say(&json!({ "type": "ownership_release", "reason": "clean_shutdown" })).await;
    rig.cloud.heard_matching("the release", |note| note.kind == "ownership_release").await;
    drop(app);
    rig.cloud.heard_matching("the end", |note| note.kind == "(close)" && note.peer == APP).await;
    // The second webhook is of this start, not of another attempt at the first.
    let _app = rig.app(APP).await;
    let requests: Vec<_> = rig.cloud.said().into_iter().map(|note| note.kind).collect();
    assert!(!requests.contains(&"stop_request".to_owned()), "{requests:?}");
}

#[tokio::test]
async fn stopping_is_by_the_book() {
    let mut rig = Rig::new(Habits::default()).await;
    let mut app = rig.app(APP).await;
    rig.user.stop_app(APP, "user_disabled").await;
    assert_eq!(rig.hooks.call().await["type"], "stop_request");
    app.until("app_stopped", |stopped| stopped["reason"] == "user_disabled").await;
    assert_eq!(app.closed().await, Some((1000, "App stopped".to_owned())));
    let mut app = rig.app(APP).await;
    rig.user.end_session();
    app.until("app_stopped", |_| true).await;
    assert_eq!(app.closed().await, Some((1000, "User session ended".to_owned())));
}

#[tokio::test]
async fn after_a_restart_nothing_is_known_at_the_same_address() {
    let mut rig = Rig::new(Habits::default()).await;
    let mut app = rig.app(APP).await;
    let address = rig.cloud.address();
    rig.cloud.go_down().await;
    assert_eq!(app.closed().await, None);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    rig.cloud.come_back();
    let session = "user@example.com-com.example.console";
    let mut app = rig.socket().await;
    app.say(&init_of(session, APP, KEY)).await;
    app.until("tpa_connection_error", |error| error["code"] == "SESSION_NOT_FOUND").await;
    let _glasses = rig.user.glasses(Temper::Wait);
    rig.cloud.restart().await;
    let mut app = rig.socket().await;
    app.say(&init_of(session, APP, KEY)).await;
    app.until("tpa_connection_error", |error| error["code"] == "APP_NOT_STARTED").await;
    let _app = rig.app(APP).await;
}

#[tokio::test]
async fn acks_may_be_slow_or_never_come() {
    let pause = Duration::from_millis(120);
    let mut rig = Rig::new(Habits { ack: Ack::After(pause), ..Habits::default() }).await;
    let _app = rig.app(APP).await;
    let at = |notes: Vec<crate::cloud::Note>, kind: &str| {
        notes.into_iter().find(|note| note.kind == kind).expect("it was noted").at
    };
    let waited = at(rig.cloud.said(), "tpa_connection_ack") - at(rig.cloud.heard(), "tpa_connection_init");
    assert!(waited >= pause, "{waited:?}");
    rig.cloud.habits(|habits| {
        habits.ack = Ack::Never;
        habits.timing.boot = Duration::from_millis(100);
    });
    let url = rig.hooks.url().to_owned();
    let mut app = rig.socket().await;
    app.say(&init_of("user@example.com-com.example.console", APP, KEY)).await;
    assert_eq!(rig.user.start_app(APP, &url).await, Boot::TooLate);
    assert!(app.heard().is_empty());
}
