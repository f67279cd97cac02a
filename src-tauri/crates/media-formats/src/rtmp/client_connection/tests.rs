use proptest::prelude::*;

use super::*;
use crate::flv::{AAC_FRAME_PREFIX, AAC_SEQUENCE_PREFIX, AVC_SEQUENCE_PREFIX, avc_frame_prefix};
use crate::rtmp::command::{on_status, status_object};
use crate::rtmp::message::user_control;
use crate::rtmp::{
    ChunkReader, ChunkWriter, NotRtmp, PublishTarget, ServerConfig, ServerConnection, ServerEvent,
    ServerHandshake, UrlPart,
};

const KEY: &str = "planted-key?x=1";

fn config() -> ClientConfig {
    let target = PublishTarget::parse("rtmp://h/live", KEY).unwrap();
    let stream_name = target.stream_name().to_owned();
    ClientConfig {
        app: target.app,
        tc_url: target.tc_url,
        stream_name,
        flash_ver: "FMLE/3.0 (test)".to_owned(),
    }
}

fn client() -> ClientConnection {
    ClientConnection::new(config(), [9; RANDOM_BYTES])
}

fn events(client: &mut ClientConnection) -> Vec<ClientEvent> {
    std::iter::from_fn(|| client.poll_event()).collect()
}

/// A client and our own server, joined by two buffers; `piece_bytes` arrive at a time.
struct Pair {
    client: ClientConnection,
    server: ServerConnection,
    piece_bytes: usize,
    /// Says no, in these words.
    refusal: Option<&'static str>,
    client_events: Vec<ClientEvent>,
    server_events: Vec<ServerEvent>,
}

impl Pair {
    fn new(server: ServerConfig, piece_bytes: usize) -> Self {
        Self {
            client: client(),
            server: ServerConnection::new(server, [7; RANDOM_BYTES]),
            piece_bytes,
            refusal: None,
            client_events: Vec::new(),
            server_events: Vec::new(),
        }
    }

    fn publishing() -> Self {
        let mut pair = Self::new(ServerConfig::default(), 1 << 20);
        pair.run();
        assert_eq!(pair.client.state(), ClientState::Publishing);
        pair.client_events.clear();
        pair.server_events.clear();
        pair
    }

    /// Lets both talk until neither has more to say.
    fn run(&mut self) {
        loop {
            let to_server: Vec<u8> = std::iter::from_fn(|| self.client.poll_transmit()).flatten().collect();
            self.feed_server(&to_server);
            let to_client: Vec<u8> = std::iter::from_fn(|| self.server.poll_transmit()).flatten().collect();
            let mut buf = BytesMut::new();
            for piece in to_client.chunks(self.piece_bytes) {
                buf.extend_from_slice(piece);
                self.client.receive(&mut buf).unwrap();
            }
            self.client_events.extend(events(&mut self.client));
            if to_server.is_empty() && to_client.is_empty() {
                break;
            }
        }
    }

    fn feed_server(&mut self, bytes: &[u8]) {
        let mut buf = BytesMut::new();
        for piece in bytes.chunks(self.piece_bytes) {
            buf.extend_from_slice(piece);
            self.server.receive(&mut buf).unwrap();
            while let Some(event) = self.server.poll_event() {
                if matches!(event, ServerEvent::PublishRequested(_)) {
                    match self.refusal {
                        None => self.server.accept_publish(),
                        Some(reason) => self.server.reject_publish(reason),
                    }
                }
                self.server_events.push(event);
            }
        }
    }
}

