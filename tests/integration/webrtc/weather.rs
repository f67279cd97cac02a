//! Viewers on a bad network.

use console_tests::webrtc::{Joining, Viewer, Weather};
use tokio::process::Command;

use crate::webrtc::demo;

#[tokio::test]
async fn a_viewer_in_bad_weather_sees_nearly_everything() {
    let (_console, screen) = demo().await;
    let url = screen.url("webrtc");
    let viewer = Viewer::connect_as(&url, Joining { weather: Weather::BAD, ..Joining::default() })
        .await
        .expect("a session");
    assert_weathers(&viewer).await;
}

/// Sees ten seconds of the demo with hardly a frame missing: of eight packets a picture, each twentieth is lost on its way,
/// and each twentieth of those sent again.
async fn assert_weathers(viewer: &Viewer) {
    viewer.first_keyframe().await;
    viewer.until("ten seconds in bad weather", |seen| seen.video.frames >= 300).await;
    viewer.look(|seen| {
        let video = &seen.video;
        assert!(!seen.disconnected && !seen.closed, "{seen:#?}");
        assert!(
            video.broken_frames * 20 <= video.frames,
            "{} of {} frames are broken",
            video.broken_frames,
            video.frames
        );
        assert!(seen.audio.frames >= 400, "{seen:#?}");
        eprintln!("in bad weather {} frames came, {} broken", video.frames, video.broken_frames);
    });
}

/// The same over a network of its own that loses 5 % of everything and is up to 50 ms late, where this computer can
/// make one (`unshare`, `tc` and the kernel's netem).
#[tokio::test]
async fn a_viewer_behind_a_bad_network_sees_nearly_everything() {
    let make = "ip link set lo up && tc qdisc add dev lo root netem loss 5% delay 25ms 25ms rate 500mbit";
    let made = Command::new("unshare").args(["-rn", "sh", "-c", make]).output().await;
    match made {
        Ok(output) if output.status.success() => {}
        other => {
            let why = other.map_or_else(
                |error| error.to_string(),
                |output| String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            );
            eprintln!(
                "SKIPPED: this computer cannot make a bad network ({why}); the simulated one was tested"
            );
            return;
        }
    }
    let own = std::env::current_exe().expect("this program knows where it is");
    let inside = "webrtc::weather::behind_a_bad_network";
    let run = format!("{make} && exec {} --exact {inside} --ignored --nocapture", own.display());
    let status = Command::new("unshare").args(["-rn", "sh", "-c", &run]).status().await;
    assert!(status.expect("it was made before").success(), "see above");
}

#[tokio::test]
#[ignore = "a_viewer_behind_a_bad_network_sees_nearly_everything runs it, in a network of its own"]
async fn behind_a_bad_network() {
    let (_console, screen) = demo().await;
    assert_weathers(&Viewer::connect(&screen.url("webrtc")).await.expect("a session")).await;
}
