//! Whoever sends to the WebRTC port without having been invited.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::UdpSocket;

/// A UDP socket of nobody.
pub struct Stranger(UdpSocket);

impl Stranger {
    /// Opens it.
    ///
    /// # Panics
    /// When this computer has no UDP.
    pub async fn new() -> Self {
        Self(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("this computer has UDP"))
    }

    /// Sends a datagram.
    ///
    /// # Panics
    /// When the system refuses.
    pub async fn send(&self, to: SocketAddr, datagram: &[u8]) {
        self.0.send_to(datagram, to).await.expect("a datagram can be sent");
    }

    /// Datagrams that came back so far.
    pub fn heard(&self) -> usize {
        let mut datagram = [0; 2_048];
        std::iter::from_fn(|| self.0.try_recv(&mut datagram).ok()).count()
    }
}

/// The `a=ice-ufrag` of an SDP.
///
/// # Panics
/// When it has none.
pub fn ice_user(sdp: &str) -> &str {
    sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).expect("an ICE user").trim()
}

/// A STUN binding request (RFC 8489 s6, RFC 8445 s7.1) for this user, well-formed to the last byte, but signed with no password
/// anybody knows.
pub fn binding_request(server_user: &str, client_user: &str, transaction: [u8; 12]) -> Vec<u8> {
    const USERNAME: u16 = 0x0006;
    const MESSAGE_INTEGRITY: u16 = 0x0008;
    const PRIORITY: u16 = 0x0024;
    const USE_CANDIDATE: u16 = 0x0025;
    const ICE_CONTROLLING: u16 = 0x802a;
    const FINGERPRINT: u16 = 0x8028;
    let mut message = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    message.extend_from_slice(&transaction);
    attribute(&mut message, USERNAME, format!("{server_user}:{client_user}").as_bytes());
    attribute(&mut message, PRIORITY, &[0x6e, 0, 1, 0xff]);
    attribute(&mut message, ICE_CONTROLLING, &[7; 8]);
    attribute(&mut message, USE_CANDIDATE, &[]);
    attribute(&mut message, MESSAGE_INTEGRITY, &[0x5a; 20]);
    // The fingerprint is taken with its own length counted (RFC 8489 s14.7).
    let len = (message.len() + 8 - 20) as u16;
    message[2..4].copy_from_slice(&len.to_be_bytes());
    let fingerprint = crc32(&message) ^ 0x5354_554e;
    attribute(&mut message, FINGERPRINT, &fingerprint.to_be_bytes());
    message
}

fn attribute(message: &mut Vec<u8>, kind: u16, value: &[u8]) {
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&(value.len() as u16).to_be_bytes());
    message.extend_from_slice(value);
    message.resize(message.len().next_multiple_of(4), 0);
    let len = (message.len() - 20) as u16;
    message[2..4].copy_from_slice(&len.to_be_bytes());
}

/// CRC-32 (ITU-T V.42), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1)))
    })
}

#[cfg(test)]
mod tests {
    use str0m::ice::StunMessage;

    use super::*;

    #[test]
    fn the_request_is_one_that_servers_read() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        let bytes = binding_request("server", "client", [3; 12]);
        let message = StunMessage::parse(&bytes).unwrap();
        assert!(message.is_binding_request());
        assert_eq!(message.split_username(), Some(("server", "client")));
    }
}
