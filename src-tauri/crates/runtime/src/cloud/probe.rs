//! Proof that a stream plays at the cloud: its playlist lists media that can be fetched, from this computer as any viewer would.

use std::sync::Arc;
use std::time::Duration;

use console::ports::CloudEvent;
use mentra_link::CloudApp;
use reqwest::Url;
use session::Words;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

/// How often it is tried; nobody tells when a playlist has begun.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// Longest playlist.
const PLAYLIST_BYTES: usize = 256 << 10;
/// Longest segment; 10 s at 20 Mb/s.
const SEGMENT_BYTES: usize = 32 << 20;
/// Redirects that are followed.
const REDIRECTS: usize = 3;

/// Tries until it plays, telling each new reason why it does not.
pub(super) async fn run(app: Arc<CloudApp>, hls: String, events: mpsc::Sender<CloudEvent>) {
    let mut ticks = interval(TRY_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = None;
    loop {
        ticks.tick().await;
        let event = match plays(&app, &hls).await {
            Ok(()) => CloudEvent::Playable,
            Err(why) if told.as_ref() == Some(&why) => continue,
            Err(why) => {
                let words = Words::warning(format!("The stream does not play yet: {why}."));
                told = Some(why);
                CloudEvent::ProbeFailed { words }
            }
        };
        let done = event == CloudEvent::Playable;
        if events.send(event).await.is_err() || done {
            return;
        }
    }
}

async fn plays(app: &CloudApp, hls: &str) -> Result<(), String> {
    let (mut at, mut text) = playlist(app, hls).await?;
    if let Some(variant) = after(&text, "#EXT-X-STREAM-INF") {
        let variant = at.join(variant).map_err(|_| "its playlist names no address".to_owned())?;
        (at, text) = playlist(app, variant.as_str()).await?;
    }
    // The newest: older ones may have been taken away meanwhile.
    let segment = text.lines().rev().find(|line| !line.starts_with('#') && !line.trim().is_empty());
    let segment = segment.filter(|_| text.contains("#EXTINF"));
    let segment = segment.ok_or("its playlist lists no media yet")?;
    let segment = at.join(segment.trim()).map_err(|_| "its playlist names no address".to_owned())?;
    fetch(app, segment.as_str(), SEGMENT_BYTES, "its newest media").await.map(drop)
}

async fn playlist(app: &CloudApp, url: &str) -> Result<(Url, String), String> {
    let (at, body) = fetch(app, url, PLAYLIST_BYTES, "its playlist").await?;
    let text = String::from_utf8(body).unwrap_or_default();
    if text.trim_start_matches('\u{feff}').starts_with("#EXTM3U") {
        Ok((at, text))
    } else {
        Err("what MentraOS names as its playlist is none".to_owned())
    }
}

async fn fetch(app: &CloudApp, url: &str, most_bytes: usize, what: &str) -> Result<(Url, Vec<u8>), String> {
    let mut at = Url::parse(url).map_err(|_| format!("{what} has no address"))?;
    for _ in 0..=REDIRECTS {
        let fetched = app.fetch(at.as_str(), most_bytes).await;
        let fetched = fetched.map_err(|why| format!("{what} could not be fetched ({why})"))?;
        match (fetched.status, fetched.location) {
            (200, _) if !fetched.body.is_empty() => return Ok((at, fetched.body)),
            (301 | 302 | 303 | 307 | 308, Some(to)) => {
                at = at.join(&to).map_err(|_| format!("{what} is moved to no address"))?;
            }
            // Cloudflare answers 204 until there is something.
            (200 | 204 | 404, _) => return Err(format!("{what} is not there yet")),
            (status, _) => return Err(format!("{what} is answered with HTTP {status}")),
        }
    }
    Err(format!("{what} is moved again and again"))
}

/// The line after the first tag of this name.
fn after<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let mut lines = text.lines().skip_while(|line| !line.starts_with(tag)).skip(1);
    lines.find(|line| !line.starts_with('#') && !line.trim().is_empty()).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variant_follows_its_tag() {
        let text = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"a.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\n# note\n\n v.m3u8 \nw.m3u8\n";
        assert_eq!(after(text, "#EXT-X-STREAM-INF"), Some("v.m3u8"));
        assert_eq!(after("#EXTM3U\n#EXTINF:4,\nx.ts\n", "#EXT-X-STREAM-INF"), None);
    }
}
