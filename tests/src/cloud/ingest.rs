//! Where glasses push managed streams to: RTMP in, HLS and DASH files out. ffmpeg cuts the segments, nothing is encoded again.

use std::process::Stdio;
use std::sync::Arc;

use bytes::BytesMut;
use media_formats::rtmp::{RANDOM_BYTES, ServerConfig, ServerConnection, ServerEvent};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinSet;

use super::shared::Shared;

/// Head of an FLV file with sound and picture, and the size of the tag before the first (FLV 10.1 E.2, E.3).
const FLV_HEAD: [u8; 13] = [b'F', b'L', b'V', 1, 5, 0, 0, 0, 9, 0, 0, 0, 0];
const AUDIO: u8 = 8;
const VIDEO: u8 = 9;

/// Accepts publishers; they end with it.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        connections.spawn(publisher(socket, Arc::clone(&shared)));
    }
}

async fn publisher(mut socket: TcpStream, shared: Arc<Shared>) {
    let mut connection = ServerConnection::new(ServerConfig::default(), [5; RANDOM_BYTES]);
    let mut received = BytesMut::new();
    let mut packager: Option<Packager> = None;
    while let Ok(1..) = socket.read_buf(&mut received).await {
        let understood = connection.receive(&mut received);
        let mut tags = Vec::new();
        while let Some(event) = connection.poll_event() {
            match event {
                ServerEvent::PublishRequested(request) => {
                    let folder =
                        request.path_parts().map(|part| shared.media.path().join(part)).find(|f| f.is_dir());
                    match folder {
                        Some(folder) => {
                            packager = Some(Packager::start(&folder.join("manifest")));
                            tags.extend(FLV_HEAD);
                            connection.accept_publish();
                        }
                        None => connection.reject_publish("unknown live input"),
                    }
                }
                ServerEvent::Video { timestamp_ms, payload } => tag(&mut tags, VIDEO, timestamp_ms, &payload),
                ServerEvent::Audio { timestamp_ms, payload } => tag(&mut tags, AUDIO, timestamp_ms, &payload),
                ServerEvent::Connected { .. }
                | ServerEvent::Metadata(_)
                | ServerEvent::PublishEnded
                | ServerEvent::PlayRefused => {}
            }
        }
        while let Some(reply) = connection.poll_transmit() {
            if socket.write_all(&reply).await.is_err() {
                return;
            }
        }
        let written = match &mut packager {
            Some(packager) => packager.stdin.write_all(&tags).await,
            None => Ok(()),
        };
        if written.is_err() || understood.is_err() || connection.wants_close() {
            break;
        }
    }
    if let Some(mut packager) = packager {
        drop(packager.stdin);
        // It writes the last segments and ends.
        let _ = packager.process.wait().await;
    }
}

/// One tag and its size (FLV 10.1 E.4.1).
fn tag(out: &mut Vec<u8>, kind: u8, timestamp_ms: u32, body: &[u8]) {
    let length = (body.len() as u32).to_be_bytes();
    let [high, time @ ..] = timestamp_ms.to_be_bytes();
    out.push(kind);
    out.extend(&length[1..]);
    out.extend(time);
    out.extend([high, 0, 0, 0]);
    out.extend(body);
    out.extend((body.len() as u32 + 11).to_be_bytes());
}

struct Packager {
    process: Child,
    stdin: ChildStdin,
}

impl Packager {
    fn start(folder: &std::path::Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder for the media");
        let arguments = "-hide_banner -loglevel error -f flv -i pipe:0 -c copy -f dash -seg_duration 1 \
                         -window_size 6 -extra_window_size 6 -hls_playlist 1 -hls_master_name video.m3u8";
        let mut process = Command::new("ffmpeg")
            .args(arguments.split_whitespace())
            .arg(folder.join("video.mpd"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("ffmpeg can be started");
        let stdin = process.stdin.take().expect("its standard input is ours");
        Self { process, stdin }
    }
}

/// Whether a managed stream has a playlist with a segment.
pub(super) fn is_playable(shared: &Shared, stream_id: &str) -> bool {
    let folder = shared.media.path().join(stream_id).join("manifest");
    let has = |name: &str, wanted: &str| {
        std::fs::read_to_string(folder.join(name)).is_ok_and(|text| text.contains(wanted))
    };
    has("video.m3u8", "#EXT-X-STREAM-INF") && has("media_0.m3u8", "#EXTINF") && has("video.mpd", "<MPD")
}
