use proptest::prelude::*;

use super::*;
use crate::rtmp::ChunkWriter;

const AUDIO: u8 = message_type::AUDIO;
const VIDEO: u8 = message_type::VIDEO;

fn reader() -> ChunkReader {
    ChunkReader::new(ChunkLimits::default())
}

/// Type 0 header on a one-byte chunk stream.
fn full(chunk_stream: u8, time: u32, length: u32, type_id: u8) -> Vec<u8> {
    let mut header = vec![chunk_stream];
    header.extend_from_slice(&time.to_be_bytes()[1..]);
    header.extend_from_slice(&length.to_be_bytes()[1..]);
    header.extend_from_slice(&[type_id, 1, 0, 0, 0]);
    header
}

/// Type 1 header.
fn same_stream(chunk_stream: u8, delta: u32, length: u32, type_id: u8) -> Vec<u8> {
    let mut header = full(chunk_stream | 0x40, delta, length, type_id);
    header.truncate(8);
    header
}

/// Type 2 header.
fn delta(chunk_stream: u8, delta: u32) -> Vec<u8> {
    let mut header = full(chunk_stream | 0x80, delta, 0, 0);
    header.truncate(4);
    header
}

/// Type 3 header.
fn same(chunk_stream: u8) -> Vec<u8> {
    vec![chunk_stream | 0xC0]
}

fn set_chunk_size(chunk_bytes: u32) -> Vec<u8> {
    [full(2, 0, 4, message_type::SET_CHUNK_SIZE), chunk_bytes.to_be_bytes().to_vec()].concat()
}

fn read_with(reader: &mut ChunkReader, bytes: &[u8]) -> Result<Vec<Message>, RtmpError> {
    let mut buf = BytesMut::from(bytes);
    let mut messages = Vec::new();
    while let Some(message) = reader.read(&mut buf)? {
        messages.push(message);
    }
    Ok(messages)
}

fn read(parts: &[Vec<u8>]) -> Result<Vec<Message>, RtmpError> {
    read_with(&mut reader(), &parts.concat())
}

/// Time and first payload byte of every message.
fn outline(messages: &[Message]) -> Vec<(u32, u8)> {
    messages.iter().map(|message| (message.timestamp_ms, message.payload[0])).collect()
}

#[test]
fn every_header_type_is_read() {
    let messages = read(&[
        full(4, 1000, 1, AUDIO),
        vec![1],
        same_stream(4, 20, 2, VIDEO),
        vec![2, 2],
        delta(4, 30),
        vec![3, 3],
        same(4),
        vec![4, 4],
    ])
    .unwrap();
    assert_eq!(outline(&messages), [(1000, 1), (1020, 2), (1050, 3), (1080, 4)]);
    assert_eq!(messages[3].type_id, VIDEO);
    assert!(messages.iter().all(|message| message.stream_id == 1));
}

#[test]
fn fmt3_starting_a_message_after_fmt0_adds_the_absolute_time() {
    let messages = read(&[full(4, 40, 1, AUDIO), vec![1], same(4), vec![2], same(4), vec![3]]).unwrap();
    assert_eq!(outline(&messages), [(40, 1), (80, 2), (120, 3)]);
}

#[test]
fn fmt3_continuing_a_message_adds_nothing() {
    let messages = read(&[
        full(4, 40, 130, AUDIO),
        vec![1; 128],
        same(4),
        vec![1; 2],
        delta(4, 5),
        vec![2; 128],
        same(4),
        vec![2; 2],
        same(4),
        vec![3; 128],
        same(4),
        vec![3; 2],
    ])
    .unwrap();
    assert_eq!(outline(&messages), [(40, 1), (45, 2), (50, 3)]);
}

#[test]
fn two_and_three_byte_chunk_stream_ids_are_read() {
    let rest = full(0, 7, 1, AUDIO).split_off(1);
    let mut reader = reader();
    let two = [&[0, 200][..], &rest, &[1]].concat();
    let three = [&[1, 0x34, 0x12][..], &rest, &[2]].concat();
    // The three-byte form of the two-byte id names the same chunk stream, so a type 3 header knows it.
    let again = [&[0xC1, 200, 0][..], &[3]].concat();
    let messages = read_with(&mut reader, &[two, three, again].concat()).unwrap();
    assert_eq!(outline(&messages), [(7, 1), (7, 2), (14, 3)]);
    assert_eq!(reader.streams.iter().map(|stream| stream.id).collect::<Vec<_>>(), [264, 64 + 0x34 + 0x1200]);
}

