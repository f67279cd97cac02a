//! AMF0 values, the language of RTMP commands and metadata (Adobe AMF 0, 2007).
//!
//! Decoding treats its input as hostile: nesting stops at [`MAX_DEPTH`], the number of values at [`MAX_VALUES`], and
//! no length taken from the wire is ever reserved before its bytes were seen.

use thiserror::Error;

/// Deepest nesting of objects and arrays that is decoded or encoded. Real commands use three levels.
pub const MAX_DEPTH: usize = 32;

/// Most values (properties and elements included) one decoding produces. Keyframe indexes in `onMetaData` of pushed
/// files reach thousands; more is an attack.
pub const MAX_VALUES: usize = 16_384;

mod marker {
    pub(super) const NUMBER: u8 = 0x00;
    pub(super) const BOOLEAN: u8 = 0x01;
    pub(super) const STRING: u8 = 0x02;
    pub(super) const OBJECT: u8 = 0x03;
    pub(super) const NULL: u8 = 0x05;
    pub(super) const UNDEFINED: u8 = 0x06;
    pub(super) const ECMA_ARRAY: u8 = 0x08;
    pub(super) const OBJECT_END: u8 = 0x09;
    pub(super) const STRICT_ARRAY: u8 = 0x0A;
    pub(super) const DATE: u8 = 0x0B;
    pub(super) const LONG_STRING: u8 = 0x0C;
    pub(super) const UNSUPPORTED: u8 = 0x0D;
    pub(super) const XML_DOCUMENT: u8 = 0x0F;
    pub(super) const TYPED_OBJECT: u8 = 0x10;
}

/// Why bytes are not an AMF0 value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Amf0Error {
    /// The value is longer than the bytes given.
    #[error("the AMF0 value is cut short")]
    UnexpectedEnd,
    /// A type marker this format does not use over RTMP (references, record sets, AMF3).
    #[error("unknown AMF0 type marker 0x{0:02x}")]
    UnknownMarker(u8),
    /// Objects are nested deeper than [`MAX_DEPTH`].
    #[error("AMF0 objects are nested too deeply")]
    TooDeep,
    /// There are more values than [`MAX_VALUES`].
    #[error("too many AMF0 values")]
    TooManyValues,
}

/// One AMF0 value. Property order is kept, since encoders and logs read better in the order of the wire.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// AMF0 s2.2: an IEEE 754 double.
    Number(f64),
    /// AMF0 s2.3.
    Boolean(bool),
    /// AMF0 s2.4: at most 65 535 bytes on the wire; longer text is encoded as [`Value::LongString`].
    String(String),
    /// AMF0 s2.5 (and s2.18, whose class name is dropped).
    Object(Vec<(String, Value)>),
    /// AMF0 s2.7.
    Null,
    /// AMF0 s2.8 (and the data-less "unsupported" marker of s2.15).
    Undefined,
    /// AMF0 s2.10: an object that claims to be an array, as `onMetaData` mostly is.
    EcmaArray(Vec<(String, Value)>),
    /// AMF0 s2.12.
    StrictArray(Vec<Value>),
    /// AMF0 s2.13: milliseconds since 1970 in UTC; the reserved time zone is dropped.
    Date(f64),
    /// AMF0 s2.14 (and XML documents, s2.17).
    LongString(String),
}

