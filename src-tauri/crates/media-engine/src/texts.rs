//! Rendered playlists and manifests, one rendering per change however many players ask.

use std::hash::{DefaultHasher, Hasher as _};
use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Which text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextKind {
    /// Media playlist of the picture.
    Video,
    /// Media playlist of the sound.
    Audio,
    /// DASH manifest.
    Manifest,
}

/// A text as served.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// Packager version it was rendered from.
    pub(crate) version: u64,
    /// Hash of the text. Versions begin at zero with each start of the program, and a cache may be older than that.
    pub(crate) hash: u64,
    /// As is.
    pub(crate) plain: Bytes,
    /// Compressed.
    pub(crate) gzip: Bytes,
}

impl Text {
    /// Compresses `plain`.
    pub(crate) fn new(version: u64, plain: String) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        // Writing to memory cannot fail; an empty result would only mean sending the text uncompressed.
        let gzip = encoder.write_all(plain.as_bytes()).and_then(|()| encoder.finish()).unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        hasher.write(plain.as_bytes());
        Self { version, hash: hasher.finish(), plain: Bytes::from(plain), gzip: Bytes::from(gzip) }
    }
}

/// The newest rendering of each kind.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    newest: [Option<Text>; 3],
}

impl Texts {
    /// The text of this version, rendered if it is not at hand; None if there is nothing to say yet.
    pub(crate) fn get(
        &mut self,
        kind: TextKind,
        version: u64,
        render: impl FnOnce() -> Option<String>,
    ) -> Option<Text> {
        let slot = &mut self.newest[kind as usize];
        if slot.as_ref().is_none_or(|text| text.version != version) {
            *slot = render().map(|plain| Text::new(version, plain));
        }
        slot.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_tells_texts_of_the_same_version_apart() {
        let hash = |text: &str| Text::new(7, text.to_owned()).hash;
        assert_eq!(hash("#EXT-X-MEDIA-SEQUENCE:0"), hash("#EXT-X-MEDIA-SEQUENCE:0"));
        assert_ne!(hash("#EXT-X-MEDIA-SEQUENCE:0"), hash("#EXT-X-MEDIA-SEQUENCE:256"));
    }

    #[test]
    fn rendered_once_per_version() {
        let mut texts = Texts::default();
        let mut renderings = 0;
        for version in [1, 1, 1, 2] {
            let text = texts.get(TextKind::Video, version, || {
                renderings += 1;
                Some("x".repeat(1_000))
            });
            assert_eq!(text.map(|text| (text.version, text.plain.len())), Some((version, 1_000)));
        }
        assert_eq!(renderings, 2);
    }
}
