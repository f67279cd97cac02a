//! Which of this computer's addresses glasses are sent to.

use std::net::{IpAddr, Ipv4Addr};

use session::Words;

/// An address of this computer, and the mask of its network.
pub(super) type Network = (Ipv4Addr, Ipv4Addr);

/// This computer's networks.
pub(super) fn networks() -> Vec<Network> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let usable = interfaces.into_iter().filter(|one| !one.is_loopback() && !one.is_link_local());
    usable
        .filter_map(|one| match one.addr {
            if_addrs::IfAddr::V4(v4) => Some((v4.ip, v4.netmask)),
            if_addrs::IfAddr::V6(_) => None,
        })
        .collect()
}

/// The address in the glasses' own network; without one, the first: networks may be joined by a router.
///
/// # Errors
/// In words, when glasses cannot reach any.
pub(super) fn choose(
    listening: IpAddr,
    glasses: Option<IpAddr>,
    networks: &[Network],
) -> Result<IpAddr, Words> {
    let here = glasses.is_some_and(|ip| ip.is_loopback());
    match listening {
        ip if ip.is_loopback() && here => Ok(ip),
        ip if ip.is_loopback() => Err(Words::error("Stream Console takes video of this computer only.").then(
            "Let other devices connect in the settings, start Stream Console again, then start the stream.",
        )),
        ip if !ip.is_unspecified() => Ok(ip),
        _ if here => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => {
            let same = |network: &&Network| matches!(glasses, Some(IpAddr::V4(ip)) if holds(network, ip));
            let found = networks.iter().find(same).or(networks.first());
            found.map(|(ip, _)| IpAddr::V4(*ip)).ok_or_else(|| {
                Words::error("This computer is in no network.")
                    .then("Connect it to the Wi-Fi of the glasses, then start again.")
            })
        }
    }
}

/// That glasses are in none of this computer's networks. A router may join them all the same, so it is said only where
/// nothing arrives.
pub(super) fn apart(listening: IpAddr, glasses: Option<IpAddr>, networks: &[Network]) -> Option<Words> {
    let Some(IpAddr::V4(glasses)) = glasses.filter(|ip| !ip.is_loopback()) else { return None };
    let mut reached =
        networks.iter().filter(|(ip, _)| listening.is_unspecified() || listening == *ip).peekable();
    let (here, _) = **reached.peek()?;
    if reached.any(|network| holds(network, glasses)) {
        return None;
    }
    Some(
        Words::error(format!("They are at {glasses}, which is not in the network of this computer, {here}."))
            .then("Connect the glasses and this computer to the same Wi-Fi, then try again."),
    )
}

fn holds((ip, mask): &Network, other: Ipv4Addr) -> bool {
    other & *mask == *ip & *mask
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn net(text: &str, mask: [u8; 4]) -> Network {
        (text.parse().expect("an address"), mask.into())
    }

    #[test]
    fn glasses_are_sent_to_their_own_network() {
        let any = ip("0.0.0.0");
        let networks = [net("10.8.0.2", [255, 255, 255, 0]), net("192.168.1.20", [255, 255, 255, 0])];
        for (glasses, wanted) in [
            (Some("192.168.1.77"), "192.168.1.20"),
            (Some("10.8.0.9"), "10.8.0.2"),
            (Some("172.16.0.1"), "10.8.0.2"),
            (Some("127.0.0.1"), "127.0.0.1"),
            (None, "10.8.0.2"),
        ] {
            assert_eq!(choose(any, glasses.map(ip), &networks), Ok(ip(wanted)), "{glasses:?}");
        }
        assert_eq!(choose(ip("192.168.1.20"), None, &[]), Ok(ip("192.168.1.20")));
        assert!(choose(any, None, &[]).unwrap_err().text.contains("no network"));
    }

    #[test]
    fn an_ingest_for_this_computer_alone_is_told() {
        let refused = choose(ip("127.0.0.1"), Some(ip("192.168.1.77")), &[]).unwrap_err();
        assert!(refused.next_step.expect("a next step").contains("settings"));
        assert_eq!(choose(ip("127.0.0.1"), Some(ip("127.0.0.1")), &[]), Ok(ip("127.0.0.1")));
    }

    #[test]
    fn networks_that_differ_are_told_with_both_addresses() {
        let networks = [net("10.8.0.2", [255, 255, 255, 0]), net("192.168.1.20", [255, 255, 255, 0])];
        let any = ip("0.0.0.0");
        for near in [None, Some("127.0.0.1"), Some("192.168.1.77"), Some("10.8.0.9"), Some("fd00::1")] {
            assert_eq!(apart(any, near.map(ip), &networks), None, "{near:?}");
        }
        let far = apart(any, Some(ip("172.16.0.1")), &networks).expect("apart");
        assert!(far.text.contains("172.16.0.1") && far.text.contains("10.8.0.2"), "{far:?}");
        let far = apart(ip("192.168.1.20"), Some(ip("10.8.0.9")), &networks).expect("one network listens");
        assert!(far.text.contains("192.168.1.20") && far.next_step.is_some(), "{far:?}");
        assert_eq!(apart(any, Some(ip("172.16.0.1")), &[]), None, "nothing is known of this computer");
    }
}
