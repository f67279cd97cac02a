//! The three ways of a stream: to this computer, through the cloud, and straight to a server.

use console_tests::{Console, PATIENCE, Player, Receiver, within};
use serde_json::json;

use super::{KEY, door, of_2026, stage};
use console_tests::cloud::{Boot, Habits};

#[tokio::test]
async fn glasses_stream_to_this_computer_and_everything_of_it_works() {
    let (receiver, mut stage) = tokio::join!(Receiver::start(), stage(of_2026()));
    let id = stage.console.add_destination(&receiver.url(), "near").await;
    stage.stream_here().await;
    let start = stage.glasses.told_to_start().await;
    assert!(start.url.expose().starts_with(&format!("rtmp://{}/live/", stage.console.rtmp_address())));
    crate::assert_plays_everywhere(&stage.console, &stage.screen).await;
    stage.console.broadcast_to(&[&id]).await;
    stage.screen.broadcasting(&id).await;
    let session = &stage.screen.now()["session"];
    assert_eq!((&session["cameraLink"], &session["delivery"]), (&json!("cloud"), &json!("managed")));
    // One stream at a time, whatever its way.
    let refused = stage.console.command("start_managed", json!({ "delivery": "cloud" })).await;
    assert_eq!(refused.status.as_u16(), 409, "{}", refused.body);
    stage.screen.seconds_pass(2).await;
    stage.stop().await;
    receiver.only_recording("near").await.assert_flawless().await;
    assert_eq!(stage.user.stream_id(), None, "no camera stays on");
    assert_eq!(stage.starts(), 1);
    stage.assert_key_is_secret();
    // The key of the ingest is the glasses' own, and no address with it is shown.
    let key = start.url.expose().rsplit_once('/').expect("a key").1;
    let heard = stage.screen.heard().replace(&format!("?token={key}"), "");
    assert!(!heard.contains(&format!("/live/{key}")), "the address with its key was shown");
}

#[tokio::test]
async fn the_cloud_delivers_and_is_live_only_when_its_links_play() {
    let (receiver, mut stage) = tokio::join!(Receiver::start(), stage(Habits::default()));
    let id = stage.console.add_destination(&receiver.url(), "secret-key").await;
    stage.console.set_destination(&id, true).await;
    stage.cloud.habits(|habits| habits.withholds_media = true);
    let wanted = json!({ "delivery": "cloud", "quality": "1080p", "enableWebrtc": true });
    stage.console.ok("start_managed", wanted).await;
    let request = stage
        .cloud
        .heard_matching("a managed start", |note| note.kind == "managed_stream_request")
        .await
        .frame;
    assert_eq!(request["quality"], "1080p");
    assert_eq!(request["enableWebRTC"], false, "not together with destinations");
    assert_eq!(
        request["restreamDestinations"],
        json!([{ "url": format!("{}/secret-key", receiver.url()), "name": "secret-key" }])
    );
    // The cloud says so; nothing plays.
    stage
        .cloud
        .said_matching("active", |note| {
            note.kind == "managed_stream_status" && note.frame["status"] == "active"
        })
        .await;
    stage.screen.phase("awaiting_media").await;
    assert!(stage.screen.now()["session"]["urls"].is_null(), "links are shown only once they play");
    stage.cloud.habits(|habits| habits.withholds_media = false);
    stage.screen.phase("live").await;
    let hls = stage.screen.url("hls");
    let answer = within(PATIENCE, "the playlist", stage.console.client().get(&hls).send()).await;
    assert!(answer.expect("an answer").status().is_success());
    let session = &stage.screen.now()["session"];
    assert_eq!((&session["cameraLink"], &session["delivery"]), (&json!("cloud"), &json!("cloud")));
    assert!(session["urls"].get("webrtc").is_none(), "a cloud of 2025 names the address to publish to");
    assert!(!stage.screen.heard().contains("/publish\""));
    // What does not come here cannot go out from here.
    assert_eq!(receiver.hook().publish_attempts("secret-key"), 0);
    stage.stop().await;
    assert_eq!((stage.user.stream_id(), stage.starts()), (None, 1));
    let past = stage.console.detail(&stage.screen.stream_id()).await;
    assert_eq!(past["summary"]["delivery"], "cloud", "{:#}", past["summary"]);
    assert!(!past.to_string().contains("secret-key/") && !past.to_string().contains(KEY));
}

