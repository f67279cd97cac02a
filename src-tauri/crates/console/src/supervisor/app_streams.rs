//! Streams that apps start, join and leave.

use session::holders::{Expired, Left};
use session::policy::{self, AppStart};
use session::record::StreamAppRow;
use session::{
    CameraLink, Delivery, DestinationKey, EndReason, Input, Options, PackageName, State, StopBy, Words,
};

use super::Supervisor;
use super::effects::Begin;
use crate::api::{ApiError, CameraLink as CameraLinkWord, StartUnmanaged, Started};
use crate::fanout::Source;
use crate::ports::{
    AppStore as _, CameraCommand, CameraHints, Clock as _, Hub as _, KeyStore as _, Outputs as _, World,
};
use crate::view;

/// Characters of an unmanaged stream's address.
const MOST_TARGET_CHARS: usize = 500;

impl<W: World> Supervisor<W> {
    /// An app wants a managed stream: it starts one or joins the one that runs.
    pub(super) async fn managed_by_app(
        &mut self,
        app: &PackageName,
        options: Options,
        destinations: Vec<(DestinationKey, Option<String>)>,
        duration_limit_ms: Option<u64>,
        hints: CameraHints,
    ) {
        if let Err(words) = policy::camera_permission(self.may_use_camera(app), Delivery::Managed) {
            self.refuse_managed(app, words);
            return;
        }
        self.finish_stopping().await;
        match policy::managed_by_app(self.session.state(), self.session.delivery(), &self.holder_name()) {
            AppStart::Refuse(words) => self.refuse_managed(app, words),
            AppStart::Join => {
                // First, so that the first it hears of the stream has the address.
                if options.enable_webrtc {
                    self.enable_webrtc().await;
                }
                self.join(app).await;
                self.name_destinations(app, destinations).await;
            }
            AppStart::New | AppStart::Replace => {
                let link = match policy::camera_for_app(self.glasses.connected()) {
                    Ok(link) => link,
                    Err(words) => {
                        self.refuse_managed(app, words);
                        return;
                    }
                };
                let begin = Begin {
                    starter: Some(app.clone()),
                    duration_limit_ms,
                    hints,
                    ..Begin::managed(link, options)
                };
                self.begin(begin).await;
                if self.desk.holders.has(app) {
                    self.name_destinations(app, destinations).await;
                }
            }
        }
        self.tell_apps();
    }

    async fn join(&mut self, app: &PackageName) {
        let now_ms = self.clock.now_ms();
        let active = matches!(self.session.state(), State::Live | State::Interrupted);
        if self.desk.holders.join(app, now_ms, active) {
            self.record_app(app, false).await;
        }
        self.tell_again(app, false);
        self.show_session();
    }

    /// An app leaves the managed stream; the last one takes the stream with it, unless the user holds it.
    pub(super) async fn stop_managed_by_app(&mut self, app: &PackageName) {
        let running = self.session.state().is_running() && self.session.delivery() == Delivery::Managed;
        if !running || !self.desk.holders.has(app) {
            // A stop is always answered: an app that waits for the answer could not start again.
            let none = Words::info("No stream of this app runs.");
            self.tell_over(app, None, State::Ended(EndReason::Stopped(StopBy::App)), none);
            return;
        }
        self.leave(app, StopBy::App).await;
    }

    /// Takes an app out of the running stream, if it is in one; `by` is who wants so.
    pub(super) async fn leave(&mut self, app: &PackageName, by: StopBy) {
        if !self.desk.holders.has(app) || !self.session.state().is_running() {
            return;
        }
        if self.session.state() == State::Stopping {
            return;
        }
        // An unmanaged stream is its starter's alone.
        if self.desk.holders.is_last(app) || self.session.delivery() == Delivery::Unmanaged {
            // It stays in the stream until that is over, and hears so.
            self.handle(Input::Stop { by }).await;
            return;
        }
        self.part(app, Words::info("This app left the stream, which goes on for others.")).await;
    }

    /// Takes an app out of a stream that goes on.
    async fn part(&mut self, app: &PackageName, words: Words) {
        let id = self.short_id();
        self.tell_over(app, id, State::Ended(EndReason::Stopped(StopBy::App)), words);
        self.forget_holder(app).await;
    }

    async fn forget_holder(&mut self, app: &PackageName) {
        if self.desk.holders.leave(app) == Left::WasNot {
            return;
        }
        self.record_left(app).await;
        self.remove_named(Some(app)).await;
        self.show_session();
        self.show_apps();
    }

