//! The use cases of Stream Console, one method each, behind one handle: the only door for shells.
//!
//! [`Console::start`] brings up one supervisor task that owns the streaming session. Whatever happens (a click, an
//! encoder connecting, a deadline) is a message to it; what the session wants done is carried out through the
//! ports in [`ports`]; what a screen must know leaves as [`api::Event`]s with growing `seq`.
//!
//! This crate must not know sockets, SQL, Tauri, or any other adapter's name.
#![deny(missing_docs)]

pub mod api;
mod apps;
mod cloud;
mod console;
mod contract;
mod fanout;
mod glasses;
pub mod ports;
mod presets;
mod publish;
mod screen;
mod supervisor;
mod view;

pub use api::{ApiError, Code, Event, Snapshot};
pub use console::{Console, Parts};
pub use contract::typescript;
