use session::record::Sample;
use session::{EndReason, State, Words};

use super::*;
use crate::Storage;
use crate::testing::{STOPPED, T0, a_stream, change, id, package, start, with_a_stream};

#[tokio::test]
async fn a_stream_starts_with_its_first_mark() {
    let (storage, stream_id) = with_a_stream().await;
    let stream = a_stream(1);
    let first = change(1000, State::AwaitingCamera);
    let row = storage.stream(&stream_id).await.unwrap().unwrap();
    assert_eq!(
        row,
        StreamRow {
            stream_id: stream.stream_id,
            playback_id: stream.playback_id,
            link: CameraLink::Manual,
            delivery: Delivery::Managed,
            target: None,
            options: stream.options,
            starter: None,
            held: true,
            duration_limit_ms: None,
            started_at_ms: T0 + 1000,
            live_since_ms: None,
            ended_at_ms: None,
            state: State::AwaitingCamera,
            words: first.words.clone(),
            interruptions: 0,
            peak_viewers: 0,
            mean_bitrate_bps: 0,
        }
    );
    assert_eq!(storage.marks(&stream_id).await.unwrap(), [first]);
    assert_eq!(storage.stream(&id(9)).await.unwrap(), None);
    assert_eq!(storage.marks(&id(9)).await.unwrap(), []);
}

#[tokio::test]
async fn where_it_goes_and_who_started_it_are_read_back() {
    let storage = Storage::in_memory().await.unwrap();
    let streams = [
        NewStream {
            link: CameraLink::Hub,
            delivery: Delivery::Unmanaged,
            target: Some("rtmp://live.example/app/***".into()),
            starter: Some(package(1)),
            duration_limit_ms: Some(0),
            ..a_stream(1)
        },
        NewStream { starter: Some(package(2)), duration_limit_ms: Some(3_600_000), ..a_stream(2) },
    ];
    for stream in &streams {
        storage.start_stream(stream, &change(0, State::AwaitingCamera)).await.unwrap();
    }
    storage.record(&id(1), &change(1_000, STOPPED)).await.unwrap();
    let mut read = Vec::new();
    for row in storage.list_streams(None, 50).await.unwrap().into_iter().rev() {
        read.push(NewStream {
            stream_id: row.stream_id,
            playback_id: row.playback_id,
            link: row.link,
            delivery: row.delivery,
            target: row.target,
            options: row.options,
            starter: row.starter,
            duration_limit_ms: row.duration_limit_ms,
            started_at_ms: row.started_at_ms,
        });
    }
    assert_eq!(read, streams);
}

#[tokio::test]
async fn what_an_app_started_is_held_when_the_user_says_so() {
    let storage = Storage::in_memory().await.unwrap();
    let stream = NewStream { starter: Some(package(1)), ..a_stream(1) };
    storage.start_stream(&stream, &change(0, State::AwaitingCamera)).await.unwrap();
    for held in [true, false] {
        assert_eq!(storage.stream(&id(1)).await.unwrap().map(|row| row.held), Some(!held));
        storage.hold_stream(&id(1), held).await.unwrap();
    }
    storage.hold_stream(&id(9), true).await.unwrap();
    assert_eq!(storage.open_streams().await.unwrap().len(), 1);
}

#[tokio::test]
async fn webrtc_that_was_asked_for_later_is_kept() {
    let storage = Storage::in_memory().await.unwrap();
    let without = Options { enable_webrtc: false, ..Options::default() };
    for number in [1, 2] {
        let stream = NewStream { options: without, ..a_stream(number) };
        storage.start_stream(&stream, &change(0, State::AwaitingCamera)).await.unwrap();
    }
    storage.enable_webrtc(&id(1)).await.unwrap();
    storage.enable_webrtc(&id(9)).await.unwrap();
    let asked = |row: Option<StreamRow>| row.map(|row| row.options.enable_webrtc);
    assert_eq!(asked(storage.stream(&id(1)).await.unwrap()), Some(true));
    assert_eq!(asked(storage.stream(&id(2)).await.unwrap()), Some(false));
}

