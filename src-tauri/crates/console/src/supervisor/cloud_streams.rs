//! Streams of glasses that the MentraOS cloud commands.
//!
//! Three deliveries, one camera: to this computer (for the cloud an unmanaged stream to our ingest), through the cloud, and
//! straight to a server. What flows at our ingest outranks what the cloud says, as with the glasses of the hub.

use session::{CameraLink, Delivery, Input, State, Words};

use super::Supervisor;
use crate::ports::{
    CameraFact, Clock as _, Cloud as _, CloudCommand, CloudRunning, CloudState, CloudStream, KeyStore as _,
    StreamProvider as _, World,
};

/// How long the cloud is given to say what runs.
const ANSWER_MS: u64 = 3_000;

impl<W: World> Supervisor<W> {
    /// Asks for the running stream.
    pub(super) async fn start_cloud_camera(&mut self) -> Result<(), Words> {
        let session_id = match (self.cloud_desk.usable(), self.desk.resuming) {
            (Ok(session_id), _) => session_id.to_owned(),
            // After a restart of the program the cloud has to call first; then it is asked what still runs.
            (Err(_), true) => {
                self.cloud_desk.session_id = None;
                return Ok(());
            }
            (Err(words), false) => return Err(words),
        };
        self.cloud_desk.begin(session_id.clone());
        // What the program asked for before it was restarted may still run.
        self.cloud_desk.asked_for = self.desk.resuming;
        let through_cloud = self.session.delivery() == Delivery::Cloud;
        if through_cloud {
            self.gather_cloud_destinations().await;
        }
        // A managed stream of other apps is joined. For an unmanaged one the cloud would end whatever runs, whosever it is.
        if through_cloud && !self.desk.resuming {
            return self.command_cloud();
        }
        self.ask_what_runs(&session_id);
        Ok(())
    }

    fn ask_what_runs(&mut self, session_id: &str) {
        self.cloud_desk.answer_until_ms = Some(self.clock.now_ms().saturating_add(ANSWER_MS));
        self.cloud.check(session_id);
    }

    /// There was no answer: older clouds do not know the question.
    pub(super) async fn cloud_unanswered(&mut self) {
        if let Some(session_id) = self.cloud_desk.session_id.clone() {
            self.cloud_checked(&session_id, None).await;
        }
        self.cloud_desk.answer_until_ms = None;
    }

    fn command_cloud(&mut self) -> Result<(), Words> {
        let Some(session_id) = self.cloud_desk.session_id.clone() else { return Ok(()) };
        let delivery = self.session.delivery();
        if delivery == Delivery::Unmanaged && self.desk.target.is_none() {
            return Err(Words::error(
                "The address of this stream could not be read from where keys are kept.",
            )
            .then("Unlock the keychain, or start the stream again."));
        }
        let command = CloudCommand {
            delivery,
            target: self.desk.target.clone().filter(|_| delivery == Delivery::Unmanaged),
            glasses_ip: self.cloud_desk.glasses_ip(&session_id),
            options: self.session.options(),
            destinations: self.cloud_desk.destinations.clone(),
        };
        self.cloud.start(&session_id, &command)?;
        self.cloud_desk.asked_for = true;
        Ok(())
    }

    /// Addresses and keys of the destinations that are switched on, for a stream the cloud pushes on.
    async fn gather_cloud_destinations(&mut self) {
        self.cloud_desk.destinations.clear();
        for entry in self.fanout.entries.iter().filter(|entry| entry.row.enabled) {
            let key = match self.keys.get(&entry.row.id).await {
                Ok(key) => key,
                Err(error) => {
                    tracing::warn!(error = %error.text, "a destination's key could not be read");
                    continue;
                }
            };
            let url = entry.row.url.trim_end_matches('/');
            let whole = if key.is_empty() { url.to_owned() } else { format!("{url}/{}", key.expose()) };
            if let Ok(whole) = session::DestinationKey::parse(&whole) {
                self.cloud_desk.destinations.push((whole, entry.row.name.clone()));
            }
        }
    }

    pub(super) fn stop_cloud_camera(&mut self) {
        self.cloud_desk.answer_until_ms = None;
        if let Some(session_id) = self.cloud_desk.session_id.as_ref().filter(|_| self.cloud_desk.asked_for) {
            self.cloud.stop(session_id, self.session.delivery(), self.cloud_desk.stream_id.as_deref());
        }
    }

