//! Receivers fail: what may pass is tried again, what may not is left alone, and both are said.

use console_tests::{FarSide, Manner, Noted, Profile};
use serde_json::json;

use super::{assert_failed_for_good, end_broadcast, on_air, stage, words};

#[tokio::test]
async fn a_receiver_that_dies_is_tried_again_until_it_is_back() {
    let (mut receiver, console, mut screen, _publisher) = stage(&Profile::MAIN).await;
    let id = on_air(&console, &mut screen, &receiver, "again").await;
    screen.seconds_pass(1).await;
    receiver.kill9().await;
    let told = screen.destination(&id, "retrying").await;
    assert_eq!(told["failedAttempts"], 1, "{told:#}");
    assert!(told["retryAtMs"].as_u64() > told["broadcastingSinceMs"].as_u64(), "a countdown: {told:#}");
    assert!(told["broadcastingSinceMs"].is_null() && told["message"]["tone"] == "warning", "{told:#}");
    let refused =
        |told: &serde_json::Value| told["state"] == "retrying" && told["failedAttempts"].as_u64() >= Some(2);
    let told = screen.destination_until(&id, "to have failed twice", refused).await;
    assert!(words(&told).contains("Nothing takes streams at this address"), "{told:#}");

    receiver.restart().await;
    let told = screen.broadcasting(&id).await;
    assert_eq!(told["failedAttempts"], 0, "{told:#}");
    end_broadcast(&console).await;
    let recording = receiver.recordings("again", 1).await.remove(0);
    recording.assert_flawless().await;
    assert_eq!(receiver.files("again").len(), 2, "the second broadcast is a file of its own");
}

#[tokio::test]
async fn asked_to_retry_it_does_not_wait_for_the_countdown() {
    let (mut receiver, console, mut screen, _publisher) = stage(&Profile::MAIN).await;
    let id = on_air(&console, &mut screen, &receiver, "now").await;
    receiver.kill9().await;
    let waits =
        |told: &serde_json::Value| told["state"] == "retrying" && told["failedAttempts"].as_u64() >= Some(4);
    let told = screen.destination_until(&id, "to wait for longer", waits).await;
    let would_be_ms = told["retryAtMs"].as_u64().expect("a countdown");
    receiver.restart().await;
    console.ok("retry_destination", json!({ "id": id })).await;
    let told = screen.broadcasting(&id).await;
    let since_ms = told["broadcastingSinceMs"].as_u64().expect("it broadcasts");
    assert!(since_ms < would_be_ms, "it was to wait until {would_be_ms} and began at {since_ms}");
}

#[tokio::test]
async fn a_key_the_receiver_does_not_know_is_tried_once() {
    let (receiver, console, mut screen, _publisher) = stage(&Profile::MAIN).await;
    receiver.hook().refuse("unknown");
    let id = console.add_destination(&receiver.url(), "unknown").await;
    console.broadcast_to(&[&id]).await;
    let told = screen.destination(&id, "errored").await;
    assert_failed_for_good(&told, "stream key");
    assert_eq!(receiver.hook().publish_attempts("unknown"), 1);
    console.ok("retry_destination", json!({ "id": id })).await;
    receiver.hook().until_publish_attempts("unknown", 2).await;
    assert_failed_for_good(&screen.destination(&id, "errored").await, "stream key");
    // Longer than the first waits of what is tried again by itself.
    screen.seconds_pass(4).await;
    assert_failed_for_good(&screen.destination(&id, "errored").await, "stream key");
    assert_eq!(receiver.hook().publish_attempts("unknown"), 2, "nobody knocks unasked");

    // The right key, typed over the wrong one, is tried at once.
    let wanted = json!({ "id": id, "name": "known", "url": receiver.url(), "streamKey": "known" });
    console.ok("update_destination", wanted).await;
    screen.broadcasting(&id).await;
    assert_eq!(receiver.hook().publish_attempts("known"), 1);
}

/// nginx-rtmp hangs up on who asks for an application it does not have.
#[tokio::test]
async fn an_application_the_receiver_does_not_have_is_not_asked_for_again() {
    let (receiver, console, mut screen, _publisher) = stage(&Profile::MAIN).await;
    let id = console.add_destination(&format!("{}-nowhere", receiver.url()), "key").await;
    console.broadcast_to(&[&id]).await;
    let told = screen.destination(&id, "errored").await;
    assert_failed_for_good(&told, "did not let the stream in");
}

#[tokio::test]
async fn a_key_that_is_in_use_is_said_to_be_and_free_again_it_works() {
    let (receiver, console, mut screen, _publisher) = stage(&Profile::MAIN).await;
    let first = on_air(&console, &mut screen, &receiver, "shared").await;
    // The receiver begins a file for who asks for a name in use, too, and may say that one is complete.
    let recording = receiver.files("shared").remove(0);
    let copy = console.ok("duplicate_destination", json!({ "id": first })).await["id"].clone();
    let copy = copy.as_str().expect("an id");
    console.broadcast_to(&[copy]).await;
    let told = screen.destination(copy, "errored").await;
    assert_failed_for_good(&told, "did not accept the stream key");
    let next_step = told["message"]["nextStep"].as_str().unwrap_or_default();
    assert!(next_step.contains("another program"), "{told:#}");
    screen.destination(&first, "broadcasting").await;
    console.set_destination(&first, false).await;
    receiver.until_complete(&recording).await;
    console.ok("retry_destination", json!({ "id": copy })).await;
    screen.broadcasting(copy).await;
}

