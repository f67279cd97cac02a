//! What the tests of this crate share.

use session::record::NewStream;
use session::{
    CameraLink, EndReason, Options, PlaybackId, Quality, State, StateChange, StopBy, StreamId, words,
};

use crate::Storage;

/// When every test's first stream starts.
pub(crate) const T0: u64 = 1_700_000_000_000;

pub(crate) const STOPPED: State = State::Ended(EndReason::Stopped(StopBy::User));

pub(crate) fn id(number: u8) -> StreamId {
    StreamId::from_random([number; 16])
}

pub(crate) fn change(after_ms: u64, state: State) -> StateChange {
    StateChange { at_ms: T0 + after_ms, state, words: words::entering(state, CameraLink::Manual) }
}

/// The stream of this number, started that many seconds after [`T0`].
pub(crate) fn a_stream(number: u8) -> NewStream {
    NewStream {
        stream_id: id(number),
        playback_id: PlaybackId::from_random([number ^ 0xff; 16]),
        link: if number.is_multiple_of(2) { CameraLink::Demo } else { CameraLink::Manual },
        options: Options { quality: Quality::P1080, enable_webrtc: true },
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
