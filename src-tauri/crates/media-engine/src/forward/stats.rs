//! Numbers of a push, written by its task and read by anybody.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Bitrates are averages over this long.
const WINDOW: Duration = Duration::from_secs(2);

/// How a push goes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ForwardStats {
    /// Bytes the connection took, headers included.
    pub sent_bytes: u64,
    /// Bytes of them the far side acknowledged, as far as is known.
    pub acked_bytes: u64,
    /// Sent over the last 2 s.
    pub bitrate_bps: u64,
    /// Units left out because the connection was too slow.
    pub dropped_units: u64,
    /// Round trip; none where the system does not tell.
    pub rtt_ms: Option<f64>,
    /// The far side let the stream in, and the connection stands.
    pub accepted: bool,
    /// The far side takes our bytes.
    pub draining: bool,
}

/// The same, shared.
#[derive(Debug, Default)]
pub(super) struct Shared {
    sent_bytes: AtomicU64,
    acked_bytes: AtomicU64,
    bitrate_bps: AtomicU64,
    dropped_units: AtomicU64,
    /// 0 = not known.
    rtt_us: AtomicU64,
    accepted: AtomicBool,
    draining: AtomicBool,
}

impl Shared {
    pub(super) fn stats(&self) -> ForwardStats {
        let rtt_us = self.rtt_us.load(Ordering::Relaxed);
        ForwardStats {
            sent_bytes: self.sent_bytes.load(Ordering::Relaxed),
            acked_bytes: self.acked_bytes.load(Ordering::Relaxed),
            bitrate_bps: self.bitrate_bps.load(Ordering::Relaxed),
            dropped_units: self.dropped_units.load(Ordering::Relaxed),
            rtt_ms: (rtt_us > 0).then(|| rtt_us as f64 / 1_000.0),
            accepted: self.accepted.load(Ordering::Relaxed),
            draining: self.draining.load(Ordering::Relaxed),
        }
    }

    pub(super) fn accept(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    pub(super) fn draining(&self, draining: bool) {
        self.draining.store(draining, Ordering::Relaxed);
    }

    pub(super) fn flow(&self, sent_bytes: u64, acked_bytes: u64, bitrate_bps: u64, rtt_ms: Option<f64>) {
        self.sent_bytes.store(sent_bytes, Ordering::Relaxed);
        self.acked_bytes.store(acked_bytes.min(sent_bytes), Ordering::Relaxed);
        self.bitrate_bps.store(bitrate_bps, Ordering::Relaxed);
        self.rtt_us.store(rtt_ms.map_or(0, |rtt_ms| (rtt_ms * 1_000.0) as u64), Ordering::Relaxed);
    }

    pub(super) fn dropped(&self, units: u64) {
        self.dropped_units.store(units, Ordering::Relaxed);
    }

    /// The connection is gone.
    pub(super) fn end(&self) {
        self.accepted.store(false, Ordering::Relaxed);
        self.draining.store(false, Ordering::Relaxed);
        self.bitrate_bps.store(0, Ordering::Relaxed);
    }
}

/// Measures the bitrate from a running count.
#[derive(Debug, Default)]
pub(super) struct Meter {
    counts: VecDeque<(Duration, u64)>,
}

impl Meter {
    /// The count is `bytes` at `now`; returns bits a second over the last 2 s.
    pub(super) fn look(&mut self, bytes: u64, now: Duration) -> u64 {
        while self.counts.get(1).is_some_and(|(at, _)| now.saturating_sub(*at) >= WINDOW) {
            self.counts.pop_front();
        }
        self.counts.push_back((now, bytes));
        let Some(&(since, before)) = self.counts.front() else { return 0 };
        let span_ms = now.saturating_sub(since).as_millis().max(1) as u64;
        (bytes - before).saturating_mul(8_000) / span_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitrate_is_that_of_the_last_two_seconds() {
        let mut meter = Meter::default();
        let mut bitrate_bps = 0;
        for half_seconds in 0..10_u64 {
            let sent = if half_seconds < 5 { 0 } else { (half_seconds - 5) * 125_000 };
            bitrate_bps = meter.look(sent, Duration::from_millis(half_seconds * 500));
        }
        assert_eq!(bitrate_bps, 2_000_000);
        assert_eq!(meter.look(500_000, Duration::from_secs(60)), 0, "nothing was sent since");
    }
}
