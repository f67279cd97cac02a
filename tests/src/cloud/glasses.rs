//! Virtual glasses, with the phone that speaks for them: they obey like real ones, or do only what a test tells them.

use std::sync::Arc;
use std::time::Duration;

use mentra_wire::{
    DeviceMessage, DeviceState, DeviceStateUpdate, GlassesBatteryUpdate, GlassesConnectionState, HubToApp,
    HubToDevice, KeepAliveAck, Secret, StartStream, StreamStats, StreamStatus, StreamStatusWord, Wifi,
};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::encoder::{Encoder, Turn};
use super::record::GLASSES;
use super::shared::{Shared, State, now, unix_ms};
use crate::wait::{PATIENCE, within};

/// Whether glasses act by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temper {
    /// They push when told to start, tell how it goes, try again when the connection breaks, and stop when told to.
    Obey,
    /// They answer keep-alives, and everything else is the test's.
    Wait,
}

/// Attempts of real glasses to get a broken stream back.
const ATTEMPTS: u32 = 10;

/// Glasses of a user. Dropped, they are gone without a word, as those are whose battery is empty.
pub struct CloudGlasses {
    shared: Arc<Shared>,
    user: String,
    orders: mpsc::UnboundedSender<Order>,
    /// The last command to start.
    started: watch::Receiver<Option<StartStream>>,
}

enum Deed {
    Push,
    BreakOff,
    #[cfg(unix)]
    Signal(&'static str),
    AnswerKeepAlives(bool),
    Leave,
}

type Order = (Deed, oneshot::Sender<()>);

impl CloudGlasses {
    pub(super) fn connect(shared: &Arc<Shared>, user: &str, temper: Temper) -> Self {
        let (line, commands) = mpsc::unbounded_channel();
        let (orders, ordered) = mpsc::unbounded_channel();
        let (starts, started) = watch::channel(None);
        {
            let mut state = shared.lock();
            let known = state.users.entry(user.to_owned()).or_default();
            known.glasses = Some(line);
            known.facts = DeviceState {
                connected: Some(true),
                model_name: Some("Mentra Live".to_owned()),
                ..DeviceState::default()
            };
        }
        let camera = Camera {
            shared: Arc::clone(shared),
            user: user.to_owned(),
            temper,
            starts,
            encoder: None,
            is_interrupted: false,
            attempt: 0,
            again_at: None,
            answers: true,
        };
        shared.spawn(camera.run(commands, ordered));
        let glasses = Self { shared: Arc::clone(shared), user: user.to_owned(), orders, started };
        glasses.wifi(Some(("Test", "192.0.2.20")));
        glasses.battery(90.0, false);
        glasses
    }

    /// Their Wi-Fi and their address in it, or none.
    pub fn wifi(&self, network: Option<(&str, &str)>) {
        let ssid = network.map(|(ssid, _)| ssid.to_owned());
        let wifi = Wifi { connected: network.is_some(), ssid: ssid.clone(), ..Default::default() };
        let message = GlassesConnectionState {
            model_name: Some("Mentra Live".to_owned()),
            status: "CONNECTED".to_owned(),
            wifi: Some(wifi),
            ..Default::default()
        };
        let delta = DeviceState {
            wifi_connected: Some(network.is_some()),
            wifi_ssid: Some(ssid.unwrap_or_default()),
            wifi_local_ip: Some(network.map_or_else(String::new, |(_, address)| address.to_owned())),
            ..DeviceState::default()
        };
        let mut state = self.shared.lock();
        self.shared.glasses_say(&mut state, &self.user, DeviceMessage::ConnectionState(message));
        self.shared.device_state(&mut state, &self.user, delta);
    }

    /// Their battery in percent, and whether it is being charged.
    pub fn battery(&self, percent: f64, charging: bool) {
        let message = GlassesBatteryUpdate { level: percent, charging: Some(charging), ..Default::default() };
        let delta =
            DeviceState { battery_level: Some(percent), charging: Some(charging), ..DeviceState::default() };
        let mut state = self.shared.lock();
        self.shared.glasses_say(&mut state, &self.user, DeviceMessage::Battery(message));
        self.shared.device_state(&mut state, &self.user, delta);
    }

