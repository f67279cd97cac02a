//! Servers in processes of their own, whose words are kept and shown when a test fails.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;

use crate::wait::{PATIENCE, within};

/// A running server; killed when dropped.
pub(crate) struct Program {
    name: &'static str,
    process: Child,
    said: Arc<Mutex<String>>,
    /// Reads on, so that the server never waits for its words to be heard.
    listening: JoinHandle<()>,
}

impl Program {
    /// Starts it and waits until `ready` is true of a line it wrote to standard error.
    pub(crate) async fn start(
        name: &'static str,
        command: &mut Command,
        mut ready: impl FnMut(&str) -> bool,
    ) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let stderr = process.stderr.take().expect("its standard error is ours");
        let mut lines = BufReader::new(stderr).lines();
        let mut so_far = String::new();
        within(PATIENCE, &format!("{name} to be ready"), async {
            loop {
                let line = lines.next_line().await.expect("it writes text");
                let Some(line) = line else { panic!("{name} ended at once:\n{so_far}") };
                so_far.push_str(&line);
                so_far.push('\n');
                if ready(&line) {
                    return;
                }
            }
        })
        .await;
        let said = Arc::new(Mutex::new(so_far));
        let listening = tokio::spawn(listen(lines, Arc::clone(&said)));
        Self { name, process, said, listening }
    }

    /// Ends it at once, as a crash would.
    pub(crate) async fn kill9(mut self) {
        self.process.kill().await.expect("a server can be killed");
    }
}

async fn listen(mut lines: Lines<BufReader<ChildStderr>>, said: Arc<Mutex<String>>) {
    while let Ok(Some(line)) = lines.next_line().await {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        said.push_str(&line);
        said.push('\n');
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.listening.abort();
        if std::thread::panicking() {
            let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            eprintln!("--- words of {}\n{said}", self.name);
        }
    }
}
