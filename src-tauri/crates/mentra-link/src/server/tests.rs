use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::event::{AppWelcome, HubEvent, Output, OutputsError, OutputsRequest};
use crate::testing::{self, PACKAGE, Rig, Scripted, init, patiently};
use crate::timing::Timing;

fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

async fn get_json(rig: &Rig, path: &str) -> (u16, Value) {
    let answer = http().get(format!("http://{}{path}", rig.hub.address())).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn what_sdks_and_phones_ask_is_answered_and_the_rest_is_absent_in_words() {
    let rig = Rig::start(Timing::default()).await;
    let (status, version) = get_json(&rig, "/api/client/min-version").await;
    assert_eq!((status, &version["data"]["required"]), (200, &"0.0.0".into()));
    let (status, version) = get_json(&rig, "/api/sdk/version").await;
    assert_eq!((status, &version["success"]), (200, &true.into()));
    for absent in
        ["/api/public/permissions/a.b", "/api/sdk/simple-storage/user%40example.com", "/favicon.ico"]
    {
        let (status, words) = get_json(&rig, absent).await;
        assert_eq!(status, 404);
        assert!(words["message"].as_str().expect("words").contains("nothing at"), "{words}");
    }
    let root = http().get(format!("http://{}/", rig.hub.address())).send().await.expect("an answer");
    assert!(root.text().await.expect("text").starts_with("Stream Console hub"));
    let (status, words) = get_json(&rig, "/app-ws").await;
    assert_eq!((status, &words["error"]), (426, &"WEBSOCKET_REQUIRED".into()));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn outputs_are_asked_of_the_owner() {
    let mut rig = Rig::start(Timing::default()).await;
    let outputs = format!("http://{}/api/streams/m1/outputs", rig.hub.address());
    let with_key = |request: reqwest::RequestBuilder| {
        request.header("X-API-Key", "PLANTED-KEY").header("X-Package-Name", PACKAGE)
    };

    let body = serde_json::json!({"url": "rtmp://a.example.com/live2/PLANTED", "name": "Mine"});
    let asking = with_key(http().post(&outputs)).json(&body).send();
    let answering = async {
        let event = rig.next().await;
        assert!(!format!("{event:?}").contains("PLANTED"), "{event:?}");
        let HubEvent::Outputs(OutputsRequest::Add {
            package,
            api_key,
            stream_id,
            url,
            name,
            answer,
            address,
        }) = event
        else {
            panic!("something else")
        };
        assert!(address.is_loopback());
        assert_eq!((package.as_str(), stream_id.as_str(), name.as_deref()), (PACKAGE, "m1", Some("Mine")));
        assert_eq!((api_key.expose(), url.expose()), ("PLANTED-KEY", "rtmp://a.example.com/live2/PLANTED"));
        answer.send(Ok("o1".to_owned())).expect("asked");
    };
    let (answer, ()) = tokio::join!(asking, answering);
    let added: Value = answer.expect("an answer").json().await.expect("JSON");
    assert_eq!((&added["success"], &added["outputId"]), (&true.into(), &"o1".into()));

    let asking = with_key(http().get(&outputs)).send();
    let answering = async {
        let HubEvent::Outputs(OutputsRequest::List { answer, .. }) = rig.next().await else {
            panic!("something else")
        };
        let output = Output {
            output_id: "o1".to_owned(),
            url: "rtmp://a.example.com/live2/***".to_owned().into(),
            name: None,
            added_by: Some(PACKAGE.to_owned()),
            status: "connected".to_owned(),
            error: None,
        };
        answer.send(Ok(vec![output])).expect("asked");
    };
    let (answer, ()) = tokio::join!(asking, answering);
    let listed: Value = answer.expect("an answer").json().await.expect("JSON");
    assert_eq!(
        listed,
        serde_json::json!({"streamId": "m1", "total": 1, "maxPerStream": 10, "maxPerApp": 10, "outputs": [
            {"outputId": "o1", "url": "rtmp://a.example.com/live2/***", "status": "connected", "addedBy": PACKAGE}
        ]})
    );

    let asking = with_key(http().delete(format!("{outputs}/o2"))).send();
    let answering = async {
        let HubEvent::Outputs(OutputsRequest::Remove { output_id, answer, .. }) = rig.next().await else {
            panic!("something else")
        };
        assert_eq!(output_id, "o2");
        let error = OutputsError {
            status: 404,
            code: "OUTPUT_NOT_FOUND".to_owned(),
            message: "There is no such output.".to_owned(),
        };
        answer.send(Err(error)).expect("asked");
    };
    let (answer, ()) = tokio::join!(asking, answering);
    let answer = answer.expect("an answer");
    assert_eq!(answer.status().as_u16(), 404);
    assert_eq!(answer.json::<Value>().await.expect("JSON")["error"], "OUTPUT_NOT_FOUND");
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn odd_outputs_requests_do_not_reach_the_owner() {
    let mut rig = Rig::start(Timing { rest_within: Duration::from_millis(30), ..Timing::default() }).await;
    let outputs = format!("http://{}/api/streams/m1/outputs", rig.hub.address());
    let post = |body: String| http().post(&outputs).header("content-type", "application/json").body(body);
    let keyed =
        |request: reqwest::RequestBuilder| request.header("X-API-Key", "k").header("X-Package-Name", PACKAGE);
    for (request, status, code) in [
        (post(r#"{"url":"rtmp://a/b/c"}"#.to_owned()), 401, "MISSING_HEADERS"),
        (keyed(post("{}".to_owned())), 400, "INVALID_URL"),
        (keyed(post("not json".to_owned())), 400, "INVALID_BODY"),
        (keyed(post(format!(r#"{{"url":"{}"}}"#, "x".repeat(9 << 10)))), 413, "TOO_LARGE"),
    ] {
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.json::<Value>().await.expect("JSON")["error"], code);
    }
    assert!(rig.events.try_recv().is_err());
    // An owner that does not answer in time.
    let answer = keyed(http().get(&outputs)).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 503);
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn web_pages_are_kept_out() {
    let rig = Rig::start(Timing::default()).await;
    for path in ["/app-ws", "/ws/miniapp", "/glasses-ws?token=device-token-0123456789"] {
        let page = [("origin", "https://example.com")];
        let Err((status, _)) = Scripted::try_connect(rig.hub.address(), path, &page).await else {
            panic!("let in: {path}")
        };
        assert_eq!(status, 403);
    }
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn strangers_are_bounded_and_adopted_apps_are_none() {
    let mut rig = Rig::start_with(testing::config(Timing::default()), 2).await;
    let address = rig.hub.address();
    let _first = Scripted::connect(address, "/app-ws", &[]).await;
    let mut second = Scripted::connect(address, "/app-ws", &[]).await;
    let Err((status, _)) = Scripted::try_connect(address, "/app-ws", &[]).await else {
        panic!("a third one")
    };
    assert_eq!(status, 503);
    second.send(&init(PACKAGE)).await;
    rig.welcome().await;
    let _third = Scripted::connect(address, "/app-ws", &[]).await;
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn a_request_that_does_not_arrive_is_given_up() {
    let rig = Rig::start(Timing { head_within: Duration::from_millis(30), ..Timing::default() }).await;
    let mut slow = TcpStream::connect(rig.hub.address()).await.expect("a connection");
    slow.write_all(b"GET / HTTP/1.1\r\nHost: ").await.expect("written");
    let mut heard = Vec::new();
    // However it ends, it ends.
    let _ = patiently(slow.read_to_end(&mut heard)).await;
    rig.hub.shutdown().await;
}

/// Sockets this process may open, with some left for other tests in it.
fn sockets() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let open = limits.lines().find(|line| line.starts_with("Max open files"));
    let soft = open.and_then(|line| line.split_whitespace().nth(3)).and_then(|soft| soft.parse().ok());
    // Without that file: what macOS gives.
    usize::saturating_sub(soft.unwrap_or(256), 200) / 2
}

#[tokio::test]
async fn a_thousand_idle_sockets_hold() {
    let mut rig = Rig::start(Timing::default()).await;
    let address = rig.hub.address();
    let wanted = sockets().min(1_000);
    let mut apps = Vec::new();
    for n in 0..wanted {
        let mut app = Scripted::connect(address, "/app-ws", &[]).await;
        app.send(&init(&format!("com.example.app{n}"))).await;
        rig.answer(Ok(AppWelcome {})).await;
        assert!(matches!(rig.next().await, HubEvent::AppConnected { .. }));
        assert_eq!(app.json().await["type"], "tpa_connection_ack");
        apps.push(app);
    }
    assert!(rig.events.try_recv().is_err());
    for (n, app) in apps.iter_mut().enumerate() {
        rig.hub.stop_app(&format!("com.example.app{n}"), "user_disabled");
        assert_eq!(app.json().await["type"], "app_stopped");
        assert!(matches!(rig.next().await, HubEvent::AppGone { .. }));
    }
    rig.hub.shutdown().await;
}
