//! Streams by the rules: managed, direct, joined, replaced, ended.

use std::time::Duration;

use mentra_wire::{DeviceMessage, StreamStatus, StreamStatusWord as Word};
use serde_json::json;

use super::{APP, Rig, SECOND, checked, direct_request, managed_request, of_type, story};
use crate::cloud::{Active, Era, Habits, Temper, Timing};

#[tokio::test]
async fn a_managed_stream_from_request_to_stop() {
    let mut rig = Rig::new(Habits::default()).await;
    let mut glasses = rig.user.glasses(Temper::Wait);
    let mut app = rig.app(APP).await;
    app.say(&of_type("managed_stream_stop")).await;
    assert_eq!(checked(&mut app).await["hasActiveStream"], false, "a stop of nothing is not answered");
    app.say(&managed_request()).await;
    let first = app.until("managed_stream_status", |_| true).await;
    assert_eq!(
        (&first["status"], &first["message"]),
        (&json!("initializing"), &json!("Waiting for stream to start..."))
    );
    for url in ["hlsUrl", "dashUrl", "webrtcUrl"] {
        assert!(first[url].as_str().is_some_and(|url| url.starts_with("http://127.0.0.1:")), "{first}");
    }
    assert_eq!(first["outputs"][0]["status"], "stopped");
    let start = glasses.told_to_start().await;
    assert_eq!(
        (start.app_id.as_str(), Some(&start.stream_id)),
        ("MANAGED_STREAM", rig.user.stream_id().as_ref())
    );
    assert!(start.url.expose().ends_with(&start.stream_id) && start.stream_id.len() == 11);
    for word in
        [Word::Initializing, Word::Connecting, Word::Streaming, Word::Reconnecting, Word::Disconnected]
    {
        glasses.tell(word, None);
    }
    let check = checked(&mut app).await;
    assert_eq!(check["streamInfo"]["activeViewers"], 1);
    glasses.tell(Word::Error, Some("camera_busy"));
    let last = app.until("managed_stream_status", |status| status["status"] == "error").await;
    assert_eq!((&last["message"], &last["outputs"][0]["status"]), (&json!("camera_busy"), &json!("stopped")));
    assert_eq!(checked(&mut app).await["hasActiveStream"], false);
    insta::assert_snapshot!(story(&app).join("\n"), @r"
    stream_status_check_response -
    managed_stream_status initializing
    managed_stream_status initializing
    managed_stream_status active
    stream_status_check_response -
    managed_stream_status error
    stream_status_check_response -
    ");
}

#[tokio::test]
async fn others_join_a_managed_stream_and_the_last_one_ends_it() {
    let mut rig = Rig::new(Habits::default()).await;
    let _glasses = rig.user.glasses(Temper::Wait);
    let (mut app, mut second) = (rig.app(APP).await, rig.app(SECOND).await);
    app.say(&managed_request()).await;
    app.until("managed_stream_status", |_| true).await;
    for _ in 0..2 {
        second.say(&of_type("managed_stream_request")).await;
        second.until("managed_stream_status", |status| status["status"] == "active").await;
    }
    assert_eq!(checked(&mut second).await["streamInfo"]["activeViewers"], 2);
    app.say(&of_type("managed_stream_stop")).await;
    app.until("managed_stream_status", |status| status["status"] == "stopped").await;
    let is_told_to_stop = |note: &crate::cloud::Note| note.kind == "stop_rtmp_stream";
    assert!(!rig.cloud.said().iter().any(is_told_to_stop));
    second.say(&of_type("managed_stream_stop")).await;
    second.until("managed_stream_status", |status| status["status"] == "stopped").await;
    let stop = rig.cloud.said_matching("the glasses told to stop", is_told_to_stop).await;
    assert_eq!(stop.frame["appId"], "MANAGED_STREAM");
    assert_eq!(rig.user.stream_id(), None);
}

#[tokio::test]
async fn a_direct_stream_is_told_of_twice_and_without_the_reason() {
    let mut rig = Rig::new(Habits::default()).await;
    let mut glasses = rig.user.glasses(Temper::Wait);
    let mut app = rig.app(APP).await;
    app.say(&json!({ "type": "subscription_update", "subscriptions": ["rtmp_stream_status"] })).await;
    app.say(&direct_request("http://example.com")).await;
    app.until("tpa_connection_error", |error| error["message"] == "Invalid RTMP URL").await;
    app.say(&direct_request("rtmp://192.0.2.1/live/key")).await;
    let start = glasses.told_to_start().await;
    assert_eq!((start.app_id.as_str(), start.url.expose()), (APP, "rtmp://192.0.2.1/live/key"));
    for word in [Word::Connecting, Word::Streaming, Word::Reconnecting, Word::Reconnected] {
        glasses.tell(word, None);
    }
    glasses.refuse("not_streaming");
    glasses.say(DeviceMessage::StreamStatus(StreamStatus {
        stream_id: Some("another".to_owned()),
        status: Word::Stopped,
        ..StreamStatus::default()
    }));
    let check = checked(&mut app).await;
    assert_eq!(check["streamInfo"]["status"], "active");
    assert_eq!(check["streamInfo"]["rtmpUrl"], "rtmp://192.0.2.1/live/key");
    glasses.tell(Word::Error, Some("camera_busy"));
    let last = app.until("data_stream", |wrapped| wrapped["data"]["status"] == "stopped").await;
    assert!(last["data"]["sessionId"].is_null() && last["data"]["errorDetails"].is_null(), "{last}");
    insta::assert_snapshot!(story(&app).join("\n"), @r"
    tpa_connection_error -
    rtmp_stream_status initializing
    data_stream initializing
    rtmp_stream_status active
    data_stream active
    rtmp_stream_status initializing
    data_stream initializing
    rtmp_stream_status active
    data_stream active
    stream_status_check_response -
    rtmp_stream_status stopped
    data_stream stopped
    ");
}

#[tokio::test]
async fn only_one_stream_runs_and_some_replace_others() {
    let mut rig = Rig::new(Habits::default()).await;
    let mut glasses = rig.user.glasses(Temper::Wait);
    let (mut app, mut second) = (rig.app(APP).await, rig.app(SECOND).await);
    app.say(&managed_request()).await;
    let managed = glasses.told_to_start().await;
    second.say(&direct_request("rtmp://192.0.2.1/live/a")).await;
    app.until("managed_stream_status", |status| status["status"] == "stopped").await;
    second.until("rtmp_stream_status", |status| status["status"] == "initializing").await;
    let stop = rig.cloud.said_matching("the first stopped", |note| note.kind == "stop_rtmp_stream").await;
    assert_eq!(stop.frame["streamId"], managed.stream_id.as_str());
    let direct = glasses.told_to_start_again().await;
    app.say(&managed_request()).await;
    let text = "Cannot start managed stream - unmanaged stream already active";
    app.until("tpa_connection_error", |error| error["message"] == text).await;
    app.say(&of_type("rtmp_stream_stop")).await;
    let text = format!("App {APP} cannot stop stream {} owned by {SECOND}", direct.stream_id);
    app.until("tpa_connection_error", |error| error["message"] == text.as_str()).await;
    app.say(&direct_request("rtmp://192.0.2.1/live/b")).await;
    second.until("rtmp_stream_status", |status| status["status"] == "stopped").await;
    app.until("rtmp_stream_status", |status| status["status"] == "initializing").await;
    app.say(&of_type("rtmp_stream_stop")).await;
    app.until("rtmp_stream_status", |status| status["status"] == "stopped").await;
}

#[tokio::test]
async fn of_2026_statuses_have_two_names_and_are_told_again_after_a_reconnect() {
    let mut rig = Rig::new(Habits { era: Era::Of2026, ..Habits::default() }).await;
    let mut glasses = rig.user.glasses(Temper::Wait);
    let mut app = rig.app(APP).await;
    app.say(&json!({ "type": "subscription_update", "subscriptions": ["stream_status"] })).await;
    app.say(&json!({ "type": "stream_request", "streamUrl": "" })).await;
    app.until("tpa_connection_error", |error| {
        error["message"] == "Invalid stream URL: streamUrl is required"
    })
    .await;
    app.say(&json!({ "type": "stream_request", "streamUrl": "srt://192.0.2.1:4201" })).await;
    let start = glasses.told_to_start().await;
    assert_eq!((start.url.expose(), start.flash), ("srt://192.0.2.1:4201", Some(true)));
    let wrapped = app.until("data_stream", |_| true).await;
    assert_eq!(wrapped["streamType"], "stream_status");
    glasses.tell(Word::Streaming, None);
    app.until("rtmp_stream_status", |status| status["status"] == "active").await;
    app.until("stream_status", |status| status["status"] == "active").await;
    assert_eq!(checked(&mut app).await["streamInfo"]["streamUrl"], "srt://192.0.2.1:4201");
    let session = app.heard()[0]["sessionId"].as_str().expect("a session").to_owned();
    rig.user.drop_socket(APP);
    app.closed().await;
    let mut app = rig.socket().await;
    app.say(&super::init_of(&session, APP, super::KEY)).await;
    app.until("stream_status", |status| status["status"] == "active").await;
    app.say(&json!({ "type": "stream_stop", "streamId": start.stream_id })).await;
    app.until("stream_status", |status| status["status"] == "stopped").await;
    app.say(&json!({ "type": "request_wifi_setup", "reason": "no Wi-Fi" })).await;
    rig.cloud.said_matching("the Wi-Fi screen", |note| note.kind == "show_wifi_setup").await;
    glasses.wifi(None);
    app.say(&managed_request()).await;
    app.until("tpa_connection_error", |error| error["code"] == "WIFI_NOT_CONNECTED").await;
}

#[tokio::test]
async fn without_glasses_nothing_starts() {
    let mut rig = Rig::new(Habits::default()).await;
    let mut app = rig.app(APP).await;
    for request in [managed_request(), direct_request("rtmp://192.0.2.1/live/a")] {
        app.say(&request).await;
        app.until("tpa_connection_error", |error| error["message"] == "Glasses WebSocket not connected")
            .await;
    }
}

#[tokio::test]
async fn glasses_that_answer_no_keep_alive_lose_their_stream() {
    let timing = Timing {
        keep_alive: Duration::from_millis(40),
        keep_alive_ack: Duration::from_millis(20),
        silence: Duration::from_millis(150),
        ..Timing::default()
    };
    let mut rig = Rig::new(Habits { timing, ..Habits::default() }).await;
    let mut glasses = rig.user.glasses(Temper::Wait);
    let mut app = rig.app(APP).await;
    app.say(&managed_request()).await;
    glasses.told_to_start().await;
    let asked = |note: &crate::cloud::Note| note.kind == "keep_alive_ack";
    for round in 0..4 {
        let answers = rig.cloud.heard().iter().filter(|note| asked(note)).map(|note| note.index + 1).max();
        rig.cloud.heard_since(answers.unwrap_or(0), &format!("answer {round}"), asked).await;
    }
    assert!(rig.user.stream_id().is_some());
    glasses.answer_keep_alives(false).await;
    let last = app.until("managed_stream_status", |status| status["status"] == "error").await;
    assert_eq!(last["message"], "Stream timed out waiting for keep-alive");
    app.say(&direct_request("rtmp://192.0.2.1/live/a")).await;
    app.until("rtmp_stream_status", |status| status["status"] == "timeout").await;
    assert_eq!(rig.user.stream_id(), None);
}

#[tokio::test]
async fn active_may_wait_for_something_to_play() {
    let mut rig = Rig::new(Habits { active: Active::WhenPlayable, ..Habits::default() }).await;
    let mut glasses = rig.user.glasses(Temper::Wait);
    let mut app = rig.app(APP).await;
    app.say(&managed_request()).await;
    glasses.told_to_start().await;
    glasses.tell(Word::Streaming, None);
    glasses.tell(Word::Stopping, None);
    app.until("managed_stream_status", |status| status["status"] == "stopping").await;
    assert!(!story(&app).contains(&"managed_stream_status active".to_owned()), "{:?}", story(&app));
}
