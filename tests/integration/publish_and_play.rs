//! An encoder publishes; every player can play what it sends.

use console_tests::{
    Console, PATIENCE, Peer, Player, Playlist, Profile, Publisher, Screen, hevc_enhanced_header,
    hevc_legacy_header, within,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::live;

/// What players should find.
struct Expected {
    video: &'static str,
    size: (u64, u64),
    audio: Option<(&'static str, (u64, u64))>,
}

const MAIN: Expected =
    Expected { video: "h264 Main", size: (320, 180), audio: Some(("aac LC", (48_000, 2))) };

/// Publishes, waits until live, and plays everything the session offers.
async fn plays(profile: Profile, expected: Expected) -> (Console, Screen, Publisher) {
    let (console, screen, publisher) = live(&profile).await;
    if profile.audio.is_some() {
        crate::assert_plays_everywhere(&console, &screen).await;
    }
    assert_eq!(
        screen.life().to_string(),
        "stopped idle\ninitializing awaiting_camera\npreparing awaiting_media\nactive live"
    );
    let (hls, dash) = (screen.url("hls"), screen.url("dash"));
    let (by_hls, by_dash) = tokio::join!(Player::probe(&hls), Player::probe(&dash));
    assert_eq!(by_hls.video.as_deref(), Some(expected.video), "over HLS");
    assert_eq!(by_hls.size, Some(expected.size), "over HLS");
    assert_eq!(by_hls.audio.as_deref(), expected.audio.map(|(codec, _)| codec), "over HLS");
    assert_eq!(by_hls.sound, expected.audio.map(|(_, sound)| sound), "over HLS");
    assert_eq!(by_dash, by_hls, "DASH plays what HLS plays");
    (console, screen, publisher)
}

/// The signal's slice once it is measured.
async fn signal(screen: &mut Screen) -> Value {
    let measured =
        |now: &Value| now["signal"]["keyframeIntervalMs"].is_u64() && now["signal"]["bitrateBps"] != 0;
    screen.until("the signal to be measured", measured).await["signal"].clone()
}

fn hints(signal: &Value) -> String {
    signal["hints"].to_string()
}

/// One stay of one camera is one piece: no discontinuity, and nothing thrown away but sound from before the first
/// picture (AAC encoders begin with a frame or two of it).
async fn assert_in_one_piece(console: &Console, screen: &mut Screen) {
    for track in ["video.m3u8", "audio.m3u8"] {
        let url = screen.url("hls").replace("index.m3u8", track);
        let playlist = Playlist::with(&console.client(), &url, 3).await;
        assert!(playlist.segments.iter().all(|segment| !segment.discontinuity), "{track}: {playlist:#?}");
        assert_eq!(playlist.discontinuity_sequence, 0);
    }
    let signal = signal(screen).await;
    assert!(signal["droppedUnits"].as_u64().is_some_and(|units| units <= 2), "{signal}");
}

#[tokio::test]
async fn the_demo_camera_plays_in_one_piece() {
    let console = Console::start(&["--demo"]).await;
    let mut screen = console.screen().await;
    screen.phase("live").await;
    let played = Player::probe(&screen.url("hls")).await;
    assert_eq!(played.size, Some((1_280, 720)));
    assert!(played.video.is_some() && played.audio.is_some(), "{played:?}");
    // The clip lasts eight seconds, a segment two: the camera is well into its second round.
    let video = screen.url("hls").replace("index.m3u8", "video.m3u8");
    for number in 1..=6 {
        Playlist::with(&console.client(), &video, number).await;
    }
    assert_in_one_piece(&console, &mut screen).await;
}

#[tokio::test]
async fn main_profile_plays_and_is_measured() {
    let (console, mut screen, _publisher) = plays(Profile::MAIN, MAIN).await;
    let signal = signal(&mut screen).await;
    assert_eq!((&signal["width"], &signal["height"]), (&json!(320), &json!(180)));
    assert!(signal["videoCodec"].as_str().is_some_and(|codec| codec.starts_with("avc1.4d")), "{signal}");
    assert_eq!(signal["audioCodec"], "mp4a.40.2");
    assert_eq!(signal["hasBFrames"], false);
    assert_eq!(signal["keyframeIntervalMs"], 1_000);
    assert_in_one_piece(&console, &mut screen).await;
    let publisher = &screen.now()["ingest"]["publisher"];
    assert!(
        publisher["address"].as_str().is_some_and(|address| address.starts_with("127.0.0.1:")),
        "{publisher}"
    );
    assert!(publisher["encoder"].as_str().is_some_and(|encoder| !encoder.is_empty()), "{publisher}");
}

#[tokio::test]
async fn high_profile_with_b_frames_plays_at_720p() {
    let profile = Profile {
        size: "1280x720",
        h264_profile: "high",
        x264: "cabac=1:8x8dct=1",
        b_frames: 2,
        gop_frames: 60,
        ..Profile::MAIN
    };
    let expected = Expected { video: "h264 High", size: (1_280, 720), ..MAIN };
    let (_console, mut screen, _publisher) = plays(profile, expected).await;
    let signal = signal(&mut screen).await;
    assert_eq!(signal["hasBFrames"], true);
    assert!(hints(&signal).contains("B-frames"), "{signal}");
}

#[tokio::test]
async fn baseline_in_mono_plays() {
    let profile =
        Profile { h264_profile: "baseline", x264: "cabac=0", audio: Some((48_000, 1)), ..Profile::MAIN };
    let expected =
        Expected { video: "h264 Constrained Baseline", audio: Some(("aac LC", (48_000, 1))), ..MAIN };
    plays(profile, expected).await;
}

#[tokio::test]
async fn sound_at_44_100_hz_plays() {
    let profile = Profile { audio: Some((44_100, 2)), ..Profile::MAIN };
    plays(profile, Expected { audio: Some(("aac LC", (44_100, 2))), ..MAIN }).await;
}

#[tokio::test]
async fn a_picture_without_sound_plays_and_is_remarked_upon() {
    let (_console, mut screen, _publisher) =
        plays(Profile { audio: None, ..Profile::MAIN }, Expected { audio: None, ..MAIN }).await;
    let signal = signal(&mut screen).await;
    assert!(hints(&signal).contains("No sound arrives"), "{signal}");
}

#[tokio::test]
async fn fifteen_frames_a_second_play() {
    let (_console, mut screen, _publisher) =
        plays(Profile { fps: 15, gop_frames: 30, ..Profile::MAIN }, MAIN).await;
    let near_15 = |now: &Value| now["signal"]["fps"].as_f64().is_some_and(|fps| (13.5..16.5).contains(&fps));
    screen.until("15 frames a second to be measured", near_15).await;
}

#[tokio::test]
async fn keyframes_ten_seconds_apart_play_and_are_remarked_upon() {
    let (_console, mut screen, _publisher) = plays(Profile { gop_frames: 300, ..Profile::MAIN }, MAIN).await;
    let signal = signal(&mut screen).await;
    assert_eq!(signal["keyframeIntervalMs"], 10_000);
    assert!(hints(&signal).contains("Keyframes come only every 10 s"), "{signal}");
    assert_eq!(
        screen.life().phases().last(),
        Some(&"live"),
        "it stays live through a long wait for a keyframe"
    );
}

#[tokio::test]
async fn timestamps_that_begin_hours_late_play_across_the_extended_ones() {
    // 16 777.215 s is where RTMP's timestamps outgrow their 24 bits. It is passed before the start, because ffmpeg says
    // the whole time only once for each track and differences from then on.
    let (console, screen, _publisher) = plays(Profile { offset_s: 16_780.0, ..Profile::MAIN }, MAIN).await;
    let mut player = Player::start(&screen.url("hls"));
    player
        .until("ten seconds of packets", |packets| {
            packets.iter().any(|packet| packet.stream == 0 && packet.dts_s > 10.0)
        })
        .await;
    crate::reconnect::assert_times_grow(&player.packets);
    let snapshot = console.snapshot().await;
    assert_eq!(snapshot["session"]["phase"], "live", "{snapshot:#}");
}

#[tokio::test]
async fn the_watch_page_and_its_picture_are_served_to_anyone() {
    let (console, screen, _publisher) = live(&Profile::MAIN).await;
    let get = async |url: &str| {
        let response = within(PATIENCE, url, console.client().get(url).send()).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{url}");
        let media_type = response.headers()["content-type"].to_str().expect("a media type").to_owned();
        (media_type, response.bytes().await.expect("a body"))
    };
    let (media_type, page) = get(&screen.url("preview")).await;
    assert!(media_type.starts_with("text/html"), "{media_type}");
    assert!(page.starts_with(b"<!"), "the watch page is HTML");
    let (media_type, picture) = get(&screen.url("thumbnail")).await;
    assert_eq!(media_type, "image/jpeg");
    assert!(picture.starts_with(&[0xff, 0xd8, 0xff]) && picture.ends_with(&[0xff, 0xd9]), "a whole JPEG");
    let (_, status) = get(&screen.url("preview").replace("/watch", "/status.json")).await;
    let status: Value = serde_json::from_slice(&status).expect("status is JSON");
    assert_eq!(status["state"], "live");
}

#[tokio::test]
async fn an_encoder_is_refused_in_words_while_publishing_alone_may_not_start() {
    let console = Console::start(&[]).await;
    console.change_settings(json!({ "startOnPublish": false })).await;
    let mut encoder = Publisher::start(&console.publish_url().await, &Profile::MAIN);
    let (status, said) = encoder.ended().await;
    assert!(!status.success());
    assert!(said.contains("Start a stream to let it in"), "the encoder's log says why: {said}");
    let session = &console.snapshot().await["session"];
    assert_eq!((&session["phase"], &session["streamId"]), (&json!("idle"), &Value::Null));

    // What it was told to do helps.
    let mut screen = console.screen().await;
    console.ok("start_managed", json!({})).await;
    let _encoder = Publisher::start(&console.publish_url().await, &Profile::MAIN);
    screen.phase("live").await;
}

#[tokio::test]
async fn hevc_is_refused_in_words_and_h264_is_welcome_after_it() {
    let console = Console::start(&[]).await;
    let mut screen = console.screen().await;
    let key = console.key().await;
    for header in [hevc_enhanced_header(), hevc_legacy_header()] {
        let mut peer = Peer::connect(&console.rtmp_address()).await;
        assert_eq!(peer.publish("live", &key).await.code, "NetStream.Publish.Start");
        peer.video(0, &header).await;
        peer.left().await;
        let shown = screen
            .until("words about HEVC", |now| {
                now["session"]["message"]["text"].as_str().is_some_and(|text| text.contains("HEVC"))
            })
            .await;
        assert_ne!(shown["session"]["state"], "active");
        assert!(shown["session"]["message"]["text"].as_str().is_some_and(|text| text.contains("H.264")));
    }
    let _encoder = Publisher::start(&console.publish_url().await, &Profile::MAIN);
    let shown = screen.phase("live").await;
    assert_eq!(shown["session"]["message"]["text"], "The stream is live.");
}

#[tokio::test]
async fn the_key_is_found_wherever_an_encoder_puts_it() {
    let console = Console::start(&[]).await;
    let key = console.key().await;
    let ways = [
        ("live".to_owned(), key.clone()),
        (format!("live/{key}"), "stream".to_owned()),
        (key.clone(), String::new()),
        ("live".to_owned(), format!("camera?key={key}")),
        (format!("live?token={key}"), "camera".to_owned()),
    ];
    for (app, stream) in ways {
        let mut peer = Peer::connect(&console.rtmp_address()).await;
        let told = peer.publish(&app, &stream).await;
        let shown = (app.replace(&key, "KEY"), stream.replace(&key, "KEY"));
        assert_eq!(told.code, "NetStream.Publish.Start", "{shown:?}: {}", told.description);
    }
}
