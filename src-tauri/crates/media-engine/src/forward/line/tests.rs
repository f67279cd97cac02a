use proptest::prelude::*;

use super::*;
use crate::bus::{Bus, BusItem, Reader, TryNext};
use crate::repair::{Incoming, Repair};
use crate::testing::{Encoder, asc, audio_config, avcc, picture};

/// A stream, its bus and one destination, on a virtual clock.
struct Desk {
    repair: Repair,
    bus: Bus,
    reader: Reader,
    line: Line,
    sent: Vec<Put>,
    now_ms: i64,
}

impl Desk {
    fn new() -> Self {
        let bus = Bus::new();
        let reader = bus.reader();
        Self {
            repair: Repair::new(0),
            reader,
            bus,
            line: Line::new(Pace::default(), "test".to_owned()),
            sent: Vec::new(),
            now_ms: 0,
        }
    }

    /// Time goes on and the line is looked after as its task does.
    fn until(&mut self, now_ms: i64) {
        while let Some(at_ms) = self.line.deadline_ms().filter(|&at_ms| at_ms <= now_ms) {
            self.line.idle(at_ms.max(self.now_ms), true, &mut self.sent);
        }
        self.now_ms = now_ms.max(self.now_ms);
    }

    fn feed(&mut self, messages: impl IntoIterator<Item = (i64, Incoming)>) {
        for (at_ms, incoming) in messages {
            self.until(at_ms);
            self.repair.push(incoming, self.now_ms).for_each(|repaired| self.bus.push(&repaired));
            self.take();
        }
    }

    fn take(&mut self) {
        loop {
            match self.reader.try_next() {
                TryNext::Item(BusItem::Unit { unit, epoch }) => {
                    self.line.unit(&unit, epoch, self.now_ms, &mut self.sent);
                }
                TryNext::Item(BusItem::Skipped { units }) => self.line.skipped(units),
                TryNext::Empty | TryNext::Closed => return,
            }
        }
    }

    fn publisher(&mut self, encoder: &Encoder, from_ms: i64, duration_ms: u64) {
        self.until(from_ms);
        self.repair.begin_publisher();
        self.feed(encoder.messages(from_ms, duration_ms));
    }

    fn pictures(&self) -> Vec<(i64, bool, Bytes)> {
        let pictures = self.sent.iter().filter_map(|put| match put {
            Put::Video { timestamp_ms, key, payload, .. } => Some((*timestamp_ms, *key, payload.clone())),
            _ => None,
        });
        pictures.collect()
    }

    fn sounds(&self) -> Vec<(i64, Bytes)> {
        let sounds = self.sent.iter().filter_map(|put| match put {
            Put::Audio { timestamp_ms, payload } => Some((*timestamp_ms, payload.clone())),
            _ => None,
        });
        sounds.collect()
    }

    fn headers(&self) -> Vec<&Put> {
        let is_header =
            |put: &&Put| matches!(put, Put::Metadata(_) | Put::VideoHeader { .. } | Put::AudioHeader { .. });
        self.sent.iter().filter(is_header).collect()
    }

    /// What must hold whatever happened.
    fn check(&self) {
        let pictures = self.pictures();
        let sounds = self.sounds();
        assert!(pictures.windows(2).all(|pair| pair[0].0 < pair[1].0), "pictures go back");
        assert!(sounds.windows(2).all(|pair| pair[0].0 < pair[1].0), "sounds go back");
        if let Some((first_ms, key, _)) = pictures.first() {
            assert_eq!((*first_ms, *key), (0, true));
        }
        let place = |wanted: fn(&Put) -> bool| self.sent.iter().position(wanted).unwrap_or(usize::MAX);
        let metadata = place(|put| matches!(put, Put::Metadata(_)));
        let header = place(|put| matches!(put, Put::VideoHeader { .. }));
        let picture = place(|put| matches!(put, Put::Video { .. }));
        let sound_header = place(|put| matches!(put, Put::AudioHeader { .. }));
        let sound = place(|put| matches!(put, Put::Audio { .. }));
        assert!(self.sent.is_empty() || (metadata == 0 && header <= picture && sound_header <= sound));
    }
}

fn no_sound() -> Encoder {
    Encoder { audio_rate_hz: None, ..Encoder::default() }
}

#[test]
fn metadata_headers_then_a_keyframe_at_zero() {
    let mut desk = Desk::new();
    desk.publisher(&Encoder::default(), 5_000, 3_000);
    desk.check();
    let kinds: Vec<&str> = desk
        .sent
        .iter()
        .take(5)
        .map(|put| match put {
            Put::Metadata(_) => "metadata",
            Put::VideoHeader { timestamp_ms: 0, .. } => "video header",
            Put::AudioHeader { timestamp_ms: 0, .. } => "audio header",
            Put::Video { timestamp_ms: 0, key: true, .. } => "key",
            Put::Audio { timestamp_ms: 0, .. } => "sound",
            _ => "other",
        })
        .collect();
    assert_eq!(kinds, ["metadata", "video header", "audio header", "key", "sound"]);
    assert_eq!(desk.headers().len(), 3);
    assert_eq!(desk.line.dropped_units(), 0);
}

