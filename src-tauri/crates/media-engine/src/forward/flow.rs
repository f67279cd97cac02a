//! How media flows to a far side: what left, what arrived, how fast. Looked at from time to time.

use std::time::Duration;

use media_formats::rtmp::ClientConnection;

use super::ForwardEvent;
use super::link::Link;
use super::proof::{Facts, Proof};
use super::stats::{Meter, Shared};
use super::tcp_info;

/// Numbers are looked at this often.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Flow {
    proof: Proof,
    meter: Meter,
    /// What the system counted as acknowledged when the stream was accepted.
    tcp_base_bytes: Option<u64>,
    rtmp_base_bytes: u64,
    send_buffer_bytes: u64,
}

/// What the sender knows at the moment of a look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    /// Bytes the socket took since the stream was accepted.
    pub(super) bytes: u64,
    /// Something waits to be sent.
    pub(super) waiting: bool,
    /// Timestamp of the newest media, from the first on.
    pub(super) media_ms: i64,
    /// Since the stream was accepted.
    pub(super) since_accepted: Duration,
}

impl Flow {
    /// The stream was accepted just now.
    pub(super) fn new(link: &Link, connection: &ClientConnection, stall_after: Duration) -> Self {
        let send_buffer = socket2::SockRef::from(link.socket()).send_buffer_size();
        Self {
            proof: Proof::new(stall_after, Duration::ZERO),
            meter: Meter::default(),
            tcp_base_bytes: tcp_info::glance(link.socket()).map(|facts| facts.acked_bytes),
            rtmp_base_bytes: connection.acknowledged_bytes(),
            send_buffer_bytes: send_buffer.unwrap_or(0) as u64,
        }
    }

    /// Looks, and writes the numbers down. What is to be told, if whether the far side drains has changed.
    pub(super) fn look(
        &mut self,
        link: &Link,
        connection: &ClientConnection,
        sent: Sent,
        shared: &Shared,
    ) -> Option<ForwardEvent> {
        let facts = tcp_info::glance(link.socket());
        let by_rtmp = connection.acknowledged_bytes().saturating_sub(self.rtmp_base_bytes);
        let by_system = match (facts, self.tcp_base_bytes) {
            (Some(facts), Some(base)) => facts.acked_bytes.saturating_sub(base),
            // What the socket took beyond what it can hold must have left it.
            _ => sent.bytes.saturating_sub(self.send_buffer_bytes),
        };
        let acked_bytes = by_rtmp.max(by_system);
        let outstanding = sent.waiting || facts.is_some_and(|facts| facts.outstanding);
        let (sent_bytes, media_ms) = (sent.bytes, sent.media_ms);
        let facts_now = Facts { acked_bytes, sent_bytes, outstanding, media_ms };
        let found = self.proof.look(facts_now, sent.since_accepted);
        let bitrate_bps = self.meter.look(sent_bytes, sent.since_accepted);
        shared.flow(sent_bytes, acked_bytes, bitrate_bps, facts.and_then(|facts| facts.rtt_ms));
        found.map(|draining| {
            shared.draining(draining);
            if draining { ForwardEvent::Draining } else { ForwardEvent::NotDraining }
        })
    }
}
