//! Destinations that apps name: at the start of a stream, and over HTTP while it runs.

use std::path::{Path, PathBuf};

use console_tests::{Console, MentraApp, PATIENCE, Receiver, Screen, key_of, within};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{app, camera_off, frames, stage, text};

const GOOD_KEY: &str = "planted-good-71c2";
const BAD_KEY: &str = "planted-bad-93ab";

fn output<'a>(status: &'a Value, name: &str) -> Option<&'a Value> {
    status["outputs"].as_array()?.iter().find(|output| output["name"] == name)
}

/// Waits until the app hears that this output is so.
async fn until_output(app: &mut MentraApp, name: &str, word: &str) -> Value {
    let what = format!("the output {name} to be {word}");
    let is_so = |event: &Value| output(&event["status"], name).is_some_and(|output| output["status"] == word);
    app.event_that("managed", &what, is_so).await["status"].clone()
}

/// The id of the destination of this name.
async fn destination(screen: &mut Screen, name: &str) -> String {
    let find = |now: &Value| {
        let all = now["destinations"].as_array()?.iter();
        all.clone().find(|one| one["name"] == name).cloned()
    };
    let now = screen.until("the app's destination on the screen", |now| find(now).is_some()).await;
    let found = find(now).expect("just found");
    assert_eq!(found["addedBy"], "Pulse", "{found:#}");
    text(&found["id"]).to_owned()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn what_an_app_names_is_really_sent_to_and_gone_with_the_stream() {
    let (receiver, (console, mut screen, mut app)) = tokio::join!(Receiver::start(), stage());
    receiver.hook().refuse(BAD_KEY);
    let good = format!("{}/{GOOD_KEY}", receiver.url());
    let bad = format!("{}/{BAD_KEY}", receiver.url());
    let wanted = json!([{ "url": good, "name": "Platform" }, { "url": bad, "name": "Wrong" }]);
    app.ok("startManaged", json!({ "restreamDestinations": wanted })).await;

    // The two are tried side by side: which is known first is open.
    let both = app
        .event_that("managed", "one output to be active and one to have failed", |event| {
            let word = |name| output(&event["status"], name).map(|output| text(&output["status"]));
            (word("Platform"), word("Wrong")) == (Some("active"), Some("error"))
        })
        .await["status"]
        .clone();
    assert_eq!(both["status"], "active");
    assert_eq!(output(&both, "Platform").expect("it")["url"], good.as_str(), "its own address as it gave it");
    let file = receiver.files(GOOD_KEY).pop().expect("what is active is being recorded");
    assert!(file.metadata().expect("a file").len() > 0);
    assert!(output(&both, "Wrong").expect("it")["error"].is_string(), "{both}");
    assert!(receiver.hook().publish_attempts(BAD_KEY) > 0);

    // The user sees and switches it like any other.
    let id = destination(&mut screen, "Platform").await;
    screen.broadcasting(&id).await;
    console.set_destination(&id, false).await;
    until_output(&mut app, "Platform", "stopped").await;
    console.set_destination(&id, true).await;
    until_output(&mut app, "Platform", "active").await;

    app.ok("stopManaged", Value::Null).await;
    app.managed("stopped").await;
    camera_off(&mut screen).await;
    screen.until("no destination left", |now| now["destinations"][0].is_null()).await;
    for recording in receiver.recordings(GOOD_KEY, 2).await {
        recording.assert_flawless().await;
    }
}

#[tokio::test]
async fn secrets_of_apps_are_in_no_log_no_frame_no_row_and_no_snapshot() {
    let console = Console::start_with(&["--verbose"], &[("RUST_LOG", "trace")]).await;
    let mut screen = console.screen().await;
    console.wear_virtual_glasses(&mut screen, json!({})).await;
    let receiver = Receiver::start().await;
    let mut app = app(&console, "com.example.pulse").await;
    let (good, bad) = (format!("{}/{GOOD_KEY}", receiver.url()), format!("{}/{BAD_KEY}", receiver.url()));
    app.ok("startManaged", json!({ "restreamDestinations": [{ "url": good, "name": "Platform" }] })).await;
    until_output(&mut app, "Platform", "active").await;
    let ingest_key = console.key().await;
    let mut told = vec![console.ok("frames", json!({})).await, Value::Array(frames(&console, &app).await)];
    app.ok("stopManaged", Value::Null).await;
    camera_off(&mut screen).await;
    let first = screen.stream_id();
    app.ok("startStream", json!({ "rtmpUrl": bad })).await;
    app.unmanaged("active").await;
    app.ok("check", Value::Null).await;
    let mut snapshot = console.snapshot().await;
    // The one place where the console's own key and the glasses' token are shown to the user.
    snapshot["ingest"] = Value::Null;
    snapshot["hub"]["glassesUrl"] = Value::Null;
    told.push(snapshot);
    app.ok("stopStream", Value::Null).await;
    camera_off(&mut screen).await;
    told.push(console.detail(&first).await);
    told.push(console.detail(&screen.stream_id()).await);
    told.push(console.ok("list_streams", json!({})).await);
    told.push(Value::Array(frames(&console, &app).await));
    told.push(console.ok("frames", json!({})).await);
    assert!(
        told[0].to_string().contains("start_rtmp_stream"),
        "frames of the glasses are there: {}",
        told[0]
    );

    let api_key = key_of(app.package());
    let secrets = [GOOD_KEY, BAD_KEY, api_key.as_str(), ingest_key.as_str()];
    for place in &told {
        let place = place.to_string();
        for secret in secrets {
            assert!(!place.contains(secret), "{secret} in {place}");
        }
    }
    for secret in &secrets[..3] {
        assert!(!screen.heard().contains(secret), "a screen heard {secret}");
    }
    let kept_safe = ["destination-keys.json", "stream-key"];
    for path in files(&console.data_dir()) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if kept_safe.contains(&name.as_str()) {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file of the console can be read");
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} in {name}");
        }
    }
    let stderr = console.stderr();
    assert!(secrets.iter().all(|secret| !stderr.contains(secret)), "a secret on standard error");
}

