//! A clip published without a stream.

use media_formats::flv::{AVC_SEQUENCE_PREFIX, TagKind, avc_frame_prefix};

use super::endpoints::{listener, until_publish};
use super::media::{Got, OpenDoor, Sink, strictly_increasing};
use super::*;
use crate::clip::Clip;
use crate::testing::flv_file;

/// A clip on its way, and what is told of it.
struct Publishing {
    publisher: ClipPublisher,
    events: mpsc::UnboundedReceiver<ForwardEvent>,
}

impl Publishing {
    fn start(
        clip: &Clip,
        target: PublishTarget,
        options: ForwardOptions,
        timestamps: ClipTimestamps,
    ) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let tell = move |event| {
            // A test that heard enough is gone.
            let _ = sender.send(event);
        };
        Self { publisher: ClipPublisher::start(clip, target, options, timestamps, Arc::new(tell)), events }
    }

    fn demo(target: PublishTarget, timestamps: ClipTimestamps) -> Self {
        Self::start(&Clip::demo().expect("the clip"), target, options(), timestamps)
    }

    async fn next(&mut self) -> ForwardEvent {
        timeout(SOON, self.events.recv()).await.expect("in time").expect("an event")
    }
}

#[tokio::test]
async fn a_clip_arrives_from_its_headers_on() {
    let mut sink = Sink::open().await;
    let mut publishing = Publishing::demo(sink.target.clone(), ClipTimestamps::Clean);
    assert_eq!(publishing.next().await, ForwardEvent::Accepted);
    sink.pictures(40).await;
    assert_eq!(sink.all[0], Got::Metadata);
    assert_eq!(sink.headers(), 3);
    let first = sink.all.iter().find(|got| matches!(got, Got::Video { .. }));
    assert!(matches!(first, Some(Got::Video { timestamp_ms: 0, key: true, .. })));
    for track in [TrackKind::Video, TrackKind::Audio] {
        assert!(strictly_increasing(&sink.times(track)));
    }
    assert_eq!(publishing.next().await, ForwardEvent::Draining);
    sink.pictures(30).await;
    let stats = publishing.publisher.stats();
    assert!(stats.accepted && stats.draining && stats.dropped_frames == 0, "{stats:?}");
    assert!(stats.fps > 15.0 && stats.fps < 45.0 && stats.bitrate_bps > 100_000, "{stats:?}");
    assert!(stats.duration_ms >= 1_000 && stats.acked_bytes > 0, "{stats:?}");
    publishing.publisher.stop().await;
    while sink.next().await != Got::Goodbye {}
    assert_eq!(publishing.events.recv().await, None, "a stop is not told");
}

#[tokio::test]
async fn a_cut_says_no_goodbye() {
    let (listener, target) = listener().await;
    let mut publishing = Publishing::demo(target, ClipTimestamps::Clean);
    let (mut socket, mut connection) = timeout(SOON, until_publish(listener)).await.expect("in time");
    connection.accept_publish();
    while let Some(bytes) = connection.poll_transmit() {
        socket.write_all(&bytes).await.expect("written");
    }
    assert_eq!(publishing.next().await, ForwardEvent::Accepted);
    publishing.publisher.cut();
    assert!(matches!(publishing.next().await, ForwardEvent::Ended(ForwardError::Closed { .. })));
    assert!(!publishing.publisher.stats().accepted);
    let mut received = BytesMut::new();
    while matches!(socket.read_buf(&mut received).await, Ok(1..)) {
        connection.receive(&mut received).expect("RTMP");
    }
    while let Some(event) = connection.poll_event() {
        assert_ne!(event, ServerEvent::PublishEnded);
    }
}

#[tokio::test]
async fn nobody_who_takes_it() {
    let (listener, target) = listener().await;
    drop(listener);
    let mut publishing = Publishing::demo(target, ClipTimestamps::Clean);
    assert_eq!(publishing.next().await, ForwardEvent::Ended(ForwardError::Refused));
}

#[tokio::test]
async fn a_connection_that_is_too_slow_loses_pictures_up_to_a_keyframe() {
    // 10 MB a second, a keyframe at the front only.
    let frame = |key: bool| [&avc_frame_prefix(key, 0)[..], &picture(key, 100_000)].concat();
    let mut tags = vec![(TagKind::Video, 0, [&AVC_SEQUENCE_PREFIX[..], &avcc(0x1f)].concat())];
    tags.extend((0..100).map(|nth| (TagKind::Video, nth * 10, frame(nth == 0))));
    let clip = Clip::from_flv(flv_file(&tags)).expect("a clip");
    let (listener, target) = listener().await;
    let options = ForwardOptions { send_buffer_bytes: Some(64 << 10), ..options() };
    let mut publishing = Publishing::start(&clip, target, options, ClipTimestamps::Clean);
    let (mut socket, mut connection) = timeout(SOON, until_publish(listener)).await.expect("in time");
    connection.accept_publish();
    while let Some(bytes) = connection.poll_transmit() {
        socket.write_all(&bytes).await.expect("written");
    }
    assert_eq!(publishing.next().await, ForwardEvent::Accepted);
    // Nothing is read until nothing more was taken, and so pictures were left out.
    while publishing.next().await != ForwardEvent::NotDraining {}
    assert!(publishing.publisher.stats().dropped_frames > 0);
    let mut received = BytesMut::new();
    let mut keys = Vec::new();
    let reading = async {
        while keys.iter().filter(|key| **key).count() < 2 {
            assert_ne!(socket.read_buf(&mut received).await.expect("read"), 0);
            connection.receive(&mut received).expect("RTMP");
            while let Some(event) = connection.poll_event() {
                if let ServerEvent::Video { payload, .. } = event
                    && let Ok(VideoTag::Frame { key, .. }) = flv::parse_video(payload)
                {
                    keys.push(key);
                }
            }
        }
    };
    timeout(SOON, reading).await.expect("the next keyframe comes");
    assert!(keys[0] && keys.len() < 100, "a part of the first round came: {}", keys.len());
}

#[tokio::test]
async fn odd_timestamps_are_carried_by_the_engine() {
    let door = Arc::new(OpenDoor(OnceLock::new()));
    let engine = Engine::start(EngineConfig::new(pages()), Arc::clone(&door) as Arc<dyn Door>).await;
    let engine = engine.expect("the engine starts");
    let there = engine.open_stream(stream_config("there"));
    door.0.set(there.clone()).expect("set once");
    let mut reader = there.reader();
    let (mut pictures_ms, mut sounds, mut connection) = (Vec::new(), 0, 0);
    while connection < 2 {
        let odd = ClipTimestamps::Odd { connection };
        let publishing = Publishing::demo(target(engine.rtmp().address), odd);
        let wanted = pictures_ms.len() + 60;
        while pictures_ms.len() < wanted {
            match timeout(SOON, reader.next()).await.expect("in time").expect("the stream lives") {
                BusItem::Unit { unit, .. } if unit.track == TrackKind::Video => {
                    pictures_ms.push(unit.dts / 90);
                }
                BusItem::Unit { .. } => sounds += 1,
                BusItem::Skipped { .. } => panic!("nothing was slow"),
            }
        }
        publishing.publisher.cut();
        connection += 1;
    }
    assert!(pictures_ms.windows(2).all(|pair| pair[0] <= pair[1]), "{pictures_ms:?}");
    let span_ms = pictures_ms[119] - pictures_ms[0];
    assert!((3_000..8_000).contains(&span_ms), "no jump was passed on: {span_ms}");
    assert!(sounds > 100, "{sounds}");
    engine.shutdown().await;
}