#[test]
fn pictures_without_sound_get_silence_beside_them() {
    let mut desk = Desk::new();
    desk.publisher(&no_sound(), 0, 10_000);
    desk.check();
    let asc = desk.headers().into_iter().find_map(|put| match put {
        Put::AudioHeader { asc, .. } => Some(asc.clone()),
        _ => None,
    });
    assert_eq!(asc.as_deref(), Some(&[0x12, 0x08][..]));
    let sounds = desk.sounds();
    let last_picture_ms = desk.pictures().last().expect("pictures").0;
    assert!((last_picture_ms - sounds.last().expect("sounds").0).abs() < 24, "they end together");
    // 44,100 samples a second, 1,024 a frame.
    assert!((430..=432).contains(&sounds.len()), "{}", sounds.len());
}

#[test]
fn real_sound_that_comes_later_gets_its_own_header() {
    let mut desk = Desk::new();
    desk.publisher(&no_sound(), 0, 4_000);
    desk.publisher(&Encoder::default(), 4_500, 4_000);
    desk.check();
    let formats: Vec<Bytes> = desk
        .headers()
        .into_iter()
        .filter_map(|put| match put {
            Put::AudioHeader { asc, .. } => Some(asc.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(formats, [Bytes::from_static(&[0x12, 0x08]), asc(48_000)]);
    assert_eq!(desk.sounds().last().expect("sounds").1.len(), 100, "real sound");
}

#[test]
fn the_last_picture_and_silence_bridge_a_gap() {
    let mut desk = Desk::new();
    desk.publisher(&Encoder::default(), 0, 3_000);
    desk.publisher(&Encoder::default(), 11_000, 3_000);
    desk.check();
    let pictures = desk.pictures();
    let widest = pictures.windows(2).map(|pair| pair[1].0 - pair[0].0).max();
    assert!(widest <= Some(534), "{widest:?}");
    let still = picture(true, 400);
    let held: Vec<_> = pictures.iter().filter(|(at_ms, ..)| (3_100..10_900).contains(at_ms)).collect();
    assert_eq!(held.len(), 15);
    assert!(held.iter().all(|(_, key, payload)| *key && *payload == still));
    let sounds = desk.sounds();
    assert!(sounds.windows(2).all(|pair| pair[1].0 - pair[0].0 <= 60), "sound never stops");
    assert_eq!(desk.headers().len(), 3, "the same configuration is not said again");
    let end_ms = pictures.last().expect("pictures").0;
    assert!((13_900..14_100).contains(&end_ms), "time runs on with the clock: {end_ms}");
}

#[test]
fn another_configuration_after_a_gap_gets_a_header_before_its_keyframe() {
    let mut desk = Desk::new();
    desk.publisher(&Encoder::default(), 0, 2_500);
    let other = Encoder { level: 0x28, ..Encoder::default() };
    desk.publisher(&other, 6_000, 2_500);
    desk.check();
    let place = desk
        .sent
        .iter()
        .position(|put| matches!(put, Put::VideoHeader { avcc: record, .. } if *record == avcc(0x28)))
        .expect("a second header");
    let next = desk.sent[place..].iter().find(|put| matches!(put, Put::Video { .. }));
    let Some(Put::Video { key: true, payload, .. }) = next else { panic!("no keyframe behind it: {next:?}") };
    let config = VideoConfig::parse(avcc(0x28)).expect("a record");
    assert_eq!(*payload, config.with_sets_in_band(&payload[config.with_sets_in_band(b"").len()..]));
    assert_eq!(desk.headers().len(), 4, "the sound's header is the same");
}

/// The frames of a stall arrive in a rush when it ends; those that would go back in time are left out.
#[test]
fn what_comes_late_after_a_stall_is_left_out() {
    let mut desk = Desk::new();
    let encoder = Encoder::default();
    let messages = encoder.messages(0, 16_000).into_iter().map(|(at_ms, incoming)| {
        let stalled = (4_000..10_000).contains(&at_ms);
        (if stalled { 10_000 } else { at_ms }, incoming)
    });
    desk.feed(messages.collect::<Vec<_>>());
    desk.check();
    let pictures = desk.pictures();
    let real = pictures.iter().filter(|(at_ms, ..)| *at_ms > 10_100).count();
    assert!(real > 150, "it goes on with the live pictures: {real}");
    assert_eq!(pictures.iter().filter(|(at_ms, ..)| (4_100..9_900).contains(at_ms)).count(), 11);
    let end_ms = pictures.last().expect("pictures").0;
    assert!((15_900..16_000).contains(&end_ms), "{end_ms}");
}

#[test]
fn a_source_that_stays_late_is_moved_and_shown() {
    let mut desk = Desk::new();
    let messages = Encoder::default().messages(0, 20_000).into_iter().map(|(at_ms, incoming)| {
        // From the stall on everything is 2.5 s late.
        (if at_ms >= 4_000 { at_ms + 2_500 } else { at_ms }, incoming)
    });
    desk.feed(messages.collect::<Vec<_>>());
    desk.check();
    let shown = desk.pictures().iter().filter(|(at_ms, ..)| *at_ms > 12_000).count();
    assert!(shown > 200, "{shown}");
}

#[test]
fn a_destination_that_joins_during_a_gap_is_held_and_then_shown_without_a_jump() {
    let mut desk = Desk::new();
    desk.reader = Bus::new().reader();
    desk.publisher(&Encoder::default(), 0, 3_000);
    // The connection stands 20 s after the picture stopped.
    desk.now_ms = 23_000;
    desk.reader = desk.bus.reader();
    desk.take();
    desk.publisher(&Encoder::default(), 30_000, 3_000);
    desk.check();
    let pictures = desk.pictures();
    assert!(pictures.windows(2).all(|pair| pair[1].0 - pair[0].0 <= 1_100), "no jump");
    assert!(pictures.len() > 100);
}

#[test]
fn pictures_left_out_are_counted_and_a_keyframe_is_awaited() {
    let mut desk = Desk::new();
    desk.publisher(&Encoder::default(), 0, 1_000);
    desk.line.skipped(7);
    let before = desk.pictures().len();
    desk.feed(Encoder::default().messages(0, 2_500).into_iter().filter(|(at_ms, _)| *at_ms >= 1_000));
    desk.check();
    assert!(desk.line.dropped_units() > 7);
    assert!(desk.pictures()[before].1, "a keyframe");
}

#[test]
fn sound_alone_is_sent_and_held() {
    let mut desk = Desk::new();
    desk.repair.begin_publisher();
    let alone = |from_ms: i64| {
        let header = (from_ms, Incoming::AudioConfig(audio_config(48_000)));
        let frames = (0..200).map(move |n| {
            let at_ms = n * 64 / 3;
            (from_ms + at_ms, crate::testing::audio(at_ms as u32))
        });
        std::iter::once(header).chain(frames)
    };
    desk.feed(alone(0));
    desk.until(8_000);
    desk.repair.begin_publisher();
    desk.feed(alone(8_000));
    desk.check();
    let sounds = desk.sounds();
    assert!(sounds.windows(2).all(|pair| pair[1].0 - pair[0].0 <= 60));
    assert!(desk.pictures().is_empty());
    assert_eq!(desk.headers().len(), 2);
}

#[test]
fn sound_goes_on_while_the_picture_alone_is_missing() {
    let mut desk = Desk::new();
    let messages = Encoder::default().messages(0, 20_000).into_iter().filter(|(at_ms, incoming)| {
        !(matches!(incoming, Incoming::Video { .. }) && (4_000..14_000).contains(at_ms))
    });
    desk.feed(messages.collect::<Vec<_>>());
    desk.check();
    let sounds = desk.sounds();
    assert!(sounds.windows(2).all(|pair| pair[1].0 - pair[0].0 <= 60));
    assert!(sounds.last().expect("sounds").0 > 19_900);
}

#[test]
fn a_computer_that_slept_does_not_make_up_for_it() {
    let mut desk = Desk::new();
    desk.publisher(&Encoder::default(), 0, 2_000);
    desk.line.idle(3_600_000, true, &mut desk.sent);
    desk.check();
    assert!(desk.pictures().len() < 65);
    assert!(desk.sounds().len() < 700);
}

#[cfg(feature = "pixels")]
#[test]
fn neighbouring_still_pictures_differ_in_their_id_and_so_does_the_returning_one() {
    let (config, keyframe) = crate::clip::first_keyframe();
    let publish = |desk: &mut Desk, at_ms: i64| {
        desk.until(at_ms);
        desk.repair.begin_publisher();
        desk.feed([
            (at_ms, Incoming::VideoConfig(config.clone())),
            (at_ms, Incoming::Video { timestamp_ms: 0, cts_ms: 0, key: true, payload: keyframe.clone() }),
            // The wait for sound ends with this one.
            (
                at_ms + 600,
                Incoming::Video { timestamp_ms: 600, cts_ms: 0, key: true, payload: keyframe.clone() },
            ),
        ]);
    };
    let mut desk = Desk::new();
    publish(&mut desk, 0);
    desk.until(5_200);
    publish(&mut desk, 5_200);
    desk.check();
    let pictures = desk.pictures();
    let ids: Vec<Option<u32>> =
        pictures.iter().map(|(_, _, payload)| media_formats::h264::idr_pic_id(payload, &config)).collect();
    assert!(ids.iter().all(Option::is_some));
    assert!(ids.len() >= 12, "{ids:?}");
    // Those of the source itself are its own affair.
    assert!(ids[1..ids.len() - 1].windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
}

/// A phone whose camera was taken away by another app goes on sending sound.
#[test]
fn a_picture_that_stops_alone_is_held_beside_the_sound_that_goes_on() {
    let mut desk = Desk::new();
    let encoder = Encoder::default();
    let messages = encoder.messages(0, 16_000).into_iter().filter(|(at_ms, incoming)| {
        let is_picture = matches!(incoming, Incoming::Video { .. });
        !(is_picture && (4_000..12_000).contains(at_ms))
    });
    desk.feed(messages.collect::<Vec<_>>());
    desk.check();
    let pictures = desk.pictures();
    let widest = pictures.windows(2).map(|pair| pair[1].0 - pair[0].0).max();
    assert!(widest <= Some(600), "no hole in the picture: {widest:?}");
    let sounds = desk.sounds();
    let silent = media_formats::aac::silent_frame(audio_config(48_000).channels).expect("silence");
    assert!(sounds.iter().all(|(_, payload)| *payload != silent), "the camera's own sound was there");
    assert!(sounds.windows(2).all(|pair| pair[1].0 - pair[0].0 <= 45), "no hole in the sound");
}

/// A stay of a publisher in a random script.
#[derive(Debug, Clone)]
struct Stay {
    gap_ms: i64,
    duration_ms: u64,
    late_ms: i64,
    sound: Option<u32>,
    level: u8,
    b_frames: bool,
    gop_ms: u64,
    skip: bool,
    same_publisher: bool,
}

fn stay() -> impl Strategy<Value = Stay> {
    (
        // Longer than a first picture waits for its sound.
        (0..9_000_i64, 700..5_000_u64, prop_oneof![Just(0), 0..4_000_i64]),
        prop_oneof![Just(None), Just(Some(48_000)), Just(Some(44_100))],
        prop_oneof![Just(0x1f_u8), Just(0x28_u8)],
        (any::<bool>(), prop_oneof![Just(500_u64), Just(2_000)], any::<bool>(), any::<bool>()),
    )
        .prop_map(
            |((gap_ms, duration_ms, late_ms), sound, level, (b_frames, gop_ms, skip, same_publisher))| Stay {
                gap_ms,
                duration_ms,
                late_ms,
                sound,
                level,
                b_frames,
                gop_ms,
                skip,
                same_publisher,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn time_never_goes_back_whatever_the_source_does(stays in prop::collection::vec(stay(), 1..6)) {
        let mut desk = Desk::new();
        let (mut at_ms, mut senders_zero_ms) = (0, 0);
        for stay in &stays {
            at_ms += stay.gap_ms;
            desk.until(at_ms);
            if !stay.same_publisher {
                desk.repair.begin_publisher();
                senders_zero_ms = at_ms;
            }
            let encoder = Encoder {
                audio_rate_hz: stay.sound,
                level: stay.level,
                b_frames: stay.b_frames,
                gop_ms: stay.gop_ms,
                base_ms: (at_ms - senders_zero_ms) as u32,
                ..Encoder::default()
            };
            if stay.skip {
                desk.line.skipped(3);
            }
            let late_ms = stay.late_ms;
            // The first half is on time, the rest late at once.
            let half_ms = at_ms + stay.duration_ms as i64 / 2;
            desk.feed(encoder.messages(at_ms, stay.duration_ms).into_iter().map(|(when_ms, incoming)| {
                (if when_ms > half_ms { when_ms + late_ms } else { when_ms }, incoming)
            }));
            at_ms = desk.now_ms;
        }
        desk.until(at_ms + 5_000);
        desk.check();
        let pictures = desk.pictures();
        // A GOP's length plus three seconds of patience is the longest wait for a picture, unless some were left out.
        let longest_ms = if stays.iter().any(|stay| stay.skip) { 8_200 } else { 5_100 };
        let widest = pictures.windows(2).map(|pair| (pair[1].0 - pair[0].0, pair[0].0)).max();
        prop_assert!(widest.is_none_or(|(gap_ms, _)| gap_ms <= longest_ms), "a hole in the picture: {widest:?}");
        let sounds = desk.sounds();
        prop_assert!(sounds.windows(2).all(|pair| pair[1].0 - pair[0].0 <= longest_ms), "a hole in the sound");
        if let (Some(picture), Some(sound)) = (pictures.last(), sounds.last()) {
            prop_assert!((picture.0 - sound.0).abs() <= 1_200, "{} beside {}", picture.0, sound.0);
        }
    }
}
