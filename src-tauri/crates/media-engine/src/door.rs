//! Who may publish to which stream: asked of the engine's owner.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use subtle::ConstantTimeEq as _;

use crate::stream::Stream;

/// An encoder asking to publish.
pub struct Attempt {
    /// Every part of the path it names, and values of `key` and `token` in its query: the stream key may stand in any
    /// of them (glasses append `/stream`, encoders split or join URL and key in many ways).
    parts: Vec<String>,
    /// Where it connects from.
    pub address: String,
    /// What it calls itself; may be empty.
    pub encoder: String,
}

impl Attempt {
    /// Builds an attempt from the parts of the path the encoder named.
    pub fn new(parts: Vec<String>, address: String, encoder: String) -> Self {
        Self { parts, address, encoder }
    }

    /// True if any part is the key. Takes the same time however much of a part is right.
    pub fn holds_key(&self, key: &str) -> bool {
        self.parts.iter().fold(false, |found, part| found | bool::from(part.as_bytes().ct_eq(key.as_bytes())))
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("address", &self.address)
            .field("encoder", &self.encoder)
            .finish_non_exhaustive()
    }
}

/// The answer to an [`Attempt`]: the stream to feed, or words of refusal for the encoder's own log.
pub type Admission = Result<Stream, String>;

/// Decides about attempts.
pub trait Door: Send + Sync + 'static {
    /// Admits or refuses. May take a moment: the connection waits, others do not.
    fn admit(&self, attempt: Attempt) -> Pin<Box<dyn Future<Output = Admission> + Send + '_>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_found_in_any_part_and_never_printed() {
        let parts = ["live", "sekrit-key", "stream"].map(str::to_owned).to_vec();
        let attempt = Attempt::new(parts, "127.0.0.1:5".to_owned(), "OBS".to_owned());
        assert!(attempt.holds_key("sekrit-key"));
        assert!(!attempt.holds_key("sekrit"));
        assert!(!format!("{attempt:?}").contains("sekrit"));
    }
}