#[test]
fn our_own_server_takes_the_stream_whatever_the_chunks() {
    let payload: Bytes = (0..200_000u32).map(|at| (at * 31 / 8) as u8).collect();
    for (out_chunk_bytes, piece_bytes) in [(1, 1 << 20), (127, 7), (128, 1), (4096, 4096), (65_536, 1)] {
        let mut pair = Pair::new(ServerConfig { out_chunk_bytes, ..ServerConfig::default() }, piece_bytes);
        pair.run();
        assert_eq!(
            pair.client_events,
            [ClientEvent::HandshakeDone, ClientEvent::Connected, ClientEvent::Publishing]
        );
        let [ServerEvent::Connected { app, tc_url, flash_ver }, ServerEvent::PublishRequested(request)] =
            &pair.server_events[..]
        else {
            panic!("{:?}", pair.server_events)
        };
        assert_eq!((app, tc_url), (&UrlPart::new("live"), &UrlPart::new("rtmp://h/live")));
        assert_eq!((flash_ver.as_str(), request.stream.expose()), ("FMLE/3.0 (test)", KEY));
        pair.server_events.clear();

        let mut out = Vec::new();
        pair.client.metadata(&Value::EcmaArray(vec![("width".to_owned(), Value::Number(64.0))]));
        pair.client.video(0, AVC_SEQUENCE_PREFIX, &payload.slice(..40), &mut out);
        pair.client.audio(0, AAC_SEQUENCE_PREFIX, &payload.slice(..2), &mut out);
        pair.client.video(0, avc_frame_prefix(true, 33), &payload, &mut out);
        pair.client.audio(23, AAC_FRAME_PREFIX, &payload.slice(..300), &mut out);
        pair.feed_server(&out.concat());
        let tagged = |tag: &[u8], payload: &[u8]| Bytes::from([tag, payload].concat());
        let [ServerEvent::Metadata(metadata), media @ ..] = &pair.server_events[..] else {
            panic!("{:?}", pair.server_events)
        };
        assert_eq!(metadata.get("width"), Some(&Value::Number(64.0)));
        let expected = [
            ServerEvent::Video { timestamp_ms: 0, payload: tagged(&AVC_SEQUENCE_PREFIX, &payload[..40]) },
            ServerEvent::Audio { timestamp_ms: 0, payload: tagged(&AAC_SEQUENCE_PREFIX, &payload[..2]) },
            ServerEvent::Video { timestamp_ms: 0, payload: tagged(&avc_frame_prefix(true, 33), &payload) },
            ServerEvent::Audio { timestamp_ms: 23, payload: tagged(&AAC_FRAME_PREFIX, &payload[..300]) },
        ];
        assert!(media == expected, "chunks of {out_chunk_bytes}, pieces of {piece_bytes}: {media:?}");

        pair.server_events.clear();
        pair.client.close();
        pair.run();
        assert_eq!(pair.server_events, [ServerEvent::PublishEnded]);
        assert!(pair.client.wants_close() && pair.server.wants_close());
    }
}

#[test]
fn a_frame_is_two_pieces_and_its_payload_is_not_copied() {
    let mut pair = Pair::publishing();
    let payload = Bytes::from(vec![5; 50_000]);
    let mut out = Vec::new();
    pair.client.video(40, avc_frame_prefix(false, 0), &payload, &mut out);
    let [head, body] = &out[..] else { panic!("{} pieces", out.len()) };
    assert_eq!(head.len(), 12 + 5);
    assert_eq!((body.as_ptr(), body.len()), (payload.as_ptr(), payload.len()));

    out.clear();
    let payload = Bytes::from(vec![5; 200_000]);
    pair.client.video(80, avc_frame_prefix(true, 0), &payload, &mut out);
    let sizes: Vec<_> = out.iter().map(Bytes::len).collect();
    let first = OUT_CHUNK_BYTES as usize - 5;
    assert_eq!(sizes, [8 + 5, first, 1, 65_536, 1, 65_536, 1, 200_000 - first - 2 * 65_536]);
    let shared: Vec<_> = out.iter().skip(1).step_by(2).map(|piece| piece.as_ptr()).collect();
    assert_eq!(shared[1], payload[first..].as_ptr());
}

#[test]
fn media_follows_what_was_queued_before_it() {
    let mut pair = Pair::publishing();
    let mut out = Vec::new();
    pair.client.audio(500, AAC_FRAME_PREFIX, &Bytes::from_static(&[1]), &mut out);
    pair.client.metadata(&Value::EcmaArray(Vec::new()));
    pair.client.audio(523, AAC_FRAME_PREFIX, &Bytes::from_static(&[2]), &mut out);
    assert!(pair.client.poll_transmit().is_none());
    pair.feed_server(&out.concat());
    let kinds: Vec<_> = pair.server_events.iter().map(std::mem::discriminant).collect();
    let [first, metadata, second] = kinds[..] else { panic!("{:?}", pair.server_events) };
    assert!(first == second && first != metadata);
}

