//! Glasses with habits of their own, scripted: what they say is weighed against what arrives.

use console_tests::{AppSocket, Console, Glasses, MentraApp, PATIENCE, Profile, Publisher, Screen, within};
use serde_json::{Value, json};

use super::{assert_says, text};

/// Keep-alives sent 15 s apart; by the fourth, three went without an answer.
const UNANSWERED: usize = 4;

async fn stage() -> (Console, Screen, Glasses, MentraApp) {
    let (console, mut app) = tokio::join!(Console::start(&[]), MentraApp::start("com.example.pulse"));
    let mut screen = console.screen().await;
    let glasses = Glasses::connect(&console, &mut screen).await;
    app.register(&console, &["CAMERA"]).await;
    app.connect(&console).await;
    (console, screen, glasses, app)
}

/// Their status as many builds send it: without the id of the stream.
fn status(word: &str) -> Value {
    json!({ "type": "rtmp_stream_status", "status": word })
}

/// Glasses that never say which stream they speak of, never answer keep-alives, and put their error under another name
/// than agreed. Their media flows, and that is what counts.
#[tokio::test]
async fn media_that_flows_outweighs_silence_and_odd_statuses() {
    let (_console, mut screen, mut glasses, mut app) = stage().await;
    let asked = app.begin("startManaged", json!({ "video": { "width": 1280, "height": 720 } })).await;
    let start = glasses.told_to_start().await;
    assert_eq!(start["appId"], "MANAGED_STREAM", "{start}");
    assert_eq!(start["rtmpUrl"], start["streamUrl"], "both names for both generations");
    assert_eq!(start["video"], json!({ "width": 1280, "height": 720 }), "{start}");
    assert!(text(&start["streamId"]).len() <= 12, "{start}");
    glasses.say(status("initializing")).await;
    let publisher = Publisher::start(text(&start["rtmpUrl"]), &Profile::MAIN);
    glasses
        .say(json!({ "type": "rtmp_stream_status", "status": "streaming", "stats": { "bitrate": 1500000, "fps": 30 } }))
        .await;
    let urls = app.answer(asked).await.expect("it plays");
    assert_eq!(urls["streamId"], start["streamId"]);
    let claimed = screen.until("what they claim", |now| now["hub"]["glasses"]["claimedFps"] == 30.0).await;
    assert_eq!(claimed["hub"]["glasses"]["claimedBitrateBps"], 1_500_000);
    let unanswered = async {
        for _ in 0..UNANSWERED {
            glasses.until("keep_rtmp_stream_alive", |alive| alive["streamId"] == start["streamId"]).await;
        }
    };
    within(PATIENCE * 3, "unanswered keep-alives", unanswered).await;
    app.catch_up().await;
    assert_eq!(app.words("managed").last(), Some(&"active"), "{:?}", app.words("managed"));
    assert!(!screen.life().phases().contains(&"interrupted"), "{}", screen.life());

    publisher.kill().await;
    glasses.say(json!({ "type": "rtmp_stream_status", "status": "error", "error": "camera_busy" })).await;
    let error = app.managed("error").await;
    assert_says(text(&error["message"]), &["camera", "busy"]);
    screen.phase("ended").await;
}

#[tokio::test]
async fn glasses_that_stream_to_nobody_are_found_out() {
    let (_console, mut screen, mut glasses, mut app) = stage().await;
    let asked = app.begin("startManaged", Value::Null).await;
    glasses.told_to_start().await;
    glasses.say(status("streaming")).await;
    let words = app.answer(asked).await.expect_err("nothing plays");
    assert_says(&words, &["no video", "15 seconds"]);
    assert!(!app.words("managed").contains(&"active"), "{:?}", app.words("managed"));
    glasses.until("stop_rtmp_stream", |_| true).await;
    screen.phase("ended").await;
}

#[tokio::test]
async fn glasses_that_do_not_answer_are_found_out() {
    let (_console, _screen, mut glasses, mut app) = stage().await;
    let asked = app.begin("startManaged", Value::Null).await;
    let start = glasses.told_to_start().await;
    let words = app.answer(asked).await.expect_err("nothing plays");
    assert_says(&words, &["glasses", "answer"]);
    let stop = glasses.until("stop_rtmp_stream", |_| true).await;
    assert_eq!(stop["streamId"], start["streamId"]);
}

