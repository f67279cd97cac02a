//! Apps among users: bursts, stops from either side, and the end of the program.

use console_tests::{MentraApp, Receiver};
use serde_json::{Value, json};

use super::{app, assert_says, camera_off, frames, stage, text};

#[tokio::test]
async fn bursts_of_subscriptions_cost_nothing() {
    let (console, mut screen, mut app) = stage().await;
    app.ok("startManaged", Value::Null).await;
    app.ok("listenAgain", Value::Null).await;
    // 48 messages at once, as an app does that sets up a page of handlers.
    app.ok("burst", json!(12)).await;
    app.catch_up().await;
    assert!(app.events("disconnected").is_empty() && app.events("error").is_empty());
    screen
        .until("both subscriptions", |now| {
            let names = now["apps"][0]["subscriptions"].to_string();
            names.contains("managed_stream_status") && names.contains("rtmp_stream_status")
        })
        .await;
    assert_eq!(app.words("managed").last(), Some(&"active"));
    let frames = frames(&console, &app).await;
    assert!(frames.len() <= 200);
    let seqs: Vec<u64> = frames.iter().map(|frame| frame["seq"].as_u64().expect("a number")).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{seqs:?}");
    let newest = frames.last().expect("frames");
    assert_says(text(&newest["text"]), &["stream_status_check_response"]);
}

/// The SDK says nothing of its managed stream when it is stopped.
#[tokio::test]
async fn an_app_the_user_stops_leaves_its_managed_stream() {
    let (console, mut screen, mut app) = stage().await;
    app.ok("startManaged", Value::Null).await;
    console.ok("stop_app", json!({ "packageName": app.package() })).await;
    app.event("stop").await;
    camera_off(&mut screen).await;
    screen.until("the app to be stopped", |now| now["apps"][0]["state"] == "stopped").await;
    // It can be started again, and stream again.
    app.connect(&console).await;
    app.ok("startManaged", Value::Null).await;
}

#[tokio::test]
async fn an_app_the_user_stops_ends_its_unmanaged_stream() {
    let (receiver, (console, mut screen, mut app)) = tokio::join!(Receiver::start(), stage());
    app.ok("startStream", json!({ "rtmpUrl": format!("{}/stopped", receiver.url()) })).await;
    app.unmanaged("active").await;
    console.ok("stop_app", json!({ "packageName": app.package() })).await;
    app.event("stop").await;
    camera_off(&mut screen).await;
    screen.until("the app to be stopped", |now| now["apps"][0]["state"] == "stopped").await;
    receiver.only_recording("stopped").await.assert_flawless().await;
}

#[tokio::test]
async fn the_users_stream_is_joined_by_an_app_and_outlives_it() {
    let (console, mut screen, mut app) = stage().await;
    console.ok("start_managed", json!({ "cameraLink": "demo" })).await;
    screen.phase("live").await;
    let urls = app.ok("startManaged", Value::Null).await;
    assert_eq!(urls["hlsUrl"], screen.now()["session"]["urls"]["hls"]);
    screen.until("the app in the stream", |now| now["session"]["apps"][0]["part"] == "joined").await;
    let session = &screen.now()["session"];
    assert_eq!((&session["heldByUser"], &session["startedBy"]), (&json!(true), &Value::Null));
    app.ok("stopManaged", Value::Null).await;
    app.managed("stopped").await;
    screen.until("the app out of the stream", |now| now["session"]["apps"][0].is_null()).await;
    assert_eq!(screen.now()["session"]["phase"], "live");
    // An app in it when the user stops it is told.
    app.ok("startManaged", Value::Null).await;
    console.ok("stop_stream", json!({})).await;
    app.managed("stopped").await;
    assert_eq!(app.ok("isStreaming", Value::Null).await["managed"], false);
}

#[tokio::test]
async fn the_user_stops_what_an_app_started() {
    let (receiver, (console, mut screen, mut app)) = tokio::join!(Receiver::start(), stage());
    app.ok("startManaged", Value::Null).await;
    console.ok("stop_stream", json!({})).await;
    let stopped = app.managed("stopped").await;
    assert_says(text(&stopped["message"]), &["stop"]);
    camera_off(&mut screen).await;
    app.ok("startStream", json!({ "rtmpUrl": format!("{}/ended", receiver.url()) })).await;
    app.unmanaged("active").await;
    console.ok("stop_stream", json!({})).await;
    app.unmanaged("stopped").await;
    camera_off(&mut screen).await;
    assert_eq!(app.ok("isStreaming", Value::Null).await, json!({ "managed": false, "unmanaged": false }));
}

