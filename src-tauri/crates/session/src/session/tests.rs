use super::*;
use crate::{Delivery, EndReason, Quality, Resume, Start, Starter, StateChange, StopBy, Tone};

mod cloud;
mod properties;
mod unmanaged;

const T0: u64 = 1_700_000_000_000;
const COMMANDED: [CameraLink; 2] = [CameraLink::Demo, CameraLink::Hub];

fn id() -> StreamId {
    StreamId::from_random([1; 16])
}

fn a_start(link: CameraLink) -> Start {
    let options = Options { quality: Quality::P1080, enable_webrtc: true };
    Start {
        stream_id: id(),
        link,
        delivery: Delivery::Managed,
        options,
        starter: Starter::User,
        duration_limit_ms: None,
        grace_ms: DEFAULT_GRACE_MS,
    }
}

#[test]
fn webrtc_is_added_to_a_managed_stream_that_runs_and_never_taken_away() {
    let without =
        |start: Start| Start { options: Options { enable_webrtc: false, ..start.options }, ..start };
    let mut session = Session::new();
    assert!(!session.enable_webrtc(), "nothing runs");
    session.handle(T0, Input::Start(without(a_start(CameraLink::Demo))));
    assert!(session.enable_webrtc());
    assert!(!session.enable_webrtc(), "no news");
    assert!(session.options().enable_webrtc);

    let mut session = Session::new();
    session.handle(T0, Input::Start(without(an_unmanaged_start())));
    assert!(!session.enable_webrtc(), "nobody here plays it");

    let mut session = Session::new();
    session.handle(T0, Input::Start(without(a_start(CameraLink::Demo))));
    session.handle(T0, Input::Stop { by: StopBy::User });
    session.handle(T0, Input::Closed);
    assert!(!session.enable_webrtc(), "it is over");
}

fn an_unmanaged_start() -> Start {
    Start { delivery: Delivery::Unmanaged, ..a_start(CameraLink::Hub) }
}

fn a_resume(link: CameraLink, live_since_ms: Option<u64>) -> Resume {
    let options = Options::default();
    Resume {
        stream_id: id(),
        link,
        delivery: Delivery::Managed,
        options,
        starter: Starter::User,
        duration_limit_ms: None,
        started_at_ms: T0 - 90_000,
        live_since_ms,
        grace_ms: DEFAULT_GRACE_MS,
    }
}

fn why() -> Words {
    Words::warning("The encoder sends HEVC.").then("Choose H.264 in its settings.")
}

/// A session and the time, so that a test reads as a story.
struct Story {
    session: Session,
    now_ms: u64,
}

impl Story {
    fn of(input: Input) -> Self {
        let mut story = Self { session: Session::new(), now_ms: T0 };
        story.tell(input);
        story
    }

    fn manual() -> Self {
        Self::of(Input::Start(a_start(CameraLink::Manual)))
    }

    fn commanded() -> Vec<Self> {
        COMMANDED.map(|link| Self::of(Input::Start(a_start(link)))).into()
    }

    fn unmanaged() -> Self {
        Self::of(Input::Start(an_unmanaged_start()))
    }

    /// An unmanaged stream that is live.
    fn taken() -> Self {
        let mut story = Self::unmanaged();
        story.tell(Input::CameraStarted);
        story.tell(Input::Playable);
        assert_eq!(story.state(), State::Live);
        story
    }

    fn live(link: CameraLink) -> Self {
        let mut story = Self::of(Input::Start(a_start(link)));
        story.tell(Input::MediaArrived);
        story.tell(Input::Playable);
        assert_eq!(story.state(), State::Live);
        story
    }

    fn tell(&mut self, input: Input) -> Vec<Effect> {
        self.session.handle(self.now_ms, input)
    }

    fn wait(&mut self, ms: u64) -> &mut Self {
        self.now_ms += ms;
        self
    }

    /// Goes to the next deadline, which is `ms` away, making sure that nothing happens a millisecond before it.
    fn expire(&mut self, ms: u64) -> Vec<Effect> {
        let deadline_ms = self.session.next_deadline_ms().expect("something gives up");
        assert_eq!(deadline_ms, self.now_ms + ms);
        self.now_ms = deadline_ms - 1;
        assert_eq!(self.tell(Input::Tick), []);
        self.now_ms = deadline_ms;
        self.tell(Input::Tick)
    }

