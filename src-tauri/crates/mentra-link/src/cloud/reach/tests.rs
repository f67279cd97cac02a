use super::*;
use crate::cloud::testing::{Cloud, PACKAGE, Rig, quick};
use crate::testing::patiently;

impl Rig {
    /// The names of the steps, and what was said of the last.
    async fn reach(&self, url: &str) -> (Vec<&'static str>, Option<ReachFailure>) {
        let Reachability { steps } = patiently(self.app.check_reachable(url)).await;
        let names = steps.iter().map(|step| step.name).collect();
        let last = steps.last().and_then(|step| step.result.clone().err());
        let failed = steps.iter().filter(|step| step.result.is_err()).count();
        assert_eq!(failed, usize::from(last.is_some()), "only the last one fails");
        (names, last)
    }

    /// The same, at an address that gives this answer.
    async fn answered(&self, response: &str) -> (Vec<&'static str>, Option<ReachFailure>) {
        let web = Cloud::start().await;
        let url = format!("http://{}", web.address());
        let (reached, asked) = tokio::join!(self.reach(&url), web.answer(response));
        assert!(asked.starts_with("GET /health HTTP/1.1\r\n"), "{asked}");
        reached
    }

    async fn said(&self, body: &str) -> (Vec<&'static str>, Option<ReachFailure>) {
        self.answered(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await
    }
}

#[tokio::test]
async fn our_own_door_is_found() {
    let rig = Rig::start(quick()).await;
    for path in ["", "/", "/api/_mentraos", "/?a=b"] {
        let (names, failure) = rig.reach(&rig.url(path)).await;
        assert_eq!(failure, None);
        assert_eq!(names, ["address", "name", "connection", "answer", "app"], "{path}");
    }
    assert!(rig.app.check_reachable(&rig.url("")).await.is_reachable());
    rig.app.stop().await;
}

#[tokio::test]
async fn what_is_no_public_address_is_told() {
    let rig = Rig::start(quick()).await;
    for url in ["", "console.example.com", "ftp://console.example.com", "https://", "https://a:b@c.example"] {
        let (names, failure) = rig.reach(url).await;
        assert_eq!(names, ["address"], "{url}");
        assert!(failure.expect("told").next_step.contains("https://console.example.com"), "{url}");
    }
    let (names, failure) = rig.reach("http://console.example.com").await;
    assert_eq!(names, ["address"]);
    assert!(failure.expect("told").text.contains("no encryption"));
    rig.app.stop().await;
}

#[tokio::test]
async fn each_way_to_fail_names_a_next_step() {
    let rig = Rig::start(quick()).await;
    // `.invalid` never has an address (RFC 6761 s6.4).
    let (names, failure) = rig.reach("https://console.invalid").await;
    assert_eq!(names.last(), Some(&"name"), "{failure:?}");
    let gone = Cloud::start().await;
    let address = gone.address();
    drop(gone);
    let (names, failure) = rig.reach(&format!("http://{address}")).await;
    assert_eq!(names, ["address", "name", "connection"]);
    assert!(failure.expect("told").text.starts_with("Nothing listens"));
    let port = rig.app.webhook_address().expect("a door").port().to_string();
    for (response, text, next_step) in [
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "no /health", &*port),
        ("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", "does not reach", &port),
        ("HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n", "redirects", "redirects to"),
        ("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", "login", "protection"),
        ("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", "HTTP 500", "log"),
        ("no HTTP\r\n\r\n", "not answer as a web server", "Check"),
        ("", "not answer", "Check"),
    ] {
        let (names, failure) = rig.answered(response).await;
        let failure = failure.expect("told");
        assert_eq!(names, ["address", "name", "connection", "answer"], "{response}");
        assert!(failure.text.contains(text) && failure.next_step.contains(next_step), "{failure:?}");
    }
    rig.app.stop().await;
}

#[tokio::test]
async fn only_this_app_will_do() {
    let rig = Rig::start(quick()).await;
    let page = format!("<html>{}</html>", "x".repeat(2 * ANSWER_BYTES));
    for (body, text) in [
        (r#"{"status":"healthy","app":"com.example.other"}"#, "Another app"),
        (r#"{"status":"healthy"}"#, "Something else"),
        ("<html>", "Something else"),
        (&page, "Something else"),
        ("", "Something else"),
        (r#"{"status":"healthy","connected":true}"#, "not connected"),
    ] {
        let (names, failure) = rig.said(body).await;
        assert_eq!(names, ["address", "name", "connection", "answer", "app"]);
        let failure = failure.expect("told");
        assert!(failure.text.contains(text), "{failure:?}");
    }
    let ours = format!(r#"{{"status":"healthy","app":"{PACKAGE}","activeSessions":0}}"#);
    assert_eq!(rig.said(&ours).await.1, None);
    rig.app.stop().await;
}

#[tokio::test]
async fn a_relay_has_to_name_this_computers_place() {
    let rig = Rig::start(quick()).await;
    *lock(&rig.app.shared.mailbox) = Some("0123456789abcdef".to_owned());
    let web = Cloud::start().await;
    for (place, connected, wanted) in [
        ("0123456789abcdef", true, None),
        ("0123456789abcdef/", true, None),
        ("0123456789abcdef", false, Some("not connected")),
        ("fedcba9876543210", true, Some("another computer's place")),
    ] {
        let body = format!(r#"{{"status":"healthy","connected":{connected}}}"#);
        let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let url = format!("http://{}/{place}", web.address());
        let ((_, failure), _) = tokio::join!(rig.reach(&url), web.answer(&response));
        let said = failure.map(|failure| failure.text).unwrap_or_default();
        match wanted {
            Some(wanted) => assert!(said.contains(wanted), "{said}"),
            None => assert_eq!(said, "", "{place}"),
        }
    }
    rig.app.stop().await;
}
