//! Repeating an IDR picture. Two of them in a row must differ in `idr_pic_id` (H.264 s7.4.3), so the copy gets another:
//! its slice headers are written anew, its slice data is kept.

use bytes::{BufMut, Bytes, BytesMut};

use super::bits::{BitReader, BitWriter};
use super::pps::Pps;
use super::rbsp::{put_with_emulation_prevention, without_emulation_prevention};
use super::sps::{OrderCount, SliceLayout};
use super::{H264Error, NalKind, Sps, VideoConfig, nal_units};

/// H.264 s7.4.3.
const MAX_IDR_PIC_ID: u32 = 65_535;

/// The `idr_pic_id` of an access unit of length-prefixed NAL units. `None` when it holds no IDR picture, or one whose
/// slice headers cannot be read: damaged, without its parameter sets, or with slice groups.
pub fn idr_pic_id(access_unit: &[u8], config: &VideoConfig) -> Option<u32> {
    let mut active = ParameterSets::of(config);
    for nal in nal_units(access_unit, config.nal_length_bytes) {
        let nal = nal.ok()?;
        if NalKind::of(nal) == NalKind::Idr {
            let payload = without_emulation_prevention(nal.get(1..)?);
            return SliceHeader::parse(nal, &payload, &active).ok().map(|header| header.idr_pic_id);
        }
        active.see(nal);
    }
    None
}

/// The same access unit with another `idr_pic_id`, at most 65535, in every slice of its IDR picture; all other NAL
/// units are copied as they are. `None` in the cases of [`idr_pic_id`], or when the access unit is damaged, or a slice
/// outgrows its length field.
///
/// The new number may be longer or shorter: what follows it is shifted by bits in CAVLC slices; in CABAC slices, only
/// the rest of the header is, since their data begins on a whole byte.
pub fn with_idr_pic_id(access_unit: &[u8], config: &VideoConfig, idr_pic_id: u32) -> Option<Bytes> {
    if idr_pic_id > MAX_IDR_PIC_ID {
        return None;
    }
    let mut active = ParameterSets::of(config);
    let mut has_idr = false;
    let mut out = BytesMut::with_capacity(access_unit.len() + 64);
    for nal in nal_units(access_unit, config.nal_length_bytes) {
        let nal = nal.ok()?;
        if NalKind::of(nal) == NalKind::Idr {
            has_idr = true;
            let slice = rewrite_slice(nal, &active, idr_pic_id).ok()?;
            put_nal(&slice, config.nal_length_bytes, &mut out)?;
        } else {
            active.see(nal);
            put_nal(nal, config.nal_length_bytes, &mut out)?;
        }
    }
    has_idr.then(|| out.freeze())
}

fn put_nal(nal: &[u8], nal_length_bytes: u8, out: &mut BytesMut) -> Option<()> {
    let length = u32::try_from(nal.len()).ok()?;
    if u64::from(length) >> (8 * nal_length_bytes) != 0 {
        return None;
    }
    out.put_uint(u64::from(length), usize::from(nal_length_bytes));
    out.put_slice(nal);
    Some(())
}

fn rewrite_slice(nal: &[u8], active: &ParameterSets, idr_pic_id: u32) -> Result<Vec<u8>, H264Error> {
    let (&nal_header, body) = nal.split_first().ok_or(H264Error::Truncated)?;
    let payload = without_emulation_prevention(body);
    let header = SliceHeader::parse(nal, &payload, active)?;

    let mut reader = BitReader::new(&payload);
    let mut writer = BitWriter::default();
    writer.copy(&mut reader, header.id_start_bits)?;
    writer.unsigned_golomb(idr_pic_id);
    reader.skip(header.id_end_bits - header.id_start_bits)?;
    if header.cabac {
        writer.copy(&mut reader, header.end_bits - header.id_end_bits)?;
        // cabac_alignment_one_bit
        writer.ones_then_bytes(&payload[header.end_bits.div_ceil(8)..]);
    } else {
        let end_bits = stop_bit_end(&payload)?;
        if end_bits <= header.end_bits {
            return Err(H264Error::Truncated);
        }
        writer.copy(&mut reader, end_bits - header.id_end_bits)?;
    }

    let mut slice = vec![nal_header];
    put_with_emulation_prevention(&writer.into_bytes(), &mut slice);
    Ok(slice)
}

/// Where the payload ends in bits, its `rbsp_stop_one_bit` included; zeros after it only fill a byte.
fn stop_bit_end(payload: &[u8]) -> Result<usize, H264Error> {
    let last = payload.iter().rposition(|byte| *byte != 0).ok_or(H264Error::Truncated)?;
    Ok((last + 1) * 8 - payload[last].trailing_zeros() as usize)
}

