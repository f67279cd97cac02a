//! How a wire object is read and written: [`Field`] is one member, [`Object`] the whole, two macros declare them.
//!
//! Reading is lenient on purpose. A peer's odd member (`"width": "big"`, `null`, a list where text belongs) stays in `extra`
//! with its field empty, so it neither fails the message nor is lost when the message is written again. Only a member
//! without which the message means nothing is required.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::Generation;

/// One member's value.
pub(crate) trait Field: Sized {
    /// The value of a member that is not there; `None` if the member is required.
    fn absent() -> Option<Self> {
        None
    }
    /// The value, or `None` if `value` has another shape.
    fn read(value: &Value) -> Option<Self>;
    /// The value as an element of a list.
    fn read_in_list(value: &Value) -> Option<Self> {
        Self::read(value)
    }
    /// Whether the member is written at all.
    fn is_present(&self) -> bool {
        true
    }
    /// Whether it gives way to an odd member of its name, kept in `extra`.
    fn is_blank(&self) -> bool {
        false
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// A JSON object with known members and `extra` ones.
pub(crate) trait Object: Sized {
    /// Names of the known members, for tests that try each.
    #[cfg(test)]
    const MEMBERS: &'static [&'static str];
    /// Takes its members out of `members`; the rest becomes `extra`. The error is the required member that is missing.
    fn read_members(members: Map<String, Value>) -> Result<Self, &'static str>;
    /// Writes what is present, then `extra`. A message (`is_message`) keeps `type` for itself.
    fn write_members<M: SerializeMap>(&self, map: &mut M, is_message: bool) -> Result<(), M::Error>;
    fn names(&self) -> Generation {
        Generation::Rtmp2025
    }
    fn set_names(&mut self, _names: Generation) {}
}

/// Serialises a field the way its [`Field`] says.
pub(crate) struct Written<'a, T>(pub(crate) &'a T);

impl<T: Field> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// Takes the first of `names` that reads as `T`, and its aliases if they say the same.
pub(crate) fn take<T: Field>(members: &mut Map<String, Value>, names: &[&str]) -> Option<T> {
    for name in names {
        let Some(value) = members.get(*name) else { continue };
        let Some(field) = T::read(value) else { continue };
        let Some(value) = members.remove(*name) else { continue };
        for alias in names {
            if members.get(*alias) == Some(&value) {
                members.remove(*alias);
            }
        }
        return Some(field);
    }
    T::absent()
}

impl<T: Field> Field for Option<T> {
    fn absent() -> Option<Self> {
        Some(None)
    }
    fn read(value: &Value) -> Option<Self> {
        if value.is_null() { None } else { T::read(value).map(Some) }
    }
    fn is_present(&self) -> bool {
        self.is_some()
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(field) => field.write(serializer),
            None => serializer.serialize_unit(),
        }
    }
}

/// A list that is not there is an empty one; an empty one is written.
impl<T: Field> Field for Vec<T> {
    fn absent() -> Option<Self> {
        Some(Self::new())
    }
    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::read_in_list).collect()
    }
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Written))
    }
}

/// `null` is the same as not there.
impl Field for Value {
    fn absent() -> Option<Self> {
        Some(Self::Null)
    }
    fn read(value: &Value) -> Option<Self> {
        (!value.is_null()).then(|| value.clone())
    }
    fn read_in_list(value: &Value) -> Option<Self> {
        Some(value.clone())
    }
    fn is_present(&self) -> bool {
        !self.is_null()
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}

impl Field for String {
    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl Field for bool {
    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*self)
    }
}

/// Past this a JavaScript number is no longer exact, so it means nothing exact to anyone here either.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// A whole number of at least 0, also when a peer writes it as `30.0`.
impl Field for u64 {
    fn read(value: &Value) -> Option<Self> {
        let whole = value.as_f64().filter(|number| number.fract() == 0.0 && *number >= 0.0)?;
        value.as_u64().or(Some(whole as Self)).filter(|number| *number <= MAX_SAFE_INTEGER)
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(*self)
    }
}

