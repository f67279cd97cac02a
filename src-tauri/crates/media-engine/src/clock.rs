//! The engine's clock: Unix milliseconds that never jump.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Unix time read once, advanced by a monotonic clock: a corrected system clock does not tear live time lines apart.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    unix_ms: u64,
    at: Instant,
}

impl Clock {
    /// Reads the system clock.
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { unix_ms: since_epoch.as_millis() as u64, at: Instant::now() }
    }

    /// Unix milliseconds now.
    pub fn now_ms(&self) -> u64 {
        self.unix_ms + self.at.elapsed().as_millis() as u64
    }
}
