use bytes::Buf;
use proptest::prelude::*;

use super::*;
use crate::amf0::Amf0Error;
use crate::flv::TagKind;
use crate::rtmp::message::user_control;
use crate::rtmp::wire::MAX_QUEUED_BYTES;
use crate::rtmp::{ChunkReader, ChunkWriter, ClientHandshake, NotRtmp};

/// An encoder in a test: a real chunk writer and reader against the connection, without a socket.
struct Encoder {
    connection: ServerConnection,
    writer: ChunkWriter,
    reader: ChunkReader,
    replies: Vec<Message>,
}

impl Encoder {
    fn new(config: ServerConfig) -> Self {
        let mut connection = ServerConnection::new(config, [7; RANDOM_BYTES]);
        let (mut to_server, mut to_client) = (BytesMut::new(), BytesMut::new());
        let mut client = ClientHandshake::new(&[9; RANDOM_BYTES], &mut to_server);
        connection.receive(&mut to_server).unwrap();
        to_client.extend_from_slice(&connection.poll_transmit().unwrap());
        assert!(client.receive(&mut to_client, &mut to_server).unwrap());
        connection.receive(&mut to_server).unwrap();
        assert_eq!(connection.state(), ServerState::Connecting);
        let reader = ChunkReader::new(ChunkLimits::default());
        Self { connection, writer: ChunkWriter::new(), reader, replies: Vec::new() }
    }

    fn connected() -> Self {
        let mut encoder = Self::new(ServerConfig::default());
        encoder.connect(&[("app", "live"), ("tcUrl", "rtmp://h/live"), ("flashVer", "FMLE/3.0")]).unwrap();
        encoder.events();
        encoder.replies();
        encoder.replies.clear();
        encoder
    }

    fn publishing() -> Self {
        let mut encoder = Self::connected();
        encoder.publish("key").unwrap();
        encoder.events();
        encoder.connection.accept_publish();
        encoder.replies();
        encoder.replies.clear();
        encoder
    }

    fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), RtmpError> {
        let mut buf = BytesMut::from(bytes);
        self.connection.receive(&mut buf)
    }

    fn send(&mut self, chunk_stream: u32, message: &Message) -> Result<(), RtmpError> {
        let mut bytes = BytesMut::new();
        self.writer.write(chunk_stream, message, &mut bytes).unwrap();
        self.connection.receive(&mut bytes)
    }

    fn media(&mut self, type_id: u8, timestamp_ms: u32, payload: &[u8]) -> Result<(), RtmpError> {
        let payload = Bytes::copy_from_slice(payload);
        self.send(4, &Message { timestamp_ms, type_id, stream_id: 1, payload })
    }

    fn command(&mut self, stream_id: u32, command: Command) -> Result<(), RtmpError> {
        self.send(3, &command.to_message(stream_id))
    }

    fn call(&mut self, name: &str, transaction_id: f64, argument: Value) -> Result<(), RtmpError> {
        self.command(0, Command::new(name, transaction_id, vec![Value::Null, argument]))
    }

    fn connect(&mut self, fields: &[(&str, &str)]) -> Result<(), RtmpError> {
        let object = fields.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect();
        self.command(0, Command::new("connect", 1.0, vec![Value::Object(object)]))
    }

    fn publish(&mut self, name: &str) -> Result<(), RtmpError> {
        self.command(
            1,
            Command::new("publish", 5.0, vec![Value::Null, Value::from(name), Value::from("live")]),
        )
    }

    fn events(&mut self) -> Vec<ServerEvent> {
        std::iter::from_fn(|| self.connection.poll_event()).collect()
    }

    fn replies(&mut self) -> &[Message] {
        let mut buf = BytesMut::new();
        while let Some(bytes) = self.connection.poll_transmit() {
            buf.extend_from_slice(&bytes);
        }
        while let Some(message) = self.reader.read(&mut buf).unwrap() {
            self.replies.push(message);
        }
        assert!(buf.is_empty());
        &self.replies
    }

    fn reply_commands(&mut self) -> Vec<Command> {
        let commands = self.replies().iter().filter(|message| message.type_id == message_type::COMMAND);
        commands.map(|message| Command::decode(&message.payload).unwrap()).collect()
    }

    /// Codes of all status objects sent, and the name of replies without one.
    fn codes(&mut self) -> Vec<String> {
        let code = |command: &Command| {
            let status = command.values.last().and_then(|status| status.get("code")).and_then(Value::as_str);
            status.unwrap_or(&command.name).to_owned()
        };
        self.reply_commands().iter().map(code).collect()
    }
}

