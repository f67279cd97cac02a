//! Bad networks, made where the datagrams come in and go out.

use std::time::{Duration, Instant};

/// What happens to a peer's datagrams. Chance is drawn from a fixed seed: the same weather falls each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weather {
    /// Of a hundred datagrams that come in, so many are lost.
    pub lost_in_percent: u32,
    /// Those that come in are late by a random time up to this. They stay in order, as in a queue on the way.
    pub late_in: Duration,
    /// Each so many-th media packet that goes out is lost; 0 for none.
    pub lost_out_every: u32,
    /// Nothing is sent again: what is lost stays lost.
    pub never_again: bool,
}

impl Weather {
    /// Nothing is lost, nothing is late.
    pub const FAIR: Self =
        Self { lost_in_percent: 0, late_in: Duration::ZERO, lost_out_every: 0, never_again: false };
    /// 5 % lost and up to 50 ms late: a bad Wi-Fi.
    pub const BAD: Self = Self {
        lost_in_percent: 5,
        late_in: Duration::from_millis(50),
        lost_out_every: 0,
        never_again: false,
    };
}

/// What becomes of one datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is there at once.
    Passes,
    /// It is there then.
    Late(Instant),
    /// It is gone.
    Lost,
}

/// Draws fates.
#[derive(Debug)]
pub(super) struct Sky {
    pub(super) weather: Weather,
    state: u64,
    sent: u32,
    /// When the newest that is late comes in.
    newest: Option<Instant>,
}

impl Sky {
    pub(super) fn new(weather: Weather) -> Self {
        Self { weather, state: 0x9e37_79b9_7f4a_7c15, sent: 0, newest: None }
    }

    /// Fate of a datagram that came in.
    pub(super) fn incoming(&mut self, now: Instant) -> Fate {
        if self.weather.lost_in_percent > 0 && self.draw() % 100 < u64::from(self.weather.lost_in_percent) {
            return Fate::Lost;
        }
        let late_in_us = self.weather.late_in.as_micros() as u64;
        if late_in_us == 0 {
            return Fate::Passes;
        }
        let then = now + Duration::from_micros(self.draw() % late_in_us);
        let then = self.newest.map_or(then, |newest| newest.max(then));
        self.newest = Some(then);
        Fate::Late(then)
    }

    /// Whether a datagram that goes out is lost.
    pub(super) fn loses_outgoing(&mut self, datagram: &[u8]) -> bool {
        if self.weather.lost_out_every == 0 || !is_media(datagram) {
            return false;
        }
        self.sent += 1;
        self.sent.is_multiple_of(self.weather.lost_out_every)
    }

    /// xorshift64 (Marsaglia 2003).
    fn draw(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}

/// RTP, not STUN, DTLS or RTCP (RFC 7983, RFC 5761 s4).
fn is_media(datagram: &[u8]) -> bool {
    matches!(datagram, [first, second, ..] if (128..192).contains(first) && !(192..=223).contains(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_five_in_a_hundred_are_lost_and_none_is_later_than_said() {
        let mut sky = Sky::new(Weather::BAD);
        let now = Instant::now();
        let fates: Vec<Fate> = (0..10_000).map(|_| sky.incoming(now)).collect();
        let lost = fates.iter().filter(|fate| **fate == Fate::Lost).count();
        assert!((400..600).contains(&lost), "{lost}");
        let in_time = |fate: &Fate| match fate {
            Fate::Late(then) => *then < now + Weather::BAD.late_in,
            Fate::Lost => true,
            Fate::Passes => false,
        };
        assert!(fates.iter().all(in_time));
    }

    #[test]
    fn only_media_is_lost_on_its_way_out() {
        let mut sky = Sky::new(Weather { lost_out_every: 2, ..Weather::FAIR });
        assert!(
            !sky.loses_outgoing(&[22, 0]) && !sky.loses_outgoing(&[0, 1]) && !sky.loses_outgoing(&[128, 200])
        );
        assert!(!sky.loses_outgoing(&[128, 96]) && sky.loses_outgoing(&[144, 224]));
    }
}
