//! Unmanaged streams, time limits, notes, and cameras that stop by themselves.

use super::*;

#[test]
fn an_unmanaged_stream_is_neither_opened_nor_probed() {
    let mut story = Story { session: Session::new(), now_ms: T0 };
    let effects = story.tell(Input::Start(an_unmanaged_start()));
    assert_eq!(state_recorded(&effects), State::AwaitingCamera);
    assert_eq!(besides_records(effects), [Effect::StartCamera]);
    assert_eq!(
        (story.session.delivery(), story.session.starter()),
        (Delivery::Unmanaged, Some(Starter::User))
    );
    let effects = story.wait(1_000).tell(Input::CameraStarted);
    assert_eq!(state_recorded(&effects), State::AwaitingMedia);
    assert_eq!(story.tell(Input::MediaArrived), [], "nobody here sees its media");
    let effects = story.wait(2_000).tell(Input::Playable);
    assert_eq!(state_recorded(&effects), State::Live);
    assert_eq!(story.session.live_since_ms(), Some(T0 + 3_000));
    let effects = story.tell(Input::Stop { by: StopBy::App });
    assert_eq!(besides_records(effects), [Effect::StopCamera, Effect::Release]);
    let effects = story.tell(Input::Closed);
    assert_eq!(state_recorded(&effects), State::Ended(EndReason::Stopped(StopBy::App)));
}

#[test]
fn glasses_whose_first_word_is_that_the_server_takes_the_stream_are_told_by_the_table() {
    let mut story = Story::unmanaged();
    let effects = story.wait(900).tell(Input::Playable);
    let states: Vec<State> = recorded(&effects).iter().map(|change| change.state).collect();
    assert_eq!(states, [State::AwaitingMedia, State::Live]);
    assert_eq!(besides_records(effects), []);
    assert_eq!(story.session.next_deadline_ms(), None);
}

#[test]
fn an_unmanaged_stream_that_loses_its_server_goes_on_when_it_is_taken_again() {
    let mut story = Story::taken();
    assert_eq!(state_recorded(&story.wait(5_000).tell(Input::MediaLost)), State::Interrupted);
    assert_eq!(story.wait(1_000).tell(Input::MediaLost), [], "lost once is lost");
    assert_eq!(story.session.interrupted_since_ms(), Some(T0 + 5_000));
    assert_eq!(state_recorded(&story.wait(2_000).tell(Input::Playable)), State::Live);
    assert_eq!(story.session.live_since_ms(), Some(T0));
    assert_eq!(story.tell(Input::Playable), [], "that is no news");
}

#[test]
fn an_unmanaged_stream_of_the_last_run_goes_on() {
    let resume = |live_since_ms| {
        let resume = a_resume(CameraLink::Hub, live_since_ms);
        Input::Resume(Resume { delivery: Delivery::Unmanaged, ..resume })
    };
    let mut story = Story { session: Session::new(), now_ms: T0 };
    let effects = story.tell(resume(Some(T0 - 60_000)));
    assert_eq!(state_recorded(&effects), State::Interrupted);
    assert_eq!(besides_records(effects), [Effect::StartCamera]);
    let mut silent = Story::of(resume(Some(T0 - 60_000)));
    assert_eq!(state_recorded(&silent.expire(DEFAULT_GRACE_MS)), State::Ended(EndReason::Restarted));
    assert_eq!(story.tell(Input::CameraStarted), []);
    assert_eq!(state_recorded(&story.tell(Input::Playable)), State::Live);

    let mut story = Story { session: Session::new(), now_ms: T0 };
    let effects = story.tell(resume(None));
    assert_eq!(state_recorded(&effects), State::AwaitingCamera);
    assert_eq!(besides_records(effects), [Effect::StartCamera]);
    assert_eq!(state_recorded(&story.expire(CAMERA_ANSWER_MS)), State::Ended(EndReason::CameraSilent));
}

#[test]
fn a_camera_that_stops_by_itself_ends_the_stream() {
    let mut interrupted = Story::live(CameraLink::Hub);
    interrupted.tell(Input::MediaLost);
    let others = [Story::taken(), Story::unmanaged(), interrupted];
    for mut story in Story::commanded().into_iter().chain(COMMANDED.map(Story::live)).chain(others) {
        let effects = story.tell(Input::CameraStopped);
        assert_eq!(state_recorded(&effects), State::Stopping);
        assert_eq!(besides_records(effects), [Effect::StopCamera, Effect::Release]);
        assert_eq!(story.tell(Input::CameraStopped), []);
        let effects = story.tell(Input::Closed);
        assert_eq!(state_recorded(&effects), State::Ended(EndReason::Stopped(StopBy::Camera)));
    }
    assert_eq!(
        Story::live(CameraLink::Manual).tell(Input::CameraStopped),
        [],
        "an encoder is nobody's camera"
    );
}

