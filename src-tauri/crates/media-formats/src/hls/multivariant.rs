//! The multivariant playlist: which renditions there are, in which codecs.

use std::fmt::{self, Write};

use super::text::Uri;

/// One picture rendition and one sound rendition, either of which may be missing.
#[derive(Debug, Clone, PartialEq)]
pub struct MultivariantPlaylist {
    /// Every segment of every rendition starts with a frame decodable by itself.
    pub independent_segments: bool,
    /// The picture.
    pub video: Option<VideoVariant>,
    /// The sound.
    pub audio: Option<AudioVariant>,
}

/// The picture rendition.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoVariant {
    /// Its media playlist.
    pub uri: String,
    /// `avc1.64001f` and the like.
    pub codec: String,
    /// Luma samples a row.
    pub width: u32,
    /// Luma rows.
    pub height: u32,
    /// Frames a second, when known.
    pub fps: Option<f64>,
    /// Peak bit rate of the picture alone.
    pub bandwidth_bps: u64,
}

/// The sound rendition.
#[derive(Debug, Clone, PartialEq)]
pub struct AudioVariant {
    /// Its media playlist.
    pub uri: String,
    /// `mp4a.40.2` and the like.
    pub codec: String,
    /// How many channels it has.
    pub channels: u8,
    /// Peak bit rate.
    pub bandwidth_bps: u64,
}

impl MultivariantPlaylist {
    /// The playlist's text, `application/vnd.apple.mpegurl`. Sound alone is a stream of its own; with a picture it is
    /// an alternative rendition the picture's stream refers to.
    pub fn render(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("writing to a String cannot fail");
        text
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        writeln!(text, "#EXTM3U\n#EXT-X-VERSION:6")?;
        if self.independent_segments {
            writeln!(text, "#EXT-X-INDEPENDENT-SEGMENTS")?;
        }
        match (&self.video, &self.audio) {
            (Some(video), audio) => write_video(text, video, audio.as_ref()),
            (None, Some(AudioVariant { uri, codec, bandwidth_bps, .. })) => {
                writeln!(text, "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth_bps},CODECS=\"{codec}\"\n{}", Uri(uri))
            }
            (None, None) => Ok(()),
        }
    }
}

fn write_video(text: &mut String, video: &VideoVariant, audio: Option<&AudioVariant>) -> fmt::Result {
    if let Some(AudioVariant { uri, channels, .. }) = audio {
        write!(text, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Audio\",DEFAULT=YES,AUTOSELECT=YES")?;
        writeln!(text, ",CHANNELS=\"{channels}\",URI=\"{}\"", Uri(uri))?;
    }
    // BANDWIDTH is that of all renditions played together (RFC 8216 s4.3.4.2).
    let bandwidth_bps = video.bandwidth_bps + audio.map_or(0, |audio| audio.bandwidth_bps);
    write!(text, "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth_bps},CODECS=\"{}", video.codec)?;
    if let Some(audio) = audio {
        write!(text, ",{}", audio.codec)?;
    }
    write!(text, "\",RESOLUTION={}x{}", video.width, video.height)?;
    if let Some(fps) = video.fps {
        write!(text, ",FRAME-RATE={fps:.3}")?;
    }
    if audio.is_some() {
        write!(text, ",AUDIO=\"audio\"")?;
    }
    writeln!(text, ",CLOSED-CAPTIONS=NONE\n{}", Uri(&video.uri))
}
