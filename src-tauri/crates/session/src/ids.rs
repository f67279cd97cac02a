//! Names of streams, and the key that lets an encoder in. Randomness is an input: nothing here makes any.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Delivery;

/// RFC 4648 s6 alphabet in lower case: no padding, safe in paths and host names, no 0/o or 1/l to mix up.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Characters of 16 bytes in base32: 128 bits in groups of 5, rounded up.
const ID_CHARS: usize = 26;

/// Shortest stream key a user may choose.
const KEY_MIN_CHARS: usize = 8;

/// Longest stream key a user may choose.
const KEY_MAX_CHARS: usize = 128;

/// Characters of a [`StreamId`] in its short form: 50 of its bits, plenty among the streams of one device.
const SHORT_ID_CHARS: usize = 10;

/// Longest package name.
const PACKAGE_MAX_CHARS: usize = 128;

/// The text is not an id of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id has 26 characters out of a-z and 2-7")]
pub struct InvalidId;

/// The text cannot serve as a stream key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stream key has 8 to 128 characters out of a-z, A-Z, 0-9, - and _")]
pub struct InvalidKey;

/// The text cannot be the package name of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a package name has 1 to 128 characters out of a-z, A-Z, 0-9, ., _ and -, and at least one letter")]
pub struct InvalidPackageName;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Makes an id of 128 random bits given by the caller.
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(to_base32(&bytes))
            }

            /// Reads an id.
            ///
            /// # Errors
            /// [`InvalidId`] unless the text has exactly the form `from_random` gives.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let bytes = text.as_bytes();
                if bytes.len() == ID_CHARS && bytes.iter().all(|byte| BASE32.contains(byte)) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId)
                }
            }

            /// The id as text: 26 characters out of `a-z2-7`.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

id! {
    /// Name of one stream in history and in the API. It outlives publishers and restarts of the program.
    StreamId
}

id! {
    /// Name of one stream in playback paths. Knowing it is what lets a viewer watch, so it is made of its own random
    /// bytes and cannot be computed from the [`StreamId`] or the [`StreamKey`].
    PlaybackId
}

id! {
    /// Name of one destination. It outlives its address, its key and its name, and is what its key is filed under.
    DestinationId
}

impl StreamId {
    /// The name glasses and apps know the stream by: `m` or `s` for managed or unmanaged and 10 characters of the id.
    /// Short, since it travels over Bluetooth.
    pub fn short(&self, delivery: Delivery) -> String {
        let kind = match delivery {
            Delivery::Managed | Delivery::Cloud => 'm',
            Delivery::Unmanaged => 's',
        };
        [kind].into_iter().chain(self.0.chars().take(SHORT_ID_CHARS)).collect()
    }
}

/// What an app calls itself, for example `com.example.cam`. Safe in paths, headers and texts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackageName(String);

impl PackageName {
    /// Reads a package name.
    ///
    /// # Errors
    /// [`InvalidPackageName`] unless it has 1 to 128 characters out of `A-Za-z0-9._-`, with a letter among them.
    pub fn parse(text: &str) -> Result<Self, InvalidPackageName> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let fits = (1..=PACKAGE_MAX_CHARS).contains(&text.len()) && text.bytes().all(allowed);
        if fits && text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPackageName)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PackageName({})", self.0)
    }
}

impl TryFrom<String> for PackageName {
    type Error = InvalidPackageName;

    fn try_from(text: String) -> Result<Self, InvalidPackageName> {
        Self::parse(&text)
    }
}

impl From<PackageName> for String {
    fn from(name: PackageName) -> String {
        name.0
    }
}

/// What an encoder must present to publish. A secret: it prints as stars and has no serde, so it cannot slip into a
/// log line or a row; [`StreamKey::expose`] is the one way out.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamKey(String);

impl StreamKey {
    /// Makes a key of 160 random bits given by the caller: 32 characters.
    pub fn from_random(bytes: [u8; 20]) -> Self {
        Self(to_base32(&bytes))
    }

    /// Takes a key the user chose or one stored earlier.
    ///
    /// # Errors
    /// [`InvalidKey`] unless it has 8 to 128 characters that need no escaping in a URL.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (KEY_MIN_CHARS..=KEY_MAX_CHARS).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidKey)
        }
    }

    /// The key in the clear, to be compared with what a publisher sent or shown to the user who asked for it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKey(***)")
    }
}

