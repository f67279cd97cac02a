use proptest::prelude::*;

use super::*;

/// Host, port, application, stream name and `tcUrl` of what was pasted.
#[track_caller]
fn reads(url: &str, key: &str, expected: (&str, u16, &str, &str, &str)) {
    let target = PublishTarget::parse(url, key).unwrap_or_else(|error| panic!("{url} + {key}: {error}"));
    let PublishTarget { host, port, app, tc_url, stream_name, .. } = &target;
    assert_eq!(
        (host.as_str(), *port, app.as_str(), stream_name.as_str(), tc_url.as_str()),
        expected,
        "{url} + {key}"
    );
    assert_eq!(target.tls, target.tc_url.starts_with("rtmps://"), "{url}");
}

#[test]
fn key_apart() {
    let twitch = ("live.twitch.tv", 1935, "app", "live_1_a", "rtmp://live.twitch.tv/app");
    reads("rtmp://live.twitch.tv/app", "live_1_a", twitch);
    reads("rtmp://live.twitch.tv/app/", "live_1_a", twitch);
    reads("rtmp://live.twitch.tv//app//", "live_1_a", twitch);
    reads("  rtmp://live.twitch.tv/app\n", "\tlive_1_a \r\n", twitch);
    reads("RTMP://live.twitch.tv/app", "/live_1_a", twitch);
    reads(
        "rtmps://live-api-s.facebook.com:443/rtmp/",
        "FB-123?s_bl=1&s_ps=1&a=x/y=",
        (
            "live-api-s.facebook.com",
            443,
            "rtmp",
            "FB-123?s_bl=1&s_ps=1&a=x/y=",
            "rtmps://live-api-s.facebook.com:443/rtmp",
        ),
    );
    reads("rtmp://h/a/b//c/", "k", ("h", 1935, "a/b/c", "k", "rtmp://h/a/b/c"));
}

#[test]
fn key_in_the_address() {
    reads("rtmp://h/live/key", "", ("h", 1935, "live", "key", "rtmp://h/live"));
    reads("rtmp://h/live/key/", " ", ("h", 1935, "live", "key", "rtmp://h/live"));
    reads("rtmp://h//live//key", "", ("h", 1935, "live", "key", "rtmp://h/live"));
    reads("rtmp://h/a/b/c", "", ("h", 1935, "a/b", "c", "rtmp://h/a/b"));
    reads("rtmp://h/live/key?x=1/2&y=?", "", ("h", 1935, "live", "key?x=1/2&y=?", "rtmp://h/live"));
    reads("rtmps://h/live/a%2Fb=", "", ("h", 443, "live", "a%2Fb=", "rtmps://h/live"));
}

#[test]
fn key_in_both_fields_counts_once() {
    reads("rtmp://h/live/key", "key", ("h", 1935, "live", "key", "rtmp://h/live"));
    reads("rtmp://h/live/key?x=1", "key?x=1", ("h", 1935, "live", "key?x=1", "rtmp://h/live"));
    reads("rtmp://h/live", "key", ("h", 1935, "live", "key", "rtmp://h/live"));
}

#[test]
fn keys_are_passed_on_as_pasted() {
    for key in ["a/b", "a//b", "a%2Fb", "a=b==", "?x=1", "a?b?c", "key/", "ключ", "a b", "%zz", "a#b"] {
        let target = PublishTarget::parse("rtmp://h/live", key).unwrap();
        assert_eq!(target.stream_name(), key);
        assert_eq!((target.app.as_str(), target.tc_url.as_str()), ("live", "rtmp://h/live"));
    }
}

#[test]
fn applications() {
    reads("rtmp://h", "key", ("h", 1935, "", "key", "rtmp://h/"));
    reads("rtmp://h/", "key", ("h", 1935, "", "key", "rtmp://h/"));
    reads("rtmp://h/key", "", ("h", 1935, "", "key", "rtmp://h/"));
    reads("rtmp://h/a%2Fb", "key", ("h", 1935, "a%2Fb", "key", "rtmp://h/a%2Fb"));
    reads("rtmp://h/live?token=t/u", "key", ("h", 1935, "live?token=t/u", "key", "rtmp://h/live?token=t/u"));
    reads("rtmp://h?token=t", "key", ("h", 1935, "?token=t", "key", "rtmp://h/?token=t"));
}

