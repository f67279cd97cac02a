//! The hub of this computer as the console's [`Hub`]: sockets are `mentra-link`'s, words are made in `wire_map`.

mod events;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use console::api::{FrameDirection, FrameView, GlassesView, VirtualGlasses as VirtualChoices};
use console::ports::{CameraCommand, CheckTold, Hub, HubAddresses, HubEvent, ManagedTold, UnmanagedTold};
use media_engine::{Clock, Listening};
use mentra_link::{HubConfig, HubError, Timing, Token};
use mentra_wire::{DataStream, HubToApp, HubToDevice, MANAGED_STREAM, ShowWifiSetup, StartStream, iso8601};
use serde_json::Value;
use session::{ApiKey, KeyDigest, PackageName, Words};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::local::{SharedKey, lan_addresses, lock, loopback};
use crate::virtual_glasses::{VirtualGlasses, VirtualSwitches};
use crate::{key_file, wire_map};

/// The one user of a hub, as apps are told. Apps expect an address.
const USER_ID: &str = "creator@streamconsole.local";
/// Messages of sockets that wait to be translated. Overflow policy: back pressure on the socket.
const LINK_EVENTS: usize = 256;

/// What a hub is started with.
pub(crate) struct HubChoices {
    pub(crate) bind: IpAddr,
    pub(crate) port: u16,
    pub(crate) data_dir: PathBuf,
    /// Token and publishing key of the glasses.
    pub(crate) glasses_key: SharedKey,
    /// Where glasses publish managed streams.
    pub(crate) ingest: Listening,
}

/// See the module's documentation. Clones share the hub.
#[derive(Clone)]
pub(crate) struct LocalHub(Arc<Inner>);

struct Inner {
    link: mentra_link::Hub,
    choices: HubChoices,
    clock: Clock,
    virtual_glasses: tokio::sync::Mutex<Option<VirtualGlasses>>,
    translating: Mutex<Option<JoinHandle<()>>>,
}

impl LocalHub {
    /// Opens the hub's port.
    ///
    /// # Errors
    /// When no port can be opened.
    pub(crate) async fn start(
        choices: HubChoices,
        events: mpsc::Sender<HubEvent>,
        clock: Clock,
    ) -> Result<Self, HubError> {
        let (sender, receiver) = mpsc::channel(LINK_EVENTS);
        let now = clock;
        let config = HubConfig {
            bind: choices.bind,
            port: choices.port,
            user_id: USER_ID.to_owned(),
            device_token: token(&choices.glasses_key),
            now_ms: Arc::new(move || now.now_ms()),
            timing: Timing::default(),
        };
        let link = mentra_link::Hub::start(config, sender).await?;
        let translating = tokio::spawn(events::translate(receiver, events));
        Ok(Self(Arc::new(Inner {
            link,
            choices,
            clock,
            virtual_glasses: tokio::sync::Mutex::default(),
            translating: Mutex::new(Some(translating)),
        })))
    }

    /// Address on this computer.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.local())
    }

    fn local(&self) -> SocketAddr {
        let address = self.0.link.address();
        loopback(Listening { address, wanted_port: self.0.link.wanted_port() })
    }

    fn glasses_url(&self, at: SocketAddr) -> String {
        let key =
            self.0.choices.glasses_key.read().unwrap_or_else(PoisonError::into_inner).expose().to_owned();
        format!("ws://{at}/glasses-ws?token={key}")
    }

    /// Takes the virtual glasses off and says goodbye to everybody.
    pub(crate) async fn shutdown(self) {
        if let Some(glasses) = self.0.virtual_glasses.lock().await.take() {
            glasses.stop().await;
        }
        let translating = lock(&self.0.translating).take();
        // The console had the other handle and has ended.
        if let Some(inner) = Arc::into_inner(self.0) {
            inner.link.shutdown().await;
        }
        if let Some(task) = translating
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the hub did not end as it should");
        }
    }

    fn session_id(app: &PackageName) -> String {
        format!("{USER_ID}-{app}")
    }

    /// Where the glasses push: to the address at which they reached this computer.
    fn target(&self, command: &CameraCommand, local: SocketAddr) -> String {
        match &command.target {
            Some(target) => target.expose().to_owned(),
            None => {
                let key = self.0.choices.glasses_key.read().unwrap_or_else(PoisonError::into_inner);
                let at = SocketAddr::new(local.ip(), self.0.choices.ingest.address.port());
                format!("rtmp://{at}/live/{}", key.expose())
            }
        }
    }

    fn now(&self) -> String {
        iso8601(self.0.clock.now_ms())
    }
}

