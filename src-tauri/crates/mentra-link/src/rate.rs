//! How many messages a socket may send.

use tokio::time::Instant;

/// Messages a socket may send per second, lasting.
pub(crate) const SUSTAINED_PER_SECOND: u32 = 20;
/// Messages a socket may send at once. SDK 2.1.29 sends 3-5 subscription sets at its start and one per handler after.
pub(crate) const BURST: u32 = 100;

const MICROS_PER_SECOND: u128 = 1_000_000;

/// A token bucket: full at first, filled with time, one token per message.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Millionths of a message.
    left: u128,
    filled_at: Instant,
}

impl Bucket {
    pub(crate) fn new(now: Instant) -> Self {
        Self { left: u128::from(BURST) * MICROS_PER_SECOND, filled_at: now }
    }

    /// Takes a token; `false` when there is none.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.filled_at);
        self.filled_at = now;
        let filled = passed.as_micros().saturating_mul(u128::from(SUSTAINED_PER_SECOND));
        self.left = self.left.saturating_add(filled).min(u128::from(BURST) * MICROS_PER_SECOND);
        let Some(left) = self.left.checked_sub(MICROS_PER_SECOND) else { return false };
        self.left = left;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_and_a_flood_does_not() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        assert!((0..BURST).all(|_| bucket.take(start)));
        assert!(!bucket.take(start));
    }

    #[test]
    fn the_sustained_rate_passes_for_ever() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        while bucket.take(start) {}
        let every = Duration::from_secs(1) / SUSTAINED_PER_SECOND;
        assert!((1..2_000).all(|n| bucket.take(start + every * n)));
        assert!(!bucket.take(start + every * 1_999));
    }

    #[test]
    fn rest_fills_it_no_further_than_the_burst() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        let later = start + Duration::from_secs(86_400);
        assert_eq!((0..1_000).take_while(|_| bucket.take(later)).count(), BURST as usize);
    }
}
