use proptest::prelude::*;

use super::checker::{Viewer, smaller};
use super::*;
use crate::bus::{Bus, Reader, TryNext};
use crate::repair::{Incoming, Repair, Repaired};
use crate::testing::{Encoder, feed};

const CREATED_MS: u64 = 1_700_000_000_000;

/// A stream, and a viewer who takes everything at once unless told otherwise.
struct Watched {
    repair: Repair,
    bus: Bus,
    watching: Option<(Reader, LiveFeed)>,
    viewer: Viewer,
    /// Units that were put on the bus.
    units: Vec<Unit>,
}

impl Watched {
    fn new() -> Self {
        Self {
            repair: Repair::new(1),
            bus: Bus::new(),
            watching: None,
            viewer: Viewer::default(),
            units: Vec::new(),
        }
    }

    fn join(&mut self) {
        self.watching = Some((self.bus.reader(), LiveFeed::new(CREATED_MS)));
    }

    fn publish(&mut self, messages: impl IntoIterator<Item = (i64, Incoming)>) {
        for repaired in feed(&mut self.repair, messages).all {
            self.bus.push(&repaired);
            if let Repaired::Unit(unit) = repaired {
                self.units.push(unit);
            }
            self.take();
        }
    }

    fn take(&mut self) {
        let Some((reader, feed)) = &mut self.watching else { return };
        loop {
            match reader.try_next() {
                TryNext::Item(item) => feed.push(item, CREATED_MS + 5),
                TryNext::Empty => break,
                TryNext::Closed => {
                    feed.end();
                    break;
                }
            }
        }
        feed.settle();
        while let Some(message) = feed.pop() {
            match message {
                LiveMessage::Text(text) => self.viewer.text(&text),
                LiveMessage::Binary(bytes) => self.viewer.binary(bytes),
            }
        }
    }

    /// When pictures were to be shown, from the one of this number on.
    fn meant(&self, from: usize) -> Vec<i64> {
        let pictures = self.units.iter().filter(|unit| unit.track == TrackKind::Video);
        pictures.skip(from).map(Unit::pts).collect()
    }
}

fn steps(viewer: &Viewer) -> usize {
    let mut steps: Vec<_> = viewer.pictures().iter().map(|picture| picture.duration).collect();
    steps.dedup();
    steps.len()
}

