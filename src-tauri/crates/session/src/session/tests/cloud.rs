//! Glasses the MentraOS cloud commands, and streams it delivers.

use super::*;

fn a_cloud_start() -> Start {
    Start { delivery: Delivery::Cloud, ..a_start(CameraLink::Cloud) }
}

#[test]
fn the_cloud_may_take_its_time_to_start_the_glasses() {
    for delivery in Delivery::ALL {
        let mut story = Story::of(Input::Start(Start { delivery, ..a_cloud_start() }));
        let effects = story.expire(CLOUD_PATIENCE_MS);
        assert_eq!(state_recorded(&effects), State::Ended(EndReason::CameraSilent), "{delivery:?}");
        assert_eq!(besides_records(effects), [Effect::StopCamera, Effect::Release]);
    }
}

#[test]
fn glasses_of_the_cloud_feed_this_computer_like_any_others() {
    let mut story = Story { session: Session::new(), now_ms: T0 };
    let effects = story.tell(Input::Start(a_start(CameraLink::Cloud)));
    assert_eq!(besides_records(effects), [Effect::Provision { resumed: false }, Effect::StartCamera]);
    story.wait(20_000).tell(Input::CameraStarted);
    assert_eq!(story.state(), State::AwaitingMedia);
    assert_eq!(story.session.next_deadline_ms(), Some(T0 + 20_000 + CLOUD_PATIENCE_MS));
    assert_eq!(story.tell(Input::MediaArrived), [Effect::Probe]);
    assert_eq!(state_recorded(&story.tell(Input::Playable)), State::Live);
}

#[test]
fn a_stream_of_the_cloud_is_live_once_it_truly_plays() {
    let mut story = Story { session: Session::new(), now_ms: T0 };
    let effects = story.tell(Input::Start(a_cloud_start()));
    assert_eq!(besides_records(effects), [Effect::StartCamera], "nothing is made ready here");
    story.tell(Input::CameraStarted);
    assert_eq!(story.tell(Input::Playable), [], "nobody said that it is live");
    assert_eq!(story.wait(30_000).tell(Input::MediaArrived), [Effect::Probe]);
    assert_eq!(story.session.next_deadline_ms(), Some(T0 + 30_000 + CLOUD_PATIENCE_MS), "counted anew");
    assert_eq!(state_recorded(&story.wait(20_000).tell(Input::Playable)), State::Live);
    assert_eq!(story.tell(Input::MediaArrived), [], "told twice is no news");
    assert_eq!(state_recorded(&story.tell(Input::MediaLost)), State::Interrupted);
    assert_eq!(story.tell(Input::MediaArrived), [Effect::Probe]);
    assert_eq!(state_recorded(&story.tell(Input::Playable)), State::Live);
}

#[test]
fn a_stream_of_the_cloud_that_never_plays_is_given_up() {
    let mut silent = Story::of(Input::Start(a_cloud_start()));
    silent.tell(Input::CameraStarted);
    let effects = silent.expire(CLOUD_PATIENCE_MS);
    assert_eq!(state_recorded(&effects), State::Ended(EndReason::NoMedia));

    let mut empty = Story::of(Input::Start(a_cloud_start()));
    empty.tell(Input::CameraStarted);
    empty.tell(Input::MediaArrived);
    empty.tell(Input::ProbeFailed { words: why() });
    let effects = empty.expire(CLOUD_PATIENCE_MS);
    assert_eq!(state_recorded(&effects), State::Ended(EndReason::NotPlayable));
    assert!(empty.session.words().text.contains(&why().text), "{:?}", empty.session.words());
}
