//! Setting up the app at the MentraOS cloud, and what happens there.

use session::{
    ApiKey, CameraLink, Delivery, DestinationId, DestinationKey, Input, PackageName, State, Words,
};
use tokio::sync::oneshot;

use super::Supervisor;
use crate::api::{ApiError, CloudChoice, SetCloud, Settings, WebhookCheck};
use crate::cloud::Relay;
use crate::ports::{
    Clock as _, Cloud as _, CloudAccount, CloudEvent, CloudFact, History as _, KeyStore as _, World,
};
use crate::view;

/// What the API key and the relay's token are filed under, where keys are kept.
const API_KEY_FILE: [u8; 16] = *b"mentraos-api-key";
const RELAY_TOKEN_FILE: [u8; 16] = *b"relay-token-here";
/// Characters of an address.
const MOST_URL_CHARS: usize = 300;
/// Hosts that can be named.
const MOST_CLOUDS: usize = 8;

impl<W: World> Supervisor<W> {
    /// Becomes again what an earlier run was set up to be.
    pub(super) async fn take_up_cloud(&mut self) {
        self.cloud_desk.choice = self.settings.cloud.clone();
        if self.cloud_desk.choice.is_some() {
            self.join_cloud().await;
        }
        self.show_cloud();
    }

    pub(super) fn show_cloud(&mut self) {
        self.screen.cloud(self.cloud_desk.view());
    }

    /// Connects as the chosen app. What is wrong is shown, not lost: the user may set it right.
    async fn join_cloud(&mut self) {
        self.leave_cloud().await;
        let account = match self.cloud_account().await {
            Ok(account) => account,
            Err(words) => {
                self.cloud_desk.problem = Some(words);
                return;
            }
        };
        match self.cloud.set_account(Some(account)).await {
            Ok(webhook_url) => self.cloud_desk.webhook_url = webhook_url,
            Err(words) => self.cloud_desk.problem = Some(words),
        }
    }

    /// Is no app any more. What the one before still had to tell is not believed of the next.
    async fn leave_cloud(&mut self) {
        if let Err(words) = self.cloud.set_account(None).await {
            tracing::warn!(words = %words.text, "the app at MentraOS did not end as it should");
        }
        while self.cloud_events.try_recv().is_ok() {}
        self.cloud_desk.leave();
    }

    async fn cloud_account(&self) -> Result<CloudAccount, Words> {
        let words = |error: crate::ports::HistoryError| Words {
            next_step: error.next_step,
            ..Words::error(error.text)
        };
        let missing =
            || Words::error("The API key of the app at MentraOS is not on file.").then("Enter it again.");
        let choice = self.cloud_desk.choice.clone().ok_or_else(missing)?;
        let api_key = self.keys.get(&file(API_KEY_FILE)).await.map_err(words)?;
        if api_key.is_empty() {
            return Err(missing());
        }
        let relay = match &choice.relay_url {
            Some(url) => Some((url.clone(), self.keys.get(&file(RELAY_TOKEN_FILE)).await.map_err(words)?)),
            None => None,
        };
        Ok(CloudAccount {
            package: PackageName::parse(&choice.package_name).map_err(|_| missing())?,
            api_key: ApiKey::parse(api_key.expose()).map_err(|_| missing())?,
            webhook_port: choice.webhook_port,
            relay,
            clouds: choice.clouds,
        })
    }

    pub(super) async fn set_cloud(&mut self, wanted: SetCloud) -> Result<(), ApiError> {
        self.no_cloud_stream()?;
        let choice = chosen(&wanted)?;
        let key = secret(wanted.api_key.as_deref(), "The API key")?;
        let token = secret(wanted.relay_token.as_deref(), "The relay's token")?;
        // Keys first: the choice never promises one that is not there.
        for (name, value) in [(API_KEY_FILE, &key), (RELAY_TOKEN_FILE, &token)] {
            if let Some(value) = value {
                self.keys.put(&file(name), value).await.map_err(view::storage_error)?;
            }
        }
        let same_app =
            self.settings.cloud.as_ref().is_some_and(|old| old.package_name == choice.package_name);
        if key.is_none() && !same_app {
            return Err(view::invalid(
                "The API key of the app is missing.",
                "Copy it from the app's page in MentraOS' developer console.",
            ));
        }
        if choice.relay_url.is_some() && token.is_none() {
            let kept = self.keys.get(&file(RELAY_TOKEN_FILE)).await.map_err(view::storage_error)?;
            if kept.is_empty() {
                return Err(view::invalid(
                    "The relay's token is missing.",
                    "Enter the one it was started with.",
                ));
            }
        }
        self.keep_cloud(Some(choice)).await?;
        self.join_cloud().await;
        self.show_cloud();
        Ok(())
    }

    pub(super) async fn remove_cloud(&mut self) -> Result<(), ApiError> {
        self.no_cloud_stream()?;
        self.keep_cloud(None).await?;
        for name in [API_KEY_FILE, RELAY_TOKEN_FILE] {
            self.keys.remove(&file(name)).await.map_err(view::storage_error)?;
        }
        self.leave_cloud().await;
        self.show_cloud();
        Ok(())
    }

    async fn keep_cloud(&mut self, choice: Option<CloudChoice>) -> Result<(), ApiError> {
        let settings = Settings { cloud: choice.clone(), ..self.settings.clone() };
        self.history.save_settings(&settings).await.map_err(view::storage_error)?;
        self.settings = settings;
        self.cloud_desk.choice = choice;
        self.show_settings();
        Ok(())
    }

