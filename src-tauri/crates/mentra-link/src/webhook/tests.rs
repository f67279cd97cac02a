use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post as posted;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::event::{AppWelcome, HubEvent};
use crate::testing::{PACKAGE, Rig, Scripted, USER, init, patiently};

/// What an app was asked, and how it is to answer.
type Asked = (Value, oneshot::Sender<(u16, &'static str)>);

/// An app's HTTP side.
struct Receiver {
    url: String,
    asked: mpsc::Receiver<Asked>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    async fn start() -> Self {
        async fn ask(State(asking): State<mpsc::Sender<Asked>>, body: String) -> (StatusCode, &'static str) {
            let (answer, answered) = oneshot::channel();
            let body = serde_json::from_str(&body).expect("JSON");
            asking.send((body, answer)).await.expect("the test listens");
            let (status, said) = answered.await.unwrap_or((500, "nobody answered"));
            (StatusCode::from_u16(status).expect("a status"), said)
        }
        let (asking, asked) = mpsc::channel(8);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let routes = Router::new().route("/webhook", posted(ask)).with_state(asking);
        let serving = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Self { url, asked, serving }
    }

    async fn next(&mut self) -> Asked {
        patiently(self.asked.recv()).await.expect("a call")
    }
}

async fn failure(rig: &mut Rig) -> WebhookFailure {
    match rig.next().await {
        HubEvent::WebhookFailed { package, failure } => {
            assert_eq!(package, PACKAGE);
            failure
        }
        other => panic!("no failure: {other:?}"),
    }
}

#[tokio::test]
async fn an_app_is_called_connects_and_answers_late() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut receiver = Receiver::start().await;
    assert!(rig.hub.session_request(PACKAGE, &format!("{}/", receiver.url)));
    let (asked, answer) = receiver.next().await;
    let port = rig.hub.address().port();
    assert_eq!(asked["type"], "session_request");
    assert_eq!(asked["sessionId"], format!("{USER}-{PACKAGE}"));
    assert_eq!(asked["userId"], USER);
    assert_eq!(asked["timestamp"], "2026-11-22T16:09:26.583Z");
    assert_eq!(asked["mentraOSWebsocketUrl"], format!("ws://127.0.0.1:{port}/app-ws"));
    assert_eq!(asked["augmentOSWebsocketUrl"], format!("ws://127.0.0.1:{port}/app-ws"));
    assert_eq!(asked["websocketUrl"], format!("ws://127.0.0.1:{port}/ws/miniapp"));

    let mut app = Scripted::connect(rig.hub.address(), "/app-ws", &[]).await;
    app.send(&init(PACKAGE)).await;
    rig.answer(Ok(AppWelcome {})).await;
    assert!(matches!(rig.next().await, HubEvent::AppConnected { resumed: false, .. }));
    // While it is here it is not called again.
    assert!(!rig.hub.session_request(PACKAGE, &receiver.url));
    answer.send((200, r#"{"status":"success"}"#)).expect("it waits");
    assert!(matches!(rig.next().await, HubEvent::WebhookAnswered { package } if package == PACKAGE));
    let directions: Vec<_> = rig.hub.frames(PACKAGE, 0).iter().map(|frame| frame.direction).collect();
    let wanted =
        [FrameDirection::Webhook, FrameDirection::FromApp, FrameDirection::ToApp, FrameDirection::Webhook];
    assert_eq!(directions, wanted);
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn an_answer_that_never_comes_is_no_failure() {
    let timing = Timing { webhook_within: Duration::from_millis(30), ..Timing::default() };
    let mut rig = Rig::start(timing).await;
    let mut receiver = Receiver::start().await;
    assert!(rig.hub.session_request(PACKAGE, &receiver.url));
    let (_, _held) = receiver.next().await;
    while !lock(&rig.hub.shared().calls).is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(rig.events.try_recv().is_err());
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn a_newer_call_takes_the_place_of_the_one_before() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut receiver = Receiver::start().await;
    assert!(rig.hub.session_request(PACKAGE, &receiver.url));
    let (_, first) = receiver.next().await;
    assert!(rig.hub.session_request(PACKAGE, &receiver.url));
    let (_, second) = receiver.next().await;
    let _ = first.send((500, "too late"));
    second.send((200, "{}")).expect("it waits");
    assert!(matches!(rig.next().await, HubEvent::WebhookAnswered { .. }));
    assert!(rig.events.try_recv().is_err());
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn failures_are_told_apart() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut receiver = Receiver::start().await;

    assert!(rig.hub.session_request(PACKAGE, &receiver.url));
    let (_, answer) = receiver.next().await;
    answer
        .send((500, r#"{"status":"error","message":"Failed to connect","apiKey":"PLANTED"}"#))
        .expect("it waits");
    let WebhookFailure::Status(500, said) = failure(&mut rig).await else { panic!("another failure") };
    assert!(said.contains("Failed to connect") && !said.contains("PLANTED"), "{said}");

    assert!(rig.hub.session_request(PACKAGE, &format!("{}/elsewhere", receiver.url)));
    assert_eq!(failure(&mut rig).await, WebhookFailure::Status(404, String::new()));

    // Nothing listens at a port that was just given back.
    let free =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port").local_addr().expect("an address");
    assert!(rig.hub.session_request(PACKAGE, &format!("http://{free}")));
    assert_eq!(failure(&mut rig).await, WebhookFailure::Refused);

    assert!(rig.hub.session_request(PACKAGE, "http://no-such-host.invalid:7010"));
    assert_eq!(failure(&mut rig).await, WebhookFailure::UnknownHost("no-such-host.invalid".to_owned()));

    for bad in ["", "my app", "https://127.0.0.1:7010", "file:///etc/passwd"] {
        assert!(rig.hub.session_request(PACKAGE, bad));
        assert!(matches!(failure(&mut rig).await, WebhookFailure::BadUrl(_)), "{bad}");
    }
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn an_app_that_hangs_up_is_told_apart_and_redirects_are_not_followed() {
    let mut rig = Rig::start(Timing::default()).await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    assert!(rig.hub.session_request(PACKAGE, &url));
    drop(patiently(listener.accept()).await.expect("a call"));
    assert_eq!(failure(&mut rig).await, WebhookFailure::Broken);

    let mut elsewhere = Receiver::start().await;
    assert!(rig.hub.session_request(PACKAGE, &url));
    let (mut socket, _) = patiently(listener.accept()).await.expect("a call");
    let redirect = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {}/webhook\r\nContent-Length: 0\r\n\r\n",
        elsewhere.url
    );
    tokio::io::AsyncWriteExt::write_all(&mut socket, redirect.as_bytes()).await.expect("written");
    assert_eq!(failure(&mut rig).await, WebhookFailure::Status(307, String::new()));
    assert!(elsewhere.asked.try_recv().is_err());
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn an_app_is_told_to_stop_and_then_closed() {
    let timing = Timing { stop_grace: Duration::from_millis(30), ..Timing::default() };
    let mut rig = Rig::start(timing).await;
    let mut receiver = Receiver::start().await;
    let mut app = rig.app(PACKAGE).await;
    rig.hub.stop_request(PACKAGE, &receiver.url, "user_disabled");
    let (asked, answer) = receiver.next().await;
    assert_eq!((&asked["type"], &asked["reason"]), (&"stop_request".into(), &"user_disabled".into()));
    // What it says last is still heard.
    app.send(r#"{"type":"rtmp_stream_stop","packageName":"com.example.console"}"#).await;
    assert!(matches!(rig.next().await, HubEvent::AppMessage { .. }));
    answer.send((200, "{}")).expect("it waits");
    assert_eq!(app.json().await["type"], "app_stopped");
    assert_eq!(app.closed().await, Some((1000, "App stopped".to_owned())));
    assert!(matches!(rig.next().await, HubEvent::AppGone { code: Some(1000), .. }));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn an_app_that_closes_when_told_to_stop_is_not_stopped_twice() {
    let mut rig = Rig::start(Timing { stop_grace: Duration::from_secs(20), ..Timing::default() }).await;
    let mut receiver = Receiver::start().await;
    let mut app = rig.app(PACKAGE).await;
    rig.hub.stop_request(PACKAGE, &receiver.url, "user_disabled");
    let (_, answer) = receiver.next().await;
    answer.send((200, "{}")).expect("it waits");
    app.message(Message::Close(None)).await;
    assert!(matches!(app.frame().await, Some(Message::Close(_))), "app_stopped was said");
    assert!(matches!(rig.next().await, HubEvent::AppGone { code: Some(1005), .. }));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn an_app_that_cannot_be_told_to_stop_is_closed_anyway() {
    let timing = Timing { stop_webhook_within: Duration::from_millis(30), ..Timing::default() };
    let mut rig = Rig::start(timing).await;
    let mut receiver = Receiver::start().await;
    let mut app = rig.app(PACKAGE).await;
    rig.hub.stop_request(PACKAGE, &receiver.url, "user_disabled");
    let (_, _held) = receiver.next().await;
    assert_eq!(app.json().await["type"], "app_stopped");
    assert_eq!(app.closed().await.expect("closed").0, 1000);
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn shutdown_does_not_wait_for_webhooks() {
    let rig = Rig::start(Timing::default()).await;
    let mut receiver = Receiver::start().await;
    assert!(rig.hub.session_request(PACKAGE, &receiver.url));
    let (_, _held) = receiver.next().await;
    patiently(rig.hub.shutdown()).await;
}

#[tokio::test]
async fn the_hubs_address_is_one_the_app_can_use() {
    let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
    let at = |text: &str| SocketAddr::new(ip(text), 7010);
    assert_eq!(reached_at(ip("127.0.0.1"), at("127.0.0.1")).await, Ok(ip("127.0.0.1")));
    assert_eq!(reached_at(ip("0.0.0.0"), at("127.0.0.1")).await, Ok(ip("127.0.0.1")));
    assert_eq!(reached_at(ip("0.0.0.0"), at("::1")).await, Ok(ip("127.0.0.1")));
    assert_eq!(reached_at(ip("::1"), at("::1")).await, Ok(ip("::1")));
    assert_eq!(reached_at(ip("192.168.1.5"), at("192.168.1.9")).await, Ok(ip("192.168.1.5")));
    assert_eq!(reached_at(ip("192.168.1.5"), at("127.0.0.1")).await, Ok(ip("192.168.1.5")));
    // An app elsewhere: whichever of this computer's addresses leads there, and never loopback.
    match reached_at(ip("0.0.0.0"), at("192.0.2.1")).await {
        Ok(here) => assert!(!here.is_loopback() && !here.is_unspecified(), "{here}"),
        // A computer without any network.
        Err(failure) => assert_eq!(failure, WebhookFailure::Timeout),
    }
    let elsewhere = reached_at(ip("127.0.0.1"), at("192.0.2.1")).await.expect_err("it cannot be reached");
    assert!(
        matches!(elsewhere, WebhookFailure::HubOnThisComputerOnly | WebhookFailure::Timeout),
        "{elsewhere:?}"
    );
}

#[test]
fn the_webhook_is_below_the_apps_address() {
    let url = |text: &str| webhook_url(text).map(String::from);
    assert_eq!(url("http://127.0.0.1:7010"), Ok("http://127.0.0.1:7010/webhook".to_owned()));
    assert_eq!(url(" http://127.0.0.1:7010/ "), Ok("http://127.0.0.1:7010/webhook".to_owned()));
    assert_eq!(url("http://h/app/?x=1#y"), Ok("http://h/app/webhook".to_owned()));
}
