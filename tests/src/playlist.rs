//! A media playlist as a player reads it, and following one as an LL-HLS player does.

use reqwest::StatusCode;

use crate::wait::{PATIENCE, within};

/// A media playlist (RFC 8216 s4.3.3).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Playlist {
    /// `EXT-X-TARGETDURATION`.
    pub target_duration_s: u64,
    /// `EXT-X-MEDIA-SEQUENCE`: number of the first segment listed.
    pub media_sequence: u64,
    /// `EXT-X-DISCONTINUITY-SEQUENCE`.
    pub discontinuity_sequence: u64,
    /// Complete segments, oldest first.
    pub segments: Vec<Segment>,
    /// `EXT-X-ENDLIST` is there.
    pub ended: bool,
}

/// One complete segment of a playlist.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Its number, counted from the media sequence.
    pub number: u64,
    /// Address, relative to the playlist's.
    pub uri: String,
    /// `EXTINF`.
    pub duration_s: f64,
    /// `EXT-X-DISCONTINUITY` stands before it.
    pub discontinuity: bool,
}

impl Playlist {
    /// Reads a playlist's text.
    ///
    /// # Panics
    /// When a number in it is none.
    pub fn parse(text: &str) -> Self {
        let mut playlist = Self::default();
        let (mut duration_s, mut discontinuity) = (0.0, false);
        for line in text.lines() {
            let (tag, value) = line.split_once(':').unwrap_or((line, ""));
            let number = || value.parse().unwrap_or_else(|_| panic!("{line} holds no number"));
            match tag {
                "#EXT-X-TARGETDURATION" => playlist.target_duration_s = number(),
                "#EXT-X-MEDIA-SEQUENCE" => playlist.media_sequence = number(),
                "#EXT-X-DISCONTINUITY-SEQUENCE" => playlist.discontinuity_sequence = number(),
                "#EXT-X-DISCONTINUITY" => discontinuity = true,
                "#EXT-X-ENDLIST" => playlist.ended = true,
                "#EXTINF" => {
                    let duration = value.split(',').next().unwrap_or_default();
                    duration_s = duration.parse().unwrap_or_else(|_| panic!("{line} holds no duration"));
                }
                _ if line.is_empty() || line.starts_with('#') => {}
                _ => playlist.segments.push(Segment {
                    number: playlist.media_sequence + playlist.segments.len() as u64,
                    uri: line.to_owned(),
                    duration_s: std::mem::take(&mut duration_s),
                    discontinuity: std::mem::take(&mut discontinuity),
                }),
            }
        }
        playlist
    }

    /// Number of the segment that comes next.
    pub fn next_number(&self) -> u64 {
        self.media_sequence + self.segments.len() as u64
    }

    /// Fetches the present playlist.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn fetch(client: &reqwest::Client, url: &str) -> Self {
        let (status, text) = get(client, url).await;
        assert_eq!(status, StatusCode::OK, "{url} was refused: {text}");
        Self::parse(&text)
    }

    /// The playlist once it holds segment `number`, by blocking reload (8216bis s6.2.5.2). While no media arrives the
    /// request is answered empty-handed and made again.
    ///
    /// # Panics
    /// When that segment does not come.
    pub async fn with(client: &reqwest::Client, url: &str, number: u64) -> Self {
        let separator = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{separator}_HLS_msn={number}");
        within(PATIENCE, &format!("segment {number}"), async {
            loop {
                match get(client, &url).await {
                    (StatusCode::OK, text) => return Self::parse(&text),
                    (StatusCode::SERVICE_UNAVAILABLE, _) => {}
                    (status, text) => panic!("{url} was refused: {status} {text}"),
                }
            }
        })
        .await
    }
}

async fn get(client: &reqwest::Client, url: &str) -> (StatusCode, String) {
    let response =
        within(PATIENCE, "a playlist", client.get(url).send()).await.expect("the playback door answers");
    (response.status(), response.text().await.expect("a playlist is text"))
}
