//! Who wants to publish, and where in the URL the stream key may hide.

use std::fmt;

/// A part of the publishing URL. It may hold the stream key, so `Debug` shows nothing of it and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct UrlPart(String);

impl UrlPart {
    /// Wraps text from the wire.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text. Never log or store it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UrlPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// An encoder asks to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishRequest {
    /// Application of `connect`: what stands between the host and the stream name.
    pub app: UrlPart,
    /// Stream name of `publish`, for most encoders the field called stream key.
    pub stream: UrlPart,
    /// What the encoder calls itself (`flashVer`), such as `FMLE/3.0 (compatible; FMSc/1.0)`; empty when it does not.
    pub encoder: String,
}

impl PublishRequest {
    /// Everything in the URL that could be the stream key: the path parts of application and stream name, without
    /// empty ones and queries, then the values of `key` and `token` in their queries.
    ///
    /// Encoders disagree on where a URL divides: `rtmp://host/live/KEY`, `rtmp://host/KEY/stream` and
    /// `rtmp://host/live?key=KEY` all reach the same stream.
    pub fn path_parts(&self) -> impl Iterator<Item = &str> {
        let texts = [self.app.expose(), self.stream.expose()];
        let paths = texts.into_iter().flat_map(|text| path_of(text).split('/'));
        let queries = texts.into_iter().flat_map(key_values);
        paths.chain(queries).filter(|part| !part.is_empty())
    }
}

fn path_of(text: &str) -> &str {
    text.split_once('?').map_or(text, |(path, _)| path)
}

/// Values of the query parameters that carry keys.
fn key_values(text: &str) -> impl Iterator<Item = &str> {
    let query = text.split_once('?').map_or("", |(_, query)| query);
    query
        .split(['&', '?'])
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| name.eq_ignore_ascii_case("key") || name.eq_ignore_ascii_case("token"))
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(app: &str, stream: &str) -> Vec<String> {
        let request =
            PublishRequest { app: UrlPart::new(app), stream: UrlPart::new(stream), encoder: String::new() };
        request.path_parts().map(str::to_owned).collect()
    }

    #[test]
    fn every_place_a_key_can_hide_is_a_part() {
        assert_eq!(parts("live", "KEY"), ["live", "KEY"]);
        assert_eq!(parts("KEY", "stream"), ["KEY", "stream"]);
        assert_eq!(parts("live/KEY/", "/stream"), ["live", "KEY", "stream"]);
        assert_eq!(parts("", "live//KEY"), ["live", "KEY"]);
        assert_eq!(parts("live", ""), ["live"]);
        assert_eq!(parts("", ""), Vec::<String>::new());
    }

    #[test]
    fn query_string_in_stream_key_is_cut_and_its_key_found() {
        assert_eq!(parts("live", "KEY?bandwidth=1"), ["live", "KEY"]);
        assert_eq!(parts("live?key=KEY&x=1", "cam"), ["live", "cam", "KEY"]);
        assert_eq!(parts("live", "cam?a=b&Token=K/EY="), ["live", "cam", "K/EY="]);
        assert_eq!(parts("live", "?key="), ["live"]);
        // librtmp appends a second query when the application had one already.
        assert_eq!(parts("live", "cam?a=1?token=KEY"), ["live", "cam", "KEY"]);
    }

    #[test]
    fn debug_redacts_both_parts() {
        let request = PublishRequest {
            app: UrlPart::new("planted-app"),
            stream: UrlPart::new("planted-stream"),
            encoder: "FMLE/3.0".to_owned(),
        };
        let debug = format!("{request:?}");
        assert!(debug.contains("FMLE/3.0") && !debug.contains("planted"), "{debug}");
    }
}
