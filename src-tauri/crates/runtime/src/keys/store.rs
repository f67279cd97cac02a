//! The keys as the console's port.

use std::sync::Arc;

use console::api::KeyPlace;
use console::ports::{HistoryError, KeyStore};
use session::{DestinationId, DestinationKey};

use super::{Keys, KeysError};

/// Shared with the outputs, which look keys up when they connect.
pub(crate) struct SharedKeys(pub(crate) Arc<Keys>);

fn words(error: KeysError) -> HistoryError {
    HistoryError { text: error.to_string(), next_step: Some(error.next_step().to_owned()) }
}

impl KeyStore for SharedKeys {
    async fn put(&self, id: &DestinationId, key: &DestinationKey) -> Result<(), HistoryError> {
        self.0.put(id, key).await.map_err(words)
    }

    fn get(
        &self,
        id: &DestinationId,
    ) -> impl Future<Output = Result<DestinationKey, HistoryError>> + Send + 'static {
        let (keys, id) = (Arc::clone(&self.0), id.clone());
        async move { Ok(keys.get(&id).await.map_err(words)?.unwrap_or_default()) }
    }

    async fn remove(&self, id: &DestinationId) -> Result<(), HistoryError> {
        self.0.remove(id).await.map_err(words)
    }

    fn place(&self) -> KeyPlace {
        self.0.place()
    }
}
