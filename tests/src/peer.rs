//! A scripted RTMP client: publishes as no encoder here can, or misbehaves on purpose.

use bytes::{Bytes, BytesMut};
use media_formats::amf0::Value;
use media_formats::rtmp::{
    ChunkLimits, ChunkReader, ChunkWriter, ClientHandshake, Command, Message, RANDOM_BYTES, message_type,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::wait::{PATIENCE, within};

/// Chunk stream of commands.
const COMMANDS: u32 = 3;
/// Chunk stream of video.
const VIDEO: u32 = 6;
/// Message stream the console creates.
const STREAM_ID: u32 = 1;

/// What the console said to a request to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Such as `NetStream.Publish.Start`.
    pub code: String,
    /// Words.
    pub description: String,
}

/// See the module's documentation.
pub struct Peer {
    socket: TcpStream,
    received: BytesMut,
    reader: ChunkReader,
    writer: ChunkWriter,
}

impl Peer {
    /// Connects and shakes hands.
    ///
    /// # Panics
    /// When the console does not.
    pub async fn connect(address: &str) -> Self {
        within(PATIENCE, "an RTMP handshake", async {
            let mut socket = TcpStream::connect(address).await.expect("the RTMP port is open");
            let (mut out, mut received) = (BytesMut::new(), BytesMut::new());
            let mut handshake = ClientHandshake::new(&[7; RANDOM_BYTES], &mut out);
            while !handshake.receive(&mut received, &mut out).expect("the console speaks RTMP") {
                socket.write_all(&out.split()).await.expect("it listens");
                let count = socket.read_buf(&mut received).await.expect("it answers");
                assert!(count > 0, "the console left during the handshake");
            }
            socket.write_all(&out).await.expect("it listens");
            Self {
                socket,
                received,
                reader: ChunkReader::new(ChunkLimits::default()),
                writer: ChunkWriter::new(),
            }
        })
        .await
    }

    /// Asks to publish, as `rtmp://host/{app}/{stream}`.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn publish(&mut self, app: &str, stream: &str) -> Told {
        let object = Value::Object(vec![
            ("app".to_owned(), Value::from(app)),
            ("type".to_owned(), Value::from("nonprivate")),
            ("flashVer".to_owned(), Value::from("scripted/1.0")),
        ]);
        self.say(0, &Command::new("connect", 1.0, vec![object])).await;
        self.say(0, &Command::new("createStream", 2.0, vec![Value::Null])).await;
        let publish =
            Command::new("publish", 3.0, vec![Value::Null, Value::from(stream), Value::from("live")]);
        self.say(STREAM_ID, &publish).await;
        within(PATIENCE, "the answer to a request to publish", async {
            loop {
                let message = self.next_message().await.expect("the console answers before it leaves");
                if message.type_id != message_type::COMMAND {
                    continue;
                }
                let command = Command::decode(&message.payload).expect("the console's commands can be read");
                if command.name == "onStatus" {
                    let information = command.values.get(1).cloned().unwrap_or(Value::Null);
                    let text = |name: &str| {
                        information.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
                    };
                    return Told { code: text("code"), description: text("description") };
                }
            }
        })
        .await
    }

    /// Sends the body of a video message.
    ///
    /// # Panics
    /// When the console has left.
    pub async fn video(&mut self, timestamp_ms: u32, body: &[u8]) {
        let message = Message {
            timestamp_ms,
            type_id: message_type::VIDEO,
            stream_id: STREAM_ID,
            payload: Bytes::copy_from_slice(body),
        };
        self.write(VIDEO, &message).await;
    }

    /// Sends bytes as they are.
    pub async fn raw(&mut self, bytes: &[u8]) {
        // A console that left already has seen enough; `left` tells.
        let _ = self.socket.write_all(bytes).await;
    }

    /// Waits until the console closes the connection.
    ///
    /// # Panics
    /// When it does not.
    pub async fn left(&mut self) {
        within(PATIENCE, "the console to close an RTMP connection", async {
            let mut rest = [0; 4_096];
            // A reset is a farewell too.
            while let Ok(1..) = self.socket.read(&mut rest).await {}
        })
        .await;
    }

    async fn say(&mut self, stream_id: u32, command: &Command) {
        self.write(COMMANDS, &command.to_message(stream_id)).await;
    }

    async fn write(&mut self, chunk_stream: u32, message: &Message) {
        let mut out = BytesMut::new();
        self.writer.write(chunk_stream, message, &mut out).expect("test messages are short");
        self.socket.write_all(&out).await.expect("the console listens");
    }

    async fn next_message(&mut self) -> Option<Message> {
        loop {
            if let Some(message) =
                self.reader.read(&mut self.received).expect("the console's chunks can be read")
            {
                return Some(message);
            }
            let count = self.socket.read_buf(&mut self.received).await.ok()?;
            if count == 0 {
                return None;
            }
        }
    }
}

/// A sequence header of HEVC video as Enhanced RTMP writes it ("Enhanced Video": `ExVideoTagHeader`, `hvc1`).
pub fn hevc_enhanced_header() -> Vec<u8> {
    let (is_extended, key_frame, sequence_start) = (0x80, 1 << 4, 0);
    [&[is_extended | key_frame | sequence_start], b"hvc1".as_slice(), &[1, 0, 0, 0]].concat()
}

/// A sequence header of HEVC video as older encoders write it: codec id 12.
pub fn hevc_legacy_header() -> Vec<u8> {
    let (key_frame, hevc) = (1 << 4, 12);
    vec![key_frame | hevc, 0, 0, 0, 0, 1]
}
