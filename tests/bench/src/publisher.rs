//! Publishers: ffmpeg sending the clip over and over.

use std::process::Stdio;

use anyhow::Result;
use tokio::process::{Child, Command};

use crate::clip::Clip;

/// One publisher per address.
pub(crate) fn all(clip: &Clip, urls: &[String]) -> Result<Vec<Child>> {
    urls.iter()
        .map(|url| {
            let child = Command::new("ffmpeg")
                .args(["-hide_banner", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i"])
                .arg(&clip.path)
                .args(["-c", "copy", "-f", "flv", url])
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()?;
            Ok(child)
        })
        .collect()
}

pub(crate) async fn stop(publishers: Vec<Child>) {
    for mut publisher in publishers {
        // One that ended by itself is gone already.
        let _ = publisher.kill().await;
    }
}
