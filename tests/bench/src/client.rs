//! A scripted RTMP publisher whose frames carry their number.

use anyhow::{Context as _, Result, bail};
use bytes::{Bytes, BytesMut};
use media_formats::amf0::Value;
use media_formats::rtmp::{
    ChunkLimits, ChunkReader, ChunkWriter, ClientHandshake, Command, Message, RANDOM_BYTES, message_type,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// AVC sequence header of x264, 1280x720 High.
pub(crate) const VIDEO_HEADER: &[u8] = &[
    0x17, 0, 0, 0, 0, 1, 0x64, 0x00, 0x1f, 0xff, 0xe1, 0, 26, 0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50,
    0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x19,
    0x60, 1, 0, 6, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0,
];
/// Marks a frame's number in its payload.
const MARK: &[u8; 8] = b"#frame#:";

/// A frame of one NAL unit that carries `number` and is of no use to a decoder.
pub(crate) fn frame(number: u32, key: bool, len: usize) -> Vec<u8> {
    let mut body = vec![if key { 0x17 } else { 0x27 }, 1, 0, 0, 0];
    body.extend_from_slice(&(len as u32).to_be_bytes());
    body.push(if key { 0x65 } else { 0x41 });
    body.extend_from_slice(MARK);
    body.extend_from_slice(&number.to_be_bytes());
    body.resize(5 + 4 + len, 0xaa);
    body
}

/// The number of a frame, from the body of its video message.
pub(crate) fn frame_number(body: &[u8]) -> Option<u32> {
    // Where `frame` puts it, unless a relay put something before it.
    let at = 5 + 4 + 1;
    if body.get(at..at + MARK.len()) != Some(MARK) {
        return last_frame_number(body);
    }
    let number = body.get(at + MARK.len()..at + MARK.len() + 4)?;
    Some(u32::from_be_bytes(number.try_into().ok()?))
}

/// The number of the last frame in a part.
pub(crate) fn last_frame_number(part: &[u8]) -> Option<u32> {
    let at = part.windows(MARK.len()).rposition(|window| window == MARK)? + MARK.len();
    let number = part.get(at..at + 4)?;
    Some(u32::from_be_bytes(number.try_into().ok()?))
}

pub(crate) struct Client {
    socket: TcpStream,
    writer: ChunkWriter,
}

impl Client {
    /// Connects and is admitted.
    pub(crate) async fn publish(address: &str, key: &str) -> Result<Self> {
        let mut socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random)?;
        let mut out = BytesMut::new();
        let mut handshake = ClientHandshake::new(&random, &mut out);
        socket.write_all_buf(&mut out).await?;
        let mut received = BytesMut::new();
        while !handshake.receive(&mut received, &mut out)? {
            if socket.read_buf(&mut received).await? == 0 {
                bail!("closed during the handshake");
            }
        }
        socket.write_all_buf(&mut out).await?;
        let mut client = Self { socket, writer: ChunkWriter::new() };
        client.writer.set_chunk_bytes(65_536, &mut out);
        client.socket.write_all_buf(&mut out).await?;
        let app = Value::Object(vec![("app".to_owned(), Value::String("live".to_owned()))]);
        client.command(&Command::new("connect", 1.0, vec![app]), 0).await?;
        client.command(&Command::new("createStream", 2.0, vec![Value::Null]), 0).await?;
        let names = vec![Value::Null, Value::String(key.to_owned()), Value::String("live".to_owned())];
        client.command(&Command::new("publish", 3.0, names), 1).await?;
        let mut reader = ChunkReader::new(ChunkLimits::default());
        loop {
            while let Some(message) = reader.read(&mut received)? {
                if message.type_id != message_type::COMMAND {
                    continue;
                }
                let command = Command::decode(&message.payload)?;
                if command.name == "onStatus" {
                    let code =
                        command.values.get(1).and_then(|info| info.get("code")).and_then(Value::as_str);
                    match code.context("a status without a code")? {
                        "NetStream.Publish.Start" => return Ok(client),
                        other => bail!("refused: {other}"),
                    }
                }
            }
            if client.socket.read_buf(&mut received).await? == 0 {
                bail!("closed before it was admitted");
            }
        }
    }

    async fn command(&mut self, command: &Command, stream_id: u32) -> Result<()> {
        self.send(3, &command.to_message(stream_id)).await
    }

    /// Sends the body of a video message.
    pub(crate) async fn video(&mut self, timestamp_ms: u32, body: &[u8]) -> Result<()> {
        self.media(message_type::VIDEO, timestamp_ms, Bytes::copy_from_slice(body)).await
    }

    /// Sends an audio or video message.
    pub(crate) async fn media(&mut self, type_id: u8, timestamp_ms: u32, payload: Bytes) -> Result<()> {
        let chunk_stream = if type_id == message_type::AUDIO { 4 } else { 6 };
        self.send(chunk_stream, &Message { timestamp_ms, type_id, stream_id: 1, payload }).await
    }

    async fn send(&mut self, chunk_stream: u32, message: &Message) -> Result<()> {
        let mut out = BytesMut::new();
        self.writer.write(chunk_stream, message, &mut out)?;
        Ok(self.socket.write_all_buf(&mut out).await?)
    }
}
