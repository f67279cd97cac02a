//! Pieces of playlist text.

use std::fmt;

/// A URI on its own line or inside quotes: quotation marks and control characters, which would end either, are
/// percent-encoded (RFC 8216 s4.2).
pub(super) struct Uri<'a>(pub(super) &'a str);

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '"' | '\0'..=' ' | '\x7f' => write!(f, "%{:02X}", u32::from(character))?,
                other => write!(f, "{other}")?,
            }
        }
        Ok(())
    }
}

/// Ticks as decimal seconds, rounded down to the microsecond so that a part never seems longer than its target.
pub(super) struct Seconds {
    pub(super) ticks: u64,
    pub(super) timescale: u32,
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timescale = u64::from(self.timescale.max(1));
        let (whole, rest) = (self.ticks / timescale, self.ticks % timescale);
        write!(f, "{whole}.{:06}", rest * 1_000_000 / timescale)
    }
}

/// Milliseconds as decimal seconds.
pub(super) fn seconds_of_ms(ms: u32) -> impl fmt::Display {
    fmt::from_fn(move |f| write!(f, "{}.{:03}", ms / 1000, ms % 1000))
}
