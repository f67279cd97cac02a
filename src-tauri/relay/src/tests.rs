//! The relay over real sockets: scripted desktops on one side, a cloud's calls on the other.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use mentra_wire::{DesktopToRelay, RelayAnswer, RelayToDesktop};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::*;

const ONE: &str = "first-token-0123456789";
const TWO: &str = "second-token-0123456789";
/// Longer than anything in a test takes.
const PATIENCE: Duration = Duration::from_secs(20);

async fn patiently<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("in time")
}

fn anywhere() -> SocketAddr {
    SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)
}

fn tokens() -> Tokens {
    Tokens::parse(&format!("{ONE}\n{TWO}")).expect("long enough")
}

async fn relay_at(address: SocketAddr, timing: Timing) -> Relay {
    let public_url = Some("https://relay.example.com/".to_owned());
    Relay::start(address, tokens(), public_url, timing).await.expect("it starts")
}

async fn relay() -> Relay {
    relay_at(anywhere(), Timing::default()).await
}

struct Desktop {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    mailbox: String,
}

async fn connect(
    relay: SocketAddr,
    token: &str,
) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, Error> {
    let mut request = format!("ws://{relay}/desktop").into_client_request().expect("an address");
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header"));
    patiently(connect_async(request)).await.map(|(socket, _)| socket)
}

impl Desktop {
    async fn come(relay: SocketAddr, token: &str) -> Self {
        let socket = connect(relay, token).await.expect("it is let in");
        let mut desktop = Self { socket, mailbox: String::new() };
        let RelayToDesktop::Welcome(welcome) = desktop.told().await else { panic!("no welcome") };
        assert_eq!(welcome.public_url.as_deref(), Some("https://relay.example.com"));
        desktop.mailbox = welcome.mailbox;
        desktop
    }

    async fn told(&mut self) -> RelayToDesktop {
        loop {
            let message = patiently(self.socket.next()).await.expect("it is there").expect("it is whole");
            if let Message::Text(text) = message {
                return RelayToDesktop::parse(&text).expect("a message");
            }
        }
    }

    async fn webhook(&mut self) -> Value {
        let RelayToDesktop::Webhook(webhook) = self.told().await else { panic!("no webhook") };
        let answer = DesktopToRelay::Answer(RelayAnswer { id: webhook.id, ..RelayAnswer::default() });
        patiently(self.socket.send(Message::text(answer.to_json()))).await.expect("it is there");
        webhook.body
    }

    async fn closed(&mut self) -> (CloseCode, String) {
        loop {
            match patiently(self.socket.next()).await {
                Some(Ok(Message::Close(Some(frame)))) => return (frame.code, frame.reason.to_string()),
                Some(Ok(_)) => {}
                other => panic!("no goodbye: {other:?}"),
            }
        }
    }
}

fn request(user: &str) -> Value {
    json!({
        "type": "session_request",
        "sessionId": format!("{user}-com.example.cam"),
        "userId": user,
        "timestamp": "2026-11-23T09:00:00.000Z",
        "augmentOSWebsocketUrl": "wss://api.mentra.glass/app-ws",
        "further": { "kept": true },
    })
}

async fn post(relay: SocketAddr, path: &str, body: impl Into<reqwest::Body>) -> Response {
    let client = Client::builder().no_proxy().build().expect("a client");
    let post = client.post(format!("http://{relay}/{path}")).header("content-type", "application/json");
    patiently(post.body(body).send()).await.expect("an answer")
}

async fn call(relay: SocketAddr, mailbox: &str, body: &Value) -> Response {
    post(relay, &format!("{mailbox}/webhook"), body.to_string()).await
}

async fn get(relay: SocketAddr, path: &str) -> Value {
    let client = Client::builder().no_proxy().build().expect("a client");
    let get = patiently(client.get(format!("http://{relay}/{path}")).send()).await.expect("an answer");
    patiently(get.json()).await.expect("JSON")
}

