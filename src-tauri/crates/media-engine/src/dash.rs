//! The DASH text over the store (ISO 23009-1): one period per epoch, segments addressed by `$Time$`, so that a gap
//! never misnumbers what follows.

use std::collections::BTreeMap;

use media_formats::dash::{AudioSet, Mpd, Period, TimelineSegment, Track, VideoSet};
use media_formats::unit::TrackKind;

use crate::hls::peak_bandwidth_bps;
use crate::packager::Packager;
use crate::store::{InitFacts, Segment, TrackWindow};

/// How far behind the newest segment's end a player starts, in target durations.
const PRESENTATION_DELAY_TARGETS: u64 = 2;

/// Renders the manifest. `created_ms` is the Unix time of the stream's time zero, `now_ms` the Unix time now.
/// None while nothing is published.
pub(crate) fn manifest(packager: &Packager, created_ms: u64, now_ms: u64) -> Option<String> {
    if !packager.is_published() {
        return None;
    }
    let target_ms = u64::from(packager.facts().target_duration_s) * 1_000;
    let mut periods: BTreeMap<u32, Period> = BTreeMap::new();
    let mut listed_us = 0;
    for kind in [TrackKind::Video, TrackKind::Audio] {
        let Some(window) = packager.window(kind) else { continue };
        if kind == packager.lead_kind() {
            listed_us = window.listed().map(Segment::duration_us).sum();
        }
        add_track(&mut periods, window);
    }
    let periods: Vec<Period> = periods.into_values().collect();
    Some(
        Mpd {
            availability_start_ms: created_ms as i64,
            publish_time_ms: now_ms as i64,
            // Polled at half a target: a new segment is known half a target after it exists at the latest.
            minimum_update_period_ms: target_ms / 2,
            time_shift_buffer_depth_ms: listed_us / 1_000,
            suggested_presentation_delay_ms: target_ms * PRESENTATION_DELAY_TARGETS,
            min_buffer_time_ms: target_ms,
            max_segment_duration_ms: target_ms + 500,
            utc_timing_url: Some("/time".to_owned()),
            utc_timing_direct_ms: None,
            periods,
            ended: packager.is_ended(),
        }
        .render(),
    )
}

fn add_track(periods: &mut BTreeMap<u32, Period>, window: &TrackWindow) {
    let kind = window.kind;
    let bandwidth_bps = peak_bandwidth_bps(window);
    let mut segments: Vec<&Segment> = window.listed().filter(|segment| !segment.gap).collect();
    while let Some(first) = segments.first().copied() {
        let init = &first.init;
        let count = segments.iter().take_while(|segment| segment.init.epoch == init.epoch).count();
        let run: Vec<TimelineSegment> = segments
            .drain(..count)
            .map(|segment| TimelineSegment { time: segment.start, duration: segment.duration })
            .collect();
        let period = periods.entry(init.epoch).or_insert_with(|| Period {
            id: init.epoch.to_string(),
            start_ms: init.start_ms,
            video: None,
            audio: None,
        });
        let track = Track {
            codec: init.codec.clone(),
            bandwidth_bps,
            timescale: init.timescale_hz,
            presentation_time_offset: period.start_ms * u64::from(init.timescale_hz) / 1_000,
            init_uri: format!("{}/init-{}.mp4", kind.name(), init.epoch),
            media_uri: format!("{}/t$Time$.m4s", kind.name()),
            segments: run,
        };
        match init.facts {
            InitFacts::Video { width, height, fps } => {
                period.video = Some(VideoSet { track, width, height, fps })
            }
            InitFacts::Audio { sample_rate_hz, channels } => {
                period.audio = Some(AudioSet { track, sample_rate_hz, channels });
            }
        }
    }
}
