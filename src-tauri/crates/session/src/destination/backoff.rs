//! How long to wait before the next attempt.

/// Waits after the first, second, ... failure in a row; the last one holds for all that follow.
const WAITS_MS: [u64; 6] = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000];

/// A wait is taken times 0.8 to 1.2, so that many destinations of many people do not knock at the same moment.
const JITTER_MIN_PERMILLE: u64 = 800;
const JITTER_SPAN_PERMILLE: u64 = 400;

/// Stands in for a seed of zero, with which the generator would give zeros for ever.
const SEED_INSTEAD_OF_ZERO: u64 = 0x9e37_79b9_7f4a_7c15;

/// Waits with jitter, out of a small generator of its own (Marsaglia, Xorshift RNGs, 2003: 13, 7, 17).
#[derive(Debug)]
pub(super) struct Backoff {
    random: u64,
}

impl Backoff {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: if seed == 0 { SEED_INSTEAD_OF_ZERO } else { seed } }
    }

    /// The wait after so many failures in a row, in milliseconds.
    pub(super) fn wait_ms(&mut self, failed: u32) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let last = WAITS_MS.len() - 1;
        let wait_ms = WAITS_MS[(failed.saturating_sub(1) as usize).min(last)];
        wait_ms * (JITTER_MIN_PERMILLE + self.random % (JITTER_SPAN_PERMILLE + 1)) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_wait_is_within_a_fifth_of_its_row(seed: u64, failed in 1..40u32) {
            let wait_ms = Backoff::new(seed).wait_ms(failed);
            let row_ms = WAITS_MS[(failed as usize - 1).min(5)];
            prop_assert!((row_ms * 8 / 10..=row_ms * 12 / 10).contains(&wait_ms), "{wait_ms}");
        }
    }

    #[test]
    fn waits_differ() {
        for seed in [0, 1, u64::MAX] {
            let mut backoff = Backoff::new(seed);
            let waits: std::collections::BTreeSet<u64> = (0..100).map(|_| backoff.wait_ms(6)).collect();
            assert!(waits.len() > 50, "{seed}: {waits:?}");
        }
    }
}
