//! Publishers: ffmpeg sending one encoded clip over and over, so that senders cost little.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Result, ensure};
use tokio::process::{Child, Command};

/// 720p30, H.264 High without B-frames, 2 s keyframe interval, 4 Mb/s, AAC 128 kb/s.
pub(crate) async fn clip(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("clip.flv");
    let status = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30"])
        .args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "20"])
        .args([
            "-vf",
            "noise=alls=12:allf=t",
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-profile:v",
            "high",
            "-bf",
            "0",
            "-g",
            "60",
        ])
        .args([
            "-keyint_min",
            "60",
            "-sc_threshold",
            "0",
            "-b:v",
            "4M",
            "-minrate",
            "4M",
            "-maxrate",
            "4M",
            "-bufsize",
            "4M",
        ])
        .args(["-nal-hrd", "cbr", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k"])
        .arg(&path)
        .status()
        .await?;
    ensure!(status.success(), "ffmpeg could not make the clip");
    Ok(path)
}

/// One publisher per address.
pub(crate) fn all(clip: &Path, urls: &[String]) -> Result<Vec<Child>> {
    urls.iter()
        .map(|url| {
            let child = Command::new("ffmpeg")
                .args(["-hide_banner", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i"])
                .arg(clip)
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
