//! One registered app: asked to connect, connected, lost, asked again.

mod words;

use crate::Words;

/// A called app must be connected within this.
pub const CONNECT_MS: u64 = 10_000;
/// An app at whose address nothing listens is called once more after this.
pub const RETRY_MS: u64 = 2_000;
/// A lost app is called again so long after it was lost. Its own library tries until 6 s.
pub const RECALL_MS: [u64; 3] = [8_000, 20_000, 60_000];

/// Where an app stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Not started here.
    Stopped,
    /// Asked to connect; it has not yet.
    Starting,
    /// Connected.
    Connected,
    /// Its connection is lost; it is waited for and asked again.
    Away,
    /// It could not be reached or did not connect.
    Failed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Stopped, Self::Starting, Self::Connected, Self::Away, Self::Failed];

    /// The word for logs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Connected => "connected",
            Self::Away => "away",
            Self::Failed => "failed",
        }
    }

    /// Whether `next` may follow this state: the table of [`AppRun`].
    pub fn can_become(self, next: Self) -> bool {
        match self {
            Self::Stopped => next == Self::Starting,
            Self::Starting => matches!(next, Self::Connected | Self::Failed | Self::Stopped),
            Self::Connected => matches!(next, Self::Away | Self::Stopped),
            Self::Away => matches!(next, Self::Starting | Self::Connected | Self::Failed | Self::Stopped),
            Self::Failed => matches!(next, Self::Starting | Self::Connected | Self::Stopped),
        }
    }
}

/// Something that happened. What means nothing in the present state is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The user, or the program as it comes up, wants the app to run.
    Start,
    /// The user wants it stopped.
    Stop,
    /// Its connection was let in.
    Connected,
    /// Its connection is gone, and no other took its place.
    Gone {
        /// The app itself said goodbye.
        clean: bool,
    },
    /// Its webhook could not be called.
    WebhookFailed {
        /// Nothing listens there: worth another try soon.
        unreachable: bool,
        /// Why, and what to do.
        words: Words,
    },
    /// Its webhook was called and it took the call well.
    WebhookAnswered,
    /// Time went by: expires the deadline if it is due.
    Tick,
}

/// Something to be done, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the app by its webhook to connect. Never given while it is connected.
    CallWebhook,
    /// Tell the app by its webhook, and on its socket if one is open, that it is stopped.
    CallStop,
    /// Show the state and these words. Given first of its batch, once for every change of state or words.
    Record(Words),
}

/// One app from its start to its stop.
///
/// | state     | Start           | Stop             | Connected   | Gone clean / not | WebhookFailed             | Tick                       |
/// |-----------|-----------------|------------------|-------------|------------------|---------------------------|----------------------------|
/// | Stopped   | Starting, call  | -                | tell it to stop | -            | -                         | -                          |
/// | Starting  | -               | Stopped, tell it | Connected   | -                | unreachable once: call again in 2 s; else Failed | calls again, or Failed 10 s after the call |
/// | Connected | -               | Stopped, tell it | -           | Stopped / Away   | -                         | -                          |
/// | Away      | Starting, call  | Stopped, tell it | Connected   | -                | of the last call: Failed  | calls 8, 20 and 60 s after the loss; Failed 10 s after the last |
/// | Failed    | Starting, call  | Stopped          | Connected   | -                | -                         | -                          |
///
/// `now_ms` is the time given to [`crate::Session`]; one before the last is taken as the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRun {
    state: State,
    words: Words,
    now_ms: u64,
    /// When to call again, or to give up.
    deadline_ms: Option<u64>,
    /// When it was lost.
    lost_at_ms: u64,
    /// Calls since it was started or lost.
    calls: usize,
    /// The deadline is one to call at, not one to give up at.
    call_due: bool,
    /// The last call was answered.
    answered: bool,
    /// Why the last call failed.
    failure: Option<Words>,
}

impl Default for AppRun {
    fn default() -> Self {
        Self::new()
    }
}

impl AppRun {
    /// An app that is not started.
    pub fn new() -> Self {
        Self {
            state: State::Stopped,
            words: words::entering(State::Stopped),
            now_ms: 0,
            deadline_ms: None,
            lost_at_ms: 0,
            calls: 0,
            call_due: false,
            answered: false,
            failure: None,
        }
    }