#[test]
fn nothing_is_sent_before_it_may_be() {
    let mut client = client();
    while client.poll_transmit().is_some() {}
    let mut out = Vec::new();
    client.metadata(&Value::Null);
    client.video(0, AVC_SEQUENCE_PREFIX, &Bytes::from_static(&[1]), &mut out);
    client.audio(0, AAC_SEQUENCE_PREFIX, &Bytes::from_static(&[1]), &mut out);
    assert!(out.is_empty() && client.poll_transmit().is_none());
    client.close();
    assert!(client.wants_close() && client.poll_transmit().is_none(), "nobody to say goodbye to");
}

#[test]
fn our_own_server_refuses_in_words() {
    let mut pair = Pair::new(ServerConfig::default(), 100);
    pair.refusal = Some("The stream key is not known.");
    pair.run();
    let refused = ClientEvent::PublishRejected {
        code: "NetStream.Publish.BadName".to_owned(),
        description: "The stream key is not known.".to_owned(),
    };
    assert_eq!(pair.client_events, [ClientEvent::HandshakeDone, ClientEvent::Connected, refused]);
    assert_eq!(pair.client.state(), ClientState::Rejected);
    assert!(pair.client.wants_close());
}

#[test]
fn our_own_server_acknowledges_what_it_received() {
    let mut pair = Pair::publishing();
    assert_eq!(pair.client.acknowledged_bytes(), 0);
    let payload = Bytes::from(vec![1; WINDOW_ACK_BYTES as usize]);
    for index in 1..=3 {
        let mut out = Vec::new();
        pair.client.video(index * 40, avc_frame_prefix(true, 0), &payload, &mut out);
        pair.feed_server(&out.concat());
        pair.run();
        assert_eq!(pair.client.acknowledged_bytes(), pair.client.sent_bytes);
        let total_bytes = pair.client.sent_bytes;
        assert_eq!(pair.client_events.pop(), Some(ClientEvent::Acknowledged { total_bytes }));
    }
}

/// A server in a test that says exactly what it is told to.
struct Script {
    client: ClientConnection,
    writer: ChunkWriter,
    reader: ChunkReader,
    requests: Vec<Command>,
    messages: Vec<Message>,
}

impl Script {
    /// A server that has shaken hands and read `connect`.
    fn asked_to_connect() -> Self {
        let mut client = client();
        let (mut to_server, mut to_client) = (BytesMut::new(), BytesMut::new());
        let mut handshake = ServerHandshake::new([7; RANDOM_BYTES]);
        to_server.extend_from_slice(&client.poll_transmit().unwrap());
        assert!(!handshake.receive(&mut to_server, &mut to_client).unwrap());
        client.receive(&mut to_client).unwrap();
        to_server.extend_from_slice(&client.poll_transmit().unwrap());
        assert!(handshake.receive(&mut to_server, &mut to_client).unwrap());
        let mut script = Self {
            client,
            writer: ChunkWriter::new(),
            reader: ChunkReader::new(ChunkLimits::default()),
            requests: Vec::new(),
            messages: Vec::new(),
        };
        script.read(&mut to_server);
        assert_eq!(script.asked(), ["connect"]);
        assert_eq!(events(&mut script.client), [ClientEvent::HandshakeDone]);
        script
    }

    /// One that has read `publish` too.
    fn asked_to_publish() -> Self {
        let mut script = Self::asked_to_connect();
        script.result(1.0, status_object("status", "NetConnection.Connect.Success", ""));
        assert_eq!(script.asked(), ["releaseStream", "FCPublish", "createStream"]);
        script.result(4.0, Value::Number(7.0));
        assert_eq!(script.asked(), ["publish"]);
        assert_eq!(events(&mut script.client), [ClientEvent::Connected]);
        script
    }

