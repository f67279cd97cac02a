//! What is pushed arrives, whole and in the order strict servers want.

use console_tests::{Console, FarSide, Manner, Noted, Played, Player, Profile, times_ms, widest_gap_ms};
use serde_json::json;

use super::{end_broadcast, on_air, stage};

/// Times of FLV are whole milliseconds: at 30 frames a second they lie 33 or 34 apart.
pub(super) const FRAME_MS: i64 = 34;
/// 1024 samples at 44.1 kHz, rounded up.
pub(super) const SOUND_MS: i64 = 24;

#[tokio::test]
async fn a_player_at_the_receiver_sees_and_hears_the_stream() {
    let (receiver, console, mut screen, _publisher) = stage(&Profile::MAIN).await;
    let id = console.add_destination(&receiver.url(), "plays").await;
    let added = screen.destination(&id, "disabled").await;
    assert_eq!((&added["hasKey"], &added["enabled"]), (&json!(true), &json!(false)), "{added:#}");
    assert_eq!(receiver.hook().publish_attempts("plays"), 0, "what is off is not tried");

    console.broadcast_to(&[&id]).await;
    let told = screen.broadcasting(&id).await;
    assert!(told["broadcastingSinceMs"].is_u64() && told["retryAtMs"].is_null(), "{told:#}");
    assert_eq!((&told["droppedUnits"], &told["failedAttempts"]), (&json!(0), &json!(0)), "{told:#}");
    let played = Player::probe(&format!("{}/plays", receiver.url())).await;
    assert_eq!(
        played,
        Played {
            video: Some("h264 Main".to_owned()),
            size: Some((320, 180)),
            audio: Some("aac LC".to_owned()),
            sound: Some((48_000, 2)),
        }
    );

    end_broadcast(&console).await;
    screen.destination(&id, "disabled").await;
    let packets = receiver.only_recording("plays").await.assert_flawless().await;
    let first = packets.iter().find(|packet| packet.is_video).expect("a picture");
    assert!(first.is_key && first.dts_ms < 1_000, "it begins with a keyframe, and soon: {first:?}");
    assert!(
        widest_gap_ms(&packets, true) <= FRAME_MS,
        "no picture is missing: {:?}",
        times_ms(&packets, true)
    );
    assert!(
        widest_gap_ms(&packets, false) <= SOUND_MS,
        "no sound is missing: {:?}",
        times_ms(&packets, false)
    );
    let states: Vec<String> = screen.destination_life(&id).into_iter().map(|(state, _)| state).collect();
    assert_eq!(states.first().map(String::as_str), Some("starting"), "{states:?}");
    assert_eq!(&states[states.len() - 2..], ["broadcasting", "disabled"], "{states:?}");
    assert_eq!(receiver.hook().publish_attempts("plays"), 1);
}

#[tokio::test]
async fn headers_come_before_media_and_media_begins_with_a_keyframe_at_zero() {
    let far_side = FarSide::open(Manner::Takes);
    let (console, mut screen, _publisher) = crate::live(&Profile::MAIN).await;
    let id = console.add_destination(&far_side.url(), "key").await;
    console.broadcast_to(&[&id]).await;
    let is_picture = |note: &&Noted| matches!(note, Noted::Picture { .. });
    let is_sound = |note: &&Noted| matches!(note, Noted::Sound { .. });
    let noted = far_side
        .until("pictures and sounds", |noted| {
            noted.iter().filter(is_picture).count() >= 40 && noted.iter().filter(is_sound).count() >= 40
        })
        .await;
    assert_eq!(&noted[..3], [Noted::Connection, Noted::Publish, Noted::Metadata]);
    assert!(
        matches!(
            noted[3..5],
            [Noted::VideoHeader, Noted::AudioHeader] | [Noted::AudioHeader, Noted::VideoHeader]
        ),
        "both headers come first: {:?}",
        &noted[..6]
    );
    let pictures: Vec<_> = noted.iter().filter(is_picture).collect();
    assert!(matches!(pictures[0], Noted::Picture { key: true, .. }), "{:?}", pictures[0]);
    let mut times: Vec<u32> = Vec::new();
    let mut last = (None, None);
    for note in &noted[5..] {
        let (last, dts_ms) = match *note {
            Noted::Picture { dts_ms, .. } => (&mut last.0, dts_ms),
            Noted::Sound { dts_ms } => (&mut last.1, dts_ms),
            ref other => panic!("{other:?} among the media"),
        };
        let before = last.replace(dts_ms);
        assert!(before.is_none_or(|before| before < dts_ms), "{dts_ms} after {before:?}");
        times.push(dts_ms);
    }
    assert!(times[0] <= 100, "time begins at zero: {}", times[0]);
    let behind_ms = times.windows(2).map(|pair| pair[0].saturating_sub(pair[1])).max();
    assert!(behind_ms <= Some(500), "picture and sound go side by side, {behind_ms:?} ms apart");

    screen.broadcasting(&id).await;
    end_broadcast(&console).await;
    far_side.until("a goodbye", |noted| noted.contains(&Noted::Goodbye)).await;
}

