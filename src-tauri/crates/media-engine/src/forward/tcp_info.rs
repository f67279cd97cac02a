//! What the system knows of a connection: how much the far side acknowledged, and how far away it is.

use tokio::net::TcpStream;

/// A glance at a connection.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux tells"))]
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TcpFacts {
    /// Bytes acknowledged since the connection was opened, those of TLS included.
    pub(super) acked_bytes: u64,
    /// Bytes were sent that are not acknowledged, or wait in the system to be sent.
    pub(super) outstanding: bool,
    /// Smoothed round trip.
    pub(super) rtt_ms: Option<f64>,
}

/// Linux tells everything (`TCP_INFO`, tcp(7)).
#[cfg(target_os = "linux")]
pub(super) fn glance(socket: &TcpStream) -> Option<TcpFacts> {
    use nix::sys::socket::GetSockOpt as _;

    let info = linux::TcpInfo.get(socket).ok()?;
    Some(TcpFacts {
        acked_bytes: info.bytes_acked,
        outstanding: info.unacked > 0 || info.notsent_bytes > 0,
        rtt_ms: (info.rtt_us > 0).then(|| f64::from(info.rtt_us) / 1_000.0),
    })
}

/// Elsewhere only what the socket took is known.
#[cfg(not(target_os = "linux"))]
pub(super) fn glance(_: &TcpStream) -> Option<TcpFacts> {
    None
}

#[cfg(target_os = "linux")]
mod linux {
    use nix::libc;
    use nix::sys::socket::sockopt::GetStruct;

    /// The front of the kernel's `struct tcp_info`, as far as kernel 4.6 has it: whole numbers all of it.
    #[repr(C)]
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Info {
        states: [u8; 8],
        times_and_sizes: [u32; 4],
        pub(super) unacked: u32,
        losses_and_times: [u32; 10],
        pub(super) rtt_us: u32,
        windows: [u32; 8],
        pacing: [u64; 2],
        pub(super) bytes_acked: u64,
        bytes_received: u64,
        segments: [u32; 2],
        pub(super) notsent_bytes: u32,
        min_rtt_us: u32,
    }

    /// The socket option.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct TcpInfo;

    nix::getsockopt_impl!(TcpInfo, libc::IPPROTO_TCP, libc::TCP_INFO, Info, GetStruct<Info>);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn what_was_read_was_acknowledged() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let mut socket =
            TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
        let (mut peer, _) = listener.accept().await.expect("a connection");
        let before = glance(&socket).expect("Linux tells");
        socket.write_all(&[7; 10_000]).await.expect("written");
        let mut taken = [0; 10_000];
        peer.read_exact(&mut taken).await.expect("read");
        // An answer carries the acknowledgement of everything before it.
        peer.write_all(&[1]).await.expect("written");
        socket.read_exact(&mut taken[..1]).await.expect("read");
        let after = glance(&socket).expect("Linux tells");
        assert_eq!(after.acked_bytes - before.acked_bytes, 10_000);
        assert!(!after.outstanding);
        assert!(after.rtt_ms.is_some());
    }
}
