//! A console in a process of its own.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::screen::Screen;
use crate::wait::{PATIENCE, within};

/// The headless program on ports of its own and a data folder of its own. Killed when dropped.
pub struct Console {
    folder: TempDir,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    process: Child,
    /// Its standard output after the line that says it is ready.
    stdout: Option<BufReader<ChildStdout>>,
    ready: Value,
    client: reqwest::Client,
}

/// What a command answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Body; null if it is no JSON.
    pub body: Value,
}

/// A console that did not come up.
#[derive(Debug)]
pub struct Failed {
    /// How it ended.
    pub status: ExitStatus,
    /// What it said.
    pub words: String,
}

impl Console {
    /// Starts a console with these arguments beside the usual ones.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[]).await
    }

    /// Starts a console with an environment of its own.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let folder = new_folder();
        let arguments: Vec<String> = arguments.iter().copied().map(str::to_owned).collect();
        let environment: Vec<_> =
            environment.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let (process, stdout, ready) =
            launch(folder.path(), &arguments, &environment).await.unwrap_or_else(|failed| {
                panic!("the console did not come up ({}): {}", failed.status, failed.words)
            });
        let client = reqwest::Client::new();
        Self { folder, arguments, environment, process, stdout: Some(stdout), ready, client }
    }

    /// Starts a second console on the same data folder, which should fail.
    ///
    /// # Panics
    /// When it comes up after all.
    pub async fn start_beside(&self) -> Failed {
        fail(self.folder.path(), &[]).await
    }

    /// Starts a console with arguments it cannot come up with.
    ///
    /// # Panics
    /// When it comes up after all.
    pub async fn fail_to_start(arguments: &[&str]) -> Failed {
        let folder = new_folder();
        let arguments: Vec<String> = arguments.iter().copied().map(str::to_owned).collect();
        fail(folder.path(), &arguments).await
    }

    /// Ends the process at once, as a power cut would: it can write nothing more.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn kill9(&mut self) {
        end(&mut self.process);
    }

    /// Starts it again on the same data folder; what still runs is killed first.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn restart(&mut self) {
        self.kill9();
        let (process, stdout, ready) =
            launch(self.folder.path(), &self.arguments, &self.environment).await.unwrap_or_else(|failed| {
                panic!("the console did not come up again ({}): {}", failed.status, failed.words)
            });
        (self.process, self.stdout, self.ready) = (process, Some(stdout), ready);
    }

    /// Asks it to end as a user at the terminal would, and returns how it ended and what its standard output held after the
    /// ready line.
    ///
    /// # Panics
    /// When it does not end in time.
    #[cfg(unix)]
    pub async fn terminate(&mut self) -> (ExitStatus, String) {
        let pid = self.process.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().expect("`kill` can be started");
        assert!(asked.success(), "the console could not be asked to end");
        let mut stdout = self.stdout.take().expect("it is terminated once");
        let reading = tokio::task::spawn_blocking(move || {
            let mut rest = String::new();
            stdout.read_to_string(&mut rest).map(|_| rest)
        });
        let rest = within(PATIENCE, "the console to end", reading).await.expect("the reader ends");
        let status = self.process.wait().expect("an exit status");
        (status, rest.expect("text"))
    }

    /// Runs a command of the control API as the holder of the token.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn command(&self, name: &str, argument: Value) -> Answer {
        let request = self.request(name).bearer_auth(self.token()).body(argument.to_string());
        self.answer(request).await
    }

    /// Runs a command that should succeed and returns its answer's body.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn ok(&self, name: &str, argument: Value) -> Value {
        let answer = self.command(name, argument).await;
        assert_eq!(answer.status, StatusCode::OK, "{name} was refused: {}", answer.body);
        answer.body
    }

    /// A request to the control API without any credential, for tests of the door itself.
    pub fn request(&self, command: &str) -> reqwest::RequestBuilder {
        self.client.post(format!("{}/api/{command}", self.control()))
    }

    /// Sends such a request.
    ///
    /// # Panics
    /// When it is not answered.
    pub async fn answer(&self, request: reqwest::RequestBuilder) -> Answer {
        let work = async {
            let response = request.send().await.expect("the control door answers");
            let status = response.status();
            let text = response.text().await.expect("a body");
            Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::Null) }
        };
        within(PATIENCE, "an answer of the control door", work).await
    }

    /// Changes single settings and leaves the others.
    ///
    /// # Panics
    /// When they are refused.
    pub async fn change_settings(&self, changes: Value) {
        let mut settings = self.snapshot().await["settings"]["chosen"].clone();
        let changes = changes.as_object().expect("changes are an object").clone();
        settings.as_object_mut().expect("settings are an object").extend(changes);
        self.ok("update_settings", settings).await;
    }

    /// The present snapshot.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn snapshot(&self) -> Value {
        self.ok("snapshot", json!({})).await
    }

    /// Details of one stream, from the history.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn detail(&self, stream_id: &str) -> Value {
        self.ok("stream_detail", json!({ "streamId": stream_id })).await
    }

    /// Adds a destination of the kind anybody can have, switched off, and returns its id.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn add_destination(&self, url: &str, key: &str) -> String {
        let wanted = json!({ "preset": "custom", "name": key, "url": url, "streamKey": key });
        text(&self.ok("add_destination", wanted).await["id"])
    }

    /// Turns these destinations on.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn broadcast_to(&self, ids: &[&str]) {
        self.ok("go_live", json!({ "ids": ids })).await;
    }

    /// Turns one destination on or off.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn set_destination(&self, id: &str, enabled: bool) {
        self.ok("set_destination", json!({ "id": id, "enabled": enabled })).await;
    }

    /// Follows the console's events as a screen does.
    ///
    /// # Panics
    /// When the subscription is refused.
    pub async fn screen(&self) -> Screen {
        Screen::open(&self.control(), self.token()).await
    }

    /// A player of anything this computer serves.
    pub fn client(&self) -> reqwest::Client {
        self.client.clone()
    }

    /// Where an encoder publishes, key included.
    ///
    /// # Panics
    /// When the snapshot names no such place.
    pub async fn publish_url(&self) -> String {
        text(&self.snapshot().await["ingest"]["publishUrl"])
    }

    /// The stream key.
    ///
    /// # Panics
    /// When the snapshot names none.
    pub async fn key(&self) -> String {
        text(&self.snapshot().await["ingest"]["streamKey"])
    }

    /// Base address of the control API.
    pub fn control(&self) -> String {
        text(&self.ready["control"])
    }

    /// Server part of the publishing address: `rtmp://127.0.0.1:1935/live`.
    pub fn rtmp(&self) -> String {
        text(&self.ready["rtmp"])
    }

    /// Base address of the playback door.
    pub fn http(&self) -> String {
        text(&self.ready["http"])
    }

    /// Base address of the hub, where apps and glasses connect: `http://127.0.0.1:8002`.
    pub fn hub(&self) -> String {
        text(&self.ready["hub"])
    }

    /// Address at which apps on the released SDK open their WebSocket.
    pub fn app_ws(&self) -> String {
        format!("{}/app-ws", self.hub().replacen("http", "ws", 1))
    }

    /// Connects glasses that live in the program, with these habits; the screen shows them when this returns.
    ///
    /// # Panics
    /// When they do not connect.
    pub async fn wear_virtual_glasses(&self, screen: &mut Screen, habits: Value) {
        self.ok("set_virtual_glasses", json!({ "glasses": habits })).await;
        let (battery, wifi) = (habits["batteryPercent"].as_u64().unwrap_or(80), habits["wifi"] != false);
        screen
            .until("the virtual glasses", |now| {
                let glasses = &now["hub"]["glasses"];
                glasses["link"] == "connected"
                    && glasses["batteryPercent"].as_u64() == Some(battery)
                    && glasses["wifi"].as_bool() == Some(wifi)
                    && !now["hub"]["virtualGlasses"].is_null()
            })
            .await;
    }

    /// Host and port of the RTMP listener.
    ///
    /// # Panics
    /// When the console printed no RTMP address.
    pub fn rtmp_address(&self) -> String {
        let url = self.rtmp();
        let rest = url.strip_prefix("rtmp://").expect("an RTMP address");
        rest.split('/').next().unwrap_or(rest).to_owned()
    }

    /// The token of this launch.
    pub fn token(&self) -> &str {
        self.ready["token"].as_str().unwrap_or_default()
    }

    /// What it printed when it was ready.
    pub fn ready(&self) -> &Value {
        &self.ready
    }

    /// Its data folder.
    pub fn data_dir(&self) -> PathBuf {
        data_dir(self.folder.path())
    }

    /// Everything it ever wrote to standard error.
    ///
    /// # Panics
    /// When that cannot be read.
    pub fn stderr(&self) -> String {
        std::fs::read_to_string(stderr_file(self.folder.path())).expect("standard error is kept")
    }

    /// Resident memory in bytes, as Linux counts it.
    ///
    /// # Panics
    /// When the system does not tell.
    #[cfg(target_os = "linux")]
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a VmRSS line");
        let kilobytes = line.trim().trim_end_matches("kB").trim();
        kilobytes.parse::<u64>().expect("a number of kB") * 1_024
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        end(&mut self.process);
        if std::thread::panicking() {
            eprintln!("--- the console's log\n{}", log(&self.data_dir()));
        }
    }
}

