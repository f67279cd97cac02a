//! Carrying out what the session wants, and taking up what an earlier run left open.

use std::collections::VecDeque;

use session::policy::RestartDecision;
use session::{
    CameraLink, Effect, Input, Options, PlaybackId, Resume, Session, Start, Starter, State, StateChange,
    StreamId, words,
};

use super::Supervisor;
use crate::ports::{
    Clock as _, DestinationStore as _, History as _, Provision, Random as _, StreamProvider as _, World,
};
use crate::view;
use session::record::{NewStream, StreamRow};

/// Marks and samples of a resumed stream that are shown again.
const SHOWN_SAMPLES: usize = 600;

impl<W: World> Supervisor<W> {
    /// Begins a new stream and returns its id.
    pub(super) async fn begin(&mut self, link: CameraLink, options: Options) -> StreamId {
        let stream_id = StreamId::from_random(self.random.bytes());
        self.playback_id = Some(PlaybackId::from_random(self.random.bytes()));
        self.session = Session::new();
        self.first_record = true;
        self.history_failed = false;
        self.hold_off.end();
        let start = Start {
            stream_id: stream_id.clone(),
            link,
            options,
            starter: Starter::User,
            grace_ms: u64::from(self.settings.grace_s) * 1_000,
        };
        self.handle(Input::Start(start)).await;
        stream_id
    }

    /// Carries out effects in their order. What goes wrong is fed back and its effects follow.
    pub(super) async fn carry_out(&mut self, effects: Vec<Effect>) {
        let mut queue: VecDeque<Effect> = effects.into();
        while let Some(effect) = queue.pop_front() {
            let feedback = match effect {
                Effect::Record(change) => {
                    self.record(&change).await;
                    None
                }
                Effect::Provision { resumed } => self.provision(resumed).await,
                Effect::StartCamera => match self.provider.start_camera().await {
                    Ok(()) => Some(Input::CameraStarted),
                    Err(words) => Some(Input::CameraFailed { words }),
                },
                Effect::StopCamera => {
                    self.provider.stop_camera().await;
                    None
                }
                Effect::Probe => {
                    self.provider.probe();
                    None
                }
                Effect::Release => {
                    self.provider.release().await;
                    Some(Input::Closed)
                }
            };
            if let Some(input) = feedback {
                queue.extend(self.session.handle(self.clock.now_ms(), input));
            }
        }
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
        self.playback_id = Some(row.playback_id);
        self.first_record = false;
        let resume = Resume {
            stream_id: row.stream_id.clone(),
            link: row.link,
            options: row.options,
            started_at_ms: row.started_at_ms,
            live_since_ms: row.live_since_ms,
            grace_ms: u64::from(self.settings.grace_s) * 1_000,
        };
        let earlier = (self.history.marks(&row.stream_id).await, self.history.samples(&row.stream_id).await);
        let pushed = self.history.destination_marks(&row.stream_id).await;
        let effects = self.session.handle(self.clock.now_ms(), Input::Resume(resume));
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
        self.carry_out(effects).await;
        self.follow_source().await;
        self.remember_broadcasts(&pushed);
        self.show_session();
    }

    async fn close_left_open(&mut self, row: StreamRow, reason: session::EndReason) {
        let state = State::Ended(reason);
        let change =
            StateChange { at_ms: self.clock.now_ms(), state, words: words::entering(state, row.link) };
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
