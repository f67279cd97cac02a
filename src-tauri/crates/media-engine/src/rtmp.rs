//! The RTMP listener: sockets in, publishers out.
//!
//! Bounds against strangers: a connection that has not been admitted within [`ADMISSION_DEADLINE`] is closed, at most
//! [`MAX_WAITING`] connections wait for admission at once (overflow policy: the one waiting longest goes), and what a connection
//! may buffer is bounded by its sans-IO core. Admitted publishers are never touched by strangers.

mod connection;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::door::Door;

/// Time from connecting to being admitted.
const ADMISSION_DEADLINE: Duration = Duration::from_secs(10);
/// Connections waiting for admission.
const MAX_WAITING: usize = 256;
/// Pause after the system refused a connection, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Connections not yet admitted, oldest first.
#[derive(Debug, Default, Clone)]
struct WaitingRoom(Arc<Mutex<VecDeque<(u64, CancellationToken)>>>);

impl WaitingRoom {
    /// Takes a place; whoever waited longest loses theirs if there is none.
    fn enter(&self, id: u64, leave: CancellationToken) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back((id, leave));
        if waiting.len() > MAX_WAITING
            && let Some((_, oldest)) = waiting.pop_front()
        {
            oldest.cancel();
        }
    }

    fn leave(&self, id: u64) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(other, _)| *other != id);
    }
}

/// Accepts connections until stopped, then waits for them to close.
pub(crate) async fn listen(
    listener: TcpListener,
    door: Arc<dyn Door>,
    clock: Clock,
    idle_timeout: Duration,
    stop: CancellationToken,
) {
    let connections = TaskTracker::new();
    let waiting = WaitingRoom::default();
    let mut next_id = 0_u64;
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (socket, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "an RTMP connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        next_id += 1;
        let id = next_id;
        let closing = stop.child_token();
        waiting.enter(id, closing.clone());
        let connection = connection::Connection {
            socket,
            address,
            door: Arc::clone(&door),
            clock,
            idle_timeout,
            admission_deadline: ADMISSION_DEADLINE,
            closing,
        };
        let waiting = waiting.clone();
        connections.spawn(async move {
            let outcome = connection.run(|| waiting.leave(id)).await;
            waiting.leave(id);
            match outcome {
                Ok(()) => tracing::debug!(%address, "an RTMP connection closed"),
                Err(error) => tracing::info!(%address, %error, "an RTMP connection was closed"),
            }
        });
    }
    connections.close();
    connections.wait().await;
}

#[cfg(test)]
mod tests;
