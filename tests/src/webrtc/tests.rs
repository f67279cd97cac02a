//! Both ends here: a viewer and a publisher that answers it, over real sockets.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use str0m::change::SdpOffer;
use str0m::media::Direction;
use str0m::net::TcpType;
use str0m::{Candidate, Rtc, RtcConfig};
use tokio::net::TcpListener;

use crate::wait::{PATIENCE, within};
use crate::webrtc::offer::Draft;
use crate::webrtc::road::Road;
use crate::webrtc::*;

/// A server's side that accepts an offer: ICE-lite, whole frames.
fn server(candidate: Candidate, offer: &str) -> (Rtc, String) {
    let mut rtc = RtcConfig::new()
        .clear_codecs()
        .enable_h264(true)
        .enable_opus(true, false)
        .set_ice_lite(true)
        .set_rtcp_report_interval_video(Duration::from_millis(500))
        .set_rtcp_report_interval_audio(Duration::from_millis(500))
        .build(Instant::now());
    rtc.add_local_candidate(candidate);
    let offer = SdpOffer::from_sdp_string(offer).unwrap();
    let answer = rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string();
    (rtc, answer)
}

async fn over_udp(clip: &Clip, viewing: Weather, sending: Weather) -> (Viewer, Publisher) {
    let (near, far) = (Road::udp(), Road::udp());
    let draft = Draft::new(Wanted::PictureAndSound, Direction::RecvOnly, true, Some(&near));
    let (video, audio) = (draft.video, draft.audio);
    let (rtc, answer) = server(far.candidate(), &draft.offer);
    let publisher = Publisher::run(rtc, (video, audio), far, sending, clip, Session::none(&answer));
    let rtc = draft.accept(&answer).unwrap();
    let viewer = Viewer::run(rtc, video, near, viewing, Keep::Units, Session::none(&answer));
    (viewer, publisher)
}

#[tokio::test]
async fn every_frame_arrives_and_is_counted() {
    let clip = Clip::make("320x180").await;
    let (viewer, publisher) = over_udp(&clip, Weather::FAIR, Weather::FAIR).await;
    assert!(viewer.first_keyframe().await < Duration::from_secs(2));
    viewer.until("two seconds", |seen| seen.video.frames >= 60 && seen.audio.frames >= 100).await;
    viewer.look(|seen| {
        for track in [&seen.video, &seen.audio] {
            assert_eq!((track.lost, track.broken_frames, track.steps_back), (0, 0, 0), "{}", seen.brief());
            assert!(!track.reports.is_empty(), "{}", seen.brief());
        }
        assert!(seen.video.widest_step <= 3_100 && seen.audio.widest_step == 960, "{}", seen.brief());
        assert!(seen.video.keyframes >= 2 && seen.video.sps_changes == 0, "{}", seen.brief());
    });
    let (pictures, sounds) = viewer.take_units();
    // str0m leaves the delimiters out.
    assert_eq!(pictures[0].bytes, clip.pictures()[0].bytes);
    assert!((0.1..0.25).contains(&Sound::loudness(&sounds)), "{}", Sound::loudness(&sounds));

    let before = viewer.look(|seen| seen.video.keyframes);
    let given = publisher.look(|given| given.keyframe_requests);
    viewer.request_keyframe();
    publisher.until("the request", |seen| seen.keyframe_requests > given).await;
    viewer.until_within(Duration::from_millis(500), "a keyframe", |seen| seen.video.keyframes > before).await;

    publisher.play(&Clip::make("160x90").await);
    viewer.until("another SPS", |seen| seen.video.sps_changes == 1).await;
    publisher.pause(true);
    viewer.quiet_for(Duration::from_millis(300)).await;
}

#[tokio::test]
async fn what_is_lost_is_asked_for_again() {
    let clip = Clip::make("320x180").await;
    let (viewer, _publisher) = over_udp(&clip, Weather::BAD, Weather::FAIR).await;
    viewer.until("four seconds in bad weather", |seen| seen.video.frames >= 120).await;
    viewer.look(|seen| {
        assert!(seen.video.broken_frames <= 2, "{}", seen.brief());
        assert!(seen.video.superfluous > 0 || seen.video.lost == 0, "{}", seen.brief());
    });
}

#[tokio::test]
async fn what_is_never_sent_again_stays_lost() {
    let clip = Clip::make("320x180").await;
    let sending = Weather { lost_out_every: 20, never_again: true, ..Weather::FAIR };
    let (viewer, _publisher) = over_udp(&clip, Weather::FAIR, sending).await;
    viewer.until("lost packets", |seen| seen.video.lost > 2 && seen.video.broken_frames > 2).await;
}

#[tokio::test]
async fn a_viewer_comes_over_tcp() {
    let clip = Clip::make("320x180").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let draft = Draft::new(Wanted::PictureAndSound, Direction::RecvOnly, true, None);
    let (video, audio) = (draft.video, draft.audio);
    let passive = Candidate::builder().tcp().host(address).tcptype(TcpType::Passive).build().unwrap();
    let (server, answer) = server(passive, &draft.offer);
    assert_eq!(candidates(&answer), [road::Candidate { way: Way::Tcp, address }]);
    let mut rtc = draft.accept(&answer).unwrap();
    let near = Road::tcp(address).await;
    rtc.add_local_candidate(near.candidate());
    let (stream, remote) = within(PATIENCE, "a connection", listener.accept()).await.unwrap();
    let far = Road::Tcp { stream, local: address, remote, received: BytesMut::new() };
    let _publisher =
        Publisher::run(server, (video, audio), far, Weather::FAIR, &clip, Session::none(&answer));
    let viewer = Viewer::run(rtc, video, near, Weather::FAIR, Keep::Nothing, Session::none(&answer));
    viewer.until("a second of it", |seen| seen.video.frames >= 30 && seen.audio.frames >= 50).await;
}
