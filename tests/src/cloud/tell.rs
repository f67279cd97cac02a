//! How apps are told of streams, and how glasses are kept at it.

use std::net::SocketAddr;
use std::sync::Arc;

use mentra_wire::{
    Dialect, Generation, HubToApp, HubToDevice, KeepAlive, ManagedStatusWord, ManagedStreamStatus,
    StreamStats, StreamStatus, StreamStatusWord,
};
use serde_json::Value;
use tokio::task::AbortHandle;

use super::habits::Era;
use super::ingest::is_playable;
use super::shared::{Shared, State, now};
use super::streams::{Kind, gist};

/// Addresses of a managed stream.
#[derive(Clone)]
pub(super) struct Urls {
    pub(super) hls: String,
    pub(super) dash: String,
    pub(super) webrtc: String,
    pub(super) preview: String,
    pub(super) thumbnail: String,
    changes: u32,
}

impl Urls {
    pub(super) fn of(door: SocketAddr, id: &str, era: Era) -> Self {
        let url = |path: &str| format!("http://{door}/{id}/{path}");
        Self {
            hls: url("manifest/video.m3u8"),
            dash: url("manifest/video.mpd"),
            // In 2025 by mistake the address to publish at.
            webrtc: url(if era == Era::Of2025 { "webRTC/publish" } else { "webRTC/play" }),
            preview: url("iframe"),
            thumbnail: url("thumbnails/thumbnail.jpg"),
            changes: 0,
        }
    }

    /// Others, that lead to the same.
    fn changed(&self) -> Self {
        let changes = self.changes + 1;
        let change = |url: &str| {
            let plain = url.split('?').next().unwrap_or_default();
            format!("{plain}?change={changes}")
        };
        Self {
            hls: change(&self.hls),
            dash: change(&self.dash),
            webrtc: change(&self.webrtc),
            preview: change(&self.preview),
            thumbnail: change(&self.thumbnail),
            changes,
        }
    }
}

impl Shared {
    /// Tells one app of a managed stream, unless it was told just that last. `always` repeats it.
    pub(super) fn tell_managed(
        &self,
        state: &mut State,
        user: &str,
        package: &str,
        word: ManagedStatusWord,
        words: Option<&str>,
        always: bool,
    ) {
        let has_words = !state.habits.no_words;
        let Some(stream) = state.stream_mut(user) else { return };
        let Kind::Managed { outputs, urls, is_live, .. } = &stream.kind else { return };
        let status = ManagedStreamStatus {
            status: word.clone(),
            stream_id: Some(stream.id.clone()),
            hls_url: Some(urls.hls.clone()),
            dash_url: Some(urls.dash.clone()),
            webrtc_url: Some(urls.webrtc.clone()),
            preview_url: is_live.then(|| urls.preview.clone()),
            thumbnail_url: is_live.then(|| urls.thumbnail.clone()),
            message: words.filter(|_| has_words).map(str::to_owned),
            outputs: (!outputs.is_empty()).then(|| outputs.clone()),
            ..Default::default()
        };
        let message = HubToApp::ManagedStatus(status);
        if self.is_news(state, user, package, &message) || always {
            self.deliver(state, user, package, &message);
            if word == ManagedStatusWord::Active && state.habits.changes_urls {
                self.change_urls(state, user, package);
            }
        }
    }

    /// Tells `active` again, with changed URLs.
    pub(super) fn change_urls(&self, state: &mut State, user: &str, package: &str) {
        let Some(stream) = state.stream_mut(user) else { return };
        let Kind::Managed { urls, is_live, .. } = &mut stream.kind else { return };
        *urls = urls.changed();
        let status = ManagedStreamStatus {
            status: ManagedStatusWord::Active,
            stream_id: Some(stream.id.clone()),
            hls_url: Some(urls.hls.clone()),
            dash_url: Some(urls.dash.clone()),
            webrtc_url: Some(urls.webrtc.clone()),
            preview_url: is_live.then(|| urls.preview.clone()),
            thumbnail_url: is_live.then(|| urls.thumbnail.clone()),
            ..Default::default()
        };
        self.deliver(state, user, package, &HubToApp::ManagedStatus(status));
    }

    /// Tells the owner of a direct stream, and wrapped every app that subscribed, the owner too.
    pub(super) fn tell_unmanaged(
        &self,
        state: &mut State,
        user: &str,
        word: StreamStatusWord,
        stats: Option<StreamStats>,
    ) {
        let Some(stream) = state.stream_mut(user) else { return };
        let Kind::Unmanaged { owner, .. } = &stream.kind else { return };
        let owner = owner.clone();
        let status = StreamStatus {
            session_id: None,
            stream_id: Some(stream.id.clone()),
            status: word,
            stats,
            app_id: Some(owner.clone()),
            timestamp: Some(now()),
            ..Default::default()
        };
        if !self.is_news(state, user, &owner, &HubToApp::StreamStatus(status.clone())) {
            return;
        }
        let session_id = state.app(user, &owner).map(|app| app.session_id.clone());
        let names: &[Generation] = match state.habits.era {
            Era::Of2025 => &[Generation::Rtmp2025],
            Era::Of2026 => &[Generation::Rtmp2025, Generation::Stream2026],
        };
        for &names in names {
            let direct = StreamStatus { session_id: session_id.clone(), names, ..status.clone() };
            self.deliver(state, user, &owner, &HubToApp::StreamStatus(direct));
            let wrapped = HubToApp::StreamStatus(StreamStatus { names, ..status.clone() });
            let data: Value = serde_json::from_str(&wrapped.to_json(Dialect::V3)).expect("a message is JSON");
            for _ in 0..deliveries(state) {
                self.broadcast(state, user, data["type"].as_str().unwrap_or_default(), &data);
            }
        }
    }

