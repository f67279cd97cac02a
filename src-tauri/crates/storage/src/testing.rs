//! What the tests of this crate share.

use session::destination;
use session::record::{AppRow, DestinationRow, NewStream, StreamAppRow};
use session::{
    CameraLink, Delivery, DestinationId, EndReason, KeyDigest, Options, PackageName, Permission, PlaybackId,
    Quality, State, StateChange, StopBy, StreamId, Words, words,
};

use crate::Storage;

/// When every test's first stream starts.
pub(crate) const T0: u64 = 1_700_000_000_000;

pub(crate) const STOPPED: State = State::Ended(EndReason::Stopped(StopBy::User));

pub(crate) fn id(number: u8) -> StreamId {
    StreamId::from_random([number; 16])
}

pub(crate) fn change(after_ms: u64, state: State) -> StateChange {
    StateChange {
        at_ms: T0 + after_ms,
        state,
        words: words::entering(state, CameraLink::Manual, Delivery::Managed),
    }
}

/// The stream of this number, started that many seconds after [`T0`].
pub(crate) fn a_stream(number: u8) -> NewStream {
    NewStream {
        stream_id: id(number),
        playback_id: PlaybackId::from_random([number ^ 0xff; 16]),
        link: if number.is_multiple_of(2) { CameraLink::Demo } else { CameraLink::Manual },
        delivery: Delivery::Managed,
        target: None,
        options: Options { quality: Quality::P1080, enable_webrtc: true },
        starter: None,
        duration_limit_ms: None,
        started_at_ms: T0 + u64::from(number) * 1000,
    }
}

/// Starts the stream of this number.
pub(crate) async fn start(storage: &Storage, number: u8) -> StreamId {
    let stream = a_stream(number);
    let first = change(u64::from(number) * 1000, State::AwaitingCamera);
    storage.start_stream(&stream, &first).await.expect("the stream is new");
    stream.stream_id
}

/// Storage with the stream of number 1 started.
pub(crate) async fn with_a_stream() -> (Storage, StreamId) {
    let storage = Storage::in_memory().await.expect("memory is there");
    let stream_id = start(&storage, 1).await;
    (storage, stream_id)
}

pub(crate) fn destination_id(number: u8) -> DestinationId {
    DestinationId::from_random([number; 16])
}

/// The destination of this number; every other one has an own hold limit.
pub(crate) fn a_destination(number: u8) -> DestinationRow {
    DestinationRow {
        id: destination_id(number),
        name: format!("Destination {number}"),
        preset: "twitch".to_owned(),
        url: "rtmps://ingest.example:443/app".to_owned(),
        enabled: number.is_multiple_of(3),
        has_key: true,
        hold_limit_s: number.is_multiple_of(2).then_some(300),
        bandwidth_test: number.is_multiple_of(5),
        added_by: number.is_multiple_of(7).then(|| package(number)),
    }
}

pub(crate) fn package(number: u8) -> PackageName {
    PackageName::parse(&format!("com.example.app{number}")).expect("it is a package name")
}

/// The app of this number; every other one has a key on file.
pub(crate) fn an_app(number: u8) -> AppRow {
    AppRow {
        package: package(number),
        name: format!("App {number}"),
        url: format!("http://127.0.0.1:70{number:02}"),
        key: number.is_multiple_of(2).then_some(KeyDigest([number; 32])),
        permissions: [Permission::Camera, Permission::Location].into_iter().collect(),
        lan_allowed: number.is_multiple_of(3),
        wanted: number.is_multiple_of(4),
    }
}

/// The app of this number came then, joined and is still there.
pub(crate) fn a_stay(number: u8, after_ms: u64) -> StreamAppRow {
    StreamAppRow {
        package: package(number),
        name: format!("App {number}"),
        started: false,
        joined_at_ms: T0 + after_ms,
        left_at_ms: None,
    }
}

pub(crate) fn destination_change(after_ms: u64, state: destination::State) -> destination::Change {
    destination::Change { at_ms: T0 + after_ms, state, words: Words::warning("It is so.").then("Do this.") }
}
