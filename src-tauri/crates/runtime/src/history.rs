//! History over SQLite.

use std::collections::BTreeMap;

use console::api::Settings;
use console::ports::{AppStore, DestinationStore, History, HistoryError};
use session::destination::Change;
use session::record::{
    AppRow, DestinationMarkRow, DestinationRow, NewStream, Sample, StreamAppRow, StreamRow,
};
use session::{DestinationId, PackageName, StateChange, StreamId};
use storage::{Storage, StorageError};

/// Key of the user's choices.
pub(crate) const SETTINGS: &str = "settings";

/// See [`History`].
#[derive(Debug, Clone)]
pub(crate) struct SqliteHistory(pub(crate) Storage);

fn words(error: StorageError) -> HistoryError {
    HistoryError { text: error.to_string(), next_step: error.next_step() }
}

impl History for SqliteHistory {
    async fn start_stream(&self, stream: &NewStream, first: &StateChange) -> Result<(), HistoryError> {
        self.0.start_stream(stream, first).await.map_err(words)
    }

    async fn record(&self, id: &StreamId, change: &StateChange) -> Result<(), HistoryError> {
        self.0.record(id, change).await.map_err(words)
    }

    async fn append_sample(&self, id: &StreamId, sample: &Sample) -> Result<(), HistoryError> {
        self.0.append_sample(id, sample).await.map_err(words)
    }

    async fn enable_webrtc(&self, id: &StreamId) -> Result<(), HistoryError> {
        self.0.enable_webrtc(id).await.map_err(words)
    }

    async fn thin(&self, id: &StreamId) -> Result<(), HistoryError> {
        self.0.thin(id).await.map_err(words)
    }

    async fn open_streams(&self) -> Result<Vec<StreamRow>, HistoryError> {
        self.0.open_streams().await.map_err(words)
    }

    async fn list(&self, before_ms: Option<u64>, limit: u32) -> Result<Vec<StreamRow>, HistoryError> {
        self.0.list_streams(before_ms, limit).await.map_err(words)
    }

    async fn stream(&self, id: &StreamId) -> Result<Option<StreamRow>, HistoryError> {
        self.0.stream(id).await.map_err(words)
    }

    async fn marks(&self, id: &StreamId) -> Result<Vec<StateChange>, HistoryError> {
        self.0.marks(id).await.map_err(words)
    }

    async fn samples(&self, id: &StreamId) -> Result<Vec<Sample>, HistoryError> {
        self.0.samples(id).await.map_err(words)
    }

    async fn delete(&self, id: &StreamId) -> Result<bool, HistoryError> {
        self.0.delete_stream(id).await.map_err(words)
    }

    async fn save_settings(&self, settings: &Settings) -> Result<(), HistoryError> {
        self.0.set_setting(SETTINGS, settings).await.map_err(words)
    }
}

impl DestinationStore for SqliteHistory {
    async fn destinations(&self) -> Result<Vec<DestinationRow>, HistoryError> {
        self.0.destinations().await.map_err(words)
    }

    async fn insert(&self, row: &DestinationRow) -> Result<(), HistoryError> {
        self.0.insert_destination(row).await.map_err(words)
    }

    async fn update(&self, row: &DestinationRow) -> Result<(), HistoryError> {
        self.0.update_destination(row).await.map(drop).map_err(words)
    }

    async fn remove(&self, id: &DestinationId) -> Result<(), HistoryError> {
        self.0.remove_destination(id).await.map(drop).map_err(words)
    }

    async fn order(&self, ids: &[DestinationId]) -> Result<(), HistoryError> {
        self.0.order_destinations(ids).await.map_err(words)
    }

    async fn record_destination(
        &self,
        stream: &StreamId,
        id: &DestinationId,
        name: &str,
        change: &Change,
    ) -> Result<(), HistoryError> {
        self.0.record_destination(stream, id, name, change).await.map_err(words)
    }

    async fn destination_marks(&self, stream: &StreamId) -> Result<Vec<DestinationMarkRow>, HistoryError> {
        self.0.destination_marks(stream).await.map_err(words)
    }
}

impl AppStore for SqliteHistory {
    async fn apps(&self) -> Result<Vec<AppRow>, HistoryError> {
        self.0.apps().await.map_err(words)
    }

    async fn keep_app(&self, row: &AppRow) -> Result<(), HistoryError> {
        self.0.upsert_app(row).await.map_err(words)
    }

    async fn remove_app(&self, app: &PackageName) -> Result<(), HistoryError> {
        self.0.remove_app(app).await.map(drop).map_err(words)
    }

    async fn hold_stream(&self, stream: &StreamId, held: bool) -> Result<(), HistoryError> {
        self.0.hold_stream(stream, held).await.map_err(words)
    }

    async fn app_joined(&self, stream: &StreamId, row: &StreamAppRow) -> Result<(), HistoryError> {
        self.0.app_joined(stream, row).await.map_err(words)
    }

    async fn app_left(&self, stream: &StreamId, app: &PackageName, at_ms: u64) -> Result<(), HistoryError> {
        self.0.app_left(stream, app, at_ms).await.map(drop).map_err(words)
    }

    async fn apps_of_streams(
        &self,
        streams: &[StreamId],
    ) -> Result<BTreeMap<StreamId, Vec<String>>, HistoryError> {
        self.0.apps_of_streams(streams).await.map_err(words)
    }

    async fn stream_apps(&self, stream: &StreamId) -> Result<Vec<StreamAppRow>, HistoryError> {
        self.0.stream_apps(stream).await.map_err(words)
    }
}
