//! One attempt to stream, as a machine that is told what happened and when.

use crate::attempt::Attempt;
use crate::{CameraLink, Delivery, Effect, Input, Options, Starter, State, StreamId, Words, words};

/// A commanded camera must answer within this.
pub const CAMERA_ANSWER_MS: u64 = 10_000;
/// Media must be playable within this: from the camera's start if it is commanded, from its first media if not.
pub const PLAYABLE_MS: u64 = 15_000;
/// How long URLs are held after media stopped, unless chosen otherwise.
pub const DEFAULT_GRACE_MS: u64 = 60_000;
/// The longest grace time that can be chosen.
pub const MAX_GRACE_MS: u64 = 1_800_000;
/// What the MentraOS cloud is asked for must be there within this, each step: it tells nobody when it gives up.
pub const CLOUD_PATIENCE_MS: u64 = 40_000;
/// A stop is over after this even if not everything closed.
pub const STOPPING_MS: u64 = 5_000;
/// An attempt started by an app is live or over within this; its library gives up at 30 s.
pub const APP_START_MS: u64 = 25_000;

/// One attempt to stream. A new start takes a new `Session`; an ended one ignores every input.
///
/// `now_ms` is Unix time from a clock that does not jump: the time at which the program came up plus a monotonic
/// clock's elapsed time. A `now_ms` before the last one is taken as the last one.
///
/// What gives up when:
///
/// | state          | manual camera                             | commanded camera                 | ends as      |
/// |----------------|-------------------------------------------|----------------------------------|--------------|
/// | AwaitingCamera | never                                     | 10 s; by the cloud 40 s          | CameraSilent |
/// | AwaitingMedia  | 15 s after media came, never without any  | 15 s, by the cloud 40 s; with media / without | NotPlayable / NoMedia |
/// | any before Live, started by an app | 25 s after the start  | 25 s after the start             | TooSlow      |
/// | any from Live on, with a limit | the limit after it was live first | the same                 | Stopped by TimeLimit |
/// | Interrupted    | grace; with media again at least 15 s     | the same                         | Lost, Restarted / NotPlayable |
/// | Stopping       | 5 s, within the 25 s of an app            | the same                         | Stopped      |
///
/// Nobody here sees the media of an unmanaged stream, so what its camera says stands in for it: its AwaitingMedia ends
/// as NoMedia, its Interrupted as Lost or Restarted. A stream that the cloud delivers is probed like one of this computer:
/// [`Input::MediaArrived`] is the cloud's word that it is live, and counts 40 s anew until it truly plays.
#[derive(Debug)]
pub struct Session {
    attempt: Option<Attempt>,
    idle_words: Words,
}

impl Default for Session {
    fn default() -> Self {
        Self::new()
    }
}

impl Session {
    /// A session in which nothing was started.
    pub fn new() -> Self {
        Self {
            attempt: None,
            idle_words: words::entering(State::Idle, CameraLink::Manual, Delivery::Managed),
        }
    }

    /// Takes in what happened at `now_ms` and returns what is to be done about it, in order.
    ///
    /// Only [`Input::Tick`] expires deadlines: what arrives before the tick still counts. A stop while nothing runs
    /// has nothing to do and returns nothing.
    pub fn handle(&mut self, now_ms: u64, input: Input) -> Vec<Effect> {
        let (attempt, effects) = match (&mut self.attempt, input) {
            (Some(attempt), input) => return attempt.handle(now_ms, input),
            (None, Input::Start(start)) => Attempt::start(now_ms, start),
            (None, Input::Resume(resume)) => Attempt::resume(now_ms, resume),
            (None, _) => return Vec::new(),
        };
        self.attempt = Some(attempt);
        effects
    }

    /// When to send [`Input::Tick`]; None while nothing gives up by itself. May lie in the past: then tick at once.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.attempt.as_ref()?.next_deadline_ms()
    }

    /// Changes the grace time from the next interruption on; clamped to [`MAX_GRACE_MS`].
    pub fn set_grace_ms(&mut self, grace_ms: u64) {
        if let Some(attempt) = &mut self.attempt {
            attempt.set_grace_ms(grace_ms);
        }
    }

    /// From now on WebRTC playback is asked for; nobody takes that back while the stream runs. True if that is news.
    /// Nobody here plays an unmanaged stream, and nothing is asked of one that is over.
    pub fn enable_webrtc(&mut self) -> bool {
        let asked = self.attempt.as_mut().filter(|attempt| {
            attempt.state.is_running()
                && attempt.delivery == Delivery::Managed
                && !attempt.options.enable_webrtc
        });
        asked.map(|attempt| attempt.options.enable_webrtc = true).is_some()
    }

    /// Where the attempt stands.
    pub fn state(&self) -> State {
        self.attempt.as_ref().map_or(State::Idle, |attempt| attempt.state)
    }

    /// What is said about it.
    pub fn words(&self) -> &Words {
        self.attempt.as_ref().map_or(&self.idle_words, |attempt| &attempt.words)
    }

    /// The stream's id; None while idle.
    pub fn stream_id(&self) -> Option<&StreamId> {
        self.attempt.as_ref().map(|attempt| &attempt.stream_id)
    }

    /// How the camera is reached; None while idle.
    pub fn link(&self) -> Option<CameraLink> {
        self.attempt.as_ref().map(|attempt| attempt.link)
    }

    /// Where the media goes; managed while idle.
    pub fn delivery(&self) -> Delivery {
        self.attempt.as_ref().map(|attempt| attempt.delivery).unwrap_or_default()
    }

    /// Who asked for the stream; None while idle.
    pub fn starter(&self) -> Option<Starter> {
        self.attempt.as_ref().map(|attempt| attempt.starter)
    }

    /// What was asked of the stream; the defaults while idle.
    pub fn options(&self) -> Options {
        self.attempt.as_ref().map(|attempt| attempt.options).unwrap_or_default()
    }

    /// When the stream was started, Unix milliseconds.
    pub fn started_at_ms(&self) -> Option<u64> {
        self.attempt.as_ref().map(|attempt| attempt.started_at_ms)
    }

    /// When it first became playable, Unix milliseconds.
    pub fn live_since_ms(&self) -> Option<u64> {
        self.attempt.as_ref()?.live_since_ms
    }

    /// When its time is over, Unix milliseconds; None without a limit, before it was live and once it is being stopped.
    pub fn limit_at_ms(&self) -> Option<u64> {
        self.attempt.as_ref()?.limit_at_ms()
    }

    /// When the present interruption began, Unix milliseconds; None unless interrupted.
    pub fn interrupted_since_ms(&self) -> Option<u64> {
        self.attempt.as_ref()?.interrupted_since_ms
    }

    /// When it ended, Unix milliseconds.
    pub fn ended_at_ms(&self) -> Option<u64> {
        self.attempt.as_ref()?.ended_at_ms
    }
}

#[cfg(test)]
mod tests;
