//! What is published: one encoded clip, sent over and over, so that senders cost little.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, ensure};
use bytes::{Buf as _, Bytes};
use media_formats::rtmp::message_type;
use tokio::process::Command;
use tokio::sync::Mutex;

use crate::client::Client;

/// Each frame's number is painted into it: so many bits, lowest first from the left, in squares of so many pixels.
const NUMBER_BITS: u32 = 10;
const NUMBER_EDGE: u32 = 64;

/// 20 s of 720p30, H.264 High without B-frames, 2 s keyframe interval, 4 Mb/s, AAC 128 kb/s.
pub(crate) struct Clip {
    pub(crate) path: PathBuf,
    headers: Vec<Tag>,
    media: Vec<Tag>,
    duration_ms: u32,
    /// Video frames in it.
    pub(crate) frames: usize,
}

/// An FLV tag; its body is an RTMP message's payload as it stands.
struct Tag {
    type_id: u8,
    timestamp_ms: u32,
    body: Bytes,
}

/// When each video frame was written, by its number since the publisher began.
pub(crate) type SentAt = Arc<Mutex<Vec<SystemTime>>>;

impl Clip {
    pub(crate) async fn make(folder: &Path) -> Result<Self> {
        let path = folder.join("clip.flv");
        let size = "testsrc2=size=1280x720:rate=30";
        let encoder = "-c:v libx264 -preset veryfast -profile:v high -bf 0 -g 60 -keyint_min 60 -sc_threshold 0 \
                       -b:v 4M -minrate 4M -maxrate 4M -bufsize 4M -nal-hrd cbr -pix_fmt yuv420p -c:a aac -b:a 128k";
        let status = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", size])
            .args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "20"])
            .args(["-vf", &format!("noise=alls=12:allf=t,{}", painted_number())])
            .args(encoder.split_whitespace())
            .arg(&path)
            .status()
            .await
            .context("ffmpeg could not be started")?;
        ensure!(status.success(), "ffmpeg could not make the clip");
        Self::read(path)
    }

    fn read(path: PathBuf) -> Result<Self> {
        let mut file = Bytes::from(std::fs::read(&path)?);
        // The file's header and the size of the tag before the first (FLV 10.1 annex E.2, E.3).
        file.advance(9 + 4);
        let (mut headers, mut media) = (Vec::new(), Vec::new());
        while file.len() > 11 {
            let type_id = file.get_u8();
            let len = file.get_uint(3) as usize;
            let timestamp_ms = file.get_uint(3) as u32 | u32::from(file.get_u8()) << 24;
            file.advance(3);
            ensure!(file.len() >= len + 4, "the clip is cut off");
            let tag = Tag { type_id, timestamp_ms, body: file.split_to(len) };
            file.advance(4);
            match (type_id, tag.body.get(1)) {
                // An empty picture at the end of the sequence, which a loop must not send.
                (message_type::VIDEO, Some(2)) => {}
                (message_type::VIDEO | message_type::AUDIO, Some(0)) => headers.push(tag),
                (message_type::VIDEO | message_type::AUDIO, _) => media.push(tag),
                _ => {}
            }
        }
        let frames = media.iter().filter(|tag| tag.type_id == message_type::VIDEO).count();
        let duration_ms = (frames * 1_000 / 30) as u32;
        Ok(Self { path, headers, media, duration_ms, frames })
    }

    /// What a receiver of it gets.
    pub(crate) fn bytes_per_s(&self) -> f64 {
        let bytes: usize = self.media.iter().map(|tag| tag.body.len()).sum();
        bytes as f64 * 1e3 / f64::from(self.duration_ms)
    }

    /// Publishes it in real time, without an end, and notes when each frame is written.
    pub(crate) async fn send(self: Arc<Self>, mut client: Client, sent: SentAt) -> Result<()> {
        for header in &self.headers {
            client.media(header.type_id, 0, header.body.clone()).await?;
        }
        let started = Instant::now();
        for round in 0_u32.. {
            for tag in &self.media {
                let timestamp_ms = round * self.duration_ms + tag.timestamp_ms;
                let due = started + Duration::from_millis(timestamp_ms.into());
                tokio::time::sleep_until(due.into()).await;
                if tag.type_id == message_type::VIDEO {
                    sent.lock().await.push(SystemTime::now());
                }
                client.media(tag.type_id, timestamp_ms, tag.body.clone()).await?;
            }
        }
        Ok(())
    }
}

/// The filter that paints the number.
fn painted_number() -> String {
    let (width, edge) = (NUMBER_BITS * NUMBER_EDGE, NUMBER_EDGE);
    let field = format!("drawbox=x=0:y=0:w={width}:h={edge}:color=black:t=fill");
    let bits = (0..NUMBER_BITS).map(|bit| {
        let (x, weight) = (bit * edge, 1 << bit);
        let set = format!("mod(floor(n/{weight})\\,2)");
        format!("drawbox=x={x}:y=0:w={edge}:h={edge}:color=white:t=fill:enable={set}")
    });
    std::iter::once(field).chain(bits).collect::<Vec<_>>().join(",")
}
