//! From an offer to an answer and the peer that made it.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use media_formats::h264::VideoConfig;
use str0m::bwe::Bitrate;
use str0m::change::SdpOffer;
use str0m::config::CryptoProvider;
use str0m::format::{Codec, PayloadParams};
use str0m::media::{Direction, Media, MediaKind, Mid, Pt};
use str0m::{Candidate, Rtc, RtcConfig};

/// Profiles a browser may name although it decodes others as well: constrained baseline, baseline, main, high.
const USUAL_PROFILES: [u32; 4] = [0x42_e0_1f, 0x42_00_1f, 0x4d_00_1f, 0x64_00_1f];
/// Payload types of ours until the offer's take their place (RFC 3551: 96 and up are dynamic).
const FIRST_PAYLOAD_TYPE: u8 = 100;
/// What the estimate of a viewer's bandwidth begins with. It is read, not obeyed: there is one rate to send.
const FIRST_ESTIMATE_BPS: u64 = 4_000_000;
/// Packets of a publisher's largest keyframe: what waits for a missing one.
const MAX_KEYFRAME_PACKETS: usize = 1_024;
/// A missing packet of sound is waited for this long.
const SOUND_AWAITED: Duration = Duration::from_millis(120);
/// How often a peer's figures are looked at.
const STATS_EVERY: Duration = Duration::from_secs(2);
/// How often a sender says how its RTP times and the clock belong together; the first comes at once.
const REPORT_EVERY: Duration = Duration::from_secs(1);

static CRYPTO: LazyLock<Arc<CryptoProvider>> =
    LazyLock::new(|| Arc::new(str0m::crypto::from_feature_flags()));

/// Why an offer does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It is no SDP, or says what cannot be meant.
    BadOffer,
    /// The stream has no picture.
    NoPicture,
    /// It takes no video, or takes none from us.
    NoVideo,
    /// It takes video, but no H.264 in packets of any size (packetization mode 1).
    NoH264,
}

/// A media section and the payload type it is sent with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Track {
    pub(super) mid: Mid,
    pub(super) pt: Pt,
}

/// What a player takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tracks {
    pub(super) video: Track,
    pub(super) audio: Option<Track>,
}

/// Sections a publisher sends in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) video: Option<Mid>,
    pub(super) audio: Option<Mid>,
}

/// A peer that waits for its connection.
pub(super) struct Offered<T> {
    pub(super) rtc: Rtc,
    pub(super) tracks: T,
    /// Our user name in its connectivity checks.
    pub(super) ufrag: String,
    pub(super) answer: String,
}

/// A player's offer: it is to take what `config` describes.
///
/// The answer names the picture's own profile and level. A browser that does not offer just that profile is sent the
/// picture all the same: decoders take more than their offers say.
pub(super) fn play(
    sdp: &str,
    config: &VideoConfig,
    candidates: &[Candidate],
) -> Result<Offered<Tracks>, Unfit> {
    let sps = &config.sps;
    let own =
        u32::from(sps.profile_idc) << 16 | u32::from(sps.constraint_flags) << 8 | u32::from(sps.level_idc);
    match answer(sdp, &[own], candidates) {
        Err(Unfit::NoH264) => answer(sdp, &USUAL_PROFILES, candidates),
        answered => answered,
    }
}

/// A publisher's offer: H.264 of any usual profile, and Opus.
pub(super) fn publish(sdp: &str, candidates: &[Candidate]) -> Result<Offered<Sent>, Unfit> {
    let mut config = config()
        .set_reordering_size_video(MAX_KEYFRAME_PACKETS)
        .set_reordering_timeout_audio(Some(SOUND_AWAITED));
    add_h264(&mut config, &USUAL_PROFILES);
    let (rtc, ufrag, answer) = accept(config, sdp, candidates)?;
    let receives = |media: &&Media| matches!(media.direction(), Direction::RecvOnly | Direction::SendRecv);
    let section = |kind: MediaKind| {
        mids(sdp).filter_map(|mid| rtc.media(mid)).find(|media| media.kind() == kind && receives(media))
    };
    let speaks = |media: &Media, codec: Codec| agreed(&rtc, media, codec).is_some();
    let video = section(MediaKind::Video);
    let audio = section(MediaKind::Audio).filter(|media| speaks(media, Codec::Opus)).map(Media::mid);
    match (video, audio) {
        (Some(media), _) if !speaks(media, Codec::H264) => Err(Unfit::NoH264),
        (None, None) => Err(Unfit::NoVideo),
        (video, audio) => {
            let tracks = Sent { video: video.map(Media::mid), audio };
            Ok(Offered { rtc, tracks, ufrag, answer })
        }
    }
}