    /// They say this.
    pub fn say(&self, message: DeviceMessage) {
        self.shared.glasses_say(&mut self.shared.lock(), &self.user, message);
    }

    /// They tell this of the stream they were told to start last; details are the reason of an error.
    ///
    /// # Panics
    /// When they were never told to start.
    pub fn tell(&self, word: StreamStatusWord, details: Option<&str>) {
        let start = self.started.borrow().clone().expect("they were told to start");
        self.say(DeviceMessage::StreamStatus(StreamStatus {
            stream_id: Some(start.stream_id),
            error_details: details.map(str::to_owned),
            ..status(word)
        }));
    }

    /// They refuse a command as real ones do: an error without the stream it is about, which the cloud does not believe.
    pub fn refuse(&self, details: &str) {
        let word = StreamStatusWord::Error;
        self.say(DeviceMessage::StreamStatus(StreamStatus {
            error_details: Some(details.to_owned()),
            ..status(word)
        }));
    }

    /// The last command to start, as soon as there is one; its URL leads to the app's own server, or to the cloud's ingest.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn told_to_start(&mut self) -> StartStream {
        let waiting = self.started.wait_for(|start| start.is_some());
        drop(within(PATIENCE, "glasses to be told to start", waiting).await.expect("they are there"));
        self.started.borrow_and_update().clone().expect("it was there just now")
    }

    /// The next command to start, after the one seen last.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn told_to_start_again(&mut self) -> StartStream {
        let waiting = self.started.changed();
        within(PATIENCE, "glasses to be told to start again", waiting).await.expect("they are there");
        self.started.borrow_and_update().clone().expect("commands are not taken back")
    }

    /// Begins to push where they were told to last; says nothing of it if they wait.
    pub async fn push(&self) {
        self.order(Deed::Push).await;
    }

    /// Their encoder dies, as if the Wi-Fi broke. Obedient ones notice and try again.
    pub async fn break_off(&self) {
        self.order(Deed::BreakOff).await;
    }

    /// Their encoder stalls with its connection open.
    #[cfg(unix)]
    pub async fn freeze(&self) {
        self.order(Deed::Signal("-STOP")).await;
    }

    /// It goes on.
    #[cfg(unix)]
    pub async fn thaw(&self) {
        self.order(Deed::Signal("-CONT")).await;
    }

    /// Whether they answer keep-alives from now on.
    pub async fn answer_keep_alives(&self, answer: bool) {
        self.order(Deed::AnswerKeepAlives(answer)).await;
    }

    /// They are switched off; the cloud knows of no glasses any more.
    pub async fn disconnect(self) {
        {
            let mut state = self.shared.lock();
            if let Some(user) = state.users.get_mut(&self.user) {
                user.glasses = None;
            }
            let delta = DeviceState { connected: Some(false), ..DeviceState::default() };
            self.shared.device_state(&mut state, &self.user, delta);
        }
        self.order(Deed::Leave).await;
    }

    async fn order(&self, deed: Deed) {
        let (done, waiting) = oneshot::channel();
        // Glasses that are gone do nothing any more.
        if self.orders.send((deed, done)).is_ok() {
            let _ = within(PATIENCE, "glasses to do as the test says", waiting).await;
        }
    }
}

impl Shared {
    /// The glasses of a user say this.
    pub(super) fn glasses_say(&self, state: &mut State, user: &str, message: DeviceMessage) {
        let frame: Value = serde_json::from_str(&message.to_json()).expect("a message is JSON");
        self.heard.note(user, GLASSES, message.type_name(), frame.clone());
        match message {
            DeviceMessage::StreamStatus(status) => self.glasses_stream_status(state, user, &status),
            DeviceMessage::KeepAliveAck(ack) => {
                if let Some(stream) = state.stream_mut(user)
                    && stream.unanswered.as_ref() == Some(&ack.ack_id)
                {
                    stream.unanswered = None;
                    stream.last_activity = std::time::Instant::now();
                }
            }
            message @ (DeviceMessage::ConnectionState(_) | DeviceMessage::Battery(_)) => {
                self.broadcast(state, user, message.type_name(), &frame);
            }
            _ => {}
        }
    }

