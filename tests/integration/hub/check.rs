//! `checkExistingStream`: the truth, before, during and after a stream, an app's restart and the console's.

use console_tests::{MentraApp, Receiver};
use serde_json::{Value, json};

use super::{camera_off, stage, stage_for_two, text};

fn assert_nothing(found: &Value) {
    assert_eq!(found, &json!({ "type": "stream_status_check_response", "hasActiveStream": false }));
}

#[tokio::test]
async fn a_managed_stream_is_found_by_every_app_with_all_its_addresses() {
    let (_console, mut screen, mut one, mut two) = stage_for_two().await;
    assert_nothing(&one.ok("check", Value::Null).await);
    let urls = one.ok("startManaged", Value::Null).await;
    let started_at_ms = screen.phase("live").await["session"]["startedAtMs"].as_u64().expect("when");
    for app in [&mut one, &mut two] {
        let found = app.ok("check", Value::Null).await;
        assert_eq!(found["hasActiveStream"], true);
        let info = &found["streamInfo"];
        assert_eq!(
            (&info["type"], &info["status"], &info["activeViewers"]),
            (&json!("managed"), &json!("active"), &json!(1))
        );
        for name in ["hlsUrl", "dashUrl", "previewUrl", "thumbnailUrl", "streamId"] {
            assert_eq!(info[name], urls[name], "{name}");
        }
        let created = text(&info["createdAt"]);
        let millis: u64 = created[20..23].parse().expect("milliseconds of an ISO time");
        assert!(created.ends_with('Z') && millis == started_at_ms % 1_000, "{created} and {started_at_ms}");
    }
    // Two questions at once are answered in their order.
    let (first, second) = (one.begin("check", Value::Null).await, one.begin("check", Value::Null).await);
    let first = one.answer(first).await.expect("an answer");
    assert_eq!(first, one.answer(second).await.expect("an answer"));
    one.ok("stopManaged", Value::Null).await;
    camera_off(&mut screen).await;
    assert_nothing(&one.ok("check", Value::Null).await);
    assert_nothing(&two.ok("check", Value::Null).await);
}

#[tokio::test]
async fn an_unmanaged_stream_tells_its_address_to_its_owner_alone() {
    let (receiver, (_console, _screen, mut one, mut two)) = tokio::join!(Receiver::start(), stage_for_two());
    let url = format!("{}/own-key", receiver.url());
    one.ok("startStream", json!({ "rtmpUrl": url })).await;
    one.unmanaged("active").await;
    let info = one.ok("check", Value::Null).await["streamInfo"].clone();
    assert_eq!((&info["type"], &info["status"]), (&json!("unmanaged"), &json!("active")), "{info}");
    assert_eq!((&info["rtmpUrl"], &info["streamUrl"]), (&json!(url), &json!(url)), "{info}");
    assert_eq!(info["requestingAppId"], one.package());
    assert!(info["createdAt"].is_string() && info["hlsUrl"].is_null(), "{info}");
    let info = two.ok("check", Value::Null).await["streamInfo"].clone();
    assert_eq!(info["requestingAppId"], one.package(), "{info}");
    assert!(!info.to_string().contains("own-key"), "another app needs no key: {info}");
    two.unmanaged("active").await;
    assert!(!format!("{:?}", two.events("unmanaged")).contains("own-key"));
    one.ok("stopStream", Value::Null).await;
    one.unmanaged("stopped").await;
    two.unmanaged("stopped").await;
    assert_nothing(&one.ok("check", Value::Null).await);
}

/// The example of the documentation: an app that starts again looks first whether its stream still runs.
#[tokio::test]
async fn an_app_that_was_killed_finds_its_stream_when_it_is_back() {
    let (console, mut screen, mut first) = stage().await;
    let urls = first.ok("startManaged", Value::Null).await;
    first.kill9().await;
    screen.until("the app to be away", |now| now["session"]["apps"][0]["away"] == true).await;
    let mut second = MentraApp::start(first.package()).await;
    second.update(&console, &["CAMERA"]).await;
    second.connect(&console).await;
    // What it missed is told again.
    let active = second.managed("active").await;
    assert_eq!(active["hlsUrl"], urls["hlsUrl"]);
    let info = second.ok("check", Value::Null).await["streamInfo"].clone();
    assert_eq!((&info["streamId"], &info["status"]), (&urls["streamId"], &json!("active")));
    screen.until("the app to be back", |now| now["session"]["apps"][0]["away"] == false).await;
    assert_eq!(screen.life().phases(), ["idle", "awaiting_camera", "awaiting_media", "live"]);
}

#[tokio::test]
async fn a_console_that_was_killed_calls_its_apps_and_they_find_the_stream() {
    let (mut console, mut screen, mut app) = stage().await;
    let urls = app.ok("startManaged", Value::Null).await;
    screen.phase("live").await;
    let id = screen.stream_id();
    console.kill9();
    app.event_that("disconnected", "the app to lose the console", |event| event["code"] == 1006).await;
    console.restart().await;
    let mut screen = console.screen().await;
    if screen.now()["hub"]["virtualGlasses"].is_null() {
        console.wear_virtual_glasses(&mut screen, json!({})).await;
    }
    // Nobody started it again: the console knows which apps run.
    app.event("session").await;
    screen.phase("live").await;
    assert_eq!(screen.stream_id(), id);
    app.managed("active").await;
    let info = app.ok("check", Value::Null).await["streamInfo"].clone();
    assert_eq!((&info["streamId"], &info["status"]), (&urls["streamId"], &json!("active")), "{info}");
    app.ok("stopManaged", Value::Null).await;
    app.managed("stopped").await;
    camera_off(&mut screen).await;
}

#[tokio::test]
async fn an_unmanaged_stream_outlives_the_console_too() {
    let (receiver, (mut console, mut screen, mut app)) = tokio::join!(Receiver::start(), stage());
    let url = format!("{}/kept", receiver.url());
    app.ok("startStream", json!({ "rtmpUrl": url })).await;
    app.unmanaged("active").await;
    screen.phase("live").await;
    let id = screen.stream_id();
    console.restart().await;
    let mut screen = console.screen().await;
    if screen.now()["hub"]["virtualGlasses"].is_null() {
        console.wear_virtual_glasses(&mut screen, json!({})).await;
    }
    app.event("session").await;
    screen.phase("live").await;
    assert_eq!(screen.stream_id(), id);
    let info = app.ok("check", Value::Null).await["streamInfo"].clone();
    assert_eq!((&info["rtmpUrl"], &info["requestingAppId"]), (&json!(url), &json!(app.package())), "{info}");
    receiver.hook().until_publish_attempts("kept", 2).await;
}
