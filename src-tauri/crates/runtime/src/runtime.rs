//! Start and stop of everything, in one visible order.

use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use console::api::AppInfo;
use console::ports::{Clock, Random, World};
use console::{Console, Parts};
use media_engine::{Engine, EngineConfig, EngineError, ForwardOptions, ForwardTls};
use storage::{Storage, StorageError};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing_appender::non_blocking::WorkerGuard;

use crate::cloud::{CloudChoices, MentraCloud};
use crate::config::{Config, default_settings};
use crate::history::{SETTINGS, SqliteHistory};
use crate::hub::{HubChoices, LocalHub};
use crate::keys::{Keys, SharedKeys};
use crate::local::{KeyDoor, LocalProvider, NamedAddresses, loopback};
use crate::outputs::LocalOutputs;
use crate::{key_file, logging, pages};

/// Facts from the engine that wait for the console. Overflow policy: back pressure; nothing is lost.
const PROVIDER_EVENTS: usize = 64;
/// Facts about destinations that wait for the console. Overflow policy: back pressure; nothing is lost.
const OUTPUT_EVENTS: usize = 64;

/// Facts from the hub that wait for the console. Overflow policy: back pressure; a socket whose facts wait is not read on.
const HUB_EVENTS: usize = 64;

/// Facts from the cloud that wait for the console. Overflow policy: back pressure; a socket whose facts wait is not read on.
const CLOUD_EVENTS: usize = 64;

/// What destinations are told sends to them.
const ENCODER: &str = concat!("StreamConsole/", env!("CARGO_PKG_VERSION"));

