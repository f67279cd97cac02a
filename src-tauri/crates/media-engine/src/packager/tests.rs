mod checks;
mod freeze;
mod playlist;

use std::sync::Arc;

use bytes::Bytes;
use media_formats::unit::TrackKind::{Audio, Video};

use self::checks::{Fragment, Watched};
use self::playlist::Playlist;
use super::*;
use crate::testing::Encoder;
use crate::{dash, hls};

const FRAME_RATES: [(u64, &str); 7] = [
    (30_030, "30"),
    (30_000, "29.97"),
    (25_025, "25"),
    (24_024, "24"),
    (15_015, "15"),
    (12_012, "12"),
    (60_060, "60"),
];

/// Streams of one frame rate with every keyframe interval, with and without reordering, long enough to slide the window.
fn rules_hold_at(frames_per_1001_s: u64) {
    for gop_ms in [500, 1_000, 2_000, 4_000, 10_000] {
        for (b_frames, audio_rate_hz) in [(false, Some(48_000)), (true, Some(44_100))] {
            let encoder =
                Encoder { frames_per_1001_s, gop_ms, b_frames, audio_rate_hz, ..Encoder::default() };
            let mut watched = Watched::new(0, PlaylistFacts::default());
            // Listed for six targets at most, fetchable for eight more.
            watched.run(&encoder, 100, gop_ms.clamp(3_000, 6_000) * 17);
            let playlist = watched.playlist(Video).expect("a playlist");
            assert!(playlist.media_sequence > 0, "the window did not slide at GOP {gop_ms}");
            assert!(watched.removed_seen > 0);
            watched.short_parts.dedup();
            assert!(
                watched.short_parts.is_empty(),
                "{:?}, parts below 85 % at GOP {gop_ms}, B {b_frames}",
                &watched.short_parts[..watched.short_parts.len().min(6)]
            );
        }
    }
}

#[test]
fn the_rules_hold_at_30_frames_a_second() {
    rules_hold_at(FRAME_RATES[0].0);
}

#[test]
fn the_rules_hold_at_29_97_frames_a_second() {
    rules_hold_at(FRAME_RATES[1].0);
}

#[test]
fn the_rules_hold_at_25_frames_a_second() {
    rules_hold_at(FRAME_RATES[2].0);
}

#[test]
fn the_rules_hold_at_24_frames_a_second() {
    rules_hold_at(FRAME_RATES[3].0);
}

#[test]
fn the_rules_hold_at_15_frames_a_second() {
    rules_hold_at(FRAME_RATES[4].0);
}

#[test]
fn the_rules_hold_at_12_frames_a_second() {
    rules_hold_at(FRAME_RATES[5].0);
}

#[test]
fn the_rules_hold_at_60_frames_a_second() {
    rules_hold_at(FRAME_RATES[6].0);
}

#[test]
fn target_durations_are_those_of_the_first_segment() {
    let measured = |gop_ms: u64| {
        let mut watched = Watched::new(0, PlaylistFacts::default());
        watched.run(&Encoder { gop_ms, ..Encoder::default() }, 0, 13_000);
        let facts = watched.packager.facts();
        (facts.target_duration_s, facts.part_target_ms)
    };
    assert_eq!([500, 2_000, 4_000, 10_000].map(measured), [(2, 301), (2, 301), (4, 301), (6, 301)]);
}

/// hls.js 1.7 steps over a newest part that is shorter than its 250 ms of tolerance.
#[test]
fn parts_of_a_regular_source_are_of_one_length() {
    // Of 15 frames a second, whole ones leave a shorter last part whatever is done.
    for (frames_per_1001_s, name) in FRAME_RATES.into_iter().filter(|(_, name)| *name != "15") {
        let mut watched = Watched::new(0, PlaylistFacts::default());
        watched.run(&Encoder { frames_per_1001_s, ..Encoder::default() }, 100, 12_000);
        let track = watched.packager.window(Video).expect("a track");
        let segments: Vec<_> = track.listed().skip(1).collect();
        assert!(segments.len() >= 4);
        let shortest = segments.iter().flat_map(|segment| &segment.parts).map(|part| part.duration).min();
        let shortest_ms = shortest.unwrap_or(0) * 1_000 / u64::from(segments[0].init.timescale_hz);
        assert!(shortest_ms >= 239, "at {name} frames a second: {shortest_ms} ms");
    }
}

#[test]
fn nothing_is_published_before_the_first_segment_is_complete() {
    let mut watched = Watched::new(0, PlaylistFacts::default());
    watched.run(&Encoder::default(), 0, 1_990);
    assert!(!watched.packager.is_published());
    assert!(watched.playlist(Video).is_none());
    assert!(hls::multivariant_playlist(&watched.packager, "").is_none());
    assert!(dash::manifest(&watched.packager, 0, 0).is_none());
}

