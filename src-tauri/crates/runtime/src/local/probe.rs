//! Proof that a stream plays: everything a player would fetch first is fetched, through the same door players use.

use std::net::SocketAddr;
use std::time::Duration;

use console::ports::ProviderEvent;
use media_engine::Stream;
use session::Words;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// A fetch from our own door takes milliseconds; more is a fault.
const FETCH_TIMEOUT: Duration = Duration::from_secs(2);
/// A track that was announced is waited for this long: players learn once which tracks there are, and one that began
/// without the sound stays without it. A track that never comes must not keep the other from playing.
const TRACKS_AWAITED: Duration = Duration::from_secs(3);
/// How often it is tried while media is there and something is still missing.
const TRY_EVERY: Duration = Duration::from_millis(250);

/// See the module's documentation.
pub(super) struct Probe {
    client: reqwest::Client,
    base: String,
    stream: Stream,
    /// Media must be newer than this.
    since_version: u64,
    events: mpsc::Sender<ProviderEvent>,
}

/// What is still missing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Missing {
    #[error("{what} could not be fetched from the console's own address ({why})")]
    Fetch { what: &'static str, why: String },
    #[error("the playlist lists no media yet")]
    Empty,
    #[error("the {0} is not there yet")]
    Track(&'static str),
    #[error("{0} is not what a player expects")]
    Unexpected(&'static str),
}

impl Probe {
    pub(super) fn new(
        client: reqwest::Client,
        http: SocketAddr,
        stream: Stream,
        events: mpsc::Sender<ProviderEvent>,
    ) -> Self {
        let base = format!("http://{http}/{}", stream.playback_id());
        Self { client, base, since_version: stream.version(), stream, events }
    }

    /// Tries until it plays, telling each new reason why it does not.
    pub(super) async fn run(self) {
        let mut status = self.stream.status();
        let mut told = None;
        // Counted from the first track on: with keyframes far apart that one takes its time too.
        let mut all_tracks_until = None;
        loop {
            if self.stream.version() > self.since_version && status.borrow().published {
                let until = *all_tracks_until.get_or_insert_with(|| Instant::now() + TRACKS_AWAITED);
                let awaited = if Instant::now() < until { self.announced() } else { Vec::new() };
                match self.fetch_all(&awaited).await {
                    Ok(()) => {
                        // An error means the console is gone.
                        let _ = self.events.send(ProviderEvent::Playable).await;
                        return;
                    }
                    Err(missing) if told.as_ref() != Some(&missing) => {
                        let words = Words::warning(format!("The stream does not play yet: {missing}."));
                        if self.events.send(ProviderEvent::ProbeFailed { words }).await.is_err() {
                            return;
                        }
                        told = Some(missing);
                    }
                    Err(_) => {}
                }
            }
            if let Ok(Err(_)) = timeout(TRY_EVERY, status.changed()).await {
                return;
            }
        }
    }

    /// Playlist and name of each track the publisher announced.
    fn announced(&self) -> Vec<(&'static str, &'static str)> {
        let Some(signal) = self.stream.signal() else { return Vec::new() };
        let picture = signal.video_codec.map(|_| ("video.m3u8", "picture"));
        let sound = signal.audio_codec.map(|_| ("audio.m3u8", "sound"));
        picture.into_iter().chain(sound).collect()
    }

    async fn fetch_all(&self, awaited: &[(&str, &'static str)]) -> Result<(), Missing> {
        let multivariant = self.text("the HLS playlist", "index.m3u8?viewer=probe").await?;
        let mut playlists: Vec<&str> =
            multivariant.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
        playlists.extend(
            multivariant.lines().filter(|line| line.starts_with("#EXT-X-MEDIA")).filter_map(uri_attribute),
        );
        if playlists.is_empty() {
            return Err(Missing::Empty);
        }
        let listed = |file: &str| playlists.iter().any(|playlist| playlist.starts_with(file));
        if let Some((_, track)) = awaited.iter().find(|(file, _)| !listed(file)) {
            return Err(Missing::Track(track));
        }
        for playlist in playlists {
            let media = self.text("a media playlist", playlist).await?;
            let init =
                media.lines().rev().find(|line| line.starts_with("#EXT-X-MAP")).and_then(uri_attribute);
            let init = self.bytes("the init segment", init.ok_or(Missing::Empty)?).await?;
            if !has_box(&init, b"moov") {
                return Err(Missing::Unexpected("the init segment"));
            }
            let newest = media
                .lines()
                .rev()
                .find_map(|line| match line.strip_prefix('#') {
                    None if !line.is_empty() => Some(line),
                    Some(tag) if tag.starts_with("EXT-X-PART:") => uri_attribute(line),
                    _ => None,
                })
                .ok_or(Missing::Empty)?;
            let newest = self.bytes("the newest media", newest).await?;
            if !has_box(&newest, b"moof") || !has_box(&newest, b"mdat") {
                return Err(Missing::Unexpected("the newest media"));
            }
        }
        let manifest = self.text("the DASH manifest", "manifest.mpd?viewer=probe").await?;
        if !manifest.contains("<MPD") {
            return Err(Missing::Unexpected("the DASH manifest"));
        }
        Ok(())
    }

    async fn text(&self, what: &'static str, path: &str) -> Result<String, Missing> {
        let bytes = self.bytes(what, path).await?;
        String::from_utf8(bytes).map_err(|_| Missing::Unexpected(what))
    }

    async fn bytes(&self, what: &'static str, path: &str) -> Result<Vec<u8>, Missing> {
        let failed = |why: String| Missing::Fetch { what, why };
        let fetch = async {
            let response =
                self.client.get(format!("{}/{path}", self.base)).send().await?.error_for_status()?;
            response.bytes().await
        };
        match timeout(FETCH_TIMEOUT, fetch).await {
            Ok(Ok(bytes)) if !bytes.is_empty() => Ok(bytes.to_vec()),
            Ok(Ok(_)) => Err(failed("it is empty".to_owned())),
            // The address, which carries the playback id, stays out of the words.
            Ok(Err(error)) => Err(failed(error.without_url().to_string())),
            Err(_) => Err(failed("no answer".to_owned())),
        }
    }
}

/// The `URI` attribute of a tag.
fn uri_attribute(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("URI=\"")?;
    rest.split_once('"').map(|(uri, _)| uri)
}

/// Whether a top-level box of this kind is there (ISO 14496-12 s4.2).
fn has_box(mut bytes: &[u8], kind: &[u8; 4]) -> bool {
    while let (Some(size), Some(found)) = (bytes.first_chunk::<4>(), bytes.get(4..8)) {
        if found == kind {
            return true;
        }
        let size = u32::from_be_bytes(*size) as usize;
        match bytes.get(size.max(8)..) {
            Some(rest) => bytes = rest,
            None => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_and_boxes() {
        assert_eq!(uri_attribute("#EXT-X-MAP:URI=\"video/init-1.mp4\""), Some("video/init-1.mp4"));
        assert_eq!(uri_attribute("#EXT-X-MAP:"), None);
        let boxes = [0, 0, 0, 8, b'f', b't', b'y', b'p', 0, 0, 0, 8, b'm', b'o', b'o', b'v'];
        assert!(has_box(&boxes, b"moov"));
        assert!(!has_box(&boxes, b"moof"));
        assert!(!has_box(&[0, 0, 0, 0, b'x', b'x', b'x', b'x'], b"moof"));
        assert!(!has_box(&[0xff; 7], b"moof"));
    }
}
