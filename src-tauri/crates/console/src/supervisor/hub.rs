//! What happens at the hub: apps come, go and ask; glasses tell of themselves.

use session::app::{Effect as AppEffect, Input as AppInput};
use session::{CameraLink, Delivery, DestinationKey, Input, PackageName, State, Words};

use super::Supervisor;
use crate::glasses::reconnecting;
use crate::ports::{
    AppFact, AppRefusal, CameraFact, Clock as _, GlassesFact, Hub as _, HubEvent, OutputsAsk,
    StreamProvider as _, World,
};

/// Keep-alives without an answer after which glasses that also send nothing count as lost.
const MISSED_KEEP_ALIVES: u32 = 3;
/// Shorter parts of an address are not searched for in texts: they would turn up by chance.
const KEY_MIN_CHARS: usize = 4;

impl<W: World> Supervisor<W> {
    pub(super) async fn hub_event(&mut self, event: HubEvent) {
        match event {
            HubEvent::Asks { package, key, address, answer } => {
                let decision = self.admit_app(&package, &key, address);
                // An app that left meanwhile is not there to hear it.
                let _ = answer.send(decision);
            }
            HubEvent::App { app, fact } => self.app_fact(app, fact).await,
            HubEvent::Glasses(fact) => self.glasses_fact(fact).await,
            HubEvent::Outputs(OutputsAsk { address, package, key, stream_id, wish, answer }) => {
                let outcome = self.outputs_wish(address, &package, &key, &stream_id, wish).await;
                let _ = answer.send(outcome);
            }
        }
    }

    /// Who is let in: registered, started here, with the key on file, from this computer or with the user's yes.
    fn admit_app(
        &mut self,
        package: &str,
        key: &session::ApiKey,
        address: std::net::IpAddr,
    ) -> Result<(), AppRefusal> {
        let package = PackageName::parse(package).map_err(|_| AppRefusal::Unknown)?;
        let digest = self.hub.digest(key);
        let entry = self.desk.entries.get_mut(&package).ok_or(AppRefusal::Unknown)?;
        if entry.row.key.as_ref().is_some_and(|on_file| *on_file != digest) {
            return Err(AppRefusal::WrongKey);
        }
        if !address.is_loopback() && !entry.row.lan_allowed {
            entry.asks_from = Some(address.to_string());
            self.show_apps();
            return Err(AppRefusal::NotAllowed);
        }
        if entry.run.is_wanted() { Ok(()) } else { Err(AppRefusal::NotStarted) }
    }

    async fn app_fact(&mut self, app: PackageName, fact: AppFact) {
        if !self.desk.entries.contains_key(&app) {
            return;
        }
        if matches!(fact, AppFact::StartManaged { .. } | AppFact::StartUnmanaged { .. })
            && let Some(entry) = self.desk.entries.get_mut(&app)
        {
            entry.is_new = false;
            self.desk.holders.back(&app);
        }
        match fact {
            AppFact::Connected { address, sdk_version, resumed } => {
                self.app_connected(&app, address, sdk_version, resumed).await;
            }
            AppFact::Gone { clean } => self.app_gone(&app, clean).await,
            AppFact::Answered => self.feed_app(&app, AppInput::WebhookAnswered).await,
            AppFact::CallFailed { unreachable, words } => {
                self.feed_app(&app, AppInput::WebhookFailed { unreachable, words }).await;
            }
            AppFact::Subscribed(names) => self.app_subscribed(&app, names),
            AppFact::StartManaged { quality, enable_webrtc, destinations, duration_limit_ms, hints } => {
                let options = session::Options { quality: quality.unwrap_or_default(), enable_webrtc };
                self.managed_by_app(&app, options, destinations, duration_limit_ms, hints).await;
            }
            AppFact::StopManaged => self.stop_managed_by_app(&app).await,
            AppFact::StartUnmanaged { target, duration_limit_ms, hints } => {
                self.unmanaged_by_app(&app, target, duration_limit_ms, hints).await;
            }
            AppFact::StopUnmanaged => self.stop_unmanaged_by_app(&app).await,
            AppFact::Check { request } => {
                let told = self.check_told(&app);
                self.hub.answer_check(&app, request, told);
            }
            AppFact::WifiSetup { reason } => self.hub.show_wifi_setup(&reason),
        }
        self.show_apps();
    }

