//! What stands in RTP payloads of H.264 (RFC 6184), as far as a viewer must know it.

/// Types of NAL units (ITU-T H.264 table 7-1).
pub(super) const IDR: u8 = 5;
pub(super) const SPS: u8 = 7;
pub(super) const PPS: u8 = 8;

const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// Appends what a payload holds to an access unit in Annex B form; a payload that holds nothing of H.264 is an error.
pub(super) fn depacketise(payload: &[u8], unit: &mut Vec<u8>) -> Result<(), String> {
    let &first = payload.first().ok_or("an empty payload")?;
    match first & 0x1f {
        1..=23 => nal(unit, payload),
        STAP_A => {
            let mut rest = &payload[1..];
            while let Some((len, after)) = rest.split_first_chunk::<2>() {
                let len = usize::from(u16::from_be_bytes(*len));
                let one = after.get(..len).filter(|one| !one.is_empty()).ok_or("a cut off aggregate")?;
                nal(unit, one);
                rest = &after[len..];
            }
        }
        FU_A => {
            let &header = payload.get(1).ok_or("a fragment without a header")?;
            if header & 0x80 != 0 {
                nal(unit, &[first & 0xe0 | header & 0x1f]);
            }
            unit.extend_from_slice(&payload[2..]);
        }
        other => return Err(format!("packets of type {other}, which was not agreed on")),
    }
    Ok(())
}

fn nal(unit: &mut Vec<u8>, bytes: &[u8]) {
    unit.extend_from_slice(&[0, 0, 0, 1]);
    unit.extend_from_slice(bytes);
}

/// The NAL units of an access unit in Annex B form.
pub(super) fn nals(unit: &[u8]) -> Vec<&[u8]> {
    let mut starts = Vec::new();
    let mut at = 0;
    while let Some(found) = unit[at..].windows(3).position(|window| window == [0, 0, 1]) {
        starts.push(at + found);
        at += found + 3;
    }
    let ends = starts.iter().skip(1).copied().chain([unit.len()]);
    let one = |(&start, end): (&usize, usize)| {
        let bytes = &unit[start + 3..end];
        let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
        &bytes[..bytes.len() - zeros]
    };
    starts.iter().zip(ends).map(one).filter(|nal| !nal.is_empty()).collect()
}

/// Type of a NAL unit.
pub(super) fn kind(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |first| first & 0x1f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_of_every_agreed_kind_become_annex_b() {
        let mut unit = Vec::new();
        depacketise(&[0x78, 0, 2, 0x67, 1, 0, 1, 0x68], &mut unit).unwrap();
        depacketise(&[0x7c, 0x85, 9], &mut unit).unwrap();
        depacketise(&[0x7c, 0x45, 8], &mut unit).unwrap();
        depacketise(&[0x41, 7], &mut unit).unwrap();
        let found = nals(&unit);
        assert_eq!(found, [&[0x67, 1][..], &[0x68], &[0x65, 9, 8], &[0x41, 7]]);
        assert_eq!(found.iter().map(|nal| kind(nal)).collect::<Vec<_>>(), [SPS, PPS, IDR, 1]);
    }

    #[test]
    fn what_is_no_h264_is_told() {
        let mut unit = Vec::new();
        assert!(depacketise(&[], &mut unit).is_err());
        assert!(depacketise(&[0x78, 0, 9, 1], &mut unit).is_err());
        assert!(depacketise(&[30], &mut unit).is_err());
    }
}
