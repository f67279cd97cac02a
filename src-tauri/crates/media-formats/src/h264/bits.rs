//! Bits of a byte string, most significant first, and the Exp-Golomb codes of H.264 s9.1.

/// The bytes ended inside a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfBits;

/// Reads bits front to back. Never reads past the end, never allocates.
#[derive(Debug, Clone)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    position_bits: usize,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position_bits: 0 }
    }

    /// Bits not read yet.
    pub(crate) fn remaining_bits(&self) -> usize {
        self.bytes.len() * 8 - self.position_bits
    }

    pub(crate) fn bit(&mut self) -> Result<bool, OutOfBits> {
        let byte = *self.bytes.get(self.position_bits / 8).ok_or(OutOfBits)?;
        let set = byte & (0x80 >> (self.position_bits % 8)) != 0;
        self.position_bits += 1;
        Ok(set)
    }

    /// Bits read so far.
    pub(crate) fn position_bits(&self) -> usize {
        self.position_bits
    }

    /// The next `count` bits as a number; `count` is at most 32.
    pub(crate) fn bits(&mut self, count: u32) -> Result<u32, OutOfBits> {
        debug_assert!(count <= 32, "callers name field widths of the specification");
        if self.remaining_bits() < count as usize {
            return Err(OutOfBits);
        }
        let (mut value, mut left) = (0u32, count);
        while left > 0 {
            let byte = u32::from(*self.bytes.get(self.position_bits / 8).ok_or(OutOfBits)?);
            let unread = 8 - (self.position_bits % 8) as u32;
            let taken = left.min(unread);
            let piece = byte >> (unread - taken) & ((1 << taken) - 1);
            value = value << taken | piece;
            self.position_bits += taken as usize;
            left -= taken;
        }
        Ok(value)
    }

    pub(crate) fn skip(&mut self, count: usize) -> Result<(), OutOfBits> {
        if self.remaining_bits() < count {
            return Err(OutOfBits);
        }
        self.position_bits += count;
        Ok(())
    }

    /// `ue(v)`. A prefix of more than 31 zeros cannot be a 32-bit value and is refused as [`OutOfBits`].
    pub(crate) fn unsigned_golomb(&mut self) -> Result<u32, OutOfBits> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > 31 {
                return Err(OutOfBits);
            }
        }
        let suffix = self.bits(zeros)?;
        Ok(((1u64 << zeros) - 1) as u32 + suffix)
    }

    /// `se(v)`: 0, 1, -1, 2, -2, ...
    pub(crate) fn signed_golomb(&mut self) -> Result<i32, OutOfBits> {
        let code = i64::from(self.unsigned_golomb()?);
        let magnitude = (code + 1) / 2;
        Ok(if code % 2 == 0 { -magnitude } else { magnitude } as i32)
    }
}

/// Writes bits front to back; the last byte is filled with zeros.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    length_bits: usize,
}

impl BitWriter {
    /// Appends the low `count` bits of `value`, most significant first; `count` is at most 32.
    pub(crate) fn bits(&mut self, value: u32, count: u32) {
        let mut left = count;
        while left > 0 {
            if self.length_bits.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let free = 8 - (self.length_bits % 8) as u32;
            let taken = left.min(free);
            let piece = value >> (left - taken) & ((1 << taken) - 1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= (piece << (free - taken)) as u8;
            }
            self.length_bits += taken as usize;
            left -= taken;
        }
    }

    /// Appends `ue(v)`; `value` is below 2^32 - 1, the largest the code has.
    pub(crate) fn unsigned_golomb(&mut self, value: u32) {
        let code = u64::from(value) + 1;
        let length = 64 - code.leading_zeros();
        self.bits(0, length - 1);
        self.bits(code as u32, length);
    }

    /// Appends the next `count` bits of `reader`.
    pub(crate) fn copy(&mut self, reader: &mut BitReader<'_>, count: usize) -> Result<(), OutOfBits> {
        for _ in 0..count / 32 {
            self.bits(reader.bits(32)?, 32);
        }
        let rest = (count % 32) as u32;
        self.bits(reader.bits(rest)?, rest);
        Ok(())
    }

    /// Fills the last byte with ones, then appends whole bytes.
    pub(crate) fn ones_then_bytes(&mut self, bytes: &[u8]) {
        let free = (8 - self.length_bits % 8) % 8;
        self.bits(0xff, free as u32);
        self.bytes.extend_from_slice(bytes);
        self.length_bits += bytes.len() * 8;
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn golomb_codes_of_the_specification() {
        // H.264 table 9-2: 1, 010, 011, 00100, 00101
        let mut reader = BitReader::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        let read: Vec<u32> = (0..5).map(|_| reader.unsigned_golomb().unwrap()).collect();
        assert_eq!(read, [0, 1, 2, 3, 4]);
        let mut reader = BitReader::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        let read: Vec<i32> = (0..5).map(|_| reader.signed_golomb().unwrap()).collect();
        assert_eq!(read, [0, 1, -1, 2, -2]);
    }

    #[test]
    fn an_endless_prefix_is_refused() {
        assert_eq!(BitReader::new(&[0; 64]).unsigned_golomb(), Err(OutOfBits));
        // Whatever follows: 32 zeros announce a value of 33 bits.
        assert_eq!(BitReader::new(&[0, 0, 0, 0, 0x80, 0, 0, 0, 0]).unsigned_golomb(), Err(OutOfBits));
        assert_eq!(BitReader::new(&[]).bits(1), Err(OutOfBits));
    }

    proptest! {
        #[test]
        fn golomb_round_trip(values in prop::collection::vec(0u32..u32::MAX, 1..20)) {
            let mut writer = BitWriter::default();
            values.iter().for_each(|value| writer.unsigned_golomb(*value));
            let bytes = writer.into_bytes();
            let mut reader = BitReader::new(&bytes);
            for value in values {
                prop_assert_eq!(reader.unsigned_golomb(), Ok(value));
            }
        }

        #[test]
        fn bits_round_trip(values in prop::collection::vec((any::<u32>(), 1u32..=32), 1..20)) {
            let mut writer = BitWriter::default();
            values.iter().for_each(|(value, count)| writer.bits(*value, *count));
            let bytes = writer.into_bytes();
            let mut reader = BitReader::new(&bytes);
            for (value, count) in values {
                prop_assert_eq!(reader.bits(count), Ok(value & (u32::MAX >> (32 - count))));
            }
        }
    }
}
