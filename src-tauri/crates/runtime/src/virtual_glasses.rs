//! Glasses that are a program: a device client like a real phone, whose camera is a clip published by RTMP. They obey
//! the hub's commands and misbehave as they are told to, so that apps can be built, and the hub tested, without real ones.

mod camera;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use media_engine::{
    Clip, ClipError, ClipPublisher, ClipTimestamps, ForwardError, ForwardEvent, ForwardOptions, ForwardTls,
    PublishTarget,
};
use mentra_link::{GlassesClient, GlassesEvent, Token};
use mentra_wire::{
    DeviceMessage, GlassesBatteryUpdate, GlassesConnectionState, HubToDevice, KeepAliveAck, StartStream,
    StreamStats, StreamStatus, StreamStatusWord, Wifi,
};
use session::DestinationKey;
use tokio::sync::{mpsc, oneshot, watch};
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
/// Facts of publications that wait. Overflow policy: cannot be, each tells two.
const FACTS: usize = 8;
/// What the hub says and waits. Overflow policy: the hub waits.
const EVENTS: usize = 32;
/// A stream whose connection broke is tried again after so long.
const TRY_SOON_MS: u64 = 1_000;
/// A connection dropped on purpose stays away for so long.
const DROP_MS: u64 = 3_000;

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

/// What is known of the glasses, in words for a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlassesNews {
    /// `connecting`, `connected`, or why not.
    pub hub: String,
    /// The last status the hub was told, `off` at first.
    pub camera: String,
}

impl Default for GlassesNews {
    fn default() -> Self {
        Self { hub: "connecting".to_owned(), camera: "off".to_owned() }
    }
}

/// A publication began or ended. Which one is told, since an older one means nothing any more.
struct CameraFact {
    publication: u64,
    ended: Option<ForwardError>,
}

