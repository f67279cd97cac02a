//! Opening a door's port.

use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use crate::error::ListenError;

/// Ports tried after a taken one.
const NEXT_PORTS: u16 = 20;
/// Connections the system may queue before they are accepted.
const BACKLOG: i32 = 1_024;

/// Opens `wanted_port` (0 = any), or the next free one.
pub(crate) fn listen(bind: IpAddr, wanted_port: u16) -> Result<(TcpListener, SocketAddr), ListenError> {
    let last_port = if wanted_port == 0 { 0 } else { wanted_port.saturating_add(NEXT_PORTS) };
    let mut refused = None;
    for port in wanted_port..=last_port {
        match bind_port(SocketAddr::new(bind, port)) {
            Ok(opened) => return Ok(opened),
            Err(error) => {
                let taken = error.kind() == io::ErrorKind::AddrInUse;
                refused = Some(error);
                if !taken {
                    break;
                }
            }
        }
    }
    let source = refused.unwrap_or_else(|| io::Error::other("no port was tried"));
    Err(ListenError { bind, wanted_port, source })
}

fn bind_port(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Lets a restarted program have its port back at once; on Windows it would let another program steal it.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from_std(socket.into())?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[tokio::test]
    async fn a_taken_port_gives_way_to_the_next_free_one() {
        let bind = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (_held, first) = listen(bind, 0).expect("a free port");
        let (_next, second) = listen(bind, first.port()).expect("the next port");
        assert_ne!(second.port(), first.port());
    }

    #[tokio::test]
    async fn an_address_of_another_computer_is_refused_in_words() {
        let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let refused = crate::HubError::from(listen(elsewhere, 8002).expect_err("not ours"));
        assert!(refused.to_string().contains("192.0.2.1, from 8002 on"), "{refused}");
    }
}
