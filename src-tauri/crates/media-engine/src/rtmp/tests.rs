use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use media_formats::amf0::Value;
use media_formats::flv::{AAC_FRAME_PREFIX, AAC_SEQUENCE_PREFIX, AVC_SEQUENCE_PREFIX, avc_frame_prefix};
use media_formats::rtmp::{
    ChunkLimits, ChunkReader, ChunkWriter, ClientHandshake, Command, Message, RANDOM_BYTES, message_type,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::*;
use crate::bus::BusItem;
use crate::door::{Admission, Attempt};
use crate::engine::{Engine, EngineConfig};
use crate::stream::{Stream, StreamStatus};
use crate::testing::{asc, avcc, pages, picture, stream_config};

/// Long enough for a loaded machine, shorter than any deadline of the listener that could hide a missing one.
const SOON: Duration = Duration::from_secs(5);
/// An idle timeout that no test waits for.
const PATIENT: Duration = Duration::from_secs(60);
const KEY: &str = "planted-stream-key";
const WRONG: &str = "The stream key is not known. Copy it again from the console.";

/// Lets whoever has the key publish to the one stream.
#[derive(Default)]
struct OneStream(std::sync::OnceLock<Stream>);

impl Door for OneStream {
    fn admit(&self, attempt: Attempt) -> Pin<Box<dyn Future<Output = Admission> + Send + '_>> {
        let stream = self.0.get().filter(|_| attempt.holds_key(KEY)).cloned();
        Box::pin(async { stream.ok_or_else(|| WRONG.to_owned()) })
    }
}

async fn engine(idle_timeout: Duration) -> (Engine, Stream) {
    engine_for(idle_timeout, 64).await
}

async fn engine_for(idle_timeout: Duration, max_http_connections: usize) -> (Engine, Stream) {
    let door = Arc::new(OneStream::default());
    let config = EngineConfig { idle_timeout, ..EngineConfig::new(pages()) };
    let engine = Engine::start_bounded(config, Arc::clone(&door) as Arc<dyn Door>, max_http_connections);
    let engine = engine.await.expect("the engine starts");
    let stream = engine.open_stream(stream_config("s"));
    door.0.set(stream.clone()).expect("set once");
    (engine, stream)
}

async fn until(stream: &Stream, reached: impl FnMut(&StreamStatus) -> bool) {
    let mut status = stream.status();
    timeout(SOON, status.wait_for(reached)).await.expect("in time").expect("the stream lives");
}

/// A scripted encoder on a real socket.
struct Encoder {
    socket: TcpStream,
    writer: ChunkWriter,
    reader: ChunkReader,
    received: BytesMut,
}

impl Encoder {
    async fn shake_hands(engine: &Engine) -> Self {
        let mut socket = TcpStream::connect(engine.rtmp().address).await.expect("a connection");
        let (mut received, mut out) = (BytesMut::new(), BytesMut::new());
        let mut handshake = ClientHandshake::new(&[5; RANDOM_BYTES], &mut out);
        loop {
            socket.write_all(&out.split()).await.expect("written");
            if handshake.receive(&mut received, &mut out).expect("RTMP") {
                break;
            }
            assert_ne!(socket.read_buf(&mut received).await.expect("read"), 0, "closed during the handshake");
        }
        socket.write_all(&out.split()).await.expect("written");
        Self {
            socket,
            writer: ChunkWriter::new(),
            reader: ChunkReader::new(ChunkLimits::default()),
            received,
        }
    }

    async fn connect(engine: &Engine) -> Self {
        let mut encoder = Self::shake_hands(engine).await;
        let object = [("app", "live"), ("tcUrl", "rtmp://h/live"), ("flashVer", "FMLE/3.0")];
        let object = object.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect();
        encoder.command(0, Command::new("connect", 1.0, vec![Value::Object(object)])).await;
        encoder.command(0, Command::new("createStream", 2.0, vec![Value::Null])).await;
        encoder
    }

    /// Asks to publish with `key` and returns what the answer says: code and description.
    async fn publish(&mut self, key: &str) -> (String, String) {
        let values = vec![Value::Null, Value::from(key), Value::from("live")];
        self.command(1, Command::new("publish", 3.0, values)).await;
        loop {
            let message = self.message().await.expect("an answer");
            if message.type_id != message_type::COMMAND {
                continue;
            }
            let command = Command::decode(&message.payload).expect("a command");
            let field = |name| command.values.last()?.get(name)?.as_str().map(str::to_owned);
            if let (Some(code), Some(words)) = (field("code"), field("description"))
                && code.starts_with("NetStream.Publish")
            {
                return (code, words);
            }
        }
    }

