//! The program itself: how it starts and how it ends.

use std::time::{Duration, Instant};

use console_tests::{Console, PATIENCE, Playlist, Profile, within};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

/// A user who closes the program does not wait longer than this.
#[cfg(unix)]
const ENDS_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_taken_port_gives_way_to_the_next_free_one_and_that_is_shown() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = taken.local_addr().expect("an address").port();
    for (argument, listener) in [("--rtmp-port", "RTMP"), ("--http-port", "HTTP")] {
        let console = Console::start(&[argument, &port.to_string()]).await;
        let moved = &console.snapshot().await["ingest"]["movedPorts"];
        assert_eq!((&moved[0]["listener"], &moved[0]["wanted"]), (&json!(listener), &json!(port)), "{moved}");
        let printed = if listener == "RTMP" { console.rtmp() } else { console.http() };
        assert!(printed.contains(&format!(":{}", moved[0]["actual"])), "{printed} and {moved}");
        assert_eq!(moved.as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn a_taken_control_port_is_an_error_in_words() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = taken.local_addr().expect("an address").port();
    let failed = Console::fail_to_start(&["--control-port", &port.to_string()]).await;
    assert!(!failed.status.success());
    assert!(failed.words.contains("is taken") && failed.words.contains("--control-port"), "{}", failed.words);
}

#[cfg(unix)]
#[tokio::test]
async fn it_ends_at_once_when_asked_whoever_is_connected_and_goes_on_when_started_again() {
    let (mut console, screen, mut publisher) = crate::live(&Profile::MAIN).await;
    let (id, video) = (screen.stream_id(), screen.url("hls").replace("index.m3u8", "video.m3u8"));
    // A player held by a blocking reload, and peers that began to ask and never finish.
    let next = Playlist::fetch(&console.client(), &video).await.next_number();
    let client = console.client();
    let held =
        tokio::spawn(
            async move { client.get(format!("{video}?_HLS_msn={}", next + 2)).send().await.is_ok() },
        );
    let mut unfinished = Vec::new();
    for door in [console.http(), console.control()] {
        let address = door.strip_prefix("http://").expect("an HTTP address").to_owned();
        let mut socket = TcpStream::connect(&address).await.expect("the door is open");
        socket.write_all(b"GET /time HTTP/1.1\r\nHost: ").await.expect("it listens");
        unfinished.push(socket);
    }
    let asked = Instant::now();
    let (status, _) = console.terminate().await;
    let took = asked.elapsed();
    assert!(status.success(), "{status}");
    assert!(took < ENDS_WITHIN, "it took {took:?} to end");
    publisher.ended().await;
    within(PATIENCE, "the held player to be let go", held).await.expect("it was answered or cut off");

    console.restart().await;
    let session = &console.snapshot().await["session"];
    assert_eq!((&session["phase"], &session["streamId"]), (&json!("interrupted"), &json!(id)), "{session:#}");
}
