//! Glasses that are a program: a device client like a real phone, whose camera is a clip published by RTMP. They obey
//! the hub's commands and misbehave as they are told to, so that apps can be built, and the hub tested, without real ones.

mod camera;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use media_engine::{
    Clip, ClipError, ClipPublisher, ClipTimestamps, ForwardEvent, ForwardOptions, ForwardTls, PublishTarget,
};
use mentra_link::{GlassesClient, GlassesEvent, Token};
use mentra_wire::{
    DeviceMessage, GlassesBatteryUpdate, GlassesConnectionState, HubToDevice, KeepAliveAck, StartStream,
    StreamStats, StreamStatus, StreamStatusWord, Wifi,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use self::camera::{Camera, Do, Refusal};

/// What they call themselves.
const MODEL: &str = "Mentra Live (virtual)";
/// Name of the Wi-Fi they are on.
const WIFI: &str = "Virtual Wi-Fi";
/// What they call themselves to servers.
const ENCODER: &str = concat!("VirtualGlasses/", env!("CARGO_PKG_VERSION"));
/// Statistics are told so often.
const STATS_EVERY: Duration = Duration::from_secs(5);
/// Breaks, if wanted, come so often.
const BREAK_EVERY: Duration = Duration::from_secs(10);
/// Facts that wait for the glasses. Overflow policy: the teller waits; a publication tells a handful.
const FACTS: usize = 32;

/// How the glasses behave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualSwitches {
    /// Battery, 0 to 100; below 10 the camera refuses to start.
    pub battery_percent: u8,
    /// They have Wi-Fi; without it the camera refuses to start, and a stream breaks.
    pub wifi: bool,
    /// Another program holds the camera.
    pub camera_busy: bool,
    /// They never answer keep-alives.
    pub silent_keep_alives: bool,
    /// They send timestamps as odd as real encoders sometimes do.
    pub odd_timestamps: bool,
    /// The video connection breaks every 10 s.
    pub drops: bool,
    /// The connection to the hub breaks every 10 s.
    pub reconnects: bool,
    /// An FLV file to play instead of the demo clip.
    pub clip: Option<PathBuf>,
}

impl Default for VirtualSwitches {
    fn default() -> Self {
        Self {
            battery_percent: 80,
            wifi: true,
            camera_busy: false,
            silent_keep_alives: false,
            odd_timestamps: false,
            drops: false,
            reconnects: false,
            clip: None,
        }
    }
}

/// Why virtual glasses cannot be put on.
#[derive(Debug, thiserror::Error)]
pub enum VirtualGlassesError {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no clip.
    #[error(transparent)]
    Clip(#[from] ClipError),
    /// They were taken off meanwhile.
    #[error("the glasses were taken off")]
    Gone,
}

/// What the glasses hear.
enum Fact {
    Hub(GlassesEvent),
    Camera { publication: u64, event: ForwardEvent },
}

/// Worn until [`VirtualGlasses::stop`], or dropped.
#[derive(Debug)]
pub struct VirtualGlasses {
    switches: mpsc::Sender<(VirtualSwitches, Clip, oneshot::Sender<()>)>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    /// What is set, and its clip: read again only if another one is wanted.
    set: Mutex<(VirtualSwitches, Clip)>,
}

impl VirtualGlasses {
    /// Puts them on: they connect to a hub's device address, such as `ws://127.0.0.1:8002/glasses-ws`, and go on trying.
    ///
    /// # Errors
    /// When the clip cannot be played.
    pub async fn start(
        hub: String,
        token: Token,
        switches: VirtualSwitches,
    ) -> Result<Self, VirtualGlassesError> {
        let clip = read(switches.clip.clone()).await?;
        let (sender, receiver) = mpsc::channel(1);
        let (stop, stopped) = oneshot::channel();
        let worn = Worn::new(hub, token, switches.clone(), clip.clone());
        Ok(Self {
            switches: sender,
            stop,
            task: tokio::spawn(worn.run(receiver, stopped)),
            set: Mutex::new((switches, clip)),
        })
    }

    /// Changes how they behave. A clip takes effect with the next stream.
    ///
    /// # Errors
    /// When the clip cannot be played.
    pub async fn set(&self, switches: VirtualSwitches) -> Result<(), VirtualGlassesError> {
        let (before, clip) = self.set.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let clip = if before.clip == switches.clip { clip } else { read(switches.clip.clone()).await? };
        let (done, heeded) = oneshot::channel();
        let sent = self.switches.send((switches.clone(), clip.clone(), done)).await;
        sent.map_err(|_| VirtualGlassesError::Gone)?;
        heeded.await.map_err(|_| VirtualGlassesError::Gone)?;
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = (switches, clip);
        Ok(())
    }

