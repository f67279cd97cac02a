//! Who may publish: whoever holds the key, if the console has a stream for them.

use std::future::Future;
use std::pin::Pin;
use std::sync::PoisonError;

use console::ports::ProviderEvent;
use media_engine::{Admission, Attempt, Door};
use session::CameraLink;
use tokio::sync::{mpsc, oneshot};

use super::{CurrentStream, SharedKey, lock};

/// See the module's documentation.
pub(crate) struct KeyDoor {
    pub(crate) key: SharedKey,
    /// What glasses of the hub publish with.
    pub(crate) glasses_key: SharedKey,
    pub(crate) current: CurrentStream,
    pub(crate) events: mpsc::Sender<ProviderEvent>,
}

impl Door for KeyDoor {
    fn admit(&self, attempt: Attempt) -> Pin<Box<dyn Future<Output = Admission> + Send + '_>> {
        Box::pin(async move {
            let holds = |key: &SharedKey| {
                attempt.holds_key(key.read().unwrap_or_else(PoisonError::into_inner).expose())
            };
            let publisher = match (holds(&self.key), holds(&self.glasses_key)) {
                (true, _) => Some(CameraLink::Manual),
                (false, true) => Some(CameraLink::Hub),
                (false, false) => None,
            };
            let Some(publisher) = publisher else {
                tracing::info!(address = %attempt.address, "an encoder was refused: wrong stream key");
                return Err("The stream key is wrong. Copy it again from Stream Console.".to_owned());
            };
            let (answer, answered) = oneshot::channel();
            let gone = || "Stream Console is shutting down.".to_owned();
            self.events
                .send(ProviderEvent::PublishRequested { publisher, answer })
                .await
                .map_err(|_| gone())?;
            answered.await.map_err(|_| gone())??;
            lock(&self.current)
                .clone()
                .ok_or_else(|| "The stream was just stopped. Start it again.".to_owned())
        })
    }
}
