//! The stream key and the control token stand where they must and nowhere else, however much is logged.

use std::path::{Path, PathBuf};

use console_tests::{Console, PATIENCE, Peer, Profile, Publisher, hevc_enhanced_header, within};
use serde_json::{Value, json};

/// A wrong key is somebody's key, if only of another service.
const WRONG_KEY: &str = "planted-wrong-key-8c1f";

/// Everything that is not where it should be: place and secret's name.
struct Search {
    secrets: Vec<(&'static str, String)>,
    found: Vec<String>,
}

impl Search {
    fn look(&mut self, place: &str, bytes: &[u8]) {
        for (name, secret) in &self.secrets {
            let in_hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            for form in [secret, &in_hex] {
                if let Some(at) = position(bytes, form.as_bytes()) {
                    let before = &bytes[at.saturating_sub(160)..at];
                    self.found.push(format!("{name} in {place}, after: {}", String::from_utf8_lossy(before)));
                }
            }
        }
    }
}

/// Where `wanted` begins; its first byte is looked for first, because logs are long.
fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    (0..bytes.len()).find(|&at| bytes[at] == first && bytes[at..].starts_with(wanted))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

async fn fetched(console: &Console, url: &str) -> Vec<u8> {
    let response = within(PATIENCE, "a page", console.client().get(url).send()).await.expect("an answer");
    response.bytes().await.expect("a body").to_vec()
}

#[cfg(unix)]
#[tokio::test]
async fn secrets_are_in_no_log_no_row_no_page_and_no_export() {
    let mut console = Console::start_with(&["--verbose"], &[("RUST_LOG", "trace")]).await;
    let mut screen = console.screen().await;
    let key = console.key().await;
    let token = console.token().to_owned();

    // Everything an encoder can do wrong, and right.
    for (app, stream) in [("live", WRONG_KEY), (WRONG_KEY, "stream"), ("live?key=planted-wrong-key-8c1f", "")]
    {
        let told = Peer::connect(&console.rtmp_address()).await.publish(app, stream).await;
        assert!(told.description.contains("stream key is wrong"), "{told:?}");
    }
    let mut hevc = Peer::connect(&console.rtmp_address()).await;
    hevc.publish(&format!("live/{key}"), "stream").await;
    hevc.video(0, &hevc_enhanced_header()).await;
    hevc.left().await;
    screen
        .until("words about HEVC", |now| {
            now["session"]["message"]["text"].as_str().is_some_and(|text| text.contains("HEVC"))
        })
        .await;
    let mut publisher =
        Publisher::start(&format!("{}?key={key}", console.publish_url().await), &Profile::MAIN);
    screen.phase("live").await;
    let hls = screen.url("hls");
    let mut shown = Vec::new();
    for name in
        ["index.m3u8", "video.m3u8", "audio.m3u8", "manifest.mpd", "status.json", "watch", "no-such-file"]
    {
        shown.push((name, fetched(&console, &hls.replace("index.m3u8", name)).await));
    }
    screen.until("a sample", |now| !now["samples"][0].is_null()).await;
    console.ok("stop_stream", json!({})).await;
    screen.phase("ended").await;
    publisher.ended().await;
    let first_id = screen.stream_id();

    // A new key: the old one is a wrong one from now on, and neither may leak.
    console.ok("new_stream_key", json!({})).await;
    let new_key = console.key().await;
    let told = Peer::connect(&console.rtmp_address()).await.publish("live", &key).await;
    assert!(told.description.contains("stream key is wrong"), "{told:?}");
    console.ok("start_managed", json!({})).await;
    let mut second = Peer::connect(&console.rtmp_address()).await;
    assert_eq!(second.publish("live", &new_key).await.code, "NetStream.Publish.Start");
    screen.phase("awaiting_media").await;
    console.command("new_stream_key", json!({})).await;
    console.command("start_managed", json!({ "cameraLink": "demo" })).await;

    let list = console.ok("list_streams", json!({})).await;
    let details = [console.detail(&first_id).await, console.detail(&screen.stream_id()).await];
    let mut snapshot = console.snapshot().await;
    assert_eq!(snapshot["ingest"]["streamKey"], json!(new_key), "here it is meant to be");
    snapshot["ingest"] = Value::Null;
    let ready = console.ready().clone();
    let (status, rest_of_stdout) = console.terminate().await;
    assert!(status.success(), "{status}");

    let wrong_key = ("the wrong key", WRONG_KEY.to_owned());
    let keys = [("the first key", key), ("the new key", new_key), wrong_key];
    let mut search = Search { secrets: keys.to_vec(), found: Vec::new() };
    search.look("the ready line", ready.to_string().as_bytes());
    search.secrets.push(("the token", token));
    search.look("the rest of standard output", rest_of_stdout.as_bytes());
    for (name, page) in shown {
        assert!(!page.is_empty(), "{name}");
        search.look(name, &page);
    }
    search.look("the list", list.to_string().as_bytes());
    search.look("the snapshot beside ingest", snapshot.to_string().as_bytes());
    details.iter().for_each(|detail| search.look("an export", detail.to_string().as_bytes()));
    let stderr = console.stderr();
    assert!(stderr.contains("TRACE"), "the log was as loud as can be");
    search.look("standard error", stderr.as_bytes());
    let mut logged_bytes = 0;
    let mut databases = 0;
    for file in files(&console.data_dir()) {
        if file.file_name().is_some_and(|name| name == "stream-key") {
            continue;
        }
        let bytes = std::fs::read(&file).expect("a file of the console can be read");
        let name = file.strip_prefix(console.data_dir()).expect("it is in the folder").display().to_string();
        logged_bytes += if name.starts_with("logs") { bytes.len() } else { 0 };
        databases += usize::from(bytes.starts_with(b"SQLite format 3\0"));
        search.look(&name, &bytes);
    }
    assert!(
        logged_bytes > 10_000 && databases == 1,
        "{logged_bytes} bytes of log, {databases} databases searched"
    );
    assert!(search.found.is_empty(), "{:#?}", search.found);
}

#[tokio::test]
async fn secrets_are_in_no_file_of_a_console_that_was_killed() {
    let mut console = Console::start_with(&[], &[("RUST_LOG", "trace")]).await;
    let (mut screen, _publisher) = crate::go_live(&console, &Profile::MAIN).await;
    screen.until("a sample", |now| !now["samples"][0].is_null()).await;
    let secrets = vec![("the key", console.key().await), ("the token", console.token().to_owned())];
    console.kill9();
    let mut search = Search { secrets, found: Vec::new() };
    let mut names = Vec::new();
    for file in files(&console.data_dir()) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name != "stream-key" {
            search.look(&name, &std::fs::read(&file).expect("a file of the console can be read"));
        }
        names.push(name);
    }
    // A clean end folds the write-ahead log away; a kill leaves it.
    assert!(names.iter().any(|name| name.ends_with("-wal")), "{names:?}");
    assert!(search.found.is_empty(), "{:#?}", search.found);
}
