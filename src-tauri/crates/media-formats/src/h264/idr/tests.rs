use proptest::prelude::*;

use super::*;
use crate::flv::{FileTags, VideoTag, parse_video};

/// Recipes in `fixtures/README.md`.
const CLIPS: [(&str, &[u8]); 4] = [
    ("CABAC", include_bytes!("../fixtures/cabac.flv")),
    ("CABAC, interlaced, two slices", include_bytes!("../fixtures/cabac-interlaced.flv")),
    ("CAVLC, four slices", include_bytes!("../fixtures/cavlc-slices.flv")),
    ("CAVLC, parameter sets and delimiters in band", include_bytes!("../fixtures/cavlc-in-band.flv")),
];

struct Clip {
    name: &'static str,
    config: VideoConfig,
    pictures: Vec<Bytes>,
}

fn clips() -> Vec<Clip> {
    CLIPS.map(|(name, file)| clip(name, file)).into()
}

fn clip(name: &'static str, file: &'static [u8]) -> Clip {
    let (mut config, mut pictures) = (None, Vec::new());
    for tag in FileTags::new(Bytes::from_static(file)).unwrap() {
        match parse_video(tag.payload).unwrap() {
            VideoTag::SequenceHeader(avcc) => config = Some(VideoConfig::parse(avcc).unwrap()),
            VideoTag::Frame { payload, .. } => pictures.push(payload),
            VideoTag::EndOfSequence | VideoTag::Ignored => {}
        }
    }
    Clip { name, config: config.unwrap(), pictures }
}

fn nals(payload: &[u8]) -> Vec<&[u8]> {
    nal_units(payload, 4).map(Result::unwrap).collect()
}

#[test]
fn pictures_of_x264_are_read() {
    for Clip { name, config, pictures } in clips() {
        let ids: Vec<_> = pictures.iter().map(|picture| idr_pic_id(picture, &config)).collect();
        assert_eq!(ids, [Some(0), Some(1)], "{name}");
    }
}

#[test]
fn every_slice_and_nothing_else_is_rewritten() {
    for Clip { name, config, pictures } in clips() {
        let rewritten = with_idr_pic_id(&pictures[0], &config, 1234).unwrap();
        let (before, after) = (nals(&pictures[0]), nals(&rewritten));
        assert_eq!(before.len(), after.len(), "{name}");
        for (before, after) in before.into_iter().zip(after) {
            if NalKind::of(before) != NalKind::Idr {
                assert_eq!(before, after, "{name}");
                continue;
            }
            assert_eq!(before[0], after[0], "{name}: the NAL unit header");
            let mut slice = Vec::from((after.len() as u32).to_be_bytes());
            slice.extend_from_slice(after);
            assert_eq!(idr_pic_id(&slice, &config), Some(1234), "{name}");
        }
    }
}

/// Fifty of the clips' pictures, their numbers counting up over the lengths the code has, were decoded by ffmpeg 5.1.9
/// with `-err_detect explode -xerror` without a word, to the same pictures as before.
#[test]
fn numbers_of_every_length_can_be_written_and_taken_back() {
    for Clip { name, config, pictures } in clips() {
        for (original, picture) in pictures.iter().enumerate() {
            for id in (0..16).map(|shift| (1 << shift) - 1).chain([2, 300, MAX_IDR_PIC_ID]) {
                let rewritten = with_idr_pic_id(picture, &config, id).unwrap();
                assert_eq!(idr_pic_id(&rewritten, &config), Some(id), "{name}");
                let back = with_idr_pic_id(&rewritten, &config, original as u32).unwrap();
                assert!(back == *picture, "{name} by way of {id}");
            }
        }
    }
}

#[test]
fn what_cannot_be_rewritten_is_refused() {
    let Clip { config, pictures, .. } = clips().remove(0);
    let picture = &pictures[0];
    assert_eq!(with_idr_pic_id(picture, &config, MAX_IDR_PIC_ID + 1), None);
    assert_eq!(with_idr_pic_id(&[], &config, 1), None, "no picture");
    assert_eq!(with_idr_pic_id(&[0, 0, 0, 2, 0x41, 0x9a], &config, 1), None, "no IDR picture");
    assert_eq!(idr_pic_id(&[0, 0, 0, 2, 0x41, 0x9a], &config), None);
    assert_eq!(with_idr_pic_id(&picture[..picture.len() - 1], &config, 1), None, "a damaged tail");
    let mut other_set = config.clone();
    other_set.pps_nals.clear();
    assert_eq!(with_idr_pic_id(picture, &other_set, 1), None, "its parameter set is missing");
    let mut predicted = picture.to_vec();
    let first_slice = predicted.iter().position(|byte| *byte == 0x65).unwrap();
    predicted[first_slice + 1] = 0b1110_0000; // first macroblock 0, slice type 0
    assert_eq!(with_idr_pic_id(&predicted, &config, 1), None, "no intra slice");
}

