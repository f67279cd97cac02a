//! The secret glasses show at the door.

use std::fmt;

use subtle::ConstantTimeEq as _;

/// A secret shared with a device. Never shown by `Debug`.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Takes any text; an empty one matches nobody.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for showing it to its owner or sending it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `offered` is this token. Takes equally long for every text of one length.
    pub fn matches(&self, offered: &str) -> bool {
        !self.0.is_empty() && bool::from(self.0.as_bytes().ct_eq(offered.as_bytes()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_text_matches() {
        let token = Token::new("abc");
        assert!(token.matches("abc"));
        assert!(!token.matches("abd"));
        assert!(!token.matches("ab"));
        assert!(!token.matches(""));
        assert!(!Token::new("").matches(""));
    }

    #[test]
    fn the_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Token::new("abc")), "Token(***)");
    }
}
