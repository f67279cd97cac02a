//! Tokens of desktops, of which the relay keeps digests alone.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Shorter ones could be guessed.
const MIN_CHARS: usize = 16;
/// Characters of a mailbox's name.
const MAILBOX_CHARS: usize = 16;
/// Mixed into the digests, so that they are of no use elsewhere.
const SALT: &str = "stream-console-relay:";

/// A token that would not be safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadToken;

impl fmt::Display for BadToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a token has at least {MIN_CHARS} characters; `stream-console-relay token` makes a good one"
        )
    }
}

impl std::error::Error for BadToken {}

/// Digests of all tokens by the mailboxes they open.
#[derive(Clone, Default)]
pub struct Tokens(BTreeMap<String, [u8; 32]>);

impl Tokens {
    /// One token a line, or several on one separated by commas; `#` begins a comment.
    ///
    /// # Errors
    /// [`BadToken`] if one is too short.
    pub fn parse(text: &str) -> Result<Self, BadToken> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        let tokens = lines.flat_map(|line| line.split(',')).map(str::trim).filter(|token| !token.is_empty());
        let read = |token: &str| {
            if token.chars().count() < MIN_CHARS {
                return Err(BadToken);
            }
            let digest = digest(token);
            Ok((mailbox(&digest), digest))
        };
        tokens.map(read).collect::<Result<_, _>>().map(Self)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Names of all mailboxes.
    pub fn mailboxes(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The mailbox a token opens. Takes the same time for every wrong one.
    pub(crate) fn mailbox(&self, token: &str) -> Option<&str> {
        let shown = digest(token);
        let mut found = None;
        for (mailbox, known) in &self.0 {
            if bool::from(known.ct_eq(&shown)) {
                found = Some(mailbox.as_str());
            }
        }
        found
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.0.len())
    }
}

/// A new random token.
///
/// # Errors
/// If the system gives no random bytes.
pub fn new_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(format!("{SALT}{token}")).into()
}

fn mailbox(digest: &[u8]) -> String {
    hex(digest).chars().take(MAILBOX_CHARS).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_told_apart_and_not_shown() {
        let tokens = Tokens::parse(
            "# desks\nfirst-token-0123456789 # mine\n second-token-0123456789, third-token-0123456789\n\n",
        );
        let tokens = tokens.expect("they are long enough");
        assert_eq!((tokens.count(), tokens.mailboxes().count()), (3, 3));
        let first = tokens.mailbox("first-token-0123456789").expect("known");
        assert!(first.len() == 16 && first.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(Some(first), tokens.mailbox("second-token-0123456789"));
        assert_eq!(tokens.mailbox("first-token-012345678"), None);
        assert!(!format!("{tokens:?}").contains("token-0"));
    }

    #[test]
    fn a_short_token_is_refused_with_the_way_to_a_good_one() {
        assert_eq!(Tokens::parse("short").err(), Some(BadToken));
        assert!(BadToken.to_string().contains("stream-console-relay token"));
        let (one, other) = (new_token().expect("random"), new_token().expect("random"));
        assert_ne!(one, other);
        assert!(Tokens::parse(&one).is_ok());
    }
}