    async fn app_connected(
        &mut self,
        app: &PackageName,
        address: String,
        sdk_version: Option<String>,
        resumed: bool,
    ) {
        let now_ms = self.clock.now_ms();
        let mut new_here = false;
        if let Some(entry) = self.desk.entries.get_mut(app) {
            entry.connected = Some((address, now_ms));
            new_here = !std::mem::replace(&mut entry.was_here, true);
            entry.is_new = !resumed;
            if !resumed {
                entry.told = None;
            }
            entry.sdk_version = sdk_version;
            entry.asks_from = None;
        }
        self.feed_app(app, AppInput::Connected).await;
        self.hub.tell_glasses(app, self.glasses.view().as_ref());
        // A new session is told once it listens: before, it would only learn enough to refuse its own start. Until it
        // listens or starts something it may have nothing to do with the stream its predecessor was in.
        if resumed {
            self.desk.holders.back(app);
            self.tell_again(app, new_here);
        }
        self.show_session();
    }

    async fn app_gone(&mut self, app: &PackageName, clean: bool) {
        if let Some(entry) = self.desk.entries.get_mut(app) {
            entry.connected = None;
            entry.subscriptions.clear();
        }
        self.feed_app(app, AppInput::Gone { clean }).await;
        self.desk.holders.away(app, self.clock.now_ms());
        self.show_session();
    }

    /// An app that begins to listen hears at once what is so.
    fn app_subscribed(&mut self, app: &PackageName, names: Vec<String>) {
        let Some(entry) = self.desk.entries.get_mut(app) else { return };
        entry.subscriptions = names;
        if entry.hears_managed() || entry.hears_streams() {
            entry.is_new = false;
            self.desk.holders.back(app);
        }
        self.tell_apps();
    }

    /// Feeds the machine of an app and carries out what it wants.
    pub(super) async fn feed_app(&mut self, app: &PackageName, input: AppInput) {
        let now_ms = self.clock.now_ms();
        let Some(entry) = self.desk.entries.get_mut(app) else { return };
        for effect in entry.run.handle(now_ms, input) {
            match effect {
                AppEffect::CallWebhook => self.hub.call_app(app, &entry.row.url),
                AppEffect::CallStop => self.hub.stop_app(app, &entry.row.url),
                AppEffect::Record(words) => {
                    tracing::info!(%app, state = entry.run.state().code(), words = %words.text, "an app's state changed");
                }
            }
        }
    }

    pub(super) async fn tick_apps(&mut self) {
        let now_ms = self.clock.now_ms();
        let due: Vec<PackageName> = self
            .desk
            .entries
            .iter()
            .filter(|(_, entry)| entry.run.next_deadline_ms().is_some_and(|at_ms| at_ms <= now_ms))
            .map(|(app, _)| app.clone())
            .collect();
        for app in due {
            self.feed_app(&app, AppInput::Tick).await;
        }
        for (app, expired) in self.desk.holders.expire(now_ms) {
            self.expired(&app, expired).await;
        }
        self.show_apps();
    }

    async fn glasses_fact(&mut self, mut fact: GlassesFact) {
        // Servers like to quote the key they turn down.
        if let (GlassesFact::Camera { fact: CameraFact::Failed { words }, .. }, Some(target)) =
            (&mut fact, self.desk.target.as_ref().or(self.desk.last_target.as_ref()))
        {
            words.text = without_key(target, &words.text);
        }
        let were_here = self.glasses.connected();
        self.glasses.fact(self.clock.now_ms(), &fact);
        let are_here = self.glasses.connected();
        self.show_glasses();
        self.tell_glasses();
        if self.session.link() != Some(CameraLink::Hub) || !self.session.state().is_running() {
            return;
        }
        match fact {
            GlassesFact::Connected { .. } => self.glasses_back().await,
            GlassesFact::Gone if self.session.delivery() == Delivery::Unmanaged => {
                self.handle(Input::MediaLost).await;
            }
            GlassesFact::Camera { stream_id, fact } => self.camera_fact(stream_id, fact).await,
            GlassesFact::State { .. } if are_here && !were_here => self.glasses_back().await,
            GlassesFact::State { .. }
                if were_here && !are_here && self.session.delivery() == Delivery::Unmanaged =>
            {
                self.handle(Input::MediaLost).await;
            }
            GlassesFact::KeepAlive { missed } if missed >= MISSED_KEEP_ALIVES => self.silent_glasses().await,
            GlassesFact::KeepAlive { missed: 0 } if std::mem::take(&mut self.desk.silent) => {
                self.handle(Input::Playable).await;
            }
            _ => {}
        }
    }

