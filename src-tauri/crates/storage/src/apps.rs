//! Apps of the hub: one row each, in the order registered. Their API keys are nowhere; a digest tells a right one.

use session::record::AppRow;
use session::{KeyDigest, PackageName, Permissions};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::row::{coded, readable};
use crate::{Storage, StorageError};

impl Storage {
    /// Every app in the order registered.
    ///
    /// # Errors
    /// [`StorageError::Database`]. A row that cannot be read is left out and logged.
    pub async fn apps(&self) -> Result<Vec<AppRow>, StorageError> {
        let rows = sqlx::query(
            "SELECT package, name, url, key_digest, permissions, lan_allowed, wanted FROM apps ORDER BY id",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(readable(&rows, app_row))
    }

    /// Registers an app behind all others, or replaces everything of the one of this package but its place.
    ///
    /// # Errors
    /// [`StorageError::Database`].
    pub async fn upsert_app(&self, row: &AppRow) -> Result<(), StorageError> {
        sqlx::query(
            "INSERT INTO apps (package, name, url, key_digest, permissions, lan_allowed, wanted)
             VALUES (?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (package) DO UPDATE SET
                 name = excluded.name, url = excluded.url, key_digest = excluded.key_digest,
                 permissions = excluded.permissions, lan_allowed = excluded.lan_allowed, wanted = excluded.wanted",
        )
        .bind(row.package.as_str())
        .bind(&row.name)
        .bind(&row.url)
        .bind(row.key.as_ref().map(|digest| digest.0.as_slice()))
        .bind(row.permissions.code())
        .bind(row.lan_allowed)
        .bind(row.wanted)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Forgets an app; its part in streams stays in their history. False if there is none of this package.
    ///
    /// # Errors
    /// [`StorageError::Database`].
    pub async fn remove_app(&self, package: &PackageName) -> Result<bool, StorageError> {
        let done = sqlx::query("DELETE FROM apps WHERE package = ?")
            .bind(package.as_str())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() > 0)
    }
}

fn app_row(row: &SqliteRow) -> Result<AppRow, StorageError> {
    let digest: Option<&[u8]> = row.try_get("key_digest")?;
    // A digest that is none must not turn into "no key on file", which would let anyone in.
    let key = digest.map(<[u8; 32]>::try_from).transpose();
    Ok(AppRow {
        package: coded(row, "package", |text| PackageName::parse(text).ok())?,
        name: row.try_get("name")?,
        url: row.try_get("url")?,
        key: key.map_err(|_| StorageError::Unreadable { what: "key_digest".to_owned() })?.map(KeyDigest),
        permissions: Permissions::from_code(row.try_get("permissions")?),
        lan_allowed: row.try_get("lan_allowed")?,
        wanted: row.try_get("wanted")?,
    })
}

#[cfg(test)]
mod tests;
