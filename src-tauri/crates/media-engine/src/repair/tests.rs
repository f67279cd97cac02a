use media_formats::h264::{ParameterSets, Sps};
use proptest::prelude::*;

use super::*;
use crate::testing::{
    Encoder, OTHER_PPS, OTHER_SPS, Output, audio, audio_config, feed, keyframe_with, video, video_config,
};

fn config() -> Incoming {
    Incoming::VideoConfig(video_config(31))
}

fn sound() -> Incoming {
    Incoming::AudioConfig(audio_config(48_000))
}

/// A stream with both tracks under way: an epoch at 0 ms, pictures every 40 ms and sound up to `until_ms`.
fn under_way(until_ms: u32) -> (Repair, Output) {
    let mut repair = Repair::new(0);
    let encoder = Encoder { frames_per_1001_s: 25_025, ..Encoder::default() };
    let output = feed(&mut repair, encoder.messages(0, u64::from(until_ms)));
    (repair, output)
}

#[test]
fn first_timestamp_need_not_be_zero() {
    let mut repair = Repair::new(0);
    let encoder = Encoder { base_ms: 3_600_000, ..Encoder::default() };
    let output = feed(&mut repair, encoder.messages(500, 1_000));
    assert_eq!(output.video_ms()[..3], [500, 533, 567]);
    assert_eq!(output.audio_dts()[..2], [24_000, 25_024]);
    assert_eq!(output.epochs()[0].start_ms, 500);
}

#[test]
fn tracks_with_bases_of_their_own_start_together() {
    let mut repair = Repair::new(0);
    let output = feed(
        &mut repair,
        [(0, config()), (0, sound()), (10, video(90_000_000, true)), (12, audio(5)), (31, audio(26))],
    );
    assert_eq!(output.video_ms(), [10]);
    assert_eq!(output.audio_dts(), [480, 480 + 1_024]);
}

#[test]
fn tracks_with_one_base_keep_their_offset() {
    let mut repair = Repair::new(0);
    let output = feed(&mut repair, [(0, config()), (0, sound()), (0, video(1_000, true)), (0, audio(1_100))]);
    assert_eq!(output.video_ms(), [0]);
    // Silence fills the tenth of a second before the first sound; whole units come closest within half a unit.
    assert_eq!(output.audio_dts()[..4], [0, 1_024, 2_048, 3_072]);
    assert!((output.audio_dts().last().expect("sound") - 4_800).abs() <= 1_920);
}

#[test]
fn decoding_times_that_step_back_are_moved() {
    let mut repair = Repair::new(0);
    let output = feed(
        &mut repair,
        [
            (0, config()),
            (0, sound()),
            (0, video(0, true)),
            (33, video(33, false)),
            (66, video(20, false)),
            (99, video(66, false)),
        ],
    );
    let dts: Vec<i64> = output.units(TrackKind::Video).iter().map(|unit| unit.dts).collect();
    assert_eq!(dts, [0, 33 * 90, 33 * 90 + 1, 66 * 90]);
    assert_eq!(repair.counts().moved_timestamps, 1);
}

#[test]
fn a_returning_publisher_goes_on_at_the_present() {
    let (mut repair, _) = under_way(2_000);
    repair.begin_publisher();
    let output = feed(&mut repair, Encoder::default().messages(9_000, 200));
    assert_eq!(output.epochs().len(), 1);
    assert_eq!(output.epochs()[0].start_ms, 9_000);
    assert_eq!(output.video_ms()[0], 9_000);
    assert_eq!(output.audio_dts()[0], 9_000 * 48);
}

#[test]
fn a_returning_publisher_is_heard_from_its_first_keyframe_on() {
    let (mut repair, _) = under_way(1_000);
    repair.begin_publisher();
    let output = feed(&mut repair, [(2_000, video(0, false)), (2_033, audio(33)), (2_066, video(66, true))]);
    assert_eq!(output.units(TrackKind::Video).len(), 1);
    assert!(output.units(TrackKind::Audio).is_empty());
    assert_eq!(repair.counts().dropped_units, 2);
}

#[test]
fn a_clock_set_anew_under_way_is_a_discontinuity_without_going_back() {
    let (mut repair, before) = under_way(2_000);
    let output = feed(&mut repair, [(2_000, video(0, false)), (2_040, video(40, true)), (2_041, audio(41))]);
    assert_eq!(output.epochs().len(), 1, "opened by the keyframe after the jump");
    assert!(output.video_ms()[0] >= *before.video_ms().last().expect("pictures"));
    assert!(output.audio_dts()[0] >= before.audio_dts().last().expect("sound") + 1_024);
}

