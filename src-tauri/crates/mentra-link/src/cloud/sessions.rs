//! Which sessions there are, and what a webhook means for them.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use mentra_wire::{AppMessage, Dialect};
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::destination::Destination;
use super::event::{CloudEnd, CloudSession};

/// Sessions at once. One more takes the place of one that was never acknowledged, else it is refused.
pub(super) const SESSIONS: usize = 8;
/// Messages of the owner on their way to the cloud, per session. Overflow policy: what finds it full is not said, and `say`
/// answers so.
pub(super) const SAYING: usize = 64;
/// Longest session or user id, bytes.
const ID_BYTES: usize = 256;
/// Sessions whose last dial is remembered, whether they are over or not.
const DIALS: usize = 64;

/// Where to connect, and which request asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) destination: Destination,
    pub(super) dialect: Dialect,
    /// When it was made, if it says so in a way that can be compared.
    pub(super) stamp: Option<u64>,
}

/// What a session is to do; the newest counts.
#[derive(Debug, Clone)]
pub(super) struct Orders {
    pub(super) call: Call,
    /// It is over, and why.
    pub(super) end: Option<CloudEnd>,
}

/// A session that begins.
pub(super) struct Start {
    pub(super) run: u64,
    pub(super) orders: watch::Receiver<Orders>,
}

/// What a request comes to.
pub(super) enum Asked {
    /// A session begins.
    Start(Start),
    /// A session that is known goes on.
    Known,
    /// It was taken before.
    Replay,
}

struct Entry {
    user_id: String,
    run: u64,
    orders: watch::Sender<Orders>,
    /// As long as it is connected.
    voice: Option<mpsc::Sender<AppMessage>>,
    /// Whether the cloud ever acknowledged it.
    acked: bool,
    /// Of the request whose socket is connected.
    stamp: Option<u64>,
}

/// The sessions.
#[derive(Default)]
pub(super) struct Sessions {
    entries: HashMap<String, Entry>,
    runs: u64,
    dials: VecDeque<(String, Instant)>,
}

impl Sessions {
    /// Takes a session request.
    ///
    /// # Errors
    /// In words for a person, when it is refused.
    pub(super) fn ask(&mut self, session_id: &str, user_id: &str, call: Call) -> Result<Asked, String> {
        if [session_id, user_id].iter().any(|id| id.is_empty() || id.len() > ID_BYTES) {
            return Err("The call names no session or no user.".to_owned());
        }
        if let Some(entry) = self.entries.get_mut(session_id) {
            if !entry.user_id.eq_ignore_ascii_case(user_id) {
                return Err("The call names another user than the session has.".to_owned());
            }
            if entry.voice.is_some() && call.stamp.is_some() {
                let pending = entry.orders.borrow().call.stamp;
                if call.stamp <= entry.stamp || call.stamp == pending {
                    return Ok(Asked::Replay);
                }
            }
            entry.orders.send_modify(|orders| orders.call = call);
            return Ok(Asked::Known);
        }
        if self.entries.len() >= SESSIONS && !self.crowd_out() {
            return Err(format!(
                "{SESSIONS} users have this app running already. Stop it for one of them, then start it again."
            ));
        }
        self.runs += 1;
        let (orders, ordered) = watch::channel(Orders { call, end: None });
        let entry = Entry {
            user_id: user_id.to_owned(),
            run: self.runs,
            orders,
            voice: None,
            acked: false,
            stamp: None,
        };
        self.entries.insert(session_id.to_owned(), entry);
        Ok(Asked::Start(Start { run: self.runs, orders: ordered }))
    }

    /// Webhooks are not signed: sessions that somebody made up must not keep out real ones. The oldest goes.
    fn crowd_out(&mut self) -> bool {
        let unproven = self.entries.iter().filter(|(_, entry)| !entry.acked);
        let Some(oldest) = unproven.min_by_key(|(_, entry)| entry.run).map(|(id, _)| id.clone()) else {
            return false;
        };
        if let Some(entry) = self.entries.remove(&oldest) {
            let end = CloudEnd::Refused {
                code: "CROWDED_OUT".to_owned(),
                message: "the cloud never took it, and another session needs its place".to_owned(),
            };
            entry.orders.send_modify(|orders| orders.end = Some(end));
        }
        true
    }