    fn publishing() -> Self {
        let mut script = Self::asked_to_publish();
        script.status("status", "NetStream.Publish.Start", "");
        assert_eq!(events(&mut script.client), [ClientEvent::Publishing]);
        script
    }

    fn read(&mut self, buf: &mut BytesMut) {
        while let Some(message) = self.reader.read(buf).unwrap() {
            match message.command_body() {
                Some(body) => self.requests.push(Command::decode(body).unwrap()),
                None => self.messages.push(message),
            }
        }
    }

    /// Names of the commands since the last call.
    fn asked(&mut self) -> Vec<String> {
        let mut buf = BytesMut::new();
        while let Some(bytes) = self.client.poll_transmit() {
            buf.extend_from_slice(&bytes);
        }
        self.read(&mut buf);
        self.requests.drain(..).map(|command| command.name).collect()
    }

    fn message(&mut self, message: &Message) {
        let mut buf = BytesMut::new();
        self.writer.write(3, message, &mut buf).unwrap();
        self.client.receive(&mut buf).unwrap();
    }

    fn say(&mut self, command: Command) {
        self.message(&command.to_message(0));
    }

    fn result(&mut self, transaction_id: f64, value: Value) {
        self.say(Command::new("_result", transaction_id, vec![Value::Null, value]));
    }

    fn status(&mut self, level: &str, code: &str, description: &str) {
        self.say(on_status(level, code, description));
    }

    #[track_caller]
    fn ends_with(&mut self, event: ClientEvent) {
        assert_eq!(events(&mut self.client), [event]);
        assert!(self.client.wants_close());
        // What comes after is of no interest.
        self.status("status", "NetStream.Publish.Start", "");
        self.status("error", "NetStream.Publish.BadName", "");
        assert_eq!(events(&mut self.client), []);
    }
}

fn rejected(kind: fn(String, String) -> ClientEvent, code: &str, description: &str) -> ClientEvent {
    kind(code.to_owned(), description.to_owned())
}

fn connect_rejected(code: String, description: String) -> ClientEvent {
    ClientEvent::ConnectRejected { code, description }
}

fn publish_rejected(code: String, description: String) -> ClientEvent {
    ClientEvent::PublishRejected { code, description }
}

fn closed(code: String, description: String) -> ClientEvent {
    ClientEvent::Closed { code, description }
}

#[test]
fn requests_are_those_of_an_encoder() {
    let mut client = client();
    let (mut to_server, mut to_client) = (BytesMut::new(), BytesMut::new());
    let mut handshake = ServerHandshake::new([7; RANDOM_BYTES]);
    to_server.extend_from_slice(&client.poll_transmit().unwrap());
    handshake.receive(&mut to_server, &mut to_client).unwrap();
    client.receive(&mut to_client).unwrap();
    to_server.extend_from_slice(&client.poll_transmit().unwrap());
    handshake.receive(&mut to_server, &mut to_client).unwrap();
    // Set Chunk Size on chunk stream 2: 65 536.
    assert_eq!(to_server[..16], [2, 0, 0, 0, 0, 0, 4, message_type::SET_CHUNK_SIZE, 0, 0, 0, 0, 0, 1, 0, 0]);
    let message = ChunkReader::new(ChunkLimits::default()).read(&mut to_server).unwrap().unwrap();
    let connect = Command::decode(&message.payload).unwrap();
    let text = |name| connect.object_text(name);
    assert_eq!((text("app"), text("type"), text("tcUrl")), ("live", "nonprivate", "rtmp://h/live"));
    assert_eq!((text("flashVer"), connect.transaction_id), ("FMLE/3.0 (test)", 1.0));

    let mut script = Script::asked_to_connect();
    script.result(1.0, Value::Null);
    script.asked();
    assert_eq!(script.messages.pop().unwrap().first_u32(), Some(WINDOW_ACK_BYTES));
    script.result(4.0, Value::Number(7.0));
    let mut buf = BytesMut::from(&script.client.poll_transmit().unwrap()[..]);
    let message = script.reader.read(&mut buf).unwrap().unwrap();
    assert_eq!(message.stream_id, 7);
    let publish = Command::decode(&message.payload).unwrap();
    assert_eq!((publish.text(1), publish.text(2)), (Some(KEY), Some("live")));
}

