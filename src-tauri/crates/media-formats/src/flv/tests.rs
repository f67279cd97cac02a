use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn video(bytes: &[u8]) -> Result<VideoTag, FlvError> {
    parse_video(Bytes::copy_from_slice(bytes))
}

fn audio(bytes: &[u8]) -> Result<AudioTag, FlvError> {
    parse_audio(Bytes::copy_from_slice(bytes))
}

fn frame(key: bool, cts_ms: i32, payload: &'static [u8]) -> VideoTag {
    VideoTag::Frame { key, cts_ms, payload: Bytes::from_static(payload) }
}

#[test]
fn legacy_avc_tags() {
    assert_eq!(video(&[0x17, 0, 0, 0, 0, 1, 2]), Ok(VideoTag::SequenceHeader(Bytes::from_static(&[1, 2]))));
    assert_eq!(video(&[0x17, 1, 0, 0, 67, 9]), Ok(frame(true, 67, &[9])));
    assert_eq!(video(&[0x27, 1, 0xFF, 0xFF, 0xDF, 9]), Ok(frame(false, -33, &[9])));
    assert_eq!(video(&[0x47, 1, 0, 0, 0, 9]), Ok(frame(true, 0, &[9])));
    assert_eq!(video(&[0x17, 2, 0, 0, 0]), Ok(VideoTag::EndOfSequence));
    assert_eq!(video(&[0x17, 2]), Ok(VideoTag::EndOfSequence));
    assert_eq!(video(&[0x17, 9, 0, 0, 0]), Ok(VideoTag::Ignored));
}

#[test]
fn payload_is_a_slice_of_the_message() {
    let message = Bytes::from(vec![0x17, 1, 0, 0, 0, 1, 2, 3, 4]);
    let Ok(VideoTag::Frame { payload, .. }) = parse_video(message.clone()) else { panic!("a frame") };
    assert_eq!(payload.as_ptr(), message[5..].as_ptr());
}

#[test]
fn empty_messages_and_commands_are_ignored() {
    assert_eq!(video(&[]), Ok(VideoTag::Ignored));
    assert_eq!(video(&[0x57, 0]), Ok(VideoTag::Ignored));
    assert_eq!(video(&[0x52]), Ok(VideoTag::Ignored));
    assert_eq!(video(&[0x17, 1, 0, 0, 0]), Ok(VideoTag::Ignored));
    assert_eq!(audio(&[]), Ok(AudioTag::Ignored));
    assert_eq!(audio(&[0xAF, 1]), Ok(AudioTag::Ignored));
}

#[test]
fn cut_headers_are_errors() {
    for bytes in [
        &[0x17][..],
        &[0x17, 1, 0],
        &[0x17, 0, 0, 0, 0],
        &[0x90],
        &[0x91, b'a', b'v', b'c'],
        &[0x91, b'a', b'v', b'c', b'1', 0],
    ] {
        assert_eq!(video(bytes), Err(FlvError::Truncated { kind: TrackKind::Video }), "{bytes:?}");
    }
    for bytes in [&[0xAF][..], &[0xAF, 0], &[0x90], &[0x91, b'm', b'p']] {
        assert_eq!(audio(bytes), Err(FlvError::Truncated { kind: TrackKind::Audio }), "{bytes:?}");
    }
}

#[test]
fn legacy_aac_tags() {
    assert_eq!(
        audio(&[0xAF, 0, 0x12, 0x10]),
        Ok(AudioTag::SequenceHeader(Bytes::from_static(&[0x12, 0x10])))
    );
    assert_eq!(audio(&[0xAF, 1, 7, 8]), Ok(AudioTag::Frame(Bytes::from_static(&[7, 8]))));
    assert_eq!(audio(&[0xAF, 2, 7, 8]), Ok(AudioTag::Ignored));
}

#[test]
fn enhanced_avc1_works_like_legacy_avc() {
    assert_eq!(video(b"\x90avc1\x01\x02"), Ok(VideoTag::SequenceHeader(Bytes::from_static(&[1, 2]))));
    assert_eq!(video(b"\x91avc1\x00\x00\x43\x09"), Ok(frame(true, 67, &[9])));
    assert_eq!(video(b"\xA1avc1\xFF\xFF\xDF\x09"), Ok(frame(false, -33, &[9])));
    assert_eq!(video(b"\xA3avc1\x09"), Ok(frame(false, 0, &[9])));
    assert_eq!(video(b"\x92avc1"), Ok(VideoTag::EndOfSequence));
    assert_eq!(video(b"\x94avc1\x02\x00"), Ok(VideoTag::Ignored));
    assert_eq!(video(b"\xD0\x00"), Ok(VideoTag::Ignored));
}