    /// What runs, for an app of 2026 that is back.
    pub(super) fn tell_again(&self, state: &mut State, user: &str, package: &str) {
        let Some(stream) = state.stream_mut(user) else { return };
        stream.told.remove(package);
        let word = stream.word.clone();
        match &stream.kind {
            Kind::Managed { viewers, .. } if viewers.iter().any(|viewer| viewer == package) => {
                self.tell_managed(state, user, package, super::status::managed(&word), None, true);
            }
            Kind::Unmanaged { owner, .. } if owner == package => {
                self.tell_unmanaged(state, user, super::status::unmanaged(&word), None);
            }
            _ => {}
        }
    }

    /// Whether the app was told something else last; noted.
    fn is_news(&self, state: &mut State, user: &str, package: &str, message: &HubToApp) -> bool {
        let gist = gist(&message.to_json(Dialect::V3));
        let Some(stream) = state.stream_mut(user) else { return false };
        stream.told.insert(package.to_owned(), gist.clone()) != Some(gist)
    }

    fn deliver(&self, state: &State, user: &str, package: &str, message: &HubToApp) {
        for _ in 0..deliveries(state) {
            self.tell(state, user, package, message);
        }
    }

    /// Looks whether a managed stream became playable, and tells once.
    pub(super) fn watch_readiness(self: &Arc<Self>, user: String, id: String) -> AbortHandle {
        let shared = Arc::clone(self);
        self.spawn(async move {
            loop {
                let pause = shared.lock().habits.timing.readiness;
                tokio::time::sleep(pause).await;
                if !is_playable(&shared, &id) {
                    continue;
                }
                let mut state = shared.lock();
                let state = &mut *state;
                if state.habits.withholds_media {
                    continue;
                }
                let Some(stream) = state.stream_mut(&user).filter(|stream| stream.id == id) else { return };
                let Kind::Managed { viewers, is_live, .. } = &mut stream.kind else { return };
                *is_live = true;
                for viewer in viewers.clone() {
                    let words = Some("Stream is now live");
                    shared.tell_managed(state, &user, &viewer, ManagedStatusWord::Active, words, false);
                }
                return;
            }
        })
    }

    /// Asks the glasses for a sign of life until the stream is over, or they are taken for dead.
    pub(super) fn keep_alive(self: &Arc<Self>, user: String, id: String) -> AbortHandle {
        let shared = Arc::clone(self);
        self.spawn(async move {
            let mut pause = shared.lock().habits.timing.keep_alive;
            loop {
                tokio::time::sleep(pause).await;
                let timing = shared.lock().habits.timing;
                let patience = timing.keep_alive_ack.min(timing.keep_alive);
                pause = timing.keep_alive - patience;
                {
                    let mut state = shared.lock();
                    let ack_id = format!("a{:05}", state.number() % 100_000);
                    let Some(stream) = state.stream_mut(&user).filter(|stream| stream.id == id) else {
                        return;
                    };
                    stream.unanswered = Some(ack_id.clone());
                    let ask = KeepAlive { stream_id: id.clone(), ack_id, ..Default::default() };
                    shared.command(&state, &user, HubToDevice::KeepAlive(ask));
                }
                tokio::time::sleep(patience).await;
                let mut state = shared.lock();
                let state = &mut *state;
                let Some(stream) = state.stream_mut(&user).filter(|stream| stream.id == id) else { return };
                stream.missed = if stream.unanswered.is_some() { stream.missed + 1 } else { 0 };
                if stream.missed < 3 {
                    continue;
                }
                let viewers = match &stream.kind {
                    Kind::Managed { viewers, .. } => Some(viewers.clone()),
                    Kind::Unmanaged { .. } if stream.last_activity.elapsed() < timing.silence => continue,
                    Kind::Unmanaged { .. } => None,
                };
                let words = Some("Stream timed out waiting for keep-alive");
                for viewer in viewers.iter().flatten() {
                    shared.tell_managed(state, &user, viewer, ManagedStatusWord::Error, words, false);
                }
                if viewers.is_none() {
                    shared.tell_unmanaged(state, &user, StreamStatusWord::Timeout, None);
                }
                return shared.end_stream(state, &user);
            }
        })
    }
}

/// How often each status is told.
fn deliveries(state: &State) -> u32 {
    if state.habits.double_delivery { 2 } else { 1 }
}
