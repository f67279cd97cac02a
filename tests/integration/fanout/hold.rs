//! The camera goes away and comes back: nobody at the far side hangs up, and the broadcast stays one.

use console_tests::{
    Console, FarSide, Manner, Noted, Player, Playlist, Profile, Publisher, times_ms, widest_gap_ms,
};
use serde_json::{Value, json};

use super::{end_broadcast, on_air, stage};
use crate::reconnect::assert_times_grow;

/// How long the camera is away.
const AWAY_S: usize = 8;
/// The held picture is repeated at least so often.
const HELD_PICTURE_MS: i64 = 1_000;
/// The longest that may be silent where one kind of sound takes over from the other.
const SPLICE_MS: i64 = 100;

/// Two receivers record a stream whose encoder is killed for a while.
async fn is_held(profile: &Profile, back: &Profile) {
    let (receiver, console, mut screen, publisher) = stage(profile).await;
    let names = ["one", "two"];
    let mut ids = Vec::new();
    for name in names {
        ids.push(console.add_destination(&receiver.url(), name).await);
    }
    console.broadcast_to(&[&ids[0], &ids[1]]).await;
    for id in &ids {
        screen.broadcasting(id).await;
    }
    screen.seconds_pass(1).await;
    publisher.kill().await;
    screen.phase("interrupted").await;
    for id in &ids {
        screen.destination(id, "interrupted").await;
    }
    screen.seconds_pass(AWAY_S).await;
    for id in &ids {
        let held = screen.destination(id, "interrupted").await;
        assert_eq!(held["message"]["tone"], "warning", "{held:#}");
        assert!(held["broadcastingSinceMs"].is_u64(), "it is still connected: {held:#}");
    }

    let _publisher = Publisher::start(&console.publish_url().await, back);
    screen.phase("live").await;
    for id in &ids {
        let told = screen.destination(id, "broadcasting").await;
        assert_eq!(told["failedAttempts"], 0, "{told:#}");
    }
    screen.seconds_pass(2).await;
    end_broadcast(&console).await;
    for name in names {
        let packets = receiver.only_recording(name).await.assert_flawless().await;
        let pictures = times_ms(&packets, true);
        let lasts_ms = pictures.last().copied().unwrap_or_default();
        assert!(lasts_ms > (AWAY_S as i64 + 3) * 1_000, "the time away is in it: {lasts_ms} ms");
        assert!(widest_gap_ms(&packets, true) <= HELD_PICTURE_MS, "the picture was held: {pictures:?}");
        let shown: Vec<_> = packets.iter().filter(|packet| packet.is_video).collect();
        for pair in shown.windows(2) {
            // Two IDR pictures in a row differ in idr_pic_id (H.264 s7.4.3), so their bytes cannot be the same.
            assert_ne!(pair[0].digest, pair[1].digest, "{pair:?}");
        }
        let sounds = times_ms(&packets, false);
        let (still_ms, silent_ms) = (widest_gap_ms(&packets, true), widest_gap_ms(&packets, false));
        println!("{name}: at most {still_ms} ms without a picture, {silent_ms} ms without a sound");
        assert!(widest_gap_ms(&packets, false) <= SPLICE_MS, "silence was sent: {sounds:?}");
        assert_eq!(receiver.hook().publish_attempts(name), 1, "it stayed one broadcast");
    }
}

#[tokio::test]
async fn eight_seconds_without_a_camera_leave_one_flawless_recording_of_main_profile() {
    is_held(&Profile::MAIN, &Profile::MAIN).await;
}

#[tokio::test]
async fn and_of_baseline_profile_in_several_slices() {
    let baseline = Profile {
        h264_profile: "baseline",
        x264: "cabac=0:slices=3",
        audio: Some((44_100, 1)),
        ..Profile::MAIN
    };
    is_held(&baseline, &baseline).await;
}

