use proptest::prelude::*;

use super::*;

const T0: u64 = 1_700_000_000_000;

/// A destination and the time.
struct Story {
    destination: Destination,
    now_ms: u64,
}

impl Story {
    fn idle() -> Self {
        Self { destination: Destination::new(true, 1, None), now_ms: T0 }
    }

    /// Attempt 1 was opened.
    fn starting() -> Self {
        let mut story = Self::idle();
        story.tell(Input::SourceLive);
        story
    }

    /// Attempt 1 broadcasts.
    fn broadcasting() -> Self {
        let mut story = Self::starting();
        story.tell(Input::Accepted { attempt: 1 });
        story.tell(Input::Draining { attempt: 1 });
        assert_eq!(story.state(), State::Broadcasting);
        story
    }

    fn limited(hold_limit_ms: u64) -> Self {
        let mut story = Self::broadcasting();
        story.destination.set_hold_limit_ms(Some(hold_limit_ms));
        story
    }

    fn state(&self) -> State {
        self.destination.state()
    }

    fn tell(&mut self, input: Input) -> Vec<Effect> {
        self.destination.handle(self.now_ms, input)
    }

    fn fail(&mut self, attempt: u64, fault: Fault) -> Vec<Effect> {
        self.tell(Input::Failed { attempt, fault })
    }

    fn wait(&mut self, ms: u64) -> &mut Self {
        self.now_ms += ms;
        self
    }

    /// Waits for the deadline and ticks.
    fn expire(&mut self) -> Vec<Effect> {
        let deadline_ms = self.destination.next_deadline_ms().expect("something gives up by itself");
        self.now_ms = self.now_ms.max(deadline_ms);
        self.tell(Input::Tick)
    }
}

/// What is to be done, without what is only kept and shown.
fn deeds(effects: Vec<Effect>) -> Vec<Effect> {
    effects.into_iter().filter(|effect| !matches!(effect, Effect::Record(_))).collect()
}

fn open(attempt: u64) -> Vec<Effect> {
    vec![Effect::Open { attempt }]
}

fn closed() -> Vec<Effect> {
    vec![Effect::Close]
}

const FATAL: State = State::Errored(Severity::Fatal);

fn retry_of(state: State) -> (u32, u64) {
    state.retry().unwrap_or_else(|| panic!("retrying, not {state:?}"))
}

#[test]
fn switched_off_it_ignores_the_source() {
    let mut destination = Destination::new(false, 1, None);
    assert!(!destination.enabled());
    for input in [Input::SourceLive, Input::SourceHeld, Input::SourceGone, Input::RetryNow, Input::Edited] {
        assert_eq!(destination.handle(T0, input), []);
        assert_eq!(destination.state(), State::Disabled);
    }
}

#[test]
fn disabled_to_idle_without_a_picture() {
    let mut destination = Destination::new(false, 1, None);
    assert_eq!(deeds(destination.handle(T0, Input::Enable)), []);
    assert_eq!(destination.state(), State::Idle);
    let mut destination = Destination::new(false, 1, None);
    destination.handle(T0, Input::SourceHeld);
    assert_eq!(deeds(destination.handle(T0, Input::Enable)), []);
    assert_eq!((destination.state(), destination.words()), (State::Idle, &words::waiting_for_picture()));
    assert!(destination.enabled());
}

#[test]
fn disabled_to_starting_while_live() {
    let mut destination = Destination::new(false, 1, None);
    destination.handle(T0, Input::SourceLive);
    assert_eq!(deeds(destination.handle(T0, Input::Enable)), open(1));
    assert_eq!(destination.state(), State::Starting);
    assert_eq!(destination.handle(T0, Input::Enable), [], "it is on already");
}

#[test]
fn idle_to_starting_when_the_picture_comes() {
    let mut story = Story::idle();
    story.tell(Input::SourceHeld);
    assert_eq!(story.state(), State::Idle, "nothing to show yet");
    assert_eq!(deeds(story.tell(Input::SourceLive)), open(1));
    assert_eq!(story.tell(Input::SourceLive), [], "told twice");
}

#[test]
fn accepted_alone_is_no_broadcast() {
    let mut story = Story::starting();
    story.tell(Input::Accepted { attempt: 1 });
    assert_eq!((story.state(), story.destination.words()), (State::Starting, &words::accepted()));
    assert_eq!(story.destination.broadcasting_since_ms(), None);
    story.wait(700).tell(Input::Draining { attempt: 1 });
    assert_eq!(story.state(), State::Broadcasting);
    assert_eq!(story.destination.broadcasting_since_ms(), Some(T0 + 700));
}

