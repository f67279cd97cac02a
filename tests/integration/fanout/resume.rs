//! The console dies in the middle of a broadcast and is started again.

use std::time::{Duration, Instant};

use console_tests::{Console, FarSide, Manner, Noted, Profile, Receiver};
use serde_json::json;

use super::on_air;

#[tokio::test]
async fn broadcasts_go_on_by_themselves_after_the_console_was_killed() {
    let (receiver, mut console) = tokio::join!(Receiver::start(), Console::start(&[]));
    let mut screen = console.screen().await;
    console.ok("start_managed", json!({ "cameraLink": "demo" })).await;
    screen.phase("live").await;
    let off = console.add_destination(&receiver.url(), "off").await;
    let first = on_air(&console, &mut screen, &receiver, "first").await;
    let second = on_air(&console, &mut screen, &receiver, "second").await;
    screen.seconds_pass(2).await;
    let stream = screen.stream_id();

    console.restart().await;
    let mut screen = console.screen().await;
    screen.phase("live").await;
    assert_eq!(screen.stream_id(), stream);
    for (id, name) in [(&first, "first"), (&second, "second")] {
        let told = screen.broadcasting(id).await;
        assert_eq!((&told["name"], &told["hasKey"]), (&json!(name), &json!(true)), "{told:#}");
        assert_eq!(receiver.hook().publish_attempts(name), 2, "once before and once after");
        // The receiver saw the console die, and the first part is complete.
        receiver.recordings(name, 1).await.remove(0).assert_flawless().await;
    }
    let told = screen.destination(&off, "disabled").await;
    assert_eq!(told["enabled"], false, "what was off is off");
    assert_eq!(receiver.hook().publish_attempts("off"), 0);
    let marks = console.detail(&stream).await["destinationMarks"].clone();
    let of_first =
        marks.as_array().into_iter().flatten().filter(|mark| mark["destinationId"] == json!(first));
    let began = of_first.filter(|mark| mark["state"] == "broadcasting").count();
    assert_eq!(began, 2, "both broadcasts are in the history of the stream: {marks:#}");
    assert_eq!(marks, screen.now()["destinationMarks"], "the screen shows what history holds");
}

/// A user who closes the program does not wait longer than this, whoever is at the other end.
#[cfg(unix)]
const ENDS_WITHIN: Duration = Duration::from_secs(5);

#[cfg(unix)]
#[tokio::test]
async fn asked_to_end_it_says_goodbye_and_waits_for_nobody() {
    let (mut console, mut screen, _publisher) = crate::live(&Profile::MAIN).await;
    let far_sides = [Manner::Takes, Manner::StopsReading, Manner::BlackHole].map(FarSide::open);
    let mut ids = Vec::new();
    for far_side in &far_sides {
        ids.push(console.add_destination(&far_side.url(), "key").await);
    }
    console.broadcast_to(&[&ids[0], &ids[1], &ids[2]]).await;
    screen.broadcasting(&ids[0]).await;
    far_sides[1].until("media nobody reads", |noted| noted.contains(&Noted::Publish)).await;
    let asked = Instant::now();
    let (status, _) = console.terminate().await;
    let took = asked.elapsed();
    assert!(status.success(), "{status}");
    assert!(took < ENDS_WITHIN, "it took {took:?} to end");
    far_sides[0].until("a goodbye", |noted| noted.contains(&Noted::Goodbye)).await;
}
