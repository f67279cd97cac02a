//! The client's side of the handshake, simple form.

use bytes::{Buf, BufMut, BytesMut};

use super::{PACKET_BYTES, RANDOM_BYTES, VERSION, check_version, take_packet};
use crate::rtmp::RtmpError;

/// Sends C0 and C1, waits for S0 and S1, answers C2, waits for S2. Every RTMP server accepts the simple form.
#[derive(Clone)]
pub struct ClientHandshake {
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    AwaitS0,
    AwaitS1,
    AwaitS2,
    Done,
}

impl ClientHandshake {
    /// Starts by appending C0 and C1 to `out`; `random` fills C1.
    pub fn new(random: &[u8; RANDOM_BYTES], out: &mut BytesMut) -> Self {
        out.reserve(1 + PACKET_BYTES);
        out.put_u8(VERSION);
        out.put_slice(&[0; 8]);
        out.put_slice(random);
        Self { step: Step::AwaitS0 }
    }

    /// Takes what it can from `buf` and appends C2 to `out`. True when the handshake is over and the rest of `buf` is
    /// chunks.
    ///
    /// # Errors
    /// [`RtmpError::NotRtmp`] when the server's first byte is no version number.
    pub fn receive(&mut self, buf: &mut BytesMut, out: &mut BytesMut) -> Result<bool, RtmpError> {
        loop {
            match self.step {
                Step::AwaitS0 => {
                    let Some(&version) = buf.first() else { return Ok(false) };
                    check_version(version)?;
                    buf.advance(1);
                    self.step = Step::AwaitS1;
                }
                Step::AwaitS1 => {
                    let Some(s1) = take_packet(buf) else { return Ok(false) };
                    out.put_slice(&s1);
                    self.step = Step::AwaitS2;
                }
                Step::AwaitS2 => {
                    // An echo of C1 or a signature; neither proves anything over an open connection.
                    if take_packet(buf).is_none() {
                        return Ok(false);
                    }
                    self.step = Step::Done;
                }
                Step::Done => return Ok(true),
            }
        }
    }
}