#[test]
fn taking_bytes_counts_from_when_it_is_accepted() {
    let mut story = Story::starting();
    assert_eq!(story.tell(Input::Draining { attempt: 1 }), [], "the handshake is taken too");
    story.tell(Input::Accepted { attempt: 1 });
    assert_eq!(story.state(), State::Broadcasting);
}

#[test]
fn starting_gives_up_when_nobody_answers() {
    let mut story = Story::starting();
    assert_eq!(story.wait(STARTING_MS - 1).tell(Input::Tick), []);
    assert_eq!(deeds(story.wait(1).tell(Input::Tick)), closed());
    assert_eq!(retry_of(story.state()).0, 1);
    assert_eq!(story.destination.words().text, about(&Fault::TimedOut).text);
}

#[test]
fn starting_gives_up_when_accepted_and_nothing_is_taken() {
    let mut story = Story::starting();
    story.wait(20_000).tell(Input::Accepted { attempt: 1 });
    assert_eq!(story.wait(20_000).tell(Input::Tick), [], "its time began anew");
    assert_eq!(deeds(story.expire()), closed());
    assert_eq!(story.destination.words(), &words::stalled_for(STALLED_MS));
}

#[test]
fn starting_to_stalled_and_on_the_air() {
    let mut story = Story::starting();
    assert_eq!(story.tell(Input::NotDraining { attempt: 1 }), [], "not even accepted");
    story.tell(Input::Accepted { attempt: 1 });
    story.tell(Input::NotDraining { attempt: 1 });
    assert_eq!(story.state(), State::Stalled);
    story.tell(Input::Draining { attempt: 1 });
    assert_eq!(story.state(), State::Broadcasting);
}

#[test]
fn proven_while_held_it_is_interrupted_first() {
    let mut story = Story::starting();
    assert_eq!(story.tell(Input::SourceHeld), [], "the attempt goes on");
    story.tell(Input::Accepted { attempt: 1 });
    story.tell(Input::Draining { attempt: 1 });
    assert_eq!(story.state(), State::Interrupted);
    assert_eq!(deeds(story.tell(Input::SourceLive)), [], "on the same connection");
    assert_eq!(story.state(), State::Broadcasting);
}

#[test]
fn a_drop_of_the_source_is_held_on_one_connection() {
    let mut story = Story::broadcasting();
    let since_ms = story.destination.broadcasting_since_ms();
    assert_eq!(deeds(story.wait(60_000).tell(Input::SourceHeld)), []);
    assert_eq!(story.state(), State::Interrupted);
    assert_eq!(story.destination.next_deadline_ms(), None, "as long as the stream waits");
    assert_eq!(deeds(story.wait(50_000).tell(Input::SourceLive)), []);
    assert_eq!(story.state(), State::Broadcasting);
    assert_eq!(story.destination.broadcasting_since_ms(), since_ms, "one broadcast");
}

#[test]
fn the_hold_limit_ends_it_until_it_is_wanted_again() {
    let mut story = Story::limited(90_000);
    story.tell(Input::SourceHeld);
    assert!(story.destination.words().text.contains("90 seconds"), "{:?}", story.destination.words());
    assert_eq!(story.wait(89_999).tell(Input::Tick), []);
    assert_eq!(deeds(story.wait(1).tell(Input::Tick)), closed());
    assert_eq!(story.state(), State::Errored(Severity::Normal));
    assert_eq!(story.destination.words(), &words::hold_limit(90_000));
    assert_eq!(story.wait(5_000).tell(Input::SourceLive), [], "the user ended it, in a way");
    assert_eq!(deeds(story.tell(Input::RetryNow)), open(2));
}

#[test]
fn the_hold_limit_holds_for_a_stalled_one_and_can_be_changed() {
    let mut story = Story::limited(10_000);
    story.tell(Input::SourceHeld);
    story.wait(1_000).tell(Input::NotDraining { attempt: 1 });
    assert_eq!(story.state(), State::Stalled);
    assert_eq!(story.destination.next_deadline_ms(), Some(T0 + 10_000));
    story.destination.set_hold_limit_ms(Some(5_000));
    assert_eq!(story.destination.next_deadline_ms(), Some(T0 + 5_000));
    story.expire();
    assert_eq!(story.state(), State::Errored(Severity::Normal));
}

