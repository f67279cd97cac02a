//! Unmanaged streams: from the glasses straight to a server that records them.

use console_tests::{Player, Receiver};
use serde_json::{Value, json};

use super::{assert_says, camera_off, stage};

#[tokio::test]
async fn an_unmanaged_stream_arrives_at_the_server_and_ends_when_told() {
    let (receiver, (console, mut screen, mut app)) = tokio::join!(Receiver::start(), stage());
    let url = format!("{}/own", receiver.url());
    app.ok(
        "startStream",
        json!({ "rtmpUrl": url, "video": { "width": 1280, "height": 720, "frameRate": 30 } }),
    )
    .await;
    let active = app.unmanaged("active").await;
    let id = active["streamId"].as_str().expect("a stream").to_owned();
    assert!(id.starts_with('s') && id.len() <= 12, "{id}");
    assert_eq!(active["appId"], app.package(), "{active}");
    assert_eq!(app.words("unmanaged").first(), Some(&"initializing"));
    assert_eq!(app.ok("currentUrl", Value::Null).await, url.as_str());
    let session = screen.phase("live").await["session"].clone();
    assert_eq!(
        (&session["delivery"], &session["startedBy"], &session["state"]),
        (&json!("unmanaged"), &json!(app.package()), &json!("active")),
        "{session:#}"
    );
    let target = session["target"].as_str().expect("where to");
    assert!(target.ends_with("/live/***") && !target.contains("own"), "the key is masked: {target}");
    let played = Player::probe(&url).await;
    assert!(played.video.is_some() && played.audio.is_some(), "{played:?}");

    let told_active = app.statuses("unmanaged").iter().filter(|status| status["status"] == "active").count();
    assert_eq!(told_active, 1, "each change is told once");
    app.ok("stopStream", Value::Null).await;
    app.unmanaged("stopped").await;
    assert_eq!(app.ok("currentUrl", Value::Null).await, Value::Null);
    assert_eq!(app.ok("isStreaming", Value::Null).await["unmanaged"], false);
    camera_off(&mut screen).await;
    receiver.only_recording("own").await.assert_flawless().await;
    let stream_id = screen.stream_id();
    let detail = console.detail(&stream_id).await;
    assert_eq!(detail["summary"]["delivery"], "unmanaged");
    assert_eq!(detail["summary"]["apps"], json!(["Pulse"]));
    assert!(!detail.to_string().contains("/own"), "no key in the history: {detail:#}");

    // A second one right after it.
    app.ok("startStream", json!({ "rtmpUrl": format!("{}/second", receiver.url()) })).await;
    app.unmanaged("active").await;
    receiver.hook().until_publish_attempts("second", 1).await;
}

#[tokio::test]
async fn a_server_that_refuses_is_an_error_in_words() {
    let (receiver, (_console, mut screen, mut app)) = tokio::join!(Receiver::start(), stage());
    receiver.hook().refuse("wrong");
    app.ok("startStream", json!({ "rtmpUrl": format!("{}/wrong", receiver.url()) })).await;
    let error = app.unmanaged("error").await;
    assert_says(error["errorDetails"].as_str().unwrap_or_default(), &["server"]);
    assert!(!app.words("unmanaged").contains(&"active"), "it never was: {:?}", app.words("unmanaged"));
    assert_eq!(app.ok("currentUrl", Value::Null).await, Value::Null);
    screen.phase("ended").await;
    assert_eq!(screen.now()["session"]["state"], "error");
    // What is no address is refused before anybody is asked.
    app.ok("startStream", json!({ "rtmpUrl": "not an address" })).await;
    let error = app.unmanaged("error").await;
    assert_says(error["errorDetails"].as_str().unwrap_or_default(), &["URL"]);
}

#[tokio::test]
async fn a_time_limit_ends_the_stream() {
    let (receiver, (_console, mut screen, mut app)) = tokio::join!(Receiver::start(), stage());
    let options =
        json!({ "rtmpUrl": format!("{}/limited", receiver.url()), "stream": { "durationLimit": 3 } });
    app.ok("startStream", options).await;
    app.unmanaged("active").await;
    screen.until("the limit on the screen", |now| now["session"]["limitAtMs"].is_u64()).await;
    app.unmanaged("stopped").await;
    camera_off(&mut screen).await;
    let session = &screen.now()["session"];
    assert_eq!(session["state"], "stopped", "{session:#}");
    assert_says(session["message"]["text"].as_str().unwrap_or_default(), &["limit"]);
    receiver.only_recording("limited").await.assert_flawless().await;
}

/// The server goes away and comes back: the app is told it is reconnecting, never that it is over.
#[tokio::test]
async fn a_server_that_comes_back_gets_the_stream_again() {
    let (mut receiver, (_console, mut screen, mut app)) = tokio::join!(Receiver::start(), stage());
    app.ok("startStream", json!({ "rtmpUrl": format!("{}/again", receiver.url()) })).await;
    app.unmanaged("active").await;
    receiver.kill9().await;
    app.unmanaged("reconnecting").await;
    screen.phase("interrupted").await;
    receiver.restart().await;
    app.unmanaged("active").await;
    let words = app.words("unmanaged");
    assert!(!words.contains(&"stopped") && !words.contains(&"error"), "{words:?}");
    app.ok("stopStream", Value::Null).await;
    app.unmanaged("stopped").await;
}

#[tokio::test]
async fn the_user_starts_one_too_and_apps_hear_of_it() {
    let (receiver, (console, mut screen, mut app)) = tokio::join!(Receiver::start(), stage());
    console.ok("start_unmanaged", json!({ "url": format!("{}/mine", receiver.url()) })).await;
    screen.phase("live").await;
    app.unmanaged("active").await;
    assert_eq!(app.ok("isStreaming", Value::Null).await["unmanaged"], false, "it is not the app's own");
    let found = app.ok("check", Value::Null).await;
    assert_eq!(found["streamInfo"]["type"], "unmanaged", "{found}");
    assert!(!found.to_string().contains("/mine"), "another's key is not told: {found}");
    console.ok("stop_stream", json!({})).await;
    app.unmanaged("stopped").await;
    camera_off(&mut screen).await;
    receiver.only_recording("mine").await.assert_flawless().await;
}
