//! Where to push a stream: what creators paste, read.

use std::fmt;
use std::net::Ipv6Addr;

use thiserror::Error;

const RTMP_PORT: u16 = 1935;
const RTMPS_PORT: u16 = 443;

/// Where to push. `Debug` and `Display` show protocol, host and port only: every other part may hold the stream key.
///
/// Percent-encoding is kept as it was pasted, since servers compare it undecoded.
#[derive(Clone, PartialEq, Eq)]
pub struct PublishTarget {
    /// `rtmps`: TLS from the first byte.
    pub tls: bool,
    /// Name or address; an IPv6 address without its brackets.
    pub host: String,
    /// Port; 1935 or, for `rtmps`, 443 where the URL names none.
    pub port: u16,
    /// Application: the path without empty parts and without the stream name, with the URL's query if the key came
    /// apart. Empty for servers that have none.
    pub app: String,
    /// The URL up to the application, for `connect`.
    pub tc_url: String,
    stream_name: String,
}

/// Why an address cannot be pushed to; the text is for the creator who typed it and repeats none of it but the
/// protocol.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TargetError {
    /// No protocol before the host.
    #[error("The address has to begin with rtmp:// or rtmps://.")]
    MissingScheme,
    /// Another protocol than RTMP.
    #[error("{0}:// is not supported here. The address has to begin with rtmp:// or rtmps://.")]
    WrongScheme(String),
    /// Nothing between the protocol and the path.
    #[error("The address names no server. It should look like rtmp://server/app.")]
    MissingHost,
    /// The host is no name, IPv4 address or IPv6 address in brackets.
    #[error("The server's name in the address is not valid. An IPv6 address has to be in [brackets].")]
    BadHost,
    /// Not a number from 1 to 65535.
    #[error("The port in the address has to be a number from 1 to 65535.")]
    BadPort,
    /// `user:password@` before the host. It means nothing to RTMP itself, and the one service family that asked for
    /// it wants a login of its own; like that of ffmpeg, our `tcUrl` would leave it out, so it is not taken at all.
    #[error(
        "Remove the user name and password before the @ in the address. Services tell who you are by the stream key."
    )]
    UserInfo,
    /// No key, and no path to take one from.
    #[error("The stream key is missing.")]
    MissingStreamName,
    /// Spaces inside the address, or control characters in address or key.
    #[error("The address or the stream key contains a space or line break. Copy it again.")]
    Whitespace,
}

impl PublishTarget {
    /// Reads an address and a stream key as pasted, with white space around them. The key may be empty: then the last
    /// part of the path is the stream name, query included; everything before it is the application. A key pasted
    /// into both fields counts once.
    ///
    /// # Errors
    /// When the address is no RTMP URL, or there is no stream name.
    pub fn parse(url: &str, key: &str) -> Result<Self, TargetError> {
        let key = key.trim();
        if key.contains(char::is_control) {
            return Err(TargetError::Whitespace);
        }
        let Url { tls, authority, path, query } = Url::parse(url)?;
        let Authority { host, port } = Authority::parse(authority)?;
        let mut parts: Vec<&str> = path_parts(path).collect();
        // The key field is the creator's own words: only slashes that would double are cut off.
        let key = key.trim_start_matches('/');
        let tail = parts.last().map(|last| format!("{last}{query}"));
        let (stream_name, app_query) = if key.is_empty() || tail.as_deref() == Some(key) {
            parts.pop();
            (tail.ok_or(TargetError::MissingStreamName)?, "")
        } else {
            (key.to_owned(), query)
        };
        let app = parts.join("/") + app_query;
        let scheme = if tls { "rtmps" } else { "rtmp" };
        let tc_url = format!("{scheme}://{authority}/{app}");
        let port = port.unwrap_or(if tls { RTMPS_PORT } else { RTMP_PORT });
        Ok(Self { tls, host: host.to_owned(), port, app, tc_url, stream_name })
    }

