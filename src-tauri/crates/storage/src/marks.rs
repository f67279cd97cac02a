//! State changes: a row before they are shown.

use session::{State, StateChange, StreamId};
use sqlx::SqliteConnection;

use crate::row::{mark, readable, to_integer};
use crate::{Storage, StorageError, stream_apps};

impl Storage {
    /// Writes a state change: the mark and the stream's row, both or neither. When it returns, it may be shown. The end of
    /// a stream ends the stay of every app in it.
    ///
    /// # Errors
    /// [`StorageError::NoStream`] if the stream is unknown or has ended.
    pub async fn record(&self, stream_id: &StreamId, change: &StateChange) -> Result<(), StorageError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let at_ms = to_integer(change.at_ms);
        let is = |state: State| change.state == state;
        let row: Option<i64> = sqlx::query_scalar(
            "UPDATE streams SET
                 interruptions = interruptions + (?2 AND state <> 'interrupted'),
                 live_since_ms = CASE WHEN ?3 THEN coalesce(live_since_ms, ?4) ELSE live_since_ms END,
                 ended_at_ms = CASE WHEN ?5 THEN ?4 END,
                 state = ?6,
                 reason = ?7
             WHERE stream_id = ?1 AND ended_at_ms IS NULL
             RETURNING id",
        )
        .bind(stream_id.as_str())
        .bind(is(State::Interrupted))
        .bind(is(State::Live))
        .bind(at_ms)
        .bind(change.state.end_reason().is_some())
        .bind(change.state.code())
        .bind(change.state.end_reason().map(session::EndReason::code))
        .fetch_optional(&mut *transaction)
        .await?;
        let stream = row.ok_or_else(|| StorageError::NoStream { stream_id: stream_id.clone() })?;
        append(&mut transaction, stream, change).await?;
        if change.state.end_reason().is_some() {
            stream_apps::end_stays(&mut transaction, stream, change.at_ms).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Every state change of a stream in the order recorded; none if the stream is unknown.
    ///
    /// # Errors
    /// [`StorageError::Database`]. A mark that cannot be read is left out and logged.
    pub async fn marks(&self, stream_id: &StreamId) -> Result<Vec<StateChange>, StorageError> {
        let rows = sqlx::query(
            "SELECT marks.at_ms, marks.state, marks.reason, tone, text, next_step
             FROM marks JOIN streams ON streams.id = marks.stream
             WHERE stream_id = ? ORDER BY marks.id",
        )
        .bind(stream_id.as_str())
        .fetch_all(&self.pool)
        .await?;
        Ok(readable(&rows, mark))
    }
}

/// Appends a mark to the stream with this row id.
pub(crate) async fn append(
    connection: &mut SqliteConnection,
    stream: i64,
    change: &StateChange,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO marks (stream, at_ms, state, reason, tone, text, next_step) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(stream)
    .bind(to_integer(change.at_ms))
    .bind(change.state.code())
    .bind(change.state.end_reason().map(session::EndReason::code))
    .bind(change.words.tone.code())
    .bind(&change.words.text)
    .bind(&change.words.next_step)
    .execute(connection)
    .await?;
    Ok(())
}