fn metadata(values: &[Value]) -> Vec<u8> {
    let mut payload = Vec::new();
    values.iter().for_each(|value| value.encode(&mut payload));
    payload
}

fn size(kind: fn(Vec<(String, Value)>) -> Value) -> Value {
    kind(vec![("width".to_owned(), Value::Number(1280.0))])
}

#[test]
fn connect_is_answered_in_the_order_encoders_expect() {
    let mut encoder = Encoder::new(ServerConfig::default());
    encoder.connect(&[("app", "live"), ("tcUrl", "rtmp://h/live"), ("flashVer", "FMLE/3.0")]).unwrap();
    let mut sent = BytesMut::from(&encoder.connection.poll_transmit().unwrap()[..]);
    // Set Chunk Size is taken by the reader, so its place is looked for in the bytes.
    let position = |wanted: &[u8]| sent.windows(wanted.len()).position(|at| at == wanted).unwrap();
    let chunk_size = position(&[4, message_type::SET_CHUNK_SIZE, 0, 0, 0x10, 0]);
    assert!(position(&[5, message_type::SET_PEER_BANDWIDTH]) < chunk_size);
    assert!(chunk_size < position(b"_result"));
    while let Some(message) = encoder.reader.read(&mut sent).unwrap() {
        encoder.replies.push(message);
    }
    let types: Vec<_> = encoder.replies().iter().map(|message| message.type_id).collect();
    assert_eq!(
        types,
        [message_type::WINDOW_ACK_SIZE, message_type::SET_PEER_BANDWIDTH, message_type::COMMAND]
    );
    let reply = &encoder.reply_commands()[0];
    assert_eq!((reply.name.as_str(), reply.transaction_id), ("_result", 1.0));
    assert_eq!(encoder.codes(), ["NetConnection.Connect.Success"]);
    let event = ServerEvent::Connected {
        app: UrlPart::new("live"),
        tc_url: UrlPart::new("rtmp://h/live"),
        flash_ver: "FMLE/3.0".to_owned(),
    };
    assert_eq!(encoder.events(), [event]);
}