#[test]
fn held_again_the_hold_limit_begins_anew() {
    let mut story = Story::limited(10_000);
    story.tell(Input::SourceHeld);
    story.wait(9_000).tell(Input::SourceLive);
    assert_eq!(story.destination.next_deadline_ms(), None);
    story.tell(Input::SourceHeld);
    story.wait(4_000).tell(Input::SourceHeld);
    assert_eq!(story.destination.next_deadline_ms(), Some(T0 + 19_000), "told twice, held once");
}

#[test]
fn a_stall_keeps_the_connection_for_a_while() {
    let mut story = Story::broadcasting();
    assert_eq!(deeds(story.tell(Input::NotDraining { attempt: 1 })), []);
    assert_eq!(story.state(), State::Stalled);
    assert_eq!(story.destination.broadcasting_since_ms(), None);
    story.wait(STALLED_MS - 1).tell(Input::NotDraining { attempt: 1 });
    assert_eq!(deeds(story.wait(1).tell(Input::Tick)), closed());
    assert_eq!(retry_of(story.state()).0, 1);
}

#[test]
fn interrupted_to_stalled_and_back() {
    let mut story = Story::broadcasting();
    story.tell(Input::SourceHeld);
    story.tell(Input::NotDraining { attempt: 1 });
    assert_eq!(story.state(), State::Stalled);
    story.tell(Input::Draining { attempt: 1 });
    assert_eq!(story.state(), State::Interrupted);
}

#[test]
fn what_may_pass_is_tried_again_for_ever() {
    let faults = [
        Fault::Dns,
        Fault::Refused,
        Fault::Unreachable,
        Fault::TimedOut,
        Fault::Handshake,
        Fault::Closed { after_ms: 3_000 },
        Fault::Storage("locked".into()),
    ];
    for fault in faults {
        let mut story = Story::starting();
        for (failed, row_ms) in
            (1..=20).zip([1_000, 2_000, 4_000, 8_000, 16_000].into_iter().chain([30_000; 15]))
        {
            assert_eq!(deeds(story.fail(u64::from(failed), fault.clone())), [], "it is over by itself");
            let (told, at_ms) = retry_of(story.state());
            assert_eq!((told, story.destination.failed_attempts()), (failed, failed));
            let wait_ms = at_ms - story.now_ms;
            assert!((row_ms * 8 / 10..=row_ms * 12 / 10).contains(&wait_ms), "{failed}: {wait_ms}");
            assert_eq!(story.destination.words().tone, Tone::Warning);
            assert_eq!(deeds(story.expire()), open(u64::from(failed) + 1));
        }
    }
}

#[test]
fn what_needs_a_change_is_not_hammered() {
    let faults = [
        Fault::TlsExpired,
        Fault::TlsWrongHost,
        Fault::TlsUntrusted,
        Fault::Tls("alert".into()),
        Fault::ConnectRejected("no app".into()),
        Fault::PublishRejected("bad name".into()),
        Fault::ClosedAtPublish,
        Fault::InvalidUrl("no host".into()),
        Fault::NoKey,
        Fault::NotCarried("HEVC".into()),
    ];
    for fault in faults {
        let mut story = Story::starting();
        assert_eq!(deeds(story.fail(1, fault.clone())), []);
        assert_eq!((story.state(), story.destination.words()), (FATAL, &about(&fault)));
        assert_eq!(story.destination.next_deadline_ms(), None, "{fault:?}");
        assert_eq!(story.destination.failed_attempts(), 1);
        for input in [Input::RetryNow, Input::Edited, Input::Enable] {
            let mut story = Story::starting();
            story.fail(1, fault.clone());
            assert_eq!(deeds(story.tell(input)), open(2));
            assert_eq!(story.state(), State::Starting);
        }
    }
}

#[test]
fn turned_down_after_a_broadcast_it_is_tried_six_times_more() {
    for fault in
        [Fault::PublishRejected("".into()), Fault::ConnectRejected("".into()), Fault::ClosedAtPublish]
    {
        let mut story = Story::broadcasting();
        story.fail(1, Fault::Closed { after_ms: 5_000 });
        for attempt in 2..8 {
            story.expire();
            story.fail(attempt, fault.clone());
            assert_eq!(retry_of(story.state()).0 as u64, attempt, "the wait goes on growing");
            assert_eq!(story.destination.words(), &words::turned_down_again(&fault));
        }
        story.expire();
        story.fail(8, fault.clone());
        assert_eq!((story.state(), story.destination.words()), (FATAL, &about(&fault)));
        story.tell(Input::RetryNow);
        story.fail(9, fault.clone());
        retry_of(story.state());
    }
}

