use std::io::Read as _;
use std::pin::Pin;
use std::time::Duration;

use media_formats::unit::TrackKind;
use reqwest::{Client, Response, StatusCode};
use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, timeout};

use super::listener::CLOSING_GRACE;
use super::*;
use crate::door::{Admission, Attempt, Door};
use crate::engine::{Engine, EngineConfig};
use crate::repair::Incoming;
use crate::stream::Publisher;
use crate::testing::{Encoder, pages, publish, stream_config};

struct Closed;

impl Door for Closed {
    fn admit(&self, _: Attempt) -> Pin<Box<dyn Future<Output = Admission> + Send + '_>> {
        Box::pin(async { Err("closed".to_owned()) })
    }
}

/// An engine with a stream `s` on the air: segments 0 and 1, and some parts of segment 2.
struct OnAir {
    engine: Engine,
    stream: Stream,
    publisher: Publisher,
    client: Client,
    /// What the encoder says next.
    next: std::vec::IntoIter<(i64, Incoming)>,
}

impl OnAir {
    async fn start() -> Self {
        let engine =
            Engine::start(EngineConfig::new(pages()), Arc::new(Closed)).await.expect("the engine starts");
        let stream = engine.open_stream(stream_config("s"));
        let mut next = Encoder::default().messages(0, 9_000).into_iter();
        let begun: Vec<_> = next.by_ref().take_while(|(at_ms, _)| *at_ms < 5_000).collect();
        let publisher = publish(&stream, begun);
        let client = Client::builder().no_proxy().build().expect("a client");
        Self { engine, stream, publisher, client, next }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.engine.http().address)
    }

    async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.expect("an answer")
    }

    async fn text(&self, path: &str) -> String {
        self.get(path).await.text().await.expect("a text")
    }

    async fn code(&self, path: &str) -> u16 {
        self.get(path).await.status().as_u16()
    }

    /// The encoder goes on until a new part exists.
    fn one_more_part(&mut self) {
        let version = self.stream.version();
        while self.stream.version() == version {
            let (_, incoming) = self.next.next().expect("more media");
            self.publisher.push(incoming);
        }
    }

    /// Decoding time of a segment: it depends on how soon after the stream's creation the encoder came.
    fn start_of(&self, kind: TrackKind, msn: u64) -> u64 {
        let core = self.stream.0.core();
        core.packager.window(kind).and_then(|window| window.segment(msn)).expect("a segment").start
    }

    fn hinted(&self, kind: TrackKind) -> (u64, usize) {
        let core = self.stream.0.core();
        crate::hls::next_part(core.packager.window(kind).expect("a window"))
    }
}

#[tokio::test]
async fn a_blocked_playlist_is_answered_when_the_part_exists() {
    let mut air = OnAir::start().await;
    let (msn, part) = air.hinted(TrackKind::Video);
    let request = air.client.get(air.url(&format!("/s/video.m3u8?_HLS_msn={msn}&_HLS_part={part}"))).send();
    let mut request = Box::pin(request);
    assert!(
        timeout(Duration::from_millis(100), &mut request).await.is_err(),
        "held while the part is missing"
    );
    while air.hinted(TrackKind::Video) == (msn, part) {
        air.one_more_part();
    }
    let answer = timeout(Duration::from_secs(5), request).await.expect("in time").expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    let text = answer.text().await.expect("a text");
    assert!(
        text.contains(&format!("URI=\"video/{msn}.{part}.m4s\"\n"))
            && !text.contains(&format!("PART,URI=\"video/{msn}.{part}.m4s"))
    );
}

