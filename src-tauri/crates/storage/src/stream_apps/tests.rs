use super::*;
use crate::testing::{STOPPED, T0, a_stay, an_app, change, id, package, start, with_a_stream};
use session::State;

fn left(stay: StreamAppRow, after_ms: u64) -> StreamAppRow {
    StreamAppRow { left_at_ms: Some(T0 + after_ms), ..stay }
}

#[tokio::test]
async fn stays_are_read_back_in_the_order_the_apps_came() {
    let (storage, stream_id) = with_a_stream().await;
    let stays = [
        a_stay(3, 2_000),
        StreamAppRow { started: true, ..a_stay(1, 1_000) },
        // Written down afterwards.
        left(a_stay(2, 3_000), 4_000),
    ];
    for stay in &stays {
        storage.app_joined(&stream_id, stay).await.unwrap();
    }
    assert_eq!(storage.stream_apps(&stream_id).await.unwrap(), stays);
    assert_eq!(storage.stream_apps(&id(9)).await.unwrap(), []);
}

#[tokio::test]
async fn each_coming_back_is_a_stay_of_its_own() {
    let (storage, stream_id) = with_a_stream().await;
    storage.app_joined(&stream_id, &a_stay(1, 1_000)).await.unwrap();
    storage.app_joined(&stream_id, &a_stay(2, 1_500)).await.unwrap();
    assert!(storage.app_left(&stream_id, &package(1), T0 + 2_000).await.unwrap());
    storage.app_joined(&stream_id, &a_stay(1, 3_000)).await.unwrap();
    assert!(storage.app_left(&stream_id, &package(1), T0 + 4_000).await.unwrap());
    storage.app_joined(&stream_id, &a_stay(1, 5_000)).await.unwrap();
    assert_eq!(
        storage.stream_apps(&stream_id).await.unwrap(),
        [left(a_stay(1, 1_000), 2_000), a_stay(2, 1_500), left(a_stay(1, 3_000), 4_000), a_stay(1, 5_000)]
    );
}

#[tokio::test]
async fn an_app_is_in_a_stream_once_at_a_time() {
    let (storage, stream_id) = with_a_stream().await;
    let first = StreamAppRow { started: true, ..a_stay(1, 1_000) };
    storage.app_joined(&stream_id, &first).await.unwrap();
    let again = StreamAppRow { name: "New name".into(), ..a_stay(1, 2_000) };
    storage.app_joined(&stream_id, &again).await.unwrap();
    let expected = StreamAppRow { name: "New name".into(), ..first };
    assert_eq!(storage.stream_apps(&stream_id).await.unwrap(), [expected]);
}

#[tokio::test]
async fn who_is_not_in_it_cannot_leave() {
    let (storage, stream_id) = with_a_stream().await;
    let other = start(&storage, 2).await;
    storage.app_joined(&stream_id, &a_stay(1, 1_000)).await.unwrap();
    for (stream_id, number) in [(&stream_id, 2), (&other, 1), (&id(9), 1)] {
        assert!(!storage.app_left(stream_id, &package(number), T0 + 2_000).await.unwrap());
    }
    assert_eq!(storage.stream_apps(&stream_id).await.unwrap(), [a_stay(1, 1_000)]);
    assert!(storage.app_left(&stream_id, &package(1), T0 + 2_000).await.unwrap());
    assert!(!storage.app_left(&stream_id, &package(1), T0 + 3_000).await.unwrap(), "once is enough");
    assert_eq!(storage.stream_apps(&stream_id).await.unwrap(), [left(a_stay(1, 1_000), 2_000)]);
}

#[tokio::test]
async fn nobody_leaves_before_having_come_whatever_the_clock_says() {
    let (storage, stream_id) = with_a_stream().await;
    storage.app_joined(&stream_id, &a_stay(1, 5_000)).await.unwrap();
    storage.app_joined(&stream_id, &a_stay(2, 6_000)).await.unwrap();
    storage.app_joined(&stream_id, &left(a_stay(3, 7_000), 1_000)).await.unwrap();
    storage.app_left(&stream_id, &package(1), T0 + 1_000).await.unwrap();
    storage.record(&stream_id, &change(1_000, STOPPED)).await.unwrap();
    assert_eq!(
        storage.stream_apps(&stream_id).await.unwrap(),
        [left(a_stay(1, 5_000), 5_000), left(a_stay(2, 6_000), 6_000), left(a_stay(3, 7_000), 7_000)]
    );
}