fn token(key: &SharedKey) -> Token {
    Token::new(key.read().unwrap_or_else(PoisonError::into_inner).expose().to_owned())
}

impl Hub for LocalHub {
    fn addresses(&self) -> HubAddresses {
        let address = self.0.link.address();
        let lan: Vec<SocketAddr> = if address.ip().is_unspecified() {
            lan_addresses().map(|ip| SocketAddr::new(ip, address.port())).collect()
        } else if address.ip().is_loopback() {
            Vec::new()
        } else {
            vec![address]
        };
        HubAddresses {
            url: self.url(),
            glasses_url: self.glasses_url(lan.first().copied().unwrap_or_else(|| self.local())),
            lan_urls: lan.into_iter().map(|at| format!("http://{at}")).collect(),
        }
    }

    fn call_app(&self, app: &PackageName, url: &str) {
        self.0.link.session_request(app.as_str(), url);
    }

    fn stop_app(&self, app: &PackageName, url: &str) {
        self.0.link.stop_request(app.as_str(), url, "user_disabled");
    }

    fn tell_managed(&self, app: &PackageName, told: &ManagedTold) {
        let status = wire_map::managed_status(told);
        self.0.link.send_app(app.as_str(), &HubToApp::ManagedStatus(status));
    }

    fn tell_unmanaged(&self, app: &PackageName, told: &UnmanagedTold) {
        let now_ms = self.0.clock.now_ms();
        let session_id = Self::session_id(app);
        if told.owner.as_ref() == Some(app) {
            let status = wire_map::stream_status(told, Some(session_id), now_ms);
            self.0.link.send_app(app.as_str(), &HubToApp::StreamStatus(status));
            return;
        }
        let news = wire_map::stream_status(told, None, now_ms);
        let Ok(mut data) = serde_json::to_value(&news) else { return };
        data["type"] = Value::from("rtmp_stream_status");
        let wrapped = DataStream {
            session_id: Some(session_id),
            stream_type: "rtmp_stream_status".to_owned(),
            data,
            timestamp: Some(Value::String(iso8601(now_ms))),
            ..DataStream::default()
        };
        self.0.link.send_app(app.as_str(), &HubToApp::DataStream(wrapped));
    }

    fn tell_glasses(&self, app: &PackageName, glasses: Option<&GlassesView>) {
        let update = wire_map::device_state(glasses, self.now());
        self.0.link.send_app(app.as_str(), &HubToApp::DeviceState(update));
    }

    fn answer_check(&self, app: &PackageName, request: Option<String>, told: Option<CheckTold>) {
        let response = wire_map::check_response(request, told);
        self.0.link.send_app(app.as_str(), &HubToApp::CheckResponse(response));
    }

    fn digest(&self, key: &ApiKey) -> KeyDigest {
        KeyDigest(Sha256::digest(key.expose().as_bytes()).into())
    }

    fn frames(&self, app: Option<&PackageName>, after: u64) -> Vec<FrameView> {
        let frames = match app {
            Some(app) => self.0.link.frames(app.as_str(), after),
            None => self.0.link.glasses_frames(after),
        };
        frames
            .into_iter()
            .map(|frame| FrameView {
                seq: frame.seq,
                at_ms: frame.at_ms,
                direction: match frame.direction {
                    mentra_link::FrameDirection::FromApp => FrameDirection::Received,
                    mentra_link::FrameDirection::ToApp => FrameDirection::Sent,
                    mentra_link::FrameDirection::Webhook => FrameDirection::Webhook,
                },
                text: frame.text,
            })
            .collect()
    }

