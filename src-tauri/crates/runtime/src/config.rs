//! What a shell may decide, and where data lives.

use std::net::IpAddr;
use std::path::PathBuf;

use console::api::{DEFAULT_HUB_PORT, DEFAULT_WEBRTC_PORT, Settings, Theme};
use directories::ProjectDirs;

/// RTMP's registered port.
const RTMP_PORT: u16 = 1935;
/// The console's playback port.
const HTTP_PORT: u16 = 8935;

/// What a shell decides; everything left out comes from the user's settings.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Folder for history, settings, key and logs; the platform's own if none is given.
    pub data_dir: Option<PathBuf>,
    /// Port encoders publish to; 0 = any free one.
    pub rtmp_port: Option<u16>,
    /// Port players fetch from; 0 = any free one.
    pub http_port: Option<u16>,
    /// Port apps and glasses connect to; 0 = any free one.
    pub hub_port: Option<u16>,
    /// Port of WebRTC media, of UDP and of TCP; 0 = any that is free for both.
    pub webrtc_port: Option<u16>,
    /// Address all of them listen on.
    pub bind: Option<IpAddr>,
    /// Keep stream keys of destinations in a file, not in the system's keychain.
    pub keys_in_file: bool,
    /// Also write the log to standard error.
    pub log_to_stderr: bool,
}

impl Config {
    /// The folder all data lives in; None if the platform names no home.
    pub(crate) fn data_dir(&self) -> Option<PathBuf> {
        self.data_dir.clone().or_else(|| {
            ProjectDirs::from("com", "Stream Console", "stream-console")
                .map(|dirs| dirs.data_dir().to_path_buf())
        })
    }
}

/// What holds until the user chooses otherwise.
pub(crate) fn default_settings() -> Settings {
    Settings {
        rtmp_port: RTMP_PORT,
        http_port: HTTP_PORT,
        hub_port: DEFAULT_HUB_PORT,
        webrtc_port: DEFAULT_WEBRTC_PORT,
        webrtc_addresses: Vec::new(),
        cloud: None,
        webrtc: true,
        lan_access: false,
        grace_s: (session::DEFAULT_GRACE_MS / 1_000) as u32,
        start_on_publish: true,
        freeze_picture: false,
        cloud_replace: false,
        keep_destinations_on: false,
        theme: Theme::Dark,
    }
}
