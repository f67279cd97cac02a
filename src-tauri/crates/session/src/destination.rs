//! One destination of the running stream, as a machine that is told what happened and when.
//!
//! | from \ to    | Disabled | Idle         | Starting      | Broadcasting | Stalled     | Interrupted | Retrying | Errored       |
//! |--------------|----------|--------------|---------------|--------------|-------------|-------------|----------|---------------|
//! | Disabled     | -        | on, no picture | on, picture | -            | -           | -           | -        | -             |
//! | Idle         | off      | -            | picture comes | -            | -           | -           | -        | -             |
//! | Starting     | off      | gone         | -             | proven       | takes nothing | proven, held | fault, 30 s | fatal    |
//! | Broadcasting | off      | gone         | edited        | -            | takes nothing | picture away | fault  | fatal         |
//! | Stalled      | off      | gone         | edited        | takes bytes  | -           | takes bytes, held | fault, 30 s | fatal, hold limit |
//! | Interrupted  | off      | gone         | -             | picture back | takes nothing | -         | fault    | fatal, hold limit |
//! | Retrying     | off      | gone         | time is up, retry now, edited | - | -        | -           | -        | -             |
//! | Errored      | off      | gone         | retry now, enable, edited | -  | -           | -           | -        | -             |
//!
//! *Proven* is accepted and taking bytes: neither alone is a broadcast. *Held* is a stream without a picture that waits
//! for it: running connections are kept, nothing new is begun, and what would begin goes to Idle instead, from where the
//! picture starts it. *Gone* is the end of the stream.
//!
//! **Trying again.** After 1, 2, 4, 8, 16 and then every 30 s, give or take a fifth, for as long as the stream is there;
//! counted from the start again once a broadcast held for 60 s. A fault that needs something changed first is fatal
//! and waits for [`Input::RetryNow`], [`Input::Edited`] or the next stream - what the stream holds is at fault
//! ([`Fault::NotCarried`]): also for a source that comes back. Being turned down, or a certificate that is not right, is
//! taken for passing when the destination did broadcast in this stream: up to 6 times in a row it is tried again.
//!
//! A stop ([`Input::Disable`], [`Input::SourceGone`]) always succeeds, in whatever state.
//!
//! ```
//! use session::destination::{Destination, Effect, Input, State};
//!
//! let mut destination = Destination::new(true, 7, None);
//! let effects = destination.handle(1_000, Input::SourceLive);
//! assert_eq!(effects.last(), Some(&Effect::Open { attempt: 1 }));
//! destination.handle(1_200, Input::Accepted { attempt: 1 });
//! assert_eq!(destination.state(), State::Starting, "accepted is not yet broadcasting");
//! destination.handle(1_300, Input::Draining { attempt: 1 });
//! assert_eq!(destination.state(), State::Broadcasting);
//! ```

mod backoff;
mod fault;
mod input;
mod state;
mod words;

pub use fault::Fault;
pub use input::{Change, Effect, Input};
pub use state::{Severity, State};
pub use words::about;

use crate::{Tone, Words};
use backoff::Backoff;
use fault::Remedy;

/// An attempt must be accepted within this, and must take its first bytes within this after that.
pub const STARTING_MS: u64 = 30_000;
/// A connection that takes nothing is given up after this.
pub const STALLED_MS: u64 = 30_000;
/// A broadcast that held for this was a good one: what failed before it no longer counts.
pub const SETTLED_MS: u64 = 60_000;
/// How often in a row being turned down is taken for passing.
pub const PASSING_REJECTIONS: u32 = 6;

/// What comes from the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Gone,
    Held { since_ms: u64 },
    Live,
}

/// The attempt that runs.
#[derive(Debug)]
struct Attempt {
    number: u64,
    accepted: bool,
    draining: bool,
}

/// One destination. See [the module](self) for its rules.
///
/// `now_ms` is Unix time from a clock that does not jump; one before the last is taken as the last.
#[derive(Debug)]
pub struct Destination {
    state: State,
    words: Words,
    source: Source,
    attempt: Option<Attempt>,
    attempts_made: u64,
    failed: u32,
    /// Turned down so often in a row, having broadcast before.
    rejected: u32,
    /// It has been broadcasting within the present stream, to the address and with the key it has now.
    proven: bool,
    /// What the source sends was at fault, so its return is a reason to try again.
    source_at_fault: bool,
    broadcasting_since_ms: Option<u64>,
    /// When Starting or Stalled give up.
    patience_ends_ms: u64,
    hold_limit_ms: Option<u64>,
    backoff: Backoff,
    now_ms: u64,
}

