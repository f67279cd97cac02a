//! Who is connected to the playback door, for how long, and who goes when it is full.
//!
//! Anyone who can reach the door may connect, so none of it may last for nothing:
//!
//! | a connection | is closed after |
//! |---|---|
//! | that has not made a whole request yet | 10 s |
//! | between requests, all answers taken | 60 s |
//! | with a request under way that takes none of its answer | 60 s |
//! | taken over by a WebSocket | what the module [`live_socket`](super::live_socket) says |
//!
//! A connection that was taken over counts as one being served, until its socket is closed.
//!
//! Overflow policy: a newcomer is let in, and one of the **network** with most connections goes: rather one that never
//! made a request than one between requests, and that rather than one being served; of those the one longest without
//! progress. One address has no bound of its own, since behind a reverse proxy all players have the same. A flooding
//! network displaces none but itself, and one that is also the players' own displaces its idle sockets first.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Time from connecting to the first whole request.
const FIRST_REQUEST: Duration = Duration::from_secs(10);
/// Time between two requests: players fetch every few seconds, proxies keep connections somewhat longer.
const REST: Duration = Duration::from_secs(60);
/// Time in which something of an answer must be taken; held answers come within 21 s.
const STALL: Duration = Duration::from_secs(60);

/// What a connection is about, in the order in which they give way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// No request came yet.
    Silent,
    /// Between requests.
    Resting,
    /// A request is under way.
    Served,
}

#[derive(Debug)]
struct Standing {
    asked: bool,
    requests_under_way: usize,
    /// When the phase began or, after the first request, when the peer last took something.
    since: Instant,
}

impl Standing {
    fn phase(&self) -> Phase {
        match self.asked {
            false => Phase::Silent,
            true if self.requests_under_way == 0 => Phase::Resting,
            true => Phase::Served,
        }
    }
}

/// A connection as the door sees it.
#[derive(Debug)]
pub(super) struct Guest {
    network: IpAddr,
    standing: Mutex<Standing>,
    /// Cancelled when it has to go, and when it has gone.
    leave: CancellationToken,
}

impl Guest {
    /// Cancelled when the connection has to go.
    pub(super) fn leave(&self) -> CancellationToken {
        self.leave.clone()
    }

    /// When it has to go if nothing happens meanwhile. Never moves backwards.
    pub(super) fn deadline(&self) -> Instant {
        let standing = lock(&self.standing);
        let patience = match standing.phase() {
            Phase::Silent => FIRST_REQUEST,
            Phase::Resting => REST,
            Phase::Served => STALL,
        };
        standing.since + patience
    }

    /// When the peer last took something, or its request came.
    pub(super) fn last_progress(&self) -> Instant {
        lock(&self.standing).since
    }

    /// A whole request has come.
    pub(super) fn request(self: &Arc<Self>) -> UnderWay {
        let mut standing = lock(&self.standing);
        standing.asked = true;
        standing.requests_under_way += 1;
        standing.since = Instant::now();
        drop(standing);
        UnderWay(Arc::clone(self))
    }

    /// The peer took bytes. Only bytes of answers count: what a peer sends costs it nothing.
    pub(super) fn took(&self) {
        let mut standing = lock(&self.standing);
        // The end of an answer may be buffered when its request is done with.
        if standing.asked {
            standing.since = Instant::now();
        }
    }
}

/// A request being answered; dropped with the last of its answer.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Guest>);

impl UnderWay {
    /// Whose request it is.
    pub(super) fn guest(&self) -> &Arc<Guest> {
        &self.0
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut standing = lock(&self.0.standing);
        standing.requests_under_way -= 1;
        standing.since = Instant::now();
    }
}

/// Everybody connected.
#[derive(Debug, Default, Clone)]
pub(super) struct Guests(Arc<Mutex<Everybody>>);

#[derive(Debug, Default)]
struct Everybody {
    next_id: u64,
    present: HashMap<u64, Arc<Guest>>,
    /// How many of them are of each network.
    of_network: HashMap<IpAddr, usize>,
}

impl Guests {
    /// A connection is there until the place is dropped.
    pub(super) fn enter(&self, address: IpAddr, leave: CancellationToken) -> Place {
        let network = network(address);
        let standing = Standing { asked: false, requests_under_way: 0, since: Instant::now() };
        let guest = Arc::new(Guest { network, standing: Mutex::new(standing), leave });
        let mut everybody = lock(&self.0);
        everybody.next_id += 1;
        let id = everybody.next_id;
        everybody.present.insert(id, Arc::clone(&guest));
        *everybody.of_network.entry(network).or_default() += 1;
        Place { guests: self.clone(), id, guest }
    }

