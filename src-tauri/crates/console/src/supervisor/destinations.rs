//! What shells ask about destinations.

use session::destination::{Input, State};
use session::preflight::SignalFacts;
use session::record::DestinationRow;
use session::{DestinationId, DestinationKey, preflight, presets};
use tokio::sync::oneshot;

use super::Supervisor;
use crate::api::{
    AddDestination, Added, ApiError, BroadcastCheck, Code, DestinationPreflight, DestinationTest,
    OneDestination, Preflight, RevealedKey, SignalView, SomeDestinations, UpdateDestination, Verdict,
};
use crate::fanout::{Entry, Source, hold_limit_ms};
use crate::ports::{DestinationStore as _, KeyStore as _, Outputs as _, Random as _, World};
use crate::view;

/// Destinations there may be.
const MOST_DESTINATIONS: usize = 50;
/// Characters of a name.
const MOST_NAME_CHARS: usize = 80;
/// The longest a destination may hold its last picture: a day.
const MOST_HOLD_S: u32 = 86_400;
/// Tests and checks that may run at once.
const MOST_ERRANDS: usize = 8;

impl<W: World> Supervisor<W> {
    pub(super) async fn add_destination(&mut self, wanted: AddDestination) -> Result<Added, ApiError> {
        self.room_for_one()?;
        let preset = presets::by_id(&wanted.preset).ok_or_else(|| {
            view::invalid("There is no such kind of destination.", "Choose one of the list, or custom.")
        })?;
        let url = match wanted.url.filter(|url| !url.trim().is_empty()) {
            Some(url) => url,
            None => preset.ingests.first().map(|ingest| ingest.url.clone()).ok_or_else(|| {
                view::invalid("The server address is missing.", "Paste the address the platform shows you.")
            })?,
        };
        let key = parse_key(&wanted.stream_key)?;
        let (url, key) = self.outputs.address(&url, key).map_err(view::invalid_words)?;
        if key.is_empty() && !preset.key_optional {
            return Err(view::invalid(&format!("{} needs a stream key.", preset.name), &preset.key_hint));
        }
        let row = DestinationRow {
            id: DestinationId::from_random(self.random.bytes()),
            name: parse_name(wanted.name.as_deref().unwrap_or(&preset.name))?,
            preset: preset.id.clone(),
            url,
            enabled: false,
            has_key: !key.is_empty(),
            hold_limit_s: parse_hold(wanted.hold_limit_s)?,
            bandwidth_test: wanted.bandwidth_test && preset.has_bandwidth_test,
            added_by: None,
        };
        self.keep_new(row, &key, self.fanout.entries.len()).await
    }

    pub(super) async fn duplicate_destination(&mut self, wanted: &OneDestination) -> Result<Added, ApiError> {
        self.room_for_one()?;
        let index = self.find(&wanted.id)?;
        let original = self.fanout.entries[index].row.clone();
        let key = self.keys.get(&original.id).await.map_err(view::storage_error)?;
        let mut name: String = original.name.chars().take(MOST_NAME_CHARS - 5).collect();
        name.push_str(" copy");
        let id = DestinationId::from_random(self.random.bytes());
        let row = DestinationRow { id, name, enabled: false, added_by: None, ..original };
        self.keep_new(row, &key, index + 1).await
    }

    /// Keeps a new destination at `place` of the order. The key is written first: a row never promises one that is not
    /// there.
    async fn keep_new(
        &mut self,
        row: DestinationRow,
        key: &DestinationKey,
        place: usize,
    ) -> Result<Added, ApiError> {
        if row.has_key {
            self.keep_key(&row.id, key).await?;
        }
        self.history.insert(&row).await.map_err(view::storage_error)?;
        let id = row.id.clone();
        let seed = self.seed();
        self.fanout.entries.insert(place, Entry::new(row, seed));
        if place + 1 != self.fanout.entries.len() {
            self.keep_order().await?;
        }
        self.feed(place, self.fanout.source.input()).await;
        self.show_destinations();
        Ok(Added { id: id.as_str().to_owned() })
    }

