//! The places creators stream to: where they are, where their key is found, and what they take. Data, in one file.

use std::sync::LazyLock;

use serde::Deserialize;

/// The file. What a service only advises is told as a warning, never as a refusal.
const FILE: &str = include_str!("presets/presets.json");

static ALL: LazyLock<Vec<Preset>> =
    LazyLock::new(|| serde_json::from_str(FILE).expect("a test reads the file compiled in here"));

/// A kind of destination.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Its id, for example `youtube`; kept with a destination, so never changed.
    pub id: String,
    /// Its name, for example `YouTube`.
    pub name: String,
    /// Where it takes streams, the usual one first; empty when the user gives the address.
    #[serde(default)]
    pub ingests: Vec<Ingest>,
    /// The page on which it shows the key; None if there is none.
    pub key_page: Option<String>,
    /// How to find the key there, in a sentence.
    pub key_hint: String,
    /// What to know before using it.
    pub note: Option<String>,
    /// It can take a stream without showing it to anybody, with `bandwidthtest=true` behind the key.
    #[serde(default)]
    pub has_bandwidth_test: bool,
    /// An endpoint of this kind may work without a key.
    #[serde(default)]
    pub key_optional: bool,
    /// What it takes.
    #[serde(default)]
    pub limits: Limits,
}

/// One address of a preset.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingest {
    /// For example `Primary` or `Europe: Frankfurt`.
    pub name: String,
    /// `rtmp://` or `rtmps://` address without a key.
    pub url: String,
}

/// What a place takes; None and empty where it does not say. All of it is advice of the service but the codecs, without
/// which nothing is shown.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Picture and sound together at most, bits a second.
    pub max_bitrate_bps: Option<u64>,
    /// Sound at most, bits a second.
    pub max_audio_bitrate_bps: Option<u64>,
    /// Longer side of the picture at most, pixels.
    pub max_long_side_px: Option<u32>,
    /// Shorter side of the picture at most, pixels.
    pub max_short_side_px: Option<u32>,
    /// Frames a second at most.
    pub max_fps: Option<u32>,
    /// Shortest advised distance of keyframes, milliseconds.
    pub min_keyframe_interval_ms: Option<u64>,
    /// Longest advised distance of keyframes, milliseconds.
    pub max_keyframe_interval_ms: Option<u64>,
    /// Codecs of the picture, as the first part of their RFC 6381 strings; empty: any.
    #[serde(default)]
    pub video_codecs: Vec<String>,
    /// Codecs of the sound, as beginnings of their RFC 6381 strings; empty: any.
    #[serde(default)]
    pub audio_codecs: Vec<String>,
    /// It shows nothing without sound.
    #[serde(default)]
    pub audio_required: bool,
    /// It wants an upright picture.
    #[serde(default)]
    pub portrait: bool,
    /// What B-frames do there, in a sentence; None if they are fine.
    pub b_frames: Option<String>,
}

/// Every preset, in the order they are shown.
pub fn all() -> &'static [Preset] {
    &ALL
}

/// The preset of this id.
pub fn by_id(id: &str) -> Option<&'static Preset> {
    ALL.iter().find(|preset| preset.id == id)
}

impl Preset {
    /// What it takes, in a line: `up to 6 Mb/s, 1080p60, keyframes every 2 s`. Empty if it does not say.
    pub fn limits_line(&self) -> String {
        let limits = &self.limits;
        let mut parts = Vec::new();
        if let Some(bitrate_bps) = limits.max_bitrate_bps {
            parts.push(format!("up to {}", bitrate(bitrate_bps)));
        }
        match (limits.max_short_side_px, limits.max_fps) {
            (Some(lines), fps) => {
                let fps = fps.map(|fps| fps.to_string()).unwrap_or_default();
                parts.push(format!("{lines}p{fps}{}", if limits.portrait { " upright" } else { "" }));
            }
            (None, Some(fps)) => parts.push(format!("{fps} frames a second")),
            (None, None) => {}
        }
        match (limits.min_keyframe_interval_ms, limits.max_keyframe_interval_ms) {
            (Some(min_ms), Some(max_ms)) if min_ms == max_ms => {
                parts.push(format!("keyframes every {}", seconds(max_ms)));
            }
            (_, Some(max_ms)) => parts.push(format!("keyframes at most {} apart", seconds(max_ms))),
            _ => {}
        }
        if let Some(bitrate_bps) = limits.max_audio_bitrate_bps {
            parts.push(format!("sound up to {}", bitrate(bitrate_bps)));
        }
        parts.join(", ")
    }
}

/// `6 Mb/s`, `4.5 Mb/s`, `160 kb/s`.
pub(crate) fn bitrate(bps: u64) -> String {
    match bps {
        0..999_500 => format!("{} kb/s", (bps + 500) / 1_000),
        _ => {
            let tenths = (bps + 50_000) / 100_000;
            if tenths.is_multiple_of(10) {
                format!("{} Mb/s", tenths / 10)
            } else {
                format!("{}.{} Mb/s", tenths / 10, tenths % 10)
            }
        }
    }
}

/// `2 s`, `2.5 s`.
pub(crate) fn seconds(ms: u64) -> String {
    let tenths = (ms + 50) / 100;
    if tenths.is_multiple_of(10) {
        format!("{} s", tenths / 10)
    } else {
        format!("{}.{} s", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests;
