//! Measurements made by a browser, driven from Node.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::process::Command;

/// The first of these programs this system lacks.
pub(crate) fn missing<'a>(programs: &[&'a str]) -> Option<&'a str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = |program: &&str| std::env::split_paths(&path).any(|folder| folder.join(program).exists());
    programs.iter().copied().find(|program| !there(program))
}

/// Runs a script of this folder on a session bus of its own and returns the JSON it printed.
pub(crate) async fn run(script: &str, arguments: &[&OsStr]) -> Result<Value> {
    let output = Command::new("dbus-run-session")
        .args(["--", "node"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script))
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("{script} could not be started"))?;
    let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // Daemons of the session print to the same place.
    let answer = printed.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok());
    match answer {
        Some(answer) if output.status.success() => Ok(answer),
        _ => {
            eprintln!("{said}");
            let reason = said.lines().find(|line| line.contains("Error")).unwrap_or("see above");
            bail!("{script} failed: {}", reason.trim())
        }
    }
}