#[test]
fn the_goodbye_gives_back_name_and_stream() {
    let mut script = Script::publishing();
    script.client.close();
    let mut buf = BytesMut::from(&script.client.poll_transmit().unwrap()[..]);
    script.read(&mut buf);
    let [unpublish, delete] = &script.requests[..] else { panic!("{:?}", script.requests) };
    assert_eq!((unpublish.name.as_str(), unpublish.text(1)), ("FCUnpublish", Some(KEY)));
    assert_eq!((delete.name.as_str(), delete.number(1)), ("deleteStream", Some(7.0)));
    assert_eq!(script.client.state(), ClientState::Closed);
    script.client.close();
    assert!(script.client.poll_transmit().is_none(), "once is enough");
}

#[test]
fn courtesies_may_be_refused_or_answered_in_any_order() {
    let mut script = Script::asked_to_connect();
    script.say(Command::new("onBWDone", 0.0, vec![Value::Null]));
    script.result(1.0, Value::Null);
    script.asked();
    for transaction_id in [2.0, 3.0, 99.0] {
        let object = status_object("error", "NetConnection.Call.Failed", "Unknown method");
        script.say(Command::new("_error", transaction_id, vec![Value::Null, object]));
    }
    script.result(2.0, Value::Undefined);
    script.result(4.0, Value::Number(1.0));
    script.result(3.0, Value::Undefined);
    assert_eq!(script.asked(), ["publish"]);
    script.say(Command::new("_error", 3.0, vec![]));
    script.say(Command::new(
        "onFCPublish",
        0.0,
        vec![Value::Null, status_object("status", "NetStream.Publish.Start", "")],
    ));
    assert_eq!(events(&mut script.client), [ClientEvent::Connected], "FCPublish is not publish");
    script.status("status", "NetStream.Publish.Start", "");
    assert_eq!(events(&mut script.client), [ClientEvent::Publishing]);
}

#[test]
fn connect_may_be_granted_by_a_status_before_its_result() {
    let mut script = Script::asked_to_connect();
    script.status("status", "NetConnection.Connect.Success", "");
    assert_eq!(script.asked(), ["releaseStream", "FCPublish", "createStream"]);
    script.result(1.0, status_object("status", "NetConnection.Connect.Success", ""));
    assert_eq!(script.asked(), Vec::<String>::new(), "asked once");
    script.result(4.0, Value::Undefined);
    assert_eq!(
        (script.asked(), script.client.stream_id),
        (vec!["publish".to_owned()], 1),
        "a stream without a number"
    );
}

#[test]
fn refused_connections() {
    let mut script = Script::asked_to_connect();
    let object = status_object("error", "NetConnection.Connect.Rejected", "[ AccessManager.Reject ]");
    script.say(Command::new("_error", 1.0, vec![Value::Null, object]));
    script.ends_with(rejected(
        connect_rejected,
        "NetConnection.Connect.Rejected",
        "[ AccessManager.Reject ]",
    ));

    let mut script = Script::asked_to_connect();
    script.status("error", "NetConnection.Connect.InvalidApp", "");
    script.ends_with(rejected(connect_rejected, "NetConnection.Connect.InvalidApp", ""));

    let mut script = Script::asked_to_connect();
    script.result(1.0, status_object("error", "NetConnection.Connect.Failed", ""));
    script.ends_with(rejected(connect_rejected, "NetConnection.Connect.Failed", ""));

    let mut script = Script::asked_to_connect();
    script.say(Command::new("_error", 1.0, vec![]));
    script.ends_with(rejected(connect_rejected, "", ""));

    let mut script = Script::asked_to_connect();
    script.say(Command::new("close", 0.0, vec![]));
    script.ends_with(rejected(connect_rejected, "", ""));
}