    /// Tells apps how the glasses are, if that is news to them.
    pub(super) fn tell_glasses(&mut self) {
        let state = self.glasses.told();
        if self.glasses_told == state {
            return;
        }
        for (app, _) in self.desk.entries.iter().filter(|(_, entry)| entry.connected.is_some()) {
            self.hub.tell_glasses(app, self.glasses.view().as_ref());
        }
        self.glasses_told = state;
    }

    pub(super) fn show_glasses(&mut self) {
        for mark in self.glasses.take_marks() {
            self.screen.glasses_mark(mark);
        }
        self.show_hub();
    }

    /// Glasses came while a stream of theirs waits for them: they are told again what to do.
    async fn glasses_back(&mut self) {
        if matches!(self.session.state(), State::AwaitingCamera | State::AwaitingMedia | State::Interrupted)
            && let Err(words) = self.command_camera()
        {
            self.handle(Input::Note { words }).await;
        }
    }

    /// What flows at the ingest outranks what the glasses say of a managed stream.
    async fn camera_fact(&mut self, stream_id: Option<String>, fact: CameraFact) {
        let ours = self.short_id();
        if stream_id.as_ref().is_some_and(|id| ours.as_ref() != Some(id)) {
            return;
        }
        let state = self.session.state();
        let unmanaged = self.session.delivery() == Delivery::Unmanaged;
        let flowing = !unmanaged && state == State::Live;
        match fact {
            CameraFact::Starting => self.handle(Input::CameraStarted).await,
            CameraFact::Streaming { .. } => {
                self.camera_over = None;
                self.handle(Input::CameraStarted).await;
                if unmanaged {
                    self.handle(Input::Playable).await;
                }
            }
            CameraFact::Reconnecting { attempt, of } => {
                if unmanaged {
                    self.handle(Input::MediaLost).await;
                }
                let words = Words::warning(reconnecting(attempt, of));
                self.handle(Input::Note { words }).await;
            }
            CameraFact::Stopping => {}
            // Without an id it may be the echo of the stream before.
            CameraFact::Stopped if stream_id.is_none() && state == State::AwaitingCamera => {}
            CameraFact::Stopped if state == State::Stopping => self.handle(Input::Closed).await,
            CameraFact::Failed { .. } if state == State::Stopping => self.handle(Input::Closed).await,
            fact if flowing && self.provider.measure().publisher.is_some() => self.camera_over = Some(fact),
            fact => self.camera_ended(fact).await,
        }
    }

    /// The media stopped: if the camera said before that it would, that is why.
    pub(super) async fn media_lost(&mut self) {
        match self.camera_over.take() {
            Some(fact) => self.camera_ended(fact).await,
            None => self.handle(Input::MediaLost).await,
        }
    }

    async fn camera_ended(&mut self, fact: CameraFact) {
        match fact {
            CameraFact::Failed { words } => self.handle(Input::CameraFailed { words }).await,
            _ => self.handle(Input::CameraStopped).await,
        }
    }

    /// Keep-alives alone prove nothing: while media comes, or the session waits anyway, they are only noted.
    async fn silent_glasses(&mut self) {
        if self.session.delivery() == Delivery::Unmanaged && self.session.state() == State::Live {
            self.desk.silent = true;
            self.handle(Input::MediaLost).await;
            let words = Words::warning("The glasses no longer answer.")
                .then("Check that they are on and near their phone.");
            self.handle(Input::Note { words }).await;
        }
    }
}

/// A text with the parts of an address that may be keys replaced by stars.
fn without_key(target: &DestinationKey, text: &str) -> String {
    let rest = target.expose().split_once("://").map_or("", |(_, rest)| rest);
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    let (folder, query) = path.split_once('?').unwrap_or((path, ""));
    let name = folder.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let values = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
    let secret = |part: &&str| part.chars().count() >= KEY_MIN_CHARS && *part != "stream";
    [path, name]
        .into_iter()
        .chain(values)
        .filter(secret)
        .fold(text.to_owned(), |text, part| text.replace(part, "***"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_key_is_not_passed_on() {
        let target = DestinationKey::parse("rtmp://host/live/key-of-mine?auth=another").expect("a line");
        for (said, shown) in [
            ("BadName key-of-mine", "BadName ***"),
            ("live/key-of-mine?auth=another is in use", "*** is in use"),
            ("auth another is wrong", "auth *** is wrong"),
            ("the stream was rejected", "the stream was rejected"),
        ] {
            assert_eq!(without_key(&target, said), shown);
        }
        let bare = DestinationKey::parse("rtmp://host/live/stream").expect("a line");
        assert_eq!(without_key(&bare, "the stream was rejected"), "the stream was rejected");
    }
}
