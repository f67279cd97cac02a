//! What arrives at endpoints that let the stream in.

use super::*;
use crate::demo::DemoCamera;

/// What an endpoint was sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Got {
    Metadata,
    VideoHeader(Bytes),
    AudioHeader(Bytes),
    Video {
        timestamp_ms: u32,
        key: bool,
        payload: Bytes,
    },
    Audio {
        timestamp_ms: u32,
        payload: Bytes,
    },
    /// The publisher took leave.
    Goodbye,
}

/// An endpoint that takes everything.
pub(super) struct Sink {
    pub(super) target: PublishTarget,
    got: mpsc::UnboundedReceiver<Got>,
    pub(super) all: Vec<Got>,
    _task: tokio_util::task::AbortOnDropHandle<()>,
}

impl Sink {
    pub(super) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let target = target(listener.local_addr().expect("an address"));
        let (sender, got) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let (socket, _) = listener.accept().await.expect("a caller");
            take_everything(socket, sender).await;
        });
        Self { target, got, all: Vec::new(), _task: tokio_util::task::AbortOnDropHandle::new(task) }
    }

    pub(super) async fn next(&mut self) -> Got {
        let got = timeout(SOON, self.got.recv()).await.expect("in time").expect("still connected");
        self.all.push(got.clone());
        got
    }

    /// Waits for so many pictures more.
    pub(super) async fn pictures(&mut self, mut wanted: usize) {
        while wanted > 0 {
            wanted -= usize::from(matches!(self.next().await, Got::Video { .. }));
        }
    }

    pub(super) fn times(&self, track: TrackKind) -> Vec<u32> {
        let times = self.all.iter().filter_map(|got| match got {
            Got::Video { timestamp_ms, .. } if track == TrackKind::Video => Some(*timestamp_ms),
            Got::Audio { timestamp_ms, .. } if track == TrackKind::Audio => Some(*timestamp_ms),
            _ => None,
        });
        times.collect()
    }

    pub(super) fn headers(&self) -> usize {
        let is_header = |got: &&Got| matches!(got, Got::VideoHeader(_) | Got::AudioHeader(_) | Got::Metadata);
        self.all.iter().filter(is_header).count()
    }
}

pub(super) async fn take_everything(mut socket: TcpStream, got: mpsc::UnboundedSender<Got>) {
    let config = ServerConfig { window_ack_bytes: 50_000, ..ServerConfig::default() };
    let mut connection = ServerConnection::new(config, [1; 1528]);
    let mut received = BytesMut::new();
    while !matches!(socket.read_buf(&mut received).await, Ok(0) | Err(_)) {
        connection.receive(&mut received).expect("RTMP");
        while let Some(event) = connection.poll_event() {
            let said = match event {
                ServerEvent::PublishRequested(request) => {
                    assert!(request.path_parts().any(|part| part == KEY));
                    connection.accept_publish();
                    continue;
                }
                ServerEvent::Metadata(_) => Got::Metadata,
                ServerEvent::Video { timestamp_ms, payload } => {
                    match flv::parse_video(payload).expect("a video tag") {
                        VideoTag::SequenceHeader(record) => Got::VideoHeader(record),
                        VideoTag::Frame { key, payload, .. } => Got::Video { timestamp_ms, key, payload },
                        other => panic!("{other:?}"),
                    }
                }
                ServerEvent::Audio { timestamp_ms, payload } => {
                    match flv::parse_audio(payload).expect("an audio tag") {
                        AudioTag::SequenceHeader(record) => Got::AudioHeader(record),
                        AudioTag::Frame(payload) => Got::Audio { timestamp_ms, payload },
                        AudioTag::Ignored => panic!("nothing to hear"),
                    }
                }
                ServerEvent::PublishEnded => Got::Goodbye,
                _ => continue,
            };
            if got.send(said).is_err() {
                return;
            }
        }
        while let Some(bytes) = connection.poll_transmit() {
            if socket.write_all(&bytes).await.is_err() {
                return;
            }
        }
    }
}

pub(super) fn strictly_increasing(times: &[u32]) -> bool {
    times.windows(2).all(|pair| pair[0] < pair[1])
}

#[tokio::test]
async fn everything_arrives_in_order_and_unchanged() {
    let stream = stream();
    let mut sink = Sink::open().await;
    let mut pushed = Pushed::start(&stream, sink.target.clone(), options());
    assert_eq!(pushed.next().await, ForwardEvent::Accepted);
    let publisher = crate::testing::publish(&stream, Encoder::default().messages(0, 2_000));
    sink.pictures(60).await;
    assert_eq!(sink.all[0], Got::Metadata);
    assert_eq!(sink.all[1], Got::VideoHeader(avcc(0x1f)));
    assert!(matches!(sink.all[2], Got::AudioHeader(_)));
    assert_eq!(sink.all[3], Got::Video { timestamp_ms: 0, key: true, payload: picture(true, 400) });
    for track in [TrackKind::Video, TrackKind::Audio] {
        assert!(strictly_increasing(&sink.times(track)));
    }
    assert_eq!(sink.times(TrackKind::Video).len(), 60);
    assert_eq!(sink.headers(), 3);
    assert_eq!(pushed.forward.stats().dropped_units, 0);
    pushed.forward.stop().await;
    while sink.next().await != Got::Goodbye {}
    drop(publisher);
}