    /// Takes them off: the stream, if one runs, ends.
    pub async fn stop(self) {
        let Self { stop, task, .. } = self;
        // An error means that they ended before.
        let _ = stop.send(());
        if let Err(error) = task.await {
            tracing::error!(%error, "the virtual glasses did not end as they should");
        }
    }
}

async fn read(path: Option<PathBuf>) -> Result<Clip, VirtualGlassesError> {
    let Some(path) = path else { return Ok(Clip::demo()?) };
    match tokio::task::spawn_blocking({
        let path = path.clone();
        move || std::fs::read(path)
    })
    .await
    .map_err(std::io::Error::other)
    .and_then(|read| read)
    {
        Ok(file) => Ok(Clip::from_flv(Bytes::from(file))?),
        Err(source) => Err(VirtualGlassesError::Unreadable { path, source }),
    }
}

/// The glasses' own task.
struct Worn {
    client: GlassesClient,
    facts: mpsc::Receiver<Fact>,
    facts_sender: mpsc::Sender<Fact>,
    passing: JoinHandle<()>,
    switches: VirtualSwitches,
    clip: Clip,
    camera: Camera,
    /// What the stream is and where it goes.
    command: Option<StartStream>,
    publisher: Option<ClipPublisher>,
    /// Counts publications: facts of an older one mean nothing.
    publication: u64,
    tls: ForwardTls,
}

impl Worn {
    fn new(hub: String, token: Token, switches: VirtualSwitches, clip: Clip) -> Self {
        let (facts_sender, facts) = mpsc::channel(FACTS);
        let (events, mut heard) = mpsc::channel(FACTS);
        let pass = facts_sender.clone();
        let passing = tokio::spawn(async move {
            while let Some(event) = heard.recv().await {
                if pass.send(Fact::Hub(event)).await.is_err() {
                    return;
                }
            }
        });
        Self {
            client: GlassesClient::start(hub, token, events),
            facts,
            facts_sender,
            passing,
            switches,
            clip,
            camera: Camera::default(),
            command: None,
            publisher: None,
            publication: 0,
            tls: ForwardTls::platform(),
        }
    }

    async fn run(
        mut self,
        mut switches: mpsc::Receiver<(VirtualSwitches, Clip, oneshot::Sender<()>)>,
        mut stopped: oneshot::Receiver<()>,
    ) {
        let started = Instant::now();
        let mut stats = interval(STATS_EVERY);
        let mut breaks = interval(BREAK_EVERY);
        stats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        breaks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        breaks.reset();
        loop {
            let now_ms = started.elapsed().as_millis() as u64;
            let deadline = self.camera.next_deadline_ms().map(|at_ms| started + Duration::from_millis(at_ms));
            let wanted = tokio::select! {
                _ = &mut stopped => break,
                Some((switches, clip, done)) = switches.recv() => {
                    self.switch(switches, clip).await;
                    // Whoever set them may have stopped waiting.
                    let _ = done.send(());
                    if self.switches.wifi { Vec::new() } else { self.camera.broken(now_ms) }
                }
                Some(fact) = self.facts.recv() => self.heard(fact, now_ms).await,
                _ = stats.tick() => {
                    self.tell_stats().await;
                    Vec::new()
                }
                _ = breaks.tick() => self.misbehave(now_ms).await,
                () = sleep_until(deadline.unwrap_or_else(|| started + Duration::from_secs(86_400 * 365))) => {
                    self.camera.tick(started.elapsed().as_millis() as u64)
                }
            };
            for one in wanted {
                self.carry_out(one).await;
            }
        }
        if let Some(publisher) = self.publisher.take() {
            publisher.stop().await;
        }
        self.client.stop().await;
        self.passing.abort();
        // The only error is the abort just asked for.
        let _ = self.passing.await;
    }

    async fn heard(&mut self, fact: Fact, now_ms: u64) -> Vec<Do> {
        match fact {
            Fact::Hub(GlassesEvent::Connected) => {
                self.introduce().await;
                self.camera.again()
            }
            Fact::Hub(GlassesEvent::Lost { reason }) => {
                tracing::debug!(%reason, "the virtual glasses lost their hub");
                Vec::new()
            }
            Fact::Hub(GlassesEvent::Told(told)) => self.obey(told, now_ms).await,
            Fact::Camera { publication, event } if publication == self.publication => match event {
                ForwardEvent::Accepted => self.camera.accepted(),
                ForwardEvent::Draining | ForwardEvent::NotDraining => Vec::new(),
                ForwardEvent::Ended(error) => {
                    self.publisher = None;
                    self.camera.ended(now_ms, &error)
                }
            },
            Fact::Camera { .. } => Vec::new(),
        }
    }

