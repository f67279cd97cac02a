//! Connections that were taken over by a live socket.

use axum::Extension;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::*;
use crate::clock::Clock;
use crate::http::live_socket;
use crate::live::checker::Viewer;
use crate::stream::Stream;
use crate::testing::{Encoder, publish, stream_config};

/// A door with a stream's live socket at `/live`, beside the usual routes.
fn door_of(stream: &Stream) -> Door {
    let mut door = Door::of(Router::new());
    let (stream, stop) = (stream.clone(), door.stop.clone());
    let live = move |Extension(peer): Extension<Peer>,
                     upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>| {
        std::future::ready(live_socket::answer(stream, "viewer".to_owned(), stop, &peer, upgrade))
    };
    door.routes = routes().route("/live", get(live));
    door
}

fn stream() -> Stream {
    Stream::new(stream_config("s"), Clock::start(), None)
}

async fn watching(door: &Door) -> WebSocketStream<DuplexStream> {
    client_async("ws://h/live", door.connect()).await.expect("an upgrade").0
}

fn note(viewer: &mut Viewer, message: Message) {
    match message {
        Message::Text(text) => viewer.text(&text),
        Message::Binary(bytes) => viewer.binary(bytes),
        Message::Ping(_) | Message::Close(_) => {}
        other => panic!("{other:?}"),
    }
}

/// Takes everything up to the end of the socket; returns the code it was closed with.
async fn watch_all(socket: &mut WebSocketStream<DuplexStream>, viewer: &mut Viewer) -> Option<CloseCode> {
    let mut code = None;
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Close(Some(frame)) = &message {
            code = Some(frame.code);
        }
        note(viewer, message);
    }
    code
}

