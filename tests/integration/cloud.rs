//! Real glasses through the MentraOS cloud: a stand-in plays the cloud with its defects, and its glasses push real media.

mod crash;
mod deliveries;
mod misbehaviour;
mod relay;

use console_tests::cloud::{Boot, Cloud, CloudGlasses, CloudUser, Era, Habits, Temper};
use console_tests::{Console, Screen};
use serde_json::{Value, json};

const PACKAGE: &str = "com.example.console";
const KEY: &str = "msk_0123456789abcdef0123456789";
const USER: &str = "user@example.com";

/// A user's glasses, connected to this console through a cloud.
struct Stage {
    cloud: Cloud,
    user: CloudUser,
    glasses: CloudGlasses,
    console: Console,
    screen: Screen,
    /// The cloud tells of the glasses' Wi-Fi as soon as the app is there.
    tells_wifi: bool,
}

/// The cloud of 2026 tells where in the network the glasses are; that of 2025 does not.
fn of_2026() -> Habits {
    Habits { era: Era::Of2026, ..Habits::default() }
}

async fn stage(habits: Habits) -> Stage {
    let tells_wifi = habits.era == Era::Of2026;
    let (cloud, console) = tokio::join!(Cloud::start(habits), Console::start(&[]));
    cloud.register(PACKAGE, KEY);
    let user = cloud.user(USER);
    let glasses = user.glasses(Temper::Obey);
    glasses.wifi(Some(("Home", "127.0.0.1")));
    let screen = console.screen().await;
    console.ok("set_cloud", set_cloud()).await;
    let mut stage = Stage { cloud, user, glasses, console, screen, tells_wifi };
    stage.open().await;
    stage
}

fn set_cloud() -> Value {
    json!({ "packageName": PACKAGE, "apiKey": KEY, "webhookPort": 0 })
}

/// Where the console's webhook is, as a tunnel would reach it.
fn door(screen: &Screen) -> String {
    let url = screen.now()["cloud"]["webhookUrl"].as_str().expect("the webhook listens");
    url.strip_suffix("/webhook").expect("its path").to_owned()
}

impl Stage {
    /// The user opens the app on the phone.
    async fn open(&mut self) {
        self.screen.until("the webhook", |now| now["cloud"]["webhookUrl"].is_string()).await;
        assert_eq!(self.user.start_app(PACKAGE, &door(&self.screen)).await, Boot::Acked);
        self.connected().await;
    }

    async fn connected(&mut self) {
        let tells_wifi = self.tells_wifi;
        self.screen
            .until("the session at the cloud", |now| {
                let session = &now["cloud"]["sessions"][0];
                session["connected"] == true && (!tells_wifi || session["glasses"]["wifi"].is_boolean())
            })
            .await;
    }

    async fn stream_here(&mut self) {
        self.console.ok("start_managed", json!({ "cameraLink": "cloud" })).await;
        self.screen.phase("live").await;
    }

    async fn stream_by_cloud(&mut self) {
        self.console.ok("start_managed", json!({ "delivery": "cloud" })).await;
        self.screen.phase("live").await;
    }

    async fn stop(&mut self) {
        self.console.ok("stop_stream", json!({})).await;
        self.screen.phase("ended").await;
    }

    /// How often the app asked the cloud for this.
    fn asked(&self, kinds: &[&str]) -> usize {
        self.cloud.heard().iter().filter(|note| kinds.contains(&note.kind.as_str())).count()
    }

    fn starts(&self) -> usize {
        self.asked(&["rtmp_stream_request", "stream_request", "managed_stream_request"])
    }

    /// What the session says, and what to do.
    fn words(&self) -> (String, String) {
        let message = &self.screen.now()["session"]["message"];
        let part = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        (part("text"), part("nextStep"))
    }

    /// The API key is nowhere but in the init.
    fn assert_key_is_secret(&self) {
        assert!(!self.screen.heard().contains(KEY), "the key was shown");
        assert!(!self.console.stderr().contains(KEY), "the key was logged");
        let logs = std::fs::read_dir(self.console.data_dir().join("logs")).expect("a folder of logs");
        for log in logs {
            let path = log.expect("a file").path();
            let text = String::from_utf8_lossy(&std::fs::read(&path).expect("it can be read")).into_owned();
            assert!(!text.contains(KEY), "the key is in {}", path.display());
            assert!(!text.contains(USER), "the user's address is in {}", path.display());
        }
    }
}