    /// Takes in what happened at `now_ms` and returns what is to be done about it, in order.
    pub fn handle(&mut self, now_ms: u64, input: Input) -> Vec<Effect> {
        self.now_ms = self.now_ms.max(now_ms);
        match (self.state, input) {
            (State::Stopped | State::Away | State::Failed, Input::Start) => self.start(),
            (State::Stopped, Input::Connected) => vec![Effect::CallStop],
            (State::Stopped, _) => Vec::new(),

            (State::Failed, Input::Stop) => vec![self.enter(State::Stopped)],
            (_, Input::Stop) => vec![self.enter(State::Stopped), Effect::CallStop],
            (State::Starting | State::Away | State::Failed, Input::Connected) => {
                vec![self.enter(State::Connected)]
            }
            (State::Connected, Input::Gone { clean: true }) => vec![self.say(State::Stopped, words::left())],
            (State::Connected, Input::Gone { clean: false }) => self.lost(),
            (State::Starting, Input::WebhookFailed { unreachable, words }) => {
                self.start_failed(unreachable, words)
            }
            (State::Away, Input::WebhookFailed { words, .. }) => self.recall_failed(words),
            (State::Starting, Input::WebhookAnswered) => self.answered(),
            (State::Away, Input::WebhookAnswered) => {
                self.answered = true;
                self.failure = None;
                Vec::new()
            }
            (_, Input::Tick) if self.deadline_ms.is_some_and(|at_ms| at_ms <= self.now_ms) => self.due(),
            _ => Vec::new(),
        }
    }

    /// When to send [`Input::Tick`]; None while nothing is waited for. May lie in the past: then tick at once.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.deadline_ms
    }

    /// Where the app stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// What is said about it.
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// It was started and not stopped: it may be let in.
    pub fn is_wanted(&self) -> bool {
        self.state != State::Stopped
    }

    fn start(&mut self) -> Vec<Effect> {
        let record = self.enter(State::Starting);
        vec![record, self.call()]
    }

    fn lost(&mut self) -> Vec<Effect> {
        let record = self.enter(State::Away);
        self.lost_at_ms = self.now_ms;
        self.plan_recall();
        vec![record]
    }

    /// Calls, and gives up in a while.
    fn call(&mut self) -> Effect {
        self.calls += 1;
        self.call_due = false;
        self.answered = false;
        self.failure = None;
        self.deadline_ms = Some(self.now_ms.saturating_add(CONNECT_MS));
        Effect::CallWebhook
    }

    /// The next call of an app that is away, if there is one left.
    fn plan_recall(&mut self) {
        if let Some(after_ms) = RECALL_MS.get(self.calls) {
            // After a sleep of the computer more than one would be due: each call is given its time all the same.
            let given_ms = if self.calls == 0 { 0 } else { self.now_ms.saturating_add(CONNECT_MS) };
            self.deadline_ms = Some(self.lost_at_ms.saturating_add(*after_ms).max(given_ms));
            self.call_due = true;
        }
    }

    fn start_failed(&mut self, unreachable: bool, words: Words) -> Vec<Effect> {
        if self.call_due {
            return Vec::new();
        }
        if unreachable && self.calls == 1 {
            self.deadline_ms = Some(self.now_ms.saturating_add(RETRY_MS));
            self.call_due = true;
            return vec![self.say(State::Starting, words::calls_again(&words))];
        }
        vec![self.fail(words)]
    }

    fn recall_failed(&mut self, words: Words) -> Vec<Effect> {
        if self.calls >= RECALL_MS.len() {
            return vec![self.fail(words)];
        }
        self.failure = Some(words);
        Vec::new()
    }

    fn answered(&mut self) -> Vec<Effect> {
        if std::mem::replace(&mut self.answered, true) || self.call_due {
            return Vec::new();
        }
        vec![self.say(State::Starting, words::answered())]
    }

    fn due(&mut self) -> Vec<Effect> {
        if self.call_due {
            let effect = self.call();
            if self.state == State::Away {
                self.plan_recall();
            }
            return vec![effect];
        }
        let words = match (self.failure.take(), self.answered) {
            (Some(words), _) => words,
            (None, true) => words::answered_and_stayed_away(),
            (None, false) => words::silent(),
        };
        vec![self.fail(words)]
    }

    fn fail(&mut self, words: Words) -> Effect {
        let words = words::failed(words, self.state == State::Away);
        self.say(State::Failed, words)
    }

    fn enter(&mut self, state: State) -> Effect {
        self.say(state, words::entering(state))
    }

    fn say(&mut self, state: State, words: Words) -> Effect {
        if state != self.state {
            debug_assert!(self.state.can_become(state), "{:?} -> {state:?}", self.state);
            self.deadline_ms = None;
            self.calls = 0;
            self.call_due = false;
            self.answered = false;
            self.failure = None;
        }
        self.state = state;
        self.words = words.clone();
        Effect::Record(words)
    }
}

#[cfg(test)]
mod tests;
