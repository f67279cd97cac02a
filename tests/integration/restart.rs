//! The program dies in the middle of a stream and is started again.

use console_tests::{Console, Playlist, Profile, Publisher, Screen};
use serde_json::{Value, json};

use crate::live;

/// Path of a playback address: hosts and ports may change with a restart, this may not.
fn path(screen: &Screen) -> String {
    let url = screen.url("hls");
    let rest = url.strip_prefix("http://").expect("an HTTP address");
    rest.split_once('/').expect("a path").1.to_owned()
}

async fn media_sequence(console: &Console, screen: &Screen, segments: u64) -> (u64, u64) {
    let video = screen.url("hls").replace("index.m3u8", "video.m3u8");
    let now = Playlist::fetch(&console.client(), &video).await;
    let later = Playlist::with(&console.client(), &video, now.next_number() + segments).await;
    (later.media_sequence, later.next_number())
}

fn marks(detail: &Value) -> &[Value] {
    detail["marks"].as_array().expect("marks")
}

#[tokio::test]
async fn a_stream_goes_on_after_the_console_was_killed_once_the_encoder_is_back() {
    let (mut console, mut screen, mut publisher) = live(&Profile::MAIN).await;
    let (id, address) = (screen.stream_id(), path(&screen));
    let (_, next_before) = media_sequence(&console, &screen, 1).await;
    screen.until("a sample", |now| !now["samples"][0].is_null()).await;
    let before = console.detail(&id).await;
    console.kill9();
    publisher.ended().await;

    console.restart().await;
    let mut screen = console.screen().await;
    let session = &screen.now()["session"];
    assert_eq!((&session["phase"], &session["streamId"]), (&json!("interrupted"), &json!(id)), "{session:#}");
    assert!(
        session["message"]["text"].as_str().is_some_and(|words| words.contains("restarted")),
        "{session:#}"
    );
    assert_eq!(path(&screen), address);
    assert!(!screen.now()["samples"][0].is_null(), "the time line is shown again");

    let _publisher = Publisher::start(&console.publish_url().await, &Profile::MAIN);
    screen.phase("live").await;
    crate::assert_plays_everywhere(&console, &screen).await;
    assert_eq!((screen.stream_id(), path(&screen)), (id.clone(), address));
    let (first_after, _) = media_sequence(&console, &screen, 0).await;
    assert!(first_after >= next_before, "segment numbers go on: {first_after} after {next_before}");

    let after = console.detail(&id).await;
    assert_eq!(marks(&after)[..marks(&before).len()], *marks(&before), "no state change was lost");
    assert!(marks(&after).len() > marks(&before).len());
    assert_eq!(marks(&screen.now().clone()), marks(&after), "the screen shows what history holds");
}

#[tokio::test]
async fn the_demo_camera_goes_on_by_itself() {
    let mut console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    console.ok("start_managed", json!({ "cameraLink": "demo" })).await;
    screen.phase("live").await;
    let (id, address) = (screen.stream_id(), path(&screen));
    console.restart().await;
    let mut screen = console.screen().await;
    screen.phase("live").await;
    assert_eq!((screen.stream_id(), path(&screen)), (id, address));
}

#[tokio::test]
async fn a_stream_that_was_stopped_stays_stopped() {
    let mut console = Console::start(&["--demo"]).await;
    let mut screen = console.screen().await;
    screen.phase("live").await;
    let id = screen.stream_id();
    console.ok("stop_stream", json!({})).await;
    screen.phase("ended").await;
    drop(screen);
    // `--demo` would start a new stream; the old one must stay what it was.
    console.restart().await;
    let mut screen = console.screen().await;
    screen.phase("live").await;
    assert_ne!(screen.stream_id(), id);
    let summary = &console.detail(&id).await["summary"];
    assert_eq!((&summary["phase"], &summary["failed"]), (&json!("ended"), &json!(false)));
}

#[tokio::test]
async fn nothing_is_resumed_when_nothing_ran() {
    let mut console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    console.ok("start_managed", json!({})).await;
    screen.phase("awaiting_camera").await;
    console.ok("stop_stream", json!({})).await;
    screen.phase("ended").await;
    console.restart().await;
    let session = &console.snapshot().await["session"];
    assert_eq!((&session["phase"], &session["streamId"]), (&json!("idle"), &Value::Null));
}

#[tokio::test]
async fn a_stream_whose_encoder_stays_away_after_a_restart_ends_in_words() {
    let (mut console, screen, publisher) = live(&Profile::MAIN).await;
    let id = screen.stream_id();
    console.change_settings(json!({ "graceS": 1 })).await;
    publisher.kill().await;
    console.restart().await;
    let mut screen = console.screen().await;
    let session = screen.phase("ended").await["session"].clone();
    assert_eq!((&session["streamId"], &session["state"]), (&json!(id), &json!("error")));
    let words = session["message"]["text"].as_str().expect("words");
    assert!(words.contains("interrupted by a restart"), "{words}");
    assert_eq!(console.detail(&id).await["summary"]["endReason"], words);
}

#[tokio::test]
async fn choices_and_the_key_outlive_a_restart_and_a_new_key_replaces_the_old() {
    let mut console = Console::start(&[]).await;
    console.change_settings(json!({ "graceS": 7, "theme": "light" })).await;
    let first = console.key().await;
    console.restart().await;
    assert_eq!(console.key().await, first);
    console.ok("new_stream_key", json!({})).await;
    let second = console.key().await;
    assert_ne!(second, first);
    console.restart().await;
    assert_eq!(console.key().await, second);
    let chosen = &console.snapshot().await["settings"]["chosen"];
    assert_eq!((&chosen["graceS"], &chosen["theme"]), (&json!(7), &json!("light")));
}

#[tokio::test]
async fn a_second_console_on_the_same_data_is_refused_in_words() {
    let console = Console::start(&[]).await;
    let failed = console.start_beside().await;
    assert!(!failed.status.success());
    assert!(failed.words.contains("Another Stream Console is using the data folder"), "{}", failed.words);
    assert!(failed.words.contains("--data-dir"), "and what to do: {}", failed.words);
    assert_eq!(console.snapshot().await["session"]["phase"], "idle", "the first is unharmed");
}