impl Destination {
    /// A destination without a stream. `seed` shakes its waits a little: any number, another for each destination.
    /// `hold_limit_ms` ends its broadcast when the picture was away for so long; None: as long as the stream waits.
    pub fn new(enabled: bool, seed: u64, hold_limit_ms: Option<u64>) -> Self {
        let state = if enabled { State::Idle } else { State::Disabled };
        Self {
            state,
            words: words::entering(state),
            source: Source::Gone,
            attempt: None,
            attempts_made: 0,
            failed: 0,
            rejected: 0,
            proven: false,
            source_at_fault: false,
            broadcasting_since_ms: None,
            patience_ends_ms: 0,
            hold_limit_ms,
            backoff: Backoff::new(seed),
            now_ms: 0,
        }
    }

    /// Takes in what happened at `now_ms` and returns what is to be done about it, in order: at most one
    /// [`Effect::Record`], then at most one of the others.
    ///
    /// Only [`Input::Tick`] expires deadlines: what arrives before the tick still counts.
    pub fn handle(&mut self, now_ms: u64, input: Input) -> Vec<Effect> {
        self.now_ms = self.now_ms.max(now_ms);
        self.settle();
        match input {
            Input::Enable => self.enable(),
            Input::Disable => self.disable(),
            Input::SourceLive => self.source_live(),
            Input::SourceHeld => self.source_held(),
            Input::SourceGone => self.source_gone(),
            Input::Accepted { attempt } => self.accepted(attempt),
            Input::Draining { attempt } => self.draining(attempt),
            Input::NotDraining { attempt } => self.not_draining(attempt),
            Input::Failed { attempt, fault } => self.failed(attempt, &fault),
            Input::RetryNow => self.retry_now(),
            Input::Edited => self.edited(),
            Input::Tick => self.tick(),
        }
    }

