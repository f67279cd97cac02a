//! What a person reads: what is so, and the next step. Plain, without blame.

use serde::{Deserialize, Serialize};

use crate::{CameraLink, EndReason, State, StopBy};

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
pub fn entering(state: State, link: CameraLink) -> Words {
    let manual = link == CameraLink::Manual;
    match state {
        State::Idle => Words::info("Nothing is running."),
        State::AwaitingCamera if manual => Words::info("Waiting for your encoder.")
            .then("Start streaming in your encoder with the server and stream key shown here."),
        State::AwaitingCamera => Words::info("Starting the demo camera."),
        State::AwaitingMedia if !manual => {
            Words::info("The demo camera is on. Getting the stream ready to play.")
        }
        State::AwaitingMedia => Words::info("Video is arriving. Getting the stream ready to play."),
        State::Live => Words::info("The stream is live."),
        State::Interrupted if manual => Words::warning(
            "No video is arriving. The links stay valid and the stream goes on as soon as it is back.",
        )
        .then("Check that your encoder is still streaming."),
        State::Interrupted => Words::warning(
            "No video is arriving. The links stay valid and the stream goes on as soon as it is back.",
        ),
        State::Stopping => Words::info("Stopping."),
        State::Ended(reason) => ended(reason, manual),
    }
}

/// What is said when a stream left open by the last run of the program waits for its camera.
pub fn resumed(link: CameraLink) -> Words {
    let words = Words::warning(
        "Stream Console was restarted while the stream ran. The links are the same as before.",
    );
    match link {
        CameraLink::Manual => {
            words.then("If your encoder does not reconnect by itself, start streaming in it again.")
        }
        CameraLink::Demo => words,
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

fn ended(reason: EndReason, manual: bool) -> Words {
    let try_again = "Try again.";
    match reason {
        EndReason::Stopped(StopBy::User) => Words::info("You stopped the stream."),
        EndReason::Stopped(StopBy::App) => Words::info("The app stopped the stream."),
        EndReason::Stopped(StopBy::Shutdown) => {
            Words::info("The stream was stopped because Stream Console was closed.")
        }
        EndReason::CameraSilent => Words::error("The camera did not answer within 10 seconds.")
            .then("Check that it is switched on and connected, then try again."),
        EndReason::CameraFailed => Words::error("The camera could not go on.").then(try_again),
        EndReason::NoMedia => {
            Words::error("The camera started but sent no video within 15 seconds.").then(try_again)
        }
        EndReason::NotPlayable => Words::error("Video arrived, but nothing could be played within 15 seconds.").then(
            if manual {
                "Set your encoder to H.264 video with a keyframe every 2 seconds, then try again."
            } else {
                try_again
            },
        ),
        EndReason::Refused => Words::error("The camera sends video that cannot be carried.")
            .then("Set it to H.264 video and AAC audio, then try again."),
        EndReason::TooSlow => Words::error("The stream was not playable within 25 seconds.").then(if manual {
            "Start streaming in your encoder first, then let the app try again."
        } else {
            try_again
        }),
        EndReason::Lost => Words::error("The video stopped and did not come back in time.").then(if manual {
            "Check the encoder and its connection to this computer, then start again."
        } else {
            "Start again."
        }),
        EndReason::Restarted => Words::error(
            "The stream was interrupted by a restart of Stream Console, and the video did not come back in time.",
        )
        .then("Start again."),
        EndReason::Fault => Words::error("Stream Console had a problem of its own and ended the stream.")
            .then("Try again. If it happens again, the log file says what failed."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::every_state;
    use std::fmt::Write as _;

    fn printed(link: CameraLink) -> String {
        let mut page = String::new();
        let mut line = |title: &str, words: Words| {
            let next = words.next_step.map(|step| format!(" -> {step}")).unwrap_or_default();
            writeln!(page, "{title} | {} | {}{next}", words.tone.code(), words.text).unwrap();
        };
        for state in every_state() {
            let title = state.end_reason().map_or(state.code(), EndReason::code);
            line(title, entering(state, link));
        }
        line("resumed", resumed(link));
        page
    }

    #[test]
    fn words_of_a_manual_camera() {
        insta::assert_snapshot!(printed(CameraLink::Manual));
    }

    #[test]
    fn words_of_the_demo_camera() {
        insta::assert_snapshot!(printed(CameraLink::Demo));
    }

    #[test]
    fn a_failure_is_an_error_and_says_what_to_do() {
        for link in CameraLink::ALL {
            for reason in EndReason::ALL {
                let words = entering(State::Ended(reason), link);
                assert_eq!(words.tone == Tone::Error, reason.failed(), "{reason:?}");
                assert_eq!(words.next_step.is_some(), reason.failed(), "{reason:?}");
            }
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