#[test]
fn missing_picture_makes_the_next_keyframe_a_discontinuity_wherever_it_comes() {
    let (mut repair, _) = under_way(1_000);
    let output = feed(
        &mut repair,
        [(3_000, video(3_000, false)), (3_040, video(3_040, false)), (3_080, video(3_080, true))],
    );
    assert_eq!(output.epochs().iter().map(|epoch| epoch.start_ms).collect::<Vec<_>>(), [3_080]);
}

#[test]
fn thirty_two_bits_of_milliseconds_wrap_unnoticed() {
    let mut repair = Repair::new(0);
    let encoder = Encoder { base_ms: u32::MAX - 900, ..Encoder::default() };
    let output = feed(&mut repair, encoder.messages(0, 2_000));
    assert_eq!(output.epochs().len(), 1);
    assert_eq!(output.video_ms().last(), Some(&1_967));
    assert_eq!(repair.counts(), RepairCounts::default());
}

#[test]
fn sound_whose_configuration_comes_late_joins_at_the_next_keyframe() {
    let mut repair = Repair::new(0);
    let mut messages = vec![(0, config())];
    messages.extend((0..30).map(|n| (n * 100, video(n as u32 * 100, n % 10 == 0))));
    messages.push((1_500, sound()));
    messages.push((1_510, audio(1_510)));
    messages.push((2_010, audio(2_010)));
    messages.sort_by_key(|(at_ms, _)| *at_ms);
    let output = feed(&mut repair, messages);
    let epochs = output.epochs();
    assert_eq!(
        epochs.iter().map(|e| (e.start_ms, e.audio.is_some())).collect::<Vec<_>>(),
        [(0, false), (2_000, true)]
    );
    let sound = output.units(TrackKind::Audio);
    assert!(!sound.is_empty() && sound.iter().all(|unit| unit.epoch == 1));
}

#[test]
fn without_sound_the_picture_waits_half_a_second_and_goes_on_alone() {
    let mut repair = Repair::new(0);
    let held = feed(
        &mut repair,
        [(0, config()), (0, video(0, true)), (250, video(250, false)), (499, video(499, false))],
    );
    assert!(held.all.is_empty());
    let output = feed(&mut repair, [(500, video(500, false))]);
    assert_eq!(output.epochs().len(), 1);
    assert!(output.epochs()[0].audio.is_none());
    assert_eq!(output.video_ms(), [0, 250, 499, 500]);
}

#[test]
fn a_sound_configuration_right_behind_the_first_keyframe_costs_no_epoch() {
    let mut repair = Repair::new(0);
    let output = feed(
        &mut repair,
        [
            (0, config()),
            (0, video(0, true)),
            (1, sound()),
            (20, audio(0)),
            (40, video(40, false)),
            (2_000, video(2_000, true)),
        ],
    );
    assert_eq!(output.epochs().iter().map(|epoch| epoch.number).collect::<Vec<_>>()[..1], [0]);
    assert!(output.epochs()[0].audio.is_some());
    assert_eq!(output.video_ms()[..2], [0, 40]);
}

#[test]
fn what_is_held_for_the_sound_is_bounded() {
    let mut repair = Repair::new(0);
    let mut messages = vec![(0, config()), (0, video(0, true))];
    messages.extend((1..=MAX_HELD as u32).map(|n| (0, video(n, false))));
    let output = feed(&mut repair, messages);
    assert_eq!(output.video_ms().len(), MAX_HELD + 1);
}

#[test]
fn a_new_picture_configuration_is_an_epoch_from_its_keyframe_on() {
    let (mut repair, _) = under_way(2_000);
    let output = feed(
        &mut repair,
        [
            (2_000, Incoming::VideoConfig(video_config(40))),
            (2_000, video(2_000, false)),
            (2_040, video(2_040, true)),
        ],
    );
    let units = output.units(TrackKind::Video);
    assert_eq!(units.iter().map(|unit| (unit.epoch, unit.key)).collect::<Vec<_>>(), [(0, false), (1, true)]);
    let epoch = output.epochs()[0];
    assert_eq!((epoch.number, epoch.start_ms), (1, 2_040));
    assert_eq!(epoch.video.as_deref(), Some(&video_config(40)));
}

