//! Keeping destinations in step with the stream: what happened is fed to their machines, what they want is done.

use session::destination::{Effect, Input, State};
use session::record::DestinationMarkRow;

use super::Supervisor;
use crate::fanout::{Entry, Source};
use crate::ports::{
    Clock as _, DestinationStore as _, OutputEvent, OutputFact, OutputMeasurement, Outputs as _, Random as _,
    World,
};
use crate::view;

impl<W: World> Supervisor<W> {
    /// Brings up the destinations an earlier run left.
    pub(super) async fn take_up_destinations(&mut self) {
        match self.history.destinations().await {
            Ok(rows) => {
                self.fanout.entries = rows.into_iter().map(|row| Entry::new(row, self.seed())).collect();
            }
            Err(error) => tracing::error!(%error, "the destinations could not be read"),
        }
        self.show_destinations();
    }

    /// Random bits for one destination's waiting times.
    pub(super) fn seed(&self) -> u64 {
        self.random.bytes().into_iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(byte))
    }

    /// Tells every destination when there is something to push and when there is not.
    pub(super) async fn follow_source(&mut self) {
        // What does not come here cannot go out from here.
        let here = self.session.delivery() == session::Delivery::Managed;
        let source = if here { Source::of(self.session.state()) } else { Source::Gone };
        if source == self.fanout.source {
            return;
        }
        self.fanout.source = source;
        for index in 0..self.fanout.entries.len() {
            self.feed(index, source.input()).await;
        }
        self.show_destinations();
    }

    /// Tells destinations what they did in the stream before the program was restarted: one that did broadcast is not
    /// given up because its old connection still stands in the way.
    pub(super) fn remember_broadcasts(&mut self, marks: &[DestinationMarkRow]) {
        let did = |id: &session::DestinationId| {
            marks.iter().any(|mark| mark.id == *id && mark.state == State::Broadcasting)
        };
        for entry in self.fanout.entries.iter_mut().filter(|entry| did(&entry.row.id)) {
            entry.machine.broadcast_before();
        }
    }

    pub(super) async fn output_event(&mut self, event: OutputEvent) {
        let Some(index) = self.fanout.index(&event.id) else { return };
        let attempt = event.attempt;
        let input = match event.fact {
            OutputFact::Accepted => Input::Accepted { attempt },
            OutputFact::Draining => Input::Draining { attempt },
            OutputFact::NotDraining => Input::NotDraining { attempt },
            OutputFact::Failed(fault) => Input::Failed { attempt, fault },
        };
        self.feed(index, input).await;
        self.show_destinations();
    }

    pub(super) async fn tick_destinations(&mut self) {
        let now_ms = self.clock.now_ms();
        for index in 0..self.fanout.entries.len() {
            if self.fanout.entries[index].machine.next_deadline_ms().is_some_and(|at_ms| at_ms <= now_ms) {
                self.feed(index, Input::Tick).await;
            }
        }
        self.show_destinations();
    }

    /// Feeds the machine of the destination at `index` and carries out what it wants.
    pub(super) async fn feed(&mut self, index: usize, input: Input) {
        let now_ms = self.clock.now_ms();
        let Some(entry) = self.fanout.entries.get_mut(index) else { return };
        let effects = entry.machine.handle(now_ms, input);
        let (id, name) = (entry.row.id.clone(), entry.row.name.clone());
        let target = entry.target();
        for effect in effects {
            match effect {
                Effect::Open { attempt } => self.outputs.open(&id, attempt, target.clone()),
                Effect::Close => {
                    self.outputs.close(&id);
                    self.fanout.entries[index].measured = OutputMeasurement::default();
                }
                Effect::Record(change) => {
                    tracing::info!(destination = %id, state = change.state.code(), words = %change.words.text, "a destination's state changed");
                    if let Some(stream_id) = self.stream_to_record().cloned() {
                        let written = self.history.record_destination(&stream_id, &id, &name, &change).await;
                        if let Err(error) = written {
                            self.history_error("a destination's state", &error);
                        }
                        self.screen.destination_mark(view::destination_change(&id, &name, &change));
                    }
                }
            }
        }
    }

    /// The stream that destinations' changes belong to.
    fn stream_to_record(&self) -> Option<&session::StreamId> {
        let running = !matches!(self.session.state(), session::State::Idle | session::State::Ended(_));
        self.session.stream_id().filter(|_| running)
    }

    pub(super) fn measure_destinations(&mut self) {
        for entry in &mut self.fanout.entries {
            entry.measured = self.outputs.measure(&entry.row.id);
        }
        self.show_destinations();
    }

    pub(super) fn show_destinations(&mut self) {
        self.screen.destinations(self.fanout.views(|app| self.desk.name(app)));
        // Apps are told of the outputs they named.
        self.tell_apps();
    }

    /// A stream that was live is over: the next one begins in private, unless the user wants otherwise.
    pub(super) async fn make_private(&mut self) {
        if self.session.live_since_ms().is_some() {
            self.switch_off_unless_kept().await;
        }
    }

    pub(super) async fn switch_off_unless_kept(&mut self) {
        if self.settings.keep_destinations_on {
            return;
        }
        let on: Vec<usize> = self.switched(true);
        if let Err(error) = self.switch(&on, false).await {
            tracing::error!(error = %error.message, "destinations could not be switched off");
        }
    }

    /// Indices of the destinations that are on, or off.
    pub(super) fn switched(&self, on: bool) -> Vec<usize> {
        (0..self.fanout.entries.len()).filter(|&index| self.fanout.entries[index].row.enabled == on).collect()
    }
}
