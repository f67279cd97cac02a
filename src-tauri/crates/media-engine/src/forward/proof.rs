//! Is the far side really taking our bytes? Pure: facts and time are arguments.

use std::time::Duration;

/// Acknowledged bytes that prove it, or what 1 s of media comes to if that is less.
const PROOF_BYTES: u64 = 64 << 10;
const PROOF_MEDIA_MS: i64 = 1_000;

/// What is known at one moment. Bytes are counted from when the stream was accepted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Facts {
    /// Bytes known to have arrived.
    pub(super) acked_bytes: u64,
    /// Bytes the socket took.
    pub(super) sent_bytes: u64,
    /// Something was sent and has not arrived, or waits to be sent.
    pub(super) outstanding: bool,
    /// Timestamp of the newest media sent.
    pub(super) media_ms: i64,
}

/// Follows the facts.
#[derive(Debug)]
pub(super) struct Proof {
    stall_after: Duration,
    /// Draining, not draining, or not known yet.
    draining: Option<bool>,
    /// Bytes that prove it: those of the first second of media.
    enough_bytes: Option<u64>,
    last_acked_bytes: u64,
    moved_at: Duration,
}

impl Proof {
    /// The stream was accepted at `now`.
    pub(super) fn new(stall_after: Duration, now: Duration) -> Self {
        Self { stall_after, draining: None, enough_bytes: None, last_acked_bytes: 0, moved_at: now }
    }

    /// Looks at the facts; says what is so from now on if that changed.
    pub(super) fn look(&mut self, facts: Facts, now: Duration) -> Option<bool> {
        if facts.media_ms >= PROOF_MEDIA_MS {
            self.enough_bytes.get_or_insert(facts.sent_bytes.max(1));
        }
        let moved = facts.acked_bytes > self.last_acked_bytes;
        self.last_acked_bytes = facts.acked_bytes.max(self.last_acked_bytes);
        if moved || !facts.outstanding {
            self.moved_at = now;
        }
        let enough = PROOF_BYTES.min(self.enough_bytes.unwrap_or(u64::MAX));
        let found = match self.draining {
            None if facts.acked_bytes >= enough => Some(true),
            Some(false) if moved && facts.acked_bytes >= enough => Some(true),
            None | Some(true) if now.saturating_sub(self.moved_at) >= self.stall_after => Some(false),
            _ => None,
        };
        if found.is_some() {
            self.draining = found;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn facts(acked_bytes: u64, sent_bytes: u64, media_ms: i64) -> Facts {
        Facts { acked_bytes, sent_bytes, outstanding: sent_bytes > acked_bytes, media_ms }
    }

    #[test]
    fn acknowledged_bytes_are_the_proof() {
        let mut proof = Proof::new(s(5), s(0));
        assert_eq!(proof.look(facts(60_000, 90_000, 500), s(1)), None);
        assert_eq!(proof.look(facts(65_536, 90_000, 600), s(1)), Some(true));
        assert_eq!(proof.look(facts(90_000, 90_000, 700), s(2)), None, "said once");
    }

    #[test]
    fn a_thin_stream_is_proven_by_a_second_of_it() {
        let mut proof = Proof::new(s(5), s(0));
        assert_eq!(proof.look(facts(0, 12_000, 1_000), s(1)), None);
        assert_eq!(proof.look(facts(11_999, 20_000, 1_500), s(2)), None);
        assert_eq!(proof.look(facts(12_000, 20_000, 1_600), s(2)), Some(true));
    }

    #[test]
    fn bytes_that_never_arrive_are_told_and_so_is_their_arrival() {
        let mut proof = Proof::new(s(5), s(0));
        assert_eq!(proof.look(facts(0, 70_000, 400), s(4)), None);
        assert_eq!(proof.look(facts(0, 70_000, 400), s(5)), Some(false));
        assert_eq!(proof.look(facts(0, 70_000, 400), s(9)), None);
        assert_eq!(proof.look(facts(70_000, 70_000, 400), s(10)), Some(true));
        assert_eq!(proof.look(facts(70_000, 99_000, 400), s(14)), None);
        assert_eq!(proof.look(facts(70_000, 99_000, 400), s(15)), Some(false));
    }

    #[test]
    fn nothing_to_send_is_no_stall() {
        let mut proof = Proof::new(s(5), s(0));
        assert_eq!(proof.look(Facts::default(), s(60)), None);
        assert_eq!(proof.look(facts(0, 70_000, 400), s(61)), None, "counted from when there was something");
    }
}
