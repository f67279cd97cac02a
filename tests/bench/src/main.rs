//! Measures the console beside peers in the same run; see README.md for what each row means.

mod client;
mod clip;
mod console;
mod cpu;
mod fanout;
mod glass;
mod ingest;
mod latency;
mod nginx;
mod node;
mod player;
mod publisher;
mod row;
mod serve;
mod subject;
mod tcp;
mod webrtc;
mod window;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};

use crate::clip::Clip;

#[derive(Parser)]
#[command(about = "Measures the console beside peers in the same run")]
struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Seconds each load is measured
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Only these rows; may be given more than once
    #[arg(long, value_enum)]
    only: Vec<Group>,
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
        /// They may be watched by WebRTC
        #[arg(long)]
        webrtc: bool,
    },
}

/// Rows measured together, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Group {
    /// CPU and memory of ten streams
    Ingest,
    /// How soon media can be fetched, and how soon a publisher is let in
    Latency,
    /// Viewers over WebRTC: how soon packets leave, and what each costs
    #[value(name = "webrtc")]
    WebRtc,
    /// hls.js in Chromium
    Player,
    /// From the demo camera's clock to the screen, by WebRTC and in the desktop window
    Glass,
    /// From the start of the desktop program to a window one can use
    Start,
    /// One stream to twenty destinations
    Fanout,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match arguments.verb {
        Some(Verb::Serve { streams, ended, webrtc }) => serve::run(streams, ended, webrtc).await,
        None => measure(&arguments.only, Duration::from_secs(arguments.seconds)).await,
    }
}

async fn measure(only: &[Group], load: Duration) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let clip = Arc::new(Clip::make(folder.path()).await?);
    row::print_head();
    for group in Group::value_variants().iter().filter(|group| only.is_empty() || only.contains(group)) {
        match group {
            Group::Ingest => ingest::print_rows(folder.path(), &clip, load).await?,
            Group::Latency => latency::print_rows().await?,
            Group::WebRtc => webrtc::print_rows(&clip, load).await?,
            Group::Player => player::row(&clip).await?.print(),
            Group::Glass => glass::print_rows().await?,
            Group::Start => window::row().await?.print(),
            Group::Fanout => fanout::print_rows(folder.path(), &clip, load).await?,
        }
    }
    Ok(())
}
