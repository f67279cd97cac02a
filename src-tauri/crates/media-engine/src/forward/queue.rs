//! What is waiting for the socket: headers and shared slices of payload, in order.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use tokio::io::AsyncWrite as _;

use super::link::Link;

/// Above this nothing is added but what belongs to the unit at hand. The rest waits in the bus.
const MOST_QUEUED_BYTES: usize = 256 << 10;
/// Pieces of one vectored write: some units with their headers.
const SLICES: usize = 64;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pieces: VecDeque<Bytes>,
    bytes: usize,
    /// TLS may hold on to what it was given.
    unflushed: bool,
}

impl Queue {
    pub(super) fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.bytes += piece.len();
            self.pieces.push_back(piece);
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes >= MOST_QUEUED_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn into_pieces(self) -> impl Iterator<Item = Bytes> {
        self.pieces.into_iter()
    }

    /// Writes what the socket takes; adds to `sent_bytes`. Pending when it takes no more, ready when nothing is left.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        link: &mut Link,
        sent_bytes: &mut u64,
    ) -> Poll<io::Result<()>> {
        while !self.pieces.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
                *slice = IoSlice::new(piece);
                count += 1;
            }
            match Pin::new(&mut *link).poll_write_vectored(cx, &slices[..count]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => {
                    *sent_bytes += written as u64;
                    self.advance(written);
                    self.unflushed = matches!(link, Link::Tls(_));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        if self.unflushed {
            match Pin::new(link).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                other => return other,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut written: usize) {
        self.bytes -= written;
        while let Some(first) = self.pieces.front_mut() {
            if first.len() > written {
                first.advance(written);
                return;
            }
            written -= first.len();
            self.pieces.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_leaves_and_the_rest_stays_in_order() {
        let mut queue = Queue::default();
        for piece in [&b"abc"[..], b"", b"defg", b"h"] {
            queue.push(Bytes::copy_from_slice(piece));
        }
        queue.advance(5);
        assert_eq!(queue.bytes, 3);
        assert_eq!(queue.into_pieces().collect::<Vec<_>>().concat(), b"fgh");
    }
}
