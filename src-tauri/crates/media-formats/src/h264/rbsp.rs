//! NAL units and the bits they carry: emulation prevention (H.264 s7.4.1).

/// The raw byte sequence payload: every `00 00 03` loses its 03.
pub(super) fn without_emulation_prevention(nal: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &byte in nal {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        payload.push(byte);
    }
    payload
}

/// Appends a raw byte sequence payload to `nal` so that no start code can be found in it. A payload that ends in a
/// `cabac_zero_word` gets a last 03.
pub(super) fn put_with_emulation_prevention(payload: &[u8], nal: &mut Vec<u8>) {
    nal.reserve(payload.len() + payload.len() / 64 + 1);
    let mut zeros = 0;
    for &byte in payload {
        if zeros == 2 && byte <= 3 {
            nal.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        nal.push(byte);
    }
    if zeros == 2 {
        nal.push(3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_looks_like_a_start_code_is_broken_up() {
        let escaped = |payload: &[u8]| {
            let mut nal = Vec::new();
            put_with_emulation_prevention(payload, &mut nal);
            nal
        };
        assert_eq!(escaped(&[0, 0, 1, 9]), [0, 0, 3, 1, 9]);
        assert_eq!(escaped(&[0, 0, 0, 0, 0, 1]), [0, 0, 3, 0, 0, 3, 0, 1]);
        assert_eq!(escaped(&[0, 0, 3, 0, 4]), [0, 0, 3, 3, 0, 4]);
        assert_eq!(escaped(&[0, 0, 4]), [0, 0, 4]);
        assert_eq!(escaped(&[0x80, 0, 0]), [0x80, 0, 0, 3]);
        assert_eq!(without_emulation_prevention(&[0x80, 0, 0, 3, 0, 0, 3]), [0x80, 0, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn round_trip_without_start_codes(
            payload in prop::collection::vec(prop::sample::select(vec![0u8, 0, 0, 1, 2, 3, 4, 0x80]), 0..200),
        ) {
            let mut nal = Vec::new();
            put_with_emulation_prevention(&payload, &mut nal);
            prop_assert!(!nal.windows(3).any(|three| three[..2] == [0, 0] && three[2] < 3));
            prop_assert!(!nal.ends_with(&[0, 0]));
            prop_assert_eq!(without_emulation_prevention(&nal), payload);
        }
    }
}
