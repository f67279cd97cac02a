//! WebRTC both ways: who watches by it loses nothing, who publishes by it is a camera like any other, and strangers at
//! its port are heard by nobody.

mod hostile;
mod publish;
mod watch;
mod weather;

use console_tests::webrtc::{Candidate, Session, Wanted, Way, candidates, offer};
use console_tests::{Console, PATIENCE, Profile, Publisher, Screen, within};
use reqwest::StatusCode;
use serde_json::json;
use tokio::process::Command;

/// A console whose demo camera may be watched by WebRTC.
async fn demo() -> (Console, Screen) {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    console.ok("start_managed", json!({ "enableWebrtc": true, "cameraLink": "demo" })).await;
    playable(&mut screen).await;
    (console, screen)
}

/// A console that an encoder made live, and whose stream may be watched by WebRTC.
async fn live(profile: &Profile) -> (Console, Screen, Publisher) {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    console.ok("start_managed", json!({ "enableWebrtc": true })).await;
    let publisher = Publisher::start(&console.publish_url().await, profile);
    playable(&mut screen).await;
    (console, screen, publisher)
}

async fn playable(screen: &mut Screen) {
    screen.phase("live").await;
    screen.until("an address for WebRTC", |now| now["session"]["urls"]["webrtc"].is_string()).await;
}

/// Waits until so many viewers are counted.
async fn viewers(screen: &mut Screen, count: u64) {
    screen.until(&format!("{count} viewers"), |now| now["session"]["viewers"] == count).await;
}

/// Where a server's media port is, from an answer it gives.
async fn port(whep: &str, way: Way) -> (Session, Candidate) {
    let session = Session::open(whep, None, &offer(Wanted::PictureAndSound)).await.expect("an answer");
    let candidate = candidates(&session.answer).into_iter().find(|candidate| candidate.way == way);
    let candidate = candidate.unwrap_or_else(|| panic!("no {way:?} candidate in {}", session.answer));
    (session, candidate)
}

/// An offer, posted as `content_type`; the answer's status and body.
async fn post(console: &Console, url: &str, content_type: &str, body: Vec<u8>) -> (StatusCode, String) {
    let request = console.client().post(url).header("content-type", content_type).body(body);
    let response = within(PATIENCE, url, request.send()).await.expect("the playback door answers");
    let status = response.status();
    (status, response.text().await.unwrap_or_default())
}

/// Plays an address for so many seconds with ffmpeg, which must find nothing wrong; returns the root mean square of its
/// sound, 1 being full scale.
async fn assert_decodes(url: &str, seconds: u32) -> f64 {
    let mut player = Command::new("ffmpeg");
    player.args([
        "-nostdin",
        "-hide_banner",
        "-loglevel",
        "error",
        "-xerror",
        "-i",
        url,
        "-t",
        &seconds.to_string(),
    ]);
    player.args(["-map", "0:v:0", "-f", "null", "-", "-map", "0:a:0", "-t", &seconds.to_string()]);
    player.args(["-ac", "1", "-f", "s16le", "-"]).kill_on_drop(true);
    let output =
        within(PATIENCE, "ffmpeg to play the stream", player.output()).await.expect("ffmpeg can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{url} does not decode: {said}");
    let samples = output.stdout.as_chunks::<2>().0;
    assert!(samples.len() > 24_000, "{} samples of sound", samples.len());
    let power: f64 =
        samples.iter().map(|sample| (f64::from(i16::from_le_bytes(*sample)) / 32_768.0).powi(2)).sum();
    (power / samples.len() as f64).sqrt()
}
