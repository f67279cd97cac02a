//! What the cloud says, in the console's terms.

use std::net::IpAddr;

use console::api::{GlassesLink, PlaybackUrls};
use console::ports::{CameraFact, CloudEvent, CloudFact, CloudRunning, CloudState, CloudStream, GlassesFact};
use mentra_link::{CloudEnd, CloudEvent as LinkEvent, RelayState};
use mentra_wire::{
    CapabilitiesUpdate, ConnectionError, DeviceMessage, DeviceState, HubToApp, ManagedStatusWord,
    ManagedStreamStatus, StreamInfo, StreamStatus,
};
use session::{DestinationKey, Words};

use crate::wire_map;

/// What is needed to read them.
pub(super) struct Facts {
    pub(super) package: String,
    pub(super) relay_url: Option<String>,
}

impl Facts {
    /// What an event means; nothing, one or more.
    pub(super) fn of(&self, event: LinkEvent) -> Vec<CloudEvent> {
        let about = |session_id: String, fact| CloudEvent::Session { session_id, fact };
        match event {
            LinkEvent::Webhook { refused, .. } => {
                let words =
                    |text: String| Words::warning(text).then("If it was not yours, nothing is to be done.");
                vec![CloudEvent::Called { refused: refused.map(words) }]
            }
            LinkEvent::Connected { session, capabilities, .. } => {
                let known = capabilities.as_ref().and_then(|profile| profile["modelName"].as_str());
                let model = known.map(|model| GlassesFact::State {
                    model: Some(model.to_owned()),
                    link: None,
                    wifi: None,
                    wifi_name: None,
                });
                let connected = CloudFact::Connected { user_id: session.user_id };
                let mut events = vec![about(session.session_id.clone(), connected)];
                events.extend(model.map(|fact| about(session.session_id, CloudFact::Glasses(fact))));
                events
            }
            LinkEvent::Lost { session_id, reason } => {
                tracing::info!(%reason, "a session at MentraOS is lost and tried again");
                vec![about(session_id, CloudFact::Lost)]
            }
            LinkEvent::Over { session_id, reason } => {
                vec![about(session_id, CloudFact::Over { words: self.end_words(&reason) })]
            }
            LinkEvent::Told { session_id, message } => {
                facts(message).into_iter().map(|fact| about(session_id.clone(), fact)).collect()
            }
            LinkEvent::Relay(state) => vec![self.relay(state)],
        }
    }

    fn end_words(&self, end: &CloudEnd) -> Option<Words> {
        match end {
            CloudEnd::Stopped { .. } | CloudEnd::NotStarted => None,
            CloudEnd::WrongKey => Some(
                Words::error(format!("MentraOS does not take the API key of the app {}.", self.package))
                    .then("Copy the key again from MentraOS' developer console and enter it here."),
            ),
            CloudEnd::Refused { code, message } => {
                let said = wire_map::clean(message);
                Some(
                    Words::error(format!("MentraOS refuses the app ({code}): {said}.")).then(
                        "Check the app in MentraOS' developer console, then start it on the phone again.",
                    ),
                )
            }
        }
    }

    fn relay(&self, state: RelayState) -> CloudEvent {
        let (connected, public_url, problem) = match state {
            RelayState::Connecting => (false, None, None),
            RelayState::Connected { public_url, mailbox } => {
                let base = public_url.or_else(|| self.relay_url.as_deref().map(as_http));
                (true, base.map(|base| format!("{}/{mailbox}", base.trim_end_matches('/'))), None)
            }
            RelayState::Refused(words) | RelayState::Lost(words) => (false, None, Some(words)),
        };
        CloudEvent::Relay { connected, public_url, problem }
    }
}

fn as_http(url: &str) -> String {
    match url.strip_prefix("ws") {
        Some(rest) => format!("http{rest}"),
        None => url.to_owned(),
    }
}

