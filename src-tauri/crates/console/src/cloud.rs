//! The user's app at the MentraOS cloud, as far as the cloud told: who is connected, and the stream that runs there.

use std::net::IpAddr;

use session::{DestinationKey, Words};

use crate::api::{CloudChoice, CloudSession, CloudView, GlassesLink, PlaybackUrls, RelayView};
use crate::glasses::Glasses;
use crate::ports::{CloudFact, CloudRunning, GlassesFact};
use crate::view;

/// What is shown as the address of glasses that are not connected to this computer.
const THROUGH: &str = "MentraOS";
/// Below this the camera of the glasses does not start.
const EMPTY_PERCENT: u8 = 10;

/// One user's session.
#[derive(Debug)]
struct Entry {
    id: String,
    user_id: String,
    connected: bool,
    since_ms: u64,
    glasses: Glasses,
    glasses_ip: Option<IpAddr>,
}

/// State of the relay.
#[derive(Debug, Default)]
pub(crate) struct Relay {
    pub(crate) connected: bool,
    pub(crate) public_url: Option<String>,
    pub(crate) problem: Option<String>,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct CloudDesk {
    pub(crate) choice: Option<CloudChoice>,
    pub(crate) webhook_url: Option<String>,
    pub(crate) relay: Relay,
    pub(crate) called_at_ms: Option<u64>,
    /// What is wrong with the app as a whole.
    pub(crate) problem: Option<Words>,
    /// Newest last.
    sessions: Vec<Entry>,
    /// Whose glasses the running stream has.
    pub(crate) session_id: Option<String>,
    /// The cloud's id of the running stream, once told.
    pub(crate) stream_id: Option<String>,
    /// That of the one before: what is still said of it says nothing of this one.
    pub(crate) last_stream_id: Option<String>,
    /// Where the stream plays that the cloud delivers.
    pub(crate) urls: Option<PlaybackUrls>,
    /// Where the cloud is to push it: complete addresses with keys, and names.
    pub(crate) destinations: Vec<(DestinationKey, String)>,
    /// What runs at the cloud was asked; the answer decides what becomes of the stream that waits. No answer by then: the
    /// cloud is one that gives none, and the stream goes its way.
    pub(crate) answer_until_ms: Option<u64>,
    /// The stream was asked for, or found there: it may be the one that runs, and its end has to be asked for as well.
    pub(crate) asked_for: bool,
}

impl CloudDesk {
    /// Whether glasses can be asked for a stream.
    ///
    /// # Errors
    /// In words, with the next step.
    pub(crate) fn ready(&self) -> Result<(), Words> {
        self.usable().map(drop)
    }

    /// The session to ask: the newest that is connected.
    pub(crate) fn usable(&self) -> Result<&str, Words> {
        let Some(choice) = &self.choice else {
            return Err(Words::warning("Stream Console is not connected to MentraOS.")
                .then("Set up Mentra glasses first, then start."));
        };
        let connected = || self.sessions.iter().rev().filter(|entry| entry.connected);
        if let Some(entry) = connected().find(|entry| entry.has_glasses() && !entry.lacks_wifi()) {
            return Ok(&entry.id);
        }
        if connected().any(Entry::has_glasses) {
            return Err(
                Words::warning("The glasses have no Wi-Fi.").then("Connect them to Wi-Fi in the Mentra app.")
            );
        }
        if connected().next().is_some() {
            return Err(Words::warning("The phone has no connection to the glasses.")
                .then("Switch the glasses on near the phone."));
        }
        Err(Words::warning("No phone runs the app at MentraOS.")
            .then(format!("Start the app {} in the Mentra app on the phone.", choice.package_name)))
    }

    /// Address of the glasses of a session in their Wi-Fi.
    pub(crate) fn glasses_ip(&self, session_id: &str) -> Option<IpAddr> {
        self.find(session_id).and_then(|entry| entry.glasses_ip)
    }

    pub(crate) fn is_connected(&self, session_id: &str) -> bool {
        self.find(session_id).is_some_and(|entry| entry.connected)
    }

    fn find(&self, session_id: &str) -> Option<&Entry> {
        self.sessions.iter().find(|entry| entry.id == session_id)
    }

