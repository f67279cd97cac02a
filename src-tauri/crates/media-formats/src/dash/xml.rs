//! The XML itself.

use std::fmt::{self, Display, Write};

use super::{AudioSet, Mpd, Period, TimelineSegment, Track, VideoSet};
use crate::hls::UtcTime;

/// The document; `static_duration_ms` is the length of an ended presentation.
pub(super) fn render(mpd: &Mpd, static_duration_ms: Option<u64>) -> String {
    let mut text = String::with_capacity(4096);
    write_mpd(&mut text, mpd, static_duration_ms).expect("writing to a String cannot fail");
    text
}

fn write_mpd(text: &mut String, mpd: &Mpd, static_duration_ms: Option<u64>) -> fmt::Result {
    writeln!(text, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    write!(text, r#"<MPD xmlns="urn:mpeg:dash:schema:mpd:2011""#)?;
    attribute(text, "profiles", "urn:mpeg:dash:profile:isoff-live:2011")?;
    attribute(text, "minBufferTime", Span(mpd.min_buffer_time_ms))?;
    attribute(text, "maxSegmentDuration", Span(mpd.max_segment_duration_ms))?;
    attribute(text, "publishTime", UtcTime(mpd.publish_time_ms))?;
    if let Some(duration_ms) = static_duration_ms {
        attribute(text, "type", "static")?;
        attribute(text, "mediaPresentationDuration", Span(duration_ms))?;
    } else {
        attribute(text, "type", "dynamic")?;
        attribute(text, "availabilityStartTime", UtcTime(mpd.availability_start_ms))?;
        attribute(text, "minimumUpdatePeriod", Span(mpd.minimum_update_period_ms))?;
        attribute(text, "timeShiftBufferDepth", Span(mpd.time_shift_buffer_depth_ms))?;
        attribute(text, "suggestedPresentationDelay", Span(mpd.suggested_presentation_delay_ms))?;
    }
    writeln!(text, ">")?;
    for period in &mpd.periods {
        write_period(text, period)?;
    }
    if static_duration_ms.is_none() {
        if let Some(url) = &mpd.utc_timing_url {
            write_utc_timing(text, "urn:mpeg:dash:utc:http-iso:2014", url)?;
        }
        if let Some(now_ms) = mpd.utc_timing_direct_ms {
            write_utc_timing(text, "urn:mpeg:dash:utc:direct:2014", UtcTime(now_ms))?;
        }
    }
    writeln!(text, "</MPD>")
}

fn write_utc_timing(text: &mut String, scheme: &str, value: impl Display) -> fmt::Result {
    write!(text, "  <UTCTiming")?;
    attribute(text, "schemeIdUri", scheme)?;
    attribute(text, "value", value)?;
    writeln!(text, "/>")
}

fn write_period(text: &mut String, period: &Period) -> fmt::Result {
    write!(text, "  <Period")?;
    attribute(text, "id", &period.id)?;
    attribute(text, "start", Span(period.start_ms))?;
    writeln!(text, ">")?;
    if let Some(video) = &period.video {
        write_video(text, video)?;
    }
    if let Some(audio) = &period.audio {
        write_audio(text, audio)?;
    }
    writeln!(text, "  </Period>")
}

fn write_video(text: &mut String, VideoSet { track, width, height, fps }: &VideoSet) -> fmt::Result {
    write_set_start(text, 0, "video", track)?;
    write_representation(text, "video", track)?;
    attribute(text, "width", width)?;
    attribute(text, "height", height)?;
    if let Some(fps) = fps {
        attribute(text, "frameRate", FrameRate(*fps))?;
    }
    writeln!(text, "/>\n    </AdaptationSet>")
}

fn write_audio(text: &mut String, AudioSet { track, sample_rate_hz, channels }: &AudioSet) -> fmt::Result {
    write_set_start(text, 1, "audio", track)?;
    write_representation(text, "audio", track)?;
    attribute(text, "audioSamplingRate", sample_rate_hz)?;
    write!(text, ">\n        <AudioChannelConfiguration")?;
    attribute(text, "schemeIdUri", "urn:mpeg:dash:23003:3:audio_channel_configuration:2011")?;
    attribute(text, "value", channels)?;
    writeln!(text, "/>\n      </Representation>\n    </AdaptationSet>")
}

fn write_set_start(text: &mut String, id: u32, kind: &str, track: &Track) -> fmt::Result {
    write!(text, "    <AdaptationSet")?;
    attribute(text, "id", id)?;
    attribute(text, "contentType", kind)?;
    attribute(text, "mimeType", format_args!("{kind}/mp4"))?;
    attribute(text, "segmentAlignment", true)?;
    write!(text, ">\n      <SegmentTemplate")?;
    attribute(text, "timescale", track.timescale)?;
    attribute(text, "presentationTimeOffset", track.presentation_time_offset)?;
    attribute(text, "initialization", &track.init_uri)?;
    attribute(text, "media", &track.media_uri)?;
    writeln!(text, ">\n        <SegmentTimeline>")?;
    write_timeline(text, &track.segments)?;
    writeln!(text, "        </SegmentTimeline>\n      </SegmentTemplate>")
}

fn write_representation(text: &mut String, id: &str, track: &Track) -> fmt::Result {
    write!(text, "      <Representation")?;
    attribute(text, "id", id)?;
    attribute(text, "codecs", &track.codec)?;
    attribute(text, "bandwidth", track.bandwidth_bps)
}

/// Runs of equal segments without a hole become one `S` (ISO 23009-1 s5.3.9.6). Only the first `S` and those behind a
/// hole or an overlap name their time.
fn write_timeline(text: &mut String, segments: &[TimelineSegment]) -> fmt::Result {
    let follows = |a: &TimelineSegment, b: &TimelineSegment| a.time + a.duration == b.time;
    let runs = segments.chunk_by(|a, b| a.duration == b.duration && follows(a, b));
    let mut before: Option<&TimelineSegment> = None;
    for run in runs {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        write!(text, "          <S")?;
        if !before.is_some_and(|before| follows(before, first)) {
            attribute(text, "t", first.time)?;
        }
        attribute(text, "d", first.duration)?;
        if run.len() > 1 {
            attribute(text, "r", run.len() - 1)?;
        }
        writeln!(text, "/>")?;
        before = Some(last);
    }
    Ok(())
}

/// ` name="value"`, the value escaped.
fn attribute(text: &mut String, name: &str, value: impl Display) -> fmt::Result {
    write!(text, " {name}=\"")?;
    write!(Escape(text), "{value}")?;
    write!(text, "\"")
}

/// Escapes what may not stand in an attribute's value. Control characters, which XML cannot carry, are dropped.
struct Escape<'a>(&'a mut String);

impl Write for Escape<'_> {
    fn write_str(&mut self, value: &str) -> fmt::Result {
        for character in value.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {}
                other => self.0.push(other),
            }
        }
        Ok(())
    }
}

/// Milliseconds as an ISO 8601 duration.
struct Span(u64);

impl Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PT{}", self.0 / 1000)?;
        if !self.0.is_multiple_of(1000) {
            write!(f, ".{:03}", self.0 % 1000)?;
        }
        write!(f, "S")
    }
}

/// Frames a second as DASH wants them: a whole number or a fraction, 30000/1001 recognised.
struct FrameRate(f64);

impl Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let close_to = |rate: f64| (self.0 - rate).abs() < 0.001;
        let nominal = self.0.round();
        if close_to(nominal) {
            write!(f, "{nominal}")
        } else if close_to(self.0.ceil() * 1000.0 / 1001.0) {
            write!(f, "{}/1001", self.0.ceil() * 1000.0)
        } else {
            write!(f, "{}/1000", (self.0 * 1000.0).round())
        }
    }
}
