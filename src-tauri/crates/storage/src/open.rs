//! Opening and closing the file.

use std::path::Path;
use std::time::Duration;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::StorageError;

/// How long to wait for another program's lock, for example a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// History and settings. Clones share one connection.
#[derive(Debug, Clone)]
pub struct Storage {
    pub(crate) pool: SqlitePool,
}

impl Storage {
    /// Opens the file at `path`, makes it if there is none (readable by this account alone) and brings its tables to
    /// this version. The folder must exist.
    ///
    /// # Errors
    /// [`StorageError::Inaccessible`], [`StorageError::Corrupt`], [`StorageError::NewerVersion`] or
    /// [`StorageError::Busy`]; in each case nothing in the file was changed.
    pub async fn open(path: &Path) -> Result<Self, StorageError> {
        make_private(path)
            .map_err(|source| StorageError::Inaccessible { path: path.to_path_buf(), source })?;
        let storage = Self::connect(options().filename(path), path).await?;
        storage.check(path).await?;
        storage.migrate(path).await?;
        Ok(storage)
    }

    /// A storage that forgets everything when closed.
    ///
    /// # Errors
    /// [`StorageError::Database`].
    pub async fn in_memory() -> Result<Self, StorageError> {
        let path = Path::new(":memory:");
        let storage = Self::connect(options().in_memory(true), path).await?;
        storage.migrate(path).await?;
        Ok(storage)
    }

    /// Waits for what was begun, folds the log into the file and closes it. Other clones fail from now on.
    pub async fn close(self) {
        self.pool.close().await;
    }

    async fn connect(options: SqliteConnectOptions, path: &Path) -> Result<Self, StorageError> {
        // One connection: no lock is ever waited for inside the program, and an in-memory database lives as long as it.
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let pool = pool.connect_with(options).await.map_err(|error| StorageError::opening(path, error))?;
        Ok(Self { pool })
    }

    /// Damage is better found now than in the middle of a stream.
    async fn check(&self, path: &Path) -> Result<(), StorageError> {
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&self.pool)
            .await
            .map_err(|error| StorageError::opening(path, error))?;
        if verdict == "ok" {
            Ok(())
        } else {
            Err(StorageError::Corrupt { path: path.to_path_buf(), detail: verdict })
        }
    }

    async fn migrate(&self, path: &Path) -> Result<(), StorageError> {
        migrator().run(&self.pool).await.map_err(|error| StorageError::migrating(path, error))
    }
}

fn options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
}

/// The migrations, in the order of their numbers. Listed rather than gathered by `sqlx::migrate!`, whose macro crate
/// would compile SQLite a second time. A released one is never edited: its checksum is kept in the file.
fn migrator() -> Migrator {
    let sql = [
        ("init", include_str!("../migrations/0001_init.sql")),
        ("destinations", include_str!("../migrations/0002_destinations.sql")),
        ("apps", include_str!("../migrations/0003_apps.sql")),
    ];
    let migration = |(number, (name, sql)): (i64, (&'static str, &'static str))| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations((1..).zip(sql).map(migration).collect())
}

/// Makes the file if there is none, and lets no other account read it. SQLite gives its log the file's permissions.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    drop(file);
    Ok(())
}

#[cfg(test)]
mod tests;