#[test]
fn a_stream_in_messages() {
    let mut watched = Watched::new();
    watched.join();
    watched.publish(Encoder { base_ms: 500, ..Encoder::default() }.messages(1_000, 90));
    drop(std::mem::replace(&mut watched.bus, Bus::new()));
    watched.take();
    insta::assert_snapshot!(watched.viewer.log.join("\n"), @r#"
    {"type":"tracks","epoch":1,"createdMs":1700000000000,"nowMs":1700000000005,"video":{"codec":"avc1.64001f","width":1280,"height":720},"audio":{"codec":"mp4a.40.2"}}
    video init
    audio init
    video 90000 +3000 cts 0 key
    audio 48000 +1024 cts 0
    audio 49024 +1024 cts 0
    video 93000 +3000 cts -30
    audio 50048 +1024 cts 0
    audio 51072 +1024 cts 0
    video 96000 +3000 cts 30
    audio 52096 +1024 cts 0
    {"type":"end"}
    "#);
}

#[test]
fn who_joins_within_a_group_begins_at_its_keyframe_on_an_even_grid() {
    let mut watched = Watched::new();
    let messages = Encoder::default().messages(0, 9_000);
    let (before, after): (Vec<_>, Vec<_>) = messages.into_iter().partition(|(at_ms, _)| *at_ms < 5_000);
    watched.publish(before);
    watched.join();
    watched.take();
    let first = watched.viewer.pictures()[0].clone();
    assert!(first.key);
    assert_eq!(watched.viewer.shown()[0], 4_000 * 90);
    watched.publish(after);
    assert_eq!(watched.viewer.shown(), watched.meant(120));
    assert_eq!(watched.viewer.holes, 0);
    assert!(steps(&watched.viewer) <= 2, "{:?}", watched.viewer.log);
    assert_eq!(watched.viewer.sounds()[0].duration, 1_024);
}

#[test]
fn pictures_are_decoded_in_order_and_shown_in_theirs() {
    let mut watched = Watched::new();
    watched.join();
    watched.publish(Encoder { b_frames: true, ..Encoder::default() }.messages(0, 4_000));
    let shown = watched.viewer.shown();
    assert_eq!(shown, watched.meant(0));
    assert!(!shown.is_sorted(), "B-frames are there");
    assert_eq!(watched.viewer.holes, 0);
    let payloads = watched.viewer.pictures().iter().all(|picture| picture.payload.len() == 400);
    assert!(payloads && watched.viewer.pictures()[0].payload[4] == 0x65);
}

#[test]
fn another_picture_and_another_sound_begin_an_epoch() {
    let mut watched = Watched::new();
    watched.join();
    watched.publish(Encoder::default().messages(0, 2_500));
    watched.repair.begin_publisher();
    let other = Encoder { audio_rate_hz: Some(44_100), ..Encoder::default() };
    watched.publish(smaller(&other, 4_000, 2_500));
    let of = |at: usize| {
        let video = &watched.viewer.tracks[at]["video"];
        (video["codec"].as_str(), video["width"].as_u64(), video["height"].as_u64())
    };
    assert_eq!(of(0), (Some("avc1.64001f"), Some(1_280), Some(720)));
    assert_eq!(of(1), (Some("avc1.64001e"), Some(640), Some(360)));
    let begins =
        |epoch| watched.viewer.pictures().iter().find(|sample| sample.epoch == epoch).map(|s| s.dts / 90);
    assert_eq!([begins(1), begins(2)], [Some(0), Some(4_000)]);
    let sound = watched.viewer.sounds().into_iter().find(|sample| sample.epoch == 2).expect("sound").dts;
    assert!((sound * 1_000 / 44_100 - 4_000).abs() <= 25, "{sound}");
    assert_eq!(watched.viewer.shown(), watched.meant(0));
}

#[test]
fn sound_alone_is_a_stream() {
    let mut watched = Watched::new();
    watched.join();
    let messages = Encoder::default().messages(0, 4_000);
    watched.publish(
        messages
            .into_iter()
            .filter(|(_, message)| matches!(message, Incoming::AudioConfig(_) | Incoming::Audio { .. })),
    );
    let tracks = &watched.viewer.tracks[0];
    assert!(tracks["video"].is_null() && tracks["audio"]["codec"] == "mp4a.40.2", "{tracks}");
    assert!(watched.viewer.sounds().len() > 100);
    assert_eq!(watched.viewer.holes, 0);
}

#[test]
fn who_was_too_slow_is_told_and_goes_on_at_a_keyframe() {
    let mut watched = Watched::new();
    let encoder = Encoder { picture_bytes: 400_000, ..Encoder::default() };
    let mut messages = encoder.messages(0, 5_000).into_iter();
    watched.join();
    watched.publish(messages.by_ref().take_while(|(at_ms, _)| *at_ms < 500));
    let (reader, feed) = watched.watching.take().expect("a viewer");
    watched.publish(messages);
    watched.watching = Some((reader, feed));
    watched.take();
    let [skipped] = watched.viewer.skipped[..] else { panic!("{:?}", watched.viewer.skipped) };
    assert_eq!(skipped as usize + watched.viewer.samples.len(), watched.units.len());
    assert_eq!(watched.viewer.shown().last(), watched.meant(0).last());
}

/// The reader may find no keyframe to go on at.
#[test]
fn nothing_follows_a_loss_before_a_keyframe() {
    let mut watched = Watched::new();
    watched.join();
    watched.publish(Encoder::default().messages(0, 500));
    let (_, feed) = watched.watching.as_mut().expect("a viewer");
    feed.push(BusItem::Skipped { units: 7 }, 0);
    let before = watched.viewer.pictures().len();
    let mut rest = Encoder::default().messages(0, 2_400);
    rest.retain(|(at_ms, message)| {
        *at_ms >= 500 && !matches!(message, Incoming::VideoConfig(_) | Incoming::AudioConfig(_))
    });
    watched.publish(rest);
    assert_eq!(watched.viewer.skipped, [7]);
    assert_eq!(watched.viewer.shown()[before], 2_000 * 90);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_is_published_can_be_played(
        stays in proptest::collection::vec((5_000_u64..70_000, 200_u64..3_000, any::<bool>(), 0_usize..3, 0_i64..5_000, 0_u32..u32::MAX), 1..4),
        join_at in 0_usize..300,
        lost in 1_usize..100,
    ) {
        let mut watched = Watched::new();
        let (mut from_ms, mut published) = (0, 0);
        for (frames_per_1001_s, gop_ms, b_frames, sound, pause_ms, base_ms) in stays {
            let audio_rate_hz = [None, Some(44_100), Some(48_000)][sound];
            let level = 0x1f + sound as u8;
            let encoder = Encoder { frames_per_1001_s, gop_ms, b_frames, audio_rate_hz, level, base_ms, picture_bytes: 50 };
            watched.repair.begin_publisher();
            for message in encoder.messages(from_ms, 3_000) {
                published += 1;
                if published == join_at {
                    watched.join();
                }
                if published % (lost + 20) != 0 {
                    watched.publish([message]);
                }
            }
            from_ms += 3_000 + pause_ms;
        }
        let shown = watched.viewer.shown();
        let meant = watched.meant(0);
        prop_assert!(meant.ends_with(&shown), "{shown:?} of {meant:?}");
    }
}