#[test]
fn enhanced_mp4a_works_like_legacy_aac() {
    assert_eq!(audio(b"\x90mp4a\x12\x10"), Ok(AudioTag::SequenceHeader(Bytes::from_static(&[0x12, 0x10]))));
    assert_eq!(audio(b"\x91mp4a\x07"), Ok(AudioTag::Frame(Bytes::from_static(&[7]))));
    assert_eq!(audio(b"\x92mp4a"), Ok(AudioTag::Ignored));
    assert_eq!(audio(b"\x94mp4a\x01\x02"), Ok(AudioTag::Ignored));
}

#[test]
fn mod_ex_prefixes_are_skipped() {
    // One nanosecond offset of three bytes, then CodedFramesX.
    assert_eq!(video(b"\x97\x02\x00\x00\x05\x03avc1\x09"), Ok(frame(true, 0, &[9])));
    // Two modifiers in a row, the second with a 16-bit size.
    let mut long = vec![0x97, 0x00, 0xAA, 0x07, 0xFF, 0x01, 0x00];
    long.extend_from_slice(&[0xBB; 257]);
    long.extend_from_slice(b"\x01avc1\x00\x00\x00\x09");
    assert_eq!(video(&long), Ok(frame(true, 0, &[9])));
    assert_eq!(audio(b"\x97\x00\x00\x01mp4a\x07"), Ok(AudioTag::Frame(Bytes::from_static(&[7]))));
    assert_eq!(video(b"\x97\x10\x00"), Err(FlvError::Truncated { kind: TrackKind::Video }));
}

#[test]
fn multitrack_takes_the_default_track() {
    assert_eq!(video(b"\x96\x03avc1\x00\x09"), Ok(frame(true, 0, &[9])));
    assert_eq!(video(b"\x96\x03avc1\x01\x09"), Ok(VideoTag::Ignored));
    assert_eq!(video(b"\x96\x13avc1\x01\x00\x00\x02\x08\x08\x00\x00\x00\x01\x09"), Ok(frame(true, 0, &[9])));
    assert_eq!(video(b"\x96\x23hvc1\x01\x00\x00\x01\x08avc1\x00\x00\x00\x01\x09"), Ok(frame(true, 0, &[9])));
    assert_eq!(
        video(b"\x96\x13avc1\x00\xFF\xFF\xFF\x09"),
        Err(FlvError::Truncated { kind: TrackKind::Video })
    );
    assert_eq!(audio(b"\x95\x01mp4a\x00\x07"), Ok(AudioTag::Frame(Bytes::from_static(&[7]))));
}

#[test]
fn other_codecs_are_refused_in_words_a_creator_understands() {
    let words = |bytes: &[u8]| video(bytes).unwrap_err().to_string();
    assert_eq!(
        words(b"\x90hvc1\x01"),
        "This encoder sends HEVC (H.265). Choose H.264 in its video settings."
    );
    assert_eq!(words(&[0x1C, 0]), "This encoder sends HEVC (H.265). Choose H.264 in its video settings.");
    assert_eq!(words(b"\x91av01\x01"), "This encoder sends AV1. Choose H.264 in its video settings.");
    assert_eq!(words(b"\x91vp09\x01"), "This encoder sends VP9. Choose H.264 in its video settings.");
    assert_eq!(words(&[0x22, 0]), "This encoder sends Sorenson H.263. Choose H.264 in its video settings.");
    assert_eq!(words(&[0x24, 0]), "This encoder sends VP6. Choose H.264 in its video settings.");
    assert_eq!(
        words(b"\x91x\n\xFFy\x01"),
        "This encoder sends an unknown video codec (x??y). Choose H.264 in its video settings."
    );
    let words = |bytes: &[u8]| audio(bytes).unwrap_err().to_string();
    assert_eq!(words(b"\x90Opus\x01"), "This encoder sends Opus. Choose AAC in its audio settings.");
    assert_eq!(words(b"\x91fLaC\x01"), "This encoder sends FLAC. Choose AAC in its audio settings.");
    assert_eq!(
        words(b"\x91ac-3\x01"),
        "This encoder sends AC-3 (Dolby Digital). Choose AAC in its audio settings."
    );
    assert_eq!(words(&[0x2F, 0]), "This encoder sends MP3. Choose AAC in its audio settings.");
    assert_eq!(words(&[0xB2, 0]), "This encoder sends Speex. Choose AAC in its audio settings.");
    assert_eq!(
        words(&[0xC0, 0]),
        "This encoder sends an unknown audio codec (12). Choose AAC in its audio settings."
    );
}