#[test]
fn interleaved_audio_video_chunks() {
    let messages = read(&[
        full(6, 10, 300, VIDEO),
        vec![1; 128],
        full(4, 11, 200, AUDIO),
        vec![2; 128],
        same(6),
        vec![1; 128],
        same(4),
        vec![2; 72],
        same(6),
        vec![1; 44],
    ])
    .unwrap();
    assert_eq!(outline(&messages), [(11, 2), (10, 1)]);
    assert_eq!(messages[0].payload, vec![2; 200]);
    assert_eq!(messages[1].payload, vec![1; 300]);
}

#[test]
fn extended_timestamp_repeated_on_fmt3() {
    let time = 0x0123_4567_u32.to_be_bytes().to_vec();
    let first = [full(4, 0x00FF_FFFF, 130, AUDIO), time.clone(), vec![1; 128]].concat();
    let messages = read(&[first, same(4), time, vec![1; 2]]).unwrap();
    assert_eq!(messages[0].timestamp_ms, 0x0123_4567);
    assert_eq!(messages[0].payload, vec![1; 130]);
}

#[test]
fn extended_timestamp_omitted_on_fmt3() {
    let time = 0x0123_4567_u32.to_be_bytes().to_vec();
    let first = [full(4, 0x00FF_FFFF, 300, AUDIO), time, vec![1; 128]].concat();
    // The payload begins like the timestamp, and the message ends before four bytes could be compared.
    let middle = [&[0x01, 0x23, 0x45, 0x68][..], &[1; 124]].concat();
    let tail = [vec![1; 40], vec![0x02; 4]].concat();
    let messages = read(&[first, same(4), middle.clone(), same(4), tail.clone()]).unwrap();
    assert_eq!(messages[0].payload, [vec![1; 128], middle, tail].concat());
}

#[test]
fn extended_delta_is_added_and_forgotten_by_a_short_one() {
    let extended = 0x0100_0000_u32.to_be_bytes().to_vec();
    let messages = read(&[
        full(4, 5, 1, AUDIO),
        vec![1],
        same_stream(4, 0x00FF_FFFF, 1, AUDIO),
        extended.clone(),
        vec![2],
        same(4),
        extended,
        vec![3],
        delta(4, 10),
        vec![4],
        same(4),
        // Were the extended delta remembered, this would be taken for the beginning of its repetition.
        vec![1],
    ])
    .unwrap();
    assert_eq!(
        outline(&messages),
        [(5, 1), (0x0100_0005, 2), (0x0200_0005, 3), (0x0200_000F, 4), (0x0200_0019, 1)]
    );
}

#[test]
fn time_wraps_around_32_bits() {
    let last = u32::MAX.to_be_bytes().to_vec();
    let messages = read(&[full(4, 0x00FF_FFFF, 1, AUDIO), last, vec![1], delta(4, 21), vec![2]]).unwrap();
    assert_eq!(outline(&messages), [(u32::MAX, 1), (20, 2)]);
}

#[test]
fn set_chunk_size_applies_from_the_next_chunk() {
    let messages = read(&[
        full(4, 0, 400, AUDIO),
        vec![1; 128],
        set_chunk_size(200),
        same(4),
        vec![1; 200],
        same(4),
        vec![1; 72],
    ])
    .unwrap();
    assert_eq!(messages[0].payload, vec![1; 400]);
}

#[test]
fn chunk_size_zero_closes_and_a_huge_one_is_capped() {
    assert_eq!(read(&[set_chunk_size(0)]), Err(RtmpError::ZeroChunkSize));
    assert_eq!(read(&[set_chunk_size(0x8000_0000)]), Err(RtmpError::ZeroChunkSize));
    let mut reader = reader();
    read_with(&mut reader, &set_chunk_size(0x7FFF_FFFF)).unwrap();
    assert_eq!(reader.chunk_bytes, 0x00FF_FFFF);
    read_with(&mut reader, &[full(2, 0, 2, message_type::SET_CHUNK_SIZE), vec![0, 0]].concat()).unwrap();
    assert_eq!(reader.chunk_bytes, 0x00FF_FFFF);
}

#[test]
fn abort_drops_the_unfinished_message() {
    let abort = [full(2, 0, 4, message_type::ABORT), vec![0, 0, 0, 4]].concat();
    let mut reader = reader();
    let bytes = [full(4, 0, 300, AUDIO), vec![1; 128], abort, full(4, 9, 1, AUDIO), vec![2]].concat();
    assert_eq!(outline(&read_with(&mut reader, &bytes).unwrap()), [(9, 2)]);
    assert_eq!(reader.buffered_bytes, 0);
}

