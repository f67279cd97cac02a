//! The streams of a cloud: at most one for each user, managed or direct, started, joined, replaced and ended by its rules.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use mentra_wire::{
    HubToApp, HubToDevice, MANAGED_STREAM, ManagedStatusWord, ManagedStreamRequest, OutputStatus, Secret,
    ShowWifiSetup, StartStream, StopStream, StreamInfo, StreamRequest, StreamStatus, StreamStatusCheck,
    StreamStatusCheckResponse, StreamStatusWord, StreamStop,
};
use serde_json::Value;
use tokio::task::AbortHandle;

use super::shared::{Shared, State, now, unix_ms};
use super::status::{ends_managed, ends_unmanaged, managed, unmanaged};
use super::tell::Urls;

/// The stream of a user.
pub(super) struct Stream {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) created_at: String,
    /// The last word of the glasses.
    pub(super) word: StreamStatusWord,
    /// Any status or answer of the glasses counts.
    pub(super) last_activity: Instant,
    /// The keep-alive that waits for its answer.
    pub(super) unanswered: Option<String>,
    pub(super) missed: u32,
    /// What each app was told last.
    pub(super) told: BTreeMap<String, String>,
    tasks: Vec<AbortHandle>,
}

pub(super) enum Kind {
    Managed {
        /// Packages of the apps that hold it.
        viewers: Vec<String>,
        /// As they were when the stream was made; never looked at again.
        outputs: Vec<OutputStatus>,
        urls: Urls,
        /// Whether something is playable.
        is_live: bool,
    },
    Unmanaged {
        owner: String,
        url: Secret,
    },
}

impl Drop for Stream {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Stream {
    fn app_id(&self) -> &str {
        match &self.kind {
            Kind::Managed { .. } => MANAGED_STREAM,
            Kind::Unmanaged { owner, .. } => owner,
        }
    }
}

impl Shared {
    pub(super) fn start_managed(
        self: &Arc<Self>,
        state: &mut State,
        user: &str,
        package: &str,
        request: &ManagedStreamRequest,
    ) {
        if !self.may_start(state, user, package, "Camera permission required for managed streams") {
            return;
        }
        match state.stream_mut(user).map(|stream| &mut stream.kind) {
            Some(Kind::Managed { viewers, .. }) => {
                if !viewers.iter().any(|viewer| viewer == package) {
                    viewers.push(package.to_owned());
                }
                // Even if it is not.
                self.tell_managed(state, user, package, ManagedStatusWord::Active, None, true);
                return;
            }
            Some(Kind::Unmanaged { .. }) => {
                let text = "Cannot start managed stream - unmanaged stream already active";
                return self.refuse(state, user, package, "INTERNAL_ERROR", text, false);
            }
            None => {}
        }
        let id = self.stream_id(state, 'm');
        // What an encoder may publish under, and where the files of it will be.
        std::fs::create_dir(self.media.path().join(&id)).expect("a folder for the stream");
        let destinations = request.restream_destinations.iter().flatten();
        let outputs = destinations.map(|destination| OutputStatus {
            url: destination.url.clone(),
            name: destination.name.clone(),
            status: "stopped".to_owned(),
            ..Default::default()
        });
        let kind = Kind::Managed {
            viewers: vec![package.to_owned()],
            outputs: outputs.collect(),
            urls: Urls::of(self.address, &id, state.habits.era),
            is_live: false,
        };
        let start = StartStream {
            url: Secret::from(format!("rtmp://{}/live/{id}", self.ingest)),
            video: request.video.clone(),
            audio: request.audio.clone(),
            stream: request.stream.clone(),
            sound: request.sound,
            ..Default::default()
        };
        self.begin(state, user, id.clone(), kind, start);
        let words = Some("Waiting for stream to start...");
        self.tell_managed(state, user, package, ManagedStatusWord::Initializing, words, false);
        let watching = self.watch_readiness(user.to_owned(), id);
        self.own(state, user, watching);
    }

    pub(super) fn stop_managed(&self, state: &mut State, user: &str, package: &str) {
        if state.habits.ignores_stop {
            return;
        }
        // Unknown streams, and those of others, are not answered.
        let Some(Kind::Managed { viewers, .. }) = state.stream_mut(user).map(|stream| &mut stream.kind)
        else {
            return;
        };
        let Some(place) = viewers.iter().position(|viewer| viewer == package) else { return };
        viewers.remove(place);
        let is_last = viewers.is_empty();
        self.tell_managed(state, user, package, ManagedStatusWord::Stopped, None, false);
        if is_last {
            self.end_stream(state, user);
        }
    }

