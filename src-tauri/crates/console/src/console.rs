//! The handle shells hold.

use tokio::sync::{broadcast, mpsc, oneshot};

use crate::api::{
    ApiError, Code, Event, ListStreams, OneStream, Settings, SettingsView, Snapshot, StartManaged, Started,
    StreamDetail, StreamSummary,
};
use crate::ports::{Clock, History, ProviderEvent, Random, StreamProvider};
use crate::supervisor::{Ask, Supervisor};

/// Messages a supervisor holds before askers wait. Overflow policy: back pressure on the asker; nothing is lost.
const MAILBOX: usize = 64;

/// What a console is made of.
pub struct Parts<P, H, C, R> {
    /// Where media goes.
    pub provider: P,
    /// Its facts.
    pub events: mpsc::Receiver<ProviderEvent>,
    /// What is remembered.
    pub history: H,
    /// The time.
    pub clock: C,
    /// Random bytes.
    pub random: R,
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
    pub fn start<P, H, C, R>(parts: Parts<P, H, C, R>) -> (Self, tokio::task::JoinHandle<()>)
    where
        P: StreamProvider,
        H: History,
        C: Clock,
        R: Random,
    {
        let (asks, mailbox) = mpsc::channel(MAILBOX);
        let supervisor = Supervisor::new(parts, mailbox);
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