    fn state(&self) -> State {
        self.session.state()
    }
}

fn recorded(effects: &[Effect]) -> Vec<&StateChange> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Record(change) => Some(change),
            _ => None,
        })
        .collect()
}

fn besides_records(effects: Vec<Effect>) -> Vec<Effect> {
    effects.into_iter().filter(|effect| !matches!(effect, Effect::Record(_))).collect()
}

fn state_recorded(effects: &[Effect]) -> State {
    let [change] = recorded(effects)[..] else { panic!("not one record: {effects:?}") };
    assert!(matches!(effects[0], Effect::Record(_)), "the record comes first: {effects:?}");
    change.state
}

#[test]
fn an_encoder_is_waited_for_without_limit_and_then_goes_live() {
    let mut story = Story { session: Session::new(), now_ms: T0 };
    assert_eq!(story.state(), State::Idle);
    let effects = story.tell(Input::Start(a_start(CameraLink::Manual)));
    assert_eq!(state_recorded(&effects), State::AwaitingCamera);
    assert_eq!(besides_records(effects), [Effect::Provision { resumed: false }]);
    assert_eq!(story.session.next_deadline_ms(), None);

    let effects = story.wait(3_600_000).tell(Input::MediaArrived);
    assert_eq!(state_recorded(&effects), State::AwaitingMedia);
    assert_eq!(besides_records(effects), [Effect::Probe]);

    let effects = story.wait(1_500).tell(Input::Playable);
    assert_eq!(state_recorded(&effects), State::Live);
    assert_eq!(besides_records(effects), []);
    assert_eq!(story.session.next_deadline_ms(), None);
    assert_eq!(story.session.started_at_ms(), Some(T0));
    assert_eq!(story.session.live_since_ms(), Some(T0 + 3_601_500));
    assert_eq!(story.session.stream_id(), Some(&id()));
    assert_eq!(story.session.options().quality, Quality::P1080);
}

#[test]
fn the_demo_camera_and_the_glasses_are_commanded() {
    for link in COMMANDED {
        let mut story = Story { session: Session::new(), now_ms: T0 };
        let effects = story.tell(Input::Start(a_start(link)));
        assert_eq!(besides_records(effects), [Effect::Provision { resumed: false }, Effect::StartCamera]);
        let effects = story.tell(Input::CameraStarted);
        assert_eq!(state_recorded(&effects), State::AwaitingMedia);
        assert_eq!(story.tell(Input::MediaArrived), [Effect::Probe]);
        assert_eq!(state_recorded(&story.tell(Input::Playable)), State::Live);
        let effects = story.tell(Input::Stop { by: StopBy::User });
        assert_eq!(besides_records(effects), [Effect::StopCamera, Effect::Release]);
        assert_eq!(story.session.link(), Some(link));
    }
}

#[test]
fn a_commanded_camera_answers_within_10_s() {
    for mut story in Story::commanded().into_iter().chain([Story::unmanaged()]) {
        let effects = story.expire(CAMERA_ANSWER_MS);
        assert_eq!(state_recorded(&effects), State::Ended(EndReason::CameraSilent));
        assert_eq!(besides_records(effects), [Effect::StopCamera, Effect::Release]);
        assert_eq!(story.session.ended_at_ms(), Some(T0 + CAMERA_ANSWER_MS));
        assert_eq!(story.session.next_deadline_ms(), None);
    }
}

#[test]
fn a_commanded_camera_sends_media_within_15_s() {
    for mut story in Story::commanded().into_iter().chain([Story::unmanaged()]) {
        story.tell(Input::CameraStarted);
        assert_eq!(state_recorded(&story.expire(PLAYABLE_MS)), State::Ended(EndReason::NoMedia));
    }
}

#[test]
fn media_of_a_commanded_camera_does_not_extend_its_15_s() {
    for mut story in Story::commanded() {
        story.tell(Input::CameraStarted);
        story.wait(10_000).tell(Input::MediaArrived);
        assert_eq!(state_recorded(&story.expire(5_000)), State::Ended(EndReason::NotPlayable));
    }
}

