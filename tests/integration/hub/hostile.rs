//! Strangers, liars and sleepers at the hub, while a real app streams.

use console_tests::{AppSocket, Console, PATIENCE, Webhooks, key_of, within};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use super::{app, stage, text};

const IDLE_SOCKETS: usize = 1_000;
/// WebSockets that open and never say who they are.
const STRANGERS: usize = 200;
/// The largest message the hub reads.
const MESSAGE_BYTES: usize = 64 << 10;

/// Registers and starts a scripted app, and returns where its webhooks come in.
async fn scripted(console: &Console, package: &str) -> Webhooks {
    let mut webhooks = Webhooks::listen().await;
    let app = json!({
        "packageName": package, "url": webhooks.url(), "apiKey": key_of(package), "permissions": ["CAMERA"],
    });
    console.ok("add_app", app).await;
    console.ok("start_app", json!({ "packageName": package })).await;
    let call = webhooks.call().await;
    assert_eq!((&call["type"], &call["userId"].is_string()), (&json!("session_request"), &true), "{call}");
    let hub = console.hub().replacen("http", "ws", 1);
    assert_eq!(call["mentraOSWebsocketUrl"], format!("{hub}/app-ws"), "{call}");
    assert_eq!(call["augmentOSWebsocketUrl"], format!("{hub}/app-ws"), "{call}");
    assert_eq!(call["websocketUrl"], format!("{hub}/ws/miniapp"), "{call}");
    assert!(text(&call["sessionId"]).ends_with(&format!("-{package}")), "{call}");
    webhooks
}

/// Says hello with a right name and a right key.
async fn let_in(console: &Console, package: &str) -> AppSocket {
    let mut socket = AppSocket::open(&console.app_ws()).await;
    let ack = socket.hello(package, &key_of(package)).await;
    assert_eq!(ack["type"], "tpa_connection_ack", "{ack}");
    assert!(ack["settings"].is_array() && ack["mentraosSettings"].is_object(), "{ack}");
    assert_eq!(ack["capabilities"]["hasCamera"], true, "{ack}");
    socket
}

#[tokio::test]
async fn who_is_not_known_started_or_right_is_turned_away_in_words() {
    let console = Console::start(&[]).await;
    let _webhooks = scripted(&console, "com.example.pulse").await;
    let idle = json!({ "packageName": "com.example.idle", "url": "http://127.0.0.1:1" });
    console.ok("add_app", idle).await;
    let table = [
        ("com.example.pulse", "wrong", "INVALID_API_KEY"),
        ("com.example.pulse", "", "INVALID_API_KEY"),
        ("com.example.nobody", "any", "APP_NOT_STARTED"),
        ("com.example.idle", "any", "APP_NOT_STARTED"),
        ("no package name at all", "any", "MALFORMED_MESSAGE"),
    ];
    for (package, key, code) in table {
        let mut socket = AppSocket::open(&console.app_ws()).await;
        let told = socket.hello(package, key).await;
        assert_eq!((&told["type"], &told["code"]), (&json!("tpa_connection_error"), &json!(code)), "{told}");
        assert!(text(&told["message"]).len() > 10, "{told}");
        let closed = socket.closed().await;
        assert_eq!(closed.map(|(code, _)| code), Some(1008), "{package}");
    }
    let mut socket = let_in(&console, "com.example.pulse").await;
    socket.say(&json!({ "type": "stream_status_check", "packageName": "com.example.pulse" })).await;
    socket.until("stream_status_check_response", |found| found["hasActiveStream"] == false).await;

    // The newest connection of a package is the app; the other hears no "app stopped".
    let mut second = let_in(&console, "com.example.pulse").await;
    socket.closed().await;
    assert!(socket.heard().iter().all(|message| message["type"] != "app_stopped"), "{:?}", socket.heard());
    second.say(&json!({ "type": "stream_status_check" })).await;
    second.until("stream_status_check_response", |_| true).await;
}

