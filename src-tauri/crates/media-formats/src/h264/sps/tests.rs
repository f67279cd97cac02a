use super::*;
use proptest::prelude::*;

/// Parameter sets of real encoders, as hexadecimal text.
fn parse_hex(text: &str) -> Result<Sps, H264Error> {
    let bytes: Vec<u8> =
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect();
    Sps::parse(&bytes)
}

#[test]
fn x264_main_720p30() {
    let sps = parse_hex("674d401feca02802dd8088000003000800000301e078c18cb0").unwrap();
    assert_eq!(
        sps,
        Sps {
            width: 1280,
            height: 720,
            profile_idc: 77,
            constraint_flags: 0x40,
            level_idc: 31,
            chroma_format_idc: 1,
            bit_depth_luma: 8,
            bit_depth_chroma: 8,
            frame_mbs_only: true,
            max_num_reorder_frames: Some(2),
            fps: Some(30.0),
            sample_aspect_ratio: (1, 1),
            slices: SliceLayout {
                id: 0,
                separate_planes: false,
                frame_num_bits: 4,
                order_count: OrderCount::Lsb { bits: 6 },
            },
        }
    );
    assert!(sps.can_reorder());
}

#[test]
fn x264_baseline_cannot_reorder() {
    let sps = parse_hex("6742c01fdb014016ec0440000003004000000f03c60cb8").unwrap();
    assert_eq!(
        (sps.width, sps.height, sps.profile_idc, sps.max_num_reorder_frames),
        (1280, 720, 66, Some(0))
    );
    assert!(!sps.can_reorder());
}

#[test]
fn x264_interlaced_1080_is_cropped_and_not_square() {
    let sps = parse_hex("67640028acd94078044fde1c2000007d20001d4c03e2c5b2c0").unwrap();
    assert_eq!((sps.width, sps.height, sps.frame_mbs_only), (1920, 1080, false));
    assert_eq!(sps.sample_aspect_ratio, (4, 3));
    assert!((sps.fps.unwrap() - 30000.0 / 1001.0).abs() < 1e-9);
}

/// A parameter set from its header bytes and the bits behind them, written as text with spaces.
fn parse_bits(header: [u8; 4], bits: &str) -> Result<Sps, H264Error> {
    let mut writer = super::super::bits::BitWriter::default();
    header.iter().for_each(|byte| writer.bits(u32::from(*byte), 8));
    bits.chars().filter_map(|bit| bit.to_digit(2)).for_each(|bit| writer.bits(bit, 1));
    Sps::parse(&writer.into_bytes())
}

#[test]
fn a_vui_that_breaks_off_is_no_error() {
    // id 0, frame numbers, order count type 2, 1 reference, no gaps, 40 x 30 macroblocks, progressive, direct 8x8,
    // no cropping; a VUI is announced and missing
    let bits = "1 1 011 010 0 00000101000 000011110 1 1 0 1";
    let sps = parse_bits([0x67, 66, 0, 30], bits).unwrap();
    assert_eq!((sps.width, sps.height, sps.fps, sps.max_num_reorder_frames), (640, 480, None, Some(0)));
}

#[test]
fn oversized_pictures_are_refused() {
    let bits = "1 1 011 010 0 000000000000000 1111111111111111 000011110 1 1 0 0 1";
    let refused = parse_bits([0x67, 66, 0, 51], bits);
    assert_eq!(refused, Err(H264Error::BadSize { width: 65535 * 16, height: 480 }));
    // the largest code there is
    let bits = format!("1 1 011 010 0 {}1{} 000011110 1 1 0 0 1", "0".repeat(31), "1".repeat(31));
    let refused = parse_bits([0x67, 66, 0, 51], &bits);
    assert_eq!(refused, Err(H264Error::BadSize { width: u32::MAX, height: 480 }));
    // cropping does not make a picture small that a decoder must hold whole; nor may it leave nothing
    let bits = "1 1 011 010 0 1 1 1 1 1 00000101000 1 1 1 0 1";
    assert_eq!(parse_bits([0x67, 66, 0, 51], bits), Err(H264Error::BadSize { width: 0, height: 16 }));
}

#[test]
fn scaling_lists_and_order_count_cycles_are_stepped_over() {
    let sps = parse_bits(
        [0x67, 100, 0, 31],
        "1 010 1 1 0 1 \
         1 000010001 \
         1 1111111111111111 \
         000000 \
         1 010 0 1 1 011 1 1 1 0 \
         00101 00100 1 1 1 010 1 010 010 0 1",
    )
    // 4:2:0, a list that ends at once (delta -8), one of sixteen zero deltas, six absent; type 1 with a cycle of two
    // offsets; 5 x 4 macroblocks cropped by 1, 0, 1, 1 chroma samples
    .unwrap();
    assert_eq!((sps.width, sps.height), (78, 60));
    assert_eq!((sps.max_num_reorder_frames, sps.can_reorder()), (None, true));
}

#[test]
fn other_nal_units_are_refused() {
    assert_eq!(Sps::parse(&[]), Err(H264Error::Truncated));
    assert_eq!(parse_hex("68eae3cb22c0"), Err(H264Error::BadValue("nal_unit_type")));
    assert_eq!(parse_hex("6764001f"), Err(H264Error::Truncated));
}

#[test]
fn emulation_prevention_is_removed_once() {
    assert_eq!(without_emulation_prevention(&[0, 0, 3, 0, 0, 3, 3, 0, 3]), [0, 0, 0, 0, 3, 0, 3]);
}

proptest! {
    #[test]
    fn any_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..120), profile in prop::sample::select(vec![66u8, 77, 100, 244])) {
        let mut nal = vec![0x67, profile];
        nal.extend(bytes);
        if let Ok(sps) = Sps::parse(&nal) {
            prop_assert!(u64::from(sps.width.max(sps.height)) <= MAX_CODED_SIDE);
        }
    }
}
