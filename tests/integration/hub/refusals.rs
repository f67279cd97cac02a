//! What cannot be is said at once, in words, on the same socket.

use console_tests::{Console, MentraApp};
use serde_json::{Value, json};

use super::{assert_says, camera_off, stage};

/// Both kinds of streams are refused for the same reason; the app stays connected.
async fn assert_refused(app: &mut MentraApp, expected: &[&str]) {
    let words = app.refused("startManaged", Value::Null).await;
    assert_says(&words, expected);
    let status = app.managed("error").await;
    assert_eq!(status["message"], words.as_str(), "the handler hears what the promise says");

    app.ok("startStream", json!({ "rtmpUrl": "rtmp://127.0.0.1:1/live/key" })).await;
    let status = app.unmanaged("error").await;
    assert_says(status["errorDetails"].as_str().unwrap_or_default(), expected);
    assert_eq!(
        app.ok("isStreaming", Value::Null).await,
        json!({ "managed": false, "unmanaged": false }),
        "the SDK is free to try again"
    );
    assert_eq!(app.ok("currentUrl", Value::Null).await, Value::Null);
    assert_eq!(app.ok("check", Value::Null).await["hasActiveStream"], false);
    assert!(app.events("disconnected").is_empty(), "a refusal is no reason to hang up");
}

#[tokio::test]
async fn what_the_glasses_cannot_do_is_told_in_words() {
    let (console, mut screen, mut app) = stage().await;
    console.wear_virtual_glasses(&mut screen, json!({ "wifi": false })).await;
    assert_refused(&mut app, &["Wi-Fi"]).await;
    console.wear_virtual_glasses(&mut screen, json!({ "batteryPercent": 5 })).await;
    assert_refused(&mut app, &["battery"]).await;
    console.wear_virtual_glasses(&mut screen, json!({ "cameraBusy": true })).await;
    assert_refused(&mut app, &["camera"]).await;

    console.ok("set_virtual_glasses", json!({})).await;
    screen.until("no glasses", |now| now["hub"]["glasses"]["link"] != "connected").await;
    assert_refused(&mut app, &["glasses"]).await;

    // And then it works.
    console.wear_virtual_glasses(&mut screen, json!({})).await;
    app.ok("startManaged", Value::Null).await;
    app.ok("stopManaged", Value::Null).await;
    camera_off(&mut screen).await;
}

#[tokio::test]
async fn an_app_without_the_camera_permission_is_told_what_to_do() {
    let (console, _screen, mut app) = stage().await;
    app.update(&console, &["MICROPHONE"]).await;
    assert_refused(&mut app, &["CAMERA", "permission"]).await;
    app.update(&console, &["CAMERA"]).await;
    app.ok("startManaged", Value::Null).await;
}

/// A stop is always answered: without an answer the SDK would never start again.
#[tokio::test]
async fn stopping_what_does_not_run_is_answered() {
    let (_console, _screen, mut app) = stage().await;
    app.ok("stopManaged", Value::Null).await;
    app.managed("stopped").await;
    app.ok("startManaged", Value::Null).await;
}

#[tokio::test]
async fn an_app_nobody_can_reach_is_shown_with_words() {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    let app = json!({ "name": "Ghost", "packageName": "com.example.ghost", "url": "http://127.0.0.1:1" });
    console.ok("add_app", app).await;
    console.ok("start_app", json!({ "packageName": "com.example.ghost" })).await;
    let now = screen.until("the app to have failed", |now| now["apps"][0]["state"] == "failed").await;
    let message = &now["apps"][0]["message"];
    assert_says(message["text"].as_str().unwrap_or_default(), &["nothing listens"]);
    assert!(message["nextStep"].is_string(), "{message:#}");
}
