//! What integration tests hold in their hands: a console in a process of its own, a screen that follows its events,
//! encoders, players, platforms that record, apps on the MentraOS SDK, and scripted peers. Everything goes through doors any user has: the command line, sockets, HTTP.
//!
//! Nothing here sleeps: every wait is for an event, an answer or an exit, and has a deadline that says in words what
//! was awaited.
#![deny(missing_docs)]

mod app_socket;
mod certificates;
pub mod cloud;
mod console;
mod far_side;
mod glasses;
mod hook;
mod life;
mod mentra_app;
mod peer;
mod player;
mod playlist;
mod program;
mod publisher;
mod receiver;
mod recording;
mod screen;
mod tunnel;
mod wait;
mod webhooks;
pub mod webrtc;

pub use app_socket::AppSocket;
pub use certificates::{Certificates, Flaw};
pub use console::{Answer, Console, Failed};
pub use far_side::{FarSide, Manner, Noted};
pub use glasses::Glasses;
pub use hook::{Call, Hook};
pub use life::Life;
pub use mentra_app::{Asked, MentraApp, key_of};
pub use peer::{Peer, Told, hevc_enhanced_header, hevc_legacy_header};
pub use player::{Packet, Played, Player};
pub use playlist::{Playlist, Segment};
pub use publisher::{Profile, Publisher};
pub use receiver::Receiver;
pub use recording::{RecordedPacket, Recording, times_ms, widest_gap_ms};
pub use screen::Screen;
pub use tunnel::Tunnel;
pub use wait::{PATIENCE, within};
pub use webhooks::Webhooks;
