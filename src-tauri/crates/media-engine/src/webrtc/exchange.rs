//! The one task that owns the socket, the peers and the feeds.
//!
//! It waits for the first of: a datagram, a command, news of a stream, the time a peer wants to be driven at. Nothing in
//! here waits for a peer: what one cannot take now is its own loss.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::ice::StunMessage;
use str0m::net::{Protocol, Receive, Transmit};
use str0m::{Input, Rtc};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::candidates::Candidates;
use super::feed::{Fed, Feed};
use super::ingest::Ingest;
use super::negotiate::{Sent, Tracks};
use super::pace::Pace;
use super::peer::{Figures, Happened, Peer, Role, SessionId};
use super::socket::{Sockets, Udp};
use super::tcp::{self, Heard};
use super::viewer::Viewer;
use super::{
    CONNECT_WITHIN, MAX_CONNECTING, MAX_PEERS, MAX_PUBLISHERS, NotConnected, PUBLISHERS, WebRtcStats,
};
use crate::stream::{PublisherInfo, Stream};

/// Messages of the system taken in one go before others have their turn.
const RECEIVE_ROUNDS: usize = 8;
/// How often viewers are counted and figures are put together.
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(2);
/// Sessions remembered after their end. Overflow policy: the oldest is forgotten, and ending it is "no such session".
const MAX_ENDED: usize = 256;
/// Addresses remembered of one peer; it may come from several while its checks run. Overflow policy: the one least lately
/// heard from is forgotten.
const MAX_ADDRESSES: usize = 8;
/// Addresses one peer may ever come from: each costs something for as long as it lives. Overflow policy: what comes from
/// further ones is not heard, and the player connects anew.
const MAX_ADDRESSES_EVER: u32 = 64;
/// A peer heard from within this time keeps its address, whoever else claims to be there.
const ADDRESS_KEPT: Duration = Duration::from_secs(5);
/// Peers of one address that may be on their way. Overflow policy: its own longest waiting has to go.
const MAX_CONNECTING_OF_ONE: usize = 64;
/// A newcomer takes the place of one that has been on its way for longer than this.
const OVERDUE: Duration = Duration::from_secs(5);

/// What the HTTP door wants.
pub(super) enum Command {
    /// A player's peer joins.
    Play {
        stream: Stream,
        newcomer: Newcomer,
        tracks: Tracks,
        answer: oneshot::Sender<Result<(), NotConnected>>,
    },
    /// A publisher's peer joins.
    Publish {
        stream: Stream,
        info: PublisherInfo,
        newcomer: Newcomer,
        tracks: Sent,
        answer: oneshot::Sender<Result<(), NotConnected>>,
    },
    /// A session ends.
    End { owner: String, session: String, answer: oneshot::Sender<bool> },
    /// The name the other side of a session gave itself in its offer; None if there is no such session.
    Knows { owner: String, session: String, answer: oneshot::Sender<Option<String>> },
}

/// A peer whose offer was answered.
pub(super) struct Newcomer {
    pub(super) session: SessionId,
    /// Where its offer came from.
    pub(super) from: IpAddr,
    pub(super) rtc: Box<Rtc>,
    pub(super) ufrag: String,
    pub(super) their_ufrag: String,
    pub(super) counted: bool,
}

type Id = u64;

/// See the module's documentation.
pub(super) struct Exchange {
    udp: Udp,
    listener: Option<tokio::net::TcpListener>,
    candidates: Arc<Candidates>,
    /// Candidates' addresses as of the last offer.
    addresses: Vec<SocketAddr>,
    inbox: mpsc::Receiver<Command>,
    stop: CancellationToken,
    peers: HashMap<Id, Peer>,
    next_id: Id,
    by_ufrag: HashMap<String, Id>,
    by_address: HashMap<(Protocol, SocketAddr), Id>,
    tcp: HashMap<SocketAddr, (mpsc::Sender<Vec<u8>>, CancellationToken)>,
    feeds: Vec<Feed>,
    /// Sessions that ended by themselves, whose owners may not know it yet: the newest few.
    ended: VecDeque<(String, SessionId)>,
    /// A publisher that sends nothing for this long has to leave.
    idle_timeout: Duration,
    clean_at: Instant,
}

impl Exchange {
    pub(super) fn new(
        sockets: Sockets,
        candidates: Arc<Candidates>,
        inbox: mpsc::Receiver<Command>,
        idle_timeout: Duration,
        stop: CancellationToken,
    ) -> Self {
        let Sockets { udp, tcp, .. } = sockets;
        Self {
            udp,
            listener: Some(tcp),
            addresses: candidates.addresses(),
            candidates,
            inbox,
            stop,
            peers: HashMap::new(),
            next_id: 0,
            by_ufrag: HashMap::new(),
            by_address: HashMap::new(),
            tcp: HashMap::new(),
            feeds: Vec::new(),
            ended: VecDeque::new(),
            idle_timeout,
            clean_at: Instant::now() + HOUSEKEEPING_EVERY,
        }
    }