#[tokio::test]
async fn glasses_stream_straight_to_a_server() {
    let (receiver, mut stage) = tokio::join!(Receiver::start(), stage(Habits::default()));
    let url = format!("{}/straight", receiver.url());
    stage.console.ok("start_unmanaged", json!({ "rtmpUrl": url, "cameraLink": "cloud" })).await;
    stage.screen.phase("live").await;
    assert_eq!(stage.glasses.told_to_start().await.url.expose(), url);
    // Exclusive: it blocks a managed one.
    for wanted in [json!({ "cameraLink": "cloud" }), json!({ "delivery": "cloud" })] {
        let refused = stage.console.command("start_managed", wanted).await;
        assert_eq!(refused.status.as_u16(), 409, "{}", refused.body);
    }
    // The server has picture and sound.
    Player::probe(&url).await;
    stage.stop().await;
    receiver.only_recording("straight").await.assert_flawless().await;
    assert_eq!(stage.user.stream_id(), None);
    assert!(!stage.screen.heard().contains("/straight"), "the address with its key was shown");
}

#[tokio::test]
async fn one_way_after_the_other() {
    let (receiver, mut stage) = tokio::join!(Receiver::start(), stage(of_2026()));
    stage.stream_here().await;
    stage.stop().await;
    stage.stream_by_cloud().await;
    assert!(stage.screen.url("hls").contains("/manifest/video.m3u8"));
    assert!(stage.screen.now()["session"]["urls"]["webrtc"].as_str().expect("WHEP").ends_with("/play"));
    stage.stop().await;
    let url = format!("{}/third", receiver.url());
    stage.console.ok("start_unmanaged", json!({ "url": url, "cameraLink": "cloud" })).await;
    stage.screen.phase("live").await;
    stage.stop().await;
    stage.stream_here().await;
    stage.stop().await;
    assert_eq!(stage.starts(), 4);
    let streams = stage.console.ok("list_streams", json!({})).await;
    let ways: Vec<_> =
        streams.as_array().expect("streams").iter().map(|stream| stream["delivery"].clone()).collect();
    assert_eq!(json!(ways), json!(["managed", "unmanaged", "cloud", "managed"]));
}

#[tokio::test]
async fn another_apps_stream_is_not_ended_by_a_start_here() {
    const OTHER: &str = "com.example.other";
    let (receiver, other, mut stage) = tokio::join!(Receiver::start(), Console::start(&[]), stage(of_2026()));
    stage.cloud.register(OTHER, KEY);
    let mut screen = other.screen().await;
    other.ok("set_cloud", json!({ "packageName": OTHER, "apiKey": KEY, "webhookPort": 0 })).await;
    screen.until("the webhook", |now| now["cloud"]["webhookUrl"].is_string()).await;
    assert_eq!(stage.user.start_app(OTHER, &door(&screen)).await, Boot::Acked);
    screen.until("its session", |now| now["cloud"]["sessions"][0]["connected"] == true).await;
    let url = format!("{}/theirs", receiver.url());
    let ways = [
        ("start_unmanaged", json!({ "rtmpUrl": url, "cameraLink": "cloud" })),
        ("start_managed", json!({ "delivery": "cloud" })),
    ];
    for (starts, (command, wanted)) in (1..).zip(ways) {
        other.ok(command, wanted).await;
        screen.phase("live").await;
        let running = stage.user.stream_id();
        stage.console.ok("start_managed", json!({ "cameraLink": "cloud" })).await;
        stage.screen.phase("ended").await;
        let (text, next) = stage.words();
        assert!(text.contains("another app") && next.contains("Stop it there"), "{text} {next}");
        assert_eq!((stage.user.stream_id(), stage.starts()), (running, starts), "{text}");
        assert_eq!(screen.now()["session"]["phase"], "live");
        if command == "start_unmanaged" {
            // It goes on: the server has picture and sound.
            Player::probe(&url).await;
        }
        other.ok("stop_stream", json!({})).await;
        screen.phase("ended").await;
    }
    receiver.only_recording("theirs").await.assert_flawless().await;
    stage.stream_here().await;
    stage.stop().await;
    assert_eq!(stage.user.stream_id(), None);
}
