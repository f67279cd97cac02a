//! Who may start what while what runs: pure functions, each with its table.

use crate::{CameraLink, EndReason, State, StopBy, Words};

/// What becomes of a request to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartDecision {
    /// A new stream starts.
    New,
    /// The request joins the stream that runs; its options are those of the first request.
    Join,
    /// Refused for now; the words name who holds the camera.
    Busy(Words),
}

/// Decides about a request to start.
///
/// `running` is the camera link of the current session, `wanted` the one asked for; None accepts any.
///
/// | current                                          | wanted: any or the running one | wanted: another one |
/// |--------------------------------------------------|--------------------------------|---------------------|
/// | Idle, Ended                                      | New                            | New                 |
/// | AwaitingCamera, AwaitingMedia, Live, Interrupted | Join                           | Busy                |
/// | Stopping                                         | Busy                           | Busy                |
pub fn start(current: State, running: Option<CameraLink>, wanted: Option<CameraLink>) -> StartDecision {
    match current {
        State::Idle | State::Ended(_) => StartDecision::New,
        State::Stopping => StartDecision::Busy(
            Words::warning("The last stream is still being stopped.").then("Try again in a few seconds."),
        ),
        State::AwaitingCamera | State::AwaitingMedia | State::Live | State::Interrupted => {
            match (running, wanted) {
                (Some(CameraLink::Manual), Some(CameraLink::Demo)) => StartDecision::Busy(
                    Words::warning("The running stream belongs to your encoder.")
                        .then("Stop it first, then start the demo camera."),
                ),
                (Some(CameraLink::Demo), Some(CameraLink::Manual)) => StartDecision::Busy(
                    Words::warning("The running stream belongs to the demo camera.")
                        .then("Stop it first, then start with your encoder."),
                ),
                _ => StartDecision::Join,
            }
        }
    }
}

/// What becomes of a publisher that presents the right key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishDecision {
    /// It feeds the stream that runs.
    Admit,
    /// A stream is started for it, then it is admitted.
    StartFirst,
    /// It is disconnected.
    Refuse(Words),
}

/// What a decision about a publisher rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish {
    /// State of the current session.
    pub current: State,
    /// Its camera link, if it has one.
    pub running: Option<CameraLink>,
    /// What kind of camera publishes.
    pub publisher: CameraLink,
    /// The user lets an encoder start a stream by connecting.
    pub start_on_publish: bool,
    /// The last stream was stopped while this encoder was sending, and it has kept trying since.
    pub held_off: bool,
}

/// Decides about a publisher that presents the right key.
///
/// | current                                          | publisher                   | decision                              |
/// |--------------------------------------------------|-----------------------------|---------------------------------------|
/// | AwaitingCamera, AwaitingMedia, Live, Interrupted | of the running camera link  | Admit (takes over a stale one)        |
/// | the same                                         | of the other camera link    | Refuse                                |
/// | Stopping                                         | any                         | Refuse                                |
/// | Idle, Ended                                      | encoder, allowed to start, not held off | StartFirst                |
/// | Idle, Ended                                      | any other                   | Refuse                                |
pub fn publish(request: Publish) -> PublishDecision {
    match request.current {
        State::AwaitingCamera | State::AwaitingMedia | State::Live | State::Interrupted => {
            if request.running == Some(request.publisher) {
                PublishDecision::Admit
            } else {
                PublishDecision::Refuse(match request.publisher {
                    CameraLink::Manual => Words::warning("The demo camera is streaming.")
                        .then("Stop it here to let your encoder in."),
                    CameraLink::Demo => Words::warning("The running stream belongs to your encoder."),
                })
            }
        }
        State::Stopping => PublishDecision::Refuse(Words::warning("The stream is being stopped.")),
        State::Idle | State::Ended(_) => match request {
            Publish { held_off: true, .. } => PublishDecision::Refuse(
                Words::warning("The stream was stopped here, and your encoder keeps trying.")
                    .then("Start again to let it in."),
            ),
            Publish { publisher: CameraLink::Manual, start_on_publish: true, .. } => {
                PublishDecision::StartFirst
            }
            _ => PublishDecision::Refuse(
                Words::warning("An encoder tries to connect while no stream is started.")
                    .then("Start a stream to let it in."),
            ),
        },
    }
}

/// What becomes of a stream the last run of the program left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartDecision {
    /// It goes on: [`crate::Input::Resume`].
    Resume,
    /// It is closed in history with this reason.
    Close(EndReason),
}

/// Decides about a stream the last run of the program left open.
///
/// `newest` says that no later stream was left open: one stream runs at a time, so only that one may go on.
///
/// | left in                                          | newest | decision            |
/// |--------------------------------------------------|--------|---------------------|
/// | AwaitingCamera, AwaitingMedia, Live, Interrupted | yes    | Resume              |
/// | the same, or Idle                                | no     | Close as Restarted  |
/// | Stopping                                         | any    | Close as stopped    |
/// | Ended                                            | any    | Close as it ended   |
pub fn restart(left_in: State, newest: bool) -> RestartDecision {
    match left_in {
        State::Ended(reason) => RestartDecision::Close(reason),
        State::Stopping => RestartDecision::Close(EndReason::Stopped(StopBy::Shutdown)),
        state if newest && state.is_running() => RestartDecision::Resume,
        _ => RestartDecision::Close(EndReason::Restarted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::every_state;

    const RUNNING: [State; 4] =
        [State::AwaitingCamera, State::AwaitingMedia, State::Live, State::Interrupted];
    const LINKS: [CameraLink; 2] = CameraLink::ALL;

    #[test]
    fn starts_follow_the_table() {
        for state in every_state() {
            for running in LINKS {
                for wanted in [None, Some(CameraLink::Manual), Some(CameraLink::Demo)] {
                    let fits = wanted.is_none_or(|link| link == running);
                    match start(state, Some(running), wanted) {
                        StartDecision::New => assert!(!state.is_running(), "{state:?}"),
                        StartDecision::Join => assert!(RUNNING.contains(&state) && fits, "{state:?}"),
                        StartDecision::Busy(words) => {
                            assert!(
                                state == State::Stopping || (RUNNING.contains(&state) && !fits),
                                "{state:?}"
                            );
                            assert!(words.next_step.is_some());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn publishers_follow_the_table() {
        let flags = [false, true];
        for current in every_state() {
            for (running, publisher) in LINKS.into_iter().flat_map(|a| LINKS.map(|b| (a, b))) {
                for (start_on_publish, held_off) in flags.into_iter().flat_map(|a| flags.map(|b| (a, b))) {
                    let request =
                        Publish { current, running: Some(running), publisher, start_on_publish, held_off };
                    let admit = RUNNING.contains(&current) && running == publisher;
                    let start_first = !current.is_running()
                        && publisher == CameraLink::Manual
                        && start_on_publish
                        && !held_off;
                    let decision = publish(request);
                    assert_eq!(decision == PublishDecision::Admit, admit, "{request:?}");
                    assert_eq!(decision == PublishDecision::StartFirst, start_first, "{request:?}");
                }
            }
        }
    }

    #[test]
    fn restarts_follow_the_table() {
        for state in every_state() {
            for newest in [false, true] {
                let wanted = match state {
                    State::Ended(reason) => RestartDecision::Close(reason),
                    State::Stopping => RestartDecision::Close(EndReason::Stopped(StopBy::Shutdown)),
                    _ if newest && RUNNING.contains(&state) => RestartDecision::Resume,
                    _ => RestartDecision::Close(EndReason::Restarted),
                };
                assert_eq!(restart(state, newest), wanted, "{state:?} {newest}");
            }
        }
    }
}
