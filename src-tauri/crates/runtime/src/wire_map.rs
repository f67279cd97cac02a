//! The one place where the domain meets the words of MentraOS, both ways.

use console::api::{GlassesLink, GlassesView};
use console::ports::{
    AppFact, CameraFact, CameraHints, CheckTold, GlassesFact, ManagedTold, OutputTold, UnmanagedTold,
};
use mentra_wire::{
    AppMessage, DeviceMessage, DeviceState, DeviceStateUpdate, Dialect, ManagedStatusWord,
    ManagedStreamStatus, OutputStatus, StreamInfo, StreamStatus, StreamStatusCheckResponse, StreamStatusWord,
    iso8601,
};
use serde_json::{Map, Value};
use session::{Delivery, DestinationKey, EndReason, Quality, State, Words, destination};

/// Longest limit an app may set: a year. Longer is no limit.
const MOST_LIMIT_S: f64 = 31_536_000.0;

/// The word apps see for a managed stream.
///
/// | state                 | word         |
/// |-----------------------|--------------|
/// | Idle                  | stopped      |
/// | AwaitingCamera        | initializing |
/// | AwaitingMedia         | preparing    |
/// | Live, Interrupted     | active       |
/// | Stopping              | stopping     |
/// | Ended by a stop       | stopped      |
/// | Ended by failure      | error        |
pub(crate) fn managed_word(state: State) -> ManagedStatusWord {
    match state {
        State::AwaitingCamera => ManagedStatusWord::Initializing,
        State::AwaitingMedia => ManagedStatusWord::Preparing,
        State::Live | State::Interrupted => ManagedStatusWord::Active,
        State::Stopping => ManagedStatusWord::Stopping,
        State::Ended(reason) if reason.failed() => ManagedStatusWord::Error,
        State::Idle | State::Ended(_) => ManagedStatusWord::Stopped,
    }
}

/// The word apps see for an unmanaged stream.
///
/// | state                   | word         |
/// |-------------------------|--------------|
/// | Idle                    | stopped      |
/// | AwaitingCamera          | initializing |
/// | AwaitingMedia           | connecting   |
/// | Live                    | active       |
/// | Interrupted             | reconnecting |
/// | Stopping                | stopping     |
/// | Ended by a stop         | stopped      |
/// | Ended as lost           | timeout      |
/// | Ended by other failures | error        |
pub(crate) fn unmanaged_word(state: State) -> StreamStatusWord {
    match state {
        State::AwaitingCamera => StreamStatusWord::Initializing,
        State::AwaitingMedia => StreamStatusWord::Connecting,
        State::Live => StreamStatusWord::Active,
        State::Interrupted => StreamStatusWord::Reconnecting,
        State::Stopping => StreamStatusWord::Stopping,
        State::Ended(EndReason::Lost | EndReason::Restarted) => StreamStatusWord::Timeout,
        State::Ended(reason) if reason.failed() => StreamStatusWord::Error,
        State::Idle | State::Ended(_) => StreamStatusWord::Stopped,
    }
}

/// The word apps see for an output. MentraOS has three: what only begins or rests is not active yet.
pub(crate) fn output_word(state: destination::State) -> &'static str {
    match state {
        destination::State::Broadcasting | destination::State::Interrupted => "active",
        destination::State::Stalled
        | destination::State::Retrying { .. }
        | destination::State::Errored(_) => "error",
        destination::State::Disabled | destination::State::Idle | destination::State::Starting => "stopped",
    }
}

/// One text of words and next step.
pub(crate) fn sentence(words: &Words) -> String {
    match &words.next_step {
        Some(next_step) => format!("{} {next_step}", words.text),
        None => words.text.clone(),
    }
}

pub(crate) fn managed_status(told: &ManagedTold) -> ManagedStreamStatus {
    let url =
        |url: fn(&console::api::PlaybackUrls) -> &String| told.urls.as_ref().map(|urls| url(urls).clone());
    ManagedStreamStatus {
        status: managed_word(told.state),
        stream_id: told.stream_id.clone(),
        hls_url: url(|urls| &urls.hls),
        // Without one the app's promise would never be kept.
        dash_url: url(|urls| if urls.dash.is_empty() { &urls.hls } else { &urls.dash }),
        webrtc_url: told.urls.as_ref().and_then(|urls| urls.webrtc.clone()),
        preview_url: url(|urls| &urls.preview).filter(|url| !url.is_empty()),
        thumbnail_url: url(|urls| &urls.thumbnail).filter(|url| !url.is_empty()),
        message: Some(sentence(&told.words)),
        outputs: (!told.outputs.is_empty()).then(|| told.outputs.iter().map(output).collect()),
        ..ManagedStreamStatus::default()
    }
}

