//! ffmpeg as people use it to restream: one process, `tee` with a queue for each output.

use std::process::Stdio;

use anyhow::{Context as _, Result};
use tokio::process::{Child, Command};

use crate::nginx::free_port;
use crate::tcp;

pub(crate) struct Tee {
    child: Child,
    /// Where it waits for the publisher.
    pub(crate) url: String,
}

impl Tee {
    pub(crate) async fn start(outputs: &[String]) -> Result<Self> {
        let port = free_port()?;
        let url = format!("rtmp://127.0.0.1:{port}/live/s0");
        let outputs: Vec<String> = outputs.iter().map(|output| format!("[f=flv]{output}")).collect();
        let child = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-f", "flv", "-listen", "1", "-i", &url])
            .args(["-map", "0", "-c", "copy", "-flags", "+global_header", "-f", "tee", "-use_fifo", "1"])
            .arg(outputs.join("|"))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("ffmpeg could not be started")?;
        tcp::listening(port).await.context("ffmpeg")?;
        Ok(Self { child, url })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    pub(crate) async fn stop(mut self) {
        // One that ended with its publisher is gone already.
        let _ = self.child.kill().await;
    }
}
