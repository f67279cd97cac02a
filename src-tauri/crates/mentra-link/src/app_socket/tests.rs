use std::time::Duration;

use mentra_wire::{AppMessage, DataStream, Dialect, HubToApp};
use tokio_tungstenite::tungstenite::Message;

use crate::event::{AppRefusal, AppWelcome, HubEvent};
use crate::hub::AppDrop;
use crate::testing::{PACKAGE, Rig, Scripted, USER, init};
use crate::timing::Timing;

fn refusal(code: &str) -> Result<AppWelcome, AppRefusal> {
    Err(AppRefusal { code: code.to_owned(), message: "Not this one".to_owned() })
}

fn v3_headers() -> [(&'static str, &'static str); 4] {
    [
        ("x-user-id", USER),
        ("x-session-id", "user@example.com-com.example.console"),
        ("x-package-name", PACKAGE),
        ("x-api-key", "key_v3_0123456789"),
    ]
}

fn large() -> HubToApp {
    HubToApp::DataStream(DataStream {
        stream_type: "anything".to_owned(),
        data: "x".repeat(32 << 10).into(),
        ..DataStream::default()
    })
}

#[tokio::test]
async fn a_classic_app_says_hello_and_is_acknowledged_first() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut app = Scripted::connect(rig.hub.address(), "/app-ws", &[]).await;
    app.send(&init(PACKAGE)).await;
    let hello = rig.answer(Ok(AppWelcome {})).await;
    assert_eq!((hello.package.as_str(), hello.reconnect), (PACKAGE, false));
    assert_eq!(hello.api_key.expect("a key").expose(), "key_0123456789");
    assert!(hello.peer.ip().is_loopback());
    let ack = app.json().await;
    assert_eq!(ack["type"], "tpa_connection_ack");
    assert_eq!(ack["sessionId"], format!("{USER}-{PACKAGE}"));
    assert_eq!(ack["settings"], serde_json::json!([]));
    assert_eq!(ack["mentraosSettings"], ack["augmentosSettings"]);
    assert_eq!(ack["capabilities"]["modelName"], "Mentra Live");
    let HubEvent::AppConnected { dialect, resumed, sdk_version, .. } = rig.next().await else {
        panic!("not connected")
    };
    assert_eq!((dialect, resumed, sdk_version), (Dialect::Classic, false, None));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn a_v3_app_says_in_headers_who_it_is_and_goes_on_after_a_drop() {
    let mut rig = Rig::start(Timing::default()).await;
    let address = rig.hub.address();
    let mut app = Scripted::connect(address, "/ws/miniapp", &v3_headers()).await;
    app.send(
        r#"{"type":"tpa_connection_init","packageName":"com.example.console","sdkVersion":"3.0.0-hono.8"}"#,
    )
    .await;
    let hello = rig.answer(Ok(AppWelcome {})).await;
    assert_eq!(hello.dialect, Dialect::V3);
    assert_eq!(hello.api_key.expect("from the header").expose(), "key_v3_0123456789");
    assert_eq!(app.json().await["type"], "tpa_connection_ack");
    assert!(matches!(rig.next().await, HubEvent::AppConnected { resumed: false, .. }));
    app.send(r#"{"type":"subscription_update","packageName":"com.example.console","subscriptions":["stream_status"]}"#).await;
    assert!(matches!(rig.next().await, HubEvent::AppMessage { message: AppMessage::Subscribe(_), .. }));
    drop(app);
    let HubEvent::AppGone { code: None, .. } = rig.next().await else { panic!("still there") };

    let mut app = Scripted::connect(address, "/ws/miniapp", &v3_headers()).await;
    app.send(r#"{"type":"reconnect","sessionId":"user@example.com-com.example.console","sdkVersion":"3.0.0-hono.8"}"#).await;
    let hello = rig.answer(Ok(AppWelcome {})).await;
    assert!(hello.reconnect);
    assert!(hello.api_key.is_some());
    let ack = app.json().await;
    assert_eq!(ack["type"], "reconnect_ack");
    assert_eq!(ack["subscriptions"], serde_json::json!(["stream_status"]));
    assert!(matches!(rig.next().await, HubEvent::AppConnected { resumed: true, dialect: Dialect::V3, .. }));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn a_refused_app_is_told_why_and_closed_with_1008() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut app = Scripted::connect(rig.hub.address(), "/app-ws", &[]).await;
    app.send(&init(PACKAGE)).await;
    rig.answer(refusal("INVALID_API_KEY")).await;
    let error = app.json().await;
    assert_eq!(error["type"], "tpa_connection_error");
    assert_eq!(error["code"], "INVALID_API_KEY");
    assert_eq!(app.closed().await, Some((1008, "Not this one".to_owned())));
    // It was never here, so there is nothing to log and nobody to miss.
    assert!(rig.hub.frames(PACKAGE, 0).is_empty());
    rig.hub.shutdown().await;
    assert!(rig.events.recv().await.is_none());
}

#[tokio::test]
async fn a_rejected_reconnect_may_begin_anew_on_the_same_socket() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut app = Scripted::connect(rig.hub.address(), "/ws/miniapp", &v3_headers()).await;
    app.send(r#"{"type":"reconnect","sessionId":"user@example.com-com.example.console"}"#).await;
    rig.answer(refusal("SESSION_NOT_FOUND")).await;
    let rejected = app.json().await;
    assert_eq!(
        (&rejected["type"], &rejected["code"]),
        (&"reconnect_rejected".into(), &"SESSION_NOT_FOUND".into())
    );
    app.send(&init(PACKAGE)).await;
    rig.welcome().await;
    assert_eq!(app.json().await["type"], "tpa_connection_ack");
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn a_reconnect_to_nobodys_session_is_rejected_without_asking() {
    let rig = Rig::start(Timing::default()).await;
    let mut app = Scripted::connect(rig.hub.address(), "/app-ws", &[]).await;
    for _ in 0..3 {
        app.send(r#"{"type":"reconnect","sessionId":"somebody else's"}"#).await;
        assert_eq!(app.json().await["type"], "reconnect_rejected");
    }
    assert_eq!(app.closed().await.expect("closed").0, 1008);
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn an_unanswered_app_may_try_again() {
    let timing = Timing { answer_within: Duration::from_millis(30), ..Timing::default() };
    let mut rig = Rig::start(timing).await;
    let mut app = Scripted::connect(rig.hub.address(), "/app-ws", &[]).await;
    app.send(&init(PACKAGE)).await;
    let HubEvent::AppHello { answer, .. } = rig.next().await else { panic!("no hello") };
    assert_eq!(app.json().await["code"], "INTERNAL_ERROR");
    assert_eq!(app.closed().await.expect("closed").0, 1011);
    assert!(answer.is_closed());
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn a_silent_stranger_is_closed() {
    let timing = Timing { init_within: Duration::from_millis(30), ..Timing::default() };
    let rig = Rig::start(timing).await;
    let mut stranger = Scripted::connect(rig.hub.address(), "/app-ws", &[]).await;
    assert_eq!(stranger.closed().await.expect("closed").0, 1008);
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn a_first_message_that_is_no_hello_is_refused() {
    let rig = Rig::start(Timing::default()).await;
    for first in [
        "not json",
        r#"{"type":"managed_stream_request","packageName":"a.b"}"#,
        r#"{"type":"tpa_connection_init","packageName":"a b"}"#,
        r#"{"type":"tpa_connection_init"}"#,
    ] {
        let mut app = Scripted::connect(rig.hub.address(), "/app-ws", &[]).await;
        app.send(first).await;
        let error = app.json().await;
        assert_eq!(
            (&error["type"], &error["code"]),
            (&"tpa_connection_error".into(), &"MALFORMED_MESSAGE".into())
        );
        assert_eq!(app.closed().await.expect("closed").0, 1008);
    }
    let mut app = Scripted::connect(rig.hub.address(), "/ws/miniapp", &v3_headers()).await;
    app.send(&init("com.example.other")).await;
    assert_eq!(app.json().await["code"], "MALFORMED_MESSAGE");
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn a_second_socket_takes_over_without_app_stopped() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut first = rig.app(PACKAGE).await;
    let mut second = Scripted::connect(rig.hub.address(), "/app-ws", &[]).await;
    second.send(&init(PACKAGE)).await;
    rig.answer(Ok(AppWelcome {})).await;
    let HubEvent::AppConnected { connection, resumed, .. } = rig.next().await else {
        panic!("not connected")
    };
    assert!(resumed, "the same session goes on");
    assert_eq!(second.json().await["type"], "tpa_connection_ack");
    // Nothing but the close frame: no app_stopped.
    let Some(Message::Close(Some(frame))) = first.frame().await else { panic!("something else was said") };
    assert_eq!(u16::from(frame.code), 1008);
    second.send(r#"{"type":"stream_status_check","packageName":"com.example.console"}"#).await;
    let HubEvent::AppMessage { connection: said_by, message: AppMessage::CheckStream(_), .. } =
        rig.next().await
    else {
        panic!("the first one's end was told")
    };
    assert_eq!(said_by, connection);
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn an_empty_set_after_a_reconnect_means_nothing_if_another_was_known() {
    let mut rig = Rig::start(Timing::default()).await;
    let set = |names: &str| {
        format!(r#"{{"type":"subscription_update","packageName":"x","subscriptions":[{names}]}}"#)
    };
    let mut app = rig.app(PACKAGE).await;
    for names in ["", r#""managed_stream_status""#] {
        app.send(&set(names)).await;
        assert!(matches!(rig.next().await, HubEvent::AppMessage { message: AppMessage::Subscribe(_), .. }));
    }
    drop(app);
    assert!(matches!(rig.next().await, HubEvent::AppGone { code: None, .. }));
    let mut app = rig.app(PACKAGE).await;
    app.send(&set("")).await;
    app.send(&set(r#""rtmp_stream_status""#)).await;
    app.send(&set("")).await;
    let mut heard = Vec::new();
    for _ in 0..2 {
        let HubEvent::AppMessage { message: AppMessage::Subscribe(set), .. } = rig.next().await else {
            panic!("something else")
        };
        heard.push(set.subscriptions.iter().map(|one| one.name().to_owned()).collect::<Vec<_>>());
    }
    // The first empty one is gone; one after the real set is meant.
    assert_eq!(heard, [vec!["rtmp_stream_status".to_owned()], vec![]]);
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn a_ping_is_answered_and_only_to_who_asked() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut asks = rig.app("com.example.asks").await;
    let mut other = rig.app("com.example.other").await;
    asks.send(r#"{"type":"ping"}"#).await;
    let pong = asks.json().await;
    assert_eq!((&pong["type"], pong["timestamp"].as_u64()), (&"pong".into(), Some(crate::testing::NOW_MS)));
    rig.hub.stop_app("com.example.other", "user_disabled");
    assert_eq!(other.json().await["type"], "app_stopped");
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn leaving_on_purpose_is_told_and_the_next_hello_begins_anew() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut app = rig.app(PACKAGE).await;
    app.send(
        r#"{"type":"ownership_release","packageName":"com.example.console","reason":"switching_clouds"}"#,
    )
    .await;
    assert!(matches!(
        rig.next().await,
        HubEvent::AppMessage { message: AppMessage::OwnershipRelease(_), .. }
    ));
    app.message(Message::Close(None)).await;
    assert!(matches!(rig.next().await, HubEvent::AppGone { code: Some(1005), .. }));
    let mut app = Scripted::connect(rig.hub.address(), "/app-ws", &[]).await;
    app.send(&init(PACKAGE)).await;
    rig.answer(Ok(AppWelcome {})).await;
    assert!(matches!(rig.next().await, HubEvent::AppConnected { resumed: false, .. }));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn the_code_an_app_closes_with_is_told_and_its_close_answered() {
    let mut rig = Rig::start(Timing::default()).await;
    let app = rig.app(PACKAGE).await;
    app.close(1000, "Client disconnect").await;
    let HubEvent::AppGone { code, reason, .. } = rig.next().await else { panic!("still there") };
    assert_eq!((code, reason.as_str()), (Some(1000), "Client disconnect"));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn an_app_that_never_pongs_is_closed() {
    let timing = Timing {
        ping_every: Duration::from_millis(20),
        close_within: Duration::from_millis(20),
        ..Timing::default()
    };
    let mut rig = Rig::start(timing).await;
    // Not polled any more, so nobody answers.
    let _app = rig.app(PACKAGE).await;
    let HubEvent::AppGone { code, reason, .. } = rig.next().await else { panic!("still there") };
    assert_eq!((code, reason.as_str()), (Some(1011), "Pings were not answered"));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn an_app_that_pongs_stays() {
    let timing = Timing { ping_every: Duration::from_millis(50), ..Timing::default() };
    let mut rig = Rig::start(timing).await;
    let mut app = rig.app(PACKAGE).await;
    for _ in 0..5 {
        assert!(matches!(app.frame().await, Some(Message::Ping(_))));
    }
    assert!(rig.events.try_recv().is_err());
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn an_app_that_never_reads_is_closed_while_others_are_served() {
    let timing = Timing { close_within: Duration::from_millis(20), ..Timing::default() };
    let mut rig = Rig::start(timing).await;
    let _deaf = rig.app("com.example.deaf").await;
    let mut good = rig.app("com.example.good").await;
    let gone = loop {
        rig.hub.send_app("com.example.deaf", &large());
        rig.hub.send_app("com.example.good", &large());
        assert_eq!(good.json().await["type"], "data_stream");
        if let Ok(event) = rig.events.try_recv() {
            break event;
        }
    };
    let HubEvent::AppGone { package, code, .. } = gone else { panic!("something else: {gone:?}") };
    assert_eq!((package.as_str(), code), ("com.example.deaf", Some(1011)));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn an_oversized_message_closes_with_1009_and_a_huge_one_closes_at_all() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut app = rig.app(PACKAGE).await;
    app.send(&format!(r#"{{"type":"x","text":"{}"}}"#, "x".repeat(65 << 10))).await;
    assert_eq!(app.closed().await.expect("closed").0, 1009);
    assert!(matches!(rig.next().await, HubEvent::AppGone { code: Some(1009), .. }));

    let mut app = rig.app(PACKAGE).await;
    app.try_message(Message::text("x".repeat(8 << 20))).await;
    assert!(matches!(rig.next().await, HubEvent::AppGone { .. }));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn a_real_burst_passes_and_a_flood_is_closed() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut app = rig.app(PACKAGE).await;
    let check = r#"{"type":"stream_status_check","packageName":"com.example.console"}"#;
    for _ in 0..90 {
        app.send(check).await;
    }
    for _ in 0..90 {
        assert!(matches!(rig.next().await, HubEvent::AppMessage { .. }));
    }
    let mut sent = 0;
    while sent < 5_000 && app.try_message(Message::text(r#"{"type":"unknown"}"#)).await {
        sent += 1;
    }
    let HubEvent::AppGone { code, reason, .. } = rig.next().await else { panic!("still there") };
    assert_eq!((code, reason.as_str()), (Some(1008), "Too many messages"));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn unreadable_messages_are_answered_and_unknown_ones_ignored() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut app = rig.app(PACKAGE).await;
    app.send(r#"{"type":"whatever","apiKey":"planted"}"#).await;
    app.message(Message::binary(vec![0; 100])).await;
    app.send("not json").await;
    let error = app.json().await;
    assert_eq!(
        (&error["type"], &error["code"]),
        (&"tpa_connection_error".into(), &"MALFORMED_MESSAGE".into())
    );
    app.send(r#"{"type":"stream_status_check","packageName":"com.example.console"}"#).await;
    assert!(matches!(rig.next().await, HubEvent::AppMessage { message: AppMessage::CheckStream(_), .. }));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn sockets_are_dropped_with_the_code_asked_for() {
    let mut rig = Rig::start(Timing::default()).await;
    for (drop, code) in [(AppDrop::Restart, 1011), (AppDrop::Refused, 1008), (AppDrop::SessionEnded, 1000)] {
        let mut app = rig.app(PACKAGE).await;
        rig.hub.drop_app(PACKAGE, drop);
        assert_eq!(app.closed().await.expect("closed").0, code);
        let HubEvent::AppGone { code: told, .. } = rig.next().await else { panic!("still there") };
        assert_eq!(told, Some(code));
    }
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn shutdown_takes_leave_of_apps_and_joins_everything() {
    let mut rig = Rig::start(Timing::default()).await;
    let address = rig.hub.address();
    let mut app = rig.app(PACKAGE).await;
    let mut stranger = Scripted::connect(address, "/app-ws", &[]).await;
    let leaving = async {
        let stopped = app.json().await;
        assert_eq!((&stopped["type"], &stopped["reason"]), (&"app_stopped".into(), &"system_stop".into()));
        assert_eq!(app.closed().await, Some((1000, "App stopped".to_owned())));
        assert_eq!(stranger.closed().await.expect("closed").0, 1001);
    };
    tokio::join!(rig.hub.shutdown(), leaving);
    assert!(matches!(rig.events.recv().await, Some(HubEvent::AppGone { code: Some(1000), .. })));
    // Every sender is gone, so every task is.
    assert!(rig.events.recv().await.is_none());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_dropped_hub_lets_go_of_everybody() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut app = rig.app(PACKAGE).await;
    drop(rig.hub);
    while app.frame().await.is_some() {}
    while rig.events.recv().await.is_some() {}
}

#[tokio::test]
async fn secrets_are_in_no_frame_and_no_debug() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut app = Scripted::connect(rig.hub.address(), "/app-ws", &[]).await;
    let planted = init(PACKAGE).replace("key_0123456789", "PLANTED-KEY");
    app.send(&planted).await;
    let HubEvent::AppHello { hello, answer } = rig.next().await else { panic!("no hello") };
    assert!(!format!("{hello:?}").contains("PLANTED"), "{hello:?}");
    answer.send(Ok(AppWelcome {})).expect("the app waits");
    let connected = rig.next().await;
    assert!(!format!("{connected:?}").contains("PLANTED"));
    for said in [
        r#"{"type":"rtmp_stream_request","rtmpUrl":"rtmp://a.example.com/live/PLANTED-KEY","streamUrl":"rtmps://a.example.com/live2/PLANTED"}"#,
        r#"{"type":"managed_stream_request","restreamDestinations":[{"url":"rtmp://a.example.com/live2/PLANTED-KEY"}]}"#,
    ] {
        app.send(said).await;
        let event = rig.next().await;
        assert!(!format!("{event:?}").contains("PLANTED"), "{event:?}");
    }
    app.send(r#"{"type":"whatever","token":"PLANTED"}"#).await;
    app.send("apiKey=PLANTED").await;
    assert_eq!(app.json().await["type"], "tpa_connection_ack");
    assert_eq!(app.json().await["type"], "tpa_connection_error");
    let frames = rig.hub.frames(PACKAGE, 0);
    assert_eq!(frames.len(), 7, "{frames:?}");
    assert!(frames.iter().all(|frame| !frame.text.contains("PLANTED")), "{frames:?}");
    assert_eq!(rig.hub.frames(PACKAGE, frames[3].seq).len(), 3);
    rig.hub.shutdown().await;
}
