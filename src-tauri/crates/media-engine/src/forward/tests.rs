use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};
use media_formats::flv::{self, AudioTag, VideoTag};
use media_formats::rtmp::{ServerConfig, ServerConnection, ServerEvent};
use media_formats::unit::TrackKind;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;
use crate::bus::BusItem;
use crate::clock::Clock;
use crate::door::{Admission, Attempt, Door};
use crate::engine::{Engine, EngineConfig};
use crate::repair::Incoming;
use crate::stream::{Publisher, PublisherInfo};
use crate::testing::{Encoder, audio, avcc, pages, picture, stream_config, video_config};

mod clip;
mod endpoints;
mod media;
mod secure;

/// Long enough for a loaded machine.
const SOON: Duration = Duration::from_secs(10);
const KEY: &str = "planted-stream-key";

/// A stream without an engine.
fn stream() -> Stream {
    Stream::new(stream_config("source"), Clock::start(), None)
}

/// Short times: a source is silent after 200 ms, a stall shows after 300 ms.
fn options() -> ForwardOptions {
    let tls = ForwardTls::with_roots(rustls::RootCertStore::empty());
    let pace = Pace { silent_after_ms: 200, still_every_ms: 100, tick_ms: 20, late_limit_ms: 3_000 };
    ForwardOptions { stall_after: Duration::from_millis(300), pace, ..ForwardOptions::new(tls, "test") }
}

fn target(address: SocketAddr) -> PublishTarget {
    PublishTarget::parse(&format!("rtmp://{address}/live"), KEY).expect("a target")
}

/// A push and what it tells.
struct Pushed {
    forward: Forward,
    events: mpsc::UnboundedReceiver<ForwardEvent>,
}

impl Pushed {
    fn start(stream: &Stream, target: PublishTarget, options: ForwardOptions) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let tell = move |event| {
            // A test that heard enough is gone.
            let _ = sender.send(event);
        };
        Self { forward: Forward::start(stream, target, options, Arc::new(tell)), events }
    }

    async fn next(&mut self) -> ForwardEvent {
        timeout(SOON, self.events.recv()).await.expect("in time").expect("an event")
    }

    async fn until(&mut self, wanted: ForwardEvent) {
        while self.next().await != wanted {}
    }
}