#[tokio::test]
async fn a_stream_is_started_once_or_not_at_all() {
    let (storage, stream_id) = with_a_stream().await;
    let again = storage.start_stream(&a_stream(1), &change(5000, State::AwaitingCamera)).await;
    assert!(matches!(again, Err(StorageError::Database(_))), "{again:?}");
    assert_eq!(storage.marks(&stream_id).await.unwrap().len(), 1);
    // The failed transaction does not hold the one connection.
    start(&storage, 2).await;
}

#[tokio::test]
async fn the_row_follows_the_marks() {
    let (storage, stream_id) = with_a_stream().await;
    let story = [
        change(2_000, State::AwaitingMedia),
        change(3_000, State::Live),
        change(9_000, State::Interrupted),
        StateChange { words: Words::warning("HEVC.").then("H.264."), ..change(10_000, State::Interrupted) },
        change(11_000, State::Live),
        change(20_000, State::Interrupted),
        change(80_000, State::Ended(EndReason::Lost)),
    ];
    for change in &story {
        storage.record(&stream_id, change).await.unwrap();
        let row = storage.stream(&stream_id).await.unwrap().unwrap();
        assert_eq!((row.state, &row.words), (change.state, &change.words));
    }
    let marks = storage.marks(&stream_id).await.unwrap();
    assert_eq!(marks[1..], story);
    let row = storage.stream(&stream_id).await.unwrap().unwrap();
    assert_eq!(row.live_since_ms, Some(T0 + 3_000), "the first time counts");
    assert_eq!(row.ended_at_ms, Some(T0 + 80_000));
    assert_eq!(row.interruptions, 2, "new words are no new interruption");
}

#[tokio::test]
async fn marks_stay_in_the_order_recorded_whatever_the_clock_says() {
    let (storage, stream_id) = with_a_stream().await;
    storage.record(&stream_id, &change(9_000, State::AwaitingMedia)).await.unwrap();
    storage.record(&stream_id, &change(3_000, State::Live)).await.unwrap();
    let states: Vec<State> = storage.marks(&stream_id).await.unwrap().iter().map(|mark| mark.state).collect();
    assert_eq!(states, [State::AwaitingCamera, State::AwaitingMedia, State::Live]);
}

