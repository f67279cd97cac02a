//! The key a destination asks for.

use std::fmt;

/// Longest key of a destination, in characters; keys in use have about 20 to 250.
const MAX_CHARS: usize = 512;

/// Shorter parts of a key are not searched for in texts: they would turn up by chance.
const REDACTED_MIN_CHARS: usize = 4;

/// The text cannot serve as the key of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a destination's stream key has up to 512 characters in one line")]
pub struct InvalidDestinationKey;

/// What a destination must be shown to take the stream; empty for an endpoint without keys. A secret: it prints as stars
/// and has no serde; [`DestinationKey::expose`] is the one way out.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct DestinationKey(String);

impl DestinationKey {
    /// Takes a key as a person pasted it: white space around it is no part of it.
    ///
    /// # Errors
    /// [`InvalidDestinationKey`] if it has control characters, or more than 512 characters.
    pub fn parse(text: &str) -> Result<Self, InvalidDestinationKey> {
        let key = text.trim();
        if key.chars().any(char::is_control) || key.chars().count() > MAX_CHARS {
            return Err(InvalidDestinationKey);
        }
        Ok(Self(key.to_owned()))
    }

    /// There is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key in the clear, for the destination or for the user who asked to see it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `text` with stars in place of the key: servers like to quote it when they turn it down.
    pub fn redact(&self, text: &str) -> String {
        let name = self.0.split(['?', '&']).next().unwrap_or_default();
        [self.0.as_str(), name]
            .into_iter()
            .filter(|secret| secret.chars().count() >= REDACTED_MIN_CHARS)
            .fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }
}

impl fmt::Debug for DestinationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DestinationKey(***)")
    }
}

impl fmt::Display for DestinationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_never_prints_itself() {
        let key = DestinationKey::parse("live_1234_very-secret?bandwidthtest=true").unwrap();
        let printed = format!("{key} {key:?} {:#?}", Some(&key));
        assert!(!printed.contains("secret"), "{printed}");
        assert_eq!(key.expose(), "live_1234_very-secret?bandwidthtest=true");
    }

    #[test]
    fn what_was_pasted_around_a_key_is_no_part_of_it() {
        assert_eq!(DestinationKey::parse(" abcd-efgh \r\n").unwrap().expose(), "abcd-efgh");
        assert!(DestinationKey::parse(" \n ").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "k".repeat(513);
        for text in ["two\nlines", "a\0b", "esc\u{1b}ape", &long] {
            assert_eq!(DestinationKey::parse(text), Err(InvalidDestinationKey), "{text:?}");
        }
        for text in ["a b", "s%2Fx?y=z&w", "schlüssel", &long[1..]] {
            assert_eq!(DestinationKey::parse(text).unwrap().expose(), text);
        }
    }

    #[test]
    fn a_server_that_quotes_the_key_is_not_quoted() {
        let key = DestinationKey::parse("abcd-efgh?backup=1").unwrap();
        assert_eq!(key.redact("Stream abcd-efgh is in use"), "Stream *** is in use");
        assert_eq!(key.redact("no abcd-efgh?backup=1"), "no ***");
        assert_eq!(DestinationKey::default().redact("Bad name"), "Bad name");
        assert_eq!(DestinationKey::parse("x").unwrap().redact("xx"), "xx");
    }

    proptest! {
        #[test]
        fn parsing_and_redacting_never_panic(text: String, quoted: String) {
            if let Ok(key) = DestinationKey::parse(&text) {
                prop_assert_eq!(DestinationKey::parse(key.expose()), Ok(key.clone()));
                let _ = key.redact(&quoted);
            }
        }
    }
}
