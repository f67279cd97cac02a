//! Telling the glasses to go on: every 15 s, counting what they do not acknowledge.
//!
//! Glasses that hear nothing for 60 s stop by themselves, so keep-alives go on whatever the apps do. A missed one proves
//! little; whether the stream is dead is the owner's judgement.

use std::sync::Arc;

use mentra_wire::{HubToDevice, KeepAlive};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use crate::event::HubEvent;
use crate::shared::{Shared, lock};

/// Acknowledgements on their way to the count; more at once say nothing more.
const QUEUE: usize = 8;

/// A stream that is kept alive.
pub(crate) struct KeepAliveRun {
    pub(crate) stream_id: String,
    acks: mpsc::Sender<()>,
    over: CancellationToken,
}

impl Drop for KeepAliveRun {
    fn drop(&mut self) {
        self.over.cancel();
    }
}

/// Keeps this stream alive from now on, or none.
pub(crate) fn keep_alive(hub: &Arc<Shared>, stream_id: Option<String>) {
    let mut run = lock(&hub.keep_alive);
    if run.as_ref().map(|run| &run.stream_id) == stream_id.as_ref() {
        return;
    }
    *run = stream_id.map(|stream_id| {
        let (acks, acked) = mpsc::channel(QUEUE);
        let over = hub.stop.child_token();
        let counting = count(Arc::clone(hub), stream_id.clone(), acked);
        let until = over.clone();
        hub.tasks.spawn(async move {
            until.run_until_cancelled(counting).await;
        });
        KeepAliveRun { stream_id, acks, over }
    });
}

/// The glasses acknowledged a keep-alive, or said something else about the stream, which proves as much. Without
/// a stream's name it is about the only one there is.
pub(crate) fn acknowledged(hub: &Shared, stream_id: Option<&str>) {
    let run = lock(&hub.keep_alive);
    if let Some(run) = run.as_ref().filter(|run| stream_id.is_none_or(|stream_id| stream_id == run.stream_id))
    {
        // A full queue holds enough of them.
        let _ = run.acks.try_send(());
    }
}

async fn count(hub: Arc<Shared>, stream_id: String, mut acked: mpsc::Receiver<()>) {
    let every = hub.timing.keep_alive_every;
    let mut due = interval_at(tokio::time::Instant::now() + every, every);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut missed = 0_u32;
    let mut sent = 0_u64;
    loop {
        tokio::select! {
            _ = due.tick() => {}
            // One that came too late, or a status.
            ack = acked.recv() => {
                if ack.is_none() {
                    return;
                }
                if missed > 0 {
                    missed = 0;
                    hub.tell(HubEvent::KeepAlive { stream_id: stream_id.clone(), missed }).await;
                }
                continue;
            }
        }
        while acked.try_recv().is_ok() {}
        sent += 1;
        let ack_id = format!("a{}", base36(hub.now_ms().wrapping_add(sent)));
        hub.say_glasses(&HubToDevice::KeepAlive(KeepAlive {
            stream_id: stream_id.clone(),
            ack_id,
            ..KeepAlive::default()
        }));
        missed = match timeout(hub.timing.ack_within, acked.recv()).await {
            Ok(Some(())) => 0,
            Ok(None) => return,
            Err(_) => missed.saturating_add(1),
        };
        hub.tell(HubEvent::KeepAlive { stream_id: stream_id.clone(), missed }).await;
    }
}

/// The last five digits, as the clouds write them.
fn base36(mut number: u64) -> String {
    let mut digits = [0_u8; 5];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
        number /= 36;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

#[cfg(test)]
mod tests;