/// Kills and reaps; one that has ended already is fine.
fn end(process: &mut Child) {
    // The only error is that it has been reaped before.
    let _ = process.kill();
    process.wait().expect("a killed process ends");
}

fn new_folder() -> TempDir {
    tempfile::Builder::new().prefix("console-").tempdir().expect("a temporary folder")
}

async fn fail(folder: &Path, arguments: &[String]) -> Failed {
    match launch(folder, arguments, &[]).await {
        Err(failed) => failed,
        Ok((mut process, ..)) => {
            end(&mut process);
            panic!("a console came up that should not have");
        }
    }
}

type Launched = (Child, BufReader<ChildStdout>, Value);

async fn launch(
    folder: &Path,
    arguments: &[String],
    environment: &[(String, String)],
) -> Result<Launched, Failed> {
    let log =
        File::options().create(true).append(true).open(stderr_file(folder)).expect("a file for its words");
    let mut command = Command::new(program());
    for port in ["--rtmp-port", "--http-port", "--hub-port", "--webrtc-port", "--control-port"] {
        if !arguments.iter().any(|argument| argument == port) {
            command.args([port, "0"]);
        }
    }
    command
        .arg("--data-dir")
        .arg(data_dir(folder))
        // The keychain of whoever runs the tests is none of their business.
        .arg("--keys-in-file")
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log);
    let mut process = command.spawn().expect("the console's program can be started");
    let mut stdout = BufReader::new(process.stdout.take().expect("its standard output is ours"));
    let reading = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        let read = stdout.read_line(&mut line);
        (stdout, line, read)
    });
    let (stdout, line, read) =
        within(PATIENCE, "the console to be ready", reading).await.expect("the reader ends");
    read.expect("its standard output is text");
    match serde_json::from_str(&line) {
        Ok(ready) => Ok((process, stdout, ready)),
        Err(_) => {
            let status = process.wait().expect("an exit status");
            let words = std::fs::read_to_string(stderr_file(folder)).unwrap_or_default();
            Err(Failed { status, words })
        }
    }
}

/// The headless program stands two folders above this test's own.
fn program() -> PathBuf {
    let own = std::env::current_exe().expect("this program knows where it is");
    let folder = own.parent().and_then(Path::parent).expect("tests stand in target/<profile>/deps");
    let program = folder.join(format!("stream-console-headless{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "{} is missing. Build it first: cargo build -p stream-console-headless",
        program.display()
    );
    program
}

fn data_dir(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn stderr_file(folder: &Path) -> PathBuf {
    folder.join("stderr.txt")
}

fn log(data_dir: &Path) -> String {
    let files = std::fs::read_dir(data_dir.join("logs")).into_iter().flatten().flatten();
    files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
