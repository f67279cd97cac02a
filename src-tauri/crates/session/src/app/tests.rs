use super::*;
use crate::Tone;
use proptest::prelude::*;
use std::fmt::Write as _;

const T0: u64 = 1_700_000_000_000;

fn refused() -> Input {
    let words = Words::warning("Nothing listens at http://127.0.0.1:7010.").then("Start the app there.");
    Input::WebhookFailed { unreachable: true, words }
}

fn status(code: u16) -> Input {
    Input::WebhookFailed {
        unreachable: false,
        words: Words::warning(format!("The app answered with status {code}.")),
    }
}

/// An app and the time, so that a test reads as a story.
struct Story {
    run: AppRun,
    now_ms: u64,
}

impl Story {
    fn started() -> Self {
        let mut story = Self { run: AppRun::new(), now_ms: T0 };
        let effects = story.tell(Input::Start);
        assert_eq!((story.run.state(), calls(&effects)), (State::Starting, 1));
        story
    }

    fn connected() -> Self {
        let mut story = Self::started();
        story.tell(Input::WebhookAnswered);
        story.tell(Input::Connected);
        assert_eq!(story.run.state(), State::Connected);
        story
    }

    fn away() -> Self {
        let mut story = Self::connected();
        assert_eq!(calls(&story.tell(Input::Gone { clean: false })), 0);
        assert_eq!(story.run.state(), State::Away);
        story
    }

    fn tell(&mut self, input: Input) -> Vec<Effect> {
        self.run.handle(self.now_ms, input)
    }

    /// Goes to the next deadline, which is `ms` away, making sure that nothing happens a millisecond before it.
    fn expire(&mut self, ms: u64) -> Vec<Effect> {
        assert_eq!(self.run.next_deadline_ms(), Some(self.now_ms + ms));
        self.now_ms += ms - 1;
        assert_eq!(self.tell(Input::Tick), []);
        self.now_ms += 1;
        self.tell(Input::Tick)
    }
}

fn calls(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| **effect == Effect::CallWebhook).count()
}

#[test]
fn an_app_is_called_and_connects() {
    let mut story = Story { run: AppRun::new(), now_ms: T0 };
    assert!(!story.run.is_wanted());
    let effects = story.tell(Input::Start);
    assert!(matches!(&effects[..], [Effect::Record(_), Effect::CallWebhook]), "{effects:?}");
    assert!(story.run.is_wanted());
    assert_eq!(story.tell(Input::Start), [], "called once");
    assert_eq!(story.tell(Input::WebhookAnswered).len(), 1);
    assert_eq!(story.tell(Input::WebhookAnswered), []);
    assert_eq!(story.tell(Input::Connected).len(), 1);
    assert_eq!((story.run.state(), story.run.next_deadline_ms()), (State::Connected, None));
    assert_eq!(story.tell(Input::Start), [], "never called while it is connected");
    assert_eq!(story.tell(refused()), [], "a late answer");
    assert_eq!(story.tell(Input::Connected), [], "another socket took the place of the first");
}

#[test]
fn an_app_at_whose_address_nothing_listens_is_called_once_more() {
    let mut story = Story::started();
    let effects = story.tell(refused());
    assert_eq!((story.run.state(), calls(&effects)), (State::Starting, 0));
    assert_eq!(story.tell(refused()), [], "the same call failed");
    assert_eq!(story.expire(RETRY_MS), [Effect::CallWebhook]);
    let mut late = Story { run: story.run.clone(), now_ms: story.now_ms };
    story.tell(refused());
    assert_eq!(story.run.state(), State::Failed);
    assert_eq!(story.run.words().tone, Tone::Error);
    assert_eq!(story.run.words().next_step.as_deref(), Some("Start the app there."));
    late.expire(CONNECT_MS);
    assert_eq!(late.run.state(), State::Failed);
}

#[test]
fn an_app_that_answers_badly_has_failed() {
    let mut story = Story::started();
    story.tell(status(500));
    assert_eq!((story.run.state(), story.run.next_deadline_ms()), (State::Failed, None));
    assert!(story.run.words().next_step.is_some());
    assert!(story.run.is_wanted());
    assert_eq!(story.tell(Input::Connected).len(), 1, "better late than never");
}