#[tokio::test]
async fn a_playlist_that_holds_what_is_asked_for_is_answered_at_once() {
    let air = OnAir::start().await;
    let (msn, part) = air.hinted(TrackKind::Video);
    assert!(part > 0);
    for query in [
        String::new(),
        format!("?_HLS_msn={}", msn - 1),
        format!("?_HLS_msn={msn}&_HLS_part={}", part - 1),
        // Past the end of a closed segment: the first part of the next, which exists.
        format!("?_HLS_msn={}&_HLS_part=999", msn - 1),
    ] {
        assert_eq!(air.code(&format!("/s/video.m3u8{query}")).await, 200, "{query}");
    }
}

#[tokio::test]
async fn directives_that_make_no_sense_are_refused() {
    let air = OnAir::start().await;
    let (msn, _) = air.hinted(TrackKind::Video);
    for query in [
        "_HLS_part=1".to_owned(),
        format!("_HLS_msn={}", msn + 3),
        format!("_HLS_msn={}&_HLS_part=0", u64::MAX),
        "_HLS_msn=-1".to_owned(),
        "_HLS_msn=x".to_owned(),
    ] {
        assert_eq!(air.code(&format!("/s/video.m3u8?{query}")).await, 400, "{query}");
    }
}

fn shared(stop: CancellationToken) -> Shared {
    Shared {
        registry: Arc::default(),
        pages: pages(),
        clock: Clock::start(),
        webrtc: WebRtc::stopped(),
        door: Arc::new(Closed),
        stop,
    }
}

#[tokio::test(start_paused = true)]
async fn a_held_playlist_is_given_up_after_three_target_durations() {
    let stream = Stream::new(stream_config("s"), Clock::start(), None);
    let _publisher = publish(&stream, Encoder { gop_ms: 4_000, ..Encoder::default() }.messages(0, 6_000));
    let begun = Instant::now();
    let held = playlist::hold(&shared(CancellationToken::new()), &stream.0, TrackKind::Video, 2, None).await;
    assert_eq!(held, Err(Refused::NotYet));
    assert_eq!(begun.elapsed().as_secs(), 12);
}

#[tokio::test(start_paused = true)]
async fn a_held_part_is_given_up_in_time_and_when_the_door_closes() {
    let stream = Stream::new(stream_config("s"), Clock::start(), None);
    let _publisher = publish(&stream, Encoder::default().messages(0, 5_000));
    let (msn, index) =
        crate::hls::next_part(stream.0.core().packager.window(TrackKind::Audio).expect("a window"));
    let begun = Instant::now();
    let stop = CancellationToken::new();
    let held = media::part(&shared(stop.clone()), &stream.0, TrackKind::Audio, msn, index).await;
    assert_eq!((held, begun.elapsed().as_secs()), (Err(Refused::NotYet), 6));
    stop.cancel();
    let held = media::part(&shared(stop), &stream.0, TrackKind::Audio, msn, index).await;
    assert_eq!((held, begun.elapsed().as_secs()), (Err(Refused::NotYet), 6));
}

#[tokio::test]
async fn a_hinted_part_is_held_and_answered() {
    let mut air = OnAir::start().await;
    let (msn, index) = air.hinted(TrackKind::Video);
    let mut request = Box::pin(air.client.get(air.url(&format!("/s/video/{msn}.{index}.m4s"))).send());
    assert!(
        timeout(Duration::from_millis(100), &mut request).await.is_err(),
        "held while the part is missing"
    );
    while air.hinted(TrackKind::Video) == (msn, index) {
        air.one_more_part();
    }
    let answer = timeout(Duration::from_secs(5), request).await.expect("in time").expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(&answer.bytes().await.expect("bytes")[4..8], b"moof");
    assert_eq!(
        air.code(&format!("/s/video/{msn}.{}.m4s", index + 2)).await,
        404,
        "only the next part is held"
    );
}