#[tokio::test]
async fn a_camera_without_a_microphone_gets_silence() {
    let (receiver, console, mut screen, _publisher) = stage(&Profile { audio: None, ..Profile::MAIN }).await;
    let id = on_air(&console, &mut screen, &receiver, "silent").await;
    screen.seconds_pass(2).await;
    let played = Player::probe(&format!("{}/silent", receiver.url())).await;
    assert_eq!((played.audio.as_deref(), played.sound), (Some("aac LC"), Some((44_100, 1))));
    end_broadcast(&console).await;
    screen.destination(&id, "disabled").await;
    let recording = receiver.only_recording("silent").await;
    let packets = recording.assert_flawless().await;
    assert!(
        widest_gap_ms(&packets, false) <= SOUND_MS,
        "silence has no holes: {:?}",
        times_ms(&packets, false)
    );
    assert!(widest_gap_ms(&packets, true) <= FRAME_MS, "{:?}", times_ms(&packets, true));
    let ends_ms =
        [true, false].map(|is_video| times_ms(&packets, is_video).last().copied().unwrap_or_default());
    assert!(ends_ms[0].abs_diff(ends_ms[1]) < 1_000, "silence keeps pace with the picture: {ends_ms:?}");
}

/// Encoders differ in what they send; none of it may be lost or broken on the way.
#[tokio::test]
async fn b_frames_and_times_that_begin_late_arrive_as_they_were_sent() {
    let profile = Profile { b_frames: 2, offset_s: 3_600.0, ..Profile::MAIN };
    let (receiver, console, mut screen, _publisher) = stage(&profile).await;
    let id = on_air(&console, &mut screen, &receiver, "reordered").await;
    screen.seconds_pass(2).await;
    end_broadcast(&console).await;
    screen.destination(&id, "disabled").await;
    let packets = receiver.only_recording("reordered").await.assert_flawless().await;
    assert!(widest_gap_ms(&packets, true) <= FRAME_MS, "{:?}", times_ms(&packets, true));
}

/// Fan-out is a chain too: another console is a destination like any other.
#[tokio::test]
async fn another_console_is_a_destination_and_passes_the_stream_on() {
    let ((receiver, first, mut first_screen, _publisher), second) =
        tokio::join!(stage(&Profile::MAIN), Console::start(&[]));
    let mut second_screen = second.screen().await;
    let wanted = json!({ "preset": "console", "url": second.rtmp(), "streamKey": second.key().await });
    let id = first.ok("add_destination", wanted).await["id"].as_str().expect("an id").to_owned();
    first.broadcast_to(&[&id]).await;
    second_screen.phase("live").await;
    first_screen.broadcasting(&id).await;
    on_air(&second, &mut second_screen, &receiver, "chained").await;
    second_screen.seconds_pass(2).await;
    end_broadcast(&second).await;
    let packets = receiver.only_recording("chained").await.assert_flawless().await;
    assert!(widest_gap_ms(&packets, true) <= FRAME_MS, "{:?}", times_ms(&packets, true));
}