#[test]
fn media_of_an_encoder_is_playable_within_15_s_or_says_why_not() {
    let mut story = Story::manual();
    story.wait(1_000).tell(Input::MediaArrived);
    let hint = Words::warning("No keyframe has arrived.").then("Set the keyframe interval to 2 s.");
    assert_eq!(story.tell(Input::ProbeFailed { words: hint }), []);
    let effects = story.expire(PLAYABLE_MS);
    let words = &recorded(&effects)[0].words;
    assert_eq!(state_recorded(&effects), State::Ended(EndReason::NotPlayable));
    assert_eq!(words.tone, Tone::Error);
    assert!(words.text.ends_with("No keyframe has arrived."), "{}", words.text);
    assert_eq!(words.next_step.as_deref(), Some("Set the keyframe interval to 2 s."));
}

#[test]
fn an_encoder_that_leaves_early_may_take_its_time() {
    let mut story = Story::manual();
    story.tell(Input::MediaArrived);
    assert_eq!(recorded(&story.tell(Input::MediaLost)).len(), 1);
    assert_eq!(story.state(), State::AwaitingMedia);
    assert_eq!(story.session.next_deadline_ms(), None);
    for _ in 0..100 {
        assert_eq!(story.wait(5_000).tell(Input::MediaArrived), [Effect::Probe]);
        assert_eq!(story.tell(Input::MediaLost), [], "coming and going again is no news");
    }
    story.tell(Input::MediaArrived);
    assert_eq!(state_recorded(&story.expire(PLAYABLE_MS)), State::Ended(EndReason::NotPlayable));
}

#[test]
fn playable_without_media_is_a_late_answer() {
    let mut story = Story::manual();
    story.tell(Input::MediaArrived);
    story.tell(Input::MediaLost);
    assert_eq!(story.tell(Input::Playable), []);
    assert_eq!(story.state(), State::AwaitingMedia);
}

#[test]
fn an_encoder_that_is_refused_may_be_set_right() {
    let mut story = Story::manual();
    story.tell(Input::MediaArrived);
    let effects = story.tell(Input::Refused { words: why() });
    assert_eq!(recorded(&effects)[0].words, why());
    assert_eq!(story.state(), State::AwaitingMedia);
    assert_eq!(story.session.next_deadline_ms(), None);
    for _ in 0..100 {
        assert_eq!(story.tell(Input::MediaLost), []);
        assert_eq!(story.wait(2_000).tell(Input::MediaArrived), [Effect::Probe]);
        assert_eq!(story.tell(Input::Refused { words: why() }), []);
        assert_eq!(*story.session.words(), why());
    }
    story.tell(Input::MediaArrived);
    assert_eq!(state_recorded(&story.tell(Input::Playable)), State::Live);
}

#[test]
fn an_encoder_refused_at_the_door_is_told_while_it_is_awaited() {
    let mut story = Story::manual();
    assert_eq!(state_recorded(&story.tell(Input::Refused { words: why() })), State::AwaitingCamera);
    assert_eq!(story.session.next_deadline_ms(), None);
}

#[test]
fn a_refused_commanded_camera_is_an_error() {
    for mut story in Story::commanded() {
        story.tell(Input::MediaArrived);
        let effects = story.tell(Input::Refused { words: why() });
        assert_eq!(state_recorded(&effects), State::Ended(EndReason::Refused));
        assert_eq!(recorded(&effects)[0].words.tone, Tone::Error);
    }
}

#[test]
fn a_failed_camera_says_why_and_what_to_do() {
    let waiting = Story::commanded().into_iter().chain([Story::unmanaged(), Story::taken()]);
    for mut story in waiting.chain(COMMANDED.map(Story::live)) {
        let effects = story.tell(Input::CameraFailed { words: Words::warning("The lens is covered.") });
        assert_eq!(state_recorded(&effects), State::Ended(EndReason::CameraFailed));
        let words = &recorded(&effects)[0].words;
        assert_eq!((words.text.as_str(), words.tone), ("The lens is covered.", Tone::Error));
        assert!(words.next_step.is_some());
    }
}

#[test]
fn an_interruption_is_held_for_the_grace_time() {
    for mut story in CameraLink::ALL.map(Story::live).into_iter().chain([Story::taken()]) {
        let effects = story.wait(30_000).tell(Input::MediaLost);
        assert_eq!(state_recorded(&effects), State::Interrupted);
        assert_eq!(besides_records(effects), []);
        assert_eq!(story.session.interrupted_since_ms(), Some(T0 + 30_000));
        let effects = story.expire(DEFAULT_GRACE_MS);
        assert_eq!(state_recorded(&effects), State::Ended(EndReason::Lost));
        assert_eq!(besides_records(effects).last(), Some(&Effect::Release));
        assert_eq!(story.session.interrupted_since_ms(), None);
    }
}

