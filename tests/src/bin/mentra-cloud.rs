//! The stand-in for MentraOS' cloud as a program: one user with glasses, commanded by lines of JSON, for tests in other
//! languages and for trying the console by hand.
//!
//! Its first line is `{"address", "package", "apiKey"}`. Then, a line each: `{"do":"start","url":"http://..."}` opens the app
//! whose webhook is below that address and answers `{"boot"}`; `{"do":"count"}` answers `{"streamId", "starts"}`. It ends
//! with its standard input.

use std::io::BufRead as _;

use console_tests::cloud::{Cloud, Era, Habits, Temper};
use serde_json::{Value, json};

const PACKAGE: &str = "com.example.console";
const KEY: &str = "planted-cloud-key-77xa";
const STARTS: [&str; 3] = ["managed_stream_request", "rtmp_stream_request", "stream_request"];

#[tokio::main]
async fn main() {
    let cloud = Cloud::start(Habits { era: Era::Of2026, ..Habits::default() }).await;
    cloud.register(PACKAGE, KEY);
    let user = cloud.user("user@example.com");
    let glasses = user.glasses(Temper::Obey);
    glasses.wifi(Some(("Home", "127.0.0.1")));
    println!("{}", json!({ "address": cloud.address().to_string(), "package": PACKAGE, "apiKey": KEY }));
    let (sender, mut lines) = tokio::sync::mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = lines.recv().await {
        let asked: Value = serde_json::from_str(&line).unwrap_or_default();
        let answer = match asked["do"].as_str() {
            Some("start") => {
                let boot = user.start_app(PACKAGE, asked["url"].as_str().unwrap_or_default()).await;
                json!({ "boot": format!("{boot:?}") })
            }
            Some("count") => {
                let starts = cloud.heard().iter().filter(|note| STARTS.contains(&note.kind.as_str())).count();
                json!({ "streamId": user.stream_id(), "starts": starts })
            }
            _ => json!({ "error": "no such command" }),
        };
        println!("{answer}");
    }
}
