//! The control API: who may speak to it, and what it answers.

use console_tests::{Answer, Console, PATIENCE, within};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, http};

fn is_refused(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!((answer.status, &answer.body["code"]), (status, &json!(code)), "{}", answer.body);
    let words = answer.body["message"].as_str().unwrap_or_default();
    assert!(words.ends_with('.'), "a refusal is a sentence: {words}");
}

#[tokio::test]
async fn commands_need_the_token() {
    let console = Console::start(&[]).await;
    let none = console.request("snapshot");
    is_refused(&console.answer(none).await, StatusCode::UNAUTHORIZED, "unauthorized");
    for wrong in ["", "x", &"0".repeat(48)] {
        let answer = console.answer(console.request("snapshot").bearer_auth(wrong)).await;
        is_refused(&answer, StatusCode::UNAUTHORIZED, "unauthorized");
        assert!(answer.body["nextStep"].is_string());
    }
    let in_the_address =
        console.client().post(format!("{}/api/snapshot?token={}", console.control(), console.token()));
    is_refused(&console.answer(in_the_address).await, StatusCode::UNAUTHORIZED, "unauthorized");
    console.snapshot().await;
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_shut_out_even_with_the_token() {
    let console = Console::start(&[]).await;
    let own = console.control();
    for (name, foreign) in [("host", "evil.example"), ("origin", "http://evil.example"), ("origin", "null")] {
        let request = console.request("snapshot").bearer_auth(console.token()).header(name, foreign);
        assert_eq!(console.answer(request).await.status, StatusCode::FORBIDDEN, "{name}: {foreign}");
        let page = console.client().get(&own).header(name, foreign);
        assert_eq!(console.answer(page).await.status, StatusCode::FORBIDDEN, "{name}: {foreign}");
    }
    let request = console.request("snapshot").bearer_auth(console.token()).header("origin", &own);
    assert_eq!(console.answer(request).await.status, StatusCode::OK, "its own page may");

    // Players may run on any page; control may not.
    let allowed = async |request: reqwest::RequestBuilder| {
        let response = within(PATIENCE, "an answer", request.send()).await.expect("an answer");
        response.headers().get("access-control-allow-origin").cloned()
    };
    let media =
        console.client().get(format!("{}/time", console.http())).header("origin", "http://evil.example");
    assert_eq!(allowed(media).await.expect("playback is for everyone"), "*");
    assert_eq!(allowed(console.request("snapshot").bearer_auth(console.token())).await, None);
}

#[tokio::test]
async fn what_is_not_understood_is_refused_in_words() {
    let console = Console::start(&[]).await;
    is_refused(&console.command("make_coffee", json!({})).await, StatusCode::NOT_FOUND, "not_found");
    for body in ["{", "[]", "\"720p\"", r#"{"quality":"4k"}"#, r#"{"cameraLink":7}"#] {
        let request = console.request("start_managed").bearer_auth(console.token()).body(body);
        is_refused(&console.answer(request).await, StatusCode::BAD_REQUEST, "invalid_request");
    }
    let request =
        console.request("start_managed").bearer_auth(console.token()).body("x".repeat((64 << 10) + 1));
    assert_eq!(console.answer(request).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(console.snapshot().await["session"]["phase"], "idle", "nothing was started by any of it");
}

#[tokio::test]
async fn events_need_the_token_and_their_own_origin() {
    let console = Console::start(&[]).await;
    let events = format!("{}/api/events", console.control().replacen("http", "ws", 1));
    let refused = async |url: &str, origin: Option<&'static str>| {
        let mut request = url.into_client_request().expect("an address");
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", http::HeaderValue::from_static(origin));
        }
        let connecting = tokio_tungstenite::connect_async(request);
        match within(PATIENCE, "an answer about events", connecting).await {
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("{url} was let in"),
        }
    };
    assert_eq!(refused(&events, None).await, 401);
    assert_eq!(refused(&format!("{events}?token=wrong"), None).await, 401);
    let with_token = format!("{events}?token={}", console.token());
    assert_eq!(refused(&with_token, Some("http://evil.example")).await, 403);
    console.screen().await;
}

#[tokio::test]
async fn a_snapshot_is_what_its_events_add_up_to() {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    console.ok("start_managed", json!({ "cameraLink": "demo" })).await;
    screen.phase("live").await;
    console.change_settings(json!({ "theme": "light" })).await;
    screen.until("a sample", |now| !now["samples"][0].is_null()).await;
    let snapshot = console.snapshot().await;
    assert!(snapshot["seq"].as_u64() >= screen.now()["seq"].as_u64());
    let same = |now: &Value| now["seq"] == snapshot["seq"];
    assert_eq!(screen.until("the snapshot's event", same).await, &snapshot);
    let fresh = console.screen().await;
    assert!(fresh.now()["seq"].as_u64() >= snapshot["seq"].as_u64());
    assert_eq!(fresh.now()["marks"], snapshot["marks"]);
}

