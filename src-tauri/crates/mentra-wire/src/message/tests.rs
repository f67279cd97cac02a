use proptest::collection::{btree_map, vec};
use proptest::option::weighted;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::{
    AppMessage, DesktopToRelay, DeviceMessage, Dialect, HubToApp, HubToDevice, RelayToDesktop, Secret,
    Webhook,
};

type Messages = &'static [(&'static str, &'static [&'static str])];

/// Any JSON, not deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // A whole number may come back without its ".0", which is the same number but another `Value`.
        (any::<i32>(), 1..1000_u32)
            .prop_map(|(whole, part)| json!(f64::from(whole) + f64::from(part) / 1024.0)),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map("[a-z]{1,6}", inner, 0..4).prop_map(object)
        ]
    })
}

fn object(members: std::collections::BTreeMap<String, Value>) -> Value {
    Value::Object(members.into_iter().collect())
}

fn number(below: u64) -> BoxedStrategy<Value> {
    (0..below).prop_map(Value::from).boxed()
}

fn text() -> BoxedStrategy<Value> {
    "[a-zA-Z0-9 ._-]{0,20}".prop_map(Value::from).boxed()
}

fn some_of(members: &'static [&'static str]) -> BoxedStrategy<Value> {
    members
        .iter()
        .map(|name| weighted(0.7, plausible(name)).prop_map(|value| (*name, value)))
        .collect::<Vec<_>>()
        .prop_map(|members| {
            let members = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            Value::Object(members.collect())
        })
        .boxed()
}

/// What a peer that keeps to the protocol writes under `member`.
fn plausible(member: &str) -> BoxedStrategy<Value> {
    match member {
        "width" | "height" | "sampleRate" | "attempt" | "maxAttempts" | "activeViewers" => number(1 << 32),
        "bitrate" | "droppedFrames" | "timeoutMs" => number(1 << 53),
        "frameRate" | "fps" | "durationLimit" | "duration" | "level" | "batteryLevel" => number(10_000),
        "enableWebRTC" | "sound" | "flash" | "echoCancellation" | "noiseSuppression" | "hasActiveStream" | "willRetry"
        | "fullSnapshot" | "charging" | "connected" | "wifiConnected" => any::<bool>().prop_map(Value::from).boxed(),
        "video" => some_of(&["width", "height", "bitrate", "frameRate", "further"]),
        "audio" => some_of(&["bitrate", "sampleRate", "echoCancellation", "noiseSuppression", "further"]),
        "stream" => some_of(&["durationLimit", "further"]),
        "stats" => some_of(&["bitrate", "fps", "width", "height", "droppedFrames", "duration", "further"]),
        "state" => some_of(&["connected", "modelName", "wifiConnected", "wifiSsid", "batteryLevel", "charging"]),
        "wifi" => text().prop_map(|ssid| json!({ "connected": true, "ssid": ssid })).boxed(),
        "streamInfo" => text()
            .prop_map(|id| json!({ "type": "managed", "streamId": id, "status": "active", "createdAt": id, "more": 1 }))
            .boxed(),
        "outputs" => vec(text().prop_map(|url| json!({ "url": url, "status": "stopped" })), 0..3)
            .prop_map(Value::from)
            .boxed(),
        "restreamDestinations" => {
            vec(text().prop_map(|url| json!({ "url": url, "name": "n" })), 0..3).prop_map(Value::from).boxed()
        }
        "details" => vec(text().prop_map(|text| json!({ "stream": text, "requiredPermission": "CAMERA" })), 0..3)
            .prop_map(Value::from)
            .boxed(),
        "subscriptions" => vec(text(), 0..4).prop_map(Value::from).boxed(),
        "settings" => vec(any_json(), 0..3).prop_map(Value::from).boxed(),
        _ => text(),
    }
}

/// Members that a frame of the type cannot do without, or that are always written.
const ALWAYS: [&str; 17] = [
    "packageName",
    "sessionId",
    "userId",
    "code",
    "message",
    "status",
    "streamType",
    "hasActiveStream",
    "state",
    "level",
    "streamId",
    "ackId",
    "appId",
    "streamUrl",
    "settings",
    "details",
    "subscriptions",
];

