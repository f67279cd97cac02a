//! What shells ask about apps.

use session::app::Input;
use session::record::AppRow;
use session::{ApiKey, PackageName, Permissions, StopBy};

use super::Supervisor;
use crate::api::{
    AddApp, AllowApp, ApiError, AppPermission, Code, Frames, HoldStream, OneApp, SetVirtualGlasses,
    WantedFrames,
};
use crate::apps::Entry;
use crate::ports::{AppStore as _, Hub as _, World};
use crate::view;

/// Apps there may be.
const MOST_APPS: usize = 50;
/// Characters of a name.
const MOST_NAME_CHARS: usize = 80;
/// Characters of an app's address.
const MOST_URL_CHARS: usize = 500;

impl<W: World> Supervisor<W> {
    /// Brings up the apps an earlier run knew.
    pub(super) async fn take_up_apps(&mut self) {
        match self.history.apps().await {
            Ok(rows) => {
                let entries = rows.into_iter().map(|row| (row.package.clone(), Entry::new(row)));
                self.desk.entries = entries.collect();
            }
            Err(error) => tracing::error!(%error, "the apps could not be read"),
        }
        self.show_apps();
    }

    /// What ran before the restart of the program is asked to connect again, now that its stream is known; what apps
    /// named for a stream that is over is forgotten.
    pub(super) async fn after_resume(&mut self) {
        if self.session.state().is_running() {
            self.recall_given().await;
        } else {
            self.remove_named(None).await;
        }
        let wanted: Vec<PackageName> = self
            .desk
            .entries
            .values()
            .filter(|entry| entry.row.wanted)
            .map(|entry| entry.row.package.clone())
            .collect();
        for package in wanted {
            self.feed_app(&package, Input::Start).await;
        }
        self.show_apps();
        self.show_hub();
    }

    pub(super) async fn add_app(&mut self, wanted: AddApp) -> Result<(), ApiError> {
        let package = parse_package(&wanted.package_name)?;
        if self.desk.entries.contains_key(&package) {
            return Err(view::invalid(
                &format!("{package} is registered already."),
                "Change it in the list, or give this one another package name.",
            ));
        }
        if self.desk.entries.len() >= MOST_APPS {
            return Err(view::invalid(
                &format!("There are {MOST_APPS} apps already."),
                "Remove one you no longer use.",
            ));
        }
        let key = parse_key(wanted.api_key.as_deref().unwrap_or_default())?;
        let row = AppRow {
            name: parse_name(wanted.name.as_deref(), &package)?,
            url: parse_url(&wanted.url)?,
            key: (!key.is_empty()).then(|| self.hub.digest(&key)),
            permissions: permissions(&wanted.permissions),
            lan_allowed: false,
            wanted: false,
            package,
        };
        self.history.keep_app(&row).await.map_err(view::storage_error)?;
        self.desk.entries.insert(row.package.clone(), Entry::new(row));
        self.show_apps();
        Ok(())
    }

    pub(super) async fn update_app(&mut self, wanted: AddApp) -> Result<(), ApiError> {
        let package = parse_package(&wanted.package_name)?;
        let old = self.app(&package)?.row.clone();
        let key = wanted.api_key.as_deref().map(parse_key).transpose()?;
        let row = AppRow {
            name: parse_name(wanted.name.as_deref(), &package)?,
            url: parse_url(&wanted.url)?,
            key: match key {
                None => old.key,
                Some(key) => (!key.is_empty()).then(|| self.hub.digest(&key)),
            },
            permissions: permissions(&wanted.permissions),
            ..old
        };
        self.keep_app(row).await
    }

    pub(super) async fn remove_app(&mut self, wanted: &OneApp) -> Result<(), ApiError> {
        let package = parse_package(&wanted.package_name)?;
        self.app(&package)?;
        self.feed_app(&package, Input::Stop).await;
        self.leave(&package, StopBy::User).await;
        self.history.remove_app(&package).await.map_err(view::storage_error)?;
        self.desk.entries.remove(&package);
        self.show_apps();
        Ok(())
    }

    pub(super) async fn start_app(&mut self, wanted: &OneApp) -> Result<(), ApiError> {
        let package = parse_package(&wanted.package_name)?;
        self.want_app(&package, true).await?;
        self.feed_app(&package, Input::Start).await;
        self.show_apps();
        Ok(())
    }

    /// Stops an app on this hub. Off is off, also when it cannot be written down.
    pub(super) async fn stop_app(&mut self, wanted: &OneApp) -> Result<(), ApiError> {
        let package = parse_package(&wanted.package_name)?;
        self.app(&package)?;
        self.leave(&package, StopBy::User).await;
        self.feed_app(&package, Input::Stop).await;
        self.show_apps();
        self.want_app(&package, false).await
    }

    pub(super) async fn allow_app(&mut self, wanted: &AllowApp) -> Result<(), ApiError> {
        let package = parse_package(&wanted.package_name)?;
        let row = AppRow { lan_allowed: wanted.allow, ..self.app(&package)?.row.clone() };
        self.keep_app(row).await?;
        let asked = self.desk.entries.get_mut(&package).and_then(|entry| entry.asks_from.take());
        // It was turned away at the door and does not knock again by itself.
        if asked.is_some() && wanted.allow {
            self.want_app(&package, true).await?;
            self.feed_app(&package, Input::Start).await;
        }
        self.show_apps();
        Ok(())
    }

