//! Habits, one by one.

use mentra_wire::StreamStatusWord as Word;
use serde_json::json;

use super::{APP, KEY, Rig, checked, direct_request, init, init_of, managed_request, of_type};
use crate::cloud::{Habits, Temper};

#[tokio::test]
async fn statuses_may_come_twice_and_without_words() {
    let mut rig = Rig::new(Habits { double_delivery: true, no_words: true, ..Habits::default() }).await;
    let mut glasses = rig.user.glasses(Temper::Wait);
    let mut app = rig.app(APP).await;
    app.say(&json!({ "type": "subscription_update", "subscriptions": ["rtmp_stream_status"] })).await;
    app.say(&managed_request()).await;
    glasses.told_to_start().await;
    glasses.tell(Word::Error, Some("camera_busy"));
    app.say(&direct_request("rtmp://192.0.2.1/live/a")).await;
    checked(&mut app).await;
    let words: Vec<_> = super::story(&app);
    assert_eq!(
        words[..6],
        [
            "managed_stream_status initializing",
            "managed_stream_status initializing",
            "managed_stream_status error",
            "managed_stream_status error",
            "rtmp_stream_status initializing",
            "rtmp_stream_status initializing",
        ]
    );
    assert_eq!(words.iter().filter(|word| *word == "data_stream initializing").count(), 2);
    assert!(app.heard().iter().all(|message| message["message"].is_null()), "{:#?}", app.heard());
}

#[tokio::test]
async fn stops_may_be_ignored() {
    let mut rig = Rig::new(Habits { ignores_stop: true, ..Habits::default() }).await;
    let _glasses = rig.user.glasses(Temper::Wait);
    let mut app = rig.app(APP).await;
    for (start, stop) in [
        (managed_request(), of_type("managed_stream_stop")),
        (direct_request("rtmp://192.0.2.1/live/a"), of_type("rtmp_stream_stop")),
    ] {
        app.say(&start).await;
        app.say(&stop).await;
        assert_eq!(checked(&mut app).await["hasActiveStream"], true);
    }
}

#[tokio::test]
async fn urls_may_change_under_a_stream() {
    let mut rig = Rig::new(Habits { changes_urls: true, ..Habits::default() }).await;
    let mut glasses = rig.user.glasses(Temper::Wait);
    let mut app = rig.app(APP).await;
    app.say(&managed_request()).await;
    glasses.told_to_start().await;
    glasses.tell(Word::Streaming, None);
    let is_active = |status: &serde_json::Value| status["status"] == "active";
    let first = app.until("managed_stream_status", is_active).await;
    let second = app.until("managed_stream_status", is_active).await;
    rig.user.change_urls(APP);
    let third = app.until("managed_stream_status", is_active).await;
    assert!(first["hlsUrl"] != second["hlsUrl"] && second["hlsUrl"] != third["hlsUrl"], "{second} {third}");
}

#[tokio::test]
async fn the_camera_may_be_refused() {
    for (request, text) in [
        (managed_request(), "Camera permission required for managed streams"),
        (direct_request("rtmp://192.0.2.1/live/a"), "Camera permission required to start video streams"),
    ] {
        let mut rig = Rig::new(Habits { refuses_camera: true, ..Habits::default() }).await;
        let _glasses = rig.user.glasses(Temper::Wait);
        let mut app = rig.app(APP).await;
        app.say(&request).await;
        app.until("tpa_connection_error", |error| error["code"] == "PERMISSION_DENIED").await;
        assert_eq!(app.closed().await, Some((1008, text.to_owned())));
    }
}

#[tokio::test]
async fn a_socket_may_be_closed_at_once_or_at_any_time() {
    let closes_at_once = Some((1008, "go away".to_owned()));
    let mut rig = Rig::new(Habits { closes_at_once, ..Habits::default() }).await;
    let mut app = rig.socket().await;
    app.say(&init_of("user@example.com-com.example.console", APP, KEY)).await;
    assert_eq!(app.closed().await, Some((1008, "go away".to_owned())));
    assert!(app.heard().is_empty());
    rig.cloud.habits(|habits| habits.closes_at_once = None);
    let mut app = rig.app(APP).await;
    rig.user.close_socket(APP, 1011, "Internal server error");
    assert_eq!(app.closed().await, Some((1011, "Internal server error".to_owned())));
}

#[tokio::test]
async fn an_app_that_comes_back_may_find_itself_not_started() {
    let mut rig = Rig::new(Habits { not_started_on_reconnect: true, ..Habits::default() }).await;
    let mut app = rig.app(APP).await;
    rig.user.drop_socket(APP);
    app.closed().await;
    let request = rig.cloud.said()[0].frame.clone();
    let mut app = rig.socket().await;
    app.say(&init(&request, APP)).await;
    app.until("tpa_connection_error", |error| error["code"] == "APP_NOT_STARTED").await;
    assert_eq!(app.closed().await.map(|(code, _)| code), Some(1008));
    let _app = rig.app(APP).await;
}

#[tokio::test]
async fn anything_can_be_said() {
    let mut rig = Rig::new(Habits::default()).await;
    let mut app = rig.app(APP).await;
    let message = mentra_wire::HubToApp::parse(r#"{"type":"tpa_connection_error","message":"words"}"#)
        .expect("a message");
    assert!(rig.user.say(APP, &message));
    app.until("tpa_connection_error", |error| error["message"] == "words").await;
    assert!(!rig.user.say("com.example.nobody", &message));
}
