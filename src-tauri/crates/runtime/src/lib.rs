//! The wiring: the only room that sees every other one, and holds no rules.
//!
//! [`Runtime::start`] brings everything up in one visible order; [`Runtime::shutdown`] is its reverse. The adapters
//! translate between rooms: `local` is `Managed on this computer` over the embedded engine, `outputs` pushes with it to
//! destinations whose keys are in `keys`, `cloud` is the user's app at MentraOS, `history` is history over SQLite.
#![deny(missing_docs)]

mod cloud;
mod config;
mod history;
mod hub;
mod key_file;
mod keys;
mod local;
mod logging;
mod outputs;
mod pages;
mod runtime;
mod virtual_glasses;
mod wire_map;

pub use config::Config;
pub use mentra_link::Token;
pub use pages::page;
pub use runtime::{Runtime, StartError};
pub use virtual_glasses::{GlassesNews, VirtualGlasses, VirtualGlassesError, VirtualSwitches};
