//! Cameras that publish by WebRTC (WHIP).

use std::time::Duration;

use console_tests::webrtc::{Clip, Publisher, Viewer, Wanted, Weather, offer};
use console_tests::{Console, Player, Playlist, Profile, Screen};
use reqwest::StatusCode;
use serde_json::json;

use crate::webrtc::{assert_decodes, playable, post};

const SIZE: &str = "320x180";

async fn whip(console: &Console) -> String {
    let url = &console.snapshot().await["ingest"]["whipServer"];
    url.as_str().expect("an address for WHIP").to_owned()
}

/// A console that a camera made live by WebRTC.
async fn live(clip: &Clip, weather: Weather) -> (Console, Screen, Publisher) {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    console.ok("start_managed", json!({ "enableWebrtc": true })).await;
    let key = console.key().await;
    let publisher = Publisher::publish_in(&whip(&console).await, Some(&key), clip, weather)
        .await
        .expect("the key is right");
    playable(&mut screen).await;
    (console, screen, publisher)
}

/// Waits until another segment is complete.
async fn next_segment(console: &Console, screen: &Screen) {
    let video = screen.url("hls").replace("index", "video");
    let next = Playlist::fetch(&console.client(), &video).await.next_number();
    Playlist::with(&console.client(), &video, next).await;
}

