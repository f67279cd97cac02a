//! Players: ffprobe over a playback address, and a plain HTTP reader of playlists.

use serde_json::Value;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, timeout_at};

use crate::wait::{PATIENCE, within};

/// What ffprobe found at an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Played {
    /// Codec and profile of the picture, such as `h264 Main`.
    pub video: Option<String>,
    /// Width and height.
    pub size: Option<(u64, u64)>,
    /// Codec and profile of the sound, such as `aac LC`.
    pub audio: Option<String>,
    /// Sample rate and channels.
    pub sound: Option<(u64, u64)>,
}

/// One packet as a player demuxed it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Packet {
    /// Index of its stream.
    pub stream: u32,
    /// Decoding time in seconds.
    pub dts_s: f64,
}

/// A running ffprobe that reads packets from a live address; killed when dropped.
pub struct Player {
    _process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// Every packet so far.
    pub packets: Vec<Packet>,
}

impl Player {
    /// Opens an address and says what is there.
    ///
    /// # Panics
    /// When ffprobe cannot read it.
    pub async fn probe(url: &str) -> Played {
        let running = Command::new("ffprobe")
            .args(["-v", "error", "-of", "json", "-show_streams", url])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output =
            within(PATIENCE, "ffprobe to read the stream", running).await.expect("ffprobe can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ffprobe cannot read {url}: {said}");
        let report: Value = serde_json::from_slice(&output.stdout).expect("ffprobe prints JSON");
        let mut played = Played::default();
        for stream in report["streams"].as_array().into_iter().flatten() {
            let codec = format!(
                "{} {}",
                stream["codec_name"].as_str().unwrap_or_default(),
                stream["profile"].as_str().unwrap_or_default()
            );
            if stream["codec_type"] == "video" {
                played.video = Some(codec);
                played.size = stream["width"].as_u64().zip(stream["height"].as_u64());
            } else {
                let rate_hz = stream["sample_rate"].as_str().and_then(|rate| rate.parse().ok());
                played.audio = Some(codec);
                played.sound = rate_hz.zip(stream["channels"].as_u64());
            }
        }
        played
    }

    /// Begins to read packets.
    ///
    /// # Panics
    /// When ffprobe cannot be started.
    pub fn start(url: &str) -> Self {
        let mut process = Command::new("ffprobe")
            .args([
                "-v",
                "error",
                "-of",
                "csv=print_section=0",
                "-show_entries",
                "packet=stream_index,dts_time",
            ])
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("ffprobe can be started");
        let stdout = process.stdout.take().expect("its standard output is ours");
        Self { _process: process, lines: BufReader::new(stdout).lines(), packets: Vec::new() }
    }

    /// Reads on until the packets so far are what is wanted.
    ///
    /// # Panics
    /// When the player ends or the time is over.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&[Packet]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !wanted(&self.packets) {
            let newest = self.packets.len().saturating_sub(4);
            let line = match timeout_at(deadline, self.lines.next_line()).await {
                Ok(line) => line.expect("ffprobe prints text"),
                Err(_) => {
                    panic!("{PATIENCE:?} passed waiting for {what}, after {:?}", &self.packets[newest..])
                }
            };
            let line = line.unwrap_or_else(|| panic!("the player ended while waiting for {what}"));
            self.packets.extend(packet(&line));
        }
    }
}

/// `0,12.345000`; a packet without a time is left out.
fn packet(line: &str) -> Option<Packet> {
    let mut fields = line.split(',');
    let stream = fields.next()?.trim().parse().ok()?;
    let dts_s = fields.next()?.trim().parse().ok()?;
    Some(Packet { stream, dts_s })
}
