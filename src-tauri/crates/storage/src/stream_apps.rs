//! Stays of apps in streams: a row for each time an app came.

use std::collections::BTreeMap;

use session::record::StreamAppRow;
use session::{PackageName, StreamId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::row::{coded, number, optional_number, readable, to_integer};
use crate::{Storage, StorageError};

/// Stays kept of one app and stream. One that comes and goes without end fills no disk: from here on the oldest go.
const KEPT_STAYS: i64 = 200;

impl Storage {
    /// An app is in a stream from now on. One that is in already stays since it first came, under its new name.
    ///
    /// Of one app and stream the newest 200 stays are kept.
    ///
    /// # Errors
    /// [`StorageError::NoStream`] if the stream is unknown or has ended.
    pub async fn app_joined(&self, stream_id: &StreamId, row: &StreamAppRow) -> Result<(), StorageError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let stream: Option<i64> = sqlx::query_scalar(
            "INSERT INTO stream_apps (stream, package, name, started, joined_at_ms, left_at_ms)
             SELECT id, ?2, ?3, ?4, ?5, max(?5, ?6) FROM streams WHERE stream_id = ?1 AND ended_at_ms IS NULL
             ON CONFLICT (stream, package) WHERE left_at_ms IS NULL DO UPDATE SET name = excluded.name
             RETURNING stream",
        )
        .bind(stream_id.as_str())
        .bind(row.package.as_str())
        .bind(&row.name)
        .bind(row.started)
        .bind(to_integer(row.joined_at_ms))
        .bind(row.left_at_ms.map(to_integer))
        .fetch_optional(&mut *transaction)
        .await?;
        let stream = stream.ok_or_else(|| StorageError::NoStream { stream_id: stream_id.clone() })?;
        sqlx::query(
            "DELETE FROM stream_apps WHERE stream = ?1 AND package = ?2 AND id <= (
                 SELECT id FROM stream_apps WHERE stream = ?1 AND package = ?2
                 ORDER BY id DESC LIMIT 1 OFFSET ?3)",
        )
        .bind(stream)
        .bind(row.package.as_str())
        .bind(KEPT_STAYS)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// An app's stay in a stream is over; false if it was not in it. Whatever the clock says, it did not leave before it
    /// came. The end of a stream ends every stay by itself.
    ///
    /// # Errors
    /// [`StorageError::Database`].
    pub async fn app_left(
        &self,
        stream_id: &StreamId,
        package: &PackageName,
        at_ms: u64,
    ) -> Result<bool, StorageError> {
        let done = sqlx::query(
            "UPDATE stream_apps SET left_at_ms = max(joined_at_ms, ?3)
             WHERE stream = (SELECT id FROM streams WHERE stream_id = ?1) AND package = ?2 AND left_at_ms IS NULL",
        )
        .bind(stream_id.as_str())
        .bind(package.as_str())
        .bind(to_integer(at_ms))
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Stays of all apps in a stream in the order they came; none if the stream is unknown.
    ///
    /// # Errors
    /// [`StorageError::Database`]. A stay that cannot be read is left out and logged.
    pub async fn stream_apps(&self, stream_id: &StreamId) -> Result<Vec<StreamAppRow>, StorageError> {
        let rows = sqlx::query(
            "SELECT package, name, started, joined_at_ms, left_at_ms
             FROM stream_apps JOIN streams ON streams.id = stream_apps.stream
             WHERE stream_id = ? ORDER BY stream_apps.id",
        )
        .bind(stream_id.as_str())
        .fetch_all(&self.pool)
        .await?;
        Ok(readable(&rows, stay))
    }

    /// Names of the apps of these streams: each app once, in the order they first came and under the name it had then.
    /// A stream without apps has no entry.
    ///
    /// # Errors
    /// [`StorageError::Database`]. A row that cannot be read is left out and logged.
    pub async fn apps_of_streams(
        &self,
        stream_ids: &[StreamId],
    ) -> Result<BTreeMap<StreamId, Vec<String>>, StorageError> {
        let wanted = serde_json::to_string(stream_ids).map_err(StorageError::Encoding)?;
        // Beside a lone min(), SQLite takes bare columns from the row that has it (lang_select s2.5).
        let rows = sqlx::query(
            "SELECT stream_id, name, min(stream_apps.id) AS first
             FROM stream_apps JOIN streams ON streams.id = stream_apps.stream
             WHERE stream_id IN (SELECT value FROM json_each(?))
             GROUP BY stream, package ORDER BY first",
        )
        .bind(wanted)
        .fetch_all(&self.pool)
        .await?;
        let mut names: BTreeMap<StreamId, Vec<String>> = BTreeMap::new();
        for (stream_id, name) in readable(&rows, named) {
            names.entry(stream_id).or_default().push(name);
        }
        Ok(names)
    }
}

/// Ends every stay in the stream with this row id.
pub(crate) async fn end_stays(
    connection: &mut SqliteConnection,
    stream: i64,
    at_ms: u64,
) -> Result<(), StorageError> {
    sqlx::query(
        "UPDATE stream_apps SET left_at_ms = max(joined_at_ms, ?2) WHERE stream = ?1 AND left_at_ms IS NULL",
    )
    .bind(stream)
    .bind(to_integer(at_ms))
    .execute(connection)
    .await?;
    Ok(())
}

fn stay(row: &SqliteRow) -> Result<StreamAppRow, StorageError> {
    Ok(StreamAppRow {
        package: coded(row, "package", |text| PackageName::parse(text).ok())?,
        name: row.try_get("name")?,
        started: row.try_get("started")?,
        joined_at_ms: number(row, "joined_at_ms")?,
        left_at_ms: optional_number(row, "left_at_ms")?,
    })
}

fn named(row: &SqliteRow) -> Result<(StreamId, String), StorageError> {
    Ok((coded(row, "stream_id", |text| StreamId::parse(text).ok())?, row.try_get("name")?))
}

#[cfg(test)]
mod tests;
