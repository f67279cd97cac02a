//! The server's side of an RTMP connection, before and after the handshake, with every owner's answer.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use media_formats::rtmp::{ClientHandshake, RANDOM_BYTES, ServerConfig, ServerConnection, ServerEvent};

fuzz_target!(|data: &[u8]| {
    let Some((&choices, data)) = data.split_first() else { return };
    let (skip_handshake, accept, piece_bytes) =
        (choices & 1 == 0, choices & 2 == 0, usize::from(choices >> 2) * 8 + 1);
    let mut connection = ServerConnection::new(ServerConfig::default(), [7; RANDOM_BYTES]);
    let mut buf = BytesMut::new();
    if skip_handshake {
        ClientHandshake::new(&[9; RANDOM_BYTES], &mut buf);
        buf.extend_from_slice(&[0; 8 + RANDOM_BYTES]);
    }
    for piece in data.chunks(piece_bytes) {
        buf.extend_from_slice(piece);
        if connection.receive(&mut buf).is_err() {
            assert!(connection.wants_close());
            return;
        }
        while let Some(event) = connection.poll_event() {
            match event {
                ServerEvent::PublishRequested(_) if accept => connection.accept_publish(),
                ServerEvent::PublishRequested(request) => {
                    assert!(request.path_parts().all(|part| !part.is_empty()));
                    connection.reject_publish("no");
                }
                _ => {}
            }
        }
        while connection.poll_transmit().is_some() {}
    }
});
