//! What holds whatever happens.

use proptest::prelude::*;

use super::*;

fn any_words() -> impl Strategy<Value = Words> {
    prop_oneof![Just(why()), Just(Words::warning("Another cause."))]
}

fn any_start() -> impl Strategy<Value = Start> {
    let link = prop::sample::select(CameraLink::ALL.to_vec());
    let delivery = prop::sample::select(Delivery::ALL.to_vec());
    let grace = prop_oneof![Just(0), 1..100_000u64, Just(u64::MAX)];
    let starter = prop_oneof![Just(Starter::User), Just(Starter::App)];
    let limit = prop_oneof![4 => Just(None), 1 => prop::option::of(0..60_000u64), 1 => Just(Some(u64::MAX))];
    (link, delivery, grace, starter, limit).prop_map(
        |(link, delivery, grace_ms, starter, duration_limit_ms)| Start {
            delivery,
            grace_ms,
            starter,
            duration_limit_ms,
            ..a_start(link)
        },
    )
}

fn any_first() -> impl Strategy<Value = Input> {
    let live_since = prop::option::of(prop_oneof![Just(T0 - 1), Just(T0 - 70_000)]);
    prop_oneof![
        any_start().prop_map(Input::Start),
        (any_start(), live_since).prop_map(|(start, live_since_ms)| {
            let Start { link, delivery, grace_ms, starter, duration_limit_ms, .. } = start;
            let resume = a_resume(link, live_since_ms);
            Input::Resume(Resume { delivery, grace_ms, starter, duration_limit_ms, ..resume })
        }),
    ]
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        1 => any_first(),
        3 => Just(Input::CameraStarted),
        1 => Just(Input::CameraStopped),
        2 => any_words().prop_map(|words| Input::Note { words }),
        1 => any_words().prop_map(|words| Input::CameraFailed { words }),
        6 => Just(Input::MediaArrived),
        6 => Just(Input::Playable),
        2 => any_words().prop_map(|words| Input::ProbeFailed { words }),
        4 => Just(Input::MediaLost),
        2 => any_words().prop_map(|words| Input::Refused { words }),
        1 => Just(Input::Stop { by: StopBy::App }),
        2 => Just(Input::Closed),
        6 => Just(Input::Tick),
        1 => any_words().prop_map(|words| Input::Fault { words }),
    ]
}

/// Hands in one input and checks what must hold of every answer.
fn step(session: &mut Session, now_ms: u64, input: Input) -> Vec<Effect> {
    let (state, words) = (session.state(), session.words().clone());
    let unmanaged_start = matches!(&input, Input::Playable) && state == State::AwaitingCamera;
    let effects = session.handle(now_ms, input.clone());
    let told = recorded(&effects);
    let mut last = StateChange { at_ms: now_ms, state, words };
    for change in &told {
        assert!((last.state, &last.words) != (change.state, &change.words), "told twice: {change:?}");
        assert!(last.state == change.state || last.state.can_become(change.state), "{last:?} {change:?}");
        assert_eq!(change.at_ms, now_ms);
        last = (*change).clone();
    }
    assert_eq!((last.state, &last.words), (session.state(), session.words()), "not told: {input:?}");
    let most = if unmanaged_start && session.delivery() == Delivery::Unmanaged { 2 } else { 1 };
    assert!(told.len() <= most, "{input:?} {told:?}");
    assert!(told.is_empty() || matches!(effects[0], Effect::Record(_)), "{effects:?}");
    let ended = matches!(session.state(), State::Ended(_));
    assert_eq!(session.ended_at_ms().is_some(), ended);
    assert_eq!(session.interrupted_since_ms().is_some(), session.state() == State::Interrupted);
    assert!(!ended || session.next_deadline_ms().is_none());
    if session.delivery() == Delivery::Unmanaged {
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Provision { .. } | Effect::Probe)));
        assert_ne!(session.state(), State::Ended(EndReason::NotPlayable));
    }
    if session.link() == Some(CameraLink::Manual) {
        assert!(!effects.contains(&Effect::StartCamera) && !effects.contains(&Effect::StopCamera));
    }
    effects
}

