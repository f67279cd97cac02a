//! Offers, and what answers say.

use std::time::Instant;

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::{Rtc, RtcConfig};

use crate::webrtc::road::{Candidate, Road, Way};

/// What an offer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// H.264 and Opus.
    PictureAndSound,
    /// H.264 alone.
    Picture,
    /// Opus alone.
    Sound,
    /// Opus, and a picture in VP8 only.
    Vp8,
}

/// A peer that has made its offer and waits for the answer.
pub(super) struct Draft {
    pub(super) rtc: Rtc,
    pub(super) offer: String,
    pending: SdpPendingOffer,
    pub(super) video: Option<Mid>,
    pub(super) audio: Option<Mid>,
}

impl Draft {
    /// Packets (`rtp_mode`) or whole frames; a socket to name in the offer, or none.
    pub(super) fn new(wanted: Wanted, direction: Direction, rtp_mode: bool, road: Option<&Road>) -> Self {
        let mut rtc = RtcConfig::new()
            .clear_codecs()
            .enable_h264(wanted != Wanted::Vp8)
            .enable_vp8(wanted == Wanted::Vp8)
            .enable_opus(true, false)
            .set_rtp_mode(rtp_mode)
            .build(Instant::now());
        if let Some(road) = road {
            rtc.add_local_candidate(road.candidate());
        }
        let mut change = rtc.sdp_api();
        let mut add =
            |kind, wanted: bool| wanted.then(|| change.add_media(kind, direction, None, None, None));
        let audio = add(MediaKind::Audio, wanted != Wanted::Picture);
        let video = add(MediaKind::Video, wanted != Wanted::Sound);
        let (offer, pending) = change.apply().expect("something was asked for");
        Self { rtc, offer: offer.to_sdp_string(), pending, video, audio }
    }

    /// Takes the answer.
    pub(super) fn accept(self, answer: &str) -> Result<Rtc, String> {
        let mut rtc = self.rtc;
        let answer = SdpAnswer::from_sdp_string(answer).map_err(|error| error.to_string())?;
        rtc.sdp_api().accept_answer(self.pending, answer).map_err(|error| error.to_string())?;
        Ok(rtc)
    }
}

/// An offer of a viewer that is never heard of again.
pub fn offer(wanted: Wanted) -> String {
    Draft::new(wanted, Direction::RecvOnly, true, None).offer
}

/// Where an answer says its server can be reached (RFC 8839 s5.1); what is neither UDP nor passive TCP is left out.
pub fn candidates(answer: &str) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = answer.lines().filter_map(candidate).collect();
    let mut seen = Vec::new();
    // Each media section repeats them.
    found.retain(|candidate| {
        !seen.contains(candidate) && {
            seen.push(*candidate);
            true
        }
    });
    found
}

/// `a=candidate:1 1 udp 2130706431 127.0.0.1 8936 typ host`
fn candidate(line: &str) -> Option<Candidate> {
    let fields: Vec<&str> = line.trim().strip_prefix("a=candidate:")?.split(' ').collect();
    let way = match fields.get(2)?.to_ascii_lowercase().as_str() {
        "udp" => Way::Udp,
        "tcp" if line.contains("tcptype passive") => Way::Tcp,
        _ => return None,
    };
    let address = (fields.get(4)?.parse::<std::net::IpAddr>().ok()?, fields.get(5)?.parse().ok()?);
    Some(Candidate { way, address: address.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_found_once() {
        let answer = "v=0\r\na=candidate:1 1 udp 2130706431 127.0.0.1 8936 typ host\r\n\
                      a=candidate:2 1 tcp 1 127.0.0.1 8936 typ host tcptype passive\r\n\
                      a=candidate:1 1 udp 2130706431 127.0.0.1 8936 typ host\r\n";
        let address = "127.0.0.1:8936".parse().unwrap();
        let of = |way| Candidate { way, address };
        assert_eq!(candidates(answer), [of(Way::Udp), of(Way::Tcp)]);
    }

    #[test]
    fn an_offer_asks_for_what_was_wanted() {
        let both = offer(Wanted::PictureAndSound);
        assert!(both.contains("H264") && both.contains("opus") && both.contains("a=recvonly"), "{both}");
        assert!(!offer(Wanted::Sound).contains("m=video"));
        assert!(!offer(Wanted::Picture).contains("m=audio"));
        assert!(offer(Wanted::Vp8).contains("VP8") && !offer(Wanted::Vp8).contains("H264"));
    }
}
