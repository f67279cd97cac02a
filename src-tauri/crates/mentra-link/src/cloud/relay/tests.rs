use serde_json::{Value, json};

use super::*;
use crate::cloud::testing::{Cloud, Line, Rig, config, quick, request};
use crate::cloud::{CloudConfig, CloudTiming};
use crate::token::Token;

const TOKEN: &str = "relay-token-0123456789";

fn relayed(url: &str) -> CloudConfig {
    let relay = RelayConfig { url: url.to_owned(), token: Token::new(TOKEN) };
    CloudConfig { relay: Some(relay), webhook: None, ..config(quick()) }
}

fn base(relay: &Cloud) -> String {
    format!("ws://{}", relay.address())
}

impl Rig {
    async fn relay(&mut self) -> RelayState {
        match self.next().await {
            CloudEvent::Relay(state) => state,
            other => panic!("not of the relay: {other:?}"),
        }
    }

    /// Let in by the relay.
    async fn seated(&mut self, relay: &Cloud) -> Line {
        assert_eq!(self.relay().await, RelayState::Connecting);
        let mut line = relay.accept().await;
        line.send(
            json!({"type": "welcome", "mailbox": "0123456789abcdef", "publicUrl": "https://relay.example"}),
        )
        .await;
        let (public_url, mailbox) = (Some("https://relay.example".to_owned()), "0123456789abcdef".to_owned());
        assert_eq!(self.relay().await, RelayState::Connected { public_url, mailbox });
        line
    }
}

fn webhook(id: u64, body: Value) -> Value {
    json!({"type": "webhook", "id": id, "body": body})
}

#[tokio::test]
async fn a_webhook_by_the_relay_is_answered_and_dialled() {
    let (relay, cloud) = (Cloud::start().await, Cloud::start().await);
    let mut rig = Rig::start_with(relayed(&format!("{}/", base(&relay)))).await;
    let mut line = rig.seated(&relay).await;
    assert_eq!(line.path, "/desktop");
    assert_eq!(line.header("authorization"), Some(&*format!("Bearer {TOKEN}")));
    // What is no webhook gets no answer.
    line.send(webhook(1, json!({"type": "something"}))).await;
    line.send(webhook(2, json!("session_request"))).await;
    line.send(json!({"type": "something_new"})).await;
    line.send(json!(7)).await;
    line.send(webhook(3, request(&cloud.url, 1))).await;
    assert_eq!(line.json().await, json!({"type": "answer", "id": 3}));
    assert!(matches!(rig.next().await, CloudEvent::Webhook { refused: None, .. }));
    let mut socket = cloud.accept().await;
    socket.acknowledge().await;
    assert!(!rig.connected().await);
    // The rule of where to dial holds for this way too.
    line.send(webhook(4, request("wss://evil.example/", 2))).await;
    assert_eq!(line.json().await["id"], 4);
    assert!(matches!(rig.next().await, CloudEvent::Webhook { refused: Some(_), .. }));
    assert!(!format!("{:?}", rig.app.frames(0)).contains(TOKEN));
    let (closed, ()) = tokio::join!(line.closed(), rig.app.stop());
    assert!(closed.0.is_empty());
}

#[tokio::test]
async fn a_lost_relay_is_tried_again() {
    let relay = Cloud::start().await;
    let mut rig = Rig::start_with(relayed(&base(&relay))).await;
    rig.seated(&relay).await.close(1001, "the relay is going").await;
    assert_eq!(rig.relay().await, RelayState::Lost("the relay hung up: the relay is going".to_owned()));
    drop(rig.seated(&relay).await);
    assert!(matches!(rig.relay().await, RelayState::Lost(_)));
    assert_eq!(rig.relay().await, RelayState::Connecting);
    relay.answer("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(rig.relay().await, RelayState::Lost("the relay answered HTTP 502".to_owned()));
    rig.seated(&relay).await;
    rig.app.stop().await;
}

#[tokio::test]
async fn a_wrong_token_or_another_computer_with_it_ends_it() {
    let relay = Cloud::start().await;
    let mut rig = Rig::start_with(relayed(&base(&relay))).await;
    assert_eq!(rig.relay().await, RelayState::Connecting);
    relay.answer("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n").await;
    assert!(matches!(rig.relay().await, RelayState::Refused(words) if words.contains("token")));
    rig.app.stop().await;
    let mut rig = Rig::start_with(relayed(&base(&relay))).await;
    rig.seated(&relay).await.close(1008, "replaced").await;
    assert!(matches!(rig.relay().await, RelayState::Refused(words) if words.contains("Another computer")));
    rig.app.stop().await;
    relay.nobody_came();
}

#[tokio::test]
async fn the_token_goes_out_encrypted_or_not_at_all() {
    for url in ["ws://relay.example", "http://127.0.0.1:1", "relay.example", "", "wss://", "ws://0.0.0.0:1"] {
        let mut rig = Rig::start_with(relayed(url)).await;
        assert!(matches!(rig.relay().await, RelayState::Refused(words) if words.contains("wss://")), "{url}");
        rig.app.stop().await;
    }
}

#[tokio::test]
async fn a_silent_relay_is_lost() {
    let relay = Cloud::start().await;
    let soon = Duration::from_millis(20);
    let timing = CloudTiming { ping_every: soon, silent_after: 2 * soon, ..quick() };
    let mut rig = Rig::start_with(CloudConfig { timing, ..relayed(&base(&relay)) }).await;
    let _line = rig.seated(&relay).await;
    assert_eq!(rig.relay().await, RelayState::Lost("the relay fell silent".to_owned()));
    rig.app.stop().await;
}
