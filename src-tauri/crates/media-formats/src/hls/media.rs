//! The media playlist of one rendition.

use std::fmt::{self, Write};

use super::UtcTime;
use super::text::{Seconds, Uri, seconds_of_ms};

/// One rendition's playlist.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaPlaylist {
    /// Ticks a second of every duration below.
    pub timescale: u32,
    /// EXT-X-TARGETDURATION: no segment's duration, rounded to the second, is above it, and it never changes.
    pub target_duration_s: u32,
    /// Partial segments and blocking reload; `None` writes a plain HLS playlist.
    pub parts: Option<PartSettings>,
    /// Number of the first segment listed.
    pub media_sequence: u64,
    /// Discontinuities of segments no longer listed; the same in every rendition for the same instant.
    pub discontinuity_sequence: u64,
    /// Every segment starts with a frame decodable by itself (EXT-X-INDEPENDENT-SEGMENTS).
    pub independent_segments: bool,
    /// Complete segments, oldest first.
    pub segments: Vec<SegmentLine>,
    /// The segment being filled, whose number follows the last of `segments`. Not written in an ended playlist, so
    /// it is to be closed first.
    pub open: Option<OpenSegment>,
    /// The next part, which may be asked for before it exists.
    pub preload_hint: Option<String>,
    /// How far the other renditions are.
    pub rendition_reports: Vec<RenditionReport>,
    /// No more will come: EXT-X-ENDLIST instead of everything a live playlist promises.
    pub ended: bool,
}

/// What is promised of partial segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartSettings {
    /// PART-TARGET: the longest a part may be.
    pub target_ms: u32,
    /// PART-HOLD-BACK: how far from the end players are to stay. At least three times the target is written
    /// (RFC 8216bis s4.4.3.8).
    pub hold_back_ms: u32,
}

/// A complete segment.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentLine {
    /// Where it is.
    pub uri: String,
    /// Its length.
    pub duration_ticks: u64,
    /// Timestamps or configuration break before it.
    pub discontinuity: bool,
    /// Its init segment; written where it differs from the one before, and after every discontinuity.
    pub map_uri: Option<String>,
    /// Unix time of its first frame.
    pub program_date_time_ms: Option<i64>,
    /// Its parts; to be left empty when it is older than three target durations (RFC 8216bis s4.4.4.9).
    pub parts: Vec<PartLine>,
    /// It was lost: players step over it instead of loading it.
    pub gap: bool,
}

/// The segment being filled, known by its parts alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OpenSegment {
    /// Timestamps or configuration break before it.
    pub discontinuity: bool,
    /// Its init segment.
    pub map_uri: Option<String>,
    /// Unix time of its first frame.
    pub program_date_time_ms: Option<i64>,
    /// Its parts so far.
    pub parts: Vec<PartLine>,
}

/// A partial segment.
#[derive(Debug, Clone, PartialEq)]
pub struct PartLine {
    /// Where it is.
    pub uri: String,
    /// Its length.
    pub duration_ticks: u64,
    /// It starts with a frame decodable by itself.
    pub independent: bool,
    /// It was lost.
    pub gap: bool,
}

/// The end of another rendition, so that a player can switch without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenditionReport {
    /// Its media playlist.
    pub uri: String,
    /// Number of its last segment, the one being filled included.
    pub last_msn: u64,
    /// Index of that segment's last part.
    pub last_part: Option<u64>,
}

