use std::path::PathBuf;

use super::*;
use crate::row::to_integer;
use crate::testing::{
    STOPPED, T0, a_destination, a_stay, a_stream, an_app, change, destination_change, destination_id, id,
    start,
};
use session::State;
use session::record::{NewStream, StreamAppRow};

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    (folder, path)
}

async fn pragma(storage: &Storage, pragma: &'static str) -> String {
    let row = sqlx::query(pragma).fetch_one(&storage.pool).await.unwrap();
    let number = sqlx::Row::try_get::<i64, _>(&row, 0).map(|number| number.to_string());
    number.unwrap_or_else(|_| sqlx::Row::get(&row, 0))
}

#[tokio::test]
async fn a_new_file_is_private_and_written_through() {
    let (_folder, path) = folder();
    let storage = Storage::open(&path).await.unwrap();
    start(&storage, 1).await;
    assert_eq!(pragma(&storage, "PRAGMA journal_mode").await, "wal");
    assert_eq!(pragma(&storage, "PRAGMA synchronous").await, "2");
    assert_eq!(pragma(&storage, "PRAGMA foreign_keys").await, "1");
    #[cfg(unix)]
    for name in ["history.db", "history.db-wal", "history.db-shm"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = path.with_file_name(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    storage.close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_others_can_read_is_made_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, path) = folder();
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    Storage::open(&path).await.unwrap().close().await;
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn opening_again_keeps_what_is_there() {
    let (folder, path) = folder();
    let storage = Storage::open(&path).await.unwrap();
    let stream_id = start(&storage, 1).await;
    storage.close().await;
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 1, "closing folds the log into the file");

    let storage = Storage::open(&path).await.unwrap();
    assert!(storage.stream(&stream_id).await.unwrap().is_some());
    assert_eq!(migrations_applied(&storage).await, 3);
}

async fn migrations_applied(storage: &Storage) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations").fetch_one(&storage.pool).await.unwrap()
}

/// A file as the program left it when it had this many migrations: a stream that runs, another that ended, a setting.
async fn left_by_version(migrations: usize, path: &Path) -> Storage {
    make_private(path).unwrap();
    let old = Storage::connect(options().filename(path), path).await.unwrap();
    let known = migrator().iter().take(migrations).cloned().collect();
    Migrator::with_migrations(known).run(&old.pool).await.unwrap();
    for (number, state, ended) in [(1, "live", None), (2, "ended", Some(T0 + 9_000))] {
        let stream = a_stream(number);
        sqlx::query(
            "INSERT INTO streams
                 (stream_id, playback_id, camera_link, quality, enable_webrtc, started_at_ms, ended_at_ms, state, reason)
             VALUES (?, ?, ?, '1080p', 1, ?, ?, ?, ?)",
        )
        .bind(stream.stream_id.as_str())
        .bind(stream.playback_id.as_str())
        .bind(stream.link.code())
        .bind(to_integer(stream.started_at_ms))
        .bind(ended.map(to_integer))
        .bind(state)
        .bind(ended.map(|_| "stopped_by_user"))
        .execute(&old.pool)
        .await
        .unwrap();
    }
    sqlx::query(
        "INSERT INTO marks (stream, at_ms, state, reason, tone, text)
         SELECT id, started_at_ms, state, reason, 'info', 'It was so.' FROM streams",
    )
    .execute(&old.pool)
    .await
    .unwrap();
    old.set_setting("theme", &"dark").await.unwrap();
    old
}