    pub(super) async fn update_destination(&mut self, wanted: UpdateDestination) -> Result<(), ApiError> {
        let index = self.find(&wanted.id)?;
        let old = self.fanout.entries[index].row.clone();
        let preset = presets::by_id(&old.preset);
        // The stored key is not looked up: its keychain may be away, which must not keep a destination from being mended.
        let (url, given) = match wanted.stream_key.as_deref().map(parse_key).transpose()? {
            None if wanted.url.trim() == old.url => (old.url.clone(), None),
            given => self.new_address(&wanted.url, given, &old)?,
        };
        let has_key = given.as_ref().map_or(old.has_key, |key| !key.is_empty());
        if let Some(preset) = preset.filter(|preset| !has_key && !preset.key_optional) {
            return Err(view::invalid(&format!("{} needs a stream key.", preset.name), &preset.key_hint));
        }
        let row = DestinationRow {
            name: parse_name(&wanted.name)?,
            url,
            has_key,
            hold_limit_s: parse_hold(wanted.hold_limit_s)?,
            bandwidth_test: wanted.bandwidth_test && preset.is_some_and(|preset| preset.has_bandwidth_test),
            ..old.clone()
        };
        if let Some(key) = &given {
            self.keep_key(&row.id, key).await?;
        }
        self.history.update(&row).await.map_err(view::storage_error)?;
        let moved = given.is_some() || (&row.url, row.bandwidth_test) != (&old.url, old.bandwidth_test);
        let entry = &mut self.fanout.entries[index];
        entry.machine.set_hold_limit_ms(hold_limit_ms(&row));
        entry.row = row;
        if moved {
            self.feed(index, Input::Edited).await;
        }
        self.show_destinations();
        Ok(())
    }

    /// Keeps a key, and says where keys are kept now: a keychain that takes none leaves them to the file.
    async fn keep_key(&mut self, id: &DestinationId, key: &DestinationKey) -> Result<(), ApiError> {
        self.keys.put(id, key).await.map_err(view::storage_error)?;
        self.screen.key_place(self.keys.place());
        Ok(())
    }

    /// The address and key of a destination that is changed. Without a key beside it, an address whose path got longer
    /// ends in one that was pasted where it does not belong; with a path as long as before, the stored key stays.
    fn new_address(
        &self,
        url: &str,
        given: Option<DestinationKey>,
        old: &DestinationRow,
    ) -> Result<(String, Option<DestinationKey>), ApiError> {
        let stays = given.is_none() && old.has_key;
        let read = |key| self.outputs.address(url, key).map_err(view::invalid_words);
        let (short, pasted) = read(given.unwrap_or_default())?;
        if stays && pasted.is_empty() {
            return Ok((short, None));
        }
        if stays && path_parts(url) <= path_parts(&old.url) {
            // Any key will do to have the address read whole.
            let whole = read(DestinationKey::parse("stored").unwrap_or_default())?.0;
            return Ok((whole, None));
        }
        Ok((short, Some(pasted)))
    }

    pub(super) async fn set_destinations(&mut self, ids: &[String], on: bool) -> Result<(), ApiError> {
        let indices = ids.iter().map(|id| self.find(id)).collect::<Result<Vec<_>, _>>()?;
        self.switch(&indices, on).await
    }

    /// Switches on or off: written first, done then.
    pub(super) async fn switch(&mut self, indices: &[usize], on: bool) -> Result<(), ApiError> {
        for &index in indices {
            let row = DestinationRow { enabled: on, ..self.fanout.entries[index].row.clone() };
            let written = self.history.update(&row).await.map_err(view::storage_error);
            // Off is off, also when it cannot be written down.
            if on {
                written?;
            } else if let Err(error) = written {
                tracing::error!(error = %error.message, "a destination's switch could not be written");
            }
            self.fanout.entries[index].row = row;
            self.feed(index, if on { Input::Enable } else { Input::Disable }).await;
        }
        self.show_destinations();
        Ok(())
    }

    pub(super) async fn go_live(&mut self, wanted: &SomeDestinations) -> Result<(), ApiError> {
        if self.fanout.source == Source::Gone {
            return Err(ApiError {
                code: Code::Busy,
                message: "There is no stream to go live with yet.".to_owned(),
                next_step: Some("Start the stream and wait for its picture, then go live.".to_owned()),
            });
        }
        if wanted.ids.is_empty() {
            return Err(view::invalid("No destination was chosen.", "Choose at least one to go live."));
        }
        self.set_destinations(&wanted.ids, true).await
    }

