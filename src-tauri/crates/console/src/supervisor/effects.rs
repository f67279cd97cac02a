//! Carrying out what the session wants, and taking up what an earlier run left open.

use std::collections::VecDeque;

use session::holders::Holders;
use session::policy::RestartDecision;
use session::{
    CameraLink, Delivery, DestinationKey, Effect, Input, Options, PackageName, PlaybackId, Resume, Session,
    Start, Starter, State, StateChange, StreamId, words,
};

use super::Supervisor;
use crate::apps::masked;
use crate::ports::{
    AppStore as _, CameraHints, Clock as _, DestinationStore as _, History as _, Hub as _, KeyStore as _,
    Provision, Random as _, StreamProvider as _, World,
};
use crate::view;
use session::record::{NewStream, StreamRow};

/// Marks and samples of a resumed stream that are shown again.
const SHOWN_SAMPLES: usize = 600;

/// A stream to be begun.
#[derive(Debug, Clone)]
pub(super) struct Begin {
    pub(super) link: CameraLink,
    pub(super) options: Options,
    pub(super) delivery: Delivery,
    /// The app that asks; None for the user.
    pub(super) starter: Option<PackageName>,
    /// Endpoint of an unmanaged stream.
    pub(super) target: Option<DestinationKey>,
    pub(super) duration_limit_ms: Option<u64>,
    pub(super) hints: CameraHints,
}

impl Begin {
    /// A managed stream of the user's.
    pub(super) fn managed(link: CameraLink, options: Options) -> Self {
        Self {
            link,
            options,
            delivery: Delivery::Managed,
            starter: None,
            target: None,
            duration_limit_ms: None,
            hints: CameraHints::default(),
        }
    }
}

impl<W: World> Supervisor<W> {
    /// Begins a new stream and returns its id.
    pub(super) async fn begin(&mut self, begin: Begin) -> StreamId {
        let stream_id = StreamId::from_random(self.random.bytes());
        self.playback_id = Some(PlaybackId::from_random(self.random.bytes()));
        self.session = Session::new();
        self.first_record = true;
        self.history_failed = false;
        self.camera_over = None;
        self.hold_off.end();
        self.desk.holders = Holders::default();
        match &begin.starter {
            Some(app) => self.desk.holders.start_app(app, self.clock.now_ms(), true),
            None => self.desk.holders.start_user(),
        }
        self.desk.dismissed = false;
        self.desk.starter = begin.starter.clone();
        self.desk.target = begin.target;
        self.desk.hints = begin.hints;
        self.desk.duration_limit_ms = begin.duration_limit_ms;
        let start = Start {
            stream_id: stream_id.clone(),
            link: begin.link,
            options: begin.options,
            delivery: begin.delivery,
            duration_limit_ms: begin.duration_limit_ms,
            starter: if begin.starter.is_some() { Starter::App } else { Starter::User },
            grace_ms: u64::from(self.settings.grace_s) * 1_000,
        };
        self.handle(Input::Start(start)).await;
        if let Some(app) = &begin.starter
            && self.session.state().is_running()
        {
            self.record_app(app, true).await;
        }
        self.keep_target().await;
        self.show_apps();
        stream_id
    }

    /// Keeps the endpoint of an unmanaged stream, with its key, where keys are kept: history knows it without.
    async fn keep_target(&mut self) {
        if let (Some(target), Some(file)) = (self.desk.target.clone(), self.target_file())
            && let Err(error) = self.keys.put(&file, &target).await
        {
            tracing::warn!(error = %error.text, "the address of an unmanaged stream could not be kept");
        }
    }

    /// Carries out effects in their order. What goes wrong is fed back and its effects follow.
    pub(super) async fn carry_out(&mut self, effects: Vec<Effect>) {
        if effects.is_empty() {
            return;
        }
        let mut queue: VecDeque<Effect> = effects.into();
        while let Some(effect) = queue.pop_front() {
            let feedback = match effect {
                Effect::Record(change) => {
                    self.record(&change).await;
                    None
                }
                Effect::Provision { resumed } => self.provision(resumed).await,
                Effect::StartCamera => self.start_camera().await,
                Effect::StopCamera => {
                    self.stop_camera().await;
                    None
                }
                Effect::Probe => {
                    self.probe();
                    None
                }
                Effect::Release => self.release().await,
            };
            if let Some(input) = feedback {
                queue.extend(self.session.handle(self.clock.now_ms(), input));
            }
        }
        // Only now: what stops the camera must still know whose it is.
        if matches!(self.session.state(), State::Ended(_)) {
            self.dismiss_apps().await;
        }
    }