fn add_h264(config: &mut RtcConfig, profiles: &[u32]) {
    let codecs = config.codec_config();
    for (&profile, index) in profiles.iter().zip(0u8..) {
        let pt = FIRST_PAYLOAD_TYPE + 2 * index;
        codecs.add_h264(pt.into(), Some((pt + 1).into()), true, profile);
    }
}

/// The payload type a section agreed on for a codec, the other side's favourite first.
fn agreed(rtc: &Rtc, media: &Media, codec: Codec) -> Option<Pt> {
    let params = rtc.codec_config().params();
    let of = |pt: &Pt| params.iter().find(|params| params.pt() == *pt && params.spec().codec == codec);
    media.remote_pts().iter().find_map(of).map(PayloadParams::pt)
}

fn answer(sdp: &str, profiles: &[u32], candidates: &[Candidate]) -> Result<Offered<Tracks>, Unfit> {
    let mut config = config().set_rtp_mode(true).enable_bwe(Some(Bitrate::bps(FIRST_ESTIMATE_BPS)));
    add_h264(&mut config, profiles);
    let (mut rtc, ufrag, answer) = accept(config, sdp, candidates)?;
    let track = |rtc: &Rtc, kind: MediaKind, codec: Codec| {
        let sends = |media: &&Media| matches!(media.direction(), Direction::SendOnly | Direction::SendRecv);
        let media =
            mids(sdp).filter_map(|mid| rtc.media(mid)).find(|media| media.kind() == kind && sends(media))?;
        Some((media.mid(), agreed(rtc, media, codec)))
    };
    let video = match track(&rtc, MediaKind::Video, Codec::H264) {
        None => return Err(Unfit::NoVideo),
        Some((_, None)) => return Err(Unfit::NoH264),
        Some((mid, Some(pt))) => Track { mid, pt },
    };
    let audio = track(&rtc, MediaKind::Audio, Codec::Opus).and_then(|(mid, pt)| Some(Track { mid, pt: pt? }));
    // Only as much probing as keeps the estimate alive: nothing could be sent at another rate.
    rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::ZERO);
    for mid in [Some(video.mid), audio.map(|audio| audio.mid)].into_iter().flatten() {
        if let Some(stream) = rtc.direct_api().stream_tx_by_mid(mid, None) {
            // The viewer's own pace holds bursts back; an estimate that errs must not.
            stream.set_unpaced(true);
        }
    }
    let answer = in_one_stream(&rtc, video.mid, audio.map(|audio| audio.mid), answer);
    Ok(Offered { rtc, tracks: Tracks { video, audio }, ufrag, answer })
}

/// The answer with both tracks in one media stream (RFC 8830): browsers keep only such tracks in step.
fn in_one_stream(rtc: &Rtc, video: Mid, audio: Option<Mid>, answer: String) -> String {
    let (Some(video), Some(audio)) = (rtc.media(video), audio.and_then(|mid| rtc.media(mid))) else {
        return answer;
    };
    let told = |line: &str| {
        let names = line.starts_with("a=msid:") || line.starts_with("a=ssrc:");
        if names { line.replace(audio.stream_id(), video.stream_id()) } else { line.to_owned() }
    };
    answer.split_inclusive('\n').map(told).collect()
}

