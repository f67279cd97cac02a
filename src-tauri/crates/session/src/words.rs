//! What a person reads: what is so, and the next step. Plain, without blame.

use serde::{Deserialize, Serialize};

use crate::{CameraLink, Delivery, EndReason, State, StopBy};

/// How serious a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// For information.
    Info,
    /// Worth a look; nothing is lost.
    Warning,
    /// The attempt failed.
    Error,
}

impl Tone {
    /// Every tone.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Error];

    /// The word kept in history.
    pub fn code(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Reads the word kept in history.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tone| tone.code() == code)
    }
}

/// Words for a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Words {
    /// How serious it is.
    pub tone: Tone,
    /// What is so: whole sentences.
    pub text: String,
    /// What to do about it; None when nothing needs doing.
    pub next_step: Option<String>,
}

impl Words {
    /// Something to know.
    pub fn info(text: impl Into<String>) -> Self {
        Self { tone: Tone::Info, text: text.into(), next_step: None }
    }

    /// Something to look at.
    pub fn warning(text: impl Into<String>) -> Self {
        Self { tone: Tone::Warning, text: text.into(), next_step: None }
    }

    /// A failure.
    pub fn error(text: impl Into<String>) -> Self {
        Self { tone: Tone::Error, text: text.into(), next_step: None }
    }

    /// The same words with the next step told.
    #[must_use]
    pub fn then(mut self, next_step: impl Into<String>) -> Self {
        self.next_step = Some(next_step.into());
        self
    }

    /// These words followed by what was found to be the cause, whose next step is the better one if it has any.
    #[must_use]
    pub fn because(mut self, cause: &Words) -> Self {
        self.text = format!("{} {}", self.text, cause.text);
        if cause.next_step.is_some() {
            self.next_step.clone_from(&cause.next_step);
        }
        self
    }
}

/// What is said on entering a state when nothing better is known.
pub fn entering(state: State, link: CameraLink, delivery: Delivery) -> Words {
    match (state, delivery) {
        (State::Idle, _) => Words::info("Nothing is running."),
        (State::Stopping, _) => Words::info("Stopping."),
        (State::Ended(reason), Delivery::Managed) => ended(reason, link),
        (State::Ended(reason), Delivery::Unmanaged) => ended_unmanaged(reason, link),
        (State::Ended(reason), Delivery::Cloud) => ended_cloud(reason, link),
        (state, Delivery::Managed) => running(state, link),
        (state, Delivery::Unmanaged) => running_unmanaged(state, link),
        (state, Delivery::Cloud) => running_cloud(state, link),
    }
}

/// What is said when a stream left open by the last run of the program waits for its camera.
pub fn resumed(link: CameraLink, delivery: Delivery) -> Words {
    let words = Words::warning(match delivery {
        Delivery::Managed => {
            "Stream Console was restarted while the stream ran. The links are the same as before."
        }
        Delivery::Unmanaged => {
            "Stream Console was restarted while the stream ran. It goes on as soon as the server takes it again."
        }
        Delivery::Cloud => {
            "Stream Console was restarted while the stream ran. MentraOS is asked whether it still does."
        }
    });
    match link {
        CameraLink::Manual => {
            words.then("If your encoder does not reconnect by itself, start streaming in it again.")
        }
        CameraLink::Demo => words,
        CameraLink::Hub => {
            words.then("If it does not go on by itself, check that the glasses are connected.")
        }
        CameraLink::Cloud => {
            words.then("If it does not go on by itself, check that the app still runs on the phone.")
        }
    }
}

/// What is said when the encoder left before anything could be played: still true when it comes and goes again, so
/// that a flapping encoder adds no rows.
pub(crate) fn left_early() -> Words {
    Words::warning(
        "The video stopped before it could be played. The stream starts as soon as enough of it arrives.",
    )
    .then("If it does not come back by itself, start streaming in your encoder again.")
}

/// What sends, in the middle of a sentence.
fn who(link: CameraLink) -> &'static str {
    match link {
        CameraLink::Manual => "your encoder",
        CameraLink::Demo => "the demo camera",
        CameraLink::Hub | CameraLink::Cloud => "the glasses",
    }
}

/// What sends, at the beginning of a sentence.
fn who_first(link: CameraLink) -> &'static str {
    match link {
        CameraLink::Manual => "Your encoder",
        CameraLink::Demo => "The demo camera",
        CameraLink::Hub | CameraLink::Cloud => "The glasses",
    }
}

