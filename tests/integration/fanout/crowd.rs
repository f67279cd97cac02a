//! Many destinations, half of them dead: nobody waits for them.

use console_tests::{FarSide, Manner, Profile, RecordedPacket, widest_gap_ms};
use serde_json::{Value, json};

use super::{end_broadcast, push, stage};

const DEAD: [Manner; 10] = [
    Manner::Closed,
    Manner::Closed,
    Manner::BlackHole,
    Manner::BlackHole,
    Manner::BlackHole,
    Manner::Resets,
    Manner::Resets,
    Manner::ResetsOnMedia,
    Manner::StopsReading,
    Manner::StopsReading,
];

#[tokio::test]
async fn ten_dead_destinations_cost_ten_good_ones_nothing() {
    let (receiver, console, mut screen, _publisher) = stage(&Profile::MAIN).await;
    let far_sides: Vec<FarSide> = DEAD.into_iter().map(FarSide::open).collect();
    let names: Vec<String> = (0..10).map(|number| format!("good{number}")).collect();
    let (mut good, mut dead) = (Vec::new(), Vec::new());
    for (name, far_side) in names.iter().zip(&far_sides) {
        dead.push(console.add_destination(&far_side.url(), &format!("dead-{name}")).await);
        good.push(console.add_destination(&receiver.url(), name).await);
    }
    let all: Vec<&str> = dead.iter().chain(&good).map(String::as_str).collect();
    console.broadcast_to(&all).await;
    for id in &good {
        screen.broadcasting(id).await;
    }
    // Every dead one has shown what it is while the good ones were on the air; a black hole takes longest. One that is just
    // connecting again says that and no more.
    for (id, manner) in dead.iter().zip(DEAD) {
        let troubled =
            |told: &Value| ["retrying", "stalled", "errored"].iter().any(|state| told["state"] == *state);
        let told = screen.destination_until(id, "to be in trouble", troubled).await;
        assert!(
            told["message"]["text"].is_string() && told["message"]["tone"] != "info",
            "{manner:?}: {told:#}"
        );
    }
    screen.seconds_pass(3).await;
    for id in &good {
        let told = screen.destination(id, "broadcasting").await;
        assert_eq!((&told["droppedUnits"], &told["failedAttempts"]), (&json!(0), &json!(0)), "{told:#}");
    }
    end_broadcast(&console).await;
    assert_eq!(screen.now()["session"]["state"], "active", "the stream goes on");

    let mut recorded = Vec::new();
    for name in &names {
        let recording = receiver.only_recording(name).await;
        let packets = recording.packets().await;
        assert!(widest_gap_ms(&packets, true) <= push::FRAME_MS, "{name} misses a picture");
        assert!(widest_gap_ms(&packets, false) <= push::SOUND_MS, "{name} misses a sound");
        recorded.push(packets);
        assert_eq!(receiver.hook().publish_attempts(name), 1, "{name} was sent in one go");
    }
    for is_video in [true, false] {
        let tracks: Vec<Vec<&str>> = recorded.iter().map(|packets| digests(packets, is_video)).collect();
        assert_same_media(&tracks);
    }
}

fn digests(packets: &[RecordedPacket], is_video: bool) -> Vec<&str> {
    let track = packets.iter().filter(|packet| packet.is_video == is_video);
    track.map(|packet| packet.digest.as_str()).collect()
}

/// From where the last one began to where the first one ended, all hold the same packets.
fn assert_same_media(tracks: &[Vec<&str>]) {
    let common = tracks.iter().find_map(|last| {
        let first = last.first()?;
        tracks.iter().map(|track| from(track, first)).collect::<Option<Vec<_>>>()
    });
    let common = common.expect("the packet with which one began is in all others");
    let shortest = common.iter().map(|track| track.len()).min().unwrap_or(0);
    assert!(shortest > 60, "only {shortest} packets are common to all");
    for track in &common {
        assert_eq!(track[..shortest], common[0][..shortest], "all were sent the same");
    }
}

/// The rest of a track, from this packet on.
fn from<'a, 'b>(track: &'a [&'b str], first: &str) -> Option<&'a [&'b str]> {
    track.iter().position(|digest| *digest == first).map(|at| &track[at..])
}
