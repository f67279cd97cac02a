//! Streams of glasses that the MentraOS cloud commands.
//!
//! Three deliveries, one camera: to this computer (for the cloud an unmanaged stream to our ingest), through the cloud, and
//! straight to a server. What flows at our ingest outranks what the cloud says, as with the glasses of the hub.

use session::{Delivery, Input, State, Words};

use super::Supervisor;
use crate::ports::{
    CameraFact, Cloud as _, CloudCommand, CloudRunning, CloudState, CloudStream, KeyStore as _,
    StreamProvider as _, World,
};

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
        self.cloud_desk.begin(session_id);
        if self.session.delivery() == Delivery::Cloud {
            self.gather_cloud_destinations().await;
        }
        self.command_cloud()
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
        self.cloud.start(&session_id, &command)
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
        if let Some(session_id) = &self.cloud_desk.session_id {
            self.cloud.stop(session_id, self.session.delivery(), self.cloud_desk.stream_id.as_deref());
        }
    }

    /// Over when the cloud says so; at once if it cannot be heard.
    pub(super) fn release_cloud(&mut self) -> Option<Input> {
        self.cloud.release();
        let heard = self.cloud_desk.session_id.as_deref().is_some_and(|id| self.cloud_desk.is_connected(id));
        (!heard).then_some(Input::Closed)
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
        }
        self.cloud_desk.checking = true;
        self.cloud.check(session_id);
    }

    pub(super) async fn cloud_checked(&mut self, session_id: &str, found: Option<CloudRunning>) {
        if !std::mem::take(&mut self.cloud_desk.checking) || self.session.state() == State::Stopping {
            return;
        }
        let delivery = self.session.delivery();
        let own_package = self.cloud_desk.choice.as_ref().map(|choice| choice.package_name.clone());
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
            Some(found) if !found.managed && delivery != Delivery::Cloud && found.owner == own_package => {
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
            Some(found) if !found.managed && found.owner.is_some() && found.owner != own_package => {
                let owner = found.owner.unwrap_or_default();
                let words = Words::error(format!("The glasses stream for another app of MentraOS, {owner}."))
                    .then("Stop it there, then start again.");
                self.handle(Input::CameraFailed { words }).await;
            }
            _ => self.start_again(session_id).await,
        }
    }

    /// A stream found running is taken over, not started twice.
    async fn adopt(&mut self, stream: CloudStream) {
        self.cloud_desk.stream_id.clone_from(&stream.stream_id);
        self.cloud_stream(stream).await;
    }

    /// Sends the glasses to where this computer is now, if no media comes and one of the two is in another network.
    pub(super) async fn follow_address(&mut self) {
        let Some(session_id) = self.cloud_desk.session_id.clone() else { return };
        let to_here = self.session.link() == Some(session::CameraLink::Cloud)
            && self.session.delivery() == Delivery::Managed
            && matches!(self.session.state(), State::AwaitingMedia | State::Interrupted);
        if to_here && self.cloud.moved(self.cloud_desk.glasses_ip(&session_id)) {
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
        let own = self.cloud_desk.choice.as_ref().map(|choice| choice.package_name.as_str());
        if found.managed {
            // To the cloud only our own part in it.
            self.cloud.stop(session_id, Delivery::Cloud, Some(&found.stream_id));
        } else if found.owner.as_deref() == own {
            self.cloud.stop(session_id, Delivery::Unmanaged, Some(&found.stream_id));
        }
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
