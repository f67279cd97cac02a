use super::*;
use proptest::prelude::*;

const T0: u64 = 1_700_000_000_000;

fn app(name: &str) -> PackageName {
    PackageName::parse(&format!("com.example.{name}")).unwrap()
}

#[test]
fn a_stream_of_the_user_goes_on_without_apps() {
    let mut holders = Holders::default();
    assert!(holders.is_empty());
    holders.start_user();
    assert!(holders.join(&app("a"), T0, true));
    assert_eq!(holders.leave(&app("a")), Left::Others);
    assert_eq!(holders.leave(&app("a")), Left::WasNot);
    assert!(holders.user() && !holders.is_empty());
    assert_eq!(holders.next_deadline_ms(), None);
}

#[test]
fn a_stream_of_apps_ends_with_the_last_of_them() {
    let mut holders = Holders::default();
    holders.start_app(&app("a"), T0, true);
    assert!(holders.is_last(&app("a")) && !holders.is_last(&app("b")));
    assert!(holders.join(&app("b"), T0, true));
    assert!(!holders.is_last(&app("a")));
    assert_eq!(holders.leave(&app("a")), Left::Others);
    assert!(holders.is_last(&app("b")));
    assert_eq!(holders.leave(&app("b")), Left::Nobody);
    assert!(holders.is_empty());
}

#[test]
fn the_user_may_hold_on_and_let_go() {
    let mut holders = Holders::default();
    holders.start_app(&app("a"), T0, false);
    holders.hold(true);
    assert!(holders.user() && !holders.is_last(&app("a")));
    holders.hold(false);
    assert!(holders.is_last(&app("a")));
    holders.hold(true);
    assert_eq!(holders.leave(&app("a")), Left::Others);
}

#[test]
fn an_app_that_waits_for_the_stream_is_given_25_s() {
    let mut holders = Holders::default();
    holders.start_user();
    holders.join(&app("a"), T0, false);
    assert_eq!(holders.next_deadline_ms(), Some(T0 + APP_START_MS));
    assert_eq!(holders.expire(T0 + APP_START_MS - 1), []);
    assert_eq!(holders.expire(T0 + APP_START_MS), [(app("a"), Expired::TooSlow)]);
    assert!(holders.has(&app("a")), "it stays until it is taken out");
    assert_eq!((holders.expire(u64::MAX), holders.next_deadline_ms()), (vec![], None), "told once");

    holders.join(&app("b"), T0, false);
    holders.active();
    assert_eq!(holders.next_deadline_ms(), None);
    holders.join(&app("c"), T0, true);
    assert_eq!(holders.next_deadline_ms(), None);
}

#[test]
fn the_starter_waits_only_if_it_needs_to() {
    let mut holders = Holders::default();
    holders.start_app(&app("a"), T0, true);
    assert_eq!(holders.next_deadline_ms(), Some(T0 + APP_START_MS));
    holders.start_app(&app("b"), T0, false);
    assert_eq!(holders.next_deadline_ms(), None);
    assert!(!holders.has(&app("a")), "a new stream forgets who kept the last");
}

#[test]
fn joining_again_is_the_same_with_a_new_time() {
    let mut holders = Holders::default();
    holders.start_app(&app("a"), T0, true);
    holders.away(&app("a"), T0 + 1_000);
    assert!(!holders.join(&app("a"), T0 + 2_000, false));
    assert_eq!(holders.next_deadline_ms(), Some(T0 + 2_000 + APP_START_MS));
    assert_eq!(holders.apps().collect::<Vec<_>>(), [(&app("a"), false)]);
}

#[test]
fn an_app_that_is_away_has_15_s_to_come_back() {
    let mut holders = Holders::default();
    holders.start_app(&app("a"), T0, false);
    holders.away(&app("a"), T0);
    holders.away(&app("a"), T0 + 10_000);
    assert_eq!(holders.next_deadline_ms(), Some(T0 + AWAY_GRACE_MS), "away once is away");
    assert_eq!(holders.apps().collect::<Vec<_>>(), [(&app("a"), true)]);
    holders.back(&app("a"));
    assert_eq!(holders.next_deadline_ms(), None);
    holders.away(&app("a"), T0 + 20_000);
    assert_eq!(holders.expire(T0 + 35_000), [(app("a"), Expired::Away)]);
    assert_eq!(holders.leave(&app("a")), Left::Nobody);
}

