//! The embedded media engine: encoders publish to it by RTMP, players fetch HLS, LL-HLS and DASH from it by HTTP.
//!
//! It knows streams and publishers, not sessions, users or MentraOS. The owner opens streams, decides through
//! a [`Door`] who may publish to which, and watches their state.
//!
//! ```text
//! RTMP listener -> connection -> FLV messages -\
//! demo camera -----------------> FLV messages --+-> repair -> bus (readers)
//!                                               |\-> forward (RTMP push, one task per destination)
//!                                               \-> packager -> store -> HTTP
//! ```
#![deny(missing_docs)]

mod bus;
mod clip;
mod clock;
mod dash;
mod demo;
mod descriptors;
mod door;
mod engine;
mod forward;
mod freeze;
mod hls;
mod hold;
mod http;
mod ingest;
mod lane;
mod live;
mod packager;
mod registry;
mod repair;
mod rtmp;
mod sound;
mod stats;
mod store;
mod stream;
#[cfg(test)]
mod testing;
mod texts;
mod thumbnail;
mod viewers;
mod webrtc;

pub use bus::{BusEpoch, BusItem, Reader};
pub use clip::{Clip, ClipError};
pub use clock::Clock;
pub use demo::DemoCamera;
pub use door::{Admission, Attempt, Door};
pub use engine::{Engine, EngineConfig, EngineError, Listening, PageFile, PageSource};
pub use forward::{
    CheckPart, CheckSample, CheckScores, ClipPublisher, ClipStats, ClipTimestamps, Forward, ForwardError,
    ForwardEvent, ForwardEvents, ForwardOptions, ForwardStats, ForwardTls, run_check, try_target,
};
pub use ingest::Refusal;
pub use media_formats::rtmp::{PublishTarget, TargetError, split_key};
pub use packager::PlaylistFacts;
pub use stats::Signal;
pub use stream::{Publisher, PublisherInfo, Stream, StreamConfig, StreamStatus};
pub use webrtc::{CandidateSource, WebRtcState, WebRtcStats};
