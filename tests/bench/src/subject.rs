//! The engine in a process of its own.

use std::process::Stdio;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

pub(crate) struct Subject {
    child: Child,
    input: Mutex<ChildStdin>,
    output: Mutex<Lines<BufReader<ChildStdout>>>,
    pub(crate) rtmp: String,
    pub(crate) http: String,
    streams: usize,
}

impl Subject {
    pub(crate) async fn start(streams: usize, ended: bool) -> Result<Self> {
        Self::start_with(streams, if ended { &["--ended"] } else { &[] }).await
    }

    /// A single stream that may be watched by WebRTC.
    pub(crate) async fn start_webrtc() -> Result<Self> {
        Self::start_with(1, &["--webrtc"]).await
    }

    async fn start_with(streams: usize, flags: &[&str]) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", "--streams", &streams.to_string()]).args(flags);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let input = child.stdin.take().context("no input")?;
        let mut output = BufReader::new(child.stdout.take().context("no output")?).lines();
        let line = output.next_line().await?.context("the engine did not start")?;
        let (rtmp, http) = line.split_once(' ').context("the engine said something else")?;
        Ok(Self {
            child,
            input: Mutex::new(input),
            rtmp: rtmp.to_owned(),
            http: http.to_owned(),
            output: Mutex::new(output),
            streams,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        (0..self.streams).map(|n| format!("rtmp://{}/live/s{n}", self.rtmp)).collect()
    }

    pub(crate) async fn held_bytes(&self) -> Result<u64> {
        self.input.lock().await.write_all(b"\n").await?;
        let line = self.output.lock().await.next_line().await?.context("the engine ended")?;
        Ok(line.trim().parse()?)
    }

    pub(crate) async fn stop(mut self) {
        drop(self.input);
        let _ = self.child.wait().await;
    }
}