#[tokio::test]
async fn a_refusal_by_the_book_is_quoted_and_not_tried_again() {
    let far_side = FarSide::open(Manner::Refuses("This channel is suspended."));
    let (console, mut screen, _publisher) = crate::live(&Profile::MAIN).await;
    let id = console.add_destination(&far_side.url(), "planted-key-of-a-suspended-channel").await;
    console.broadcast_to(&[&id]).await;
    let told = screen.destination(&id, "errored").await;
    assert_failed_for_good(&told, "This channel is suspended");
    screen.seconds_pass(4).await;
    let connections = far_side.noted().into_iter().filter(|note| *note == Noted::Connection).count();
    assert_eq!(connections, 1);
}

#[tokio::test]
async fn a_receiver_that_accepts_and_takes_nothing_is_no_broadcast() {
    let far_side = FarSide::open(Manner::StopsReading);
    let (console, mut screen, _publisher) = crate::live(&Profile::MAIN).await;
    let id = console.add_destination(&far_side.url(), "stuck").await;
    console.broadcast_to(&[&id]).await;
    let told = screen.destination(&id, "stalled").await;
    assert!(words(&told).contains("takes no data"), "{told:#}");
    assert_eq!(told["message"]["tone"], "warning", "{told:#}");
    assert!(told["severity"].is_null() && told["broadcastingSinceMs"].is_null(), "{told:#}");
    assert!(far_side.noted().contains(&Noted::Publish), "it had been accepted");
    // A stop succeeds whatever the far side does.
    end_broadcast(&console).await;
    screen.destination(&id, "disabled").await;
}

#[tokio::test]
async fn a_receiver_that_pauses_goes_on_at_a_keyframe_and_what_it_missed_is_counted() {
    let far_side = FarSide::open(Manner::Takes);
    // The system's own buffers of a connection hold some megabytes; they must fill up first.
    let heavy = Profile { size: "640x360", video_kbps: 5_000, ..Profile::MAIN };
    let (console, mut screen, _publisher) = crate::live(&heavy).await;
    let id = console.add_destination(&far_side.url(), "pauses").await;
    console.broadcast_to(&[&id]).await;
    screen.broadcasting(&id).await;
    far_side.stop_reading();
    let told = screen.destination(&id, "stalled").await;
    assert!(words(&told).contains("takes no data"), "{told:#}");
    screen
        .destination_until(&id, "to leave something out", |told| told["droppedUnits"].as_u64() > Some(0))
        .await;
    let before = far_side.noted().len();
    far_side.read_on();
    let told = screen.destination(&id, "broadcasting").await;
    assert_eq!(told["failedAttempts"], 0, "the connection was kept: {told:#}");
    let pictures = |noted: &[Noted]| -> Vec<(bool, u32)> {
        let picture = |note: &Noted| match *note {
            Noted::Picture { key, dts_ms } => Some((key, dts_ms)),
            _ => None,
        };
        noted.iter().filter_map(picture).collect()
    };
    let back = |noted: &[Noted]| {
        let pictures = pictures(noted);
        pictures.windows(2).any(|pair| pair[1].1 - pair[0].1 > 1_000) && noted.len() > before + 60
    };
    let noted = far_side.until("the pictures after the pause", back).await;
    let pictures = pictures(&noted);
    for pair in pictures.windows(2) {
        assert!(pair[0].1 < pair[1].1, "times grow: {pair:?}");
        assert!(pair[1].1 - pair[0].1 <= 40 || pair[1].0, "a hole is followed by a keyframe: {pair:?}");
    }
    assert_eq!(noted.iter().filter(|note| **note == Noted::Connection).count(), 1);
}

#[tokio::test]
async fn addresses_where_nobody_is_at_home_say_what_is_wrong() {
    let (console, mut screen, _publisher) = crate::live(&Profile::MAIN).await;
    let [closed, resets, babbles] = [Manner::Closed, Manner::Resets, Manner::Babbles].map(FarSide::open);
    let web_page = console.http().replacen("http", "rtmp", 1);
    let expected = [
        (closed.url(), "Nothing takes streams at this address"),
        (resets.url(), ""),
        (babbles.url(), "closed the connection"),
        (format!("{web_page}/live"), "not as a streaming server"),
        ("rtmp://no-such-host.invalid/live".to_owned(), "name was not found"),
    ];
    let mut ids = Vec::new();
    for (url, _) in &expected {
        ids.push(console.add_destination(url, "key").await);
    }
    let chosen: Vec<&str> = ids.iter().map(String::as_str).collect();
    console.broadcast_to(&chosen).await;
    for (id, (url, expected)) in ids.iter().zip(&expected) {
        let told = screen.destination(id, "retrying").await;
        assert!(words(&told).contains(expected), "{url}: {told:#}");
        assert!(told["message"]["nextStep"].is_string(), "{url}: {told:#}");
        if *url == babbles.url() {
            // It does let streams in.
            continue;
        }
        let tested = console.ok("test_destination", json!({ "id": id })).await;
        assert_eq!(tested["accepted"], false, "{url}: {tested:#}");
        assert!(
            tested["message"]["text"].as_str().unwrap_or_default().contains(expected),
            "{url}: {tested:#}"
        );
    }
}
