//! What apps may start.

use super::stopping;
use crate::{CameraLink, Delivery, State, Words};

/// What becomes of an app's request to start, or of a person's to start an unmanaged stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppStart {
    /// A new stream starts.
    New,
    /// The app joins the managed stream that runs; its options are those of the first request.
    Join,
    /// What runs is stopped, then a new stream starts.
    Replace,
    /// Refused: the words name who started what runs.
    Refuse(Words),
}

/// Whether an app may use the camera for a stream of this kind.
///
/// # Errors
/// In words, beginning as MentraOS says it, if the user has not `granted` [`crate::Permission::Camera`].
pub fn camera_permission(granted: bool, delivery: Delivery) -> Result<(), Words> {
    if granted {
        return Ok(());
    }
    let text = match delivery {
        Delivery::Managed | Delivery::Cloud => "Camera permission required for managed streams.",
        Delivery::Unmanaged => "Camera permission required to start video streams.",
    };
    Err(Words::error(text).then(
        "Allow the camera for this app on the Apps page of Stream Console, then let the app try again.",
    ))
}

/// Which camera feeds a stream an app starts: the glasses.
///
/// # Errors
/// In words, if none are connected.
pub fn camera_for_app(glasses_connected: bool) -> Result<CameraLink, Words> {
    if glasses_connected {
        return Ok(CameraLink::Hub);
    }
    Err(Words::error("No glasses are connected to Stream Console.")
        .then("Connect them or switch on the virtual glasses, then try again."))
}

/// Decides about an app's request to start a managed stream.
///
/// `running` is where the media of the current session goes, `holder` names who started it.
///
/// | current                                          | managed, here or by the cloud | unmanaged |
/// |--------------------------------------------------|---------|-----------|
/// | Idle, Ended                                      | New     | New       |
/// | AwaitingCamera, AwaitingMedia, Live, Interrupted | Join    | Refuse    |
/// | Stopping                                         | Refuse  | Refuse    |
pub fn managed_by_app(current: State, running: Delivery, holder: &str) -> AppStart {
    match current {
        State::Idle | State::Ended(_) => AppStart::New,
        State::Stopping => AppStart::Refuse(stopping()),
        State::AwaitingCamera | State::AwaitingMedia | State::Live | State::Interrupted => match running {
            Delivery::Managed | Delivery::Cloud => AppStart::Join,
            Delivery::Unmanaged => AppStart::Refuse(
                Words::error(format!(
                    "Cannot start managed stream - unmanaged stream already active. It was started by {holder}."
                ))
                .then("Stop it there or in Stream Console, then try again."),
            ),
        },
    }
}

/// What a decision about a new unmanaged stream rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnmanagedStart {
    /// State of the current session.
    pub current: State,
    /// Where its media goes.
    pub running: Delivery,
    /// The user keeps the current stream.
    pub held_by_user: bool,
    /// Apps other than the one that asks are in it.
    pub held_by_others: bool,
    /// The app that asks is in it.
    pub own: bool,
    /// It is the demo camera that runs, and nothing of it is pushed to a destination.
    pub idle_demo: bool,
    /// The user chose that a new unmanaged stream replaces what runs, as in the MentraOS cloud.
    pub cloud_replace: bool,
}