#[test]
fn repeated_headers_change_nothing() {
    let (mut repair, _) = under_way(2_000);
    let output = feed(&mut repair, [(2_000, config()), (2_000, sound()), (2_000, video(2_000, true))]);
    assert!(output.epochs().is_empty());
}

/// A keyframe that brings parameter sets.
fn keyframe(timestamp_ms: u32, nals: &[&[u8]]) -> (i64, Incoming) {
    let payload = keyframe_with(nals);
    (i64::from(timestamp_ms), Incoming::Video { timestamp_ms, cts_ms: 0, key: true, payload })
}

fn sizes(output: &Output) -> Vec<(u64, u32)> {
    let size = |epoch: &&Epoch| (epoch.start_ms, epoch.video.as_ref().map_or(0, |config| config.sps.width));
    output.epochs().iter().map(size).collect()
}

#[test]
fn other_parameter_sets_inside_a_keyframe_are_an_epoch_from_it_on() {
    let (mut repair, _) = under_way(1_000);
    let other = [OTHER_SPS, OTHER_PPS];
    let output = feed(
        &mut repair,
        [
            keyframe(1_000, &other),
            (1_040, video(1_040, false)),
            keyframe(2_000, &other),
            keyframe(3_000, &[]),
            // An encoder that also goes on repeating its first header.
            (3_500, config()),
            keyframe(4_000, &other),
            (4_500, config()),
            keyframe(5_000, &other),
        ],
    );
    assert_eq!(sizes(&output), [(1_000, 640)]);
    assert_eq!(output.units(TrackKind::Video)[0].epoch, 1);
    let config = output.epochs()[0].video.clone().expect("a picture");
    assert_eq!((&config.sps_nals[0][..], &config.pps_nals[0][..]), (OTHER_SPS, OTHER_PPS));
    assert_eq!(config.nal_length_bytes, 4);
}

#[test]
fn one_new_parameter_set_alone_is_an_epoch_too() {
    let (mut repair, _) = under_way(1_000);
    let known = video_config(31);
    let output = feed(
        &mut repair,
        [
            keyframe(1_000, &[OTHER_PPS]),
            keyframe(2_000, &[OTHER_PPS]),
            keyframe(3_000, &[OTHER_SPS]),
            keyframe(4_000, &[OTHER_SPS]),
            keyframe(5_000, &[]),
        ],
    );
    assert_eq!(sizes(&output), [(1_000, 1_280), (3_000, 640)]);
    let sets: Vec<_> = output
        .epochs()
        .into_iter()
        .map(|epoch| {
            let config = epoch.video.clone().expect("a picture");
            (config.sps_nals.clone(), config.pps_nals.clone())
        })
        .collect();
    let (sps, pps) = (Bytes::from_static(OTHER_SPS), Bytes::from_static(OTHER_PPS));
    assert_eq!(sets[0], (known.sps_nals.clone(), vec![pps.clone()]), "it replaces the one of its id");
    assert_eq!(sets[1], (vec![sps], vec![pps]));
}

#[test]
fn the_known_parameter_sets_inside_keyframes_change_nothing() {
    let (mut repair, _) = under_way(1_000);
    let known = video_config(31);
    let sets = [&known.sps_nals[0][..], &known.pps_nals[0][..]];
    let output =
        feed(&mut repair, [keyframe(1_000, &sets), keyframe(2_000, &sets), keyframe(3_000, &sets[..1])]);
    assert_eq!(sizes(&output), []);
    assert_eq!(output.video_ms(), [1_000, 2_000, 3_000]);
}

#[test]
fn a_header_and_parameter_sets_that_say_the_same_are_one_epoch() {
    let (mut repair, _) = under_way(1_000);
    let sets = ParameterSets {
        sps: vec![Bytes::from_static(OTHER_SPS)],
        pps: vec![Bytes::from_static(OTHER_PPS), Bytes::from_static(b"\x68\x58\xf8\xf2\xc8\xb0")],
    };
    let header = VideoConfig::from_parameter_sets(&sets).expect("valid sets");
    // Only the set in use is repeated.
    let other = [OTHER_SPS, OTHER_PPS];
    let output = feed(
        &mut repair,
        [
            (990, Incoming::VideoConfig(header.clone())),
            keyframe(1_000, &other),
            keyframe(2_000, &other),
            (2_500, config()),
            keyframe(3_000, &[]),
        ],
    );
    assert_eq!(sizes(&output), [(1_000, 640), (3_000, 1_280)], "and a header alone counts as ever");
    assert_eq!(output.epochs()[0].video.as_deref(), Some(&header));
}