#[test]
fn numbers_agree_across_a_hundred_flaps() {
    let mut watched = Watched::new(0, PlaylistFacts::default());
    let mut at_ms = 0;
    for flap in 0..100_u64 {
        let stay_ms = [3_100, 700, 40, 2_300][(flap % 4) as usize];
        let audio_rate_hz = if flap % 7 == 3 { None } else { Some(48_000) };
        let encoder = Encoder { base_ms: (flap * 7_919) as u32, audio_rate_hz, ..Encoder::default() };
        watched.repair.begin_publisher();
        watched.packager.flush();
        watched.run(&encoder, at_ms, stay_ms);
        at_ms += stay_ms as i64 + [0, 5_000, 300][(flap % 3) as usize];
    }
    watched.packager.flush();
    watched.check();
    assert_eq!(watched.packager.facts().discontinuities, 99);
    let playlists = [Video, Audio].map(|kind| watched.playlist(kind).expect("a playlist"));
    let last = playlists
        .map(|playlist| playlist.segments.last().map(|segment| (segment.msn, segment.discontinuities)));
    assert_eq!(last[0], last[1]);
    assert_eq!(last[0].map(|(_, discontinuities)| discontinuities), Some(99));
}

#[test]
fn a_silent_publisher_of_video_alone_has_no_sound_playlist() {
    let mut watched = Watched::new(0, PlaylistFacts::default());
    watched.run(&Encoder { audio_rate_hz: None, ..Encoder::default() }, 0, 10_000);
    assert!(watched.playlist(Video).is_some() && watched.playlist(Audio).is_none());
}

#[test]
fn a_sound_track_that_joins_later_takes_the_numbers_of_the_picture() {
    let mut watched = Watched::new(0, PlaylistFacts::default());
    watched.run(&Encoder { audio_rate_hz: None, ..Encoder::default() }, 0, 9_000);
    watched.repair.begin_publisher();
    watched.run(&Encoder::default(), 9_500, 40_000);
    watched.check();
    let playlists = [Video, Audio].map(|kind| watched.playlist(kind).expect("a playlist"));
    let ends =
        playlists.map(|playlist| playlist.segments.last().map(|last| (last.msn, last.discontinuities)));
    assert_eq!(ends[0], ends[1]);
}

#[test]
fn sound_alone_is_cut_by_itself_and_stays_fetchable_when_a_picture_joins() {
    let mut watched = Watched::new(0, PlaylistFacts::default());
    let encoder = Encoder::default();
    let media = encoder.messages(0, 20_000);
    let sound = |incoming: &crate::repair::Incoming| {
        matches!(incoming, crate::repair::Incoming::Audio { .. } | crate::repair::Incoming::AudioConfig(_))
    };
    watched.feed(media.iter().filter(|(at_ms, incoming)| *at_ms < 12_000 && sound(incoming)).cloned());
    let alone = watched.playlist(Audio).expect("sound");
    assert!(alone.segments.len() >= 4);
    watched.repair.begin_publisher();
    watched.feed(encoder.messages(12_100, 500));
    assert!(watched.playlist(Audio).is_some(), "fetchable while the picture's first segment is being filled");
    watched.feed(Encoder { base_ms: 500, ..encoder }.messages(12_600, 10_000));
    watched.check();
    let ends = [Video, Audio].map(|kind| {
        watched
            .playlist(kind)
            .and_then(|playlist| playlist.segments.last().map(|last| (last.msn, last.discontinuities)))
    });
    assert!(ends[0].is_some() && ends[0] == ends[1], "{ends:?}");
}

#[test]
fn while_the_picture_stands_still_sound_goes_on_in_segments_of_its_own() {
    let mut watched = Watched::new(0, PlaylistFacts::default());
    let media = Encoder::default().messages(0, 30_000);
    let picture =
        |incoming: &crate::repair::Incoming| matches!(incoming, crate::repair::Incoming::Video { .. });
    watched.feed(
        media.into_iter().filter(|(at_ms, incoming)| !(6_000..22_000).contains(at_ms) || !picture(incoming)),
    );
    watched.check();
    let video = watched.playlist(Video).expect("a picture");
    assert!(video.segments.iter().any(|segment| segment.gap), "the picture's holes are named");
    assert!(watched.playlist(Audio).expect("sound").segments.iter().all(|segment| !segment.gap));
}

