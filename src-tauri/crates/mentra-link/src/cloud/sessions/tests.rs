use super::*;

fn call(stamp: u64) -> Call {
    let destination = Destination::parse("ws://127.0.0.1:1/app-ws", "wss", "ws").expect("an address");
    Call { destination, dialect: Dialect::Classic, stamp: Some(stamp) }
}

fn start(sessions: &mut Sessions, id: &str, stamp: u64) -> Start {
    match sessions.ask(id, "a@example.com", call(stamp)) {
        Ok(Asked::Start(start)) => start,
        _ => panic!("not begun"),
    }
}

fn connect(sessions: &mut Sessions, id: &str, start: &Start, stamp: u64) -> mpsc::Receiver<AppMessage> {
    let (voice, voiced) = mpsc::channel(1);
    sessions.connected(id, start.run, Some(stamp), Some(voice));
    voiced
}

#[test]
fn times_are_compared_as_times() {
    let of = |text: &str| stamp(Some(&Value::from(text)));
    assert_eq!(of("2026-11-22T16:09:26.583Z"), Some(20_261_122_160_926_583));
    assert_eq!(of("2026-11-22T16:09:26Z"), Some(20_261_122_160_926_000));
    assert_eq!(of("2026-11-22T16:09:26.5Z"), Some(20_261_122_160_926_500));
    assert_eq!(of("2026-11-22T16:09:26.5839999Z"), Some(20_261_122_160_926_583));
    for odd in ["", "Z", "2026-11-22T16:09:26", "2026-11-22 16:09:26Z", "2026-11-22T16:09:26.5+01:00", "é-Z"]
    {
        assert_eq!(of(odd), None, "{odd}");
    }
    assert_eq!(stamp(Some(&Value::from(1_795_363_766_583_u64))), None);
    assert_eq!(stamp(None), None);
}

#[test]
fn the_same_or_an_older_request_is_a_replay_while_connected_only() {
    let mut sessions = Sessions::default();
    let begun = start(&mut sessions, "s", 5);
    assert!(matches!(sessions.ask("s", "a@example.com", call(5)), Ok(Asked::Known)));
    let _voiced = connect(&mut sessions, "s", &begun, 5);
    for old in [5, 4] {
        assert!(matches!(sessions.ask("s", "A@Example.com", call(old)), Ok(Asked::Replay)), "{old}");
    }
    assert!(matches!(sessions.ask("s", "a@example.com", call(6)), Ok(Asked::Known)));
    // On its way already.
    assert!(matches!(sessions.ask("s", "a@example.com", call(6)), Ok(Asked::Replay)));
    sessions.lost("s", begun.run);
    assert!(matches!(sessions.ask("s", "a@example.com", call(4)), Ok(Asked::Known)));
}

#[test]
fn a_session_is_its_users() {
    let mut sessions = Sessions::default();
    start(&mut sessions, "s", 1);
    assert!(sessions.ask("s", "b@example.com", call(2)).is_err());
    assert!(!sessions.stop("s", "b@example.com", String::new()));
    assert!(sessions.stop("s", "a@example.com", String::new()));
    for (id, user) in [("", "a"), ("t", ""), (&"x".repeat(ID_BYTES + 1), "a")] {
        assert!(sessions.ask(id, user, call(1)).is_err());
    }
}

#[test]
fn one_that_was_never_acknowledged_makes_place_and_no_other() {
    let mut sessions = Sessions::default();
    let made_up = start(&mut sessions, "made-up", 1);
    let kept: Vec<_> = (1..SESSIONS)
        .map(|n| {
            let id = format!("s{n}");
            let begun = start(&mut sessions, &id, 1);
            connect(&mut sessions, &id, &begun, 1)
        })
        .collect();
    let begun = start(&mut sessions, "real", 1);
    assert!(matches!(made_up.orders.borrow().end, Some(CloudEnd::Refused { .. })));
    let _voiced = connect(&mut sessions, "real", &begun, 1);
    let full = sessions.ask("more", "a@example.com", call(1));
    assert!(full.is_err_and(|words| words.contains("8 users")));
    assert_eq!(
        (sessions.list().len(), sessions.connected_count(), kept.len()),
        (SESSIONS, SESSIONS, SESSIONS - 1)
    );
}

#[test]
fn a_call_that_comes_as_a_session_ends_begins_it_anew() {
    let mut sessions = Sessions::default();
    let mut begun = start(&mut sessions, "s", 1);
    begun.orders.borrow_and_update();
    assert!(matches!(sessions.ask("s", "a@example.com", call(2)), Ok(Asked::Known)));
    assert!(!sessions.over("s", begun.run, &begun.orders));
    begun.orders.borrow_and_update();
    assert!(sessions.over("s", begun.run, &begun.orders));
    assert!(sessions.list().is_empty());
    // Another run of the same name is not this one's to end.
    let next = start(&mut sessions, "s", 3);
    assert!(sessions.over("s", begun.run, &begun.orders));
    assert_eq!((sessions.list().len(), next.run), (1, 2));
}

#[test]
fn dials_of_one_session_keep_their_distance() {
    let (mut sessions, now, second) = (Sessions::default(), Instant::now(), Duration::from_secs(1));
    assert_eq!(sessions.dial_from("a", second), None);
    sessions.dialled("a", now);
    sessions.dialled("a", now + second);
    assert_eq!(sessions.dial_from("a", second), Some(now + 2 * second));
    assert_eq!(sessions.dial_from("b", second), None);
    for n in 0..2 * DIALS {
        sessions.dialled(&n.to_string(), now);
    }
    assert_eq!(sessions.dials.len(), DIALS);
}
