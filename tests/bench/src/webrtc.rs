//! Viewers over WebRTC: how soon packets leave, and what each costs.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use console_tests::webrtc::{Joining, Keep, Seen, Swarm, Track, Viewer, Wanted};
use tokio::process::Child;

use crate::client::{Client, last_frame_number};
use crate::clip::Clip;
use crate::latency::{Sent, publish};
use crate::row::{Row, percentile};
use crate::subject::Subject;
use crate::{cpu, publisher};

const VIEWERS: usize = 50;
/// Frames measured.
const FRAMES: usize = 300;
/// Frames after the first: the group of pictures a viewer begins with, and what came meanwhile.
const SETTLING: usize = 150;
/// Time between two frames of the clip, in ticks of 90 kHz, times being whole milliseconds.
const FRAME_STEP: u64 = 34 * 90;

pub(crate) async fn print_rows(clip: &Clip, load: Duration) -> Result<()> {
    let (p50_ms, p95_ms) = packet_after_frame().await?;
    Row {
        name: "WebRTC packet after its RTMP frame",
        ours: format!("p50 {p50_ms:.1} ms, p95 {p95_ms:.1} ms"),
        target: "<= 2 ms",
        met: Some(p50_ms <= 2.0),
        ..Row::default()
    }
    .print();

    let (subject, publishers) = stream(clip).await?;
    let url = whep(&subject);
    let nobody = used(&subject, load).await?;
    let silent = join(&url, 1, Wanted::Picture).await?;
    let picture = used(&subject, load).await?;
    leave(silent).await;
    let one = join(&url, 1, Wanted::PictureAndSound).await?;
    let both = used(&subject, load).await?;
    leave(one).await;
    let swarm = join(&url, VIEWERS, Wanted::PictureAndSound).await?;
    let all = used(&subject, load).await?;
    let (flaws, frames) = (swarm.total(flaws), swarm.total(|seen| seen.video.frames));
    ensure!(swarm.viewers.iter().all(|viewer| viewer.look(|seen| !seen.closed)), "a viewer was let go");
    leave(swarm).await;
    publisher::stop(publishers).await;
    subject.stop().await;

    let percent = |share: f64| share * 100.0;
    let each = (all - both) / (VIEWERS - 1) as f64;
    Row {
        name: "CPU per WebRTC viewer at 4 Mb/s",
        ours: format!(
            "{:.2} % of a core ({VIEWERS} viewers); the first, with sound: {:.2} %",
            percent(each),
            percent(both - nobody)
        ),
        target: "<= 0.5 %",
        met: Some(percent(each) <= 0.5),
        ..Row::default()
    }
    .print();
    Row {
        name: "frames lost with 50 WebRTC viewers",
        ours: format!("{flaws} of {frames}"),
        target: "0",
        met: Some(flaws == 0),
        ..Row::default()
    }
    .print();
    Row {
        name: "AAC to Opus, CPU per stream",
        ours: format!("{:.2} % of a core", percent(both - picture)),
        target: "<= 3 %",
        met: Some(percent(both - picture) <= 3.0),
        ..Row::default()
    }
    .print();
    Ok(())
}

fn whep(subject: &Subject) -> String {
    format!("http://{}/s0/whep", subject.http)
}

async fn packet_after_frame() -> Result<(f64, f64)> {
    let subject = Subject::start_webrtc().await?;
    let sent = Sent::default();
    let publishing = tokio::spawn(publish(Client::publish(&subject.rtmp, "s0").await?, Arc::clone(&sent)));
    let url = whep(&subject);
    let viewer =
        come(&url, Joining { keep: Keep::Units, wanted: Wanted::Picture, ..Joining::default() }).await?;
    viewer.until("frames", |seen| seen.video.frames > (SETTLING + FRAMES) as u64).await;
    let (units, _) = viewer.take_units();
    let sent = sent.lock().await;
    let mut delays_ms = Vec::new();
    for unit in &units[SETTLING..] {
        let number = last_frame_number(&unit.bytes).context("a frame without a number")?;
        let sent_at = sent.get(number as usize).context("a frame that was never sent")?;
        delays_ms.push(unit.arrived_at.saturating_duration_since(*sent_at).as_secs_f64() * 1e3);
    }
    publishing.abort();
    subject.stop().await;
    delays_ms.sort_by(f64::total_cmp);
    Ok((percentile(&delays_ms, 50), percentile(&delays_ms, 95)))
}

/// The engine with the clip coming in.
async fn stream(clip: &Clip) -> Result<(Subject, Vec<Child>)> {
    let subject = Subject::start_webrtc().await?;
    let publishers = publisher::all(clip, &subject.urls())?;
    // A first viewer comes as soon as one can, and leaves.
    come(&whep(&subject), Joining::default()).await?.leave().await;
    Ok((subject, publishers))
}

/// A viewer, once there is something to see.
async fn come(url: &str, joining: Joining) -> Result<Viewer> {
    for _ in 0..200 {
        match Viewer::connect_as(url, joining).await {
            Ok(viewer) => {
                viewer.first_keyframe().await;
                return Ok(viewer);
            }
            Err(refused) if refused.status == 409 => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(refused) => anyhow::bail!("{url}: {} {}", refused.status, refused.words),
        }
    }
    anyhow::bail!("nothing to see within ten seconds")
}

async fn join(url: &str, count: usize, wanted: Wanted) -> Result<Swarm> {
    let mut viewers = Vec::new();
    for _ in 0..count {
        viewers.push(come(url, Joining { wanted, ..Joining::default() }).await?);
    }
    Ok(Swarm { viewers })
}

async fn leave(swarm: Swarm) {
    swarm.leave().await;
    // What they leave behind is cleared away before the next measurement.
    tokio::time::sleep(Duration::from_secs(3)).await;
}

/// Share of a core the engine uses.
async fn used(subject: &Subject, load: Duration) -> Result<f64> {
    Ok(cpu::seconds(&[subject.pid()], load).await? / load.as_secs_f64())
}

/// What a viewer would have noticed.
fn flaws(seen: &Seen) -> u64 {
    let of =
        |track: &Track, step: u64| track.broken_frames + track.steps_back + track.widest_step / (2 * step);
    of(&seen.video, FRAME_STEP) + of(&seen.audio, 960)
}