#[test]
fn a_restart_goes_on_with_numbers_and_starts_with_a_discontinuity() {
    let mut watched = Watched::new(0, PlaylistFacts::default());
    watched.run(&Encoder { gop_ms: 4_000, ..Encoder::default() }, 0, 31_000);
    watched.repair.begin_publisher();
    watched.run(&Encoder::default(), 32_000, 9_000);
    let (facts, next_msn) = (watched.packager.facts(), watched.packager.next_msn());
    let before = watched.playlist(Video).expect("a playlist");

    let mut resumed = Watched::new(next_msn + 100, facts);
    resumed.run(&Encoder::default(), 120_000, 30_000);
    let after = resumed.playlist(Video).expect("a playlist");
    assert!(after.media_sequence > before.segments.last().expect("segments").msn);
    assert_eq!(after.target_duration_s, 4);
    assert_eq!(after.part_target_us, before.part_target_us);
    assert!(after.segments[0].pdt_ms > before.segments.last().expect("segments").pdt_ms);
    let first = resumed.first_playlist.as_ref().expect("the first playlist");
    assert!(first.segments[0].discontinuity);
    assert_eq!(first.segments[0].msn, next_msn + 100);
    assert_eq!(first.discontinuity_sequence, 1, "what was tagged before the restart is gone from the list");
    assert!(first.segments[0].map.contains(&format!("init-{}.mp4", facts.next_epoch)));
}

#[test]
fn an_ended_playlist_says_so_and_promises_nothing_more() {
    let mut watched = Watched::new(0, PlaylistFacts::default());
    watched.run(&Encoder::default(), 0, 7_000);
    watched.packager.end();
    let text = hls::media_playlist(&watched.packager, Video, 0, "").expect("a playlist");
    assert!(text.ends_with("#EXT-X-ENDLIST\n"));
    for promise in ["EXT-X-PART", "PRELOAD-HINT", "CAN-BLOCK-RELOAD", "RENDITION-REPORT"] {
        assert!(!text.contains(promise), "{promise}");
    }
    let total_us: u64 = Playlist::parse(&text).segments.iter().map(|segment| segment.duration_us).sum();
    assert!((6_990_000..=7_010_000).contains(&total_us), "{total_us}");
    assert!(dash::manifest(&watched.packager, 0, 0).expect("a manifest").contains("type=\"static\""));
    let version = watched.packager.version();
    watched.run(&Encoder::default(), 8_000, 5_000);
    assert_eq!(watched.packager.version(), version, "nothing is added after the end");
}

#[test]
fn a_media_playlist_as_players_read_it() {
    let mut watched = Watched::new(0, PlaylistFacts::default());
    watched.run(&Encoder::default(), 0, 2_400);
    watched.repair.begin_publisher();
    watched.run(&Encoder { level: 40, ..Encoder::default() }, 3_000, 700);
    let text = hls::media_playlist(&watched.packager, Video, 1_790_000_000_000, "").expect("a playlist");
    insta::assert_snapshot!("media_playlist_across_a_publisher_change", text);
    let text = hls::multivariant_playlist(&watched.packager, "?viewer=abc").expect("a playlist");
    insta::assert_snapshot!("multivariant_playlist", text);
}

#[test]
fn manifests_of_one_and_two_epochs() {
    let mut watched = Watched::new(0, PlaylistFacts::default());
    watched.run(&Encoder::default(), 0, 6_100);
    let manifest = |packager: &Packager| dash::manifest(packager, 1_790_000_000_000, 1_790_000_007_000);
    insta::assert_snapshot!("manifest_of_one_epoch", manifest(&watched.packager).expect("a manifest"));
    watched.repair.begin_publisher();
    watched.run(&Encoder { level: 40, ..Encoder::default() }, 8_000, 4_100);
    insta::assert_snapshot!("manifest_of_two_epochs", manifest(&watched.packager).expect("a manifest"));
}

#[test]
fn a_period_starts_at_the_same_time_as_long_as_it_is_listed() {
    let mut watched = Watched::new(0, PlaylistFacts::default());
    watched.run(&Encoder::default(), 1_000, 3_000);
    watched.repair.begin_publisher();
    let mut starts = Vec::new();
    for (at_ms, incoming) in Encoder::default().messages(5_000, 30_000) {
        watched.feed([(at_ms, incoming)]);
        let Some(text) = dash::manifest(&watched.packager, 0, 0) else { continue };
        let period = text.split("<Period ").skip(1).find(|period| period.starts_with("id=\"1\""));
        let start = period.and_then(|period| period.split("start=\"").nth(1)?.split('"').next());
        starts.extend(start.map(str::to_owned));
    }
    starts.dedup();
    assert_eq!(starts, ["PT5S"]);
}