    pub(super) fn start_unmanaged(
        self: &Arc<Self>,
        state: &mut State,
        user: &str,
        package: &str,
        request: &StreamRequest,
    ) {
        let is_rtmp =
            |url: &&Secret| url.expose().starts_with("rtmp://") || url.expose().starts_with("rtmps://");
        let is_of_2026 = state.is_of_2026();
        let Some(url) = request.url().filter(|url| is_of_2026 || is_rtmp(url)) else {
            let text =
                if is_of_2026 { "Invalid stream URL: streamUrl is required" } else { "Invalid RTMP URL" };
            return self.refuse(state, user, package, "INTERNAL_ERROR", text, false);
        };
        if !self.may_start(state, user, package, "Camera permission required to start video streams") {
            return;
        }
        // Whatever runs is replaced.
        self.tell_all(state, user, &StreamStatusWord::Stopped, None);
        self.end_stream(state, user);
        let id = self.stream_id(state, 's');
        let start = StartStream {
            url: url.clone(),
            video: request.video.clone(),
            audio: request.audio.clone(),
            stream: request.stream.clone(),
            sound: request.sound,
            ..Default::default()
        };
        let kind = Kind::Unmanaged { owner: package.to_owned(), url: url.clone() };
        self.begin(state, user, id, kind, start);
        self.tell_unmanaged(state, user, StreamStatusWord::Initializing, None);
    }

    pub(super) fn stop_unmanaged(&self, state: &mut State, user: &str, package: &str, stop: &StreamStop) {
        if state.habits.ignores_stop {
            return;
        }
        let Some(stream) = state.stream_mut(user) else { return };
        let Kind::Unmanaged { owner, .. } = &stream.kind else { return };
        if stop.stream_id.as_ref().is_some_and(|id| !id.is_empty() && *id != stream.id) {
            return;
        }
        if owner != package {
            let text = format!("App {package} cannot stop stream {} owned by {owner}", stream.id);
            return self.refuse(state, user, package, "INTERNAL_ERROR", &text, false);
        }
        self.tell_unmanaged(state, user, StreamStatusWord::Stopped, None);
        self.end_stream(state, user);
    }

    pub(super) fn check(&self, state: &State, user: &str, package: &str, check: &StreamStatusCheck) {
        let stream = state.users.get(user).and_then(|user| user.stream.as_ref());
        let stream_info = stream.map(|stream| {
            let known = StreamInfo {
                stream_id: stream.id.clone(),
                created_at: stream.created_at.clone(),
                ..Default::default()
            };
            match &stream.kind {
                Kind::Managed { viewers, urls, is_live, .. } => StreamInfo {
                    kind: "managed".to_owned(),
                    // Even while nothing is.
                    status: "active".to_owned(),
                    hls_url: Some(urls.hls.clone()),
                    dash_url: Some(urls.dash.clone()),
                    webrtc_url: Some(urls.webrtc.clone()),
                    preview_url: is_live.then(|| urls.preview.clone()),
                    thumbnail_url: is_live.then(|| urls.thumbnail.clone()),
                    active_viewers: Some(viewers.len() as u32),
                    ..known
                },
                Kind::Unmanaged { owner, url } => StreamInfo {
                    kind: "unmanaged".to_owned(),
                    status: unmanaged(&stream.word).as_str().to_owned(),
                    rtmp_url: Some(url.clone()),
                    stream_url: state.is_of_2026().then(|| url.clone()),
                    requesting_app_id: Some(owner.clone()),
                    ..known
                },
            }
        });
        let response = StreamStatusCheckResponse {
            has_active_stream: stream_info.is_some(),
            stream_info,
            request_id: check.request_id.clone(),
            ..Default::default()
        };
        self.tell(state, user, package, &HubToApp::CheckResponse(response));
    }

    pub(super) fn show_wifi_setup(&self, state: &State, user: &str, reason: Option<String>) {
        let show = ShowWifiSetup { reason, timestamp: Some(now()), ..Default::default() };
        self.command(state, user, HubToDevice::ShowWifiSetup(show));
    }

    /// The glasses tell how their stream goes. What names no stream, or another, is not believed to be about this one.
    pub(super) fn glasses_stream_status(&self, state: &mut State, user: &str, status: &StreamStatus) {
        let Some(stream) = state.stream_mut(user) else { return };
        if status.stream_id.as_ref() != Some(&stream.id) {
            return;
        }
        stream.word = status.status.clone();
        stream.last_activity = Instant::now();
        stream.missed = 0;
        let is_over = match stream.kind {
            Kind::Managed { .. } => ends_managed(&status.status),
            Kind::Unmanaged { .. } => ends_unmanaged(&status.status),
        };
        self.tell_all(state, user, &status.status, Some(status));
        if is_over && let Some(user) = state.users.get_mut(user) {
            user.stream = None;
        }
    }

