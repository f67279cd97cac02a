//! The sockets of MentraOS: a hub that apps and glasses connect to.
//!
//! [`Hub`] serves apps written with `@mentra/sdk` (2.1 and v3) and glasses, calls the apps' webhooks, and keeps the last
//! messages of each for developers. It knows connections, not streams: who may stay and what a message means is for its
//! owner, who hears of it by [`HubEvent`] and answers by the methods of [`Hub`].
//!
//! ```text
//! connection -> server (bounded) -> router -+-> app socket --\
//!                                           +-> device socket +-> HubEvent -> owner -> Hub::send_*, Hub::stop_app, ...
//!                                           +-> REST --------/
//! Hub::session_request -> webhook -> app -> app socket
//! ```
//!
//! [`CloudApp`] is the other way round: this program as an app of the real cloud.
//!
//! It must not know sessions, streams, storage or the console.
#![deny(missing_docs)]

mod accept;
mod app_socket;
mod apps;
mod cloud;
mod device_socket;
mod error;
mod event;
mod frames;
mod glasses;
mod hub;
mod keep_alive;
mod line;
mod listen;
mod origin;
mod rate;
mod rest;
mod server;
mod shared;
#[cfg(test)]
mod testing;
mod timing;
mod token;
mod webhook;
mod words;

pub use cloud::{
    CloudApp, CloudConfig, CloudEnd, CloudEvent, CloudSession, CloudTiming, CloudTls, Fetched, ReachFailure,
    ReachStep, Reachability, RelayConfig, RelayState,
};
pub use error::{CloudError, HubError, WebhookFailure};
pub use event::{
    AppHello, AppRefusal, AppWelcome, GlassesSocket, HubEvent, Output, OutputsError, OutputsRequest,
};
pub use frames::{Frame, FrameDirection};
pub use glasses::{GlassesClient, GlassesEvent, GlassesTiming};
pub use hub::{AppDrop, Hub, HubConfig};
pub use timing::Timing;
pub use token::Token;