#[test]
fn a_broadcast_of_the_run_before_counts() {
    let mut story = Story::idle();
    story.tell(Input::SourceHeld);
    story.destination.broadcast_before();
    story.tell(Input::SourceLive);
    story.fail(1, Fault::PublishRejected("".into()));
    retry_of(story.state());
    story.tell(Input::SourceGone);
    story.tell(Input::SourceLive);
    story.fail(2, Fault::PublishRejected("".into()));
    assert_eq!(story.state(), FATAL, "in that stream, not in the next");
}

#[test]
fn only_rejections_in_a_row_count() {
    let mut story = Story::broadcasting();
    story.fail(1, Fault::Closed { after_ms: 5_000 });
    for attempt in 2..30 {
        story.expire();
        let fault = if attempt % 6 == 0 { Fault::Dns } else { Fault::ClosedAtPublish };
        story.fail(attempt, fault);
        retry_of(story.state());
    }
}

#[test]
fn a_new_stream_or_another_address_has_not_been_proven() {
    for input in [Input::SourceGone, Input::Edited] {
        let mut story = Story::broadcasting();
        story.tell(input);
        story.tell(Input::SourceLive);
        story.fail(2, Fault::PublishRejected("".into()));
        assert_eq!(story.state(), FATAL);
    }
    let mut story = Story::broadcasting();
    story.tell(Input::Disable);
    story.tell(Input::Enable);
    story.fail(2, Fault::PublishRejected("".into()));
    retry_of(story.state());
}

#[test]
fn a_broadcast_that_held_wipes_out_what_failed_before() {
    for (held_ms, failed) in [(SETTLED_MS - 1, 4), (SETTLED_MS, 1)] {
        let mut story = Story::starting();
        for attempt in 1..=3 {
            story.fail(attempt, Fault::Refused);
            story.expire();
        }
        assert_eq!(story.destination.failed_attempts(), 3);
        story.tell(Input::Accepted { attempt: 4 });
        story.tell(Input::Draining { attempt: 4 });
        assert_eq!(story.destination.failed_attempts(), 0, "this one works");
        story.wait(held_ms).fail(4, Fault::Closed { after_ms: held_ms });
        assert_eq!(retry_of(story.state()).0, failed);
    }
}

#[test]
fn a_retry_that_is_due_waits_for_the_picture() {
    let mut story = Story::broadcasting();
    story.tell(Input::SourceHeld);
    story.fail(1, Fault::Closed { after_ms: 5_000 });
    retry_of(story.state());
    assert_eq!(deeds(story.expire()), [], "nothing is begun without a picture");
    assert_eq!((story.state(), story.destination.words()), (State::Idle, &words::waiting_for_picture()));
    assert_eq!(deeds(story.tell(Input::SourceLive)), open(2));
}

#[test]
fn a_picture_that_flickers_does_not_shorten_the_wait() {
    let mut story = Story::starting();
    story.fail(1, Fault::Refused);
    let state = story.state();
    story.tell(Input::SourceHeld);
    story.tell(Input::SourceLive);
    assert_eq!(story.state(), state);
}

#[test]
fn retry_now_and_edited_do_not_wait() {
    for input in [Input::RetryNow, Input::Edited] {
        let mut story = Story::starting();
        story.fail(1, Fault::Refused);
        assert_eq!(deeds(story.tell(input.clone())), open(2));
        assert_eq!(story.state(), State::Starting);
    }
    let mut story = Story::broadcasting();
    assert_eq!(story.tell(Input::RetryNow), [], "there is nothing to retry");
    assert_eq!(deeds(story.tell(Input::Edited)), open(2), "the new address replaces the old one");
    story.tell(Input::SourceHeld);
    assert_eq!(deeds(story.tell(Input::Edited)), closed());
    assert_eq!(story.state(), State::Idle);
}

#[test]
fn a_source_that_could_not_be_carried_is_tried_when_it_comes_back() {
    let mut story = Story::starting();
    story.fail(1, Fault::NotCarried("HEVC".into()));
    assert_eq!(story.tell(Input::SourceLive), [], "it is the same one");
    story.tell(Input::SourceHeld);
    assert_eq!(deeds(story.tell(Input::SourceLive)), open(2));
    story.fail(2, Fault::PublishRejected("".into()));
    story.tell(Input::SourceHeld);
    assert_eq!(story.tell(Input::SourceLive), [], "a key is not better for it");
}