proptest! {
    #[test]
    fn whatever_happens_is_told_once_and_a_stop_ends_it(
        first in any_first(),
        inputs in prop::collection::vec((0..20_000u64, any_input()), 0..60),
    ) {
        let mut session = Session::new();
        let mut now_ms = T0;
        let mut effects = step(&mut session, now_ms, first);
        for (delay_ms, input) in inputs {
            now_ms += delay_ms;
            let was_over = matches!(session.state(), State::Ended(_));
            let new = step(&mut session, now_ms, input);
            prop_assert!(!was_over || new.is_empty(), "an ended session did something: {new:?}");
            effects.extend(new);
        }
        effects.extend(step(&mut session, now_ms, Input::Stop { by: StopBy::User }));
        let stopped_at_ms = now_ms;
        while let Some(deadline_ms) = session.next_deadline_ms() {
            now_ms = now_ms.max(deadline_ms);
            effects.extend(step(&mut session, now_ms, Input::Tick));
        }
        prop_assert!(matches!(session.state(), State::Ended(_)));
        prop_assert!(now_ms <= stopped_at_ms + STOPPING_MS);
        let releases = effects.iter().filter(|effect| **effect == Effect::Release).count();
        let provisions = effects.iter().filter(|effect| matches!(effect, Effect::Provision { .. })).count();
        let opened = usize::from(session.delivery() == Delivery::Managed);
        prop_assert_eq!((provisions, releases), (opened, 1), "what is opened is closed once");
        let count = |wanted: Effect| effects.iter().filter(|effect| **effect == wanted).count();
        let commanded = usize::from(session.link() != Some(CameraLink::Manual));
        prop_assert_eq!((count(Effect::StartCamera), count(Effect::StopCamera)), (commanded, commanded));
    }

    #[test]
    fn an_attempt_of_an_app_is_live_or_over_within_25_s_whatever_happens(
        start in any_start(),
        inputs in prop::collection::vec((0..3_000u64, any_input()), 0..60),
    ) {
        let mut session = Session::new();
        let mut now_ms = T0;
        step(&mut session, now_ms, Input::Start(Start { starter: Starter::App, ..start }));
        let mut due_ms = |session: &mut Session, until_ms: u64| {
            while let Some(at_ms) = session.next_deadline_ms().filter(|at_ms| *at_ms <= until_ms) {
                step(session, at_ms.max(now_ms), Input::Tick);
                now_ms = now_ms.max(at_ms);
            }
            now_ms = now_ms.max(until_ms);
        };
        let mut until_ms = T0;
        for (delay_ms, input) in inputs {
            until_ms = (until_ms + delay_ms).min(T0 + APP_START_MS);
            due_ms(&mut session, until_ms);
            step(&mut session, until_ms, input);
        }
        due_ms(&mut session, T0 + APP_START_MS);
        let over = matches!(session.state(), State::Ended(_));
        prop_assert!(session.live_since_ms().is_some() || over, "{:?}", session.state());
    }

    #[test]
    fn a_tick_at_the_deadline_always_moves_on(
        first in any_first(),
        inputs in prop::collection::vec((0..5_000u64, any_input()), 0..30),
    ) {
        let mut session = Session::new();
        let mut now_ms = T0;
        step(&mut session, now_ms, first);
        for (delay_ms, input) in inputs {
            now_ms += delay_ms;
            step(&mut session, now_ms, input);
        }
        while let Some(deadline_ms) = session.next_deadline_ms() {
            let state = session.state();
            now_ms = now_ms.max(deadline_ms);
            step(&mut session, now_ms, Input::Tick);
            prop_assert_ne!(session.state(), state, "a deadline that changes nothing would tick for ever");
        }
    }
}