#[tokio::test]
async fn a_hinted_part_that_will_never_be_is_not_found() {
    let air = OnAir::start().await;
    let (msn, index) = air.hinted(TrackKind::Video);
    // The publisher goes: what was gathered becomes that part, and the segment ends with it.
    air.stream.drop_publisher();
    let past_end = (index..).find(|index| {
        let core = air.stream.0.core();
        let window = core.packager.window(TrackKind::Video).expect("a window");
        window.segment(msn).is_some_and(|segment| *index >= segment.parts.len())
    });
    assert_eq!(air.code(&format!("/s/video/{msn}.{}.m4s", past_end.expect("an end"))).await, 404);
    let (next_msn, _) = air.hinted(TrackKind::Video);
    assert_eq!(next_msn, msn + 1);
    let mut request = Box::pin(air.client.get(air.url(&format!("/s/video/{next_msn}.0.m4s"))).send());
    assert!(timeout(Duration::from_millis(100), &mut request).await.is_err());
    air.engine.end_stream(&air.stream);
    let answer = timeout(Duration::from_secs(5), request).await.expect("in time").expect("an answer");
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn playlists_are_compressed_for_those_who_take_it() {
    let air = OnAir::start().await;
    for path in ["/s/index.m3u8?viewer=a", "/s/video.m3u8", "/s/audio.m3u8", "/s/manifest.mpd"] {
        let ask =
            |coding: &'static str| air.client.get(air.url(path)).header("accept-encoding", coding).send();
        let plain = ask("br, gzip;q=0").await.expect("an answer");
        assert_eq!(plain.headers().get("content-encoding"), None);
        let plain = plain.bytes().await.expect("bytes");
        let packed = ask("deflate, gzip").await.expect("an answer");
        assert_eq!(packed.headers()["content-encoding"], "gzip");
        assert_eq!(packed.headers()["vary"], "accept-encoding");
        let packed = packed.bytes().await.expect("bytes");
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).expect("gzip");
        assert_eq!(unpacked, plain, "{path}");
    }
}

#[tokio::test]
async fn a_playlist_that_is_known_is_not_sent_again() {
    let mut air = OnAir::start().await;
    let tag = air.get("/s/video.m3u8").await.headers()["etag"].clone();
    let again =
        |air: &OnAir| air.client.get(air.url("/s/video.m3u8")).header("if-none-match", tag.clone()).send();
    let known = again(&air).await.expect("an answer");
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    assert!(known.bytes().await.expect("bytes").is_empty());
    air.one_more_part();
    assert_eq!(again(&air).await.expect("an answer").status(), StatusCode::OK);
}

#[tokio::test]
async fn entity_tags_are_of_the_very_bytes_sent() {
    let air = OnAir::start().await;
    let ask = |coding: &'static str, known: &str| {
        let request = air.client.get(air.url("/s/video.m3u8")).header("accept-encoding", coding);
        request.header("if-none-match", known.to_owned()).send()
    };
    let tag = async |coding| {
        let answer = ask(coding, "\"none\"").await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        answer.headers()["etag"].to_str().expect("text").to_owned()
    };
    let (plain, packed) = (tag("identity").await, tag("gzip").await);
    assert_ne!(plain, packed);
    for (coding, known, status) in [
        ("identity", plain.clone(), 304),
        ("gzip", packed.clone(), 304),
        ("gzip", plain.clone(), 200),
        ("identity", packed.clone(), 200),
        ("gzip", format!("W/{packed}"), 304),
        ("identity", format!("\"x\", {plain}"), 304),
        ("identity", "*".to_owned(), 304),
        ("identity", plain.replace('"', ""), 200),
    ] {
        let answer = ask(coding, &known).await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{coding} {known}");
        assert_eq!(answer.headers()["vary"], "accept-encoding");
    }
}

