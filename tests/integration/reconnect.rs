//! Encoders come, go and come back; the stream, its addresses and its numbers stay.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use console_tests::{Console, Packet, Peer, Player, Playlist, Profile, Publisher, Screen};
use serde_json::json;

use crate::{go_live, live};

/// A takeover is over within this on a busy machine too; a silent encoder would be dropped only after fifteen seconds.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Decoding times of each stream only ever grow.
pub(crate) fn assert_times_grow(packets: &[Packet]) {
    let mut last: HashMap<u32, f64> = HashMap::new();
    for packet in packets {
        let before = last.insert(packet.stream, packet.dts_s);
        assert!(before.is_none_or(|before| before < packet.dts_s), "{packet:?} after {before:?}");
    }
}

fn newest_mark_s(screen: &Screen) -> f64 {
    let at_ms = screen.now()["marks"].as_array().and_then(|marks| marks.last()?["atMs"].as_u64());
    let started_ms = screen.now()["session"]["startedAtMs"].as_u64();
    (at_ms.expect("a mark") - started_ms.expect("a start")) as f64 / 1_000.0
}

fn publisher_address(screen: &Screen) -> String {
    screen.now()["ingest"]["publisher"]["address"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_player_sees_one_stream_across_encoders_that_die_and_return() {
    let (console, mut screen, mut publisher) = live(&Profile::MAIN).await;
    let url = screen.url("hls");
    let video = url.replace("index.m3u8", "video.m3u8");
    let (client, address) = (console.client(), screen.now()["session"]["urls"].clone());
    let mut player = Player::start(&url);
    let mut playlists = vec![Playlist::fetch(&client, &video).await];
    let mut away_s = 0.0_f64;
    for pause_s in [1, 3] {
        publisher.kill().await;
        screen.phase("interrupted").await;
        let left_s = newest_mark_s(&screen);
        playlists.push(Playlist::fetch(&client, &video).await);
        screen.seconds_pass(pause_s).await;
        assert_eq!(screen.now()["session"]["urls"], address, "addresses are held");
        publisher = Publisher::start(&console.publish_url().await, &Profile::MAIN);
        screen.phase("live").await;
        away_s = away_s.max(newest_mark_s(&screen) - left_s);
        let next = playlists.last().map_or(0, Playlist::next_number);
        playlists.push(Playlist::with(&client, &video, next).await);
    }
    assert_eq!(screen.now()["session"]["urls"], address, "addresses are the same");

    let back_s = newest_mark_s(&screen);
    player
        .until("packets from after the last return", |packets| {
            [0, 1]
                .iter()
                .all(|&stream| packets.iter().any(|packet| packet.stream == stream && packet.dts_s > back_s))
        })
        .await;
    assert_times_grow(&player.packets);
    let picture: Vec<f64> =
        player.packets.iter().filter(|packet| packet.stream == 0).map(|packet| packet.dts_s).collect();
    let widest_s = picture.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!(
        (away_s - 2.0..away_s + 1.0).contains(&widest_s),
        "a gap of {away_s} s on the clock is {widest_s} s in the stream"
    );

    for pair in playlists.windows(2) {
        assert!(pair[0].media_sequence <= pair[1].media_sequence, "{pair:#?}");
        assert!(pair[0].discontinuity_sequence <= pair[1].discontinuity_sequence, "{pair:#?}");
        assert_eq!(pair[0].target_duration_s, pair[1].target_duration_s);
    }
    let newest = playlists.last().expect("playlists were fetched");
    let tagged = newest.segments.iter().filter(|segment| segment.discontinuity).count() as u64;
    assert!(newest.discontinuity_sequence + tagged >= 2, "each return is a discontinuity: {newest:#?}");
}

#[cfg(unix)]
#[tokio::test]
async fn an_encoder_that_freezes_is_an_interruption_and_goes_on_when_it_thaws() {
    let (console, mut screen, mut publisher) = live(&Profile::MAIN).await;
    let before = publisher_address(&screen);
    crate::assert_plays_everywhere(&console, &screen).await;
    let mut player = Player::start(&screen.url("hls"));
    publisher.freeze().await;
    screen.phase("interrupted").await;
    assert_eq!(publisher_address(&screen), before, "it is still connected");
    publisher.thaw().await;
    screen.phase("live").await;
    assert_eq!(publisher_address(&screen), before, "it did not have to connect again");
    let back_s = newest_mark_s(&screen);
    player
        .until("packets from after the thaw", |packets| {
            [0, 1]
                .iter()
                .all(|&stream| packets.iter().any(|packet| packet.stream == stream && packet.dts_s > back_s))
        })
        .await;
    assert_times_grow(&player.packets);
    assert!(publisher.is_running());
}

#[tokio::test]
async fn a_second_encoder_with_the_key_takes_over_at_once_and_one_without_never() {
    let console = Console::start(&[]).await;
    let key = console.key().await;
    let mut screen = console.screen().await;
    let mut first = Peer::connect(&console.rtmp_address()).await;
    assert_eq!(first.publish("live", &key).await.code, "NetStream.Publish.Start");
    screen.until("the first encoder", |now| !now["ingest"]["publisher"].is_null()).await;
    let before = publisher_address(&screen);

    let mut stranger = Peer::connect(&console.rtmp_address()).await;
    let told = stranger.publish("live", "not-the-key-at-all").await;
    assert_ne!(told.code, "NetStream.Publish.Start");
    assert!(told.description.contains("stream key is wrong"), "{told:?}");
    stranger.left().await;
    assert_eq!(console.snapshot().await["ingest"]["publisher"]["address"], json!(before));

    let mut second = Peer::connect(&console.rtmp_address()).await;
    let asked = Instant::now();
    assert_eq!(second.publish("live", &key).await.code, "NetStream.Publish.Start");
    first.left().await;
    let took = asked.elapsed();
    println!("a takeover took {took:?}");
    assert!(took < AT_ONCE, "a takeover took {took:?}");
    screen.until("the second encoder", |now| now["ingest"]["publisher"]["address"] != json!(before)).await;
}

#[tokio::test]
async fn a_takeover_does_not_interrupt_the_stream() {
    let (console, mut screen, mut first) = live(&Profile::MAIN).await;
    let (before, urls) = (publisher_address(&screen), screen.now()["session"]["urls"].clone());
    let video = screen.url("hls").replace("index.m3u8", "video.m3u8");
    let mut second = Publisher::start(&console.publish_url().await, &Profile::MAIN);
    screen
        .until("the second encoder", |now| {
            now["ingest"]["publisher"]["address"].as_str().is_some_and(|address| address != before)
        })
        .await;
    first.ended().await;
    let next = Playlist::fetch(&console.client(), &video).await.next_number();
    Playlist::with(&console.client(), &video, next + 1).await;
    let now = console.snapshot().await;
    screen.until("the present", |seen| seen["seq"].as_u64() >= now["seq"].as_u64()).await;
    assert!(second.is_running());
    assert_eq!(screen.now()["session"]["urls"], urls);
    assert!(!screen.life().phases().contains(&"interrupted"), "{}", screen.life());
}

#[tokio::test]
async fn an_encoder_that_stays_away_ends_the_stream_in_words_when_the_grace_is_over() {
    let console = Console::start(&[]).await;
    console.change_settings(json!({ "graceS": 1 })).await;
    let (mut screen, publisher) = go_live(&console, &Profile::MAIN).await;
    publisher.kill().await;
    let session = screen.phase("interrupted").await["session"].clone();
    assert_eq!(session["state"], "active");
    assert_eq!(session["message"]["tone"], "warning");
    let held_ms = session["givesUpAtMs"].as_u64().zip(session["interruptedSinceMs"].as_u64());
    assert_eq!(held_ms.map(|(until_ms, since_ms)| until_ms - since_ms), Some(1_000));

    let session = screen.phase("ended").await["session"].clone();
    assert_eq!((&session["state"], &session["message"]["tone"]), (&json!("error"), &json!("error")));
    let words = session["message"]["text"].as_str().expect("words");
    assert!(words.contains("did not come back in time"), "{words}");
    assert!(session["message"]["nextStep"].is_string(), "{session:#}");
    let summary = console.detail(&screen.stream_id()).await["summary"].clone();
    assert_eq!(summary["endReason"], words);
    assert_eq!((&summary["failed"], &summary["interruptions"]), (&json!(true), &json!(1)));
}

/// Presses Stop and expects the stream to be over, by the user's wish.
async fn stop(console: &Console, screen: &mut Screen) {
    console.ok("stop_stream", json!({})).await;
    let session = &screen.phase("ended").await["session"];
    assert_eq!(session["state"], "stopped", "{session:#}");
    assert_eq!(session["message"]["text"], "You stopped the stream.");
    assert!(session["endedAtMs"].is_u64());
}

#[tokio::test]
async fn stop_ends_a_stream_in_every_state() {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    console.ok("stop_stream", json!({})).await;
    assert_eq!(console.snapshot().await["session"]["phase"], "idle", "nothing runs, nothing happens");

    console.ok("start_managed", json!({})).await;
    screen.phase("awaiting_camera").await;
    stop(&console, &mut screen).await;
    console.ok("stop_stream", json!({})).await;
    assert_eq!(console.snapshot().await["session"]["state"], "stopped", "what is over stays over");

    // An encoder that connects and sends nothing.
    console.ok("start_managed", json!({})).await;
    let mut silent = Peer::connect(&console.rtmp_address()).await;
    silent.publish("live", &console.key().await).await;
    screen.phase("awaiting_media").await;
    stop(&console, &mut screen).await;
    silent.left().await;

    console.ok("start_managed", json!({ "cameraLink": "demo" })).await;
    screen.phase("live").await;
    stop(&console, &mut screen).await;

    console.ok("start_managed", json!({})).await;
    let publisher = Publisher::start(&console.publish_url().await, &Profile::MAIN);
    screen.phase("live").await;
    publisher.kill().await;
    screen.phase("interrupted").await;
    stop(&console, &mut screen).await;

    let streams = console.ok("list_streams", json!({})).await;
    let streams = streams.as_array().expect("a list");
    assert_eq!(streams.len(), 4);
    assert!(streams.iter().all(|stream| stream["failed"] == false), "a stop is no failure: {streams:#?}");
}

#[tokio::test]
async fn an_encoder_that_keeps_trying_after_stop_is_held_off_until_start() {
    let (console, mut screen, mut publisher) = live(&Profile::MAIN).await;
    let stopped = screen.stream_id();
    stop(&console, &mut screen).await;
    publisher.ended().await;
    assert_eq!(screen.now()["ingest"]["heldOff"], false, "nobody knocks yet");

    let mut knocking = Peer::connect(&console.rtmp_address()).await;
    let told = knocking.publish("live", &console.key().await).await;
    assert!(told.description.contains("The stream was stopped here"), "{told:?}");
    screen.until("the encoder outside to be shown", |now| now["ingest"]["heldOff"] == true).await;
    assert_eq!(screen.now()["session"]["streamId"], json!(stopped), "it brought nothing back");

    console.ok("start_managed", json!({})).await;
    screen.until("nobody to be held off", |now| now["ingest"]["heldOff"] == false).await;
    let _publisher = Publisher::start(&console.publish_url().await, &Profile::MAIN);
    screen.phase("live").await;
    assert_ne!(screen.stream_id(), stopped);
}
