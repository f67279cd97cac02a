use super::*;
use crate::testing::{
    STOPPED, T0, a_destination, change, destination_change, destination_id, id, start, with_a_stream,
};

const RETRYING: State = State::Retrying { failed: 3, at_ms: T0 + 9_000 };

#[tokio::test]
async fn every_state_is_read_back_as_it_was() {
    let (storage, stream_id) = with_a_stream().await;
    let states = [
        State::Disabled,
        State::Idle,
        State::Starting,
        State::Broadcasting,
        State::Stalled,
        State::Interrupted,
        RETRYING,
        State::Errored(Severity::Normal),
        State::Errored(Severity::Fatal),
    ];
    let mut expected = Vec::new();
    for (after_ms, state) in (0..).zip(states) {
        let change = destination_change(after_ms, state);
        storage.record_destination(&stream_id, &destination_id(1), "Twitch", &change).await.unwrap();
        let Change { at_ms, state, words } = change;
        expected.push(DestinationMarkRow {
            at_ms,
            id: destination_id(1),
            name: "Twitch".into(),
            state,
            words,
        });
    }
    assert_eq!(storage.destination_marks(&stream_id).await.unwrap(), expected);
}

#[tokio::test]
async fn marks_keep_the_name_and_outlive_the_destination() {
    let (storage, stream_id) = with_a_stream().await;
    storage.insert_destination(&a_destination(1)).await.unwrap();
    for (name, number) in [("Twitch", 1), ("YouTube", 2), ("My Twitch", 1)] {
        let change = destination_change(1, State::Starting);
        storage.record_destination(&stream_id, &destination_id(number), name, &change).await.unwrap();
    }
    storage.remove_destination(&destination_id(1)).await.unwrap();
    let marks = storage.destination_marks(&stream_id).await.unwrap();
    let told: Vec<_> = marks.iter().map(|mark| (mark.id.clone(), mark.name.as_str())).collect();
    assert_eq!(
        told,
        [(destination_id(1), "Twitch"), (destination_id(2), "YouTube"), (destination_id(1), "My Twitch")]
    );
}

#[tokio::test]
async fn marks_belong_to_their_stream() {
    let (storage, stream_id) = with_a_stream().await;
    let other = start(&storage, 2).await;
    for stream_id in [&stream_id, &other] {
        let change = destination_change(1, State::Starting);
        storage.record_destination(stream_id, &destination_id(1), "Twitch", &change).await.unwrap();
    }
    assert!(storage.delete_stream(&stream_id).await.unwrap());
    assert_eq!(storage.destination_marks(&stream_id).await.unwrap(), []);
    assert_eq!(storage.destination_marks(&other).await.unwrap().len(), 1);
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM destination_marks").fetch_one(&storage.pool).await.unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn destinations_come_to_rest_after_the_stream_ended() {
    let (storage, stream_id) = with_a_stream().await;
    storage.record(&stream_id, &change(2_000, STOPPED)).await.unwrap();
    let rest = destination_change(2_001, State::Idle);
    storage.record_destination(&stream_id, &destination_id(1), "Twitch", &rest).await.unwrap();
    assert_eq!(storage.destination_marks(&stream_id).await.unwrap().len(), 1);
    assert_eq!(storage.stream(&stream_id).await.unwrap().unwrap().state, STOPPED);
}

#[tokio::test]
async fn an_unknown_stream_takes_nothing() {
    let (storage, _) = with_a_stream().await;
    let rest = destination_change(1, State::Idle);
    let refused = storage.record_destination(&id(9), &destination_id(1), "Twitch", &rest).await;
    assert!(matches!(refused, Err(StorageError::NoStream { .. })), "{refused:?}");
    assert_eq!(storage.destination_marks(&id(9)).await.unwrap(), []);
    start(&storage, 3).await;
}

#[tokio::test]
async fn a_destination_that_never_answers_fills_no_disk() {
    let (storage, stream_id) = with_a_stream().await;
    let good = destination_change(0, State::Broadcasting);
    storage.record_destination(&stream_id, &destination_id(2), "YouTube", &good).await.unwrap();
    let more = KEPT_MARKS as u64 + 20;
    for after_ms in 0..more {
        let change = destination_change(after_ms, RETRYING);
        storage.record_destination(&stream_id, &destination_id(1), "Twitch", &change).await.unwrap();
    }
    let marks = storage.destination_marks(&stream_id).await.unwrap();
    assert_eq!(marks[0].id, destination_id(2), "another one's marks stay");
    assert_eq!(marks.len() as i64, KEPT_MARKS + 1);
    assert_eq!(marks[1].at_ms, T0 + 20);
    assert_eq!(marks.last().unwrap().at_ms, T0 + more - 1);
}

#[tokio::test]
async fn a_state_without_what_belongs_to_it_is_not_written() {
    let (storage, _) = with_a_stream().await;
    for sql in [
        "INSERT INTO destination_marks (stream, destination_id, name, at_ms, state, tone, text)
         VALUES (1, 'x', 'x', 0, 'errored', 'info', '')",
        "INSERT INTO destination_marks (stream, destination_id, name, at_ms, state, failed, tone, text)
         VALUES (1, 'x', 'x', 0, 'idle', 1, 'info', '')",
    ] {
        assert!(sqlx::query(sql).execute(&storage.pool).await.is_err(), "{sql}");
    }
}
