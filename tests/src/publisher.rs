//! Encoders: ffmpeg in a process of its own.

use std::process::{ExitStatus, Stdio};

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, Command};

use crate::wait::{PATIENCE, within};

/// What an encoder sends: a moving test picture and a tone, encoded as said here.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Picture size, for example `320x180`.
    pub size: &'static str,
    /// Frames a second.
    pub fps: u32,
    /// Frames from keyframe to keyframe.
    pub gop_frames: u32,
    /// `-profile:v` of x264.
    pub h264_profile: &'static str,
    /// Further x264 options that make the stream really use that profile.
    pub x264: &'static str,
    /// Bitrate of the picture.
    pub video_kbps: u32,
    /// B-frames between two others.
    pub b_frames: u32,
    /// Sample rate and channels; None sends no sound.
    pub audio: Option<(u32, u32)>,
    /// Seconds added to every timestamp.
    pub offset_s: f64,
}

impl Profile {
    /// Main profile, 320 x 180 at 30 fps, a keyframe each second, stereo at 48 kHz: cheap enough for many at once.
    pub const MAIN: Self = Self {
        size: "320x180",
        fps: 30,
        gop_frames: 30,
        h264_profile: "main",
        x264: "cabac=1",
        video_kbps: 400,
        b_frames: 0,
        audio: Some((48_000, 2)),
        offset_s: 0.0,
    };

    fn arguments(&self) -> Vec<String> {
        let mut arguments = words("-nostdin -hide_banner -loglevel error -re -f lavfi -i");
        arguments.push(format!("testsrc2=size={}:rate={}", self.size, self.fps));
        if let Some((rate_hz, _)) = self.audio {
            arguments.extend(words("-re -f lavfi -i"));
            arguments.push(format!("sine=frequency=440:sample_rate={rate_hz}"));
        }
        arguments.extend(words("-c:v libx264 -preset ultrafast -pix_fmt yuv420p -threads 1 -sc_threshold 0"));
        arguments.extend(words(&format!(
            "-b:v {}k -profile:v {} -x264-params {} -bf {} -g {}",
            self.video_kbps, self.h264_profile, self.x264, self.b_frames, self.gop_frames
        )));
        if let Some((_, channels)) = self.audio {
            arguments.extend(words(&format!("-c:a aac -b:a 96k -ac {channels}")));
        }
        if self.offset_s > 0.0 {
            arguments.extend(["-output_ts_offset".to_owned(), self.offset_s.to_string()]);
        }
        arguments.extend(words("-flvflags no_duration_filesize -f flv"));
        arguments
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// A running encoder; killed when dropped.
pub struct Publisher {
    process: Child,
    stderr: Option<ChildStderr>,
}

impl Publisher {
    /// Begins to publish to this address, key included.
    ///
    /// # Panics
    /// When ffmpeg cannot be started.
    pub fn start(url: &str, profile: &Profile) -> Self {
        let mut process = Command::new("ffmpeg")
            .args(profile.arguments())
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("ffmpeg can be started");
        let stderr = process.stderr.take();
        Self { process, stderr }
    }

    /// Kills it, as a crash or a power cut would.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub async fn kill(mut self) {
        self.process.kill().await.expect("an encoder can be killed");
    }

    /// Freezes it (`SIGSTOP`): its connection stays open and silent, as over a network that stalls.
    ///
    /// # Panics
    /// When the system refuses.
    #[cfg(unix)]
    pub async fn freeze(&self) {
        self.signal("-STOP").await;
    }

    /// Lets a frozen one go on.
    ///
    /// # Panics
    /// When the system refuses.
    #[cfg(unix)]
    pub async fn thaw(&self) {
        self.signal("-CONT").await;
    }

    #[cfg(unix)]
    async fn signal(&self, signal: &str) {
        let pid = self.process.id().expect("it runs").to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().await.expect("`kill` can be started");
        assert!(sent.success(), "{signal} could not be sent to the encoder");
    }

    /// Waits until it ends by itself; returns how, and what it said.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn ended(&mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        let stderr = self.stderr.as_mut().expect("its standard error is ours");
        let reading = stderr.read_to_string(&mut said);
        within(PATIENCE, "the encoder to end", reading).await.expect("ffmpeg writes text");
        let status =
            within(PATIENCE, "the encoder's exit", self.process.wait()).await.expect("an exit status");
        (status, said)
    }

    /// Whether it still runs.
    ///
    /// # Panics
    /// When the system does not tell.
    pub fn is_running(&mut self) -> bool {
        self.process.try_wait().expect("its state is known").is_none()
    }
}