fn running(state: State, link: CameraLink) -> Words {
    let held = "No video is arriving. The links stay valid and the stream goes on as soon as it is back.";
    match (state, link) {
        (State::AwaitingCamera, CameraLink::Manual) => Words::info("Waiting for your encoder.")
            .then("Start streaming in your encoder with the server and stream key shown here."),
        (State::AwaitingCamera, CameraLink::Demo) => Words::info("Starting the demo camera."),
        (State::AwaitingCamera, CameraLink::Hub) => Words::info("Asking the glasses to start their camera."),
        (State::AwaitingCamera, CameraLink::Cloud) => {
            Words::info("Asking MentraOS to start the glasses' camera.")
        }
        (State::AwaitingMedia, CameraLink::Manual) => {
            Words::info("Video is arriving. Getting the stream ready to play.")
        }
        (State::AwaitingMedia, CameraLink::Demo) => {
            Words::info("The demo camera is on. Getting the stream ready to play.")
        }
        (State::AwaitingMedia, CameraLink::Hub | CameraLink::Cloud) => {
            Words::info("The glasses' camera is on. Getting the stream ready to play.")
        }
        (State::Interrupted, CameraLink::Manual) => {
            Words::warning(held).then("Check that your encoder is still streaming.")
        }
        (State::Interrupted, CameraLink::Demo) => Words::warning(held),
        (State::Interrupted, CameraLink::Hub | CameraLink::Cloud) => {
            Words::warning(held).then("Check that the glasses are on and have Wi-Fi.")
        }
        _ => Words::info("The stream is live."),
    }
}

fn running_unmanaged(state: State, link: CameraLink) -> Words {
    match state {
        State::AwaitingCamera if link.is_commanded() => {
            Words::info(format!("Asking {} to stream straight to the server.", who(link)))
        }
        State::AwaitingCamera | State::AwaitingMedia => {
            Words::info(format!("Waiting for {} to reach the server.", who(link)))
        }
        State::Interrupted => Words::warning(format!(
            "{} lost the server. The stream goes on as soon as it is reached again.",
            who_first(link)
        ))
        .then(format!("Check that the server is up and that {} can reach it.", who(link))),
        _ => Words::info("The server takes the stream. Nothing of it passes through this computer."),
    }
}

/// Said of an end whatever sends and wherever to; None if that makes a difference.
fn ended_anyhow(reason: EndReason, link: CameraLink) -> Option<Words> {
    Some(match reason {
        EndReason::Stopped(StopBy::User) => Words::info("You stopped the stream."),
        EndReason::Stopped(StopBy::App) => Words::info("The app stopped the stream."),
        EndReason::Stopped(StopBy::Shutdown) => {
            Words::info("The stream was stopped because Stream Console was closed.")
        }
        EndReason::Stopped(StopBy::Camera) => Words::info(format!("{} ended the stream.", who_first(link))),
        EndReason::Stopped(StopBy::TimeLimit) => {
            Words::info("The stream reached the time limit it was started with.")
        }
        EndReason::CameraSilent => match link {
            CameraLink::Hub => Words::error("The glasses did not answer within 10 seconds.").then(
                "Check that they are switched on, near their phone and connected to this computer, then try again.",
            ),
            CameraLink::Cloud => Words::error("MentraOS did not start the glasses' camera within 40 seconds.").then(
                "Check that they are switched on and near their phone, and that the app runs on the phone, then try again.",
            ),
            CameraLink::Manual | CameraLink::Demo => {
                Words::error("The camera did not answer within 10 seconds.")
                    .then("Check that it is switched on and connected, then try again.")
            }
        },
        EndReason::Fault => Words::error("Stream Console had a problem of its own and ended the stream.")
            .then("Try again. If it happens again, the log file says what failed."),
        _ => return None,
    })
}