    fn no_cloud_stream(&self) -> Result<(), ApiError> {
        if self.session.link() == Some(CameraLink::Cloud) && self.session.state().is_running() {
            return Err(view::busy(
                Words::warning("The glasses at MentraOS are streaming.").then("Stop the stream first."),
            ));
        }
        Ok(())
    }

    pub(super) fn check_webhook(&mut self, answer: oneshot::Sender<Result<WebhookCheck, ApiError>>) {
        let Some(view) = self.cloud_desk.view() else {
            let words = Words::warning("Stream Console is not connected to MentraOS.")
                .then("Enter the app's package name and key first.");
            return drop(answer.send(Err(view::busy(words))));
        };
        let Some(url) = view.public_url else {
            let words = Words::warning("The address of the webhook from outside is not known.")
                .then("Enter the address of your tunnel, or of a relay.");
            return drop(answer.send(Err(view::busy(words))));
        };
        let checking = self.cloud.reach(&url);
        self.errands.spawn(async move { drop(answer.send(Ok(checking.await))) });
    }

    pub(super) async fn cloud_event(&mut self, event: CloudEvent) {
        let now_ms = self.clock.now_ms();
        match event {
            CloudEvent::Called { refused } => {
                self.cloud_desk.called_at_ms = Some(now_ms);
                if refused.is_some() {
                    self.cloud_desk.problem = refused;
                }
            }
            CloudEvent::Relay { connected, public_url, problem } => {
                let public_url = public_url.or_else(|| self.cloud_desk.relay.public_url.take());
                self.cloud_desk.relay = Relay { connected, public_url, problem };
            }
            CloudEvent::Session { session_id, fact } => {
                self.cloud_desk.fact(now_ms, &session_id, &fact);
                self.cloud_fact(&session_id, fact).await;
            }
            CloudEvent::Playable if self.session.delivery() == Delivery::Cloud => {
                self.handle(Input::Playable).await;
            }
            CloudEvent::ProbeFailed { words } if self.session.delivery() == Delivery::Cloud => {
                self.handle(Input::ProbeFailed { words }).await;
            }
            CloudEvent::Playable | CloudEvent::ProbeFailed { .. } => {}
        }
        self.show_cloud();
    }

    /// What a fact means for the stream that runs, or for one nobody here knows of.
    async fn cloud_fact(&mut self, session_id: &str, fact: CloudFact) {
        let running = self.session.link() == Some(CameraLink::Cloud) && self.session.state().is_running();
        if !running {
            match fact {
                // One that was left behind keeps the camera on.
                CloudFact::Connected { .. } => self.cloud.check(session_id),
                CloudFact::Check(Some(found)) => self.end_orphan(session_id, &found),
                _ => {}
            }
            return;
        }
        let ours = self.cloud_desk.session_id.as_deref().is_none_or(|id| id == session_id);
        if !ours {
            return;
        }
        match fact {
            CloudFact::Connected { .. } => self.cloud_back(session_id),
            CloudFact::Check(found) => self.cloud_checked(session_id, found).await,
            CloudFact::Stream(stream) => self.cloud_stream(stream).await,
            CloudFact::Refused { words } if before_live(self.session.state()) => {
                self.handle(Input::CameraFailed { words }).await;
            }
            CloudFact::Refused { words } => self.handle(Input::Note { words }).await,
            CloudFact::Over { words } => self.cloud_session_over(words).await,
            CloudFact::Lost if self.session.state() == State::Stopping => self.handle(Input::Closed).await,
            CloudFact::GlassesIp(_) => self.follow_address().await,
            CloudFact::Lost | CloudFact::Glasses(_) => {}
        }
    }
}

fn before_live(state: State) -> bool {
    matches!(state, State::AwaitingCamera | State::AwaitingMedia)
}

fn file(name: [u8; 16]) -> DestinationId {
    DestinationId::from_random(name)
}

fn chosen(wanted: &SetCloud) -> Result<CloudChoice, ApiError> {
    let package = PackageName::parse(wanted.package_name.trim()).map_err(|_| {
        view::invalid(
            "That is not a package name.",
            "It looks like com.example.cam, as in MentraOS' developer console.",
        )
    })?;
    let clouds: Vec<String> = wanted
        .clouds
        .iter()
        .map(|host| host.trim().to_ascii_lowercase())
        .filter(|host| !host.is_empty())
        .collect();
    let host = |text: &String| {
        text.len() <= 253 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
    };
    if clouds.len() > MOST_CLOUDS || !clouds.iter().all(host) {
        return Err(view::invalid(
            "These are not names of hosts.",
            "Name at most 8, for example cloud.example.com.",
        ));
    }
    Ok(CloudChoice {
        package_name: package.to_string(),
        webhook_port: wanted.webhook_port,
        public_url: address(wanted.public_url.as_deref(), &["https://", "http://"])?,
        relay_url: address(wanted.relay_url.as_deref(), &["wss://", "ws://"])?,
        clouds,
    })
}

/// An address as a person typed it; None if there is none.
fn address(text: Option<&str>, schemes: &[&str]) -> Result<Option<String>, ApiError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
    let fits = rest.is_some_and(|rest| !rest.is_empty() && !rest.contains('@'))
        && text.chars().count() <= MOST_URL_CHARS
        && !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if !fits {
        return Err(view::invalid(
            "That is not an address this can use.",
            &format!("It begins with {} and names a host.", schemes.join(" or ")),
        ));
    }
    Ok(Some(text.trim_end_matches('/').to_owned()))
}

/// A secret as a person pasted it; None leaves the one on file.
fn secret(text: Option<&str>, what: &str) -> Result<Option<DestinationKey>, ApiError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    DestinationKey::parse(text).map(Some).map_err(|_| {
        view::invalid(&format!("{what} is too long or has characters that no key has."), "Copy it again.")
    })
}