#[test]
fn what_went_wrong_stays_in_sight_after_the_stream() {
    let mut story = Story::starting();
    story.fail(1, Fault::NoKey);
    assert_eq!(deeds(story.tell(Input::SourceGone)), []);
    assert_eq!(
        (story.state(), story.destination.words()),
        (State::Idle, &words::idle_after(&about(&Fault::NoKey)))
    );
    assert_eq!(story.tell(Input::SourceGone), []);
    story.tell(Input::Edited);
    assert_eq!(story.destination.words(), &words::entering(State::Idle), "it may be mended");
}

/// One of each state, each with the source live but the held ones.
fn every_state() -> Vec<Story> {
    let told = |mut story: Story, inputs: Vec<Input>| {
        for input in inputs {
            story.tell(input);
        }
        story
    };
    let failed = |fault| Input::Failed { attempt: 1, fault };
    vec![
        told(Story::starting(), vec![Input::Disable]),
        Story::idle(),
        Story::starting(),
        Story::broadcasting(),
        told(Story::broadcasting(), vec![Input::NotDraining { attempt: 1 }]),
        told(Story::broadcasting(), vec![Input::SourceHeld]),
        told(Story::starting(), vec![failed(Fault::Dns)]),
        told(Story::starting(), vec![failed(Fault::NoKey)]),
    ]
}

#[test]
fn a_stop_succeeds_in_every_state() {
    for (stop, stopped) in [(Input::Disable, State::Disabled), (Input::SourceGone, State::Idle)] {
        for mut story in every_state() {
            let from = story.state();
            let deeds = deeds(story.tell(stop.clone()));
            let end = if from == State::Disabled { State::Disabled } else { stopped };
            assert_eq!(story.state(), end, "{from:?}");
            assert_eq!(deeds, if from.has_attempt() { closed() } else { vec![] }, "{from:?}");
            assert_eq!(story.destination.next_deadline_ms(), None);
            assert_eq!(story.destination.broadcasting_since_ms(), None);
        }
    }
}

#[test]
fn time_never_goes_backward() {
    let mut story = Story::starting();
    story.wait(5_000).tell(Input::Accepted { attempt: 1 });
    story.now_ms = T0;
    story.tell(Input::Draining { attempt: 1 });
    assert_eq!(story.destination.broadcasting_since_ms(), Some(T0 + 5_000));
}

fn any_fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        4 => Just(Fault::Dns),
        4 => Just(Fault::Closed { after_ms: 1 }),
        4 => Just(Fault::PublishRejected("no".into())),
        2 => Just(Fault::ClosedAtPublish),
        1 => Just(Fault::TlsUntrusted),
        1 => Just(Fault::NotCarried("HEVC".into())),
        1 => Just(Fault::NoKey),
    ]
}

/// An input; attempts count back from the newest: 0 is the one that runs, if one does.
fn any_input() -> impl Strategy<Value = (u64, Input)> {
    let attempt = prop_oneof![8 => Just(0u64), 1 => 1..3u64];
    let input = prop_oneof![
        2 => Just(Input::Enable),
        1 => Just(Input::Disable),
        6 => Just(Input::SourceLive),
        3 => Just(Input::SourceHeld),
        1 => Just(Input::SourceGone),
        8 => Just(Input::Accepted { attempt: 0 }),
        8 => Just(Input::Draining { attempt: 0 }),
        3 => Just(Input::NotDraining { attempt: 0 }),
        6 => any_fault().prop_map(|fault| Input::Failed { attempt: 0, fault }),
        1 => Just(Input::RetryNow),
        1 => Just(Input::Edited),
        6 => Just(Input::Tick),
    ];
    (attempt, input)
}

fn aimed(input: Input, at: u64) -> Input {
    match input {
        Input::Accepted { .. } => Input::Accepted { attempt: at },
        Input::Draining { .. } => Input::Draining { attempt: at },
        Input::NotDraining { .. } => Input::NotDraining { attempt: at },
        Input::Failed { fault, .. } => Input::Failed { attempt: at, fault },
        other => other,
    }
}

/// What the one who carries out the effects knows.
#[derive(Default)]
struct Runner {
    newest: u64,
    running: Option<u64>,
}