#[test]
fn parameter_sets_of_the_access_unit_come_first() {
    let in_band = clip(CLIPS[3].0, CLIPS[3].1);
    let mut config = in_band.config.clone();
    // The same ids, in another coding: what the configuration says is out of date.
    config.pps_nals = clip(CLIPS[0].0, CLIPS[0].1).config.pps_nals;
    let expected = with_idr_pic_id(&in_band.pictures[0], &in_band.config, 9);
    assert_eq!(with_idr_pic_id(&in_band.pictures[0], &config, 9), expected);
    config.pps_nals.clear();
    assert_eq!(with_idr_pic_id(&in_band.pictures[0], &config, 9), expected);
}

#[test]
fn a_slice_that_outgrows_its_length_field_is_refused() {
    let Clip { mut config, pictures, .. } = clips().remove(0);
    config.nal_length_bytes = 1;
    let slice = nals(&pictures[0]).into_iter().find(|nal| NalKind::of(nal) == NalKind::Idr).unwrap();
    let mut picture = vec![255];
    picture.extend_from_slice(&slice[..255]);
    assert!(with_idr_pic_id(&picture, &config, 0).is_some());
    assert_eq!(with_idr_pic_id(&picture, &config, MAX_IDR_PIC_ID), None);
}

/// A stream with every optional field of an IDR slice's header, or without.
#[derive(Debug, Clone)]
struct Syntax {
    cabac: bool,
    separate_planes: bool,
    /// Field pictures may exist, and this is one.
    interlaced: Option<bool>,
    order_count: u32,
    always_zero: bool,
    field_order: bool,
    redundant: bool,
    deblocking: Option<u32>,
    reference: bool,
    switching: bool,
    data: Vec<u8>,
}

impl Syntax {
    fn nal(header: u8, bits: BitWriter) -> Vec<u8> {
        let mut nal = vec![header];
        put_with_emulation_prevention(&bits.into_bytes(), &mut nal);
        nal
    }

    fn sps(&self) -> Vec<u8> {
        let mut bits = BitWriter::default();
        [244, 0, 31].iter().for_each(|byte| bits.bits(*byte, 8));
        bits.unsigned_golomb(5); // seq_parameter_set_id
        bits.unsigned_golomb(3); // chroma_format_idc
        bits.bits(u32::from(self.separate_planes), 1);
        bits.bits(0b1100, 4); // depths of 8 bits, no bypass, no scaling lists
        bits.unsigned_golomb(3); // frame_num of 7 bits
        bits.unsigned_golomb(self.order_count);
        match self.order_count {
            0 => bits.unsigned_golomb(2), // 6 bits
            1 => {
                bits.bits(u32::from(self.always_zero), 1);
                bits.bits(0b11_0101, 6); // offsets 0 and 0, one more of 0
            }
            _ => {}
        }
        bits.unsigned_golomb(1); // max_num_ref_frames
        bits.bits(0, 1);
        bits.unsigned_golomb(3); // width
        bits.unsigned_golomb(3); // height
        bits.bits(u32::from(self.interlaced.is_none()), 1);
        if self.interlaced.is_some() {
            bits.bits(0, 1);
        }
        bits.bits(0b1001, 4); // direct inference, no cropping, no VUI, stop bit
        Self::nal(0x67, bits)
    }

    fn pps(&self) -> Vec<u8> {
        let mut bits = BitWriter::default();
        bits.unsigned_golomb(7); // pic_parameter_set_id
        bits.unsigned_golomb(5);
        bits.bits(u32::from(self.cabac), 1);
        bits.bits(u32::from(self.field_order), 1);
        bits.bits(0b111, 3); // one slice group, one reference each
        bits.bits(0, 3);
        bits.bits(0b111, 3); // quantisers
        bits.bits(u32::from(self.deblocking.is_some()), 1);
        bits.bits(0, 1);
        bits.bits(u32::from(self.redundant), 1);
        bits.bits(1, 1);
        Self::nal(0x68, bits)
    }

