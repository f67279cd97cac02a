//! The handshake (RTMP 1.0 s5.2), simple and with digests.
//!
//! The digest form is not in the specification: Flash players and a few encoders sign C1 with HMAC-SHA256 and expect
//! the reply signed too. A C1 whose digest does not match in either layout gets the simple reply, an echo.

mod client;
mod digest;

use bytes::{Buf, BufMut, BytesMut};

pub use client::ClientHandshake;

use super::{NotRtmp, RtmpError};

/// Random bytes of one handshake packet: 1536 without its two 4-byte fields.
pub const RANDOM_BYTES: usize = 1528;

const VERSION: u8 = 3;
/// C1, C2, S1 and S2 are all this long.
const PACKET_BYTES: usize = 8 + RANDOM_BYTES;

type Packet = [u8; PACKET_BYTES];

/// The server's side: waits for C0 and C1, answers S0, S1 and S2, waits for C2.
#[derive(Clone)]
pub struct ServerHandshake {
    random: [u8; RANDOM_BYTES],
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    AwaitC0,
    AwaitC1,
    AwaitC2,
    Done,
}

impl ServerHandshake {
    /// `random` fills S1; it need not be secret, only differ between connections.
    pub fn new(random: [u8; RANDOM_BYTES]) -> Self {
        Self { random, step: Step::AwaitC0 }
    }

    /// Takes what it can from `buf` and appends its replies to `out`. True when the handshake is over and the rest of
    /// `buf` is chunks.
    ///
    /// # Errors
    /// [`RtmpError::NotRtmp`] when the first byte is no version number below 32 (RTMP 1.0 s5.2.2 keeps those above
    /// free so that text protocols can be told apart). Versions other than 3 are answered with 3.
    pub fn receive(&mut self, buf: &mut BytesMut, out: &mut BytesMut) -> Result<bool, RtmpError> {
        loop {
            match self.step {
                Step::AwaitC0 => {
                    let Some(&version) = buf.first() else { return Ok(false) };
                    check_version(version)?;
                    buf.advance(1);
                    self.step = Step::AwaitC1;
                }
                Step::AwaitC1 => {
                    let Some(c1) = take_packet(buf) else { return Ok(false) };
                    self.reply(&c1, out);
                    self.step = Step::AwaitC2;
                }
                Step::AwaitC2 => {
                    // Its contents are not checked: many encoders fill it with anything.
                    if take_packet(buf).is_none() {
                        return Ok(false);
                    }
                    self.step = Step::Done;
                }
                Step::Done => return Ok(true),
            }
        }
    }

    fn reply(&self, c1: &Packet, out: &mut BytesMut) {
        out.reserve(1 + 2 * PACKET_BYTES);
        out.put_u8(VERSION);
        match digest::reply(c1, &self.random) {
            Some((s1, s2)) => {
                out.put_slice(&s1);
                out.put_slice(&s2);
            }
            None => {
                out.put_slice(&[0; 8]);
                out.put_slice(&self.random);
                out.put_slice(c1);
            }
        }
    }
}

fn take_packet(buf: &mut BytesMut) -> Option<Packet> {
    let packet = *buf.first_chunk()?;
    buf.advance(PACKET_BYTES);
    Some(packet)
}

fn check_version(version: u8) -> Result<(), RtmpError> {
    const TLS_HANDSHAKE_RECORD: u8 = 0x16;
    match version {
        TLS_HANDSHAKE_RECORD => Err(RtmpError::NotRtmp(NotRtmp::Tls)),
        0..32 => Ok(()),
        b'A'..=b'Z' => Err(RtmpError::NotRtmp(NotRtmp::Http)),
        other => Err(RtmpError::NotRtmp(NotRtmp::Other(other))),
    }
}

#[cfg(test)]
mod tests;
