//! Apps written with the MentraOS SDK, each in a process of its own: the package as it is published, driven by a script.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::console::Console;
use crate::screen::Screen;
use crate::wait::{PATIENCE, within};

/// A running app; killed when dropped.
pub struct MentraApp {
    package: String,
    url: String,
    process: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStderr>>,
    /// Everything it told, in order.
    events: Vec<Value>,
    /// How many events of a kind have been waited for and passed.
    passed: HashMap<String, usize>,
    asked: u64,
    printed: watch::Receiver<String>,
    /// Reads on, so that the app never waits for its words to be heard.
    listening: JoinHandle<()>,
}

/// A question to an app whose answer may take its time.
#[derive(Debug, Clone, Copy)]
#[must_use = "an answer is to be waited for"]
pub struct Asked(u64);

impl MentraApp {
    /// Starts an app on the released SDK.
    ///
    /// # Panics
    /// When it does not come up; `cargo xtask test --only setup` installs what it needs.
    pub async fn start(package: &str) -> Self {
        let mut command = Command::new("node");
        command.args(["--import", "./lib/free-port.mjs", "app.mjs"]).arg(package).arg(key_of(package));
        Self::run(package, &mentra(), &mut command).await
    }

    /// Starts an app on the coming SDK v3, under Bun.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start_v3(package: &str) -> Self {
        let folder = mentra().join("v3");
        let mut command = Command::new(folder.join("node_modules/.bin/bun"));
        command.arg("app.mjs").arg(package).arg(key_of(package));
        Self::run(package, &folder, &mut command).await
    }

    /// Runs a script beside which the released SDK is installed. It obeys no commands; its environment says what it is
    /// called.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn run_script(package: &str, script: &Path, environment: &[(&str, &str)]) -> Self {
        let folder = script.parent().expect("a script is in a folder");
        let mut command = Command::new("node");
        command.arg("--import").arg(mentra().join("lib/free-port.mjs")).arg(script);
        command
            .env("PACKAGE_NAME", package)
            .env("API_KEY", key_of(package))
            .envs(environment.iter().copied());
        Self::run(package, folder, &mut command).await
    }

    async fn run(package: &str, folder: &Path, command: &mut Command) -> Self {
        let mut process = command
            .current_dir(folder)
            // The SDK asks a server of its maker for newer versions: not from here.
            .env("HTTPS_PROXY", "http://127.0.0.1:1")
            .env("NO_PROXY", "127.0.0.1")
            .env("NODE_ENV", "production")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("an app cannot be started: {error}. Run `cargo xtask test --only setup` first.")
            });
        let stdin = process.stdin.take();
        let (print, printed) = watch::channel(String::new());
        let listening =
            tokio::spawn(listen(process.stdout.take().expect("its standard output is ours"), print));
        let lines = BufReader::new(process.stderr.take().expect("its standard error is ours")).lines();
        let mut app = Self {
            package: package.to_owned(),
            url: String::new(),
            process,
            stdin,
            lines,
            events: Vec::new(),
            passed: HashMap::new(),
            asked: 0,
            printed,
            listening,
        };
        let listening = app.event("listening").await;
        listening["url"].as_str().expect("an address").clone_into(&mut app.url);
        app
    }

    /// Its package name.
    pub fn package(&self) -> &str {
        &self.package
    }

    /// What people call it: `Pulse` of `com.example.pulse`.
    ///
    /// # Panics
    /// When the package name is empty.
    pub fn name(&self) -> String {
        let last = self.package.rsplit('.').next().expect("a package name");
        let (first, rest) = last.split_at(1);
        format!("{}{rest}", first.to_uppercase())
    }

    /// Where it listens for webhooks.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Registers it with a console, with these permissions.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn register(&self, console: &Console, permissions: &[&str]) {
        console.ok("add_app", self.registration(permissions)).await;
    }

    /// Changes its registration: its address is a new one after a restart.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn update(&self, console: &Console, permissions: &[&str]) {
        console.ok("update_app", self.registration(permissions)).await;
    }

    fn registration(&self, permissions: &[&str]) -> Value {
        json!({
            "name": self.name(),
            "packageName": self.package,
            "url": self.url,
            "apiKey": key_of(&self.package),
            "permissions": permissions,
        })
    }

    /// The user starts it; it has a session when this returns.
    ///
    /// # Panics
    /// When it does not connect.
    pub async fn connect(&mut self, console: &Console) {
        console.ok("start_app", json!({ "packageName": self.package })).await;
        self.event("session").await;
    }

    /// What a screen shows of it.
    ///
    /// # Panics
    /// When it is not registered.
    pub fn shown<'a>(&self, screen: &'a Screen) -> &'a Value {
        let apps = screen.now()["apps"].as_array().expect("apps are a list");
        apps.iter().find(|app| app["packageName"] == self.package.as_str()).expect("it is registered")
    }

    /// Has it call a function of the SDK that should succeed; returns what that did.
    ///
    /// # Panics
    /// When it throws.
    pub async fn ok(&mut self, command: &str, argument: Value) -> Value {
        let answer = self.ask(command, argument).await;
        answer.unwrap_or_else(|error| panic!("{command} of {} failed: {error}", self.package))
    }

    /// Has it call a function of the SDK that should throw; returns the words.
    ///
    /// # Panics
    /// When it does not.
    pub async fn refused(&mut self, command: &str, argument: Value) -> String {
        match self.ask(command, argument).await {
            Err(words) => words,
            Ok(value) => panic!("{command} of {} should have failed: {value}", self.package),
        }
    }

    /// Has it call a function of the SDK and waits until that is through.
    ///
    /// # Errors
    /// With the words of what was thrown.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn ask(&mut self, command: &str, argument: Value) -> Result<Value, String> {
        let asked = self.begin(command, argument).await;
        self.answer(asked).await
    }

    /// Has it call a function of the SDK and does not wait.
    ///
    /// # Panics
    /// When the app has ended.
    pub async fn begin(&mut self, command: &str, argument: Value) -> Asked {
        self.asked += 1;
        let line = json!({ "id": self.asked, "command": command, "argument": argument });
        let stdin = self.stdin.as_mut().expect("it runs");
        stdin.write_all(format!("{line}\n").as_bytes()).await.expect("the app listens");
        Asked(self.asked)
    }

    /// Waits for what a function returned or threw.
    ///
    /// # Errors
    /// With the words of what was thrown.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn answer(&mut self, asked: Asked) -> Result<Value, String> {
        let is_answer = |event: &Value| event["event"] == "answer" && event["id"] == asked.0;
        let index = match self.events.iter().position(is_answer) {
            Some(index) => index,
            None => {
                self.hear_until("an answer", |event| is_answer(event)).await;
                self.events.len() - 1
            }
        };
        let event = &self.events[index];
        match event["error"].as_str() {
            Some(words) => Err(words.to_owned()),
            None => Ok(event["value"].clone()),
        }
    }

    /// Waits for the next event of this kind.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn event(&mut self, kind: &str) -> Value {
        self.event_that(kind, &format!("the event {kind}"), |_| true).await
    }

    /// Waits for the next event of this kind that is as wanted; those before it are passed over.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn event_that(&mut self, kind: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let passed = self.passed.get(kind).copied().unwrap_or(0);
        let mut count = 0;
        let mut found = None;
        for event in self.events.iter().filter(|event| event["event"] == kind) {
            count += 1;
            if count > passed && wanted(event) {
                found = Some(event.clone());
                break;
            }
        }
        let event = match found {
            Some(event) => event,
            None => {
                self.hear_until(what, |event| {
                    let of_kind = event["event"] == kind;
                    count += usize::from(of_kind);
                    of_kind && wanted(event)
                })
                .await
            }
        };
        self.passed.insert(kind.to_owned(), count);
        event
    }

    /// Waits until the app hears this word about a managed stream, and returns the status.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn managed(&mut self, word: &str) -> Value {
        self.status("managed", word).await
    }

    /// Waits until the app hears this word about an unmanaged stream, and returns the status.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn unmanaged(&mut self, word: &str) -> Value {
        self.status("unmanaged", word).await
    }

    async fn status(&mut self, kind: &str, word: &str) -> Value {
        let what = format!("{} to be told {word} of a {kind} stream", self.package);
        let event = self.event_that(kind, &what, |event| event["status"]["status"] == word).await;
        event["status"].clone()
    }

    /// Every event of this kind so far.
    pub fn events(&self, kind: &str) -> Vec<&Value> {
        self.events.iter().filter(|event| event["event"] == kind).collect()
    }

    /// Every status of this kind of stream so far.
    pub fn statuses(&self, kind: &str) -> Vec<&Value> {
        self.events(kind).into_iter().map(|event| &event["status"]).collect()
    }

    /// The words of those, repetitions left out.
    ///
    /// # Panics
    /// When a status has none.
    pub fn words(&self, kind: &str) -> Vec<&str> {
        let mut words: Vec<&str> =
            self.statuses(kind).iter().map(|status| status["status"].as_str().expect("a word")).collect();
        words.dedup();
        words
    }

    /// Everything the hub sent before this is heard when this returns: an answer on the same socket has come.
    ///
    /// # Panics
    /// When there is none.
    pub async fn catch_up(&mut self) {
        self.ok("check", Value::Null).await;
    }

    /// Ends the process at once, as a crash would.
    ///
    /// # Panics
    /// When the system refuses.
    pub async fn kill9(&mut self) {
        self.stdin = None;
        self.process.kill().await.expect("an app can be killed");
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Panics
    /// When it does not.
    pub async fn exit(&mut self) {
        // It ends before it can answer.
        let _ = self.begin("exit", Value::Null).await;
        within(PATIENCE, "an app to end", self.process.wait()).await.expect("an exit status");
    }

    /// A person presses Enter in its terminal.
    ///
    /// # Panics
    /// When it has ended.
    pub async fn press_enter(&mut self) {
        let stdin = self.stdin.as_mut().expect("it runs");
        stdin.write_all(b"\n").await.expect("the app listens");
    }

    /// Waits until it has printed this, and returns the word after it.
    ///
    /// # Panics
    /// When it does not.
    pub async fn says(&self, label: &str) -> String {
        let what = format!("{} to print {label:?}", self.package);
        within(PATIENCE, &what, async {
            let mut printed = self.printed.clone();
            let all = printed.wait_for(|all| after(all, label).is_some()).await.expect("it goes on printing");
            after(&all, label).expect("it was just found").to_owned()
        })
        .await
    }

    /// What it printed, with what the SDK logged.
    pub fn printed(&self) -> String {
        self.printed.borrow().clone()
    }

    /// Reads on until an event is as wanted.
    async fn hear_until(&mut self, what: &str, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let line = match timeout_at(deadline, self.lines.next_line()).await {
                Ok(line) => line.expect("an app writes text"),
                Err(_) => panic!("{PATIENCE:?} passed waiting for {what}. {}", self.story()),
            };
            let line = line.unwrap_or_else(|| panic!("{} ended while {what} was awaited", self.package));
            // What is no event is a warning of its runtime.
            let event =
                serde_json::from_str(&line).unwrap_or_else(|_| json!({ "event": "said", "line": line }));
            self.events.push(event);
            let event = self.events.last().expect("just pushed");
            if wanted(event) {
                return event.clone();
            }
        }
    }

    fn story(&self) -> String {
        let events: Vec<String> = self.events.iter().map(Value::to_string).collect();
        format!("{} told:\n{}", self.package, events.join("\n"))
    }
}

impl Drop for MentraApp {
    fn drop(&mut self) {
        self.listening.abort();
        if std::thread::panicking() {
            eprintln!("--- {}\n--- what its SDK logged\n{}", self.story(), self.printed());
        }
    }
}

/// Keeps what an app prints.
async fn listen(mut stdout: ChildStdout, print: watch::Sender<String>) {
    let mut part = [0; 4_096];
    while let Ok(count @ 1..) = stdout.read(&mut part).await {
        print.send_modify(|all| all.push_str(&String::from_utf8_lossy(&part[..count])));
    }
}

/// The word after this label, once its line is complete.
fn after<'a>(printed: &'a str, label: &str) -> Option<&'a str> {
    let (line, _) = printed.split_once(label)?.1.split_once('\n')?;
    Some(line.split_whitespace().next().unwrap_or_default())
}

/// The API key such an app has.
pub fn key_of(package: &str) -> String {
    format!("key-of-{package}")
}

/// The folder of scripts and packages.
pub(crate) fn mentra() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("mentra")
}