#[test]
fn parameter_sets_that_cannot_be_read_are_ignored() {
    let (mut repair, _) = under_way(1_000);
    // Cut short; nothing but a header byte; numbers without an end.
    let output = feed(
        &mut repair,
        [
            keyframe(1_000, &[&OTHER_SPS[..5], OTHER_PPS]),
            keyframe(2_000, &[&[0x67], &[0x68]]),
            keyframe(3_000, &[&[0x67, 100, 0, 31, 0, 0, 0, 0, 0, 0, 0], OTHER_PPS]),
        ],
    );
    assert_eq!(sizes(&output), []);
    assert_eq!(output.video_ms(), [1_000, 2_000, 3_000], "the pictures go on");
}

proptest! {
    #[test]
    fn whatever_stands_for_parameter_sets_inside_keyframes_every_picture_goes_on(
        sps in prop::collection::vec(any::<u8>(), 0..40),
        pps in prop::collection::vec(any::<u8>(), 0..10),
    ) {
        let (mut repair, _) = under_way(1_000);
        let (sps, pps) = ([&[0x67][..], &sps].concat(), [&[0x68][..], &pps].concat());
        let readable = Sps::parse(&sps).is_ok();
        let output =
            feed(&mut repair, [keyframe(1_000, &[&sps, &pps]), (1_040, video(1_040, false))]);
        prop_assert_eq!(output.video_ms(), [1_000, 1_040]);
        prop_assert_eq!(output.epochs().len(), usize::from(readable));
    }
}

#[test]
fn parameter_sets_inside_keyframes_keep_the_length_of_lengths() {
    let mut record = video_config(31).avcc.to_vec();
    record[4] = 0xfd;
    let short = VideoConfig::parse(Bytes::from(record)).expect("a valid record");
    let mut payload = Vec::new();
    for nal in [OTHER_SPS, OTHER_PPS, &[0x65; 40]] {
        payload.extend_from_slice(&(nal.len() as u16).to_be_bytes());
        payload.extend_from_slice(nal);
    }
    let picture = Incoming::Video { timestamp_ms: 0, cts_ms: 0, key: true, payload: Bytes::from(payload) };
    let mut repair = Repair::new(0);
    let output = feed(&mut repair, [(0, Incoming::VideoConfig(short)), (0, sound()), (0, picture)]);
    let epoch = output.epochs()[0].video.clone().expect("a picture");
    assert_eq!((epoch.sps.width, epoch.sps.height, epoch.nal_length_bytes), (640, 360, 2));
}

#[test]
fn a_publisher_after_one_with_parameter_sets_inside_is_taken_by_its_header() {
    let (mut repair, _) = under_way(1_000);
    feed(&mut repair, [keyframe(1_000, &[OTHER_SPS, OTHER_PPS])]);
    repair.begin_publisher();
    let output = feed(&mut repair, [(5_000, config()), (5_000, video(0, true))]);
    assert_eq!(sizes(&output), [(5_000, 1_280)]);
}

#[test]
fn stalled_sound_is_replaced_by_silence_and_joins_again_later() {
    let (mut repair, before) = under_way(2_000);
    let stalled = feed(&mut repair, (50..125).map(|n| (n * 40, video(n as u32 * 40, n % 50 == 0))));
    let silent = stalled.audio_dts();
    assert!(silent.len() as u64 == repair.counts().silent_units && silent.len() > 100);
    assert_eq!(silent[0], before.audio_dts().last().expect("sound") + 1_024);
    assert!(silent.windows(2).all(|pair| pair[1] == pair[0] + 1_024));
    let behind_ms = 124 * 40 - silent.last().expect("silence") / 48;
    assert!((0..=SILENCE_AFTER_MS).contains(&behind_ms), "{behind_ms}");
    // What arrives late is dropped until it has caught up with the silence.
    let joined = feed(&mut repair, (94..260).map(|n| (5_000, audio(n * 64 / 3))));
    let dts: Vec<i64> = silent.iter().copied().chain(joined.audio_dts()).collect();
    assert!(!joined.audio_dts().is_empty());
    assert!(dts.windows(2).all(|pair| pair[1] >= pair[0] + 1_024 - 48 * AUDIO_DRIFT_MS && pair[1] > pair[0]));
    assert!(repair.counts().dropped_units > 50);
}

