//! The handle shells hold.

use tokio::sync::{broadcast, mpsc, oneshot};

use crate::api::{
    AddApp, AddDestination, Added, AllowApp, ApiError, BroadcastCheck, CameraLink, Code, DestinationTest,
    Event, Frames, HoldStream, ListStreams, OneApp, OneDestination, OneStream, Preflight, PresetView,
    RevealedKey, SetCloud, SetDestination, SetVirtualGlasses, Settings, SettingsView, Snapshot,
    SomeDestinations, StartManaged, StartUnmanaged, Started, StreamDetail, StreamSummary, UpdateDestination,
    VirtualGlasses, WantedFrames, WebhookCheck,
};
use crate::ports::{CloudEvent, HubEvent, OutputEvent, ProviderEvent, World};
use crate::supervisor::{Ask, Supervisor};

/// Messages a supervisor holds before askers wait. Overflow policy: back pressure on the asker; nothing is lost.
const MAILBOX: usize = 64;

/// What a console is made of.
pub struct Parts<W: World> {
    /// Where media goes.
    pub provider: W::Provider,
    /// Its facts.
    pub events: mpsc::Receiver<ProviderEvent>,
    /// Where media is pushed to.
    pub outputs: W::Outputs,
    /// Facts about that.
    pub output_events: mpsc::Receiver<OutputEvent>,
    /// Where apps and glasses connect.
    pub hub: W::Hub,
    /// Its facts.
    pub hub_events: mpsc::Receiver<HubEvent>,
    /// Where glasses are commanded from afar.
    pub cloud: W::Cloud,
    /// Its facts.
    pub cloud_events: mpsc::Receiver<CloudEvent>,
    /// What is remembered.
    pub history: W::History,
    /// Where keys are kept.
    pub keys: W::Keys,
    /// The time.
    pub clock: W::Clock,
    /// Random bytes.
    pub random: W::Random,
    /// What the user chose before.
    pub settings: Settings,
    /// The program.
    pub app: crate::api::AppInfo,
}

/// A cheap handle; clones speak to the same supervisor.
#[derive(Debug, Clone)]
pub struct Console {
    asks: mpsc::Sender<Ask>,
}

impl Console {
    /// Brings up the supervisor and resumes the stream an earlier run left open. The returned task ends after
    /// [`Console::shutdown`].
    pub fn start<W: World>(parts: Parts<W>) -> (Self, tokio::task::JoinHandle<()>) {
        let (asks, mailbox) = mpsc::channel(MAILBOX);
        let supervisor = Supervisor::<W>::new(parts, mailbox);
        (Self { asks }, tokio::spawn(supervisor.run()))
    }

    /// Everything a screen needs.
    ///
    /// # Errors
    /// Only when the console is shutting down, as for every method here.
    pub async fn snapshot(&self) -> Result<Snapshot, ApiError> {
        self.ask(|answer| Ask::Snapshot { answer }).await
    }

    /// A snapshot, and every event after it. A receiver that lags must subscribe again.
    ///
    /// # Errors
    /// As [`Console::snapshot`].
    pub async fn subscribe(&self) -> Result<(Snapshot, broadcast::Receiver<Event>), ApiError> {
        self.ask(|answer| Ask::Subscribe { answer }).await
    }

    /// Starts a managed stream, or joins the running one.
    ///
    /// # Errors
    /// `busy` when another camera holds the stream or the last one is still stopping.
    pub async fn start_managed(&self, wanted: StartManaged) -> Result<Started, ApiError> {
        self.ask(|answer| Ask::Start { wanted, answer }).await?
    }

    /// Starts the demo camera and puts on the virtual glasses, so that everything can be tried without a camera.
    ///
    /// # Errors
    /// As [`Console::start_managed`] and [`Console::set_virtual_glasses`].
    pub async fn start_demo(&self) -> Result<(), ApiError> {
        self.set_virtual_glasses(SetVirtualGlasses { glasses: Some(VirtualGlasses::default()) }).await?;
        self.start_by_hand(CameraLink::Demo).await.map(drop)
    }

