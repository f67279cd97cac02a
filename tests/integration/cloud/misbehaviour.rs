//! What real clouds and glasses do wrong.

use std::time::Duration;

use console_tests::cloud::{Ack, Boot, Habits};
use serde_json::json;

use super::{KEY, PACKAGE, door, of_2026, stage};

#[tokio::test]
async fn everything_told_twice_and_with_changing_links_is_told_once() {
    let habits = Habits { double_delivery: true, changes_urls: true, ..of_2026() };
    let mut stage = stage(habits).await;
    stage.stream_by_cloud().await;
    stage.user.change_urls(PACKAGE);
    stage
        .screen
        .until("the changed links", |now| {
            now["session"]["urls"]["hls"].as_str().is_some_and(|url| url.contains("?change="))
        })
        .await;
    stage.stop().await;
    let detail = stage.console.detail(&stage.screen.stream_id()).await;
    assert_eq!(detail["summary"]["interruptions"], 0, "{:#}", detail["summary"]);
    let phases = stage.screen.life().phases();
    let count = |phase: &str| phases.iter().filter(|seen| **seen == phase).count();
    assert_eq!((count("live"), count("interrupted"), count("ended")), (1, 0, 1), "{phases:?}");
}

#[tokio::test]
async fn links_that_never_play_are_an_error_with_words() {
    let mut stage = stage(Habits { withholds_media: true, ..of_2026() }).await;
    stage.console.ok("start_managed", json!({ "delivery": "cloud" })).await;
    // Its own patience is 40 s.
    let patience = Duration::from_secs(80);
    stage.screen.until_within(patience, "the end", |now| now["session"]["phase"] == "ended").await;
    let (text, next) = stage.words();
    assert!(text.contains("links did not play") && !next.is_empty(), "{text} {next}");
    assert!(!stage.screen.life().phases().contains(&"live"));
    stage.cloud.heard_matching("a stop", |note| note.kind == "managed_stream_stop").await;
    assert_eq!(stage.user.stream_id(), None, "no camera stays on");
}

#[tokio::test]
async fn a_stop_that_is_ignored_does_not_hold_up_the_user() {
    let mut stage = stage(Habits { ignores_stop: true, ..of_2026() }).await;
    stage.stream_by_cloud().await;
    stage.stop().await;
    assert!(stage.user.stream_id().is_some(), "the cloud did not obey");
    stage.cloud.habits(|habits| habits.ignores_stop = false);
    // Late words of it are not taken for the next one's.
    stage.stream_by_cloud().await;
    stage.stop().await;
    assert_eq!(stage.user.stream_id(), None);
}

#[tokio::test]
async fn a_failure_without_a_text_has_words_all_the_same() {
    let mut stage = stage(Habits { no_words: true, ..of_2026() }).await;
    stage.stream_by_cloud().await;
    stage.glasses.tell(mentra_wire::StreamStatusWord::Error, Some("camera_busy"));
    stage.screen.phase("ended").await;
    let (text, next) = stage.words();
    assert!(text.contains("MentraOS") && !next.is_empty(), "{text} {next}");
}

#[tokio::test]
async fn glasses_without_wifi_are_told_by_name() {
    let mut stage = stage(of_2026()).await;
    stage.glasses.wifi(None);
    stage.screen.until("no Wi-Fi", |now| now["cloud"]["sessions"][0]["glasses"]["wifi"] == false).await;
    let refused = stage.console.command("start_managed", json!({ "cameraLink": "cloud" })).await;
    assert_eq!(refused.status.as_u16(), 409, "{}", refused.body);
    assert!(refused.body["message"].to_string().contains("Wi-Fi"), "{}", refused.body);
}