#[tokio::test]
async fn a_restarted_program_does_not_take_an_old_playlist_for_its_own() {
    let air = OnAir::start().await;
    let old = air.get("/s/video.m3u8").await.headers()["etag"].clone();
    let old_version = air.stream.version();
    // The same stream after a restart: other segment numbers, and versions from zero on.
    let (facts, _) = air.stream.facts();
    air.engine.end_stream(&air.stream);
    let again =
        air.engine.open_stream(crate::stream::StreamConfig { first_msn: 256, facts, ..stream_config("s") });
    let mut media = Encoder::default().messages(0, 9_000).into_iter();
    let first = media.next().expect("media");
    let publisher = publish(&again, [first]);
    while again.version() < old_version {
        publisher.push(media.next().expect("more media").1);
    }
    assert_eq!(again.version(), old_version);
    let answer = air.client.get(air.url("/s/video.m3u8")).header("if-none-match", old).send().await;
    assert_eq!(answer.expect("an answer").status(), StatusCode::OK);
}

#[tokio::test]
async fn headers_say_who_may_read_and_what_may_be_kept() {
    let air = OnAir::start().await;
    let kept = "public, max-age=3600, immutable";
    let by_time = format!("/s/audio/t{}.m4s", air.start_of(TrackKind::Audio, 0));
    for (path, media_type, cache) in [
        ("/s/index.m3u8", "application/vnd.apple.mpegurl", "no-cache"),
        ("/s/video.m3u8", "application/vnd.apple.mpegurl", "no-cache"),
        ("/s/audio.m3u8", "application/vnd.apple.mpegurl", "no-cache"),
        ("/s/manifest.mpd", "application/dash+xml", "no-cache"),
        ("/s/video/init-0.mp4", "video/mp4", kept),
        ("/s/video/0.m4s", "video/iso.segment", kept),
        ("/s/video/0.0.m4s", "video/iso.segment", kept),
        (&by_time, "video/iso.segment", kept),
        ("/s/status.json", "application/json", "no-cache"),
        ("/s/watch", "text/html", "no-cache"),
        ("/assets/a.js", "text/javascript", "public, max-age=31536000, immutable"),
        ("/time", "text/plain; charset=utf-8", "no-cache"),
    ] {
        let answer = air.client.get(air.url(path)).header("origin", "https://elsewhere.example").send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let headers = answer.headers();
        assert_eq!(headers["access-control-allow-origin"], "*", "{path}");
        assert_eq!(headers["content-type"], media_type, "{path}");
        assert_eq!(headers["cache-control"], cache, "{path}");
        let length: usize = headers["content-length"].to_str().expect("text").parse().expect("a number");
        assert_eq!(answer.bytes().await.expect("bytes").len(), length, "{path}");
    }
    let preflight = air.client.request(Method::OPTIONS, air.url("/s/video/0.m4s"));
    let preflight = preflight.header("origin", "https://elsewhere.example");
    let preflight = preflight.header("access-control-request-method", "GET");
    let preflight =
        preflight.header("access-control-request-headers", "range").send().await.expect("an answer");
    assert!(preflight.headers()["access-control-allow-headers"].to_str().expect("text").contains("range"));
    for (path, posts) in [("/s/whep", true), ("/whip", true), ("/whip/key", true), ("/s/index.m3u8", false)] {
        let asked = air.client.request(Method::OPTIONS, air.url(path)).send().await.expect("an answer");
        let posted = asked.headers().get("accept-post").map(|value| value.to_str().expect("text"));
        assert_eq!(posted, posts.then_some("application/sdp"), "{path}");
    }
}

