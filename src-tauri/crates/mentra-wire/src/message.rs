//! A message: an object whose `type` says which one it is. [`Unknown`] keeps the types this crate does not know.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::error::WireError;
use crate::mask::mask;
use crate::object::Object;

/// The longest text that is read, in bytes. The largest real message is about 2 KiB.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;
/// How deep lists and objects may nest. The deepest real message nests 6.
pub const MAX_NESTING: usize = 32;

/// Which of the two name sets of direct streaming a peer speaks. Glasses and phones of 2025 know the `rtmp_` names only,
/// those of 2026 the plain ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Generation {
    /// `rtmp_stream_request`, `start_rtmp_stream`, `keep_rtmp_stream_alive`, ...
    #[default]
    Rtmp2025,
    /// `stream_request`, `start_stream`, `keep_stream_alive`, ...
    Stream2026,
}

/// A message of a type this crate does not know, kept whole.
#[derive(Clone, PartialEq)]
pub struct Unknown {
    /// Its `type`.
    pub type_name: String,
    /// Every member but `type`.
    pub members: Map<String, Value>,
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unknown {}", mask(&json(&self.type_name, self)))
    }
}

impl Object for Unknown {
    #[cfg(test)]
    const MEMBERS: &'static [&'static str] = &[];

    fn read_members(members: Map<String, Value>) -> Result<Self, &'static str> {
        Ok(Self { type_name: String::new(), members })
    }
    fn write_members<M: SerializeMap>(&self, map: &mut M, _is_message: bool) -> Result<(), M::Error> {
        for (name, value) in self.members.iter().filter(|(name, _)| *name != "type") {
            map.serialize_entry(name, value)?;
        }
        Ok(())
    }
}

/// Reads `text` as an object and takes its `type` out.
pub(crate) fn members(text: &str) -> Result<(String, Map<String, Value>), WireError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(WireError::TooLong { bytes: text.len() });
    }
    if nesting(text) > MAX_NESTING {
        return Err(WireError::TooDeep);
    }
    let value = serde_json::from_str(text)
        .map_err(|error| WireError::NotJson { line: error.line(), column: error.column() })?;
    let Value::Object(mut members) = value else { return Err(WireError::NotAnObject) };
    match members.remove("type") {
        Some(Value::String(type_name)) => Ok((type_name, members)),
        _ => Err(WireError::NoType),
    }
}

/// The deepest nesting of lists and objects in a text, JSON or not; brackets inside strings do not count.
pub(crate) fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut in_string = false;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if in_string => {
                bytes.next();
            }
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Reads the members of a known type.
pub(crate) fn known<T: Object>(
    type_name: &str,
    names: Generation,
    members: Map<String, Value>,
) -> Result<T, WireError> {
    match T::read_members(members) {
        Ok(mut object) => {
            object.set_names(names);
            Ok(object)
        }
        Err(member) => Err(WireError::Member { type_name: type_name.to_owned(), member }),
    }
}

struct Typed<'a, T> {
    type_name: &'a str,
    object: &'a T,
}

impl<T: Object> Serialize for Typed<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.type_name)?;
        self.object.write_members(&mut map, true)?;
        map.end()
    }
}

/// Writes a message, `type` first.
pub(crate) fn json<T: Object>(type_name: &str, object: &T) -> String {
    serde_json::to_string(&Typed { type_name, object }).expect("text keys and JSON values always write")
}

/// The `Debug` of every wire object.
pub(crate) fn debug(f: &mut fmt::Formatter<'_>, name: &str, object: &impl Serialize) -> fmt::Result {
    let text = serde_json::to_string(object).map_err(|_| fmt::Error)?;
    write!(f, "{name} {}", mask(&text))
}

/// Declares the messages of one direction: `Variant(Object) = ["type", "second name"]`. The first name is the one written,
/// unless the object remembers, or the caller says, that the peer speaks the second set.
macro_rules! wire_messages {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident($object:ty) = [$first:literal $(, $second:literal)?],)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $($(#[$variant_meta])* $variant($object),)*
            /// A type this crate does not know.
            Unknown($crate::Unknown),
        }

        impl $name {
            /// Every name of every message, and its object's members.
            #[cfg(test)]
            pub(crate) const MESSAGES: &'static [(&'static str, &'static [&'static str])] = &[$(
                ($first, <$object as $crate::object::Object>::MEMBERS),
                $(($second, <$object as $crate::object::Object>::MEMBERS),)?
            )*];

            /// Reads one frame. An unknown type is not an error.
            ///
            /// # Errors
            /// If the text is not a JSON object with a `type`, exceeds [`MAX_TEXT_BYTES`](crate::MAX_TEXT_BYTES) or
            /// [`MAX_NESTING`](crate::MAX_NESTING), or lacks a member its type cannot do without.
            pub fn parse(text: &str) -> Result<Self, $crate::WireError> {
                let (type_name, members) = $crate::message::members(text)?;
                match type_name.as_str() {
                    $(
                        $first => $crate::message::known(&type_name, $crate::Generation::Rtmp2025, members).map(Self::$variant),
                        $($second => $crate::message::known(&type_name, $crate::Generation::Stream2026, members).map(Self::$variant),)?
                    )*
                    _ => Ok(Self::Unknown($crate::Unknown { type_name, members })),
                }
            }

            /// The `type` it is written with.
            pub fn type_name(&self) -> &str {
                self.type_name_in(None)
            }

            pub(crate) fn type_name_in(&self, names: Option<$crate::Generation>) -> &str {
                match self {
                    $(Self::$variant(object) => {
                        let names = names.unwrap_or_else(|| $crate::object::Object::names(object));
                        let second: Option<&'static str> = None $(.or(Some($second)))?;
                        second.filter(|_| names == $crate::Generation::Stream2026).unwrap_or($first)
                    })*
                    Self::Unknown(unknown) => &unknown.type_name,
                }
            }

            /// Writes it under the names it carries, or under those of `names`.
            fn json_in(&self, names: Option<$crate::Generation>) -> String {
                let type_name = self.type_name_in(names);
                match self {
                    $(Self::$variant(object) => $crate::message::json(type_name, object),)*
                    Self::Unknown(unknown) => $crate::message::json(type_name, unknown),
                }
            }
        }
    };
}
pub(crate) use wire_messages;

#[cfg(test)]
mod tests;
