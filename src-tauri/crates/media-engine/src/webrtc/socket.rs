//! The one UDP port of all peers, and the TCP port of the same number.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};

use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use tokio::io::Interest;
use tokio::net::{TcpListener, UdpSocket};

/// Messages taken from the system at a time.
const BATCH: usize = 8;
/// Room for one message, which may be several datagrams of one peer that the system put together.
const MESSAGE_BYTES: usize = 64 << 10;
/// What the system may hold for us: a few milliseconds of many viewers' feedback.
const RECEIVE_BUFFER_BYTES: usize = 1 << 20;
/// And of ours: a burst of pictures to many viewers.
const SEND_BUFFER_BYTES: usize = 4 << 20;

/// Both listeners, bound.
pub(crate) struct Sockets {
    pub(super) udp: Udp,
    pub(super) tcp: TcpListener,
    address: SocketAddr,
}

impl Sockets {
    /// Binds both at the same port; 0 takes any port that is free for both.
    ///
    /// # Errors
    /// What the system says; a taken port is `AddrInUse`.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let any = address.port() == 0;
        // A port that is free for one protocol may be taken for the other.
        let mut tries = if any { 16 } else { 1 };
        loop {
            tries -= 1;
            let udp = std::net::UdpSocket::bind(address)?;
            let address = udp.local_addr()?;
            match crate::engine::bind_port(address) {
                Ok((tcp, _)) => return Ok(Self { udp: Udp::new(udp)?, tcp, address }),
                Err(error) if tries == 0 || error.kind() != io::ErrorKind::AddrInUse => return Err(error),
                Err(_) => {}
            }
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }
}

/// The UDP socket with its receive buffers.
pub(super) struct Udp {
    socket: UdpSocket,
    state: UdpSocketState,
    buffers: Vec<Vec<u8>>,
    metas: [RecvMeta; BATCH],
}

impl Udp {
    fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let state = UdpSocketState::new((&socket).into())?;
        // As much as the system grants.
        let _ = state.set_recv_buffer_size((&socket).into(), RECEIVE_BUFFER_BYTES);
        let _ = state.set_send_buffer_size((&socket).into(), SEND_BUFFER_BYTES);
        Ok(Self {
            socket: UdpSocket::from_std(socket)?,
            state,
            buffers: vec![vec![0; MESSAGE_BYTES]; BATCH],
            metas: [RecvMeta::default(); BATCH],
        })
    }

    /// Resolves once there may be something to receive. Cancel safe.
    pub(super) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// Takes what is there: `each(source, address it came to, datagram)`. False once there is no more.
    pub(super) fn receive(&mut self, mut each: impl FnMut(SocketAddr, Option<IpAddr>, &[u8])) -> bool {
        let mut slices: Vec<IoSliceMut<'_>> =
            self.buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
        let (socket, state, metas) = (&self.socket, &self.state, &mut self.metas);
        let received =
            socket.try_io(Interest::READABLE, || state.recv(UdpSockRef::from(socket), &mut slices, metas));
        let count = match received {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            // On Windows a peer that is gone shows up here; there is nothing to do about it.
            Err(error) => {
                tracing::debug!(%error, "a datagram was not received");
                return false;
            }
        };
        for (meta, slice) in metas.iter().zip(&slices).take(count) {
            let message = slice.get(..meta.len).unwrap_or_default();
            for datagram in message.chunks(meta.stride.max(1)) {
                each(meta.addr, meta.dst_ip, datagram);
            }
        }
        true
    }

    /// Sends, or loses the datagram if the system does not take it now.
    pub(super) fn send(&self, from: IpAddr, to: SocketAddr, contents: &[u8]) -> bool {
        // Loopback and wildcard alike: an answer leaves from where the question came to.
        let transmit =
            Transmit { destination: to, ecn: None, contents, segment_size: None, src_ip: Some(from) };
        let sent = self
            .socket
            .try_io(Interest::WRITABLE, || self.state.try_send(UdpSockRef::from(&self.socket), &transmit));
        if let Err(error) = &sent
            && error.kind() != io::ErrorKind::WouldBlock
        {
            tracing::trace!(%error, %to, "a datagram was not sent");
        }
        sent.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_datagram_tells_where_it_came_to_and_is_answered_from_there() {
        let mut sockets = Sockets::bind("0.0.0.0:0".parse().expect("an address")).expect("free ports");
        let at = SocketAddr::new("127.0.0.2".parse().expect("an address"), sockets.port());
        let peer = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        peer.send_to(b"hello", at).await.expect("sent");
        sockets.udp.readable().await.expect("readable");
        let mut came = Vec::new();
        sockets.udp.receive(|from, to, datagram| came.push((from, to, datagram.to_vec())));
        assert_eq!(came, [(peer.local_addr().expect("bound"), Some(at.ip()), b"hello".to_vec())]);
        assert!(sockets.udp.send(at.ip(), came[0].0, b"world"));
        let mut buffer = [0; 16];
        let (count, from) = peer.recv_from(&mut buffer).await.expect("an answer");
        assert_eq!((&buffer[..count], from), (&b"world"[..], at));
    }

    #[tokio::test]
    async fn tcp_has_the_same_number_and_a_taken_one_is_refused() {
        let first = Sockets::bind("127.0.0.1:0".parse().expect("an address")).expect("free ports");
        assert_eq!(first.tcp.local_addr().expect("bound"), first.address());
        let taken = Sockets::bind(first.address()).err().expect("taken");
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
    }
}
