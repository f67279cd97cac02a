//! Waiting with a deadline and words.

use std::future::Future;
use std::time::Duration;

/// How long anything may take before a test gives up: far more than needed on an idle computer, because two cores may
/// be encoding, decoding and compiling at the same time.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// The outcome of `work`, or a panic that says what was awaited.
///
/// # Panics
/// When the time is over.
pub async fn within<T>(time: Duration, what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(time, work).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("{time:?} passed waiting for {what}"),
    }
}
