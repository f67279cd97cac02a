//! The sequence parameter set: what the picture is (H.264 s7.3.2.1.1, Annex E).

use super::H264Error;
use super::bits::{BitReader, OutOfBits};
use super::rbsp::without_emulation_prevention;

/// Larger pictures are refused: no camera or encoder of ours makes them, and a decoder would allocate for them.
const MAX_CODED_SIDE: u64 = 8192;

impl From<OutOfBits> for H264Error {
    fn from(OutOfBits: OutOfBits) -> Self {
        Self::Truncated
    }
}

/// What a sequence parameter set says of its pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct Sps {
    /// Luma samples a row, after cropping.
    pub width: u32,
    /// Luma rows, after cropping.
    pub height: u32,
    /// `profile_idc`: 66 baseline, 77 main, 100 high.
    pub profile_idc: u8,
    /// The byte of `constraint_setN_flag`s, set 0 in the top bit.
    pub constraint_flags: u8,
    /// Level times ten: 31 is level 3.1.
    pub level_idc: u8,
    /// 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma_format_idc: u8,
    /// Bits a luma sample, 8 to 14.
    pub bit_depth_luma: u8,
    /// Bits a chroma sample, 8 to 14.
    pub bit_depth_chroma: u8,
    /// Every picture is a progressive frame; when false the stream may be interlaced.
    pub frame_mbs_only: bool,
    /// How many pictures may precede another in decoding order and follow it in output order, where the stream
    /// says so (`bitstream_restriction`) or its picture order count type excludes reordering.
    pub max_num_reorder_frames: Option<u32>,
    /// Frames a second from VUI timing, between 1 and 240; absent or absurd timing is `None`.
    pub fps: Option<f64>,
    /// Width to height of one sample; (1, 1) when unsaid.
    pub sample_aspect_ratio: (u16, u16),
    /// What slice headers rely on.
    pub(super) slices: SliceLayout,
}

/// What a sequence parameter set says of the slice headers that refer to it (H.264 s7.3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SliceLayout {
    /// `seq_parameter_set_id`.
    pub(super) id: u32,
    /// Every slice names its colour plane.
    pub(super) separate_planes: bool,
    /// Length of `frame_num`.
    pub(super) frame_num_bits: u32,
    pub(super) order_count: OrderCount,
}

/// How the output order of pictures is told (H.264 s8.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrderCount {
    /// Type 0: the low bits of the count.
    Lsb { bits: u32 },
    /// Type 1: differences to what is expected, unless they are always zero.
    Deltas { always_zero: bool },
    /// Type 2: output order is decoding order.
    DecodingOrder,
}

impl Sps {
    /// Reads a sequence parameter set NAL unit, its header byte included, emulation prevention bytes still in.
    ///
    /// # Errors
    /// When the NAL unit is no SPS, ends early, or describes an impossible or oversized picture. A damaged VUI is
    /// ignored, since nothing needed for decoding is in it.
    pub fn parse(nal: &[u8]) -> Result<Self, H264Error> {
        let Some((header, body)) = nal.split_first() else { return Err(H264Error::Truncated) };
        if header & 0x1f != 7 {
            return Err(H264Error::BadValue("nal_unit_type"));
        }
        let payload = without_emulation_prevention(body);
        let mut reader = BitReader::new(&payload);
        let profile_idc = reader.bits(8)? as u8;
        let constraint_flags = reader.bits(8)? as u8;
        let level_idc = reader.bits(8)? as u8;
        let id = at_most(reader.unsigned_golomb()?, 31, "seq_parameter_set_id")?;
        let samples = SampleFormat::parse(&mut reader, profile_idc)?;

        let frame_num_bits = at_most(reader.unsigned_golomb()?, 12, "log2_max_frame_num_minus4")? + 4;
        let order_count = OrderCount::parse(&mut reader)?;
        at_most(reader.unsigned_golomb()?, 16, "max_num_ref_frames")?;
        reader.bit()?; // gaps_in_frame_num_value_allowed_flag

        let width_mbs = u64::from(reader.unsigned_golomb()?) + 1;
        let height_map_units = u64::from(reader.unsigned_golomb()?) + 1;
        let frame_mbs_only = reader.bit()?;
        if !frame_mbs_only {
            reader.bit()?; // mb_adaptive_frame_field_flag
        }
        reader.bit()?; // direct_8x8_inference_flag
        let field_factor = if frame_mbs_only { 1 } else { 2 };
        let (crop_x, crop_y) = cropping(&mut reader, &samples, field_factor)?;
        let (coded_width, coded_height) = (width_mbs * 16, height_map_units * 16 * field_factor);
        let (width, height) = (side(coded_width, crop_x), side(coded_height, crop_y));
        // The limit is on what a decoder allocates, so before cropping.
        if coded_width.max(coded_height) > MAX_CODED_SIDE || width == 0 || height == 0 {
            return Err(H264Error::BadSize { width, height });
        }

        let vui = match reader.bit()? {
            true => Vui::parse(&mut reader).unwrap_or_default(),
            false => Vui::default(),
        };
        let no_reordering = (order_count == OrderCount::DecodingOrder).then_some(0);
        let slices =
            SliceLayout { id, separate_planes: samples.separate_planes, frame_num_bits, order_count };
        Ok(Self {
            width,
            height,
            profile_idc,
            constraint_flags,
            level_idc,
            chroma_format_idc: samples.chroma_format_idc,
            bit_depth_luma: samples.bit_depth_luma,
            bit_depth_chroma: samples.bit_depth_chroma,
            frame_mbs_only,
            max_num_reorder_frames: vui.max_num_reorder_frames.or(no_reordering),
            fps: vui.fps,
            sample_aspect_ratio: vui.sample_aspect_ratio.unwrap_or((1, 1)),
            slices,
        })
    }

