//! ICE over TCP (RFC 6544) for where UDP is blocked: the peer connects, datagrams travel as frames (RFC 4571).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections at once. Overflow policy: those beyond are closed.
const MAX_CONNECTIONS: usize = 256;
/// Longest frame taken: larger than any datagram of ours or a browser's.
const MAX_FRAME_BYTES: usize = 2_048;
/// A peer that says nothing for this long is gone; checks come every few seconds.
const SILENT_AFTER: Duration = Duration::from_secs(30);
/// A stranger has this long for its first frame.
const FIRST_WITHIN: Duration = Duration::from_secs(5);
/// A write that takes longer has nobody at its end.
const WRITE_WITHIN: Duration = Duration::from_secs(5);
/// Frames waiting for a connection. Overflow policy: lost, as UDP would lose them; the peer asks again.
pub(super) const MAX_WAITING: usize = 1_024;
/// Frames waiting for the exchange. Overflow policy: the sender waits.
const MAX_HEARD: usize = 256;

/// What a connection says.
pub(super) enum Heard {
    /// It is there and can be sent frames.
    Opened {
        peer: SocketAddr,
        frames: mpsc::Sender<Vec<u8>>,
        /// Ends it.
        close: CancellationToken,
    },
    /// A frame came in at `local`.
    Frame { peer: SocketAddr, local: SocketAddr, datagram: Vec<u8> },
    /// It is gone.
    Closed { peer: SocketAddr },
}

/// What connections report, for the exchange.
pub(super) fn heard() -> (mpsc::Sender<Heard>, mpsc::Receiver<Heard>) {
    mpsc::channel(MAX_HEARD)
}

/// Accepts until stopped, then waits for the connections to end.
pub(super) async fn listen(listener: TcpListener, tell: mpsc::Sender<Heard>, stop: CancellationToken) {
    let tasks = TaskTracker::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "an ICE-TCP connection could not be accepted");
                // For want of descriptors it would fail again at once.
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(Duration::from_millis(100)) => continue,
                }
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (tell, close) = (tell.clone(), stop.child_token());
        tasks.spawn(async move {
            let left = close.clone();
            left.run_until_cancelled(serve(socket, peer, &tell, close)).await;
            // An error means the exchange is gone.
            let _ = tell.send(Heard::Closed { peer }).await;
            drop(place);
        });
    }
    drop(tell);
    tasks.close();
    tasks.wait().await;
}

async fn serve(socket: TcpStream, peer: SocketAddr, tell: &mpsc::Sender<Heard>, close: CancellationToken) {
    // Media is late enough without waiting to be put together.
    let (Ok(local), Ok(())) = (socket.local_addr(), socket.set_nodelay(true)) else { return };
    let (mut reader, writer) = socket.into_split();
    // Nothing is kept for a stranger until it has said something.
    let Some(first) = frame(&mut reader, FIRST_WITHIN).await else { return };
    let (frames, waiting) = mpsc::channel(MAX_WAITING);
    let opened = Heard::Opened { peer, frames, close };
    if tell.send(opened).await.is_err() {
        return;
    }
    let reading = async {
        let mut next = Some(first);
        while let Some(datagram) = next {
            if tell.send(Heard::Frame { peer, local, datagram }).await.is_err() {
                return;
            }
            next = frame(&mut reader, SILENT_AFTER).await;
        }
    };
    tokio::select! {
        () = reading => {}
        () = write(writer, waiting) => {}
    }
}

/// The next frame; None at the end, at a frame no peer sends, or after a silence.
async fn frame(reader: &mut OwnedReadHalf, within: Duration) -> Option<Vec<u8>> {
    let read = async {
        let length = usize::from(reader.read_u16().await.ok()?);
        if length > MAX_FRAME_BYTES {
            return None;
        }
        let mut datagram = vec![0; length];
        reader.read_exact(&mut datagram).await.ok()?;
        Some(datagram)
    };
    timeout(within, read).await.ok()?
}

async fn write(mut writer: OwnedWriteHalf, mut waiting: mpsc::Receiver<Vec<u8>>) {
    let mut batch = Vec::new();
    let mut out = Vec::new();
    while waiting.recv_many(&mut batch, 64).await > 0 {
        out.clear();
        for datagram in batch.drain(..) {
            // Datagrams of ours are shorter than any frame may be.
            let Ok(length) = u16::try_from(datagram.len()) else { continue };
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(&datagram);
        }
        match timeout(WRITE_WITHIN, writer.write_all(&out)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}
