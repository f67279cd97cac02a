use proptest::prelude::*;
use serde_json::json;

use super::*;

fn masked(value: Value) -> Value {
    serde_json::from_str(&mask(&value.to_string())).unwrap()
}

#[test]
fn keys_are_hidden_and_the_rest_is_shown() {
    insta::assert_snapshot!(
        mask(r#"{"type":"tpa_connection_init","sessionId":"u@e-a","packageName":"a","apiKey":"key_0123456789","sdkVersion":"3"}"#),
        @r#"{"type":"tpa_connection_init","sessionId":"u@e-a","packageName":"a","apiKey":"***","sdkVersion":"3"}"#
    );
    insta::assert_snapshot!(
        mask(r#"{"type":"managed_stream_request","packageName":"a","restreamDestinations":[{"url":"rtmp://a.rtmp.youtube.com/live2/KEY","name":"YouTube"},{"url":"rtmps://u:p@h:443/KEY"}],"sound":false}"#),
        @r#"{"type":"managed_stream_request","packageName":"a","restreamDestinations":[{"url":"rtmp://a.rtmp.youtube.com/live2/***","name":"YouTube"},{"url":"rtmps://***@h:443/***"}],"sound":false}"#
    );
    insta::assert_snapshot!(
        mask(r#"{"type":"managed_stream_status","hlsUrl":"http://127.0.0.1:1/live/ms1/index.m3u8","previewUrl":"http://127.0.0.1:1/watch/ms1?t=KEY","outputs":[{"url":"srt://h:1?streamid=KEY"}],"message":"(rtmp://h/live/KEY) refused it"}"#),
        @r#"{"type":"managed_stream_status","hlsUrl":"http://127.0.0.1:1/live/ms1/index.m3u8","previewUrl":"http://127.0.0.1:1/watch/ms1?***","outputs":[{"url":"srt://h:1?***"}],"message":"(rtmp://h/live/*** refused it"}"#
    );
    insta::assert_snapshot!(
        mask(r#"{"websocketUrl":"ws://127.0.0.1:8002/ws/miniapp","streamUrl":"https://h/whip/KEY","whipUrl":"KEY","level":80.5,"big":1,"big":2}"#),
        @r#"{"websocketUrl":"ws://127.0.0.1:8002/ws/miniapp","streamUrl":"https://h/whip/***","whipUrl":"***","level":80.5,"big":1,"big":2}"#
    );
}

#[test]
fn names_of_keys_are_known_in_every_spelling() {
    for name in [
        "apiKey",
        "api_key",
        "X-API-Key",
        "token",
        "coreToken",
        "Authorization",
        "hotspotPassword",
        "streamKey",
        "key",
    ] {
        for value in [json!("SECRET"), json!(["SECRET"]), json!({ "a": "SECRET" }), json!(7)] {
            assert_eq!(masked(json!({ name: value, "type": "x" })), json!({ name: "***", "type": "x" }));
        }
    }
    assert_eq!(
        masked(
            json!({ "settings": [{ "key": "api_key", "value": "SECRET" }, { "key": "theme", "value": "dark" }] })
        ),
        json!({ "settings": [{ "key": "api_key", "value": "***" }, { "key": "theme", "value": "dark" }] })
    );
}

#[test]
fn urls_keep_what_tells_them_apart() {
    for (url, shown) in [
        ("rtmp://h:1935/live/KEY", "rtmp://h:1935/live/***"),
        ("rtmp://h/live/KEY/stream", "rtmp://h/live/***"),
        ("rtmp://h/KEY", "rtmp://h/***"),
        ("rtmp://h//KEY/", "rtmp://h/***"),
        ("rtmp://h", "rtmp://h"),
        ("rtmp://h/", "rtmp://h/"),
        ("rtmp://KEY:KEY@h/live/KEY?KEY#KEY", "rtmp://***@h/live/***?***"),
        ("srt://h:4201?streamid=publish:KEY&passphrase=KEY", "srt://h:4201?***"),
        ("https://h/whip/KEY", "https://h/whip/***"),
        ("h/live/KEY", "***"),
        ("see rtmp://h/live/KEY", "***"),
        ("", ""),
    ] {
        assert_eq!(masked(json!({ "rtmpUrl": url })), json!({ "rtmpUrl": shown }), "{url}");
    }
    assert_eq!(
        masked(json!({ "urls": { "main": ["rtmp://h/a/KEY"] } })),
        json!({ "urls": { "main": ["rtmp://h/a/***"] } })
    );
}

#[test]
fn urls_among_words_are_found() {
    for (words, shown) in [
        ("to RTMP://h/live/KEY, then", "to RTMP://h/live/*** then"),
        ("\"rtmps://h/live/KEY\"", "\"rtmps://h/live/***\""),
        ("url=srt://h?KEY", "url=srt://h?***"),
        ("http://h/docs/page?KEY", "http://h/docs/page?***"),
        ("http://h/go/rtmp://h/live/KEY", "http://***"),
        ("http://a,rtmp://h/live/KEY", "http://***"),
        ("no url :// here", "no url *** here"),
        ("nothing", "nothing"),
    ] {
        assert_eq!(masked(json!({ "message": words })), json!({ "message": shown }), "{words}");
    }
}

#[test]
fn json_inside_a_text_is_masked_too() {
    let inner = json!({ "apiKey": "SECRET" }).to_string();
    let outer = json!({ "payload": json!({ "payload": inner }).to_string() });
    let shown = mask(&outer.to_string());
    assert!(!shown.contains("SECRET") && shown.contains("payload"), "{shown}");
    assert_eq!(masked(json!({ "payload": r#"{"apiKey":"SECRET"#})), json!({ "payload": "***" }));
}

#[test]
fn what_cannot_be_masked_is_counted() {
    assert_eq!(mask(r#"{"apiKey":"SECRET"#), "not JSON (17 bytes)");
    assert_eq!(mask(""), "not JSON (0 bytes)");
    assert_eq!(mask(&"[".repeat(40)), "too large to show (40 bytes)");
    assert_eq!(mask(&" ".repeat(MAX_TEXT_BYTES + 1)), "too large to show (65537 bytes)");
}

#[test]
fn hostile_texts_end() {
    // Many URLs in one another, and texts in texts as deep as 64 KiB lets them be.
    mask(&json!({ "message": "http://a/".repeat(7000), "previewUrl": "rtmp://".repeat(1000) }).to_string());
    let mut text = "1".to_owned();
    while text.len() < MAX_TEXT_BYTES / 3 {
        text = json!({ "a": text }).to_string();
    }
    assert!(mask(&text).contains("***"));
}

const PLANTED: &str = "PLANTED0KEY";

/// Texts a key may stand in, each under a name that says so.
fn planted() -> impl Strategy<Value = Value> {
    let url =
        ("(rtmp|rtmps|srt|http|https|whip)", "[a-z.]{1,12}(:[0-9]{1,4})?", "(/[a-z0-9]{1,8}){0,3}", 0..4_u8)
            .prop_map(|(scheme, host, path, place)| match place {
                0 => format!("{scheme}://{host}{path}/{PLANTED}"),
                1 => format!("{scheme}://{host}{path}?streamid={PLANTED}"),
                2 => format!("{scheme}://user:{PLANTED}@{host}{path}"),
                _ => format!("{scheme}://{host}/app/{PLANTED}{path}"),
            });
    let url_name = "(rtmpUrl|streamUrl|srtUrl|whipUrl|url|ingest_url|restreamURL)";
    let key_name = "(apiKey|api_key|token|coreToken|authorization|X-Api-Key|streamKey|password)";
    let key = ("\\PC{0,6}", "\\PC{0,6}").prop_map(|(before, after)| format!("{before}{PLANTED}{after}"));
    prop_oneof![
        (url_name, url).prop_map(|(name, url)| json!({ name: url })),
        (key_name, key).prop_map(|(name, key)| json!({ name: key })),
    ]
}

proptest! {
    #[test]
    fn a_planted_key_never_survives(
        planted in planted(),
        name in "(outputs|data|\\PC{0,6})",
        in_list in any::<bool>(),
        as_text in any::<bool>(),
        wraps in 0..4_usize,
    ) {
        let mut value = planted;
        for _ in 0..wraps {
            value = if in_list { json!([1, value, "x"]) } else { json!({ name.as_str(): value, "type": "x" }) };
        }
        if as_text {
            value = json!({ "payload": value.to_string() });
        }
        let shown = mask(&value.to_string());
        prop_assert!(!shown.contains(PLANTED), "{}", shown);
    }

    #[test]
    fn a_stream_target_never_survives_among_words(
        before in "\\PC{0,20}",
        scheme in "(rtmp|RTMPS|srt)",
        host in "[a-z.]{1,8}",
        after in "\\PC{0,20}",
        name in "(message|reason|errorDetails|\\PC{0,6})",
    ) {
        let words = format!("{before}{scheme}://{host}/live/{PLANTED} {after}");
        let shown = mask(&json!({ name: words }).to_string());
        prop_assert!(!shown.contains(PLANTED), "{}", shown);
    }

    #[test]
    fn any_text_is_masked(text in prop_oneof!["\\PC{0,200}", "[\\[\\]{}\",:a-z/@?\\\\ ]{0,200}"]) {
        mask(&text);
    }

    #[test]
    fn any_words_are_masked(words in prop_oneof!["\\PC{0,60}", "[a-z:/@?# \"']{0,60}", "(rtmp://|é|/| ){0,20}"]) {
        let shown = mask(&json!({ "message": words, "url": words, "hlsUrl": words }).to_string());
        prop_assert!(serde_json::from_str::<Value>(&shown).is_ok());
    }

    #[test]
    fn masking_twice_changes_nothing_more(planted in planted()) {
        let once = mask(&planted.to_string());
        prop_assert_eq!(mask(&once), once);
    }
}