#[test]
fn an_app_connects_within_10_s_of_the_call() {
    let mut silent = Story::started();
    silent.expire(CONNECT_MS);
    assert_eq!(silent.run.state(), State::Failed);
    let mut story = Story::started();
    story.tell(Input::WebhookAnswered);
    story.expire(CONNECT_MS);
    assert_eq!(story.run.state(), State::Failed);
    assert_ne!(story.run.words(), silent.run.words());
    assert_eq!(calls(&story.tell(Input::Start)), 1, "the user may try again");
}

#[test]
fn an_app_that_says_goodbye_is_stopped() {
    let mut story = Story::connected();
    assert_eq!(story.tell(Input::Gone { clean: true }).len(), 1);
    assert_eq!((story.run.state(), story.run.next_deadline_ms()), (State::Stopped, None));
}

#[test]
fn a_lost_app_is_called_after_8_20_and_60_s_and_then_given_up() {
    let mut story = Story::away();
    assert_eq!(story.expire(8_000), [Effect::CallWebhook]);
    assert_eq!(story.tell(refused()), []);
    assert_eq!(story.expire(12_000), [Effect::CallWebhook]);
    assert_eq!(story.expire(40_000), [Effect::CallWebhook]);
    let mut heard = Story { run: story.run.clone(), now_ms: story.now_ms };
    heard.tell(refused());
    assert_eq!(heard.run.state(), State::Failed, "nothing to wait for");
    assert!(heard.run.words().text.contains("7010"), "{:?}", heard.run.words());
    story.expire(CONNECT_MS);
    assert_eq!((story.run.state(), story.run.next_deadline_ms()), (State::Failed, None));
}

#[test]
fn a_lost_app_comes_back_by_itself_or_when_called() {
    let mut story = Story::away();
    story.now_ms += 3_000;
    assert_eq!(story.tell(Input::Connected).len(), 1);
    assert_eq!((story.run.state(), story.run.next_deadline_ms()), (State::Connected, None));
    story.tell(Input::Gone { clean: false });
    assert_eq!(story.expire(8_000), [Effect::CallWebhook], "every loss is counted from its own time");
    story.tell(Input::WebhookAnswered);
    story.tell(Input::Connected);
    assert_eq!(story.run.state(), State::Connected);
}

#[test]
fn after_a_sleep_of_the_computer_calls_do_not_pile_up() {
    let mut story = Story::away();
    story.now_ms += 3_600_000;
    assert_eq!(story.tell(Input::Tick), [Effect::CallWebhook]);
    assert_eq!(story.expire(CONNECT_MS), [Effect::CallWebhook]);
    assert_eq!(story.expire(CONNECT_MS), [Effect::CallWebhook]);
    story.expire(CONNECT_MS);
    assert_eq!(story.run.state(), State::Failed);
}

#[test]
fn the_user_may_call_a_lost_app_at_once() {
    let mut story = Story::away();
    assert_eq!(calls(&story.tell(Input::Start)), 1);
    assert_eq!(story.run.state(), State::Starting);
    assert_eq!(story.run.next_deadline_ms(), Some(T0 + CONNECT_MS));
}

#[test]
fn a_stopped_app_is_told_and_stays_out() {
    for mut story in [Story::started(), Story::connected(), Story::away()] {
        let effects = story.tell(Input::Stop);
        assert!(matches!(&effects[..], [Effect::Record(_), Effect::CallStop]), "{effects:?}");
        assert_eq!((story.run.state(), story.run.next_deadline_ms()), (State::Stopped, None));
        assert_eq!(story.tell(Input::Gone { clean: true }), []);
        assert_eq!(story.tell(Input::Stop), []);
        assert_eq!(story.tell(refused()), []);
        assert_eq!(story.tell(Input::Connected), [Effect::CallStop], "it slipped in while it was stopped");
        assert!(!story.run.is_wanted());
    }
    let mut failed = Story::started();
    failed.tell(status(404));
    assert_eq!(failed.tell(Input::Stop).len(), 1, "nobody there to tell");
}

