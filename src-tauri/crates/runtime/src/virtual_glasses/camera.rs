//! The camera of virtual glasses, without a socket or a clock: what it does and says when.

use media_engine::ForwardError;
use mentra_wire::StreamStatusWord as Word;

/// Glasses that hear no keep-alive for so long stop by themselves.
const SILENCE_MS: u64 = 60_000;
/// Tries to reconnect.
const TRIES: u32 = 10;
/// The first try comes after so long, each later one half as long again.
const FIRST_TRY_MS: u64 = 1_000;
/// The battery a camera needs.
const LEAST_BATTERY_PERCENT: u8 = 10;

/// Something for the glasses to do, in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Do {
    /// Publish to the address of the last command.
    Publish,
    /// Break the publication off.
    BreakOff,
    /// End it in good order.
    SayGoodbye,
    /// Tell the hub.
    Tell {
        status: Word,
        /// Refusals and `stopping` come without an id, as from real glasses.
        with_id: bool,
        text: Option<String>,
        attempt: Option<(u32, u32)>,
    },
}

/// Why a start is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    NoWifi,
    CameraBusy,
    Battery(u8),
    NoUrl,
    Protocol,
}

impl Refusal {
    pub(super) fn battery(percent: u8) -> Option<Self> {
        (percent < LEAST_BATTERY_PERCENT).then_some(Self::Battery(percent))
    }