    /// Over when the cloud says so; at once if it cannot be heard.
    pub(super) fn release_cloud(&mut self) -> Option<Input> {
        self.cloud.release();
        let heard = self.cloud_desk.session_id.as_deref().is_some_and(|id| self.cloud_desk.is_connected(id));
        (!heard || !self.cloud_desk.asked_for).then_some(Input::Closed)
    }

    pub(super) fn probe_cloud(&self) {
        if let Some(urls) = &self.cloud_desk.urls {
            self.cloud.probe(&urls.hls);
        }
    }

    /// The session is back, or came for the first time since the program did: it is asked what runs before anything is
    /// started twice.
    pub(super) fn cloud_back(&mut self, session_id: &str) {
        if self.cloud_desk.session_id.is_none() {
            self.cloud_desk.begin(session_id.to_owned());
            self.cloud_desk.asked_for = true;
        }
        self.ask_what_runs(session_id);
    }

    pub(super) async fn cloud_checked(&mut self, session_id: &str, found: Option<CloudRunning>) {
        if self.cloud_desk.answer_until_ms.take().is_none() || self.session.state() == State::Stopping {
            return;
        }
        let delivery = self.session.delivery();
        match found {
            Some(found) if found.managed && delivery == Delivery::Cloud => {
                let stream = CloudStream {
                    managed: true,
                    stream_id: Some(found.stream_id),
                    state: CloudState::Live,
                    urls: found.urls,
                };
                self.adopt(stream).await;
            }
            Some(found) if self.cloud_desk.is_foreign(&found) && !self.flows_here() => {
                self.cloud_desk.asked_for = false;
                let words = Words::error(match found.owner {
                    Some(owner) => format!("The glasses stream for another app of MentraOS, {owner}."),
                    None => "The glasses stream through MentraOS for another app.".to_owned(),
                })
                .then("Stop it there, then start again.");
                self.handle(Input::CameraFailed { words }).await;
            }
            Some(found) if self.cloud_desk.asked_for && self.is_this(&found) => {
                let stream = CloudStream {
                    managed: false,
                    stream_id: Some(found.stream_id),
                    state: CloudState::Live,
                    urls: None,
                };
                self.adopt(stream).await;
                // It may push to where this computer is no more.
                if delivery == Delivery::Managed && self.provider.measure().publisher.is_none() {
                    self.start_again(session_id).await;
                }
            }
            _ if !self.cloud_desk.asked_for => {
                if let Err(words) = self.command_cloud() {
                    self.handle(Input::CameraFailed { words }).await;
                }
            }
            _ => self.start_again(session_id).await,
        }
    }

    /// Whether an unmanaged stream of ours is the one that waits here, not one that went elsewhere.
    fn is_this(&self, found: &CloudRunning) -> bool {
        let there = match self.session.delivery() {
            Delivery::Managed => true,
            Delivery::Unmanaged => found.target.is_none() || found.target == self.desk.target,
            Delivery::Cloud => false,
        };
        there && self.cloud_desk.is_own(found)
    }

    /// A stream found running is taken over, not started twice.
    async fn adopt(&mut self, stream: CloudStream) {
        self.cloud_desk.stream_id.clone_from(&stream.stream_id);
        self.cloud_desk.asked_for = true;
        self.cloud_stream(stream).await;
    }

    /// Sends the glasses to where this computer is now, if no media comes and one of the two is in another network.
    pub(super) async fn follow_address(&mut self) {
        let Some(session_id) = self.session_to_here().map(str::to_owned) else { return };
        let waits = matches!(self.session.state(), State::AwaitingMedia | State::Interrupted);
        if waits && self.cloud.moved(self.cloud_desk.glasses_ip(&session_id)) {
            self.start_again(&session_id).await;
        }
    }

    async fn start_again(&mut self, session_id: &str) {
        let waits =
            matches!(self.session.state(), State::AwaitingCamera | State::AwaitingMedia | State::Interrupted);
        if !waits {
            return;
        }
        self.cloud_desk.begin(session_id.to_owned());
        if let Err(words) = self.command_cloud() {
            self.handle(Input::Note { words }).await;
        }
    }

    /// A stream of ours that the cloud still has and nobody here knows of any more: it would keep the camera on.
    pub(super) fn end_orphan(&mut self, session_id: &str, found: &CloudRunning) {
        if found.managed {
            // To the cloud only our own part in it.
            self.cloud.stop(session_id, Delivery::Cloud, Some(&found.stream_id));
        } else if self.cloud_desk.is_own(found) {
            self.cloud.stop(session_id, Delivery::Unmanaged, Some(&found.stream_id));
        }
    }