#[tokio::test]
async fn a_source_that_goes_and_comes_back_is_one_stream() {
    let stream = stream();
    let mut sink = Sink::open().await;
    let mut pushed = Pushed::start(&stream, sink.target.clone(), options());
    let camera = DemoCamera::start(&stream).expect("the clip");
    sink.pictures(10).await;
    camera.stop().await;
    // More than was on the way: these are still pictures.
    sink.pictures(20).await;
    let camera = DemoCamera::start(&stream).expect("the clip");
    sink.pictures(20).await;
    for track in [TrackKind::Video, TrackKind::Audio] {
        let times = sink.times(track);
        assert!(strictly_increasing(&times));
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] < 1_000), "no hole");
    }
    assert_eq!(sink.headers(), 3, "one stream, one set of headers");
    assert_eq!(pushed.next().await, ForwardEvent::Accepted);
    assert!(!matches!(pushed.events.try_recv(), Ok(ForwardEvent::Ended(_))));
    camera.stop().await;
}

#[tokio::test]
async fn silence_accompanies_pictures_that_have_no_sound() {
    let stream = stream();
    let mut sink = Sink::open().await;
    let pushed = Pushed::start(&stream, sink.target.clone(), options());
    let mute = Encoder { audio_rate_hz: None, ..Encoder::default() };
    let publisher = crate::testing::publish(&stream, mute.messages(0, 600));
    // The wait for its sound ends by the clock; this picture comes after it.
    let wait = stream.0.clock.now_ms();
    while stream.0.clock.now_ms() < wait + 550 {
        tokio::task::yield_now().await;
    }
    publisher.push(crate::testing::video(600, false));
    sink.pictures(19).await;
    assert_eq!(sink.all[2], Got::AudioHeader(Bytes::from_static(&[0x12, 0x08])));
    assert!(sink.times(TrackKind::Audio).len() > 20);
    assert!(sink.all.iter().all(|got| !matches!(got, Got::Audio { payload, .. } if payload.len() != 4)));
    drop(pushed);
}

#[tokio::test]
async fn a_stream_that_ends_takes_leave() {
    let stream = stream();
    let mut sink = Sink::open().await;
    let mut pushed = Pushed::start(&stream, sink.target.clone(), options());
    let _publisher = crate::testing::publish(&stream, Encoder::default().messages(0, 1_000));
    sink.pictures(30).await;
    stream.end();
    while sink.next().await != Got::Goodbye {}
    pushed.until(ForwardEvent::Ended(ForwardError::StreamEnded)).await;
}

/// Lets a stream in, then never reads again.
async fn deaf_endpoint() -> (PublishTarget, tokio_util::task::AbortOnDropHandle<()>) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let listener = socket.listen(1).expect("a listener");
    let target = target(listener.local_addr().expect("an address"));
    let task = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a caller");
        let mut connection = ServerConnection::new(ServerConfig::default(), [1; 1528]);
        let mut received = BytesMut::new();
        let mut accepted = false;
        while !accepted && !matches!(socket.read_buf(&mut received).await, Ok(0) | Err(_)) {
            connection.receive(&mut received).expect("RTMP");
            while let Some(event) = connection.poll_event() {
                if matches!(event, ServerEvent::PublishRequested(_)) {
                    connection.accept_publish();
                    accepted = true;
                }
            }
            while let Some(bytes) = connection.poll_transmit() {
                socket.write_all(&bytes).await.expect("written");
            }
        }
        std::future::pending::<()>().await;
    });
    (target, tokio_util::task::AbortOnDropHandle::new(task))
}

/// Publishes 30 pictures of 50 kB a second until dropped.
fn steady_source(stream: &Stream) -> tokio_util::task::AbortOnDropHandle<()> {
    let publisher =
        stream.attach(PublisherInfo { address: "test".to_owned(), encoder: String::new(), since_ms: 0 });
    tokio_util::task::AbortOnDropHandle::new(tokio::spawn(async move { pictures(publisher).await }))
}

async fn pictures(publisher: Publisher) {
    let mut frames = tokio::time::interval(Duration::from_millis(33));
    publisher.push(Incoming::AudioConfig(crate::testing::audio_config(48_000)));
    publisher.push(Incoming::VideoConfig(video_config(0x1f)));
    for frame in 0_u32.. {
        frames.tick().await;
        let (timestamp_ms, key) = (frame * 33, frame % 15 == 0);
        publisher.push(Incoming::Video { timestamp_ms, cts_ms: 0, key, payload: picture(key, 50_000) });
        publisher.push(audio(timestamp_ms));
    }
}

