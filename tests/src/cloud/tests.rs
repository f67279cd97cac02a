//! The cloud against a scripted app.

mod boot;
mod media;
mod misbehaviour;
mod streams;

use serde_json::{Value, json};

use super::{Boot, Cloud, CloudUser, Habits};
use crate::app_socket::AppSocket;
use crate::webhooks::Webhooks;

const APP: &str = "com.example.console";
const SECOND: &str = "com.example.second";
const KEY: &str = "key_0123456789";

/// A cloud with a user and two registered apps, and where their webhooks arrive.
struct Rig {
    cloud: Cloud,
    user: CloudUser,
    hooks: Webhooks,
}

impl Rig {
    async fn new(habits: Habits) -> Self {
        let cloud = Cloud::start(habits).await;
        cloud.register(APP, KEY);
        cloud.register(SECOND, KEY);
        let user = cloud.user("user@example.com");
        Self { cloud, user, hooks: Webhooks::listen().await }
    }

    /// Starts an app that dials at once; its socket once it is acked.
    async fn app(&mut self, package: &str) -> AppSocket {
        let url = self.hooks.url().to_owned();
        let starting = self.user.start_app(package, &url);
        let hooks = &mut self.hooks;
        let dialling = async {
            let request = hooks.call().await;
            let mut socket = AppSocket::open(request["augmentOSWebsocketUrl"].as_str().expect("a URL")).await;
            socket.say(&init(&request, package)).await;
            socket.until("tpa_connection_ack", |_| true).await;
            socket
        };
        let (boot, socket) = tokio::join!(starting, dialling);
        assert_eq!(boot, Boot::Acked);
        socket
    }

    /// A socket that was told nothing yet.
    async fn socket(&self) -> AppSocket {
        AppSocket::open(&format!("ws://{}/app-ws", self.cloud.address())).await
    }
}

/// What an app says first.
fn init(session_request: &Value, package: &str) -> Value {
    init_of(session_request["sessionId"].as_str().expect("a session"), package, KEY)
}

fn init_of(session: &str, package: &str, key: &str) -> Value {
    json!({ "type": "tpa_connection_init", "sessionId": session, "packageName": package, "apiKey": key })
}

fn managed_request() -> Value {
    json!({
        "type": "managed_stream_request",
        "packageName": APP,
        "video": { "width": 1280, "height": 720 },
        "restreamDestinations": [{ "url": "rtmp://a.rtmp.youtube.com/live2/KEY", "name": "YouTube" }],
    })
}

fn direct_request(url: &str) -> Value {
    json!({ "type": "rtmp_stream_request", "packageName": APP, "rtmpUrl": url })
}

fn of_type(kind: &str) -> Value {
    json!({ "type": kind, "packageName": APP })
}

/// Types and, if they have one, statuses of everything heard since the ack.
fn story(socket: &AppSocket) -> Vec<String> {
    let word = |message: &Value| {
        let kind = message["type"].as_str().unwrap_or_default().to_owned();
        let inner = if kind == "data_stream" { &message["data"] } else { message };
        format!("{kind} {}", inner["status"].as_str().unwrap_or("-"))
    };
    socket.heard().iter().skip(1).map(word).collect()
}

/// Asks something, so that what was said before has been worked off when the answer is here.
async fn checked(socket: &mut AppSocket) -> Value {
    socket.say(&of_type("stream_status_check")).await;
    socket.until("stream_status_check_response", |_| true).await
}