pub(crate) fn output(told: &OutputTold) -> OutputStatus {
    let status = output_word(told.state);
    OutputStatus {
        url: told.url.expose().to_owned().into(),
        name: Some(told.name.clone()),
        status: status.to_owned(),
        error: (status == "error").then(|| sentence(&told.words)),
        ..OutputStatus::default()
    }
}

/// `session_id` is that of the app the status goes to directly; None for the copy that others are told as news.
pub(crate) fn stream_status(told: &UnmanagedTold, session_id: Option<String>, now_ms: u64) -> StreamStatus {
    let status = unmanaged_word(told.state);
    let failed = matches!(status, StreamStatusWord::Error | StreamStatusWord::Timeout);
    let news = failed || status == StreamStatusWord::Reconnecting;
    StreamStatus {
        session_id,
        stream_id: told.stream_id.clone(),
        status,
        error_details: news.then(|| sentence(&told.words)),
        app_id: told.owner.as_ref().map(ToString::to_string),
        timestamp: Some(Value::String(iso8601(now_ms))),
        ..StreamStatus::default()
    }
}

pub(crate) fn check_response(
    request_id: Option<String>,
    told: Option<CheckTold>,
) -> StreamStatusCheckResponse {
    StreamStatusCheckResponse {
        has_active_stream: told.is_some(),
        request_id,
        stream_info: told.map(stream_info),
        ..StreamStatusCheckResponse::default()
    }
}

fn stream_info(told: CheckTold) -> StreamInfo {
    let managed = told.delivery != Delivery::Unmanaged;
    let target = told.target.as_ref().map(|target| mentra_wire::Secret::from(target.expose().to_owned()));
    let urls = told.urls;
    let url = |url: fn(&console::api::PlaybackUrls) -> &String| urls.as_ref().map(|urls| url(urls).clone());
    StreamInfo {
        kind: if managed { "managed" } else { "unmanaged" }.to_owned(),
        stream_id: told.stream_id,
        status: if managed {
            managed_word(told.state).as_str().to_owned()
        } else {
            unmanaged_word(told.state).as_str().to_owned()
        },
        created_at: iso8601(told.created_at_ms),
        hls_url: url(|urls| &urls.hls),
        dash_url: url(|urls| if urls.dash.is_empty() { &urls.hls } else { &urls.dash }),
        webrtc_url: urls.as_ref().and_then(|urls| urls.webrtc.clone()),
        preview_url: url(|urls| &urls.preview).filter(|url| !url.is_empty()),
        thumbnail_url: url(|urls| &urls.thumbnail).filter(|url| !url.is_empty()),
        active_viewers: managed.then_some(told.apps),
        rtmp_url: target.clone(),
        stream_url: target,
        requesting_app_id: told.owner.map(|owner| owner.to_string()),
        ..StreamInfo::default()
    }
}

/// How the glasses are, always told whole.
pub(crate) fn device_state(glasses: Option<&GlassesView>, timestamp: String) -> DeviceStateUpdate {
    let known = |view: &GlassesView| DeviceState {
        connected: Some(view.link == GlassesLink::Connected),
        model_name: Some(view.model.clone()),
        wifi_connected: view.wifi,
        wifi_ssid: view.wifi_name.clone(),
        battery_level: view.battery_percent.map(f64::from),
        charging: view.charging,
        ..DeviceState::default()
    };
    DeviceStateUpdate {
        state: glasses
            .map_or_else(|| DeviceState { connected: Some(false), ..DeviceState::default() }, known),
        full_snapshot: Some(true),
        timestamp: Some(Value::String(timestamp)),
        ..DeviceStateUpdate::default()
    }
}