    /// Glasses answer in their own time: what they say comes as a fact.
    async fn start_camera(&mut self) -> Option<Input> {
        let failed = |words| Input::CameraFailed { words };
        if self.session.link() == Some(CameraLink::Cloud) {
            return self.start_cloud_camera().await.err().map(failed);
        }
        if self.session.link() == Some(CameraLink::Hub) {
            // After a restart of the program they take a while to come back; their coming asks them again.
            if !self.glasses.connected() && self.desk.resuming {
                return None;
            }
            return self.command_camera().err().map(failed);
        }
        Some(self.provider.start_camera().await.map_or_else(failed, |()| Input::CameraStarted))
    }

    pub(super) async fn stop_camera(&mut self) {
        if self.session.link() == Some(CameraLink::Cloud) {
            self.stop_cloud_camera();
            return;
        }
        if self.session.link() == Some(CameraLink::Hub) {
            let owner = self.desk.starter.clone().filter(|_| self.session.delivery() == Delivery::Unmanaged);
            if let Some(id) = self.short_id() {
                self.hub.stop_camera(&id, owner.as_ref());
            }
            return;
        }
        self.provider.stop_camera().await;
    }

    fn probe(&mut self) {
        match self.session.delivery() {
            Delivery::Cloud => self.probe_cloud(),
            Delivery::Managed | Delivery::Unmanaged => self.provider.probe(),
        }
    }

    /// An unmanaged stream is over when the glasses say so; without glasses, at once.
    async fn release(&mut self) -> Option<Input> {
        if self.session.link() == Some(CameraLink::Cloud) && self.session.delivery() != Delivery::Managed {
            return self.release_cloud();
        }
        if self.session.delivery() == Delivery::Unmanaged {
            return (!self.glasses.connected()).then_some(Input::Closed);
        }
        self.provider.release().await;
        Some(Input::Closed)
    }

    async fn provision(&mut self, resumed: bool) -> Option<Input> {
        let stream_id = self.session.stream_id()?.clone();
        let stream = Provision {
            stream_id,
            playback_id: self.playback_id.clone()?,
            started_at_ms: self.session.started_at_ms()?,
            enable_webrtc: self.session.options().enable_webrtc,
            resumed,
        };
        self.provider.provision(stream).await.err().map(|words| Input::Fault { words })
    }

    /// Writes a state change, then shows it.
    async fn record(&mut self, change: &StateChange) {
        let Some(stream_id) = self.session.stream_id().cloned() else { return };
        let written = match (&self.playback_id, std::mem::take(&mut self.first_record)) {
            (Some(playback_id), true) => {
                let stream = NewStream {
                    stream_id: stream_id.clone(),
                    playback_id: playback_id.clone(),
                    link: self.session.link().unwrap_or(CameraLink::Manual),
                    options: self.session.options(),
                    delivery: self.session.delivery(),
                    target: self.desk.target.as_ref().map(masked),
                    duration_limit_ms: self.desk.duration_limit_ms,
                    starter: self.desk.starter.clone(),
                    started_at_ms: self.session.started_at_ms().unwrap_or(change.at_ms),
                };
                self.history.start_stream(&stream, change).await
            }
            _ => self.history.record(&stream_id, change).await,
        };
        if let Err(error) = written {
            self.history_error("a state change", &error);
        }
        if matches!(change.state, State::Ended(_))
            && let Err(error) = self.history.thin(&stream_id).await
        {
            self.history_error("the end of a stream", &error);
        }
        tracing::info!(stream = %stream_id, state = ?change.state, words = %change.words.text, "the stream's state changed");
        self.show_change(change);
        if matches!(change.state, State::Ended(_)) {
            self.make_private().await;
        }
    }

    /// Takes up the newest stream an earlier run left open, and closes the others.
    pub(super) async fn resume(&mut self) {
        let open = match self.history.open_streams().await {
            Ok(open) => open,
            Err(error) => {
                self.history_error("what an earlier run left", &error);
                return;
            }
        };
        for (index, row) in open.into_iter().enumerate() {
            match session::policy::restart(row.state, index == 0) {
                RestartDecision::Resume => self.take_up(row).await,
                RestartDecision::Close(reason) => self.close_left_open(row, reason).await,
            }
        }
    }

