//! Frames for the frame log, without the keys they carry.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::message::{MAX_NESTING, MAX_TEXT_BYTES, nesting};

const MASKED: &str = "***";

/// Parts of a member's name that say its value is a secret. Compared without case, `_` and `-`.
const SECRET_NAMES: [&str; 12] = [
    "apikey",
    "token",
    "authorization",
    "secret",
    "password",
    "passphrase",
    "streamkey",
    "cookie",
    "jwt",
    "credential",
    "privatekey",
    "signature",
];

/// URLs that apps and people open; they carry no stream key, and the point of the log is to see them.
const OPEN_URLS: [&str; 10] = [
    "hlsurl",
    "dashurl",
    "webrtcurl",
    "previewurl",
    "thumbnailurl",
    "watchurl",
    "websocketurl",
    "mentraoswebsocketurl",
    "augmentoswebsocketurl",
    "serverurl",
];

/// Schemes whose URLs are stream targets wherever they stand, even inside words.
const MEDIA_SCHEMES: [&str; 5] = ["rtmp", "rtmps", "srt", "rtsp", "rtsps"];

/// How many JSON texts inside JSON texts are looked into.
const MAX_TEXTS_IN_TEXTS: usize = 3;

/// A frame as the frame log may show it: members in their order, with `***` for
/// - the value of every member named like a key (`apiKey`, `token`, `authorization`, `password`, ...),
/// - the path after its first part (or all of it, if there is one part), the query and the user of every URL that may carry a
///   stream key: those under a member named like a URL, playback and WebSocket URLs apart, and RTMP and SRT ones anywhere,
/// - the query and user of the other URLs.
///
/// A text that is not JSON, or exceeds the limits of [`AppMessage::parse`](crate::AppMessage::parse), is only counted: nobody can
/// say where its keys are.
pub fn mask(json_text: &str) -> String {
    if json_text.len() > MAX_TEXT_BYTES || nesting(json_text) > MAX_NESTING {
        return format!("too large to show ({} bytes)", json_text.len());
    }
    masked_json(json_text, 0).unwrap_or_else(|| format!("not JSON ({} bytes)", json_text.len()))
}

/// `None` if the text is not JSON.
fn masked_json(text: &str, texts_around: usize) -> Option<String> {
    let mut node: Node = serde_json::from_str(text).ok()?;
    node.mask(Kind::Plain, texts_around);
    serde_json::to_string(&node).ok()
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Text that may mention a stream target.
    Plain,
    /// A URL that carries no key in its path.
    OpenUrl,
    /// A URL that may carry one.
    KeyUrl,
    /// A key.
    Key,
}

impl Kind {
    /// What stands under a name, inside something of the kind `outer`.
    fn of(name: &str, outer: Self) -> Self {
        let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        if SECRET_NAMES.iter().any(|secret| name.contains(secret)) {
            Self::Key
        } else if OPEN_URLS.contains(&name.as_str()) {
            Self::OpenUrl
        } else if name.contains("url") || outer == Self::KeyUrl {
            Self::KeyUrl
        } else {
            Self::Plain
        }
    }
}

/// JSON with its members in the order they came, twice if they came twice.
enum Node {
    Scalar(Value),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Goes as deep as [`MAX_NESTING`] lets a text be, in each text.
    fn mask(&mut self, kind: Kind, texts_around: usize) {
        if kind == Kind::Key {
            *self = Self::Scalar(MASKED.into());
            return;
        }
        match self {
            Self::Scalar(Value::String(text)) => *text = masked_text(text, kind, texts_around),
            Self::Scalar(_) => {}
            // What stands in a list under `urls` is a URL.
            Self::List(nodes) => nodes.iter_mut().for_each(|node| node.mask(kind, texts_around)),
            Self::Object(members) => {
                let is_setting = members.iter().any(|(name, _)| name == "value");
                // A setting is `{"key": its name, "value": ...}`; anywhere else a `key` is one.
                let named_secret =
                    is_setting && members.iter().any(|(name, node)| is_name_of_secret(name, node));
                for (name, node) in members {
                    let is_key = if is_setting { name == "value" && named_secret } else { name == "key" };
                    node.mask(if is_key { Kind::Key } else { Kind::of(name, kind) }, texts_around);
                }
            }
        }
    }
}