#[tokio::test]
async fn and_of_a_camera_that_comes_back_as_another() {
    let back = Profile { size: "640x360", h264_profile: "high", x264: "cabac=1:8x8dct=1", ..Profile::MAIN };
    is_held(&Profile::MAIN, &back).await;
}

/// A network that stalls: what the encoder wanted to send meanwhile arrives all at once, and late.
#[cfg(unix)]
#[tokio::test]
async fn an_encoder_that_freezes_and_thaws_leaves_one_flawless_recording() {
    let (receiver, console, mut screen, publisher) = stage(&Profile::MAIN).await;
    let id = on_air(&console, &mut screen, &receiver, "frozen").await;
    screen.seconds_pass(1).await;
    publisher.freeze().await;
    screen.destination(&id, "interrupted").await;
    screen.seconds_pass(3).await;
    publisher.thaw().await;
    screen.phase("live").await;
    screen.destination(&id, "broadcasting").await;
    screen.seconds_pass(4).await;
    end_broadcast(&console).await;
    let packets = receiver.only_recording("frozen").await.assert_flawless().await;
    assert!(widest_gap_ms(&packets, true) <= HELD_PICTURE_MS, "{:?}", times_ms(&packets, true));
    assert!(widest_gap_ms(&packets, false) <= SPLICE_MS, "{:?}", times_ms(&packets, false));
}

/// Drops that are over before anybody calls them drops, one after the other, from encoders that differ.
#[tokio::test]
async fn encoders_that_relieve_each_other_leave_one_flawless_recording() {
    let (receiver, console, mut screen, mut publisher) = stage(&Profile::MAIN).await;
    let id = on_air(&console, &mut screen, &receiver, "relay").await;
    let late = Profile { offset_s: 500.0, ..Profile::MAIN };
    let mono = Profile { audio: Some((44_100, 1)), ..Profile::MAIN };
    let silent = Profile { audio: None, b_frames: 2, ..Profile::MAIN };
    for next in [&late, &mono, &silent] {
        screen.seconds_pass(2).await;
        let before = screen.now()["ingest"]["publisher"]["address"].clone();
        let relief = Publisher::start(&console.publish_url().await, next);
        screen.until("the next encoder", |now| now["ingest"]["publisher"]["address"] != before).await;
        publisher = relief;
    }
    screen.seconds_pass(3).await;
    screen.destination(&id, "broadcasting").await;
    assert!(publisher.is_running());
    end_broadcast(&console).await;
    let packets = receiver.only_recording("relay").await.assert_flawless().await;
    println!("at most {} ms without a picture", widest_gap_ms(&packets, true));
    assert_eq!(receiver.hook().publish_attempts("relay"), 1);
}

#[tokio::test]
async fn a_destination_with_a_limit_ends_by_itself_and_the_others_are_held() {
    let (receiver, console, mut screen, publisher) = stage(&Profile::MAIN).await;
    let patient = console.add_destination(&receiver.url(), "patient").await;
    let wanted = json!({
        "preset": "custom", "name": "brief", "url": receiver.url(), "streamKey": "brief", "holdLimitS": 1,
    });
    let brief = console.ok("add_destination", wanted).await["id"].as_str().expect("an id").to_owned();
    console.broadcast_to(&[&patient, &brief]).await;
    screen.broadcasting(&patient).await;
    screen.broadcasting(&brief).await;
    publisher.kill().await;
    screen.phase("interrupted").await;
    let ended = screen.destination(&brief, "errored").await;
    assert_eq!(ended["severity"], "normal", "{ended:#}");
    assert!(super::words(&ended).contains("No picture came for 1 second"), "{ended:#}");
    receiver.only_recording("brief").await.assert_flawless().await;
    screen.destination(&patient, "interrupted").await;

    let _publisher = Publisher::start(&console.publish_url().await, &Profile::MAIN);
    screen.phase("live").await;
    screen.destination(&patient, "broadcasting").await;
    assert_eq!(screen.destination(&brief, "errored").await["severity"], "normal", "it waits to be asked");
    console.ok("retry_destination", json!({ "id": brief })).await;
    screen.broadcasting(&brief).await;
}