/// Losing the phone does not stop the media, and must not stop the stream.
#[tokio::test]
async fn a_stream_goes_on_while_the_phone_is_away_and_the_newest_glasses_are_the_glasses() {
    let (console, mut screen, mut glasses, mut app) = stage().await;
    let asked = app.begin("startManaged", Value::Null).await;
    let start = glasses.told_to_start().await;
    let _publisher = Publisher::start(text(&start["rtmpUrl"]), &Profile::MAIN);
    glasses.say(status("streaming")).await;
    app.answer(asked).await.expect("it plays");
    drop(glasses);
    screen.until("glasses that are away", |now| now["hub"]["glasses"]["link"] == "away").await;
    screen.seconds_pass(2).await;
    assert_eq!(screen.now()["session"]["phase"], "live");

    let _second = Glasses::connect(&console, &mut screen).await;
    let mut third = Glasses::connect(&console, &mut screen).await;
    app.ok("stopManaged", Value::Null).await;
    let stop = third.until("stop_rtmp_stream", |_| true).await;
    assert_eq!(stop["streamId"], start["streamId"]);
    third.say(status("stopped")).await;
    app.managed("stopped").await;
    screen.phase("ended").await;
}

/// Phones of 2026 connect elsewhere and know other names.
#[tokio::test]
async fn a_newer_phone_is_spoken_to_in_its_own_names() {
    let (console, mut app) = tokio::join!(Console::start(&[]), MentraApp::start("com.example.pulse"));
    let mut screen = console.screen().await;
    let url = text(&console.snapshot().await["hub"]["glassesUrl"]).replace("/glasses-ws", "/ws/client");
    let mut phone = AppSocket::open(&url).await;
    phone.until("connection_ack", |_| true).await;
    let state = json!({
        "type": "glasses_connection_state", "modelName": "Mentra Live", "status": "CONNECTED",
        "wifi": { "connected": true, "ssid": "Test" },
    });
    phone.say(&state).await;
    phone.say(&json!({ "type": "ping" })).await;
    phone.until("pong", |_| true).await;
    screen.until("glasses", |now| now["hub"]["glasses"]["wifiName"] == "Test").await;
    app.register(&console, &["CAMERA"]).await;
    app.connect(&console).await;
    let asked = app.begin("startManaged", Value::Null).await;
    let start = phone.until("start_stream", |_| true).await;
    let id = start["streamId"].clone();
    let _publisher = Publisher::start(text(&start["streamUrl"]), &Profile::MAIN);
    phone.say(&json!({ "type": "stream_status", "status": "streaming", "streamId": id, "stats": { "b": 900000, "f": 15 } })).await;
    app.answer(asked).await.expect("it plays");
    app.ok("stopManaged", Value::Null).await;
    phone.until("stop_stream", |stop| stop["streamId"] == id).await;
    phone.say(&json!({ "type": "stream_status", "status": "stopped", "streamId": id })).await;
    app.managed("stopped").await;
    screen.phase("ended").await;
}

#[tokio::test]
async fn glasses_without_the_token_are_not_let_in() {
    let console = Console::start(&[]).await;
    let url = text(&console.snapshot().await["hub"]["glassesUrl"]).to_owned();
    let (door, token) = url.split_once("token=").expect("a token in the address");
    for wrong in [format!("{door}token=wrong"), door.trim_end_matches('?').to_owned()] {
        let refused = within(PATIENCE, "a refusal", AppSocket::refused(&wrong)).await;
        assert_eq!(refused, Some(401), "{wrong}");
    }
    console.ok("new_glasses_token", json!({})).await;
    let renewed = text(&console.snapshot().await["hub"]["glassesUrl"]).to_owned();
    assert!(!renewed.contains(token));
    assert_eq!(within(PATIENCE, "a refusal", AppSocket::refused(&url)).await, Some(401));
    AppSocket::open(&renewed).await.until("connection_ack", |_| true).await;
}
