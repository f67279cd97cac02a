//! The program dies while glasses stream; the cloud does not notice.

use serde_json::json;

use super::{PACKAGE, Stage, of_2026, stage};
use console_tests::cloud::Boot;

async fn back(stage: &mut Stage) {
    stage.console.restart().await;
    stage.screen = stage.console.screen().await;
    assert_eq!(stage.screen.now()["session"]["phase"], "interrupted");
}

#[tokio::test]
async fn a_stream_at_the_cloud_is_adopted_after_a_crash() {
    let mut stage = stage(of_2026()).await;
    stage.stream_by_cloud().await;
    let (id, running, hls) = (stage.screen.stream_id(), stage.user.stream_id(), stage.screen.url("hls"));
    stage.console.kill9();
    back(&mut stage).await;
    stage.open().await;
    stage.screen.phase("live").await;
    assert_eq!((stage.screen.stream_id(), stage.screen.url("hls")), (id, hls), "the same links");
    assert_eq!((stage.user.stream_id(), stage.starts()), (running, 1), "adopted, not started twice");
    stage.stop().await;
    assert_eq!(stage.user.stream_id(), None);
}

#[tokio::test]
async fn glasses_that_streamed_to_this_computer_are_sent_here_again() {
    let mut stage = stage(of_2026()).await;
    stage.stream_here().await;
    let id = stage.screen.stream_id();
    stage.console.kill9();
    back(&mut stage).await;
    stage.open().await;
    stage.screen.phase("live").await;
    assert_eq!(stage.screen.stream_id(), id);
    crate::assert_plays_everywhere(&stage.console, &stage.screen).await;
    stage.stop().await;
    assert_eq!(stage.user.stream_id(), None);
}

#[tokio::test]
async fn a_camera_that_was_left_on_is_switched_off() {
    let mut stage = stage(of_2026()).await;
    stage.stream_by_cloud().await;
    assert!(stage.user.stream_id().is_some());
    stage.console.kill9();
    back(&mut stage).await;
    // The user gives the stream up before the phone is heard of.
    stage.stop().await;
    assert!(stage.user.stream_id().is_some(), "nobody could tell the cloud yet");
    stage.open().await;
    stage.cloud.heard_matching("a stop", |note| note.kind == "managed_stream_stop").await;
    stage.cloud.said_matching("stopped", |note| note.frame["status"] == "stopped").await;
    assert_eq!((stage.user.stream_id(), stage.starts()), (None, 1));
}

#[tokio::test]
async fn no_camera_stays_on_when_the_program_is_closed() {
    let mut stage = stage(of_2026()).await;
    stage.stream_here().await;
    #[cfg(unix)]
    stage.console.terminate().await;
    stage.cloud.heard_matching("a stop", |note| note.kind.ends_with("stream_stop")).await;
    stage.cloud.heard_matching("leave", |note| note.kind == "ownership_release").await;
    assert_eq!(stage.user.stream_id(), None);
    // It goes on with the stream when it is opened again, and the app on the phone too.
    back(&mut stage).await;
    stage.open().await;
    stage.screen.phase("live").await;
}

#[tokio::test]
async fn the_set_up_is_kept_and_the_key_with_it() {
    let mut stage = stage(of_2026()).await;
    stage.console.restart().await;
    stage.screen = stage.console.screen().await;
    stage.open().await;
    let changed = json!({ "packageName": PACKAGE, "webhookPort": 0 });
    stage.console.ok("set_cloud", changed).await;
    stage.screen.until("a new door", |now| now["cloud"]["sessions"] == json!([])).await;
    let door = super::door(&stage.screen);
    assert_eq!(stage.user.start_app(PACKAGE, &door).await, Boot::Acked, "the key on file is used");
}
