//! Destinations, from the domain to what a screen is shown.

use session::destination::{Change, Fault, Severity, State, about};
use session::record::DestinationMarkRow;
use session::{DestinationId, Words, preflight};

use super::message;
use crate::api;

pub(crate) fn destination_state(state: State) -> api::DestinationState {
    match state {
        State::Disabled => api::DestinationState::Disabled,
        State::Idle => api::DestinationState::Idle,
        State::Starting => api::DestinationState::Starting,
        State::Broadcasting => api::DestinationState::Broadcasting,
        State::Stalled => api::DestinationState::Stalled,
        State::Interrupted => api::DestinationState::Interrupted,
        State::Retrying { .. } => api::DestinationState::Retrying,
        State::Errored(_) => api::DestinationState::Errored,
    }
}

pub(crate) fn severity(severity: Severity) -> api::Severity {
    match severity {
        Severity::Normal => api::Severity::Normal,
        Severity::Fatal => api::Severity::Fatal,
    }
}

/// A change as it happens.
pub(crate) fn destination_change(id: &DestinationId, name: &str, change: &Change) -> api::DestinationMark {
    api::DestinationMark {
        at_ms: change.at_ms,
        destination_id: id.as_str().to_owned(),
        name: name.to_owned(),
        state: destination_state(change.state),
        text: change.words.text.clone(),
    }
}

/// A change as history tells it.
pub(crate) fn destination_mark(row: &DestinationMarkRow) -> api::DestinationMark {
    api::DestinationMark {
        at_ms: row.at_ms,
        destination_id: row.id.as_str().to_owned(),
        name: row.name.clone(),
        state: destination_state(row.state),
        text: row.words.text.clone(),
    }
}

pub(crate) fn destination_test(outcome: Result<(), Fault>) -> api::DestinationTest {
    match outcome {
        Ok(()) => api::DestinationTest {
            accepted: true,
            message: message(&Words::info("It accepts this stream. Nothing was shown there.")),
        },
        Err(fault) => api::DestinationTest { accepted: false, message: message(&about(&fault)) },
    }
}

pub(crate) fn finding(finding: preflight::Finding) -> api::Finding {
    api::Finding {
        subject: finding.subject.to_owned(),
        verdict: match finding.verdict {
            preflight::Verdict::Pass => api::Verdict::Pass,
            preflight::Verdict::Warn => api::Verdict::Warn,
            preflight::Verdict::Refused => api::Verdict::Refused,
        },
        text: finding.text,
        fix: finding.fix,
    }
}
