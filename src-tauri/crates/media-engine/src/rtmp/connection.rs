//! One RTMP socket: bytes to and from the sans-IO core, its events to the door and the stream.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use media_formats::rtmp::{
    PublishRequest, RANDOM_BYTES, RtmpError, ServerConfig, ServerConnection, ServerEvent,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::door::{Attempt, Door};
use crate::ingest::Refusal;
use crate::stream::{Publisher, PublisherInfo};

/// Read buffer of a stranger; a publisher's grows to [`MEDIA_READ_BYTES`].
const STRANGER_READ_BYTES: usize = 4 << 10;
/// Read buffer while media flows: a few frames.
const MEDIA_READ_BYTES: usize = 64 << 10;
/// A peer that takes no answer for this long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a connection ended, other than by the peer's leave-taking.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    #[error("the socket failed: {0}")]
    Io(#[from] io::Error),
    #[error("it does not speak RTMP as it should: {0}")]
    Rtmp(#[from] RtmpError),
    #[error("it did not begin to publish in time")]
    NotAdmitted,
    #[error("it sent nothing for {0:?}")]
    Silent(Duration),
    #[error("it took no answers")]
    WriteStalled,
    #[error("refused: {0}")]
    Refused(String),
    #[error("{0}")]
    Media(#[from] Refusal),
    #[error("the system gave no random bytes")]
    NoRandom,
}

/// A freshly accepted socket and what it may use.
pub(crate) struct Connection {
    pub(crate) socket: TcpStream,
    pub(crate) address: SocketAddr,
    pub(crate) door: Arc<dyn Door>,
    pub(crate) clock: Clock,
    pub(crate) idle_timeout: Duration,
    pub(crate) admission_deadline: Duration,
    pub(crate) closing: CancellationToken,
}

impl Connection {
    /// Runs until the peer leaves, misbehaves, is replaced, or the listener stops. `admitted` is called once, when the
    /// connection stops being a stranger.
    pub(crate) async fn run(mut self, admitted: impl Fn()) -> Result<(), ConnectionError> {
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).map_err(|_| ConnectionError::NoRandom)?;
        self.socket.set_nodelay(true)?;
        let mut core = ServerConnection::new(ServerConfig::default(), random);
        let mut received = BytesMut::with_capacity(STRANGER_READ_BYTES);
        let mut publisher: Option<Publisher> = None;
        let mut admission = Instant::now() + self.admission_deadline;
        // Replaced by the publisher's own once there is one.
        let mut evicted = CancellationToken::new();
        let closing = self.closing.clone();
        loop {
            if publisher.is_some() && received.capacity() - received.len() < STRANGER_READ_BYTES {
                received.reserve(MEDIA_READ_BYTES);
            } else {
                received.reserve(STRANGER_READ_BYTES);
            }
            let deadline = if publisher.is_some() { Instant::now() + self.idle_timeout } else { admission };
            let count = tokio::select! {
                biased;
                () = closing.cancelled() => return Ok(()),
                () = evicted.cancelled() => return Ok(()),
                read = timeout_at(deadline, self.socket.read_buf(&mut received)) => match read {
                    Ok(count) => count?,
                    Err(_) if publisher.is_some() => return Err(ConnectionError::Silent(self.idle_timeout)),
                    Err(_) => return Err(ConnectionError::NotAdmitted),
                },
            };
            if count == 0 {
                return Ok(());
            }
            let fed = core.receive(&mut received);
            while let Some(event) = core.poll_event() {
                match event {
                    ServerEvent::PublishRequested(request) => match self.admit(&request).await {
                        Ok(accepted) => {
                            core.accept_publish();
                            evicted = accepted.evicted();
                            publisher = Some(accepted);
                            admitted();
                        }
                        Err(words) => {
                            core.reject_publish(&words);
                            self.flush(&mut core).await?;
                            return Err(ConnectionError::Refused(words));
                        }
                    },
                    ServerEvent::Video { timestamp_ms, payload } => {
                        if let Some(publisher) = &publisher {
                            publisher.video(timestamp_ms, payload)?;
                        }
                    }
                    ServerEvent::Audio { timestamp_ms, payload } => {
                        if let Some(publisher) = &publisher {
                            publisher.audio(timestamp_ms, payload)?;
                        }
                    }
                    // The encoder closes the connection itself; ffmpeg complains if it is not let to.
                    ServerEvent::PublishEnded => {
                        // Its leaving must not count as being replaced, and it has as long as a newcomer to go or publish.
                        evicted = CancellationToken::new();
                        publisher = None;
                        admission = Instant::now() + self.admission_deadline;
                    }
                    // Size, rate and codecs are read from the media itself: metadata is often missing or wrong.
                    ServerEvent::Metadata(_) | ServerEvent::Connected { .. } | ServerEvent::PlayRefused => {}
                }
            }
            self.flush(&mut core).await?;
            fed?;
            if core.wants_close() {
                return Ok(());
            }
        }
    }

    async fn admit(&self, request: &PublishRequest) -> Result<Publisher, String> {
        let parts = request.path_parts().map(str::to_owned).collect();
        let attempt = Attempt::new(parts, self.address.to_string(), request.encoder.clone());
        let stream = self.door.admit(attempt).await?;
        Ok(stream.attach(PublisherInfo {
            address: self.address.to_string(),
            encoder: request.encoder.clone(),
            since_ms: self.clock.now_ms(),
        }))
    }

    async fn flush(&mut self, core: &mut ServerConnection) -> Result<(), ConnectionError> {
        while let Some(bytes) = core.poll_transmit() {
            match timeout(WRITE_TIMEOUT, self.socket.write_all(&bytes)).await {
                Ok(written) => written?,
                Err(_) => return Err(ConnectionError::WriteStalled),
            }
        }
        Ok(())
    }
}
