//! The media lane: one thread on which publishers are heard and destinations are served.
//!
//! A frame is taken from its publisher's socket and written to twenty others within a millisecond. Spread over a pool of
//! threads that costs half as much again, in waking and stealing, as on one thread, and none of it ever waits. Players,
//! thumbnails and everything else stay on the program's own runtime.

use std::io;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

/// A running lane. Dropping it ends the thread, and what runs there, without waiting.
#[derive(Debug)]
pub(crate) struct Lane {
    handle: Handle,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Lane {
    /// Starts the thread, with a name as debuggers show it.
    pub(crate) fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            runtime.block_on(stopped.cancelled());
            // A name that is still being looked up must not hold up the program's end.
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, stop, thread: Some(thread) })
    }

    /// Where to spawn.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends the thread and waits for it.
    pub(crate) async fn join(mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // Tasks do not panic through the runtime, and a lane that is over is over.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
