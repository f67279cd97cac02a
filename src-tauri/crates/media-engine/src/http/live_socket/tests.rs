use std::pin::Pin;
use std::sync::Arc;

use reqwest::Client;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite};

use super::*;
use crate::door::{Admission, Attempt, Door};
use crate::engine::{Engine, EngineConfig};
use crate::live::checker::{Viewer, smaller};
use crate::testing::{Encoder, pages, publish, stream_config};

/// Long enough for a loaded machine.
const SOON: Duration = Duration::from_secs(10);

struct Closed;

impl Door for Closed {
    fn admit(&self, _: Attempt) -> Pin<Box<dyn Future<Output = Admission> + Send + '_>> {
        Box::pin(async { Err("closed".to_owned()) })
    }
}

async fn engine() -> Engine {
    Engine::start(EngineConfig::new(pages()), Arc::new(Closed)).await.expect("the engine starts")
}

/// A viewer on a socket of its own.
struct Watching {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    viewer: Viewer,
    closed: Option<CloseCode>,
}

impl Watching {
    async fn of(engine: &Engine, path: &str) -> Self {
        let url = format!("ws://{}{path}", engine.http().address);
        let (socket, _) = connect_async(url).await.expect("an upgrade");
        Self { socket, viewer: Viewer::default(), closed: None }
    }

    /// Takes messages until this holds of the viewer.
    async fn until(&mut self, holds: impl Fn(&Viewer) -> bool) {
        while !holds(&self.viewer) {
            assert!(self.take().await, "closed with {:?} after {:#?}", self.closed, self.viewer.log.last());
        }
    }

    /// Takes messages until the socket is closed.
    async fn watch_all(&mut self) -> Option<CloseCode> {
        while self.take().await {}
        self.closed
    }

    async fn take(&mut self) -> bool {
        match timeout(SOON, self.socket.next()).await.expect("in time") {
            Some(Ok(Message::Text(text))) => self.viewer.text(&text),
            Some(Ok(Message::Binary(bytes))) => self.viewer.binary(bytes),
            Some(Ok(Message::Close(frame))) => self.closed = frame.map(|frame| frame.code),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return false,
        }
        true
    }
}

#[tokio::test]
async fn a_viewer_joins_at_a_keyframe_and_stays_while_publishers_come_and_go() {
    let engine = engine().await;
    let stream = engine.open_stream(stream_config("s"));
    let publisher = publish(&stream, Encoder::default().messages(0, 5_000));
    let mut watching = Watching::of(&engine, "/s/live").await;
    watching.until(|viewer| viewer.pictures().len() == 30).await;
    assert!(watching.viewer.pictures()[0].key);
    assert_eq!(watching.viewer.tracks[0]["createdMs"], stream.0.created_ms);
    assert_eq!(stream.viewers(), 1);
    drop(publisher);
    let _publisher = publish(&stream, smaller(&Encoder::default(), 0, 1_000));
    watching.until(|viewer| viewer.pictures().len() == 60).await;
    let codecs: Vec<_> = watching.viewer.tracks.iter().map(|tracks| &tracks["video"]["codec"]).collect();
    assert_eq!(codecs, ["avc1.64001f", "avc1.64001e"]);
    engine.end_stream(&stream);
    assert_eq!(watching.watch_all().await, Some(CloseCode::Normal));
    assert!(watching.viewer.ended && watching.viewer.skipped.is_empty());
    engine.shutdown().await;
}

#[tokio::test]
async fn who_comes_before_the_first_picture_sees_it_and_a_preview_is_no_viewer() {
    let engine = engine().await;
    let stream = engine.open_stream(stream_config("s"));
    let mut watching = Watching::of(&engine, "/s/live?viewer=preview").await;
    let _publisher = publish(&stream, Encoder::default().messages(0, 500));
    watching.until(|viewer| viewer.pictures().len() == 15).await;
    assert_eq!(stream.viewers(), 0);
    engine.shutdown().await;
}

#[tokio::test]
async fn a_shutdown_closes_open_sockets_and_is_not_held_up_by_them() {
    let engine = engine().await;
    let stream = engine.open_stream(stream_config("s"));
    let mut watching = Watching::of(&engine, "/s/live").await;
    let deaf = Watching::of(&engine, "/s/live").await;
    let big = Encoder { picture_bytes: 400_000, ..Encoder::default() };
    let _publisher = publish(&stream, big.messages(0, 1_000));
    watching.until(|viewer| viewer.pictures().len() == 30).await;
    let (code, ()) = tokio::join!(watching.watch_all(), async {
        timeout(GOODBYE + SOON, engine.shutdown()).await.expect("in time");
    });
    assert_eq!(code, Some(CloseCode::Away));
    drop(deaf);
}

#[tokio::test]
async fn a_full_door_counts_live_sockets() {
    let engine = Engine::start_bounded(EngineConfig::new(pages()), Arc::new(Closed), 1).await;
    let engine = engine.expect("the engine starts");
    let _stream = engine.open_stream(stream_config("s"));
    let mut first = Watching::of(&engine, "/s/live").await;
    let mut second = Watching::of(&engine, "/s/live").await;
    assert_eq!(first.watch_all().await, None, "gave way");
    let third = Watching::of(&engine, "/s/live").await;
    assert_eq!(second.watch_all().await, None);
    engine.shutdown().await;
    drop(third);
}

#[tokio::test]
async fn what_is_no_live_socket_is_refused_in_words() {
    let engine = engine().await;
    let _stream = engine.open_stream(stream_config("s"));
    let refused = connect_async(format!("ws://{}/other/live", engine.http().address)).await;
    match refused {
        Err(tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), 404),
        other => panic!("{other:?}"),
    }
    let client = Client::builder().no_proxy().build().expect("a client");
    for (path, code) in [("/other/live", 404), ("/s/live", 426)] {
        let url = format!("http://{}{path}", engine.http().address);
        let answer = client.get(url).send().await.expect("an answer");
        assert_eq!(answer.status(), code);
        assert!(answer.text().await.expect("words").ends_with(".\n"));
    }
    engine.shutdown().await;
}
