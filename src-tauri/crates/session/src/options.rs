//! What is chosen when a stream is started.

use serde::{Deserialize, Serialize};

/// How the camera is asked to start and stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraLink {
    /// The user points an encoder at the ingest URL; nobody can be asked to start or stop.
    Manual,
    /// The built-in demo camera.
    Demo,
    /// Glasses connected to the hub of this computer, real or virtual.
    Hub,
    /// Glasses that the MentraOS cloud commands for the user's own app.
    Cloud,
}

impl CameraLink {
    /// Every link.
    pub const ALL: [Self; 4] = [Self::Manual, Self::Demo, Self::Hub, Self::Cloud];

    /// The word kept in history.
    pub fn code(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Demo => "demo",
            Self::Hub => "hub",
            Self::Cloud => "cloud",
        }
    }

    /// Reads the word kept in history.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|link| link.code() == code)
    }

    /// Whether the camera can be commanded, and therefore answers or fails to.
    pub fn is_commanded(self) -> bool {
        match self {
            Self::Manual => false,
            Self::Demo | Self::Hub | Self::Cloud => true,
        }
    }

    /// Whether it is a pair of glasses, whoever commands them.
    pub fn is_glasses(self) -> bool {
        matches!(self, Self::Hub | Self::Cloud)
    }
}

/// Where the media goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Through this computer, which gives the playback URLs. Any number of apps may join.
    #[default]
    Managed,
    /// Straight from the camera to a server its starter names; this computer sees no media.
    Unmanaged,
    /// Through the MentraOS cloud, which gives the playback URLs; this computer sees no media but what it plays like
    /// anybody.
    Cloud,
}

impl Delivery {
    /// Every delivery.
    pub const ALL: [Self; 3] = [Self::Managed, Self::Unmanaged, Self::Cloud];

    /// The word kept in history.
    pub fn code(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Unmanaged => "unmanaged",
            Self::Cloud => "cloud",
        }
    }

    /// Reads the word kept in history.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|delivery| delivery.code() == code)
    }
}

/// Quality asked of the camera. An encoder the user runs keeps its own settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Quality {
    /// 1280 x 720.
    #[default]
    #[serde(rename = "720p")]
    P720,
    /// 1920 x 1080.
    #[serde(rename = "1080p")]
    P1080,
}

impl Quality {
    /// Both qualities.
    pub const ALL: [Self; 2] = [Self::P720, Self::P1080];

    /// The word kept in history.
    pub fn code(self) -> &'static str {
        match self {
            Self::P720 => "720p",
            Self::P1080 => "1080p",
        }
    }

    /// Reads the word kept in history.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quality| quality.code() == code)
    }
}

/// What was asked of the stream. Only [`crate::Session::enable_webrtc`] adds to it later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Options {
    /// Quality asked of the camera.
    pub quality: Quality,
    /// Whether WebRTC playback was asked for.
    pub enable_webrtc: bool,
}

/// Who asked for the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Starter {
    /// A person at the console: may wait as long as they like.
    #[default]
    User,
    /// An app: its library gives up after 30 s, so the attempt must be live or over before that.
    App,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_back() {
        for link in CameraLink::ALL {
            assert_eq!(CameraLink::from_code(link.code()), Some(link));
            assert_eq!(serde_json::to_string(&link).unwrap(), format!("\"{}\"", link.code()));
        }
        for delivery in Delivery::ALL {
            assert_eq!(Delivery::from_code(delivery.code()), Some(delivery));
            assert_eq!(serde_json::to_string(&delivery).unwrap(), format!("\"{}\"", delivery.code()));
        }
        for quality in Quality::ALL {
            assert_eq!(Quality::from_code(quality.code()), Some(quality));
            assert_eq!(serde_json::to_string(&quality).unwrap(), format!("\"{}\"", quality.code()));
        }
        assert_eq!(CameraLink::from_code("Manual"), None);
        assert_eq!(Quality::from_code(""), None);
    }
}