#[test]
fn hosts_and_ports() {
    let at = |url: &str| PublishTarget::parse(url, "k").map(|target| (target.host, target.port));
    let ok = |host: &str, port| Ok((host.to_owned(), port));
    assert_eq!(at("rtmp://h/a"), ok("h", 1935));
    assert_eq!(at("rtmps://h/a"), ok("h", 443));
    assert_eq!(at("RtMpS://h:8443/a"), ok("h", 8443));
    assert_eq!(at("rtmp://10.0.0.7:1936/a"), ok("10.0.0.7", 1936));
    assert_eq!(at("rtmp://h:/a"), ok("h", 1935));
    assert_eq!(at("rtmp://[::1]/a"), ok("::1", 1935));
    assert_eq!(at("rtmps://[2001:db8::7]:1443/a"), ok("2001:db8::7", 1443));
    assert_eq!(at("rtmp://[fe80::1%eth0]/a"), ok("fe80::1%eth0", 1935));
    assert_eq!(at("rtmp://h:65535/a"), ok("h", 65_535));
    reads("rtmp://[::1]:7/a", "k", ("::1", 7, "a", "k", "rtmp://[::1]:7/a"));
}

#[test]
fn refusals() {
    use TargetError::*;
    let table = [
        ("", MissingScheme),
        ("live.twitch.tv/app", MissingScheme),
        ("rtmp:/h/app", MissingScheme),
        ("live_a_long_secret://h/app", MissingScheme),
        ("a key://h/app", MissingScheme),
        ("://h/app", MissingScheme),
        ("http://h/app", WrongScheme("http".to_owned())),
        ("SRT://h:9000", WrongScheme("srt".to_owned())),
        ("rtmpt://h/app", WrongScheme("rtmpt".to_owned())),
        ("rtmp://", MissingHost),
        ("rtmp:///app", MissingHost),
        ("rtmp:////h/app", MissingHost),
        ("rtmp://:1935/app", MissingHost),
        ("rtmp://?x=1", MissingHost),
        ("rtmp://::1/app", BadHost),
        ("rtmp://[::1/app", BadHost),
        ("rtmp://[h]/app", BadHost),
        ("rtmp://[]/app", BadHost),
        ("rtmp://[::1]x/app", BadHost),
        ("rtmp://h]/app", BadHost),
        ("rtmp://h\\app", BadHost),
        ("rtmp://h:0/app", BadPort),
        ("rtmp://h:65536/app", BadPort),
        ("rtmp://h:99999999999/app", BadPort),
        ("rtmp://h:-1/app", BadPort),
        ("rtmp://h:+1/app", BadPort),
        ("rtmp://h:http/app", BadPort),
        ("rtmp://[::1]:0/app", BadPort),
        ("rtmp://user:pass@h/app", UserInfo),
        ("rtmp://user@h/app", UserInfo),
        ("rtmp://h/my app", Whitespace),
        ("rtmp://h/app\u{7}", Whitespace),
    ];
    for (url, error) in table {
        assert_eq!(PublishTarget::parse(url, "key"), Err(error), "{url}");
    }
    assert_eq!(PublishTarget::parse("rtmp://h", ""), Err(MissingStreamName));
    assert_eq!(PublishTarget::parse("rtmp://h//", "/"), Err(MissingStreamName));
    assert_eq!(PublishTarget::parse("rtmp://h/app", "two\nlines"), Err(Whitespace));
}

#[test]
fn more_queries_of_the_stream_name() {
    let name = |key: &str| {
        let target = PublishTarget::parse("rtmp://h/app", key).unwrap();
        target.with_query("bandwidthtest=true").stream_name
    };
    assert_eq!(name("key"), "key?bandwidthtest=true");
    assert_eq!(name("key?a=1"), "key?a=1&bandwidthtest=true");
    assert_eq!(name("key?"), "key?bandwidthtest=true");
    assert_eq!(name("key?a=1&"), "key?a=1&bandwidthtest=true");
}