impl Field for u32 {
    fn read(value: &Value) -> Option<Self> {
        u64::read(value)?.try_into().ok()
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(*self)
    }
}

/// Written as JavaScript writes it: 30, not 30.0.
impl Field for f64 {
    fn read(value: &Value) -> Option<Self> {
        let number = value.as_f64()?;
        (value.is_f64() || number.abs() <= MAX_SAFE_INTEGER as Self).then_some(number)
    }
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.fract() == 0.0 && self.abs() <= MAX_SAFE_INTEGER as Self {
            serializer.serialize_i64(*self as i64)
        } else {
            serializer.serialize_f64(*self)
        }
    }
}

/// Declares a wire object: `field: Type = "wireName" | "alias"`, with `also "name"` for a second name it is written under.
/// `as names` adds the field that remembers which of two message names it came under.
macro_rules! wire_object {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$field_meta:meta])* $field:ident: $ty:ty = $wire:literal $(| $alias:literal)* $(also $also:literal)?,)*
        } $(as $names:ident)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Default)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $ty,)*
            $(
                /// The name set the message came under or goes out under.
                pub $names: $crate::Generation,
            )?
            /// Every other member, as it came; written back as it is.
            pub extra: serde_json::Map<String, serde_json::Value>,
        }

        impl $crate::object::Object for $name {
            #[cfg(test)]
            const MEMBERS: &'static [&'static str] = &[$($wire),*];

            fn read_members(mut members: serde_json::Map<String, serde_json::Value>) -> Result<Self, &'static str> {
                Ok(Self {
                    $($field: $crate::object::take(&mut members, &[$wire $(, $alias)*]).ok_or($wire)?,)*
                    $($names: Default::default(),)?
                    extra: members,
                })
            }

            fn write_members<M: serde::ser::SerializeMap>(&self, map: &mut M, is_message: bool) -> Result<(), M::Error> {
                let mut written: Vec<&str> = Vec::new();
                if is_message {
                    written.push("type");
                }
                $(
                    let is_odd = $crate::object::Field::is_blank(&self.$field) && self.extra.contains_key($wire);
                    if $crate::object::Field::is_present(&self.$field) && !is_odd {
                        map.serialize_entry($wire, &$crate::object::Written(&self.$field))?;
                        written.push($wire);
                        $(
                            map.serialize_entry($also, &$crate::object::Written(&self.$field))?;
                            written.push($also);
                        )?
                    }
                )*
                for (name, value) in &self.extra {
                    if !written.contains(&name.as_str()) {
                        map.serialize_entry(name, value)?;
                    }
                }
                Ok(())
            }

            $(
                fn names(&self) -> $crate::Generation {
                    self.$names
                }
                fn set_names(&mut self, names: $crate::Generation) {
                    self.$names = names;
                }
            )?
        }

        impl $crate::object::Field for $name {
            fn read(value: &serde_json::Value) -> Option<Self> {
                <Self as $crate::object::Object>::read_members(value.as_object()?.clone()).ok()
            }
            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serde::Serializer::serialize_map(serializer, None)?;
                $crate::object::Object::write_members(self, &mut map, false)?;
                serde::ser::SerializeMap::end(map)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::object::Field::write(self, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let members = serde::Deserialize::deserialize(deserializer)?;
                <Self as $crate::object::Object>::read_members(members).map_err(serde::de::Error::missing_field)
            }
        }

        /// The object as JSON, masked like the frame log.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::message::debug(f, stringify!($name), self)
            }
        }
    };
}
pub(crate) use wire_object;

/// Declares a status word: `Variant = "word"`, any other word kept in `Other`.
macro_rules! wire_words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
            /// A word this list does not have, as it came.
            Other(String),
        }

        impl $name {
            /// Every word of the list; `Other` apart.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word as the wire has it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }

            /// Reads a word; one that is not in the list is kept.
            pub fn parse(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::object::Field for $name {
            fn read(value: &serde_json::Value) -> Option<Self> {
                value.as_str().map(Self::parse)
            }
            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer).map(|word| Self::parse(&word))
            }
        }
    };
}
pub(crate) use wire_words;