#[test]
fn refused_publications() {
    for code in ["NetStream.Publish.BadName", "NetStream.Publish.Denied", "NetStream.Example.Unheard"] {
        let mut script = Script::asked_to_publish();
        script.status("error", code, "no");
        script.ends_with(rejected(publish_rejected, code, "no"));
    }
    let mut script = Script::asked_to_publish();
    script.status("status", "NetStream.Publish.BadName", ""); // the level is wrong, the code is clear
    script.ends_with(rejected(publish_rejected, "NetStream.Publish.BadName", ""));

    let mut script = Script::asked_to_publish();
    script.say(Command::new("_error", 5.0, vec![]));
    script.ends_with(rejected(publish_rejected, "", ""));

    let mut script = Script::asked_to_publish();
    let object = status_object("error", "NetStream.Publish.Denied", "");
    script.say(Command::new("onFCPublish", 0.0, vec![Value::Null, object]));
    script.ends_with(rejected(publish_rejected, "NetStream.Publish.Denied", ""));

    let mut script = Script::asked_to_connect();
    script.result(1.0, Value::Null);
    events(&mut script.client);
    script.say(Command::new("_error", 4.0, vec![]));
    script.ends_with(rejected(publish_rejected, "", ""));
}

#[test]
fn a_server_that_ends_the_publication_says_why() {
    for (level, code) in
        [("status", "NetStream.Unpublish.Success"), ("status", "NetConnection.Connect.Closed")]
    {
        let mut script = Script::publishing();
        script.status(level, code, "why");
        script.ends_with(rejected(closed, code, "why"));
    }
    // Some servers accept first and look at the key afterwards: that is a refusal, not a goodbye.
    let mut script = Script::publishing();
    script.status("error", "NetStream.Publish.BadName", "why");
    script.ends_with(rejected(publish_rejected, "NetStream.Publish.BadName", "why"));
    let mut script = Script::publishing();
    for code in ["NetStream.Record.Failed", "NetStream.Play.Failed"] {
        script.status("error", code, "");
    }
    script.status("status", "NetStream.Publish.Idle", "");
    assert_eq!(events(&mut script.client), [], "not ours to care about");
    assert_eq!(script.client.state(), ClientState::Publishing);
}

#[test]
fn the_stream_key_is_struck_out_of_what_servers_say() {
    for repeated in [KEY, "planted-key"] {
        let mut script = Script::asked_to_publish();
        script.status("error", "NetStream.Publish.BadName", &format!("{repeated} is\u{7} in use"));
        script.ends_with(rejected(publish_rejected, "NetStream.Publish.BadName", "[stream key] is in use"));
    }
    let client = client();
    assert!(!format!("{client:?} {:?}", config()).contains("planted"));
}

#[test]
fn pings_are_answered() {
    let mut script = Script::publishing();
    script.asked();
    script.messages.clear();
    script.message(&Message::user_control(user_control::PING_REQUEST, 0xABCD));
    script.asked();
    assert_eq!(script.messages, [Message::user_control(user_control::PING_RESPONSE, 0xABCD)]);
}

#[test]
fn what_servers_send_much_of_is_acknowledged() {
    let mut script = Script::publishing();
    script.message(&Message::control_u32(message_type::WINDOW_ACK_SIZE, 1000));
    script.asked();
    script.messages.clear();
    script.message(&Message::control(message_type::VIDEO, vec![0; 2000]));
    script.asked();
    assert_eq!(script.messages.len(), 1);
    assert_eq!(script.messages[0].type_id, message_type::ACKNOWLEDGEMENT);
}

#[test]
fn acknowledgements_are_counted_past_32_bits() {
    let mut script = Script::publishing();
    script.client.sent_bytes = 3 << 32;
    let mut acknowledge = |sequence: u32| {
        script.message(&Message::control_u32(message_type::ACKNOWLEDGEMENT, sequence));
        let last = events(&mut script.client).pop();
        (script.client.acknowledged_bytes(), last.is_some())
    };
    assert_eq!(acknowledge(0), (0, false));
    assert_eq!(acknowledge(1000), (1000, true));
    assert_eq!(acknowledge(1000), (1000, false), "said twice");
    assert_eq!(acknowledge(900), (1000, false), "going back");
    assert_eq!(acknowledge(0x7000_0000), (0x7000_0000, true));
    assert_eq!(acknowledge(0xE000_0000), (0xE000_0000, true));
    assert_eq!(acknowledge(5), (0x1_0000_0005, true));
    assert_eq!(acknowledge(0x7000_0000), (0x1_7000_0000, true));
    script.client.sent_bytes = 0x1_7000_0007;
    script.message(&Message::control_u32(message_type::ACKNOWLEDGEMENT, 0x7000_0100));
    assert_eq!(script.client.acknowledged_bytes(), 0x1_7000_0007, "not more than was sent");
    script.message(&Message::control(message_type::ACKNOWLEDGEMENT, vec![1, 2]));
    assert_eq!(script.client.acknowledged_bytes(), 0x1_7000_0007, "cut short");
}

