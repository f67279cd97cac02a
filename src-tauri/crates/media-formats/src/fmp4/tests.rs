use std::fmt::Write;

use bytes::Bytes;

use super::*;
use crate::aac::AudioConfig;
use crate::h264::VideoConfig;

const CONTAINERS: [&[u8; 4]; 9] =
    [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"mvex", b"moof", b"traf"];

/// Boxes as an indented list of kind, size and content, for reading in snapshots.
fn box_tree(bytes: &[u8]) -> String {
    let mut text = String::new();
    write_boxes(bytes, 0, &mut text);
    text
}

fn write_boxes(mut bytes: &[u8], depth: usize, text: &mut String) {
    while let [a, b, c, d, kind @ ..] = bytes {
        let size = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let (kind, content) = (&kind[..4], &bytes[8..size.min(bytes.len())]);
        write!(text, "{:depth$}{} {size}", "", kind.escape_ascii(), depth = 2 * depth).unwrap();
        let children = match kind {
            kind if CONTAINERS.iter().any(|container| *container == kind) => Some(0),
            b"dref" | b"stsd" => Some(8),
            b"avc1" => Some(78),
            b"mp4a" => Some(28),
            _ => None,
        };
        let own = children.unwrap_or(content.len());
        if own > 0 {
            write!(text, "  ").unwrap();
            content[..own].iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
        }
        text.push('\n');
        if children.is_some() {
            write_boxes(&content[own..], depth + 1, text);
        }
        bytes = bytes.get(size..).unwrap_or_default();
    }
}

fn video_config() -> VideoConfig {
    // x264 high profile 1280x720, without the extension a publisher may leave out
    const AVCC: &[u8] =
        b"\x01\x64\x00\x1f\xff\xe1\x00\x1a\x67\x64\x00\x1f\xac\xd9\x40\x50\x05\xbb\x01\x10\x00\x00\x03\
        \x00\x10\x00\x00\x03\x03\xc0\xf1\x83\x19\x60\x01\x00\x06\x68\xea\xe3\xcb\x22\xc0";
    VideoConfig::parse(Bytes::from_static(AVCC)).unwrap()
}

fn audio_config() -> AudioConfig {
    AudioConfig::parse(Bytes::from_static(&[0x11, 0x90, 0x56, 0xe5, 0x00])).unwrap()
}

#[test]
fn init_segment_of_video() {
    insta::assert_snapshot!(box_tree(&init_video(&video_config())));
}

#[test]
fn init_segment_of_audio() {
    insta::assert_snapshot!(box_tree(&init_audio(&audio_config())));
}

#[test]
fn a_rate_above_16_bits_is_the_timescale_all_the_same() {
    let config = AudioConfig::parse(Bytes::from_static(&[0x10, 0x10])).unwrap(); // LC, 96 kHz, stereo
    let tree = box_tree(&init_audio(&config));
    let mdhd = tree.lines().find(|line| line.contains("mdhd")).unwrap();
    assert!(mdhd.contains(&format!("{:08x}", 96_000)), "{mdhd}");
}

#[test]
fn part_of_video_with_reordering() {
    let samples = [
        SampleEntry { duration: 3000, size: 900, cts: 6000, key: true },
        SampleEntry { duration: 3000, size: 100, cts: -3000, key: false },
        SampleEntry { duration: 2970, size: 50, cts: 0, key: false },
    ];
    insta::assert_snapshot!(box_tree(&part_head(TrackKind::Video, 7, 0x1_0000_0000, &samples)), @"
    moof 144
      mfhd 16  0000000000000007
      traf 120
        tfhd 24  000200280000000100000bb802000000
        tfdt 20  010000000000000100000000
        trun 68  01000f01000000030000009800000bb800000384020000000000177000000bb80000006401010000fffff44800000b9a000000320101000000000000
    mdat 1058
    ");
}

#[test]
fn part_of_audio_needs_sizes_only() {
    let samples = [341, 342].map(|size| SampleEntry { duration: 1024, size, cts: 0, key: true });
    insta::assert_snapshot!(box_tree(&part_head(TrackKind::Audio, 1, 48_000, &samples)), @"
    moof 104
      mfhd 16  0000000000000001
      traf 80
        tfhd 24  00020028000000020000040002000000
        tfdt 20  01000000000000000000bb80
        trun 28  0100020100000002000000700000015500000156
    mdat 691
    ");
}

#[test]
fn payloads_beyond_four_gigabytes_get_a_large_size() {
    let samples = [SampleEntry { duration: 1, size: u32::MAX, cts: 0, key: true }; 2];
    let head = part_head(TrackKind::Video, 1, 0, &samples);
    let mdat = &head[head.len() - 16..];
    assert_eq!(mdat[..8], [0, 0, 0, 1, b'm', b'd', b'a', b't']);
    assert_eq!(mdat[8..], (2 * u64::from(u32::MAX) + 16).to_be_bytes());
    let moof_bytes = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
    let offset = moof_bytes - 2 * 4 - 4; // behind the sample count, before the two sizes
    assert_eq!(
        head[offset as usize..][..4],
        (head.len() as u32).to_be_bytes(),
        "data offset points behind the head"
    );
}
