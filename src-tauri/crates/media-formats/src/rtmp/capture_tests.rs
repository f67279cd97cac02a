//! Bytes real encoders sent, replayed.
//!
//! `captures/ffmpeg-5.1.9-publish.bin` is everything ffmpeg wrote to a server that accepted it, from C0 to
//! `deleteStream`; its times cross 16 777 215 ms, where extended timestamps begin:
//!
//! ```text
//! ffmpeg -f lavfi -i testsrc=s=64x48:r=10 -f lavfi -i sine=r=44100 -t 1 -c:v libx264 -preset veryslow -crf 51 -g 10 \
//!   -c:a aac -b:a 8k -output_ts_offset 16776.7 -f flv -flvflags no_duration_filesize \
//!   "rtmp://127.0.0.1:<port>/live/planted-key?x=1"
//! ```

use bytes::BytesMut;

use super::*;
use crate::amf0::Value;
use crate::flv::{AudioTag, VideoTag, parse_audio, parse_video};

const FFMPEG: &[u8] = include_bytes!("captures/ffmpeg-5.1.9-publish.bin");

fn replay(capture: &[u8], piece_bytes: usize) -> (Vec<ServerEvent>, ServerState) {
    let mut connection = ServerConnection::new(ServerConfig::default(), [7; RANDOM_BYTES]);
    let (mut buf, mut events) = (BytesMut::new(), Vec::new());
    for piece in capture.chunks(piece_bytes) {
        buf.extend_from_slice(piece);
        connection.receive(&mut buf).unwrap();
        while let Some(event) = connection.poll_event() {
            if matches!(event, ServerEvent::PublishRequested(_)) {
                connection.accept_publish();
            }
            events.push(event);
        }
    }
    (events, connection.state())
}

#[test]
fn ffmpeg_publishes_from_handshake_to_delete_stream() {
    let (events, state) = replay(FFMPEG, 1460);
    assert_eq!(state, ServerState::Ended);
    let [
        ServerEvent::Connected { .. },
        ServerEvent::PublishRequested(request),
        ServerEvent::Metadata(metadata),
        media @ ..,
        ServerEvent::PublishEnded,
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(request.path_parts().collect::<Vec<_>>(), ["live", "planted-key"]);
    assert_eq!(metadata.get("width").and_then(Value::as_number), Some(64.0));

    let (mut headers, mut frames, mut ends, mut accesses) = (0, 0, 0, 0);
    let mut last_ms = [0; 2];
    for event in media {
        let (track, time_ms) = match event {
            ServerEvent::Video { timestamp_ms, payload } => {
                match parse_video(payload.clone()).unwrap() {
                    VideoTag::SequenceHeader(_) => headers += 1,
                    VideoTag::Frame { .. } => frames += 1,
                    VideoTag::EndOfSequence => ends += 1,
                    VideoTag::Ignored => panic!("ffmpeg sends nothing to ignore"),
                }
                (0, *timestamp_ms)
            }
            ServerEvent::Audio { timestamp_ms, payload } => {
                match parse_audio(payload.clone()).unwrap() {
                    AudioTag::SequenceHeader(_) => headers += 1,
                    AudioTag::Frame(_) => accesses += 1,
                    AudioTag::Ignored => panic!("ffmpeg sends nothing to ignore"),
                }
                (1, *timestamp_ms)
            }
            other => panic!("{other:?}"),
        };
        let is_configuration = time_ms == 0;
        assert!(is_configuration || time_ms >= last_ms[track], "{time_ms} after {last_ms:?}");
        last_ms[track] = last_ms[track].max(time_ms);
    }
    assert_eq!((headers, frames, ends, accesses), (2, 10, 1, 45));
    assert!(
        last_ms.iter().all(|&time_ms| (0x0100_0000..0x0100_0000 + 1000).contains(&time_ms)),
        "{last_ms:?}"
    );
}

#[test]
fn ffmpeg_is_understood_however_its_bytes_are_cut() {
    let (whole, _) = replay(FFMPEG, 1460);
    for piece_bytes in [1, 2, 3, 7, 100, 1000] {
        let (events, state) = replay(FFMPEG, piece_bytes);
        assert!(events == whole, "pieces of {piece_bytes}");
        assert_eq!(state, ServerState::Ended);
    }
}

#[test]
fn ffmpeg_signs_its_handshake_and_gets_a_signed_reply() {
    let mut out = BytesMut::new();
    let mut buf = BytesMut::from(&FFMPEG[..1 + 8 + RANDOM_BYTES]);
    ServerHandshake::new([7; RANDOM_BYTES]).receive(&mut buf, &mut out).unwrap();
    assert_eq!(out[5..9], [4, 5, 0, 1], "the version of a signed S1");
}
