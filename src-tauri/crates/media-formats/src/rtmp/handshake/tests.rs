use bytes::BytesMut;
use proptest::prelude::*;

use super::digest::{DIGEST_BYTES, Layout, PLAYER_KEY, SERVER_KEY, hmac_sha256, sign};
use super::*;

fn random() -> [u8; RANDOM_BYTES] {
    std::array::from_fn(|index| (index * 7 + 3) as u8)
}

fn server() -> ServerHandshake {
    ServerHandshake::new(random())
}

fn bytes(parts: &[&[u8]]) -> BytesMut {
    BytesMut::from(&parts.concat()[..])
}

#[test]
fn simple_handshake_echoes_c1() {
    let mut c1 = [9; PACKET_BYTES];
    c1[4..8].fill(0);
    let (mut buf, mut out) = (bytes(&[&[3], &c1]), BytesMut::new());
    let mut handshake = server();
    assert_eq!(handshake.receive(&mut buf, &mut out), Ok(false));
    assert_eq!((out[0], out.len()), (3, 1 + 2 * PACKET_BYTES));
    assert_eq!(out[1 + 8..1 + PACKET_BYTES], random());
    assert_eq!(out[1 + PACKET_BYTES..], c1);
    buf.extend_from_slice(&[0; PACKET_BYTES]);
    buf.extend_from_slice(b"chunks");
    assert_eq!(handshake.receive(&mut buf, &mut out), Ok(true));
    assert_eq!(&buf[..], b"chunks");
}

#[test]
fn client_and_server_meet_however_the_bytes_are_cut() {
    let (mut to_server, mut to_client) = (BytesMut::new(), BytesMut::new());
    let mut client = ClientHandshake::new(&random(), &mut to_server);
    let mut server = server();
    let (mut server_buf, mut client_buf) = (BytesMut::new(), BytesMut::new());
    let (mut server_done, mut client_done) = (false, false);
    while !(server_done && client_done) {
        let cut = to_server.len().min(97);
        server_buf.unsplit(to_server.split_to(cut));
        server_done = server.receive(&mut server_buf, &mut to_client).unwrap();
        let cut = to_client.len().min(101);
        client_buf.unsplit(to_client.split_to(cut));
        client_done = client.receive(&mut client_buf, &mut to_server).unwrap();
    }
    assert!(server_buf.is_empty() && client_buf.is_empty());
}

#[test]
fn one_hundred_and_one_bytes_wait_for_more() {
    let (mut buf, mut out) = (bytes(&[&[3], &[0; 100]]), BytesMut::new());
    let mut handshake = server();
    for _ in 0..3 {
        assert_eq!(handshake.receive(&mut buf, &mut out), Ok(false));
    }
    assert!(out.is_empty());
    assert_eq!(buf.len(), 100);
}

#[test]
fn signed_c1_gets_a_signed_reply_in_its_layout() {
    for layout in [Layout::DigestFirst, Layout::KeyFirst] {
        let mut c1: Packet = std::array::from_fn(|index| (index * 13 + 1) as u8);
        sign(&mut c1, layout, PLAYER_KEY);
        let (mut buf, mut out) = (bytes(&[&[3], &c1]), BytesMut::new());
        server().receive(&mut buf, &mut out).unwrap();
        let s1: Packet = *out[1..].first_chunk().unwrap();
        let s2: Packet = *out[1 + PACKET_BYTES..].first_chunk().unwrap();

        let mut signed_again = s1;
        sign(&mut signed_again, layout, SERVER_KEY);
        assert!(s1 == signed_again, "S1 is signed in {layout:?}");
        let offset = layout.digest_offset(&c1);
        let whole_key = server_key();
        let key = hmac_sha256(&whole_key, &[&c1[offset..offset + DIGEST_BYTES]]);
        assert_eq!(
            s2[PACKET_BYTES - DIGEST_BYTES..],
            hmac_sha256(&key, &[&s2[..PACKET_BYTES - DIGEST_BYTES]])
        );
    }
}

/// The published 68-byte server key, written out apart from the code.
fn server_key() -> Vec<u8> {
    let mut key = b"Genuine Adobe Flash Media Server 001".to_vec();
    let tail = "f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae";
    key.extend((0..tail.len()).step_by(2).map(|at| u8::from_str_radix(&tail[at..at + 2], 16).unwrap()));
    key
}

#[test]
fn hmac_matches_rfc_4231_case_2() {
    let mac = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
    assert_eq!(mac[..4], [0x5b, 0xdc, 0xc1, 0x46]);
    assert_eq!(mac[28..], [0x64, 0xec, 0x38, 0x43]);
}

#[test]
fn c1_with_a_version_but_no_digest_gets_an_echo() {
    let c1 = [0x0C; PACKET_BYTES];
    let (mut buf, mut out) = (bytes(&[&[3], &c1]), BytesMut::new());
    server().receive(&mut buf, &mut out).unwrap();
    assert_eq!(out[1 + PACKET_BYTES..], c1);
}

#[test]
fn versions_below_32_are_answered_with_3() {
    for version in [0, 3, 6, 31] {
        let (mut buf, mut out) = (bytes(&[&[version], &[0; PACKET_BYTES]]), BytesMut::new());
        assert_eq!(server().receive(&mut buf, &mut out), Ok(false));
        assert_eq!(out[0], 3);
    }
}

#[test]
fn other_protocols_are_named_at_the_first_byte() {
    let error =
        |first: &[u8]| server().receive(&mut BytesMut::from(first), &mut BytesMut::new()).unwrap_err();
    assert_eq!(error(&[0x16, 3, 1]), RtmpError::NotRtmp(NotRtmp::Tls));
    assert_eq!(error(b"GET / HTTP/1.1\r\n"), RtmpError::NotRtmp(NotRtmp::Http));
    assert_eq!(error(&[0x80]), RtmpError::NotRtmp(NotRtmp::Other(0x80)));
    assert!(error(&[0x16]).to_string().contains("starts with rtmp://"));
    assert!(error(b"P").to_string().contains("HTTP"));
}

proptest! {
    #[test]
    fn arbitrary_c1_never_panics(c1 in prop::collection::vec(any::<u8>(), PACKET_BYTES)) {
        let (mut buf, mut out) = (bytes(&[&[3], &c1]), BytesMut::new());
        prop_assert_eq!(server().receive(&mut buf, &mut out), Ok(false));
        prop_assert_eq!(out.len(), 1 + 2 * PACKET_BYTES);
    }
}
