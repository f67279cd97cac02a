//! How fast a viewer is sent what waits for it.
//!
//! A group of pictures that is sent from memory, or one large keyframe, would otherwise leave at once and overrun the
//! buffers on its way. Live pictures of usual size pass unhindered.

use std::time::{Duration, Instant};

/// Rate beyond the burst.
const RATE_BPS: u64 = 40_000_000;
/// What may leave at once: a large picture.
const BURST_BYTES: u64 = 64 << 10;
/// When to go on once the burst is used up.
const STEP: Duration = Duration::from_millis(2);

/// A token bucket.
#[derive(Debug)]
pub(super) struct Pace {
    tokens_bytes: u64,
    filled_at: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { tokens_bytes: BURST_BYTES, filled_at: now }
    }

    /// Whether `bytes` may leave now; if so they count as sent.
    pub(super) fn take(&mut self, bytes: usize, now: Instant) -> bool {
        let grown_us = now.saturating_duration_since(self.filled_at).as_micros() as u64;
        let grown_bytes = grown_us.saturating_mul(RATE_BPS) / 8_000_000;
        if grown_bytes > 0 {
            self.tokens_bytes = BURST_BYTES.min(self.tokens_bytes.saturating_add(grown_bytes));
            self.filled_at = now;
        }
        if self.tokens_bytes == 0 {
            return false;
        }
        // The last one may go over: nothing is too large to be sent.
        self.tokens_bytes = self.tokens_bytes.saturating_sub(bytes as u64);
        true
    }

    /// When to try again after a refusal.
    pub(super) fn again(now: Instant) -> Instant {
        now + STEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_rest_follows_at_the_rate() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut sent_bytes = 0;
        for step in 0..100u32 {
            while pace.take(1_200, start + STEP * step) {
                sent_bytes += 1_200;
            }
        }
        let expected = BURST_BYTES + RATE_BPS / 8 * 99 * 2 / 1_000;
        assert!((sent_bytes as u64).abs_diff(expected) < 1_200 * 100, "{sent_bytes} of {expected}");
        assert!(pace.take(1 << 20, start + Duration::from_secs(9)), "nothing is too large");
    }
}