#[tokio::test]
async fn one_that_takes_nothing_is_told_so_and_slows_nobody() {
    let stream = stream();
    let mut sink = Sink::open().await;
    let (deaf_target, _deaf) = deaf_endpoint().await;
    let healthy = Pushed::start(&stream, sink.target.clone(), options());
    let slow = ForwardOptions {
        send_buffer_bytes: Some(4_096),
        most_behind: Duration::from_millis(500),
        ..options()
    };
    let mut deaf = Pushed::start(&stream, deaf_target, slow);
    let _source = steady_source(&stream);
    deaf.until(ForwardEvent::NotDraining).await;
    let mut healthy_pictures = 0;
    while deaf.forward.stats().dropped_units == 0 {
        sink.pictures(1).await;
        healthy_pictures += 1;
        assert!(healthy_pictures < 600, "nothing was given up in 20 s");
    }
    assert!(!deaf.forward.stats().draining);
    let times = sink.times(TrackKind::Video);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 33), "the other one lost a picture");
    assert_eq!(healthy.forward.stats().dropped_units, 0);
    // A destination that takes nothing can be stopped like any other.
    timeout(SOON, deaf.forward.stop()).await.expect("in time");
}

#[tokio::test]
async fn one_that_reads_is_seen_to_drain() {
    let stream = stream();
    let mut sink = Sink::open().await;
    let mut pushed = Pushed::start(&stream, sink.target.clone(), options());
    let _source = steady_source(&stream);
    let reading = async { while sink.got.recv().await.is_some() {} };
    tokio::select! {
        () = pushed.until(ForwardEvent::Draining) => {}
        () = reading => panic!("the connection broke"),
    }
    let stats = pushed.forward.stats();
    assert!(stats.draining && stats.accepted && stats.acked_bytes >= 64 << 10, "{stats:?}");
    assert!(stats.bitrate_bps > 0 && stats.dropped_units == 0);
    assert_eq!(stats.rtt_ms.is_some(), cfg!(target_os = "linux"));
}

/// Lets everybody publish to the one stream.
pub(super) struct OpenDoor(pub(super) OnceLock<Stream>);

impl Door for OpenDoor {
    fn admit(&self, attempt: Attempt) -> Pin<Box<dyn Future<Output = Admission> + Send + '_>> {
        let stream = self.0.get().filter(|_| attempt.holds_key(KEY)).cloned();
        Box::pin(async { stream.ok_or_else(|| "unknown key".to_owned()) })
    }
}

#[tokio::test]
async fn another_engine_takes_it_as_an_encoder() {
    let door = Arc::new(OpenDoor(OnceLock::new()));
    let engine = Engine::start(EngineConfig::new(pages()), Arc::clone(&door) as Arc<dyn Door>).await;
    let engine = engine.expect("the engine starts");
    let there = engine.open_stream(stream_config("there"));
    door.0.set(there.clone()).expect("set once");
    let here = stream();
    let _publisher = crate::testing::publish(&here, Encoder::default().messages(0, 2_000));
    let mut reader = there.reader();
    let pushed = Pushed::start(&here, target(engine.rtmp().address), options());
    let mut pictures = 0;
    while pictures < 60 {
        match timeout(SOON, reader.next()).await.expect("in time").expect("the stream lives") {
            BusItem::Unit { unit, .. } => pictures += usize::from(unit.track == TrackKind::Video),
            BusItem::Skipped { .. } => panic!("nothing was slow"),
        }
    }
    let signal = there.signal().expect("a publisher");
    assert_eq!((signal.dropped_units, signal.moved_timestamps), (0, 0));
    let wrong = PublishTarget::parse(&format!("rtmp://{}/live", engine.rtmp().address), "wrong");
    let refused = try_target(&wrong.expect("a target"), &options()).await;
    assert_eq!(refused, Err(ForwardError::PublishRejected { description: "unknown key".to_owned() }));
    drop(pushed);
    engine.shutdown().await;
}

#[tokio::test]
async fn the_broadcast_check_scores_the_demo_camera() {
    let stream = stream();
    let camera = DemoCamera::start(&stream).expect("the clip");
    let scores = timeout(SOON, run_check(&stream, Duration::from_millis(2_500))).await.expect("in time");
    let scores = scores.expect("a result");
    let names: Vec<&str> = scores.parts.iter().map(|part| part.subject.as_str()).collect();
    assert_eq!(names, ["Bitrate", "Keyframes", "Sound", "Timestamps", "Gaps"]);
    assert!(scores.parts.iter().filter(|part| part.subject != "Bitrate").all(|part| part.score > 50));
    assert!(scores.seconds >= 2 && !scores.samples.is_empty());
    camera.stop().await;
}
