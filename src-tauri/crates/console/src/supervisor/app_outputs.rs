//! Destinations that apps name for the running stream: they live as long as the app's part in it.

use session::record::DestinationRow;
use session::{DestinationId, DestinationKey, KeyDigest, PackageName, Words};

use super::Supervisor;
use crate::apps::masked;
use crate::fanout::Entry;
use crate::ports::{
    DestinationStore as _, Hub as _, KeyStore as _, OutputTold, Outputs as _, OutputsRefusal, OutputsWish,
    Random as _, World,
};

/// Outputs a stream may have from apps, and an app may name, as the MentraOS cloud allows.
const MOST_OUTPUTS: usize = 10;
/// Characters of a name.
const MOST_NAME_CHARS: usize = 80;

impl<W: World> Supervisor<W> {
    /// Takes up the destinations an app names as it starts or joins. One that cannot be is told to the app and keeps
    /// nothing else from working.
    pub(super) async fn name_destinations(
        &mut self,
        app: &PackageName,
        destinations: Vec<(DestinationKey, Option<String>)>,
    ) {
        for (url, name) in destinations {
            if let Err(refusal) = self.add_output(app, url.clone(), name).await {
                let words = refusal_words(&refusal);
                tracing::warn!(%app, address = %masked(&url), words = %words.text, "an app's destination was not taken");
                self.screen.mark(crate::api::Mark {
                    at_ms: crate::ports::Clock::now_ms(&self.clock),
                    phase: crate::view::phase(self.session.state()),
                    text: format!(
                        "{} named a destination that cannot be used. {}",
                        self.desk.name(app),
                        words.text
                    ),
                });
            }
        }
    }

    async fn add_output(
        &mut self,
        app: &PackageName,
        given: DestinationKey,
        name: Option<String>,
    ) -> Result<(), OutputsRefusal> {
        let named = || self.fanout.entries.iter().filter(|entry| entry.row.added_by.is_some());
        if named().any(|entry| entry.given.as_ref() == Some(&given)) {
            return Err(OutputsRefusal::Twice);
        }
        if named().filter(|entry| entry.row.added_by.as_ref() == Some(app)).count() >= MOST_OUTPUTS {
            return Err(OutputsRefusal::AppFull);
        }
        if named().count() >= MOST_OUTPUTS {
            return Err(OutputsRefusal::Full);
        }
        let (url, key) = self
            .outputs
            .address(given.expose(), DestinationKey::default())
            .map_err(OutputsRefusal::BadAddress)?;
        let name =
            name.map(|name| name.trim().chars().filter(|c| !c.is_control()).take(MOST_NAME_CHARS).collect());
        let row = DestinationRow {
            id: DestinationId::from_random(self.random.bytes()),
            name: name.filter(|name: &String| !name.is_empty()).unwrap_or_else(|| host(&url).to_owned()),
            preset: "custom".to_owned(),
            url,
            enabled: true,
            has_key: !key.is_empty(),
            hold_limit_s: None,
            bandwidth_test: false,
            added_by: Some(app.clone()),
        };
        let storage = |error: crate::ports::HistoryError| {
            OutputsRefusal::Storage(Words { next_step: error.next_step, ..Words::error(error.text) })
        };
        if row.has_key {
            self.keys.put(&row.id, &key).await.map_err(storage)?;
        }
        self.history.insert(&row).await.map_err(storage)?;
        let seed = self.seed();
        let entry = Entry { given: Some(given), ..Entry::new(row, seed) };
        self.fanout.entries.push(entry);
        let index = self.fanout.entries.len() - 1;
        self.feed(index, self.fanout.source.input()).await;
        self.show_destinations();
        Ok(())
    }

