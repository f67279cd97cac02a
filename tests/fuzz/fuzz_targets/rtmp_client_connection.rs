//! The publisher's side of an RTMP connection, before and after the handshake, sending whenever it may.
#![no_main]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;
use media_formats::flv::{AAC_FRAME_PREFIX, avc_frame_prefix};
use media_formats::rtmp::{ClientConfig, ClientConnection, ClientState, RANDOM_BYTES};

fuzz_target!(|data: &[u8]| {
    let Some((&choices, data)) = data.split_first() else { return };
    let (skip_handshake, piece_bytes) = (choices & 1 == 0, usize::from(choices >> 1) * 8 + 1);
    let config = ClientConfig {
        app: "live".to_owned(),
        tc_url: "rtmp://host/live".to_owned(),
        stream_name: "planted-key?x=1".to_owned(),
        flash_ver: String::new(),
    };
    let mut connection = ClientConnection::new(config, [9; RANDOM_BYTES]);
    let payload = Bytes::from_static(&[5; 300]);
    let mut buf = BytesMut::new();
    if skip_handshake {
        buf.extend_from_slice(&[3; 1 + 2 * (8 + RANDOM_BYTES)]);
    }
    for (index, piece) in data.chunks(piece_bytes).enumerate() {
        buf.extend_from_slice(piece);
        if connection.receive(&mut buf).is_err() {
            assert!(connection.wants_close());
            return;
        }
        while let Some(event) = connection.poll_event() {
            assert!(!format!("{event:?}").contains("planted-key"));
        }
        while connection.poll_transmit().is_some() {}
        let mut out = Vec::new();
        connection.video(index as u32 * 40, avc_frame_prefix(true, 0), &payload, &mut out);
        connection.audio(index as u32 * 40, AAC_FRAME_PREFIX, &payload, &mut out);
        assert_eq!(out.is_empty(), connection.state() != ClientState::Publishing);
    }
    connection.close();
    assert!(connection.wants_close());
});