#[test]
fn a_publisher_that_returns_without_sound_is_given_silence_all_along() {
    let (mut repair, _) = under_way(1_000);
    repair.begin_publisher();
    let encoder = Encoder { audio_rate_hz: None, ..Encoder::default() };
    let output = feed(&mut repair, encoder.messages(2_000, 6_000));
    assert!(output.epochs()[0].audio.is_some());
    let sound = output.audio_dts();
    assert_eq!(sound[0], 2_000 * 48);
    assert!(sound.windows(2).all(|pair| pair[1] == pair[0] + 1_024));
    let end_ms = (sound.last().expect("silence") + 1_024) / 48;
    assert!((7_900..=8_000).contains(&end_ms), "{end_ms}");
}

#[test]
fn sound_is_counted_in_samples_whatever_milliseconds_round_to() {
    let mut repair = Repair::new(0);
    let output =
        feed(&mut repair, Encoder { audio_rate_hz: Some(44_100), ..Encoder::default() }.messages(0, 60_000));
    let dts = output.audio_dts();
    assert!(dts.len() > 2_500);
    assert!(dts.iter().enumerate().all(|(n, &dts)| dts == n as i64 * 1_024));
}

#[test]
fn sound_alone_becomes_a_stream_after_a_second_and_a_half() {
    let mut repair = Repair::new(0);
    let mut messages = vec![(0, sound())];
    messages.extend((0..140).map(|n| (n * 64 / 3, audio((n * 64 / 3) as u32))));
    let output = feed(&mut repair, messages);
    let epochs = output.epochs();
    assert_eq!(epochs.len(), 1);
    assert!(epochs[0].video.is_none() && epochs[0].start_ms >= 1_500);
    assert!(output.units(TrackKind::Audio).len() > 60);
}