#[tokio::test]
async fn an_ended_stream_takes_no_more() {
    let (storage, stream_id) = with_a_stream().await;
    storage.record(&stream_id, &change(2_000, STOPPED)).await.unwrap();
    let sample = Sample { at_ms: T0 + 3_000, bitrate_bps: 1, fps: 1.0, viewers: 1 };
    for refused in [
        storage.record(&stream_id, &change(3_000, State::Live)).await,
        storage.append_sample(&stream_id, &sample).await,
        storage.set_resume_facts(&stream_id, &1).await,
        storage.record(&id(9), &change(3_000, State::Live)).await,
        storage.append_sample(&id(9), &sample).await,
        storage.set_resume_facts(&id(9), &1).await,
        storage.thin(&id(9)).await,
    ] {
        assert!(matches!(refused, Err(StorageError::NoStream { .. })), "{refused:?}");
    }
    assert_eq!(storage.marks(&stream_id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn every_state_and_reason_is_read_back() {
    let storage = Storage::in_memory().await.unwrap();
    for (number, reason) in (1..).zip(EndReason::ALL) {
        let stream_id = start(&storage, number).await;
        storage.record(&stream_id, &change(1, State::Ended(reason))).await.unwrap();
        let row = storage.stream(&stream_id).await.unwrap().unwrap();
        assert_eq!(row.state, State::Ended(reason));
    }
    assert_eq!(storage.list_streams(None, 50).await.unwrap().len(), EndReason::ALL.len());
}

#[tokio::test]
async fn the_list_is_newest_first_and_paged_by_time() {
    let storage = Storage::in_memory().await.unwrap();
    for number in [3, 1, 5, 4, 2] {
        start(&storage, number).await;
    }
    let ids = |rows: Vec<StreamRow>| rows.into_iter().map(|row| row.stream_id).collect::<Vec<_>>();
    let all = ids(storage.list_streams(None, 50).await.unwrap());
    assert_eq!(all, [id(5), id(4), id(3), id(2), id(1)]);
    let page = storage.list_streams(None, 2).await.unwrap();
    let before_ms = page.last().unwrap().started_at_ms;
    assert_eq!(ids(storage.list_streams(Some(before_ms), 2).await.unwrap()), [id(3), id(2)]);
    assert_eq!(ids(storage.list_streams(Some(T0), 50).await.unwrap()), []);
    assert_eq!(ids(storage.list_streams(None, 0).await.unwrap()), []);
}

#[tokio::test]
async fn open_streams_are_those_without_an_end() {
    let storage = Storage::in_memory().await.unwrap();
    for number in 1..=4 {
        start(&storage, number).await;
    }
    storage.record(&id(2), &change(0, STOPPED)).await.unwrap();
    storage.record(&id(3), &change(0, State::Stopping)).await.unwrap();
    let open: Vec<StreamId> =
        storage.open_streams().await.unwrap().into_iter().map(|row| row.stream_id).collect();
    assert_eq!(open, [id(4), id(3), id(1)]);
}

#[tokio::test]
async fn deleting_takes_everything_of_that_stream_and_nothing_else() {
    let storage = Storage::in_memory().await.unwrap();
    for number in [1, 2] {
        let stream_id = start(&storage, number).await;
        let sample = Sample { at_ms: T0, bitrate_bps: 1, fps: 1.0, viewers: 1 };
        storage.append_sample(&stream_id, &sample).await.unwrap();
    }
    assert!(storage.delete_stream(&id(1)).await.unwrap());
    assert!(!storage.delete_stream(&id(1)).await.unwrap());
    assert_eq!(storage.stream(&id(1)).await.unwrap(), None);
    for table in ["SELECT count(*) FROM marks", "SELECT count(*) FROM samples"] {
        let left: i64 = sqlx::query_scalar(table).fetch_one(&storage.pool).await.unwrap();
        assert_eq!(left, 1, "{table}");
    }
    assert_eq!(storage.marks(&id(2)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn one_damaged_row_does_not_hide_the_others() {
    let storage = Storage::in_memory().await.unwrap();
    start(&storage, 1).await;
    start(&storage, 2).await;
    sqlx::query("UPDATE streams SET camera_link = 'telepathy' WHERE stream_id = ?")
        .bind(id(1).as_str())
        .execute(&storage.pool)
        .await
        .unwrap();
    sqlx::query("INSERT INTO marks (stream, at_ms, state, tone, text) VALUES (2, 0, 'dreaming', 'info', '')")
        .execute(&storage.pool)
        .await
        .unwrap();
    let error = storage.stream(&id(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "An entry of the history cannot be read: camera_link is \"telepathy\".");
    assert_eq!(storage.marks(&id(2)).await.unwrap().len(), 1);
    let listed = storage.list_streams(None, 50).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].stream_id, id(2));
}

#[tokio::test]
async fn resume_facts_are_kept_as_given() {
    let (storage, stream_id) = with_a_stream().await;
    assert_eq!(storage.resume_facts::<(u32, String)>(&stream_id).await.unwrap(), None);
    storage.set_resume_facts(&stream_id, &(1, "first")).await.unwrap();
    storage.set_resume_facts(&stream_id, &(2, "second")).await.unwrap();
    assert_eq!(storage.resume_facts(&stream_id).await.unwrap(), Some((2, "second".to_owned())));
    assert_eq!(storage.resume_facts::<Vec<String>>(&stream_id).await.unwrap(), None, "of another version");
    assert_eq!(storage.resume_facts::<u32>(&id(9)).await.unwrap(), None);
}

#[tokio::test]
async fn reserved_numbers_are_never_handed_out_twice() {
    let (storage, stream_id) = with_a_stream().await;
    let other = start(&storage, 2).await;
    let mut tasks = Vec::new();
    for count in [1, 7, 32, 4, 100, 1, 1, 13].repeat(8) {
        let (storage, stream_id) = (storage.clone(), stream_id.clone());
        tasks.push(tokio::spawn(async move { (storage.reserve(&stream_id, count).await.unwrap(), count) }));
    }
    let mut blocks = Vec::new();
    for task in tasks {
        blocks.push(task.await.unwrap());
    }
    blocks.sort_unstable();
    let mut next = 0;
    for (first, count) in blocks {
        assert_eq!(first, next, "blocks neither overlap nor leave a hole");
        next = first + u64::from(count);
    }
    assert_eq!(storage.reserve(&other, 5).await.unwrap(), 0, "each stream counts for itself");
    assert!(matches!(storage.reserve(&id(9), 1).await, Err(StorageError::NoStream { .. })));
}
