//! Who may start what while what runs: pure functions, each with its table.

use crate::{CameraLink, Delivery, EndReason, State, StopBy, Words};

mod apps;

pub use apps::{AppStart, UnmanagedStart, camera_for_app, camera_permission, managed_by_app, unmanaged};

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

/// The managed stream a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedManaged {
    /// The camera link; None accepts any.
    pub link: Option<CameraLink>,
    /// Who gives the links to play: this computer or the cloud.
    pub delivery: Delivery,
}

/// Decides about a person's request to start a managed stream.
///
/// `running` is the camera link of the current session and `delivery` where its media goes; `holder` names who started it.
///
/// | current                                          | as wanted | another camera link or delivery | unmanaged |
/// |--------------------------------------------------|------|------|------|
/// | Idle, Ended                                      | New  | New  | New  |
/// | AwaitingCamera, AwaitingMedia, Live, Interrupted | Join | Busy | Busy |
/// | Stopping                                         | Busy | Busy | Busy |
pub fn start(
    current: State,
    running: Option<CameraLink>,
    delivery: Delivery,
    wanted: WantedManaged,
    holder: &str,
) -> StartDecision {
    match current {
        State::Idle | State::Ended(_) => StartDecision::New,
        State::Stopping => StartDecision::Busy(stopping()),
        State::AwaitingCamera | State::AwaitingMedia | State::Live | State::Interrupted => {
            match (running, wanted.link) {
                _ if delivery == Delivery::Unmanaged => StartDecision::Busy(
                    Words::warning(format!(
                        "A stream goes straight from the camera to a server. It was started by {holder}."
                    ))
                    .then("Stop it first, then start again."),
                ),
                (Some(running), Some(wanted)) if running != wanted => {
                    let (owner, next) = (whose(running), next_start(wanted));
                    StartDecision::Busy(
                        Words::warning(format!("The running stream belongs to {owner}."))
                            .then(format!("Stop it first, then start {next}.")),
                    )
                }
                _ if delivery != wanted.delivery => {
                    let way = if delivery == Delivery::Cloud { "MentraOS" } else { "this computer" };
                    StartDecision::Busy(
                        Words::warning(format!("The running stream goes through {way}."))
                            .then("Stop it first, then start again."),
                    )
                }
                _ => StartDecision::Join,
            }
        }
    }
}

fn stopping() -> Words {
    Words::warning("The last stream is still being stopped.").then("Try again in a few seconds.")
}

fn whose(link: CameraLink) -> &'static str {
    match link {
        CameraLink::Manual => "your encoder",
        CameraLink::Demo => "the demo camera",
        CameraLink::Hub => "the glasses",
        CameraLink::Cloud => "the glasses at MentraOS",
    }
}

fn next_start(link: CameraLink) -> &'static str {
    match link {
        CameraLink::Manual => "with your encoder",
        CameraLink::Demo => "the demo camera",
        CameraLink::Hub => "with the glasses",
        CameraLink::Cloud => "with the glasses at MentraOS",
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
    /// Where the media of the current session goes.
    pub delivery: Delivery,
    /// What kind of camera publishes. Glasses prove themselves by one key, whoever commands them.
    pub publisher: CameraLink,
    /// The user lets an encoder start a stream by connecting.
    pub start_on_publish: bool,
    /// The last stream was stopped while this encoder was sending, and it has kept trying since.
    pub held_off: bool,
}

fn same_camera(running: CameraLink, publisher: CameraLink) -> bool {
    running == publisher || (running.is_glasses() && publisher.is_glasses())
}