    /// Whether the profile is one whose avcC repeats chroma format and sample depth.
    pub(crate) fn has_sample_format(&self) -> bool {
        says_sample_format(self.profile_idc)
    }

    /// Whether pictures may be output in another order than they are decoded in, as far as the stream tells.
    /// Baseline has no B slices; other profiles are taken at their word, and without a word are suspected.
    pub fn can_reorder(&self) -> bool {
        match self.max_num_reorder_frames {
            Some(frames) => frames > 0,
            None => self.profile_idc != 66,
        }
    }
}

/// Chroma format and sample depth, which only the high profiles say.
struct SampleFormat {
    chroma_format_idc: u8,
    separate_planes: bool,
    bit_depth_luma: u8,
    bit_depth_chroma: u8,
}

impl SampleFormat {
    fn parse(reader: &mut BitReader<'_>, profile_idc: u8) -> Result<Self, H264Error> {
        let mut format =
            Self { chroma_format_idc: 1, separate_planes: false, bit_depth_luma: 8, bit_depth_chroma: 8 };
        if !says_sample_format(profile_idc) {
            return Ok(format);
        }
        format.chroma_format_idc = at_most(reader.unsigned_golomb()?, 3, "chroma_format_idc")? as u8;
        if format.chroma_format_idc == 3 {
            format.separate_planes = reader.bit()?;
        }
        format.bit_depth_luma = at_most(reader.unsigned_golomb()?, 6, "bit_depth_luma_minus8")? as u8 + 8;
        format.bit_depth_chroma = at_most(reader.unsigned_golomb()?, 6, "bit_depth_chroma_minus8")? as u8 + 8;
        reader.bit()?; // qpprime_y_zero_transform_bypass_flag
        if reader.bit()? {
            let lists = if format.chroma_format_idc == 3 { 12 } else { 8 };
            for list in 0..lists {
                if reader.bit()? {
                    skip_scaling_list(reader, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
        Ok(format)
    }

    /// Luma samples one unit of horizontal and vertical cropping stands for (H.264 table 6-1).
    fn crop_units(&self) -> (u64, u64) {
        match self.chroma_format_idc {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        }
    }
}

/// Profiles whose parameter sets carry chroma format, depth and scaling lists (H.264 s7.3.2.1.1), and whose avcC
/// repeats them.
fn says_sample_format(profile_idc: u8) -> bool {
    matches!(profile_idc, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135)
}

/// The part of the video usability information that matters to a distributor (H.264 Annex E.1.1).
#[derive(Default)]
struct Vui {
    sample_aspect_ratio: Option<(u16, u16)>,
    fps: Option<f64>,
    max_num_reorder_frames: Option<u32>,
}

impl Vui {
    fn parse(reader: &mut BitReader<'_>) -> Result<Self, H264Error> {
        let mut vui = Self::default();
        if reader.bit()? {
            vui.sample_aspect_ratio = sample_aspect_ratio(reader)?;
        }
        if reader.bit()? {
            reader.bit()?; // overscan_appropriate_flag
        }
        if reader.bit()? {
            reader.skip(3 + 1)?; // video_format, video_full_range_flag
            if reader.bit()? {
                reader.skip(3 * 8)?; // colour_primaries, transfer_characteristics, matrix_coefficients
            }
        }
        if reader.bit()? {
            reader.unsigned_golomb()?; // chroma_sample_loc_type_top_field
            reader.unsigned_golomb()?; // chroma_sample_loc_type_bottom_field
        }
        if reader.bit()? {
            let units_in_tick = reader.bits(32)?;
            let time_scale = reader.bits(32)?;
            reader.bit()?; // fixed_frame_rate_flag
            // One tick is a field, hence the factor two (H.264 E.2.1).
            let fps = f64::from(time_scale) / (2.0 * f64::from(units_in_tick));
            vui.fps = (1.0..=240.0).contains(&fps).then_some(fps);
        }
        let nal_hrd = reader.bit()?;
        if nal_hrd {
            skip_hrd(reader)?;
        }
        let vcl_hrd = reader.bit()?;
        if vcl_hrd {
            skip_hrd(reader)?;
        }
        if nal_hrd || vcl_hrd {
            reader.bit()?; // low_delay_hrd_flag
        }
        reader.bit()?; // pic_struct_present_flag
        if reader.bit()? {
            reader.bit()?; // motion_vectors_over_pic_boundaries_flag
            for _ in 0..4 {
                reader.unsigned_golomb()?; // bytes, bits and vector lengths at most
            }
            vui.max_num_reorder_frames =
                Some(at_most(reader.unsigned_golomb()?, 16, "max_num_reorder_frames")?);
        }
        Ok(vui)
    }
}

fn sample_aspect_ratio(reader: &mut BitReader<'_>) -> Result<Option<(u16, u16)>, H264Error> {
    /// H.264 table E-1, index 1 first.
    const TABLE: [(u16, u16); 16] = [
        (1, 1),
        (12, 11),
        (10, 11),
        (16, 11),
        (40, 33),
        (24, 11),
        (20, 11),
        (32, 11),
        (80, 33),
        (18, 11),
        (15, 11),
        (64, 33),
        (160, 99),
        (4, 3),
        (3, 2),
        (2, 1),
    ];
    let index = reader.bits(8)? as usize;
    if index == 255 {
        let ratio = (reader.bits(16)? as u16, reader.bits(16)? as u16);
        return Ok((ratio.0 != 0 && ratio.1 != 0).then_some(ratio));
    }
    Ok(index.checked_sub(1).and_then(|index| TABLE.get(index)).copied())
}

fn skip_hrd(reader: &mut BitReader<'_>) -> Result<(), H264Error> {
    let buffers = at_most(reader.unsigned_golomb()?, 31, "cpb_cnt_minus1")? + 1;
    reader.skip(4 + 4)?; // bit_rate_scale, cpb_size_scale
    for _ in 0..buffers {
        reader.unsigned_golomb()?; // bit_rate_value_minus1
        reader.unsigned_golomb()?; // cpb_size_value_minus1
        reader.bit()?; // cbr_flag
    }
    reader.skip(5 + 5 + 5 + 5)?; // three delay lengths, time_offset_length
    Ok(())
}

fn skip_scaling_list(reader: &mut BitReader<'_>, size: usize) -> Result<(), H264Error> {
    let mut last = 8i64;
    let mut next = 8i64;
    for _ in 0..size {
        if next != 0 {
            next = (last + i64::from(reader.signed_golomb()?)).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Ok(())
}

impl OrderCount {
    fn parse(reader: &mut BitReader<'_>) -> Result<Self, H264Error> {
        match at_most(reader.unsigned_golomb()?, 2, "pic_order_cnt_type")? {
            0 => {
                let bits = at_most(reader.unsigned_golomb()?, 12, "log2_max_pic_order_cnt_lsb_minus4")? + 4;
                Ok(Self::Lsb { bits })
            }
            1 => {
                let always_zero = reader.bit()?;
                reader.signed_golomb()?; // offset_for_non_ref_pic
                reader.signed_golomb()?; // offset_for_top_to_bottom_field
                let offsets =
                    at_most(reader.unsigned_golomb()?, 255, "num_ref_frames_in_pic_order_cnt_cycle")?;
                for _ in 0..offsets {
                    reader.signed_golomb()?; // offset_for_ref_frame
                }
                Ok(Self::Deltas { always_zero })
            }
            _ => Ok(Self::DecodingOrder),
        }
    }
}

/// Luma columns and rows cut off (H.264 s7.4.2.1.1).
fn cropping(
    reader: &mut BitReader<'_>,
    samples: &SampleFormat,
    field_factor: u64,
) -> Result<(u64, u64), H264Error> {
    if !reader.bit()? {
        return Ok((0, 0));
    }
    let mut edge = || reader.unsigned_golomb().map(u64::from);
    let (left, right, top, bottom) = (edge()?, edge()?, edge()?, edge()?);
    let (unit_x, unit_y) = if samples.separate_planes { (1, 1) } else { samples.crop_units() };
    Ok(((left + right) * unit_x, (top + bottom) * unit_y * field_factor))
}

/// A side after cropping; zero when all of it is cropped away, saturated when it does not fit.
fn side(coded: u64, cropped: u64) -> u32 {
    u32::try_from(coded.saturating_sub(cropped)).unwrap_or(u32::MAX)
}

fn at_most(value: u32, limit: u32, name: &'static str) -> Result<u32, H264Error> {
    if value > limit { Err(H264Error::BadValue(name)) } else { Ok(value) }
}

#[cfg(test)]
mod tests;
