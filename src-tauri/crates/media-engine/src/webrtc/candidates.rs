//! Where peers may reach this computer: an ICE-lite agent's candidates.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use str0m::Candidate;
use str0m::net::TcpType;

/// Addresses to offer besides those of this computer's networks, asked for at each offer: for example one that a router
/// forwards to this computer.
pub type CandidateSource = Arc<dyn Fn() -> Vec<IpAddr> + Send + Sync>;

/// Most addresses offered; more would only slow the peer's checks.
const MAX_ADDRESSES: usize = 16;

/// See the module's documentation.
pub(super) struct Candidates {
    bind: IpAddr,
    port: u16,
    more: CandidateSource,
}

impl Candidates {
    pub(super) fn new(bind: IpAddr, port: u16, more: CandidateSource) -> Self {
        Self { bind, port, more }
    }

    /// Addresses of now: networks come and go.
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        let own = match self.bind {
            IpAddr::V4(ip) if ip.is_unspecified() => networks(),
            ip => vec![ip],
        };
        let mut addresses: Vec<SocketAddr> = Vec::new();
        for ip in own.into_iter().chain((self.more)()) {
            let address = SocketAddr::new(ip, self.port);
            if !ip.is_unspecified() && !ip.is_multicast() && !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses.truncate(MAX_ADDRESSES);
        addresses
    }

    /// Candidates of now: UDP, and TCP for where UDP is blocked (RFC 6544: we listen, the peer connects).
    pub(super) fn now(&self) -> Vec<Candidate> {
        self.addresses().into_iter().flat_map(of).collect()
    }

    /// The candidate address a datagram came to. Where the system does not say, the first one.
    pub(super) fn local(&self, known: &[SocketAddr], came_to: Option<IpAddr>) -> Option<SocketAddr> {
        let came_to = came_to.map(|ip| SocketAddr::new(ip.to_canonical(), self.port));
        came_to.filter(|at| known.contains(at)).or_else(|| known.first().copied())
    }
}

fn of(address: SocketAddr) -> impl Iterator<Item = Candidate> {
    let udp = Candidate::host(address, "udp").ok();
    let tcp = Candidate::builder().tcp().host(address).tcptype(TcpType::Passive).build().ok();
    udp.into_iter().chain(tcp)
}

/// This computer's IPv4 addresses, loopback last: a player on this computer finds it there even without a network.
fn networks() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    interfaces
        .into_iter()
        .filter(|interface| !interface.is_loopback() && !interface.is_link_local())
        .map(|interface| interface.ip())
        .filter(IpAddr::is_ipv4)
        .chain([IpAddr::V4(Ipv4Addr::LOCALHOST)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(bind: &str, more: &'static [&'static str]) -> Candidates {
        let more = move || more.iter().map(|ip| ip.parse().expect("an address")).collect();
        Candidates::new(bind.parse().expect("an address"), 8_936, Arc::new(more))
    }

    #[test]
    fn one_address_is_offered_by_udp_and_tcp() {
        let lines: Vec<String> =
            candidates("127.0.0.1", &[]).now().iter().map(Candidate::to_sdp_string).collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains(" udp ") && lines[0].contains("127.0.0.1 8936 typ host"), "{lines:?}");
        assert!(lines[1].contains(" tcp ") && lines[1].ends_with("tcptype passive"), "{lines:?}");
    }

    #[test]
    fn the_users_addresses_come_after_the_networks_and_once() {
        let found = candidates("127.0.0.1", &["203.0.113.9", "127.0.0.1", "0.0.0.0"]).addresses();
        assert_eq!(found, ["127.0.0.1:8936", "203.0.113.9:8936"].map(|at| at.parse().expect("an address")));
        assert!(
            candidates("0.0.0.0", &[]).addresses().contains(&"127.0.0.1:8936".parse().expect("an address"))
        );
    }

    #[test]
    fn a_datagram_belongs_to_the_address_it_came_to() {
        let candidates = candidates("127.0.0.1", &["203.0.113.9"]);
        let known = candidates.addresses();
        assert_eq!(
            candidates.local(&known, Some("203.0.113.9".parse().expect("an address"))),
            Some(known[1])
        );
        assert_eq!(
            candidates.local(&known, Some("::ffff:127.0.0.1".parse().expect("an address"))),
            Some(known[0])
        );
        assert_eq!(candidates.local(&known, None), Some(known[0]));
    }
}
