//! The relay: MentraOS calls webhooks at a public address, and most desktops have none. A desktop keeps a connection to the
//! relay, which passes on what arrives for it.
//!
//! ```text
//! cloud -> POST /{mailbox}/webhook -> relay -> WebSocket that the desktop opened -> Stream Console
//! ```
//!
//! It answers the cloud at once, carries no media, stores nothing, and writes neither bodies nor tokens nor e-mail addresses into
//! its log. Whose webhooks a connection gets is decided by its token alone.
#![deny(missing_docs)]

mod desktops;
mod pages;
mod server;
mod socket;
mod tokens;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::desktops::Desktops;
pub use crate::tokens::{BadToken, Tokens, new_token};

/// How long the relay waits for what.
#[derive(Debug, Clone)]
pub struct Timing {
    /// Between WebSocket pings to desktops: 10 s.
    pub ping_every: Duration,
    /// Unanswered pings after which a desktop is gone: 2.
    pub missed_pongs: u32,
    /// Until a desktop takes a message: 5 s.
    pub write_within: Duration,
    /// Until a connection's request has arrived: 10 s.
    pub head_within: Duration,
    /// How long a connection may last that is no desktop's: 30 s.
    pub request_within: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ping_every: Duration::from_secs(10),
            missed_pongs: 2,
            write_within: Duration::from_secs(5),
            head_within: Duration::from_secs(10),
            request_within: Duration::from_secs(30),
        }
    }
}

/// What every connection shares.
pub(crate) struct Shared {
    desktops: Desktops,
    public_url: Option<String>,
    timing: Timing,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// A running relay.
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Relay {
    /// Serves at `address`; port 0 is any free one. `public_url` is told to desktops as the relay's own address.
    ///
    /// # Errors
    /// When the port cannot be opened.
    pub async fn start(
        address: SocketAddr,
        tokens: Tokens,
        public_url: Option<String>,
        timing: Timing,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            desktops: Desktops::new(tokens),
            public_url: public_url.map(|url| url.trim_end_matches('/').to_owned()),
            timing,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        });
        let serving = tokio::spawn(server::serve(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says goodbye to everybody.
    pub async fn stop(self) {
        self.shared.stop.cancel();
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the relay did not end as it should");
        }
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }
}

#[cfg(test)]
mod tests;
