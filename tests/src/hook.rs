//! The door a receiver knocks at: it asks who may publish, and tells when a recording is complete.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::wait::{PATIENCE, within};

/// What a receiver asked or told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `publish` before somebody may, `record_done` when a file is complete.
    pub what: String,
    /// Name of the stream: what a platform calls the stream key.
    pub name: String,
    /// Path of the file, of `record_done`.
    pub path: String,
    /// What the stream's name carried behind it: `true` of a Twitch stream nobody is to see.
    pub bandwidth_test: String,
}

/// See the module's documentation.
pub struct Hook {
    address: SocketAddr,
    calls: watch::Receiver<Vec<Call>>,
    refused: Arc<Mutex<HashSet<String>>>,
    listening: JoinHandle<()>,
}

impl Hook {
    /// Opens the door on a free port; everybody may publish.
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (heard, calls) = watch::channel(Vec::new());
        let refused = Arc::new(Mutex::new(HashSet::new()));
        let listening = tokio::spawn(listen(listener, heard, Arc::clone(&refused)));
        Self { address, calls, refused, listening }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// From now on nobody may publish under this name.
    pub fn refuse(&self, name: &str) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
    }

    /// Everybody may publish under this name again.
    pub fn allow(&self, name: &str) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// How often somebody asked to publish under this name.
    pub fn publish_attempts(&self, name: &str) -> usize {
        count(&self.calls.borrow(), "publish", name)
    }

    /// Whether somebody asked to publish under this name in a way that nobody is to see.
    pub fn was_asked_for_a_bandwidth_test(&self, name: &str) -> bool {
        self.calls.borrow().iter().any(|call| call.name == name && call.bandwidth_test == "true")
    }

    /// Waits until somebody asked so often.
    ///
    /// # Panics
    /// When that does not happen in time.
    pub async fn until_publish_attempts(&self, name: &str, wanted: usize) {
        let what = format!("{wanted} attempts to publish");
        self.until(&what, |calls| count(calls, "publish", name) >= wanted).await;
    }

    /// Waits until so many recordings of this name are complete, and returns their paths.
    pub(crate) async fn until_recorded(&self, name: &str, wanted: usize) -> Vec<String> {
        let what = format!("{wanted} complete recordings");
        let calls = self.until(&what, |calls| count(calls, "record_done", name) >= wanted).await;
        let done = calls.into_iter().filter(|call| call.what == "record_done" && call.name == name);
        done.map(|call| call.path).collect()
    }

    /// Waits until the recording at this path is complete.
    pub(crate) async fn until_complete(&self, path: &Path) {
        let is_done = |call: &Call| call.what == "record_done" && Path::new(&call.path) == path;
        self.until("the end of a recording", |calls| calls.iter().any(is_done)).await;
    }

    async fn until(&self, what: &str, wanted: impl Fn(&[Call]) -> bool) -> Vec<Call> {
        let mut calls = self.calls.clone();
        let waiting = calls.wait_for(|calls| wanted(calls));
        within(PATIENCE, what, waiting).await.expect("the hook listens").clone()
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

fn count(calls: &[Call], what: &str, name: &str) -> usize {
    calls.iter().filter(|call| call.what == what && call.name == name).count()
}

async fn listen(
    listener: TcpListener,
    heard: watch::Sender<Vec<Call>>,
    refused: Arc<Mutex<HashSet<String>>>,
) {
    while let Ok((socket, _)) = listener.accept().await {
        // A receiver that was killed in the middle of a call has nothing more to say.
        let _ = answer(socket, &heard, &refused).await;
    }
}

/// One request, one answer: nginx-rtmp speaks HTTP/1.0.
async fn answer(
    socket: TcpStream,
    heard: &watch::Sender<Vec<Call>>,
    refused: &Mutex<HashSet<String>>,
) -> io::Result<()> {
    let mut socket = BufReader::new(socket);
    let mut length = 0;
    loop {
        let mut line = String::new();
        socket.read_line(&mut line).await?;
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    let field = |wanted: &str| {
        let pairs = body.split(|&byte| byte == b'&').filter_map(|pair| std::str::from_utf8(pair).ok());
        let value = pairs.filter_map(|pair| pair.split_once('=')).find(|(name, _)| *name == wanted);
        value.map(|(_, value)| unescaped(value)).unwrap_or_default()
    };
    let call = Call {
        what: field("call"),
        name: field("name"),
        path: field("path"),
        bandwidth_test: field("bandwidthtest"),
    };
    let may = call.what != "publish"
        || !refused.lock().unwrap_or_else(PoisonError::into_inner).contains(&call.name);
    // Noted before it is answered: what follows from the answer finds it here.
    heard.send_modify(|calls| calls.push(call));
    let status = if may { "200 OK" } else { "403 Forbidden" };
    socket.write_all(format!("HTTP/1.0 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await?;
    socket.shutdown().await
}

/// Percent-escapes undone.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(b'%'));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}