    /// When to send [`Input::Tick`]; None while nothing gives up by itself. May lie in the past: then tick at once.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        match self.state {
            State::Starting => Some(self.patience_ends_ms),
            State::Stalled => Some(
                self.hold_ends_ms()
                    .map_or(self.patience_ends_ms, |ends_ms| ends_ms.min(self.patience_ends_ms)),
            ),
            State::Interrupted => self.hold_ends_ms(),
            State::Retrying { at_ms, .. } => Some(at_ms),
            State::Disabled | State::Idle | State::Broadcasting | State::Errored(_) => None,
        }
    }

    /// Changes how long the picture may be away, also for a hold that has begun; its words follow at the next one.
    pub fn set_hold_limit_ms(&mut self, hold_limit_ms: Option<u64>) {
        self.hold_limit_ms = hold_limit_ms;
    }

    /// It was broadcasting within the present stream, in a run of the program before this one: the far side may not have
    /// noticed yet that the connection from then is gone. To be told after the source.
    pub fn broadcast_before(&mut self) {
        self.proven = true;
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// What is said about it.
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// The user wants it on.
    pub fn enabled(&self) -> bool {
        self.state != State::Disabled
    }

    /// Attempts that failed in a row; 0 while one works.
    pub fn failed_attempts(&self) -> u32 {
        match self.state {
            State::Broadcasting | State::Interrupted => 0,
            _ => self.failed,
        }
    }

    /// Since when the far side takes the stream without a break, Unix milliseconds; a held picture is no break.
    pub fn broadcasting_since_ms(&self) -> Option<u64> {
        self.broadcasting_since_ms
    }

    fn enable(&mut self) -> Vec<Effect> {
        match self.state {
            State::Disabled => self.begin(),
            State::Errored(_) => self.retry_now(),
            _ => Vec::new(),
        }
    }

    fn disable(&mut self) -> Vec<Effect> {
        (self.failed, self.rejected) = (0, 0);
        self.leave(State::Disabled, words::entering(State::Disabled))
    }

    fn source_live(&mut self) -> Vec<Effect> {
        let was = std::mem::replace(&mut self.source, Source::Live);
        match self.state {
            State::Idle => self.begin(),
            State::Interrupted => self.enter_plainly(State::Broadcasting),
            State::Errored(_) if self.source_at_fault && was != Source::Live => self.begin(),
            _ => Vec::new(),
        }
    }

    fn source_held(&mut self) -> Vec<Effect> {
        if !matches!(self.source, Source::Held { .. }) {
            self.source = Source::Held { since_ms: self.now_ms };
        }
        match self.state {
            State::Idle => self.enter(State::Idle, words::waiting_for_picture()),
            State::Broadcasting => self.enter(State::Interrupted, words::held(self.hold_limit_ms)),
            _ => Vec::new(),
        }
    }

    fn source_gone(&mut self) -> Vec<Effect> {
        self.source = Source::Gone;
        self.forget_attempts();
        match self.state {
            State::Disabled => Vec::new(),
            State::Errored(_) => {
                let words = words::idle_after(&self.words);
                self.leave(State::Idle, words)
            }
            // What is said there about the stream before stays in sight until the next one.
            State::Idle if self.words.tone != Tone::Info => Vec::new(),
            _ => self.leave(State::Idle, words::entering(State::Idle)),
        }
    }

    fn accepted(&mut self, number: u64) -> Vec<Effect> {
        let patience_ends_ms = self.now_ms.saturating_add(STARTING_MS);
        match self.current(number) {
            Some(attempt) if !attempt.accepted => attempt.accepted = true,
            _ => return Vec::new(),
        }
        if self.state == State::Starting {
            self.patience_ends_ms = patience_ends_ms;
        }
        if self.is_proven() { self.on_air() } else { self.enter(self.state, words::accepted()) }
    }

    fn draining(&mut self, number: u64) -> Vec<Effect> {
        match self.current(number) {
            Some(attempt) => attempt.draining = true,
            None => return Vec::new(),
        }
        match self.state {
            State::Starting | State::Stalled if self.is_proven() => self.on_air(),
            _ => Vec::new(),
        }
    }

    fn not_draining(&mut self, number: u64) -> Vec<Effect> {
        match self.current(number) {
            Some(attempt) => attempt.draining = false,
            None => return Vec::new(),
        }
        let accepted = self.attempt.as_ref().is_some_and(|attempt| attempt.accepted);
        if !accepted || self.state == State::Stalled {
            return Vec::new();
        }
        self.broadcasting_since_ms = None;
        self.patience_ends_ms = self.now_ms.saturating_add(STALLED_MS);
        self.enter_plainly(State::Stalled)
    }

    fn failed(&mut self, number: u64, fault: &Fault) -> Vec<Effect> {
        if self.current(number).is_none() {
            return Vec::new();
        }
        self.attempt = None;
        let passing = self.proven && self.rejected < PASSING_REJECTIONS;
        match fault.remedy() {
            Remedy::Retry => {
                self.rejected = 0;
                self.retry_later(Words { tone: Tone::Warning, ..about(fault) })
            }
            Remedy::FatalUnlessProven if passing => {
                self.rejected += 1;
                self.retry_later(words::turned_down_again(fault))
            }
            Remedy::FatalUnlessProven | Remedy::Fatal => {
                self.failed = self.failed.saturating_add(1);
                self.source_at_fault = matches!(fault, Fault::NotCarried(_));
                self.give_up(Severity::Fatal, about(fault))
            }
        }
    }

    fn retry_now(&mut self) -> Vec<Effect> {
        match self.state {
            State::Retrying { .. } | State::Errored(_) => {
                self.rejected = 0;
                self.begin()
            }
            _ => Vec::new(),
        }
    }

    fn edited(&mut self) -> Vec<Effect> {
        self.forget_attempts();
        match self.state {
            State::Disabled => Vec::new(),
            _ => self.begin(),
        }
    }

    fn tick(&mut self) -> Vec<Effect> {
        if self.next_deadline_ms().is_none_or(|deadline_ms| self.now_ms < deadline_ms) {
            return Vec::new();
        }
        let hold_is_over = self.hold_ends_ms().is_some_and(|ends_ms| ends_ms <= self.now_ms);
        match self.state {
            State::Retrying { .. } => self.begin(),
            State::Interrupted | State::Stalled if hold_is_over => {
                let limit_ms = self.hold_limit_ms.unwrap_or_default();
                self.give_up(Severity::Normal, words::hold_limit(limit_ms))
            }
            State::Starting if self.attempt.as_ref().is_some_and(|attempt| !attempt.accepted) => {
                self.retry_later(Words { tone: Tone::Warning, ..about(&Fault::TimedOut) })
            }
            _ => self.retry_later(words::stalled_for(STALLED_MS)),
        }
    }

    /// Opens an attempt if there is a picture to send; waits for one if not. Whatever runs is over.
    fn begin(&mut self) -> Vec<Effect> {
        match self.source {
            Source::Gone => self.leave(State::Idle, words::entering(State::Idle)),
            Source::Held { .. } => self.leave(State::Idle, words::waiting_for_picture()),
            Source::Live => {
                self.attempts_made += 1;
                let number = self.attempts_made;
                self.attempt = Some(Attempt { number, accepted: false, draining: false });
                self.source_at_fault = false;
                self.broadcasting_since_ms = None;
                self.patience_ends_ms = self.now_ms.saturating_add(STARTING_MS);
                let mut effects = self.enter_plainly(State::Starting);
                effects.push(Effect::Open { attempt: number });
                effects
            }
        }
    }

    /// The far side accepted and takes bytes.
    fn on_air(&mut self) -> Vec<Effect> {
        self.proven = true;
        self.broadcasting_since_ms = Some(self.now_ms);
        match self.source {
            Source::Live => self.enter_plainly(State::Broadcasting),
            Source::Held { .. } | Source::Gone => {
                self.enter(State::Interrupted, words::held(self.hold_limit_ms))
            }
        }
    }

    fn retry_later(&mut self, words: Words) -> Vec<Effect> {
        self.failed = self.failed.saturating_add(1);
        let at_ms = self.now_ms.saturating_add(self.backoff.wait_ms(self.failed));
        self.leave(State::Retrying { failed: self.failed, at_ms }, words)
    }

    fn give_up(&mut self, severity: Severity, words: Words) -> Vec<Effect> {
        self.leave(State::Errored(severity), words)
    }

    /// Enters a state without an attempt, closing the one that runs.
    fn leave(&mut self, state: State, words: Words) -> Vec<Effect> {
        self.broadcasting_since_ms = None;
        let close = self.attempt.take().map(|_| Effect::Close);
        let mut effects = self.enter(state, words);
        effects.extend(close);
        effects
    }

    fn enter_plainly(&mut self, state: State) -> Vec<Effect> {
        self.enter(state, words::entering(state))
    }

    /// Enters a state, or says something else about the one it is in; what is already so is not told again.
    fn enter(&mut self, state: State, words: Words) -> Vec<Effect> {
        if state == self.state && words == self.words {
            return Vec::new();
        }
        debug_assert!(state == self.state || self.state.can_become(state), "{:?} -> {state:?}", self.state);
        self.state = state;
        self.words.clone_from(&words);
        vec![Effect::Record(Change { at_ms: self.now_ms, state, words })]
    }

    /// The attempt of this number, if it is the one that runs.
    fn current(&mut self, number: u64) -> Option<&mut Attempt> {
        self.attempt.as_mut().filter(|attempt| attempt.number == number)
    }

    fn is_proven(&self) -> bool {
        self.attempt.as_ref().is_some_and(|attempt| attempt.accepted && attempt.draining)
    }

    /// A broadcast that held long enough wipes out what failed before it.
    fn settle(&mut self) {
        if self.broadcasting_since_ms.is_some_and(|since_ms| self.now_ms - since_ms >= SETTLED_MS) {
            (self.failed, self.rejected) = (0, 0);
        }
    }

    fn forget_attempts(&mut self) {
        (self.failed, self.rejected, self.proven, self.source_at_fault) = (0, 0, false, false);
    }

    fn hold_ends_ms(&self) -> Option<u64> {
        match self.source {
            Source::Held { since_ms } => Some(since_ms.saturating_add(self.hold_limit_ms?)),
            Source::Gone | Source::Live => None,
        }
    }
}

#[cfg(test)]
mod tests;