    async fn on_air(engine: &Engine) -> Self {
        let mut encoder = Self::connect(engine).await;
        assert_eq!(encoder.publish(KEY).await.0, "NetStream.Publish.Start");
        encoder
    }

    async fn send(&mut self, message: &Message) {
        let mut bytes = BytesMut::new();
        self.writer.write(4, message, &mut bytes).expect("short enough");
        self.socket.write_all(&bytes).await.expect("written");
    }

    async fn command(&mut self, stream_id: u32, command: Command) {
        self.send(&command.to_message(stream_id)).await;
    }

    async fn media(&mut self, type_id: u8, timestamp_ms: u32, prefix: &[u8], body: &[u8]) {
        let payload = Bytes::from([prefix, body].concat());
        self.send(&Message { timestamp_ms, type_id, stream_id: 1, payload }).await;
    }

    async fn headers(&mut self) {
        self.media(message_type::VIDEO, 0, &AVC_SEQUENCE_PREFIX, &avcc(31)).await;
        self.media(message_type::AUDIO, 0, &AAC_SEQUENCE_PREFIX, &asc(48_000)).await;
    }

    async fn keyframe(&mut self, timestamp_ms: u32) {
        self.media(message_type::VIDEO, timestamp_ms, &avc_frame_prefix(true, 0), &picture(true, 300)).await;
    }

    /// The next message of the server; None once it closed the connection.
    async fn message(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.reader.read(&mut self.received).expect("RTMP") {
                return Some(message);
            }
            let read = timeout(SOON, self.socket.read_buf(&mut self.received)).await.expect("in time");
            // Closing with unread bytes is a reset.
            if !matches!(read, Ok(1..)) {
                return None;
            }
        }
    }

    async fn sees_the_end(mut self) -> bool {
        while self.message().await.is_some() {}
        true
    }
}

/// True once the server closes; panics if it does not.
async fn closes(socket: &mut TcpStream) -> bool {
    let mut rest = [0; 4_096];
    loop {
        if !matches!(timeout(SOON, socket.read(&mut rest)).await.expect("closed in time"), Ok(1..)) {
            return true;
        }
    }
}

#[tokio::test]
async fn a_publisher_is_let_in_and_its_media_arrives() {
    let (engine, stream) = engine(PATIENT).await;
    let mut reader = stream.reader();
    let mut encoder = Encoder::on_air(&engine).await;
    until(&stream, |status| status.publisher.is_some()).await;
    assert_eq!(
        stream.status().borrow().publisher.as_ref().map(|p| p.encoder.clone()).as_deref(),
        Some("FMLE/3.0")
    );
    encoder.headers().await;
    encoder.keyframe(0).await;
    encoder.media(message_type::AUDIO, 0, &AAC_FRAME_PREFIX, &[0x21; 50]).await;
    let Some(BusItem::Unit { unit, epoch }) = timeout(SOON, reader.next()).await.expect("in time") else {
        panic!("expected a unit")
    };
    assert_eq!(unit.payload, picture(true, 300));
    assert!(epoch.is_some_and(|epoch| epoch.video().is_some() && epoch.audio().is_some()));
    let Some(BusItem::Unit { unit, .. }) = timeout(SOON, reader.next()).await.expect("in time") else {
        panic!("expected a unit")
    };
    assert_eq!(unit.payload[..], [0x21; 50]);
    drop(encoder);
    until(&stream, |status| status.publisher.is_none()).await;
}

#[tokio::test]
async fn a_wrong_key_is_refused_with_words() {
    let (engine, stream) = engine(PATIENT).await;
    let mut encoder = Encoder::connect(&engine).await;
    let (code, words) = encoder.publish("wrong").await;
    assert_eq!((code.as_str(), words.as_str()), ("NetStream.Publish.BadName", WRONG));
    assert!(encoder.sees_the_end().await);
    assert_eq!(stream.status().borrow().publishers, 0);
}

#[tokio::test]
async fn a_codec_that_cannot_be_carried_is_refused_and_the_owner_told() {
    let (engine, stream) = engine(PATIENT).await;
    let mut encoder = Encoder::on_air(&engine).await;
    // FLV codec 2: Sorenson H.263.
    encoder.media(message_type::VIDEO, 0, &[0x12], &[0; 20]).await;
    assert!(encoder.sees_the_end().await);
    until(&stream, |status| status.refusal.is_some() && status.publisher.is_none()).await;
}

