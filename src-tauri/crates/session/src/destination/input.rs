//! What a destination is told, and what it asks to be done.

use super::{Fault, State};
use crate::Words;

/// What happened. Facts of an attempt carry its number: those of one that was replaced or closed change nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The user switched it on, or chose it for going live.
    Enable,
    /// The user switched it off.
    Disable,
    /// A picture comes from the source, for the first time or again.
    SourceLive,
    /// No picture comes from the source; the stream waits for it.
    SourceHeld,
    /// There is no stream any more.
    SourceGone,
    /// The far side accepted the stream.
    Accepted {
        /// Number of the attempt.
        attempt: u64,
    },
    /// The far side takes our bytes.
    Draining {
        /// Number of the attempt.
        attempt: u64,
    },
    /// The far side takes nothing, though there is something to take.
    NotDraining {
        /// Number of the attempt.
        attempt: u64,
    },
    /// The attempt is over.
    Failed {
        /// Number of the attempt.
        attempt: u64,
        /// Why.
        fault: Fault,
    },
    /// The user wants no wait before the next attempt.
    RetryNow,
    /// Its address, its key or where it sends within the service was changed; a new name is no edit.
    Edited,
    /// Time went by: see [`super::Destination::next_deadline_ms`].
    Tick,
}

/// What is to be done, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Begin this attempt, in place of whatever runs.
    Open {
        /// Number of the attempt, higher than every one before.
        attempt: u64,
    },
    /// Say goodbye and leave.
    Close,
    /// Keep this and show it.
    Record(Change),
}

/// What is to be kept and shown: another state, or the same one in other words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Unix milliseconds.
    pub at_ms: u64,
    /// The state entered.
    pub state: State,
    /// What is said about it.
    pub words: Words,
}