/// What an app's message means; None if it means nothing here.
///
/// An app that does not say whether it wants WebRTC has it by default in v3, and not before.
pub(crate) fn app_fact(message: AppMessage, dialect: Dialect) -> Option<AppFact> {
    Some(match message {
        AppMessage::Subscribe(update) => {
            AppFact::Subscribed(update.subscriptions.iter().map(|one| one.name().to_owned()).collect())
        }
        AppMessage::StartManaged(request) => AppFact::StartManaged {
            quality: request.quality.as_deref().and_then(Quality::from_code),
            enable_webrtc: request.enable_webrtc.unwrap_or(dialect == Dialect::V3),
            destinations: request
                .restream_destinations
                .iter()
                .flatten()
                .map(|named| (secret(named.url.expose()), named.name.clone()))
                .collect(),
            duration_limit_ms: limit_ms(request.stream.as_ref().and_then(|stream| stream.duration_limit)),
            hints: hints(&request.video, &request.audio, &request.stream, request.sound),
        },
        AppMessage::StopManaged(_) => AppFact::StopManaged,
        AppMessage::StartStream(request) => AppFact::StartUnmanaged {
            target: request.url().map(|url| secret(url.expose())).unwrap_or_default(),
            duration_limit_ms: limit_ms(request.stream.as_ref().and_then(|stream| stream.duration_limit)),
            hints: hints(&request.video, &request.audio, &request.stream, request.sound),
        },
        AppMessage::StopStream(_) => AppFact::StopUnmanaged,
        AppMessage::CheckStream(check) => AppFact::Check { request: check.request_id },
        AppMessage::RequestWifiSetup(wish) => AppFact::WifiSetup {
            reason: wish.reason.unwrap_or_else(|| "An app needs the glasses to have Wi-Fi.".to_owned()),
        },
        _ => return None,
    })
}

/// An address too long to be one is as good as none: the console refuses it in words.
fn secret(text: &str) -> DestinationKey {
    DestinationKey::parse(text).unwrap_or_default()
}

fn limit_ms(limit_s: Option<f64>) -> Option<u64> {
    limit_s
        .filter(|limit_s| *limit_s > 0.0 && *limit_s < MOST_LIMIT_S)
        .map(|limit_s| (limit_s * 1_000.0) as u64)
}

fn hints<V: serde::Serialize, A: serde::Serialize, S: serde::Serialize>(
    video: &Option<V>,
    audio: &Option<A>,
    stream: &Option<S>,
    sound: Option<bool>,
) -> CameraHints {
    let mut hints = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            hints.insert(name.to_owned(), value);
        }
    };
    put("video", video.as_ref().and_then(|part| serde_json::to_value(part).ok()));
    put("audio", audio.as_ref().and_then(|part| serde_json::to_value(part).ok()));
    put("stream", stream.as_ref().and_then(|part| serde_json::to_value(part).ok()));
    put("sound", sound.map(Value::Bool));
    CameraHints(hints)
}

/// What glasses say; None if it means nothing here.
pub(crate) fn glasses_fact(message: DeviceMessage) -> Option<GlassesFact> {
    Some(match message {
        DeviceMessage::ConnectionState(state) => GlassesFact::State {
            link: Some(if state.status.eq_ignore_ascii_case("connected") {
                GlassesLink::Connected
            } else {
                GlassesLink::PhoneOnly
            }),
            model: state.model_name,
            wifi: state.wifi.as_ref().map(|wifi| wifi.connected),
            wifi_name: state.wifi.and_then(|wifi| wifi.ssid),
        },
        DeviceMessage::Battery(battery) => GlassesFact::Battery {
            percent: battery.level.clamp(0.0, 100.0) as u8,
            charging: battery.charging,
        },
        DeviceMessage::StreamStatus(status) => {
            GlassesFact::Camera { stream_id: status.stream_id.clone(), fact: camera_fact(&status)? }
        }
        _ => return None,
    })
}