#[test]
fn other_protocols_and_hostile_commands_are_errors() {
    let mut other = client();
    let error = other.receive(&mut BytesMut::from(&b"HTTP/1.1 400"[..])).unwrap_err();
    assert_eq!(error, RtmpError::NotRtmp(NotRtmp::Http));
    assert_eq!(other.receive(&mut BytesMut::new()), Err(error));
    assert!(other.wants_close());

    let mut script = Script::publishing();
    let mut payload = b"\x02\x00\x01x".to_vec();
    payload.extend(b"\x03\x00\x01a".repeat(1000));
    let mut buf = BytesMut::new();
    script.writer.write(3, &Message::control(message_type::COMMAND, payload), &mut buf).unwrap();
    assert_eq!(script.client.receive(&mut buf), Err(RtmpError::BadCommand(Amf0Error::TooDeep)));

    let mut script = Script::publishing();
    script.message(&Message::control(message_type::COMMAND, vec![5]));
    script.message(&Message::control(message_type::COMMAND_AMF3, vec![]));
    script.message(&Message::control(99, vec![1, 2, 3]));
    assert_eq!(script.client.state(), ClientState::Publishing, "nonsense is passed over");
}

proptest! {
    #[test]
    fn any_bytes_are_safe(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        shaken in any::<bool>(),
        piece_bytes in 1usize..200,
    ) {
        let mut client = client();
        let mut buf = BytesMut::new();
        if shaken {
            buf.extend_from_slice(&[3; 1 + 2 * (8 + RANDOM_BYTES)]);
        }
        for piece in bytes.chunks(piece_bytes) {
            buf.extend_from_slice(piece);
            if client.receive(&mut buf).is_err() {
                prop_assert!(client.wants_close());
            }
            while client.poll_event().is_some() {}
            while client.poll_transmit().is_some() {}
        }
    }

    /// Any row of things a server can say leaves the client in a state of its table (entering another panics here).
    #[test]
    fn any_dialogue_is_safe(
        steps in prop::collection::vec((0usize..6, 0u32..7, prop::sample::select(vec![
            "NetConnection.Connect.Success", "NetStream.Publish.Start", "NetStream.Publish.BadName",
            "NetStream.Unpublish.Success", "NetStream.Record.Failed", "",
        ]), any::<bool>()), 0..20),
    ) {
        let mut script = Script::asked_to_connect();
        for (name, transaction_id, code, is_error) in steps {
            let name = ["_result", "_error", "onStatus", "onFCPublish", "close", "onBWDone"][name];
            let object = status_object(if is_error { "error" } else { "status" }, code, "");
            let was = script.client.state();
            script.say(Command::new(name, f64::from(transaction_id), vec![Value::Null, object]));
            let state = script.client.state();
            let last = events(&mut script.client).pop();
            match last {
                // A server that took the stream and then says no has ended what had begun.
                Some(ClientEvent::PublishRejected { .. }) if was == ClientState::Publishing => {
                    prop_assert_eq!(state, ClientState::Closed);
                }
                Some(ClientEvent::Publishing) => prop_assert_eq!(state, ClientState::Publishing),
                Some(ClientEvent::Closed { .. }) => prop_assert_eq!(state, ClientState::Closed),
                Some(ClientEvent::ConnectRejected { .. } | ClientEvent::PublishRejected { .. }) => {
                    prop_assert_eq!(state, ClientState::Rejected);
                }
                _ => {}
            }
        }
    }
}
