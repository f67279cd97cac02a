//! Push of one stream to one RTMP or RTMPS endpoint.
//!
//! A [`Forward`] is one attempt: it resolves, connects, asks to publish, and from then on sends what the stream's bus
//! gives, until it is stopped or something ends it. Trying again is for its owner to decide.
//!
//! ```text
//! bus reader -> line (timestamps, headers, still picture) -> queue -> socket
//!                                                              \-> proof (what the far side acknowledged)
//! ```
//!
//! Payloads are never copied: the queue holds slices of what the encoder sent, between small headers. It is short; what
//! the socket does not take yet stays in the bus, which all destinations share. Overflow policy: a destination that
//! is behind for [`ForwardOptions::most_behind`] goes on at the newest keyframe, and what it left out is counted. Each has a task,
//! a queue and a cursor of its own, so none waits for another.

mod attempt;
mod check;
mod clip;
mod connect;
mod error;
mod flow;
mod line;
mod link;
mod live;
mod proof;
mod queue;
mod stats;
mod tcp_info;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use media_formats::rtmp::PublishTarget;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::attempt::Published;
use self::line::Pace;
use self::stats::Shared;
use crate::stream::Stream;

pub use self::check::{CheckPart, CheckSample, CheckScores, run_check};
pub use self::clip::{ClipPublisher, ClipStats, ClipTimestamps};
pub use self::error::ForwardError;
pub use self::stats::ForwardStats;
pub use self::tls::ForwardTls;

/// Longest a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// What a push is made with.
#[derive(Debug, Clone)]
pub struct ForwardOptions {
    /// How certificates are judged; one for the whole program.
    pub tls: ForwardTls,
    /// What we call ourselves to the far side (`flashVer`, and `encoder` in the metadata).
    pub encoder: String,
    /// Longest wait for each of: an address, a connection, TLS, and the answers up to publishing.
    pub connect_timeout: Duration,
    /// An accepted stream of which nothing is acknowledged for this long is not draining.
    pub stall_after: Duration,
    /// A destination that has not caught up with the stream for this long goes on at the newest keyframe.
    pub most_behind: Duration,
    pub(crate) pace: Pace,
    /// Send buffer asked of the system; none: its own choice.
    pub(crate) send_buffer_bytes: Option<usize>,
}

impl ForwardOptions {
    /// The usual times.
    pub fn new(tls: ForwardTls, encoder: &str) -> Self {
        Self {
            tls,
            encoder: encoder.to_owned(),
            connect_timeout: Duration::from_secs(10),
            stall_after: Duration::from_secs(5),
            most_behind: Duration::from_secs(3),
            pace: Pace::default(),
            send_buffer_bytes: None,
        }
    }
}

/// What happens to a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForwardEvent {
    /// The far side let the stream in.
    Accepted,
    /// The far side was seen to take our bytes.
    Draining,
    /// The far side takes nothing any more, or never did.
    NotDraining,
    /// It is over; nothing follows. Not said of a push that was stopped.
    Ended(ForwardError),
}

/// Told of every [`ForwardEvent`], in order, from the push's own task: it must not block.
pub type ForwardEvents = Arc<dyn Fn(ForwardEvent) + Send + Sync>;

/// One attempt to push one stream to one target. Dropping it closes the connection at once.
#[derive(Debug)]
pub struct Forward {
    shared: Arc<Shared>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Forward {
    /// Begins, on the engine's thread for media. `events` is called there.
    pub fn start(
        stream: &Stream,
        target: PublishTarget,
        options: ForwardOptions,
        events: ForwardEvents,
    ) -> Self {
        let shared = Arc::new(Shared::default());
        let stop = CancellationToken::new();
        let source = live::Source::of(stream);
        let lane = stream.0.lane.clone().unwrap_or_else(Handle::current);
        let task = lane.spawn(run(source, target, options, events, Arc::clone(&shared), stop.clone()));
        Self { shared, stop, task }
    }

    /// How it goes.
    pub fn stats(&self) -> ForwardStats {
        self.shared.stats()
    }

    /// Says goodbye and waits until the connection is closed, at most a second.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(GOODBYE, &mut self.task).await.is_err() {
            self.task.abort();
            // The only error is the abort just asked for.
            let _ = (&mut self.task).await;
        }
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Runs a push to its end, which is told unless it was asked for.
async fn run(
    source: live::Source,
    target: PublishTarget,
    options: ForwardOptions,
    events: ForwardEvents,
    shared: Arc<Shared>,
    stop: CancellationToken,
) {
    let published = tokio::select! {
        () = stop.cancelled() => return,
        published = attempt::publish(&target, &options) => published,
    };
    let outcome = match published {
        Ok(published) => {
            shared.accept();
            events(ForwardEvent::Accepted);
            live::run(published, source, &options, &events, &shared, &stop).await
        }
        Err(error) => Err(error),
    };
    shared.end();
    if let Err(error) = outcome {
        tracing::debug!(%error, "a push ended");
        events(ForwardEvent::Ended(error));
    }
}

/// Connects and asks to publish, then leaves without sending media: nothing is shown there.
///
/// # Errors
/// What a push would end with.
pub async fn try_target(target: &PublishTarget, options: &ForwardOptions) -> Result<(), ForwardError> {
    let Published { link, connection, .. } = attempt::publish(target, options).await?;
    // The answer is known; a far side that does not wait for our goodbye changes nothing of it.
    let _ = tokio::time::timeout(GOODBYE, live::goodbye(link, connection, Vec::new())).await;
    Ok(())
}

#[cfg(test)]
mod tests;