    /// Sends one connection away for a newcomer from `address`.
    pub(super) fn make_room(&self, address: IpAddr) {
        let newcomer = network(address);
        let mut everybody = lock(&self.0);
        let with_newcomer =
            |network: IpAddr, count: usize| if network == newcomer { count + 1 } else { count };
        let held = |network: IpAddr| {
            with_newcomer(network, everybody.of_network.get(&network).copied().unwrap_or_default())
        };
        let most = everybody.of_network.keys().map(|&network| held(network)).max();
        let largest = everybody.present.iter().filter(|(_, guest)| Some(held(guest.network)) == most);
        let goes = largest.min_by_key(|(id, guest)| {
            let standing = lock(&guest.standing);
            (standing.phase(), standing.since, **id)
        });
        if let Some(id) = goes.map(|(id, _)| *id) {
            everybody.remove(id);
        }
    }
}

impl Everybody {
    fn remove(&mut self, id: u64) {
        let Some(guest) = self.present.remove(&id) else { return };
        guest.leave.cancel();
        if let Some(count) = self.of_network.get_mut(&guest.network) {
            *count -= 1;
            if *count == 0 {
                self.of_network.remove(&guest.network);
            }
        }
    }
}

/// A connection's entry among the [`Guests`].
#[derive(Debug)]
pub(super) struct Place {
    guests: Guests,
    id: u64,
    pub(super) guest: Arc<Guest>,
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.guests.0).remove(self.id);
    }
}

/// What counts as one caller: an IPv4 address or, as one host has a whole one to itself, an IPv6 /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Poisoned only by a bug that panicked while holding it; the door stays open nevertheless.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 168, 1, last])
    }

    async fn enter(guests: &Guests, last: u8) -> Place {
        advance(SECOND).await;
        guests.enter(address(last), CancellationToken::new())
    }

    fn gone(places: &[Place]) -> Vec<usize> {
        (0..places.len()).filter(|&at| places[at].guest.leave.is_cancelled()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_asked_goes_before_who_rests_before_who_is_served() {
        let guests = Guests::default();
        let mut places = Vec::new();
        for _ in 0..6 {
            places.push(enter(&guests, 1).await);
        }
        let _answer = places[0].guest.request();
        let _another = places[1].guest.request();
        drop(places[2].guest.request());
        advance(SECOND).await;
        drop(places[3].guest.request());
        places[0].guest.took();
        let mut order = Vec::new();
        for _ in 0..6 {
            guests.make_room(address(1));
            order.extend(gone(&places).into_iter().filter(|at| !order.contains(at)).collect::<Vec<_>>());
        }
        assert_eq!(order, [4, 5, 2, 3, 1, 0]);
        guests.make_room(address(1));
        drop(places);
        let everybody = lock(&guests.0);
        assert!(everybody.present.is_empty() && everybody.of_network.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_displaces_only_its_own_network() {
        let guests = Guests::default();
        let mut places = Vec::new();
        for last in [1, 1, 2, 9, 9, 9] {
            places.push(enter(&guests, last).await);
        }
        let _answers: Vec<_> = places[3..].iter().map(|place| place.guest.request()).collect();
        guests.make_room(address(9));
        assert_eq!(gone(&places), [3], "even one that is being served");
        // Two of 1, two of 9: the newcomer's own network has more with it.
        guests.make_room(address(1));
        assert_eq!(gone(&places), [0, 3]);
        guests.make_room(address(7));
        assert_eq!(gone(&places), [0, 3, 4]);
        // One each: whoever never asked, longest.
        guests.make_room(address(7));
        assert_eq!(gone(&places), [0, 1, 3, 4]);
    }

    #[tokio::test(start_paused = true)]
    async fn patience_depends_on_what_the_connection_does() {
        let place = enter(&Guests::default(), 1).await;
        let guest = &place.guest;
        let left = || guest.deadline() - Instant::now();
        advance(SECOND * 9).await;
        guest.took();
        assert_eq!(left(), SECOND, "what is said to strangers does not keep them");
        let first = guest.request();
        let second = guest.request();
        advance(SECOND * 59).await;
        guest.took();
        assert_eq!(left(), STALL);
        drop(first);
        advance(SECOND).await;
        assert_eq!(left(), STALL - SECOND);
        drop(second);
        advance(SECOND).await;
        assert_eq!(left(), REST - SECOND);
        guest.took();
        assert_eq!(left(), REST, "the end of the answer was still on its way");
    }

    #[test]
    fn a_network_is_an_address_or_a_64() {
        let same = |a: &str, b: &str| {
            let parse = |text: &str| network(text.parse().expect("an address"));
            parse(a) == parse(b)
        };
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("::ffff:10.0.0.1", "10.0.0.1"));
        assert!(!same("::ffff:10.0.0.1", "::ffff:10.0.0.2"));
    }
}