#[test]
fn every_word_about_an_app() {
    let mut page = String::new();
    let mut line = |title: &str, story: &Story| {
        let words = story.run.words();
        let next = words.next_step.as_ref().map(|step| format!(" -> {step}")).unwrap_or_default();
        writeln!(page, "{title} | {} | {}{next}", words.tone.code(), words.text).unwrap();
    };
    line("stopped", &Story { run: AppRun::new(), now_ms: T0 });
    let mut story = Story::started();
    line("starting", &story);
    story.tell(refused());
    line("called again", &story);
    story.expire(RETRY_MS);
    story.tell(Input::WebhookAnswered);
    line("answered", &story);
    story.expire(CONNECT_MS);
    line("answered and stayed away", &story);
    let mut story = Story::started();
    story.expire(CONNECT_MS);
    line("silent", &story);
    let mut story = Story::started();
    story.tell(status(500));
    line("status 500", &story);
    let mut story = Story::connected();
    line("connected", &story);
    story.tell(Input::Gone { clean: true });
    line("left", &story);
    let mut story = Story::away();
    line("away", &story);
    story.expire(8_000);
    story.expire(12_000);
    story.expire(40_000);
    let mut heard = Story { run: story.run.clone(), now_ms: story.now_ms };
    heard.tell(refused());
    line("lost, nothing listens", &heard);
    story.expire(CONNECT_MS);
    line("lost", &story);
    insta::assert_snapshot!(page);
}

/// The table of the doc comment, written out once more so that one slip is caught by the other.
#[test]
fn the_table_holds_for_every_pair() {
    use State::{Away, Connected, Failed, Starting, Stopped};
    for from in State::ALL {
        let next: &[State] = match from {
            Stopped => &[Starting],
            Starting => &[Stopped, Connected, Failed],
            Connected => &[Stopped, Away],
            Away => &[Stopped, Starting, Connected, Failed],
            Failed => &[Stopped, Starting, Connected],
        };
        for to in State::ALL {
            assert_eq!(from.can_become(to), next.contains(&to), "{from:?} -> {to:?}");
        }
    }
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        2 => Just(Input::Start),
        1 => Just(Input::Stop),
        2 => Just(Input::Connected),
        2 => any::<bool>().prop_map(|clean| Input::Gone { clean }),
        2 => Just(refused()),
        1 => Just(status(500)),
        2 => Just(Input::WebhookAnswered),
        6 => Just(Input::Tick),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_follows_the_table_and_every_wait_ends(
        inputs in prop::collection::vec((0..30_000u64, any_input()), 0..80),
    ) {
        let mut story = Story { run: AppRun::new(), now_ms: T0 };
        for (delay_ms, input) in inputs {
            story.now_ms += delay_ms;
            let before = story.run.clone();
            let effects = story.tell(input);
            let (from, to) = (before.state(), story.run.state());
            prop_assert!(from == to || from.can_become(to), "{from:?} -> {to:?}");
            let told = effects.iter().filter(|effect| matches!(effect, Effect::Record(_))).count();
            let changed = (from, before.words()) != (to, story.run.words());
            prop_assert_eq!(told, usize::from(changed), "{:?}", effects);
            prop_assert!(told == 0 || matches!(effects[0], Effect::Record(_)));
            prop_assert!(calls(&effects) == 0 || matches!(to, State::Starting | State::Away));
            let waits = matches!(to, State::Starting | State::Away);
            prop_assert_eq!(story.run.next_deadline_ms().is_some(), waits, "{:?}", to);
            prop_assert_eq!(story.run.is_wanted(), to != State::Stopped);
            let trouble = matches!(to, State::Away | State::Failed);
            prop_assert!(!trouble || story.run.words().next_step.is_some());
        }
        let mut ticks = 0;
        while let Some(deadline_ms) = story.run.next_deadline_ms() {
            story.now_ms = story.now_ms.max(deadline_ms);
            story.tell(Input::Tick);
            ticks += 1;
            prop_assert!(ticks <= 4, "it is called for ever");
        }
    }
}
