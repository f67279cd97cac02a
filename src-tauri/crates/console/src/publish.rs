//! An encoder that keeps trying after the user pressed Stop must not bring the stream back by itself.

/// An encoder that has not tried for this long has understood; the next attempt is a new wish.
const HOLD_OFF_MS: u64 = 30_000;

/// Whether encoders are held off, and until when.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HoldOff {
    until_ms: Option<u64>,
    /// An encoder was turned away since the stop.
    knocked: bool,
}

impl HoldOff {
    /// The user stopped a stream an encoder was feeding.
    pub(crate) fn begin(&mut self, now_ms: u64) {
        *self = Self { until_ms: Some(now_ms + HOLD_OFF_MS), knocked: false };
    }

    /// The user wants encoders again.
    pub(crate) fn end(&mut self) {
        *self = Self::default();
    }

    /// True while encoders are held off.
    pub(crate) fn holds(&self, now_ms: u64) -> bool {
        self.until_ms.is_some_and(|until_ms| now_ms < until_ms)
    }

    /// An encoder was turned away: it is still trying.
    pub(crate) fn knocked(&mut self, now_ms: u64) {
        self.until_ms = Some(now_ms + HOLD_OFF_MS);
        self.knocked = true;
    }

    /// True while the screen should say that an encoder is waiting outside.
    pub(crate) fn shown(&self, now_ms: u64) -> bool {
        self.knocked && self.holds(now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_for_as_long_as_the_encoder_keeps_trying() {
        let mut hold_off = HoldOff::default();
        assert!(!hold_off.holds(0));
        hold_off.begin(0);
        assert!(hold_off.holds(29_999));
        assert!(!hold_off.shown(29_999), "nobody knocked yet");
        hold_off.knocked(20_000);
        assert!(hold_off.shown(49_999));
        assert!(!hold_off.holds(50_000));
        hold_off.begin(60_000);
        hold_off.end();
        assert!(!hold_off.holds(60_001));
    }
}
