//! HLS and LL-HLS texts over the store (RFC 8216, draft-pantos-hls-rfc8216bis).

use media_formats::hls::{
    AudioVariant, MediaPlaylist, MultivariantPlaylist, OpenSegment, PartLine, PartSettings, RenditionReport,
    SegmentLine, VideoVariant,
};
use media_formats::unit::TrackKind;

use crate::packager::Packager;
use crate::store::{InitFacts, Part, Segment, TrackWindow, ticks_to_us};

/// Parts are listed for the last three target durations (8216bis s6.2.2).
const PARTS_LISTED_TARGETS: u64 = 3;
/// All playlist durations are given in microseconds: epochs may differ in their time scale.
const MICROSECONDS: u32 = 1_000_000;

/// Renders the playlist of one track. `created_ms` is the Unix time of the stream's time zero.
/// None while nothing is published.
pub(crate) fn media_playlist(
    packager: &Packager,
    kind: TrackKind,
    created_ms: u64,
    query: &str,
) -> Option<String> {
    let window = packager.window(kind).filter(|_| packager.is_published())?;
    let facts = packager.facts();
    let ended = packager.is_ended();
    let parts_from_us = {
        let end_us =
            window.listed().chain(&window.open).last().map_or(0, |last| last.start_us() + last.duration_us());
        end_us.saturating_sub(u64::from(facts.target_duration_s) * PARTS_LISTED_TARGETS * 1_000_000)
    };
    let segments = window
        .listed()
        .map(|segment| SegmentLine {
            uri: format!("{}/{}.m4s{query}", kind.name(), segment.msn),
            duration_ticks: segment.duration_us(),
            discontinuity: segment.discontinuity,
            map_uri: Some(map_uri(kind, segment, query)),
            program_date_time_ms: Some(program_date_time_ms(segment, created_ms)),
            parts: if !ended && segment.start_us() + segment.duration_us() > parts_from_us {
                part_lines(kind, segment, query)
            } else {
                Vec::new()
            },
            gap: segment.gap,
        })
        .collect();
    let open = window.open.as_ref().filter(|_| !ended).map(|segment| OpenSegment {
        discontinuity: segment.discontinuity,
        map_uri: Some(map_uri(kind, segment, query)),
        program_date_time_ms: Some(program_date_time_ms(segment, created_ms)),
        parts: part_lines(kind, segment, query),
    });
    let (hint_msn, hint_part) = next_part(window);
    let other = match kind {
        TrackKind::Video => TrackKind::Audio,
        TrackKind::Audio => TrackKind::Video,
    };
    let rendition_reports = packager
        .window(other)
        .and_then(|sister| {
            let (last_msn, last_part) = sister.newest_part()?;
            Some(RenditionReport {
                uri: format!("{}.m3u8{query}", other.name()),
                last_msn,
                last_part: Some(last_part as u64),
            })
        })
        .into_iter()
        .collect();
    Some(
        MediaPlaylist {
            timescale: MICROSECONDS,
            target_duration_s: facts.target_duration_s,
            parts: (!ended).then_some(PartSettings {
                target_ms: facts.part_target_ms,
                hold_back_ms: facts.part_target_ms * 3,
            }),
            media_sequence: window.media_sequence(),
            discontinuity_sequence: window.discontinuity_sequence,
            independent_segments: false,
            segments,
            open,
            preload_hint: (!ended).then(|| part_uri(kind, hint_msn, hint_part, query)),
            rendition_reports,
            ended,
        }
        .render(),
    )
}

/// Renders the one multivariant playlist. None while nothing is published.
pub(crate) fn multivariant_playlist(packager: &Packager, query: &str) -> Option<String> {
    if !packager.is_published() {
        return None;
    }
    let mut playlist = MultivariantPlaylist { independent_segments: false, video: None, audio: None };
    for kind in [TrackKind::Video, TrackKind::Audio] {
        let Some(window) = packager.window(kind).filter(|window| window.has_segments()) else { continue };
        let Some(init) = window.newest_init() else { continue };
        let uri = format!("{}.m3u8{query}", kind.name());
        let (codec, bandwidth_bps) = (init.codec.clone(), peak_bandwidth_bps(window));
        match init.facts {
            InitFacts::Video { width, height, fps } => {
                playlist.video = Some(VideoVariant { uri, codec, width, height, fps, bandwidth_bps });
            }
            InitFacts::Audio { channels, .. } => {
                playlist.audio = Some(AudioVariant { uri, codec, channels, bandwidth_bps });
            }
        }
    }
    Some(playlist.render())
}

/// Peak segment bit rate (RFC 8216 s4.3.4.2 `BANDWIDTH`) of what is listed.
pub(crate) fn peak_bandwidth_bps(window: &TrackWindow) -> u64 {
    window
        .listed()
        .filter(|segment| segment.duration_us() >= 100_000)
        .map(|segment| segment.len_bytes() * 8 * 1_000_000 / segment.duration_us())
        .max()
        .unwrap_or(0)
        .max(1_000)
}

/// Number of the part that comes next.
pub(crate) fn next_part(window: &TrackWindow) -> (u64, usize) {
    window.open.as_ref().map_or((window.next_msn, 0), |open| (open.msn, open.parts.len()))
}

fn program_date_time_ms(segment: &Segment, created_ms: u64) -> i64 {
    (created_ms + segment.start_us() / 1_000) as i64
}

fn map_uri(kind: TrackKind, segment: &Segment, query: &str) -> String {
    format!("{}/init-{}.mp4{query}", kind.name(), segment.init.epoch)
}

fn part_uri(kind: TrackKind, msn: u64, index: usize, query: &str) -> String {
    format!("{}/{msn}.{index}.m4s{query}", kind.name())
}

fn part_lines(kind: TrackKind, segment: &Segment, query: &str) -> Vec<PartLine> {
    let line = |(index, part): (usize, &Part)| PartLine {
        uri: part_uri(kind, segment.msn, index, query),
        duration_ticks: ticks_to_us(part.duration, segment.init.timescale_hz),
        independent: part.independent,
        gap: false,
    };
    segment.parts.iter().enumerate().map(line).collect()
}
