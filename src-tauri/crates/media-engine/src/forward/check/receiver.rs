//! The receiver of a broadcast check: an RTMP server for one connection that keeps nothing but times and sizes.

use std::time::Duration;

use bytes::BytesMut;
use media_formats::flv::{self, AudioTag, VideoTag};
use media_formats::rtmp::{RANDOM_BYTES, ServerConfig, ServerConnection, ServerEvent};
use media_formats::unit::TrackKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::forward::ForwardError;

/// Most messages noted: a minute of fast picture and sound. What comes after is not scored.
const MOST_ARRIVALS: usize = 16_384;
const READ_BYTES: usize = 64 << 10;
/// Silent AAC frames are this short; real ones never are for long.
const SILENT_BYTES: usize = 8;

/// One picture or sound, as it arrived.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) track: TrackKind,
    /// Since the first.
    pub(super) at_ms: u64,
    pub(super) timestamp_ms: u32,
    pub(super) bytes: usize,
    /// A keyframe, or a sound that is not silence.
    pub(super) telling: bool,
}

/// Everything that arrived, in order.
pub(super) type Arrivals = Vec<Arrival>;

/// Takes one publisher and notes what it sends, for `duration` from its first media on.
pub(super) async fn receive(
    listener: &TcpListener,
    arrivals: &mut Arrivals,
    duration: Duration,
) -> Result<(), ForwardError> {
    let lost = |_| ForwardError::Unreachable;
    let (mut socket, _) = listener.accept().await.map_err(lost)?;
    // Acknowledged often, as platforms do; handshake bytes on loopback need not be random.
    let config = ServerConfig { window_ack_bytes: 250_000, ..ServerConfig::default() };
    let mut connection = ServerConnection::new(config, [0; RANDOM_BYTES]);
    let mut received = BytesMut::with_capacity(READ_BYTES);
    let mut first: Option<Instant> = None;
    loop {
        if first.is_some_and(|first| first.elapsed() >= duration) {
            return Ok(());
        }
        received.reserve(READ_BYTES);
        let read = socket.read_buf(&mut received);
        let count = match first {
            Some(first) => match tokio::time::timeout_at(first + duration, read).await {
                Ok(read) => read,
                Err(_) => return Ok(()),
            },
            None => read.await,
        };
        if count.map_err(lost)? == 0 {
            return Err(ForwardError::Closed { after_ms: 0 });
        }
        let fed = connection.receive(&mut received);
        while let Some(event) = connection.poll_event() {
            let (track, timestamp_ms, bytes, telling) = match event {
                ServerEvent::PublishRequested(_) => {
                    connection.accept_publish();
                    continue;
                }
                ServerEvent::Video { timestamp_ms, payload } => match flv::parse_video(payload) {
                    Ok(VideoTag::Frame { key, payload, .. }) => {
                        (TrackKind::Video, timestamp_ms, payload.len(), key)
                    }
                    _ => continue,
                },
                ServerEvent::Audio { timestamp_ms, payload } => match flv::parse_audio(payload) {
                    Ok(AudioTag::Frame(payload)) => {
                        (TrackKind::Audio, timestamp_ms, payload.len(), payload.len() > SILENT_BYTES)
                    }
                    _ => continue,
                },
                _ => continue,
            };
            let at_ms = first.get_or_insert_with(Instant::now).elapsed().as_millis() as u64;
            if arrivals.len() < MOST_ARRIVALS {
                arrivals.push(Arrival { track, at_ms, timestamp_ms, bytes, telling });
            }
        }
        while let Some(bytes) = connection.poll_transmit() {
            socket.write_all(&bytes).await.map_err(lost)?;
        }
        fed.map_err(|_| ForwardError::Handshake)?;
    }
}
