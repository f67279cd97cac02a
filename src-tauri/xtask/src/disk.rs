//! How much room the disk has: a full one fails tests in words that name everything but the disk.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{answer, root};

/// What a run on a fresh clone writes to `target` and to the folder for temporary files, with some air.
const FRESH_CLONE_MB: u64 = 8_000;

/// What the tests write on what was built before.
const BUILT_MB: u64 = 1_000;

/// Below this a failure is more likely the disk's than the code's.
const SUSPICIOUS_MB: u64 = 200;

/// Says how much room there is.
///
/// # Errors
/// There is too little for a whole run.
pub(crate) fn ensure_room() -> Result<()> {
    let Some(free_mb) = free_mb() else { return Ok(()) };
    let needed_mb = if was_built() { BUILT_MB } else { FRESH_CLONE_MB };
    println!("{free_mb} MB of the disk are free");
    if free_mb < needed_mb {
        bail!(
            "The disk is too full: a run needs about {needed_mb} MB. `cargo clean` in clones you no longer need frees most."
        );
    }
    Ok(())
}

/// Names the disk where it may be the cause of what failed.
pub(crate) fn suspect() {
    if let Some(free_mb) = free_mb().filter(|&free_mb| free_mb < SUSPICIOUS_MB) {
        println!("Only {free_mb} MB of the disk are free: that may be why. Free some and run again.\n");
    }
}

/// `None` where there is no `df` (Windows).
fn free_mb() -> Option<u64> {
    let answer = answer(Command::new("df").arg("-Pm").arg(root()))?;
    answer.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

/// Whether all programs were built here before, not just this one.
fn was_built() -> bool {
    root().join("target/debug/stream-console-headless").exists()
}