#[test]
fn an_interruption_ends_when_new_media_plays() {
    let mut story = Story::live(CameraLink::Manual);
    let live_since_ms = story.session.live_since_ms();
    story.wait(1_000).tell(Input::MediaLost);
    assert_eq!(story.tell(Input::Playable), [], "what plays is old");
    assert_eq!(story.wait(4_000).tell(Input::MediaArrived), [Effect::Probe]);
    assert_eq!(story.state(), State::Interrupted);
    assert_eq!(state_recorded(&story.tell(Input::Playable)), State::Live);
    assert_eq!(story.session.live_since_ms(), live_since_ms);
    assert_eq!(story.session.interrupted_since_ms(), None);
    assert_eq!(story.session.next_deadline_ms(), None);
}

#[test]
fn media_back_at_the_last_moment_gets_time_to_become_playable() {
    let mut story = Story::live(CameraLink::Manual);
    story.tell(Input::MediaLost);
    story.wait(DEFAULT_GRACE_MS - 1).tell(Input::MediaArrived);
    let mut unplayable = story;
    assert_eq!(state_recorded(&unplayable.expire(PLAYABLE_MS)), State::Ended(EndReason::NotPlayable));
}

#[test]
fn media_gone_again_falls_back_to_the_first_grace() {
    let mut story = Story::live(CameraLink::Manual);
    story.tell(Input::MediaLost);
    story.wait(DEFAULT_GRACE_MS - 1_000).tell(Input::MediaArrived);
    story.tell(Input::MediaLost);
    assert_eq!(state_recorded(&story.expire(1_000)), State::Ended(EndReason::Lost));
}

#[test]
fn a_live_encoder_that_changes_to_something_refused_interrupts() {
    let mut story = Story::live(CameraLink::Manual);
    let effects = story.tell(Input::Refused { words: why() });
    assert_eq!(state_recorded(&effects), State::Interrupted);
    assert_eq!(recorded(&effects)[0].words, why());
    assert_eq!(story.tell(Input::MediaLost), []);
    let effects = story.expire(DEFAULT_GRACE_MS);
    assert_eq!(state_recorded(&effects), State::Ended(EndReason::Lost));
    assert_eq!(recorded(&effects)[0].words.next_step, why().next_step);
}

#[test]
fn without_grace_an_interruption_is_the_end() {
    let start = Start { grace_ms: 0, ..a_start(CameraLink::Manual) };
    let mut story = Story::of(Input::Start(start));
    story.tell(Input::MediaArrived);
    story.tell(Input::Playable);
    assert_eq!(state_recorded(&story.tell(Input::MediaLost)), State::Ended(EndReason::Lost));
}

#[test]
fn the_grace_time_is_clamped_and_can_be_changed_for_the_next_interruption() {
    let start = Start { grace_ms: u64::MAX, ..a_start(CameraLink::Manual) };
    let mut story = Story::of(Input::Start(start));
    story.tell(Input::MediaArrived);
    story.tell(Input::Playable);
    story.tell(Input::MediaLost);
    assert_eq!(story.session.next_deadline_ms(), Some(T0 + MAX_GRACE_MS));
    story.session.set_grace_ms(5_000);
    assert_eq!(story.session.next_deadline_ms(), Some(T0 + MAX_GRACE_MS), "what was promised holds");
    story.tell(Input::MediaArrived);
    story.tell(Input::Playable);
    story.tell(Input::MediaLost);
    assert_eq!(state_recorded(&story.expire(5_000)), State::Ended(EndReason::Lost));
}

#[test]
fn a_stop_is_over_when_all_is_closed() {
    let stops = [StopBy::User, StopBy::App, StopBy::Shutdown, StopBy::Camera, StopBy::TimeLimit];
    let streams = || CameraLink::ALL.map(Story::live).into_iter().chain([Story::taken()]);
    for (mut story, by) in stops.into_iter().flat_map(|by| streams().map(move |story| (story, by))) {
        let effects = story.tell(Input::Stop { by });
        assert_eq!(state_recorded(&effects), State::Stopping);
        let commanded = story.session.link() != Some(CameraLink::Manual);
        assert_eq!(effects.contains(&Effect::StopCamera), commanded);
        assert_eq!(effects.last(), Some(&Effect::Release));
        assert_eq!(story.tell(Input::Stop { by: StopBy::Shutdown }), [], "one stop is enough");
        assert_eq!(story.tell(Input::MediaLost), []);
        let effects = story.wait(20).tell(Input::Closed);
        assert_eq!(state_recorded(&effects), State::Ended(EndReason::Stopped(by)));
        assert_eq!(besides_records(effects), []);
    }
}

