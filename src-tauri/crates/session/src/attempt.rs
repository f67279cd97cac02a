//! The machine behind [`crate::Session`] once something was started.

use crate::words;
use crate::{
    APP_START_MS, CAMERA_ANSWER_MS, CLOUD_PATIENCE_MS, CameraLink, Delivery, Effect, EndReason, Input,
    MAX_GRACE_MS, Options, PLAYABLE_MS, Resume, STOPPING_MS, Start, Starter, State, StateChange, StopBy,
    StreamId, Tone, Words,
};

/// One stream from its start to its end.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) stream_id: StreamId,
    pub(crate) link: CameraLink,
    pub(crate) delivery: Delivery,
    pub(crate) starter: Starter,
    pub(crate) options: Options,
    pub(crate) state: State,
    pub(crate) words: Words,
    pub(crate) started_at_ms: u64,
    pub(crate) live_since_ms: Option<u64>,
    pub(crate) interrupted_since_ms: Option<u64>,
    pub(crate) ended_at_ms: Option<u64>,
    now_ms: u64,
    grace_ms: u64,
    /// How long it may run from when it was live first.
    duration_limit_ms: Option<u64>,
    /// When the present state gives up.
    deadline_ms: Option<u64>,
    /// When an app's attempt that never was live gives up.
    start_deadline_ms: Option<u64>,
    /// When an interruption gives up if nobody sends.
    grace_over_ms: u64,
    /// Somebody sends something that was not refused. Never of an unmanaged stream.
    media: bool,
    /// The words are an [`Input::Note`].
    noted: bool,
    /// Why the stream does not play, as far as anybody said.
    hint: Option<Words>,
    /// Not live since the program was restarted.
    since_restart: bool,
    /// Who asked for the stop that is being carried out.
    stop_by: StopBy,
}

impl Attempt {
    /// A new stream.
    pub(crate) fn start(now_ms: u64, start: Start) -> (Self, Vec<Effect>) {
        let mut attempt = Self::new(now_ms, start);
        let effects = attempt.await_camera(false);
        (attempt, effects)
    }

    /// A stream of the last run: interrupted if it was playable once, else waiting for its camera as after a start.
    pub(crate) fn resume(now_ms: u64, resume: Resume) -> (Self, Vec<Effect>) {
        let start = Start {
            stream_id: resume.stream_id,
            link: resume.link,
            delivery: resume.delivery,
            options: resume.options,
            starter: resume.starter,
            duration_limit_ms: resume.duration_limit_ms,
            grace_ms: resume.grace_ms,
        };
        let mut attempt = Self::new(now_ms, start);
        attempt.started_at_ms = resume.started_at_ms;
        attempt.live_since_ms = resume.live_since_ms;
        let effects = if attempt.live_since_ms.is_none() {
            attempt.await_camera(true)
        } else {
            attempt.since_restart = true;
            attempt.start_deadline_ms = None;
            attempt.hold_urls();
            let record = attempt.enter(State::Interrupted, words::resumed(attempt.link, attempt.delivery));
            attempt.and_set_up(record, true)
        };
        (attempt, effects)
    }