fn is_name_of_secret(name: &str, node: &Node) -> bool {
    let Node::Scalar(Value::String(setting)) = node else { return false };
    matches!(name, "key" | "name") && Kind::of(setting, Kind::Plain) == Kind::Key
}

fn masked_text(text: &str, kind: Kind, texts_around: usize) -> String {
    if matches!(text.trim_start().as_bytes().first(), Some(b'{' | b'[' | b'"')) {
        if texts_around == MAX_TEXTS_IN_TEXTS || nesting(text) > MAX_NESTING {
            return MASKED.to_owned();
        }
        match masked_json(text, texts_around + 1) {
            Some(masked) => return masked,
            // Half an object: nobody can say where its keys are.
            None if text.trim_start().starts_with('{') => return MASKED.to_owned(),
            None => {}
        }
    }
    match kind {
        Kind::KeyUrl if text.is_empty() => String::new(),
        Kind::KeyUrl => masked_url(text, true).unwrap_or_else(|| MASKED.to_owned()),
        _ => masked_mentions(text),
    }
}

/// Words with the URLs among them masked.
fn masked_mentions(text: &str) -> String {
    let ends_url = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`');
    let mut masked = String::with_capacity(text.len());
    for word in text.split_inclusive(ends_url) {
        let url = word.trim_end_matches(ends_url);
        // "(rtmp://..." and "to:rtmp://..." mention a URL too: its scheme is the letters before the colon.
        let colon = url.find("://");
        let scheme_length =
            |colon: usize| url[..colon].bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
        let Some((start, colon)) = colon.map(|colon| (colon - scheme_length(colon), colon)) else {
            masked.push_str(word);
            continue;
        };
        // Whatever is glued to its front, as in "tortmp://", does not make it another URL.
        let scheme = url[start..colon].to_ascii_lowercase();
        let is_media = MEDIA_SCHEMES.iter().any(|media| scheme.ends_with(media));
        masked.push_str(&url[..start]);
        masked.push_str(&masked_url(&url[start..], is_media).unwrap_or_else(|| MASKED.to_owned()));
        masked.push_str(&word[url.len()..]);
    }
    masked
}

/// A URL without its user and query, and with `hide_path` without its path past the first of several parts. `None` if it is
/// none.
fn masked_url(url: &str, hide_path: bool) -> Option<String> {
    let (scheme, rest) = url.trim().split_once("://")?;
    if scheme.is_empty() || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    // Two URLs in one: nobody can say where the first ends.
    if rest.contains("://") {
        return Some(format!("{scheme}://{MASKED}"));
    }
    let (place, query) = split_before(rest, ['?', '#']);
    let (authority, path) = split_before(place, ['/', '\\']);
    let host =
        authority.rsplit_once('@').map_or(authority.to_owned(), |(_, host)| format!("{MASKED}@{host}"));
    let query = if query.is_empty() { "" } else { "?***" };
    let parts: Vec<&str> = path.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
    let path = match parts.as_slice() {
        _ if !hide_path => path.to_owned(),
        [] => path.to_owned(),
        [_] => format!("/{MASKED}"),
        [app, ..] => format!("/{app}/{MASKED}"),
    };
    Some(format!("{scheme}://{host}{path}{query}"))
}

fn split_before(text: &str, marks: [char; 2]) -> (&str, &str) {
    text.split_at(text.find(marks).unwrap_or(text.len()))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }
    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }
    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = access.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(members))
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Scalar(value) => value.serialize(serializer),
            Self::List(nodes) => serializer.collect_seq(nodes),
            Self::Object(members) => serializer.collect_map(members.iter().map(|(name, node)| (name, node))),
        }
    }
}

#[cfg(test)]
mod tests;