    pub(super) async fn end_broadcast(&mut self) -> Result<(), ApiError> {
        let on = self.switched(true);
        self.switch(&on, false).await
    }

    pub(super) async fn remove_destination(&mut self, wanted: &OneDestination) -> Result<(), ApiError> {
        let index = self.find(&wanted.id)?;
        let id = self.fanout.entries[index].row.id.clone();
        self.history.remove(&id).await.map_err(view::storage_error)?;
        self.feed(index, Input::Disable).await;
        self.fanout.entries.remove(index);
        self.show_destinations();
        self.keys.remove(&id).await.map_err(view::storage_error)
    }

    pub(super) async fn order_destinations(&mut self, wanted: &SomeDestinations) -> Result<(), ApiError> {
        let mut places = wanted.ids.iter().map(|id| self.find(id)).collect::<Result<Vec<_>, _>>()?;
        let order = places.clone();
        places.sort_unstable();
        places.dedup();
        if places.len() != self.fanout.entries.len() || order.len() != places.len() {
            return Err(view::invalid("Each destination must be named once.", "Ask for the list again."));
        }
        let mut entries: Vec<Option<Entry>> = self.fanout.entries.drain(..).map(Some).collect();
        self.fanout.entries = order.into_iter().filter_map(|place| entries[place].take()).collect();
        self.show_destinations();
        self.keep_order().await
    }

    async fn keep_order(&mut self) -> Result<(), ApiError> {
        let ids: Vec<DestinationId> = self.fanout.entries.iter().map(|entry| entry.row.id.clone()).collect();
        self.history.order(&ids).await.map_err(view::storage_error)
    }

    pub(super) async fn retry_destination(&mut self, wanted: &OneDestination) -> Result<(), ApiError> {
        let index = self.find(&wanted.id)?;
        self.feed(index, Input::RetryNow).await;
        self.show_destinations();
        Ok(())
    }

    pub(super) fn test_destination(
        &mut self,
        wanted: &OneDestination,
        answer: oneshot::Sender<Result<DestinationTest, ApiError>>,
    ) {
        // Whoever asked may have stopped waiting.
        let entry = match self.find(&wanted.id).and_then(|index| self.errand(index)) {
            Ok(entry) => entry,
            Err(error) => return drop(answer.send(Err(error))),
        };
        let state = entry.machine.state();
        if state.has_attempt() {
            // A second connection with the same key could push the first one off the air.
            let accepted = matches!(state, State::Broadcasting | State::Interrupted);
            let message = view::message(entry.machine.words());
            return drop(answer.send(Ok(DestinationTest { accepted, message })));
        }
        let trial = self.outputs.try_out(&entry.row.id, entry.target());
        self.errands.spawn(async move {
            let outcome = trial.await;
            let _ = answer.send(Ok(view::destination_test(outcome)));
        });
    }

    fn errand(&self, index: usize) -> Result<&Entry, ApiError> {
        if self.errands.len() < MOST_ERRANDS {
            return Ok(&self.fanout.entries[index]);
        }
        Err(ApiError {
            code: Code::Busy,
            message: "Several destinations are being tested already.".to_owned(),
            next_step: Some("Wait for their answers first.".to_owned()),
        })
    }

    pub(super) fn reveal_key(
        &mut self,
        wanted: &OneDestination,
        answer: oneshot::Sender<Result<RevealedKey, ApiError>>,
    ) {
        let id = match self.find(&wanted.id).and_then(|index| self.errand(index)) {
            Ok(entry) => entry.row.id.clone(),
            Err(error) => return drop(answer.send(Err(error))),
        };
        // A keychain may ask its user first; the stream does not wait for that.
        let key = self.keys.get(&id);
        self.errands.spawn(async move {
            let key = key.await.map_err(view::storage_error);
            let _ = answer.send(key.map(|key| RevealedKey { stream_key: key.expose().to_owned() }));
        });
    }