    /// What `publish` names, for most services the stream key. Never log or store it.
    pub fn stream_name(&self) -> &str {
        &self.stream_name
    }

    /// The same target with one more query parameter of the stream name, such as `bandwidthtest=true`.
    #[must_use]
    pub fn with_query(mut self, name_value: &str) -> Self {
        if !self.stream_name.contains('?') {
            self.stream_name.push('?');
        } else if !self.stream_name.ends_with(['?', '&']) {
            self.stream_name.push('&');
        }
        self.stream_name.push_str(name_value);
        self
    }
}

impl fmt::Display for PublishTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tls, host, port, .. } = self;
        let scheme = if *tls { "rtmps" } else { "rtmp" };
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{host}:{port}")
        }
    }
}

impl fmt::Debug for PublishTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublishTarget({self})")
    }
}

/// A key pasted into the address field, to be moved: the address without it, and the key with its query. It is the
/// last part of a path of two or more; a path of one part is an application.
///
/// What the path alone cannot tell: applications of two parts. So an address that is known to be an ingest, such as a
/// preset's own, is not to be asked about.
pub fn split_key(url: &str) -> Option<(String, String)> {
    let Url { path, query, .. } = Url::parse(url).ok()?;
    let key = path_parts(path).next_back()?;
    if path_parts(path).count() < 2 {
        return None;
    }
    let url = url.trim();
    let path_end = url.len() - query.len();
    let key_start = url[..path_end].trim_end_matches('/').len() - key.len();
    let without = url[..key_start].trim_end_matches('/').to_owned();
    Some((without, format!("{key}{query}")))
}

/// The pieces of an RTMP URL, slices of it.
struct Url<'a> {
    tls: bool,
    authority: &'a str,
    path: &'a str,
    /// With its question mark; empty when there is none.
    query: &'a str,
}

impl<'a> Url<'a> {
    fn parse(url: &'a str) -> Result<Self, TargetError> {
        let url = url.trim();
        let (scheme, rest) = url.split_once("://").ok_or(TargetError::MissingScheme)?;
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.');
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "rtmp" => false,
            "rtmps" => true,
            // Anything longer is no protocol, and may be a key.
            other if (1..=8).contains(&other.len()) && other.chars().all(is_name) => {
                return Err(TargetError::WrongScheme(other.to_owned()));
            }
            _ => return Err(TargetError::MissingScheme),
        };
        if rest.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
            return Err(TargetError::Whitespace);
        }
        let (before_query, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        let (authority, path) = before_query.split_at(before_query.find('/').unwrap_or(before_query.len()));
        Ok(Self { tls, authority, path, query })
    }
}

/// Host and port.
struct Authority<'a> {
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Authority<'a> {
    fn parse(authority: &'a str) -> Result<Self, TargetError> {
        if authority.contains('@') {
            return Err(TargetError::UserInfo);
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(bracketed) => {
                let (host, after) = bracketed.split_once(']').ok_or(TargetError::BadHost)?;
                // A zone such as %eth0 is for the resolver.
                let address = host.split_once('%').map_or(host, |(address, _zone)| address);
                address.parse::<Ipv6Addr>().map_err(|_| TargetError::BadHost)?;
                let port = if after.is_empty() {
                    ""
                } else {
                    after.strip_prefix(':').ok_or(TargetError::BadHost)?
                };
                (host, port)
            }
            None => {
                let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
                if port.contains(':') || host.contains(['[', ']', '\\', '#']) {
                    return Err(TargetError::BadHost);
                }
                (host, port)
            }
        };
        if host.is_empty() {
            return Err(TargetError::MissingHost);
        }
        let port = match port {
            "" => None,
            digits if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                Some(digits.parse().ok().filter(|&port| port > 0).ok_or(TargetError::BadPort)?)
            }
            _ => return Err(TargetError::BadPort),
        };
        Ok(Self { host, port })
    }
}

/// The parts of a path; empty ones, as double and trailing slashes make them, are none.
fn path_parts(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests;