    fn slice(&self, idr_pic_id: u32) -> Vec<u8> {
        let mut bits = BitWriter::default();
        bits.unsigned_golomb(0);
        bits.unsigned_golomb(if self.switching { 4 } else { 7 });
        bits.unsigned_golomb(7);
        if self.separate_planes {
            bits.bits(2, 2);
        }
        bits.bits(0, 7);
        if let Some(is_field) = self.interlaced {
            bits.bits(u32::from(is_field), 1);
            if is_field {
                bits.bits(1, 1);
            }
        }
        bits.unsigned_golomb(idr_pic_id);
        let two_counts = self.field_order && self.interlaced != Some(true);
        if self.order_count == 0 {
            bits.bits(0, 6);
        }
        if self.order_count == 0 && two_counts {
            bits.unsigned_golomb(6);
        }
        if self.order_count == 1 && !self.always_zero {
            bits.unsigned_golomb(4);
            if two_counts {
                bits.unsigned_golomb(9);
            }
        }
        if self.redundant {
            bits.unsigned_golomb(0);
        }
        if self.reference {
            bits.bits(0, 2);
        }
        bits.unsigned_golomb(11); // slice_qp_delta
        if self.switching {
            bits.unsigned_golomb(2);
        }
        if let Some(disable) = self.deblocking {
            bits.unsigned_golomb(disable);
            if disable != 1 {
                bits.unsigned_golomb(3);
                bits.unsigned_golomb(4);
            }
        }
        if self.cabac {
            bits.ones_then_bytes(&self.data);
        } else {
            self.data.iter().for_each(|byte| bits.bits(u32::from(*byte), 8));
        }
        bits.bits(1, 1); // rbsp_stop_one_bit
        Self::nal(if self.reference { 0x65 } else { 0x05 }, bits)
    }

    fn access_unit(&self, idr_pic_id: u32) -> Bytes {
        let mut out = BytesMut::new();
        let slice = self.slice(idr_pic_id);
        for nal in [&[0x06, 5, 1, 0x80][..], &slice, &slice, &[0x0c, 0xff, 0x80]] {
            put_nal(nal, 4, &mut out).unwrap();
        }
        out.freeze()
    }

    fn config(&self) -> VideoConfig {
        let sets = super::super::ParameterSets { sps: vec![self.sps().into()], pps: vec![self.pps().into()] };
        VideoConfig::from_parameter_sets(&sets).unwrap()
    }
}

fn syntax() -> impl Strategy<Value = Syntax> {
    let data = prop::collection::vec(prop::sample::select(vec![0u8, 0, 0, 1, 2, 3, 0x55, 0xff]), 1..60);
    let flags = any::<[bool; 7]>();
    let deblocking = prop::sample::select(vec![None, Some(0), Some(1), Some(2)]);
    (flags, any::<Option<bool>>(), 0u32..3, deblocking, data).prop_map(
        |(
            [cabac, separate_planes, always_zero, field_order, redundant, reference, switching],
            interlaced,
            order_count,
            deblocking,
            data,
        )| {
            Syntax {
                cabac,
                separate_planes,
                interlaced,
                order_count,
                always_zero,
                field_order,
                redundant,
                deblocking,
                reference,
                switching,
                data,
            }
        },
    )
}

proptest! {
    /// Whatever the header holds, the result is what an encoder would have written with the other number.
    #[test]
    fn a_rewritten_picture_is_one_written_so(
        syntax in syntax(),
        from in 0..=MAX_IDR_PIC_ID,
        to in 0..=MAX_IDR_PIC_ID,
    ) {
        let config = syntax.config();
        let before = syntax.access_unit(from);
        prop_assert_eq!(idr_pic_id(&before, &config), Some(from));
        prop_assert_eq!(with_idr_pic_id(&before, &config, to), Some(syntax.access_unit(to)));
    }

    #[test]
    fn any_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..200), id in any::<u32>()) {
        let config = clip(CLIPS[0].0, CLIPS[0].1).config;
        idr_pic_id(&bytes, &config);
        with_idr_pic_id(&bytes, &config, id);
    }

    /// Damage in a real picture is refused, or what is made of it can be read and made again.
    #[test]
    fn damaged_pictures_are_safe(
        which in 0..CLIPS.len(),
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
        id in 0..=MAX_IDR_PIC_ID,
    ) {
        let Clip { config, pictures, .. } = clip(CLIPS[which].0, CLIPS[which].1);
        let mut picture = pictures[0].to_vec();
        *at.get_mut(&mut picture) = value;
        if let Some(once) = with_idr_pic_id(&picture, &config, id) {
            prop_assert_eq!(idr_pic_id(&once, &config), Some(id));
            prop_assert_eq!(with_idr_pic_id(&once, &config, id), Some(once));
        }
    }

    #[test]
    fn damaged_parameter_sets_are_safe(at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let Clip { config, pictures, .. } = clip(CLIPS[1].0, CLIPS[1].1);
        let mut avcc = config.avcc.to_vec();
        *at.get_mut(&mut avcc) = value;
        if let Ok(config) = VideoConfig::parse(avcc.into()) {
            with_idr_pic_id(&pictures[0], &config, 77);
        }
    }
}