    fn start_camera(&self, command: &CameraCommand) -> Result<(), Words> {
        let none = || {
            Words::error("No glasses are connected.")
                .then("Connect them, or switch on the virtual glasses, then start again.")
        };
        let glasses = self.0.link.glasses().ok_or_else(none)?;
        let mut hints = command.hints.0.clone();
        let part = |value: Option<Value>| value.and_then(|value| serde_json::from_value(value).ok());
        let start = StartStream {
            session_id: Some(USER_ID.to_owned()),
            url: self.target(command, glasses.local).into(),
            app_id: command.owner.as_ref().map_or_else(|| MANAGED_STREAM.to_owned(), ToString::to_string),
            stream_id: command.stream_id.clone(),
            video: hints.remove("video").and_then(|value| serde_json::from_value(value).ok()),
            audio: hints.remove("audio").and_then(|value| serde_json::from_value(value).ok()),
            stream: hints.remove("stream").and_then(|value| serde_json::from_value(value).ok()),
            sound: part(hints.remove("sound")),
            // The light that tells bystanders is not for an app to switch off.
            flash: Some(true),
            timestamp: Some(Value::String(self.now())),
            extra: hints,
        };
        if !self.0.link.send_glasses(&HubToDevice::StartStream(start)) {
            return Err(none());
        }
        self.0.link.keep_alive(Some(command.stream_id.clone()));
        Ok(())
    }

    fn stop_camera(&self, stream_id: &str, owner: Option<&PackageName>) {
        self.0.link.keep_alive(None);
        let stop = mentra_wire::StopStream {
            session_id: Some(USER_ID.to_owned()),
            app_id: Some(owner.map_or_else(|| MANAGED_STREAM.to_owned(), ToString::to_string)),
            stream_id: Some(stream_id.to_owned()),
            timestamp: Some(Value::String(self.now())),
            ..mentra_wire::StopStream::default()
        };
        // Without glasses there is nothing to stop.
        let _ = self.0.link.send_glasses(&HubToDevice::StopStream(stop));
    }

    fn show_wifi_setup(&self, reason: &str) {
        let wish = HubToDevice::ShowWifiSetup(ShowWifiSetup {
            reason: Some(reason.to_owned()),
            ..ShowWifiSetup::default()
        });
        // Without glasses there is no Wi-Fi to set up.
        let _ = self.0.link.send_glasses(&wish);
    }

    async fn set_virtual_glasses(&self, choices: Option<VirtualChoices>) -> Result<(), Words> {
        let mut worn = self.0.virtual_glasses.lock().await;
        match (choices.map(switches), worn.take()) {
            (None, Some(glasses)) => glasses.stop().await,
            (None, None) => {}
            (Some(switches), Some(glasses)) => {
                let outcome = glasses.set(switches).await;
                *worn = Some(glasses);
                outcome.map_err(clip_words)?;
            }
            (Some(switches), None) => {
                let hub = format!("ws://{}/glasses-ws", self.local());
                let glasses = VirtualGlasses::start(hub, token(&self.0.choices.glasses_key), switches).await;
                *worn = Some(glasses.map_err(clip_words)?);
            }
        }
        Ok(())
    }

    async fn new_glasses_token(&self) -> Result<(), Words> {
        let data_dir = self.0.choices.data_dir.clone();
        let made =
            tokio::task::spawn_blocking(move || key_file::create(&data_dir, key_file::GLASSES_KEY)).await;
        let key = made.map_err(std::io::Error::other).and_then(|made| made).map_err(|error| {
            Words::error(format!("The new token could not be kept ({error})."))
                .then("Check that the data folder can be written; the old token still works.")
        })?;
        *self.0.choices.glasses_key.write().unwrap_or_else(PoisonError::into_inner) = key;
        self.0.link.set_device_token(token(&self.0.choices.glasses_key));
        Ok(())
    }
}

fn switches(choices: VirtualChoices) -> VirtualSwitches {
    VirtualSwitches {
        battery_percent: choices.battery_percent,
        wifi: choices.wifi,
        camera_busy: choices.camera_busy,
        silent_keep_alives: choices.silent_keep_alives,
        odd_timestamps: choices.odd_timestamps,
        drops: choices.drops,
        reconnects: choices.reconnects,
        clip: choices.clip.map(PathBuf::from),
    }
}

fn clip_words(error: impl std::fmt::Display) -> Words {
    Words::error(format!("The clip cannot be played ({error})."))
        .then("Choose an FLV file with H.264 video and AAC sound, or leave it out for the demo clip.")
}
