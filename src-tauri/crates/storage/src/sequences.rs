//! Media sequence numbers, handed out in blocks that no crash takes back.

use session::StreamId;

use crate::row::from_integer;
use crate::{Storage, StorageError};

impl Storage {
    /// Reserves `count` media sequence numbers of a stream and returns the first. No number is ever handed out twice,
    /// also not across restarts: those reserved and not used stay a gap, which HLS allows and going back does not
    /// (RFC 8216 s6.2.2).
    ///
    /// # Errors
    /// [`StorageError::NoStream`] if the stream is unknown.
    pub async fn reserve(&self, stream_id: &StreamId, count: u32) -> Result<u64, StorageError> {
        let first: Option<i64> = sqlx::query_scalar(
            "UPDATE streams SET next_sequence = next_sequence + ?2 WHERE stream_id = ?1
             RETURNING next_sequence - ?2",
        )
        .bind(stream_id.as_str())
        .bind(count)
        .fetch_optional(&self.pool)
        .await?;
        first.map(from_integer).ok_or_else(|| StorageError::NoStream { stream_id: stream_id.clone() })
    }
}
