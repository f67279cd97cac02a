//! A screen: one snapshot, then events, exactly as a UI follows them. It checks on its way what must hold at all times.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::life::Life;
use crate::wait::{PATIENCE, within};

/// See the module's documentation.
pub struct Screen {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The snapshot with every event so far applied.
    now: Value,
    life: Life,
    /// Every message as it came.
    heard: String,
}

impl Screen {
    /// Subscribes.
    ///
    /// # Panics
    /// When the subscription is refused.
    pub(crate) async fn open(control: &str, token: &str) -> Self {
        let url = format!("{}/api/events?token={token}", control.replacen("http", "ws", 1));
        let connecting = tokio_tungstenite::connect_async(&url);
        let (socket, _) =
            within(PATIENCE, "the events to open", connecting).await.expect("the subscription is accepted");
        let mut screen = Self { socket, now: Value::Null, life: Life::default(), heard: String::new() };
        within(PATIENCE, "the first snapshot", screen.hear()).await;
        screen
    }

    /// The snapshot with every event so far applied.
    pub fn now(&self) -> &Value {
        &self.now
    }

    /// Every message as it came, one after the other.
    pub fn heard(&self) -> &str {
        &self.heard
    }

    /// Every state the session was seen in, in order.
    pub fn life(&self) -> &Life {
        &self.life
    }

    /// Listens until the screen shows what is wanted; `what` says it in words.
    ///
    /// # Panics
    /// When that takes longer than [`PATIENCE`].
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> &Value {
        self.until_within(PATIENCE, what, wanted).await
    }

