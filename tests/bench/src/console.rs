//! The whole console, without a window, in a process of its own.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::client::Client;

/// How long anything that is waited for may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Console {
    child: Child,
    control: String,
    token: String,
    client: reqwest::Client,
    /// Its data; removed with it.
    _folder: TempDir,
}

/// A program of the same build as this one.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name(name);
    ensure!(program.exists(), "{} is missing; `cargo xtask bench` builds it", program.display());
    Ok(program)
}

impl Console {
    /// Starts it on free ports with an empty data folder.
    pub(crate) async fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut child = Command::new(program("stream-console-headless")?)
            .args([
                "--rtmp-port",
                "0",
                "--http-port",
                "0",
                "--hub-port",
                "0",
                "--webrtc-port",
                "0",
                "--control-port",
                "0",
                "--data-dir",
            ])
            .arg(folder.path())
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut output = BufReader::new(child.stdout.take().context("no output")?).lines();
        let line = tokio::time::timeout(PATIENCE, output.next_line()).await.context("it is not ready")??;
        let ready: Value = serde_json::from_str(&line.context("the console did not start")?)?;
        let client = reqwest::Client::new();
        Ok(Self {
            child,
            control: text(&ready["control"])?,
            token: text(&ready["token"])?,
            client,
            _folder: folder,
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// Calls a command of the control API.
    pub(crate) async fn ask(&self, command: &str, argument: Value) -> Result<Value> {
        let request = self.client.post(format!("{}/api/{command}", self.control)).bearer_auth(&self.token);
        let response = request.json(&argument).send().await?;
        let (status, answer) = (response.status(), response.text().await?);
        ensure!(status.is_success(), "{command}: {status} {answer}");
        Ok(serde_json::from_str(&answer).unwrap_or(Value::Null))
    }

    /// Asks until a snapshot is as wanted, and returns it.
    pub(crate) async fn until(&self, what: &str, condition: impl Fn(&Value) -> bool) -> Result<Value> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let snapshot = self.ask("snapshot", json!({})).await?;
            if condition(&snapshot) {
                return Ok(snapshot);
            }
            if tokio::time::Instant::now() > deadline {
                bail!("waited in vain for {what}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Starts a stream that waits for an encoder, and returns the address to publish to.
    pub(crate) async fn open_stream(&self) -> Result<String> {
        self.ask("start_managed", json!({ "cameraLink": "manual" })).await?;
        text(&self.ask("snapshot", json!({})).await?["ingest"]["publishUrl"])
    }

    /// Waits until the stream is proven to play, and returns the snapshot that says so.
    pub(crate) async fn live(&self) -> Result<Value> {
        self.until("the stream to be live", |snapshot| snapshot["session"]["phase"] == "live").await
    }

    /// Publishes to such an address.
    pub(crate) async fn publish(url: &str) -> Result<Client> {
        let parts: Vec<_> = url.trim_start_matches("rtmp://").split('/').collect();
        let [address, .., key] = parts.as_slice() else { bail!("not a publishing address") };
        Client::publish(address, key).await
    }

    pub(crate) async fn stop(mut self) {
        // What it holds open goes with it; there is nothing to keep.
        let _ = self.child.kill().await;
    }
}

pub(crate) fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().with_context(|| format!("{value} is no text"))?.to_owned())
}