/// Decides about a publisher that presents the right key.
///
/// | current                                          | publisher                   | decision                              |
/// |--------------------------------------------------|-----------------------------|---------------------------------------|
/// | AwaitingCamera, AwaitingMedia, Live, Interrupted; managed | of the running camera link | Admit (takes over a stale one) |
/// | the same                                         | of another camera link      | Refuse                                |
/// | the same, unmanaged or delivered by the cloud    | any                         | Refuse                                |
/// | Stopping                                         | any                         | Refuse                                |
/// | Idle, Ended                                      | encoder, allowed to start, not held off | StartFirst                |
/// | Idle, Ended                                      | any other                   | Refuse                                |
pub fn publish(request: Publish) -> PublishDecision {
    match request.current {
        State::AwaitingCamera | State::AwaitingMedia | State::Live | State::Interrupted => {
            let elsewhere = request.delivery != Delivery::Managed;
            match (request.running, request.publisher) {
                (Some(running), publisher) if same_camera(running, publisher) && !elsewhere => {
                    PublishDecision::Admit
                }
                (_, CameraLink::Manual) if elsewhere => PublishDecision::Refuse(
                    Words::warning(match request.delivery {
                        Delivery::Cloud => "A stream goes from the glasses to MentraOS.",
                        _ => "A stream goes straight from the camera to a server.",
                    })
                    .then("Stop it here to let your encoder in."),
                ),
                (Some(CameraLink::Demo), CameraLink::Manual) => PublishDecision::Refuse(
                    Words::warning("The demo camera is streaming.")
                        .then("Stop it here to let your encoder in."),
                ),
                (Some(CameraLink::Hub | CameraLink::Cloud), CameraLink::Manual) => PublishDecision::Refuse(
                    Words::warning("The glasses are streaming.")
                        .then("Stop them here to let your encoder in."),
                ),
                (Some(running), _) => PublishDecision::Refuse(Words::warning(format!(
                    "The running stream belongs to {}.",
                    whose(running)
                ))),
                (None, _) => PublishDecision::Refuse(Words::warning("Another stream is running.")),
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
            Publish { publisher: CameraLink::Hub | CameraLink::Cloud, .. } => PublishDecision::Refuse(
                Words::warning("The glasses send video while no stream is started.")
                    .then("Start a stream with the glasses to let them in."),
            ),
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
    const LINKS: [CameraLink; 4] = CameraLink::ALL;

    #[test]
    fn starts_follow_the_table() {
        let wishes = LINKS.map(Some).into_iter().chain([None]);
        for (current, wanted) in every_state().into_iter().flat_map(|a| wishes.clone().map(move |b| (a, b))) {
            for (running, delivery) in LINKS.into_iter().flat_map(|a| Delivery::ALL.map(|b| (a, b))) {
                for through in [Delivery::Managed, Delivery::Cloud] {
                    let fits = delivery == through && wanted.is_none_or(|link| link == running);
                    let request = WantedManaged { link: wanted, delivery: through };
                    match start(current, Some(running), delivery, request, "Bee Cam") {
                        StartDecision::New => assert!(!current.is_running(), "{current:?}"),
                        StartDecision::Join => assert!(RUNNING.contains(&current) && fits, "{current:?}"),
                        StartDecision::Busy(words) => {
                            let busy = current == State::Stopping || (RUNNING.contains(&current) && !fits);
                            assert!(busy, "{current:?}");
                            assert!(words.next_step.is_some());
                            let named = words.text.contains("Bee Cam");
                            assert_eq!(
                                named,
                                current != State::Stopping && delivery == Delivery::Unmanaged,
                                "{words:?}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn publishers_follow_the_table() {
        let flags = [false, true];
        for (current, delivery) in every_state().into_iter().flat_map(|a| Delivery::ALL.map(|b| (a, b))) {
            for (running, publisher) in LINKS.into_iter().flat_map(|a| LINKS.map(|b| (a, b))) {
                for (start_on_publish, held_off) in flags.into_iter().flat_map(|a| flags.map(|b| (a, b))) {
                    let running = Some(running);
                    let request =
                        Publish { current, running, delivery, publisher, start_on_publish, held_off };
                    let admit = RUNNING.contains(&current)
                        && running.is_some_and(|running| {
                            running == publisher || running.is_glasses() && publisher.is_glasses()
                        })
                        && delivery == Delivery::Managed;
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
    fn words_of_refusals() {
        let mut page = std::collections::BTreeSet::new();
        let mut line = |words: Words| {
            let next = words.next_step.map(|step| format!(" -> {step}")).unwrap_or_default();
            page.insert(format!("{} | {}{next}", words.tone.code(), words.text));
        };
        for (current, delivery) in every_state().into_iter().flat_map(|a| Delivery::ALL.map(|b| (a, b))) {
            for (running, other) in LINKS.into_iter().flat_map(|a| LINKS.map(|b| (a, b))) {
                for through in [Delivery::Managed, Delivery::Cloud] {
                    let wanted = WantedManaged { link: Some(other), delivery: through };
                    if let StartDecision::Busy(words) =
                        start(current, Some(running), delivery, wanted, "Bee Cam")
                    {
                        line(words);
                    }
                }
                for held_off in [false, true] {
                    let request = Publish {
                        current,
                        running: Some(running),
                        delivery,
                        publisher: other,
                        start_on_publish: false,
                        held_off,
                    };
                    if let PublishDecision::Refuse(words) = publish(request) {
                        line(words);
                    }
                }
            }
        }
        insta::assert_snapshot!(page.into_iter().collect::<Vec<_>>().join("\n"));
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
