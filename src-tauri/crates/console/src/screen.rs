//! The screen's truth: one snapshot, and every change of it as an event with the next `seq`.

use std::collections::VecDeque;

use tokio::sync::broadcast;

use crate::api::{
    AppView, Change, CloudView, DestinationMark, DestinationView, Event, GlassesMark, HubView, IngestView,
    KeyPlace, Mark, Sample, SessionView, SettingsView, SignalView, Snapshot,
};

/// Events a slow subscriber may be behind. Overflow policy: it lags and must subscribe again, which heals it.
const EVENTS: usize = 256;
/// Samples a snapshot carries: ten minutes.
const SAMPLES: usize = 600;
/// Marks a snapshot carries; a flapping source makes many.
const MARKS: usize = 500;
/// Marks of the glasses a snapshot carries.
const GLASSES_MARKS: usize = 500;
/// Marks of destinations a snapshot carries.
const DESTINATION_MARKS: usize = 2_000;

/// Holds the snapshot and tells its changes.
pub(crate) struct Screen {
    snapshot: Snapshot,
    samples: VecDeque<Sample>,
    marks: VecDeque<Mark>,
    destination_marks: VecDeque<DestinationMark>,
    glasses_marks: VecDeque<GlassesMark>,
    events: broadcast::Sender<Event>,
}

impl Screen {
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        Self {
            snapshot,
            samples: VecDeque::new(),
            marks: VecDeque::new(),
            destination_marks: VecDeque::new(),
            glasses_marks: VecDeque::new(),
            events: broadcast::Sender::new(EVENTS),
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.snapshot.clone();
        snapshot.samples = self.samples.iter().copied().collect();
        snapshot.marks = self.marks.iter().cloned().collect();
        snapshot.destination_marks = self.destination_marks.iter().cloned().collect();
        snapshot.glasses_marks = self.glasses_marks.iter().cloned().collect();
        snapshot
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Replaces the session slice; a new stream empties samples and all marks.
    pub(crate) fn session(&mut self, session: SessionView) {
        if self.snapshot.session == session {
            return;
        }
        if self.snapshot.session.stream_id != session.stream_id {
            self.samples.clear();
            self.marks.clear();
            self.destination_marks.clear();
        }
        self.snapshot.session = session.clone();
        self.tell(Change::Session { session });
    }

    pub(crate) fn ingest(&mut self, ingest: IngestView) {
        if self.snapshot.ingest != ingest {
            self.snapshot.ingest = ingest.clone();
            self.tell(Change::Ingest { ingest });
        }
    }

    pub(crate) fn signal(&mut self, signal: Option<SignalView>) {
        if self.snapshot.signal != signal {
            self.snapshot.signal = signal.clone();
            self.tell(Change::Signal { signal });
        }
    }

    pub(crate) fn settings(&mut self, settings: SettingsView) {
        if self.snapshot.settings != settings {
            self.snapshot.settings = settings.clone();
            self.tell(Change::Settings { settings });
        }
    }

    pub(crate) fn sample(&mut self, sample: Sample) {
        push_bounded(&mut self.samples, sample, SAMPLES);
        self.tell(Change::Sample { sample });
    }

    pub(crate) fn mark(&mut self, mark: Mark) {
        push_bounded(&mut self.marks, mark.clone(), MARKS);
        self.tell(Change::Mark { mark });
    }

    pub(crate) fn destinations(&mut self, destinations: Vec<DestinationView>) {
        if self.snapshot.destinations != destinations {
            self.snapshot.destinations = destinations;
            self.tell_destinations();
        }
    }

    pub(crate) fn key_place(&mut self, key_place: KeyPlace) {
        if self.snapshot.key_place != key_place {
            self.snapshot.key_place = key_place;
            self.tell_destinations();
        }
    }

    fn tell_destinations(&mut self) {
        let Snapshot { destinations, key_place, .. } = &self.snapshot;
        let change = Change::Destinations { destinations: destinations.clone(), key_place: *key_place };
        self.tell(change);
    }

    pub(crate) fn destination_mark(&mut self, mark: DestinationMark) {
        push_bounded(&mut self.destination_marks, mark.clone(), DESTINATION_MARKS);
        self.tell(Change::DestinationMark { mark });
    }

    /// Fills the destinations' lanes of a resumed stream without telling them mark by mark.
    pub(crate) fn resume_destinations(&mut self, marks: Vec<DestinationMark>) {
        marks.into_iter().for_each(|mark| push_bounded(&mut self.destination_marks, mark, DESTINATION_MARKS));
    }

    /// Fills the time line of a resumed stream without telling it mark by mark.
    pub(crate) fn resume(&mut self, marks: Vec<Mark>, samples: Vec<Sample>) {
        marks.into_iter().for_each(|mark| push_bounded(&mut self.marks, mark, MARKS));
        samples.into_iter().for_each(|sample| push_bounded(&mut self.samples, sample, SAMPLES));
    }

    pub(crate) fn hub(&mut self, hub: HubView) {
        if self.snapshot.hub != hub {
            self.snapshot.hub = hub.clone();
            self.tell(Change::Hub { hub });
        }
    }

    pub(crate) fn cloud(&mut self, cloud: Option<CloudView>) {
        if self.snapshot.cloud != cloud {
            self.snapshot.cloud = cloud.clone();
            self.tell(Change::Cloud { cloud });
        }
    }

    pub(crate) fn apps(&mut self, apps: Vec<AppView>) {
        if self.snapshot.apps != apps {
            self.snapshot.apps = apps.clone();
            self.tell(Change::Apps { apps });
        }
    }

    pub(crate) fn glasses_mark(&mut self, mark: GlassesMark) {
        push_bounded(&mut self.glasses_marks, mark.clone(), GLASSES_MARKS);
        self.tell(Change::GlassesMark { mark });
    }

    pub(crate) fn history(&mut self) {
        self.tell(Change::History);
    }

    fn tell(&mut self, change: Change) {
        self.snapshot.seq += 1;
        // An error means nobody looks.
        let _ = self.events.send(Event { seq: self.snapshot.seq, change });
    }
}

fn push_bounded<T>(queue: &mut VecDeque<T>, item: T, most: usize) {
    if queue.len() == most {
        queue.pop_front();
    }
    queue.push_back(item);
}