fn facts(message: HubToApp) -> Vec<CloudFact> {
    match message {
        HubToApp::ManagedStatus(status) => managed(status).into_iter().collect(),
        HubToApp::StreamStatus(status) => unmanaged(&status).into_iter().collect(),
        HubToApp::CheckResponse(answer) => {
            let found = answer.stream_info.filter(|_| answer.has_active_stream);
            vec![CloudFact::Check(found.map(running))]
        }
        HubToApp::DeviceState(update) => device(&update.state),
        HubToApp::Capabilities(update) => vec![CloudFact::Glasses(worn(&update))],
        HubToApp::ConnectionError(error) => refusal(&error).into_iter().collect(),
        HubToApp::PermissionError(error) => vec![CloudFact::Refused { words: refused(None, &error.message) }],
        // What the glasses say, as it is subscribed to.
        HubToApp::DataStream(wrapped) => {
            let inner = DeviceMessage::parse(&wrapped.data.to_string()).ok();
            let fact = inner.and_then(wire_map::glasses_fact);
            fact.filter(|fact| !matches!(fact, GlassesFact::Camera { .. }))
                .map(CloudFact::Glasses)
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

/// | cloud says                | means    |
/// |---------------------------|----------|
/// | initializing, preparing   | Starting |
/// | active                    | Live     |
/// | stopping                  | Stopping |
/// | stopped                   | Stopped  |
/// | error                     | Failed   |
fn managed(status: ManagedStreamStatus) -> Option<CloudFact> {
    let state = match &status.status {
        ManagedStatusWord::Initializing | ManagedStatusWord::Preparing => CloudState::Starting,
        ManagedStatusWord::Active => CloudState::Live,
        ManagedStatusWord::Stopping => CloudState::Stopping,
        ManagedStatusWord::Stopped => CloudState::Stopped,
        ManagedStatusWord::Error => {
            CloudState::Failed { words: refused(None, status.message.as_deref().unwrap_or_default()) }
        }
        ManagedStatusWord::Other(_) => return None,
    };
    let urls =
        urls(status.hls_url, status.dash_url, status.webrtc_url, status.preview_url, status.thumbnail_url);
    Some(CloudFact::Stream(CloudStream { managed: true, stream_id: status.stream_id, state, urls }))
}

/// As the glasses' own words are read; the cloud passes them on.
fn unmanaged(status: &StreamStatus) -> Option<CloudFact> {
    let state = match wire_map::camera_fact(status)? {
        CameraFact::Starting => CloudState::Starting,
        CameraFact::Streaming { .. } => CloudState::Live,
        CameraFact::Reconnecting { .. } => CloudState::Reconnecting,
        CameraFact::Stopping => CloudState::Stopping,
        CameraFact::Stopped => CloudState::Stopped,
        CameraFact::Failed { words } => CloudState::Failed { words },
    };
    let stream_id = status.stream_id.clone().filter(|id| !id.is_empty());
    Some(CloudFact::Stream(CloudStream { managed: false, stream_id, state, urls: None }))
}

fn running(info: StreamInfo) -> CloudRunning {
    let target = info.stream_url.or(info.rtmp_url);
    CloudRunning {
        managed: info.kind == "managed",
        stream_id: info.stream_id,
        owner: info.requesting_app_id,
        target: target.and_then(|target| DestinationKey::parse(target.expose()).ok()),
        urls: urls(info.hls_url, info.dash_url, info.webrtc_url, info.preview_url, info.thumbnail_url),
    }
}

/// What the cloud leaves out is empty; without a playlist there is nothing to play.
fn urls(
    hls: Option<String>,
    dash: Option<String>,
    webrtc: Option<String>,
    preview: Option<String>,
    thumbnail: Option<String>,
) -> Option<PlaybackUrls> {
    let web =
        |url: Option<String>| url.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    Some(PlaybackUrls {
        hls: web(hls)?,
        dash: web(dash).unwrap_or_default(),
        // Clouds of 2025 name the address to publish to here, which is a secret and plays nothing.
        webrtc: web(webrtc).filter(|url| !url.to_ascii_lowercase().ends_with("/publish")),
        preview: web(preview).unwrap_or_default(),
        thumbnail: web(thumbnail).unwrap_or_default(),
    })
}

fn device(state: &DeviceState) -> Vec<CloudFact> {
    let mut facts = Vec::new();
    let told = state.connected.is_some()
        || state.model_name.is_some()
        || state.wifi_connected.is_some()
        || state.wifi_ssid.is_some();
    if told {
        let link = |connected| if connected { GlassesLink::Connected } else { GlassesLink::PhoneOnly };
        facts.push(CloudFact::Glasses(GlassesFact::State {
            model: state.model_name.clone(),
            link: state.connected.map(link),
            wifi: state.wifi_connected,
            wifi_name: state.wifi_ssid.clone().filter(|name| !name.is_empty()),
        }));
    }
    if let Some(level) = state.battery_level {
        facts.push(CloudFact::Glasses(GlassesFact::Battery {
            percent: level.clamp(0.0, 100.0) as u8,
            charging: state.charging,
        }));
    }
    if let Some(ip) = &state.wifi_local_ip {
        facts.push(CloudFact::GlassesIp(ip.parse::<IpAddr>().ok()));
    }
    facts
}

fn worn(update: &CapabilitiesUpdate) -> GlassesFact {
    let known = update.capabilities.as_ref().and_then(|profile| profile["modelName"].as_str());
    let model = update.model_name.clone().or(known.map(str::to_owned));
    let link = if model.is_some() { GlassesLink::Connected } else { GlassesLink::PhoneOnly };
    GlassesFact::State { model, link: Some(link), wifi: None, wifi_name: None }
}

/// None for those that end the session, which is told by itself.
fn refusal(error: &ConnectionError) -> Option<CloudFact> {
    let code = error.code.as_deref();
    let ends = ["APP_NOT_STARTED", "SESSION_NOT_FOUND", "INVALID_API_KEY"];
    let words = || refused(code, &error.message);
    (!code.is_some_and(|code| ends.contains(&code))).then(|| CloudFact::Refused { words: words() })
}

/// The cloud's refusals in a creator's words.
fn refused(code: Option<&str>, text: &str) -> Words {
    let known = text.to_ascii_lowercase();
    let has = |part: &str| known.contains(part);
    if code == Some("PERMISSION_DENIED") || (has("camera") && has("permission")) {
        return Words::error("MentraOS does not let the app use the camera.")
            .then("Add the CAMERA permission to the app in MentraOS' developer console, start the app on the phone again, then start here.");
    }
    if code == Some("WIFI_NOT_CONNECTED") || (has("wifi") && has("not connected")) || has("no_wifi") {
        return Words::error("The glasses have no Wi-Fi.")
            .then("Connect them to Wi-Fi in the Mentra app, then start again.");
    }
    if code == Some("GLASSES_NOT_CONNECTED") || (has("glasses") && has("not connected")) {
        return Words::error("MentraOS has no connection to the glasses.")
            .then("Check that the phone is online and the glasses are on and near it, then start again.");
    }
    if has("already active") || code == Some("STREAM_ALREADY_ACTIVE") {
        return Words::error("The glasses stream already, for another app of MentraOS.")
            .then("Stop it there, then start again.");
    }
    if has("not configured") {
        return Words::error("This MentraOS cloud does not deliver streams itself.")
            .then("Let the glasses stream to this computer.");
    }
    if has("keep-alive") || has("timed out") {
        return Words::error("The glasses did not answer MentraOS any more.")
            .then("Check their battery and Wi-Fi, then start again.");
    }
    let said = wire_map::clean(text);
    if said.is_empty() {
        return Words::error("MentraOS could not go on with the stream, and gave no reason.")
            .then("Check the glasses' Wi-Fi and battery, then start again.");
    }
    Words::error(format!("MentraOS could not go on with the stream: {said}."))
        .then("Check the glasses' Wi-Fi and battery, then start again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<CloudFact> {
        facts(HubToApp::parse(text).expect("a message"))
    }

    #[test]
    fn an_address_to_publish_to_is_not_one_to_play_from() {
        let message = r#"{"type":"managed_stream_status","status":"active","streamId":"m1","hlsUrl":"https://c/v.m3u8","webrtcUrl":"https://c/SECRETwebRTC/publish"}"#;
        let [CloudFact::Stream(stream)] = &told(message)[..] else { panic!("one fact") };
        let urls = stream.urls.as_ref().expect("it plays");
        assert_eq!((urls.webrtc.as_deref(), urls.dash.as_str()), (None, ""));
        let play = message.replace("/publish", "/play");
        let [CloudFact::Stream(stream)] = &told(&play)[..] else { panic!("one fact") };
        assert!(stream.urls.as_ref().is_some_and(|urls| urls.webrtc.is_some()));
    }

    #[test]
    fn addresses_that_are_none_of_the_web_are_not_shown() {
        let message = r#"{"type":"managed_stream_status","status":"active","hlsUrl":"javascript:alert(1)"}"#;
        let [CloudFact::Stream(stream)] = &told(message)[..] else { panic!("one fact") };
        assert_eq!(stream.urls, None);
    }

    #[test]
    fn every_refusal_says_what_to_do() {
        for text in [
            "Camera permission required to start video streams",
            "Glasses WebSocket not connected",
            "Cannot start managed stream - unmanaged stream already active",
            "Managed streaming is not configured",
            "Stream timed out waiting for keep-alive",
            "Invalid RTMP URL rtmp://10.0.0.1/live/KEY",
            "",
        ] {
            let words = refused(None, text);
            assert!(words.next_step.is_some() && !words.text.contains("KEY"), "{text}: {words:?}");
        }
    }

    #[test]
    fn what_ends_a_session_is_not_told_twice() {
        assert_eq!(
            told(r#"{"type":"tpa_connection_error","code":"INVALID_API_KEY","message":"Invalid API key"}"#),
            []
        );
        assert_eq!(told(r#"{"type":"tpa_connection_error","code":"INTERNAL_ERROR","message":"x"}"#).len(), 1);
    }

    #[test]
    fn news_of_the_glasses_come_in_parts() {
        let all = told(
            r#"{"type":"device_state_update","state":{"connected":true,"modelName":"Mentra Live","wifiConnected":true,"wifiSsid":"Home","wifiLocalIp":"192.168.1.5","batteryLevel":81.6}}"#,
        );
        assert_eq!(all.len(), 3);
        assert!(all.contains(&CloudFact::GlassesIp(Some("192.168.1.5".parse().expect("an address")))));
        assert_eq!(told(r#"{"type":"device_state_update","state":{"charging":true}}"#), []);
    }
}