impl fmt::Display for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Base32 without padding; a last group shorter than 5 bits is filled with zeros (RFC 4648 s6).
fn to_base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut pending, mut pending_bits) = (0u32, 0u32);
    for &byte in bytes {
        pending = (pending << 8 | u32::from(byte)) & 0xfff;
        pending_bits += 8;
        while pending_bits >= 5 {
            pending_bits -= 5;
            text.push(char::from(BASE32[(pending >> pending_bits & 31) as usize]));
        }
    }
    if pending_bits > 0 {
        text.push(char::from(BASE32[(pending << (5 - pending_bits) & 31) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base32_agrees_with_the_rfc() {
        // RFC 4648 s10, lower case and without padding.
        for (bytes, text) in
            [("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foob", "mzxw6yq"), ("foobar", "mzxw6ytboi")]
        {
            assert_eq!(to_base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn an_id_refuses_every_other_form() {
        let id = StreamId::from_random([0xab; 16]);
        let long = format!("{id}a");
        let upper = id.as_str().to_uppercase();
        for text in ["", "abc", &long, &upper, "../../../../../etc/passwd.", "éééééééééééée"] {
            assert_eq!(StreamId::parse(text), Err(InvalidId), "{text}");
        }
    }

    #[test]
    fn a_short_id_tells_the_kind_of_stream() {
        let id = StreamId::from_random([0xab; 16]);
        assert_eq!(id.short(Delivery::Managed), format!("m{}", &id.as_str()[..10]));
        assert_eq!(id.short(Delivery::Unmanaged), format!("s{}", &id.as_str()[..10]));
        assert!(id.short(Delivery::Managed).len() <= 12, "what travels over Bluetooth is short");
    }

    #[test]
    fn a_package_name_is_one_or_is_refused() {
        let long = "p".repeat(129);
        let refused = [
            "",
            "12.34",
            "..",
            "-",
            "com example",
            "com/example",
            "com:cam",
            "é",
            "a\n",
            " com.example ",
            &long,
        ];
        for text in refused {
            assert_eq!(PackageName::parse(text), Err(InvalidPackageName), "{text:?}");
            assert!(serde_json::from_value::<PackageName>(text.into()).is_err(), "{text:?}");
        }
        for text in ["com.example.cam", "a", "Cam_2-b.9", &long[1..]] {
            let name = PackageName::parse(text).unwrap();
            assert_eq!((name.as_str(), name.to_string().as_str()), (text, text));
            let json = serde_json::to_string(&name).unwrap();
            assert_eq!(serde_json::from_str::<PackageName>(&json).unwrap(), name);
        }
    }

    #[test]
    fn an_id_is_validated_when_read_from_json() {
        let id = PlaybackId::from_random([3; 16]);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<PlaybackId>(&json).unwrap(), id);
        assert!(serde_json::from_str::<PlaybackId>("\"short\"").is_err());
    }

    #[test]
    fn a_key_never_prints_itself() {
        let key = StreamKey::parse("very-secret_key9").unwrap();
        let printed = format!("{key} {key:?} {:#?}", Some(&key));
        assert!(!printed.contains("secret"), "{printed}");
        assert_eq!(key.expose(), "very-secret_key9");
    }

    #[test]
    fn a_key_that_would_need_escaping_is_refused() {
        let long = "k".repeat(129);
        for text in ["", "short", "with space", "slash/slash", "query?key=1", "schlüssel", &long] {
            assert_eq!(StreamKey::parse(text), Err(InvalidKey), "{text}");
        }
        assert_eq!(StreamKey::from_random([0xff; 20]).expose().len(), 32);
    }

    proptest! {
        #[test]
        fn ids_round_trip(bytes: [u8; 16], other: [u8; 16]) {
            let id = StreamId::from_random(bytes);
            prop_assert_eq!(StreamId::parse(id.as_str()), Ok(id.clone()));
            prop_assert_eq!(id == StreamId::from_random(other), bytes == other);
        }

        #[test]
        fn a_random_key_can_be_stored_and_read_again(bytes: [u8; 20]) {
            let key = StreamKey::from_random(bytes);
            prop_assert_eq!(StreamKey::parse(key.expose()), Ok(key));
        }

        #[test]
        fn parsing_never_panics(text: String) {
            let _ = (StreamId::parse(&text), StreamKey::parse(&text), PackageName::parse(&text));
        }
    }
}
