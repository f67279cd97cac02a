//! The picture parameter set, as far as the slice headers of IDR pictures rely on it (H.264 s7.3.2.2).

use super::H264Error;
use super::bits::BitReader;
use super::rbsp::without_emulation_prevention;

/// What a picture parameter set says of the slice headers that refer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pps {
    /// `pic_parameter_set_id`.
    pub(super) id: u32,
    /// The sequence parameter set it refers to.
    pub(super) sps_id: u32,
    /// `entropy_coding_mode_flag`: slice data is arithmetic code, aligned to bytes.
    pub(super) cabac: bool,
    /// Order counts of the two fields of a frame are told apart.
    pub(super) has_field_order: bool,
    /// Slice headers say how edges are filtered.
    pub(super) has_deblocking_control: bool,
    /// Slice headers number redundant pictures.
    pub(super) has_redundant_count: bool,
}

impl Pps {
    /// Reads a picture parameter set NAL unit, its header byte included, emulation prevention bytes still in.
    ///
    /// # Errors
    /// When the NAL unit is no PPS, ends early, or uses slice groups, which no encoder in use makes.
    pub(super) fn parse(nal: &[u8]) -> Result<Self, H264Error> {
        let Some((header, body)) = nal.split_first() else { return Err(H264Error::Truncated) };
        if header & 0x1f != 8 {
            return Err(H264Error::BadValue("nal_unit_type"));
        }
        let payload = without_emulation_prevention(body);
        let mut reader = BitReader::new(&payload);
        let (id, sps_id) = (reader.unsigned_golomb()?, reader.unsigned_golomb()?);
        if id > 255 || sps_id > 31 {
            return Err(H264Error::BadValue("parameter set id"));
        }
        let cabac = reader.bit()?;
        let has_field_order = reader.bit()?;
        if reader.unsigned_golomb()? > 0 {
            return Err(H264Error::BadValue("num_slice_groups_minus1"));
        }
        reader.unsigned_golomb()?; // num_ref_idx_l0_default_active_minus1
        reader.unsigned_golomb()?; // num_ref_idx_l1_default_active_minus1
        reader.skip(1 + 2)?; // weighted_pred_flag, weighted_bipred_idc
        reader.signed_golomb()?; // pic_init_qp_minus26
        reader.signed_golomb()?; // pic_init_qs_minus26
        reader.signed_golomb()?; // chroma_qp_index_offset
        let has_deblocking_control = reader.bit()?;
        reader.bit()?; // constrained_intra_pred_flag
        let has_redundant_count = reader.bit()?;
        Ok(Self { id, sps_id, cabac, has_field_order, has_deblocking_control, has_redundant_count })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_sets_of_x264() {
        let cabac = Pps::parse(b"\x68\xea\xe3\xcb\x22\xc0").unwrap();
        assert_eq!((cabac.id, cabac.sps_id, cabac.cabac, cabac.has_deblocking_control), (0, 0, true, true));
        assert!(!cabac.has_field_order && !cabac.has_redundant_count);
        let cavlc = Pps::parse(b"\x68\xca\x83\xcb\x20").unwrap(); // baseline profile
        assert!(!cavlc.cabac && cavlc.has_deblocking_control);
    }

    #[test]
    fn unusable_parameter_sets_are_refused() {
        assert_eq!(Pps::parse(&[]), Err(H264Error::Truncated));
        assert_eq!(Pps::parse(b"\x68"), Err(H264Error::Truncated));
        assert_eq!(Pps::parse(b"\x67\xea\xe3"), Err(H264Error::BadValue("nal_unit_type")));
        // Ids 0 and 0, no flags, two slice groups.
        assert_eq!(Pps::parse(b"\x68\xc4\xff\xff"), Err(H264Error::BadValue("num_slice_groups_minus1")));
    }
}
