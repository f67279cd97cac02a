//! Where a webhook may send us. Webhooks are not signed and the API key goes to whatever address they name, so only to
//! MentraOS' own hosts, this computer, and hosts the user listed.

use std::net::IpAddr;

use mentra_wire::{Dialect, SessionRequest};
use reqwest::Url;

/// MentraOS' own hosts, and all below them.
const MENTRA: [&str; 3] = ["mentra.glass", "mentraglass.com", "augmentos.org"];

/// An address that may be dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    /// The whole, as the request names it.
    pub(crate) url: String,
    /// Name or address, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: bool,
    /// Whether its name must lead to this computer.
    pub(crate) loopback: bool,
}

impl Destination {
    /// Reads an address: `secure` and `plain` are its two schemes.
    ///
    /// # Errors
    /// In words, when it is none.
    pub(crate) fn parse(text: &str, secure: &str, plain: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).map_err(|_| "it is no address".to_owned())?;
        let tls = url.scheme() == secure;
        if !tls && url.scheme() != plain {
            return Err(format!("it does not begin with {secure}://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it carries a user name".to_owned());
        }
        let host = bare(url.host_str().unwrap_or_default());
        if host.is_empty() {
            return Err("it names no computer".to_owned());
        }
        let port = url.port_or_known_default().unwrap_or(if tls { 443 } else { 80 });
        let loopback = match host.parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => host == "localhost",
        };
        Ok(Self { url: url.into(), host, port, tls, loopback })
    }

    /// The same for `{base}/{leaf}`; a query of the base is left out.
    ///
    /// # Errors
    /// In words, when the base is no address.
    pub(crate) fn below(base: &str, leaf: &str, secure: &str, plain: &str) -> Result<Self, String> {
        let base = base.split(['?', '#']).next().unwrap_or_default().trim();
        // Without this, `https://` would make the leaf a host.
        Self::parse(base, secure, plain)?;
        Self::parse(&format!("{}/{leaf}", base.trim_end_matches('/')), secure, plain)
    }

    /// `host:port`, brackets around an IPv6 address.
    pub(crate) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    fn is_mentras(&self) -> bool {
        MENTRA.iter().any(|ours| {
            let below = self.host.strip_suffix(ours).is_some_and(|rest| rest.ends_with('.'));
            below || self.host == *ours
        })
    }

    fn is_listed(&self, clouds: &[String]) -> bool {
        clouds.iter().any(|listed| {
            // Whoever copied a whole address meant its host.
            let listed = listed.trim().split_once("://").map_or(listed.trim(), |(_, rest)| rest);
            let listed = listed.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
            match port_of(&listed) {
                Some((host, port)) => bare(host) == self.host && port == self.port,
                None => !listed.is_empty() && bare(&listed) == self.host,
            }
        })
    }
}

/// Splits `host:port`; None without a port.
fn port_of(listed: &str) -> Option<(&str, u16)> {
    let (host, port) = listed.rsplit_once(':')?;
    // The colons of an IPv6 address without brackets are its own.
    if host.contains(':') && !host.ends_with(']') {
        return None;
    }
    Some((host, port.parse().ok()?))
}

