//! What can go wrong, in words for a person.

use std::path::PathBuf;

use session::{DestinationId, StreamId};
use sqlx::migrate::MigrateError;

/// A failure of history and settings. `Display` is a whole sentence; [`StorageError::next_step`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The file cannot be made or opened.
    #[error("The history file {} cannot be opened: {source}.", path.display())]
    Inaccessible {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no database, or a damaged one. Nothing in it was changed.
    #[error("The history file {} is damaged: {detail}.", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// The file was written by a later version of the program. Nothing in it was changed.
    #[error("The history file {} was written by a newer version of Stream Console.", path.display())]
    NewerVersion {
        /// The file.
        path: PathBuf,
    },
    /// Another program kept the file locked for longer than we wait.
    #[error("The history is in use by another program.")]
    Busy,
    /// No space left.
    #[error("The disk is full, so the history cannot be written.")]
    DiskFull,
    /// There is no such stream, or it has ended and takes no more entries.
    #[error("There is no open stream {stream_id}.")]
    NoStream {
        /// The stream asked for.
        stream_id: StreamId,
    },
    /// There is no such destination.
    #[error("There is no destination {id}.")]
    NoDestination {
        /// The destination asked for.
        id: DestinationId,
    },
    /// A row holds something this version cannot read.
    #[error("An entry of the history cannot be read: {what}.")]
    Unreadable {
        /// Which value of which row.
        what: String,
    },
    /// A value cannot be turned into JSON.
    #[error("A value cannot be stored: {0}.")]
    Encoding(#[source] serde_json::Error),
    /// Any other failure of the database.
    #[error("History and settings could not be read or written: {0}.")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Primary result codes of SQLite (sqlite.org/rescode.html) that mean something to a person.
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READ_ONLY: i32 = 8;
    pub(super) const IO: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANNOT_OPEN: i32 = 14;
    pub(super) const NOT_A_DATABASE: i32 = 26;
}

impl StorageError {
    /// What a person can do about it; None when nothing helps but the log.
    pub fn next_step(&self) -> Option<String> {
        match self {
            Self::Inaccessible { path, .. } => {
                let folder = path.parent().unwrap_or(path).display();
                Some(format!("Make sure that your account can write to {folder}, then start again."))
            }
            Self::Corrupt { path, .. } => Some(format!(
                "Close Stream Console, move {0} and any {0}-wal and {0}-shm beside it to another folder, and start \
                 again with an empty history. The moved files keep what can still be recovered.",
                path.display()
            )),
            Self::NewerVersion { path } => Some(format!(
                "Start the newer version, or move {} to another folder to begin an empty history.",
                path.display()
            )),
            Self::Busy => Some("Close other programs that have the history open, then try again.".to_owned()),
            Self::DiskFull => Some("Free some space, then try again.".to_owned()),
            Self::NoStream { .. }
            | Self::NoDestination { .. }
            | Self::Unreadable { .. }
            | Self::Encoding(_)
            | Self::Database(_) => None,
        }
    }

    /// Reads a failure while opening, when the file itself may be at fault.
    pub(crate) fn opening(path: &std::path::Path, error: sqlx::Error) -> Self {
        let path = path.to_path_buf();
        match primary_code(&error) {
            Some(code::CORRUPT | code::NOT_A_DATABASE) => Self::Corrupt { path, detail: plainly(&error) },
            Some(code::READ_ONLY | code::IO | code::CANNOT_OPEN) => {
                Self::Inaccessible { path, source: std::io::Error::other(plainly(&error)) }
            }
            _ => error.into(),
        }
    }

    /// Reads a failure of the migrations.
    pub(crate) fn migrating(path: &std::path::Path, error: MigrateError) -> Self {
        let path = path.to_path_buf();
        match error {
            MigrateError::VersionMissing(_) => Self::NewerVersion { path },
            MigrateError::Dirty(_) | MigrateError::VersionMismatch(_) => {
                Self::Corrupt { path, detail: error.to_string() }
            }
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                Self::opening(&path, error)
            }
            other => Self::Database(Box::new(other)),
        }
    }
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        match primary_code(&error) {
            Some(code::BUSY | code::LOCKED) => Self::Busy,
            Some(code::FULL) => Self::DiskFull,
            _ => Self::Database(Box::new(error)),
        }
    }
}

/// The low byte of the extended result code.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// The database's own sentence without the wrapping of the library.
fn plainly(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}