#[test]
fn fmt1_with_smaller_length_mid_message_closes() {
    let begun = [full(4, 0, 300, AUDIO), vec![1; 128]].concat();
    assert_eq!(read(&[begun.clone(), same_stream(4, 0, 10, AUDIO)]), Err(RtmpError::HeaderInsideMessage));
    assert_eq!(read(&[begun.clone(), same_stream(4, 0, 300, VIDEO)]), Err(RtmpError::HeaderInsideMessage));
    assert_eq!(read(&[begun, full(4, 0, 300, AUDIO)]), Err(RtmpError::HeaderInsideMessage));
}

#[test]
fn fmt1_and_fmt2_that_contradict_nothing_continue_a_message() {
    let messages = read(&[
        full(4, 7, 300, AUDIO),
        vec![1; 128],
        same_stream(4, 99, 300, AUDIO),
        vec![1; 128],
        delta(4, 99),
        vec![1; 44],
    ])
    .unwrap();
    assert_eq!((messages[0].timestamp_ms, messages[0].payload.len()), (7, 300));
}

#[test]
fn fmt2_and_fmt3_without_a_header_close_but_fmt1_opens() {
    assert_eq!(read(&[delta(4, 1)]), Err(RtmpError::NoPreviousHeader));
    assert_eq!(read(&[same(4)]), Err(RtmpError::NoPreviousHeader));
    let messages = read(&[same_stream(2, 5, 1, 4), vec![1]]).unwrap();
    assert_eq!((messages[0].timestamp_ms, messages[0].stream_id), (5, 0));
}

#[test]
fn twenty_thousand_open_chunk_streams_close() {
    let mut reader = reader();
    let mut opened = 0;
    let result = (0..20_000_u32).try_for_each(|index| {
        let mut bytes = vec![1];
        bytes.extend_from_slice(&(index as u16).to_le_bytes());
        bytes.extend_from_slice(&full(0, 0, 8 * 1024 * 1024, VIDEO)[1..]);
        bytes.extend_from_slice(&[0; 128]);
        read_with(&mut reader, &bytes)?;
        opened += 1;
        Ok(())
    });
    assert_eq!(result, Err(RtmpError::TooManyChunkStreams { limit: MAX_CHUNK_STREAMS }));
    assert_eq!(opened, MAX_CHUNK_STREAMS);
    let reserved: usize = reader.streams.iter().map(|stream| stream.payload.capacity()).sum();
    assert!(reserved <= MAX_CHUNK_STREAMS * FIRST_RESERVE_BYTES, "{reserved}");
}

#[test]
fn declared_length_over_the_limit_closes_at_the_header() {
    let error = read(&[full(4, 0, 9_000_000, VIDEO)]).unwrap_err();
    assert_eq!(error, RtmpError::MessageTooLong { declared_bytes: 9_000_000, limit_bytes: 8_388_608 });
}

#[test]
fn unfinished_messages_share_one_budget() {
    let limits = ChunkLimits { max_message_bytes: 1000, max_buffered_bytes: 300 };
    let mut reader = ChunkReader::new(limits);
    let begun = |id| [full(id, 0, 1000, VIDEO), vec![0; 128]].concat();
    let error = read_with(&mut reader, &[begun(4), begun(5), begun(6)].concat()).unwrap_err();
    assert_eq!(error, RtmpError::TooMuchBuffered { limit_bytes: 300 });
}

#[test]
fn eight_megabyte_message_in_128_byte_chunks_is_linear() {
    let message = Message {
        timestamp_ms: 1,
        type_id: VIDEO,
        stream_id: 1,
        payload: (0..7_900_000_u32).map(|index| (index % 251) as u8).collect(),
    };
    let mut bytes = BytesMut::new();
    ChunkWriter::new().write(6, &message, &mut bytes).unwrap();
    let mut reader = reader();
    let mut buf = BytesMut::new();
    let mut messages = Vec::new();
    for piece in bytes.chunks(4096) {
        buf.extend_from_slice(piece);
        messages.extend(reader.read(&mut buf).unwrap());
        assert!(buf.len() < 18, "everything but a cut header is taken");
    }
    assert!(messages == [message]);
    assert!(reader.copied_bytes() < 3 * 7_900_000, "{}", reader.copied_bytes());
    assert_eq!(reader.buffered_bytes, 0);
}

#[test]
fn endless_chunk_headers_hold_nothing() {
    let mut reader = reader();
    let mut bytes = full(4, 0, 0, AUDIO);
    bytes.extend(std::iter::repeat_n(same(4)[0], 100_000));
    assert_eq!(read_with(&mut reader, &bytes).unwrap().len(), 100_001);
    assert_eq!((reader.buffered_bytes, reader.copied_bytes()), (0, 0));
}

