//! The stream key and the control token stand where they must and nowhere else, however much is logged.

use std::path::{Path, PathBuf};

use console_tests::{
    Console, FarSide, Manner, PATIENCE, Peer, Profile, Publisher, Receiver, hevc_enhanced_header, within,
};
use serde_json::{Value, json};

/// A wrong key is somebody's key, if only of another service.
const WRONG_KEY: &str = "planted-wrong-key-8c1f";

/// Where keys of destinations are kept when the system has no keychain.
const KEYS_OF_DESTINATIONS: &str = "destination-keys.json";

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

/// Looks into every file of a console but those whose purpose is to hold a secret. Returns the names of all.
fn look_into_files(search: &mut Search, console: &Console) -> Vec<String> {
    let mut names = Vec::new();
    for file in files(&console.data_dir()) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == "stream-key" || name == KEYS_OF_DESTINATIONS {
            assert_eq!(others_may(&file), 0, "only its owner may read {name}");
        } else {
            search.look(&name, &std::fs::read(&file).expect("a file of the console can be read"));
        }
        names.push(name);
    }
    names
}

/// What group and others may do with a file.
#[cfg(unix)]
fn others_may(file: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().expect("a file").permissions().mode() & 0o077
}

#[cfg(not(unix))]
fn others_may(_file: &Path) -> u32 {
    0
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
    let receiver = Receiver::start().await;
    let wanted = json!({
        "preset": "custom", "name": "Mine", "url": receiver.url(), "streamKey": PUSHED_KEYS[0].1,
    });
    let id = console.ok("add_destination", wanted).await["id"].as_str().expect("an id").to_owned();
    console.broadcast_to(&[&id]).await;
    screen.broadcasting(&id).await;
    let mut secrets = vec![("the key", console.key().await), ("the token", console.token().to_owned())];
    secrets.push((PUSHED_KEYS[0].0, PUSHED_KEYS[0].1.to_owned()));
    console.kill9();
    let mut search = Search { secrets, found: Vec::new() };
    let names = look_into_files(&mut search, &console);
    // A clean end folds the write-ahead log away; a kill leaves it.
    assert!(names.iter().any(|name| name.ends_with("-wal")), "{names:?}");
    assert!(search.found.is_empty(), "{:#?}", search.found);
}

/// Keys of destinations, by what becomes of them.
const PUSHED_KEYS: [(&str, &str); 8] = [
    ("a key that is right", "planted-right-key-51d0"),
    ("a key pasted into the address", "planted-pasted-key-a77e"),
    ("a key the receiver does not know", "planted-unknown-key-3c9b"),
    ("a key the far side repeats as it refuses it", "planted-repeated-key-0f64"),
    ("a key for a server that is not there", "planted-unheard-key-e21a"),
    ("a key of an address that is refused", "planted-nonsense-key-77c3"),
    ("a key that was replaced", "planted-replaced-key-9b18"),
    ("a key in a query", "planted-query-key-4ad6"),
];

#[tokio::test]
async fn keys_of_destinations_are_where_they_are_kept_and_nowhere_else() {
    let verbose = Console::start_with(&["--verbose"], &[("RUST_LOG", "trace")]);
    let (receiver, mut console) = tokio::join!(Receiver::start(), verbose);
    let keys = PUSHED_KEYS.map(|(_, key)| key);
    let [right, pasted, unknown, repeated, unheard, nonsense, replaced, query] = keys;
    receiver.hook().refuse(unknown);
    let refusing = FarSide::open(Manner::Refuses("There is no channel planted-repeated-key-0f64 here."));
    let closed = FarSide::open(Manner::Closed);
    let (mut screen, _publisher) = crate::go_live(&console, &Profile::MAIN).await;

    let mut answers = Vec::new();
    let url = receiver.url();
    // Named by a word of their own: a name is meant to be seen.
    let wanted = [
        ("right", url.clone(), right),
        ("pasted", format!("{url}/{pasted}"), ""),
        ("unknown", url.clone(), unknown),
        ("refused", refusing.url(), repeated),
        ("unheard", closed.url(), unheard),
        ("changes", url.clone(), replaced),
        ("query", format!("{url}/channel?key={query}"), ""),
    ];
    let mut ids = Vec::new();
    for (name, url, key) in wanted {
        let wanted = json!({ "preset": "custom", "name": name, "url": url, "streamKey": key });
        ids.push(console.ok("add_destination", wanted).await["id"].as_str().expect("an id").to_owned());
    }
    let wrong =
        json!({ "preset": "custom", "url": format!("gopher://host/{nonsense}"), "streamKey": nonsense });
    answers.push(console.command("add_destination", wrong).await.body);
    let chosen: Vec<&str> = ids.iter().map(String::as_str).collect();
    console.broadcast_to(&chosen).await;
    for (id, state) in ids.iter().zip([
        "broadcasting",
        "broadcasting",
        "errored",
        "errored",
        "retrying",
        "broadcasting",
        "broadcasting",
    ]) {
        screen.destination(id, state).await;
        answers.push(console.ok("test_destination", json!({ "id": id })).await);
    }
    // Edited as a screen does, which knows no key: it stays, unless another is pasted with the address.
    let pasted_again = format!("{url}/{replaced}-and-more");
    let edited = json!({ "id": ids[5], "name": "changes", "url": pasted_again });
    answers.push(console.ok("update_destination", edited).await);
    console.ok("duplicate_destination", json!({ "id": ids[0] })).await;
    for command in ["preflight", "presets", "snapshot", "list_streams"] {
        let mut answer = console.ok(command, json!({})).await;
        if command == "snapshot" {
            assert_eq!(answer["destinations"].as_array().map(Vec::len), Some(8));
            assert_eq!(answer["keyPlace"], "file");
            answer["ingest"] = Value::Null;
        }
        answers.push(answer);
    }
    screen.broadcasting(&ids[0]).await;
    screen.seconds_pass(2).await;
    answers.push(console.detail(&screen.stream_id()).await);
    console.ok("remove_destination", json!({ "id": ids[1] })).await;
    console.ok("stop_stream", json!({})).await;
    screen.phase("ended").await;
    answers.push(console.detail(&screen.stream_id()).await);
    let heard = screen.heard().to_owned();
    #[cfg(unix)]
    let (_, rest_of_stdout) = console.terminate().await;
    #[cfg(not(unix))]
    let rest_of_stdout = String::new();

    let secrets = PUSHED_KEYS.map(|(name, key)| (name, key.to_owned())).to_vec();
    let mut search = Search { secrets, found: Vec::new() };
    for answer in &answers {
        search.look("an answer", answer.to_string().as_bytes());
    }
    search.look("an event", heard.as_bytes());
    search.look("standard output", rest_of_stdout.as_bytes());
    let stderr = console.stderr();
    assert!(stderr.contains("TRACE"), "the log was as loud as can be");
    search.look("standard error", stderr.as_bytes());
    let names = look_into_files(&mut search, &console);
    assert!(names.iter().any(|name| name == KEYS_OF_DESTINATIONS), "{names:?}");
    assert!(search.found.is_empty(), "{:#?}", search.found);

    let kept = std::fs::read_to_string(console.data_dir().join(KEYS_OF_DESTINATIONS)).expect("keys are kept");
    assert!(kept.contains(right), "here it is meant to be");
    assert!(!kept.contains(pasted), "what was removed is forgotten");
}