#[test]
fn a_time_limit_counts_from_when_the_stream_was_live_first() {
    for first in [a_start(CameraLink::Hub), an_unmanaged_start()] {
        let managed = first.delivery == Delivery::Managed;
        let mut story = Story::of(Input::Start(Start { duration_limit_ms: Some(30_000), ..first }));
        assert_eq!(story.session.limit_at_ms(), None);
        story.wait(2_000).tell(Input::CameraStarted);
        if managed {
            story.tell(Input::MediaArrived);
        }
        story.tell(Input::Playable);
        assert_eq!(story.session.limit_at_ms(), Some(T0 + 32_000));
        story.wait(10_000).tell(Input::MediaLost);
        let effects = story.expire(20_000);
        assert_eq!(state_recorded(&effects), State::Stopping, "an interruption does not stop the clock");
        assert_eq!(besides_records(effects), [Effect::StopCamera, Effect::Release]);
        assert_eq!(story.session.limit_at_ms(), None);
        let effects = story.tell(Input::Closed);
        assert_eq!(state_recorded(&effects), State::Ended(EndReason::Stopped(StopBy::TimeLimit)));
    }
}

#[test]
fn a_grace_that_is_over_before_the_limit_is_what_ends_the_stream() {
    let start = Start { duration_limit_ms: Some(DEFAULT_GRACE_MS + 1), ..an_unmanaged_start() };
    let mut story = Story::of(Input::Start(start));
    story.tell(Input::Playable);
    story.tell(Input::MediaLost);
    story.wait(DEFAULT_GRACE_MS + 10_000);
    let effects = story.tell(Input::Tick);
    assert_eq!(state_recorded(&effects), State::Ended(EndReason::Lost), "also when the tick comes late");
}

#[test]
fn no_limit_and_a_limit_of_nothing_are_the_same() {
    let mut story = Story::of(Input::Start(Start { duration_limit_ms: Some(0), ..an_unmanaged_start() }));
    story.tell(Input::Playable);
    assert_eq!(story.session.next_deadline_ms(), None);
}

#[test]
fn a_limit_that_passed_while_the_program_was_away_ends_the_stream_at_once() {
    let resume = a_resume(CameraLink::Hub, Some(T0 - 60_000));
    let mut story = Story::of(Input::Resume(Resume { duration_limit_ms: Some(30_000), ..resume }));
    assert_eq!(story.session.next_deadline_ms(), Some(T0 - 30_000));
    assert_eq!(state_recorded(&story.tell(Input::Tick)), State::Stopping);
}

#[test]
fn a_note_is_told_until_the_camera_goes_on() {
    let again = Words::warning("Reconnecting (2/10).");
    let interrupted = || {
        let mut story = Story::taken();
        story.tell(Input::MediaLost);
        story
    };
    for mut story in [Story::live(CameraLink::Hub), interrupted(), Story::taken()] {
        let (state, before) = (story.state(), story.session.words().clone());
        assert_eq!(story.tell(Input::CameraStarted), [], "nothing to take back");
        let effects = story.tell(Input::Note { words: again.clone() });
        assert_eq!(recorded(&effects)[0].words, again);
        assert_eq!(state_recorded(&effects), state);
        assert_eq!(story.tell(Input::Note { words: again.clone() }), [], "that is no news");
        let effects = story.tell(Input::CameraStarted);
        assert_eq!((state_recorded(&effects), story.session.words()), (state, &before));
    }
    let mut waiting = Story::unmanaged();
    assert_eq!(state_recorded(&waiting.tell(Input::Note { words: again.clone() })), State::AwaitingCamera);
    assert_eq!(state_recorded(&waiting.tell(Input::CameraStarted)), State::AwaitingMedia);
    waiting.tell(Input::Stop { by: StopBy::User });
    assert_eq!(waiting.tell(Input::Note { words: again }), [], "what is being stopped has no news");
}

#[test]
fn an_apps_stream_of_the_last_run_that_never_played_is_given_its_time_again() {
    let resume = a_resume(CameraLink::Manual, None);
    let mut story = Story::of(Input::Resume(Resume { starter: Starter::App, ..resume.clone() }));
    assert_eq!(state_recorded(&story.expire(APP_START_MS)), State::Ended(EndReason::TooSlow));
    let live = Resume { starter: Starter::App, live_since_ms: Some(T0 - 60_000), ..resume };
    let story = Story::of(Input::Resume(live));
    assert_eq!(story.session.next_deadline_ms(), Some(T0 + DEFAULT_GRACE_MS));
}

#[test]
fn an_app_that_waits_hears_of_the_end_before_it_gives_up() {
    let mut story = Story::of(Input::Start(Start { starter: Starter::App, ..a_start(CameraLink::Manual) }));
    story.wait(APP_START_MS - 1_000).tell(Input::Stop { by: StopBy::User });
    assert_eq!(state_recorded(&story.expire(1_000)), State::Ended(EndReason::Stopped(StopBy::User)));
}
