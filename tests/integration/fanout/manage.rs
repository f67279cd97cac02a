//! Destinations come, change and go while the stream runs; the stream never minds.

use console_tests::{Console, FarSide, Manner, Noted, Profile, Screen};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{end_broadcast, on_air, stage};

/// What lists them, in order.
fn names(screen: &Screen) -> Vec<String> {
    let destinations = screen.now()["destinations"].as_array().expect("destinations");
    destinations.iter().map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn they_are_switched_added_and_removed_while_live() {
    let (receiver, console, mut screen, _publisher) = stage(&Profile::MAIN).await;
    let stays = on_air(&console, &mut screen, &receiver, "stays").await;
    let changes = on_air(&console, &mut screen, &receiver, "changes").await;
    console.set_destination(&changes, false).await;
    let told = screen.destination(&changes, "disabled").await;
    assert_eq!(told["enabled"], false, "{told:#}");
    screen.destination_until(&changes, "to send nothing", |told| told["bitrateBps"] == 0).await;
    receiver.recordings("changes", 1).await;
    console.set_destination(&changes, true).await;
    screen.broadcasting(&changes).await;
    assert_eq!(receiver.hook().publish_attempts("changes"), 2);

    console.ok("remove_destination", json!({ "id": changes })).await;
    receiver.recordings("changes", 2).await;
    screen.until("it to be gone", |now| now["destinations"].as_array().map(Vec::len) == Some(1)).await;
    let gone = console.command("set_destination", json!({ "id": changes, "enabled": true })).await;
    assert_eq!((gone.status, &gone.body["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));

    let late = on_air(&console, &mut screen, &receiver, "late").await;
    end_broadcast(&console).await;
    for id in [&stays, &late] {
        screen.destination(id, "disabled").await;
    }
    assert_eq!(screen.now()["session"]["state"], "active", "the preview goes on");
    let packets = receiver.only_recording("stays").await.assert_flawless().await;
    assert!(console_tests::widest_gap_ms(&packets, true) <= super::push::FRAME_MS, "it never minded");
    receiver.only_recording("late").await.assert_flawless().await;
    console.broadcast_to(&[&late]).await;
    screen.broadcasting(&late).await;
    assert_eq!(
        screen.destination(&stays, "disabled").await["enabled"],
        false,
        "only the chosen ones go live"
    );
}

#[tokio::test]
async fn a_new_key_is_sent_at_once_and_a_new_name_disturbs_nothing() {
    let (receiver, console, mut screen, _publisher) = stage(&Profile::MAIN).await;
    let id = on_air(&console, &mut screen, &receiver, "old").await;
    let renamed = json!({ "id": id, "name": "renamed", "url": receiver.url(), "holdLimitS": 30 });
    console.ok("update_destination", renamed).await;
    screen.seconds_pass(2).await;
    screen.destination_until(&id, "to be renamed", |told| told["name"] == "renamed").await;
    assert_eq!(receiver.hook().publish_attempts("old"), 1, "it was not disturbed");
    let changed = json!({ "id": id, "name": "renamed", "url": receiver.url(), "streamKey": "new" });
    console.ok("update_destination", changed).await;
    receiver.hook().until_publish_attempts("new", 1).await;
    receiver.only_recording("old").await.assert_flawless().await;
    screen.broadcasting(&id).await;
    assert_eq!(receiver.hook().publish_attempts("old"), 1);
}

#[tokio::test]
async fn a_switch_that_is_thrown_many_times_ends_as_it_was_thrown_last() {
    let (receiver, console, mut screen, _publisher) = stage(&Profile::MAIN).await;
    let id = on_air(&console, &mut screen, &receiver, "nervous").await;
    for on in [false, true].repeat(8) {
        console.set_destination(&id, on).await;
    }
    screen.broadcasting(&id).await;
    screen.seconds_pass(3).await;
    screen.broadcasting(&id).await;
    console.set_destination(&id, false).await;
    let told = screen.destination(&id, "disabled").await;
    assert_eq!(told["enabled"], false, "{told:#}");
}

#[tokio::test]
async fn after_a_stop_the_next_stream_begins_in_private_unless_the_user_wants_otherwise() {
    let far_side = FarSide::open(Manner::Takes);
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    let id = console.add_destination(&far_side.url(), "key").await;
    let early = console.command("go_live", json!({ "ids": [id] })).await;
    assert_eq!(early.status, StatusCode::CONFLICT, "nothing to go live with: {}", early.body);
    for keep in [false, true] {
        console.change_settings(json!({ "keepDestinationsOn": keep })).await;
        console.ok("start_managed", json!({ "cameraLink": "demo" })).await;
        screen.phase("live").await;
        console.broadcast_to(&[&id]).await;
        screen.broadcasting(&id).await;
        console.ok("stop_stream", json!({})).await;
        screen.phase("ended").await;
        let told = screen.destination(&id, if keep { "idle" } else { "disabled" }).await;
        assert_eq!(told["enabled"], json!(keep), "{told:#}");
    }
    // What stayed on goes out by itself with the next stream.
    console.ok("start_managed", json!({ "cameraLink": "demo" })).await;
    screen.broadcasting(&id).await;
    let published = far_side.noted().into_iter().filter(|note| *note == Noted::Publish).count();
    assert_eq!(published, 3);
}

#[tokio::test]
async fn they_keep_their_order_their_copies_and_their_keys_over_a_restart() {
    let far_side = FarSide::open(Manner::Takes);
    let mut console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    let mut ids = Vec::new();
    for key in ["alpha", "beta"] {
        ids.push(console.add_destination(&far_side.url(), key).await);
    }
    let copy = console.ok("duplicate_destination", json!({ "id": ids[0] })).await["id"].clone();
    screen.until("a copy", |now| now["destinations"].as_array().map(Vec::len) == Some(3)).await;
    assert_eq!(names(&screen), ["alpha", "alpha copy", "beta"]);
    assert_eq!(console.ok("reveal_key", json!({ "id": copy })).await["streamKey"], "alpha");
    console.ok("order_destinations", json!({ "ids": [ids[1], copy, ids[0]] })).await;
    let incomplete = console.command("order_destinations", json!({ "ids": [ids[1]] })).await;
    assert_eq!(incomplete.status, StatusCode::BAD_REQUEST, "{}", incomplete.body);
    // Only what a key is not given for keeps the one it has.
    let renamed = json!({ "id": ids[0], "name": "renamed", "url": far_side.url(), "holdLimitS": 90 });
    console.ok("update_destination", renamed).await;

    console.restart().await;
    let screen = console.screen().await;
    assert_eq!(names(&screen), ["beta", "alpha copy", "renamed"]);
    let told = &screen.now()["destinations"][2];
    assert_eq!((&told["holdLimitS"], &told["hasKey"]), (&json!(90), &json!(true)), "{told:#}");
    for (id, key) in [(json!(ids[0]), "alpha"), (json!(ids[1]), "beta"), (copy, "alpha")] {
        assert_eq!(console.ok("reveal_key", json!({ "id": id })).await["streamKey"], key);
    }
    let tested = console.ok("test_destination", json!({ "id": ids[1] })).await;
    assert_eq!(tested["accepted"], true, "{tested:#}");
}

#[tokio::test]
async fn a_bandwidth_test_is_asked_for_where_there_is_one_and_only_then() {
    let (receiver, console, mut screen, _publisher) = stage(&Profile::MAIN).await;
    for (preset, key, asked, answered) in [
        ("twitch", "tested", true, true),
        ("twitch", "shown", false, false),
        ("custom", "other", true, false),
    ] {
        let wanted = json!({
            "preset": preset, "name": key, "url": receiver.url(), "streamKey": key, "bandwidthTest": asked,
        });
        let id = console.ok("add_destination", wanted).await["id"].as_str().expect("an id").to_owned();
        console.broadcast_to(&[&id]).await;
        let told = screen.broadcasting(&id).await;
        assert_eq!(told["bandwidthTest"], json!(answered), "{told:#}");
        assert_eq!(receiver.hook().was_asked_for_a_bandwidth_test(key), answered, "{key}");
    }
}

#[tokio::test]
async fn a_key_in_the_address_is_moved_and_nonsense_is_refused_in_words() {
    let (receiver, console, mut screen, _publisher) = stage(&Profile::MAIN).await;
    let wanted = json!({
        "preset": "custom", "name": "pasted", "url": format!("{}/abcd-efgh-1234-5678", receiver.url()), "streamKey": "",
    });
    let id = console.ok("add_destination", wanted).await["id"].as_str().expect("an id").to_owned();
    let told = screen.destination(&id, "disabled").await;
    assert_eq!((&told["url"], &told["hasKey"]), (&json!(receiver.url()), &json!(true)), "{told:#}");
    assert_eq!(console.ok("reveal_key", json!({ "id": id })).await["streamKey"], "abcd-efgh-1234-5678");
    console.broadcast_to(&[&id]).await;
    screen.broadcasting(&id).await;
    assert_eq!(receiver.hook().publish_attempts("abcd-efgh-1234-5678"), 1);

    let long = "x".repeat(600);
    let url = receiver.url();
    let nonsense: [Value; 10] = [
        json!({ "preset": "custom", "url": url, "streamKey": long }),
        json!({ "preset": "custom", "url": url, "streamKey": "two\nlines" }),
        json!({ "preset": "custom", "url": url, "streamKey": "key", "name": long }),
        json!({ "preset": "custom", "url": url, "streamKey": "key", "holdLimitS": 1_000_000 }),
        json!({ "preset": "custom", "url": "https://example.com/live", "streamKey": "key" }),
        json!({ "preset": "custom", "url": "rtmp://", "streamKey": "key" }),
        json!({ "preset": "custom", "url": "rtmp://host:99999/live", "streamKey": "key" }),
        json!({ "preset": "custom", "streamKey": "key" }),
        json!({ "preset": "no-such-preset", "url": "rtmp://host/live", "streamKey": "key" }),
        json!({ "preset": "youtube", "streamKey": "" }),
    ];
    for wanted in nonsense {
        let answer = console.command("add_destination", wanted.clone()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wanted} was answered {}", answer.body);
        let words = answer.body["message"].as_str().unwrap_or_default();
        assert!(words.ends_with('.') && answer.body["nextStep"].is_string(), "{wanted}: {}", answer.body);
    }
    assert_eq!(names(&screen), ["pasted"], "nothing was added by any of it");
}
