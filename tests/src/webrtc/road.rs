//! Sockets a peer's datagrams travel by: UDP, or TCP with a length before each (RFC 4571, RFC 6544).

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::{Buf as _, BytesMut};
use str0m::net::{Protocol, TcpType};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket};

use crate::wait::{PATIENCE, within};

/// Room for what comes while this task waits for its turn: a keyframe to each of fifty viewers comes within
/// milliseconds.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;

/// By what datagrams travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// UDP.
    Udp,
    /// TCP, connected by the viewer (`tcptype passive` at the server).
    Tcp,
}

/// Where a server can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// By what.
    pub way: Way,
    /// Where.
    pub address: SocketAddr,
}

/// An open socket.
pub(super) enum Road {
    Udp { socket: UdpSocket, local: SocketAddr },
    Tcp { stream: TcpStream, local: SocketAddr, remote: SocketAddr, received: BytesMut },
}

impl Road {
    pub(super) fn udp() -> Self {
        let open = || -> io::Result<Self> {
            let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
            socket.set_nonblocking(true)?;
            // The system grants what it allows.
            let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
            socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
            let socket = UdpSocket::from_std(socket.into())?;
            Ok(Self::Udp { local: socket.local_addr()?, socket })
        };
        open().expect("this computer has UDP")
    }

    pub(super) async fn tcp(remote: SocketAddr) -> Self {
        let connecting = TcpStream::connect(remote);
        let stream = within(PATIENCE, "an ICE-TCP connection", connecting).await.expect("the port is open");
        stream.set_nodelay(true).expect("a connected socket");
        let local = stream.local_addr().expect("a connected socket");
        Self::Tcp { stream, local, remote, received: BytesMut::new() }
    }

    pub(super) fn local(&self) -> SocketAddr {
        match self {
            Self::Udp { local, .. } | Self::Tcp { local, .. } => *local,
        }
    }

    pub(super) fn protocol(&self) -> Protocol {
        match self {
            Self::Udp { .. } => Protocol::Udp,
            Self::Tcp { .. } => Protocol::Tcp,
        }
    }

    /// This socket as a candidate of ours.
    pub(super) fn candidate(&self) -> str0m::Candidate {
        let local = self.local();
        match self {
            Self::Udp { .. } => str0m::Candidate::host(local, "udp"),
            Self::Tcp { .. } => {
                str0m::Candidate::builder().tcp().host(local).tcptype(TcpType::Active).build()
            }
        }
        .expect("an address of this computer")
    }

    /// Waits for a datagram; nothing is lost if the wait is given up.
    pub(super) async fn receive(&mut self, datagram: &mut Vec<u8>) -> io::Result<SocketAddr> {
        match self {
            Self::Udp { socket, .. } => {
                datagram.clear();
                let (_, from) = socket.recv_buf_from(datagram).await?;
                Ok(from)
            }
            Self::Tcp { stream, remote, received, .. } => loop {
                if take_frame(received, datagram) {
                    return Ok(*remote);
                }
                stream.readable().await?;
                match stream.try_read_buf(received) {
                    Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            },
        }
    }

    pub(super) async fn send(&mut self, to: SocketAddr, datagram: &[u8]) {
        // Who is gone is noticed by his silence.
        match self {
            Self::Udp { socket, .. } => {
                let _ = socket.send_to(datagram, to).await;
            }
            Self::Tcp { stream, .. } => {
                let len = u16::try_from(datagram.len()).expect("a datagram is short");
                let _ = stream.write_all(&[&len.to_be_bytes()[..], datagram].concat()).await;
            }
        }
    }
}

fn take_frame(received: &mut BytesMut, datagram: &mut Vec<u8>) -> bool {
    let Some(len) = received.first_chunk::<2>().map(|len| usize::from(u16::from_be_bytes(*len))) else {
        return false;
    };
    if received.len() < 2 + len {
        return false;
    }
    received.advance(2);
    datagram.clear();
    datagram.extend_from_slice(&received.split_to(len));
    true
}
