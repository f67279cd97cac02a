//! What ten streams cost, beside nginx.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::clip::Clip;
use crate::nginx::Nginx;
use crate::row::Row;
use crate::subject::Subject;
use crate::{cpu, publisher};

/// Streams published at once.
const STREAMS: usize = 10;

pub(crate) async fn print_rows(folder: &Path, clip: &Clip, load: Duration) -> Result<()> {
    for (name, hls, target, limit) in [
        ("ingest, CPU per stream", false, "<= 1.3x nginx", 1.3),
        ("ingest + packaging (LL-HLS + DASH), CPU per stream", true, "<= 1.1x nginx's HLS", 1.1),
    ] {
        let nginx = Nginx::ingest(folder, hls).await?;
        let theirs = under_load(&nginx.pids()?, &nginx.urls(STREAMS), clip, load).await?;
        nginx.stop().await;
        let subject = Subject::start(STREAMS, !hls).await?;
        let ours = under_load(&[subject.pid()], &subject.urls(), clip, load).await?;
        subject.stop().await;
        let ratio = ours / theirs;
        Row {
            name,
            ours: format!("{ours:.3} CPU-s/min"),
            peer: Some(format!("{theirs:.3} CPU-s/min")),
            ratio: Some(ratio),
            target,
            met: Some(ratio <= limit),
        }
        .print();
    }
    memory(clip).await?.print();
    Ok(())
}

/// CPU seconds per minute and stream.
async fn under_load(pids: &[u32], urls: &[String], clip: &Clip, load: Duration) -> Result<f64> {
    let publishers = publisher::all(clip, urls)?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let used = cpu::seconds(pids, load).await?;
    publisher::stop(publishers).await;
    Ok(used * 60.0 / load.as_secs_f64() / urls.len() as f64)
}

async fn memory(clip: &Clip) -> Result<Row> {
    let subject = Subject::start(STREAMS, false).await?;
    let idle = cpu::pss_bytes(subject.pid())?;
    let publishers = publisher::all(clip, &subject.urls())?;
    // Long enough for every window, and what is kept beyond it, to be full.
    tokio::time::sleep(Duration::from_secs(40)).await;
    let held = subject.held_bytes().await?;
    let full = cpu::pss_bytes(subject.pid())?;
    publisher::stop(publishers).await;
    subject.stop().await;
    let mib = |bytes: f64| bytes / f64::from(1 << 20);
    let per_stream = mib((full.saturating_sub(idle)) as f64) / STREAMS as f64;
    let payload = mib(held as f64) / STREAMS as f64;
    Ok(Row {
        name: "memory per stream",
        ours: format!("{per_stream:.1} MiB, {payload:.1} of it payload for players"),
        target: "payload + 2 MiB",
        met: Some(per_stream <= payload + 2.0),
        ..Row::default()
    })
}