#[tokio::test]
async fn segments_are_their_parts_in_order() {
    let air = OnAir::start().await;
    let whole = air.get("/s/video/1.m4s").await.bytes().await.expect("bytes");
    let mut parts = Vec::new();
    for index in 0..7 {
        parts.extend(air.get(&format!("/s/video/1.{index}.m4s")).await.bytes().await.expect("bytes"));
    }
    assert!(whole == parts);
    let path = format!("/s/video/t{}.m4s", air.start_of(TrackKind::Video, 1));
    assert!(air.get(&path).await.bytes().await.expect("bytes") == whole, "{path}");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let air = OnAir::start().await;
    for path in [
        "/",
        "/nothing",
        "/other/index.m3u8",
        "/other/video.m3u8",
        "/other/video/0.m4s",
        "/other/status.json",
        "/other/thumbnail.jpg",
        "/other/watch",
        "/other/manifest.mpd",
        "/s/other/0.m4s",
        "/s/video/99.m4s",
        "/s/video/init-9.mp4",
        "/s/video/t1.m4s",
        "/s/video/0.99.m4s",
        "/s/video/x",
        "/assets/b.js",
        "/s/../../etc/passwd",
    ] {
        assert_eq!(air.code(path).await, 404, "{path}");
    }
    air.engine.open_stream(stream_config("new"));
    for path in
        ["/new/index.m3u8", "/new/video.m3u8", "/new/manifest.mpd", "/new/thumbnail.jpg", "/new/video/0.m4s"]
    {
        assert_eq!(air.code(path).await, 404, "before the first segment: {path}");
    }
}

#[tokio::test]
async fn viewers_are_counted_by_the_token_they_were_given() {
    let air = OnAir::start().await;
    assert_eq!(air.stream.viewers(), 0);
    for _ in 0..2 {
        let master = air.text("/s/index.m3u8").await;
        let media =
            master.lines().find(|line| line.starts_with("video.m3u8?viewer=")).expect("a token").to_owned();
        for _ in 0..3 {
            assert_eq!(air.code(&format!("/s/{media}")).await, 200);
        }
    }
    assert_eq!(air.stream.viewers(), 2);
    assert!(air.text("/s/index.m3u8?viewer=preview").await.contains("video.m3u8?viewer=preview"));
    air.text("/s/video.m3u8?viewer=probe").await;
    assert_eq!(air.stream.viewers(), 2, "the console's own players");
    // A token that is none of ours is not written into playlists.
    let master = air.text("/s/index.m3u8?viewer=%22%0A%23EXT-X-ENDLIST").await;
    assert!(!master.contains("ENDLIST"));
    // Without a token, players are told apart by address and program.
    for _ in 0..3 {
        air.text("/s/manifest.mpd").await;
    }
    assert_eq!(air.stream.viewers(), 4);
}

#[tokio::test]
async fn a_wrong_watch_link_gets_the_page_that_says_so() {
    let air = OnAir::start().await;
    let answer = air.client.get(air.url("/other/watch")).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(answer.headers()["content-type"], "text/html");
    assert!(answer.headers().contains_key("content-security-policy"));
    assert_eq!(answer.text().await.expect("text"), "page");
}

#[tokio::test]
async fn the_watch_page_is_told_the_state() {
    let air = OnAir::start().await;
    let state = async |id: &str| {
        let status: serde_json::Value =
            air.get(&format!("/{id}/status.json")).await.json().await.expect("JSON");
        (
            status["state"].as_str().expect("a state").to_owned(),
            status["configVersion"].as_u64().expect("a number"),
        )
    };
    air.engine.open_stream(stream_config("new"));
    let offered = async || {
        let status: serde_json::Value = air.get("/s/status.json").await.json().await.expect("JSON");
        status["webrtc"].as_bool().expect("yes or no")
    };
    assert!(!offered().await);
    air.stream.set_webrtc(true);
    assert!(offered().await);
    assert_eq!(state("new").await, ("waiting".to_owned(), 0));
    assert_eq!(state("s").await, ("live".to_owned(), 2));
    air.stream.drop_publisher();
    assert_eq!(state("s").await, ("interrupted".to_owned(), 2));
    air.engine.end_stream(&air.stream);
    assert_eq!(state("s").await, ("ended".to_owned(), 2));
    assert!(
        air.text("/s/video.m3u8?_HLS_msn=7").await.ends_with("#EXT-X-ENDLIST\n"),
        "an ended playlist is not held"
    );
}

#[tokio::test]
async fn a_picture_that_cannot_be_decoded_is_no_thumbnail() {
    let air = OnAir::start().await;
    assert_eq!(air.code("/s/thumbnail.jpg").await, 404);
}