#[test]
fn a_stop_is_over_after_5_s_at_the_latest() {
    let mut story = Story::live(CameraLink::Demo);
    story.tell(Input::Stop { by: StopBy::User });
    story.wait(2_000).tell(Input::Stop { by: StopBy::User });
    let effects = story.expire(STOPPING_MS - 2_000);
    assert_eq!(state_recorded(&effects), State::Ended(EndReason::Stopped(StopBy::User)));
}

#[test]
fn an_attempt_of_an_app_is_live_or_over_within_25_s() {
    let start = Start { starter: Starter::App, ..a_start(CameraLink::Manual) };
    let mut waiting = Story::of(Input::Start(start.clone()));
    assert_eq!(state_recorded(&waiting.expire(APP_START_MS)), State::Ended(EndReason::TooSlow));

    let mut late = Story::of(Input::Start(start.clone()));
    late.wait(20_000).tell(Input::MediaArrived);
    assert_eq!(state_recorded(&late.expire(5_000)), State::Ended(EndReason::TooSlow));

    let mut live = Story::of(Input::Start(start));
    live.wait(20_000).tell(Input::MediaArrived);
    live.tell(Input::Playable);
    assert_eq!(live.session.next_deadline_ms(), None);
}

#[test]
fn a_stream_of_the_last_run_waits_for_its_publisher_with_the_same_id() {
    let resume = a_resume(CameraLink::Manual, Some(T0 - 60_000));
    let mut story = Story { session: Session::new(), now_ms: T0 };
    let effects = story.tell(Input::Resume(resume));
    assert_eq!(state_recorded(&effects), State::Interrupted);
    assert_eq!(besides_records(effects), [Effect::Provision { resumed: true }]);
    assert_eq!(story.session.stream_id(), Some(&id()));
    assert_eq!(story.session.started_at_ms(), Some(T0 - 90_000));
    story.tell(Input::MediaArrived);
    assert_eq!(state_recorded(&story.tell(Input::Playable)), State::Live);
    assert_eq!(story.session.live_since_ms(), Some(T0 - 60_000));
    // From here on it is an interruption like any other.
    story.tell(Input::MediaLost);
    assert_eq!(state_recorded(&story.expire(DEFAULT_GRACE_MS)), State::Ended(EndReason::Lost));
}

#[test]
fn a_stream_of_the_last_run_nobody_comes_back_to_ends_as_restarted() {
    let mut story = Story::of(Input::Resume(a_resume(CameraLink::Manual, Some(T0 - 60_000))));
    assert_eq!(state_recorded(&story.expire(DEFAULT_GRACE_MS)), State::Ended(EndReason::Restarted));
}

#[test]
fn a_resumed_commanded_camera_is_started_again() {
    for link in COMMANDED {
        let mut story = Story { session: Session::new(), now_ms: T0 };
        let effects = story.tell(Input::Resume(a_resume(link, Some(T0 - 60_000))));
        assert_eq!(besides_records(effects), [Effect::Provision { resumed: true }, Effect::StartCamera]);
        assert_eq!(story.tell(Input::CameraStarted), []);
        assert_eq!(story.tell(Input::MediaArrived), [Effect::Probe]);
    }
}

#[test]
fn a_stream_of_the_last_run_that_never_played_waits_for_its_camera_again() {
    let mut story = Story { session: Session::new(), now_ms: T0 };
    let effects = story.tell(Input::Resume(a_resume(CameraLink::Manual, None)));
    assert_eq!(state_recorded(&effects), State::AwaitingCamera);
    assert_eq!(besides_records(effects), [Effect::Provision { resumed: true }]);
    assert_eq!(story.session.next_deadline_ms(), None);
}

#[test]
fn time_never_goes_backward() {
    let mut story = Story::manual();
    story.wait(10_000).tell(Input::MediaArrived);
    story.now_ms = T0 - 5_000;
    let effects = story.tell(Input::Playable);
    assert_eq!(recorded(&effects)[0].at_ms, T0 + 10_000);
}
