//! The wiring: the only room that sees every other one, and holds no rules.
//!
//! [`Runtime::start`] brings everything up in one visible order; [`Runtime::shutdown`] is its reverse. The adapters
//! translate between rooms: `local` is `Managed on this computer` over the embedded engine, `history` is history over
//! SQLite.
#![deny(missing_docs)]

mod config;
mod history;
mod key_file;
mod local;
mod logging;
mod pages;
mod runtime;

pub use config::Config;
pub use pages::page;
pub use runtime::{Runtime, StartError};