    /// A stream left open is taken up whenever the program starts again; that it was public days ago is no reason to be
    /// public now. Within the grace time it is one broadcast that goes on.
    async fn forget_old_broadcast(&mut self, alive_ms: u64) {
        let grace_ms = u64::from(self.settings.grace_s) * 1_000;
        if self.clock.now_ms().saturating_sub(alive_ms) > grace_ms {
            self.switch_off_unless_kept().await;
        }
    }

    async fn take_up(&mut self, row: StreamRow) {
        self.playback_id = Some(row.playback_id.clone());
        self.first_record = false;
        let resume = Resume {
            stream_id: row.stream_id.clone(),
            link: row.link,
            options: row.options,
            delivery: row.delivery,
            starter: if row.starter.is_some() { Starter::App } else { Starter::User },
            duration_limit_ms: row.duration_limit_ms,
            started_at_ms: row.started_at_ms,
            live_since_ms: row.live_since_ms,
            grace_ms: u64::from(self.settings.grace_s) * 1_000,
        };
        self.take_up_holders(&row).await;
        let earlier = (self.history.marks(&row.stream_id).await, self.history.samples(&row.stream_id).await);
        let pushed = self.history.destination_marks(&row.stream_id).await;
        let effects = self.session.handle(self.clock.now_ms(), Input::Resume(resume));
        self.recall_target().await;
        self.show_session();
        let newest_mark = earlier.0.iter().flatten().map(|mark| mark.at_ms).max();
        let newest_sample = earlier.1.iter().flatten().map(|sample| sample.at_ms).max();
        self.forget_old_broadcast(newest_mark.max(newest_sample).unwrap_or(row.started_at_ms)).await;
        if let (Ok(marks), Ok(samples)) = earlier {
            let skip = samples.len().saturating_sub(SHOWN_SAMPLES);
            self.screen.resume(
                marks.iter().map(view::mark).collect(),
                samples.iter().skip(skip).map(view::sample).collect(),
            );
        }
        let pushed = pushed.unwrap_or_default();
        self.screen.resume_destinations(pushed.iter().map(view::destination_mark).collect());
        self.desk.resuming = true;
        self.carry_out(effects).await;
        self.desk.resuming = false;
        self.follow_source().await;
        self.remember_broadcasts(&pushed);
        self.show_session();
    }

    /// Apps that were in the stream are waited for as if they had just lost their connection.
    async fn take_up_holders(&mut self, row: &StreamRow) {
        let apps = match self.history.stream_apps(&row.stream_id).await {
            Ok(apps) => apps,
            Err(error) => {
                self.history_error("who was in an earlier stream", &error);
                Vec::new()
            }
        };
        let now_ms = self.clock.now_ms();
        self.desk.starter = row.starter.clone();
        self.desk.holders = Holders::default();
        let mut waited_for = false;
        for app in apps.into_iter().filter(|app| app.left_at_ms.is_none()) {
            self.desk.holders.join(&app.package, now_ms, row.live_since_ms.is_some());
            self.desk.holders.away(&app.package, now_ms);
            waited_for = true;
        }
        self.desk.holders.hold(row.held || !waited_for);
    }

    /// The endpoint of an unmanaged stream that goes on.
    async fn recall_target(&mut self) {
        if self.session.delivery() == Delivery::Unmanaged
            && let Some(file) = self.target_file()
        {
            self.desk.target = self.keys.get(&file).await.ok().filter(|target| !target.is_empty());
        }
    }

    async fn close_left_open(&mut self, row: StreamRow, reason: session::EndReason) {
        let state = State::Ended(reason);
        let change = StateChange {
            at_ms: self.clock.now_ms(),
            state,
            words: words::entering(state, row.link, row.delivery),
        };
        let closed = match self.history.record(&row.stream_id, &change).await {
            Ok(()) => self.history.thin(&row.stream_id).await,
            Err(error) => Err(error),
        };
        if let Err(error) = closed {
            self.history_error("the end of an earlier stream", &error);
        }
        if row.live_since_ms.is_some() && !self.session.state().is_running() {
            self.switch_off_unless_kept().await;
        }
    }
}