    pub(super) fn preflight(&self) -> Preflight {
        let mut chosen = self.switched(true);
        if chosen.is_empty() {
            chosen = (0..self.fanout.entries.len()).collect();
        }
        let facts = self.measured.signal.as_ref().map(facts);
        let check = |entry: &Entry| {
            let preset = presets::by_id(&entry.row.preset);
            let findings: Vec<_> = match (&facts, preset) {
                (Some(facts), Some(preset)) => {
                    preflight::check(facts, preset).into_iter().map(view::finding).collect()
                }
                _ => Vec::new(),
            };
            DestinationPreflight {
                id: entry.row.id.as_str().to_owned(),
                name: entry.row.name.clone(),
                verdict: findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Pass),
                findings,
            }
        };
        Preflight {
            measured: facts.is_some(),
            destinations: chosen.into_iter().map(|index| check(&self.fanout.entries[index])).collect(),
        }
    }

    pub(super) fn broadcast_check(&mut self, answer: oneshot::Sender<Result<BroadcastCheck, ApiError>>) {
        let busy = |message: &str, next_step: &str| ApiError {
            code: Code::Busy,
            message: message.to_owned(),
            next_step: Some(next_step.to_owned()),
        };
        if self.fanout.source == Source::Gone {
            let error = busy("There is no stream to check yet.", "Start the stream first.");
            return drop(answer.send(Err(error)));
        }
        let Ok(only) = self.checking.clone().try_lock_owned() else {
            let error = busy("A check is running already.", "Wait for its result.");
            return drop(answer.send(Err(error)));
        };
        let check = self.outputs.check();
        self.errands.spawn(async move {
            let outcome = check.await.map_err(view::busy);
            drop(only);
            let _ = answer.send(outcome);
        });
    }

    fn find(&self, id: &str) -> Result<usize, ApiError> {
        DestinationId::parse(id).ok().and_then(|id| self.fanout.index(&id)).ok_or_else(|| ApiError {
            code: Code::NotFound,
            message: "There is no such destination.".to_owned(),
            next_step: Some("It may have been removed; look at the list again.".to_owned()),
        })
    }

    fn room_for_one(&self) -> Result<(), ApiError> {
        if self.fanout.entries.len() < MOST_DESTINATIONS {
            return Ok(());
        }
        Err(view::invalid(
            &format!("There are {MOST_DESTINATIONS} destinations already."),
            "Remove one you no longer use.",
        ))
    }
}

/// How many parts the path of an address has.
fn path_parts(url: &str) -> usize {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    path.split('/').skip(1).filter(|part| !part.trim().is_empty()).count()
}

fn parse_key(text: &str) -> Result<DestinationKey, ApiError> {
    DestinationKey::parse(text.trim()).map_err(|_| {
        view::invalid(
            "The stream key has characters no stream key has, or is too long.",
            "Copy it again from the platform and paste it here.",
        )
    })
}

fn parse_name(text: &str) -> Result<String, ApiError> {
    let name = text.trim();
    let printable = !name.chars().any(char::is_control);
    if (1..=MOST_NAME_CHARS).contains(&name.chars().count()) && printable {
        return Ok(name.to_owned());
    }
    Err(view::invalid("The name is empty or too long.", "Give it a name of up to 80 characters."))
}

fn parse_hold(limit_s: Option<u32>) -> Result<Option<u32>, ApiError> {
    match limit_s {
        Some(limit_s) if limit_s > MOST_HOLD_S => {
            Err(view::invalid("That is too long to hold a picture.", "Choose at most a day."))
        }
        limit_s => Ok(limit_s),
    }
}

fn facts(signal: &SignalView) -> SignalFacts {
    SignalFacts {
        video_codec: signal.video_codec.clone(),
        has_b_frames: signal.has_b_frames,
        keyframe_interval_ms: signal.keyframe_interval_ms,
        bitrate_bps: signal.bitrate_bps,
        width: signal.width,
        height: signal.height,
        fps: signal.fps,
        audio_codec: signal.audio_codec.clone(),
        audio_bitrate_bps: signal.audio_bitrate_bps,
        audio_channels: signal.audio_channels,
        audio_sample_rate_hz: signal.audio_sample_rate_hz,
    }
}