#[tokio::test]
async fn only_the_key_opens_the_door() {
    let console = Console::start(&[]).await;
    let clip = Clip::make(SIZE).await;
    let key = console.key().await;
    for wrong in [None, Some("wrong"), Some(&key[1..]), Some("")] {
        let refused =
            Publisher::publish(&whip(&console).await, wrong, &clip).await.err().expect("it is refused");
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{wrong:?}");
        assert!(!refused.words.is_empty() && !refused.words.contains(&key), "{}", refused.words);
    }
    let refused = Publisher::publish(&format!("{}/wrong", whip(&console).await), None, &clip).await.err();
    assert_eq!(refused.expect("it is refused").status, StatusCode::UNAUTHORIZED);
    for (what, body) in [("nothing", String::new()), ("garbage", "offer".to_owned())] {
        let url = format!("{}/{key}", whip(&console).await);
        let (status, words) = post(&console, &url, "application/sdp", body.into()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{what}: {words}");
    }
    let url = format!("{}/{key}", whip(&console).await);
    let (status, words) = post(&console, &url, "application/sdp", offer(Wanted::Vp8).into()).await;
    assert_eq!(status, StatusCode::NOT_ACCEPTABLE, "{words}");
    assert!(console.snapshot().await["ingest"]["publisher"].is_null(), "nobody came in");
}

#[tokio::test]
async fn a_camera_by_webrtc_plays_everywhere() {
    let clip = Clip::make(SIZE).await;
    let (console, screen, publisher) = live(&clip, Weather::FAIR).await;
    let played = Player::probe(&screen.url("hls")).await;
    assert_eq!(played.video.as_deref(), Some("h264 Constrained Baseline"));
    assert_eq!((played.size, played.audio.as_deref()), (Some((320, 180)), Some("aac LC")));
    let loudness = assert_decodes(&screen.url("hls"), 4).await;
    assert!((0.1..0.25).contains(&loudness), "a tone of 0.18 is heard as {loudness}");

    let viewer = Viewer::connect(&screen.url("webrtc")).await.expect("a session");
    viewer.first_keyframe().await;
    viewer.until("three seconds", |seen| seen.video.frames >= 90 && seen.audio.frames >= 150).await;
    viewer.look(|seen| {
        assert_eq!(
            (seen.video.lost, seen.video.broken_frames, seen.video.steps_back),
            (0, 0, 0),
            "{seen:#?}"
        );
        assert!(seen.video.widest_step <= 34 * 90, "{seen:#?}");
    });
    publisher.play(&Clip::make("640x360").await);
    viewer.until("the new picture", |seen| seen.video.sps_changes == 1).await;
    next_segment(&console, &screen).await;
    let given = publisher.look(Clone::clone);
    assert!(!given.closed, "{given:?}");
}

#[tokio::test]
async fn the_key_may_stand_in_the_address() {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    let url = &console.snapshot().await["ingest"]["whipPublishUrl"];
    let url = url.as_str().expect("an address for WHIP");
    assert!(url.contains(&console.key().await), "the key is in it");
    let clip = Clip::make(SIZE).await;
    let _publisher = Publisher::publish(url, None, &clip).await.expect("the key is right");
    // Publishing alone starts a stream, whichever way it comes.
    screen.phase("live").await;
}

#[tokio::test]
async fn cameras_replace_each_other_whichever_way_they_come() {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    console.ok("start_managed", json!({ "enableWebrtc": true })).await;
    let (rtmp, key, clip) = (console.publish_url().await, console.key().await, Clip::make(SIZE).await);
    let mut first = console_tests::Publisher::start(&rtmp, &Profile::MAIN);
    playable(&mut screen).await;
    let viewer = Viewer::connect(&screen.url("webrtc")).await.expect("a session");
    viewer.first_keyframe().await;

    let second =
        Publisher::publish(&whip(&console).await, Some(&key), &clip).await.expect("the key is right");
    first.ended().await;
    viewer.until("the second camera", |seen| seen.video.sps_changes == 1).await;
    let third = console_tests::Publisher::start(&rtmp, &Profile::MAIN);
    second.until("the second to be replaced", |given| given.closed).await;
    viewer.until("the third camera", |seen| seen.video.sps_changes == 2).await;
    let fourth =
        Publisher::publish(&whip(&console).await, Some(&key), &clip).await.expect("the key is right");
    viewer.until("the fourth camera", |seen| seen.video.sps_changes == 3).await;
    let fifth = Publisher::publish(&whip(&console).await, Some(&key), &clip).await.expect("the key is right");
    fourth.until("the fourth to be replaced", |given| given.closed).await;
    let frames = viewer.look(|seen| seen.video.frames);
    viewer.until("the fifth camera", |seen| seen.video.frames > frames + 60).await;
    assert!(!screen.life().phases().contains(&"interrupted"), "{}", screen.life());
    viewer.look(|seen| {
        assert_eq!(
            (seen.video.lost, seen.video.broken_frames, seen.video.steps_back),
            (0, 0, 0),
            "{seen:#?}"
        );
    });
    drop((third, fifth));
}

#[tokio::test]
async fn what_a_camera_loses_is_asked_for_again() {
    let weather = Weather { lost_out_every: 20, ..Weather::FAIR };
    let (_console, screen, publisher) = live(&Clip::make(SIZE).await, weather).await;
    let loudness = assert_decodes(&screen.url("hls"), 6).await;
    assert!(loudness > 0.1, "{loudness}");
    eprintln!("{} keyframes were asked for", publisher.look(|given| given.keyframe_requests));
}

#[tokio::test]
async fn a_picture_that_lost_something_for_good_recovers() {
    let weather = Weather { never_again: true, ..Weather::FAIR };
    let (console, screen, publisher) = live(&Clip::make(SIZE).await, weather).await;
    let before = publisher.look(|given| given.keyframe_requests);
    publisher.weather(Weather { lost_out_every: 20, ..weather });
    publisher.until("a keyframe to be asked for", |given| given.keyframe_requests > before + 1).await;
    publisher.weather(Weather::FAIR);
    // The picture is whole again from the next keyframe on; a few segments later nothing else is left at the edge.
    for _ in 0..4 {
        next_segment(&console, &screen).await;
    }
    assert_decodes(&screen.url("hls"), 4).await;
}

#[tokio::test]
async fn a_delete_ends_publishing() {
    let (console, mut screen, publisher) = live(&Clip::make(SIZE).await, Weather::FAIR).await;
    assert!(screen.now()["ingest"]["publisher"].is_object());
    assert_eq!(publisher.leave().await, StatusCode::OK);
    publisher.until("the farewell", |given| given.closed).await;
    screen.phase("interrupted").await;
    screen.until("no publisher", |now| now["ingest"]["publisher"].is_null()).await;
    assert_eq!(publisher.leave().await, StatusCode::NOT_FOUND);

    let key = console.key().await;
    let back = Publisher::publish(&whip(&console).await, Some(&key), &Clip::make("640x360").await).await;
    let back = back.expect("the key is right");
    screen.phase("live").await;
    back.vanish();
    screen
        .until_within(Duration::from_secs(35), "the silence to be noticed", |now| {
            now["session"]["phase"] == "interrupted"
        })
        .await;
}
