//! What processes used, from Linux's own books.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// How often threads are looked at; what one uses between the last look and its end is lost.
const LOOK: Duration = Duration::from_millis(250);

/// CPU seconds all threads of these processes use within `load`, those that end meanwhile included.
pub(crate) async fn seconds(pids: &[u32], load: Duration) -> Result<f64> {
    let mut last = threads(pids)?;
    let mut used_ns = 0;
    let end = tokio::time::Instant::now() + load;
    while tokio::time::Instant::now() < end {
        tokio::time::sleep_until(end.min(tokio::time::Instant::now() + LOOK)).await;
        let now = threads(pids)?;
        used_ns += now.iter().map(|(id, ns)| ns.saturating_sub(*last.get(id).unwrap_or(&0))).sum::<u64>();
        last = now;
    }
    Ok(used_ns as f64 / 1e9)
}

/// CPU nanoseconds of each thread so far.
fn threads(pids: &[u32]) -> Result<HashMap<String, u64>> {
    let mut threads = HashMap::new();
    for pid in pids {
        for task in std::fs::read_dir(format!("/proc/{pid}/task")).context("the measured process is gone")? {
            let task = task?;
            let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            let ns = text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
            threads.insert(task.file_name().to_string_lossy().into_owned(), ns);
        }
    }
    Ok(threads)
}

/// Proportional set size.
pub(crate) fn pss_bytes(pid: u32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let kib = text.lines().find_map(|line| line.strip_prefix("Pss:")).context("no Pss in smaps_rollup")?;
    Ok(kib.trim().trim_end_matches(" kB").parse::<u64>()? * 1_024)
}
