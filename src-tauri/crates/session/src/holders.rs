//! Who keeps the running stream.

use std::collections::BTreeMap;

use crate::{APP_START_MS, PackageName};

/// An app whose connection is lost has this long to come back: its library tries again for about 6 s.
pub const AWAY_GRACE_MS: u64 = 15_000;

/// The user and the apps that keep the running stream. It goes on until the last of them has left.
///
/// | what happens                       | the user holds | the app                                                    |
/// |------------------------------------|----------------|------------------------------------------------------------|
/// | the user or an encoder starts      | yes            | -                                                          |
/// | an app starts                      | no             | in; if it waits for the stream to be live: within 25 s     |
/// | an app joins                       | as before      | in; if the stream is not live: it must be within 25 s      |
/// | the stream is live                 | as before      | no app waits any longer                                    |
/// | an app leaves                      | as before      | out; [`Left::Nobody`] if nobody else keeps the stream      |
/// | an app's connection is lost        | as before      | away: back within 15 s, or it expires as [`Expired::Away`] |
/// | it is back                         | as before      | in as before                                               |
/// | the stream was not live in time    | as before      | expires as [`Expired::TooSlow`]                            |
/// | the user holds on or lets go       | as chosen      | -                                                          |
///
/// An app that expired is told once and stays in until whoever runs this takes it out: it may have to stop the stream
/// first. `now_ms` is the time given to [`crate::Session`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holders {
    user: bool,
    apps: BTreeMap<PackageName, Holder>,
}

/// One app in the stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Holder {
    /// Its connection is lost.
    away: bool,
    /// When it has been away for too long.
    away_over_ms: Option<u64>,
    /// When it gives up waiting for the stream.
    active_by_ms: Option<u64>,
}

/// What is left after an app left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// The user or other apps keep the stream.
    Others,
    /// Nobody keeps it.
    Nobody,
    /// The app was not in it.
    WasNot,
}

/// Why an app's time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expired {
    /// Its connection was lost and it did not come back.
    Away,
    /// The stream was not live before the app gives up.
    TooSlow,
}

impl Holders {
    /// A new stream of the user's, or of an encoder's. Whoever kept the one before is forgotten.
    pub fn start_user(&mut self) {
        *self = Self { user: true, apps: BTreeMap::new() };
    }

    /// A new stream of an app's. `needs_active` says that the app waits for it to be live. Whoever kept the one before
    /// is forgotten.
    pub fn start_app(&mut self, app: &PackageName, now_ms: u64, needs_active: bool) {
        *self = Self::default();
        self.join(app, now_ms, !needs_active);
    }

    /// An app joins; `active` says that the stream is live. True if it was not in before; one that was waits anew.
    pub fn join(&mut self, app: &PackageName, now_ms: u64, active: bool) -> bool {
        let active_by_ms = (!active).then(|| now_ms.saturating_add(APP_START_MS));
        let holder = Holder { active_by_ms, ..Holder::default() };
        self.apps.insert(app.clone(), holder).is_none()
    }

    /// An app leaves.
    pub fn leave(&mut self, app: &PackageName) -> Left {
        match self.apps.remove(app) {
            None => Left::WasNot,
            Some(_) if self.user || !self.apps.is_empty() => Left::Others,
            Some(_) => Left::Nobody,
        }
    }

    /// An app's connection is lost. Losing it again does not give more time.
    pub fn away(&mut self, app: &PackageName, now_ms: u64) {
        if let Some(holder) = self.apps.get_mut(app).filter(|holder| !holder.away) {
            holder.away = true;
            holder.away_over_ms = Some(now_ms.saturating_add(AWAY_GRACE_MS));
        }
    }

    /// An app is connected again.
    pub fn back(&mut self, app: &PackageName) {
        if let Some(holder) = self.apps.get_mut(app) {
            holder.away = false;
            holder.away_over_ms = None;
        }
    }

    /// The stream is live: no app waits for that any longer.
    pub fn active(&mut self) {
        for holder in self.apps.values_mut() {
            holder.active_by_ms = None;
        }
    }

    /// The user keeps the stream, or leaves it to the apps.
    pub fn hold(&mut self, hold: bool) {
        self.user = hold;
    }

    /// The user keeps the stream.
    pub fn user(&self) -> bool {
        self.user
    }

    /// The app is in the stream.
    pub fn has(&self, app: &PackageName) -> bool {
        self.apps.contains_key(app)
    }

    /// The app is in the stream, and nobody else keeps it.
    pub fn is_last(&self, app: &PackageName) -> bool {
        !self.user && self.apps.len() == 1 && self.has(app)
    }

    /// Nobody keeps the stream.
    pub fn is_empty(&self) -> bool {
        !self.user && self.apps.is_empty()
    }

    /// The apps in the stream in the order of their names, each with whether its connection is lost.
    pub fn apps(&self) -> impl Iterator<Item = (&PackageName, bool)> {
        self.apps.iter().map(|(app, holder)| (app, holder.away))
    }

    /// When to call [`Holders::expire`]; None while nobody's time runs. May lie in the past: then call at once.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.apps.values().flat_map(|holder| [holder.away_over_ms, holder.active_by_ms]).flatten().min()
    }

    /// The apps whose time is over, each told once and for the earlier reason.
    pub fn expire(&mut self, now_ms: u64) -> Vec<(PackageName, Expired)> {
        let mut over = Vec::new();
        for (app, holder) in &mut self.apps {
            let away = holder.away_over_ms.map(|at_ms| (at_ms, Expired::Away));
            let slow = holder.active_by_ms.map(|at_ms| (at_ms, Expired::TooSlow));
            let first = [away, slow].into_iter().flatten().min_by_key(|(at_ms, _)| *at_ms);
            if let Some((_, expired)) = first.filter(|(at_ms, _)| *at_ms <= now_ms) {
                holder.away_over_ms = None;
                holder.active_by_ms = None;
                over.push((app.clone(), expired));
            }
        }
        over
    }
}

#[cfg(test)]
mod tests;