#[tokio::test]
async fn a_receiver_lost_while_the_camera_is_away_is_connected_to_with_the_next_picture() {
    let (mut receiver, console, mut screen, publisher) = stage(&Profile::MAIN).await;
    let id = on_air(&console, &mut screen, &receiver, "lost").await;
    publisher.kill().await;
    screen.destination(&id, "interrupted").await;
    receiver.restart().await;
    let waits = |told: &Value| told["state"] == "retrying" || told["state"] == "idle";
    let told = screen.destination_until(&id, "to wait", waits).await;
    assert_eq!(told["message"]["tone"], "warning", "{told:#}");
    let _publisher = Publisher::start(&console.publish_url().await, &Profile::MAIN);
    screen.phase("live").await;
    screen.broadcasting(&id).await;
    end_broadcast(&console).await;
    receiver.recordings("lost", 1).await.remove(0).assert_flawless().await;
}

#[tokio::test]
async fn a_camera_that_stays_away_ends_the_broadcast_with_a_goodbye() {
    let far_side = FarSide::open(Manner::Takes);
    let console = Console::start(&[]).await;
    console.change_settings(json!({ "graceS": 2 })).await;
    let (mut screen, publisher) = crate::go_live(&console, &Profile::MAIN).await;
    let id = console.add_destination(&far_side.url(), "key").await;
    console.broadcast_to(&[&id]).await;
    screen.broadcasting(&id).await;
    publisher.kill().await;
    screen.phase("ended").await;
    far_side.until("a goodbye", |noted| noted.contains(&Noted::Goodbye)).await;
    let told = screen.destination(&id, "disabled").await;
    assert_eq!(told["enabled"], false, "the next stream begins in private: {told:#}");
    let states: Vec<String> = screen.destination_life(&id).into_iter().map(|(state, _)| state).collect();
    assert!(states.contains(&"interrupted".to_owned()), "{states:?}");
}

#[tokio::test]
async fn viewers_of_a_frozen_picture_get_segments_all_the_while() {
    let console = Console::start(&[]).await;
    console.change_settings(json!({ "freezePicture": true })).await;
    let (mut screen, publisher) = crate::go_live(&console, &Profile::MAIN).await;
    crate::assert_plays_everywhere(&console, &screen).await;
    let video = screen.url("hls").replace("index.m3u8", "video.m3u8");
    let mut player = Player::start(&screen.url("hls"));
    publisher.kill().await;
    screen.phase("interrupted").await;
    let left = Playlist::fetch(&console.client(), &video).await;
    let audio = screen.url("hls").replace("index.m3u8", "audio.m3u8");
    let mut later = left.clone();
    for track in [&video, &audio] {
        later = Playlist::fetch(&console.client(), track).await;
        for _ in 0..3 {
            later = Playlist::with(&console.client(), track, later.next_number()).await;
        }
        assert_eq!(later.target_duration_s, left.target_duration_s);
    }
    let newest_s = player.packets.iter().map(|packet| packet.dts_s).fold(0.0, f64::max);
    player
        .until("packets of the frozen picture", |packets| {
            [0, 1].iter().all(|&stream| {
                packets.iter().any(|packet| packet.stream == stream && packet.dts_s > newest_s + 3.0)
            })
        })
        .await;
    assert_eq!(screen.now()["session"]["phase"], "interrupted", "all of it came while the camera was away");

    let _publisher = Publisher::start(&console.publish_url().await, &Profile::MAIN);
    screen.phase("live").await;
    let back = Playlist::fetch(&console.client(), &video).await;
    assert!(back.media_sequence >= later.media_sequence);
    let back_s = player.packets.iter().map(|packet| packet.dts_s).fold(0.0, f64::max);
    player
        .until("packets of the camera that came back", |packets| {
            packets.iter().any(|packet| packet.dts_s > back_s + 3.0)
        })
        .await;
    assert_times_grow(&player.packets);
}
