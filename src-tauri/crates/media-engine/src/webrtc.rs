//! WebRTC: players by WHEP (draft-ietf-wish-whep), publishers by WHIP (RFC 9725), all on one UDP port.
//!
//! Media reaches a player as it came in: H.264 is packetised once per stream, sound becomes Opus once per stream and only
//! while somebody listens, and each player's peer only adds headers and encryption. A player begins, and begins again after
//! loss, from the group of pictures the stream's [`feed`] remembers: the camera is never waited for.
//!
//! ```text
//! POST {id}/whep -> negotiate -> exchange (one task, one thread: socket, peers, feeds)
//! bus reader -> feed -> viewers -> str0m -> UDP, or TCP where UDP is blocked (RFC 6544)
//! POST whip -> negotiate -> exchange -> str0m -> ingest -> the stream's repair, as from RTMP
//! ```
//!
//! We are ICE-lite (RFC 8445 s2.5): this computer's addresses are the candidates, checks come from the other side.
//!
//! | bound | when it is full |
//! |---|---|
//! | [`MAX_PEERS`] players, [`MAX_PUBLISHERS`] publishers | refused with 503 |
//! | [`MAX_CONNECTING`] offers without a connection, [`CONNECT_WITHIN`] each | one that takes long goes, else 503; of one address its own longest waiting |
//! | pictures waiting for a viewer | it begins again from the newest group of pictures |
//! | datagrams the system does not take | lost, as on any network; the viewer asks again |

mod candidates;
mod exchange;
mod feed;
mod ingest;
mod negotiate;
mod pace;
mod peer;
mod socket;
mod tcp;
mod viewer;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

pub use self::candidates::CandidateSource;
use self::candidates::Candidates;
use self::exchange::{Command, Exchange, Newcomer};
pub(crate) use self::negotiate::Unfit;
use self::negotiate::{Offered, Sent};
pub(crate) use self::peer::SessionId;
pub(crate) use self::socket::Sockets;

use crate::stream::{PublisherInfo, Stream};

/// Players at once. One player costs about half a percent of a core at 4 Mb/s.
pub(crate) const MAX_PEERS: usize = 512;
/// Of them, how many may still be on their way: all of an audience that comes back at once.
const MAX_CONNECTING: usize = 256;
/// Publishers at once, beside the players. There is one stream and its key: more are those that take its place.
const MAX_PUBLISHERS: usize = 16;
/// Time from the answer to an encrypted connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);
/// Whose sessions publishers' are; no playback id is like this.
pub(crate) const PUBLISHERS: &str = "whip session";
/// Commands under way.
const COMMANDS: usize = 64;

/// Whether a stream can be played by WebRTC now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WebRtcState {
    /// It was not asked for: see [`Stream::set_webrtc`].
    #[default]
    Off,
    /// Nothing is published yet.
    NoMedia,
    /// There is sound and no picture.
    NoPicture,
    /// Pictures come in another order than they are shown in (B-frames), which WebRTC players cannot undo: they would
    /// stutter.
    BFrames,
    /// It can.
    Ready,
}

/// What viewers over WebRTC report of their connections.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct WebRtcStats {
    /// Viewers that are connected.
    pub viewers: u32,
    /// The lowest of their estimated bandwidths, in bits a second.
    pub lowest_estimate_bps: Option<u64>,
    /// The worst of their losses of the last second, 0 to 1.
    pub worst_loss: Option<f32>,
    /// The longest of their round trips, in milliseconds.
    pub longest_round_trip_ms: Option<u32>,
}

impl WebRtcStats {
    fn add(&mut self, figures: &peer::Figures) {
        self.viewers += 1;
        self.lowest_estimate_bps =
            [self.lowest_estimate_bps, figures.estimate_bps].into_iter().flatten().min();
        self.worst_loss = [self.worst_loss, figures.loss].into_iter().flatten().reduce(f32::max);
        self.longest_round_trip_ms =
            [self.longest_round_trip_ms, figures.round_trip_ms].into_iter().flatten().max();
    }
}

/// Why an offer was not answered with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotConnected {
    /// The offer does not fit.
    Unfit(Unfit),
    /// There are as many peers as there may be.
    Full,
    /// As many as there may be are just connecting.
    Crowded,
    /// The engine is going.
    Stopped,
}

/// What an offer was answered with.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) session: SessionId,
    pub(crate) sdp: String,
}

/// A publisher whose offer fits.
pub(crate) struct PublishOffer {
    offered: Offered<Sent>,
    their_ufrag: String,
}

/// The engine's WebRTC side, as its HTTP door uses it.
#[derive(Clone)]
pub(crate) struct WebRtc {
    candidates: Arc<Candidates>,
    commands: mpsc::Sender<Command>,
}