#[test]
fn nothing_that_is_shown_holds_the_key() {
    let target = PublishTarget::parse("rtmps://[::1]:7/planted-app/planted?planted=1", "").unwrap();
    assert_eq!(target.to_string(), "rtmps://[::1]:7");
    assert_eq!(format!("{target:?}"), "PublishTarget(rtmps://[::1]:7)");
    assert_eq!(PublishTarget::parse("rtmp://h/a", "k").unwrap().to_string(), "rtmp://h:1935");
}

#[test]
fn keys_pasted_into_the_address_are_noticed() {
    let table = [
        ("rtmp://live.twitch.tv/app/live_123_abc", "rtmp://live.twitch.tv/app", "live_123_abc"),
        (
            "rtmp://live.twitch.tv/app/live_123_abc?bandwidthtest=true",
            "rtmp://live.twitch.tv/app",
            "live_123_abc?bandwidthtest=true",
        ),
        (" rtmp://a.rtmp.youtube.com/live2/abcd-efgh/ ", "rtmp://a.rtmp.youtube.com/live2", "abcd-efgh"),
        ("rtmp://h//live//key//", "rtmp://h//live", "key"),
        (
            "rtmps://live-api-s.facebook.com:443/rtmp/FB-1-0-Ab?s_bl=1&a=x/y",
            "rtmps://live-api-s.facebook.com:443/rtmp",
            "FB-1-0-Ab?s_bl=1&a=x/y",
        ),
        ("RTMP://h/key/key", "RTMP://h/key", "key"),
    ];
    for (pasted, url, key) in table {
        assert_eq!(split_key(pasted), Some((url.to_owned(), key.to_owned())), "{pasted}");
    }
    let none = [
        "rtmp://live.twitch.tv/app",
        "rtmps://live-api-s.facebook.com:443/rtmp/",
        "rtmp://h/app?x=1/2",
        "rtmp://h/app/?x=1",
        "rtmp://h",
        "http://h/a/b",
        "h/a/b",
        "",
    ];
    for url in none {
        assert_eq!(split_key(url), None, "{url}");
    }
}

proptest! {
    #[test]
    fn any_text_is_safe(url in ".{0,60}", key in ".{0,40}") {
        let _ = PublishTarget::parse(&url, &key);
        let _ = PublishTarget::parse(&format!("rtmp://{url}"), &key);
        split_key(&format!("rtmps://{url}"));
    }

    /// However many slashes there are, `tcUrl` has none twice and never the key, and both ways of pasting agree.
    #[test]
    fn slashes_do_not_matter(
        parts in prop::collection::vec("[a-z%=-]{1,6}", 1..4),
        slashes in prop::collection::vec(1usize..4, 4),
        key in "[A-Z0-9_]{8,20}",
        query in prop::sample::select(vec!["", "?a=1/2"]),
    ) {
        let mut url = "rtmp://host".to_owned();
        for (part, count) in parts.iter().zip(&slashes) {
            url += &"/".repeat(*count);
            url += part;
        }
        let name = format!("{key}{query}");
        let whole = format!("{url}{}{name}", "/".repeat(slashes[3]));
        let apart = PublishTarget::parse(&format!("{url}/"), &name).unwrap();
        prop_assert_eq!(&apart.app, &parts.join("/"));
        prop_assert!(!apart.tc_url["rtmp://".len()..].contains("//"));
        prop_assert!(!apart.tc_url.contains(&key));
        prop_assert!(PublishTarget::parse(&whole, "").unwrap() == apart);
        prop_assert!(PublishTarget::parse(&whole, &name).unwrap() == apart);

        let (moved_url, moved_key) = split_key(&whole).unwrap();
        prop_assert_eq!(&moved_key, &name);
        prop_assert!(PublishTarget::parse(&moved_url, &moved_key).unwrap() == apart);
    }
}
