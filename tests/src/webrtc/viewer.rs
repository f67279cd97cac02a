//! A viewer: posts an offer (WHEP), receives picture and sound, and counts.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use str0m::media::{Direction, KeyframeRequestKind, Mid};
use str0m::{Event, IceConnectionState, Rtc};
use tokio::sync::watch;

use crate::wait::{PATIENCE, within};
use crate::webrtc::exchange::{Refused, Session};
use crate::webrtc::link::{Link, Party};
use crate::webrtc::offer::{Draft, Wanted, candidates};
use crate::webrtc::reception::{Assembly, Piece, Report, Seen, Unit};
use crate::webrtc::road::{Road, Way};
use crate::webrtc::weather::Weather;

/// Clock of the picture's RTP times (RFC 6184 s5.1).
const VIDEO_HZ: u32 = 90_000;

/// What a viewer keeps of what it receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It only counts.
    Nothing,
    /// Every whole frame.
    Units,
}

/// How a viewer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joining {
    /// What it asks for.
    pub wanted: Wanted,
    /// By which way.
    pub way: Way,
    /// In which weather.
    pub weather: Weather,
    /// What it keeps.
    pub keep: Keep,
}

impl Default for Joining {
    /// Picture and sound over UDP in fair weather, counted alone.
    fn default() -> Self {
        let (wanted, way) = (Wanted::PictureAndSound, Way::Udp);
        Self { wanted, way, weather: Weather::FAIR, keep: Keep::Nothing }
    }
}

/// See the module's documentation. Its socket closes when it is dropped.
pub struct Viewer {
    seen: watch::Sender<Seen>,
    link: Link<Ask>,
    session: Session,
}

/// What a viewer asks of its server.
pub(super) enum Ask {
    Keyframe,
}

impl Viewer {
    /// Joins over UDP in fair weather.
    ///
    /// # Errors
    /// When the offer is refused.
    ///
    /// # Panics
    /// When the answer is none.
    pub async fn connect(whep: &str) -> Result<Self, Refused> {
        Self::connect_as(whep, Joining::default()).await
    }

    /// Joins as said.
    ///
    /// # Errors
    /// When the offer is refused.
    ///
    /// # Panics
    /// When the answer is none, or names no way of that kind.
    pub async fn connect_as(whep: &str, joining: Joining) -> Result<Self, Refused> {
        let Joining { wanted, way, weather, keep } = joining;
        // Over TCP the socket is there only once it is connected: the offer names no candidate, as a browser's that
        // hides its addresses.
        let udp = (way == Way::Udp).then(Road::udp);
        let draft = Draft::new(wanted, Direction::RecvOnly, true, udp.as_ref());
        let session = Session::open(whep, None, &draft.offer).await?;
        let video = draft.video;
        let mut rtc = draft.accept(&session.answer).unwrap_or_else(|why| {
            panic!("the answer cannot be used: {why}\n{}", session.answer);
        });
        let road = match udp {
            Some(road) => road,
            None => {
                let offered = candidates(&session.answer).into_iter().find(|one| one.way == Way::Tcp);
                let remote = offered.unwrap_or_else(|| panic!("no ICE-TCP in {}", session.answer)).address;
                let road = Road::tcp(remote).await;
                rtc.add_local_candidate(road.candidate());
                road
            }
        };
        Ok(Self::run(rtc, video, road, weather, keep, session))
    }

    pub(super) fn run(
        rtc: Rtc,
        video: Option<Mid>,
        road: Road,
        weather: Weather,
        keep: Keep,
        session: Session,
    ) -> Self {
        let seen = watch::Sender::new(Seen::default());
        let watcher = Watcher {
            seen: seen.clone(),
            video,
            picture: Assembly::new(true, keep),
            sound: Assembly::new(false, keep),
        };
        Self { seen, link: Link::start(rtc, road, weather, watcher), session }
    }

    /// Looks at what was seen so far.
    pub fn look<T>(&self, what: impl FnOnce(&Seen) -> T) -> T {
        what(&self.seen.borrow())
    }

    /// Waits until it has seen what is wanted; `what` says it in words.
    ///
    /// # Panics
    /// When that takes longer than [`PATIENCE`].
    pub async fn until(&self, what: &str, wanted: impl Fn(&Seen) -> bool) {
        self.until_within(PATIENCE, what, wanted).await;
    }

    /// As [`Viewer::until`], with a deadline of its own.
    ///
    /// # Panics
    /// When the time is over.
    pub async fn until_within(&self, time: Duration, what: &str, wanted: impl Fn(&Seen) -> bool) {
        let mut seen = self.seen.subscribe();
        let saw = tokio::time::timeout(time, seen.wait_for(wanted)).await.is_ok();
        assert!(saw, "{time:?} passed waiting for {what}; seen so far: {}", self.look(Seen::brief));
    }

