//! From the demo camera's clock to the screen.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::console::program;
use crate::node;
use crate::row::{Row, percentile};

/// Seconds watched: one figure each.
const SECONDS: &str = "20";

/// One way from the camera to the screen.
struct Way {
    name: &'static str,
    place: &'static str,
    program: &'static str,
    needs: &'static [&'static str],
    target: &'static str,
    limit_ms: f64,
}

const WAYS: [Way; 2] = [
    Way {
        name: "glass to glass by WebRTC, Chromium",
        place: "chromium",
        program: "stream-console-headless",
        needs: &["chromium", "node"],
        target: "<= 300 ms",
        limit_ms: 300.0,
    },
    Way {
        name: "glass to glass in the desktop window, WebKitGTK",
        place: "window",
        program: "stream-console",
        needs: &["dbus-run-session", "Xvfb", "WebKitWebDriver", "node"],
        target: "<= 1 s",
        limit_ms: 1_000.0,
    },
];

pub(crate) async fn print_rows() -> Result<()> {
    for way in &WAYS {
        row(way).await?.print();
    }
    Ok(())
}

async fn row(way: &Way) -> Result<Row> {
    if let Some(missing) = node::missing(way.needs) {
        return Ok(Row::not_measured(way.name, way.target, &format!("{missing} is not installed")));
    }
    let program = program(way.program)?;
    let answer =
        match node::run("glass.mjs", &[way.place.as_ref(), program.as_os_str(), SECONDS.as_ref()]).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Row::not_measured(way.name, way.target, &error.to_string())),
        };
    let delays = answer["delaysMs"].as_array().context("no delays")?;
    let mut delays_ms: Vec<f64> = delays.iter().filter_map(Value::as_f64).collect();
    anyhow::ensure!(delays_ms.len() > 5, "the clip's seconds were not seen: {answer}");
    delays_ms.sort_by(f64::total_cmp);
    let median_ms = percentile(&delays_ms, 50);
    Ok(Row {
        name: way.name,
        ours: format!("{median_ms:.0} ms, worst {:.0} ms", delays_ms.last().copied().unwrap_or_default()),
        target: way.target,
        met: Some(median_ms <= way.limit_ms),
        ..Row::default()
    })
}
