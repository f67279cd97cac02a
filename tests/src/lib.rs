//! What integration tests hold in their hands: a console in a process of its own, a screen that follows its events,
//! encoders, players and scripted peers. Everything goes through doors any user has: the command line, sockets, HTTP.
//!
//! Nothing here sleeps: every wait is for an event, an answer or an exit, and has a deadline that says in words what
//! was awaited.
#![deny(missing_docs)]

mod console;
mod life;
mod peer;
mod player;
mod playlist;
mod publisher;
mod screen;
mod wait;

pub use console::{Answer, Console, Failed};
pub use life::Life;
pub use peer::{Peer, Told, hevc_enhanced_header, hevc_legacy_header};
pub use player::{Packet, Played, Player};
pub use playlist::{Playlist, Segment};
pub use publisher::{Profile, Publisher};
pub use screen::Screen;
pub use wait::{PATIENCE, within};
