//! What a streaming session is and when it changes: the domain of the console, without a clock, a socket or a row.
//!
//! [`Session`] is one attempt to stream. Whoever runs it feeds it what happened and when, carries out the effects it
//! returns in their order, and sends [`Input::Tick`] at [`Session::next_deadline_ms`]:
//!
//! ```
//! use session::{CameraLink, Delivery, Effect, Input, Options, Session, Start, Starter, State, StreamId};
//!
//! let mut session = Session::new();
//! let start = Start {
//!     stream_id: StreamId::from_random([7; 16]),
//!     link: CameraLink::Manual,
//!     delivery: Delivery::Managed,
//!     options: Options::default(),
//!     starter: Starter::User,
//!     duration_limit_ms: None,
//!     grace_ms: session::DEFAULT_GRACE_MS,
//! };
//! let now_ms = 1_700_000_000_000;
//! for effect in session.handle(now_ms, Input::Start(start)) {
//!     match effect {
//!         Effect::Record(change) => println!("{} {}", change.at_ms, change.words.text),
//!         Effect::Provision { resumed } => println!("open the stream (resumed: {resumed})"),
//!         other => println!("{other:?}"),
//!     }
//! }
//! assert_eq!(session.state(), State::AwaitingCamera);
//! assert_eq!(session.next_deadline_ms(), None, "an encoder is waited for without limit");
//! ```
//!
//! The rules of who may start what while what runs are in [`policy`], the sentences a person reads in [`words`].
//! [`holders`] says who keeps the stream, so that it ends with the last of them; [`app`] is the machine of one app that
//! is asked to connect.
//! [`destination`] is the same for one place the running stream is pushed to; [`presets`] are the places creators use,
//! and [`preflight`] tells beforehand what such a place will make of a stream.
//!
//! This crate must not know: the names a protocol gives to states, where media flows, how rows are written.
#![deny(missing_docs)]

mod api_key;
pub mod app;
mod attempt;
pub mod destination;
mod destination_key;
pub mod holders;
mod ids;
mod input;
mod options;
mod permission;
pub mod policy;
pub mod preflight;
pub mod presets;
mod reason;
pub mod record;
mod session;
mod state;
pub mod words;

pub use api_key::{ApiKey, InvalidApiKey, KeyDigest};
pub use destination_key::{DestinationKey, InvalidDestinationKey};
pub use ids::{
    DestinationId, InvalidId, InvalidKey, InvalidPackageName, PackageName, PlaybackId, StreamId, StreamKey,
};
pub use input::{Effect, Input, Resume, Start, StateChange};
pub use options::{CameraLink, Delivery, Options, Quality, Starter};
pub use permission::{Permission, Permissions};
pub use reason::{EndReason, StopBy};
pub use session::{
    APP_START_MS, CAMERA_ANSWER_MS, CLOUD_PATIENCE_MS, DEFAULT_GRACE_MS, MAX_GRACE_MS, PLAYABLE_MS,
    STOPPING_MS, Session,
};
pub use state::State;
pub use words::{Tone, Words};
