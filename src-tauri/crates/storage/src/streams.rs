//! Streams: one row each, from their start on.

use serde::Serialize;
use serde::de::DeserializeOwned;
use session::record::{NewStream, StreamRow};
use session::{CameraLink, Delivery, Options, PackageName, PlaybackId, Quality, StateChange, StreamId};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::marks;
use crate::row::{coded, count, number, optional_number, package, readable, state, to_integer, words};
use crate::{Storage, StorageError};

/// Columns of [`StreamRow`]; a `WHERE` and an `ORDER` follow.
macro_rules! select_streams {
    ($rest:literal) => {
        concat!(
            "SELECT stream_id, playback_id, camera_link, delivery, target, quality, enable_webrtc, starter, held,
                    duration_limit_ms, started_at_ms, live_since_ms, ended_at_ms, streams.state, streams.reason, tone, text, next_step, interruptions, peak_viewers,
                    CASE sample_count WHEN 0 THEN 0 ELSE bitrate_sum_bps / sample_count END AS mean_bitrate_bps
             FROM streams JOIN marks ON marks.id = (SELECT max(id) FROM marks WHERE stream = streams.id) ",
            $rest
        )
    };
}

impl Storage {
    /// Writes a new stream with its first state change, both or neither.
    ///
    /// # Errors
    /// [`StorageError::Database`], also if the stream exists.
    pub async fn start_stream(&self, stream: &NewStream, first: &StateChange) -> Result<(), StorageError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let row: i64 = sqlx::query_scalar(
            "INSERT INTO streams
                 (stream_id, playback_id, camera_link, delivery, target, quality, enable_webrtc, starter, held,
                  duration_limit_ms, started_at_ms, state)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(stream.stream_id.as_str())
        .bind(stream.playback_id.as_str())
        .bind(stream.link.code())
        .bind(stream.delivery.code())
        .bind(&stream.target)
        .bind(stream.options.quality.code())
        .bind(stream.options.enable_webrtc)
        .bind(stream.starter.as_ref().map(PackageName::as_str))
        // What a person starts, a person holds.
        .bind(stream.starter.is_none())
        .bind(stream.duration_limit_ms.map(to_integer))
        .bind(to_integer(stream.started_at_ms))
        .bind(first.state.code())
        .fetch_one(&mut *transaction)
        .await?;
        marks::append(&mut transaction, row, first).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Keeps whether the user holds a stream. One that is not there is no error: it was deleted meanwhile.
    ///
    /// # Errors
    /// [`StorageError::Database`].
    pub async fn hold_stream(&self, stream_id: &StreamId, held: bool) -> Result<(), StorageError> {
        sqlx::query("UPDATE streams SET held = ? WHERE stream_id = ?")
            .bind(held)
            .bind(stream_id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Keeps that WebRTC playback was asked for after the start. One that is not there is no error: it was deleted
    /// meanwhile.
    ///
    /// # Errors
    /// [`StorageError::Database`].
    pub async fn enable_webrtc(&self, stream_id: &StreamId) -> Result<(), StorageError> {
        sqlx::query("UPDATE streams SET enable_webrtc = TRUE WHERE stream_id = ?")
            .bind(stream_id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Streams without an end, newest first: after a start of the program, those the last run left open.
    ///
    /// # Errors
    /// [`StorageError::Database`]. A row that cannot be read is left out and logged.
    pub async fn open_streams(&self) -> Result<Vec<StreamRow>, StorageError> {
        let rows = sqlx::query(select_streams!(
            "WHERE ended_at_ms IS NULL ORDER BY started_at_ms DESC, streams.id DESC"
        ))
        .fetch_all(&self.pool)
        .await?;
        Ok(readable(&rows, stream_row))
    }

    /// At most `limit` streams started before `before_ms` (None: no bound), newest first.
    ///
    /// # Errors
    /// [`StorageError::Database`]. A row that cannot be read is left out and logged.
    pub async fn list_streams(
        &self,
        before_ms: Option<u64>,
        limit: u32,
    ) -> Result<Vec<StreamRow>, StorageError> {
        let rows = sqlx::query(select_streams!(
            "WHERE started_at_ms < ? ORDER BY started_at_ms DESC, streams.id DESC LIMIT ?"
        ))
        .bind(to_integer(before_ms.unwrap_or(u64::MAX)))
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        Ok(readable(&rows, stream_row))
    }

    /// One stream; None if there is none of this id.
    ///
    /// # Errors
    /// [`StorageError::Database`] or [`StorageError::Unreadable`].
    pub async fn stream(&self, stream_id: &StreamId) -> Result<Option<StreamRow>, StorageError> {
        let row = sqlx::query(select_streams!("WHERE stream_id = ?"))
            .bind(stream_id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(stream_row).transpose()
    }

    /// Deletes a stream with its marks, samples and stays of apps; false if there is none of this id. The caller sees to it that it
    /// does not run.
    ///
    /// # Errors
    /// [`StorageError::Database`].
    pub async fn delete_stream(&self, stream_id: &StreamId) -> Result<bool, StorageError> {
        let done = sqlx::query("DELETE FROM streams WHERE stream_id = ?")
            .bind(stream_id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Keeps what the media engine needs to go on with the stream after a restart, in place of what was kept before.
    ///
    /// # Errors
    /// [`StorageError::NoStream`] if the stream is unknown or has ended, [`StorageError::Encoding`].
    pub async fn set_resume_facts<T: Serialize>(
        &self,
        stream_id: &StreamId,
        facts: &T,
    ) -> Result<(), StorageError> {
        let json = serde_json::to_string(facts).map_err(StorageError::Encoding)?;
        let done =
            sqlx::query("UPDATE streams SET resume_facts = ? WHERE stream_id = ? AND ended_at_ms IS NULL")
                .bind(json)
                .bind(stream_id.as_str())
                .execute(&self.pool)
                .await?;
        if done.rows_affected() == 0 {
            return Err(StorageError::NoStream { stream_id: stream_id.clone() });
        }
        Ok(())
    }

    /// What [`Storage::set_resume_facts`] kept last. None if nothing was, or if this version cannot read it (logged):
    /// the stream then goes on with a discontinuity.
    ///
    /// # Errors
    /// [`StorageError::Database`].
    pub async fn resume_facts<T: DeserializeOwned>(
        &self,
        stream_id: &StreamId,
    ) -> Result<Option<T>, StorageError> {
        let json: Option<Option<String>> =
            sqlx::query_scalar("SELECT resume_facts FROM streams WHERE stream_id = ?")
                .bind(stream_id.as_str())
                .fetch_optional(&self.pool)
                .await?;
        Ok(json.flatten().and_then(|json| {
            serde_json::from_str(&json)
                .inspect_err(|error| tracing::warn!(%stream_id, %error, "resume facts left out"))
                .ok()
        }))
    }
}

fn stream_row(row: &SqliteRow) -> Result<StreamRow, StorageError> {
    Ok(StreamRow {
        stream_id: coded(row, "stream_id", |text| StreamId::parse(text).ok())?,
        playback_id: coded(row, "playback_id", |text| PlaybackId::parse(text).ok())?,
        link: coded(row, "camera_link", CameraLink::from_code)?,
        delivery: coded(row, "delivery", Delivery::from_code)?,
        target: row.try_get("target")?,
        options: Options {
            quality: coded(row, "quality", Quality::from_code)?,
            enable_webrtc: row.try_get("enable_webrtc")?,
        },
        starter: package(row, "starter")?,
        held: row.try_get("held")?,
        duration_limit_ms: optional_number(row, "duration_limit_ms")?,
        started_at_ms: number(row, "started_at_ms")?,
        live_since_ms: optional_number(row, "live_since_ms")?,
        ended_at_ms: optional_number(row, "ended_at_ms")?,
        state: state(row)?,
        words: words(row)?,
        interruptions: count(row, "interruptions")?,
        peak_viewers: count(row, "peak_viewers")?,
        mean_bitrate_bps: number(row, "mean_bitrate_bps")?,
    })
}

#[cfg(test)]
mod tests;
