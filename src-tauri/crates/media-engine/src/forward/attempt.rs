//! From a target to a connection that may send media: resolve, connect, TLS, RTMP, publish.

use std::io;

use bytes::BytesMut;
use media_formats::rtmp::{
    ClientConfig, ClientConnection, ClientEvent, ClientState, PublishTarget, RANDOM_BYTES,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::ForwardOptions;
use super::connect;
use super::error::ForwardError;
use super::link::Link;

/// The far side says little to a publisher.
const READ_BYTES: usize = 4 << 10;

/// A connection whose stream was accepted.
#[derive(Debug)]
pub(super) struct Published {
    pub(super) link: Link,
    pub(super) connection: ClientConnection,
    /// Bytes received that are not a whole message yet.
    pub(super) received: BytesMut,
}

/// Connects and asks to publish.
///
/// # Errors
/// See [`ForwardError`].
pub(super) async fn publish(
    target: &PublishTarget,
    options: &ForwardOptions,
) -> Result<Published, ForwardError> {
    let limit = options.connect_timeout;
    let socket = connect::connect(&target.host, target.port, limit, options.send_buffer_bytes).await?;
    let link = if target.tls {
        let shaken = timeout(limit, options.tls.connect(&target.host, socket)).await;
        Link::Tls(Box::new(shaken.map_err(|_| ForwardError::TimedOut)??))
    } else {
        Link::Plain(socket)
    };
    let mut random = [0; RANDOM_BYTES];
    // The handshake's bytes need not be secret, only present.
    if let Err(error) = getrandom::fill(&mut random) {
        tracing::debug!(%error, "the system gave no random bytes");
    }
    let config = ClientConfig {
        app: target.app.clone(),
        tc_url: target.tc_url.clone(),
        stream_name: target.stream_name().to_owned(),
        flash_ver: options.encoder.clone(),
    };
    let mut asking =
        Asking { link, connection: ClientConnection::new(config, random), received: BytesMut::new() };
    match timeout(limit, asking.ask()).await {
        Ok(Ok(())) => {
            let Asking { link, connection, received } = asking;
            Ok(Published { link, connection, received })
        }
        Ok(Err(error)) => Err(error),
        Err(_) => Err(ForwardError::TimedOut),
    }
}

/// A connection on its way to publishing.
struct Asking {
    link: Link,
    connection: ClientConnection,
    received: BytesMut,
}

impl Asking {
    async fn ask(&mut self) -> Result<(), ForwardError> {
        loop {
            if let Err(error) = self.flush().await {
                // What the far side said before it closed is more telling than the closed connection.
                tracing::debug!(%error, "the far side closed while it was asked");
            }
            self.received.reserve(READ_BYTES);
            match self.link.read_buf(&mut self.received).await {
                Ok(0) => return Err(self.closed()),
                Ok(_) => {}
                Err(_) => return Err(self.broken()),
            }
            let fed = self.connection.receive(&mut self.received);
            while let Some(event) = self.connection.poll_event() {
                match event {
                    ClientEvent::Publishing => {
                        // What is still to be said is said with the first media.
                        return Ok(());
                    }
                    ClientEvent::ConnectRejected { code, description } => {
                        return Err(ForwardError::ConnectRejected { description: words(code, description) });
                    }
                    ClientEvent::PublishRejected { code, description } => {
                        return Err(ForwardError::PublishRejected { description: words(code, description) });
                    }
                    ClientEvent::Closed { .. } => return Err(self.closed()),
                    ClientEvent::HandshakeDone
                    | ClientEvent::Connected
                    | ClientEvent::Acknowledged { .. } => {}
                }
            }
            fed.map_err(|error| ForwardError::of_rtmp(&error))?;
            if self.connection.wants_close() {
                return Err(self.closed());
            }
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        while let Some(bytes) = self.connection.poll_transmit() {
            self.link.write_all(&bytes).await?;
        }
        self.link.flush().await
    }

    /// What a connection closed in good order means at this point. Some servers, nginx-rtmp among them, refuse an
    /// application they do not have in this way, without a word.
    fn closed(&self) -> ForwardError {
        match self.connection.state() {
            ClientState::Connecting | ClientState::Creating => {
                ForwardError::ConnectRejected { description: "It hung up without a word".to_owned() }
            }
            _ => self.broken(),
        }
    }

    /// What a broken connection means at this point.
    fn broken(&self) -> ForwardError {
        match self.connection.state() {
            ClientState::Handshaking | ClientState::Connecting => ForwardError::Handshake,
            _ => ForwardError::ClosedAtPublish,
        }
    }
}

/// What the far side said, for a person.
pub(super) fn words(code: String, description: String) -> String {
    if description.is_empty() { code } else { description }
}
