//! Whole lives of a session, as every screen and every app sees them: status word, then phase.

use console_tests::{Console, Profile, Publisher};
use serde_json::json;

#[tokio::test]
async fn the_life_of_a_stream_of_an_encoder() {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    console.ok("start_managed", json!({})).await;
    let publisher = Publisher::start(&console.publish_url().await, &Profile::MAIN);
    screen.phase("live").await;
    publisher.kill().await;
    screen.phase("interrupted").await;
    let _publisher = Publisher::start(&console.publish_url().await, &Profile::MAIN);
    screen.phase("live").await;
    console.ok("stop_stream", json!({})).await;
    screen.phase("ended").await;
    insta::assert_snapshot!(screen.life(), @r"
    stopped idle
    initializing awaiting_camera
    preparing awaiting_media
    active live
    active interrupted
    active live
    stopping stopping
    stopped ended
    ");
}

#[tokio::test]
async fn the_life_of_a_stream_of_the_demo_camera() {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    console.ok("start_managed", json!({ "cameraLink": "demo" })).await;
    screen.phase("live").await;
    console.ok("stop_stream", json!({})).await;
    screen.phase("ended").await;
    insta::assert_snapshot!(screen.life(), @r"
    stopped idle
    initializing awaiting_camera
    preparing awaiting_media
    active live
    stopping stopping
    stopped ended
    ");
    let marks = screen.now()["marks"].as_array().expect("marks").iter();
    let words: Vec<&str> = marks.filter_map(|mark| mark["text"].as_str()).collect();
    insta::assert_snapshot!(words.join("\n"), @r"
    Starting the demo camera.
    The demo camera is on. Getting the stream ready to play.
    The stream is live.
    Stopping.
    You stopped the stream.
    ");
}