/// A frame of any of `messages`: members as they should be, some odd where they may be, and some nobody knows.
fn frame(messages: Messages) -> impl Strategy<Value = Map<String, Value>> {
    let member = |name: &'static str| {
        let value = if ALWAYS.contains(&name) {
            plausible(name).prop_map(Some).boxed()
        } else {
            weighted(0.8, prop_oneof![4 => plausible(name), 1 => any_json()]).boxed()
        };
        value.prop_map(move |value| value.map(|value| (name.to_owned(), value)))
    };
    proptest::sample::select(messages).prop_flat_map(move |(type_name, members)| {
        let known: Vec<_> = members.iter().map(|name| member(name)).collect();
        (known, btree_map("x[A-Z][a-z]{1,6}", any_json(), 0..4)).prop_map(move |(known, unknown)| {
            let mut frame: Map<String, Value> = known.into_iter().flatten().chain(unknown).collect();
            frame.insert("type".to_owned(), (*type_name).into());
            frame
        })
    })
}

/// Whether `written` says all that `frame` says.
fn says_the_same(mut frame: Map<String, Value>, written: &str) -> Result<(), TestCaseError> {
    if frame["type"].as_str().is_some_and(|name| name.starts_with("start_") && name.ends_with("stream")) {
        frame.insert("rtmpUrl".to_owned(), frame["streamUrl"].clone());
    }
    let written: Value = serde_json::from_str(written).unwrap();
    prop_assert_eq!(written, Value::Object(frame));
    Ok(())
}

proptest! {
    #[test]
    fn messages_of_apps_survive(frame in frame(AppMessage::MESSAGES)) {
        prop_assume!(frame["type"] != "connection_init");
        let message = AppMessage::parse(&Value::Object(frame.clone()).to_string()).unwrap();
        prop_assert_eq!(&AppMessage::parse(&message.to_json()), &Ok(message.clone()));
        says_the_same(frame, &message.to_json())?;
    }

    #[test]
    fn messages_to_apps_survive(frame in frame(HubToApp::MESSAGES)) {
        prop_assume!(frame["type"] != "connection_error");
        let message = HubToApp::parse(&Value::Object(frame.clone()).to_string()).unwrap();
        prop_assert_eq!(&HubToApp::parse(&message.to_json(Dialect::V3)), &Ok(message.clone()));
        says_the_same(frame, &message.to_json(Dialect::V3))?;
    }

    #[test]
    fn messages_of_glasses_survive(frame in frame(DeviceMessage::MESSAGES)) {
        let message = DeviceMessage::parse(&Value::Object(frame.clone()).to_string()).unwrap();
        prop_assert_eq!(&DeviceMessage::parse(&message.to_json()), &Ok(message.clone()));
        says_the_same(frame, &message.to_json())?;
    }

    #[test]
    fn messages_to_glasses_survive(frame in frame(HubToDevice::MESSAGES)) {
        let message = HubToDevice::parse(&Value::Object(frame.clone()).to_string()).unwrap();
        for generation in [Generation::Rtmp2025, Generation::Stream2026] {
            let written = message.to_json(generation);
            prop_assert_eq!(&HubToDevice::parse(&written), &Ok(message.clone()));
            let mut frame = frame.clone();
            frame.insert("type".to_owned(), message.type_name_in(Some(generation)).into());
            says_the_same(frame, &written)?;
        }
    }

    #[test]
    fn webhooks_survive(frame in frame(Webhook::MESSAGES)) {
        let message = Webhook::parse(&Value::Object(frame.clone()).to_string()).unwrap();
        prop_assert_eq!(&Webhook::parse(&message.to_json()), &Ok(message.clone()));
        says_the_same(frame, &message.to_json())?;
    }

    #[test]
    fn messages_of_the_relay_survive(frame in frame(RelayToDesktop::MESSAGES)) {
        // Without what it means nothing without, it is refused.
        let Ok(message) = RelayToDesktop::parse(&Value::Object(frame.clone()).to_string()) else { return Ok(()) };
        prop_assert_eq!(&RelayToDesktop::parse(&message.to_json()), &Ok(message.clone()));
        says_the_same(frame, &message.to_json())?;
    }

    #[test]
    fn messages_to_the_relay_survive(frame in frame(DesktopToRelay::MESSAGES)) {
        // Without what it means nothing without, it is refused.
        let Ok(message) = DesktopToRelay::parse(&Value::Object(frame.clone()).to_string()) else { return Ok(()) };
        prop_assert_eq!(&DesktopToRelay::parse(&message.to_json()), &Ok(message.clone()));
        says_the_same(frame, &message.to_json())?;
    }

    #[test]
    fn unknown_types_survive(type_name in "[a-z_]{0,10}x", members in btree_map("\\PC{0,8}", any_json(), 0..4)) {
        let Value::Object(mut frame) = object(members) else { unreachable!() };
        frame.insert("type".to_owned(), type_name.into());
        let text = Value::Object(frame.clone()).to_string();
        let message = AppMessage::parse(&text).unwrap();
        prop_assert!(matches!(message, AppMessage::Unknown(_)));
        says_the_same(frame.clone(), &message.to_json())?;
        says_the_same(frame, &HubToApp::parse(&text).unwrap().to_json(Dialect::Classic))?;
    }

    #[test]
    fn any_text_is_answered(text in prop_oneof!["\\PC{0,80}", "[\\[\\]{}\",:a-z0-9\\\\ ]{0,80}"]) {
        parse_everywhere(&text);
    }

    #[test]
    fn any_members_under_any_type_are_answered(
        message in proptest::sample::select(AppMessage::MESSAGES).boxed()
            .prop_union(proptest::sample::select(HubToApp::MESSAGES).boxed())
            .or(proptest::sample::select(HubToDevice::MESSAGES).boxed())
            .or(proptest::sample::select(DeviceMessage::MESSAGES).boxed())
            .or(proptest::sample::select(Webhook::MESSAGES).boxed()),
        values in vec(any_json(), 16),
    ) {
        let (type_name, members) = message;
        let mut frame: Map<String, Value> = members.iter().map(|name| (*name).to_owned()).zip(values).collect();
        frame.insert("type".to_owned(), type_name.into());
        parse_everywhere(&Value::Object(frame).to_string());
    }
}