    /// Runs until stopped; peers are told that it is over.
    pub(super) async fn run(mut self) {
        let (tell, mut heard) = tcp::heard();
        let stop = self.stop.clone();
        let listening = self.listener.take().map(|listener| tcp::listen(listener, tell, stop.clone()));
        let work = async move {
            loop {
                let due = self.due().into();
                tokio::select! {
                    () = stop.cancelled() => break,
                    command = self.inbox.recv() => match command {
                        Some(command) => self.command(command),
                        None => break,
                    },
                    Some(heard) = heard.recv() => self.heard(heard),
                    readable = self.udp.readable() => {
                        if readable.is_ok() {
                            self.receive();
                        }
                    }
                    index = changed(&mut self.feeds) => self.pump(index),
                    () = tokio::time::sleep_until(due) => {}
                }
                self.drive();
            }
            let all: Vec<Id> = self.peers.keys().copied().collect();
            all.into_iter().for_each(|id| self.leave(id));
        };
        match listening {
            Some(listening) => {
                tokio::join!(listening, work);
            }
            None => work.await,
        }
    }

    fn due(&self) -> Instant {
        self.peers.values().map(|peer| peer.due).min().unwrap_or(self.clean_at).min(self.clean_at)
    }

    fn command(&mut self, command: Command) {
        match command {
            // An answer nobody waits for any more: the peer will not connect, and goes by itself.
            Command::Play { stream, newcomer, tracks, answer } => {
                let _ = answer.send(self.play(stream, newcomer, tracks));
            }
            Command::Publish { stream, info, newcomer, tracks, answer } => {
                let now = Instant::now();
                let ingest = Box::new(Ingest::new(tracks, now));
                let role = Role::Publisher { stream, info, publisher: None, ingest };
                let _ = answer.send(self.join(PUBLISHERS.to_owned(), newcomer, role, now));
            }
            Command::End { owner, session, answer } => {
                if let Some(id) = self.find(&owner, &session) {
                    self.leave(id);
                }
                // Just now, or before: once it is told that its session is over.
                let of = |(by, ended): &(String, SessionId)| *by == owner && ended.as_str() == session;
                let ended = self.ended.iter().position(of).and_then(|index| self.ended.remove(index));
                let _ = answer.send(ended.is_some());
            }
            Command::Knows { owner, session, answer } => {
                let known = self.find(&owner, &session).and_then(|id| self.peers.get(&id));
                let _ = answer.send(known.map(|peer| peer.their_ufrag.clone()));
            }
        }
    }

    fn find(&self, owner: &str, session: &str) -> Option<Id> {
        let named = |peer: &Peer| peer.owner == owner && peer.session.as_str() == session;
        self.peers.iter().find(|(_, peer)| named(peer)).map(|(&id, _)| id)
    }

