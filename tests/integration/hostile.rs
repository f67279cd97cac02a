//! Strangers at the RTMP port, while a real encoder streams.

use console_tests::{PATIENCE, Peer, Playlist, Profile, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::live;

const IDLE_SOCKETS: usize = 1_000;
/// Connections that begin a handshake and never end it.
const LORISES: usize = 100;

async fn stranger(address: &str) -> TcpStream {
    within(PATIENCE, "a connection", TcpStream::connect(address)).await.expect("the RTMP port is open")
}

/// Waits until the console closes a connection.
async fn left(mut socket: TcpStream) {
    within(PATIENCE, "the console to close a stranger's connection", async {
        let mut rest = [0; 4_096];
        // A reset is a farewell too.
        while let Ok(1..) = socket.read(&mut rest).await {}
    })
    .await;
}

#[tokio::test]
async fn strangers_do_not_disturb_a_stream_and_cost_little() {
    let (console, mut screen, mut publisher) = live(&Profile::MAIN).await;
    let (client, video) = (console.client(), screen.url("hls").replace("index.m3u8", "video.m3u8"));
    // Its caches are warm and its window is filling: what follows is the strangers' doing.
    let first = Playlist::fetch(&client, &video).await.next_number();
    let before = Playlist::with(&client, &video, first + 1).await;
    #[cfg(target_os = "linux")]
    let resident_before_bytes = console.resident_bytes();

    let address = console.rtmp_address();
    let mut idle = Vec::new();
    for _ in 0..IDLE_SOCKETS {
        idle.push(stranger(&address).await);
    }
    let mut lorises = Vec::new();
    for _ in 0..LORISES {
        let mut socket = stranger(&address).await;
        socket.write_all(&[3, 0, 0, 0]).await.expect("it listens");
        lorises.push(socket);
    }
    let mut closing = Vec::new();
    let tls_hello = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[0x55; 2_000]].concat();
    let http = b"GET / HTTP/1.1\r\nHost: console\r\n\r\n".repeat(100);
    let zeros = vec![0; 64 << 10];
    let ones = vec![0xff; 64 << 10];
    for garbage in [tls_hello, http, zeros, ones] {
        let mut socket = stranger(&address).await;
        // It may leave before it has heard everything.
        let _ = socket.write_all(&garbage).await;
        closing.push(socket);
    }
    // After the handshake: a message that claims 16 MB, on every chunk stream there is, and never comes.
    let mut oversize = Peer::connect(&address).await;
    for chunk_stream in 2..64_u8 {
        oversize.raw(&[chunk_stream, 0, 0, 0, 0xff, 0xff, 0xff, 9, 1, 0, 0, 0]).await;
        oversize.raw(&[0x55; 128]).await;
    }
    // And one whose first chunk promises a command of that size.
    let mut endless = Peer::connect(&address).await;
    endless.raw(&[3, 0, 0, 0, 0xff, 0xff, 0xff, 20, 0, 0, 0, 0]).await;
    endless.raw(&[2; 4_096]).await;

    for socket in closing {
        left(socket).await;
    }
    oversize.left().await;
    endless.left().await;

    let after = Playlist::with(&client, &video, before.next_number() + 2).await;
    assert!(after.segments.iter().all(|segment| !segment.discontinuity), "{after:#?}");
    #[cfg(target_os = "linux")]
    {
        let grown_bytes = console.resident_bytes().saturating_sub(resident_before_bytes);
        println!("resident memory grew by {} kB", grown_bytes >> 10);
        assert!(grown_bytes < 64 << 20, "resident memory grew by {} MB", grown_bytes >> 20);
    }
    assert!(publisher.is_running());
    let now = console.snapshot().await;
    screen.until("the present", |seen| seen["seq"].as_u64() >= now["seq"].as_u64()).await;
    assert_eq!(screen.now()["session"]["phase"], "live");
    assert!(!screen.life().phases().contains(&"interrupted"), "{}", screen.life());
    // All of them were there until the end, as far as the console let them.
    drop((idle, lorises));

    // One that knows the key is let in as before.
    let mut owner = Peer::connect(&address).await;
    assert_eq!(owner.publish("live", &console.key().await).await.code, "NetStream.Publish.Start");
}
