//! Scripted far sides: platforms as nginx cannot play them, and addresses where nobody is at home.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use media_formats::flv::{AudioTag, VideoTag, parse_audio, parse_video};
use media_formats::rtmp::{RANDOM_BYTES, ServerConfig, ServerConnection, ServerEvent};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::wait::{PATIENCE, within};

/// What no reader of chunks can make sense of: they are told to be of 2 GB, and one is begun in the middle.
const BABBLE: [u8; 24] = [0xff; 24];

/// Receive buffer of one that may stop reading: small, so that the sender notices after some kilobytes.
const SMALL_BUFFER_BYTES: u32 = 8 << 10;

/// How a far side behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Nobody listens: connections are refused.
    Closed,
    /// Connections are accepted, and not one byte is ever read.
    BlackHole,
    /// Connections are accepted and reset at once.
    Resets,
    /// Publications are accepted and the connection is reset at the first picture.
    ResetsOnMedia,
    /// Publications are accepted, and then not one byte is read any more.
    StopsReading,
    /// Publications are accepted, and answered with what is no RTMP.
    Babbles,
    /// Publications are refused with these words, by the book.
    Refuses(&'static str),
    /// Publications are accepted, and everything is taken.
    Takes,
}

/// What a far side noted of what it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// A connection was accepted.
    Connection,
    /// Somebody asked to publish.
    Publish,
    /// `onMetaData`.
    Metadata,
    /// Decoder configuration of the picture.
    VideoHeader,
    /// Decoder configuration of the sound.
    AudioHeader,
    /// A picture: whether decoding can begin there, and its decoding time.
    Picture {
        /// A keyframe.
        key: bool,
        /// Decoding time.
        dts_ms: u32,
    },
    /// A sound and its time.
    Sound {
        /// Decoding time.
        dts_ms: u32,
    },
    /// The publication was ended on purpose.
    Goodbye,
}

/// See the module's documentation.
pub struct FarSide {
    address: SocketAddr,
    noted: watch::Receiver<Vec<Noted>>,
    reads: watch::Sender<bool>,
    /// Holds the port of one that is [`Manner::Closed`].
    _unheard: Option<TcpSocket>,
    listening: Option<JoinHandle<()>>,
}

impl FarSide {
    /// Opens one on a free port.
    ///
    /// # Panics
    /// When there is none.
    pub fn open(manner: Manner) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        if matches!(manner, Manner::StopsReading | Manner::Takes) {
            socket.set_recv_buffer_size(SMALL_BUFFER_BYTES).expect("a small buffer");
        }
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let address = socket.local_addr().expect("an address");
        let (notes, noted) = watch::channel(Vec::new());
        let (reads, may_read) = watch::channel(true);
        if manner == Manner::Closed {
            return Self { address, noted, reads, _unheard: Some(socket), listening: None };
        }
        let listener = socket.listen(64).expect("it listens");
        let listening = Some(tokio::spawn(listen(listener, manner, notes, may_read)));
        Self { address, noted, reads, _unheard: None, listening }
    }

    /// From now on nothing is read, until [`FarSide::read_on`].
    pub fn stop_reading(&self) {
        self.reads.send_replace(false);
    }

    /// Reads again.
    pub fn read_on(&self) {
        self.reads.send_replace(true);
    }

    /// Server part of its address.
    pub fn url(&self) -> String {
        format!("rtmp://{}/live", self.address)
    }

    /// Waits until what was noted so far is what is wanted, and returns it.
    ///
    /// # Panics
    /// When that does not happen in time.
    pub async fn until(&self, what: &str, wanted: impl Fn(&[Noted]) -> bool) -> Vec<Noted> {
        let mut noted = self.noted.clone();
        let waiting = noted.wait_for(|noted| wanted(noted));
        within(PATIENCE, what, waiting).await.expect("the far side listens").clone()
    }

    /// What was noted so far.
    pub fn noted(&self) -> Vec<Noted> {
        self.noted.borrow().clone()
    }
}