#[cfg(unix)]
#[tokio::test]
async fn a_console_that_is_closed_says_goodbye_to_its_apps() {
    let (mut console, _screen, mut app) = stage().await;
    app.ok("startManaged", Value::Null).await;
    let (status, _) = console.terminate().await;
    assert!(status.success(), "{status}");
    let goodbye = app.event("disconnected").await;
    assert_eq!((&goodbye["code"], &goodbye["reason"]), (&json!(1000), &json!("App stopped")), "{goodbye}");
    let stop = app.event("stop").await;
    assert_says(text(&stop["reason"]), &["App stopped"]);
    // And calls them when it is back: nobody stopped them.
    console.restart().await;
    app.event("session").await;
}

#[tokio::test]
async fn an_app_that_is_removed_is_stopped_and_no_longer_let_in() {
    let (console, mut screen, mut first) = stage().await;
    let mut second = app(&console, "com.example.relay").await;
    first.ok("startManaged", Value::Null).await;
    console.ok("remove_app", json!({ "packageName": first.package() })).await;
    first.event("stop").await;
    camera_off(&mut screen).await;
    screen.until("one app left", |now| now["apps"][1].is_null()).await;
    assert_eq!(second.ok("check", Value::Null).await["hasActiveStream"], false);
    assert_eq!(apps(&screen), [second.package()]);
    let refusal = console.command("start_app", json!({ "packageName": first.package() })).await;
    assert!(!refusal.status.is_success(), "{}", refusal.body);
}

#[tokio::test]
async fn registrations_are_checked_in_words() {
    let (console, mut screen, app) = stage().await;
    screen.until("the app on the screen", |now| now["apps"][0].is_object()).await;
    let wrong = [
        (json!({ "packageName": "no spaces please", "url": "http://127.0.0.1:7010" }), "package name"),
        (json!({ "packageName": "com.example.x", "url": "127.0.0.1:7010" }), "address"),
        (json!({ "packageName": "com.example.x", "url": "ftp://127.0.0.1" }), "address"),
        (json!({ "packageName": app.package(), "url": "http://127.0.0.1:7010" }), "already"),
        (json!({ "packageName": "com.example.x", "url": "http://127.0.0.1:1", "apiKey": "a\nb" }), "API key"),
    ];
    for (registration, expected) in wrong {
        let refusal = console.command("add_app", registration.clone()).await;
        assert!(!refusal.status.is_success(), "{registration}");
        assert_says(text(&refusal.body["message"]), &[expected]);
        assert!(refusal.body["nextStep"].is_string(), "{}", refusal.body);
    }
    let told = console.snapshot().await;
    assert!(told["apps"][1].is_null(), "nothing wrong was kept: {:#}", told["apps"]);
    let shown: &Value = app.shown(&screen);
    assert_eq!((&shown["hasApiKey"], &shown["name"]), (&json!(true), &json!("Pulse")));
    assert!(!told.to_string().contains("key-of-"), "no API key is told to screens");
}

fn apps(screen: &console_tests::Screen) -> Vec<&str> {
    screen.now()["apps"].as_array().expect("apps").iter().map(|app| text(&app["packageName"])).collect()
}

/// A developer restarts the app on another port and says so.
#[tokio::test]
async fn an_app_that_moved_is_called_at_its_new_address() {
    let (console, mut screen, mut first) = stage().await;
    first.ok("startManaged", Value::Null).await;
    let mut second = MentraApp::start(first.package()).await;
    first.kill9().await;
    screen.until("the app to be away", |now| now["apps"][0]["state"] == "away").await;
    second.update(&console, &["CAMERA"]).await;
    // Nobody starts it: the hub calls an app that was lost.
    second.event("session").await;
    second.managed("active").await;
    screen.until("the app to be back", |now| now["session"]["apps"][0]["away"] == false).await;
}