    /// Tells everybody who holds the stream what becomes of this word of the glasses.
    pub(super) fn tell_all(
        &self,
        state: &mut State,
        user: &str,
        word: &StreamStatusWord,
        status: Option<&StreamStatus>,
    ) {
        let waits = state.habits.active == super::Active::WhenPlayable;
        match state.stream_mut(user).map(|stream| &stream.kind) {
            Some(Kind::Managed { viewers, is_live, .. }) => {
                let told = managed(word);
                if told == ManagedStatusWord::Active && waits && !is_live {
                    return;
                }
                let words = status.and_then(StreamStatus::error_text);
                for viewer in viewers.clone() {
                    self.tell_managed(state, user, &viewer, told.clone(), words, false);
                }
            }
            Some(Kind::Unmanaged { .. }) => {
                let stats = status.and_then(|status| status.stats.clone());
                self.tell_unmanaged(state, user, unmanaged(word), stats);
            }
            None => {}
        }
    }

    /// The stream is over: the glasses are told, and it is forgotten.
    pub(super) fn end_stream(&self, state: &mut State, user: &str) {
        let Some(stream) = state.users.get_mut(user).and_then(|user| user.stream.take()) else { return };
        let stop = StopStream {
            session_id: Some(user.to_owned()),
            app_id: Some(stream.app_id().to_owned()),
            stream_id: Some(stream.id.clone()),
            timestamp: Some(now()),
            ..Default::default()
        };
        self.command(state, user, HubToDevice::StopStream(stop));
    }

    fn begin(self: &Arc<Self>, state: &mut State, user: &str, id: String, kind: Kind, start: StartStream) {
        let created_at = now().as_str().unwrap_or_default().to_owned();
        let stream = Stream {
            id: id.clone(),
            kind,
            created_at,
            word: StreamStatusWord::Initializing,
            last_activity: Instant::now(),
            unanswered: None,
            missed: 0,
            told: BTreeMap::new(),
            tasks: Vec::new(),
        };
        let start = StartStream {
            session_id: Some(user.to_owned()),
            app_id: stream.app_id().to_owned(),
            stream_id: id.clone(),
            flash: state.is_of_2026().then_some(true),
            timestamp: Some(now()),
            ..start
        };
        if let Some(user) = state.users.get_mut(user) {
            user.stream = Some(stream);
        }
        self.command(state, user, HubToDevice::StartStream(start));
        let keeping = self.keep_alive(user.to_owned(), id);
        self.own(state, user, keeping);
    }

    /// The task ends with the user's stream.
    fn own(&self, state: &mut State, user: &str, task: AbortHandle) {
        if let Some(stream) = state.stream_mut(user) {
            stream.tasks.push(task);
        }
    }

    /// What every start is checked for. An app without the camera permission loses its socket.
    fn may_start(&self, state: &State, user: &str, package: &str, permission: &str) -> bool {
        let known = &state.users[user];
        if known.glasses.as_ref().is_none_or(|glasses| glasses.is_closed()) {
            let text = "Glasses WebSocket not connected";
            self.refuse(state, user, package, "INTERNAL_ERROR", text, false);
        } else if state.habits.refuses_camera {
            self.refuse(state, user, package, "PERMISSION_DENIED", permission, true);
        } else if state.is_of_2026() && known.facts.wifi_connected == Some(false) {
            let text = "Glasses are not connected to Wi-Fi";
            self.refuse(state, user, package, "WIFI_NOT_CONNECTED", text, false);
        } else {
            return true;
        }
        false
    }

    fn refuse(&self, state: &State, user: &str, package: &str, code: &str, message: &str, close: bool) {
        if let Some(line) = state.app(user, package).and_then(|app| app.line.as_ref()) {
            self.refuse_on(line, user, package, code, message, close);
        }
    }

    /// Short, since it travels over Bluetooth: the kind, six characters of time, four that differ.
    fn stream_id(&self, state: &mut State, kind: char) -> String {
        let text = |mut number: u64, places: usize| {
            let mut digits = vec![b'0'; places];
            for digit in digits.iter_mut().rev() {
                *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
                number /= 36;
            }
            String::from_utf8(digits).expect("digits")
        };
        format!("{kind}{}{}", text(unix_ms(), 6), text(state.number(), 4))
    }
}

/// A status without the members that differ each time.
pub(super) fn gist(frame: &str) -> String {
    let mut frame: Value = serde_json::from_str(frame).unwrap_or_default();
    if let Some(members) = frame.as_object_mut() {
        members.remove("timestamp");
    }
    frame.to_string()
}
