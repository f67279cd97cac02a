//! Who is connected, by mailbox.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::tokens::Tokens;

/// Webhooks waiting for one desktop. Overflow policy: the cloud is told to come again.
const WAITING: usize = 64;

/// What became of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passed {
    /// It is on its way.
    On,
    /// The desktop is not connected.
    Away,
    /// It does not take what it has been sent already.
    Full,
}

/// A desktop's own end of its mailbox.
pub(crate) struct Seat {
    number: u64,
    pub(crate) webhooks: mpsc::Receiver<Value>,
    /// Another connection with the same token took its place.
    pub(crate) replaced: CancellationToken,
}

struct Line {
    number: u64,
    webhooks: mpsc::Sender<Value>,
    replaced: CancellationToken,
}

#[derive(Default)]
struct Lines {
    next: u64,
    of: BTreeMap<String, Line>,
}

/// See the module's documentation.
pub(crate) struct Desktops {
    tokens: Tokens,
    lines: Mutex<Lines>,
}

impl Desktops {
    pub(crate) fn new(tokens: Tokens) -> Self {
        Self { tokens, lines: Mutex::default() }
    }

    /// The mailbox a token opens.
    pub(crate) fn mailbox(&self, token: &str) -> Option<&str> {
        self.tokens.mailbox(token)
    }

    pub(crate) fn knows(&self, mailbox: &str) -> bool {
        self.tokens.mailboxes().any(|known| known == mailbox)
    }

    pub(crate) fn is_connected(&self, mailbox: &str) -> bool {
        self.lines().of.contains_key(mailbox)
    }

    pub(crate) fn count(&self) -> usize {
        self.lines().of.len()
    }

    /// Takes the place at a mailbox; whoever had it is told.
    pub(crate) fn sit(&self, mailbox: &str) -> Seat {
        let (sender, webhooks) = mpsc::channel(WAITING);
        let replaced = CancellationToken::new();
        let mut lines = self.lines();
        lines.next += 1;
        let number = lines.next;
        let line = Line { number, webhooks: sender, replaced: replaced.clone() };
        if let Some(before) = lines.of.insert(mailbox.to_owned(), line) {
            before.replaced.cancel();
        }
        Seat { number, webhooks, replaced }
    }

    /// Leaves it, unless it is another's by now.
    pub(crate) fn rise(&self, mailbox: &str, seat: &Seat) {
        let mut lines = self.lines();
        if lines.of.get(mailbox).is_some_and(|line| line.number == seat.number) {
            lines.of.remove(mailbox);
        }
    }

    /// Passes a webhook on.
    pub(crate) fn pass(&self, mailbox: &str, body: Value) -> Passed {
        match self.lines().of.get(mailbox).map(|line| line.webhooks.try_send(body)) {
            Some(Ok(())) => Passed::On,
            Some(Err(mpsc::error::TrySendError::Full(_))) => Passed::Full,
            Some(Err(mpsc::error::TrySendError::Closed(_))) | None => Passed::Away,
        }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