/// What the camera's status means.
///
/// | glasses say                              | means        |
/// |------------------------------------------|--------------|
/// | initializing, connecting                 | Starting     |
/// | streaming, active, reconnected           | Streaming    |
/// | reconnecting; error with `willRetry`     | Reconnecting |
/// | stopping                                 | Stopping     |
/// | stopped; error `not_streaming`           | Stopped      |
/// | error, timeout, disconnected, reconnect_failed | Failed |
pub(crate) fn camera_fact(status: &StreamStatus) -> Option<CameraFact> {
    let reconnecting = || CameraFact::Reconnecting { attempt: status.attempt, of: status.max_attempts };
    Some(match &status.status {
        StreamStatusWord::Initializing | StreamStatusWord::Connecting => CameraFact::Starting,
        StreamStatusWord::Streaming | StreamStatusWord::Active | StreamStatusWord::Reconnected => {
            CameraFact::Streaming {
                bitrate_bps: status.stats.as_ref().and_then(|stats| stats.bitrate),
                fps: status.stats.as_ref().and_then(|stats| stats.fps),
            }
        }
        StreamStatusWord::Reconnecting => reconnecting(),
        StreamStatusWord::Error if status.will_retry == Some(true) => reconnecting(),
        StreamStatusWord::Stopping => CameraFact::Stopping,
        StreamStatusWord::Stopped => CameraFact::Stopped,
        // The answer to a stop that was not needed.
        StreamStatusWord::Error if status.error_text() == Some("not_streaming") => CameraFact::Stopped,
        StreamStatusWord::Error => CameraFact::Failed { words: error_words(status.error_text()) },
        StreamStatusWord::ReconnectFailed => CameraFact::Failed {
            words: Words::error("The glasses lost the connection and could not reconnect.")
                .then("Check their Wi-Fi, then start again."),
        },
        StreamStatusWord::Disconnected => CameraFact::Failed {
            words: Words::error("The glasses lost the connection to the server.")
                .then("Check the server and their Wi-Fi, then start again."),
        },
        StreamStatusWord::Timeout => CameraFact::Failed {
            words: Words::error("The glasses stopped because nobody answered them.").then("Start again."),
        },
        StreamStatusWord::Other(_) => return None,
    })
}

/// The glasses' error texts in a creator's words.
fn error_words(text: Option<&str>) -> Words {
    let text = text.unwrap_or_default().trim();
    let known = text.to_ascii_lowercase();
    if known.contains("no_wifi") {
        return Words::error("The glasses have no Wi-Fi.")
            .then("Connect them to Wi-Fi in the Mentra app, then start again.");
    }
    if known.contains("camera_busy") {
        return Words::error("The camera of the glasses is busy.")
            .then("End what uses it, for example a photo or a recording, then start again.");
    }
    if known.contains("battery") {
        return Words::error("The battery of the glasses is too low to stream.")
            .then("Charge them to at least 10 %, then start again.");
    }
    if known.contains("not supported by camera") {
        return Words::error("The camera of the glasses does not offer this resolution.")
            .then("Ask for 1280x720 or less, then start again.");
    }
    if known.contains("stream_url") || known.contains("rtmp_url") || known.contains("stream url") {
        return Words::error("The glasses cannot stream to this address.")
            .then("Use an rtmp:// or rtmps:// address, then start again.");
    }
    if text.is_empty() {
        return Words::error("The glasses could not stream and gave no reason.").then("Start again.");
    }
    let said = clean(text);
    Words::error(format!("The glasses could not stream: {said}."))
        .then("Check the server's address and key, then start again.")
}

/// What others said, fit to be shown within a sentence.
pub(crate) fn clean(text: &str) -> String {
    let said: String = without_addresses(text.trim()).chars().filter(|c| !c.is_control()).take(200).collect();
    said.trim_end_matches('.').to_owned()
}

