//! One stream to twenty destinations, beside nginx's push and ffmpeg's tee.

mod receiver;
mod relay;
mod tee;
mod tls;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use self::tee::Tee;
use self::tls::Stunnel;
use crate::clip::Clip;
use crate::console::{Console, text};
use crate::nginx::Nginx;
use crate::row::Row;
use crate::{cpu, publisher, tcp};

pub(crate) const OUTPUTS: usize = 20;

/// Connections settle before anything is counted.
const SETTLE: Duration = Duration::from_secs(4);
/// Every window of the stream, and what is kept beyond it, is full by then.
const FULL: Duration = Duration::from_secs(40);

pub(crate) async fn print_rows(folder: &Path, clip: &Clip, load: Duration) -> Result<()> {
    let sink = Nginx::sink(folder).await?;
    let peers = Peers {
        nginx_alone: nginx_alone(folder, clip, load).await?,
        nginx: nginx_push(folder, &sink, clip, load, false).await?,
        nginx_with_hls: nginx_push(folder, &sink, clip, load, true).await?,
        tee: ffmpeg_tee(&sink, clip, load).await?,
    };
    console(folder, &sink, clip, load, &peers).await?;
    sink.stop().await;
    relay::row(folder).await?.print();
    Ok(())
}

/// What peers cost, in CPU seconds per output-minute.
struct Peers {
    /// Taking the stream in, without outputs.
    nginx_alone: f64,
    nginx: f64,
    nginx_with_hls: f64,
    tee: f64,
}

/// Addresses of the outputs at the receiver of everything.
fn outputs(sink: &Nginx, who: &str) -> Vec<String> {
    (0..OUTPUTS).map(|n| format!("rtmp://127.0.0.1:{}/live/{who}{n}", sink.port)).collect()
}

async fn nginx_alone(folder: &Path, clip: &Clip, load: Duration) -> Result<f64> {
    let relay = Nginx::ingest(folder, false).await?;
    let publishers = publisher::all(clip, &relay.urls(1))?;
    tcp::connections(relay.port, 1).await?;
    tokio::time::sleep(SETTLE).await;
    let cost = per_output(cpu::seconds(&relay.pids()?, load).await?, load);
    publisher::stop(publishers).await;
    relay.stop().await;
    Ok(cost)
}

/// CPU seconds of a load as CPU seconds per output-minute.
fn per_output(used_s: f64, load: Duration) -> f64 {
    used_s * 60.0 / load.as_secs_f64() / OUTPUTS as f64
}

async fn nginx_push(folder: &Path, sink: &Nginx, clip: &Clip, load: Duration, hls: bool) -> Result<f64> {
    let relay = Nginx::relay(folder, &outputs(sink, "nginx"), hls).await?;
    let publishers = publisher::all(clip, &relay.urls(1))?;
    let cost = cost(&relay.pids()?, sink, clip, load).await?;
    publisher::stop(publishers).await;
    relay.stop().await;
    tcp::connections(sink.port, 0).await?;
    Ok(cost)
}

async fn ffmpeg_tee(sink: &Nginx, clip: &Clip, load: Duration) -> Result<f64> {
    let tee = Tee::start(&outputs(sink, "tee")).await?;
    let publishers = publisher::all(clip, std::slice::from_ref(&tee.url))?;
    let cost = cost(&[tee.pid()], sink, clip, load).await?;
    publisher::stop(publishers).await;
    tee.stop().await;
    tcp::connections(sink.port, 0).await?;
    Ok(cost)
}

/// CPU seconds per output-minute, once all outputs are connected. Fails if the media did not arrive at all of them.
async fn cost(pids: &[u32], sink: &Nginx, clip: &Clip, load: Duration) -> Result<f64> {
    tcp::connections(sink.port, OUTPUTS).await?;
    tokio::time::sleep(SETTLE).await;
    let before = sink.received_bytes().await?;
    let used_s = cpu::seconds(pids, load).await?;
    let received = (sink.received_bytes().await? - before) as f64;
    let expected = clip.bytes_per_s() * load.as_secs_f64() * OUTPUTS as f64;
    ensure!(received > expected * 0.9, "only {:.0} % of the media arrived", received / expected * 100.0);
    Ok(per_output(used_s, load))
}

