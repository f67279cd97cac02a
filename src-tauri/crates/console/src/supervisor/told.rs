//! What apps are told of the running stream, each thing once.

use session::{Delivery, DestinationKey, PackageName, State, Words};

use super::Supervisor;
use crate::apps::{Told, masked};
use crate::ports::{CheckTold, Hub as _, ManagedTold, OutputTold, UnmanagedTold, World};

impl<W: World> Supervisor<W> {
    /// Tells every app concerned what it does not know yet.
    pub(super) fn tell_apps(&mut self) {
        if self.session.state() == State::Idle || self.desk.dismissed {
            return;
        }
        let apps: Vec<PackageName> = match self.session.delivery() {
            Delivery::Managed | Delivery::Cloud => {
                self.desk.holders.apps().map(|(app, _)| app.clone()).collect()
            }
            Delivery::Unmanaged => {
                let starter = self.desk.starter.as_ref();
                let concerned = self
                    .desk
                    .entries
                    .iter()
                    .filter(|(app, entry)| starter == Some(*app) || entry.hears_streams());
                concerned.map(|(app, _)| app.clone()).collect()
            }
        };
        for app in apps {
            self.tell(&app);
        }
    }

    /// Tells an app that came back: what it missed, or that its stream is over. `believes`: it goes on from before this
    /// program came up, and may believe in a stream that is no more.
    pub(super) fn tell_again(&mut self, app: &PackageName, believes: bool) {
        let concerned = self.session.state().is_running()
            && (self.desk.holders.has(app) || self.desk.starter.as_ref() == Some(app));
        let Some(entry) = self.desk.entries.get_mut(app) else { return };
        match entry.told.take() {
            _ if concerned => self.tell(app),
            Some(Told::Managed(told)) if told.state.is_running() => {
                self.tell_over(app, told.stream_id, over(), Words::info("The stream is over."));
            }
            Some(Told::Unmanaged(told)) if told.state.is_running() && told.owner.as_ref() == Some(app) => {
                self.tell_unmanaged_over(app, over(), Words::info("The stream is over."));
            }
            None if believes => {
                self.tell_over(app, None, over(), Words::info("No stream of this app runs."));
                self.tell_unmanaged_over(app, over(), Words::info("No stream of this app runs."));
            }
            _ => {}
        }
    }

    fn tell(&mut self, app: &PackageName) {
        let told = match self.session.delivery() {
            Delivery::Managed | Delivery::Cloud => Told::Managed(self.managed_told(app)),
            Delivery::Unmanaged => Told::Unmanaged(self.unmanaged_told()),
        };
        let Some(entry) = self.desk.entries.get_mut(app) else { return };
        if entry.connected.is_none()
            || entry.is_new
            || entry.told.as_ref().is_some_and(|old| old.shows_as(&told))
        {
            return;
        }
        match &told {
            Told::Managed(told) => self.hub.tell_managed(app, told),
            Told::Unmanaged(told) => self.hub.tell_unmanaged(app, told),
        }
        entry.told = Some(told);
    }

    fn managed_told(&self, app: &PackageName) -> ManagedTold {
        let state = self.session.state();
        let playable = matches!(state, State::Live | State::Interrupted);
        ManagedTold {
            state,
            stream_id: self.short_id(),
            urls: self.urls().filter(|_| playable),
            words: self.session.words().clone(),
            outputs: self.outputs_told(app),
        }
    }

    fn unmanaged_told(&self) -> UnmanagedTold {
        UnmanagedTold {
            state: self.session.state(),
            stream_id: self.short_id(),
            owner: self.desk.starter.clone(),
            words: self.session.words().clone(),
            live_since_ms: self.session.live_since_ms(),
        }
    }

    /// Outputs that apps named, as one of them is told.
    pub(super) fn outputs_told(&self, app: &PackageName) -> Vec<OutputTold> {
        let entries = self.fanout.entries.iter();
        entries
            .filter_map(|entry| {
                let owner = entry.row.added_by.as_ref()?;
                let given = entry.given.clone().unwrap_or_default();
                Some(OutputTold {
                    id: entry.row.id.as_str().to_owned(),
                    url: if owner == app { given } else { stars(&given) },
                    name: entry.row.name.clone(),
                    added_by: entry.row.added_by.clone(),
                    state: entry.machine.state(),
                    words: entry.machine.words().clone(),
                })
            })
            .collect()
    }

    pub(super) fn check_told(&self, app: &PackageName) -> Option<CheckTold> {
        let state = self.session.state();
        let stream_id = self.short_id().filter(|_| state.is_running())?;
        let playable = matches!(state, State::Live | State::Interrupted);
        let delivery = self.session.delivery();
        let own = self.desk.starter.as_ref() == Some(app);
        Some(CheckTold {
            delivery,
            stream_id,
            state,
            created_at_ms: self.session.started_at_ms()?,
            urls: self.urls().filter(|_| playable && delivery != Delivery::Unmanaged),
            apps: self.desk.holders.apps().count() as u32,
            target: self.desk.target.as_ref().map(|target| if own { target.clone() } else { stars(target) }),
            owner: self.desk.starter.clone().filter(|_| delivery == Delivery::Unmanaged),
        })
    }

    /// Tells an app that a stream is over for it, though perhaps not for others.
    pub(super) fn tell_over(
        &mut self,
        app: &PackageName,
        stream_id: Option<String>,
        state: State,
        words: Words,
    ) {
        if !self.forget_told(app) {
            return;
        }
        let told = ManagedTold { state, stream_id, urls: None, words, outputs: Vec::new() };
        self.hub.tell_managed(app, &told);
    }

    /// True if the app is there to be told. One that is away keeps its memory and is told when it comes back.
    fn forget_told(&mut self, app: &PackageName) -> bool {
        let entry = self.desk.entries.get_mut(app).filter(|entry| entry.connected.is_some());
        entry.map(|entry| entry.told = None).is_some()
    }

    pub(super) fn tell_unmanaged_over(&mut self, app: &PackageName, state: State, words: Words) {
        if !self.forget_told(app) {
            return;
        }
        let told =
            UnmanagedTold { state, stream_id: None, owner: Some(app.clone()), words, live_since_ms: None };
        self.hub.tell_unmanaged(app, &told);
    }

    pub(super) fn refuse_managed(&mut self, app: &PackageName, words: Words) {
        tracing::info!(%app, words = %words.text, "an app's managed stream was refused");
        self.hub.tell_managed(
            app,
            &ManagedTold { state: refused(), stream_id: None, urls: None, words, outputs: Vec::new() },
        );
    }

    pub(super) fn refuse_unmanaged(&mut self, app: &PackageName, words: Words) {
        tracing::info!(%app, words = %words.text, "an app's unmanaged stream was refused");
        let told = UnmanagedTold {
            state: refused(),
            stream_id: None,
            owner: Some(app.clone()),
            words,
            live_since_ms: None,
        };
        self.hub.tell_unmanaged(app, &told);
    }
}

fn over() -> State {
    State::Ended(session::EndReason::Stopped(session::StopBy::User))
}

/// An attempt that never was: final for the app, and no stream's state.
fn refused() -> State {
    State::Ended(session::EndReason::CameraFailed)
}

/// An address with its key masked, in the type that keeps it out of logs all the same.
fn stars(target: &DestinationKey) -> DestinationKey {
    DestinationKey::parse(&masked(target)).unwrap_or_default()
}