    /// What is known to keep the video of the glasses away from here: added to what is said when the time is over.
    pub(super) async fn why_no_media(&mut self) {
        let Some(session_id) = self.session_to_here() else { return };
        if self.session.state() != State::AwaitingMedia || self.provider.measure().publisher.is_some() {
            return;
        }
        let glasses_ip = self.cloud_desk.glasses_ip(session_id);
        let why = self.cloud_desk.trouble(session_id).or_else(|| self.cloud.apart(glasses_ip));
        if let Some(words) = why {
            self.handle(Input::ProbeFailed { words }).await;
        }
    }

    /// The session at the cloud whose glasses are to push to this computer.
    fn session_to_here(&self) -> Option<&str> {
        let to_here =
            self.session.link() == Some(CameraLink::Cloud) && self.session.delivery() == Delivery::Managed;
        self.cloud_desk.session_id.as_deref().filter(|_| to_here)
    }

    /// The phone stopped the app.
    pub(super) async fn cloud_session_over(&mut self, words: Option<Words>) {
        if self.session.state() == State::Stopping {
            self.handle(Input::Closed).await;
            return;
        }
        let words = words.unwrap_or_else(|| {
            Words::warning("The app was stopped on the phone.").then("Start it there, then start again.")
        });
        if self.flows_here() {
            self.handle(Input::Note { words }).await;
        } else if self.session.live_since_ms().is_some() {
            self.handle(Input::CameraStopped).await;
        } else {
            self.handle(Input::CameraFailed { words }).await;
        }
    }

    /// Media of the glasses arrives at this computer.
    fn flows_here(&self) -> bool {
        self.session.delivery() == Delivery::Managed
            && self.session.state() == State::Live
            && self.provider.measure().publisher.is_some()
    }

    pub(super) async fn cloud_stream(&mut self, stream: CloudStream) {
        let delivery = self.session.delivery();
        let alive =
            matches!(stream.state, CloudState::Starting | CloudState::Live | CloudState::Reconnecting);
        if stream.managed != (delivery == Delivery::Cloud)
            || !self.cloud_desk.is_ours(stream.stream_id.as_deref(), alive)
        {
            return;
        }
        let state = self.session.state();
        match stream.state {
            // Of a stream that was live it means that the glasses reconnect.
            CloudState::Starting | CloudState::Reconnecting if state == State::Live => {
                if delivery != Delivery::Managed {
                    self.handle(Input::MediaLost).await;
                    let words = Words::warning("The glasses are reconnecting.");
                    self.handle(Input::Note { words }).await;
                }
            }
            CloudState::Starting => self.handle(Input::CameraStarted).await,
            CloudState::Reconnecting => {
                self.handle(Input::Note { words: Words::warning("The glasses are reconnecting.") }).await;
            }
            CloudState::Live => self.cloud_live(stream).await,
            CloudState::Stopping => {}
            CloudState::Stopped | CloudState::Failed { .. } if state == State::Stopping => {
                self.handle(Input::Closed).await;
            }
            CloudState::Stopped if self.flows_here() => self.camera_over = Some(CameraFact::Stopped),
            CloudState::Failed { words } if self.flows_here() => {
                self.camera_over = Some(CameraFact::Failed { words });
            }
            // What went wrong is lost on the way: for the cloud an error of the glasses is a stop.
            CloudState::Stopped if matches!(state, State::AwaitingCamera | State::AwaitingMedia) => {
                let words = Words::error("MentraOS stopped the stream before it was live, and gave no reason.").then(
                    "Check the glasses' Wi-Fi and battery, and that no other app uses the camera, then try again.",
                );
                self.handle(Input::CameraFailed { words }).await;
            }
            CloudState::Stopped => self.handle(Input::CameraStopped).await,
            CloudState::Failed { words } => self.handle(Input::CameraFailed { words }).await,
        }
    }

    async fn cloud_live(&mut self, stream: CloudStream) {
        self.camera_over = None;
        self.handle(Input::CameraStarted).await;
        match self.session.delivery() {
            Delivery::Managed => {}
            Delivery::Unmanaged => self.handle(Input::Playable).await,
            Delivery::Cloud => {
                // Sent again when only its addresses changed: that is no news of the stream.
                if let Some(urls) = stream.urls {
                    self.cloud_desk.urls = Some(urls);
                }
                if self.cloud_desk.urls.is_some() {
                    self.handle(Input::MediaArrived).await;
                }
            }
        }
    }
}