impl WebRtc {
    /// A handle and the task behind it, which runs until stopped.
    pub(crate) fn new(
        sockets: Sockets,
        bind: IpAddr,
        addresses: CandidateSource,
        idle_timeout: Duration,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let candidates = Arc::new(Candidates::new(bind, sockets.port(), addresses));
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let exchange = Exchange::new(sockets, Arc::clone(&candidates), inbox, idle_timeout, stop);
        (Self { candidates, commands }, exchange.run())
    }

    /// One whose task is gone.
    #[cfg(test)]
    pub(crate) fn stopped() -> Self {
        let (commands, _) = mpsc::channel(1);
        let bind = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
        Self { candidates: Arc::new(Candidates::new(bind, 0, Arc::new(Vec::new))), commands }
    }

    /// Connects a player that offers `sdp` from an address; only a `counted` one is a viewer.
    pub(crate) async fn play(
        &self,
        stream: Stream,
        from: IpAddr,
        sdp: &str,
        counted: bool,
    ) -> Result<Answered, NotConnected> {
        let config = stream.video_config().ok_or(NotConnected::Unfit(Unfit::NoPicture))?;
        let offered = negotiate::play(sdp, &config, &self.candidates.now()).map_err(NotConnected::Unfit)?;
        let newcomer = |session| Newcomer {
            session,
            from,
            rtc: Box::new(offered.rtc),
            ufrag: offered.ufrag,
            their_ufrag: ice_ufrag(sdp).unwrap_or_default().to_owned(),
            counted,
        };
        let tracks = offered.tracks;
        let command = |newcomer, answer| Command::Play { stream, newcomer, tracks, answer };
        self.join(newcomer, command, offered.answer).await
    }

    /// Answers a publisher's offer, before anybody asks whether it may publish: a bad one must not start a stream.
    pub(crate) fn offered(&self, sdp: &str) -> Result<PublishOffer, NotConnected> {
        let their_ufrag = ice_ufrag(sdp).unwrap_or_default().to_owned();
        let offered = negotiate::publish(sdp, &self.candidates.now()).map_err(NotConnected::Unfit)?;
        Ok(PublishOffer { offered, their_ufrag })
    }

    /// Connects a publisher to the stream it was admitted to. It replaces whoever publishes once its connection stands.
    pub(crate) async fn publish(
        &self,
        stream: Stream,
        from: IpAddr,
        info: PublisherInfo,
        PublishOffer { offered, their_ufrag }: PublishOffer,
    ) -> Result<Answered, NotConnected> {
        let newcomer = |session| Newcomer {
            session,
            from,
            rtc: Box::new(offered.rtc),
            ufrag: offered.ufrag,
            their_ufrag,
            counted: false,
        };
        let tracks = offered.tracks;
        let command = |newcomer, answer| Command::Publish { stream, info, newcomer, tracks, answer };
        self.join(newcomer, command, offered.answer).await
    }

    async fn join(
        &self,
        newcomer: impl FnOnce(SessionId) -> Newcomer,
        command: impl FnOnce(Newcomer, oneshot::Sender<Result<(), NotConnected>>) -> Command,
        sdp: String,
    ) -> Result<Answered, NotConnected> {
        let session = SessionId::new().ok_or(NotConnected::Stopped)?;
        let (answer, answered) = oneshot::channel();
        let command = command(newcomer(session.clone()), answer);
        self.commands.send(command).await.map_err(|_| NotConnected::Stopped)?;
        answered.await.map_err(|_| NotConnected::Stopped)??;
        Ok(Answered { session, sdp })
    }

    /// Ends a session of `owner` (a stream's playback id, or [`PUBLISHERS`]). False if there is none of this name.
    pub(crate) async fn end(&self, owner: &str, session: &str) -> bool {
        let (answer, answered) = oneshot::channel();
        let command = Command::End { owner: owner.to_owned(), session: session.to_owned(), answer };
        self.commands.send(command).await.is_ok() && answered.await.unwrap_or(false)
    }

    /// The name the other side of a session gave itself in its offer; None if there is no such session.
    pub(crate) async fn knows(&self, owner: &str, session: &str) -> Option<String> {
        let (answer, answered) = oneshot::channel();
        let command = Command::Knows { owner: owner.to_owned(), session: session.to_owned(), answer };
        self.commands.send(command).await.ok()?;
        answered.await.ok()?
    }
}

/// The first name for connectivity checks in an SDP or a part of one (RFC 8839 s5.4).
pub(crate) fn ice_ufrag(sdp: &str) -> Option<&str> {
    sdp.lines().find_map(|line| line.trim_end().strip_prefix("a=ice-ufrag:"))
}
