//! Viewers of a stream by WebRTC (WHEP).

use std::time::{Duration, Instant, SystemTime};

use console_tests::webrtc::{Joining, Keep, Sight, Sound, Swarm, Unit, Viewer, Way};
use console_tests::{PATIENCE, Profile, Publisher, within};
use reqwest::StatusCode;

use crate::webrtc::{demo, live, playable, viewers};

/// Within this, a viewer that joins in the middle of a group of pictures sees one: sooner than the camera's next could be
/// there. What a browser needs is told by the tests of browsers, which have the computer for themselves.
const FIRST_PICTURE: Duration = Duration::from_secs(1);
/// The same for the last of a crowd that comes at once, all of whose encryption is agreed on by two cores.
const LAST_OF_A_CROWD: Duration = Duration::from_secs(2);
/// Within this, a viewer that asks for a keyframe has it; the camera's own is more than two seconds away.
const ASKED_PICTURE: Duration = Duration::from_secs(1);
/// Ticks of the picture's clock between two frames at 30 a second, their times being rounded to milliseconds.
const FRAME_STEP: u64 = 34 * 90;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_viewers_join_at_once_and_lose_nothing() {
    const VIEWERS: usize = 50;
    let (_console, mut screen) = demo().await;
    let swarm = Swarm::join(&screen.url("webrtc"), VIEWERS).await.expect("there is room");
    let slowest = swarm.slowest_keyframe().await;
    assert!(slowest <= LAST_OF_A_CROWD, "a first picture {slowest:?} after the connection");
    swarm.all("eight seconds", |seen| seen.video.frames >= 240 && seen.audio.frames >= 400).await;
    for viewer in &swarm.viewers {
        viewer.look(|seen| {
            for (track, step) in [(&seen.video, FRAME_STEP), (&seen.audio, 960)] {
                assert_eq!((track.lost, track.broken_frames, track.steps_back), (0, 0, 0), "{seen:#?}");
                assert!(track.widest_step <= step, "frames were left out: {seen:#?}");
                assert!(!track.reports.is_empty(), "{seen:#?}");
            }
            assert!(!seen.disconnected && !seen.closed, "{seen:#?}");
        });
    }
    viewers(&mut screen, VIEWERS as u64).await;
    swarm.leave().await;
    viewers(&mut screen, 0).await;
}

#[tokio::test]
async fn a_delete_ends_a_session_once() {
    let (console, mut screen) = demo().await;
    let viewer = Viewer::connect(&screen.url("webrtc")).await.expect("a session");
    assert!(viewer.session().etag.is_some(), "a session has a tag");
    viewer.first_keyframe().await;
    viewers(&mut screen, 1).await;
    let patched = async |body: &'static str| {
        let patch = console.client().patch(viewer.session().url.clone());
        let patch = patch.header("content-type", "application/trickle-ice-sdpfrag").body(body);
        within(PATIENCE, "an answer to a PATCH", patch.send()).await.expect("an answer").status()
    };
    assert_eq!(patched("a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n").await, StatusCode::NO_CONTENT);
    let elsewhere = patched("a=ice-ufrag:another\r\na=ice-pwd:another-password-of-24\r\n").await;
    assert_eq!(elsewhere, StatusCode::UNPROCESSABLE_ENTITY, "a restart is not pretended");
    assert_eq!(viewer.leave().await, StatusCode::OK);
    viewer.until("the farewell", |seen| seen.closed).await;
    viewer.quiet_for(Duration::from_secs(1)).await;
    assert_eq!(viewer.leave().await, StatusCode::NOT_FOUND);
    let patch = console.client().patch(viewer.session().url.clone());
    let patch = patch.header("content-type", "application/trickle-ice-sdpfrag").body("");
    let answer = within(PATIENCE, "an answer to a PATCH", patch.send()).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    viewers(&mut screen, 0).await;
}

