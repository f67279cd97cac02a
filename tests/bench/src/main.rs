//! Measures the engine beside a peer in the same run; see README.md for what each row means.

mod cpu;
mod latency;
mod peer;
mod publisher;
mod serve;
mod subject;

use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::peer::Nginx;
use crate::subject::Subject;

/// Streams published at once.
const STREAMS: usize = 10;

#[derive(Parser)]
#[command(about = "Measures the engine beside nginx-rtmp in the same run")]
struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Seconds each load is measured
    #[arg(long, default_value_t = 30)]
    seconds: u64,
}

#[derive(Subcommand)]
enum Verb {
    /// Runs the engine alone (used by the measurements themselves)
    Serve {
        #[arg(long)]
        streams: usize,
        /// The streams take media in but package nothing
        #[arg(long)]
        ended: bool,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.verb {
        Some(Verb::Serve { streams, ended }) => serve::run(streams, ended).await,
        None => measure(Duration::from_secs(arguments.seconds)).await,
    }
}

/// One line of the table.
struct Row {
    name: &'static str,
    ours: String,
    peer: String,
    ratio: Option<f64>,
    target: &'static str,
    met: bool,
}

async fn measure(load: Duration) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let clip = publisher::clip(folder.path()).await?;
    println!("| what | ours | nginx-rtmp | ratio | target | met |");
    println!("|---|---|---|---|---|---|");
    for (name, hls, target, limit) in [
        ("ingest, CPU per stream", false, "<= 1.3x nginx", 1.3),
        ("ingest + packaging (LL-HLS + DASH), CPU per stream", true, "<= 1.1x nginx's HLS", 1.1),
    ] {
        let nginx = Nginx::start(folder.path(), hls).await?;
        let theirs = cpu_under_load(nginx.pids()?, nginx.urls(STREAMS), &clip, load).await?;
        nginx.stop().await;
        let subject = Subject::start(STREAMS, !hls).await?;
        let ours = cpu_under_load(vec![subject.pid()], subject.urls(), &clip, load).await?;
        subject.stop().await;
        let ratio = ours / theirs;
        print(&Row {
            name,
            ours: format!("{ours:.3} CPU-s/min"),
            peer: format!("{theirs:.3} CPU-s/min"),
            ratio: Some(ratio),
            target,
            met: ratio <= limit,
        });
    }
    print(&memory(&clip).await?);
    latency::rows().await?.iter().for_each(print);
    Ok(())
}

/// CPU seconds per minute and stream.
async fn cpu_under_load(
    pids: Vec<u32>,
    urls: Vec<String>,
    clip: &std::path::Path,
    load: Duration,
) -> Result<f64> {
    let count = urls.len();
    let publishers = publisher::all(clip, &urls)?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let before = cpu::seconds(&pids)?;
    tokio::time::sleep(load).await;
    let used = cpu::seconds(&pids)? - before;
    publisher::stop(publishers).await;
    Ok(used * 60.0 / load.as_secs_f64() / count as f64)
}

async fn memory(clip: &std::path::Path) -> Result<Row> {
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
        peer: "-".to_owned(),
        ratio: None,
        target: "payload + 2 MiB",
        met: per_stream <= payload + 2.0,
    })
}

fn print(row: &Row) {
    let ratio = row.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
    let met = if row.met { "yes" } else { "NO" };
    println!("| {} | {} | {} | {ratio} | {} | {met} |", row.name, row.ours, row.peer, row.target);
}
