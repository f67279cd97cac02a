//! RTMP chunks: no input panics, limits hold, and cutting the input elsewhere changes no message.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use media_formats::rtmp::{ChunkLimits, ChunkReader, Message};

const LIMITS: ChunkLimits = ChunkLimits { max_message_bytes: 64 * 1024, max_buffered_bytes: 128 * 1024 };

fn read(data: &[u8], piece_bytes: usize) -> Vec<Message> {
    let mut reader = ChunkReader::new(LIMITS);
    let mut buf = BytesMut::new();
    let mut messages = Vec::new();
    for piece in data.chunks(piece_bytes) {
        buf.extend_from_slice(piece);
        loop {
            match reader.read(&mut buf) {
                Ok(Some(message)) => {
                    assert!(message.payload.len() <= LIMITS.max_message_bytes);
                    messages.push(message);
                }
                Ok(None) => break,
                Err(_) => return messages,
            }
        }
        assert!(buf.len() <= 18, "only an incomplete header stays");
    }
    assert!(reader.copied_bytes() <= 3 * data.len() as u64);
    messages
}

fuzz_target!(|data: &[u8]| {
    let Some((&cut, data)) = data.split_first() else { return };
    assert!(read(data, usize::from(cut) + 1) == read(data, data.len().max(1)));
});