async fn still_there(storage: &Storage) {
    assert_eq!(migrations_applied(storage).await, 3);
    assert_eq!(storage.setting("theme", String::new()).await.unwrap(), "dark");
    for (number, state) in [(1, State::Live), (2, STOPPED)] {
        let NewStream { stream_id, playback_id, link, options, started_at_ms, .. } = a_stream(number);
        let row = storage.stream(&stream_id).await.unwrap().unwrap();
        assert_eq!((row.playback_id, row.link, row.options), (playback_id, link, options));
        assert_eq!((row.started_at_ms, row.state), (started_at_ms, state));
        assert_eq!((row.delivery, row.target), (session::Delivery::Managed, None));
        assert_eq!((row.starter, row.duration_limit_ms), (None, None));
        assert_eq!(storage.marks(&stream_id).await.unwrap().len(), 1);
        assert_eq!(storage.stream_apps(&stream_id).await.unwrap(), []);
    }
    assert_eq!(storage.open_streams().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_of_the_first_version_is_brought_to_this_one() {
    let (_folder, path) = folder();
    let old = left_by_version(1, &path).await;
    assert!(old.destinations().await.is_err(), "it had no destinations");
    old.close().await;

    let storage = Storage::open(&path).await.unwrap();
    still_there(&storage).await;
    assert_eq!(storage.destinations().await.unwrap(), []);
    storage.insert_destination(&a_destination(1)).await.unwrap();
    let change = destination_change(5, session::destination::State::Idle);
    storage.record_destination(&id(1), &destination_id(1), "Twitch", &change).await.unwrap();
    storage.close().await;

    let storage = Storage::open(&path).await.unwrap();
    assert_eq!(storage.destinations().await.unwrap(), [a_destination(1)]);
    assert_eq!(storage.destination_marks(&id(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_of_the_second_version_is_brought_to_this_one() {
    let (_folder, path) = folder();
    let old = left_by_version(2, &path).await;
    for number in [2, 1] {
        let row = a_destination(number);
        sqlx::query(
            "INSERT INTO destinations
                 (destination_id, place, name, preset, url, enabled, has_key, hold_limit_s, bandwidth_test)
             SELECT ?, count(*), ?, ?, ?, ?, ?, ?, ? FROM destinations",
        )
        .bind(row.id.as_str())
        .bind(row.name)
        .bind(row.preset)
        .bind(row.url)
        .bind(row.enabled)
        .bind(row.has_key)
        .bind(row.hold_limit_s)
        .bind(row.bandwidth_test)
        .execute(&old.pool)
        .await
        .unwrap();
    }
    let idle = destination_change(5, session::destination::State::Idle);
    old.record_destination(&id(2), &destination_id(1), "Twitch", &idle).await.unwrap();
    assert!(old.apps().await.is_err(), "it had no apps");
    old.close().await;

    let storage = Storage::open(&path).await.unwrap();
    still_there(&storage).await;
    assert_eq!(storage.destinations().await.unwrap(), [2, 1].map(a_destination), "all the user's own");
    assert_eq!(storage.destination_marks(&id(2)).await.unwrap().len(), 1);
    assert_eq!(storage.apps().await.unwrap(), []);
    storage.upsert_app(&an_app(1)).await.unwrap();
    // The stream that was running takes apps, and its end ends their stays.
    storage.app_joined(&id(1), &a_stay(1, 2_000)).await.unwrap();
    storage.record(&id(1), &change(3_000, STOPPED)).await.unwrap();
    storage.close().await;

    let storage = Storage::open(&path).await.unwrap();
    assert_eq!(storage.apps().await.unwrap(), [an_app(1)]);
    let ended = StreamAppRow { left_at_ms: Some(T0 + 3_000), ..a_stay(1, 2_000) };
    assert_eq!(storage.stream_apps(&id(1)).await.unwrap(), [ended]);
}

#[tokio::test]
async fn dropped_without_closing_it_loses_nothing() {
    let (_folder, path) = folder();
    let storage = Storage::open(&path).await.unwrap();
    let stream_id = start(&storage, 1).await;
    drop(storage);
    let storage = Storage::open(&path).await.unwrap();
    assert_eq!(storage.marks(&stream_id).await.unwrap().len(), 1);
}

/// A killed process leaves the files as they are at that moment: a copy of them is what the next run finds.
#[tokio::test]
async fn killed_at_any_moment_it_loses_nothing() {
    let (_folder, path) = folder();
    let storage = Storage::open(&path).await.unwrap();
    let stream_id = start(&storage, 1).await;
    let changes =
        [State::AwaitingMedia, State::Live, State::Interrupted, State::Live, State::Stopping, STOPPED];
    for (number, state) in changes.into_iter().enumerate() {
        storage.record(&stream_id, &change(number as u64, state)).await.unwrap();
        let first = storage.reserve(&stream_id, 16).await.unwrap();

        let (_left, left_path) = folder();
        for suffix in ["", "-wal"] {
            let name = format!("history.db{suffix}");
            std::fs::copy(path.with_file_name(&name), left_path.with_file_name(&name)).unwrap();
        }
        let found = Storage::open(&left_path).await.unwrap();
        let marks = found.marks(&stream_id).await.unwrap();
        assert_eq!(marks.len(), number + 2);
        assert_eq!(marks.last().unwrap().state, state);
        assert_eq!(found.stream(&stream_id).await.unwrap().unwrap().state, state);
        assert_eq!(found.reserve(&stream_id, 1).await.unwrap(), first + 16);
        found.close().await;
    }
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_left_alone() {
    let (_folder, path) = folder();
    let storage = Storage::open(&path).await.unwrap();
    start(&storage, 1).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of the future', true, x'00', 0)",
    )
    .execute(&storage.pool)
    .await
    .unwrap();
    storage.close().await;

    let before = std::fs::read(&path).unwrap();
    let error = Storage::open(&path).await.unwrap_err();
    assert!(matches!(error, StorageError::NewerVersion { .. }), "{error:?}");
    assert!(error.to_string().contains("newer version of Stream Console"), "{error}");
    assert!(error.next_step().unwrap().contains("move"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let (_folder, path) = folder();
    let bytes = b"this was never a database, and it is longer than a header of one hundred bytes would be "
        .repeat(20);
    std::fs::write(&path, &bytes).unwrap();
    let error = Storage::open(&path).await.unwrap_err();
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error:?}");
    let step = error.next_step().unwrap();
    assert!(step.contains("move") && step.contains("history.db-wal"), "{step}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[tokio::test]
async fn a_damaged_database_is_found_when_opened_and_left_alone() {
    let (_folder, path) = folder();
    let storage = Storage::open(&path).await.unwrap();
    start(&storage, 1).await;
    sqlx::query(
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO marks (stream, at_ms, state, tone, text) SELECT 1, i, 'live', 'info', 'a mark' FROM n",
    )
    .execute(&storage.pool)
    .await
    .unwrap();
    storage.close().await;
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0xa5);
    std::fs::write(&path, &bytes).unwrap();

    let error = Storage::open(&path).await.unwrap_err();
    assert!(matches!(error, StorageError::Corrupt { .. }), "{error:?}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_told() {
    let (_folder, path) = folder();
    let error = Storage::open(&path.join("deeper")).await.unwrap_err();
    assert!(matches!(error, StorageError::Inaccessible { .. }), "{error:?}");
    assert!(error.next_step().unwrap().contains("can write"), "{error}");
}

#[tokio::test]
async fn a_file_locked_by_another_program_is_told() {
    let (_folder, path) = folder();
    Storage::open(&path).await.unwrap().close().await;
    let other = SqlitePool::connect_with(options().filename(&path)).await.unwrap();
    let lock = other.begin_with("BEGIN EXCLUSIVE").await.unwrap();

    let impatient = options().filename(&path).busy_timeout(Duration::ZERO);
    let storage = Storage::connect(impatient, &path).await.unwrap();
    let error = storage.set_setting("theme", &"dark").await.unwrap_err();
    assert!(matches!(error, StorageError::Busy), "{error:?}");

    lock.rollback().await.unwrap();
    storage.set_setting("theme", &"dark").await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_told() {
    let storage = Storage::in_memory().await.unwrap();
    sqlx::query("PRAGMA max_page_count = 1").execute(&storage.pool).await.unwrap();
    let error = storage.set_setting("long", &"x".repeat(1_000_000)).await.unwrap_err();
    assert!(matches!(error, StorageError::DiskFull), "{error:?}");
    assert!(error.next_step().is_some());
}