    /// Starts a managed stream as the window does, with what the settings say: for a tray or a command line.
    ///
    /// # Errors
    /// As [`Console::start_managed`].
    pub async fn start_by_hand(&self, camera_link: CameraLink) -> Result<Started, ApiError> {
        let enable_webrtc = self.snapshot().await?.settings.chosen.webrtc;
        let wanted =
            StartManaged { camera_link: Some(camera_link), enable_webrtc, ..StartManaged::default() };
        self.start_managed(wanted).await
    }

    /// Stops the stream. Stopping when nothing runs is fine.
    ///
    /// # Errors
    /// As [`Console::snapshot`].
    pub async fn stop_stream(&self) -> Result<(), ApiError> {
        self.ask(|answer| Ask::Stop { answer }).await
    }

    /// Past streams, newest first; the running one too.
    ///
    /// # Errors
    /// `storage`.
    pub async fn list_streams(&self, wanted: ListStreams) -> Result<Vec<StreamSummary>, ApiError> {
        self.ask(|answer| Ask::List { wanted, answer }).await?
    }

    /// One stream with its time line.
    ///
    /// # Errors
    /// `not_found`, `invalid_request`, `storage`.
    pub async fn stream_detail(&self, wanted: OneStream) -> Result<StreamDetail, ApiError> {
        self.ask(|answer| Ask::Detail { wanted, answer }).await?
    }

    /// Forgets a past stream.
    ///
    /// # Errors
    /// `busy` for the running one, `not_found`, `invalid_request`, `storage`.
    pub async fn delete_stream(&self, wanted: OneStream) -> Result<(), ApiError> {
        self.ask(|answer| Ask::Delete { wanted, answer }).await?
    }

    /// Keeps the user's choices. Network choices hold from the next start of the program on.
    ///
    /// # Errors
    /// `invalid_request`, `storage`.
    pub async fn update_settings(&self, wanted: Settings) -> Result<SettingsView, ApiError> {
        self.ask(|answer| Ask::UpdateSettings { wanted, answer }).await?
    }

    /// Replaces the stream key: encoders that know the old one are refused from now on.
    ///
    /// # Errors
    /// `busy` while an encoder publishes with the old key, `storage` when the new one cannot be kept.
    pub async fn new_stream_key(&self) -> Result<(), ApiError> {
        self.ask(|answer| Ask::NewStreamKey { answer }).await?
    }

    /// Kinds of destinations there are.
    ///
    /// # Errors
    /// Never; it answers as every other method does.
    pub async fn presets(&self) -> Result<Vec<PresetView>, ApiError> {
        Ok(crate::presets::views())
    }

    /// Adds a destination, switched off.
    ///
    /// # Errors
    /// `invalid_request`, `storage`.
    pub async fn add_destination(&self, wanted: AddDestination) -> Result<Added, ApiError> {
        self.ask(|answer| Ask::AddDestination { wanted, answer }).await?
    }

    /// Changes a destination. One that broadcasts connects anew if its address or key changed.
    ///
    /// # Errors
    /// `invalid_request`, `not_found`, `storage`.
    pub async fn update_destination(&self, wanted: UpdateDestination) -> Result<(), ApiError> {
        self.ask(|answer| Ask::UpdateDestination { wanted, answer }).await?
    }

    /// Switches a destination on or off.
    ///
    /// # Errors
    /// `not_found`, `storage`.
    pub async fn set_destination(&self, wanted: SetDestination) -> Result<(), ApiError> {
        self.ask(|answer| Ask::SetDestination { wanted, answer }).await?
    }

    /// Forgets a destination and its key.
    ///
    /// # Errors
    /// `not_found`, `storage`.
    pub async fn remove_destination(&self, wanted: OneDestination) -> Result<(), ApiError> {
        self.ask(|answer| Ask::RemoveDestination { wanted, answer }).await?
    }