#[tokio::test]
async fn a_viewer_that_vanishes_is_let_go_and_costs_the_others_nothing() {
    let (_console, mut screen) = demo().await;
    let url = screen.url("webrtc");
    let (gone, stays) = (Viewer::connect(&url).await, Viewer::connect(&url).await);
    let (gone, stays) = (gone.expect("a session"), stays.expect("a session"));
    gone.first_keyframe().await;
    stays.first_keyframe().await;
    viewers(&mut screen, 2).await;
    gone.vanish();
    let vanished = Instant::now();
    screen
        .until_within(Duration::from_secs(35), "the vanished viewer to be let go", |now| {
            now["session"]["viewers"] == 1
        })
        .await;
    eprintln!("a vanished viewer was counted for {:?}", vanished.elapsed());
    // It may come back and end what ended without it: once.
    assert_eq!(gone.leave().await, StatusCode::OK);
    assert_eq!(gone.leave().await, StatusCode::NOT_FOUND, "its session is over");
    stays.look(|seen| assert_eq!((seen.video.lost, seen.video.broken_frames), (0, 0), "{seen:#?}"));
}

#[tokio::test]
async fn a_keyframe_is_there_as_soon_as_it_is_asked_for() {
    let profile = Profile { gop_frames: 120, ..Profile::MAIN };
    let (_console, screen, _publisher) = live(&profile).await;
    let viewer = Viewer::connect(&screen.url("webrtc")).await.expect("a session");
    viewer.first_keyframe().await;
    for _ in 0..3 {
        // The camera's next one is more than two seconds away: the group has just begun.
        let seen = viewer.look(|seen| seen.video.keyframes);
        viewer.until("the camera's keyframe", |now| now.video.keyframes > seen).await;
        let frames = viewer.look(|seen| seen.video.frames);
        viewer.until("a second of that group", |now| now.video.frames >= frames + 30).await;
        let (before, asked) = (viewer.look(|seen| seen.video.keyframes), Instant::now());
        viewer.request_keyframe();
        viewer.until("the keyframe asked for", |now| now.video.keyframes > before).await;
        let came = viewer.look(|seen| seen.video.last_keyframe_at).expect("a keyframe");
        assert!(came - asked <= ASKED_PICTURE, "it took {:?}", came - asked);
    }
    viewer.look(|seen| {
        let video = &seen.video;
        assert_eq!((video.lost, video.broken_frames, video.steps_back), (0, 0, 0), "{seen:#?}");
        assert!(video.widest_step <= FRAME_STEP, "{seen:#?}");
    });
}

#[tokio::test]
async fn viewers_stay_through_a_drop_and_see_the_new_picture() {
    let (console, mut screen, publisher) = live(&Profile::MAIN).await;
    let viewer = Viewer::connect(&screen.url("webrtc")).await.expect("a session");
    viewer.first_keyframe().await;
    viewer.until("sound", |seen| seen.audio.frames > 10).await;
    publisher.kill().await;
    screen.phase("interrupted").await;
    screen.seconds_pass(4).await;
    let back = Profile { size: "640x360", h264_profile: "high", x264: "cabac=1:8x8dct=1", ..Profile::MAIN };
    let _publisher = Publisher::start(&console.publish_url().await, &back);
    viewer.until("another SPS", |seen| seen.video.sps_changes == 1).await;
    let (pictures, sounds) = viewer.look(|seen| (seen.video.frames, seen.audio.frames));
    viewer
        .until("two seconds of it", |seen| {
            seen.video.frames >= pictures + 60 && seen.audio.frames >= sounds + 100
        })
        .await;
    viewer.look(|seen| {
        assert!(!seen.disconnected && !seen.closed, "{seen:#?}");
        for track in [&seen.video, &seen.audio] {
            assert_eq!((track.lost, track.broken_frames, track.steps_back), (0, 0, 0), "{seen:#?}");
        }
        // The time line went on: the pause is in it.
        assert!(seen.video.widest_step >= 3 * 90_000, "{seen:#?}");
    });
}

