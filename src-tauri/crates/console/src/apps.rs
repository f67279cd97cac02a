//! The registered apps, each with its connection's state machine, and who of them is in the running stream.

use std::collections::BTreeMap;

use session::app::AppRun;
use session::holders::Holders;
use session::record::AppRow;
use session::{DestinationKey, PackageName, destination};

use crate::api::{AppPart, AppView, StreamApp};
use crate::ports::{CameraHints, ManagedTold, UnmanagedTold};
use crate::view;

/// What an app was told last of the running stream, so that nothing is told twice.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    Managed(ManagedTold),
    Unmanaged(UnmanagedTold),
}

impl Told {
    /// An app could not tell the two apart: what an output says of itself while nothing is wrong is not passed on.
    pub(crate) fn shows_as(&self, other: &Self) -> bool {
        let (Self::Managed(one), Self::Managed(two)) = (self, other) else { return self == other };
        let bare = |told: &ManagedTold| ManagedTold { outputs: Vec::new(), ..told.clone() };
        let outputs = |told: &ManagedTold| -> Vec<_> {
            let shown = told.outputs.iter().map(|output| {
                let class = OutputClass::of(output.state);
                let words = (class == OutputClass::Error).then(|| output.words.clone());
                (output.id.clone(), class, words)
            });
            shown.collect()
        };
        bare(one) == bare(two) && outputs(one) == outputs(two)
    }
}

/// What apps tell apart of an output's states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutputClass {
    Stopped,
    Active,
    Error,
}

impl OutputClass {
    fn of(state: destination::State) -> Self {
        match state {
            destination::State::Broadcasting | destination::State::Interrupted => Self::Active,
            destination::State::Stalled
            | destination::State::Retrying { .. }
            | destination::State::Errored(_) => Self::Error,
            destination::State::Disabled | destination::State::Idle | destination::State::Starting => {
                Self::Stopped
            }
        }
    }
}

/// One app.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) row: AppRow,
    pub(crate) run: AppRun,
    /// Where it connects from, and since when.
    pub(crate) connected: Option<(String, u64)>,
    /// Its session is new and it does not listen yet.
    pub(crate) is_new: bool,
    /// It was connected before, since the program came up.
    pub(crate) was_here: bool,
    pub(crate) sdk_version: Option<String>,
    pub(crate) subscriptions: Vec<String>,
    /// Another computer from which it asked to connect.
    pub(crate) asks_from: Option<String>,
    pub(crate) told: Option<Told>,
}

impl Entry {
    pub(crate) fn new(row: AppRow) -> Self {
        Self {
            row,
            run: AppRun::new(),
            connected: None,
            is_new: false,
            was_here: false,
            sdk_version: None,
            subscriptions: Vec::new(),
            asks_from: None,
            told: None,
        }
    }

    /// It listens to what it is told of managed streams.
    pub(crate) fn hears_managed(&self) -> bool {
        self.subscriptions.iter().any(|name| name == "managed_stream_status")
    }

    /// It wants to hear of unmanaged streams of others.
    pub(crate) fn hears_streams(&self) -> bool {
        self.subscriptions.iter().any(|name| name == "rtmp_stream_status" || name == "stream_status")
    }
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) entries: BTreeMap<PackageName, Entry>,
    pub(crate) holders: Holders,
    /// The app that started the running stream.
    pub(crate) starter: Option<PackageName>,
    /// Endpoint of the running unmanaged stream, with its key.
    pub(crate) target: Option<DestinationKey>,
    /// The stream is over and everybody heard so.
    pub(crate) dismissed: bool,
    /// That of the stream before: what is still said of it may quote its key.
    pub(crate) last_target: Option<DestinationKey>,
    /// The unmanaged stream counts as interrupted because the glasses did not answer.
    pub(crate) silent: bool,
    /// A stream of an earlier run is being taken up.
    pub(crate) resuming: bool,
    /// How long its starter lets it be live.
    pub(crate) duration_limit_ms: Option<u64>,
    /// What its starter asked of the camera.
    pub(crate) hints: CameraHints,
}

impl Desk {
    /// What people call an app.
    pub(crate) fn name(&self, app: &PackageName) -> String {
        self.entries.get(app).map_or_else(|| app.to_string(), |entry| entry.row.name.clone())
    }

    /// When one of them is to be told that time has passed.
    pub(crate) fn next_deadline_ms(&self) -> Option<u64> {
        let runs = self.entries.values().filter_map(|entry| entry.run.next_deadline_ms());
        runs.chain(self.holders.next_deadline_ms()).min()
    }

    fn part(&self, app: &PackageName) -> AppPart {
        if self.starter.as_ref() == Some(app) { AppPart::Started } else { AppPart::Joined }
    }

    /// Apps in the running stream.
    pub(crate) fn in_stream(&self) -> Vec<StreamApp> {
        self.holders
            .apps()
            .map(|(app, away)| StreamApp {
                package_name: app.to_string(),
                name: self.name(app),
                part: self.part(app),
                away,
            })
            .collect()
    }

    /// All of them, in the order of their names.
    pub(crate) fn views(&self) -> Vec<AppView> {
        let mut views: Vec<AppView> = self
            .entries
            .iter()
            .map(|(app, entry)| {
                let part = self.holders.apps().any(|(held, _)| held == app).then(|| self.part(app));
                view::app(entry, part)
            })
            .collect();
        views.sort_by_key(|view| view.name.to_lowercase());
        views
    }
}

/// The address of an endpoint with everything in it that may be a key replaced by stars.
pub(crate) fn masked(target: &DestinationKey) -> String {
    let Some((scheme, rest)) = target.expose().split_once("://") else { return "***".to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit('@').next().unwrap_or_default();
    match path.trim_end_matches('/').rsplit_once('/') {
        Some((folder, _)) => format!("{scheme}://{host}/{folder}/***"),
        None => format!("{scheme}://{host}/***"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_address_keeps_no_key() {
        let table = [
            ("rtmp://host/live/key", "rtmp://host/live/***"),
            ("rtmps://host:443/app/inst/key?auth=secret", "rtmps://host:443/app/inst/***"),
            ("rtmp://user:secret@host/key", "rtmp://host/***"),
            ("rtmp://host/key/", "rtmp://host/***"),
            ("srt://host:4201?streamid=secret", "srt://host:4201/***"),
            ("secret", "***"),
        ];
        for (given, shown) in table {
            let target = DestinationKey::parse(given).expect("a line of text");
            assert_eq!(masked(&target), shown);
        }
    }
}