#[test]
fn an_app_expires_once_and_for_the_earlier_reason() {
    let mut holders = Holders::default();
    holders.start_app(&app("a"), T0, true);
    holders.away(&app("a"), T0 + 5_000);
    holders.join(&app("b"), T0, false);
    holders.away(&app("b"), T0 + 20_000);
    let over = holders.expire(T0 + 60_000);
    assert_eq!(over, [(app("a"), Expired::Away), (app("b"), Expired::TooSlow)]);
}

#[test]
fn an_app_that_is_not_in_has_no_time() {
    let mut holders = Holders::default();
    holders.start_user();
    holders.away(&app("a"), T0);
    holders.back(&app("a"));
    assert!(!holders.has(&app("a")));
    assert_eq!(holders.next_deadline_ms(), None);
}

#[derive(Debug, Clone)]
enum Step {
    StartUser,
    StartApp(PackageName, bool),
    Join(PackageName, bool),
    Leave(PackageName),
    Away(PackageName),
    Back(PackageName),
    Active,
    Hold(bool),
    Expire,
}

fn any_step() -> impl Strategy<Value = Step> {
    let name = || prop::sample::select(["a", "b", "c"].map(app).to_vec());
    prop_oneof![
        1 => Just(Step::StartUser),
        1 => (name(), any::<bool>()).prop_map(|(app, needs)| Step::StartApp(app, needs)),
        4 => (name(), any::<bool>()).prop_map(|(app, active)| Step::Join(app, active)),
        3 => name().prop_map(Step::Leave),
        3 => name().prop_map(Step::Away),
        2 => name().prop_map(Step::Back),
        1 => Just(Step::Active),
        1 => any::<bool>().prop_map(Step::Hold),
        4 => Just(Step::Expire),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_every_wait_ends_and_the_last_to_leave_is_known(
        steps in prop::collection::vec((0..20_000u64, any_step()), 0..80),
    ) {
        let mut holders = Holders::default();
        let mut now_ms = T0;
        for (delay_ms, step) in steps {
            now_ms += delay_ms;
            let before = holders.clone();
            match step {
                Step::StartUser => holders.start_user(),
                Step::StartApp(app, needs_active) => holders.start_app(&app, now_ms, needs_active),
                Step::Join(app, active) => {
                    prop_assert_eq!(holders.join(&app, now_ms, active), !before.has(&app));
                    prop_assert!(holders.has(&app));
                }
                Step::Leave(app) => {
                    let left = holders.leave(&app);
                    prop_assert_eq!(left == Left::WasNot, !before.has(&app));
                    prop_assert_eq!(left == Left::Nobody, before.is_last(&app));
                    prop_assert!(left != Left::Nobody || holders.is_empty());
                }
                Step::Away(app) => holders.away(&app, now_ms),
                Step::Back(app) => holders.back(&app),
                Step::Active => holders.active(),
                Step::Hold(hold) => holders.hold(hold),
                Step::Expire => {
                    let over = holders.expire(now_ms);
                    let due = before.next_deadline_ms().is_some_and(|at_ms| at_ms <= now_ms);
                    prop_assert_eq!(over.is_empty(), !due);
                    prop_assert!(holders.next_deadline_ms().is_none_or(|at_ms| at_ms > now_ms));
                    prop_assert!(over.iter().all(|(app, _)| holders.has(app)));
                }
            }
            let latest_ms = now_ms + APP_START_MS.max(AWAY_GRACE_MS);
            prop_assert!(holders.next_deadline_ms().is_none_or(|at_ms| at_ms <= latest_ms));
        }
    }
}