#[tokio::test]
async fn who_comes_before_the_camera_is_told_to_try_again() {
    let (mut console, screen, publisher) = live(&Profile::MAIN).await;
    let path = screen.url("webrtc").replace(&console.http(), "");
    publisher.kill().await;
    console.restart().await;
    let mut screen = console.screen().await;
    screen.phase("interrupted").await;
    let url = format!("{}{path}", console.http());
    let refused = Viewer::connect(&url).await.err().expect("nothing is there to see");
    assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
    assert!(refused.words.contains("Try again"), "{refused:?}");
    let _publisher = Publisher::start(&console.publish_url().await, &Profile::MAIN);
    playable(&mut screen).await;
    assert_eq!(screen.url("webrtc"), url, "the address stays");
    Viewer::connect(&url).await.expect("a session").first_keyframe().await;
}

#[tokio::test]
async fn who_has_no_udp_watches_over_tcp() {
    let (_console, mut screen) = demo().await;
    let url = screen.url("webrtc");
    let viewer =
        Viewer::connect_as(&url, Joining { way: Way::Tcp, ..Joining::default() }).await.expect("a session");
    let first = viewer.first_keyframe().await;
    assert!(first <= FIRST_PICTURE, "a first picture {first:?} after the connection");
    viewer.until("four seconds", |seen| seen.video.frames >= 120 && seen.audio.frames >= 200).await;
    viewer.look(|seen| {
        assert_eq!((seen.video.lost, seen.video.broken_frames), (0, 0), "{seen:#?}");
        assert!(seen.video.widest_step <= FRAME_STEP, "{seen:#?}");
    });
    viewers(&mut screen, 1).await;
    assert_eq!(viewer.leave().await, StatusCode::OK);
    viewer.until("the farewell", |seen| seen.closed).await;
}

#[tokio::test]
async fn picture_and_sound_are_one() {
    // The demo's square lights up as it beeps, each second.
    let (_console, screen) = demo().await;
    let url = screen.url("webrtc");
    let viewer = Viewer::connect_as(&url, Joining { keep: Keep::Units, ..Joining::default() })
        .await
        .expect("a session");
    viewer
        .until("six seconds and reports", |seen| {
            seen.video.frames >= 180
                && seen.audio.frames >= 300
                && seen.video.reports.len() > 2
                && seen.audio.reports.len() > 2
        })
        .await;
    let (pictures, sounds) = viewer.take_units();
    // The first group is shown faster than it was.
    let live = pictures.iter().skip(1).position(|unit| unit.key).expect("a second keyframe") + 1;
    let flashes = Sight::flashes(&pictures[live..]).await;
    let beeps = Sound::beeps(&sounds);
    assert!(flashes.len() >= 2 && beeps.len() >= 3, "flashes at {flashes:?}, beeps at {beeps:?}");
    let seen_at: Vec<SystemTime> = viewer
        .look(|seen| flashes.iter().map(|&time| seen.video.wall(time, 90_000).expect("a report")).collect());
    let heard_at: Vec<SystemTime> = viewer
        .look(|seen| beeps.iter().map(|&time| seen.audio.wall(time, 48_000).expect("a report")).collect());
    for seen in seen_at {
        let nearest =
            heard_at.iter().map(|&heard| apart_ms(heard, seen)).min_by(|a, b| a.abs().total_cmp(&b.abs()));
        let apart_ms = nearest.expect("a beep");
        eprintln!("the beep came {apart_ms:.1} ms after the flash");
        assert!(apart_ms.abs() < 60.0, "picture and sound are {apart_ms} ms apart");
    }
    assert_clock_is_ours(&viewer, &pictures);
}

/// The reports' wall clock is this computer's: what comes now was there a moment ago.
fn assert_clock_is_ours(viewer: &Viewer, pictures: &[Unit]) {
    let newest = pictures.last().expect("pictures");
    let wall = viewer.look(|seen| seen.video.wall(newest.rtp_time, 90_000)).expect("a report");
    let arrived = SystemTime::now() - newest.arrived_at.elapsed();
    let late_ms = apart_ms(arrived, wall);
    assert!((-50.0..1_000.0).contains(&late_ms), "the newest picture came {late_ms} ms after its time");
}

/// Positive if `late` is later.
fn apart_ms(late: SystemTime, early: SystemTime) -> f64 {
    match late.duration_since(early) {
        Ok(after) => after.as_secs_f64() * 1e3,
        Err(before) => -before.duration().as_secs_f64() * 1e3,
    }
}
