//! The coming SDK: v3 under Bun, on the same hub.

use console_tests::{MentraApp, Receiver};
use serde_json::{Value, json};

use super::{camera_off, with_glasses};

#[tokio::test]
async fn an_app_on_sdk_v3_streams_checks_reconnects_and_stops() {
    let (receiver, (console, mut screen), mut app) =
        tokio::join!(Receiver::start(), with_glasses(), MentraApp::start_v3("com.example.later"));
    app.register(&console, &["CAMERA"]).await;
    app.connect(&console).await;
    screen.until("its version", |now| now["apps"][0]["sdkVersion"].is_string()).await;
    assert_eq!(app.ok("check", Value::Null).await["hasActiveStream"], false);

    let urls = app.ok("startManaged", json!({ "quality": "720p" })).await;
    for name in ["hlsUrl", "dashUrl", "previewUrl", "thumbnailUrl", "streamId"] {
        assert!(urls[name].is_string(), "{name} in {urls}");
    }
    app.managed("active").await;
    let found = app.ok("check", Value::Null).await;
    assert_eq!(found["streamInfo"]["hlsUrl"], urls["hlsUrl"], "{found}");
    screen.phase("live").await;

    app.ok("cut", Value::Null).await;
    app.event("reconnected").await;
    app.managed("active").await;
    screen.until("the app to be back", |now| now["session"]["apps"][0]["away"] == false).await;
    let found = app.ok("check", Value::Null).await;
    assert_eq!(found["streamInfo"]["streamId"], urls["streamId"], "{found}");
    assert!(!screen.life().phases().contains(&"interrupted"), "{}", screen.life());

    app.ok("stopManaged", Value::Null).await;
    app.managed("stopped").await;
    camera_off(&mut screen).await;

    let url = format!("{}/direct", receiver.url());
    app.ok("startStream", json!({ "rtmpUrl": url })).await;
    app.unmanaged("active").await;
    let found = app.ok("check", Value::Null).await;
    assert_eq!(found["streamInfo"]["type"], "unmanaged", "{found}");
    app.ok("stopStream", Value::Null).await;
    app.unmanaged("stopped").await;
    camera_off(&mut screen).await;
    receiver.only_recording("direct").await.assert_flawless().await;

    console.ok("stop_app", json!({ "packageName": app.package() })).await;
    app.event("stop").await;
    screen.until("the app to be stopped", |now| now["apps"][0]["state"] == "stopped").await;
}

#[tokio::test]
async fn refusals_reach_an_app_on_sdk_v3_in_words() {
    let ((console, mut screen), mut app) =
        tokio::join!(with_glasses(), MentraApp::start_v3("com.example.later"));
    app.register(&console, &[]).await;
    app.connect(&console).await;
    let words = app.refused("startManaged", Value::Null).await;
    super::assert_says(&words, &["CAMERA"]);
    app.update(&console, &["CAMERA"]).await;
    console.ok("set_virtual_glasses", json!({})).await;
    screen.until("no glasses", |now| now["hub"]["glasses"]["link"] != "connected").await;
    let words = app.refused("startManaged", Value::Null).await;
    super::assert_says(&words, &["glasses"]);
}
