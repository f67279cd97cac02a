//! From the start of the desktop program to a window one can use.

use anyhow::{Context as _, Result};

use crate::console::program;
use crate::node;
use crate::row::Row;

const NAME: &str = "app start to usable window, release";
const TARGET: &str = "<= 1.5 s";
const LIMIT_MS: u64 = 1_500;
/// The first one, with an empty home, and five more.
const STARTS: &str = "6";

pub(crate) async fn row() -> Result<Row> {
    if let Some(program) = node::missing(&["dbus-run-session", "Xvfb", "WebKitWebDriver", "node"]) {
        return Ok(Row::not_measured(NAME, TARGET, &format!("{program} is not installed")));
    }
    let desktop = program("stream-console")?;
    let answer = match node::run("window.mjs", &[desktop.as_os_str(), STARTS.as_ref()]).await {
        Ok(answer) => answer,
        Err(error) => return Ok(Row::not_measured(NAME, TARGET, &error.to_string())),
    };
    let starts = answer["startsMs"].as_array().context("no starts")?;
    let starts: Vec<u64> = starts.iter().filter_map(serde_json::Value::as_u64).collect();
    let (first, rest) = starts.split_first().context("no start")?;
    let mut rest = rest.to_vec();
    rest.sort_unstable();
    let median = *rest.get(rest.len() / 2).context("one start only")?;
    let at_most = if answer["atOnce"] == 0 { "" } else { "at most " };
    Ok(Row {
        name: NAME,
        ours: format!("{at_most}{:.2} s, first ever {:.2} s", median as f64 / 1e3, *first as f64 / 1e3),
        target: TARGET,
        met: Some(median <= LIMIT_MS),
        ..Row::default()
    })
}
