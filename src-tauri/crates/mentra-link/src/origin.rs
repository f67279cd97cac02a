//! Keeping web pages out: a page of any site may open a WebSocket to this computer, and would pass for a local app.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// Whether an upgrade may come from where it says. SDKs send no `Origin` (RFC 6455 s10.2). Phones send the hub's own
/// address; it must then be an IP address or `localhost`, for any site may point a name of its own at this computer.
pub(crate) fn is_welcome(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let (Ok(origin), Some(Ok(host))) = (origin.to_str(), headers.get(HOST).map(|host| host.to_str())) else {
        return false;
    };
    let Some((_, origin)) = origin.split_once("://") else { return false };
    is_plain(host) && origin.eq_ignore_ascii_case(host)
}

/// Whether a request names an IP address or `localhost` as its host.
pub(crate) fn is_for_this_computer(headers: &HeaderMap) -> bool {
    headers.get(HOST).and_then(|host| host.to_str().ok()).is_some_and(is_plain)
}

fn is_plain(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn welcome(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().expect("a header"));
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().expect("a header"));
        }
        is_welcome(&headers)
    }

    #[test]
    fn a_name_pointed_at_this_computer_is_not_this_computer() {
        for (host, wanted) in [
            ("127.0.0.1:8002", true),
            ("localhost:8002", true),
            ("[::1]:8002", true),
            ("evil.example:8002", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().expect("a header"));
            assert_eq!(is_for_this_computer(&headers), wanted, "{host}");
        }
        assert!(!is_for_this_computer(&HeaderMap::new()));
    }

    #[test]
    fn apps_and_phones_are_welcome_and_pages_are_not() {
        assert!(welcome("127.0.0.1:8002", None));
        assert!(welcome("my-mac.local:8002", None));
        assert!(welcome("192.168.1.5:8002", Some("http://192.168.1.5:8002")));
        assert!(welcome("[::1]:8002", Some("http://[::1]:8002")));
        assert!(!welcome("127.0.0.1:8002", Some("https://example.com")));
        assert!(!welcome("127.0.0.1:8002", Some("null")));
        assert!(!welcome("127.0.0.1:8002", Some("http://127.0.0.1:3000")));
        // A site's own name, pointed at this computer.
        assert!(!welcome("evil.example.com:8002", Some("http://evil.example.com:8002")));
    }
}