    /// An app did not come back, or did not see the stream play in time.
    pub(super) async fn expired(&mut self, app: &PackageName, expired: Expired) {
        match expired {
            Expired::Away => {
                tracing::info!(%app, "an app did not come back and leaves the stream");
                self.leave(app, StopBy::App).await;
            }
            Expired::TooSlow => {
                let words = Words::error("The stream was not playable within 25 seconds.")
                    .then("Check the camera in Stream Console, then let the app try again.");
                let id = self.short_id();
                if self.desk.holders.is_last(app) || self.session.delivery() == Delivery::Unmanaged {
                    self.handle(Input::CameraFailed { words }).await;
                } else {
                    self.tell_over(app, id, State::Ended(EndReason::TooSlow), words);
                    self.forget_holder(app).await;
                }
            }
        }
    }

    /// An app wants the glasses to push straight to an endpoint of its own.
    pub(super) async fn unmanaged_by_app(
        &mut self,
        app: &PackageName,
        target: DestinationKey,
        duration_limit_ms: Option<u64>,
        hints: CameraHints,
    ) {
        self.finish_stopping().await;
        let allowed = policy::camera_permission(self.may_use_camera(app), Delivery::Unmanaged);
        // Its library would not ask while it knows of one: this session of the app does not, and could never stop it.
        let own = self.session.delivery() == Delivery::Unmanaged && self.desk.starter.as_ref() == Some(app);
        if allowed.is_ok() && own {
            self.replace().await;
        }
        let begin = allowed
            .and_then(|()| readable(&target))
            .and_then(|()| self.unmanaged(Some(app), target, CameraLink::Hub));
        match begin {
            Ok(begin) => {
                self.replace().await;
                let begin = Begin { starter: Some(app.clone()), duration_limit_ms, hints, ..begin };
                self.begin(begin).await;
            }
            Err(words) => self.refuse_unmanaged(app, words),
        }
        self.tell_apps();
    }

    /// The same for the user.
    pub(super) async fn start_unmanaged(&mut self, wanted: StartUnmanaged) -> Result<Started, ApiError> {
        let target = DestinationKey::parse(&wanted.url).map_err(|_| {
            view::invalid("That is not the address of a server.", "It begins with rtmp:// or rtmps://.")
        })?;
        self.outputs.address(target.expose(), DestinationKey::default()).map_err(view::invalid_words)?;
        self.finish_stopping().await;
        let link = wanted.camera_link.unwrap_or(CameraLinkWord::Hub);
        let begin = match link {
            CameraLinkWord::Hub => self.unmanaged(None, target, CameraLink::Hub),
            CameraLinkWord::Cloud => self.unmanaged(None, target, CameraLink::Cloud),
            CameraLinkWord::Manual | CameraLinkWord::Demo => {
                return Err(view::invalid(
                    "Only glasses can be sent straight to a server.",
                    "Choose the glasses here or at MentraOS.",
                ));
            }
        };
        let begin = begin.map_err(view::busy)?;
        self.replace().await;
        let id = self.begin(begin).await;
        Ok(Started { stream_id: id.as_str().to_owned(), joined: false })
    }

    /// Whether an unmanaged stream may start now, and with which camera.
    fn unmanaged(
        &self,
        app: Option<&PackageName>,
        target: DestinationKey,
        link: CameraLink,
    ) -> Result<Begin, Words> {
        let state = self.session.state();
        let others: Vec<String> = self
            .desk
            .holders
            .apps()
            .filter(|(held, _)| Some(*held) != app)
            .map(|(held, _)| self.desk.name(held))
            .collect();
        let wanted = policy::UnmanagedStart {
            current: state,
            running: self.session.delivery(),
            held_by_user: self.desk.holders.user(),
            held_by_others: !others.is_empty(),
            own: app.is_some_and(|app| self.desk.holders.has(app)),
            idle_demo: self.session.link() == Some(CameraLink::Demo) && !self.pushes(),
            cloud_replace: self.settings.cloud_replace,
        };
        match policy::unmanaged(wanted, &self.holder_name(), &others.join(", ")) {
            AppStart::New | AppStart::Replace => {}
            AppStart::Refuse(words) => return Err(words),
            AppStart::Join => return Err(Words::warning("An unmanaged stream cannot be joined.")),
        }
        match link {
            CameraLink::Cloud => self.cloud_desk.ready()?,
            _ => drop(policy::camera_for_app(self.glasses.connected())?),
        }
        Ok(Begin {
            target: Some(target),
            delivery: Delivery::Unmanaged,
            ..Begin::managed(link, Options::default())
        })
    }

    /// Something of the running stream goes out to a destination.
    fn pushes(&self) -> bool {
        self.fanout.source != Source::Gone && self.fanout.entries.iter().any(|entry| entry.row.enabled)
    }

    /// A stop that only waits for the glasses to say goodbye holds up nobody: whoever stops and starts at once would be
    /// refused. The next command reaches the glasses after the stop.
    pub(super) async fn finish_stopping(&mut self) {
        if self.session.state() == State::Stopping {
            self.handle(Input::Closed).await;
        }
    }

