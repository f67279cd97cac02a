//! What a process used, from Linux's own books.

use anyhow::{Context as _, Result};

/// CPU seconds of all threads of these processes so far.
pub(crate) fn seconds(pids: &[u32]) -> Result<f64> {
    let mut nanoseconds = 0_u64;
    for pid in pids {
        for task in std::fs::read_dir(format!("/proc/{pid}/task")).context("the measured process is gone")? {
            let text = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            nanoseconds += text.split(' ').next().and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
        }
    }
    Ok(nanoseconds as f64 / 1e9)
}

/// Proportional set size.
pub(crate) fn pss_bytes(pid: u32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let kib = text.lines().find_map(|line| line.strip_prefix("Pss:")).context("no Pss in smaps_rollup")?;
    Ok(kib.trim().trim_end_matches(" kB").parse::<u64>()? * 1_024)
}