impl Drop for FarSide {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

async fn listen(
    listener: TcpListener,
    manner: Manner,
    notes: watch::Sender<Vec<Noted>>,
    may_read: watch::Receiver<bool>,
) {
    // Dropped with the far side, and every connection with it.
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        notes.send_modify(|noted| noted.push(Noted::Connection));
        match manner {
            Manner::Closed => {}
            Manner::BlackHole => {
                connections.spawn(hold(socket));
            }
            Manner::Resets => reset(socket),
            Manner::ResetsOnMedia
            | Manner::StopsReading
            | Manner::Babbles
            | Manner::Refuses(_)
            | Manner::Takes => {
                connections.spawn(serve(socket, manner, notes.clone(), may_read.clone()));
            }
        }
    }
}

/// Keeps a connection open without reading from it.
async fn hold(socket: TcpStream) {
    let () = std::future::pending().await;
    drop(socket);
}

/// Closes with a reset instead of a goodbye.
fn reset(socket: TcpStream) {
    // A connection that is gone already cannot be reset, and need not.
    let _ = socket.set_zero_linger();
}

async fn serve(
    mut socket: TcpStream,
    manner: Manner,
    notes: watch::Sender<Vec<Noted>>,
    mut may_read: watch::Receiver<bool>,
) {
    let mut connection = ServerConnection::new(ServerConfig::default(), [9; RANDOM_BYTES]);
    let mut received = BytesMut::new();
    // It ends with the far side.
    while may_read.wait_for(|may| *may).await.is_ok() {
        match socket.read_buf(&mut received).await {
            Ok(1..) => {}
            _ => return,
        }
        let understood = connection.receive(&mut received);
        let mut has_published = false;
        while let Some(event) = connection.poll_event() {
            if matches!(event, ServerEvent::PublishRequested(_)) {
                match manner {
                    Manner::Refuses(words) => connection.reject_publish(words),
                    _ => connection.accept_publish(),
                }
                has_published = true;
            }
            let Some(note) = note(event) else { continue };
            notes.send_modify(|noted| noted.push(note));
            if manner == Manner::ResetsOnMedia && matches!(note, Noted::Picture { .. }) {
                return reset(socket);
            }
        }
        while let Some(reply) = connection.poll_transmit() {
            if socket.write_all(&reply).await.is_err() {
                return;
            }
        }
        if understood.is_err() || connection.wants_close() {
            return;
        }
        match manner {
            Manner::StopsReading if has_published => return hold(socket).await,
            // One that has left already hears nothing more.
            Manner::Babbles if has_published => drop(socket.write_all(&BABBLE).await),
            _ => {}
        }
    }
}

fn note(event: ServerEvent) -> Option<Noted> {
    match event {
        ServerEvent::PublishRequested(_) => Some(Noted::Publish),
        ServerEvent::Metadata(_) => Some(Noted::Metadata),
        ServerEvent::Video { timestamp_ms, payload } => picture(timestamp_ms, payload),
        ServerEvent::Audio { timestamp_ms, payload } => sound(timestamp_ms, payload),
        ServerEvent::PublishEnded => Some(Noted::Goodbye),
        ServerEvent::Connected { .. } | ServerEvent::PlayRefused => None,
    }
}

fn picture(dts_ms: u32, payload: Bytes) -> Option<Noted> {
    match parse_video(payload).expect("the console pushes video that can be read") {
        VideoTag::SequenceHeader(_) => Some(Noted::VideoHeader),
        VideoTag::Frame { key, .. } => Some(Noted::Picture { key, dts_ms }),
        VideoTag::EndOfSequence | VideoTag::Ignored => None,
    }
}

fn sound(dts_ms: u32, payload: Bytes) -> Option<Noted> {
    match parse_audio(payload).expect("the console pushes sound that can be read") {
        AudioTag::SequenceHeader(_) => Some(Noted::AudioHeader),
        AudioTag::Frame(_) => Some(Noted::Sound { dts_ms }),
        AudioTag::Ignored => None,
    }
}
