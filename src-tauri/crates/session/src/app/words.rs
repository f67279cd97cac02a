//! What a person reads about an app.

use super::State;
use crate::{Tone, Words};

/// What is said on entering a state when nothing better is known.
pub(super) fn entering(state: State) -> Words {
    match state {
        State::Stopped => Words::info("This app is stopped.").then("Start it to let it connect."),
        State::Starting => Words::info("The app was asked to connect."),
        State::Connected => Words::info("The app is connected."),
        State::Away => Words::warning("The connection to the app was lost. It is asked to come back.")
            .then("If it does not come back by itself, check that it is still running."),
        State::Failed => {
            Words::error("The app did not connect.").then("Check that it is running, then start it again.")
        }
    }
}

/// It closed its connection itself.
pub(super) fn left() -> Words {
    Words::info("The app closed its connection.").then("Start it here again when it is to come back.")
}

/// Nothing listens at its address yet.
pub(super) fn calls_again(failure: &Words) -> Words {
    Words {
        tone: Tone::Warning,
        text: format!("{} It is called once more.", failure.text),
        next_step: failure.next_step.clone(),
    }
}

/// It took the call.
pub(super) fn answered() -> Words {
    Words::info("The app answered and is connecting.")
}

/// It took the call and did not connect.
pub(super) fn answered_and_stayed_away() -> Words {
    Words::error("The app answered but did not connect within 10 seconds.")
        .then("Check that its package name is the one given here and that it can reach this computer, then start it again.")
}

/// It neither answered nor connected.
pub(super) fn silent() -> Words {
    Words::error("The app did not connect within 10 seconds.")
        .then("Check that it is running at the address given here, then start it again.")
}

/// Why it is not connected. `lost` says that it was.
pub(super) fn failed(cause: Words, lost: bool) -> Words {
    let text = if lost {
        format!("The connection to the app was lost and it did not come back. {}", cause.text)
    } else {
        cause.text
    };
    let next_step = cause.next_step.or(entering(State::Failed).next_step);
    Words { tone: Tone::Error, text, next_step }
}