    /// Notes what changed of the glasses; apps are told in 2026.
    fn device_state(&self, state: &mut State, user: &str, delta: DeviceState) {
        let is_of_2026 = state.is_of_2026();
        let Some(known) = state.users.get_mut(user) else { return };
        let facts = &mut known.facts;
        facts.connected = delta.connected.or(facts.connected);
        facts.wifi_connected = delta.wifi_connected.or(facts.wifi_connected);
        facts.wifi_ssid = delta.wifi_ssid.clone().or(facts.wifi_ssid.take());
        facts.wifi_local_ip = delta.wifi_local_ip.clone().or(facts.wifi_local_ip.take());
        facts.battery_level = delta.battery_level.or(facts.battery_level);
        facts.charging = delta.charging.or(facts.charging);
        let packages: Vec<String> = known.apps.keys().cloned().collect();
        let update =
            DeviceStateUpdate { state: delta, timestamp: Some(now()), ..DeviceStateUpdate::default() };
        for package in packages.iter().filter(|_| is_of_2026) {
            self.tell(state, user, package, &HubToApp::DeviceState(update.clone()));
        }
    }
}

fn status(word: StreamStatusWord) -> StreamStatus {
    StreamStatus { status: word, timestamp: Some(unix_ms().into()), ..Default::default() }
}

/// What glasses do by themselves.
struct Camera {
    shared: Arc<Shared>,
    user: String,
    temper: Temper,
    starts: watch::Sender<Option<StartStream>>,
    encoder: Option<Encoder>,
    /// It broke off and is being tried again.
    is_interrupted: bool,
    attempt: u32,
    again_at: Option<Instant>,
    answers: bool,
}