    /// Ends a session, by a webhook. False if there is none of this user's.
    pub(super) fn stop(&mut self, session_id: &str, user_id: &str, reason: String) -> bool {
        let entry = self.entries.get(session_id);
        let Some(entry) = entry.filter(|entry| entry.user_id.eq_ignore_ascii_case(user_id)) else {
            return false;
        };
        entry.orders.send_modify(|orders| orders.end = Some(CloudEnd::Stopped { reason }));
        true
    }

    /// The session's socket is acknowledged; a socket in the place of another keeps its `voice`.
    pub(super) fn connected(
        &mut self,
        session_id: &str,
        run: u64,
        stamp: Option<u64>,
        voice: Option<mpsc::Sender<AppMessage>>,
    ) {
        if let Some(entry) = self.own(session_id, run) {
            entry.acked = true;
            entry.stamp = stamp;
            if voice.is_some() {
                entry.voice = voice;
            }
        }
    }

    pub(super) fn lost(&mut self, session_id: &str, run: u64) {
        if let Some(entry) = self.own(session_id, run) {
            entry.voice = None;
        }
    }

    /// The session has ended. False if it was called again meanwhile, and so begins anew.
    pub(super) fn over(&mut self, session_id: &str, run: u64, orders: &watch::Receiver<Orders>) -> bool {
        let Some(entry) = self.own(session_id, run) else { return true };
        if orders.has_changed().unwrap_or(false) && orders.borrow().end.is_none() {
            (entry.voice, entry.acked, entry.stamp) = (None, false, None);
            return false;
        }
        self.entries.remove(session_id);
        true
    }

    fn own(&mut self, session_id: &str, run: u64) -> Option<&mut Entry> {
        self.entries.get_mut(session_id).filter(|entry| entry.run == run)
    }

    pub(super) fn say(&self, session_id: &str, message: AppMessage) -> bool {
        let voice = self.entries.get(session_id).and_then(|entry| entry.voice.as_ref());
        voice.is_some_and(|voice| voice.try_send(message).is_ok())
    }

    /// In the order of their ids.
    pub(super) fn list(&self) -> Vec<CloudSession> {
        let session = |(id, entry): (&String, &Entry)| CloudSession {
            session_id: id.clone(),
            user_id: entry.user_id.clone(),
            connected: entry.voice.is_some(),
        };
        let mut list: Vec<_> = self.entries.iter().map(session).collect();
        list.sort_by(|a, b| a.session_id.cmp(&b.session_id));
        list
    }

    pub(super) fn connected_count(&self) -> usize {
        self.entries.values().filter(|entry| entry.voice.is_some()).count()
    }

    /// From when on this session may be dialled, if it was dialled before.
    pub(super) fn dial_from(&self, session_id: &str, spacing: Duration) -> Option<Instant> {
        let last = self.dials.iter().find(|(id, _)| id == session_id);
        last.map(|(_, at)| *at + spacing)
    }

    /// It is dialled now. Outlives the session: calling a session that ends at once, again and again, dials no faster.
    pub(super) fn dialled(&mut self, session_id: &str, now: Instant) {
        self.dials.retain(|(id, _)| id != session_id);
        if self.dials.len() >= DIALS {
            self.dials.pop_front();
        }
        self.dials.push_back((session_id.to_owned(), now));
    }
}

/// A request's time as a number that grows: `2026-11-22T16:09:26.583Z` is 20261122160926583. None for anything but such text.
pub(super) fn stamp(timestamp: Option<&Value>) -> Option<u64> {
    let text = timestamp?.as_str()?.strip_suffix('Z')?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let shape = "0000-00-00T00:00:00";
    let fits = |(byte, model): (u8, u8)| if model == b'0' { byte.is_ascii_digit() } else { byte == model };
    let has_shape = seconds.len() == shape.len() && seconds.bytes().zip(shape.bytes()).all(fits);
    if !has_shape || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = seconds.bytes().filter(u8::is_ascii_digit);
    let ms = fraction.bytes().chain([b'0'; 3]).take(3);
    Some(digits.chain(ms).fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests;