#[test]
fn connect_without_flash_ver_or_app_is_fine() {
    let mut encoder = Encoder::new(ServerConfig::default());
    encoder.connect(&[]).unwrap();
    encoder.publish("live/key").unwrap();
    let events = encoder.events();
    let [ServerEvent::Connected { .. }, ServerEvent::PublishRequested(request)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(request.path_parts().collect::<Vec<_>>(), ["live", "key"]);
    assert_eq!(request.encoder, "");
}

#[test]
fn connect_without_any_value_is_fine() {
    let mut encoder = Encoder::new(ServerConfig::default());
    let payload = Bytes::from_static(b"\x02\x00\x07connect");
    encoder.send(3, &Message::control(message_type::COMMAND, payload)).unwrap();
    assert_eq!(encoder.connection.state(), ServerState::Connected);
}

#[test]
fn flash_ver_is_made_fit_for_a_screen() {
    let mut encoder = Encoder::new(ServerConfig::default());
    encoder.connect(&[("flashVer", &format!("a\u{1b}[31m\n{}", "x".repeat(1000)))]).unwrap();
    let events = encoder.events();
    let [ServerEvent::Connected { flash_ver, .. }] = &events[..] else { panic!("{events:?}") };
    assert!(flash_ver.starts_with("a[31mx") && flash_ver.len() == 128);
}

#[test]
fn enhanced_rtmp_clients_are_told_what_is_carried() {
    let mut encoder = Encoder::new(ServerConfig::default());
    let list = Value::StrictArray(vec![Value::from("hvc1"), Value::from("avc1")]);
    let object =
        Value::Object(vec![("app".to_owned(), Value::from("live")), ("fourCcList".to_owned(), list)]);
    encoder.command(0, Command::new("connect", 1.0, vec![object])).unwrap();
    let reply = encoder.reply_commands().remove(0);
    let status = &reply.values[1];
    assert!(
        status
            .get("videoFourCcInfoMap")
            .is_some_and(|map| map.get("avc1").is_some() && map.get("hvc1").is_none())
    );

    let mut plain = Encoder::new(ServerConfig::default());
    plain.connect(&[("app", "live")]).unwrap();
    assert!(plain.reply_commands()[0].values[1].get("fourCcList").is_none());
}

#[test]
fn flow_of_ffmpeg_obs_and_librtmp_ends_in_media() {
    let mut encoder = Encoder::new(ServerConfig::default());
    encoder.connect(&[("app", "live"), ("type", "nonprivate"), ("flashVer", "FMLE/3.0")]).unwrap();
    let mut bytes = BytesMut::new();
    encoder.writer.set_chunk_bytes(60_000, &mut bytes);
    encoder.send_bytes(&bytes).unwrap();
    encoder.call("releaseStream", 2.0, Value::from("key")).unwrap();
    encoder.call("FCPublish", 3.0, Value::from("key")).unwrap();
    encoder.command(0, Command::new("createStream", 4.0, vec![Value::Null])).unwrap();
    encoder.command(0, Command::new("_checkbw", 5.0, vec![Value::Null])).unwrap();
    encoder.publish("key").unwrap();
    let replies: Vec<_> = encoder.reply_commands();
    let results: Vec<_> =
        replies[1..].iter().map(|reply| (reply.name.as_str(), reply.transaction_id)).collect();
    assert_eq!(results, [("_result", 2.0), ("_result", 3.0), ("_result", 4.0), ("_result", 5.0)]);
    assert_eq!(replies[3].values, [Value::Null, Value::Number(1.0)]);

    encoder.replies.clear();
    assert_eq!(encoder.events().len(), 2);
    encoder.connection.accept_publish();
    assert_eq!(encoder.codes(), ["NetStream.Publish.Start", "NetStream.Publish.Start"]);
    let status = encoder.replies.last().unwrap();
    assert_eq!(status.stream_id, 1, "onStatus is sent on the stream of publish");

    encoder
        .media(
            18,
            0,
            &metadata(&[Value::from("@setDataFrame"), Value::from("onMetaData"), size(Value::EcmaArray)]),
        )
        .unwrap();
    encoder.media(9, 0, &[0x17, 0, 0, 0, 0, 1]).unwrap();
    encoder.media(8, 0, &[0xAF, 0, 1]).unwrap();
    encoder.media(9, 40, &[0x17, 1, 0, 0, 0, 1]).unwrap();
    encoder.command(0, Command::new("FCUnpublish", 6.0, vec![Value::Null, Value::from("key")])).unwrap();
    encoder.command(0, Command::new("deleteStream", 7.0, vec![Value::Null, Value::Number(1.0)])).unwrap();
    insta::assert_debug_snapshot!(encoder.events(), @r#"
    [
        Metadata,
        Video {
            timestamp_ms: 0,
            payload_bytes: 6,
        },
        Audio {
            timestamp_ms: 0,
            payload_bytes: 3,
        },
        Video {
            timestamp_ms: 40,
            payload_bytes: 6,
        },
        PublishEnded,
    ]
    "#);
    assert!(encoder.connection.wants_close());
}

#[test]
fn metadata_in_every_wrapping_is_reported() {
    let name = || Value::from("onMetaData");
    let forms = [
        vec![Value::from("@setDataFrame"), name(), size(Value::EcmaArray)],
        vec![Value::from("@setDataFrame"), name(), size(Value::Object)],
        vec![name(), size(Value::EcmaArray)],
        vec![name(), size(Value::Object), Value::from("trailing")],
    ];
    for form in forms {
        let mut encoder = Encoder::publishing();
        encoder.media(message_type::DATA, 0, &metadata(&form)).unwrap();
        let amf3 = [&[0][..], &metadata(&form)].concat();
        encoder.media(message_type::DATA_AMF3, 0, &amf3).unwrap();
        let events = encoder.events();
        assert_eq!(events.len(), 2);
        for event in events {
            let ServerEvent::Metadata(value) = event else { panic!("{event:?}") };
            assert_eq!(value.get("width"), Some(&Value::Number(1280.0)));
        }
    }
    let mut encoder = Encoder::publishing();
    for form in [
        vec![],
        vec![Value::from("@setDataFrame")],
        vec![name()],
        vec![name(), Value::Null],
        vec![Value::from("onTextData"), size(Value::Object)],
    ] {
        encoder.media(message_type::DATA, 0, &metadata(&form)).unwrap();
    }
    assert_eq!(encoder.events(), []);
}

#[test]
fn amf0_nested_200k_deep_in_connect_closes() {
    let mut encoder = Encoder::new(ServerConfig::default());
    let mut payload = metadata(&[Value::from("connect"), Value::Number(1.0)]);
    payload.extend(std::iter::repeat_n([3, 0, 1, b'a'], 200_000).flatten());
    let error = encoder.send(3, &Message::control(message_type::COMMAND, payload)).unwrap_err();
    assert_eq!(error, RtmpError::BadCommand(Amf0Error::TooDeep));
    assert!(encoder.connection.wants_close());
}

#[test]
fn amf0_nested_200k_deep_in_metadata_is_passed_over() {
    let mut encoder = Encoder::publishing();
    let mut payload = metadata(&[Value::from("onMetaData")]);
    payload.extend(std::iter::repeat_n([3, 0, 1, b'a'], 200_000).flatten());
    encoder.media(message_type::DATA, 0, &payload).unwrap();
    encoder.media(8, 0, &[0xAF, 0, 1]).unwrap();
    assert_eq!(encoder.events().len(), 1);
}

#[test]
fn window_ack_size_zero_is_ignored() {
    let mut encoder = Encoder::publishing();
    encoder.send(2, &Message::control_u32(message_type::WINDOW_ACK_SIZE, 0)).unwrap();
    encoder.media(8, 0, &[0xAF; 5000]).unwrap();
    assert_eq!(encoder.replies(), []);
}

#[test]
fn acknowledgement_is_sent_once_for_every_window() {
    let mut encoder = Encoder::publishing();
    encoder.send(2, &Message::control_u32(message_type::WINDOW_ACK_SIZE, 10_000)).unwrap();
    for index in 0..14 {
        encoder.media(8, index, &[0xAF; 2900]).unwrap();
    }
    let acknowledged: Vec<_> =
        encoder.replies().iter().map(|message| (message.type_id, message.first_u32())).collect();
    let numbers: Vec<_> = acknowledged.iter().map(|(_, number)| number.unwrap()).collect();
    assert!(acknowledged.iter().all(|(type_id, _)| *type_id == message_type::ACKNOWLEDGEMENT));
    assert_eq!(numbers.len(), 3, "{numbers:?}");
    assert!(numbers.windows(2).all(|pair| pair[1] - pair[0] >= 10_000));
}

#[test]
fn one_byte_window_costs_one_acknowledgement_a_call() {
    let mut encoder = Encoder::publishing();
    let mut bytes = BytesMut::new();
    encoder.writer.write(2, &Message::control_u32(message_type::WINDOW_ACK_SIZE, 1), &mut bytes).unwrap();
    for index in 0..1000 {
        let message =
            Message { timestamp_ms: index, type_id: 8, stream_id: 1, payload: Bytes::from_static(&[0xAF]) };
        encoder.writer.write(4, &message, &mut bytes).unwrap();
    }
    encoder.send_bytes(&bytes).unwrap();
    assert_eq!(encoder.replies().len(), 1);
}

#[test]
fn ping_is_answered_with_its_own_time() {
    let mut encoder = Encoder::connected();
    encoder.send(2, &Message::user_control(user_control::PING_REQUEST, 0xABCD)).unwrap();
    encoder.send(2, &Message::user_control(3, 500)).unwrap();
    encoder.send(2, &Message::control(message_type::USER_CONTROL, vec![0, 6])).unwrap();
    assert_eq!(encoder.replies(), [Message::user_control(user_control::PING_RESPONSE, 0xABCD)]);
}

#[test]
fn aggregate_message_is_split_and_its_times_rebased() {
    let mut encoder = Encoder::publishing();
    let mut payload = Vec::new();
    for (kind, time, body) in [(TagKind::Video, 5000, &[0x17, 1][..]), (TagKind::Audio, 5023, &[0xAF, 1])] {
        payload.extend_from_slice(&crate::flv::tag_header(kind, time, 2));
        payload.extend_from_slice(body);
        payload.extend_from_slice(&[0, 0, 0, 13]);
    }
    payload.extend_from_slice(&crate::flv::tag_header(TagKind::Audio, 5046, 100));
    encoder.media(message_type::AGGREGATE, 1000, &payload).unwrap();
    let video = ServerEvent::Video { timestamp_ms: 1000, payload: Bytes::from_static(&[0x17, 1]) };
    let audio = ServerEvent::Audio { timestamp_ms: 1023, payload: Bytes::from_static(&[0xAF, 1]) };
    assert_eq!(encoder.events(), [video, audio]);
}

#[test]
fn amf3_command_is_read_as_amf0_behind_one_byte() {
    let mut encoder = Encoder::connected();
    let publish = Command::new("publish", 5.0, vec![Value::Null, Value::from("key")]).to_message(1);
    let payload = Bytes::from([&[0][..], &publish.payload].concat());
    encoder.send(3, &Message { type_id: message_type::COMMAND_AMF3, payload, ..publish }).unwrap();
    assert_eq!(encoder.connection.state(), ServerState::Deciding);
}

#[test]
fn unknown_commands_and_messages_are_tolerated() {
    let mut encoder = Encoder::connected();
    encoder.call("setPlaylist", 9.0, Value::Null).unwrap();
    encoder.call("notice", 0.0, Value::Null).unwrap();
    encoder.call("getStreamLength", 10.0, Value::from("x")).unwrap();
    encoder.call("_result", 11.0, Value::Null).unwrap();
    encoder.send(3, &Message::control(99, vec![1, 2, 3])).unwrap();
    encoder.send(3, &Message::control(19, vec![1, 2, 3])).unwrap();
    let ids: Vec<_> = encoder.reply_commands().iter().map(|reply| reply.transaction_id).collect();
    assert_eq!(ids, [9.0, 10.0]);
}

#[test]
fn publish_before_connect_is_an_error() {
    let mut encoder = Encoder::new(ServerConfig::default());
    assert_eq!(encoder.publish("key"), Err(RtmpError::CommandBeforeConnect));
    assert_eq!(encoder.publish("key"), Err(RtmpError::CommandBeforeConnect), "and stays one");
}

#[test]
fn second_connect_and_second_publish_are_refused_without_harm() {
    let mut encoder = Encoder::publishing();
    encoder.connect(&[("app", "other")]).unwrap();
    encoder.publish("other").unwrap();
    assert_eq!(encoder.codes(), ["NetConnection.Connect.Rejected", "NetStream.Publish.BadName"]);
    encoder.media(8, 0, &[0xAF, 1, 1]).unwrap();
    assert_eq!(encoder.events().len(), 1);
    assert_eq!(encoder.connection.state(), ServerState::Publishing);
}

#[test]
fn publish_without_a_name_is_refused() {
    let mut encoder = Encoder::connected();
    encoder.command(1, Command::new("publish", 5.0, vec![Value::Null])).unwrap();
    assert_eq!(encoder.codes(), ["NetStream.Publish.BadName"]);
    assert!(encoder.connection.wants_close());
    assert_eq!(encoder.events(), []);
}

#[test]
fn play_is_refused_clearly() {
    let mut encoder = Encoder::connected();
    encoder.call("play", 5.0, Value::from("key")).unwrap();
    assert_eq!(encoder.codes(), ["NetStream.Play.Failed"]);
    assert_eq!(encoder.events(), [ServerEvent::PlayRefused]);
    assert!(encoder.connection.wants_close());
}

#[test]
fn media_is_held_back_until_accepted() {
    let mut encoder = Encoder::connected();
    encoder.media(8, 0, &[0xAF, 0, 0]).unwrap();
    encoder.publish("key").unwrap();
    encoder.media(9, 1, &[0x17, 0, 1]).unwrap();
    encoder.media(8, 2, &[0xAF, 0, 1]).unwrap();
    assert_eq!(encoder.events().len(), 1, "the request alone");
    encoder.connection.accept_publish();
    encoder.media(9, 3, &[0x17, 1, 1]).unwrap();
    let times: Vec<_> = encoder
        .events()
        .iter()
        .map(|event| match event {
            ServerEvent::Video { timestamp_ms, .. } | ServerEvent::Audio { timestamp_ms, .. } => {
                *timestamp_ms
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(times, [1, 2, 3]);
}

#[test]
fn media_held_back_is_bounded() {
    let mut encoder = Encoder::connected();
    encoder.publish("key").unwrap();
    for index in 0..200 {
        encoder.media(9, index, &[0x17; 100_000]).unwrap();
    }
    encoder.events();
    encoder.connection.accept_publish();
    let kept = encoder.events();
    assert_eq!(kept.len(), 4 * 1024 * 1024 / 100_000);
    assert!(matches!(kept[0], ServerEvent::Video { timestamp_ms: 0, .. }), "what came first is kept");
}

#[test]
fn rejection_reaches_the_encoder_and_ends_the_connection() {
    let mut encoder = Encoder::connected();
    encoder.publish("key").unwrap();
    encoder.media(9, 1, &[0x17, 0, 1]).unwrap();
    encoder.connection.reject_publish("This stream key is not known. Copy it again from the console.");
    let refusal = encoder.reply_commands().remove(0);
    let status = &refusal.values[1];
    assert_eq!(status.get("code").and_then(Value::as_str), Some("NetStream.Publish.BadName"));
    assert_eq!(status.get("level").and_then(Value::as_str), Some("error"));
    assert!(status.get("description").and_then(Value::as_str).unwrap().contains("not known"));
    assert!(encoder.connection.wants_close());
    encoder.events();
    encoder.media(9, 2, &[0x17, 0, 1]).unwrap();
    encoder.connection.accept_publish();
    assert_eq!(encoder.events(), [], "a refused connection reports nothing more");
}

#[test]
fn request_taken_back_before_the_decision_ends() {
    let mut encoder = Encoder::connected();
    encoder.publish("key").unwrap();
    encoder.call("deleteStream", 0.0, Value::Number(1.0)).unwrap();
    encoder.connection.accept_publish();
    encoder.connection.reject_publish("too late");
    assert!(matches!(encoder.events()[..], [ServerEvent::PublishRequested(_), ServerEvent::PublishEnded]));
    assert_eq!(encoder.connection.state(), ServerState::Ended);
}

#[test]
fn every_way_to_stop_publishing_ends_it_once() {
    for name in ["FCUnpublish", "deleteStream", "closeStream"] {
        let mut encoder = Encoder::publishing();
        encoder.call(name, 0.0, Value::Null).unwrap();
        encoder.call(name, 0.0, Value::Null).unwrap();
        assert_eq!(encoder.events(), [ServerEvent::PublishEnded], "{name}");
    }
}

#[test]
fn connection_stays_open_between_fc_unpublish_and_delete_stream() {
    let mut encoder = Encoder::publishing();
    encoder.call("FCUnpublish", 6.0, Value::from("key")).unwrap();
    assert!(!encoder.connection.wants_close(), "ffmpeg reports an error when it cannot delete its stream");
    encoder.media(8, 0, &[0xAF, 1, 1]).unwrap();
    encoder.publish("again").unwrap();
    assert_eq!(encoder.codes(), ["NetStream.Unpublish.Success", "NetStream.Publish.BadName"]);
    encoder.call("deleteStream", 7.0, Value::Number(1.0)).unwrap();
    assert!(encoder.connection.wants_close());
    assert_eq!(encoder.events(), [ServerEvent::PublishEnded]);
}

#[test]
fn stops_before_publish_or_of_another_stream_are_passed_over() {
    let mut encoder = Encoder::connected();
    encoder.call("FCUnpublish", 0.0, Value::Null).unwrap();
    encoder.call("createStream", 2.0, Value::Null).unwrap();
    encoder.call("createStream", 3.0, Value::Null).unwrap();
    encoder.publish("key").unwrap();
    encoder.call("deleteStream", 0.0, Value::Number(2.0)).unwrap();
    assert_eq!(encoder.connection.state(), ServerState::Deciding);
}

#[test]
fn empty_media_is_not_reported() {
    let mut encoder = Encoder::publishing();
    encoder.media(8, 0, &[]).unwrap();
    encoder.media(9, 0, &[]).unwrap();
    assert_eq!(encoder.events(), []);
}

#[test]
fn undrained_events_stop_the_reading_and_nothing_is_lost() {
    let mut encoder = Encoder::publishing();
    let mut bytes = BytesMut::new();
    for index in 0..20_000 {
        let message =
            Message { timestamp_ms: index, type_id: 8, stream_id: 1, payload: Bytes::from_static(&[0xAF]) };
        encoder.writer.write(4, &message, &mut bytes).unwrap();
    }
    let mut times = Vec::new();
    while !bytes.is_empty() {
        encoder.connection.receive(&mut bytes).unwrap();
        let events = encoder.events();
        assert!(events.len() <= MAX_QUEUED_EVENTS);
        times.extend(events.iter().map(|event| match event {
            ServerEvent::Audio { timestamp_ms, .. } => *timestamp_ms,
            other => panic!("{other:?}"),
        }));
    }
    assert!(times.into_iter().eq(0..20_000));
}

#[test]
fn endless_pings_do_not_pile_up_replies() {
    let mut encoder = Encoder::connected();
    let mut bytes = BytesMut::new();
    for _ in 0..100_000 {
        encoder.writer.write(2, &Message::user_control(user_control::PING_REQUEST, 1), &mut bytes).unwrap();
    }
    encoder.connection.receive(&mut bytes).unwrap();
    assert!(bytes.has_remaining());
    assert!(encoder.connection.wire.out.len() < MAX_QUEUED_BYTES + 64);
}

#[test]
fn tls_and_http_are_named_and_the_error_stays() {
    let mut connection = ServerConnection::new(ServerConfig::default(), [0; RANDOM_BYTES]);
    let error = connection.receive(&mut BytesMut::from(&b"\x16\x03\x01"[..]));
    assert_eq!(error, Err(RtmpError::NotRtmp(NotRtmp::Tls)));
    assert!(connection.wants_close());
    let mut more = BytesMut::from(&b"more"[..]);
    assert_eq!(connection.receive(&mut more), error);
    assert!(more.is_empty());
}

#[test]
fn one_hundred_and_one_bytes_leave_nothing_to_do() {
    let mut connection = ServerConnection::new(ServerConfig::default(), [0; RANDOM_BYTES]);
    let mut buf = BytesMut::from(&[&[3][..], &[0; 100]].concat()[..]);
    connection.receive(&mut buf).unwrap();
    connection.receive(&mut buf).unwrap();
    assert_eq!((connection.poll_transmit(), connection.poll_event()), (None, None));
    assert_eq!(connection.state(), ServerState::Handshaking);
}

#[test]
fn planted_key_is_in_no_debug_text() {
    let mut encoder = Encoder::new(ServerConfig::default());
    encoder.connect(&[("app", "planted-app"), ("tcUrl", "rtmp://h/planted-app")]).unwrap();
    encoder.call("releaseStream", 2.0, Value::from("planted-key")).unwrap();
    encoder.publish("planted-key?token=planted-token").unwrap();
    encoder.media(9, 0, b"planted-media").unwrap();
    let mut shown = format!("{:?}", encoder.connection);
    let events = encoder.events();
    shown += &format!("{events:?} {:?}", encoder.replies());
    shown += &format!("{:?}", encoder.reply_commands());
    assert!(!shown.contains("planted"), "{shown}");
    let [_, ServerEvent::PublishRequested(request)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(request.path_parts().collect::<Vec<_>>(), ["planted-app", "planted-key", "planted-token"]);
}

/// A whole session as bytes: handshake, connect, publish, media.
fn session_bytes() -> Vec<u8> {
    let mut bytes = BytesMut::new();
    ClientHandshake::new(&[9; RANDOM_BYTES], &mut bytes);
    bytes.extend_from_slice(&[0; 8 + RANDOM_BYTES]);
    let mut writer = ChunkWriter::new();
    let object = Value::Object(vec![("app".to_owned(), Value::from("live"))]);
    let connect = Command::new("connect", 1.0, vec![object]);
    let publish = Command::new("publish", 5.0, vec![Value::Null, Value::from("key")]);
    writer.write(3, &connect.to_message(0), &mut bytes).unwrap();
    writer.write(3, &publish.to_message(1), &mut bytes).unwrap();
    for index in 0..20 {
        let payload = Bytes::from(vec![0x17; 300]);
        writer
            .write(6, &Message { timestamp_ms: index, type_id: 9, stream_id: 1, payload }, &mut bytes)
            .unwrap();
    }
    bytes.to_vec()
}

/// Drives a connection with `bytes` cut into `pieces`; whatever happens must not panic.
fn drive(bytes: &[u8], piece_bytes: usize) -> (Vec<ServerEvent>, Result<(), RtmpError>) {
    let mut connection = ServerConnection::new(ServerConfig::default(), [7; RANDOM_BYTES]);
    let (mut buf, mut events) = (BytesMut::new(), Vec::new());
    for piece in bytes.chunks(piece_bytes) {
        buf.extend_from_slice(piece);
        if let Err(error) = connection.receive(&mut buf) {
            return (events, Err(error));
        }
        while let Some(event) = connection.poll_event() {
            if matches!(event, ServerEvent::PublishRequested(_)) {
                connection.accept_publish();
            }
            events.push(event);
        }
        while connection.poll_transmit().is_some() {}
    }
    (events, Ok(()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn session_is_the_same_however_it_is_cut(piece_bytes in 1_usize..5000) {
        let (events, result) = drive(&session_bytes(), piece_bytes);
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(events.len(), 22);
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..2000), after_handshake: bool, piece_bytes in 1_usize..700,
    ) {
        let start = if after_handshake { 1 + 2 * (8 + RANDOM_BYTES) } else { 0 };
        let stream = [&session_bytes()[..start], &bytes].concat();
        let _ = drive(&stream, piece_bytes);
    }

    #[test]
    fn damaged_session_never_panics(
        damage in prop::collection::vec((3073_usize..9000, any::<u8>()), 1..8), piece_bytes in 1_usize..2000,
    ) {
        let mut bytes = session_bytes();
        for (at, value) in damage {
            let at = at.min(bytes.len() - 1);
            bytes[at] = value;
        }
        let _ = drive(&bytes, piece_bytes);
    }

    #[test]
    fn commands_with_any_arguments_never_panic(
        commands in prop::collection::vec((
            prop::sample::select(vec!["connect", "createStream", "FCPublish", "publish", "play", "FCUnpublish",
                "closeStream", "deleteStream", "getStreamLength", "_checkbw"]),
            0_u32..3,
            prop::collection::vec(prop_oneof![
                Just(Value::Null),
                any::<f64>().prop_map(Value::Number),
                ".{0,8}".prop_map(|text| Value::from(text.as_str())),
                Just(Value::Object(Vec::new())),
            ], 0..4),
        ), 0..12),
        connected: bool,
    ) {
        let mut encoder = if connected { Encoder::connected() } else { Encoder::new(ServerConfig::default()) };
        for (name, stream_id, values) in commands {
            if encoder.command(stream_id, Command::new(name, 2.0, values)).is_err() {
                break;
            }
            encoder.connection.accept_publish();
        }
    }

    #[test]
    fn arbitrary_messages_never_panic(
        messages in prop::collection::vec((1_u8..24, 0_u32..3, prop::collection::vec(0_u8..32, 0..80)), 0..20),
    ) {
        let mut encoder = Encoder::connected();
        for (type_id, stream_id, payload) in messages {
            let message = Message { timestamp_ms: 0, type_id, stream_id, payload: payload.into() };
            if encoder.send(3, &message).is_err() {
                break;
            }
            encoder.connection.accept_publish();
        }
    }
}
