//! Destinations: one row each, in the user's order. Their keys are kept elsewhere.

use session::record::DestinationRow;
use session::{DestinationId, PackageName};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::row::{coded, optional_number, package, readable};
use crate::{Storage, StorageError};

/// Columns of [`DestinationRow`] beside its id, in the order [`Storage::write_destination`] binds them.
macro_rules! columns {
    () => {
        "name, preset, url, enabled, has_key, hold_limit_s, bandwidth_test, added_by"
    };
}

impl Storage {
    /// Every destination in the user's order.
    ///
    /// # Errors
    /// [`StorageError::Database`]. A row that cannot be read is left out and logged.
    pub async fn destinations(&self) -> Result<Vec<DestinationRow>, StorageError> {
        let rows = sqlx::query(concat!(
            "SELECT destination_id, ",
            columns!(),
            " FROM destinations ORDER BY place, id"
        ))
        .fetch_all(&self.pool)
        .await?;
        Ok(readable(&rows, destination_row))
    }

    /// Adds a destination behind all others.
    ///
    /// # Errors
    /// [`StorageError::Database`], also if there is one of this id.
    pub async fn insert_destination(&self, row: &DestinationRow) -> Result<(), StorageError> {
        let sql = concat!(
            "INSERT INTO destinations (destination_id, ",
            columns!(),
            ", place)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, coalesce(max(place) + 1, 0) FROM destinations"
        );
        self.write_destination(sql, row).await.map(drop)
    }

    /// Replaces everything of a destination but its place.
    ///
    /// # Errors
    /// [`StorageError::NoDestination`] if there is none of this id.
    pub async fn update_destination(&self, row: &DestinationRow) -> Result<(), StorageError> {
        let sql = concat!(
            "UPDATE destinations SET (",
            columns!(),
            ") = (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) WHERE destination_id = ?1"
        );
        one_of(self.write_destination(sql, row).await?, &row.id)
    }

    /// Runs a statement with the id as ?1 and `columns!` from ?2 on; gives the number of rows written.
    async fn write_destination(&self, sql: &'static str, row: &DestinationRow) -> Result<u64, StorageError> {
        let done = sqlx::query(sql)
            .bind(row.id.as_str())
            .bind(&row.name)
            .bind(&row.preset)
            .bind(&row.url)
            .bind(row.enabled)
            .bind(row.has_key)
            .bind(row.hold_limit_s)
            .bind(row.bandwidth_test)
            .bind(row.added_by.as_ref().map(PackageName::as_str))
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected())
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
        added_by: package(row, "added_by")?,
    })
}

#[cfg(test)]
mod tests;