#[tokio::test]
async fn a_console_without_an_app_at_the_cloud_knows_nothing_of_it() {
    let console = Console::start(&[]).await;
    assert_eq!(console.snapshot().await["cloud"], Value::Null);
    for (command, argument) in [
        ("start_managed", json!({ "cameraLink": "cloud" })),
        ("start_managed", json!({ "delivery": "cloud" })),
        ("start_unmanaged", json!({ "rtmpUrl": "rtmp://127.0.0.1/live/key", "cameraLink": "cloud" })),
        ("check_webhook", json!({})),
    ] {
        let answer = console.command(command, argument).await;
        assert_eq!(answer.status.as_u16(), 409, "{command}: {}", answer.body);
        assert!(answer.body["nextStep"].is_string(), "{}", answer.body);
    }
}

#[tokio::test]
async fn glasses_are_shown_as_the_cloud_tells_of_them_and_the_key_nowhere() {
    let mut stage = stage(of_2026()).await;
    let screen = &mut stage.screen;
    screen
        .until("battery and Wi-Fi", |now| {
            let session = &now["cloud"]["sessions"][0];
            let glasses = &session["glasses"];
            session["userId"] == USER
                && glasses["batteryPercent"] == 90
                && glasses["wifiName"] == "Home"
                && glasses["model"] == "Mentra Live"
        })
        .await;
    stage.glasses.battery(12.0, true);
    screen.until("the charger", |now| now["cloud"]["sessions"][0]["glasses"]["batteryPercent"] == 12).await;
    stage.user.stop_app(PACKAGE, "user_disabled").await;
    screen.until("nobody", |now| now["cloud"]["sessions"] == json!([])).await;
    let words = screen.now()["cloud"]["message"]["nextStep"].to_string();
    assert!(words.contains(PACKAGE), "{words}");
    stage.assert_key_is_secret();
    stage.console.ok("remove_cloud", json!({})).await;
    stage.screen.until("nothing of the cloud", |now| now["cloud"].is_null()).await;
}

#[tokio::test]
async fn glasses_of_a_cloud_of_2025_are_shown_too() {
    let mut stage = stage(Habits::default()).await;
    stage
        .screen
        .until("battery and Wi-Fi", |now| {
            let glasses = &now["cloud"]["sessions"][0]["glasses"];
            glasses["model"] == "Mentra Live"
        })
        .await;
    // That cloud tells nobody what was so before they asked to be told.
    stage
        .cloud
        .heard_matching("what the app wants to be told", |note| {
            note.kind == "subscription_update" && note.frame["subscriptions"] != json!([])
        })
        .await;
    stage.glasses.battery(33.0, false);
    stage
        .screen
        .until("the battery", |now| now["cloud"]["sessions"][0]["glasses"]["batteryPercent"] == 33)
        .await;
}

#[tokio::test]
async fn the_way_to_the_webhook_is_walked_as_the_cloud_would() {
    let mut stage = stage(of_2026()).await;
    let door = door(&stage.screen);
    let with = |url: &str| {
        let mut wanted = set_cloud();
        wanted["publicUrl"] = json!(url);
        wanted
    };
    // The port is chosen anew with each change, so the old one leads nowhere.
    stage.console.ok("set_cloud", with(&door)).await;
    let check = stage.console.ok("check_webhook", json!({})).await;
    assert_eq!(check["reachable"], false, "{check}");
    assert!(
        check["steps"].as_array().and_then(|steps| steps.last()).expect("steps")["problem"]["nextStep"]
            .is_string()
    );
    let port: u16 = door_port(&stage.screen);
    let mut wanted = with(&format!("http://127.0.0.1:{port}"));
    wanted["webhookPort"] = json!(port);
    stage.console.ok("set_cloud", wanted).await;
    stage
        .screen
        .until("the same port", |now| {
            now["cloud"]["webhookUrl"] == format!("http://127.0.0.1:{port}/webhook")
        })
        .await;
    let check = stage.console.ok("check_webhook", json!({})).await;
    assert_eq!(check["reachable"], true, "{check}");
}

fn door_port(screen: &Screen) -> u16 {
    door(screen).rsplit_once(':').expect("a port").1.parse().expect("a number")
}
