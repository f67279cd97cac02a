//! The webhook door, and where it lets itself be sent.

use super::*;

#[tokio::test]
async fn a_forbidden_address_is_refused_in_words_and_never_dialled() {
    let cloud = Cloud::start().await;
    let port = cloud.address().port();
    let mut rig = Rig::start(quick()).await;
    for url in [
        format!("ws://0.0.0.0:{port}/app-ws"),
        format!("ws://user:word@127.0.0.1:{port}/app-ws"),
        format!("http://127.0.0.1:{port}/app-ws"),
        format!("ws://127.0.0.1.evil.example:{port}/app-ws"),
        format!("ws://mentra.glass:{port}/app-ws"),
        "wss://evil.example/app-ws".to_owned(),
        String::new(),
    ] {
        let refused = rig.called(request(&url, 1)).await.unwrap_or_else(|| panic!("{url} was taken"));
        assert!(refused.starts_with("The call"), "{refused}");
    }
    assert!(rig.app.sessions().is_empty());
    rig.app.stop().await;
    cloud.nobody_came();
}

#[tokio::test]
async fn both_sets_of_paths_are_served() {
    let rig = Rig::start(quick()).await;
    for base in ["", "/api/_mentraos"] {
        let tool = rig.post(&format!("{base}/tool"), r#"{"toolId":"a"}"#).await;
        assert_eq!(tool, (200, json!({"status": "success", "reply": null})));
        let settings = rig.post(&format!("{base}/settings"), "{}").await;
        assert_eq!(settings, (200, json!({"status": "success"})));
        let health = reqwest::get(rig.url(&format!("{base}/health"))).await.expect("an answer");
        let health: Value = health.json().await.expect("JSON");
        assert_eq!(health, json!({"status": "healthy", "app": PACKAGE, "activeSessions": 0}));
    }
    assert_eq!(rig.post("/photo-upload", "").await.0, 404);
    assert_eq!(rig.post("/health", "").await.0, 404);
    rig.app.stop().await;
}

#[tokio::test]
async fn what_is_no_call_is_refused() {
    let rig = Rig::start(quick()).await;
    let unknown = (400, json!({"status": "error", "message": "Unknown webhook request type"}));
    for body in [
        String::new(),
        "no JSON".to_owned(),
        "[]".to_owned(),
        "7".to_owned(),
        r#"{"type":"something"}"#.to_owned(),
        r#"{"type":"session_request"}"#.to_owned(),
        r#"{"type":"session_request","sessionId":7,"userId":[]}"#.to_owned(),
        "[".repeat(60_000),
    ] {
        assert_eq!(rig.post("/webhook", body.clone()).await, unknown, "{}", body.len());
        assert_eq!(rig.post("/api/_mentraos/webhook", body).await, unknown);
    }
    assert_eq!(rig.post("/webhook", vec![0xff; 100]).await, unknown);
    assert_eq!(rig.post("/webhook", " ".repeat((64 << 10) + 1)).await.0, 413);
    let asked = reqwest::Client::new().post(rig.url("/webhook")).header("origin", "https://evil.example");
    let answer = asked.body(request("ws://127.0.0.1:1/", 1).to_string()).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 403);
    assert!(rig.app.sessions().is_empty() && rig.app.frames(0).is_empty());
    rig.app.stop().await;
}

#[tokio::test]
async fn calls_that_nobody_looks_at_are_bounded() {
    let (events, _unread) = mpsc::channel(1);
    let app = CloudApp::start(config(quick()), events).await.expect("the app starts");
    let url = format!("http://{}/webhook", app.webhook_address().expect("a door"));
    let mut refused = 0;
    // One is told, one waits to be, the rest is in the queue.
    for _ in 0..webhooks::WAITING + 3 {
        let body = request("wss://evil.example/", 1).to_string();
        let answer = patiently(reqwest::Client::new().post(&url).body(body).send()).await.expect("an answer");
        refused += usize::from(answer.status().as_u16() == 503);
    }
    assert_eq!(refused, 1);
    patiently(app.stop()).await;
}

#[tokio::test]
async fn a_taken_port_gives_way_to_the_next() {
    let first = Rig::start(quick()).await;
    let taken = first.app.webhook_address().expect("a door");
    let config = CloudConfig { webhook: Some((taken.ip(), taken.port())), ..config(quick()) };
    let second = Rig::start_with(config).await;
    assert!(second.app.webhook_address().expect("a door").port() > taken.port());
    assert_eq!(second.post("/tool", "").await.0, 200);
    first.app.stop().await;
    second.app.stop().await;
}

#[tokio::test]
async fn it_starts_only_with_a_name_and_a_key() {
    let start = async |config| CloudApp::start(config, mpsc::channel(1).0).await.map(|_| ());
    let nameless = CloudConfig { package: "com example".to_owned(), ..config(quick()) };
    assert!(matches!(start(nameless).await, Err(CloudError::Package)));
    let keyless = CloudConfig { api_key: " ".into(), ..config(quick()) };
    assert!(matches!(start(keyless).await, Err(CloudError::ApiKey)));
    let elsewhere = std::net::IpAddr::from([192, 0, 2, 1]);
    let unbound = CloudConfig { webhook: Some((elsewhere, 7_010)), ..config(quick()) };
    let refused = start(unbound).await.expect_err("not ours");
    assert!(refused.to_string().contains("192.0.2.1, from 7010 on"), "{refused}");
    let doorless =
        CloudApp::start(CloudConfig { webhook: None, ..config(quick()) }, mpsc::channel(1).0).await;
    assert_eq!(doorless.expect("it needs no door").webhook_address(), None);
}