#[cfg(feature = "pixels")]
#[tokio::test]
async fn the_thumbnail_is_the_newest_keyframe() {
    let air = OnAir::start().await;
    let (config, keyframe) = crate::clip::first_keyframe();
    let stream = air.engine.open_stream(stream_config("demo"));
    let key = Incoming::Video { timestamp_ms: 0, cts_ms: 0, key: true, payload: keyframe };
    let sound = Incoming::AudioConfig(crate::testing::audio_config(48_000));
    let _publisher = publish(&stream, [(0, Incoming::VideoConfig(config)), (0, sound), (0, key)]);
    let answer = air.get("/demo/thumbnail.jpg").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "image/jpeg");
    assert_eq!(answer.bytes().await.expect("bytes")[..3], [0xFF, 0xD8, 0xFF]);
}

#[tokio::test]
async fn the_door_closes_whatever_its_callers_do() {
    let air = OnAir::start().await;
    let address = air.engine.http().address;
    let (msn, _) = air.hinted(TrackKind::Video);
    let held = tokio::spawn(air.client.get(air.url(&format!("/s/video.m3u8?_HLS_msn={msn}"))).send());
    let mut half_a_request = tokio::net::TcpStream::connect(address).await.expect("a connection");
    half_a_request.write_all(b"GET /time HTTP/1.1\r\nHost: x").await.expect("written");
    let _silent = tokio::net::TcpStream::connect(address).await.expect("a connection");
    assert_eq!(air.code("/time").await, 200, "so the others have been accepted");
    timeout(CLOSING_GRACE + Duration::from_secs(5), air.engine.shutdown()).await.expect("closed in time");
    // Answered or cut off, but not left hanging.
    let _ = timeout(Duration::from_secs(5), held).await.expect("an end");
}
/// Posts an offer, as a WHEP or WHIP client does.
async fn post(air: &OnAir, path: &str, media_type: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
    let request = air.client.post(air.url(path)).header("content-type", media_type).body(body);
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a text"))
}

#[tokio::test]
async fn webrtc_is_refused_with_words_where_it_cannot_be() {
    let air = OnAir::start().await;
    let (code, words) = post(&air, "/s/whep", "application/sdp", "v=0").await;
    assert_eq!(code, 404);
    assert!(words.contains("not offered by WebRTC"), "{words}");
    air.stream.set_webrtc(true);
    assert_eq!(post(&air, "/t/whep", "application/sdp", "v=0").await.0, 404);
    assert_eq!(post(&air, "/s/whep", "application/sdp", "v=0").await.0, 400);
    assert_eq!(post(&air, "/s/whep", "text/plain", "v=0").await.0, 415);
    assert_eq!(post(&air, "/s/whep", "application/sdp", vec![b'a'; 1 << 20]).await.0, 413);
    let b_frames = Encoder { b_frames: true, ..Encoder::default() };
    let _reordering = publish(&air.stream, b_frames.messages(9_000, 3_000));
    let (code, words) = post(&air, "/s/whep", "application/sdp", "v=0").await;
    assert_eq!(code, 406);
    assert!(words.contains("B-frames"), "{words}");
    let gone = air.client.delete(air.url("/s/whep/0123")).send().await.expect("an answer");
    assert_eq!(gone.status(), 404);
}

#[tokio::test]
async fn publishing_by_webrtc_takes_a_key() {
    let air = OnAir::start().await;
    let (code, words) = post(&air, "/whip", "application/sdp", "v=0").await;
    assert_eq!(code, 401);
    assert!(words.contains("bearer"), "{words}");
    // Told before the door is asked: it may start a stream for who comes.
    assert_eq!(post(&air, "/whip/key", "application/sdp", "v=0").await.0, 400);
    assert_eq!(post(&air, "/whip/key", "application/sdp", vec![b'a'; 1 << 20]).await.0, 413);
}
