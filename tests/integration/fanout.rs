//! The running stream on other servers: real ones that record it, secure ones, dead ones and hostile ones.

mod check;
mod crowd;
mod hold;
mod manage;
mod push;
mod resume;
mod retry;
mod tls;

use console_tests::{Console, Profile, Publisher, Receiver, Screen};
use serde_json::{Value, json};

/// A console that an encoder made live, and a receiver it knows nothing of yet.
async fn stage(profile: &Profile) -> (Receiver, Console, Screen, Publisher) {
    let (receiver, (console, screen, publisher)) = tokio::join!(Receiver::start(), crate::live(profile));
    (receiver, console, screen, publisher)
}

/// A destination that broadcasts to this receiver under the name `key`. Returns its id.
async fn on_air(console: &Console, screen: &mut Screen, receiver: &Receiver, key: &str) -> String {
    let id = console.add_destination(&receiver.url(), key).await;
    console.broadcast_to(&[&id]).await;
    screen.broadcasting(&id).await;
    id
}

/// Ends all broadcasts; the stream goes on.
async fn end_broadcast(console: &Console) {
    console.ok("end_broadcast", json!({})).await;
}

/// What a destination is told to be so, for its user.
fn words(destination: &Value) -> &str {
    destination["message"]["text"].as_str().unwrap_or_default()
}

/// It failed for good, and is said to, in these words and with a next step.
fn assert_failed_for_good(destination: &Value, expected: &str) {
    assert_eq!((&destination["state"], &destination["severity"]), (&json!("errored"), &json!("fatal")));
    assert!(words(destination).contains(expected), "{destination:#} does not say {expected:?}");
    assert_eq!(destination["message"]["tone"], "error", "{destination:#}");
    assert!(destination["message"]["nextStep"].is_string(), "{destination:#} says no next step");
    assert!(destination["retryAtMs"].is_null(), "{destination:#}");
}
