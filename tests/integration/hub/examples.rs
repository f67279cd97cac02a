//! The examples people copy: they run as they stand, with the published package.

use std::path::{Path, PathBuf};

use console_tests::{Console, MentraApp, PATIENCE, Receiver, Screen, key_of, within};
use serde_json::json;
use tempfile::TempDir;

const PACKAGE: &str = "com.example.streaming";

fn tests_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A folder with these files, in which the published package is installed.
fn installed(files: &[(&str, String)]) -> TempDir {
    let folder = tempfile::Builder::new().prefix("example-").tempdir().expect("a temporary folder");
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).expect("an example is copied");
    }
    let packages = tests_folder().join("mentra/node_modules");
    let here = folder.path().join("node_modules");
    #[cfg(unix)]
    std::os::unix::fs::symlink(packages, here).expect("a link");
    #[cfg(not(unix))]
    std::os::windows::fs::symlink_dir(packages, here).expect("a link");
    folder
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A console as people first see it, and one of the examples, started and registered.
async fn stage(name: &str, environment: &[(&str, &str)]) -> (Console, Screen, MentraApp, TempDir) {
    let script = read(&tests_folder().join("examples/streaming-app").join(name));
    let folder = installed(&[(name, script)]);
    let path = folder.path().join(name);
    let (console, app) =
        tokio::join!(Console::start(&["--demo"]), MentraApp::run_script(PACKAGE, &path, environment));
    let mut screen = console.screen().await;
    screen.phase("live").await;
    screen.until("virtual glasses", |now| now["hub"]["glasses"]["link"] == "connected").await;
    app.register(&console, &["CAMERA"]).await;
    console.ok("start_app", json!({ "packageName": PACKAGE })).await;
    (console, screen, app, folder)
}

#[tokio::test]
async fn the_managed_example_prints_addresses_that_play_and_leaves() {
    let (console, mut screen, app, _folder) = stage("managed.mjs", &[]).await;
    let hls = app.says("HLS:").await;
    assert_eq!(hls, screen.now()["session"]["urls"]["hls"]);
    assert_eq!(app.says("DASH:").await, screen.now()["session"]["urls"]["dash"]);
    assert_eq!(app.says("Playing at:").await, hls);
    let response =
        within(PATIENCE, "the playlist", console.client().get(&hls).send()).await.expect("an answer");
    assert!(response.status().is_success(), "{hls}: {}", response.status());
    let id = screen.stream_id();
    // It was there and it left; the demo goes on.
    let detail = loop {
        let detail = console.detail(&id).await;
        if detail["apps"][0]["leftAtMs"].is_u64() {
            break detail;
        }
        screen.seconds_pass(1).await;
    };
    assert_eq!(detail["apps"][0]["packageName"], PACKAGE, "{detail:#}");
    assert_eq!(screen.now()["session"]["phase"], "live");
    assert!(!app.printed().contains("Managed stream error"));
}

#[tokio::test]
async fn the_unmanaged_example_takes_the_place_of_the_demo() {
    let receiver = Receiver::start().await;
    let url = format!("{}/example", receiver.url());
    let (_console, mut screen, mut app, _folder) =
        stage("unmanaged.mjs", &[("RTMP_URL", url.as_str())]).await;
    assert_eq!(app.says("RTMP status:").await, "initializing");
    assert_eq!(app.says("Streaming to:").await, url);
    screen
        .until("the unmanaged stream", |now| {
            now["session"]["delivery"] == "unmanaged" && now["session"]["state"] == "active"
        })
        .await;
    app.press_enter().await;
    screen.phase("ended").await;
    receiver.only_recording("example").await.assert_flawless().await;
}

#[tokio::test]
async fn the_check_example_finds_the_stream_that_runs_or_starts_one() {
    let (console, mut screen, app, _folder) = stage("check.mjs", &[]).await;
    assert_eq!(app.says("HLS:").await, screen.now()["session"]["urls"]["hls"]);
    assert_eq!(app.says("DASH:").await, screen.now()["session"]["urls"]["dash"]);

    console.ok("stop_app", json!({ "packageName": PACKAGE })).await;
    console.ok("stop_stream", json!({})).await;
    screen.phase("ended").await;
    console.ok("start_app", json!({ "packageName": PACKAGE })).await;
    let now = screen.until("a stream of the app's", |now| now["session"]["startedBy"] == PACKAGE).await;
    assert_eq!(now["session"]["cameraLink"], "hub", "{:#}", now["session"]);
    screen.phase("live").await;
}

/// What the Apps page offers to copy: from an empty folder to a stream.
#[tokio::test]
async fn the_example_of_the_apps_page_runs_as_it_is_copied() {
    let source = tests_folder().parent().expect("the repository").join("ui/src/features/apps/example.ts");
    let folder = installed(&[("example.ts", read(&source))]);
    let values = json!({ "packageName": PACKAGE, "apiKey": key_of(PACKAGE), "port": 7010 });
    let print =
        format!("import {{ exampleApp }} from './example.ts';\nprocess.stdout.write(exampleApp({values}));");
    std::fs::write(folder.path().join("print.mjs"), print).expect("a script");
    let bun = tests_folder().join("mentra/v3/node_modules/.bin/bun");
    let printing = tokio::process::Command::new(bun).arg("print.mjs").current_dir(folder.path()).output();
    let printed = within(PATIENCE, "the example", printing).await.expect("bun runs");
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let example = String::from_utf8(printed.stdout).expect("text");
    assert!(example.lines().count() <= 30, "{} lines are too many to read", example.lines().count());
    let path = folder.path().join("app.mjs");
    std::fs::write(&path, &example).expect("the example");

    let (console, mut app) =
        tokio::join!(Console::start(&["--demo"]), MentraApp::run_script(PACKAGE, &path, &[]));
    let mut screen = console.screen().await;
    screen.phase("live").await;
    app.register(&console, &["CAMERA"]).await;
    console.ok("start_app", json!({ "packageName": PACKAGE })).await;
    screen.until("the app in the stream", |now| now["session"]["apps"][0]["packageName"] == PACKAGE).await;
    assert_eq!(app.says("watch it at").await, screen.now()["session"]["urls"]["hls"]);
    assert_eq!(app.says("stream:").await, "active", "the demo it joins is live already");

    // Its developer ends it and runs it again at once.
    app.kill9().await;
    let app = MentraApp::run_script(PACKAGE, &path, &[]).await;
    app.update(&console, &["CAMERA"]).await;
    console.ok("start_app", json!({ "packageName": PACKAGE })).await;
    assert_eq!(app.says("watch it at").await, screen.now()["session"]["urls"]["hls"]);
}
