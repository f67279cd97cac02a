//! Offers nobody can mean, and strangers at the WebRTC port.

use std::time::Duration;

use console_tests::webrtc::{
    Joining, Session, Stranger, Viewer, Wanted, Way, binding_request, ice_user, offer,
};
use console_tests::{Console, PATIENCE, Profile, Publisher, within};
use reqwest::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::webrtc::{demo, port, post, viewers};

const SDP: &str = "application/sdp";

#[tokio::test]
async fn unfit_offers_are_refused_in_words() {
    let (console, screen) = demo().await;
    let url = screen.url("webrtc");
    let good = offer(Wanted::PictureAndSound);
    let sendonly = good.replace("a=recvonly", "a=sendonly");
    let no_fingerprint: String = good
        .lines()
        .filter(|line| !line.contains("fingerprint"))
        .fold(String::new(), |text, line| text + line + "\r\n");
    let cases: [(&str, &str, &str, Vec<u8>, u16); 10] = [
        ("nothing", &url, SDP, Vec::new(), 400),
        ("garbage", &url, SDP, b"offer me the moon".to_vec(), 400),
        ("bytes that are no text", &url, SDP, vec![0xff; 4_096], 400),
        ("half an offer", &url, SDP, good.as_bytes()[..good.len() / 2].to_vec(), 400),
        ("no fingerprint", &url, SDP, no_fingerprint.into(), 400),
        ("JSON", &url, "application/json", b"{}".to_vec(), 415),
        ("sound alone", &url, SDP, offer(Wanted::Sound).into(), 406),
        ("VP8 alone", &url, SDP, offer(Wanted::Vp8).into(), 406),
        ("a sender", &url, SDP, sendonly.into(), 406),
        ("a wrong link", &url.replace("/whep", "x/whep"), SDP, good.clone().into(), 404),
    ];
    for (what, url, content_type, body, expected) in cases {
        let (status, words) = post(&console, url, content_type, body).await;
        let half = what == "half an offer" && status == StatusCode::NOT_ACCEPTABLE;
        assert!(status == expected || half, "{what}: {status} {words}");
        assert!(
            words.trim().ends_with('.') && words.len() > 20,
            "{what} is refused without words: {words:?}"
        );
    }
    let megabyte = good.clone() + &"a=x:".repeat(1 << 18);
    let request = console.client().post(&url).header("content-type", SDP).body(megabyte).send();
    // It may hang up before it has heard everything.
    if let Ok(answer) = within(PATIENCE, "an answer to a megabyte", request).await {
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    for session in ["0", "none", &"f".repeat(32), &"%2e%2e%2f".repeat(100)] {
        let unknown = format!("{url}/{session}");
        let client = console.client();
        for request in [client.delete(&unknown), client.patch(&unknown).body("a=candidate:")] {
            let answer = within(PATIENCE, "an answer", request.send()).await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{unknown}");
        }
    }
    let viewer = Viewer::connect(&url).await.expect("a good offer is still welcome");
    viewer.first_keyframe().await;
}

#[tokio::test]
async fn a_stream_without_webrtc_says_so() {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    console.ok("start_managed", json!({ "enableWebrtc": false, "cameraLink": "demo" })).await;
    screen.phase("live").await;
    assert!(screen.now()["session"]["urls"]["webrtc"].is_null(), "nobody asked for it");
    let url = screen.url("hls").replace("/index.m3u8", "/whep");
    let (status, words) = post(&console, &url, SDP, offer(Wanted::PictureAndSound).into()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(words.contains("WebRTC"), "{words}");
}

#[tokio::test]
async fn b_frames_are_refused_in_words() {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    console.ok("start_managed", json!({ "enableWebrtc": true })).await;
    let profile = Profile { h264_profile: "high", b_frames: 2, ..Profile::MAIN };
    let _publisher = Publisher::start(&console.publish_url().await, &profile);
    screen.phase("live").await;
    screen.until("B-frames to be noticed", |now| now["signal"]["hasBFrames"] == true).await;
    let urls = screen.until("no address", |now| now["session"]["urls"]["webrtc"].is_null()).await;
    assert!(urls["session"]["urls"]["hls"].is_string());
    let url = screen.url("hls").replace("/index.m3u8", "/whep");
    let (status, words) = post(&console, &url, SDP, offer(Wanted::PictureAndSound).into()).await;
    assert_eq!(status, StatusCode::NOT_ACCEPTABLE);
    assert!(words.contains("B-frames"), "{words}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_at_the_port_are_answered_with_silence_and_disturb_nobody() {
    const DATAGRAMS: usize = 100_000;
    const STRANGERS: usize = 5;
    let (_console, screen) = demo().await;
    let url = screen.url("webrtc");
    let viewer = Viewer::connect(&url).await.expect("a session");
    viewer.first_keyframe().await;
    viewer.until("a second", |seen| seen.video.frames > 90).await;
    let (half_open, candidate) = port(&url, Way::Udp).await;
    let right_user = ice_user(&half_open.answer);
    let watched = ice_user(&viewer.session().answer);

    let mut strangers = Vec::new();
    for _ in 0..STRANGERS {
        strangers.push(Stranger::new().await);
    }
    let mut random: u64 = 0x2545_f491_4f6c_dd1d;
    for count in 0..DATAGRAMS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut transaction = [0; 12];
        transaction[..8].copy_from_slice(&random.to_le_bytes());
        let datagram = match count % 5 {
            0 => binding_request("nobody", "here", transaction),
            1 => binding_request(right_user, "stranger", transaction),
            2 => binding_request(watched, "stranger", transaction),
            // DTLS and media of no session (RFC 7983 tells them by the first byte).
            3 => [&[22, 254, 253][..], &transaction, &vec![count as u8; count % 1_200]].concat(),
            _ => {
                [&[128, 96 + (count % 7) as u8][..], &transaction, &vec![count as u8; count % 1_200]].concat()
            }
        };
        strangers[count % STRANGERS].send(candidate.address, &datagram).await;
        if count % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
    // Whatever it had to say is said when the media sent after it has come.
    let frames = viewer.look(|seen| seen.video.frames);
    viewer.until("two seconds more", |seen| seen.video.frames >= frames + 60).await;
    let answers: usize = strangers.iter().map(Stranger::heard).sum();
    assert_eq!(answers, 0, "strangers were answered");
    viewer.look(|seen| {
        for track in [&seen.video, &seen.audio] {
            assert_eq!((track.lost, track.broken_frames, track.steps_back), (0, 0, 0), "{seen:#?}");
        }
        assert!(seen.video.widest_step <= 34 * 90, "{seen:#?}");
        assert!(!seen.disconnected && !seen.closed, "{seen:#?}");
    });
    Viewer::connect(&url).await.expect("a session").first_keyframe().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_offers_that_never_connect_are_bounded() {
    const OFFERS: usize = 1_000;
    let (console, mut screen) = demo().await;
    let url = screen.url("webrtc");
    let viewer = Viewer::connect(&url).await.expect("a session");
    viewer.first_keyframe().await;
    #[cfg(target_os = "linux")]
    let resident_before_bytes = console.resident_bytes();
    let offer = offer(Wanted::PictureAndSound);
    let first = Session::open(&url, None, &offer).await.expect("the first is answered");
    let mut refused = 0;
    for _ in 0..OFFERS {
        match Session::open(&url, None, &offer).await {
            Ok(_) => {}
            Err(why) => {
                assert_eq!(why.status, StatusCode::SERVICE_UNAVAILABLE, "{why:?}");
                refused += 1;
            }
        }
    }
    eprintln!("{refused} of {OFFERS} half-open offers were refused");
    #[cfg(target_os = "linux")]
    {
        let grown_bytes = console.resident_bytes().saturating_sub(resident_before_bytes);
        eprintln!("they cost {} MiB", grown_bytes >> 20);
        assert!(grown_bytes < 64 << 20, "half-open sessions cost {grown_bytes} bytes");
    }
    assert_eq!(first.delete().await, StatusCode::NOT_FOUND, "the oldest was let go");
    let late = Viewer::connect(&url).await.expect("there is room for who comes");
    late.first_keyframe().await;
    viewers(&mut screen, 2).await;
    viewer.look(|seen| {
        assert_eq!((seen.video.lost, seen.video.broken_frames), (0, 0), "{seen:#?}");
        assert!(seen.video.widest_step <= 34 * 90, "{seen:#?}");
    });
    drop(console);
}

#[tokio::test]
async fn strangers_at_the_tcp_port_are_let_go() {
    let (_console, screen) = demo().await;
    let url = screen.url("webrtc");
    let viewer = Viewer::connect(&url).await.expect("a session");
    viewer.first_keyframe().await;
    let (half_open, candidate) = port(&url, Way::Tcp).await;
    let connect = async || {
        let connecting = TcpStream::connect(candidate.address);
        within(PATIENCE, "a connection", connecting).await.expect("the port is open")
    };
    let framed = |datagram: &[u8]| [&(datagram.len() as u16).to_be_bytes()[..], datagram].concat();
    let wrong = binding_request(ice_user(&half_open.answer), "stranger", [9; 12]);
    let sent: [(&str, Vec<u8>); 6] = [
        ("HTTP", b"GET / HTTP/1.1\r\nHost: console\r\n\r\n".repeat(200)),
        ("zeros", vec![0; 64 << 10]),
        ("the longest frames", vec![0xff; 256 << 10]),
        ("empty frames", [0, 0].repeat(4_096)),
        ("somebody's check", framed(&binding_request("nobody", "here", [7; 12]))),
        ("nothing", Vec::new()),
    ];
    let mut sockets = Vec::new();
    for (what, bytes) in sent {
        let mut socket = connect().await;
        // It may leave before it has heard everything.
        let _ = socket.write_all(&bytes).await;
        sockets.push((what, socket));
    }
    let mut idle = Vec::new();
    for _ in 0..300 {
        idle.push(connect().await);
    }
    // A check with a wrong password is not answered either.
    let mut checked = connect().await;
    checked.write_all(&framed(&wrong)).await.expect("it listens");
    sockets.push(("a wrong password", checked));
    for (what, mut socket) in sockets {
        let mut answer = Vec::new();
        let reading = socket.read_to_end(&mut answer);
        // A reset is a farewell too.
        let _ = within(PATIENCE, &format!("{what} to be let go"), reading).await;
        assert!(answer.is_empty(), "{what} was answered with {answer:?}");
    }
    let late = Viewer::connect_as(&url, Joining { way: Way::Tcp, ..Joining::default() }).await;
    late.expect("a session").first_keyframe().await;
    viewer.until_within(Duration::from_secs(10), "media", |seen| seen.video.frames > 120).await;
    viewer.look(|seen| assert_eq!((seen.video.lost, seen.video.broken_frames), (0, 0), "{seen:#?}"));
    drop(idle);
}
