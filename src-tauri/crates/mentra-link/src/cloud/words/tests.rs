use mentra_wire::{ManagedStreamRequest, StreamStatusWord, StreamStop};

use super::*;

fn speaker(dialect: Dialect) -> Speaker<'static> {
    Speaker { package: "com.example.console", session_id: "s1", dialect, now_ms: 1_795_363_766_583 }
}

#[test]
fn both_dialects_introduce_themselves_as_their_sdk_does() {
    let key = Secret::from("key_0123456789");
    assert_eq!(
        speaker(Dialect::Classic).init(&key).to_json(),
        r#"{"type":"tpa_connection_init","sessionId":"s1","packageName":"com.example.console","apiKey":"key_0123456789","timestamp":"2026-11-22T16:09:26.583Z"}"#
    );
    assert_eq!(
        speaker(Dialect::V3).init(&key).to_json(),
        r#"{"type":"tpa_connection_init","packageName":"com.example.console","apiKey":"key_0123456789","sdkVersion":"3.0.0-hono.8","timestamp":"2026-11-22T16:09:26.583Z"}"#
    );
    assert_eq!(
        speaker(Dialect::V3).subscriptions().to_json(),
        r#"{"type":"subscription_update","packageName":"com.example.console","subscriptions":["managed_stream_status","stream_status"],"sessionId":"s1","timestamp":"2026-11-22T16:09:26.583Z"}"#
    );
}

#[test]
fn an_owners_message_gets_the_names_of_the_dialect() {
    let start = || {
        let stream_url = Some(Secret::from("rtmp://a.example/live/key"));
        AppMessage::StartStream(StreamRequest { stream_url, ..StreamRequest::default() })
    };
    assert_eq!(
        speaker(Dialect::Classic).address(start()).to_json(),
        r#"{"type":"rtmp_stream_request","packageName":"com.example.console","sessionId":"s1","rtmpUrl":"rtmp://a.example/live/key","timestamp":"2026-11-22T16:09:26.583Z"}"#
    );
    assert_eq!(
        speaker(Dialect::V3).address(start()).to_json(),
        r#"{"type":"stream_request","packageName":"com.example.console","sessionId":"s1","streamUrl":"rtmp://a.example/live/key","timestamp":"2026-11-22T16:09:26.583Z"}"#
    );
    let stop = AppMessage::StopStream(StreamStop::default());
    assert_eq!(speaker(Dialect::V3).address(stop).type_name(), "stream_stop");
    let managed = |dialect| {
        let request = ManagedStreamRequest { timestamp: Some("then".into()), ..Default::default() };
        speaker(dialect).address(AppMessage::StartManaged(request)).to_json()
    };
    assert_eq!(
        managed(Dialect::Classic),
        r#"{"type":"managed_stream_request","packageName":"com.example.console","timestamp":"then"}"#
    );
    assert_eq!(
        managed(Dialect::V3),
        r#"{"type":"managed_stream_request","packageName":"com.example.console","sessionId":"s1","timestamp":"then"}"#
    );
}

#[test]
fn what_ends_a_session_and_what_does_not() {
    let of = |code: &str, message: &str, acked: bool| {
        let code = (!code.is_empty()).then(|| code.to_owned());
        let error = ConnectionError { code, message: message.to_owned(), ..ConnectionError::default() };
        end_of(&error, acked)
    };
    for acked in [false, true] {
        assert_eq!(of("APP_NOT_STARTED", "", acked), Some(CloudEnd::NotStarted));
        assert_eq!(of("SESSION_NOT_FOUND", "", acked), Some(CloudEnd::NotStarted));
        assert_eq!(of("INVALID_API_KEY", "", acked), Some(CloudEnd::WrongKey));
        assert!(matches!(of("APP_DEPRECATED", "old", acked), Some(CloudEnd::Refused { .. })));
        assert_eq!(of("PERMISSION_DENIED", "no camera", acked), None);
        assert_eq!(of("INTERNAL_ERROR", "", acked), None);
        assert_eq!(of("", "Invalid API key", acked), Some(CloudEnd::WrongKey));
        assert_eq!(of("", "App not started for this session", acked), Some(CloudEnd::NotStarted));
        assert_eq!(of("", "Something else", acked), None);
    }
    assert!(of("MALFORMED_MESSAGE", "", false).is_some());
    assert_eq!(of("MALFORMED_MESSAGE", "", true), None);
}

#[test]
fn a_refused_upgrade_says_why_in_its_body_or_by_its_status() {
    let body = r#"{"type":"tpa_connection_error","code":"INVALID_API_KEY","message":"Invalid API key"}"#;
    assert_eq!(end_of_upgrade(401, body), Some(CloudEnd::WrongKey));
    assert_eq!(end_of_upgrade(500, body), Some(CloudEnd::WrongKey));
    let jwt = r#"{"type":"tpa_connection_error","code":"JWT_INVALID","message":"bad"}"#;
    assert_eq!(end_of_upgrade(401, jwt), Some(refused("JWT_INVALID", "bad")));
    assert!(
        matches!(end_of_upgrade(403, "<html>"), Some(CloudEnd::Refused { code, .. }) if code == "HTTP 403")
    );
    assert_eq!(end_of_upgrade(502, "Bad gateway"), None);
    assert_eq!(end_of_upgrade(404, ""), None);
}

#[test]
fn a_status_comes_out_of_its_envelope_and_nothing_else_does() {
    for name in ["rtmp_stream_status", "stream_status"] {
        let text = format!(
            r#"{{"type":"data_stream","streamType":"{name}","data":{{"streamId":"s1a","status":"active"}}}}"#
        );
        let HubToApp::StreamStatus(status) = unwrapped(HubToApp::parse(&text).expect("a message")) else {
            panic!("still wrapped")
        };
        assert_eq!(status.status, StreamStatusWord::Active);
        assert_eq!(status.stream_id.as_deref(), Some("s1a"));
    }
    for text in [
        r#"{"type":"data_stream","streamType":"button_press","data":{"buttonId":"main"}}"#,
        r#"{"type":"data_stream","streamType":"stream_status","data":7}"#,
        r#"{"type":"data_stream","streamType":"stream_status","data":{}}"#,
    ] {
        let message = HubToApp::parse(text).expect("a message");
        assert_eq!(unwrapped(message.clone()), message);
    }
}
