//! The states of a session and the table of what may follow what.

use crate::EndReason;

/// Where one attempt to stream stands.
///
/// | from \ to      | AwaitingCamera | AwaitingMedia | Live | Interrupted | Stopping | Ended with                                     |
/// |----------------|----------------|---------------|------|-------------|----------|------------------------------------------------|
/// | Idle           | start          | -             | -    | restart     | -        | -                                              |
/// | AwaitingCamera | -              | camera runs   | -    | -           | stop     | CameraSilent, CameraFailed, Refused, TooSlow, Fault |
/// | AwaitingMedia  | -              | -             | playable | -       | stop     | CameraFailed, NoMedia, NotPlayable, Refused, TooSlow, Fault |
/// | Live           | -              | -             | -    | media gone  | stop     | Lost, CameraFailed, Refused, Fault             |
/// | Interrupted    | -              | -             | playable | -       | stop     | Lost, Restarted, NotPlayable, CameraFailed, Refused, Fault |
/// | Stopping       | -              | -             | -    | -           | -        | Stopped                                        |
/// | Ended          | -              | -             | -    | -           | -        | -                                              |
///
/// `stop` is one that was asked for, the camera's own, or the end of a time limit. An unmanaged stream goes the same
/// ways, only never to NotPlayable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Nothing was started yet.
    Idle,
    /// The camera was asked to start and has not answered; a manual one: no encoder has come yet.
    AwaitingCamera,
    /// The camera runs; nothing is playable yet, or the far side of an unmanaged stream does not take it yet.
    AwaitingMedia,
    /// Playable; unmanaged: the far side takes it.
    Live,
    /// No playable media arrives, or the camera lost the far side; what there is is held until the grace time is over.
    Interrupted,
    /// A stop was asked for and is being carried out.
    Stopping,
    /// Final.
    Ended(EndReason),
}

impl State {
    /// Whether `next` may follow this state: the table above.
    pub fn can_become(self, next: Self) -> bool {
        match self {
            Self::Idle => matches!(next, Self::AwaitingCamera | Self::Interrupted),
            Self::AwaitingCamera => match next {
                Self::AwaitingMedia | Self::Stopping => true,
                Self::Ended(reason) => matches!(
                    reason,
                    EndReason::CameraSilent
                        | EndReason::CameraFailed
                        | EndReason::Refused
                        | EndReason::TooSlow
                        | EndReason::Fault
                ),
                _ => false,
            },
            Self::AwaitingMedia => match next {
                Self::Live | Self::Stopping => true,
                Self::Ended(reason) => matches!(
                    reason,
                    EndReason::CameraFailed
                        | EndReason::NoMedia
                        | EndReason::NotPlayable
                        | EndReason::Refused
                        | EndReason::TooSlow
                        | EndReason::Fault
                ),
                _ => false,
            },
            Self::Live => match next {
                Self::Interrupted | Self::Stopping => true,
                Self::Ended(reason) => matches!(
                    reason,
                    EndReason::Lost | EndReason::CameraFailed | EndReason::Refused | EndReason::Fault
                ),
                _ => false,
            },
            Self::Interrupted => match next {
                Self::Live | Self::Stopping => true,
                Self::Ended(reason) => matches!(
                    reason,
                    EndReason::Lost
                        | EndReason::Restarted
                        | EndReason::NotPlayable
                        | EndReason::CameraFailed
                        | EndReason::Refused
                        | EndReason::Fault
                ),
                _ => false,
            },
            Self::Stopping => matches!(next, Self::Ended(EndReason::Stopped(_))),
            Self::Ended(_) => false,
        }
    }

    /// Something was started and has not ended.
    pub fn is_running(self) -> bool {
        !matches!(self, Self::Idle | Self::Ended(_))
    }

    /// The word kept in history; why it ended is kept beside it ([`EndReason::code`]).
    pub fn code(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::AwaitingCamera => "awaiting_camera",
            Self::AwaitingMedia => "awaiting_media",
            Self::Live => "live",
            Self::Interrupted => "interrupted",
            Self::Stopping => "stopping",
            Self::Ended(_) => "ended",
        }
    }

    /// The reason, if it ended.
    pub fn end_reason(self) -> Option<EndReason> {
        match self {
            Self::Ended(reason) => Some(reason),
            _ => None,
        }
    }

    /// Reads the two words kept in history. None if either is unknown, or a reason is missing or out of place.
    pub fn from_codes(state: &str, reason: Option<&str>) -> Option<Self> {
        if let Some(reason) = reason {
            return if state == "ended" { EndReason::from_code(reason).map(Self::Ended) } else { None };
        }
        [Self::Idle, Self::AwaitingCamera, Self::AwaitingMedia, Self::Live, Self::Interrupted, Self::Stopping]
            .into_iter()
            .find(|candidate| candidate.code() == state)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use EndReason as R;
    use State as S;

    pub(crate) fn every_state() -> Vec<State> {
        let mut states =
            vec![S::Idle, S::AwaitingCamera, S::AwaitingMedia, S::Live, S::Interrupted, S::Stopping];
        states.extend(EndReason::ALL.map(State::Ended));
        states
    }

    /// The table of the doc comment, written out once more so that one slip is caught by the other.
    fn row(from: State) -> (Vec<State>, Vec<EndReason>) {
        use crate::StopBy::{App, Camera, Shutdown, TimeLimit, User};
        match from {
            S::Idle => (vec![S::AwaitingCamera, S::Interrupted], vec![]),
            S::AwaitingCamera => (
                vec![S::AwaitingMedia, S::Stopping],
                vec![R::CameraSilent, R::CameraFailed, R::Refused, R::TooSlow, R::Fault],
            ),
            S::AwaitingMedia => (
                vec![S::Live, S::Stopping],
                vec![R::CameraFailed, R::NoMedia, R::NotPlayable, R::Refused, R::TooSlow, R::Fault],
            ),
            S::Live => {
                (vec![S::Interrupted, S::Stopping], vec![R::Lost, R::CameraFailed, R::Refused, R::Fault])
            }
            S::Interrupted => (
                vec![S::Live, S::Stopping],
                vec![R::Lost, R::Restarted, R::NotPlayable, R::CameraFailed, R::Refused, R::Fault],
            ),
            S::Stopping => (vec![], [User, App, Shutdown, Camera, TimeLimit].map(R::Stopped).to_vec()),
            S::Ended(_) => (vec![], vec![]),
        }
    }

    #[test]
    fn the_table_holds_for_every_pair() {
        for from in every_state() {
            let (states, reasons) = row(from);
            for to in every_state() {
                let allowed = match to {
                    S::Ended(reason) => reasons.contains(&reason),
                    other => states.contains(&other),
                };
                assert_eq!(from.can_become(to), allowed, "{from:?} -> {to:?}");
            }
        }
    }

    #[test]
    fn every_running_state_can_be_stopped() {
        for state in every_state().into_iter().filter(|state| state.is_running()) {
            assert!(state == S::Stopping || state.can_become(S::Stopping), "{state:?}");
        }
    }

    #[test]
    fn codes_are_read_back() {
        for state in every_state() {
            assert_eq!(State::from_codes(state.code(), state.end_reason().map(R::code)), Some(state));
        }
    }

    #[test]
    fn codes_out_of_place_are_refused() {
        assert_eq!(State::from_codes("ended", None), None);
        assert_eq!(State::from_codes("live", Some("lost")), None);
        assert_eq!(State::from_codes("ended", Some("bored")), None);
        assert_eq!(State::from_codes("playing", None), None);
    }
}