    /// Removes what an app named, or what any app did.
    pub(super) async fn remove_named(&mut self, app: Option<&PackageName>) {
        let mut kept = Vec::new();
        let named: Vec<DestinationId> = self
            .fanout
            .entries
            .iter()
            .filter(|entry| {
                let owner = entry.row.added_by.as_ref();
                owner.is_some_and(|owner| app.is_none_or(|app| app == owner))
            })
            .map(|entry| entry.row.id.clone())
            .collect();
        for id in named {
            let wanted = crate::api::OneDestination { id: id.as_str().to_owned() };
            if let Err(error) = self.remove_destination(&wanted).await {
                kept.push(error.message);
            }
        }
        if !kept.is_empty() {
            tracing::warn!(errors = ?kept, "destinations of apps could not be forgotten");
        }
    }

    /// What an app asks over HTTP.
    pub(super) async fn outputs_wish(
        &mut self,
        from: std::net::IpAddr,
        package: &str,
        key: &session::ApiKey,
        stream_id: &str,
        wish: OutputsWish,
    ) -> Result<Vec<OutputTold>, OutputsRefusal> {
        let app = self.known_app(from, package, self.hub.digest(key))?;
        if !self.session.state().is_running() || self.short_id().as_deref() != Some(stream_id) {
            return Err(OutputsRefusal::NoStream);
        }
        if !self.desk.holders.has(&app) {
            return Err(OutputsRefusal::NotAViewer);
        }
        match wish {
            OutputsWish::List => {}
            OutputsWish::Add { url, name } => self.add_output(&app, url, name).await?,
            OutputsWish::Remove { id } => self.remove_output(&app, &id).await?,
        }
        self.tell_apps();
        Ok(self.outputs_told(&app))
    }

    async fn remove_output(&mut self, app: &PackageName, id: &str) -> Result<(), OutputsRefusal> {
        let named = self.fanout.entries.iter().find(|entry| entry.row.id.as_str() == id);
        let owner = named.and_then(|entry| entry.row.added_by.as_ref()).ok_or(OutputsRefusal::NoOutput)?;
        if owner != app {
            return Err(OutputsRefusal::NotAuthorized);
        }
        let wanted = crate::api::OneDestination { id: id.to_owned() };
        self.remove_destination(&wanted).await.map_err(|error| {
            OutputsRefusal::Storage(Words { next_step: error.next_step, ..Words::error(error.message) })
        })
    }

    /// Who may ask over HTTP: whoever may connect. Registered, with the key on file, from this computer or with the user's
    /// yes.
    fn known_app(
        &self,
        from: std::net::IpAddr,
        package: &str,
        digest: KeyDigest,
    ) -> Result<PackageName, OutputsRefusal> {
        let app = PackageName::parse(package).map_err(|_| OutputsRefusal::NotAuthorized)?;
        let row = &self.desk.entries.get(&app).ok_or(OutputsRefusal::NotAuthorized)?.row;
        let right_key = row.key.as_ref().is_none_or(|on_file| *on_file == digest);
        if right_key && (from.is_loopback() || row.lan_allowed) {
            Ok(app)
        } else {
            Err(OutputsRefusal::NotAuthorized)
        }
    }

    /// Puts the complete addresses of a resumed stream's outputs together again: apps know them by those.
    pub(super) async fn recall_given(&mut self) {
        for index in 0..self.fanout.entries.len() {
            let entry = &self.fanout.entries[index];
            if entry.row.added_by.is_none() || entry.given.is_some() {
                continue;
            }
            let url = entry.row.url.clone();
            let key = if entry.row.has_key { self.keys.get(&entry.row.id).await.ok() } else { None };
            let given = match key {
                Some(key) => {
                    DestinationKey::parse(&format!("{}/{}", url.trim_end_matches('/'), key.expose()))
                }
                None => DestinationKey::parse(&url),
            };
            self.fanout.entries[index].given = given.ok();
        }
    }
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

fn refusal_words(refusal: &OutputsRefusal) -> Words {
    match refusal {
        OutputsRefusal::BadAddress(words) | OutputsRefusal::Storage(words) => words.clone(),
        OutputsRefusal::Twice => Words::warning("It is there already."),
        OutputsRefusal::Full | OutputsRefusal::AppFull => {
            Words::warning(format!("There are {MOST_OUTPUTS} of apps already."))
        }
        _ => Words::warning("It is not this app's stream."),
    }
}
