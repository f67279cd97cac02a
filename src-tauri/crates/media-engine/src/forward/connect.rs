//! From a name to a connected socket, anew on every attempt: endpoints move.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use socket2::SockRef;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, sleep_until, timeout};

use super::error::ForwardError;

/// The next address is tried beside a silent one after this long (RFC 8305 s5).
const STAGGER: Duration = Duration::from_millis(250);
/// Bytes the system takes that it cannot send yet: a keyframe or two.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MOST_UNSENT_BYTES: u32 = 256 << 10;
/// Addresses tried at most.
const MOST_ADDRESSES: usize = 16;

/// Resolves and connects, all addresses if need be, IPv6 and IPv4 by turns (RFC 8305).
///
/// # Errors
/// [`ForwardError::Dns`], or the most telling failure of the addresses.
pub(super) async fn connect(
    host: &str,
    port: u16,
    limit: Duration,
    send_buffer_bytes: Option<usize>,
) -> Result<TcpStream, ForwardError> {
    let resolved = match timeout(limit, lookup_host((host, port))).await {
        Ok(Ok(addresses)) => by_turns(addresses.collect()),
        Ok(Err(_)) | Err(_) => return Err(ForwardError::Dns),
    };
    if resolved.is_empty() {
        return Err(ForwardError::Dns);
    }
    let socket = race(resolved, limit).await?;
    // A frame must not wait for the acknowledgement of the one before.
    let prepared = socket.set_nodelay(true).and_then(|()| match send_buffer_bytes {
        Some(bytes) => SockRef::from(&socket).set_send_buffer_size(bytes),
        None => Ok(()),
    });
    prepared.map_err(|error| ForwardError::of_connect(&error))?;
    // The system would hold megabytes, seconds of old picture, before it said that the far side is slow.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = SockRef::from(&socket).set_tcp_notsent_lowat(MOST_UNSENT_BYTES) {
        tracing::debug!(%error, "the system keeps its own bound of unsent bytes");
    }
    Ok(socket)
}

/// Both families by turns, the resolver's first choice first.
fn by_turns(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = addresses.first() else { return addresses };
    let first_is_v6 = first.is_ipv6();
    let (mut preferred, mut other): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    preferred.reverse();
    other.reverse();
    let mut mixed = Vec::new();
    while mixed.len() < MOST_ADDRESSES && !(preferred.is_empty() && other.is_empty()) {
        mixed.extend(preferred.pop());
        mixed.extend(other.pop());
    }
    mixed
}

async fn race(addresses: Vec<SocketAddr>, limit: Duration) -> Result<TcpStream, ForwardError> {
    let mut waiting = addresses.into_iter();
    let mut trying = FuturesUnordered::new();
    let mut failure: Option<ForwardError> = None;
    let deadline = Instant::now() + limit;
    let mut next_at = Instant::now();
    loop {
        if Instant::now() >= next_at || trying.is_empty() {
            match waiting.next() {
                Some(address) => {
                    trying.push(TcpStream::connect(address));
                    next_at = Instant::now() + STAGGER;
                }
                None if trying.is_empty() => return Err(failure.unwrap_or(ForwardError::Unreachable)),
                None => next_at = deadline,
            }
        }
        tokio::select! {
            Some(connected) = trying.next() => match connected {
                Ok(socket) => return Ok(socket),
                Err(error) => {
                    let found = ForwardError::of_connect(&error);
                    failure = Some(match failure {
                        Some(before) => before.or(found),
                        None => found,
                    });
                    next_at = Instant::now();
                }
            },
            () = sleep_until(next_at.min(deadline)) => {
                if Instant::now() >= deadline {
                    // Some address never answered; what others said is more telling.
                    let silent = ForwardError::TimedOut;
                    return Err(failure.map_or(silent.clone(), |before| silent.or(before)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let parse = |text: &str| text.parse::<SocketAddr>().expect("an address");
        let all = ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"].map(parse).to_vec();
        let mixed: Vec<String> = by_turns(all).iter().map(ToString::to_string).collect();
        assert_eq!(mixed, ["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]);
    }
}
