//! Apps on the published MentraOS SDK, unmodified, and glasses that live in the program or in a script.

mod check;
mod examples;
mod exclusive;
mod glasses;
mod hostile;
mod life;
mod managed;
mod outputs;
mod reconnect;
mod refusals;
mod unmanaged;
mod v3;

use console_tests::{Console, MentraApp, Screen};
use serde_json::{Value, json};

/// A console whose virtual glasses are connected.
async fn with_glasses() -> (Console, Screen) {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    console.wear_virtual_glasses(&mut screen, json!({})).await;
    (console, screen)
}

/// A connected app that may use the camera.
async fn app(console: &Console, package: &str) -> MentraApp {
    let mut app = MentraApp::start(package).await;
    app.register(console, &["CAMERA"]).await;
    app.connect(console).await;
    app
}

/// A console with virtual glasses, and a connected app that may use the camera.
async fn stage() -> (Console, Screen, MentraApp) {
    let ((console, screen), mut app) = tokio::join!(with_glasses(), MentraApp::start("com.example.pulse"));
    app.register(&console, &["CAMERA"]).await;
    app.connect(&console).await;
    (console, screen, app)
}

/// The same with two apps.
async fn stage_for_two() -> (Console, Screen, MentraApp, MentraApp) {
    let ((console, screen, one), mut two) = tokio::join!(stage(), MentraApp::start("com.example.relay"));
    two.register(&console, &["CAMERA"]).await;
    two.connect(&console).await;
    (console, screen, one, two)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// The words name all of this.
fn assert_says(words: &str, expected: &[&str]) {
    for part in expected {
        assert!(words.to_lowercase().contains(&part.to_lowercase()), "{words:?} does not say {part:?}");
    }
}

/// Waits until the stream is over and the glasses' camera with it.
async fn camera_off(screen: &mut Screen) {
    screen
        .until("the glasses' camera to be off", |now| {
            now["session"]["phase"] == "ended"
                && now["hub"]["glasses"]["camera"] == "The camera stopped."
                && now["ingest"]["publisher"].is_null()
        })
        .await;
}

/// Frames between the hub and an app so far.
async fn frames(console: &Console, app: &MentraApp) -> Vec<Value> {
    let answer = console.ok("frames", json!({ "packageName": app.package() })).await;
    answer["frames"].as_array().expect("frames").clone()
}

/// How often the hub called an app's webhook to ask for a session.
async fn session_requests(console: &Console, app: &MentraApp) -> usize {
    let frames = frames(console, app).await;
    let is_request =
        |frame: &&Value| frame["direction"] == "webhook" && text(&frame["text"]).contains("session_request");
    frames.iter().filter(is_request).count()
}