/// Without the brackets of an IPv6 address and the dot at the end of a name.
fn bare(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// Which WebSocket a request wants dialled, and in which dialect.
///
/// # Errors
/// In words for a person, when there is none, or none that may be dialled.
pub(crate) fn choose(request: &SessionRequest, clouds: &[String]) -> Result<(Destination, Dialect), String> {
    let named = |dialect| request.url(dialect).map(str::trim).filter(|url| !url.is_empty());
    let (url, dialect) = named(Dialect::Classic)
        .map(|url| (url, Dialect::Classic))
        .or_else(|| named(Dialect::V3).map(|url| (url, Dialect::V3)))
        .ok_or("The call names no WebSocket to connect to.")?;
    let destination = Destination::parse(url, "wss", "ws")
        .map_err(|why| format!("The call names an address that cannot be dialled: {why}."))?;
    let allowed = destination.loopback
        || (destination.tls && destination.is_mentras())
        || destination.is_listed(clouds);
    if allowed {
        return Ok((destination, dialect));
    }
    if destination.is_mentras() {
        return Err("The call asks for a connection without encryption; the API key was not sent.".to_owned());
    }
    Err(format!(
        "The call wants a connection to {}, which is no MentraOS cloud; the API key was not sent. If it is yours, add it to \
         the clouds you trust.",
        destination.authority()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(url: &str, clouds: &[&str]) -> bool {
        let request = SessionRequest { mentraos_websocket_url: Some(url.to_owned()), ..Default::default() };
        let clouds: Vec<String> = clouds.iter().map(|cloud| (*cloud).to_owned()).collect();
        choose(&request, &clouds).is_ok()
    }

    #[test]
    fn the_key_goes_only_where_it_belongs() {
        for (url, clouds, wanted) in [
            ("wss://mentra.glass/app-ws", &[][..], true),
            ("wss://api.mentra.glass/app-ws", &[], true),
            ("wss://API.Mentra.Glass./app-ws", &[], true),
            ("wss://prod.augmentos.org:8443/app-ws", &[], true),
            ("wss://a.b.mentraglass.com/app-ws", &[], true),
            ("ws://api.mentra.glass/app-ws", &[], false),
            ("wss://evilmentra.glass/app-ws", &[], false),
            ("wss://mentra.glass.evil.example/app-ws", &[], false),
            ("wss://evil.example/mentra.glass", &[], false),
            ("wss://mentra.glass@evil.example/", &[], false),
            ("wss://user:pass@mentra.glass/", &[], false),
            ("wss://evil.example#mentra.glass", &[], false),
            ("wss://evil.example\\.mentra.glass/", &[], false),
            ("https://api.mentra.glass/app-ws", &[], false),
            ("ws://127.0.0.1:8002/app-ws", &[], true),
            ("wss://127.0.0.1/app-ws", &[], true),
            ("ws://127.9.9.9:8002/app-ws", &[], true),
            ("ws://[::1]:8002/app-ws", &[], true),
            ("ws://[::ffff:127.0.0.1]:8002/app-ws", &[], true),
            ("ws://localhost:8002/app-ws", &[], true),
            ("ws://localhost.evil.example/app-ws", &[], false),
            ("ws://192.168.1.7:8002/app-ws", &[], false),
            ("ws://0.0.0.0:8002/app-ws", &[], false),
            ("ws://192.168.1.7:8002/app-ws", &["192.168.1.7"], true),
            ("ws://192.168.1.7:8002/app-ws", &["192.168.1.7:8002"], true),
            ("ws://192.168.1.7:8003/app-ws", &["192.168.1.7:8002"], false),
            ("wss://cloud.example/app-ws", &[" Cloud.Example "], true),
            ("wss://cloud.example/app-ws", &["cloud.example:443"], true),
            ("wss://cloud.example/app-ws", &["wss://cloud.example/app-ws"], true),
            ("wss://sub.cloud.example/app-ws", &["cloud.example"], false),
            ("ws://[fd00::1]:80/app-ws", &["fd00::1"], true),
            ("ws://[fd00::1]:81/app-ws", &["[fd00::1]:80"], false),
            ("wss://cloud.example/app-ws", &["", ":443", "://"], false),
            ("", &[], false),
            ("wss://", &[], false),
            ("not an address", &[], false),
        ] {
            assert_eq!(allowed(url, clouds), wanted, "{url} {clouds:?}");
        }
    }

    #[test]
    fn the_first_name_that_says_anything_decides_the_dialect() {
        let of = |classic: Option<&str>, older: Option<&str>, v3: Option<&str>| {
            let named = |name: Option<&str>| name.map(|name| format!("ws://127.0.0.1:1/{name}"));
            let request = SessionRequest {
                mentraos_websocket_url: named(classic),
                augmentos_websocket_url: named(older),
                websocket_url: named(v3),
                ..Default::default()
            };
            choose(&request, &[]).map(|(destination, dialect)| (destination.url, dialect))
        };
        let classic = ("ws://127.0.0.1:1/a".to_owned(), Dialect::Classic);
        assert_eq!(of(Some("a"), Some("b"), Some("c")), Ok(classic.clone()));
        assert_eq!(of(None, Some("a"), Some("c")), Ok(classic));
        assert_eq!(of(None, None, Some("c")), Ok(("ws://127.0.0.1:1/c".to_owned(), Dialect::V3)));
        assert!(of(None, None, None).expect_err("nothing").contains("no WebSocket"));
        let blank = SessionRequest {
            mentraos_websocket_url: Some(" ".to_owned()),
            websocket_url: Some("ws://127.0.0.1:1/c".to_owned()),
            ..Default::default()
        };
        assert_eq!(choose(&blank, &[]).expect("v3").1, Dialect::V3);
    }

    #[test]
    fn a_forbidden_one_is_named_and_told_what_to_do() {
        let request = SessionRequest {
            mentraos_websocket_url: Some("wss://evil.example/app-ws?k=1".to_owned()),
            ..Default::default()
        };
        let words = choose(&request, &[]).expect_err("forbidden");
        assert!(words.contains("evil.example:443") && words.contains("add it"), "{words}");
        assert!(!words.contains("k=1"), "{words}");
    }
}