    /// Adds a copy behind a destination, key included, switched off.
    ///
    /// # Errors
    /// `invalid_request`, `not_found`, `storage`.
    pub async fn duplicate_destination(&self, wanted: OneDestination) -> Result<Added, ApiError> {
        self.ask(|answer| Ask::DuplicateDestination { wanted, answer }).await?
    }

    /// Puts destinations in an order; each must be named once.
    ///
    /// # Errors
    /// `invalid_request`, `storage`.
    pub async fn order_destinations(&self, wanted: SomeDestinations) -> Result<(), ApiError> {
        self.ask(|answer| Ask::OrderDestinations { wanted, answer }).await?
    }

    /// Tries again at once instead of waiting.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn retry_destination(&self, wanted: OneDestination) -> Result<(), ApiError> {
        self.ask(|answer| Ask::RetryDestination { wanted, answer }).await?
    }

    /// Asks a destination whether it would let the stream in. Takes as long as it takes to answer, at most 15 s.
    ///
    /// # Errors
    /// `not_found`, `busy` when too many are being tested.
    pub async fn test_destination(&self, wanted: OneDestination) -> Result<DestinationTest, ApiError> {
        self.ask(|answer| Ask::TestDestination { wanted, answer }).await?
    }

    /// The stream key of a destination, for a person who asked to see or copy it.
    ///
    /// # Errors
    /// `not_found`, `storage`.
    pub async fn reveal_key(&self, wanted: OneDestination) -> Result<RevealedKey, ApiError> {
        self.ask(|answer| Ask::RevealKey { wanted, answer }).await?
    }

    /// Switches several destinations on, now that there is a stream.
    ///
    /// # Errors
    /// `invalid_request`, `not_found`, `busy` without a stream, `storage`.
    pub async fn go_live(&self, wanted: SomeDestinations) -> Result<(), ApiError> {
        self.ask(|answer| Ask::GoLive { wanted, answer }).await?
    }

    /// Switches all destinations off; the stream and its preview go on.
    ///
    /// # Errors
    /// `storage`.
    pub async fn end_broadcast(&self) -> Result<(), ApiError> {
        self.ask(|answer| Ask::EndBroadcast { answer }).await?
    }

    /// What destinations would make of the stream that arrives now.
    ///
    /// # Errors
    /// As [`Console::snapshot`].
    pub async fn preflight(&self) -> Result<Preflight, ApiError> {
        self.ask(|answer| Ask::Preflight { answer }).await
    }

    /// Runs the stream into a receiver of our own for 20 s and scores what arrives; answers after that.
    ///
    /// # Errors
    /// `busy` without a stream or while another check runs.
    pub async fn broadcast_check(&self) -> Result<BroadcastCheck, ApiError> {
        self.ask(|answer| Ask::BroadcastCheck { answer }).await?
    }

    /// Has the glasses push straight to an endpoint of the user's; nothing is played or recorded here.
    ///
    /// # Errors
    /// `invalid_request`, `busy` when something else holds the camera or no glasses are connected.
    pub async fn start_unmanaged(&self, wanted: StartUnmanaged) -> Result<Started, ApiError> {
        self.ask(|answer| Ask::StartUnmanaged { wanted, answer }).await?
    }

    /// Whether the running stream goes on when the last app leaves it.
    ///
    /// # Errors
    /// `busy` when no stream runs, or when it would end at once.
    pub async fn hold_stream(&self, wanted: HoldStream) -> Result<(), ApiError> {
        self.ask(|answer| Ask::HoldStream { wanted, answer }).await?
    }

    /// Registers an app.
    ///
    /// # Errors
    /// `invalid_request`, `storage`.
    pub async fn add_app(&self, wanted: AddApp) -> Result<(), ApiError> {
        self.ask(|answer| Ask::AddApp { wanted, answer }).await?
    }

    /// Changes an app. What it runs now goes on.
    ///
    /// # Errors
    /// `invalid_request`, `not_found`, `storage`.
    pub async fn update_app(&self, wanted: AddApp) -> Result<(), ApiError> {
        self.ask(|answer| Ask::UpdateApp { wanted, answer }).await?
    }

    /// Stops and forgets an app.
    ///
    /// # Errors
    /// `not_found`, `storage`.
    pub async fn remove_app(&self, wanted: OneApp) -> Result<(), ApiError> {
        self.ask(|answer| Ask::RemoveApp { wanted, answer }).await?
    }

    /// Starts an app on this hub: it is asked to connect. What becomes of it is told by events.
    ///
    /// # Errors
    /// `not_found`, `storage`.
    pub async fn start_app(&self, wanted: OneApp) -> Result<(), ApiError> {
        self.ask(|answer| Ask::StartApp { wanted, answer }).await?
    }

    /// Stops an app on this hub and takes it out of the running stream.
    ///
    /// # Errors
    /// `not_found`, `storage`.
    pub async fn stop_app(&self, wanted: OneApp) -> Result<(), ApiError> {
        self.ask(|answer| Ask::StopApp { wanted, answer }).await?
    }

    /// The user's answer to an app that asks from another computer.
    ///
    /// # Errors
    /// `not_found`, `storage`.
    pub async fn allow_app(&self, wanted: AllowApp) -> Result<(), ApiError> {
        self.ask(|answer| Ask::AllowApp { wanted, answer }).await?
    }

    /// The newest messages between the hub and an app, or the glasses, with secrets masked.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn frames(&self, wanted: WantedFrames) -> Result<Frames, ApiError> {
        self.ask(|answer| Ask::Frames { wanted, answer }).await?
    }

    /// Switches the virtual glasses on, changes their habits, or switches them off.
    ///
    /// # Errors
    /// `invalid_request`.
    pub async fn set_virtual_glasses(&self, wanted: SetVirtualGlasses) -> Result<(), ApiError> {
        self.ask(|answer| Ask::SetVirtualGlasses { wanted, answer }).await?
    }

    /// Replaces the token glasses connect with: those that know the old one are turned away from now on.
    ///
    /// # Errors
    /// `storage`.
    pub async fn new_glasses_token(&self) -> Result<(), ApiError> {
        self.ask(|answer| Ask::NewGlassesToken { answer }).await?
    }

    /// Becomes an app at the MentraOS cloud, or changes it.
    ///
    /// # Errors
    /// `invalid_request`, `busy` while a stream of it runs, `storage`.
    pub async fn set_cloud(&self, wanted: SetCloud) -> Result<(), ApiError> {
        self.ask(|answer| Ask::SetCloud { wanted, answer }).await?
    }

    /// Forgets the app at the MentraOS cloud and its key.
    ///
    /// # Errors
    /// `busy` while a stream of it runs, `storage`.
    pub async fn remove_cloud(&self) -> Result<(), ApiError> {
        self.ask(|answer| Ask::RemoveCloud { answer }).await?
    }

    /// Walks the way to the webhook as MentraOS would. Takes as long as it takes to answer.
    ///
    /// # Errors
    /// `busy` when the cloud is not set up or has no address from outside.
    pub async fn check_webhook(&self) -> Result<WebhookCheck, ApiError> {
        self.ask(|answer| Ask::CheckWebhook { answer }).await?
    }

    /// Ends the supervisor. A running stream is left open in history, to be resumed.
    pub async fn shutdown(&self) {
        // An error means it has ended already.
        let _ = self.ask(|answer| Ask::Shutdown { answer }).await;
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, ApiError> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(ask(answer)).await.map_err(|_| shutting_down())?;
        answered.await.map_err(|_| shutting_down())
    }
}

fn shutting_down() -> ApiError {
    ApiError { code: Code::Internal, message: "The console is shutting down.".to_owned(), next_step: None }
}
