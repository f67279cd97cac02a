//! Between SQLite's columns and the domain's types.

use session::{PackageName, State, StateChange, Tone, Words};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::StorageError;

/// SQLite integers are signed; what does not fit lies 292 million years ahead.
pub(crate) fn to_integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn from_integer(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// An integer column that is never negative.
pub(crate) fn number(row: &SqliteRow, column: &str) -> Result<u64, StorageError> {
    Ok(from_integer(row.try_get(column)?))
}

/// The same, where null means none.
pub(crate) fn optional_number(row: &SqliteRow, column: &str) -> Result<Option<u64>, StorageError> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(from_integer))
}

/// A count that fits 32 bits; more is shown as the most.
pub(crate) fn count(row: &SqliteRow, column: &str) -> Result<u32, StorageError> {
    Ok(u32::try_from(number(row, column)?).unwrap_or(u32::MAX))
}

/// A text column read by the domain.
pub(crate) fn coded<T>(
    row: &SqliteRow,
    column: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, StorageError> {
    let code: &str = row.try_get(column)?;
    read(code).ok_or_else(|| StorageError::Unreadable { what: format!("{column} is {code:?}") })
}

/// A text column that names an app, where null means none.
pub(crate) fn package(row: &SqliteRow, column: &str) -> Result<Option<PackageName>, StorageError> {
    match row.try_get::<Option<&str>, _>(column)? {
        None => Ok(None),
        Some(_) => coded(row, column, |text| PackageName::parse(text).ok()).map(Some),
    }
}

/// The columns `state` and `reason`.
pub(crate) fn state(row: &SqliteRow) -> Result<State, StorageError> {
    let reason: Option<&str> = row.try_get("reason")?;
    coded(row, "state", |state| State::from_codes(state, reason))
}

/// The columns `tone`, `text` and `next_step`.
pub(crate) fn words(row: &SqliteRow) -> Result<Words, StorageError> {
    let tone = coded(row, "tone", Tone::from_code)?;
    Ok(Words { tone, text: row.try_get("text")?, next_step: row.try_get("next_step")? })
}

/// A whole mark.
pub(crate) fn mark(row: &SqliteRow) -> Result<StateChange, StorageError> {
    Ok(StateChange { at_ms: number(row, "at_ms")?, state: state(row)?, words: words(row)? })
}

/// Reads what can be read: one damaged row must not hide the others.
pub(crate) fn readable<T>(
    rows: &[SqliteRow],
    read: impl Fn(&SqliteRow) -> Result<T, StorageError>,
) -> Vec<T> {
    rows.iter()
        .filter_map(|row| read(row).inspect_err(|error| tracing::warn!(%error, "row left out")).ok())
        .collect()
}
