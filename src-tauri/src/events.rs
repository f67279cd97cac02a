//! What happens, told to the window and to the tray: a snapshot first, then events.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use console::{ApiError, Console, Event, Snapshot};
use serde::Serialize;
use tauri::State;
use tauri::async_runtime::{JoinHandle, spawn};
use tauri::ipc::Channel;
use tokio::sync::broadcast::error::RecvError;

/// One message: `{"snapshot": ...}` or `{"event": ...}`.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Told {
    /// Replaces everything known. Comes first, and again whenever events were missed.
    Snapshot(Box<Snapshot>),
    /// Follows the last snapshot.
    Event(Box<Event>),
}

/// Tells `listener` a snapshot and every event after it, until it breaks off or the console ends. A listener too slow
/// for the console's queue misses events and gets a fresh snapshot instead.
pub(crate) async fn follow(console: Console, mut listener: impl FnMut(Told) -> ControlFlow<()>) {
    while let Ok((snapshot, mut events)) = console.subscribe().await {
        if listener(Told::Snapshot(Box::new(snapshot))).is_break() {
            return;
        }
        loop {
            match events.recv().await {
                Ok(event) => {
                    if listener(Told::Event(Box::new(event))).is_break() {
                        return;
                    }
                }
                Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// The task that tells the window. There is at most one: a page loaded again asks again, and the channel of the page
/// before it would swallow messages for ever without an error.
#[derive(Default)]
pub(crate) struct Subscription(Mutex<Option<JoinHandle<()>>>);

impl Subscription {
    /// Replaces the running task; `None` only ends it.
    pub(crate) fn replace(&self, task: Option<JoinHandle<()>>) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = std::mem::replace(&mut *running, task) {
            before.abort();
        }
    }
}

/// Tells the calling page everything through `channel` from now on.
#[tauri::command]
pub(crate) async fn subscribe(
    console: State<'_, Console>,
    subscription: State<'_, Subscription>,
    channel: Channel<Told>,
) -> Result<(), ApiError> {
    let console = console.inner().clone();
    subscription.replace(Some(spawn(follow(console, move |told| match channel.send(told) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }))));
    Ok(())
}