#[tokio::test(start_paused = true)]
async fn an_idle_socket_outlives_the_doors_deadlines_and_keeps_its_place() {
    let stream = stream();
    let door = door_of(&stream);
    let mut socket = watching(&door).await;
    let begun = Instant::now();
    for pings in 1..=20 {
        assert_eq!(socket.next().await.expect("a message").expect("whole"), Message::Ping(Bytes::new()));
        assert_eq!(begun.elapsed().as_secs(), pings * 10);
    }
    assert_eq!((door.taken_places(), door.tasks.len(), stream.viewers()), (1, 1, 1));
    drop(socket);
    door.tasks.close();
    door.tasks.wait().await;
    assert_eq!(door.taken_places(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_no_ping_is_gone_after_half_a_minute() {
    let door = door_of(&stream());
    let socket = watching(&door).await;
    let begun = Instant::now();
    door.tasks.close();
    door.tasks.wait().await;
    assert_eq!(begun.elapsed().as_secs(), 30);
    assert_eq!(door.taken_places(), 0);
    drop(socket);
}

/// Everything at the time the encoder has it.
async fn publish_in_time(stream: &Stream, encoder: &Encoder, duration_ms: u64) {
    let publisher = publish(stream, []);
    let begun = Instant::now();
    for (at_ms, incoming) in encoder.messages(0, duration_ms) {
        sleep_until(begun + Duration::from_millis(at_ms as u64)).await;
        publisher.push(incoming);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_nothing_is_closed_and_the_other_loses_nothing() {
    let stream = stream();
    let door = door_of(&stream);
    let mut good = watching(&door).await;
    let idle = watching(&door).await;
    let begun = Instant::now();
    let watched = tokio::spawn(async move {
        let mut viewer = Viewer::default();
        let code = watch_all(&mut good, &mut viewer).await;
        (viewer, code)
    });
    let encoder = Encoder { picture_bytes: 20_000, ..Encoder::default() };
    publish_in_time(&stream, &encoder, 9_000).await;
    assert_eq!(door.taken_places(), 2, "patience lasts for ten seconds");
    assert_eq!(stream.viewers(), 1, "one name for both");
    sleep_until(begun + Duration::from_millis(10_500)).await;
    assert_eq!(door.taken_places(), 1);
    stream.end();
    let (viewer, code) = watched.await.expect("watched");
    assert_eq!(code, Some(CloseCode::Normal));
    assert!(viewer.ended && viewer.skipped.is_empty() && viewer.holes == 0);
    assert_eq!(viewer.pictures().len(), 270);
    drop(idle);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_slow_is_moved_to_keyframes_and_stays_near() {
    let stream = stream();
    let door = door_of(&stream);
    let mut slow = watching(&door).await;
    let encoder = Encoder { picture_bytes: 20_000, audio_rate_hz: None, ..Encoder::default() };
    let (ended, mut viewer) = (CancellationToken::new(), Viewer::default());
    let publishing = tokio::spawn({
        let (stream, ended) = (stream.clone(), ended.clone());
        async move {
            publish_in_time(&stream, &encoder, 30_000).await;
            ended.cancel();
        }
    });
    // A third of what comes.
    while let Some(Some(message)) = ended.run_until_cancelled(slow.next()).await {
        note(&mut viewer, message.expect("open"));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    publishing.await.expect("published");
    assert!(viewer.skipped.len() >= 4, "{:?}", viewer.skipped);
    let newest_ms = viewer.shown().last().expect("a picture") / 90;
    assert!(newest_ms > 30_000 - 8_000, "{newest_ms}");
}

#[tokio::test(start_paused = true)]
async fn a_live_socket_is_being_served_when_the_door_is_full() {
    let door = door_of(&stream());
    let mut live = watching(&door).await;
    let mut resting = door.connect();
    resting.write_all(REQUEST).await.expect("written");
    let mut answer = [0; 12];
    resting.read_exact(&mut answer).await.expect("an answer");
    door.guests.make_room(Ipv4Addr::LOCALHOST.into());
    resting.read_to_end(&mut Vec::new()).await.expect("an end");
    assert_eq!(live.next().await.expect("a message").expect("whole"), Message::Ping(Bytes::new()));
    assert_eq!(door.taken_places(), 1);
    door.guests.make_room(Ipv4Addr::LOCALHOST.into());
    let broken = live.next().await;
    assert!(!matches!(broken, Some(Ok(_))), "{broken:?}");
    door.tasks.close();
    door.tasks.wait().await;
    assert_eq!(door.taken_places(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_closing_door_waits_for_goodbyes_but_not_for_long() {
    let stream = stream();
    let _publisher =
        publish(&stream, Encoder { picture_bytes: 20_000, ..Encoder::default() }.messages(0, 2_000));
    let door = door_of(&stream);
    let mut polite = watching(&door).await;
    let deaf = watching(&door).await;
    let watched = tokio::spawn(async move { watch_all(&mut polite, &mut Viewer::default()).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    door.stop.cancel();
    assert_eq!(watched.await.expect("watched"), Some(CloseCode::Away));
    assert!(begun.elapsed() < Duration::from_millis(100), "at once");
    door.tasks.close();
    door.tasks.wait().await;
    assert!(begun.elapsed() < CLOSING_GRACE, "{:?}", begun.elapsed());
    assert_eq!(door.taken_places(), 0);
    drop(deaf);
}

#[tokio::test(start_paused = true)]
async fn what_a_peer_says_is_ignored_up_to_a_limit() {
    let door = door_of(&stream());
    let mut socket = watching(&door).await;
    for length in [0, 1, 4 << 10] {
        socket.send(Message::text("x".repeat(length))).await.expect("sent");
    }
    assert_eq!(socket.next().await.expect("a message").expect("whole"), Message::Ping(Bytes::new()));
    // The rest of it may be refused already.
    let _ = socket.send(Message::text("x".repeat((4 << 10) + 1))).await;
    match socket.next().await {
        Some(Ok(Message::Close(Some(frame)))) => assert_eq!(frame.code, CloseCode::Policy),
        Some(Err(Error::Io(_) | Error::Protocol(_))) => {}
        other => panic!("{other:?}"),
    }
    door.tasks.close();
    door.tasks.wait().await;
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_nobody_takes_leaves_an_ordinary_connection() {
    let mut caller = connected();
    let asks = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    for _ in 0..2 {
        caller.write_all(asks).await.expect("written");
        let mut answer = [0; 12];
        caller.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(answer, *b"HTTP/1.1 200");
        assert_ne!(caller.read(&mut [0; 4_096]).await.expect("the rest of it"), 0);
    }
    assert_eq!(hung_up_after(&mut caller).await, 60);
}
