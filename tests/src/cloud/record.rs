//! Everything a cloud said or heard, in order, to be looked at or waited for.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::watch;

use crate::wait::{PATIENCE, within};

/// The peer of a [`Note`] that is no app.
pub const GLASSES: &str = "glasses";

/// Something that was said or heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// Place in the order of all that was said, or heard.
    pub index: usize,
    /// Since the cloud began.
    pub at: Duration,
    /// E-mail of the user; empty before an app has said who it is.
    pub user: String,
    /// Package of the app, or [`GLASSES`].
    pub peer: String,
    /// `type` of the message; `(open)`, `(close)` and `(answer)` of what is none.
    pub kind: String,
    /// The message as it is on the wire. Of `(open)`: `path` and `headers`; of `(close)`: `code` and `reason`; of
    /// `(answer)` to a webhook: `status`.
    pub frame: Value,
}

/// One of the two records.
pub(super) struct Record {
    began: Instant,
    notes: watch::Sender<Vec<Note>>,
}

impl Record {
    pub(super) fn new(began: Instant) -> Self {
        Self { began, notes: watch::Sender::new(Vec::new()) }
    }

    pub(super) fn note(&self, user: &str, peer: &str, kind: &str, frame: Value) {
        let (user, peer, kind) = (user.to_owned(), peer.to_owned(), kind.to_owned());
        let at = self.began.elapsed();
        self.notes.send_modify(|notes| {
            notes.push(Note { index: notes.len(), at, user, peer, kind, frame });
        });
    }

    pub(super) fn all(&self) -> Vec<Note> {
        self.notes.borrow().clone()
    }

    /// The first from this place on that is as wanted, as soon as there is one.
    pub(super) async fn first(&self, from: usize, what: &str, wanted: impl Fn(&Note) -> bool) -> Note {
        let find = |notes: &[Note]| notes.iter().skip(from).find(|note| wanted(note)).cloned();
        let mut notes = self.notes.subscribe();
        let waiting = notes.wait_for(|notes| find(notes).is_some());
        let found = within(PATIENCE, what, waiting).await.expect("the record is kept");
        find(&found).expect("it was found just now")
    }
}
