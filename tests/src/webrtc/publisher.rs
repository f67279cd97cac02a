//! A publisher: posts an offer (WHIP) and sends a clip in real time.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use str0m::format::Codec;
use str0m::media::{Direction, Frequency, MediaTime, Mid};
use str0m::{Event, Rtc};
use tokio::sync::watch;

use crate::wait::{PATIENCE, within};
use crate::webrtc::clip::{Clip, PACKET_SAMPLES};
use crate::webrtc::exchange::{Refused, Session};
use crate::webrtc::link::{Link, Party};
use crate::webrtc::offer::{Draft, Wanted};
use crate::webrtc::road::Road;
use crate::webrtc::weather::Weather;

const SOUND_STEP: Duration = Duration::from_millis(20);

/// See the module's documentation. Its socket closes when it is dropped.
pub struct Publisher {
    given: watch::Sender<Given>,
    link: Link<Tell>,
    session: Session,
}

/// What it gave so far.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// DTLS is up.
    pub connected_at: Option<Instant>,
    /// The connection is over.
    pub closed: bool,
    /// Access units sent.
    pub pictures: u64,
    /// Opus packets sent.
    pub sounds: u64,
    /// Keyframes it was asked for (PLI or FIR); each was given at once.
    pub keyframe_requests: u64,
    /// When the newest was asked for.
    pub last_request_at: Option<Instant>,
}

/// What a publisher can be told.
pub(super) enum Tell {
    Play(Clip),
    Pause(bool),
}

impl Publisher {
    /// Publishes in fair weather; the key goes in the header.
    ///
    /// # Errors
    /// When it is refused.
    ///
    /// # Panics
    /// When the answer is none.
    pub async fn publish(whip: &str, key: Option<&str>, clip: &Clip) -> Result<Self, Refused> {
        Self::publish_in(whip, key, clip, Weather::FAIR).await
    }

    /// Publishes in this weather.
    ///
    /// # Errors
    /// When it is refused.
    ///
    /// # Panics
    /// When the answer is none.
    pub async fn publish_in(
        whip: &str,
        key: Option<&str>,
        clip: &Clip,
        weather: Weather,
    ) -> Result<Self, Refused> {
        let road = Road::udp();
        let draft = Draft::new(Wanted::PictureAndSound, Direction::SendOnly, false, Some(&road));
        let session = Session::open(whip, key, &draft.offer).await?;
        let (video, audio) = (draft.video, draft.audio);
        let rtc = draft.accept(&session.answer).unwrap_or_else(|why| {
            panic!("the answer cannot be used: {why}\n{}", session.answer);
        });
        Ok(Self::run(rtc, (video, audio), road, weather, clip, session))
    }

    pub(super) fn run(
        mut rtc: Rtc,
        (video, audio): (Option<Mid>, Option<Mid>),
        road: Road,
        weather: Weather,
        clip: &Clip,
        session: Session,
    ) -> Self {
        if weather.never_again
            && let Some(video) = video
            && let Some(stream) = rtc.direct_api().stream_tx_by_mid(video, None)
        {
            stream.set_rtx_cache(0, Duration::ZERO, None);
        }
        let given = watch::Sender::new(Given::default());
        let camera = Camera {
            given: given.clone(),
            video,
            audio,
            clip: clip.clone(),
            at: 0,
            paused: false,
            started: None,
            next_picture: None,
            next_sound: None,
            sound: 0,
        };
        Self { given, link: Link::start(rtc, road, weather, camera), session }
    }

    /// Looks at what it gave so far.
    pub fn look<T>(&self, what: impl FnOnce(&Given) -> T) -> T {
        what(&self.given.borrow())
    }

    /// Waits until it has given what is wanted; `what` says it in words.
    ///
    /// # Panics
    /// When that takes longer than [`PATIENCE`].
    pub async fn until(&self, what: &str, wanted: impl Fn(&Given) -> bool) {
        let mut given = self.given.subscribe();
        let _ = within(PATIENCE, what, given.wait_for(wanted)).await;
    }

    /// Goes on with another clip, from its first keyframe, on the same clock.
    pub fn play(&self, clip: &Clip) {
        self.link.order(Tell::Play(clip.clone()));
    }

    /// Sends nothing, or goes on; its clock runs.
    pub fn pause(&self, paused: bool) {
        self.link.order(Tell::Pause(paused));
    }