/// Hands in one input and checks what must hold of every answer.
fn step(destination: &mut Destination, runner: &mut Runner, now_ms: u64, input: Input) {
    let before = (destination.state(), destination.words().clone(), destination.next_deadline_ms());
    let of_attempt = match input {
        Input::Accepted { attempt }
        | Input::Draining { attempt }
        | Input::NotDraining { attempt }
        | Input::Failed { attempt, .. } => Some(attempt),
        _ => None,
    };
    let stale = of_attempt.is_some_and(|attempt| runner.running != Some(attempt));
    if let (Input::Failed { .. }, false) = (&input, stale) {
        runner.running = None;
    }
    let effects = destination.handle(now_ms, input.clone());
    if stale {
        assert_eq!(effects, [], "{input:?} is of no attempt that runs");
        let after = (destination.state(), destination.words().clone(), destination.next_deadline_ms());
        assert_eq!(before, after);
    }
    let mut records = 0;
    for (place, effect) in effects.iter().enumerate() {
        match effect {
            Effect::Record(change) => {
                assert_eq!(place, 0, "a row before it is done: {effects:?}");
                records += 1;
                assert_eq!(change.at_ms, now_ms);
                assert_ne!((change.state, &change.words), (before.0, &before.1), "told twice");
                assert!(
                    before.0 == change.state || before.0.can_become(change.state),
                    "{before:?} {change:?}"
                );
                assert_eq!((change.state, &change.words), (destination.state(), destination.words()));
            }
            Effect::Open { attempt } => {
                assert!(*attempt > runner.newest, "a number is given once");
                (runner.newest, runner.running) = (*attempt, Some(*attempt));
            }
            Effect::Close => assert!(runner.running.take().is_some(), "nothing ran: {input:?}"),
        }
    }
    assert!(effects.len() <= records + 1, "{effects:?}");
    if records == 0 {
        assert_eq!((before.0, &before.1), (destination.state(), destination.words()), "not told: {input:?}");
    }
    let state = destination.state();
    assert_eq!(state.has_attempt(), runner.running.is_some(), "{state:?} {input:?}");
    assert_eq!(destination.enabled(), state != State::Disabled);
    let on_air = matches!(state, State::Broadcasting | State::Interrupted);
    assert_eq!(destination.broadcasting_since_ms().is_some(), on_air);
    if let Some((failed, at_ms)) = state.retry() {
        assert!(failed >= 1);
        if state != before.0 {
            assert!((now_ms + 800..=now_ms + 36_000).contains(&at_ms), "{state:?} at {now_ms}");
        }
    }
    if input == Input::Tick {
        assert!(destination.next_deadline_ms().is_none_or(|deadline_ms| deadline_ms > now_ms), "{state:?}");
    }
}

proptest! {
    #[test]
    fn whatever_happens_the_rules_hold_and_a_stop_stops(
        seed: u64,
        enabled: bool,
        hold_limit_ms in prop::option::of(0..100_000u64),
        inputs in prop::collection::vec((0..40_000u64, any_input()), 0..120),
    ) {
        let mut destination = Destination::new(enabled, seed, hold_limit_ms);
        let mut runner = Runner::default();
        let mut now_ms = T0;
        for (delay_ms, (back, input)) in inputs {
            now_ms += delay_ms;
            let input = aimed(input, runner.newest.saturating_sub(back));
            step(&mut destination, &mut runner, now_ms, input);
        }
        step(&mut destination, &mut runner, now_ms, Input::Disable);
        prop_assert_eq!(destination.state(), State::Disabled);
        prop_assert_eq!(runner.running, None);
        prop_assert_eq!(destination.next_deadline_ms(), None);
    }

    #[test]
    fn left_alone_it_comes_to_rest_or_tries_again(
        seed: u64,
        inputs in prop::collection::vec((0..5_000u64, any_input()), 0..40),
    ) {
        let mut destination = Destination::new(true, seed, Some(20_000));
        let mut runner = Runner::default();
        let mut now_ms = T0;
        for (delay_ms, (back, input)) in inputs {
            now_ms += delay_ms;
            let input = aimed(input, runner.newest.saturating_sub(back));
            step(&mut destination, &mut runner, now_ms, input);
        }
        for _ in 0..20 {
            let Some(deadline_ms) = destination.next_deadline_ms() else { break };
            let state = destination.state();
            now_ms = now_ms.max(deadline_ms);
            step(&mut destination, &mut runner, now_ms, Input::Tick);
            prop_assert_ne!(destination.state(), state, "a deadline that changes nothing would tick for ever");
        }
    }
}