impl MediaPlaylist {
    /// The playlist's text, `application/vnd.apple.mpegurl`.
    pub fn render(&self) -> String {
        let mut text = String::with_capacity(256 + 160 * self.segments.len());
        self.write(&mut text).expect("writing to a String cannot fail");
        text
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        let parts = self.parts.filter(|_| !self.ended);
        writeln!(text, "#EXTM3U")?;
        // EXT-X-MAP outside I-frame playlists needs 6 (RFC 8216 s7); low-latency tags are of the draft's 9.
        writeln!(text, "#EXT-X-VERSION:{}", if parts.is_some() { 9 } else { 6 })?;
        writeln!(text, "#EXT-X-TARGETDURATION:{}", self.target_duration_s)?;
        if let Some(PartSettings { target_ms, hold_back_ms }) = parts {
            let hold_back = seconds_of_ms(hold_back_ms.max(target_ms.saturating_mul(3)));
            writeln!(text, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={hold_back}")?;
            writeln!(text, "#EXT-X-PART-INF:PART-TARGET={}", seconds_of_ms(target_ms))?;
        }
        writeln!(text, "#EXT-X-MEDIA-SEQUENCE:{}", self.media_sequence)?;
        if self.discontinuity_sequence > 0 {
            writeln!(text, "#EXT-X-DISCONTINUITY-SEQUENCE:{}", self.discontinuity_sequence)?;
        }
        if self.independent_segments {
            writeln!(text, "#EXT-X-INDEPENDENT-SEGMENTS")?;
        }

        let mut current_map = None;
        for segment in &self.segments {
            let SegmentLine { uri, duration_ticks, discontinuity, map_uri, program_date_time_ms, .. } =
                segment;
            write_start(text, &mut current_map, *discontinuity, map_uri.as_deref(), *program_date_time_ms)?;
            if parts.is_some() {
                self.write_parts(text, &segment.parts)?;
            }
            if segment.gap {
                writeln!(text, "#EXT-X-GAP")?;
            }
            writeln!(text, "#EXTINF:{},\n{}", self.seconds(*duration_ticks), Uri(uri))?;
        }
        if self.ended {
            return writeln!(text, "#EXT-X-ENDLIST");
        }
        if parts.is_some() {
            self.write_live_edge(text, &mut current_map)?;
        }
        Ok(())
    }

    /// The open segment's parts, the hint and the reports.
    fn write_live_edge<'a>(&'a self, text: &mut String, current_map: &mut Option<&'a str>) -> fmt::Result {
        if let Some(OpenSegment { discontinuity, map_uri, program_date_time_ms, parts }) = &self.open {
            write_start(text, current_map, *discontinuity, map_uri.as_deref(), *program_date_time_ms)?;
            self.write_parts(text, parts)?;
        }
        if let Some(uri) = &self.preload_hint {
            writeln!(text, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{}\"", Uri(uri))?;
        }
        for RenditionReport { uri, last_msn, last_part } in &self.rendition_reports {
            write!(text, "#EXT-X-RENDITION-REPORT:URI=\"{}\",LAST-MSN={last_msn}", Uri(uri))?;
            if let Some(last_part) = last_part {
                write!(text, ",LAST-PART={last_part}")?;
            }
            writeln!(text)?;
        }
        Ok(())
    }

    fn write_parts(&self, text: &mut String, parts: &[PartLine]) -> fmt::Result {
        for PartLine { uri, duration_ticks, independent, gap } in parts {
            let duration = self.seconds(*duration_ticks);
            write!(text, "#EXT-X-PART:DURATION={duration},URI=\"{}\"", Uri(uri))?;
            if *independent {
                write!(text, ",INDEPENDENT=YES")?;
            }
            if *gap {
                write!(text, ",GAP=YES")?;
            }
            writeln!(text)?;
        }
        Ok(())
    }

    fn seconds(&self, ticks: u64) -> Seconds {
        Seconds { ticks, timescale: self.timescale }
    }
}

/// What stands before a segment or, when it is still open, before its first part.
fn write_start<'a>(
    text: &mut String,
    current_map: &mut Option<&'a str>,
    discontinuity: bool,
    map_uri: Option<&'a str>,
    program_date_time_ms: Option<i64>,
) -> fmt::Result {
    if discontinuity {
        writeln!(text, "#EXT-X-DISCONTINUITY")?;
    }
    if let Some(map) = map_uri
        && (discontinuity || *current_map != Some(map))
    {
        writeln!(text, "#EXT-X-MAP:URI=\"{}\"", Uri(map))?;
        *current_map = Some(map);
    }
    if let Some(unix_ms) = program_date_time_ms {
        writeln!(text, "#EXT-X-PROGRAM-DATE-TIME:{}", UtcTime(unix_ms))?;
    }
    Ok(())
}
