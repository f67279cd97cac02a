//! A receiver of our own that notes when each numbered frame arrives.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Result;
use bytes::BytesMut;
use media_formats::rtmp::{RANDOM_BYTES, ServerConfig, ServerConnection, ServerEvent};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::client::frame_number;

/// Numbers of frames and when each was complete, over all connections.
type Arrivals = Arc<Mutex<Vec<(u32, Instant)>>>;

/// Takes every publisher in. Ends its connections when dropped.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    arrivals: Arrivals,
    _connections: JoinSet<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let arrivals = Arrivals::default();
        let mut accepting = JoinSet::new();
        let noted = Arc::clone(&arrivals);
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let noted = Arc::clone(&noted);
                // One that breaks off is missed in the count of what arrived.
                connections.spawn(async move { drop(receive(socket, &noted).await) });
            }
        });
        Ok(Self { address, arrivals, _connections: accepting })
    }

    /// What arrived since it was asked before.
    pub(crate) fn take(&self) -> Vec<(u32, Instant)> {
        std::mem::take(&mut self.arrivals.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn receive(mut socket: TcpStream, arrivals: &Arrivals) -> Result<()> {
    socket.set_nodelay(true)?;
    let mut random = [0; RANDOM_BYTES];
    getrandom::fill(&mut random)?;
    let mut connection = ServerConnection::new(ServerConfig::default(), random);
    let mut buf = BytesMut::with_capacity(256 * 1024);
    while socket.read_buf(&mut buf).await? > 0 {
        connection.receive(&mut buf)?;
        let now = Instant::now();
        while let Some(event) = connection.poll_event() {
            match event {
                ServerEvent::PublishRequested(_) => connection.accept_publish(),
                ServerEvent::Video { payload, .. } => {
                    if let Some(number) = frame_number(&payload) {
                        arrivals.lock().unwrap_or_else(PoisonError::into_inner).push((number, now));
                    }
                }
                _ => {}
            }
        }
        while let Some(bytes) = connection.poll_transmit() {
            socket.write_all(&bytes).await?;
        }
    }
    Ok(())
}
