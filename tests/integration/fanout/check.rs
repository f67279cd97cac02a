//! What would become of the stream at a platform, said before it is sent there.

use console_tests::Profile;
use serde_json::{Value, json};

fn finding<'a>(destination: &'a Value, subject: &str) -> &'a Value {
    let findings = destination["findings"].as_array().expect("findings");
    let found = findings.iter().find(|finding| finding["subject"] == subject);
    found.unwrap_or_else(|| panic!("nothing is said about {subject}: {destination:#}"))
}

#[tokio::test]
async fn preflight_finds_what_platforms_would_not_like() {
    let profile = Profile { b_frames: 2, gop_frames: 300, ..Profile::MAIN };
    let (console, mut screen, _publisher) = crate::live(&profile).await;
    // Never switched on: nothing is sent to these.
    for preset in ["youtube", "kick"] {
        let wanted = json!({ "preset": preset, "streamKey": "planted-key-of-a-platform" });
        console.ok("add_destination", wanted).await;
    }
    screen.until("two keyframes to be measured", |now| now["signal"]["keyframeIntervalMs"].is_u64()).await;
    let answer = console.ok("preflight", json!({})).await;
    assert_eq!(answer["measured"], true);
    let destinations = answer["destinations"].as_array().expect("destinations");
    assert_eq!(destinations.len(), 2, "{answer:#}");
    for destination in destinations {
        assert_ne!(destination["verdict"], "pass", "{destination:#}");
        let keyframes = finding(destination, "Keyframes");
        assert_eq!(keyframes["verdict"], "warn", "{keyframes:#}");
        assert!(keyframes["text"].as_str().is_some_and(|text| text.contains("10 s")), "{keyframes:#}");
        assert!(keyframes["fix"].is_string(), "{keyframes:#}");
        assert_eq!(finding(destination, "Video codec")["verdict"], "pass", "{destination:#}");
    }
    let b_frames: Vec<&Value> = destinations.iter().map(|one| &finding(one, "B-frames")["verdict"]).collect();
    assert!(b_frames.contains(&&json!("warn")), "somebody minds B-frames: {answer:#}");
}

#[tokio::test]
async fn a_good_stream_scores_high_in_a_broadcast_check_and_passes_preflight() {
    let profile = Profile { gop_frames: 60, ..Profile::MAIN };
    let (console, mut screen, _publisher) = crate::live(&profile).await;
    console.add_destination("rtmp://127.0.0.1/live", "never-switched-on").await;
    screen.until("two keyframes to be measured", |now| now["signal"]["keyframeIntervalMs"].is_u64()).await;
    let preflight = console.ok("preflight", json!({})).await;
    assert_eq!(preflight["destinations"][0]["verdict"], "pass", "{preflight:#}");

    let (checked, second) = tokio::join!(
        console.ok("broadcast_check", json!({})),
        // Asked while the first one runs.
        async {
            screen.seconds_pass(2).await;
            console.command("broadcast_check", json!({})).await
        }
    );
    assert_eq!(second.body["code"], "busy", "one check at a time: {}", second.body);
    assert!(checked["score"].as_u64() >= Some(80), "{checked:#}");
    let parts = checked["parts"].as_array().expect("parts");
    assert!(
        parts.len() >= 4 && checked["samples"].as_array().is_some_and(|all| all.len() >= 15),
        "{checked:#}"
    );
    let worst = parts.iter().filter_map(|part| part["score"].as_u64()).min();
    assert_eq!(worst, checked["score"].as_u64(), "the worst part is the score: {checked:#}");
    assert_eq!(screen.now()["session"]["phase"], "live", "the stream was not touched");
}