#[tokio::test]
async fn the_same_key_again_takes_over_at_once() {
    let (engine, stream) = engine(PATIENT).await;
    let mut reader = stream.reader();
    let mut first = Encoder::on_air(&engine).await;
    first.headers().await;
    first.keyframe(0).await;
    assert!(timeout(SOON, reader.next()).await.expect("in time").is_some());
    let mut second = Encoder::on_air(&engine).await;
    assert!(first.sees_the_end().await);
    second.headers().await;
    second.keyframe(0).await;
    let Some(BusItem::Unit { epoch, .. }) = timeout(SOON, reader.next()).await.expect("in time") else {
        panic!("expected a unit")
    };
    assert_eq!(epoch.map(|epoch| epoch.number()), Some(1), "the second publisher's own epoch");
    until(&stream, |status| status.publishers == 2 && status.publisher.is_some()).await;
}

#[tokio::test]
async fn a_publisher_that_ends_is_left_to_delete_its_stream() {
    let (engine, stream) = engine(PATIENT).await;
    let mut encoder = Encoder::on_air(&engine).await;
    until(&stream, |status| status.publisher.is_some()).await;
    encoder.command(0, Command::new("FCUnpublish", 0.0, vec![Value::Null, Value::from(KEY)])).await;
    until(&stream, |status| status.publisher.is_none()).await;
    // ffmpeg says that publishing failed if the connection does not answer any more.
    encoder.command(0, Command::new("createStream", 9.0, vec![Value::Null])).await;
    let answered = loop {
        let message = encoder.message().await.expect("the connection is still open");
        if message.type_id == message_type::COMMAND {
            let command = Command::decode(&message.payload).expect("a command");
            if command.transaction_id == 9.0 {
                break command.name;
            }
        }
    };
    assert_eq!(answered, "_result");
    encoder.command(0, Command::new("deleteStream", 0.0, vec![Value::Null, Value::Number(1.0)])).await;
    assert!(encoder.sees_the_end().await);
}