#[test]
fn whole_large_messages_are_split_off_and_small_ones_copied() {
    let mut reader = reader();
    let large = [set_chunk_size(65_536), full(4, 0, 20_000, VIDEO), vec![1; 20_000]].concat();
    let mut buf = BytesMut::from(&large[..]);
    let inside = buf.as_ptr_range();
    let message = reader.read(&mut buf).unwrap().unwrap();
    assert!(inside.contains(&message.payload.as_ptr()));
    assert_eq!(reader.copied_bytes(), 4);

    let mut buf = BytesMut::from(&[full(4, 0, 200, AUDIO), vec![1; 200]].concat()[..]);
    let inside = buf.as_ptr_range();
    let message = reader.read(&mut buf).unwrap().unwrap();
    assert!(!inside.contains(&message.payload.as_ptr()));
}

fn any_message() -> impl Strategy<Value = Message> {
    let time = prop_oneof![any::<u32>(), 0_u32..100, 0x00FF_FFF0_u32..0x0100_0010];
    let size = prop_oneof![0_usize..10, 100_usize..600, 15_000_usize..40_000];
    (time, 3_u8..30, 0_u32..3, size, any::<u8>()).prop_map(
        |(timestamp_ms, type_id, stream_id, size, seed)| {
            let payload = (0..size).map(|index| (index as u8).wrapping_mul(31) ^ seed).collect();
            Message { timestamp_ms, type_id, stream_id, payload }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn written_messages_read_back_however_they_are_cut(
        messages in prop::collection::vec((any_message(), prop_oneof![2_u32..8, 60_u32..70, 310_u32..330, Just(65_599)]), 1..8),
        chunk_sizes in prop::collection::vec(prop_oneof![1_u32..300, Just(128), Just(4096), Just(70_000)], 1..4),
        cuts in prop::collection::vec(prop_oneof![1_usize..20, 1_usize..5000], 1..50),
    ) {
        let mut writer = ChunkWriter::new();
        let mut bytes = BytesMut::new();
        for (index, (message, chunk_stream)) in messages.iter().enumerate() {
            if let Some(size) = chunk_sizes.get(index) {
                writer.set_chunk_bytes(*size, &mut bytes);
            }
            writer.write(*chunk_stream, message, &mut bytes).unwrap();
        }
        let mut reader = reader();
        let mut buf = BytesMut::new();
        let mut received = Vec::new();
        let total = bytes.len() as u64;
        for cut in cuts.iter().cycle() {
            if bytes.is_empty() {
                break;
            }
            buf.extend_from_slice(&bytes.split_to((*cut).min(bytes.len())));
            while let Some(message) = reader.read(&mut buf).unwrap() {
                received.push(message);
            }
        }
        prop_assert!(buf.is_empty());
        prop_assert!(reader.copied_bytes() <= 3 * total);
        prop_assert_eq!(received.len(), messages.len());
        for (received, (sent, _)) in received.iter().zip(&messages) {
            prop_assert!(received == sent, "{:?} != {:?}", received, sent);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000), cut in 1_usize..64) {
        let mut reader = ChunkReader::new(ChunkLimits { max_message_bytes: 4000, max_buffered_bytes: 1000 });
        let mut buf = BytesMut::new();
        'all: for piece in bytes.chunks(cut) {
            buf.extend_from_slice(piece);
            loop {
                match reader.read(&mut buf) {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => break 'all,
                }
            }
            prop_assert!(buf.len() <= 18 && reader.buffered_bytes <= 1000);
        }
    }

    #[test]
    fn plausible_chunks_never_panic(
        chunks in prop::collection::vec((
            prop_oneof![3 => 0_u8..3, 2 => Just(3_u8)],
            2_u8..5,
            0_u32..300,
            1_u8..10,
            any::<bool>(),
            prop_oneof![0_usize..6, 0_usize..140],
        ), 0..60),
    ) {
        let fresh = || ChunkReader::new(ChunkLimits { max_message_bytes: 4000, max_buffered_bytes: 1000 });
        let mut reader = fresh();
        for (format, id, length, type_id, extended, payload) in chunks {
            let time = if extended { 0x00FF_FFFF } else { length };
            let header = match format {
                0 => full(id, time, length, type_id),
                1 => same_stream(id, time, length, type_id),
                2 => delta(id, time),
                _ => same(id),
            };
            // After an error the connection is closed; the rest is said to a new one.
            if read_with(&mut reader, &[header, vec![0x80; payload]].concat()).is_err() {
                reader = fresh();
            }
        }
    }
}