#[tokio::test]
async fn the_end_of_a_stream_ends_every_stay_in_it() {
    let (storage, stream_id) = with_a_stream().await;
    let other = start(&storage, 2).await;
    for (stream_id, number) in [(&stream_id, 1), (&stream_id, 2), (&other, 1)] {
        storage.app_joined(stream_id, &a_stay(number, 1_000)).await.unwrap();
    }
    storage.app_left(&stream_id, &package(1), T0 + 2_000).await.unwrap();
    storage.record(&stream_id, &change(8_000, State::Stopping)).await.unwrap();
    let stopping = storage.stream_apps(&stream_id).await.unwrap();
    assert_eq!(stopping, [left(a_stay(1, 1_000), 2_000), a_stay(2, 1_000)], "it has not ended yet");

    storage.record(&stream_id, &change(9_000, STOPPED)).await.unwrap();
    let ended = [left(a_stay(1, 1_000), 2_000), left(a_stay(2, 1_000), 9_000)];
    assert_eq!(storage.stream_apps(&stream_id).await.unwrap(), ended);
    assert_eq!(storage.stream_apps(&other).await.unwrap(), [a_stay(1, 1_000)], "another stream goes on");
    assert!(!storage.app_left(&stream_id, &package(2), T0 + 9_500).await.unwrap());

    for refused in [&stream_id, &id(9)] {
        let refused = storage.app_joined(refused, &a_stay(3, 9_500)).await;
        assert!(matches!(refused, Err(StorageError::NoStream { .. })), "{refused:?}");
    }
    assert_eq!(storage.stream_apps(&stream_id).await.unwrap(), ended);
}

#[tokio::test]
async fn stays_belong_to_their_stream_and_outlive_the_app() {
    let (storage, stream_id) = with_a_stream().await;
    let other = start(&storage, 2).await;
    storage.upsert_app(&an_app(1)).await.unwrap();
    for stream_id in [&stream_id, &other] {
        storage.app_joined(stream_id, &a_stay(1, 1_000)).await.unwrap();
    }
    storage.remove_app(&package(1)).await.unwrap();
    assert_eq!(storage.stream_apps(&stream_id).await.unwrap(), [a_stay(1, 1_000)]);

    assert!(storage.delete_stream(&stream_id).await.unwrap());
    assert_eq!(storage.stream_apps(&stream_id).await.unwrap(), []);
    assert_eq!(storage.stream_apps(&other).await.unwrap(), [a_stay(1, 1_000)]);
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM stream_apps").fetch_one(&storage.pool).await.unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn names_of_many_streams_come_at_once() {
    let storage = Storage::in_memory().await.unwrap();
    for number in 1..=4 {
        start(&storage, number).await;
    }
    for (stream, app, after_ms) in [(1, 2, 1_000), (1, 1, 2_000), (2, 1, 3_000), (4, 3, 4_000)] {
        storage.app_joined(&id(stream), &a_stay(app, after_ms)).await.unwrap();
    }
    storage.app_left(&id(1), &package(2), T0 + 5_000).await.unwrap();
    let renamed = StreamAppRow { name: "New name".into(), ..a_stay(2, 6_000) };
    storage.app_joined(&id(1), &renamed).await.unwrap();

    let names = storage.apps_of_streams(&[id(3), id(2), id(1), id(9)]).await.unwrap();
    let expected = BTreeMap::from([
        (id(1), vec!["App 2".to_owned(), "App 1".to_owned()]),
        (id(2), vec!["App 1".to_owned()]),
    ]);
    assert_eq!(
        names, expected,
        "each once, as first called; neither streams not asked for nor those without apps"
    );
    assert_eq!(storage.apps_of_streams(&[]).await.unwrap(), BTreeMap::new());
}

#[tokio::test]
async fn an_app_that_comes_and_goes_fills_no_disk() {
    let (storage, stream_id) = with_a_stream().await;
    storage.app_joined(&stream_id, &a_stay(2, 0)).await.unwrap();
    let more = KEPT_STAYS as u64 + 20;
    for after_ms in 0..more {
        storage.app_joined(&stream_id, &a_stay(1, after_ms)).await.unwrap();
        storage.app_left(&stream_id, &package(1), T0 + after_ms).await.unwrap();
    }
    let stays = storage.stream_apps(&stream_id).await.unwrap();
    assert_eq!(stays[0], a_stay(2, 0), "another one's stays stay");
    assert_eq!(stays.len() as i64, KEPT_STAYS + 1);
    assert_eq!(stays[1].joined_at_ms, T0 + 20);
    assert_eq!(stays.last().unwrap().joined_at_ms, T0 + more - 1);
}

#[tokio::test]
async fn one_damaged_row_does_not_hide_the_others() {
    let (storage, stream_id) = with_a_stream().await;
    for number in [1, 2] {
        storage.app_joined(&stream_id, &a_stay(number, 1_000)).await.unwrap();
    }
    sqlx::query("UPDATE stream_apps SET package = 'no package' WHERE id = 1")
        .execute(&storage.pool)
        .await
        .unwrap();
    assert_eq!(storage.stream_apps(&stream_id).await.unwrap(), [a_stay(2, 1_000)]);
}
