//! Destinations: one row each, in the user's order. Their keys are kept elsewhere.

use session::DestinationId;
use session::record::DestinationRow;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::row::{coded, optional_number, readable};
use crate::{Storage, StorageError};

impl Storage {
    /// Every destination in the user's order.
    ///
    /// # Errors
    /// [`StorageError::Database`]. A row that cannot be read is left out and logged.
    pub async fn destinations(&self) -> Result<Vec<DestinationRow>, StorageError> {
        let rows = sqlx::query(
            "SELECT destination_id, name, preset, url, enabled, has_key, hold_limit_s, bandwidth_test
             FROM destinations ORDER BY place, id",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(readable(&rows, destination_row))
    }

    /// Adds a destination behind all others.
    ///
    /// # Errors
    /// [`StorageError::Database`], also if there is one of this id.
    pub async fn insert_destination(&self, row: &DestinationRow) -> Result<(), StorageError> {
        sqlx::query(
            "INSERT INTO destinations
                 (destination_id, place, name, preset, url, enabled, has_key, hold_limit_s, bandwidth_test)
             SELECT ?, coalesce(max(place) + 1, 0), ?, ?, ?, ?, ?, ?, ? FROM destinations",
        )
        .bind(row.id.as_str())
        .bind(&row.name)
        .bind(&row.preset)
        .bind(&row.url)
        .bind(row.enabled)
        .bind(row.has_key)
        .bind(row.hold_limit_s)
        .bind(row.bandwidth_test)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Replaces everything of a destination but its place.
    ///
    /// # Errors
    /// [`StorageError::NoDestination`] if there is none of this id.
    pub async fn update_destination(&self, row: &DestinationRow) -> Result<(), StorageError> {
        let done = sqlx::query(
            "UPDATE destinations SET name = ?2, preset = ?3, url = ?4, enabled = ?5, has_key = ?6, hold_limit_s = ?7,
                 bandwidth_test = ?8
             WHERE destination_id = ?1",
        )
        .bind(row.id.as_str())
        .bind(&row.name)
        .bind(&row.preset)
        .bind(&row.url)
        .bind(row.enabled)
        .bind(row.has_key)
        .bind(row.hold_limit_s)
        .bind(row.bandwidth_test)
        .execute(&self.pool)
        .await?;
        one_of(done.rows_affected(), &row.id)
    }

    /// Keeps whether the user wants a destination on.
    ///
    /// # Errors
    /// [`StorageError::NoDestination`] if there is none of this id.
    pub async fn set_destination_enabled(
        &self,
        id: &DestinationId,
        enabled: bool,
    ) -> Result<(), StorageError> {
        let done = sqlx::query("UPDATE destinations SET enabled = ? WHERE destination_id = ?")
            .bind(enabled)
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        one_of(done.rows_affected(), id)
    }

    /// Forgets a destination; what it did during streams stays in their history. False if there is none of this id.
    ///
    /// # Errors
    /// [`StorageError::Database`].
    pub async fn remove_destination(&self, id: &DestinationId) -> Result<bool, StorageError> {
        let done = sqlx::query("DELETE FROM destinations WHERE destination_id = ?")
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Puts destinations in this order, all or none. Those not named follow behind, in the order they had.
    ///
    /// # Errors
    /// [`StorageError::NoDestination`] if one of them is unknown.
    pub async fn order_destinations(&self, ids: &[DestinationId]) -> Result<(), StorageError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let behind = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        sqlx::query(
            "UPDATE destinations SET place = ?1 + ranked.place
             FROM (SELECT id, row_number() OVER (ORDER BY place, id) - 1 AS place FROM destinations) AS ranked
             WHERE ranked.id = destinations.id",
        )
        .bind(behind)
        .execute(&mut *transaction)
        .await?;
        for (place, id) in (0i64..).zip(ids) {
            let done = sqlx::query("UPDATE destinations SET place = ? WHERE destination_id = ?")
                .bind(place)
                .bind(id.as_str())
                .execute(&mut *transaction)
                .await?;
            one_of(done.rows_affected(), id)?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

fn one_of(rows_affected: u64, id: &DestinationId) -> Result<(), StorageError> {
    if rows_affected == 0 { Err(StorageError::NoDestination { id: id.clone() }) } else { Ok(()) }
}

fn destination_row(row: &SqliteRow) -> Result<DestinationRow, StorageError> {
    let hold_limit_s = optional_number(row, "hold_limit_s")?;
    Ok(DestinationRow {
        id: coded(row, "destination_id", |text| DestinationId::parse(text).ok())?,
        name: row.try_get("name")?,
        preset: row.try_get("preset")?,
        url: row.try_get("url")?,
        enabled: row.try_get("enabled")?,
        has_key: row.try_get("has_key")?,
        hold_limit_s: hold_limit_s.map(|limit_s| u32::try_from(limit_s).unwrap_or(u32::MAX)),
        bandwidth_test: row.try_get("bandwidth_test")?,
    })
}

#[cfg(test)]
mod tests;