/// Decides about a new unmanaged stream. `holder` names who started what runs, `others` the other apps in it.
///
/// | current                                          | runs      | and                                            | decision |
/// |--------------------------------------------------|-----------|------------------------------------------------|----------|
/// | Idle, Ended                                      | -         | -                                              | New      |
/// | Stopping                                         | any       | -                                              | Refuse   |
/// | AwaitingCamera, AwaitingMedia, Live, Interrupted | any       | `cloud_replace`                                | Replace  |
/// | the same                                         | unmanaged | -                                              | Refuse   |
/// | the same                                         | managed   | other apps are in it                           | Refuse   |
/// | the same                                         | managed   | no other app; the user keeps it, an idle demo  | Replace  |
/// | the same                                         | managed   | no other app; the user keeps it, anything else | Refuse   |
/// | the same                                         | managed   | only the app that asks is in it                | Replace  |
/// | the same                                         | managed   | nobody is known to keep it                     | Refuse   |
pub fn unmanaged(request: UnmanagedStart, holder: &str, others: &str) -> AppStart {
    match request.current {
        State::Idle | State::Ended(_) => return AppStart::New,
        State::Stopping => return AppStart::Refuse(stopping()),
        State::AwaitingCamera | State::AwaitingMedia | State::Live | State::Interrupted => {}
    }
    if request.cloud_replace {
        return AppStart::Replace;
    }
    match request {
        UnmanagedStart { running: Delivery::Unmanaged, own: true, .. } => AppStart::Refuse(
            Words::error("An unmanaged stream of this app is already active.")
                .then("Stop it first, then start the new one."),
        ),
        UnmanagedStart { running: Delivery::Unmanaged, .. } => AppStart::Refuse(
            Words::error(format!(
                "Cannot start unmanaged stream - unmanaged stream already active. It was started by {holder}."
            ))
            .then("Stop it there or in Stream Console, then try again."),
        ),
        UnmanagedStart { held_by_others: true, .. } => AppStart::Refuse(
            Words::error(format!(
                "Cannot start unmanaged stream - managed stream already active. It is used by {others}."
            ))
            .then("Let them leave it, or stop it in Stream Console, then try again."),
        ),
        UnmanagedStart { held_by_user: true, idle_demo: true, .. }
        | UnmanagedStart { held_by_user: false, own: true, .. } => AppStart::Replace,
        UnmanagedStart { own: true, .. } => AppStart::Refuse(
            Words::error(format!(
                "Cannot start unmanaged stream - managed stream already active. It was started by {holder}, and the user keeps it on."
            ))
            .then("Stop it in Stream Console, then try again."),
        ),
        _ => AppStart::Refuse(
            Words::error(format!(
                "Cannot start unmanaged stream - managed stream already active. It was started by {holder}."
            ))
            .then("Stop it in Stream Console, then try again."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tone;
    use crate::state::tests::every_state;
    use std::collections::BTreeSet;

    const RUNNING: [State; 4] =
        [State::AwaitingCamera, State::AwaitingMedia, State::Live, State::Interrupted];

    fn told(words: &Words) -> String {
        assert!(words.next_step.is_some() && words.tone != Tone::Info, "{words:?}");
        format!("{} -> {}", words.text, words.next_step.as_deref().unwrap_or_default())
    }

    fn every_request() -> Vec<UnmanagedStart> {
        let mut requests = Vec::new();
        for (current, running) in every_state().into_iter().flat_map(|a| Delivery::ALL.map(|b| (a, b))) {
            for bits in 0..32u8 {
                let bit = |at: u8| bits >> at & 1 == 1;
                requests.push(UnmanagedStart {
                    current,
                    running,
                    held_by_user: bit(0),
                    held_by_others: bit(1),
                    own: bit(2),
                    idle_demo: bit(3),
                    cloud_replace: bit(4),
                });
            }
        }
        requests
    }

    #[test]
    fn managed_streams_of_apps_follow_the_table() {
        for current in every_state() {
            for running in Delivery::ALL {
                let decision = managed_by_app(current, running, "Bee Cam");
                let runs = RUNNING.contains(&current);
                let joins = runs && running != Delivery::Unmanaged;
                assert_eq!(decision == AppStart::New, !current.is_running(), "{current:?}");
                assert_eq!(decision == AppStart::Join, joins, "{current:?}");
                assert_ne!(decision, AppStart::Replace);
                if let AppStart::Refuse(words) = decision {
                    assert_eq!(told(&words).contains("Bee Cam"), runs, "{words:?}");
                }
            }
        }
    }

    #[test]
    fn unmanaged_streams_follow_the_table() {
        for request in every_request() {
            let decision = unmanaged(request, "Bee Cam", "Second App");
            let runs = RUNNING.contains(&request.current);
            let alone = request.running != Delivery::Unmanaged
                && !request.held_by_others
                && (request.held_by_user && request.idle_demo || !request.held_by_user && request.own);
            assert_eq!(decision == AppStart::New, !request.current.is_running(), "{request:?}");
            assert_eq!(
                decision == AppStart::Replace,
                runs && (request.cloud_replace || alone),
                "{request:?}"
            );
            assert_ne!(decision, AppStart::Join);
            if let AppStart::Refuse(words) = decision {
                let second = runs && request.running == Delivery::Unmanaged && request.own;
                let named = ["Bee Cam", "Second App"].iter().any(|name| told(&words).contains(name));
                assert_eq!(named, runs && !second, "{request:?} {words:?}");
            }
        }
    }

    #[test]
    fn words_of_refusals() {
        let mut page = BTreeSet::new();
        for request in every_request() {
            if let AppStart::Refuse(words) = unmanaged(request, "Bee Cam", "Second App") {
                page.insert(told(&words));
            }
            if let AppStart::Refuse(words) = managed_by_app(request.current, request.running, "Bee Cam") {
                page.insert(told(&words));
            }
        }
        for delivery in Delivery::ALL {
            page.insert(told(&camera_permission(false, delivery).unwrap_err()));
        }
        page.insert(told(&camera_for_app(false).unwrap_err()));
        insta::assert_snapshot!(page.into_iter().collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn an_app_gets_the_glasses_or_words() {
        assert_eq!(camera_for_app(true), Ok(CameraLink::Hub));
        assert!(camera_for_app(false).is_err());
    }

    #[test]
    fn a_granted_camera_is_no_matter() {
        assert_eq!(camera_permission(true, Delivery::Managed), Ok(()));
        assert_eq!(camera_permission(true, Delivery::Unmanaged), Ok(()));
    }
}