/// The parameter sets slices may refer to, the latest of every id: those of the configuration, then those met in the
/// access unit. Ids are bounded, so the lists are.
struct ParameterSets {
    sps: Vec<(SliceLayout, bool)>,
    pps: Vec<Pps>,
}

impl ParameterSets {
    fn of(config: &VideoConfig) -> Self {
        let mut sets = Self { sps: Vec::new(), pps: Vec::new() };
        config.sps_nals.iter().chain(&config.pps_nals).for_each(|nal| sets.see(nal));
        sets
    }

    /// Takes note of `nal` if it is a parameter set that can be read.
    fn see(&mut self, nal: &[u8]) {
        match NalKind::of(nal) {
            NalKind::Sps => {
                if let Ok(Sps { slices, frame_mbs_only, .. }) = Sps::parse(nal) {
                    self.sps.retain(|(older, _)| older.id != slices.id);
                    self.sps.push((slices, frame_mbs_only));
                }
            }
            NalKind::Pps => {
                if let Ok(pps) = Pps::parse(nal) {
                    self.pps.retain(|older| older.id != pps.id);
                    self.pps.push(pps);
                }
            }
            _ => {}
        }
    }

    fn find(&self, pps_id: u32) -> Option<(&Pps, &SliceLayout, bool)> {
        let pps = self.pps.iter().find(|pps| pps.id == pps_id)?;
        let (layout, frame_mbs_only) = self.sps.iter().find(|(layout, _)| layout.id == pps.sps_id)?;
        Some((pps, layout, *frame_mbs_only))
    }
}

/// What rewriting needs of the header of an IDR slice; places in bits from the start of the payload.
struct SliceHeader {
    idr_pic_id: u32,
    id_start_bits: usize,
    id_end_bits: usize,
    end_bits: usize,
    cabac: bool,
}

impl SliceHeader {
    /// Reads the header of `nal`, whose bytes after the first are `payload` without emulation prevention
    /// (H.264 s7.3.3, as it is for I and SI slices, the only ones of an IDR picture).
    fn parse(nal: &[u8], payload: &[u8], active: &ParameterSets) -> Result<Self, H264Error> {
        const I: u32 = 2;
        const SI: u32 = 4;
        let is_reference = nal.first().is_some_and(|header| header & 0x60 != 0);
        let mut reader = BitReader::new(payload);
        reader.unsigned_golomb()?; // first_mb_in_slice
        let slice_type = reader.unsigned_golomb()?;
        if slice_type > 9 || !matches!(slice_type % 5, I | SI) {
            return Err(H264Error::BadValue("slice_type"));
        }
        let pps_id = reader.unsigned_golomb()?;
        let (pps, layout, frame_mbs_only) = active.find(pps_id).ok_or(H264Error::NoParameterSets)?;
        if layout.separate_planes {
            reader.skip(2)?; // colour_plane_id
        }
        reader.skip(layout.frame_num_bits as usize)?;
        let is_field = !frame_mbs_only && reader.bit()?;
        if is_field {
            reader.bit()?; // bottom_field_flag
        }

        let id_start_bits = reader.position_bits();
        let idr_pic_id = reader.unsigned_golomb()?;
        if idr_pic_id > MAX_IDR_PIC_ID {
            return Err(H264Error::BadValue("idr_pic_id"));
        }
        let id_end_bits = reader.position_bits();

        let has_field_order = pps.has_field_order && !is_field;
        match layout.order_count {
            OrderCount::Lsb { bits } => {
                reader.skip(bits as usize)?;
                if has_field_order {
                    reader.signed_golomb()?; // delta_pic_order_cnt_bottom
                }
            }
            OrderCount::Deltas { always_zero: false } => {
                reader.signed_golomb()?; // delta_pic_order_cnt[0]
                if has_field_order {
                    reader.signed_golomb()?; // delta_pic_order_cnt[1]
                }
            }
            OrderCount::Deltas { always_zero: true } | OrderCount::DecodingOrder => {}
        }
        if pps.has_redundant_count {
            reader.unsigned_golomb()?; // redundant_pic_cnt
        }
        if is_reference {
            reader.skip(1 + 1)?; // no_output_of_prior_pics_flag, long_term_reference_flag
        }
        reader.signed_golomb()?; // slice_qp_delta
        if slice_type % 5 == SI {
            reader.signed_golomb()?; // slice_qs_delta
        }
        if pps.has_deblocking_control {
            const DISABLED: u32 = 1;
            if reader.unsigned_golomb()? != DISABLED {
                reader.signed_golomb()?; // slice_alpha_c0_offset_div2
                reader.signed_golomb()?; // slice_beta_offset_div2
            }
        }
        Ok(Self {
            idr_pic_id,
            id_start_bits,
            id_end_bits,
            end_bits: reader.position_bits(),
            cabac: pps.cabac,
        })
    }
}

#[cfg(test)]
mod tests;
