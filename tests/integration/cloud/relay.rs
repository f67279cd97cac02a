//! Desktops that the cloud cannot reach, behind a relay.

use std::net::SocketAddr;

use console_tests::Console;
use console_tests::cloud::{Boot, Cloud, Temper};
use console_tests::{PATIENCE, within};
use serde_json::{Value, json};
use stream_console_relay::{Relay, Timing, Tokens};

use super::{KEY, PACKAGE, of_2026};

const TOKENS: [&str; 2] = ["first-token-0123456789", "second-token-0123456789"];

async fn relay(at: SocketAddr) -> Relay {
    let tokens = Tokens::parse(&TOKENS.join("\n")).expect("tokens");
    Relay::start(at, tokens, None, Timing::default()).await.expect("a free port")
}

fn wanted(relay: &Relay, token: &str) -> Value {
    json!({
        "packageName": PACKAGE, "apiKey": KEY, "webhookPort": 0,
        "relayUrl": format!("ws://{}", relay.address()), "relayToken": token,
    })
}

#[tokio::test]
async fn two_desktops_behind_one_relay_have_their_own_users() {
    let (cloud, one, two) = tokio::join!(Cloud::start(of_2026()), Console::start(&[]), Console::start(&[]));
    let relay = relay(([127, 0, 0, 1], 0).into()).await;
    cloud.register(PACKAGE, KEY);
    let mut doors = Vec::new();
    for (console, token) in [(&one, TOKENS[0]), (&two, TOKENS[1])] {
        let mut screen = console.screen().await;
        console.ok("set_cloud", wanted(&relay, token)).await;
        screen
            .until("the relay", |now| {
                now["cloud"]["relay"]["connected"] == true && now["cloud"]["publicUrl"].is_string()
            })
            .await;
        let check = console.ok("check_webhook", json!({})).await;
        assert_eq!(check["reachable"], true, "{check}");
        assert!(!screen.heard().contains(token), "the token was shown");
        doors.push((screen.now()["cloud"]["publicUrl"].as_str().expect("an address").to_owned(), screen));
    }
    assert_ne!(doors[0].0, doors[1].0);
    for (number, (door, screen)) in doors.iter_mut().enumerate() {
        let user = cloud.user(&format!("user{number}@example.com"));
        let _glasses = user.glasses(Temper::Wait);
        assert_eq!(user.start_app(PACKAGE, door).await, Boot::Acked, "within the cloud's patience");
        screen
            .until("their own user", |now| {
                now["cloud"]["sessions"][0]["userId"] == format!("user{number}@example.com")
            })
            .await;
        assert_eq!(screen.now()["cloud"]["sessions"].as_array().map(Vec::len), Some(1));
    }
    for console in [&one, &two] {
        assert!(TOKENS.iter().all(|token| !console.stderr().contains(token)));
    }
    relay.stop().await;
}

#[tokio::test]
async fn a_wrong_token_is_told_and_a_restart_is_not_noticed_for_long() {
    let (cloud, console) = tokio::join!(Cloud::start(of_2026()), Console::start(&[]));
    let first = relay(([127, 0, 0, 1], 0).into()).await;
    let address = first.address();
    let mut screen = console.screen().await;
    console.ok("set_cloud", wanted(&first, "a-wrong-token-0123456789")).await;
    screen.until("the refusal", |now| now["cloud"]["relay"]["problem"].is_string()).await;
    console.ok("set_cloud", wanted(&first, TOKENS[0])).await;
    screen.until("the relay", |now| now["cloud"]["relay"]["connected"] == true).await;
    first.stop().await;
    screen.until("the loss", |now| now["cloud"]["relay"]["connected"] == false).await;
    let second = within(PATIENCE, "the relay again", relay(address)).await;
    screen.until("the relay again", |now| now["cloud"]["relay"]["connected"] == true).await;
    cloud.register(PACKAGE, KEY);
    let user = cloud.user("user@example.com");
    let _glasses = user.glasses(Temper::Wait);
    let door = screen.now()["cloud"]["publicUrl"].as_str().expect("an address").to_owned();
    assert_eq!(user.start_app(PACKAGE, &door).await, Boot::Acked);
    second.stop().await;
}