/// Worn until [`VirtualGlasses::stop`], or dropped.
#[derive(Debug)]
pub struct VirtualGlasses {
    switches: mpsc::Sender<(VirtualSwitches, Clip, oneshot::Sender<()>)>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    news: watch::Receiver<GlassesNews>,
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
        let (worn, news) = Worn::new(hub, token, switches.clone(), clip.clone());
        Ok(Self {
            switches: sender,
            stop,
            news,
            task: tokio::spawn(worn.run(receiver, stopped)),
            set: Mutex::new((switches, clip)),
        })
    }

    /// What is known of them, as it changes; ends with them.
    pub fn news(&self) -> watch::Receiver<GlassesNews> {
        self.news.clone()
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
        let Self { stop, task, switches, .. } = self;
        // Nothing can be asked of them any more.
        drop(switches);
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
    told: mpsc::Receiver<GlassesEvent>,
    facts: mpsc::Receiver<CameraFact>,
    facts_sender: mpsc::Sender<CameraFact>,
    news: watch::Sender<GlassesNews>,
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
    fn new(
        hub: String,
        token: Token,
        switches: VirtualSwitches,
        clip: Clip,
    ) -> (Self, watch::Receiver<GlassesNews>) {
        let (facts_sender, facts) = mpsc::channel(FACTS);
        let (events, told) = mpsc::channel(EVENTS);
        let (news, followed) = watch::channel(GlassesNews::default());
        let worn = Self {
            client: GlassesClient::start(hub, token, events),
            told,
            facts,
            facts_sender,
            news,
            switches,
            clip,
            camera: Camera::default(),
            command: None,
            publisher: None,
            publication: 0,
            tls: ForwardTls::platform(),
        };
        (worn, followed)
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
                    self.switch(switches, clip);
                    // Whoever set them may have stopped waiting.
                    let _ = done.send(());
                    if self.switches.wifi { Vec::new() } else { self.camera.broken(now_ms, TRY_SOON_MS) }
                }
                Some(event) = self.told.recv() => self.heard(event, now_ms),
                Some(fact) = self.facts.recv() => self.learned(fact, now_ms),
                _ = stats.tick() => {
                    self.tell_stats();
                    Vec::new()
                }
                _ = breaks.tick() => self.misbehave(now_ms),
                () = sleep_until(deadline.unwrap_or_else(|| started + Duration::from_secs(86_400 * 365))) => {
                    self.camera.tick(started.elapsed().as_millis() as u64)
                }
            };
            let mut wanted = VecDeque::from(wanted);
            while let Some(one) = wanted.pop_front() {
                wanted.extend(self.carry_out(one, now_ms).await);
            }
        }
        if let Some(publisher) = self.publisher.take() {
            publisher.stop().await;
        }
        self.client.stop().await;
    }

    fn heard(&mut self, event: GlassesEvent, now_ms: u64) -> Vec<Do> {
        match event {
            GlassesEvent::Connected => {
                self.news.send_modify(|news| "connected".clone_into(&mut news.hub));
                self.introduce();
                self.camera.again()
            }
            GlassesEvent::Lost { reason } => {
                self.news.send_modify(|news| news.hub = reason);
                Vec::new()
            }
            GlassesEvent::Told(told) => self.obey(told, now_ms),
        }
    }

    fn learned(&mut self, fact: CameraFact, now_ms: u64) -> Vec<Do> {
        if fact.publication != self.publication || self.publisher.is_none() {
            return Vec::new();
        }
        match fact.ended {
            None => self.camera.accepted(),
            Some(error) => {
                self.publisher = None;
                self.camera.ended(now_ms, &error)
            }
        }
    }

    fn obey(&mut self, told: HubToDevice, now_ms: u64) -> Vec<Do> {
        match told {
            HubToDevice::StartStream(start) => {
                let url = start.url.expose();
                let refusal = if self.switches.camera_busy {
                    Some(Refusal::CameraBusy)
                } else if !self.switches.wifi {
                    Some(Refusal::NoWifi)
                } else if url.trim().is_empty() {
                    Some(Refusal::NoUrl)
                } else if target(url).is_none() {
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
                    self.client.say(DeviceMessage::KeepAliveAck(ack));
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// The breaks that are wanted.
    fn misbehave(&mut self, now_ms: u64) -> Vec<Do> {
        if self.switches.reconnects {
            self.client.cut();
        }
        if self.switches.drops { self.camera.broken(now_ms, DROP_MS) } else { Vec::new() }
    }

    /// Does one thing; more may follow from it.
    async fn carry_out(&mut self, wanted: Do, now_ms: u64) -> Vec<Do> {
        match wanted {
            Do::Publish if !self.switches.wifi => {
                return self.camera.ended(now_ms, &ForwardError::Unreachable);
            }
            Do::Publish => self.publish(),
            // Dropped, it closes without a goodbye, as when a network breaks.
            Do::BreakOff => drop(self.publisher.take()),
            Do::SayGoodbye => {
                if let Some(publisher) = self.publisher.take() {
                    publisher.stop().await;
                }
            }
            Do::Tell { status, with_id, text, attempt } => self.tell(status, with_id, text, attempt),
        }
        Vec::new()
    }

    fn publish(&mut self) {
        let Some(target) = self.command.as_ref().and_then(|start| target(start.url.expose())) else { return };
        self.publication += 1;
        let (facts, publication) = (self.facts_sender.clone(), self.publication);
        let events = Arc::new(move |event| {
            let ended = match event {
                ForwardEvent::Accepted => None,
                ForwardEvent::Ended(error) => Some(error),
                ForwardEvent::Draining | ForwardEvent::NotDraining => return,
            };
            if facts.try_send(CameraFact { publication, ended }).is_err() {
                // Two facts a publication, one publication at a time: only glasses that are off do not listen.
                tracing::debug!("nobody hears what became of a publication");
            }
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

    fn tell(
        &self,
        status: StreamStatusWord,
        with_id: bool,
        text: Option<String>,
        attempt: Option<(u32, u32)>,
    ) {
        // Servers like to quote the key they turn down.
        let text = text.map(|text| match &self.command {
            Some(start) => without_key(start.url.expose(), &text),
            None => text,
        });
        let words = match (&text, attempt) {
            (Some(text), _) => format!("{status}: {text}"),
            (None, Some((attempt, of))) => format!("{status} ({attempt}/{of})"),
            (None, None) => status.to_string(),
        };
        self.news.send_modify(|news| news.camera = words);
        let message = StreamStatus {
            status,
            stream_id: self.command.as_ref().filter(|_| with_id).map(|start| start.stream_id.clone()),
            error_details: text,
            attempt: attempt.map(|(attempt, _)| attempt),
            max_attempts: attempt.map(|(_, of)| of),
            ..StreamStatus::default()
        };
        self.client.say(DeviceMessage::StreamStatus(message));
    }

    fn tell_stats(&self) {
        // Any word of a stream counts as a sign of life.
        if self.switches.silent_keep_alives {
            return;
        }
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
        self.client.say(DeviceMessage::StreamStatus(message));
    }

    fn introduce(&self) {
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
        self.client.say(DeviceMessage::ConnectionState(state));
        let battery = GlassesBatteryUpdate {
            level: f64::from(self.switches.battery_percent),
            charging: Some(false),
            ..GlassesBatteryUpdate::default()
        };
        self.client.say(DeviceMessage::Battery(battery));
    }

    fn switch(&mut self, switches: VirtualSwitches, clip: Clip) {
        self.switches = switches;
        self.clip = clip;
        self.introduce();
    }
}

/// Where glasses publish to: what a path is short of is filled in, as newer ones do.
fn target(url: &str) -> Option<PublishTarget> {
    let (path, query) = url.trim().split_at(url.trim().find('?').unwrap_or(url.trim().len()));
    let path = path.trim_end_matches('/');
    let parts = path.split_once("://")?.1.split('/').skip(1).filter(|part| !part.is_empty()).count();
    let added = match parts {
        0 => "/live/stream",
        1 => "/stream",
        _ => "",
    };
    PublishTarget::parse(&format!("{path}{added}{query}"), "").ok()
}

/// A text without the stream key of the address it is about.
fn without_key(url: &str, text: &str) -> String {
    let key = PublishTarget::parse(url, "")
        .ok()
        .and_then(|target| DestinationKey::parse(target.stream_name()).ok());
    key.filter(|key| key.expose() != "stream").map_or_else(|| text.to_owned(), |key| key.redact(text))
}

#[cfg(test)]
mod tests;
