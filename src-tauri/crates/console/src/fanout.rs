//! The destinations of the running stream, each with its state machine, in the user's order.

use session::destination::{Destination, Input, State};
use session::record::DestinationRow;
use session::{DestinationId, DestinationKey, PackageName, presets};

use crate::api::DestinationView;
use crate::ports::{OutputMeasurement, OutputTarget};
use crate::view;

/// What there is to push.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Source {
    /// No stream, or none that plays.
    #[default]
    Gone,
    /// A stream.
    Live,
    /// A stream whose camera is away for the moment.
    Held,
}

impl Source {
    pub(crate) fn of(state: session::State) -> Self {
        match state {
            session::State::Live => Self::Live,
            session::State::Interrupted => Self::Held,
            _ => Self::Gone,
        }
    }

    pub(crate) fn input(self) -> Input {
        match self {
            Self::Gone => Input::SourceGone,
            Self::Live => Input::SourceLive,
            Self::Held => Input::SourceHeld,
        }
    }
}

/// One destination.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) row: DestinationRow,
    pub(crate) machine: Destination,
    pub(crate) measured: OutputMeasurement,
    /// The complete address as an app gave it; None for the user's own destinations.
    pub(crate) given: Option<DestinationKey>,
}

impl Entry {
    /// A destination that has not been told of any stream. `seed` makes its waiting times differ from others'.
    pub(crate) fn new(row: DestinationRow, seed: u64) -> Self {
        let machine = Destination::new(row.enabled, seed, hold_limit_ms(&row));
        Self { row, machine, measured: OutputMeasurement::default(), given: None }
    }

    pub(crate) fn target(&self) -> OutputTarget {
        let offers_test = presets::by_id(&self.row.preset).is_some_and(|preset| preset.has_bandwidth_test);
        OutputTarget {
            url: self.row.url.clone(),
            has_key: self.row.has_key,
            bandwidth_test: self.row.bandwidth_test && offers_test,
        }
    }

    fn view(&self, name: impl Fn(&PackageName) -> String) -> DestinationView {
        let state = self.machine.state();
        let row = &self.row;
        DestinationView {
            id: row.id.as_str().to_owned(),
            name: row.name.clone(),
            preset: row.preset.clone(),
            url: row.url.clone(),
            has_key: row.has_key,
            enabled: row.enabled,
            state: view::destination_state(state),
            severity: state.severity().map(view::severity),
            message: (state != State::Disabled).then(|| view::message(self.machine.words())),
            failed_attempts: self.machine.failed_attempts(),
            retry_at_ms: state.retry().map(|(_, at_ms)| at_ms),
            broadcasting_since_ms: self.machine.broadcasting_since_ms(),
            bitrate_bps: self.measured.bitrate_bps,
            dropped_units: self.measured.dropped_units,
            rtt_ms: self.measured.rtt_ms.map(|rtt_ms| (rtt_ms * 10.0).round() / 10.0),
            hold_limit_s: row.hold_limit_s,
            bandwidth_test: row.bandwidth_test,
            added_by: row.added_by.as_ref().map(name),
        }
    }
}

/// A destination's own limit for holding its last picture; None leaves it to the stream's grace time.
pub(crate) fn hold_limit_ms(row: &DestinationRow) -> Option<u64> {
    row.hold_limit_s.map(|limit_s| u64::from(limit_s) * 1_000)
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Fanout {
    pub(crate) entries: Vec<Entry>,
    pub(crate) source: Source,
}

impl Fanout {
    /// Where a destination stands in the order; None if there is none of this id.
    pub(crate) fn index(&self, id: &DestinationId) -> Option<usize> {
        self.entries.iter().position(|entry| entry.row.id == *id)
    }

    /// When one of them is to be told that time has passed.
    pub(crate) fn next_deadline_ms(&self) -> Option<u64> {
        self.entries.iter().filter_map(|entry| entry.machine.next_deadline_ms()).min()
    }

    /// All of them; `name` tells what people call an app.
    pub(crate) fn views(&self, name: impl Fn(&PackageName) -> String) -> Vec<DestinationView> {
        self.entries.iter().map(|entry| entry.view(&name)).collect()
    }
}