    /// Takes in what is so of a session, whatever streams.
    pub(crate) fn fact(&mut self, now_ms: u64, session_id: &str, fact: &CloudFact) {
        if let CloudFact::Connected { user_id } = fact {
            self.problem = None;
            let mut entry = match self.sessions.iter().position(|entry| entry.id == session_id) {
                Some(at) => self.sessions.remove(at),
                None => Entry {
                    id: session_id.to_owned(),
                    user_id: user_id.clone(),
                    connected: true,
                    since_ms: now_ms,
                    glasses: Glasses::default(),
                    glasses_ip: None,
                },
            };
            if !entry.connected {
                entry.connected = true;
                entry.since_ms = now_ms;
            }
            self.sessions.push(entry);
            return;
        }
        let Some(at) = self.sessions.iter().position(|entry| entry.id == session_id) else { return };
        match fact {
            CloudFact::Lost => {
                self.sessions[at].connected = false;
                // No answer comes any more; it is asked again once the session is back.
                if self.session_id.as_deref() == Some(session_id) {
                    self.answer_until_ms = None;
                }
            }
            CloudFact::Over { words } => {
                self.sessions.remove(at);
                if words.is_some() {
                    self.problem.clone_from(words);
                }
            }
            CloudFact::Glasses(fact) => self.sessions[at].told(now_ms, fact),
            CloudFact::GlassesIp(ip) => self.sessions[at].glasses_ip = *ip,
            _ => {}
        }
    }

    /// Forgets everybody, for another app is one now.
    pub(crate) fn leave(&mut self) {
        *self = Self { choice: self.choice.take(), ..Self::default() };
    }

    /// A new stream is asked for.
    pub(crate) fn begin(&mut self, session_id: String) {
        self.session_id = Some(session_id);
        self.last_stream_id = self.stream_id.take().or(self.last_stream_id.take());
        self.urls = None;
        self.answer_until_ms = None;
    }

    /// Whether a stream found running is none of this app's.
    pub(crate) fn is_foreign(&self, found: &CloudRunning) -> bool {
        if found.managed {
            // Whose it is the cloud does not say.
            let id = Some(&found.stream_id);
            return id != self.stream_id.as_ref() && id != self.last_stream_id.as_ref();
        }
        found.owner.is_some() && !self.is_own(found)
    }

    /// Whether this app asked for an unmanaged stream found running.
    pub(crate) fn is_own(&self, found: &CloudRunning) -> bool {
        let own = self.choice.as_ref().map(|choice| choice.package_name.as_str());
        !found.managed && found.owner.as_deref() == own
    }

    /// What the cloud told of the glasses of a session that keeps their video away.
    pub(crate) fn trouble(&self, session_id: &str) -> Option<Words> {
        let entry = self.find(session_id)?;
        let glasses = entry.glasses.view()?;
        if entry.lacks_wifi() {
            return Some(
                Words::error("They have no Wi-Fi.")
                    .then("Connect them to Wi-Fi in the Mentra app, then try again."),
            );
        }
        if !entry.has_glasses() {
            return Some(
                Words::error("The phone has no connection to them.")
                    .then("Check that they are on and near the phone, then try again."),
            );
        }
        let percent = glasses.battery_percent.filter(|percent| *percent < EMPTY_PERCENT)?;
        (glasses.charging != Some(true)).then(|| {
            Words::error(format!("Their battery is at {percent} %.")).then("Charge them, then try again.")
        })
    }

    /// Whether what is told of a stream with this id is told of the one that runs. `alive`: it is said to begin or to run.
    ///
    /// The stream before may have ended here alone, for the cloud did not obey; then it is found running and goes on as this
    /// one. That it has ended is no word about this one.
    pub(crate) fn is_ours(&mut self, stream_id: Option<&str>, alive: bool) -> bool {
        let Some(id) = stream_id else { return true };
        let is_last = |known: &Option<String>| known.is_some() && *known == self.last_stream_id;
        let ours = match &self.stream_id {
            Some(ours) if ours == id => return true,
            None if self.last_stream_id.as_deref() == Some(id) => alive,
            None => true,
            known => is_last(known) && alive,
        };
        if ours {
            self.stream_id = Some(id.to_owned());
        }
        ours
    }