/// Reads it in each direction; what is understood is written and understood again.
fn parse_everywhere(text: &str) {
    if let Ok(message) = AppMessage::parse(text) {
        assert_eq!(AppMessage::parse(&message.to_json()), Ok(message));
    }
    if let Ok(message) = HubToApp::parse(text) {
        assert_eq!(HubToApp::parse(&message.to_json(Dialect::V3)), Ok(message));
    }
    if let Ok(message) = DeviceMessage::parse(text) {
        assert_eq!(DeviceMessage::parse(&message.to_json()), Ok(message));
    }
    if let Ok(message) = HubToDevice::parse(text) {
        assert_eq!(HubToDevice::parse(&message.to_json(Generation::Rtmp2025)), Ok(message));
    }
    if let Ok(message) = Webhook::parse(text) {
        assert_eq!(Webhook::parse(&message.to_json()), Ok(message));
    }
}

#[test]
fn what_is_no_message_is_refused_with_a_reason() {
    let long = format!(r#"{{"type":"ping","x":"{}"}}"#, "a".repeat(MAX_TEXT_BYTES));
    let deep =
        |levels: usize| format!(r#"{{"type":"ping","x":{}1{}}}"#, "[".repeat(levels), "]".repeat(levels));
    assert_eq!(AppMessage::parse(&long), Err(WireError::TooLong { bytes: long.len() }));
    assert_eq!(AppMessage::parse(&deep(MAX_NESTING)), Err(WireError::TooDeep));
    assert!(AppMessage::parse(&deep(MAX_NESTING - 1)).is_ok());
    assert_eq!(AppMessage::parse(&"[".repeat(MAX_TEXT_BYTES)), Err(WireError::TooDeep));
    assert_eq!(AppMessage::parse("not json"), Err(WireError::NotJson { line: 1, column: 2 }));
    assert_eq!(AppMessage::parse(""), Err(WireError::NotJson { line: 1, column: 0 }));
    assert_eq!(AppMessage::parse("[1]"), Err(WireError::NotAnObject));
    assert_eq!(AppMessage::parse(r#"{"status":"success"}"#), Err(WireError::NoType));
    assert_eq!(AppMessage::parse(r#"{"type":7}"#), Err(WireError::NoType));
    let no_package = AppMessage::parse(r#"{"type":"tpa_connection_init","apiKey":"k","packageName":7}"#);
    insta::assert_snapshot!(no_package.unwrap_err(), @"tpa_connection_init needs the member packageName");
}

#[test]
fn brackets_in_strings_do_not_nest() {
    assert_eq!(nesting(r#"{"a":"[[[{\"{{","b":[{}]}"#), 3);
    assert_eq!(nesting("]]]}}}[["), 2);
}

#[test]
fn odd_members_stay_and_fail_nothing() {
    let text = r#"{"type":"managed_stream_request","packageName":"a","video":{"width":-1,"height":"720","bitrate":1e300,"frameRate":29.97},"audio":7,"sound":null,"quality":720,"restreamDestinations":[{"name":"no url"}],"stream":{"durationLimit":1800.0}}"#;
    let AppMessage::StartManaged(request) = AppMessage::parse(text).unwrap() else { panic!() };
    let video = request.video.as_ref().unwrap();
    assert_eq!((video.width, video.height, video.bitrate, video.frame_rate), (None, None, None, Some(29.97)));
    assert_eq!(
        (&request.audio, request.sound, &request.quality, &request.restream_destinations),
        (&None, None, &None, &None)
    );
    assert_eq!(request.stream.as_ref().unwrap().duration_limit, Some(1800.0));
    let written: Value = serde_json::from_str(&AppMessage::StartManaged(request).to_json()).unwrap();
    let mut expected: Value = serde_json::from_str(text).unwrap();
    expected["stream"]["durationLimit"] = json!(1800);
    assert_eq!(written, expected);
}

#[test]
fn both_name_sets_of_direct_streaming_are_read_and_written() {
    for (first, second) in [
        (r#"{"type":"rtmp_stream_request","x":1}"#, r#"{"type":"stream_request","x":1}"#),
        (r#"{"type":"rtmp_stream_stop","x":1}"#, r#"{"type":"stream_stop","x":1}"#),
    ] {
        for text in [first, second] {
            assert_eq!(AppMessage::parse(text).unwrap().to_json(), text);
        }
    }
    for text in [
        r#"{"type":"rtmp_stream_status","status":"active"}"#,
        r#"{"type":"stream_status","status":"active"}"#,
    ] {
        assert_eq!(DeviceMessage::parse(text).unwrap().to_json(), text);
        let to_app = HubToApp::parse(text).unwrap();
        assert_eq!(to_app.to_json(Dialect::V3), text);
        // The classic SDK raises an error for the other name.
        assert_eq!(to_app.to_json(Dialect::Classic), r#"{"type":"rtmp_stream_status","status":"active"}"#);
    }
    for (first, second) in [
        (
            r#"{"type":"start_rtmp_stream","streamUrl":"u","rtmpUrl":"u","appId":"a","streamId":"s"}"#,
            r#"{"type":"start_stream","streamUrl":"u","rtmpUrl":"u","appId":"a","streamId":"s"}"#,
        ),
        (r#"{"type":"stop_rtmp_stream","streamId":"s"}"#, r#"{"type":"stop_stream","streamId":"s"}"#),
        (
            r#"{"type":"keep_rtmp_stream_alive","streamId":"s","ackId":"a"}"#,
            r#"{"type":"keep_stream_alive","streamId":"s","ackId":"a"}"#,
        ),
    ] {
        for text in [first, second] {
            let message = HubToDevice::parse(text).unwrap();
            assert_eq!(message.to_json(Generation::Rtmp2025), first);
            assert_eq!(message.to_json(Generation::Stream2026), second);
        }
    }
}

#[test]
fn a_url_is_read_under_each_of_its_names() {
    for name in ["streamUrl", "rtmpUrl", "srtUrl", "whipUrl"] {
        let request = format!(r#"{{"type":"stream_request","{name}":"rtmp://h/a/b"}}"#);
        let AppMessage::StartStream(request) = AppMessage::parse(&request).unwrap() else { panic!() };
        assert_eq!(request.url().map(Secret::expose), Some("rtmp://h/a/b"));
        let start =
            format!(r#"{{"type":"start_stream","appId":"a","streamId":"s","{name}":"rtmp://h/a/b"}}"#);
        let HubToDevice::StartStream(start) = HubToDevice::parse(&start).unwrap() else { panic!() };
        assert_eq!(start.url.expose(), "rtmp://h/a/b");
    }
    let all = r#"{"type":"stream_request","whipUrl":"4","srtUrl":"3","rtmpUrl":"2","streamUrl":"  "}"#;
    let AppMessage::StartStream(request) = AppMessage::parse(all).unwrap() else { panic!() };
    assert_eq!(request.url().map(Secret::expose), Some("2"), "an empty one says nothing");
    let AppMessage::StartStream(none) =
        AppMessage::parse(r#"{"type":"stream_request","rtmpUrl":5}"#).unwrap()
    else {
        panic!()
    };
    assert_eq!(none.url(), None);
}

#[test]
fn a_reason_is_read_under_both_names() {
    for member in ["error", "errorDetails"] {
        let text = format!(r#"{{"type":"rtmp_stream_status","status":"error","{member}":"camera_busy"}}"#);
        let DeviceMessage::StreamStatus(status) = DeviceMessage::parse(&text).unwrap() else { panic!() };
        assert_eq!(status.error_text(), Some("camera_busy"));
        assert_eq!(
            DeviceMessage::StreamStatus(status).to_json(),
            r#"{"type":"rtmp_stream_status","status":"error","errorDetails":"camera_busy"}"#
        );
    }
}

#[test]
fn a_message_keeps_its_type_to_itself() {
    let mut extra = Map::new();
    extra.insert("type".to_owned(), "evil".into());
    extra.insert("timestamp".to_owned(), 1.into());
    let ping = AppMessage::Ping(crate::Ping { timestamp: Some(2.into()), extra });
    assert_eq!(ping.to_json(), r#"{"type":"ping","timestamp":2}"#);
}

#[test]
fn a_session_request_names_every_socket() {
    let request = crate::SessionRequest::new("u@e-a", "u@e", "127.0.0.1:8002", "2026-11-22T16:09:26.583Z");
    assert_eq!(request.url(Dialect::Classic), Some("ws://127.0.0.1:8002/app-ws"));
    assert_eq!(request.url(Dialect::V3), Some("ws://127.0.0.1:8002/ws/miniapp"));
    insta::assert_snapshot!(Webhook::SessionRequest(request).to_json(), @r#"{"type":"session_request","sessionId":"u@e-a","userId":"u@e","timestamp":"2026-11-22T16:09:26.583Z","websocketUrl":"ws://127.0.0.1:8002/ws/miniapp","mentraOSWebsocketUrl":"ws://127.0.0.1:8002/app-ws","augmentOSWebsocketUrl":"ws://127.0.0.1:8002/app-ws"}"#);
    let oldest =
        r#"{"type":"session_request","sessionId":"s","userId":"u","augmentOSWebsocketUrl":"ws://h/app-ws"}"#;
    let Webhook::SessionRequest(oldest) = Webhook::parse(oldest).unwrap() else { panic!() };
    assert_eq!(oldest.url(Dialect::V3), Some("ws://h/app-ws"));
}

#[test]
fn status_lists_every_message_and_member() {
    let status = include_str!("../../STATUS.md");
    let directions: [Messages; 7] = [
        AppMessage::MESSAGES,
        HubToApp::MESSAGES,
        DeviceMessage::MESSAGES,
        HubToDevice::MESSAGES,
        Webhook::MESSAGES,
        RelayToDesktop::MESSAGES,
        DesktopToRelay::MESSAGES,
    ];
    for (type_name, members) in directions.into_iter().flatten() {
        assert!(status.contains(&format!("`{type_name}`")), "STATUS.md lacks {type_name}");
        for member in *members {
            assert!(status.contains(member), "STATUS.md lacks {member} of {type_name}");
        }
    }
}
