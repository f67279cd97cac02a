//! Where a scripted app listens for webhooks: every one is noted and answered with success.

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::wait::{PATIENCE, within};

/// See the module's documentation.
pub struct Webhooks {
    url: String,
    calls: mpsc::UnboundedReceiver<Value>,
    listening: JoinHandle<()>,
}

impl Webhooks {
    /// Listens on a free port.
    ///
    /// # Panics
    /// When there is none.
    pub async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (noted, calls) = mpsc::unbounded_channel();
        let listening = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.expect("it listens");
                tokio::spawn(answer(socket, noted.clone()));
            }
        });
        Self { url, calls, listening }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The next call's body.
    ///
    /// # Panics
    /// When none comes.
    pub async fn call(&mut self) -> Value {
        within(PATIENCE, "a webhook", self.calls.recv()).await.expect("it listens")
    }
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Answers the requests of one connection, one after the other.
async fn answer(socket: TcpStream, noted: mpsc::UnboundedSender<Value>) {
    let mut socket = BufReader::new(socket);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            match socket.read_line(&mut line).await {
                Ok(1..) => {}
                _ => return,
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("a length");
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        socket.read_exact(&mut body).await.expect("the body its head promised");
        // A test that has ended does not listen any more.
        let _ = noted.send(serde_json::from_slice(&body).expect("webhooks are JSON"));
        let success = br#"{"status":"success"}"#;
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            success.len()
        );
        if socket.write_all(&[head.as_bytes(), success].concat()).await.is_err() {
            return;
        }
    }
}
