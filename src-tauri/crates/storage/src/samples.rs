//! One sample a second while a stream runs, thinned once it ended.

use session::StreamId;
use session::record::Sample;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::row::{count, number, readable, to_integer};
use crate::thin;
use crate::{Storage, StorageError};

impl Storage {
    /// Appends a sample and counts it into the stream's row.
    ///
    /// # Errors
    /// [`StorageError::NoStream`] if the stream is unknown or has ended.
    pub async fn append_sample(&self, stream_id: &StreamId, sample: &Sample) -> Result<(), StorageError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let stream: Option<i64> =
            sqlx::query_scalar("SELECT id FROM streams WHERE stream_id = ? AND ended_at_ms IS NULL")
                .bind(stream_id.as_str())
                .fetch_optional(&mut *transaction)
                .await?;
        let stream = stream.ok_or_else(|| StorageError::NoStream { stream_id: stream_id.clone() })?;
        if insert(&mut transaction, stream, sample).await? {
            sqlx::query(
                "UPDATE streams SET sample_count = sample_count + 1, bitrate_sum_bps = bitrate_sum_bps + ?2,
                     peak_viewers = max(peak_viewers, ?3)
                 WHERE id = ?1",
            )
            .bind(stream)
            .bind(to_integer(sample.bitrate_bps))
            .bind(sample.viewers)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Every sample of a stream that is still kept, oldest first; none if the stream is unknown.
    ///
    /// # Errors
    /// [`StorageError::Database`].
    pub async fn samples(&self, stream_id: &StreamId) -> Result<Vec<Sample>, StorageError> {
        let mut connection = self.pool.acquire().await?;
        match row_id(&mut connection, stream_id).await? {
            Some(stream) => read(&mut connection, stream).await,
            None => Ok(Vec::new()),
        }
    }

    /// Thins the samples of a stream to at most 600, for when it ended. Its peak and mean stay those of all samples.
    /// Doing it twice changes nothing.
    ///
    /// # Errors
    /// [`StorageError::NoStream`] if the stream is unknown.
    pub async fn thin(&self, stream_id: &StreamId) -> Result<(), StorageError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let stream = row_id(&mut transaction, stream_id)
            .await?
            .ok_or_else(|| StorageError::NoStream { stream_id: stream_id.clone() })?;
        let samples = read(&mut transaction, stream).await?;
        if samples.len() <= thin::KEPT {
            return Ok(());
        }
        sqlx::query("DELETE FROM samples WHERE stream = ?").bind(stream).execute(&mut *transaction).await?;
        for sample in thin::thin(&samples) {
            insert(&mut transaction, stream, &sample).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

async fn row_id(
    connection: &mut SqliteConnection,
    stream_id: &StreamId,
) -> Result<Option<i64>, StorageError> {
    Ok(sqlx::query_scalar("SELECT id FROM streams WHERE stream_id = ?")
        .bind(stream_id.as_str())
        .fetch_optional(connection)
        .await?)
}

async fn read(connection: &mut SqliteConnection, stream: i64) -> Result<Vec<Sample>, StorageError> {
    let rows =
        sqlx::query("SELECT at_ms, bitrate_bps, fps, viewers FROM samples WHERE stream = ? ORDER BY at_ms")
            .bind(stream)
            .fetch_all(connection)
            .await?;
    Ok(readable(&rows, sample_row))
}

/// False if there is a sample of that millisecond already.
async fn insert(
    connection: &mut SqliteConnection,
    stream: i64,
    sample: &Sample,
) -> Result<bool, StorageError> {
    // A rate that is no number would be null to SQLite; it is drawn as nothing.
    let fps = if sample.fps.is_finite() { sample.fps } else { 0.0 };
    let done = sqlx::query(
        "INSERT INTO samples (stream, at_ms, bitrate_bps, fps, viewers) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING",
    )
    .bind(stream)
    .bind(to_integer(sample.at_ms))
    .bind(to_integer(sample.bitrate_bps))
    .bind(fps)
    .bind(sample.viewers)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

fn sample_row(row: &SqliteRow) -> Result<Sample, StorageError> {
    Ok(Sample {
        at_ms: number(row, "at_ms")?,
        bitrate_bps: number(row, "bitrate_bps")?,
        fps: row.try_get("fps")?,
        viewers: count(row, "viewers")?,
    })
}

#[cfg(test)]
mod tests;