impl Value {
    /// The property `name` of an object or ECMA array; the last one wins when the wire repeats it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Self::Object(properties) | Self::EcmaArray(properties) => {
                properties.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The text of a string of either length.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) | Self::LongString(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Appends the value to `out`. Property names are cut at 65 535 bytes; an object or array
    /// [`MAX_DEPTH`] deep is written as null, so encoding never recurses without limit.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.encode_at(out, 0);
    }

    fn encode_at(&self, out: &mut Vec<u8>, depth: usize) {
        if depth == MAX_DEPTH && matches!(self, Self::Object(_) | Self::EcmaArray(_) | Self::StrictArray(_)) {
            out.push(marker::NULL);
            return;
        }
        match self {
            Self::Number(number) => {
                out.push(marker::NUMBER);
                out.extend_from_slice(&number.to_be_bytes());
            }
            Self::Boolean(flag) => out.extend_from_slice(&[marker::BOOLEAN, u8::from(*flag)]),
            Self::String(text) if text.len() <= usize::from(u16::MAX) => {
                out.push(marker::STRING);
                encode_key(text, out);
            }
            Self::String(text) | Self::LongString(text) => {
                out.push(marker::LONG_STRING);
                let text = prefix(text, u32::MAX as usize);
                out.extend_from_slice(&(text.len() as u32).to_be_bytes());
                out.extend_from_slice(text.as_bytes());
            }
            Self::Object(properties) => {
                out.push(marker::OBJECT);
                encode_properties(properties, out, depth);
            }
            Self::EcmaArray(properties) => {
                out.push(marker::ECMA_ARRAY);
                out.extend_from_slice(&(properties.len() as u32).to_be_bytes());
                encode_properties(properties, out, depth);
            }
            Self::StrictArray(values) => {
                out.push(marker::STRICT_ARRAY);
                out.extend_from_slice(&(values.len() as u32).to_be_bytes());
                values.iter().for_each(|value| value.encode_at(out, depth + 1));
            }
            Self::Date(unix_ms) => {
                out.push(marker::DATE);
                out.extend_from_slice(&unix_ms.to_be_bytes());
                out.extend_from_slice(&[0, 0]);
            }
            Self::Null => out.push(marker::NULL),
            Self::Undefined => out.push(marker::UNDEFINED),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

fn encode_properties(properties: &[(String, Value)], out: &mut Vec<u8>, depth: usize) {
    for (key, value) in properties {
        encode_key(key, out);
        value.encode_at(out, depth + 1);
    }
    out.extend_from_slice(&[0, 0, marker::OBJECT_END]);
}

fn encode_key(key: &str, out: &mut Vec<u8>) {
    let key = prefix(key, usize::from(u16::MAX));
    out.extend_from_slice(&(key.len() as u16).to_be_bytes());
    out.extend_from_slice(key.as_bytes());
}

/// The longest prefix of `text` of at most `max_bytes` that ends on a character.
fn prefix(text: &str, max_bytes: usize) -> &str {
    if text.len() <= max_bytes {
        return text;
    }
    let end = (0..=max_bytes).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..end]
}

/// Decodes exactly one value from the front of `bytes`: the value and how many bytes it took.
pub fn decode(bytes: &[u8]) -> Result<(Value, usize), Amf0Error> {
    let mut decoder = Decoder { rest: bytes, values_left: MAX_VALUES };
    let value = decoder.value(0)?;
    Ok((value, bytes.len() - decoder.rest.len()))
}

/// Decodes values until the bytes end or stop making sense, and returns what was read: encoders append garbage to
/// commands, and that is no reason to refuse the command.
pub fn decode_all(bytes: &[u8]) -> Vec<Value> {
    decode_sequence(bytes).0
}

/// As [`decode_all`], with the error that ended it, for callers that tolerate a cut but not an attack.
pub fn decode_sequence(bytes: &[u8]) -> (Vec<Value>, Option<Amf0Error>) {
    let mut decoder = Decoder { rest: bytes, values_left: MAX_VALUES };
    let mut values = Vec::new();
    while !decoder.rest.is_empty() {
        match decoder.value(0) {
            Ok(value) => values.push(value),
            Err(error) => return (values, Some(error)),
        }
    }
    (values, None)
}

struct Decoder<'a> {
    rest: &'a [u8],
    values_left: usize,
}

impl<'a> Decoder<'a> {
    fn value(&mut self, depth: usize) -> Result<Value, Amf0Error> {
        if depth > MAX_DEPTH {
            return Err(Amf0Error::TooDeep);
        }
        self.values_left = self.values_left.checked_sub(1).ok_or(Amf0Error::TooManyValues)?;
        match self.u8()? {
            marker::NUMBER => Ok(Value::Number(self.f64()?)),
            marker::BOOLEAN => Ok(Value::Boolean(self.u8()? != 0)),
            marker::STRING => Ok(Value::String(self.key()?)),
            marker::OBJECT => Ok(Value::Object(self.properties(depth, false)?)),
            marker::NULL => Ok(Value::Null),
            marker::UNDEFINED | marker::UNSUPPORTED => Ok(Value::Undefined),
            marker::ECMA_ARRAY => {
                // The count is a hint that encoders get wrong (AMF0 s2.10); the end marker decides.
                self.u32()?;
                Ok(Value::EcmaArray(self.properties(depth, true)?))
            }
            marker::STRICT_ARRAY => self.strict_array(depth),
            marker::DATE => {
                let unix_ms = self.f64()?;
                self.take(2)?;
                Ok(Value::Date(unix_ms))
            }
            marker::LONG_STRING | marker::XML_DOCUMENT => {
                let length = self.u32()? as usize;
                Ok(Value::LongString(text(self.take(length)?)))
            }
            marker::TYPED_OBJECT => {
                self.key()?;
                Ok(Value::Object(self.properties(depth, false)?))
            }
            unknown => Err(Amf0Error::UnknownMarker(unknown)),
        }
    }

    fn properties(&mut self, depth: usize, may_lack_end: bool) -> Result<Vec<(String, Value)>, Amf0Error> {
        let mut properties = Vec::new();
        loop {
            if may_lack_end && self.rest.is_empty() {
                return Ok(properties);
            }
            if self.rest.starts_with(&[0, 0, marker::OBJECT_END]) {
                self.take(3)?;
                return Ok(properties);
            }
            let key = self.key()?;
            properties.push((key, self.value(depth + 1)?));
        }
    }

    fn strict_array(&mut self, depth: usize) -> Result<Value, Amf0Error> {
        let count = self.u32()? as usize;
        if count > self.values_left {
            return Err(Amf0Error::TooManyValues);
        }
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(self.value(depth + 1)?);
        }
        Ok(Value::StrictArray(values))
    }

    fn key(&mut self) -> Result<String, Amf0Error> {
        let length = u16::from_be_bytes(self.array()?);
        Ok(text(self.take(usize::from(length))?))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Amf0Error> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Amf0Error::UnexpectedEnd)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Amf0Error> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Amf0Error::UnexpectedEnd)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, Amf0Error> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Result<u32, Amf0Error> {
        self.array().map(u32::from_be_bytes)
    }

    fn f64(&mut self) -> Result<f64, Amf0Error> {
        self.array().map(f64::from_be_bytes)
    }
}

/// Text of the wire; bytes that are not UTF-8 become the replacement character, since older encoders send Latin-1.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests;
