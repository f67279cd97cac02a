//! How a cloud behaves: by the book of one of its years, or badly in ways that were seen or feared.

use std::time::Duration;

/// Which cloud is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Era {
    /// October 2025: webhooks name `augmentOSWebsocketUrl` alone, a session is `<user>-<package>` and is split at its first
    /// `-`, direct streams go by their `rtmp_` names.
    #[default]
    Of2025,
    /// 2026: webhooks name all three addresses, sessions are opaque, statuses of direct streams are told under both names,
    /// an ack is followed by what is known of the glasses.
    Of2026,
}

/// When an ack follows an init.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ack {
    /// At once.
    #[default]
    AtOnce,
    /// After this long.
    After(Duration),
    /// Never.
    Never,
}

/// When `active` of a managed stream is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Active {
    /// As soon as the glasses say that they stream, before anything is playable; once more when something is.
    #[default]
    WhenGlassesStream,
    /// Only when the playlist has a segment.
    WhenPlayable,
}

/// What a cloud waits for how long.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// From the start of an app to its init, webhook and dialling included.
    pub boot: Duration,
    /// For the answer of a webhook.
    pub webhook: Duration,
    /// Before the second attempt at a webhook that failed.
    pub webhook_pause: Duration,
    /// Between two WebSocket pings.
    pub ping: Duration,
    /// Between two keep-alives to glasses that stream.
    pub keep_alive: Duration,
    /// For the answer to one; three without an answer end the stream.
    pub keep_alive_ack: Duration,
    /// For which a direct stream must also have been silent to be ended so.
    pub silence: Duration,
    /// After which glasses that hear no keep-alive stop by themselves.
    pub glasses_silence: Duration,
    /// Between a lost socket and the webhooks that start its app again.
    pub grace: Duration,
    /// Between two looks whether a managed stream is playable; 2 s in the real cloud.
    pub readiness: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            boot: Duration::from_secs(5),
            webhook: Duration::from_secs(10),
            webhook_pause: Duration::from_secs(1),
            ping: Duration::from_secs(10),
            keep_alive: Duration::from_secs(15),
            keep_alive_ack: Duration::from_secs(10),
            silence: Duration::from_secs(60),
            glasses_silence: Duration::from_secs(60),
            grace: Duration::from_secs(5),
            readiness: Duration::from_millis(200),
        }
    }
}

/// How a cloud behaves; the default is the cloud of 2025, and nothing worse. All can be combined, and changed while it runs.
#[derive(Debug, Clone, Default)]
pub struct Habits {
    /// Which cloud is played.
    pub era: Era,
    /// How patient it is.
    pub timing: Timing,
    /// When it acks.
    pub ack: Ack,
    /// When it tells `active`.
    pub active: Active,
    /// Managed streams stay unplayable, whatever arrives: their manifests answer 204.
    pub withholds_media: bool,
    /// Every status is told twice, word for word.
    pub double_delivery: bool,
    /// Stops are heard and not obeyed.
    pub ignores_stop: bool,
    /// Statuses carry no text: no `message`, no `errorDetails`.
    pub no_words: bool,
    /// Every `active` is followed by another with changed URLs.
    pub changes_urls: bool,
    /// Apps lack the camera permission: a start is answered with `PERMISSION_DENIED` and close 1008.
    pub refuses_camera: bool,
    /// An init is answered with this close code and reason, and nothing else.
    pub closes_at_once: Option<(u16, String)>,
    /// An app that had a socket before is told `APP_NOT_STARTED`, and is stopped.
    pub not_started_on_reconnect: bool,
    /// Apps whose socket stays lost are not started again.
    pub lets_apps_go: bool,
}