    pub(crate) fn view(&self) -> Option<CloudView> {
        let choice = self.choice.as_ref()?;
        let relay = choice.relay_url.as_ref().map(|url| RelayView {
            url: url.clone(),
            connected: self.relay.connected,
            problem: self.relay.problem.clone(),
        });
        let message = match &self.problem {
            Some(words) => Some(view::message(words)),
            None => {
                self.usable().err().map(|words| view::message(&Words { tone: session::Tone::Info, ..words }))
            }
        };
        Some(CloudView {
            package_name: choice.package_name.clone(),
            webhook_url: self.webhook_url.clone(),
            public_url: choice.public_url.clone().or_else(|| self.relay.public_url.clone()),
            relay,
            sessions: self.sessions.iter().rev().map(Entry::view).collect(),
            called_at_ms: self.called_at_ms,
            message,
        })
    }
}

impl Entry {
    /// Older clouds say nothing of the glasses: those are tried.
    fn has_glasses(&self) -> bool {
        self.glasses.view().is_none_or(|view| view.link == GlassesLink::Connected)
    }

    fn lacks_wifi(&self) -> bool {
        self.glasses.view().is_some_and(|view| view.wifi == Some(false))
    }

    fn told(&mut self, now_ms: u64, fact: &GlassesFact) {
        if self.glasses.view().is_none() {
            self.glasses.fact(now_ms, &GlassesFact::Connected { address: THROUGH.to_owned() });
        }
        self.glasses.fact(now_ms, fact);
        // The time axis belongs to the glasses of this computer.
        self.glasses.take_marks();
    }

    fn view(&self) -> CloudSession {
        CloudSession {
            session_id: self.id.clone(),
            user_id: self.user_id.clone(),
            connected: self.connected,
            since_ms: self.since_ms,
            glasses: self.glasses.view(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk() -> CloudDesk {
        let choice = CloudChoice {
            package_name: "com.example.cam".to_owned(),
            webhook_port: 0,
            public_url: None,
            relay_url: None,
            clouds: Vec::new(),
        };
        CloudDesk { choice: Some(choice), ..CloudDesk::default() }
    }

    fn connected(user: &str) -> CloudFact {
        CloudFact::Connected { user_id: user.to_owned() }
    }

    #[test]
    fn what_is_missing_is_said_in_its_order() {
        let mut nothing = CloudDesk::default();
        nothing.fact(0, "one", &connected("a@example.com"));
        assert!(nothing.ready().unwrap_err().text.contains("not connected to MentraOS"));

        let mut desk = desk();
        assert!(desk.ready().unwrap_err().next_step.unwrap().contains("com.example.cam"));
        desk.fact(1, "one", &connected("a@example.com"));
        assert_eq!(desk.usable(), Ok("one"), "glasses nobody spoke of are tried");
        let away = GlassesFact::State {
            model: None,
            link: Some(GlassesLink::PhoneOnly),
            wifi: None,
            wifi_name: None,
        };
        desk.fact(2, "one", &CloudFact::Glasses(away));
        assert!(desk.ready().unwrap_err().text.contains("glasses"));
        desk.fact(3, "two", &connected("b@example.com"));
        assert_eq!(desk.usable(), Ok("two"));
        desk.fact(4, "two", &CloudFact::Lost);
        assert!(desk.ready().is_err());
        desk.fact(5, "two", &connected("b@example.com"));
        let view = desk.view().unwrap();
        assert_eq!(view.sessions.iter().map(|one| one.since_ms).collect::<Vec<_>>(), [5, 1]);
        desk.fact(6, "two", &CloudFact::Over { words: None });
        assert_eq!(desk.view().unwrap().sessions.len(), 1);
    }

    #[test]
    fn a_late_word_of_the_stream_before_is_not_taken_for_this_one() {
        let mut desk = desk();
        desk.begin("one".to_owned());
        assert!(desk.is_ours(Some("s1"), true) && desk.is_ours(None, false));
        desk.begin("one".to_owned());
        assert!(!desk.is_ours(Some("s1"), false), "that the one before ended");
        assert!(desk.is_ours(Some("s1"), true), "it runs on");
        assert!(desk.is_ours(Some("s2"), true), "it was the one before after all");
        assert!(!desk.is_ours(Some("s1"), true) && desk.is_ours(Some("s2"), false));
        assert!(!desk.is_ours(Some("s3"), true));
    }
}