    /// The weather changes; whether anything is sent again was settled at the start.
    pub fn weather(&self, weather: Weather) {
        self.link.weather(weather);
    }

    /// The session as the server opened it.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Ends the session (DELETE).
    pub async fn leave(&self) -> StatusCode {
        self.session.delete().await
    }

    /// Goes out of reach without a word.
    pub fn vanish(&self) {
        self.link.fall_silent();
    }
}

struct Camera {
    given: watch::Sender<Given>,
    video: Option<Mid>,
    audio: Option<Mid>,
    clip: Clip,
    /// Number of the next picture in the clip.
    at: usize,
    paused: bool,
    /// When the connection was there: zero of both clocks.
    started: Option<Instant>,
    next_picture: Option<Instant>,
    next_sound: Option<Instant>,
    sound: usize,
}

impl Camera {
    fn media_time(&self, due: Instant, frequency: Frequency) -> MediaTime {
        let since = due.duration_since(self.started.unwrap_or(due));
        MediaTime::from_micros(since.as_micros() as u64).rebase(frequency)
    }

    fn send_picture(&mut self, due: Instant, rtc: &mut Rtc) {
        let picture = self.clip.pictures[self.at].clone();
        self.at = (self.at + 1) % self.clip.pictures.len();
        let time = self.media_time(due, Frequency::NINETY_KHZ);
        if write(rtc, self.video, Codec::H264, due, time, &picture.bytes) {
            self.given.send_modify(|given| given.pictures += 1);
        }
    }

    fn send_sound(&mut self, due: Instant, rtc: &mut Rtc) {
        let packet = self.clip.sounds[self.sound % self.clip.sounds.len()].clone();
        let samples = self.sound as u64 * u64::from(PACKET_SAMPLES);
        self.sound += 1;
        if write(
            rtc,
            self.audio,
            Codec::Opus,
            due,
            MediaTime::new(samples, Frequency::FORTY_EIGHT_KHZ),
            &packet,
        ) {
            self.given.send_modify(|given| given.sounds += 1);
        }
    }
}

/// Whether it could be sent.
fn write(
    rtc: &mut Rtc,
    mid: Option<Mid>,
    codec: Codec,
    at: Instant,
    time: MediaTime,
    bytes: &std::sync::Arc<[u8]>,
) -> bool {
    let Some(writer) = mid.and_then(|mid| rtc.writer(mid)) else { return false };
    let Some(pt) =
        writer.payload_params().find(|params| params.spec().codec == codec).map(|params| params.pt())
    else {
        return false;
    };
    writer.write(pt, at, time, bytes.clone()).is_ok()
}

impl Party for Camera {
    type Order = Tell;

    fn datagram(&mut self, _now: Instant) {}

    fn event(&mut self, event: Event, now: Instant) {
        match event {
            Event::Connected => {
                self.started = Some(now);
                (self.next_picture, self.next_sound) = (Some(now), Some(now));
                self.given.send_modify(|given| given.connected_at = Some(now));
            }
            Event::KeyframeRequest(_) => {
                let key = |number: &usize| self.clip.pictures[*number].key;
                let count = self.clip.pictures.len();
                let next = (self.at..self.at + count).map(|number| number % count).find(key);
                self.at = next.unwrap_or(0);
                self.given.send_modify(|given| {
                    given.keyframe_requests += 1;
                    given.last_request_at = Some(now);
                });
            }
            _ => {}
        }
    }

    fn closed(&mut self) {
        self.given.send_modify(|given| given.closed = true);
    }

    fn obey(&mut self, order: Tell, _rtc: &mut Rtc) {
        match order {
            Tell::Play(clip) => (self.clip, self.at) = (clip, 0),
            Tell::Pause(paused) => self.paused = paused,
        }
    }

    fn due(&self) -> Option<Instant> {
        self.next_picture.into_iter().chain(self.next_sound).min()
    }

    fn act(&mut self, now: Instant, rtc: &mut Rtc) {
        let frame = Duration::from_secs(1) / self.clip.fps;
        if let Some(due) = self.next_picture.filter(|due| *due <= now) {
            self.next_picture = Some(due + frame);
            if !self.paused {
                self.send_picture(due, rtc);
            }
        } else if let Some(due) = self.next_sound.filter(|due| *due <= now) {
            self.next_sound = Some(due + SOUND_STEP);
            if self.paused {
                self.sound += 1;
            } else {
                self.send_sound(due, rtc);
            }
        }
    }
}