#[tokio::test]
async fn start_joins_the_running_stream_and_another_camera_is_busy() {
    let console = Console::start(&[]).await;
    let first = console.ok("start_managed", json!({ "cameraLink": "demo" })).await;
    assert_eq!(first["joined"], false);
    for same in [json!({}), json!({ "cameraLink": "demo", "quality": "1080p" })] {
        let again = console.ok("start_managed", same).await;
        assert_eq!(again, json!({ "streamId": first["streamId"], "joined": true }));
    }
    let other = console.command("start_managed", json!({ "cameraLink": "manual" })).await;
    is_refused(&other, StatusCode::CONFLICT, "busy");
    assert!(
        other.body["message"].as_str().is_some_and(|words| words.contains("demo camera")),
        "who holds it"
    );
    assert!(other.body["nextStep"].is_string());

    console.ok("stop_stream", json!({})).await;
    let next = console.ok("start_managed", json!({ "cameraLink": "manual" })).await;
    assert_eq!(next["joined"], false);
    assert_ne!(next["streamId"], first["streamId"]);
    let demo = console.command("start_managed", json!({ "cameraLink": "demo" })).await;
    is_refused(&demo, StatusCode::CONFLICT, "busy");
}

#[tokio::test]
async fn settings_are_checked_whole_and_shown() {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    let chosen = screen.now()["settings"]["chosen"].clone();
    let with = |changes: Value| {
        let mut settings = chosen.clone();
        settings.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        settings
    };
    for wrong in [
        with(json!({ "graceS": 1_801 })),
        with(json!({ "graceS": -1 })),
        with(json!({ "rtmpPort": 2_000, "httpPort": 2_000 })),
        with(json!({ "rtmpPort": 65_536 })),
        with(json!({ "theme": "pink" })),
        with(json!({ "surprise": true })),
        json!({ "graceS": 5 }),
    ] {
        is_refused(
            &console.command("update_settings", wrong).await,
            StatusCode::BAD_REQUEST,
            "invalid_request",
        );
    }
    assert_eq!(console.snapshot().await["settings"]["chosen"], chosen, "a refused choice changes nothing");

    let view = console.ok("update_settings", with(json!({ "graceS": 1_800, "theme": "system" }))).await;
    assert_eq!(view["restartNeeded"], false);
    let view = console.ok("update_settings", with(json!({ "rtmpPort": 2_001 }))).await;
    assert_eq!(view["restartNeeded"], true);
    screen.until("the choice to be shown", |now| now["settings"] == view).await;
}

#[tokio::test]
async fn history_is_listed_opened_exported_and_deleted() {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        console.ok("start_managed", json!({})).await;
        screen.phase("awaiting_camera").await;
        ids.push(screen.stream_id());
        console.ok("stop_stream", json!({})).await;
        screen.phase("ended").await;
    }
    console.ok("start_managed", json!({ "cameraLink": "demo" })).await;
    screen.phase("live").await;
    ids.push(screen.stream_id());

    let listed = async |wanted: Value| -> Vec<Value> {
        console.ok("list_streams", wanted).await.as_array().expect("a list").clone()
    };
    let all = listed(json!({})).await;
    let listed_ids: Vec<&str> = all.iter().filter_map(|stream| stream["streamId"].as_str()).collect();
    assert_eq!(listed_ids, ids.iter().rev().collect::<Vec<_>>(), "newest first, the running one too");
    assert_eq!((&all[0]["phase"], &all[0]["endedAtMs"]), (&json!("live"), &Value::Null));
    assert_eq!(listed(json!({ "limit": 2 })).await, all[..2]);
    assert_eq!(listed(json!({ "beforeMs": all[1]["startedAtMs"] })).await, all[2..]);

    // What a screen exports is the detail, whole.
    let detail = console.detail(&ids[0]).await;
    assert_eq!(detail["summary"], all[3]);
    let phases: Vec<&str> =
        detail["marks"].as_array().expect("marks").iter().filter_map(|mark| mark["phase"].as_str()).collect();
    assert_eq!(phases, ["awaiting_camera", "stopping", "ended"]);

    let one = |id: &str| json!({ "streamId": id });
    let running = console.command("delete_stream", one(&ids[3])).await;
    is_refused(&running, StatusCode::CONFLICT, "busy");
    console.ok("delete_stream", one(&ids[1])).await;
    for command in ["delete_stream", "stream_detail"] {
        is_refused(&console.command(command, one(&ids[1])).await, StatusCode::NOT_FOUND, "not_found");
        let no_id = console.command(command, one("../../etc/passwd")).await;
        is_refused(&no_id, StatusCode::BAD_REQUEST, "invalid_request");
    }
    assert_eq!(listed(json!({})).await.len(), 3);
}
