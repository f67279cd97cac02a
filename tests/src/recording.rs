//! What a receiver wrote down, looked at as strictly as ffmpeg can.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use crate::wait::{PATIENCE, within};

/// A recorded file.
#[derive(Debug, Clone)]
pub struct Recording {
    path: PathBuf,
}

/// One frame or one sound of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedPacket {
    /// Picture, else sound.
    pub is_video: bool,
    /// Decoding time.
    pub dts_ms: i64,
    /// Decoding can begin here.
    pub is_key: bool,
    /// Digest of its bytes.
    pub digest: String,
}

impl Recording {
    /// The file at this path, complete or still being written.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Everything in it, in the file's order.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn packets(&self) -> Vec<RecordedPacket> {
        let entries = "packet=codec_type,dts,dts_time,flags,data_hash";
        let arguments = ["-v", "error", "-show_entries", entries, "-show_data_hash", "md5", "-of", "json"]
            .map(str::to_owned);
        let (printed, said) = self.run("ffprobe", &arguments, &[]).await;
        assert_eq!(said, "", "ffprobe about {}", self.path.display());
        let report: Value = serde_json::from_str(&printed).expect("ffprobe prints JSON");
        report["packets"].as_array().expect("a list of packets").iter().map(packet).collect()
    }

    /// Waits for nothing and forgives nothing: it decodes from its beginning to its end without one word of complaint,
    /// and the times of each track only ever grow.
    ///
    /// # Panics
    /// When it does not.
    pub async fn assert_flawless(&self) -> Vec<RecordedPacket> {
        let before = ["-v", "error", "-xerror", "-err_detect", "explode"].map(str::to_owned);
        // In the file's own milliseconds: on ffmpeg's grid of one step a frame, two frames that follow a splice of half a
        // frame may round to the same step.
        let after = ["-enc_time_base:v", "-1", "-f", "null", "-"];
        let (_, said) = self.run("ffmpeg", &before, &after).await;
        assert_eq!(said, "", "ffmpeg about {}", self.path.display());
        let packets = self.packets().await;
        for is_video in [true, false] {
            let track: Vec<_> = packets.iter().filter(|packet| packet.is_video == is_video).collect();
            assert!(!track.is_empty(), "picture and sound are both there: {}", self.path.display());
            for pair in track.windows(2) {
                assert!(pair[0].dts_ms < pair[1].dts_ms, "times grow: {pair:?}");
            }
        }
        packets
    }

    /// Runs a program on the file; it must end well. Returns what it printed and what it said.
    async fn run(&self, program: &str, before: &[String], after: &[&str]) -> (String, String) {
        let mut command = Command::new(program);
        command.args(before);
        if program == "ffmpeg" {
            command.arg("-nostdin");
        }
        command.arg("-i").arg(&self.path).args(after).stdin(Stdio::null()).kill_on_drop(true);
        let what = format!("{program} to read a recording");
        let output =
            within(PATIENCE, &what, command.output()).await.expect("ffmpeg and ffprobe can be started");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program} refuses {}: {said}", self.path.display());
        (String::from_utf8_lossy(&output.stdout).into_owned(), said)
    }
}

fn packet(told: &Value) -> RecordedPacket {
    let text = |name: &str| told[name].as_str().unwrap_or_default();
    RecordedPacket {
        is_video: text("codec_type") == "video",
        dts_ms: told["dts"].as_i64().expect("a decoding time, in the milliseconds of FLV"),
        is_key: text("flags").starts_with('K'),
        digest: text("data_hash").to_owned(),
    }
}

/// Decoding times of the pictures, or of the sounds.
pub fn times_ms(packets: &[RecordedPacket], is_video: bool) -> Vec<i64> {
    packets.iter().filter(|packet| packet.is_video == is_video).map(|packet| packet.dts_ms).collect()
}

/// The longest time without a picture, or without a sound.
pub fn widest_gap_ms(packets: &[RecordedPacket], is_video: bool) -> i64 {
    times_ms(packets, is_video).windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0)
}