#[tokio::test]
async fn garbage_and_oversize_cost_only_those_who_send_them() {
    let (console, mut screen, mut real) = stage().await;
    real.ok("startManaged", Value::Null).await;
    let _webhooks = scripted(&console, "com.example.relay").await;
    let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    let oversize = format!("{{\"type\":\"ping\",\"x\":\"{}\"}}", "x".repeat(MESSAGE_BYTES));
    let first_words = [
        Message::text("hello?"),
        Message::text(deep.clone()),
        Message::text(oversize.clone()),
        Message::text(r#"{"type":"tpa_connection_init"}"#),
        Message::text(r#"{"type":"tpa_connection_init","packageName":7,"sessionId":[],"apiKey":{}}"#),
        Message::binary(vec![0xff; 1_000]),
    ];
    for frame in first_words {
        let mut socket = AppSocket::open(&console.app_ws()).await;
        socket.send(frame).await;
        socket.closed().await;
    }
    // One that is let in may err, within limits.
    let mut socket = let_in(&console, "com.example.relay").await;
    let odd = [
        Message::text("not JSON"),
        Message::text("null"),
        Message::text(r#"{"no":"type"}"#),
        Message::text(r#"{"type":"of the future","x":[1,2,3]}"#),
        Message::text(r#"{"type":"managed_stream_stop","streamId":{}}"#),
        Message::text(r#"{"type":"subscription_update","subscriptions":"all"}"#),
        Message::binary(vec![0; 100]),
    ];
    for frame in odd {
        socket.send(frame).await;
    }
    socket.say(&json!({ "type": "stream_status_check", "requestId": "still-here" })).await;
    socket.until("stream_status_check_response", |found| found["requestId"] == "still-here").await;
    let odd_start = json!({
        "type": "managed_stream_request", "quality": "9000p", "video": { "width": -1, "bitrate": "lots" },
        "stream": { "durationLimit": 1e300 }, "restreamDestinations": [{ "url": "nonsense" }],
    });
    socket.say(&odd_start).await;
    socket.until("managed_stream_status", |status| status["status"] == "active").await;
    socket.send(Message::text(oversize)).await;
    socket.closed().await;
    // And a flood is shut off.
    let mut socket = let_in(&console, "com.example.relay").await;
    for _ in 0..2_000 {
        socket.say(&json!({ "type": "stream_status_check" })).await;
    }
    let closed = socket.closed().await;
    assert_eq!(closed.map(|(code, _)| code), Some(1008));

    real.catch_up().await;
    assert_eq!(real.words("managed").last(), Some(&"active"));
    assert!(real.events("disconnected").is_empty());
    assert!(!screen.life().phases().contains(&"interrupted"), "{}", screen.life());
    screen.seconds_pass(1).await;
    assert_eq!(screen.now()["session"]["phase"], "live");
}

#[tokio::test]
async fn sleepers_hold_nobody_up() {
    let (console, mut screen, mut first) = stage().await;
    let _webhooks = scripted(&console, "com.example.sleeper").await;
    // It joins and never reads a word of what it is told, not even a ping.
    let mut sleeper = let_in(&console, "com.example.sleeper").await;
    sleeper.say(&json!({ "type": "managed_stream_request" })).await;
    first.ok("startManaged", Value::Null).await;

    let address = console.hub().trim_start_matches("http://").to_owned();
    let mut idle = Vec::new();
    for _ in 0..IDLE_SOCKETS {
        let socket = within(PATIENCE, "a connection", TcpStream::connect(&address)).await;
        idle.push(socket.expect("the hub listens"));
    }
    let mut strangers = Vec::new();
    for _ in 0..STRANGERS {
        strangers.push(AppSocket::open(&console.app_ws()).await);
    }
    // A real app gets in while they all sit there.
    let mut second = app(&console, "com.example.relay").await;
    second.ok("startManaged", Value::Null).await;
    for mut stranger in strangers {
        stranger.closed().await;
    }
    screen
        .until("the sleeper to be found out", |now| {
            let apps = now["apps"].as_array().expect("apps");
            apps.iter().any(|app| app["packageName"] == "com.example.sleeper" && app["state"] == "away")
        })
        .await;
    for app in [&mut first, &mut second] {
        app.catch_up().await;
        assert_eq!(app.words("managed").last(), Some(&"active"));
        assert!(app.events("disconnected").is_empty());
    }
    drop((idle, sleeper));
}

#[tokio::test]
async fn what_the_hub_does_not_offer_is_said_in_json() {
    let console = Console::start(&[]).await;
    let get = async |path: &str| {
        let response =
            within(PATIENCE, "the hub", console.client().get(format!("{}{path}", console.hub())).send());
        let response = response.await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("a body"))
    };
    let (status, page) = get("/").await;
    assert!(status == 200 && page.contains("Stream Console"), "{status} {page}");
    for path in ["/api/public/permissions/com.example.pulse", "/api/sdk/simple-storage/user", "/no/such/page"]
    {
        let (status, body) = get(path).await;
        let told: Value = serde_json::from_str(&body).expect("JSON");
        assert!(status == 404 && told.is_object(), "{path}: {status} {body}");
    }
    let (status, body) = get("/api/client/min-version").await;
    assert!(status == 200 && body.contains("required"), "{body}");
    let (status, _) = get("/api/sdk/version").await;
    assert_eq!(status, 200);
    // A page in a browser must not reach the hub in the user's name.
    let ws = console.app_ws();
    assert!(AppSocket::try_open_from(&ws, "https://evil.example").await.is_none(), "a web page was let in");
}
