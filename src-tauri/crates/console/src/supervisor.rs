//! One actor owns the session: every click, every fact and every deadline is a message to it, handled one at a time.
//!
//! The order of a state change is fixed: the row is written, then the screen is told, then the next effect is
//! carried out. A history that cannot be written is logged and said, and never keeps a stream from stopping.

mod app_outputs;
mod app_streams;
mod apps;
mod cloud;
mod cloud_streams;
mod commands;
mod destinations;
mod effects;
mod hub;
mod outputs;
mod told;

use std::sync::Arc;
use std::time::Duration;

use session::{CameraLink, Input, PlaybackId, Session, State, StateChange};
use tokio::sync::{Mutex, broadcast, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use self::effects::Begin;
use crate::api::{
    AddApp, AddDestination, Added, AllowApp, ApiError, BroadcastCheck, DestinationTest, Event, Frames,
    HoldStream, IngestView, ListStreams, OneApp, OneDestination, OneStream, Preflight, RevealedKey, SetCloud,
    SetDestination, SetVirtualGlasses, Settings, SettingsView, Snapshot, SomeDestinations, StartManaged,
    StartUnmanaged, Started, StreamDetail, StreamSummary, UpdateDestination, VirtualGlasses, WantedFrames,
    WebRtcView, WebhookCheck,
};
use crate::apps::Desk;
use crate::cloud::CloudDesk;
use crate::console::Parts;
use crate::fanout::Fanout;
use crate::glasses::{Glasses, GlassesState};
use crate::ports::{
    CameraFact, Clock as _, CloudEvent, History as _, Hub as _, HubEvent, KeyStore as _, Measurement,
    OutputEvent, ProviderEvent, StreamProvider as _, World,
};
use crate::publish::HoldOff;
use crate::screen::Screen;
use crate::view;

/// How often the signal is measured and sampled.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);
/// Longest sleep towards a deadline: a computer that slept must notice.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// A question to the supervisor, with where its answer goes.
pub(crate) enum Ask {
    Snapshot { answer: oneshot::Sender<Snapshot> },
    Subscribe { answer: oneshot::Sender<(Snapshot, broadcast::Receiver<Event>)> },
    Start { wanted: StartManaged, answer: oneshot::Sender<Result<Started, ApiError>> },
    Stop { answer: oneshot::Sender<()> },
    List { wanted: ListStreams, answer: oneshot::Sender<Result<Vec<StreamSummary>, ApiError>> },
    Detail { wanted: OneStream, answer: oneshot::Sender<Result<StreamDetail, ApiError>> },
    Delete { wanted: OneStream, answer: oneshot::Sender<Result<(), ApiError>> },
    UpdateSettings { wanted: Settings, answer: oneshot::Sender<Result<SettingsView, ApiError>> },
    NewStreamKey { answer: oneshot::Sender<Result<(), ApiError>> },
    AddDestination { wanted: AddDestination, answer: oneshot::Sender<Result<Added, ApiError>> },
    UpdateDestination { wanted: UpdateDestination, answer: oneshot::Sender<Result<(), ApiError>> },
    SetDestination { wanted: SetDestination, answer: oneshot::Sender<Result<(), ApiError>> },
    RemoveDestination { wanted: OneDestination, answer: oneshot::Sender<Result<(), ApiError>> },
    DuplicateDestination { wanted: OneDestination, answer: oneshot::Sender<Result<Added, ApiError>> },
    OrderDestinations { wanted: SomeDestinations, answer: oneshot::Sender<Result<(), ApiError>> },
    RetryDestination { wanted: OneDestination, answer: oneshot::Sender<Result<(), ApiError>> },
    TestDestination { wanted: OneDestination, answer: oneshot::Sender<Result<DestinationTest, ApiError>> },
    RevealKey { wanted: OneDestination, answer: oneshot::Sender<Result<RevealedKey, ApiError>> },
    GoLive { wanted: SomeDestinations, answer: oneshot::Sender<Result<(), ApiError>> },
    EndBroadcast { answer: oneshot::Sender<Result<(), ApiError>> },
    Preflight { answer: oneshot::Sender<Preflight> },
    BroadcastCheck { answer: oneshot::Sender<Result<BroadcastCheck, ApiError>> },
    StartUnmanaged { wanted: StartUnmanaged, answer: oneshot::Sender<Result<Started, ApiError>> },
    HoldStream { wanted: HoldStream, answer: oneshot::Sender<Result<(), ApiError>> },
    AddApp { wanted: AddApp, answer: oneshot::Sender<Result<(), ApiError>> },
    UpdateApp { wanted: AddApp, answer: oneshot::Sender<Result<(), ApiError>> },
    RemoveApp { wanted: OneApp, answer: oneshot::Sender<Result<(), ApiError>> },
    StartApp { wanted: OneApp, answer: oneshot::Sender<Result<(), ApiError>> },
    StopApp { wanted: OneApp, answer: oneshot::Sender<Result<(), ApiError>> },
    AllowApp { wanted: AllowApp, answer: oneshot::Sender<Result<(), ApiError>> },
    Frames { wanted: WantedFrames, answer: oneshot::Sender<Result<Frames, ApiError>> },
    SetVirtualGlasses { wanted: SetVirtualGlasses, answer: oneshot::Sender<Result<(), ApiError>> },
    NewGlassesToken { answer: oneshot::Sender<Result<(), ApiError>> },
    SetCloud { wanted: SetCloud, answer: oneshot::Sender<Result<(), ApiError>> },
    RemoveCloud { answer: oneshot::Sender<Result<(), ApiError>> },
    CheckWebhook { answer: oneshot::Sender<Result<WebhookCheck, ApiError>> },
    Shutdown { answer: oneshot::Sender<()> },
}

/// See the module's documentation.
pub(crate) struct Supervisor<W: World> {
    provider: W::Provider,
    outputs: W::Outputs,
    hub: W::Hub,
    cloud: W::Cloud,
    history: W::History,
    keys: W::Keys,
    clock: W::Clock,
    random: W::Random,
    asks: mpsc::Receiver<Ask>,
    events: mpsc::Receiver<ProviderEvent>,
    output_events: mpsc::Receiver<OutputEvent>,
    hub_events: mpsc::Receiver<HubEvent>,
    cloud_events: mpsc::Receiver<CloudEvent>,
    cloud_desk: CloudDesk,
    fanout: Fanout,
    desk: Desk,
    glasses: Glasses,
    /// What apps were told of them last.
    glasses_told: Option<GlassesState>,
    /// What the virtual glasses are set to; None while they are off.
    virtual_glasses: Option<VirtualGlasses>,
    /// The glasses' camera said that it is over while its media still came.
    camera_over: Option<CameraFact>,
    /// Tests and checks that answer when they are done; ended with the supervisor.
    errands: JoinSet<()>,
    /// A broadcast check runs.
    checking: Arc<Mutex<()>>,
    session: Session,
    playback_id: Option<PlaybackId>,
    /// The next state change is the stream's first.
    first_record: bool,
    screen: Screen,
    settings: Settings,
    /// Network choices this run was started with.
    settings_at_start: Settings,
    hold_off: HoldOff,
    measured: Measurement,
    /// A history write failed in this stream.
    history_failed: bool,
}

impl<W: World> Supervisor<W> {
    pub(crate) fn new(parts: Parts<W>, asks: mpsc::Receiver<Ask>) -> Self {
        let session = Session::new();
        let snapshot = Snapshot {
            seq: 0,
            app: parts.app,
            session: view::session(&session, None, 0, WebRtcView::default(), &Desk::default()),
            ingest: parts.provider.ingest(),
            signal: None,
            samples: Vec::new(),
            marks: Vec::new(),
            destinations: Vec::new(),
            destination_marks: Vec::new(),
            key_place: parts.keys.place(),
            hub: view::hub(parts.hub.addresses(), None, None),
            apps: Vec::new(),
            glasses_marks: Vec::new(),
            cloud: None,
            settings: SettingsView { chosen: parts.settings.clone(), restart_needed: false },
        };
        Self {
            provider: parts.provider,
            outputs: parts.outputs,
            hub: parts.hub,
            cloud: parts.cloud,
            history: parts.history,
            keys: parts.keys,
            clock: parts.clock,
            random: parts.random,
            asks,
            events: parts.events,
            output_events: parts.output_events,
            hub_events: parts.hub_events,
            cloud_events: parts.cloud_events,
            cloud_desk: CloudDesk::default(),
            fanout: Fanout::default(),
            desk: Desk::default(),
            glasses: Glasses::default(),
            glasses_told: None,
            virtual_glasses: None,
            camera_over: None,
            errands: JoinSet::new(),
            checking: Arc::default(),
            session,
            playback_id: None,
            first_record: false,
            screen: Screen::new(snapshot),
            settings_at_start: parts.settings.clone(),
            settings: parts.settings,
            hold_off: HoldOff::default(),
            measured: Measurement::default(),
            history_failed: false,
        }
    }

    /// Runs until asked to shut down or until nobody can ask any more.
    pub(crate) async fn run(mut self) {
        self.provider.freeze_picture(self.settings.freeze_picture);
        self.offer_addresses();
        self.take_up_destinations().await;
        self.take_up_apps().await;
        self.resume().await;
        self.take_up_cloud().await;
        self.after_resume().await;
        let mut sampling = tokio::time::interval(SAMPLE_EVERY);
        sampling.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let now_ms = self.clock.now_ms();
            let deadline = self.next_deadline_ms().map_or(LONGEST_SLEEP, |deadline_ms| {
                Duration::from_millis(deadline_ms.saturating_sub(now_ms)).min(LONGEST_SLEEP)
            });
            tokio::select! {
                ask = self.asks.recv() => match ask {
                    Some(Ask::Shutdown { answer }) => {
                        // No camera stays on because the program was closed; a stream that is resumed asks for it again.
                        if self.session.state().is_running() {
                            self.stop_camera().await;
                        }
                        // The asker may have stopped waiting.
                        let _ = answer.send(());
                        return;
                    }
                    Some(ask) => self.answer(ask).await,
                    None => return,
                },
                Some(event) = self.events.recv() => self.provider_event(event).await,
                Some(event) = self.output_events.recv() => self.output_event(event).await,
                Some(event) = self.hub_events.recv() => self.hub_event(event).await,
                Some(event) = self.cloud_events.recv() => self.cloud_event(event).await,
                Some(_) = self.errands.join_next() => {}
                _ = sampling.tick() => self.sample().await,
                () = tokio::time::sleep_until(Instant::now() + deadline) => self.deadline().await,
            }
        }
    }

    /// When something gives up or is tried again by itself.
    fn next_deadline_ms(&self) -> Option<u64> {
        [
            self.session.next_deadline_ms(),
            self.fanout.next_deadline_ms(),
            self.desk.next_deadline_ms(),
            self.glasses.next_deadline_ms(),
            self.cloud_desk.answer_until_ms,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    async fn deadline(&mut self) {
        let now_ms = self.clock.now_ms();
        if self.cloud_desk.answer_until_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.cloud_unanswered().await;
        }
        if self.session.next_deadline_ms().is_some_and(|at_ms| at_ms <= now_ms) {
            self.why_no_media().await;
            self.handle(Input::Tick).await;
        }
        if self.fanout.next_deadline_ms().is_some_and(|at_ms| at_ms <= now_ms) {
            self.tick_destinations().await;
        }
        if self.desk.next_deadline_ms().is_some_and(|at_ms| at_ms <= now_ms) {
            self.tick_apps().await;
        }
        if self.glasses.next_deadline_ms().is_some_and(|at_ms| at_ms <= now_ms) {
            self.glasses.tick(now_ms);
            self.show_hub();
            self.tell_glasses();
        }
    }

    async fn provider_event(&mut self, event: ProviderEvent) {
        match event {
            ProviderEvent::PublishRequested { publisher, answer } => {
                let decision = self.publish_requested(publisher).await;
                // An encoder that left meanwhile is not there to hear it.
                let _ = answer.send(decision);
            }
            ProviderEvent::MediaArrived => self.handle(Input::MediaArrived).await,
            ProviderEvent::MediaLost => {
                self.media_lost().await;
                // The address of the glasses may have changed before that was noticed.
                self.follow_address().await;
            }
            ProviderEvent::Playable => self.handle(Input::Playable).await,
            ProviderEvent::ProbeFailed { words } => self.handle(Input::ProbeFailed { words }).await,
            ProviderEvent::Refused { words } => self.handle(Input::Refused { words }).await,
        }
    }

    async fn publish_requested(&mut self, publisher: CameraLink) -> Result<(), String> {
        let now_ms = self.clock.now_ms();
        let publish = session::policy::Publish {
            current: self.session.state(),
            running: self.session.link(),
            delivery: self.session.delivery(),
            publisher,
            start_on_publish: self.settings.start_on_publish,
            held_off: self.hold_off.holds(now_ms),
        };
        match session::policy::publish(publish) {
            session::policy::PublishDecision::Admit => Ok(()),
            session::policy::PublishDecision::StartFirst => {
                let options =
                    session::Options { enable_webrtc: self.settings.webrtc, ..session::Options::default() };
                self.begin(Begin::managed(CameraLink::Manual, options)).await;
                Ok(())
            }
            session::policy::PublishDecision::Refuse(words) => {
                if publish.held_off {
                    self.hold_off.knocked(now_ms);
                    self.show_ingest();
                }
                Err(words
                    .next_step
                    .map_or_else(|| words.text.clone(), |next| format!("{} {next}", words.text)))
            }
        }
    }

    /// Feeds the session and carries out what it wants.
    async fn handle(&mut self, input: Input) {
        let now_ms = self.clock.now_ms();
        let effects = self.session.handle(now_ms, input);
        self.carry_out(effects).await;
        if self.session.state() == State::Live {
            self.desk.holders.active();
        }
        self.show_session();
        self.follow_source().await;
    }

    /// Where the running stream plays.
    fn urls(&self) -> Option<crate::api::PlaybackUrls> {
        match self.session.delivery() {
            session::Delivery::Cloud => self.cloud_desk.urls.clone(),
            session::Delivery::Managed | session::Delivery::Unmanaged => self.provider.urls(),
        }
    }

    fn show_session(&mut self) {
        let session = view::session(
            &self.session,
            self.urls(),
            self.measured.viewers,
            self.provider.webrtc(),
            &self.desk,
        );
        self.screen.session(session);
    }

    fn show_ingest(&mut self) {
        let ingest = IngestView {
            publisher: self.measured.publisher.clone(),
            held_off: self.hold_off.shown(self.clock.now_ms()),
            ..self.provider.ingest()
        };
        self.screen.ingest(ingest);
    }

    fn show_change(&mut self, change: &StateChange) {
        self.show_session();
        self.tell_apps();
        self.screen.mark(view::mark(change));
        self.screen.history();
    }

    /// One second passed: measure, show, remember.
    async fn sample(&mut self) {
        self.measured = self.provider.measure();
        self.show_ingest();
        self.screen.signal(self.measured.signal.clone());
        self.show_session();
        // An address may have come or gone with what the camera sends.
        self.tell_apps();
        self.measure_destinations();
        self.follow_address().await;
        if !matches!(self.session.state(), State::Live | State::Interrupted) {
            return;
        }
        // Nobody here sees the media: zeros would be a lie.
        if self.session.delivery() != session::Delivery::Managed {
            return;
        }
        let Some(id) = self.session.stream_id().cloned() else { return };
        let signal = self.measured.signal.as_ref();
        let sample = session::record::Sample {
            at_ms: self.clock.now_ms(),
            bitrate_bps: signal.map_or(0, |signal| signal.bitrate_bps),
            fps: signal.map_or(0.0, |signal| signal.fps),
            viewers: self.measured.viewers,
        };
        self.screen.sample(view::sample(&sample));
        if let Err(error) = self.history.append_sample(&id, &sample).await {
            self.history_error("a sample", &error);
        }
    }

    /// Logged once per stream: a full disk must not fill the log too.
    fn history_error(&mut self, what: &str, error: &crate::ports::HistoryError) {
        if !std::mem::replace(&mut self.history_failed, true) {
            tracing::error!(%error, "{what} could not be written to history");
        }
    }
}

#[cfg(test)]
mod tests;