    /// Ends what runs to make way for a new stream.
    async fn replace(&mut self) {
        if self.session.state().is_running() {
            self.handle(Input::Stop { by: StopBy::App }).await;
            self.finish_stopping().await;
        }
    }

    pub(super) async fn stop_unmanaged_by_app(&mut self, app: &PackageName) {
        let own = self.session.delivery() == Delivery::Unmanaged && self.desk.starter.as_ref() == Some(app);
        if own && self.session.state().is_running() {
            self.handle(Input::Stop { by: StopBy::App }).await;
        } else {
            let words = Words::info("No stream of this app runs.");
            self.tell_unmanaged_over(app, State::Ended(EndReason::Stopped(StopBy::App)), words);
        }
    }

    fn may_use_camera(&self, app: &PackageName) -> bool {
        let entry = self.desk.entries.get(app);
        entry.is_some_and(|entry| entry.row.permissions.contains(session::Permission::Camera))
    }

    /// Who holds the camera, as a person would say.
    pub(super) fn holder_name(&self) -> String {
        match &self.desk.starter {
            Some(app) => self.desk.name(app),
            None => "Stream Console".to_owned(),
        }
    }

    /// The id glasses and apps know the stream by.
    pub(super) fn short_id(&self) -> Option<String> {
        self.session.stream_id().map(|id| id.short(self.session.delivery()))
    }

    /// Commands the glasses to feed the running stream.
    pub(super) fn command_camera(&self) -> Result<(), Words> {
        let Some(stream_id) = self.short_id() else { return Ok(()) };
        let unmanaged = self.session.delivery() == Delivery::Unmanaged;
        if unmanaged && self.desk.target.is_none() {
            return Err(Words::error(
                "The address of this stream could not be read from where keys are kept.",
            )
            .then("Unlock the keychain, or start the stream again."));
        }
        self.hub.start_camera(&CameraCommand {
            stream_id,
            target: self.desk.target.clone().filter(|_| unmanaged),
            owner: self.desk.starter.clone().filter(|_| unmanaged),
            hints: self.desk.hints.clone(),
        })
    }

    /// Writes down that an app takes part.
    pub(super) async fn record_app(&mut self, app: &PackageName, started: bool) {
        let Some(stream_id) = self.session.stream_id().cloned() else { return };
        let row = StreamAppRow {
            package: app.clone(),
            name: self.desk.name(app),
            started,
            joined_at_ms: self.clock.now_ms(),
            left_at_ms: None,
        };
        if let Err(error) = self.history.app_joined(&stream_id, &row).await {
            self.history_error("an app's part in the stream", &error);
        }
    }

    async fn record_left(&mut self, app: &PackageName) {
        let Some(stream_id) = self.session.stream_id().cloned() else { return };
        if let Err(error) = self.history.app_left(&stream_id, app, self.clock.now_ms()).await {
            self.history_error("an app's part in the stream", &error);
        }
    }

    /// The stream is over: its apps have heard so and have no part in anything now.
    pub(super) async fn dismiss_apps(&mut self) {
        let apps: Vec<PackageName> = self.desk.holders.apps().map(|(app, _)| app.clone()).collect();
        for app in &apps {
            self.record_left(app).await;
        }
        self.desk.holders = session::holders::Holders::default();
        // Who is away is told when it comes back.
        for entry in self.desk.entries.values_mut().filter(|entry| entry.connected.is_some()) {
            entry.told = None;
        }
        self.desk.dismissed = true;
        self.desk.starter = None;
        self.desk.hints = CameraHints::default();
        self.camera_over = None;
        self.desk.silent = false;
        if self.desk.target.is_some() {
            self.desk.last_target = self.desk.target.clone();
        }
        if self.desk.target.take().is_some()
            && let Some(file) = self.target_file()
            && let Err(error) = self.keys.remove(&file).await
        {
            tracing::warn!(error = %error.text, "the address of an unmanaged stream could not be forgotten");
        }
        self.remove_named(None).await;
        self.show_apps();
    }

    /// Under what the endpoint of the running unmanaged stream is kept for a restart of the program.
    pub(super) fn target_file(&self) -> Option<session::DestinationId> {
        session::DestinationId::parse(self.session.stream_id()?.as_str()).ok()
    }
}

/// An address that could be one: what it means is for the glasses to say.
fn readable(target: &DestinationKey) -> Result<(), Words> {
    let text = target.expose();
    let scheme = text.split_once("://").map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest));
    let known = ["rtmp", "rtmps", "srt", "http", "https"];
    match scheme {
        Some((scheme, rest))
            if known.contains(&scheme.as_str())
                && !rest.is_empty()
                && text.chars().count() <= MOST_TARGET_CHARS
                && !text.chars().any(char::is_whitespace) =>
        {
            Ok(())
        }
        _ => Err(Words::error("Invalid stream URL.")
            .then("Give the complete address of your server, for example rtmp://192.168.1.20/live/key.")),
    }
}
