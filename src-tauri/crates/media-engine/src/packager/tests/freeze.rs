//! A still picture in the place of a silent source, under the same rules.

use super::*;
use crate::repair::Incoming;

fn frozen() -> Watched {
    let mut watched = Watched::new(0, PlaylistFacts::default());
    watched.frozen = true;
    watched
}

/// Durations of everything listed, and how often it is discontinuous.
fn listed(watched: &Watched, kind: TrackKind) -> (u64, usize) {
    let playlist = watched.playlist(kind).expect("a playlist");
    let us: u64 = playlist.segments.iter().map(|segment| segment.duration_us).sum();
    (us / 1_000, playlist.segments.iter().filter(|segment| segment.discontinuity).count())
}

#[test]
fn a_silent_source_is_bridged_without_a_hole() {
    let mut watched = frozen();
    watched.run(&Encoder::default(), 0, 4_000);
    let (before_ms, _) = listed(&watched, Video);
    watched.until(9_000);
    for kind in [Video, Audio] {
        let (after_ms, discontinuities) = listed(&watched, kind);
        assert!(after_ms - before_ms > 3_500, "{} ms of it", after_ms - before_ms);
        assert_eq!(discontinuities, 0, "the still picture needs no new start");
    }
    assert!(watched.short_parts.is_empty(), "{:?}", watched.short_parts);
    watched.repair.begin_publisher();
    watched.run(&Encoder::default(), 9_000, 4_000);
    let playlist = watched.playlist(Video).expect("a playlist");
    let gap_ms: Vec<i64> = playlist
        .segments
        .windows(2)
        .map(|pair| pair[1].pdt_ms - pair[0].pdt_ms - (pair[0].duration_us / 1_000) as i64)
        .collect();
    assert!(gap_ms.iter().all(|gap_ms| gap_ms.abs() < 400), "{gap_ms:?}");
    assert_eq!(listed(&watched, Video).1, 1, "the new publisher is a new epoch");
    assert_eq!(listed(&watched, Audio).1, 1);
}

#[test]
fn not_wished_means_a_pause_as_ever() {
    let mut watched = Watched::new(0, PlaylistFacts::default());
    watched.run(&Encoder::default(), 0, 4_000);
    let before = listed(&watched, Video);
    watched.until(9_000);
    assert_eq!(listed(&watched, Video), before);
}

/// The frames of a stall come in a rush when it is over.
#[test]
fn what_comes_late_is_left_out_and_the_rules_hold() {
    let mut watched = frozen();
    let messages = Encoder::default()
        .messages(0, 20_000)
        .into_iter()
        .map(|(at_ms, incoming)| (if (5_000..9_000).contains(&at_ms) { 9_000 } else { at_ms }, incoming));
    watched.feed(messages.collect::<Vec<_>>());
    let (video_ms, _) = listed(&watched, Video);
    let (audio_ms, _) = listed(&watched, Audio);
    assert!(video_ms.abs_diff(audio_ms) < 500, "{video_ms} beside {audio_ms}");
    assert!(watched.short_parts.is_empty(), "{:?}", watched.short_parts);
}

#[test]
fn a_source_that_stays_late_is_shown_again() {
    let mut watched = frozen();
    let messages = Encoder::default()
        .messages(0, 20_000)
        .into_iter()
        .map(|(at_ms, incoming)| (if at_ms >= 5_000 { at_ms + 2_500 } else { at_ms }, incoming));
    watched.feed(messages.collect::<Vec<_>>());
    let (video_ms, _) = listed(&watched, Video);
    assert!(video_ms > 10_000, "{video_ms}");
}

#[test]
fn flaps_of_every_kind_keep_the_rules() {
    let mut watched = frozen();
    let mut at_ms = 0;
    for flap in 0..40_u64 {
        let audio_rate_hz = [Some(48_000), None, Some(44_100)][(flap % 3) as usize];
        let level = if flap % 5 == 4 { 0x28 } else { 0x1f };
        let encoder =
            Encoder { audio_rate_hz, level, b_frames: flap % 2 == 0, gop_ms: 1_000, ..Encoder::default() };
        watched.repair.begin_publisher();
        watched.packager.flush();
        let stay_ms = [3_100, 700, 2_300][(flap % 3) as usize];
        watched.run(&encoder, at_ms, stay_ms);
        at_ms += stay_ms as i64;
        if flap % 4 != 1 {
            watched.packager.flush();
        }
        at_ms += [200, 1_700, 6_400, 20_000][(flap % 4) as usize];
        watched.until(at_ms);
    }
}

#[test]
fn sound_alone_goes_on_as_silence() {
    let mut watched = frozen();
    let messages = Encoder::default()
        .messages(0, 8_000)
        .into_iter()
        .filter(|(_, incoming)| matches!(incoming, Incoming::AudioConfig(_) | Incoming::Audio { .. }));
    watched.feed(messages.collect::<Vec<_>>());
    let (before_ms, _) = listed(&watched, Audio);
    watched.until(14_000);
    assert!(listed(&watched, Audio).0 > before_ms + 3_500);
}
