//! The shape of an Opus packet, checked before a decoder sees it.

/// Longest frame (RFC 6716 s3.4 \[R2\]).
const MAX_FRAME_BYTES: usize = 1_275;
/// 120 ms at 48 kHz, the longest packet (RFC 6716 s3.4 \[R5\]).
pub(super) const MAX_SAMPLES: usize = 5_760;
/// No packet of that length carries more than padding beyond this: 48 frames, their lengths and the header.
const MAX_PACKET_BYTES: usize = 48 * (MAX_FRAME_BYTES + 2) + 2;

/// Samples at 48 kHz that a packet lasts, or `None` if it breaks a rule of RFC 6716 s3.4.
pub(super) fn samples(packet: &[u8]) -> Option<usize> {
    let (&toc, rest) = packet.split_first()?;
    if packet.len() > MAX_PACKET_BYTES {
        return None;
    }
    let frames = match toc & 3 {
        0 => fits(rest.len()).then_some(1)?,
        1 => (rest.len().is_multiple_of(2) && fits(rest.len() / 2)).then_some(2)?,
        2 => {
            let (first, rest) = frame_length(rest)?;
            fits(rest.len().checked_sub(first)?).then_some(2)?
        }
        _ => counted_frames(rest)?,
    };
    let samples = frames * frame_samples(toc);
    (samples <= MAX_SAMPLES).then_some(samples)
}

/// Length of each frame, from the configuration number (RFC 6716 s3.1, table 2).
fn frame_samples(toc: u8) -> usize {
    let step = usize::from(toc >> 3 & 3);
    match toc >> 3 {
        0..12 => [480, 960, 1_920, 2_880][step], // SILK
        12..16 => [480, 960][step & 1],          // hybrid
        _ => 120 << step,                        // CELT
    }
}

fn fits(frame_bytes: usize) -> bool {
    frame_bytes <= MAX_FRAME_BYTES
}

/// One length of one or two bytes, and what follows it (RFC 6716 s3.2.1).
fn frame_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 252 {
        return Some((usize::from(first), rest));
    }
    let (&second, rest) = rest.split_first()?;
    Some((usize::from(second) * 4 + usize::from(first), rest))
}

/// Any number of frames with their count ahead (code 3, RFC 6716 s3.2.5).
fn counted_frames(bytes: &[u8]) -> Option<usize> {
    let (&header, mut rest) = bytes.split_first()?;
    let frames = usize::from(header & 0x3f);
    if frames == 0 {
        return None;
    }
    if header & 0x40 != 0 {
        let mut padding = 0;
        loop {
            let (&more, after) = rest.split_first()?;
            rest = after;
            padding += usize::from(more.min(254));
            if more < 255 {
                break;
            }
        }
        rest = &rest[..rest.len().checked_sub(padding)?];
    }
    if header & 0x80 == 0 {
        return (rest.len().is_multiple_of(frames) && fits(rest.len() / frames)).then_some(frames);
    }
    let mut told = 0;
    for _ in 1..frames {
        let (length, after) = frame_length(rest)?;
        (told, rest) = (told + length, after);
    }
    fits(rest.len().checked_sub(told)?).then_some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Header of a configuration with a frame-count code.
    fn toc(configuration: u8, code: u8) -> u8 {
        configuration << 3 | code
    }

    #[test]
    fn every_configuration_has_its_length() {
        let ms_by_configuration = [
            [10.0, 20.0, 40.0, 60.0],
            [10.0, 20.0, 40.0, 60.0],
            [10.0, 20.0, 40.0, 60.0],
            [10.0, 20.0, 10.0, 20.0],
            [2.5, 5.0, 10.0, 20.0],
            [2.5, 5.0, 10.0, 20.0],
            [2.5, 5.0, 10.0, 20.0],
            [2.5, 5.0, 10.0, 20.0],
        ];
        for (configuration, ms) in ms_by_configuration.iter().flatten().enumerate() {
            let packet = [toc(configuration as u8, 0), 1, 2];
            assert_eq!(samples(&packet), Some((ms * 48.0) as usize), "configuration {configuration}");
        }
    }

    #[test]
    fn frame_counts_are_added_up() {
        assert_eq!(samples(&[toc(31, 1), 1, 2]), Some(1_920));
        assert_eq!(samples(&[toc(31, 2), 1, 9, 8, 7]), Some(1_920));
        assert_eq!(samples(&[toc(31, 3), 3, 1, 2, 3]), Some(2_880), "constant");
        assert_eq!(samples(&[toc(31, 3), 0x82, 1, 9, 8]), Some(1_920), "variable");
        assert_eq!(samples(&[toc(31, 3), 0x41, 2, 9, 0, 0]), Some(960), "padded");
        assert_eq!(samples(&[toc(16, 3), 48]), Some(5_760), "empty frames are allowed");
        assert_eq!(samples(&[toc(31, 0)]), Some(960));
    }

    #[test]
    fn broken_rules_are_seen() {
        assert_eq!(samples(&[]), None);
        assert_eq!(samples(&[&[toc(31, 0)][..], &[0; 1_276]].concat()), None, "frame too long");
        assert_eq!(samples(&[toc(31, 1), 1]), None, "odd");
        assert_eq!(samples(&[toc(31, 2)]), None);
        assert_eq!(samples(&[toc(31, 2), 3, 1, 1]), None);
        assert_eq!(samples(&[toc(31, 2), 252]), None);
        assert_eq!(samples(&[toc(31, 3)]), None);
        assert_eq!(samples(&[toc(31, 3), 0]), None, "no frame");
        assert_eq!(samples(&[toc(31, 3), 7]), None, "140 ms");
        assert_eq!(samples(&[toc(31, 3), 0x42, 3, 1, 1]), None, "padding longer than the packet");
        assert_eq!(samples(&[toc(31, 3), 0x42, 255]), None);
        assert_eq!(samples(&[toc(31, 3), 0x83, 1, 1, 1]), None, "frames longer than the packet");
        assert_eq!(samples(&[toc(31, 3), 2, 1, 2, 3]), None, "constant, not divisible");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_safe(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..3_000)) {
            if let Some(samples) = samples(&bytes) {
                assert!((120..=MAX_SAMPLES).contains(&samples) && samples.is_multiple_of(120));
            }
        }
    }
}
