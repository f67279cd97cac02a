//! One peer: its connection, and what it is there for.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use str0m::media::KeyframeRequestKind;
use str0m::net::{Protocol, Transmit};
use str0m::{Event, IceConnectionState, Input, Output, Rtc};

use super::ingest::Ingest;
use super::viewer::Viewer;
use crate::stream::{Publisher, PublisherInfo, Stream};

/// Times a peer is driven before others have their turn: more packets than its pace lets go at once.
const MAX_ROUNDS: usize = 256;

/// What is due within this time is done now.
const AT_ONCE: Duration = Duration::from_micros(200);

/// Unguessable name of a session's resource. Whoever knows it may end the session.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SessionId(String);

impl SessionId {
    /// A new one; none if the system gives no random bytes.
    pub(crate) fn new() -> Option<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        Some(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Enough to tell sessions apart in a log, too little to end one.
        write!(f, "SessionId({}..)", self.0.get(..6).unwrap_or_default())
    }
}

/// What a peer is there for.
pub(super) enum Role {
    /// It plays a stream.
    Viewer(Box<Viewer>),
    /// It feeds one.
    Publisher {
        stream: Stream,
        info: PublisherInfo,
        /// The right to feed, taken once the connection stands: an offer alone must not replace who publishes now.
        publisher: Option<Publisher>,
        ingest: Box<Ingest>,
    },
}

/// What a peer reports when it was driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happened {
    /// The encrypted connection stands.
    Connected,
    /// Pictures are asked for from a keyframe on (RFC 4585 s6.3.1, RFC 5104 s4.3.1).
    KeyframeWanted,
    /// It is gone, or beyond repair.
    Gone,
}

/// Figures of a viewer's connection, as it reports them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Figures {
    pub(super) estimate_bps: Option<u64>,
    pub(super) loss: Option<f32>,
    pub(super) round_trip_ms: Option<u32>,
}

/// See the module's documentation.
pub(super) struct Peer {
    pub(super) session: SessionId,
    /// Playback id of the stream it plays, or [`PUBLISHERS`](super::PUBLISHERS).
    pub(super) owner: String,
    /// Where its offer came from.
    pub(super) from: IpAddr,
    pub(super) rtc: Rtc,
    pub(super) ufrag: String,
    /// The name the other side gave itself in its offer.
    pub(super) their_ufrag: String,
    pub(super) role: Role,
    pub(super) connected: bool,
    /// It counts as somebody who watches.
    pub(super) counted: bool,
    /// Addresses it was heard from, the newest last.
    pub(super) heard_from: Vec<(Protocol, SocketAddr)>,
    /// How many there ever were.
    pub(super) addresses_ever: u32,
    /// When it was heard from last.
    pub(super) heard_at: Instant,
    pub(super) since: Instant,
    /// When it wants to be driven next.
    pub(super) due: Instant,
    pub(super) figures: Figures,
}

impl Peer {
    /// The viewer, if it is a connected one.
    pub(super) fn viewer(&mut self) -> Option<(&mut Viewer, &mut Rtc)> {
        match &mut self.role {
            Role::Viewer(viewer) if self.connected => Some((viewer, &mut self.rtc)),
            _ => None,
        }
    }

    /// Something of it came from there.
    pub(super) fn heard(&mut self, proto: Protocol, source: SocketAddr, now: Instant) {
        self.heard_at = now;
        let from = (proto, source);
        if self.heard_from.last() != Some(&from) {
            self.heard_from.retain(|known| *known != from);
            self.heard_from.push(from);
        }
    }

    pub(super) fn takes_sound(&self) -> bool {
        self.connected && matches!(&self.role, Role::Viewer(viewer) if viewer.takes_sound())
    }

    /// Somebody else publishes now, or it has nothing to say any more.
    pub(super) fn is_over(&self, now: Instant, idle_timeout: Duration) -> bool {
        match &self.role {
            Role::Publisher { publisher: Some(publisher), ingest, .. } => {
                publisher.evicted().is_cancelled()
                    || now.saturating_duration_since(ingest.last_media) > idle_timeout
            }
            _ => false,
        }
    }

    /// Asks a publisher for a keyframe if one is due, and says when to ask again.
    pub(super) fn ask(&mut self, now: Instant) -> Option<Instant> {
        let Role::Publisher { ingest, publisher: Some(_), .. } = &mut self.role else { return None };
        if let Some(mid) = ingest.wants_keyframe(now)
            && let Some(mut writer) = self.rtc.writer(mid)
            && let Err(error) = writer.request_keyframe(None, KeyframeRequestKind::Pli)
        {
            tracing::debug!(session = ?self.session, %error, "a keyframe could not be asked for");
        }
        Some(Ingest::look_again(now))
    }

    /// Gives it a datagram or just the time, and lets it say and send what follows from that.
    pub(super) fn handle(
        &mut self,
        input: Input<'_>,
        transmit: &mut impl FnMut(Transmit),
        happened: &mut Vec<Happened>,
    ) {
        let mut input = input;
        // Its pacer lets one packet go each time it is told the time, and wants to be told again a microsecond later. The
        // system's timers would make a millisecond of that.
        for _ in 0..MAX_ROUNDS {
            if let Err(error) = self.rtc.handle_input(input) {
                tracing::debug!(session = ?self.session, %error, "a WebRTC peer failed");
                happened.push(Happened::Gone);
                return;
            }
            if !self.drain(transmit, happened) || self.due > Instant::now() + AT_ONCE {
                return;
            }
            input = Input::Timeout(Instant::now().max(self.due));
        }
    }

    /// Every change of the connection is followed by this: it says what to send until it says when it is due. False if it is
    /// gone.
    pub(super) fn drain(
        &mut self,
        transmit: &mut impl FnMut(Transmit),
        happened: &mut Vec<Happened>,
    ) -> bool {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(due)) => {
                    self.due = due;
                    break;
                }
                Ok(Output::Transmit(datagram)) => transmit(datagram),
                Ok(Output::Event(event)) => happened.extend(self.event(event)),
                Err(error) => {
                    tracing::debug!(session = ?self.session, %error, "a WebRTC peer failed");
                    happened.push(Happened::Gone);
                    return false;
                }
            }
        }
        let alive = self.rtc.is_alive();
        if !alive {
            happened.push(Happened::Gone);
        }
        alive
    }

    fn event(&mut self, event: Event) -> Option<Happened> {
        match event {
            Event::Connected => Some(Happened::Connected),
            // It stays silent for good: without this it would be sent to for ever.
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) | Event::Closed => {
                Some(Happened::Gone)
            }
            Event::KeyframeRequest(_) => Some(Happened::KeyframeWanted),
            Event::MediaData(data) => {
                if let Role::Publisher { ingest, publisher: Some(publisher), .. } = &mut self.role {
                    ingest.take(&data, publisher);
                }
                None
            }
            Event::PeerStats(stats) => {
                self.figures.estimate_bps = stats.bwe_tx.map(|estimate| estimate.as_u64());
                self.figures.loss = stats.egress_loss_fraction;
                self.figures.round_trip_ms = stats.rtt.map(|rtt| rtt.as_millis() as u32);
                None
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_name_is_long_and_is_not_printed() {
        let (one, other) = (SessionId::new().expect("random"), SessionId::new().expect("random"));
        assert_ne!(one, other);
        assert_eq!(one.as_str().len(), 32);
        assert!(!format!("{one:?}").contains(one.as_str()));
    }
}
