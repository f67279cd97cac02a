//! Signatures of the digest handshake.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{PACKET_BYTES, Packet, RANDOM_BYTES};

pub(super) const DIGEST_BYTES: usize = 32;

/// Keys every player and server has had since Flash Player 9; they protect nothing. Digests inside C1 and S1 use the
/// readable part, those of C2 and S2 the whole.
pub(super) const PLAYER_KEY: &[u8; 30] = b"Genuine Adobe Flash Player 001";
pub(super) const SERVER_KEY: &[u8; 36] = b"Genuine Adobe Flash Media Server 001";
const KEY_TAIL: [u8; 32] = [
    0xF0, 0xEE, 0xC2, 0x4A, 0x80, 0x68, 0xBE, 0xE8, 0x2E, 0x00, 0xD0, 0xD1, 0x02, 0x9E, 0x7E, 0x57, 0x6E,
    0xEC, 0x5D, 0x2D, 0x29, 0x80, 0x6F, 0xAB, 0x93, 0xB8, 0xE6, 0x36, 0xCF, 0xEB, 0x31, 0xAE,
];

/// Version field of a signed S1, which tells the player that it is signed.
const SERVER_VERSION: [u8; 4] = [4, 5, 0, 1];

/// Where a packet keeps its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// "Schema 0": digest in the half behind the two fields.
    DigestFirst,
    /// "Schema 1": key in the first half, digest in the second.
    KeyFirst,
}

impl Layout {
    /// Offset of the digest, from the four bytes that place it; it always lies within the packet.
    pub(super) fn digest_offset(self, packet: &Packet) -> usize {
        let start = match self {
            Self::DigestFirst => 8,
            Self::KeyFirst => 772,
        };
        let sum: usize = packet[start..start + 4].iter().map(|&byte| usize::from(byte)).sum();
        start + 4 + sum % 728
    }
}

/// S1 and S2 for a C1 that is signed; `None` if it is not.
pub(super) fn reply(c1: &Packet, random: &[u8; RANDOM_BYTES]) -> Option<(Packet, Packet)> {
    let is_unsigned = c1[4..8] == [0; 4];
    if is_unsigned {
        return None;
    }
    let layout = [Layout::DigestFirst, Layout::KeyFirst]
        .into_iter()
        .find(|layout| packet_digest(c1, layout.digest_offset(c1), PLAYER_KEY) == digest_at(c1, *layout))?;

    let mut s1 = [0; PACKET_BYTES];
    s1[4..8].copy_from_slice(&SERVER_VERSION);
    s1[8..].copy_from_slice(random);
    sign(&mut s1, layout, SERVER_KEY);

    let mut s2 = [0; PACKET_BYTES];
    let (body, signature) = s2.split_at_mut(PACKET_BYTES - DIGEST_BYTES);
    body.copy_from_slice(&random[..PACKET_BYTES - DIGEST_BYTES]);
    let whole_key = [&SERVER_KEY[..], &KEY_TAIL].concat();
    let key = hmac_sha256(&whole_key, &[&digest_at(c1, layout)]);
    signature.copy_from_slice(&hmac_sha256(&key, &[body]));
    Some((s1, s2))
}

/// Writes a packet's digest into its place.
pub(super) fn sign(packet: &mut Packet, layout: Layout, key: &[u8]) {
    let offset = layout.digest_offset(packet);
    let digest = packet_digest(packet, offset, key);
    packet[offset..offset + DIGEST_BYTES].copy_from_slice(&digest);
}

fn digest_at(packet: &Packet, layout: Layout) -> [u8; DIGEST_BYTES] {
    let offset = layout.digest_offset(packet);
    let mut digest = [0; DIGEST_BYTES];
    digest.copy_from_slice(&packet[offset..offset + DIGEST_BYTES]);
    digest
}

/// The digest of a packet without the bytes that hold it.
fn packet_digest(packet: &Packet, offset: usize, key: &[u8]) -> [u8; DIGEST_BYTES] {
    hmac_sha256(key, &[&packet[..offset], &packet[offset + DIGEST_BYTES..]])
}

pub(super) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; DIGEST_BYTES] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}