/// An offer without what is not taken over from it: names of its media streams, which would come back in the answer as often
/// as that names them, however long they are; and layers of simulcast (RFC 8853), of which only one could be shown.
fn plain(offer: &str) -> String {
    const LEFT_OUT: [&str; 3] = ["a=msid", "a=simulcast:", "a=rid:"];
    let stays = |line: &&str| {
        !LEFT_OUT.iter().any(|start| line.starts_with(start))
            && !(line.starts_with("a=ssrc:") && (line.contains(" msid:") || line.contains(" mslabel:")))
    };
    offer.split_inclusive('\n').filter(stays).collect()
}

/// What every peer of ours is made with.
fn config() -> RtcConfig {
    RtcConfig::new()
        .set_crypto_provider(Arc::clone(&CRYPTO))
        .set_ice_lite(true)
        .clear_codecs()
        .enable_opus(true, false)
        .set_stats_interval(Some(STATS_EVERY))
        .set_rtcp_report_interval_audio(REPORT_EVERY)
        .set_rtcp_report_interval_video(REPORT_EVERY)
}

fn accept(config: RtcConfig, sdp: &str, candidates: &[Candidate]) -> Result<(Rtc, String, String), Unfit> {
    let bad = |error: &dyn std::error::Error| {
        tracing::debug!(%error, "an offer was refused");
        Unfit::BadOffer
    };
    let offer = SdpOffer::from_sdp_string(&plain(sdp)).map_err(|error| bad(&error))?;
    let mut rtc = config.build(Instant::now());
    for candidate in candidates {
        rtc.add_local_candidate(candidate.clone());
    }
    let answer = rtc.sdp_api().accept_offer(offer).map_err(|error| bad(&error))?;
    let ufrag = rtc.direct_api().local_ice_credentials().ufrag;
    Ok((rtc, ufrag, answer.to_sdp_string()))
}

/// Names of the offer's media sections, in order (RFC 9143 s7).
fn mids(sdp: &str) -> impl Iterator<Item = Mid> {
    sdp.lines().filter_map(|line| line.trim_end().strip_prefix("a=mid:")).map(Mid::from)
}

#[cfg(test)]
mod tests {
    use str0m::change::SdpAnswer;

    use super::*;
    use crate::testing::video_config;

