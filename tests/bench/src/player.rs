//! hls.js in Chromium: from the writing of a frame to its showing.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::clip::{Clip, SentAt};
use crate::console::{Console, text};
use crate::node;
use crate::row::{Row, percentile};

const NAME: &str = "hls.js latency in Chromium, frame written to frame shown";
const TARGET: &str = "<= 1.8 s";
const LIMIT_S: f64 = 1.8;
/// How often the page is loaded, and how long each plays.
const LOADS: &str = "5";
const SECONDS: &str = "5";

pub(crate) async fn row(clip: &Arc<Clip>) -> Result<Row> {
    if let Some(program) = node::missing(&["dbus-run-session", "chromium", "node"]) {
        return Ok(Row::not_measured(NAME, TARGET, &format!("{program} is not installed")));
    }
    let console = Console::start(&[], &[]).await?;
    let publisher = Console::publish(&console.open_stream().await?).await?;
    let sent = SentAt::default();
    let publishing = tokio::spawn(Arc::clone(clip).send(publisher, Arc::clone(&sent)));
    let url = text(&console.live().await?["session"]["urls"]["hls"])?;
    let answer = node::run("player.mjs", &[url.as_ref(), LOADS.as_ref(), SECONDS.as_ref()]).await;
    publishing.abort();
    console.stop().await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Ok(Row::not_measured(NAME, TARGET, &error.to_string())),
    };

    let sent = sent.lock().await;
    let mut medians_s = Vec::new();
    let mut own_s = Vec::new();
    for load in answer.as_array().context("no loads")? {
        let mut delays_s = delays_s(load, &sent, clip.frames)?;
        delays_s.sort_by(f64::total_cmp);
        medians_s.push(percentile(&delays_s, 50));
        own_s.push(load["latencyS"].as_f64().context("no latency")?);
    }
    medians_s.sort_by(f64::total_cmp);
    own_s.sort_by(f64::total_cmp);
    let (median_s, worst_s) = (percentile(&medians_s, 50), medians_s.last().copied().unwrap_or(0.0));
    let own_s = percentile(&own_s, 50);
    Ok(Row {
        name: NAME,
        ours: format!("{median_s:.2} s, worst load {worst_s:.2} s; {own_s:.2} s by hls.js itself"),
        target: TARGET,
        met: Some(median_s <= LIMIT_S),
        ..Row::default()
    })
}

/// From the writing of each frame to its showing.
fn delays_s(load: &Value, sent: &[SystemTime], clip_frames: usize) -> Result<Vec<f64>> {
    let shown = load["shown"].as_array().context("no frames")?;
    let delays = shown.iter().filter_map(|shown| {
        let number = usize::try_from(shown[0].as_u64()?).ok()?;
        let at = UNIX_EPOCH + Duration::from_secs_f64(shown[1].as_f64()? / 1e3);
        // The clip repeats: the frame shown is the last one of this number written before.
        let repeats = sent.iter().skip(number).step_by(clip_frames);
        let written = repeats.take_while(|written| **written <= at).last()?;
        Some(at.duration_since(*written).ok()?.as_secs_f64())
    });
    let delays: Vec<f64> = delays.collect();
    // A number misread now and then is a frame seen in the middle of a change; more would be no measurement.
    ensure!(delays.len() * 10 >= shown.len() * 9 && !delays.is_empty(), "the painted numbers cannot be read");
    Ok(delays)
}