/// What the hub answers such a request.
async fn rest(
    console: &Console,
    app: &MentraApp,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> (StatusCode, Value) {
    let url = format!("{}/api/streams/{path}", console.hub());
    let mut request = console
        .client()
        .request(method, url)
        .header("X-Package-Name", app.package())
        .header("X-API-Key", key_of(app.package()));
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let response = within(PATIENCE, "the hub's answer", request.send()).await.expect("an answer");
    let status = response.status();
    (status, serde_json::from_str(&response.text().await.expect("a body")).unwrap_or(Value::Null))
}

/// A refusal as MentraOS words it: the code is somewhere at the top of the answer.
fn assert_refused(answer: &(StatusCode, Value), status: u16, code: &str) {
    assert_eq!(answer.0.as_u16(), status, "{}", answer.1);
    assert!(answer.1.to_string().contains(code), "{code} in {}", answer.1);
}

#[tokio::test]
async fn outputs_are_added_listed_and_removed_over_http_while_the_stream_runs() {
    let (receiver, (console, mut screen, mut one)) = tokio::join!(Receiver::start(), stage());
    let mut two = app(&console, "com.example.relay").await;
    let urls = one.ok("startManaged", Value::Null).await;
    let outputs = format!("{}/outputs", text(&urls["streamId"]));
    let url = format!("{}/{GOOD_KEY}", receiver.url());
    let platform = json!({ "url": url, "name": "Platform" });

    let (status, added) = rest(&console, &one, Method::POST, &outputs, Some(platform.clone())).await;
    assert!(status.is_success(), "{status} {added}");
    until_output(&mut one, "Platform", "active").await;
    let (status, list) = rest(&console, &one, Method::GET, &outputs, None).await;
    let first = &list["outputs"][0];
    assert_eq!((status, &first["outputId"]), (StatusCode::OK, &added["outputId"]), "{list}");
    assert_eq!((&first["status"], &first["url"]), (&json!("active"), &json!(url)), "{list}");

    let again = rest(&console, &one, Method::POST, &outputs, Some(platform.clone())).await;
    assert_refused(&again, 409, "DUPLICATE_URL");
    let nothing = rest(&console, &one, Method::POST, &outputs, Some(json!({ "name": "x" }))).await;
    assert_refused(&nothing, 400, "INVALID_URL");
    let odd = json!({ "url": "ftp://example.com/x" });
    assert_refused(&rest(&console, &one, Method::POST, &outputs, Some(odd)).await, 400, "INVALID_URL_FORMAT");
    let other = rest(&console, &one, Method::GET, "mnosuchone/outputs", None).await;
    assert_refused(&other, 404, "STREAM_NOT_FOUND");
    let missing = format!("{outputs}/nosuchoutput");
    assert_refused(&rest(&console, &one, Method::DELETE, &missing, None).await, 404, "OUTPUT_NOT_FOUND");
    let stranger = rest(&console, &two, Method::POST, &outputs, Some(platform)).await;
    assert_refused(&stranger, 403, "NOT_A_VIEWER");
    let id = destination(&mut screen, "Platform").await;
    two.ok("startManaged", Value::Null).await;
    let own = format!("{outputs}/{}", text(&added["outputId"]));
    assert!(own.ends_with(&id), "one name for one thing: {own} and {id}");
    assert_refused(&rest(&console, &two, Method::DELETE, &own, None).await, 403, "NOT_AUTHORIZED");
    let (_, list) = rest(&console, &two, Method::GET, &outputs, None).await;
    assert!(!list.to_string().contains(GOOD_KEY), "another app's key is not told: {list}");
    for number in 1..10 {
        let more = json!({ "url": format!("{}/more-{number}", receiver.url()) });
        let (status, body) = rest(&console, &one, Method::POST, &outputs, Some(more)).await;
        assert!(status.is_success(), "{number}: {status} {body}");
    }
    let eleventh = json!({ "url": format!("{}/more-10", receiver.url()) });
    let full = rest(&console, &one, Method::POST, &outputs, Some(eleventh)).await;
    assert!(full.0 == StatusCode::CONFLICT && full.1.to_string().contains("OUTPUTS_REACHED"), "{full:?}");

    let (status, _) = rest(&console, &one, Method::DELETE, &own, None).await;
    assert!(status.is_success(), "{status}");
    receiver.only_recording(GOOD_KEY).await.assert_flawless().await;
    // Who leaves takes along what it named; the stream goes on for the other.
    one.ok("stopManaged", Value::Null).await;
    screen.until("no destination left", |now| now["destinations"][0].is_null()).await;
    assert_eq!(screen.now()["session"]["phase"], "live");
}