#[tokio::test]
async fn a_missing_permission_is_told_by_name_and_the_app_comes_back() {
    let mut stage = stage(Habits { refuses_camera: true, ..of_2026() }).await;
    stage.console.ok("start_managed", json!({ "cameraLink": "cloud" })).await;
    stage.screen.phase("ended").await;
    let (text, next) = stage.words();
    assert!(text.contains("camera") && next.contains("CAMERA"), "{text} {next}");
    stage.cloud.habits(|habits| habits.refuses_camera = false);
    let again = stage.asked(&["tpa_connection_init", "reconnect"]);
    stage
        .cloud
        .heard_matching("the app again", |note| note.kind == "tpa_connection_init" && note.index > again)
        .await;
    stage.connected().await;
}

#[tokio::test]
async fn a_wrong_key_is_told_and_not_tried_again() {
    let mut stage = stage(of_2026()).await;
    stage.cloud.register(PACKAGE, "another key");
    stage.cloud.drop_sockets();
    stage
        .screen
        .until("words about the key", |now| {
            now["cloud"]["message"]["text"].as_str().is_some_and(|text| text.contains("API key"))
        })
        .await;
    assert_eq!(stage.screen.now()["cloud"]["sessions"], json!([]));
    stage.cloud.register(PACKAGE, KEY);
    stage.open().await;
    let message = &stage.screen.now()["cloud"]["message"];
    assert!(message.is_null(), "the problem is over: {message}");
}

#[tokio::test]
async fn a_slow_cloud_is_waited_for() {
    let mut habits = of_2026();
    habits.ack = Ack::After(Duration::from_secs(7));
    habits.timing.boot = Duration::from_secs(20);
    let mut stage = stage(habits).await;
    stage.cloud.habits(|habits| habits.ack = Ack::AtOnce);
    stage.stream_here().await;
}

#[tokio::test]
async fn a_restart_of_the_cloud_leaves_the_picture_here() {
    let mut stage = stage(of_2026()).await;
    stage.stream_here().await;
    stage.cloud.restart().await;
    stage.screen.until("the lost session", |now| now["cloud"]["sessions"][0]["connected"] != true).await;
    assert_eq!(stage.screen.now()["session"]["phase"], "live", "media does not go through the cloud");
    assert_eq!(stage.user.start_app(PACKAGE, &door(&stage.screen)).await, Boot::Acked);
    stage.connected().await;
    stage.stop().await;
}

#[tokio::test]
async fn lost_sockets_do_not_start_anything_twice() {
    let mut stage = stage(of_2026()).await;
    stage.stream_by_cloud().await;
    for _ in 0..3 {
        let heard = stage.cloud.heard().len();
        stage.cloud.drop_sockets();
        stage
            .cloud
            .heard_since(heard, "the question what runs", |note| note.kind == "stream_status_check")
            .await;
        stage.connected().await;
    }
    assert_eq!(stage.screen.now()["session"]["phase"], "live");
    stage.stop().await;
    assert_eq!((stage.starts(), stage.user.stream_id()), (1, None));
}

#[tokio::test]
async fn glasses_that_lose_their_network_are_waited_for() {
    let mut stage = stage(of_2026()).await;
    stage.stream_here().await;
    stage.glasses.break_off().await;
    stage.screen.phase("interrupted").await;
    stage.screen.phase("live").await;
    assert_eq!(stage.starts(), 1);
    stage.stop().await;
}

#[tokio::test]
async fn calls_that_lead_elsewhere_are_not_followed() {
    let mut stage = stage(of_2026()).await;
    let webhook = format!("{}/webhook", door(&stage.screen));
    let call = json!({
        "type": "session_request", "sessionId": "x", "userId": "thief@example.com",
        "timestamp": "2026-11-22T16:09:26.583Z", "mentraOSWebsocketUrl": "wss://thief.example.com/app-ws",
    });
    let answer = stage.console.client().post(&webhook).json(&call).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 200);
    stage
        .screen
        .until("words about the call", |now| {
            now["cloud"]["message"]["text"].as_str().is_some_and(|text| text.contains("thief.example.com"))
        })
        .await;
    assert_eq!(stage.screen.now()["cloud"]["sessions"].as_array().map(Vec::len), Some(1));
    stage.assert_key_is_secret();
}
