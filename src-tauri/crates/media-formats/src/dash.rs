//! DASH media presentation descriptions, written from a model of what they list (ISO 23009-1, live profile).
//!
//! Segments are addressed by time (`$Time$`), never by number: a lost segment is a hole in the timeline and cannot shift
//! the names of those behind it. A change of configuration is a new period.

mod ended;
mod xml;

#[cfg(test)]
mod tests;

/// A media presentation. Times are Unix milliseconds or milliseconds, as named.
#[derive(Debug, Clone, PartialEq)]
pub struct Mpd {
    /// Unix time that period starts count from; never changes.
    pub availability_start_ms: i64,
    /// Unix time of this version.
    pub publish_time_ms: i64,
    /// How often players ask for a new version.
    pub minimum_update_period_ms: u64,
    /// How far back segments can still be fetched.
    pub time_shift_buffer_depth_ms: u64,
    /// How far from the end players are to stay.
    pub suggested_presentation_delay_ms: u64,
    /// What players are to have before they start.
    pub min_buffer_time_ms: u64,
    /// No segment is longer.
    pub max_segment_duration_ms: u64,
    /// Where players read the server's clock as ISO 8601 text over HTTP.
    pub utc_timing_url: Option<String>,
    /// The server's clock itself, Unix milliseconds, for players that cannot fetch it.
    pub utc_timing_direct_ms: Option<i64>,
    /// One for each configuration, oldest first. Those without a segment are not written.
    pub periods: Vec<Period>,
    /// No more will come: written as a static presentation that starts with the oldest segment listed.
    pub ended: bool,
}

/// A stretch of the presentation with one configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// Names it; the same in every version.
    pub id: String,
    /// Start, in milliseconds since [`Mpd::availability_start_ms`].
    pub start_ms: u64,
    /// The picture.
    pub video: Option<VideoSet>,
    /// The sound.
    pub audio: Option<AudioSet>,
}

/// The picture of a period.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoSet {
    /// Segments and codec.
    pub track: Track,
    /// Luma samples a row.
    pub width: u32,
    /// Luma rows.
    pub height: u32,
    /// Frames a second, when known.
    pub fps: Option<f64>,
}

/// The sound of a period.
#[derive(Debug, Clone, PartialEq)]
pub struct AudioSet {
    /// Segments and codec.
    pub track: Track,
    /// Samples a second and channel.
    pub sample_rate_hz: u32,
    /// How many channels it has.
    pub channels: u8,
}

/// Segments of one track in one period.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// `avc1.64001f`, `mp4a.40.2` and the like.
    pub codec: String,
    /// Peak bit rate.
    pub bandwidth_bps: u64,
    /// Ticks a second of the times below.
    pub timescale: u32,
    /// Media time, in ticks, of the period's start.
    pub presentation_time_offset: u64,
    /// The init segment.
    pub init_uri: String,
    /// Every segment, with `$Time$` for [`TimelineSegment::time`].
    pub media_uri: String,
    /// Segments still available, oldest first.
    pub segments: Vec<TimelineSegment>,
}

/// One segment on a track's timeline, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimelineSegment {
    /// Decoding time of its first sample, as its `tfdt` says.
    pub time: u64,
    /// Its length.
    pub duration: u64,
}

impl Mpd {
    /// The description's text, `application/dash+xml`.
    pub fn render(&self) -> String {
        let mut listed = self.clone();
        listed.periods.retain_mut(Period::keep_tracks_with_segments);
        if listed.ended {
            let duration_ms = ended::rebase(&mut listed.periods);
            return xml::render(&listed, Some(duration_ms));
        }
        xml::render(&listed, None)
    }
}

impl Period {
    /// An empty timeline is against the schema, so such tracks are left out; false when none is left.
    fn keep_tracks_with_segments(&mut self) -> bool {
        self.video.take_if(|video| video.track.segments.is_empty());
        self.audio.take_if(|audio| audio.track.segments.is_empty());
        self.video.is_some() || self.audio.is_some()
    }

    fn tracks(&self) -> impl Iterator<Item = &Track> {
        let video = self.video.as_ref().map(|video| &video.track);
        video.into_iter().chain(self.audio.as_ref().map(|audio| &audio.track))
    }

    fn tracks_mut(&mut self) -> impl Iterator<Item = &mut Track> {
        let video = self.video.as_mut().map(|video| &mut video.track);
        video.into_iter().chain(self.audio.as_mut().map(|audio| &mut audio.track))
    }
}