/// Until as many desktops are connected.
async fn desktops(relay: SocketAddr, count: u64) {
    patiently(async {
        while get(relay, "health").await["desktops"] != count {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn each_desktop_gets_its_own_webhooks_whole() {
    let relay = relay().await;
    let mut one = Desktop::come(relay.address(), ONE).await;
    let mut two = Desktop::come(relay.address(), TWO).await;
    assert_ne!(one.mailbox, two.mailbox);
    for (desktop, user) in [(&mut one, "a@example.com"), (&mut two, "b@example.com")] {
        let body = request(user);
        let answer = call(relay.address(), &desktop.mailbox, &body).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.json::<Value>().await.expect("JSON"), json!({ "status": "success" }));
        assert_eq!(desktop.webhook().await, body);
    }
    let stop = json!({ "type": "stop_request", "sessionId": "s", "userId": "u", "reason": "user_disabled" });
    assert_eq!(call(relay.address(), &two.mailbox, &stop).await.status(), StatusCode::OK);
    assert_eq!(two.webhook().await, stop);
    relay.stop().await;
    assert_eq!(one.closed().await, (CloseCode::Away, "the relay is going".to_owned()));
}

#[tokio::test]
async fn only_a_token_opens_a_mailbox() {
    let relay = relay().await;
    for wrong in ["", "first-token-012345678", "first-token-01234567890"] {
        match connect(relay.address(), wrong).await {
            Err(Error::Http(answer)) => {
                assert_eq!(answer.status().as_u16(), 401, "{wrong}");
                let body = String::from_utf8(answer.body().clone().unwrap_or_default()).expect("text");
                assert!(body.contains("does not know the token"), "{body}");
            }
            other => panic!("{wrong} was not refused: {other:?}"),
        }
    }
    let stranger = call(relay.address(), "0123456789abcdef", &request("a@example.com")).await;
    assert_eq!(stranger.status(), StatusCode::NOT_FOUND);
    assert_eq!(get(relay.address(), "health").await, json!({ "status": "healthy", "desktops": 0 }));
    relay.stop().await;
}

#[tokio::test]
async fn the_newer_connection_of_a_desktop_takes_its_place() {
    let relay = relay().await;
    let mut old = Desktop::come(relay.address(), ONE).await;
    let mut new = Desktop::come(relay.address(), ONE).await;
    assert_eq!(old.closed().await, (CloseCode::Policy, "replaced".to_owned()));
    desktops(relay.address(), 1).await;
    let body = request("a@example.com");
    assert_eq!(call(relay.address(), &new.mailbox.clone(), &body).await.status(), StatusCode::OK);
    assert_eq!(new.webhook().await, body);
    relay.stop().await;
}

#[tokio::test]
async fn without_its_desktop_the_cloud_is_told_to_come_again_also_after_a_restart() {
    let relay = relay().await;
    let address = relay.address();
    let mut desktop = Desktop::come(address, ONE).await;
    let mailbox = desktop.mailbox.clone();
    assert_eq!(get(address, &format!("{mailbox}/health")).await["connected"], true);
    relay.stop().await;
    desktop.closed().await;

    let relay = relay_at(address, Timing::default()).await;
    let away = call(address, &mailbox, &request("a@example.com")).await;
    assert_eq!(away.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(away.text().await.expect("text").contains("not connected"));
    assert_eq!(get(address, &format!("{mailbox}/health")).await["connected"], false);
    let mut desktop = Desktop::come(address, ONE).await;
    assert_eq!(desktop.mailbox, mailbox, "the address in the developer console stays right");
    let body = request("a@example.com");
    assert_eq!(call(address, &mailbox, &body).await.status(), StatusCode::OK);
    assert_eq!(desktop.webhook().await, body);
    relay.stop().await;
}

#[tokio::test]
async fn what_is_no_webhook_is_not_passed_on() {
    let relay = relay().await;
    let mut desktop = Desktop::come(relay.address(), ONE).await;
    let mailbox = desktop.mailbox.clone();
    let path = format!("{mailbox}/webhook");
    let long = json!({ "type": "session_request", "sessionId": "x".repeat(70 << 10), "userId": "u" });
    let deep = format!(
        "{{\"type\":\"session_request\",\"sessionId\":\"s\",\"userId\":\"u\",\"x\":{}1{}}}",
        "[".repeat(500),
        "]".repeat(500)
    );
    for (body, status) in [
        (Vec::new(), StatusCode::BAD_REQUEST),
        (b"\xff\xfe".to_vec(), StatusCode::BAD_REQUEST),
        (b"[]".to_vec(), StatusCode::BAD_REQUEST),
        (br#"{"type":"reboot_request","sessionId":"s","userId":"u"}"#.to_vec(), StatusCode::BAD_REQUEST),
        (br#"{"type":"session_request"}"#.to_vec(), StatusCode::BAD_REQUEST),
        (deep.into_bytes(), StatusCode::BAD_REQUEST),
        (long.to_string().into_bytes(), StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        assert_eq!(post(relay.address(), &path, body).await.status(), status, "{shown}");
    }
    let tool = post(relay.address(), &format!("{mailbox}/tool"), "{}").await;
    assert_eq!(tool.json::<Value>().await.expect("JSON"), json!({ "status": "success", "reply": null }));
    assert_eq!(post(relay.address(), &format!("{mailbox}/settings"), "{}").await.status(), StatusCode::OK);
    // Nothing of that reached the desktop: the next it hears is this.
    let body = request("a@example.com");
    assert_eq!(call(relay.address(), &mailbox, &body).await.status(), StatusCode::OK);
    assert_eq!(desktop.webhook().await, body);
    relay.stop().await;
}

#[tokio::test]
async fn garbage_in_thousands_and_a_desktop_that_never_reads_hold_up_nobody() {
    let relay = relay().await;
    let address = relay.address();
    let silent = Desktop::come(address, ONE).await;
    let mut other = Desktop::come(address, TWO).await;
    let client = Client::builder().no_proxy().build().expect("a client");
    let garbage = async {
        for _ in 0..2_000 {
            let post =
                client.post(format!("http://{address}/{}/webhook", other.mailbox)).body("{\"type\":1}");
            assert_eq!(patiently(post.send()).await.expect("an answer").status(), StatusCode::BAD_REQUEST);
        }
    };
    garbage.await;
    // More than the sockets' own buffers and the queue behind them take.
    let fat =
        json!({ "type": "session_request", "sessionId": "s", "userId": "u", "x": "x".repeat(60 << 10) });
    let fat = fat.to_string();
    let mut full = None;
    for _ in 0..1_000 {
        let post = client.post(format!("http://{address}/{}/webhook", silent.mailbox)).body(fat.clone());
        let status = patiently(post.send()).await.expect("an answer").status();
        if status != StatusCode::OK {
            full = Some(status);
            break;
        }
    }
    assert_eq!(full, Some(StatusCode::SERVICE_UNAVAILABLE));
    let body = request("b@example.com");
    assert_eq!(call(address, &other.mailbox.clone(), &body).await.status(), StatusCode::OK);
    assert_eq!(other.webhook().await, body);
    drop(silent);
    relay.stop().await;
}

#[tokio::test]
async fn a_desktop_that_fell_silent_is_away() {
    let timing = Timing {
        ping_every: Duration::from_millis(20),
        write_within: Duration::from_millis(200),
        ..Timing::default()
    };
    let relay = relay_at(anywhere(), timing).await;
    // It never reads, so it answers no ping.
    let silent = Desktop::come(relay.address(), ONE).await;
    desktops(relay.address(), 0).await;
    drop(silent);
    // One that reads stays, ping after ping.
    let mut awake = Desktop::come(relay.address(), ONE).await;
    let pings = async {
        let mut pings = 0;
        while pings < 5 {
            if let Some(Ok(Message::Ping(_))) = awake.socket.next().await {
                pings += 1;
            }
        }
    };
    patiently(pings).await;
    assert_eq!(get(relay.address(), "health").await["desktops"], 1);
    relay.stop().await;
}