impl Camera {
    async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<HubToDevice>,
        mut orders: mpsc::UnboundedReceiver<Order>,
    ) {
        let mut heard_at = Instant::now();
        loop {
            let silence = self.shared.lock().habits.timing.glasses_silence;
            let is_left_alone = self.temper == Temper::Obey && self.encoder.is_some();
            tokio::select! {
                command = commands.recv() => {
                    let Some(command) = command else { return };
                    heard_at = Instant::now();
                    self.command(command);
                }
                order = orders.recv() => {
                    let Some((deed, done)) = order else { return };
                    let leaves = matches!(deed, Deed::Leave);
                    self.obey_test(deed).await;
                    // The test may have given up.
                    let _ = done.send(());
                    if leaves {
                        return;
                    }
                }
                turn = turn(&mut self.encoder) => self.turned(turn),
                () = until(self.again_at) => {
                    self.again_at = None;
                    self.push();
                }
                () = tokio::time::sleep_until(heard_at + silence), if is_left_alone => {
                    self.encoder = None;
                    self.tell(StreamStatusWord::Error, Some("Stream timed out - no keep-alive from cloud"));
                }
            }
        }
    }

    fn command(&mut self, command: HubToDevice) {
        match command {
            HubToDevice::StartStream(start) => {
                (self.is_interrupted, self.attempt, self.again_at) = (false, 0, None);
                self.starts.send_replace(Some(start));
                if self.temper == Temper::Obey {
                    if self.has_no_wifi() {
                        return self.say(StreamStatus {
                            error_details: Some("no_wifi_connection".to_owned()),
                            ..status(StreamStatusWord::Error)
                        });
                    }
                    self.tell(StreamStatusWord::Initializing, None);
                    self.push();
                }
            }
            HubToDevice::StopStream(stop) => {
                let current = self.starts.borrow().as_ref().map(|start| start.stream_id.clone());
                if self.temper == Temper::Obey && (stop.stream_id.is_none() || stop.stream_id == current) {
                    (self.encoder, self.again_at) = (None, None);
                    self.tell(StreamStatusWord::Stopping, None);
                    self.tell(StreamStatusWord::Stopped, None);
                }
            }
            HubToDevice::KeepAlive(ask) if self.answers => {
                let ack = KeepAliveAck {
                    stream_id: ask.stream_id,
                    ack_id: ask.ack_id,
                    timestamp: Some(unix_ms().into()),
                    ..Default::default()
                };
                let message = DeviceMessage::KeepAliveAck(ack);
                self.shared.glasses_say(&mut self.shared.lock(), &self.user, message);
            }
            _ => {}
        }
    }

    async fn obey_test(&mut self, deed: Deed) {
        match deed {
            Deed::Push => self.push(),
            Deed::BreakOff => {
                if self.encoder.take().is_some() && self.temper == Temper::Obey {
                    self.interrupted("network lost");
                }
            }
            #[cfg(unix)]
            Deed::Signal(signal) => {
                if let Some(encoder) = &self.encoder {
                    encoder.signal(signal).await;
                }
            }
            Deed::AnswerKeepAlives(answers) => self.answers = answers,
            Deed::Leave => self.encoder = None,
        }
    }

    fn has_no_wifi(&self) -> bool {
        let state = self.shared.lock();
        state.users.get(&self.user).is_some_and(|user| user.facts.wifi_connected == Some(false))
    }

    fn push(&mut self) {
        let url = self.starts.borrow().as_ref().map(|start| start.url.clone());
        self.encoder = url.map(|url| Encoder::start(url.expose()));
    }

    fn turned(&mut self, turn: Turn) {
        let obeys = self.temper == Temper::Obey;
        match turn {
            Turn::Streams if obeys => {
                if std::mem::take(&mut self.is_interrupted) {
                    self.attempt = 0;
                    self.tell(StreamStatusWord::Reconnected, None);
                }
                let url = self.starts.borrow().as_ref().map(|start| start.url.clone());
                self.streams(url);
            }
            Turn::Streams => {}
            Turn::Ended(words) => {
                self.encoder = None;
                if obeys {
                    self.interrupted(&words);
                }
            }
        }
    }

    /// As real ones: up to ten attempts after growing pauses.
    fn interrupted(&mut self, reason: &str) {
        self.is_interrupted = true;
        if self.attempt == ATTEMPTS {
            self.tell(StreamStatusWord::ReconnectFailed, Some(reason));
            return self.tell(StreamStatusWord::Stopped, None);
        }
        self.attempt += 1;
        self.again_at =
            Some(Instant::now() + Duration::from_secs(1).mul_f64(1.5_f64.powi(self.attempt as i32 - 1)));
        self.say(StreamStatus {
            stream_id: self.starts.borrow().as_ref().map(|start| start.stream_id.clone()),
            attempt: Some(self.attempt),
            max_attempts: Some(ATTEMPTS),
            reason: Some(reason.to_owned()),
            ..status(StreamStatusWord::Reconnecting)
        });
    }

    fn streams(&self, url: Option<Secret>) {
        // What glasses of 2025 say whatever they send.
        let stats = StreamStats {
            bitrate: Some(1_500_000),
            fps: Some(30.0),
            dropped_frames: Some(0),
            ..StreamStats::default()
        };
        self.say(StreamStatus {
            stream_id: self.starts.borrow().as_ref().map(|start| start.stream_id.clone()),
            rtmp_url: url,
            stats: Some(stats),
            ..status(StreamStatusWord::Streaming)
        });
    }

    fn tell(&self, word: StreamStatusWord, details: Option<&str>) {
        self.say(StreamStatus {
            stream_id: self.starts.borrow().as_ref().map(|start| start.stream_id.clone()),
            error_details: details.map(str::to_owned),
            ..status(word)
        });
    }

    fn say(&self, status: StreamStatus) {
        let message = DeviceMessage::StreamStatus(status);
        self.shared.glasses_say(&mut self.shared.lock(), &self.user, message);
    }
}

async fn turn(encoder: &mut Option<Encoder>) -> Turn {
    match encoder {
        Some(encoder) => encoder.turn().await,
        None => std::future::pending().await,
    }
}

/// Waits until then, or for ever.
pub(super) async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
