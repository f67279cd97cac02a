//! Sockets of this computer, from Linux's own books (proc(5): /proc/net/tcp). Looking does not disturb the one who listens.

use std::time::Duration;

use anyhow::{Result, ensure};

/// Values of the column `st`.
const ESTABLISHED: &str = "01";
const LISTEN: &str = "0A";

/// How long anything that is waited for may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until somebody listens on a port.
pub(crate) async fn listening(port: u16) -> Result<()> {
    let there = until(|| Ok(count(port, LISTEN)? > 0)).await?;
    ensure!(there, "nobody came to listen on port {port}");
    Ok(())
}

/// Waits until exactly so many connections to a port are open.
pub(crate) async fn connections(port: u16, wanted: usize) -> Result<()> {
    let there = until(|| Ok(count(port, ESTABLISHED)? == wanted)).await?;
    ensure!(there, "{} connections where {wanted} should be", count(port, ESTABLISHED)?);
    Ok(())
}

async fn until(condition: impl Fn() -> Result<bool>) -> Result<bool> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < deadline {
        if condition()? {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(false)
}

/// Sockets of a local port in a state.
fn count(port: u16, state: &str) -> Result<usize> {
    let table = std::fs::read_to_string("/proc/net/tcp")?;
    let local = format!(":{port:04X}");
    let matches = |line: &&str| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next().is_some_and(|address| address.ends_with(&local)) && fields.nth(1) == Some(state)
    };
    Ok(table.lines().skip(1).filter(matches).count())
}