#[test]
fn prefixes_parse_back() {
    let tag = |prefix: &[u8]| Bytes::from([prefix, &[9]].concat());
    assert_eq!(
        parse_video(tag(&AVC_SEQUENCE_PREFIX)),
        Ok(VideoTag::SequenceHeader(Bytes::from_static(&[9])))
    );
    assert_eq!(parse_video(tag(&avc_frame_prefix(true, -40))), Ok(frame(true, -40, &[9])));
    assert_eq!(parse_video(tag(&avc_frame_prefix(false, 8_388_607))), Ok(frame(false, 8_388_607, &[9])));
    assert_eq!(
        parse_audio(tag(&AAC_SEQUENCE_PREFIX)),
        Ok(AudioTag::SequenceHeader(Bytes::from_static(&[9])))
    );
    assert_eq!(parse_audio(tag(&AAC_FRAME_PREFIX)), Ok(AudioTag::Frame(Bytes::from_static(&[9]))));
}

fn file(tags: &[(TagKind, u32, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = file_header(true, true).to_vec();
    for (kind, timestamp_ms, payload) in tags {
        bytes.extend_from_slice(&tag_header(*kind, *timestamp_ms, payload.len() as u32));
        bytes.extend_from_slice(payload);
        bytes.extend_from_slice(&(payload.len() as u32 + 11).to_be_bytes());
    }
    bytes
}

#[test]
fn file_tags_skip_unknown_kinds_and_stop_at_a_cut_tail() {
    let mut bytes = file(&[(TagKind::Script, 0, vec![2]), (TagKind::Video, 0x0102_0304, vec![3, 3])]);
    let mut unknown = tag_header(TagKind::Audio, 1, 1).to_vec();
    unknown[0] = 21;
    let mut encrypted = tag_header(TagKind::Audio, 1, 1).to_vec();
    encrypted[0] |= FILTERED_FOR_TEST;
    for header in [unknown, encrypted] {
        bytes.extend(header);
        bytes.extend_from_slice(&[0, 0, 0, 0, 12]);
    }
    bytes.extend_from_slice(&tag_header(TagKind::Audio, 5, 100));
    bytes.push(1);
    let tags: Vec<_> = FileTags::new(bytes.into()).unwrap().map(|tag| (tag.kind, tag.timestamp_ms)).collect();
    assert_eq!(tags, vec![(TagKind::Script, 0), (TagKind::Video, 0x0102_0304)]);
}

const FILTERED_FOR_TEST: u8 = 0x20;

#[test]
fn what_is_not_flv_is_refused() {
    for bytes in [
        &b""[..],
        b"FLV",
        b"GIF\x01\x05\x00\x00\x00\x09",
        b"FLV\x01\x05\x00\x00\x00\x08",
        b"FLV\x01\x05\xFF\xFF\xFF\xFF",
    ] {
        assert_eq!(
            FileTags::new(Bytes::copy_from_slice(bytes)).map(|_| ()),
            Err(FlvError::NotFlv),
            "{bytes:?}"
        );
    }
    assert_eq!(FileTags::new(Bytes::from_static(b"FLV\x01\x05\x00\x00\x00\x09")).unwrap().count(), 0);
}

proptest! {
    #[test]
    fn files_read_back_what_was_written(
        tags in prop::collection::vec((0_usize..3, any::<u32>(), prop::collection::vec(any::<u8>(), 0..40)), 0..12),
    ) {
        let kinds = [TagKind::Audio, TagKind::Video, TagKind::Script];
        let tags: Vec<_> = tags.into_iter().map(|(kind, time, body)| (kinds[kind], time, body)).collect();
        let read: Vec<_> = FileTags::new(file(&tags).into()).unwrap()
            .map(|tag| (tag.kind, tag.timestamp_ms, tag.payload.to_vec())).collect();
        prop_assert_eq!(read, tags);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), first in any::<u8>()) {
        let mut tagged = vec![first];
        tagged.extend_from_slice(&bytes);
        let _ = video(&tagged);
        let _ = audio(&tagged);
        let mut with_header = file_header(true, true).to_vec();
        with_header.extend_from_slice(&bytes);
        prop_assert!(FileTags::new(with_header.into()).unwrap().count() <= bytes.len() / 11 + 1);
        let _ = FileTags::new(bytes.into()).map(Iterator::count);
    }

    #[test]
    fn extended_headers_never_panic(packet in 0_u8..8, bytes in prop::collection::vec(0_u8..8, 0..64)) {
        let tagged = |first: u8| [&[first][..], &bytes].concat();
        let _ = video(&tagged(0x90 | packet));
        let _ = audio(&tagged(0x90 | packet));
    }
}
