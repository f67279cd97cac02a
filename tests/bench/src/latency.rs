//! How soon media can be fetched, and how soon a publisher is let in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tokio::sync::Mutex;

use crate::client::{self, Client, VIDEO_HEADER, frame};
use crate::row::{Row, percentile};
use crate::subject::Subject;

/// Parts measured.
const PARTS: usize = 40;
const FRAME: Duration = Duration::from_millis(1_000 / 30);
const GOP_FRAMES: u32 = 60;
/// A frame of 4 Mb/s at 30 frames a second.
const FRAME_BYTES: usize = 16_600;

pub(crate) async fn print_rows() -> Result<()> {
    let (p50_ms, p95_ms) = part_after_last_frame().await?;
    Row {
        name: "LL-HLS part after its last frame",
        ours: format!("p50 {p50_ms:.1} ms, p95 {p95_ms:.1} ms"),
        target: "<= 15 ms",
        met: Some(p50_ms <= 15.0),
        ..Row::default()
    }
    .print();
    let takeover_ms = takeover().await?;
    Row {
        name: "silent publisher replaced by the right key",
        ours: format!("{takeover_ms:.0} ms"),
        target: "<= 500 ms",
        met: Some(takeover_ms <= 500.0),
        ..Row::default()
    }
    .print();
    let republish_ms = part_after_republish().await?;
    Row {
        name: "new part after republish",
        ours: format!("{republish_ms:.0} ms"),
        target: "<= 600 ms",
        met: Some(republish_ms <= 600.0),
        ..Row::default()
    }
    .print();
    Ok(())
}

/// When each frame began to be written, by its number.
pub(crate) type Sent = Arc<Mutex<Vec<Instant>>>;

/// Publishes synthetic frames in real time; each carries its number.
pub(crate) async fn publish(mut client: Client, sent: Sent) -> Result<()> {
    client.video(0, VIDEO_HEADER).await?;
    let started = Instant::now();
    for number in 0_u32.. {
        let due = started + FRAME * number;
        tokio::time::sleep_until(due.into()).await;
        let timestamp_ms = (f64::from(number) * 1_000.0 / 30.0) as u32;
        let body = frame(number, number % GOP_FRAMES == 0, FRAME_BYTES);
        sent.lock().await.push(Instant::now());
        client.video(timestamp_ms, &body).await?;
    }
    Ok(())
}

async fn part_after_last_frame() -> Result<(f64, f64)> {
    let subject = Subject::start(1, false).await?;
    let sent = Sent::default();
    let publishing = tokio::spawn(publish(Client::publish(&subject.rtmp, "s0").await?, Arc::clone(&sent)));
    let player = Player::new(&subject);
    let (mut msn, mut part) = player.live_edge().await?;
    let mut delays_ms = Vec::new();
    while delays_ms.len() < PARTS {
        match player.part(msn, part).await? {
            Some(bytes) => {
                let now = Instant::now();
                let last = client::last_frame_number(&bytes).context("a part without a frame")?;
                let sent = sent.lock().await.get(last as usize).copied();
                if let Some(sent) = sent {
                    delays_ms.push(now.saturating_duration_since(sent).as_secs_f64() * 1_000.0);
                }
                part += 1;
            }
            None => (msn, part) = (msn + 1, 0),
        }
    }
    publishing.abort();
    subject.stop().await;
    delays_ms.sort_by(f64::total_cmp);
    Ok((percentile(&delays_ms, 50), percentile(&delays_ms, 95)))
}

async fn takeover() -> Result<f64> {
    let subject = Subject::start(1, false).await?;
    let mut silent = Client::publish(&subject.rtmp, "s0").await?;
    silent.video(0, VIDEO_HEADER).await?;
    silent.video(0, &frame(0, true, FRAME_BYTES)).await?;
    let asked = Instant::now();
    let _second = Client::publish(&subject.rtmp, "s0").await?;
    let took_ms = asked.elapsed().as_secs_f64() * 1_000.0;
    drop(silent);
    subject.stop().await;
    Ok(took_ms)
}

async fn part_after_republish() -> Result<f64> {
    let subject = Subject::start(1, false).await?;
    let player = Player::new(&subject);
    let first = tokio::spawn(publish(Client::publish(&subject.rtmp, "s0").await?, Sent::default()));
    player.live_edge().await?;
    first.abort();
    let _ = first.await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Whatever was open was closed with the publisher: the next part begins the next segment.
    let (msn, _) = player.live_edge().await?;
    let back = Instant::now();
    let second = tokio::spawn(publish(Client::publish(&subject.rtmp, "s0").await?, Sent::default()));
    player.part(msn, 0).await?.context("the part that was announced never came")?;
    let took_ms = back.elapsed().as_secs_f64() * 1_000.0;
    second.abort();
    subject.stop().await;
    Ok(took_ms)
}

struct Player {
    client: reqwest::Client,
    base: String,
}

impl Player {
    fn new(subject: &Subject) -> Self {
        Self { client: reqwest::Client::new(), base: format!("http://{}/s0", subject.http) }
    }

    /// The part hinted at by the playlist, once there is one.
    async fn live_edge(&self) -> Result<(u64, u64)> {
        for _ in 0..200 {
            let response = self.client.get(format!("{}/video.m3u8", self.base)).send().await?;
            if response.status().is_success() {
                let text = response.text().await?;
                let hint = text.split("EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"video/").nth(1);
                if let Some((msn, rest)) = hint.and_then(|hint| hint.split_once('.')) {
                    let part = rest.split('.').next().context("no part number")?;
                    return Ok((msn.parse()?, part.parse()?));
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::bail!("the stream did not begin to play")
    }

    /// A part, awaited; None if its segment ended before it.
    async fn part(&self, msn: u64, part: u64) -> Result<Option<Bytes>> {
        let response = self.client.get(format!("{}/video/{msn}.{part}.m4s", self.base)).send().await?;
        if response.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        Ok(Some(response.error_for_status()?.bytes().await?))
    }
}