    async fn obey(&mut self, told: HubToDevice, now_ms: u64) -> Vec<Do> {
        match told {
            HubToDevice::StartStream(start) => {
                let target = PublishTarget::parse(start.url.expose(), "");
                let refusal = if self.switches.camera_busy {
                    Some(Refusal::CameraBusy)
                } else if !self.switches.wifi {
                    Some(Refusal::NoWifi)
                } else if target.is_err() {
                    Some(Refusal::Protocol)
                } else {
                    Refusal::battery(self.switches.battery_percent)
                };
                let wanted = self.camera.start(now_ms, &start.stream_id, refusal);
                if wanted.contains(&Do::Publish) {
                    self.command = Some(start);
                }
                wanted
            }
            HubToDevice::StopStream(stop) => self.camera.stop(stop.stream_id.as_deref()),
            HubToDevice::KeepAlive(alive) => {
                self.camera.kept_alive(now_ms, &alive.stream_id);
                if !self.switches.silent_keep_alives {
                    let ack = KeepAliveAck {
                        stream_id: alive.stream_id,
                        ack_id: alive.ack_id,
                        ..KeepAliveAck::default()
                    };
                    self.client.say(DeviceMessage::KeepAliveAck(ack)).await;
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// The breaks that are wanted.
    async fn misbehave(&mut self, now_ms: u64) -> Vec<Do> {
        if self.switches.reconnects {
            self.client.cut().await;
        }
        if self.switches.drops { self.camera.broken(now_ms) } else { Vec::new() }
    }

    async fn carry_out(&mut self, wanted: Do) {
        match wanted {
            Do::Publish => self.publish().await,
            // Dropped, it closes without a goodbye, as when a network breaks.
            Do::BreakOff => drop(self.publisher.take()),
            Do::SayGoodbye => {
                if let Some(publisher) = self.publisher.take() {
                    publisher.stop().await;
                }
            }
            Do::Tell { status, with_id, text, attempt } => self.tell(status, with_id, text, attempt).await,
        }
    }

    async fn publish(&mut self) {
        let Some(start) = &self.command else { return };
        let Ok(target) = PublishTarget::parse(start.url.expose(), "") else { return };
        self.publication += 1;
        let (facts, publication) = (self.facts_sender.clone(), self.publication);
        let events = Arc::new(move |event| {
            // Full only if the glasses do not listen any more.
            let _ = facts.try_send(Fact::Camera { publication, event });
        });
        // Another beginning after each connection is part of the oddness.
        let connection = self.publication as u32;
        let timestamps = if self.switches.odd_timestamps {
            ClipTimestamps::Odd { connection }
        } else {
            ClipTimestamps::Clean
        };
        let options = ForwardOptions::new(self.tls.clone(), ENCODER);
        self.publisher = Some(ClipPublisher::start(&self.clip, target, options, timestamps, events));
    }

    async fn tell(
        &self,
        status: StreamStatusWord,
        with_id: bool,
        text: Option<String>,
        attempt: Option<(u32, u32)>,
    ) {
        let message = StreamStatus {
            status,
            stream_id: self.command.as_ref().filter(|_| with_id).map(|start| start.stream_id.clone()),
            error_details: text,
            attempt: attempt.map(|(attempt, _)| attempt),
            max_attempts: attempt.map(|(_, of)| of),
            ..StreamStatus::default()
        };
        self.client.say(DeviceMessage::StreamStatus(message)).await;
    }

    async fn tell_stats(&self) {
        let (Some(publisher), Some(start), true) = (&self.publisher, &self.command, self.camera.streams())
        else {
            return;
        };
        let now = publisher.stats();
        let stats = StreamStats {
            bitrate: Some(now.bitrate_bps),
            fps: Some(now.fps),
            dropped_frames: Some(now.dropped_frames),
            duration: Some((now.duration_ms / 1_000) as f64),
            ..StreamStats::default()
        };
        let message = StreamStatus {
            status: StreamStatusWord::Streaming,
            stream_id: Some(start.stream_id.clone()),
            stats: Some(stats),
            ..StreamStatus::default()
        };
        self.client.say(DeviceMessage::StreamStatus(message)).await;
    }

    async fn introduce(&self) {
        let state = GlassesConnectionState {
            model_name: Some(MODEL.to_owned()),
            status: "CONNECTED".to_owned(),
            wifi: Some(Wifi {
                connected: self.switches.wifi,
                ssid: self.switches.wifi.then(|| WIFI.to_owned()),
                ..Wifi::default()
            }),
            ..GlassesConnectionState::default()
        };
        self.client.say(DeviceMessage::ConnectionState(state)).await;
        let battery = GlassesBatteryUpdate {
            level: f64::from(self.switches.battery_percent),
            charging: Some(false),
            ..GlassesBatteryUpdate::default()
        };
        self.client.say(DeviceMessage::Battery(battery)).await;
    }

    async fn switch(&mut self, switches: VirtualSwitches, clip: Clip) {
        self.switches = switches;
        self.clip = clip;
        self.introduce().await;
    }
}