    /// A browser that takes, or sends, these.
    fn offer(direction: Direction, kinds: &[MediaKind], profiles: &[u32]) -> (Rtc, String) {
        let mut config = RtcConfig::new()
            .set_crypto_provider(Arc::clone(&CRYPTO))
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true);
        add_h264(&mut config, profiles);
        let mut rtc = config.build(Instant::now());
        let mut api = rtc.sdp_api();
        for &kind in kinds {
            api.add_media(kind, direction, None, None, None);
        }
        let (offer, pending) = api.apply().expect("changes");
        drop(pending);
        (rtc, offer.to_sdp_string())
    }

    fn here() -> Vec<Candidate> {
        vec![Candidate::host("127.0.0.1:8936".parse().expect("an address"), "udp").expect("a candidate")]
    }

    const BOTH: [MediaKind; 2] = [MediaKind::Audio, MediaKind::Video];

    #[test]
    fn the_answer_names_the_pictures_own_profile_and_sends_both_tracks_in_one_stream() {
        let (_rtc, sdp) = offer(Direction::RecvOnly, &BOTH, &USUAL_PROFILES);
        let Ok(offered) = play(&sdp, &video_config(0x1f), &here()) else { panic!("no answer") };
        assert!(offered.answer.contains("profile-level-id=64001f"), "{}", offered.answer);
        assert!(!offered.answer.contains("42e01f"), "{}", offered.answer);
        assert!(offered.answer.contains("a=ice-lite"), "{}", offered.answer);
        assert!(offered.answer.contains(&offered.ufrag));
        assert!(offered.tracks.audio.is_some());
        let streams: Vec<&str> = offered
            .answer
            .lines()
            .filter_map(|line| line.strip_prefix("a=msid:")?.split(' ').next())
            .collect();
        assert_eq!(streams.len(), 2);
        assert_eq!(streams[0], streams[1]);
        assert!(SdpAnswer::from_sdp_string(&offered.answer).is_ok());
    }

    #[test]
    fn a_browser_that_names_other_profiles_is_answered_with_one_of_them() {
        let (_rtc, sdp) = offer(Direction::RecvOnly, &[MediaKind::Video], &[0x42_e0_1f]);
        let Ok(offered) = play(&sdp, &video_config(0x1f), &here()) else { panic!("no answer") };
        assert!(offered.answer.contains("profile-level-id=42e01f"), "{}", offered.answer);
        assert!(offered.tracks.audio.is_none());
    }

    #[test]
    fn offers_that_do_not_fit_are_told_apart() {
        let play = |sdp: &str| play(sdp, &video_config(0x1f), &here()).err();
        assert_eq!(play(""), Some(Unfit::BadOffer));
        assert_eq!(play("v=0\r\nnonsense"), Some(Unfit::BadOffer));
        assert_eq!(play(&offer(Direction::RecvOnly, &BOTH, &[]).1), Some(Unfit::NoH264));
        assert_eq!(
            play(&offer(Direction::RecvOnly, &[MediaKind::Audio], &[0x42_e0_1f]).1),
            Some(Unfit::NoVideo)
        );
        assert_eq!(play(&offer(Direction::SendOnly, &BOTH, &[0x42_e0_1f]).1), Some(Unfit::NoVideo));
        let publish = |sdp: &str| publish(sdp, &here()).err();
        assert_eq!(publish("v=0"), Some(Unfit::BadOffer));
        assert_eq!(publish(&offer(Direction::SendOnly, &BOTH, &[]).1), Some(Unfit::NoH264));
        assert_eq!(publish(&offer(Direction::RecvOnly, &BOTH, &[0x42_e0_1f]).1), Some(Unfit::NoVideo));
        assert_eq!(publish(&offer(Direction::SendOnly, &BOTH, &[0x42_e0_1f]).1), None);
        assert_eq!(publish(&offer(Direction::SendOnly, &[MediaKind::Audio], &[]).1), None);
    }

    #[test]
    fn names_of_the_offers_own_streams_do_not_come_back() {
        let (_rtc, sdp) = offer(Direction::RecvOnly, &BOTH, &USUAL_PROFILES);
        let long = "a".repeat(30_000);
        let mut sections = 0;
        let with_names: String = sdp
            .split_inclusive('\n')
            .filter(|line| !line.starts_with("a=msid"))
            .flat_map(|line| {
                let section = line.starts_with("a=mid:");
                sections += usize::from(section);
                let name = if sections == 1 { "a".to_owned() } else { long.clone() };
                [Some(line.to_owned()), section.then(|| format!("a=msid:{name} t\r\n"))]
            })
            .flatten()
            .collect();
        assert_eq!(sections, 2);
        let Ok(offered) = play(&with_names, &video_config(0x1f), &here()) else { panic!("no answer") };
        assert!(offered.answer.len() < 16_000, "{} bytes", offered.answer.len());
        assert!(SdpAnswer::from_sdp_string(&offered.answer).is_ok(), "{}", offered.answer);
    }

    #[test]
    fn simulcast_is_declined() {
        let (_rtc, sdp) = offer(Direction::SendOnly, &[MediaKind::Video], &USUAL_PROFILES);
        let layered = format!("{sdp}a=rid:hi send\r\na=rid:lo send\r\na=simulcast:send hi;lo\r\n");
        let Ok(offered) = publish(&layered, &here()) else { panic!("no answer") };
        assert!(
            !offered.answer.contains("simulcast") && !offered.answer.contains("a=rid"),
            "{}",
            offered.answer
        );
    }

    proptest::proptest! {
        /// Offers come from strangers.
        #[test]
        fn a_damaged_offer_is_refused_or_answered(at: proptest::sample::Index, with: u8, cut: proptest::sample::Index) {
            let (_rtc, sdp) = offer(Direction::RecvOnly, &BOTH, &USUAL_PROFILES);
            let mut bytes = sdp.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = with & 0x7f;
            bytes.truncate(cut.index(bytes.len()) + 1);
            if let Ok(sdp) = String::from_utf8(bytes) {
                let _ = play(&sdp, &video_config(0x1f), &here());
                let _ = publish(&sdp, &here());
            }
        }
    }
}