async fn console(folder: &Path, sink: &Nginx, clip: &Clip, load: Duration, peers: &Peers) -> Result<()> {
    let stunnel = Stunnel::start(folder, sink.port).await?;
    let certificates = stunnel.authority.to_string_lossy();
    let console = Console::start(&["--keys-in-file"], &[("SSL_CERT_FILE", &certificates)]).await?;
    let publishers = publisher::all(clip, &[console.open_stream().await?])?;
    console.live().await?;
    tokio::time::sleep(FULL).await;
    let alone_bytes = cpu::pss_bytes(console.pid())?;
    let alone = per_output(cpu::seconds(&[console.pid()], load).await?, load);

    let plain = add(&console, &format!("rtmp://127.0.0.1:{}/live", sink.port), "plain").await?;
    switch(&console, &plain, true).await?;
    broadcasting(&console, &plain).await?;
    let ours = cost(&[console.pid()], sink, clip, load).await?;
    let all_bytes = cpu::pss_bytes(console.pid())?;
    let (added, nginx_added) = (ours - alone, peers.nginx - peers.nginx_alone);
    Row {
        name: "fan-out 1 to 20, CPU that an output adds",
        ours: format!("{added:.3} CPU-s/min"),
        peer: Some(format!("{nginx_added:.3}")),
        ratio: Some(added / nginx_added),
        target: "<= 1.0x nginx",
        met: Some(added <= nginx_added),
    }
    .print();
    Row {
        name: "the whole program per output, packaging included",
        ours: format!("{ours:.3} CPU-s/min, {alone:.3} of it there without outputs"),
        peer: Some(format!("{:.3}, no packaging (ffmpeg tee {:.3})", peers.nginx, peers.tee)),
        ratio: Some(ours / peers.nginx),
        target: "told beside it",
        met: None,
    }
    .print();
    Row {
        name: "the same beside nginx that packages HLS too",
        ours: format!("{ours:.3} CPU-s/min"),
        peer: Some(format!("{:.3}", peers.nginx_with_hls)),
        ratio: Some(ours / peers.nginx_with_hls),
        target: "told beside it",
        met: None,
    }
    .print();
    let each = all_bytes.saturating_sub(alone_bytes) as f64 / OUTPUTS as f64 / f64::from(1 << 20);
    Row {
        name: "memory per destination",
        ours: format!("{each:.2} MiB"),
        target: "<= 1 MiB + its queue",
        met: Some(each <= 1.0),
        ..Row::default()
    }
    .print();

    switch(&console, &plain, false).await?;
    tcp::connections(sink.port, 0).await?;
    let secure = add(&console, &format!("rtmps://localhost:{}/live", stunnel.port), "secure").await?;
    switch(&console, &secure, true).await?;
    broadcasting(&console, &secure).await?;
    let over_tls = cost(&[console.pid()], sink, clip, load).await?;
    Row {
        name: "the same over RTMPS",
        ours: format!("{over_tls:.3} CPU-s/min, {:.2}x without TLS", over_tls / ours),
        target: "told beside it",
        ..Row::default()
    }
    .print();
    publisher::stop(publishers).await;
    console.stop().await;
    stunnel.stop().await;
    tcp::connections(sink.port, 0).await
}

/// Adds the destinations, switched off, and returns their ids.
async fn add(console: &Console, url: &str, who: &str) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for n in 0..OUTPUTS {
        let name = format!("{who}{n}");
        let destination = json!({ "preset": "custom", "name": name, "url": url, "streamKey": name });
        ids.push(text(&console.ask("add_destination", destination).await?["id"])?);
    }
    Ok(ids)
}

async fn switch(console: &Console, ids: &[String], enabled: bool) -> Result<()> {
    for id in ids {
        console.ask("set_destination", json!({ "id": id, "enabled": enabled })).await?;
    }
    Ok(())
}

async fn broadcasting(console: &Console, ids: &[String]) -> Result<()> {
    let on_air = |snapshot: &Value| {
        let destinations = snapshot["destinations"].as_array().into_iter().flatten();
        let ours =
            destinations.filter(|one| one["id"].as_str().is_some_and(|id| ids.iter().any(|own| own == id)));
        ours.filter(|one| one["state"] == "broadcasting").count() == ids.len()
    };
    console.until("all destinations to broadcast", on_air).await.map(|_| ())
}