    /// Waits for the first keyframe; returns how long after ICE connected it was whole.
    ///
    /// # Panics
    /// When there is none in time.
    pub async fn first_keyframe(&self) -> Duration {
        self.until("a keyframe", |seen| seen.video.first_keyframe_at.is_some()).await;
        self.look(|seen| {
            let (connected, key) = (seen.ice_connected_at, seen.video.first_keyframe_at);
            key.zip(connected).map(|(key, connected)| key.saturating_duration_since(connected))
        })
        .expect("a keyframe comes after ICE")
    }

    /// Waits until `time` has passed without a datagram.
    ///
    /// # Panics
    /// When they do not end.
    pub async fn quiet_for(&self, time: Duration) {
        let mut seen = self.seen.subscribe();
        let quiet = async {
            loop {
                seen.mark_unchanged();
                let last = seen.borrow().last_datagram_at.unwrap_or_else(Instant::now);
                if tokio::time::timeout_at((last + time).into(), seen.changed()).await.is_err() {
                    return;
                }
            }
        };
        within(PATIENCE, "datagrams to end", quiet).await;
    }

    /// Asks for a keyframe (PLI, RFC 4585 s6.3.1).
    pub fn request_keyframe(&self) {
        self.link.order(Ask::Keyframe);
    }

    /// The frames kept so far, picture and sound; they are not kept any longer.
    pub fn take_units(&self) -> (Vec<Unit>, Vec<Unit>) {
        let mut taken = (Vec::new(), Vec::new());
        self.seen.send_if_modified(|seen| {
            taken = (std::mem::take(&mut seen.video.units), std::mem::take(&mut seen.audio.units));
            false
        });
        taken
    }

    /// The session as the server opened it.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Ends the session (DELETE); the socket goes on counting what still comes.
    pub async fn leave(&self) -> StatusCode {
        self.session.delete().await
    }

    /// The weather changes.
    pub fn weather(&self, weather: Weather) {
        self.link.weather(weather);
    }

    /// Goes out of reach without a word: nothing is read or sent any more, and the socket stays open.
    pub fn vanish(&self) {
        self.link.fall_silent();
    }
}

impl Seen {
    /// The figures without what was kept.
    pub(super) fn brief(&self) -> String {
        let without = |track: &super::Track| super::Track { units: Vec::new(), ..track.clone() };
        format!("{:#?}", Self { video: without(&self.video), audio: without(&self.audio), ..self.clone() })
    }
}

struct Watcher {
    seen: watch::Sender<Seen>,
    video: Option<Mid>,
    picture: Assembly,
    sound: Assembly,
}

impl Party for Watcher {
    type Order = Ask;

    fn datagram(&mut self, now: Instant) {
        self.seen.send_modify(|seen| {
            seen.datagrams += 1;
            seen.last_datagram_at = Some(now);
        });
    }

    fn event(&mut self, event: Event, now: Instant) {
        let Self { seen, video, picture, sound } = self;
        seen.send_modify(|seen| match event {
            Event::Connected => seen.connected_at = seen.connected_at.or(Some(now)),
            Event::IceConnectionStateChange(state) => match state {
                IceConnectionState::Connected | IceConnectionState::Completed => {
                    seen.ice_connected_at.get_or_insert(now);
                    seen.disconnected = false;
                }
                IceConnectionState::Disconnected => seen.disconnected = true,
                IceConnectionState::New | IceConnectionState::Checking => {}
            },
            Event::RtpPacket(packet) => {
                let (assembly, track) = if packet.time.denom() == VIDEO_HZ {
                    (picture, &mut seen.video)
                } else {
                    (sound, &mut seen.audio)
                };
                let piece = Piece {
                    rtp_time: packet.time.numer(),
                    marker: packet.header.marker,
                    payload: packet.payload,
                    at: packet.timestamp,
                };
                assembly.take(*packet.header.ssrc, *packet.seq_no, piece, track);
            }
            Event::SenderFeedback(feedback) => {
                let track = if Some(feedback.mid) == *video { &mut seen.video } else { &mut seen.audio };
                let info = feedback.sender_info;
                track.reported(Report { wall: info.ntp_time, rtp_time: info.rtp_time.numer() });
            }
            Event::Closed => seen.closed = true,
            _ => {}
        });
    }

    fn closed(&mut self) {
        self.seen.send_modify(|seen| seen.closed = true);
    }

    fn obey(&mut self, order: Ask, rtc: &mut Rtc) {
        let Ask::Keyframe = order;
        if let Some(video) = self.video
            && let Some(stream) = rtc.direct_api().stream_rx_by_mid(video, None)
        {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
    }
}
