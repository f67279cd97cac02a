//! How sockets end, and what follows.

use super::*;

#[tokio::test]
async fn a_late_acknowledgement_is_another_try() {
    let cloud = Cloud::start().await;
    let timing = CloudTiming { ack_within: Duration::from_millis(200), ..quick() };
    let mut rig = Rig::start(timing).await;
    assert_eq!(rig.called(request(&cloud.url, 1)).await, None);
    let mut line = cloud.accept().await;
    let init = line.json().await;
    assert_eq!(rig.lost().await, "the cloud did not let the app in");
    // Until one is quick enough.
    loop {
        let mut again = cloud.accept().await;
        assert_eq!(again.json().await, init, "the same session");
        again.send(json!({"type": "tpa_connection_ack"})).await;
        match rig.next().await {
            CloudEvent::Connected { again, .. } => break assert!(!again, "it was not connected before"),
            CloudEvent::Lost { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    rig.app.stop().await;
}

#[tokio::test]
async fn whatever_the_close_says_the_app_comes_back() {
    let cloud = Cloud::start().await;
    let mut rig = Rig::start(quick()).await;
    let mut line = rig.with(&cloud, 1).await;
    for (code, reason) in [
        (1000, "App stopped"),
        (1000, "User session ended"),
        (1000, ""),
        (1001, "Going away"),
        (1008, "Policy"),
        (1011, "Internal server error"),
        (1012, "Restart"),
        (4000, "Own"),
    ] {
        line.close(code, reason).await;
        let lost = rig.lost().await;
        assert!(lost.contains(&code.to_string()) && lost.contains(reason), "{lost}");
        assert!(!rig.app.say(SESSION, start_managed()));
        line = cloud.accept().await;
        // Init with the same session, and subscriptions again.
        line.acknowledge().await;
        assert!(rig.connected().await, "{code} {reason}");
    }
    // 1006: gone without a word.
    drop(line);
    rig.lost().await;
    cloud.accept().await.acknowledge().await;
    assert!(rig.connected().await);
    rig.app.stop().await;
}

#[tokio::test]
async fn a_hundred_flaps_are_a_hundred_reconnects_of_one_session() {
    let cloud = Cloud::start().await;
    let mut rig = Rig::start(quick()).await;
    let mut line = rig.with(&cloud, 1).await;
    for flap in 0..100 {
        drop(line);
        rig.lost().await;
        line = cloud.accept().await;
        line.acknowledge().await;
        assert!(rig.connected().await, "flap {flap}");
        let sessions = rig.app.sessions();
        assert_eq!((sessions.len(), sessions[0].connected), (1, true), "flap {flap}");
    }
    assert!(rig.app.say(SESSION, start_managed()), "what is said arrives on the newest socket");
    rig.app.stop().await;
}

#[tokio::test]
async fn an_app_that_was_not_started_waits_for_the_next_call() {
    let cloud = Cloud::start().await;
    let mut rig = Rig::start(quick()).await;
    for (at, code) in [(1, "APP_NOT_STARTED"), (2, "SESSION_NOT_FOUND")] {
        // Before the acknowledgement.
        assert_eq!(rig.called(request(&cloud.url, at)).await, None);
        let mut line = cloud.accept().await;
        line.json().await;
        line.refuse(code, "No").await;
        assert!(matches!(rig.told().await, HubToApp::ConnectionError(_)));
        assert_eq!(rig.over().await, CloudEnd::NotStarted);
        assert!(rig.app.sessions().is_empty());
        // And after it.
        let line = rig.with(&cloud, at).await;
        line.refuse(code, "No").await;
        assert!(matches!(rig.told().await, HubToApp::ConnectionError(_)));
        assert_eq!(rig.over().await, CloudEnd::NotStarted);
    }
    // Said by the close alone.
    assert_eq!(rig.called(request(&cloud.url, 3)).await, None);
    let mut line = cloud.accept().await;
    line.json().await;
    line.close(1008, "App not started for this session").await;
    assert_eq!(rig.over().await, CloudEnd::NotStarted);
    rig.app.stop().await;
    cloud.nobody_came();
}

#[tokio::test]
async fn a_wrong_key_is_not_tried_again_before_the_next_call() {
    let cloud = Cloud::start().await;
    let mut rig = Rig::start(quick()).await;
    assert_eq!(rig.called(request(&cloud.url, 1)).await, None);
    let mut line = cloud.accept().await;
    line.json().await;
    line.refuse("INVALID_API_KEY", "Invalid API key").await;
    assert!(matches!(rig.told().await, HubToApp::ConnectionError(_)));
    assert_eq!(rig.over().await, CloudEnd::WrongKey);
    rig.with(&cloud, 2).await;
    rig.app.stop().await;
    cloud.nobody_came();
}

#[tokio::test]
async fn a_refused_upgrade_is_the_end_and_a_broken_one_is_not() {
    let cloud = Cloud::start().await;
    let mut rig = Rig::start(quick()).await;
    assert_eq!(rig.called(request(&cloud.url, 1)).await, None);
    cloud.answer("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(rig.lost().await, "the cloud answered HTTP 502");
    cloud.answer("not HTTP at all\r\n\r\n").await;
    assert!(rig.lost().await.contains("takes no WebSocket"));
    cloud.answer("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
    assert!(matches!(rig.over().await, CloudEnd::Refused { code, .. } if code == "HTTP 403"));
    rig.app.stop().await;
    cloud.nobody_came();
}

#[tokio::test]
async fn a_denied_permission_is_told_and_the_app_comes_back() {
    let cloud = Cloud::start().await;
    let mut rig = Rig::start(quick()).await;
    let line = rig.with(&cloud, 1).await;
    line.refuse("PERMISSION_DENIED", "No camera").await;
    let HubToApp::ConnectionError(error) = rig.told().await else { panic!("no error") };
    assert_eq!(error.code.as_deref(), Some("PERMISSION_DENIED"));
    assert!(rig.lost().await.contains("No camera"));
    cloud.accept().await.acknowledge().await;
    assert!(rig.connected().await);
    rig.app.stop().await;
}

#[tokio::test]
async fn a_stopped_app_stays_stopped() {
    let cloud = Cloud::start().await;
    let mut rig = Rig::start(quick()).await;
    let mut line = rig.with(&cloud, 1).await;
    line.send(json!({"type": "app_stopped", "reason": "user_disabled"})).await;
    line.close(1000, "App stopped").await;
    assert!(matches!(rig.told().await, HubToApp::AppStopped(_)));
    assert_eq!(rig.over().await, CloudEnd::Stopped { reason: "user_disabled".to_owned() });
    assert!(rig.app.sessions().is_empty());
    // Started again on the phone, then stopped by a call.
    let line = rig.with(&cloud, 2).await;
    let stop = json!({"type": "stop_request", "sessionId": SESSION, "userId": USER, "reason": "system_stop"});
    assert_eq!(rig.called(stop.clone()).await, None);
    assert_eq!(line.closed().await, (Vec::<Value>::new(), Some(1000)));
    assert_eq!(rig.over().await, CloudEnd::Stopped { reason: "system_stop".to_owned() });
    // Nothing to stop.
    assert_eq!(rig.called(stop).await, None);
    rig.app.stop().await;
    cloud.nobody_came();
}

#[tokio::test]
async fn a_session_that_is_being_tried_can_be_stopped() {
    let cloud = Cloud::start().await;
    let timing = CloudTiming { again_after: vec![Duration::from_secs(3_600)], ..quick() };
    let mut rig = Rig::start(timing).await;
    rig.with(&cloud, 1).await.close(1011, "").await;
    rig.lost().await;
    // A new call does not wait for the next try.
    let line = rig.with(&cloud, 1).await;
    line.close(1011, "").await;
    rig.lost().await;
    let stop = json!({"type": "stop_request", "sessionId": SESSION, "userId": USER});
    assert_eq!(rig.called(stop).await, None);
    assert_eq!(rig.over().await, CloudEnd::Stopped { reason: String::new() });
    rig.app.stop().await;
}