    pub(super) fn frames(&self, wanted: &WantedFrames) -> Result<Frames, ApiError> {
        let package = wanted.package_name.as_deref().map(parse_package).transpose()?;
        if let Some(package) = &package {
            self.app(package)?;
        }
        Ok(Frames { frames: self.hub.frames(package.as_ref(), wanted.after) })
    }

    pub(super) async fn set_virtual_glasses(&mut self, wanted: SetVirtualGlasses) -> Result<(), ApiError> {
        if wanted.glasses.as_ref().is_some_and(|glasses| glasses.battery_percent > 100) {
            return Err(view::invalid("A battery holds 0 to 100 %.", "Choose a number in between."));
        }
        self.hub.set_virtual_glasses(wanted.glasses.clone()).await.map_err(view::invalid_words)?;
        self.virtual_glasses = wanted.glasses;
        self.show_hub();
        Ok(())
    }

    pub(super) async fn new_glasses_token(&mut self) -> Result<(), ApiError> {
        self.hub.new_glasses_token().await.map_err(|words| ApiError {
            code: Code::Storage,
            message: words.text,
            next_step: words.next_step,
        })?;
        self.show_hub();
        Ok(())
    }

    pub(super) async fn hold_stream(&mut self, wanted: HoldStream) -> Result<(), ApiError> {
        if !self.session.state().is_running() {
            return Err(view::busy(
                session::Words::warning("No stream runs.").then("Start one first, or let an app start one."),
            ));
        }
        if !wanted.hold && self.desk.holders.apps().next().is_none() {
            return Err(view::busy(
                session::Words::warning("No app is in this stream: it would end at once.")
                    .then("Stop it if that is what you want."),
            ));
        }
        self.keep_hold(wanted.hold).await;
        self.show_session();
        Ok(())
    }

    /// The user's hold outlives a restart of the program.
    pub(super) async fn keep_hold(&mut self, held: bool) {
        self.desk.holders.hold(held);
        let Some(stream_id) = self.session.stream_id().cloned() else { return };
        if let Err(error) = self.history.hold_stream(&stream_id, held).await {
            self.history_error("that the user holds the stream", &error);
        }
    }

    /// Remembers whether an app runs on this hub: what runs is asked again after a restart of the program.
    async fn want_app(&mut self, package: &PackageName, wanted: bool) -> Result<(), ApiError> {
        let row = AppRow { wanted, ..self.app(package)?.row.clone() };
        if row.wanted == self.app(package)?.row.wanted {
            return Ok(());
        }
        self.keep_app(row).await
    }

    async fn keep_app(&mut self, row: AppRow) -> Result<(), ApiError> {
        self.history.keep_app(&row).await.map_err(view::storage_error)?;
        if let Some(entry) = self.desk.entries.get_mut(&row.package) {
            entry.row = row;
        }
        self.show_apps();
        Ok(())
    }

    fn app(&self, package: &PackageName) -> Result<&Entry, ApiError> {
        self.desk.entries.get(package).ok_or_else(|| ApiError {
            code: Code::NotFound,
            message: format!("No app is registered as {package}."),
            next_step: Some("Add it on the Apps page first.".to_owned()),
        })
    }

    pub(super) fn show_apps(&mut self) {
        self.screen.apps(self.desk.views());
    }

    pub(super) fn show_hub(&mut self) {
        let hub = view::hub(self.hub.addresses(), self.glasses.view(), self.virtual_glasses.clone());
        self.screen.hub(hub);
    }
}

fn parse_package(text: &str) -> Result<PackageName, ApiError> {
    PackageName::parse(text.trim()).map_err(|_| {
        view::invalid(
            "That is not a package name.",
            "Use the one of your app's configuration, for example com.example.cam.",
        )
    })
}

fn parse_key(text: &str) -> Result<ApiKey, ApiError> {
    ApiKey::parse(text).map_err(|_| {
        view::invalid(
            "The API key has characters no key has, or is too long.",
            "Copy it again from your app's configuration.",
        )
    })
}

fn parse_name(text: Option<&str>, package: &PackageName) -> Result<String, ApiError> {
    let name = text.map(str::trim).filter(|name| !name.is_empty()).unwrap_or(package.as_str());
    let printable = !name.chars().any(char::is_control);
    if name.chars().count() <= MOST_NAME_CHARS.max(package.as_str().len()) && printable {
        return Ok(name.to_owned());
    }
    Err(view::invalid("The name is too long.", "Give it a name of up to 80 characters."))
}

/// An app's address: webhooks are plain HTTP requests to it.
fn parse_url(text: &str) -> Result<String, ApiError> {
    let url = text.trim().trim_end_matches('/');
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let fits = url.len() <= MOST_URL_CHARS && !url.chars().any(|c| c.is_control() || c.is_whitespace());
    match host {
        Some(host) if fits && !host.is_empty() && !host.starts_with(['/', ':']) && !host.contains('@') => {
            Ok(url.to_owned())
        }
        _ => Err(view::invalid(
            "That is not the address of an app.",
            "It begins with http:// and names where your app listens, for example http://127.0.0.1:7010.",
        )),
    }
}

fn permissions(wanted: &[AppPermission]) -> Permissions {
    wanted.iter().copied().map(view::to_permission).collect()
}
