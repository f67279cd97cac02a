//! Settings: a JSON value for each key.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Storage, StorageError};

impl Storage {
    /// The value kept under `key`, or `default` if there is none or this version cannot read it (logged without its
    /// content, and left as it is until the next write).
    ///
    /// # Errors
    /// [`StorageError::Database`].
    pub async fn setting<T: DeserializeOwned>(&self, key: &str, default: T) -> Result<T, StorageError> {
        let json: Option<String> = sqlx::query_scalar("SELECT value FROM settings WHERE key = ?")
            .bind(key)
            .fetch_optional(&self.pool)
            .await?;
        let Some(json) = json else { return Ok(default) };
        Ok(serde_json::from_str(&json).unwrap_or_else(|error| {
            tracing::warn!(
                key,
                line = error.line(),
                column = error.column(),
                "setting unreadable, default used"
            );
            default
        }))
    }

    /// Keeps a value under `key` in place of the one before.
    ///
    /// # Errors
    /// [`StorageError::Encoding`] or [`StorageError::Database`].
    pub async fn set_setting<T: Serialize>(&self, key: &str, value: &T) -> Result<(), StorageError> {
        let json = serde_json::to_string(value).map_err(StorageError::Encoding)?;
        sqlx::query(
            "INSERT INTO settings (key, value) VALUES (?, ?)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(key)
        .bind(json)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Ports {
        rtmp: u16,
        http: u16,
    }

    const DEFAULT: Ports = Ports { rtmp: 1935, http: 8935 };

    #[tokio::test]
    async fn a_missing_setting_is_its_default() {
        let storage = Storage::in_memory().await.unwrap();
        assert_eq!(storage.setting("ports", DEFAULT).await.unwrap(), DEFAULT);
    }

    #[tokio::test]
    async fn the_last_value_counts() {
        let storage = Storage::in_memory().await.unwrap();
        storage.set_setting("ports", &Ports { rtmp: 1, http: 2 }).await.unwrap();
        storage.set_setting("ports", &Ports { rtmp: 3, http: 4 }).await.unwrap();
        storage.set_setting("theme", &"dark").await.unwrap();
        assert_eq!(storage.setting("ports", DEFAULT).await.unwrap(), Ports { rtmp: 3, http: 4 });
        assert_eq!(storage.setting("theme", String::new()).await.unwrap(), "dark");
    }

    #[tokio::test]
    async fn an_unreadable_setting_is_its_default_and_can_be_written_again() {
        let storage = Storage::in_memory().await.unwrap();
        storage.set_setting("ports", &"not ports").await.unwrap();
        assert_eq!(storage.setting("ports", DEFAULT).await.unwrap(), DEFAULT);
        assert_eq!(
            storage.setting("ports", String::new()).await.unwrap(),
            "not ports",
            "not overwritten by reading"
        );
        storage.set_setting("ports", &Ports { rtmp: 3, http: 4 }).await.unwrap();
        assert_eq!(storage.setting("ports", DEFAULT).await.unwrap(), Ports { rtmp: 3, http: 4 });
    }

    #[tokio::test]
    async fn what_json_cannot_hold_is_refused() {
        let storage = Storage::in_memory().await.unwrap();
        let value = std::collections::BTreeMap::from([(vec![1u8], 1)]);
        assert!(matches!(storage.set_setting("map", &value).await, Err(StorageError::Encoding(_))));
    }
}