/// Held: the list (five targets and a segment), what players may still ask for (seven and a second, and a segment), the
/// open segment, box heads; so at most 16 targets' payload and a tenth.
#[test]
fn memory_is_the_windows_payload() {
    let encoder = Encoder { picture_bytes: 16_000, ..Encoder::default() };
    let mut watched = Watched::new(0, PlaylistFacts::default());
    watched.quiet = true;
    watched.run(&encoder, 0, 120_000);
    let target_s = u64::from(watched.packager.facts().target_duration_s);
    let held = watched.packager.window(Video).expect("a picture").held_bytes();
    let second = 30 * 16_000;
    assert!(held <= second * target_s * 16 * 11 / 10, "{held}");
    assert!(held >= second * target_s * 12, "{held}");
}

#[test]
fn a_clock_that_stands_still_does_not_fill_the_memory() {
    let mut watched = Watched::new(0, PlaylistFacts::default());
    watched.quiet = true;
    let big = Bytes::from(vec![0x41; 1 << 20]);
    watched.feed(Encoder::default().messages(0, 3_000));
    let (mut most_held, mut longest_part) = (0, 0);
    for n in 0..2_000 {
        let (key, payload) = (n % 60 == 0, big.clone());
        let stuck = crate::repair::Incoming::Video { timestamp_ms: 3_000, cts_ms: 0, key, payload };
        watched.feed([(3_000 + n * 33, stuck)]);
        let window = watched.packager.window(Video).expect("a picture");
        most_held = most_held.max(window.held_bytes());
        let newest = window.open.as_ref().and_then(|open| open.parts.last());
        longest_part = longest_part.max(newest.map_or(0, |part| part.len_bytes));
    }
    // The window, and a segment being filled that is found too long with its last part.
    assert!(most_held <= (256 + 64 + 2 * 17) << 20, "{most_held}");
    assert!(longest_part <= 18 << 20, "{longest_part}");
}

#[test]
fn a_frame_that_would_stretch_its_part_begins_the_next() {
    let mut watched = Watched::new(0, PlaylistFacts::default());
    watched.run(&Encoder::default(), 0, 3_000);
    // The first of these comes late and is placed at 3.2 s, where a part was to begin; the next a whole part later.
    let late = [3_000, 3_300, 3_500, 3_800];
    watched.feed(late.map(|at_ms| (at_ms, crate::testing::video(at_ms as u32, false))));
    watched.feed([(3_933, crate::testing::video(3_933, false)), (4_000, crate::testing::video(4_000, true))]);
    watched.check();
}

/// A demuxer that derives the frame rate from sample durations must not see another one with every part.
#[test]
fn pictures_are_decoded_on_an_even_grid_and_shown_at_their_true_times() {
    let mut packager = Packager::new(0, PlaylistFacts::default());
    let video = Some(Arc::new(crate::testing::video_config(31)));
    packager.begin_epoch(&Epoch { number: 0, start_ms: 0, video, audio: None });
    // Whole milliseconds, as RTMP has them.
    let times: Vec<i64> = (0..200).map(|n| n * 1_000 / 30 * 90).collect();
    for (n, &dts) in (0_u64..).zip(&times) {
        let key = n % 60 == 0;
        let payload = crate::testing::picture(key, 100);
        packager.push(Unit { track: Video, epoch: 0, seq: n, dts, cts: 0, key, payload });
    }
    let window = packager.window(Video).expect("a window");
    let fragments: Vec<Fragment> =
        window.listed().chain(&window.open).flat_map(|segment| &segment.parts).map(Fragment::parse).collect();
    let uneven: Vec<&Vec<u32>> = fragments
        .iter()
        .map(|one| &one.durations)
        .filter(|all| all.iter().any(|ticks| *ticks != 3_000))
        .collect();
    assert_eq!(uneven, Vec::<&Vec<u32>>::new());
    let shown: Vec<i64> = fragments.iter().flat_map(|one| one.shown.clone()).collect();
    assert!(shown.len() > 180);
    assert_eq!(shown, times[..shown.len()]);
}

#[test]
fn part_targets_fit_both_tracks() {
    assert_eq!(part_target_ms(&[33_333, 21_333], 2), 301, "nine frames of 33.3 ms, rounded or not");
    for frame_us in [16_667, 20_000, 33_333, 33_367, 40_000, 41_667, 50_000, 66_667, 83_333, 100_000] {
        for sound_us in [21_333, 23_220] {
            let target_us = u64::from(part_target_ms(&[frame_us, sound_us], 2)) * 1_000;
            for each_us in [frame_us, sound_us] {
                let part_us = target_us / each_us * each_us;
                assert!(part_us * 100 >= target_us * 85, "{each_us} in {target_us}");
            }
        }
    }
    assert_eq!(part_target_ms(&[500_000, 21_333], 2), 500, "a part holds at least one frame");
}