    /// Takes in what happened: see [`crate::Session::handle`].
    pub(crate) fn handle(&mut self, now_ms: u64, input: Input) -> Vec<Effect> {
        self.now_ms = self.now_ms.max(now_ms);
        let commanded = self.link.is_commanded();
        match (self.state, input) {
            (State::Idle | State::Ended(_), _) => Vec::new(),
            (_, Input::Tick) => self.tick(),
            (State::Stopping, Input::Closed) => self.stopped(),
            (State::Stopping, _) => Vec::new(),

            (_, Input::Stop { by }) => self.stop(by),
            (_, Input::CameraStopped) if commanded => self.stop(StopBy::Camera),
            (_, Input::Note { words }) => self.noted(words),
            (_, Input::Fault { words }) => self.fail(EndReason::Fault, Some(words)),
            (_, Input::CameraFailed { words }) => self.fail(EndReason::CameraFailed, Some(words)),
            (_, Input::Refused { words }) if commanded => self.fail(EndReason::Refused, Some(words)),
            (_, Input::Refused { words }) => self.refused(words),

            (State::AwaitingCamera, Input::CameraStarted) if commanded => vec![self.await_media()],
            (_, Input::CameraStarted) if commanded => self.take_note_back(),
            (_, input) if self.delivery == Delivery::Unmanaged => self.unmanaged(input),

            (State::AwaitingCamera, Input::MediaArrived) => vec![self.await_media(), self.media_arrived()],
            (State::AwaitingMedia | State::Interrupted, Input::MediaArrived) => vec![self.media_arrived()],
            (State::AwaitingMedia | State::Interrupted, Input::Playable) if self.media => vec![self.live()],
            (State::AwaitingMedia | State::Interrupted, Input::ProbeFailed { words }) => {
                self.hint = Some(words);
                Vec::new()
            }
            (State::AwaitingMedia, Input::MediaLost) => self.media_left_early(),
            (State::Live, Input::MediaLost) => self.interrupt(None),
            (State::Interrupted, Input::MediaLost) => {
                self.media = false;
                self.deadline_ms = Some(self.grace_over_ms);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// What the camera says of a stream nobody here sees. It is live without being probed.
    fn unmanaged(&mut self, input: Input) -> Vec<Effect> {
        match (self.state, input) {
            // The table knows no way past AwaitingMedia.
            (State::AwaitingCamera, Input::Playable) => vec![self.await_media(), self.live()],
            (State::AwaitingMedia | State::Interrupted, Input::Playable) => vec![self.live()],
            (State::Live, Input::MediaLost) => self.interrupt(None),
            _ => Vec::new(),
        }
    }

    /// The earliest of what the state, an app's patience and the stream's limit allow.
    pub(crate) fn next_deadline_ms(&self) -> Option<u64> {
        [self.deadline_ms, self.start_deadline_ms, self.limit_at_ms()].into_iter().flatten().min()
    }

    /// When the stream's time is over, if it has a limit and was live.
    pub(crate) fn limit_at_ms(&self) -> Option<u64> {
        let running = self.state.is_running() && self.state != State::Stopping;
        let limit_ms = self.duration_limit_ms.filter(|_| running)?;
        Some(self.live_since_ms?.saturating_add(limit_ms))
    }

    /// From the next interruption on.
    pub(crate) fn set_grace_ms(&mut self, grace_ms: u64) {
        self.grace_ms = grace_ms.min(MAX_GRACE_MS);
    }

    fn new(now_ms: u64, start: Start) -> Self {
        let by_app = start.starter == Starter::App;
        Self {
            stream_id: start.stream_id,
            link: start.link,
            delivery: start.delivery,
            starter: start.starter,
            options: start.options,
            state: State::Idle,
            words: words::entering(State::Idle, start.link, start.delivery),
            started_at_ms: now_ms,
            live_since_ms: None,
            interrupted_since_ms: None,
            ended_at_ms: None,
            now_ms,
            grace_ms: start.grace_ms.min(MAX_GRACE_MS),
            duration_limit_ms: start.duration_limit_ms.filter(|limit_ms| *limit_ms > 0),
            deadline_ms: None,
            start_deadline_ms: by_app.then(|| now_ms.saturating_add(APP_START_MS)),
            grace_over_ms: 0,
            media: false,
            noted: false,
            hint: None,
            since_restart: false,
            stop_by: StopBy::User,
        }
    }

    /// How long a step may take that takes `here_ms` on this computer.
    fn patience_ms(&self, here_ms: u64) -> u64 {
        if self.link == CameraLink::Cloud || self.delivery == Delivery::Cloud {
            CLOUD_PATIENCE_MS
        } else {
            here_ms
        }
    }

    fn await_camera(&mut self, resumed: bool) -> Vec<Effect> {
        let commanded = self.link.is_commanded();
        self.deadline_ms = commanded.then(|| self.after(self.patience_ms(CAMERA_ANSWER_MS)));
        let record = self.enter_plainly(State::AwaitingCamera);
        self.and_set_up(record, resumed)
    }

    fn await_media(&mut self) -> Effect {
        self.deadline_ms = Some(self.after(self.patience_ms(PLAYABLE_MS)));
        self.enter_plainly(State::AwaitingMedia)
    }

    fn media_arrived(&mut self) -> Effect {
        self.media = true;
        self.hint = None;
        if self.state == State::Interrupted {
            // Media that came back in time gets the time to become playable, even past the grace.
            self.deadline_ms = Some(self.grace_over_ms.max(self.after(self.patience_ms(PLAYABLE_MS))));
        } else if !self.link.is_commanded() || self.delivery == Delivery::Cloud {
            self.deadline_ms = Some(self.after(self.patience_ms(PLAYABLE_MS)));
        }
        Effect::Probe
    }

    fn live(&mut self) -> Effect {
        self.live_since_ms.get_or_insert(self.now_ms);
        self.interrupted_since_ms = None;
        self.deadline_ms = None;
        self.start_deadline_ms = None;
        self.since_restart = false;
        self.hint = None;
        self.enter_plainly(State::Live)
    }

    /// A commanded camera keeps its deadline; an encoder the user runs may take its time to come again.
    fn media_left_early(&mut self) -> Vec<Effect> {
        let had_media = std::mem::take(&mut self.media);
        if self.link.is_commanded() || !had_media {
            return Vec::new();
        }
        self.deadline_ms = None;
        self.note(words::left_early())
    }

    /// An encoder the user runs sends what cannot be carried: the user may set it right and come again.
    fn refused(&mut self, words: Words) -> Vec<Effect> {
        self.media = false;
        self.hint = Some(words.clone());
        match self.state {
            State::Live => self.interrupt(Some(words)),
            State::Interrupted => {
                self.deadline_ms = Some(self.grace_over_ms);
                self.note(words)
            }
            _ => {
                self.deadline_ms = None;
                self.note(words)
            }
        }
    }

    fn interrupt(&mut self, words: Option<Words>) -> Vec<Effect> {
        self.media = false;
        if self.grace_ms == 0 {
            return self.fail(EndReason::Lost, None);
        }
        self.hold_urls();
        let words = words.unwrap_or_else(|| self.words_of(State::Interrupted));
        vec![self.enter(State::Interrupted, words)]
    }

    fn hold_urls(&mut self) {
        self.interrupted_since_ms = Some(self.now_ms);
        self.grace_over_ms = self.after(self.grace_ms);
        self.deadline_ms = Some(self.grace_over_ms);
    }

    fn stop(&mut self, by: StopBy) -> Vec<Effect> {
        self.stop_by = by;
        self.interrupted_since_ms = None;
        // An app that still waits for its stream hears the end of it before it gives up.
        let patience_ms = self.start_deadline_ms.take().unwrap_or(u64::MAX);
        self.deadline_ms = Some(self.after(STOPPING_MS).min(patience_ms));
        let record = self.enter_plainly(State::Stopping);
        self.and_tear_down(record)
    }

    fn stopped(&mut self) -> Vec<Effect> {
        let reason = EndReason::Stopped(self.stop_by);
        vec![self.end(reason, self.words_of(State::Ended(reason)))]
    }

    /// Ends the attempt for good. `cause` replaces the general words, which lend it their next step if it has
    /// none; without a cause, the last hint is added to them.
    fn fail(&mut self, reason: EndReason, cause: Option<Words>) -> Vec<Effect> {
        let general = self.words_of(State::Ended(reason));
        let words = match (cause, self.hint.take()) {
            (Some(cause), _) => Words {
                tone: Tone::Error,
                next_step: cause.next_step.or(general.next_step),
                text: cause.text,
            },
            (None, Some(hint)) => general.because(&hint),
            (None, None) => general,
        };
        let record = self.end(reason, words);
        self.and_tear_down(record)
    }

    fn tick(&mut self) -> Vec<Effect> {
        let due = |deadline_ms: Option<u64>| deadline_ms.is_some_and(|at_ms| at_ms <= self.now_ms);
        let limit_at_ms = self.limit_at_ms();
        if due(limit_at_ms) && limit_at_ms <= self.deadline_ms.or(limit_at_ms) {
            return self.stop(StopBy::TimeLimit);
        }
        if !due(self.deadline_ms) {
            return if due(self.start_deadline_ms) {
                self.fail(EndReason::TooSlow, None)
            } else {
                Vec::new()
            };
        }
        match self.state {
            State::AwaitingCamera => self.fail(EndReason::CameraSilent, None),
            State::AwaitingMedia | State::Interrupted if self.media => {
                self.fail(EndReason::NotPlayable, None)
            }
            State::AwaitingMedia => self.fail(EndReason::NoMedia, None),
            State::Interrupted if self.since_restart => self.fail(EndReason::Restarted, None),
            State::Interrupted => self.fail(EndReason::Lost, None),
            State::Stopping => self.stopped(),
            State::Idle | State::Live | State::Ended(_) => Vec::new(),
        }
    }

    fn after(&self, delay_ms: u64) -> u64 {
        self.now_ms.saturating_add(delay_ms)
    }

    fn and_set_up(&self, record: Effect, resumed: bool) -> Vec<Effect> {
        let provision = (self.delivery == Delivery::Managed).then_some(Effect::Provision { resumed });
        let camera = self.link.is_commanded().then_some(Effect::StartCamera);
        [record].into_iter().chain(provision).chain(camera).collect()
    }

    fn and_tear_down(&self, record: Effect) -> Vec<Effect> {
        let camera = self.link.is_commanded().then_some(Effect::StopCamera);
        [record].into_iter().chain(camera).chain([Effect::Release]).collect()
    }

    fn end(&mut self, reason: EndReason, words: Words) -> Effect {
        self.ended_at_ms = Some(self.now_ms);
        self.interrupted_since_ms = None;
        self.deadline_ms = None;
        self.start_deadline_ms = None;
        self.enter(State::Ended(reason), words)
    }

    fn enter_plainly(&mut self, state: State) -> Effect {
        self.enter(state, self.words_of(state))
    }

    fn words_of(&self, state: State) -> Words {
        words::entering(state, self.link, self.delivery)
    }

    fn enter(&mut self, state: State, words: Words) -> Effect {
        debug_assert!(self.state.can_become(state), "{:?} -> {state:?}", self.state);
        self.state = state;
        self.noted = false;
        self.words = words.clone();
        Effect::Record(StateChange { at_ms: self.now_ms, state, words })
    }

    /// Says what somebody has to say about the present state, until the camera goes on.
    fn noted(&mut self, words: Words) -> Vec<Effect> {
        let effects = self.note(words);
        self.noted |= !effects.is_empty();
        effects
    }

    fn take_note_back(&mut self) -> Vec<Effect> {
        if self.noted { self.note(self.words_of(self.state)) } else { Vec::new() }
    }

    /// Says something new about the present state. The same words again are no news, so an encoder that keeps trying
    /// does not fill the history.
    fn note(&mut self, words: Words) -> Vec<Effect> {
        if self.words == words {
            return Vec::new();
        }
        self.noted = false;
        self.words = words.clone();
        vec![Effect::Record(StateChange { at_ms: self.now_ms, state: self.state, words })]
    }
}