#[test]
fn a_picture_that_joins_sound_is_shown_from_its_keyframe_on() {
    let mut repair = Repair::new(0);
    let mut messages = vec![(0, sound())];
    messages.extend((0..140).map(|n| (n * 64 / 3, audio((n * 64 / 3) as u32))));
    messages.extend([
        (2_990, config()),
        (2_990, video(2_990, false)),
        (3_000, audio(2_987)),
        (3_030, video(3_030, true)),
    ]);
    let output = feed(&mut repair, messages);
    let units = output.units(TrackKind::Video);
    assert_eq!(units.iter().map(|unit| (unit.epoch, unit.key)).collect::<Vec<_>>(), [(1, true)]);
    assert_eq!(output.epochs().iter().map(|epoch| epoch.video.is_some()).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_picture_older_than_the_sound_it_joins_does_not_go_back_behind_it() {
    let mut repair = Repair::new(0);
    let mut messages = vec![(0, sound())];
    messages.extend((0..140).map(|n| (n * 64 / 3, audio((n * 64 / 3) as u32))));
    // The sound's epoch began at a second and a half; the picture claims to be older than that.
    messages.extend([(2_990, config()), (3_000, video(0, true))]);
    let output = feed(&mut repair, messages);
    let starts: Vec<u64> = output.epochs().iter().map(|epoch| epoch.start_ms).collect();
    assert!(starts.len() == 2 && starts[0] <= starts[1], "{starts:?}");
    assert!(output.video_ms()[0] >= starts[1] as i64);
}

#[test]
fn one_message_brings_a_bounded_amount_of_silence() {
    let mut repair = Repair::new(0);
    let audio_config = Incoming::AudioConfig(audio_config(96_000));
    feed(&mut repair, [(0, config()), (0, audio_config), (0, video(0, true)), (0, audio(0))]);
    let bound = (MAX_SILENCE_MS * 96 / 1_024 + 1) as usize;
    // A step the clock takes as such, one it takes for a new clock an hour later, and sound that leaps by itself.
    for message in
        [(0, video(10_000, false)), (3_600_000, video(3_600_000, false)), (3_600_000, audio(3_603_000))]
    {
        let output = feed(&mut repair, [message]);
        assert!(output.all.len() <= bound + 2, "{}", output.all.len());
    }
    assert!(repair.counts().silent_units > 900, "the first step is filled");
}

#[test]
fn sound_of_another_rate_does_not_go_back_in_time() {
    let (mut repair, before) = under_way(2_000);
    repair.begin_publisher();
    let encoder = Encoder { audio_rate_hz: Some(44_100), ..Encoder::default() };
    // The stream's position lags behind what was sent, as after a burst.
    let output = feed(&mut repair, encoder.messages(1_000, 500));
    let end_us = (before.audio_dts().last().expect("sound") + 1_024) * 1_000_000 / 48_000;
    assert!(output.audio_dts()[0] * 1_000_000 / 44_100 >= end_us);
}

#[derive(Debug, Clone)]
enum Step {
    Say(Incoming),
    Replace,
}

fn step() -> impl Strategy<Value = Step> {
    let timestamp_ms = prop_oneof![Just(0), 0_u32..20_000, any::<u32>(), (u32::MAX - 5_000)..u32::MAX];
    let near = prop_oneof![4 => 0_u32..3_000, 1 => timestamp_ms];
    prop_oneof![
        8 => (near.clone(), any::<bool>(), any::<i32>()).prop_map(|(timestamp_ms, key, cts_ms)| {
            Step::Say(Incoming::Video { timestamp_ms, cts_ms, key, payload: crate::testing::picture(key, 8) })
        }),
        8 => near.prop_map(|timestamp_ms| Step::Say(audio(timestamp_ms))),
        1 => (30_u8..32).prop_map(|level| Step::Say(Incoming::VideoConfig(video_config(level)))),
        1 => prop_oneof![Just(96_000), Just(48_000), Just(44_100)]
            .prop_map(|rate_hz| Step::Say(Incoming::AudioConfig(audio_config(rate_hz)))),
        1 => Just(Step::Replace),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_is_sent_what_leaves_can_be_trusted(
        steps in prop::collection::vec((step(), prop_oneof![9 => 0_i64..100, 1 => 0_i64..100_000]), 0..120),
    ) {
        let mut repair = Repair::new(7);
        let (mut now_ms, mut epoch) = (0, None::<Epoch>);
        let (mut first_picture, mut last_seq) = (true, None::<u64>);
        let mut last_us = [i128::MIN; 2];
        let mut last_video_dts = i64::MIN;
        for (step, later_ms) in steps {
            now_ms += later_ms;
            let incoming = match step {
                Step::Say(incoming) => incoming,
                Step::Replace => {
                    repair.begin_publisher();
                    continue;
                }
            };
            let held = repair.held.len();
            let out: Vec<Repaired> = repair.push(incoming, now_ms).collect();
            let bound = (held + 1) * (2 * (MAX_SILENCE_MS * 96 / 1_024 + 2) as usize);
            prop_assert!(out.len() <= bound, "{} items from {} messages", out.len(), held + 1);
            for repaired in out {
                match repaired {
                    Repaired::Epoch(new) => {
                        prop_assert_eq!(new.number, epoch.as_ref().map_or(7, |old| old.number + 1));
                        prop_assert!(epoch.as_ref().is_none_or(|old| old.start_ms <= new.start_ms));
                        epoch = Some(new);
                        first_picture = true;
                    }
                    Repaired::Unit(unit) => {
                        let Some(epoch) = &epoch else { panic!("a unit before its epoch") };
                        prop_assert_eq!(unit.epoch, epoch.number);
                        prop_assert!(last_seq.is_none_or(|last| unit.seq == last + 1));
                        last_seq = Some(unit.seq);
                        let (track, rate_hz) = match unit.track {
                            TrackKind::Video => {
                                prop_assert!(epoch.video.is_some(), "a picture in an epoch of sound");
                                prop_assert!(!first_picture || unit.key, "an epoch that begins without a keyframe");
                                prop_assert!(unit.dts > last_video_dts);
                                prop_assert!(unit.dts >= epoch.start_ms as i64 * 90);
                                last_video_dts = unit.dts;
                                first_picture = false;
                                (0, 90_000)
                            }
                            TrackKind::Audio => match &epoch.audio {
                                Some(config) => (1, config.sample_rate_hz),
                                None => panic!("sound in an epoch without"),
                            },
                        };
                        // Ticks of different rates compare as times, rounded up.
                        let end_us = (i128::from(unit.dts) + 1) * 1_000_000 / i128::from(rate_hz) + 1;
                        prop_assert!(end_us >= last_us[track], "{end_us} after {}", last_us[track]);
                        last_us[track] = i128::from(unit.dts) * 1_000_000 / i128::from(rate_hz);
                    }
                }
            }
        }
    }
}