/// Why the console cannot start, in words for a person.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The platform names no data folder.
    #[error("This account has no home folder to keep data in. Name one with --data-dir.")]
    NoDataDir,
    /// The data folder cannot be used.
    #[error("The data folder {} cannot be used ({source}). Check that it can be written, or name another with --data-dir.", path.display())]
    DataDir {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another console uses the folder.
    #[error("Another Stream Console is using the data folder {}. Close it first, or name another folder with --data-dir.", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The history cannot be opened.
    #[error("{0}")]
    Storage(#[from] StorageError),
    /// No port could be opened.
    #[error("{0}. Choose other ports with --rtmp-port, --http-port and --webrtc-port.")]
    Engine(#[from] EngineError),
    /// The hub's port could not be opened.
    #[error("{0}. Choose another port with --hub-port.")]
    Hub(#[from] mentra_link::HubError),
    /// The system gave no random bytes.
    #[error("The system gave no random bytes, without which no key can be made.")]
    NoRandom,
}

/// A running console.
pub struct Runtime {
    console: Console,
    supervisor: JoinHandle<()>,
    outputs: LocalOutputs,
    hub: LocalHub,
    cloud: MentraCloud,
    engine: Arc<Engine>,
    storage: Storage,
    rtmp_url: String,
    http_url: String,
    hub_url: String,
    webrtc_address: String,
    /// Held until the end: tells other consoles to keep off.
    _lock: File,
    /// Dropped last: flushes the log.
    _log: Option<WorkerGuard>,
}

impl Runtime {
    /// Starts everything.
    ///
    /// # Errors
    /// In words that say what to do.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let data_dir = config.data_dir().ok_or(StartError::NoDataDir)?;
        let unusable = |source| StartError::DataDir { path: data_dir.clone(), source };
        fs::create_dir_all(&data_dir).map_err(unusable)?;
        let lock = lock(&data_dir)?;
        let log = logging::start(&data_dir, config.log_to_stderr);
        tracing::info!(version = env!("CARGO_PKG_VERSION"), data_dir = %data_dir.display(), "Stream Console starts");

        let storage = Storage::open(&data_dir.join("history.sqlite3")).await?;
        let settings = storage.setting(SETTINGS, default_settings()).await?;
        let secret = |name| key_file::load_or_create(&data_dir, name).map_err(unusable);
        let key = Arc::new(RwLock::new(secret(key_file::STREAM_KEY)?));
        let glasses_key = Arc::new(RwLock::new(secret(key_file::GLASSES_KEY)?));

        let bind = config.bind.unwrap_or(IpAddr::V4(if settings.lan_access {
            Ipv4Addr::UNSPECIFIED
        } else {
            Ipv4Addr::LOCALHOST
        }));
        let (events_sender, events) = mpsc::channel(PROVIDER_EVENTS);
        let current = Arc::new(Mutex::new(None));
        let named_addresses = NamedAddresses::default();
        let engine_config = EngineConfig {
            bind,
            rtmp_port: config.rtmp_port.unwrap_or(settings.rtmp_port),
            http_port: config.http_port.unwrap_or(settings.http_port),
            webrtc_port: config.webrtc_port.unwrap_or(settings.webrtc_port),
            candidate_addresses: {
                let named = Arc::clone(&named_addresses);
                Arc::new(move || named.read().unwrap_or_else(PoisonError::into_inner).clone())
            },
            ..EngineConfig::new(Arc::new(pages::page))
        };
        let clock = engine_config.clock;
        let door = KeyDoor {
            key: Arc::clone(&key),
            glasses_key: Arc::clone(&glasses_key),
            current: Arc::clone(&current),
            events: events_sender.clone(),
        };
        let engine = Arc::new(Engine::start(engine_config, Arc::new(door)).await?);
        let provider = LocalProvider::new(
            Arc::clone(&engine),
            storage.clone(),
            events_sender,
            key,
            Arc::clone(&current),
            data_dir.clone(),
            named_addresses,
        );
        let keys = Arc::new(Keys::open(&data_dir, config.keys_in_file).await);
        let (output_events_sender, output_events) = mpsc::channel(OUTPUT_EVENTS);
        let outputs = LocalOutputs::new(
            current,
            Arc::clone(&keys),
            output_events_sender,
            ForwardOptions::new(ForwardTls::platform(), ENCODER),
        );
        let (cloud_events_sender, cloud_events) = mpsc::channel(CLOUD_EVENTS);
        let cloud = MentraCloud::new(
            CloudChoices { glasses_key: Arc::clone(&glasses_key), ingest: engine.rtmp() },
            cloud_events_sender,
            clock,
        );
        let (hub_events_sender, hub_events) = mpsc::channel(HUB_EVENTS);
        let hub = LocalHub::start(
            HubChoices {
                bind,
                port: config.hub_port.unwrap_or(settings.hub_port),
                data_dir: data_dir.clone(),
                glasses_key,
                ingest: engine.rtmp(),
            },
            hub_events_sender,
            clock,
        )
        .await?;

        let app = AppInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir: data_dir.display().to_string(),
            log_file: logging::newest_file(&data_dir).display().to_string(),
        };
        let history = SqliteHistory(storage.clone());
        let random = SystemRandom::probe()?;
        let clock = EngineClock(clock);
        let (console, supervisor) = Console::start::<Wired>(Parts {
            provider,
            events,
            outputs: outputs.clone(),
            output_events,
            hub: hub.clone(),
            hub_events,
            cloud: cloud.clone(),
            cloud_events,
            history,
            keys: SharedKeys(keys),
            clock,
            random,
            settings,
            app,
        });
        Ok(Self {
            console,
            supervisor,
            outputs,
            hub_url: hub.url(),
            hub,
            cloud,
            rtmp_url: format!("rtmp://{}/live", loopback(engine.rtmp())),
            http_url: format!("http://{}", loopback(engine.http())),
            webrtc_address: loopback(engine.webrtc()).to_string(),
            engine,
            storage,
            _lock: lock,
            _log: log,
        })
    }

    /// The use cases.
    pub fn console(&self) -> Console {
        self.console.clone()
    }

    /// Where encoders publish, without the key: `rtmp://127.0.0.1:1935/live`.
    pub fn rtmp_url(&self) -> &str {
        &self.rtmp_url
    }

    /// Where players fetch: `http://127.0.0.1:8935`.
    pub fn http_url(&self) -> &str {
        &self.http_url
    }

    /// Where apps and glasses connect: `http://127.0.0.1:8002`.
    pub fn hub_url(&self) -> &str {
        &self.hub_url
    }

    /// Where WebRTC media flows, by UDP and TCP: `127.0.0.1:8936`.
    pub fn webrtc_address(&self) -> &str {
        &self.webrtc_address
    }

    /// Stops everything, in reverse. A running stream stays open in history and is resumed by the next start; stop it first
    /// to end it.
    pub async fn shutdown(self) {
        self.console.shutdown().await;
        if let Err(error) = self.supervisor.await {
            tracing::error!(%error, "the console did not end as it should");
        }
        self.cloud.shutdown().await;
        self.hub.shutdown().await;
        self.outputs.shutdown().await;
        if let Some(engine) = Arc::into_inner(self.engine) {
            engine.shutdown().await;
        }
        self.storage.close().await;
        tracing::info!("Stream Console ended");
    }
}

fn lock(data_dir: &Path) -> Result<File, StartError> {
    let path = data_dir.to_path_buf();
    let file = File::create(data_dir.join("lock"))
        .map_err(|source| StartError::DataDir { path: path.clone(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(StartError::InUse { path }),
        Err(fs::TryLockError::Error(source)) => Err(StartError::DataDir { path, source }),
    }
}

/// The console's world in this program.
enum Wired {}

impl World for Wired {
    type Provider = LocalProvider;
    type Outputs = LocalOutputs;
    type Hub = LocalHub;
    type Cloud = MentraCloud;
    type History = SqliteHistory;
    type Keys = SharedKeys;
    type Clock = EngineClock;
    type Random = SystemRandom;
}

struct EngineClock(media_engine::Clock);

impl Clock for EngineClock {
    fn now_ms(&self) -> u64 {
        self.0.now_ms()
    }
}

struct SystemRandom;

impl SystemRandom {
    fn probe() -> Result<Self, StartError> {
        getrandom::u64().map_err(|_| StartError::NoRandom)?;
        Ok(Self)
    }
}

impl Random for SystemRandom {
    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the system gave random bytes at the start");
        bytes
    }
}