fn ended(reason: EndReason, link: CameraLink) -> Words {
    if let Some(words) = ended_anyhow(reason, link) {
        return words;
    }
    let by_link = |manual: &'static str, demo: &'static str, hub: &'static str| match link {
        CameraLink::Manual => manual,
        CameraLink::Demo => demo,
        CameraLink::Hub | CameraLink::Cloud => hub,
    };
    let try_again = "Try again.";
    match reason {
        EndReason::CameraFailed => {
            let camera = by_link("The camera", "The camera", "The glasses' camera");
            Words::error(format!("{camera} could not go on.")).then(try_again)
        }
        EndReason::NoMedia if link == CameraLink::Cloud => {
            Words::error("The glasses' camera started, but no video reached this computer within 40 seconds.").then(
                "Check that the glasses and this computer are in the same network, that it lets devices reach each other, and that no firewall blocks Stream Console, then try again.",
            )
        }
        EndReason::NoMedia => Words::error(by_link(
            "The camera started but sent no video within 15 seconds.",
            "The camera started but sent no video within 15 seconds.",
            "The glasses' camera started, but no video reached this computer within 15 seconds.",
        ))
        .then(by_link(
            try_again,
            try_again,
            "Check that devices on your network may connect to Stream Console and that the glasses are in the same network, then try again.",
        )),
        EndReason::NotPlayable => {
            let seconds = if link == CameraLink::Cloud { 40 } else { 15 };
            Words::error(format!("Video arrived, but nothing could be played within {seconds} seconds.")).then(by_link(
                "Set your encoder to H.264 video with a keyframe every 2 seconds, then try again.",
                try_again,
                try_again,
            ))
        }
        EndReason::Refused => match link {
            CameraLink::Hub | CameraLink::Cloud => Words::error("The glasses send video that cannot be carried.")
                .then("Start their camera again. If it happens again, update the glasses."),
            CameraLink::Manual | CameraLink::Demo => {
                Words::error("The camera sends video that cannot be carried.")
                    .then("Set it to H.264 video and AAC audio, then try again.")
            }
        },
        EndReason::TooSlow => {
            Words::error("The stream an app asked for was not playable within 25 seconds.").then(by_link(
                "Start streaming in your encoder first, then let the app try again.",
                "Let the app try again.",
                "Check that the glasses are on and have Wi-Fi, then let the app try again.",
            ))
        }
        EndReason::Lost => {
            Words::error("The video stopped and did not come back in time.").then(by_link(
                "Check the encoder and its connection to this computer, then start again.",
                "Start again.",
                "Check the glasses' battery and Wi-Fi, then start again.",
            ))
        }
        _ => Words::error(
            "The stream was interrupted by a restart of Stream Console, and the video did not come back in time.",
        )
        .then("Start again."),
    }
}

fn ended_unmanaged(reason: EndReason, link: CameraLink) -> Words {
    if let Some(words) = ended_anyhow(reason, link) {
        return words;
    }
    let who_first = who_first(link);
    let check = "Check the address and the key of the server and that it is up, then try again.";
    match reason {
        EndReason::CameraFailed => Words::error(format!("{who_first} could not go on.")).then(check),
        EndReason::NoMedia => {
            let seconds = if link == CameraLink::Cloud { 40 } else { 15 };
            Words::error(format!("{who_first} did not reach the server within {seconds} seconds."))
                .then("Check the address of the server and that it is up, then try again.")
        }
        EndReason::NotPlayable | EndReason::Refused => {
            Words::error("The server did not take the stream.").then(check)
        }
        EndReason::TooSlow => {
            Words::error("The server did not take the stream an app asked for within 25 seconds.")
                .then("Check the server, then let the app try again.")
        }
        EndReason::Lost => {
            Words::error(format!("{who_first} lost the server and did not reach it again in time."))
                .then("Check that the server is up and can be reached, then start again.")
        }
        _ => Words::error(
            "The stream was interrupted by a restart of Stream Console, and the server did not take it again in time.",
        )
        .then("Start again."),
    }
}

fn running_cloud(state: State, link: CameraLink) -> Words {
    match state {
        State::AwaitingCamera => {
            Words::info(format!("Asking MentraOS to start a stream with {}.", who(link)))
        }
        State::AwaitingMedia => {
            Words::info("MentraOS is getting the stream ready. Waiting until its links play.")
        }
        State::Interrupted => Words::warning(
            "No video reaches MentraOS. The links stay valid and the stream goes on as soon as it is back.",
        )
        .then(format!("Check that {} are on and have Wi-Fi.", who(link))),
        _ => Words::info("The stream is live at MentraOS. Nothing of it passes through this computer."),
    }
}

