//! State changes of destinations during a stream: a row before they are shown.

use session::destination::{Change, Severity, State};
use session::record::DestinationMarkRow;
use session::{DestinationId, StreamId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::row::{coded, number, optional_number, readable, to_integer, words};
use crate::{Storage, StorageError};

/// Marks kept of one destination and stream. One that cannot be reached adds two every half minute; from here on
/// the oldest go, so that a stream of days stays readable.
const KEPT_MARKS: i64 = 1_000;

impl Storage {
    /// Writes a state change of a destination, with the name it has now. When it returns, it may be shown. A stream that
    /// has ended takes it too: destinations come to rest after it.
    ///
    /// Of one destination and stream the newest 1000 changes are kept.
    ///
    /// # Errors
    /// [`StorageError::NoStream`] if the stream is unknown.
    pub async fn record_destination(
        &self,
        stream_id: &StreamId,
        id: &DestinationId,
        name: &str,
        change: &Change,
    ) -> Result<(), StorageError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let retry = change.state.retry();
        let stream: Option<i64> = sqlx::query_scalar(
            "INSERT INTO destination_marks
                 (stream, destination_id, name, at_ms, state, severity, failed, retry_at_ms, tone, text, next_step)
             SELECT id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM streams WHERE stream_id = ?
             RETURNING stream",
        )
        .bind(id.as_str())
        .bind(name)
        .bind(to_integer(change.at_ms))
        .bind(change.state.code())
        .bind(change.state.severity().map(Severity::code))
        .bind(retry.map(|(failed, _)| failed))
        .bind(retry.map(|(_, at_ms)| to_integer(at_ms)))
        .bind(change.words.tone.code())
        .bind(&change.words.text)
        .bind(&change.words.next_step)
        .bind(stream_id.as_str())
        .fetch_optional(&mut *transaction)
        .await?;
        let stream = stream.ok_or_else(|| StorageError::NoStream { stream_id: stream_id.clone() })?;
        sqlx::query(
            "DELETE FROM destination_marks WHERE stream = ?1 AND destination_id = ?2 AND id <= (
                 SELECT id FROM destination_marks WHERE stream = ?1 AND destination_id = ?2
                 ORDER BY id DESC LIMIT 1 OFFSET ?3)",
        )
        .bind(stream)
        .bind(id.as_str())
        .bind(KEPT_MARKS)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// State changes of all destinations during a stream in the order recorded; none if the stream is unknown.
    ///
    /// # Errors
    /// [`StorageError::Database`]. A mark that cannot be read is left out and logged.
    pub async fn destination_marks(
        &self,
        stream_id: &StreamId,
    ) -> Result<Vec<DestinationMarkRow>, StorageError> {
        let rows = sqlx::query(
            "SELECT destination_id, name, at_ms, destination_marks.state, severity, failed, retry_at_ms, tone, text,
                    next_step
             FROM destination_marks JOIN streams ON streams.id = destination_marks.stream
             WHERE stream_id = ? ORDER BY destination_marks.id",
        )
        .bind(stream_id.as_str())
        .fetch_all(&self.pool)
        .await?;
        Ok(readable(&rows, destination_mark))
    }
}

fn destination_mark(row: &SqliteRow) -> Result<DestinationMarkRow, StorageError> {
    Ok(DestinationMarkRow {
        at_ms: number(row, "at_ms")?,
        id: coded(row, "destination_id", |text| DestinationId::parse(text).ok())?,
        name: row.try_get("name")?,
        state: state(row)?,
        words: words(row)?,
    })
}

fn state(row: &SqliteRow) -> Result<State, StorageError> {
    let severity = match row.try_get::<Option<&str>, _>("severity")? {
        None => None,
        Some(_) => Some(coded(row, "severity", Severity::from_code)?),
    };
    let failed = optional_number(row, "failed")?.map(|failed| u32::try_from(failed).unwrap_or(u32::MAX));
    let retry = failed.zip(optional_number(row, "retry_at_ms")?);
    coded(row, "state", |code| State::from_code(code, severity, retry))
}

#[cfg(test)]
mod tests;