#[tokio::test]
async fn strangers_that_wait_do_not_stop_a_publisher() {
    let (engine, stream) = engine(PATIENT).await;
    let mut strangers = Vec::new();
    // Few enough for the usual limit of 1,024 descriptors, both ends of each being in this process.
    for _ in 0..MAX_WAITING + 100 {
        strangers.push(TcpStream::connect(engine.rtmp().address).await.expect("a connection"));
    }
    let mut encoder = Encoder::on_air(&engine).await;
    until(&stream, |status| status.publisher.is_some()).await;
    for stranger in &mut strangers[..101] {
        assert!(closes(stranger).await);
    }
    for stranger in &mut strangers[101..] {
        let mut byte = [0];
        assert!(
            matches!(stranger.try_read(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
        );
    }
    // More of them do not push out who is admitted.
    for _ in 0..MAX_WAITING {
        strangers.remove(0);
        strangers.push(TcpStream::connect(engine.rtmp().address).await.expect("a connection"));
    }
    encoder.headers().await;
    encoder.keyframe(0).await;
    until(&stream, |status| status.last_media_ms > 0).await;
}

#[tokio::test]
async fn idle_sockets_on_the_playback_door_keep_out_neither_encoders_nor_players() {
    const PLACES: usize = 100;
    let (engine, stream) = engine_for(PATIENT, PLACES).await;
    let url = format!("http://{}/s/status.json", engine.http().address);
    let player = reqwest::Client::builder().no_proxy().build().expect("a client");
    assert_eq!(player.get(&url).send().await.expect("an answer").status(), 200);
    let mut idle = Vec::new();
    for _ in 0..PLACES + 50 {
        idle.push(TcpStream::connect(engine.http().address).await.expect("a connection"));
    }
    let mut encoder = Encoder::on_air(&engine).await;
    encoder.headers().await;
    encoder.keyframe(0).await;
    until(&stream, |status| status.last_media_ms > 0).await;
    // One that was there before the flood, and one that comes behind it.
    let newcomer = reqwest::Client::builder().no_proxy().build().expect("a client");
    for client in [&player, &newcomer] {
        let status: serde_json::Value =
            client.get(&url).send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(status["state"], "waiting");
    }
    for gone in &mut idle[..50] {
        assert!(closes(gone).await, "no more are held than there are places");
    }
    encoder.keyframe(2_000).await;
    assert!(stream.status().borrow().publisher.is_some());
}

#[test]
fn the_waiting_room_is_bounded_and_whoever_waited_longest_goes() {
    let room = WaitingRoom::default();
    let tokens: Vec<CancellationToken> = (0..MAX_WAITING + 3).map(|_| CancellationToken::new()).collect();
    room.enter(0, tokens[0].clone());
    room.leave(0);
    for (id, token) in tokens.iter().enumerate().skip(1) {
        room.enter(id as u64, token.clone());
    }
    let gone: Vec<usize> = (0..tokens.len()).filter(|&id| tokens[id].is_cancelled()).collect();
    assert_eq!(gone, [1, 2], "who left of themselves is not counted");
}

#[tokio::test]
async fn a_handshake_a_byte_at_a_time_is_closed_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut client =
        TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
    let (socket, address) = listener.accept().await.expect("a connection");
    let connection = connection::Connection {
        socket,
        address,
        door: Arc::new(OneStream::default()),
        clock: Clock::start(),
        idle_timeout: PATIENT,
        admission_deadline: Duration::from_millis(200),
        closing: CancellationToken::new(),
    };
    let trickle = async {
        client.write_all(&[3]).await.expect("written");
        while client.write_all(&[0]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let run = connection.run(|| panic!("never admitted"));
    let outcome = tokio::select! {
        outcome = timeout(SOON, run) => outcome.expect("closed in time"),
        () = trickle => panic!("closed before it was said why"),
    };
    assert!(matches!(outcome, Err(connection::ConnectionError::NotAdmitted)), "{outcome:?}");
}

#[tokio::test]
async fn hostile_bytes_close_their_connection_and_no_other() {
    let (engine, stream) = engine(PATIENT).await;
    let mut live = Encoder::on_air(&engine).await;
    live.headers().await;
    live.keyframe(0).await;
    let hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3];
    for bytes in [&hello[..], b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", &[0xFF; 64]] {
        let mut socket = TcpStream::connect(engine.rtmp().address).await.expect("a connection");
        socket.write_all(bytes).await.expect("written");
        assert!(closes(&mut socket).await);
    }
    // A message of sixteen megabytes, announced; and one beginning after another on ever new chunk streams.
    let oversize = [&[4, 0, 0, 0, 0xFF, 0xFF, 0xFF, 9, 1, 0, 0, 0][..], &[0; 128]].concat();
    let beginnings = (3..64).chain(64..200).flat_map(|chunk_stream: u16| {
        let basic =
            if chunk_stream < 64 { vec![chunk_stream as u8] } else { vec![0, (chunk_stream - 64) as u8] };
        [basic, vec![0, 0, 0, 0, 2, 0, 9, 1, 0, 0, 0], vec![0; 128]].concat()
    });
    let zero_chunks = [2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0].to_vec();
    for bytes in [oversize, beginnings.collect(), zero_chunks] {
        let mut admitted = Encoder::connect(&engine).await;
        // The server may close before everything is written.
        let _ = admitted.socket.write_all(&bytes).await;
        assert!(admitted.sees_the_end().await);
    }
    // Before `connect` there is nothing to publish to.
    let mut early = Encoder::shake_hands(&engine).await;
    early
        .command(1, Command::new("publish", 3.0, vec![Value::Null, Value::from(KEY), Value::from("live")]))
        .await;
    assert!(early.sees_the_end().await);

    let mut reader = stream.reader();
    live.keyframe(40).await;
    assert!(timeout(SOON, reader.next()).await.expect("in time").is_some());
    let status = stream.status().borrow().clone();
    assert!(status.publisher.is_some() && status.publishers == 1, "the live publisher was not touched");
}

#[tokio::test]
async fn a_publisher_that_falls_silent_is_dropped() {
    let (engine, stream) = engine(Duration::from_millis(300)).await;
    let mut encoder = Encoder::on_air(&engine).await;
    encoder.headers().await;
    encoder.keyframe(0).await;
    assert!(encoder.sees_the_end().await);
    until(&stream, |status| status.publishers == 1 && status.publisher.is_none()).await;
}

#[tokio::test]
async fn shutting_down_disconnects_everybody_and_waits_for_them() {
    let (engine, stream) = engine(PATIENT).await;
    let encoder = Encoder::on_air(&engine).await;
    let half = Encoder::shake_hands(&engine).await;
    let mut silent = TcpStream::connect(engine.rtmp().address).await.expect("a connection");
    let address = engine.rtmp().address;
    timeout(SOON, engine.shutdown()).await.expect("in time");
    assert!(stream.status().borrow().publisher.is_none(), "its connection has been joined");
    assert!(encoder.sees_the_end().await && half.sees_the_end().await && closes(&mut silent).await);
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}