    fn play(&mut self, stream: Stream, newcomer: Newcomer, tracks: Tracks) -> Result<(), NotConnected> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|_| NotConnected::Stopped)?;
        let now = Instant::now();
        let owner = stream.playback_id().to_owned();
        self.join(owner.clone(), newcomer, Role::Viewer(Box::new(Viewer::new(tracks, random, now))), now)?;
        if !self.feeds.iter().any(|feed| feed.stream.playback_id() == owner) {
            self.feeds.push(Feed::new(stream));
            // What was before is there at once; the rest wakes us.
            self.pump(self.feeds.len() - 1);
        }
        Ok(())
    }

    fn join(
        &mut self,
        owner: String,
        newcomer: Newcomer,
        role: Role,
        now: Instant,
    ) -> Result<(), NotConnected> {
        // Publishers have shown the key, and places of their own: no number of players keeps the camera out.
        let publishes = matches!(role, Role::Publisher { .. });
        let alike = |peer: &Peer| matches!(peer.role, Role::Publisher { .. }) == publishes;
        let (most, most_connecting) =
            if publishes { (MAX_PUBLISHERS, MAX_PUBLISHERS / 2) } else { (MAX_PEERS, MAX_CONNECTING) };
        let connecting = || self.peers.iter().filter(|(_, peer)| !peer.connected && alike(peer));
        let neighbours = || connecting().filter(|(_, peer)| peer.from == newcomer.from);
        if neighbours().count() >= MAX_CONNECTING_OF_ONE
            && let Some(oldest) = neighbours().min_by_key(|(_, peer)| peer.since).map(|(&id, _)| id)
        {
            self.leave(oldest);
        }
        let connecting = || self.peers.iter().filter(|(_, peer)| !peer.connected && alike(peer));
        if connecting().count() >= most_connecting {
            let overdue = |peer: &Peer| now.saturating_duration_since(peer.since) > OVERDUE;
            let oldest = connecting().min_by_key(|(_, peer)| peer.since).filter(|(_, peer)| overdue(peer));
            // Those who are about to finish would only come again, and push others out.
            let Some((&oldest, _)) = oldest else { return Err(NotConnected::Crowded) };
            self.leave(oldest);
        }
        if self.peers.values().filter(|peer| alike(peer)).count() >= most {
            return Err(NotConnected::Full);
        }
        self.addresses = self.candidates.addresses();
        let Newcomer { session, from, rtc, ufrag, their_ufrag, counted } = newcomer;
        let id = self.next_id;
        self.next_id += 1;
        self.by_ufrag.insert(ufrag.clone(), id);
        let peer = Peer {
            session,
            owner,
            from,
            rtc: *rtc,
            ufrag,
            their_ufrag,
            role,
            connected: false,
            counted,
            heard_from: Vec::new(),
            addresses_ever: 0,
            heard_at: now,
            since: now,
            due: now,
            figures: Figures::default(),
        };
        self.peers.insert(id, peer);
        Ok(())
    }

    /// Takes leave of a peer: it is told, and forgotten.
    fn leave(&mut self, id: Id) {
        let Some(mut peer) = self.peers.remove(&id) else { return };
        if peer.connected {
            let (udp, tcp) = (&self.udp, &self.tcp);
            // What it says of this is of no use any more.
            let _ = guarded(|| {
                if peer.rtc.close().is_ok() {
                    peer.drain(&mut |datagram| send(udp, tcp, &datagram), &mut Vec::new());
                }
            });
        }
        self.by_ufrag.remove(&peer.ufrag);
        for (protocol, address) in &peer.heard_from {
            if self.by_address.get(&(*protocol, *address)) != Some(&id) {
                continue;
            }
            self.by_address.remove(&(*protocol, *address));
            if *protocol == Protocol::Tcp {
                // It ends by itself once what waits, the goodbye, is written.
                self.tcp.remove(address);
            }
        }
        self.listen_or_not(&peer.owner);
        if !self.peers.values().any(|other| other.owner == peer.owner) {
            let gone = |feed: &Feed| feed.stream.playback_id() == peer.owner;
            for feed in self.feeds.iter().filter(|feed| gone(feed)) {
                feed.stream.set_webrtc_stats(WebRtcStats::default());
            }
            self.feeds.retain(|feed| !gone(feed));
        }
        tracing::debug!(session = ?peer.session, "a WebRTC peer left");
        if self.ended.len() >= MAX_ENDED {
            self.ended.pop_front();
        }
        self.ended.push_back((peer.owner, peer.session));
    }

    /// Sound is made while one of the stream's viewers takes it.
    fn listen_or_not(&mut self, owner: &str) {
        let listening = self.peers.values().any(|peer| peer.owner == owner && peer.takes_sound());
        for feed in self.feeds.iter_mut().filter(|feed| feed.stream.playback_id() == owner) {
            feed.set_listening(listening);
        }
    }

    fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Opened { peer, frames, close } => {
                self.tcp.insert(peer, (frames, close));
            }
            Heard::Frame { peer, local, datagram } => {
                if !self.datagram(Protocol::Tcp, peer, Some(local.ip()), &datagram)
                    && !self.by_address.contains_key(&(Protocol::Tcp, peer))
                    && let Some((_, close)) = self.tcp.remove(&peer)
                {
                    // A stranger who does not begin with the check of a session.
                    close.cancel();
                }
            }
            Heard::Closed { peer } => {
                self.tcp.remove(&peer);
                if let Some(id) = self.by_address.remove(&(Protocol::Tcp, peer))
                    && let Some(of) = self.peers.get_mut(&id)
                {
                    of.heard_from.retain(|from| *from != (Protocol::Tcp, peer));
                }
            }
        }
    }

    fn receive(&mut self) {
        let mut came: Vec<(SocketAddr, Option<IpAddr>, Vec<u8>)> = Vec::new();
        for _ in 0..RECEIVE_ROUNDS {
            if !self.udp.receive(|from, to, datagram| came.push((from, to, datagram.to_vec()))) {
                break;
            }
        }
        for (from, to, datagram) in came {
            self.datagram(Protocol::Udp, from, to, &datagram);
        }
    }

    /// Brings a datagram to its peer: by the name in its check, else by the address it was heard from before. False if it is
    /// nobody's.
    fn datagram(&mut self, proto: Protocol, source: SocketAddr, to: Option<IpAddr>, datagram: &[u8]) -> bool {
        let known = self.by_address.get(&(proto, source)).copied();
        let Some(id) = self.named(datagram).or(known) else { return false };
        let Some(destination) = self.candidates.local(&self.addresses, to) else { return false };
        let Ok(contents) = datagram.try_into() else { return false };
        let input = Input::Receive(Instant::now(), Receive { proto, source, destination, contents });
        let now = Instant::now();
        let held = known.filter(|&known| known != id).and_then(|known| self.peers.get(&known));
        let held = held.is_some_and(|other| {
            other.connected
                && other.heard_from.last() == Some(&(proto, source))
                && now.saturating_duration_since(other.heard_at) < ADDRESS_KEPT
        });
        let Some(peer) = self.peers.get_mut(&id) else { return false };
        if known != Some(id) {
            // The second proves that the sender knows the session's password, not only its name.
            if held
                || peer.addresses_ever >= MAX_ADDRESSES_EVER
                || guarded(|| peer.rtc.accepts(&input)) != Some(true)
            {
                return false;
            }
            peer.addresses_ever += 1;
            if peer.heard_from.len() >= MAX_ADDRESSES {
                let forgotten = peer.heard_from.remove(0);
                if self.by_address.get(&forgotten) == Some(&id) {
                    self.by_address.remove(&forgotten);
                }
            }
            // An address may pass from a session that is gone to the next one of the same player.
            self.by_address.insert((proto, source), id);
        }
        peer.heard(proto, source, now);
        self.handle(id, input);
        true
    }

    /// The peer whose name a connectivity check bears (RFC 8445 s7.2.2: ours, a colon, theirs).
    fn named(&self, datagram: &[u8]) -> Option<Id> {
        // RFC 7983: only STUN begins with 0 to 3.
        if !matches!(datagram.first(), Some(0..=3)) {
            return None;
        }
        let message = StunMessage::parse(datagram).ok()?;
        let (ours, _) = message.split_username()?;
        self.by_ufrag.get(ours).copied()
    }

    fn handle(&mut self, id: Id, input: Input<'_>) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let (udp, tcp) = (&self.udp, &self.tcp);
        let mut happened = Vec::new();
        if guarded(|| peer.handle(input, &mut |datagram| send(udp, tcp, &datagram), &mut happened)).is_none()
        {
            tracing::error!(session = ?peer.session, "a WebRTC peer broke and is let go");
            // What broke is not asked to say goodbye.
            peer.connected = false;
            happened = vec![Happened::Gone];
        }
        for happened in happened {
            match happened {
                Happened::Connected => self.connected(id),
                Happened::KeyframeWanted => self.begin(id),
                Happened::Gone => return self.leave(id),
            }
        }
    }

    fn connected(&mut self, id: Id) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.connected = true;
        peer.due = Instant::now();
        let after_ms = peer.since.elapsed().as_millis() as u64;
        tracing::debug!(session = ?peer.session, after_ms, "a WebRTC peer joined");
        match &mut peer.role {
            Role::Viewer(_) => {
                let owner = peer.owner.clone();
                self.listen_or_not(&owner);
                self.begin(id);
            }
            // It was stopped while the connection was made.
            Role::Publisher { stream, .. } if stream.is_ended() => self.leave(id),
            Role::Publisher { stream, info, publisher, ingest } => {
                info.since_ms = stream.0.clock.now_ms();
                ingest.last_media = Instant::now();
                *publisher = Some(stream.attach(info.clone()));
            }
        }
    }

    /// Sends a viewer the group of pictures.
    fn begin(&mut self, id: Id) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(feed) = self.feeds.iter().find(|feed| feed.stream.playback_id() == peer.owner) else {
            return;
        };
        let Some((viewer, _)) = peer.viewer() else { return };
        let now = Instant::now();
        viewer.begin(feed.group(), feed.line(), now);
        peer.due = now;
    }

    /// Hands what a stream has to its viewers.
    fn pump(&mut self, index: usize) {
        let Some(feed) = self.feeds.get_mut(index) else { return };
        let owner = feed.stream.playback_id().to_owned();
        let off = !feed.stream.is_webrtc_on();
        let peers = &mut self.peers;
        let mut leaving = off;
        feed.pump(|feed, fed| {
            let line = feed.line();
            leaving |= matches!(fed, Fed::Unfit | Fed::Ended);
            for peer in peers.values_mut().filter(|peer| peer.owner == owner) {
                let Some((viewer, rtc)) = peer.viewer() else { continue };
                let due = match &fed {
                    Fed::Picture(frame) => {
                        if !viewer.picture(frame, line) {
                            viewer.begin(feed.group(), line, line.now);
                        }
                        true
                    }
                    Fed::Sound { packet, at } => viewer.sound(rtc, packet, *at, line),
                    Fed::Gap => {
                        viewer.gap();
                        false
                    }
                    Fed::Unfit | Fed::Ended => false,
                };
                if due {
                    peer.due = line.now;
                }
            }
        });
        if leaving {
            let all = self.peers.iter().filter(|(_, peer)| peer.owner == owner).map(|(&id, _)| id);
            for id in all.collect::<Vec<_>>() {
                self.leave(id);
            }
        }
    }

    /// Drives every peer whose time has come.
    fn drive(&mut self) {
        let now = Instant::now();
        let due: Vec<Id> = self.peers.iter().filter(|(_, peer)| peer.due <= now).map(|(&id, _)| id).collect();
        for id in due {
            let Some(peer) = self.peers.get_mut(&id) else { continue };
            let late = !peer.connected && now.saturating_duration_since(peer.since) > CONNECT_WITHIN;
            if late || peer.is_over(now, self.idle_timeout) {
                self.leave(id);
                continue;
            }
            if let Some((viewer, rtc)) = peer.viewer()
                && guarded(|| viewer.send(rtc, now)).is_none()
            {
                peer.connected = false;
                self.leave(id);
                continue;
            }
            let asks_again = peer.ask(now);
            self.handle(id, Input::Timeout(now));
            let Some(peer) = self.peers.get_mut(&id) else { continue };
            let waits = peer.viewer().is_some_and(|(viewer, _)| viewer.is_waiting());
            let again = waits.then(|| Pace::again(now));
            peer.due = [Some(peer.due), asks_again, again].into_iter().flatten().min().unwrap_or(now);
        }
        if now >= self.clean_at {
            self.clean_at = now + HOUSEKEEPING_EVERY;
            self.housekeeping();
        }
    }

    /// Counts viewers, puts figures together, and lets go of peers that never connected.
    fn housekeeping(&mut self) {
        let now = Instant::now();
        let late: Vec<Id> = self
            .peers
            .iter()
            .filter(|(_, peer)| !peer.connected && now.saturating_duration_since(peer.since) > CONNECT_WITHIN)
            .map(|(&id, _)| id)
            .collect();
        late.into_iter().for_each(|id| self.leave(id));
        // A stream that nobody feeds wakes nobody either.
        let off: Vec<String> = (self.feeds.iter())
            .filter(|feed| !feed.stream.is_webrtc_on())
            .map(|feed| feed.stream.playback_id().to_owned())
            .collect();
        let left: Vec<Id> =
            self.peers.iter().filter(|(_, peer)| off.contains(&peer.owner)).map(|(&id, _)| id).collect();
        left.into_iter().for_each(|id| self.leave(id));
        for feed in &self.feeds {
            let stream = &feed.stream;
            let counted = |peer: &&Peer| peer.owner == stream.playback_id() && peer.connected && peer.counted;
            let viewers = self.peers.values().filter(counted);
            let mut stats = WebRtcStats::default();
            for peer in viewers {
                stream.0.player_seen(peer.session.as_str());
                stats.add(&peer.figures);
            }
            stream.set_webrtc_stats(stats);
        }
    }
}

/// A young library's panic over one stranger's bytes must not be the end of everybody's connection. None if there was one.
fn guarded<T>(driven: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(driven)).ok()
}

/// Sends, or loses it.
fn send(
    udp: &Udp,
    tcp: &HashMap<SocketAddr, (mpsc::Sender<Vec<u8>>, CancellationToken)>,
    datagram: &Transmit,
) {
    match datagram.proto {
        Protocol::Udp => {
            udp.send(datagram.source.ip(), datagram.destination, &datagram.contents);
        }
        _ => {
            if let Some((frames, _)) = tcp.get(&datagram.destination) {
                // Full: lost, as UDP would lose it.
                let _ = frames.try_send(datagram.contents.to_vec());
            }
        }
    }
}

/// The index of a feed that has something. Never, without feeds.
async fn changed(feeds: &mut [Feed]) -> usize {
    if feeds.is_empty() {
        return std::future::pending().await;
    }
    let waits = feeds.iter_mut().map(|feed| Box::pin(feed.changed()));
    futures_util::future::select_all(waits).await.1
}
