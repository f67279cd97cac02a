//! Which of the two dialects an app speaks.

use crate::{AppMessage, Generation};

/// The two dialects of the app socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// SDK 2.1.x and 3.0.0-hono.8: `/app-ws`, no headers, the `rtmp_` names.
    #[default]
    Classic,
    /// SDK v3 (3.0.0-alpha.4): `/ws/miniapp`, `x-` headers, `reconnect`, the plain names.
    V3,
}

impl Dialect {
    /// The path its apps dial.
    pub fn path(self) -> &'static str {
        match self {
            Self::Classic => "/app-ws",
            Self::V3 => "/ws/miniapp",
        }
    }

    /// What an app speaks, from the `path` it dialled, whether it sent the header `x-package-name`, and its first message:
    ///
    /// | Sign | Dialect |
    /// |---|---|
    /// | path `/ws/miniapp` (a query does not matter) | V3 |
    /// | header `x-package-name` | V3 |
    /// | first message `reconnect` | V3 |
    /// | first message an init whose `sdkVersion` is 3 or more | V3 |
    /// | first message `stream_request` or `stream_stop` | V3 |
    /// | anything else | Classic |
    pub fn of(path: &str, has_package_header: bool, first: &AppMessage) -> Self {
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        if path == Self::V3.path() || has_package_header || speaks_v3(first) {
            Self::V3
        } else {
            Self::Classic
        }
    }
}

fn speaks_v3(message: &AppMessage) -> bool {
    match message {
        AppMessage::Reconnect(_) => true,
        AppMessage::Init(init) => init.sdk_version.as_deref().and_then(major).is_some_and(|major| major >= 3),
        AppMessage::StartStream(request) => request.names == Generation::Stream2026,
        AppMessage::StopStream(stop) => stop.names == Generation::Stream2026,
        _ => false,
    }
}

/// `3` of `3.0.0-alpha.4` or `v3.0.0`.
fn major(version: &str) -> Option<u64> {
    let version = version.trim().trim_start_matches('v');
    version.split(['.', '-', '+']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sign_decides() {
        let init = r#"{"type":"tpa_connection_init","packageName":"a"}"#;
        let init_of = |version: &str| {
            format!(r#"{{"type":"tpa_connection_init","packageName":"a","sdkVersion":"{version}"}}"#)
        };
        for (path, header, first, dialect) in [
            ("/app-ws", false, init.to_owned(), Dialect::Classic),
            ("/app-ws", false, init_of("2.1.29"), Dialect::Classic),
            ("/app-ws", false, init_of("30"), Dialect::V3),
            ("/app-ws", false, init_of("3.0.0-alpha.4"), Dialect::V3),
            ("/app-ws", false, init_of("v3.1"), Dialect::V3),
            ("/app-ws", false, init_of("latest"), Dialect::Classic),
            ("/app-ws", false, init_of(""), Dialect::Classic),
            ("/app-ws", true, init.to_owned(), Dialect::V3),
            ("/ws/miniapp", false, init.to_owned(), Dialect::V3),
            ("/ws/miniapp/?a=b", false, init.to_owned(), Dialect::V3),
            ("/app-ws?next=/ws/miniapp", false, init.to_owned(), Dialect::Classic),
            ("/app-ws", false, r#"{"type":"reconnect","sessionId":"s"}"#.to_owned(), Dialect::V3),
            ("/app-ws", false, r#"{"type":"stream_request","streamUrl":"srt://h"}"#.to_owned(), Dialect::V3),
            ("/app-ws", false, r#"{"type":"stream_stop"}"#.to_owned(), Dialect::V3),
            (
                "/app-ws",
                false,
                r#"{"type":"rtmp_stream_request","rtmpUrl":"rtmp://h"}"#.to_owned(),
                Dialect::Classic,
            ),
            ("/app-ws", false, r#"{"type":"rtmp_stream_stop"}"#.to_owned(), Dialect::Classic),
            ("/app-ws", false, r#"{"type":"stream_status_check"}"#.to_owned(), Dialect::Classic),
            ("", false, r#"{"type":"something"}"#.to_owned(), Dialect::Classic),
        ] {
            let message = AppMessage::parse(&first).unwrap();
            assert_eq!(Dialect::of(path, header, &message), dialect, "{path} {header} {first}");
        }
    }
}