fn ended_cloud(reason: EndReason, link: CameraLink) -> Words {
    if let Some(words) = ended_anyhow(reason, link) {
        return words;
    }
    match reason {
        EndReason::CameraFailed | EndReason::Refused => {
            Words::error("MentraOS could not go on with the stream.").then("Try again.")
        }
        EndReason::NoMedia => Words::error("MentraOS did not bring the stream up within 40 seconds.")
            .then(format!("Check that {} are on and have Wi-Fi, then try again.", who(link))),
        EndReason::NotPlayable => Words::error(
            "MentraOS says that the stream is live, but its links did not play within 40 seconds.",
        )
        .then("Try again, or let the glasses stream to this computer."),
        EndReason::TooSlow => Words::error("The stream an app asked for was not playable within 25 seconds.")
            .then("Let the app try again."),
        EndReason::Lost => Words::error("The video stopped and did not come back in time.")
            .then("Check the glasses' battery and Wi-Fi, then start again."),
        _ => Words::error(
            "The stream was interrupted by a restart of Stream Console, and MentraOS has ended it.",
        )
        .then("Start again."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::every_state;
    use std::fmt::Write as _;

    fn printed(link: CameraLink, delivery: Delivery) -> String {
        let mut page = String::new();
        let mut line = |title: &str, words: Words| {
            let next = words.next_step.map(|step| format!(" -> {step}")).unwrap_or_default();
            writeln!(page, "{title} | {} | {}{next}", words.tone.code(), words.text).unwrap();
        };
        for state in every_state() {
            let title = state.end_reason().map_or(state.code(), EndReason::code);
            line(title, entering(state, link, delivery));
        }
        line("resumed", resumed(link, delivery));
        page
    }

    #[test]
    fn words_of_a_manual_camera() {
        insta::assert_snapshot!(printed(CameraLink::Manual, Delivery::Managed));
    }

    #[test]
    fn words_of_the_demo_camera() {
        insta::assert_snapshot!(printed(CameraLink::Demo, Delivery::Managed));
    }

    #[test]
    fn words_of_the_glasses() {
        insta::assert_snapshot!(printed(CameraLink::Hub, Delivery::Managed));
    }

    #[test]
    fn words_of_glasses_at_mentraos() {
        insta::assert_snapshot!(printed(CameraLink::Cloud, Delivery::Managed));
    }

    #[test]
    fn words_of_a_stream_of_mentraos() {
        insta::assert_snapshot!(printed(CameraLink::Cloud, Delivery::Cloud));
    }

    #[test]
    fn words_of_an_unmanaged_stream() {
        for link in CameraLink::ALL {
            insta::assert_snapshot!(
                format!("words_of_an_unmanaged_stream_{}", link.code()),
                printed(link, Delivery::Unmanaged)
            );
        }
    }

    #[test]
    fn a_failure_is_an_error_and_says_what_to_do() {
        for (link, delivery) in CameraLink::ALL.into_iter().flat_map(|a| Delivery::ALL.map(|b| (a, b))) {
            for reason in EndReason::ALL {
                let words = entering(State::Ended(reason), link, delivery);
                assert_eq!(words.tone == Tone::Error, reason.failed(), "{reason:?}");
                assert_eq!(words.next_step.is_some(), reason.failed(), "{reason:?}");
            }
        }
    }

    #[test]
    fn only_a_managed_stream_speaks_of_links_and_players() {
        for link in CameraLink::ALL {
            let page = printed(link, Delivery::Unmanaged);
            assert!(!page.contains("links") && !page.contains(" play"), "{page}");
            assert_eq!(page.contains("glasses"), link.is_glasses(), "{page}");
        }
    }

    #[test]
    fn a_cause_brings_its_own_next_step() {
        let general = Words::error("Nothing could be played.").then("Try again.");
        let told =
            general.clone().because(&Words::warning("Keyframes are 30 s apart.").then("Set them to 2 s."));
        assert_eq!(
            told,
            Words::error("Nothing could be played. Keyframes are 30 s apart.").then("Set them to 2 s.")
        );
        let bare = general.because(&Words::warning("No keyframe came."));
        assert_eq!(bare.next_step.as_deref(), Some("Try again."));
    }

    #[test]
    fn codes_are_read_back() {
        for tone in Tone::ALL {
            assert_eq!(Tone::from_code(tone.code()), Some(tone));
            assert_eq!(serde_json::to_string(&tone).unwrap(), format!("\"{}\"", tone.code()));
        }
        assert_eq!(Tone::from_code("fatal"), None);
    }
}