    fn text(self) -> String {
        match self {
            Self::NoWifi => "no_wifi_connection".to_owned(),
            Self::CameraBusy => "camera_busy".to_owned(),
            Self::Battery(percent) => {
                format!("Battery level too low ({percent}%) - minimum {LEAST_BATTERY_PERCENT}% required")
            }
            Self::NoUrl => "missing_rtmp_url".to_owned(),
            Self::Protocol => "Unknown stream URL protocol".to_owned(),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Off,
    /// Connecting for the first time.
    Starting,
    Streaming,
    /// Waiting for, or making, so many-th try.
    Reconnecting {
        attempt: u32,
        at_ms: Option<u64>,
    },
}

/// | state        | start                 | stop        | accepted             | broken or ended      | a minute without keep-alive |
/// |--------------|-----------------------|-------------|----------------------|----------------------|-----------------------------|
/// | Off          | Starting, or refused  | not_streaming | -                  | -                    | -                           |
/// | Starting     | the same: -; another: Starting anew | Off | Streaming       | refused by the server: Off; else Reconnecting | Off |
/// | Streaming    | the same: says so; another: Starting anew | Off | -            | Reconnecting         | Off                         |
/// | Reconnecting | the same: -; another: Starting anew | Off | Streaming       | the next try, after ten: Off | Off                 |
#[derive(Debug, Default)]
pub(super) struct Camera {
    state: State,
    stream_id: String,
    heard_at_ms: u64,
}

impl Camera {
    pub(super) fn streams(&self) -> bool {
        self.state == State::Streaming
    }

    pub(super) fn next_deadline_ms(&self) -> Option<u64> {
        let silence_ms = (self.state != State::Off).then_some(self.heard_at_ms + SILENCE_MS);
        let try_ms = match self.state {
            State::Reconnecting { at_ms, .. } => at_ms,
            _ => None,
        };
        silence_ms.into_iter().chain(try_ms).min()
    }

    pub(super) fn start(&mut self, now_ms: u64, stream_id: &str, refusal: Option<Refusal>) -> Vec<Do> {
        if self.state != State::Off && self.stream_id == stream_id {
            self.heard_at_ms = now_ms;
            return self.again();
        }
        if let Some(refusal) = refusal {
            return vec![Do::Tell {
                status: Word::Error,
                with_id: false,
                text: Some(refusal.text()),
                attempt: None,
            }];
        }
        let mut wanted = Vec::new();
        if self.state != State::Off {
            wanted.push(Do::SayGoodbye);
            wanted.push(tell(Word::Stopped));
        }
        self.state = State::Starting;
        stream_id.clone_into(&mut self.stream_id);
        self.heard_at_ms = now_ms;
        // Publishing comes first: it makes the command the present one, whose id the status carries.
        wanted.extend([Do::Publish, tell(Word::Initializing)]);
        wanted
    }

    pub(super) fn stop(&mut self, stream_id: Option<&str>) -> Vec<Do> {
        if self.state == State::Off {
            let text = Some("not_streaming".to_owned());
            return vec![Do::Tell { status: Word::Error, with_id: false, text, attempt: None }];
        }
        if stream_id.is_some_and(|id| id != self.stream_id) {
            return Vec::new();
        }
        self.state = State::Off;
        let stopping = Do::Tell { status: Word::Stopping, with_id: false, text: None, attempt: None };
        vec![stopping, Do::SayGoodbye, tell(Word::Stopped)]
    }

    pub(super) fn kept_alive(&mut self, now_ms: u64, stream_id: &str) {
        if self.stream_id == stream_id {
            self.heard_at_ms = now_ms;
        }
    }

    /// What is so, for a hub that asks again.
    pub(super) fn again(&self) -> Vec<Do> {
        match self.state {
            State::Off => Vec::new(),
            State::Starting => vec![tell(Word::Initializing)],
            State::Streaming => vec![tell(Word::Streaming)],
            State::Reconnecting { attempt, .. } => vec![reconnecting(attempt)],
        }
    }

    pub(super) fn accepted(&mut self) -> Vec<Do> {
        match std::mem::replace(&mut self.state, State::Streaming) {
            State::Off => {
                self.state = State::Off;
                vec![Do::BreakOff]
            }
            State::Reconnecting { .. } => vec![tell(Word::Reconnected), tell(Word::Streaming)],
            State::Starting | State::Streaming => vec![tell(Word::Streaming)],
        }
    }

    /// The publication ended by itself.
    pub(super) fn ended(&mut self, now_ms: u64, error: &ForwardError) -> Vec<Do> {
        let refused =
            matches!(error, ForwardError::ConnectRejected { .. } | ForwardError::PublishRejected { .. });
        match self.state {
            State::Off => Vec::new(),
            State::Starting if refused => {
                self.state = State::Off;
                let text = Some(format!("the server refused the stream: {error}"));
                vec![Do::Tell { status: Word::Error, with_id: true, text, attempt: None }]
            }
            State::Starting | State::Streaming => self.try_again(now_ms, 1),
            State::Reconnecting { attempt, .. } => self.try_again(now_ms, attempt + 1),
        }
    }

    /// The connection breaks, and cannot be made again before `away_ms` are over.
    pub(super) fn broken(&mut self, now_ms: u64, away_ms: u64) -> Vec<Do> {
        let attempt = match self.state {
            State::Off | State::Reconnecting { at_ms: Some(_), .. } => return Vec::new(),
            State::Starting | State::Streaming => 1,
            State::Reconnecting { attempt, at_ms: None } => attempt + 1,
        };
        let mut wanted = vec![Do::BreakOff];
        wanted.extend(self.try_again(now_ms, attempt));
        if let State::Reconnecting { at_ms: Some(at_ms), .. } = &mut self.state {
            *at_ms = (*at_ms).max(now_ms + away_ms);
        }
        wanted
    }

    pub(super) fn tick(&mut self, now_ms: u64) -> Vec<Do> {
        if self.state == State::Off {
            return Vec::new();
        }
        if now_ms >= self.heard_at_ms + SILENCE_MS {
            self.state = State::Off;
            let text = Some("Stream timed out - no keep-alive from cloud".to_owned());
            let timeout = Do::Tell { status: Word::Timeout, with_id: true, text, attempt: None };
            return vec![Do::SayGoodbye, timeout];
        }
        match self.state {
            State::Reconnecting { attempt, at_ms: Some(at_ms) } if now_ms >= at_ms => {
                self.state = State::Reconnecting { attempt, at_ms: None };
                vec![Do::Publish]
            }
            _ => Vec::new(),
        }
    }

    fn try_again(&mut self, now_ms: u64, attempt: u32) -> Vec<Do> {
        if attempt > TRIES {
            self.state = State::Off;
            return vec![tell(Word::ReconnectFailed)];
        }
        let wait_ms = (1..attempt).fold(FIRST_TRY_MS, |wait_ms, _| wait_ms * 3 / 2);
        self.state = State::Reconnecting { attempt, at_ms: Some(now_ms + wait_ms) };
        vec![reconnecting(attempt)]
    }
}

fn tell(status: Word) -> Do {
    Do::Tell { status, with_id: true, text: None, attempt: None }
}

fn reconnecting(attempt: u32) -> Do {
    Do::Tell { status: Word::Reconnecting, with_id: true, text: None, attempt: Some((attempt, TRIES)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(wanted: &[Do]) -> Vec<&str> {
        wanted
            .iter()
            .map(|one| match one {
                Do::Publish => "publish",
                Do::BreakOff => "break off",
                Do::SayGoodbye => "goodbye",
                Do::Tell { status, .. } => status.as_str(),
            })
            .collect()
    }

    fn streaming() -> Camera {
        let mut camera = Camera::default();
        assert_eq!(words(&camera.start(0, "m1", None)), ["publish", "initializing"]);
        assert_eq!(words(&camera.accepted()), ["streaming"]);
        camera
    }

    #[test]
    fn a_stream_from_start_to_stop() {
        let mut camera = streaming();
        assert_eq!(words(&camera.start(1, "m1", None)), ["streaming"], "the same again");
        assert!(camera.stop(Some("m0")).is_empty(), "an older one");
        assert_eq!(words(&camera.stop(Some("m1"))), ["stopping", "goodbye", "stopped"]);
        assert_eq!(words(&camera.stop(None)), ["error"]);
        assert_eq!(camera.next_deadline_ms(), None);
    }

    #[test]
    fn refusals_come_without_an_id() {
        for refusal in [
            Refusal::NoWifi,
            Refusal::CameraBusy,
            Refusal::battery(9).expect("low"),
            Refusal::NoUrl,
            Refusal::Protocol,
        ] {
            let mut camera = Camera::default();
            let wanted = camera.start(0, "m1", Some(refusal));
            assert!(matches!(
                &wanted[..],
                [Do::Tell { status: Word::Error, with_id: false, text: Some(_), .. }]
            ));
            assert!(!camera.streams());
        }
        assert_eq!(Refusal::battery(10), None);
    }

    #[test]
    fn ten_tries_then_it_gives_up() {
        let mut camera = streaming();
        let mut now_ms = 0;
        assert_eq!(words(&camera.broken(now_ms, 0)), ["break off", "reconnecting"]);
        let mut tries = 0;
        loop {
            camera.kept_alive(now_ms, "m1");
            now_ms = camera.next_deadline_ms().expect("a try");
            assert_eq!(words(&camera.tick(now_ms)), ["publish"]);
            tries += 1;
            let wanted = camera.ended(now_ms, &ForwardError::Refused);
            if words(&wanted) == ["reconnect_failed"] {
                break;
            }
            assert_eq!(words(&wanted), ["reconnecting"]);
        }
        assert_eq!(tries, 10);
        assert_eq!(camera.next_deadline_ms(), None);
    }

    #[test]
    fn a_reconnected_stream_says_so() {
        let mut camera = streaming();
        camera.broken(0, 0);
        camera.tick(1_000);
        assert_eq!(words(&camera.accepted()), ["reconnected", "streaming"]);
    }

    #[test]
    fn a_break_may_last() {
        let mut camera = streaming();
        camera.broken(0, 3_000);
        assert_eq!(camera.next_deadline_ms(), Some(3_000));
        assert!(camera.broken(10, 3_000).is_empty(), "broken already");
        assert_eq!(words(&camera.tick(3_000)), ["publish"]);
        assert_eq!(words(&camera.broken(3_100, 0)), ["break off", "reconnecting"], "before it was accepted");
        assert_eq!(camera.next_deadline_ms(), Some(4_600));
    }

    #[test]
    fn a_server_that_refuses_is_final() {
        let mut camera = Camera::default();
        camera.start(0, "s1", None);
        let refused = ForwardError::PublishRejected { description: "bad key".to_owned() };
        assert_eq!(words(&camera.ended(5, &refused)), ["error"]);
        assert_eq!(camera.next_deadline_ms(), None);
    }

    #[test]
    fn a_minute_of_silence_stops_it() {
        let mut camera = streaming();
        camera.kept_alive(30_000, "m1");
        assert!(camera.tick(89_999).is_empty());
        assert_eq!(words(&camera.tick(90_000)), ["goodbye", "timeout"]);
    }

    #[test]
    fn another_stream_takes_the_place_of_the_one_before() {
        let mut camera = streaming();
        assert_eq!(words(&camera.start(1, "m2", None)), ["goodbye", "stopped", "publish", "initializing"]);
    }
}
