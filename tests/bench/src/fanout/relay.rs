//! From a frame leaving the source to its arrival at each of twenty receivers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::receiver::Receiver;
use super::{OUTPUTS, SETTLE, add, broadcasting, switch};
use crate::client::Client;
use crate::console::Console;
use crate::latency::{Sent, publish};
use crate::nginx::Nginx;
use crate::row::{Row, percentile};
use crate::tcp;

const MEASURED: Duration = Duration::from_secs(15);

pub(crate) async fn row(folder: &Path) -> Result<Row> {
    let (their_p50, their_p95) = through_nginx(folder).await?;
    let (p50, p95) = through_console().await?;
    Ok(Row {
        name: "relay, source frame to each of 20 receivers",
        ours: format!("p50 {p50:.2} ms, p95 {p95:.2} ms"),
        peer: Some(format!("p50 {their_p50:.2} ms, p95 {their_p95:.2} ms")),
        ratio: Some(p50 / their_p50),
        target: "p50 <= 1 ms, p95 <= 5 ms",
        met: Some(p50 <= 1.0 && p95 <= 5.0),
    })
}

async fn through_nginx(folder: &Path) -> Result<(f64, f64)> {
    let receiver = Receiver::start().await?;
    let outputs: Vec<_> = (0..OUTPUTS).map(|n| format!("rtmp://{}/live/o{n}", receiver.address)).collect();
    let relay = Nginx::relay(folder, &outputs, false).await?;
    let source = Client::publish(&format!("127.0.0.1:{}", relay.port), "s0").await?;
    let sent = Sent::default();
    let publishing = tokio::spawn(publish(source, Arc::clone(&sent)));
    let delays = delays_ms(&receiver, &sent).await;
    publishing.abort();
    relay.stop().await;
    delays
}

async fn through_console() -> Result<(f64, f64)> {
    let receiver = Receiver::start().await?;
    let console = Console::start(&["--keys-in-file"], &[]).await?;
    let source = Console::publish(&console.open_stream().await?).await?;
    let sent = Sent::default();
    let publishing = tokio::spawn(publish(source, Arc::clone(&sent)));
    console.live().await?;
    let ids = add(&console, &format!("rtmp://{}/live", receiver.address), "o").await?;
    switch(&console, &ids, true).await?;
    broadcasting(&console, &ids).await?;
    let delays = delays_ms(&receiver, &sent).await;
    publishing.abort();
    console.stop().await;
    delays
}

/// Median and 95th percentile of what is written within a while, over all receivers.
async fn delays_ms(receiver: &Receiver, sent: &Sent) -> Result<(f64, f64)> {
    tcp::connections(receiver.address.port(), OUTPUTS).await?;
    tokio::time::sleep(SETTLE).await;
    receiver.take();
    let first = sent.lock().await.len();
    tokio::time::sleep(MEASURED).await;
    let last = sent.lock().await.len();
    // The last ones are still on their way.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let sent = sent.lock().await;
    let mut delays_ms = Vec::new();
    for (number, arrived) in receiver.take() {
        let number = number as usize;
        if let Some(written) = sent.get(number).filter(|_| (first..last).contains(&number)) {
            delays_ms.push(arrived.saturating_duration_since(*written).as_secs_f64() * 1e3);
        }
    }
    let expected = (last - first) * OUTPUTS;
    ensure!(delays_ms.len() == expected, "{} of {expected} frames arrived", delays_ms.len());
    delays_ms.sort_by(f64::total_cmp);
    Ok((percentile(&delays_ms, 50), percentile(&delays_ms, 95)))
}
