//! Managed streams: from the app's call to pictures, shared between apps, and off again.

use std::time::{Duration, Instant};

use console_tests::{Console, PATIENCE, Player, Screen, within};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{camera_off, stage, stage_for_two, text};

/// The SDK forgets a request that takes 30 s, and a second one together with it: the hub must be far from that.
const SOON: Duration = Duration::from_secs(5);

async fn fetch(console: &Console, url: &Value) -> (StatusCode, String) {
    let response = within(PATIENCE, "a page of the stream", console.client().get(text(url)).send())
        .await
        .expect("an answer");
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    (response.status(), kind.to_owned())
}

/// Everything an app was given plays now.
async fn assert_plays(console: &Console, urls: &Value) {
    let page = fetch(console, &urls["previewUrl"]).await;
    assert!(page.0 == StatusCode::OK && page.1.starts_with("text/html"), "the preview: {page:?}");
    let picture = fetch(console, &urls["thumbnailUrl"]).await;
    assert_eq!(picture, (StatusCode::OK, "image/jpeg".to_owned()), "the thumbnail");
    let (by_hls, by_dash) =
        tokio::join!(Player::probe(text(&urls["hlsUrl"])), Player::probe(text(&urls["dashUrl"])));
    assert!(by_hls.video.is_some() && by_hls.audio.is_some(), "{by_hls:?}");
    assert_eq!(by_dash, by_hls, "DASH plays what HLS plays");
}

#[tokio::test]
async fn the_addresses_of_a_kept_promise_play_at_that_moment() {
    let (console, mut screen, mut app) = stage().await;
    let begun = Instant::now();
    let urls = app.ok("startManaged", json!({ "quality": "720p", "enableWebRTC": true })).await;
    let took = begun.elapsed();
    assert_plays(&console, &urls).await;
    assert!(took < SOON, "it took {took:?} to be active");

    app.catch_up().await;
    let words = app.words("managed");
    let order = [&["initializing", "active"][..], &["initializing", "preparing", "active"][..]];
    assert!(order.contains(&words.as_slice()), "{words:?}");
    let statuses = app.statuses("managed");
    let (active, before): (Vec<&Value>, Vec<&Value>) =
        statuses.into_iter().partition(|status| status["status"] == "active");
    for name in ["hlsUrl", "dashUrl", "previewUrl", "thumbnailUrl", "streamId"] {
        assert_eq!(active[0][name], urls[name], "the first active tells what the promise gives");
        assert!(active[0][name].is_string(), "the first active tells {name}: {}", active[0]);
    }
    for status in before {
        assert!(status["hlsUrl"].is_null() && status["dashUrl"].is_null(), "told too early: {status}");
        assert_eq!(status["streamId"], urls["streamId"], "{status}");
    }
    let statuses = app.statuses("managed");
    assert!(statuses.windows(2).all(|pair| pair[0] != pair[1]), "nothing is told twice: {statuses:#?}");
    let id = text(&urls["streamId"]);
    assert!(id.starts_with('m') && id.len() <= 12, "{id} is short, for it travels over radio");
    let session = &screen.phase("live").await["session"];
    assert_eq!(
        (&session["startedBy"], &session["heldByUser"], &session["cameraLink"], &session["delivery"]),
        (&json!(app.package()), &json!(false), &json!("hub"), &json!("managed")),
    );
    assert_eq!(app.ok("isStreaming", Value::Null).await["managed"], true);

    app.ok("stopManaged", Value::Null).await;
    app.managed("stopped").await;
    camera_off(&mut screen).await;
    assert_eq!(screen.now()["session"]["state"], "stopped", "{:#}", screen.now()["session"]);

    // The SDK would wait for 30 s with the first request's timer running.
    let begun = Instant::now();
    let again = app.ok("startManaged", Value::Null).await;
    let took = begun.elapsed();
    assert_ne!(again["streamId"], urls["streamId"]);
    assert_plays(&console, &again).await;
    assert!(took < SOON, "the second start took {took:?}");
}

#[tokio::test]
async fn apps_share_a_stream_and_the_last_one_takes_the_camera_with_it() {
    let (console, mut screen, mut one, mut two) = stage_for_two().await;
    let urls = one.ok("startManaged", json!({ "quality": "1080p" })).await;
    screen.phase("live").await;
    let id = screen.stream_id();

    let begun = Instant::now();
    let joined = two.ok("startManaged", json!({ "quality": "720p" })).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "who joins a live stream waits for nothing");
    for name in ["hlsUrl", "dashUrl", "previewUrl", "thumbnailUrl", "streamId"] {
        assert_eq!(joined[name], urls[name], "{name}");
    }
    two.catch_up().await;
    assert_eq!(two.words("managed"), ["active"], "nothing is told before");
    screen.until("two apps in the stream", |now| now["session"]["apps"][1].is_object()).await;
    assert_eq!(parts(&screen), [("com.example.pulse", "started"), ("com.example.relay", "joined")]);
    for app in [&mut one, &mut two] {
        let found = app.ok("check", Value::Null).await;
        assert_eq!(found["streamInfo"]["activeViewers"], 2, "{found}");
        assert_eq!(app.shown(&screen)["state"], "connected");
    }

    one.ok("stopManaged", Value::Null).await;
    one.managed("stopped").await;
    screen.until("one app in the stream", |now| now["session"]["apps"][1].is_null()).await;
    two.catch_up().await;
    assert_eq!(two.words("managed"), ["active"], "the other's farewell is not this one's");
    assert_eq!(screen.now()["session"]["phase"], "live");

    two.ok("stopManaged", Value::Null).await;
    two.managed("stopped").await;
    camera_off(&mut screen).await;

    let detail = console.detail(&id).await;
    assert_eq!(detail["summary"]["apps"], json!(["Pulse", "Relay"]), "{:#}", detail["summary"]);
    let parts: Vec<_> = detail["apps"].as_array().expect("apps").iter().collect();
    for (part, (package, how)) in
        parts.iter().zip([("com.example.pulse", "started"), ("com.example.relay", "joined")])
    {
        assert_eq!((&part["packageName"], &part["part"]), (&json!(package), &json!(how)), "{part:#}");
        assert!(part["leftAtMs"].as_u64() >= part["joinedAtMs"].as_u64(), "{part:#}");
    }
    assert_eq!(parts.len(), 2);
    let list = console.ok("list_streams", json!({})).await;
    assert_eq!(list[0]["apps"], json!(["Pulse", "Relay"]));
}

#[tokio::test]
async fn an_app_that_joins_while_the_camera_starts_waits_with_the_first() {
    let (_console, mut screen, mut one, mut two) = stage_for_two().await;
    let first = one.begin("startManaged", Value::Null).await;
    one.managed("initializing").await;
    let second = two.begin("startManaged", Value::Null).await;
    let (first, second) = tokio::join!(one.answer(first), two.answer(second));
    assert_eq!(first.expect("it plays")["hlsUrl"], second.expect("it plays")["hlsUrl"]);
    screen.phase("live").await;
    assert_eq!(parts(&screen).len(), 2);
}

fn parts(screen: &Screen) -> Vec<(&str, &str)> {
    let apps = screen.now()["session"]["apps"].as_array().expect("apps of the stream");
    apps.iter().map(|app| (text(&app["packageName"]), text(&app["part"]))).collect()
}