    /// As [`Screen::until`], with a deadline of its own.
    ///
    /// # Panics
    /// When the time is over.
    pub async fn until_within(
        &mut self,
        time: Duration,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> &Value {
        let deadline = Instant::now() + time;
        while !wanted(&self.now) {
            let heard = tokio::time::timeout_at(deadline, self.hear()).await.is_ok();
            assert!(
                heard,
                "{time:?} passed waiting for {what}. The session: {:#}\nits life: {}\nthe publisher: {}\n\
                 the destinations: {:#}\ntheir marks: {:#}\nthe apps: {:#}\nthe glasses: {:#}",
                self.now["session"],
                self.life,
                self.now["ingest"]["publisher"],
                self.now["destinations"],
                self.now["destinationMarks"],
                self.now["apps"],
                self.now["hub"]["glasses"]
            );
        }
        &self.now
    }

    /// Listens until the session is in this phase and the time line says so too.
    ///
    /// # Panics
    /// When that takes longer than [`PATIENCE`].
    pub async fn phase(&mut self, phase: &str) -> &Value {
        self.until(&format!("the phase {phase}"), |now| {
            let newest_mark = now["marks"].as_array().and_then(|marks| marks.last());
            now["session"]["phase"] == phase && newest_mark.is_some_and(|mark| mark["phase"] == phase)
        })
        .await
    }

    /// Listens until this destination is in this state, and returns it.
    ///
    /// # Panics
    /// When that takes longer than [`PATIENCE`].
    pub async fn destination(&mut self, id: &str, state: &str) -> Value {
        self.destination_until(id, &format!("to be {state}"), |destination| destination["state"] == state)
            .await
    }

    /// Listens until this destination is as wanted, and returns it.
    ///
    /// # Panics
    /// When that takes longer than [`PATIENCE`].
    pub async fn destination_until(
        &mut self,
        id: &str,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let now =
            self.until(&format!("destination {id} {what}"), |now| find(now, id).is_some_and(&wanted)).await;
        find(now, id).expect("it was just found").clone()
    }

    /// Listens until this destination takes the stream: it says so, and bytes are counted.
    ///
    /// # Panics
    /// When that takes longer than [`PATIENCE`].
    pub async fn broadcasting(&mut self, id: &str) -> Value {
        self.destination_until(id, "to be broadcasting", |destination| {
            destination["state"] == "broadcasting" && destination["bitrateBps"].as_u64() > Some(0)
        })
        .await
    }

    /// States this destination went through in the present stream, oldest first, with the words that were told.
    ///
    /// # Panics
    /// When the snapshot holds no marks of destinations.
    pub fn destination_life(&self, id: &str) -> Vec<(String, String)> {
        let marks = self.now["destinationMarks"].as_array().expect("marks of destinations");
        let of_this = marks.iter().filter(|mark| mark["destinationId"] == id);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        of_this.map(|mark| (text(&mark["state"]), text(&mark["text"]))).collect()
    }

    /// Waits for so many seconds of the stream's life: it is sampled once a second, interrupted or not.
    ///
    /// # Panics
    /// When they do not pass.
    pub async fn seconds_pass(&mut self, seconds: usize) {
        let samples = |now: &Value| now["samples"].as_array().map_or(0, Vec::len);
        let target = samples(&self.now) + seconds;
        self.until(&format!("{seconds} seconds to pass"), |now| samples(now) >= target).await;
    }

    /// A playback address of the session.
    ///
    /// # Panics
    /// When it has none.
    pub fn url(&self, which: &str) -> String {
        let url = &self.now["session"]["urls"][which];
        url.as_str()
            .unwrap_or_else(|| panic!("there is no {which} address: {:#}", self.now["session"]))
            .to_owned()
    }

    /// Id of the session's stream.
    ///
    /// # Panics
    /// When there is none.
    pub fn stream_id(&self) -> String {
        self.now["session"]["streamId"].as_str().expect("a stream was started").to_owned()
    }

    /// Takes one message.
    async fn hear(&mut self) {
        let text = loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => break text,
                Some(Ok(_)) => {}
                other => panic!("the events ended: {other:?}"),
            }
        };
        self.heard.push_str(&text);
        let told: Value = serde_json::from_str(&text).expect("events are JSON");
        if let Some(snapshot) = told.get("snapshot") {
            self.now = snapshot.clone();
        } else {
            self.apply(told.get("event").expect("an event or a snapshot"));
        }
        let session = &self.now["session"];
        let plays = session["state"] == "active" && session["delivery"] != "unmanaged";
        let told = !session["urls"].is_null();
        // After a restart the addresses of a stream at MentraOS are known when it has answered.
        let unknown = session["delivery"] == "cloud" && session["phase"] == "interrupted";
        assert!(told == plays || unknown, "addresses are told while active and never before: {session:#}");
        self.life.see(session);
    }

    fn apply(&mut self, event: &Value) {
        let (before, seq) = (self.now["seq"].as_u64(), event["seq"].as_u64());
        assert_eq!(seq, before.map(|seq| seq + 1), "events follow one another without a hole: {event}");
        self.now["seq"] = event["seq"].clone();
        let kind = event["kind"].as_str().expect("an event has a kind");
        match kind {
            "session" => {
                if event["session"]["streamId"] != self.now["session"]["streamId"] {
                    self.now["samples"] = Value::Array(Vec::new());
                    self.now["marks"] = Value::Array(Vec::new());
                    self.now["destinationMarks"] = Value::Array(Vec::new());
                }
                self.now["session"] = event["session"].clone();
            }
            "ingest" | "signal" | "settings" | "destinations" | "hub" | "apps" | "cloud" => {
                self.now[kind] = event[kind].clone();
            }
            "glasses_mark" => {
                let list = self.now["glassesMarks"].as_array_mut().expect("marks of glasses are a list");
                list.push(event["mark"].clone());
            }
            "destination_mark" => {
                let list =
                    self.now["destinationMarks"].as_array_mut().expect("marks of destinations are a list");
                list.push(event["mark"].clone());
            }
            "sample" | "mark" => {
                let list = self.now[format!("{kind}s")].as_array_mut().expect("samples and marks are lists");
                list.push(event[kind].clone());
            }
            "history" => {}
            other => panic!("an event of an unknown kind: {other}"),
        }
    }
}

fn find<'a>(now: &'a Value, id: &str) -> Option<&'a Value> {
    now["destinations"].as_array()?.iter().find(|destination| destination["id"] == id)
}
