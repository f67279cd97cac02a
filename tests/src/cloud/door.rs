//! The one port of a cloud: WebSockets of apps, and the files of managed streams.

use std::net::SocketAddr;
use std::path::{Component, Path};
use std::sync::Arc;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::app;
use super::shared::Shared;

/// Longest head, and longest body, of a request.
const LONGEST_BYTES: usize = 64 << 10;

/// A socket bound to this address, whether it listens or only holds the port. Several may, as long as one listens.
pub(super) fn bound(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an address can be used again");
    socket.bind(address).expect("a free port");
    socket
}

/// Accepts connections; they end with it.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        connections.spawn(connection(socket, Arc::clone(&shared)));
    }
}

/// The head of a request.
pub(super) struct Head {
    pub(super) path: String,
    headers: Vec<(String, String)>,
}

impl Head {
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.split("\r\n");
        let path = lines.next()?.split(' ').nth(1)?.to_owned();
        let pair = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        };
        Some(Self { path, headers: lines.filter_map(pair).collect() })
    }

    /// A header by its name in small letters.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn route(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }
}

async fn connection(mut socket: TcpStream, shared: Arc<Shared>) {
    let Some(head) = head(&mut socket).await else { return };
    match (head.header("sec-websocket-key"), head.route()) {
        (Some(key), "/app-ws" | "/ws/miniapp") => {
            let accept = derive_accept_key(key.as_bytes());
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
                 sec-websocket-accept: {accept}\r\n\r\n"
            );
            if socket.write_all(answer.as_bytes()).await.is_ok() {
                let own = head.headers.iter().filter(|(name, _)| name.starts_with("x-")).cloned();
                let headers: serde_json::Map<_, _> = own.map(|(name, value)| (name, value.into())).collect();
                let opened = json!({ "path": head.path, "headers": headers });
                let (user, package) = (head.header("x-user-id"), head.header("x-package-name"));
                let (user, package) = (user.unwrap_or_default(), package.unwrap_or_default());
                shared.heard.note(user, package, "(open)", opened);
                app::serve(socket, &head, shared).await;
            }
        }
        (_, route) => {
            let (status, kind, body) = file(route, &shared);
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\
                 access-control-allow-origin: *\r\nconnection: close\r\n\r\n",
                body.len()
            );
            // A player that has left wants nothing any more.
            let _ = socket.write_all(&[head.as_bytes(), &body].concat()).await;
        }
    }
}

/// Reads a request's head, and its body, which nobody looks at.
async fn head(socket: &mut TcpStream) -> Option<Head> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if bytes.len() > LONGEST_BYTES || socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = Head::parse(std::str::from_utf8(&bytes[..end]).ok()?)?;
    let body: usize = head.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < end + body.min(LONGEST_BYTES) {
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// `/{stream}/manifest/{file}` as status, type and content. A manifest that is not written yet is 204, as Cloudflare's.
fn file(route: &str, shared: &Shared) -> (&'static str, &'static str, Vec<u8>) {
    const MISSING: (&str, &str, Vec<u8>) = ("404 Not Found", "text/plain", Vec::new());
    let path = Path::new(route.trim_start_matches('/'));
    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return MISSING;
    }
    let (kind, is_manifest) = match path.extension().and_then(|extension| extension.to_str()) {
        Some("m3u8") => ("application/vnd.apple.mpegurl", true),
        Some("mpd") => ("application/dash+xml", true),
        Some("m4s") => ("video/mp4", false),
        _ => return MISSING,
    };
    let folder = path.iter().next().map(|stream| shared.media.path().join(stream));
    if is_manifest && shared.lock().habits.withholds_media {
        return ("204 No Content", kind, Vec::new());
    }
    match std::fs::read(shared.media.path().join(path)) {
        Ok(content) => ("200 OK", kind, content),
        Err(_) if is_manifest && folder.is_some_and(|folder| folder.is_dir()) => {
            ("204 No Content", kind, Vec::new())
        }
        Err(_) => MISSING,
    }
}
