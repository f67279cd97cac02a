//! The key an app shows at the door of the hub, and what is kept of it.

use std::fmt;

/// Longest API key, in characters.
const MAX_CHARS: usize = 512;

/// The text cannot serve as an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an API key has up to 512 characters in one line")]
pub struct InvalidApiKey;

/// What an app presents; empty if it presents nothing. A secret: it prints as stars and has no serde;
/// [`ApiKey::expose`] is the one way out.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ApiKey(String);

impl ApiKey {
    /// Takes a key as a person pasted it or an app sent it: white space around it is no part of it.
    ///
    /// # Errors
    /// [`InvalidApiKey`] if it has control characters, or more than 512 characters.
    pub fn parse(text: &str) -> Result<Self, InvalidApiKey> {
        let key = text.trim();
        if key.chars().any(char::is_control) || key.chars().count() > MAX_CHARS {
            return Err(InvalidApiKey);
        }
        Ok(Self(key.to_owned()))
    }

    /// There is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key in the clear, to be digested.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// SHA-256 of an [`ApiKey`] with what the caller mixes in: what is kept on file instead of the key. It does not print
/// itself, for a short key could be guessed from it.
#[derive(Clone, Copy)]
pub struct KeyDigest(pub [u8; 32]);

impl PartialEq for KeyDigest {
    /// Takes the same time whatever differs.
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).fold(0, |differing, (one, two)| differing | (one ^ two)) == 0
    }
}

impl Eq for KeyDigest {}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn neither_a_key_nor_its_digest_prints_itself() {
        let key = ApiKey::parse("very-secret").unwrap();
        let printed = format!("{key} {key:?} {:#?} {:?}", Some(&key), KeyDigest([77; 32]));
        assert!(!printed.contains("secret") && !printed.contains("77"), "{printed}");
        assert_eq!(key.expose(), "very-secret");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "k".repeat(513);
        for text in ["two\nlines", "a\0b", "esc\u{1b}ape", &long] {
            assert_eq!(ApiKey::parse(text), Err(InvalidApiKey), "{text:?}");
        }
        for text in ["a b", "schlüssel", &long[1..]] {
            assert_eq!(ApiKey::parse(text).unwrap().expose(), text);
        }
    }

    #[test]
    fn what_was_pasted_around_a_key_is_no_part_of_it() {
        assert_eq!(ApiKey::parse(" abcd \r\n").unwrap().expose(), "abcd");
        assert!(ApiKey::parse(" \n ").unwrap().is_empty());
        assert!(ApiKey::default().is_empty());
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_is_stable(text: String) {
            if let Ok(key) = ApiKey::parse(&text) {
                prop_assert_eq!(ApiKey::parse(key.expose()), Ok(key));
            }
        }

        #[test]
        fn digests_are_equal_if_all_their_bytes_are(one: [u8; 32], at in 0..32usize, flip in 1..=255u8) {
            let mut two = one;
            two[at] ^= flip;
            prop_assert_eq!(KeyDigest(one), KeyDigest(one));
            prop_assert_ne!(KeyDigest(one), KeyDigest(two));
        }
    }
}