/// A text without the addresses in it: their last part may be a key.
fn without_addresses(text: &str) -> String {
    let masked = |word: &str| match word.find("://") {
        Some(at) => {
            let before = word[..at].trim_end_matches(|c: char| c.is_ascii_alphanumeric());
            format!("{before}***")
        }
        None => word.to_owned(),
    };
    text.split(' ').map(masked).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use session::StopBy;

    #[test]
    fn every_state_has_its_words() {
        use ManagedStatusWord as M;
        use StreamStatusWord as U;
        let table = [
            (State::Idle, M::Stopped, U::Stopped),
            (State::AwaitingCamera, M::Initializing, U::Initializing),
            (State::AwaitingMedia, M::Preparing, U::Connecting),
            (State::Live, M::Active, U::Active),
            (State::Interrupted, M::Active, U::Reconnecting),
            (State::Stopping, M::Stopping, U::Stopping),
            (State::Ended(EndReason::Stopped(StopBy::User)), M::Stopped, U::Stopped),
            (State::Ended(EndReason::Stopped(StopBy::TimeLimit)), M::Stopped, U::Stopped),
            (State::Ended(EndReason::Lost), M::Error, U::Timeout),
            (State::Ended(EndReason::CameraFailed), M::Error, U::Error),
        ];
        for (state, managed, unmanaged) in table {
            assert_eq!((managed_word(state), unmanaged_word(state)), (managed, unmanaged), "{state:?}");
        }
    }

    #[test]
    fn glasses_words_mean_what_they_say() {
        let table = [
            (r#"{"status":"initializing"}"#, CameraFact::Starting),
            (r#"{"status":"connecting"}"#, CameraFact::Starting),
            (r#"{"status":"reconnected"}"#, CameraFact::Streaming { bitrate_bps: None, fps: None }),
            (
                r#"{"status":"streaming","stats":{"bitrate":1500000,"fps":15}}"#,
                CameraFact::Streaming { bitrate_bps: Some(1_500_000), fps: Some(15.0) },
            ),
            (
                r#"{"status":"reconnecting","attempt":2,"maxAttempts":10}"#,
                CameraFact::Reconnecting { attempt: Some(2), of: Some(10) },
            ),
            (r#"{"status":"error","willRetry":true}"#, CameraFact::Reconnecting { attempt: None, of: None }),
            (r#"{"status":"stopping"}"#, CameraFact::Stopping),
            (r#"{"status":"stopped"}"#, CameraFact::Stopped),
            (r#"{"status":"error","error":"not_streaming"}"#, CameraFact::Stopped),
        ];
        for (text, wanted) in table {
            let mut message: Value = serde_json::from_str(text).expect("JSON");
            message["type"] = Value::from("rtmp_stream_status");
            let parsed = DeviceMessage::parse(&message.to_string()).expect("a message");
            let expected = GlassesFact::Camera { stream_id: None, fact: wanted };
            assert_eq!(glasses_fact(parsed), Some(expected), "{text}");
        }
    }

    #[test]
    fn every_failure_says_what_to_do() {
        for text in [
            "no_wifi_connection",
            "camera_busy",
            "Battery level too low (5%) - minimum 10% required",
            "Resolution not supported by camera",
            "missing_rtmp_url",
            "Unknown stream URL protocol",
            "json_error",
            "",
        ] {
            let words = error_words(Some(text));
            assert!(words.next_step.is_some() && !words.text.contains("  "), "{text}: {words:?}");
        }
    }

    #[test]
    fn an_address_in_an_error_is_not_passed_on() {
        let words = error_words(Some("Failed to connect (rtmp://u:p@host/live/KEY) after 3 s"));
        assert_eq!(words.text, "The glasses could not stream: Failed to connect (*** after 3 s.");
        assert_eq!(without_addresses("é\u{301}://x rtmps://a/b?c"), "é\u{301}*** ***");
    }

    #[test]
    fn webrtc_is_asked_for_as_each_dialect_means_it() {
        for (said, classic, v3) in [
            ("", false, true),
            (r#","enableWebRTC":true"#, true, true),
            (r#","enableWebRTC":false"#, false, false),
        ] {
            for (dialect, wanted) in [(Dialect::Classic, classic), (Dialect::V3, v3)] {
                let text = format!(r#"{{"type":"managed_stream_request","packageName":"a.b"{said}}}"#);
                let message = AppMessage::parse(&text).expect("a message");
                let Some(AppFact::StartManaged { enable_webrtc, .. }) = app_fact(message, dialect) else {
                    panic!("it starts a stream")
                };
                assert_eq!(enable_webrtc, wanted, "{said} {dialect:?}");
            }
        }
    }

    #[test]
    fn a_limit_that_is_none_is_none() {
        assert_eq!(limit_ms(Some(1_800.0)), Some(1_800_000));
        for none in [0.0, -5.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(limit_ms(Some(none)), None, "{none}");
        }
    }
}
