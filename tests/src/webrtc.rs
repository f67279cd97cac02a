//! WebRTC from outside: viewers (WHEP) and publishers (WHIP) made of str0m over real sockets, and strangers at the
//! same port.
//!
//! Each peer is one task that owns its socket. What it saw so far can be read and awaited at any time.

mod clip;
mod exchange;
mod link;
mod media;
mod offer;
mod publisher;
mod reception;
mod road;
mod rtp;
mod stranger;
mod swarm;
mod viewer;
mod weather;

#[cfg(test)]
mod tests;

pub use clip::{Clip, Picture};
pub use exchange::{Refused, Session};
pub use media::{Sight, Sound};
pub use offer::{Wanted, candidates, offer};
pub use publisher::{Given, Publisher};
pub use reception::{Report, Seen, Track, Unit};
pub use road::{Candidate, Way};
pub use stranger::{Stranger, binding_request, ice_user};
pub use swarm::Swarm;
pub use viewer::{Joining, Keep, Viewer};
pub use weather::Weather;
