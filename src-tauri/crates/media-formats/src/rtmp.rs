//! RTMP without sockets (Adobe RTMP 1.0): handshake, chunk stream, commands, and both sides of a publishing connection.
//!
//! Layers, each usable alone: [`ServerHandshake`] and [`ClientHandshake`]; [`ChunkReader`] and [`ChunkWriter`] between
//! bytes and [`Message`]s; [`Command`] between messages and AMF0; over all of them [`ServerConnection`], which takes a
//! stream, and [`ClientConnection`], which brings one to a [`PublishTarget`].
//!
//! ```
//! use bytes::BytesMut;
//! use media_formats::rtmp::{ServerConfig, ServerConnection, ServerEvent};
//!
//! # fn read_socket(_: &mut BytesMut) -> usize { 0 }
//! # fn write_socket(_: &[u8]) {}
//! # fn is_known(_: &str) -> bool { false }
//! let random = [7; 1528]; // from the system's generator
//! let mut connection = ServerConnection::new(ServerConfig::default(), random);
//! let mut buf = BytesMut::with_capacity(64 * 1024);
//! while read_socket(&mut buf) > 0 {
//!     if connection.receive(&mut buf).is_err() {
//!         break;
//!     }
//!     while let Some(event) = connection.poll_event() {
//!         match event {
//!             ServerEvent::PublishRequested(request) if request.path_parts().any(is_known) => {
//!                 connection.accept_publish();
//!             }
//!             ServerEvent::PublishRequested(_) => connection.reject_publish("The stream key is not known."),
//!             _ => {}
//!         }
//!     }
//!     while let Some(bytes) = connection.poll_transmit() {
//!         write_socket(&bytes);
//!     }
//!     if connection.wants_close() {
//!         break;
//!     }
//! }
//! ```

mod chunk_reader;
mod chunk_writer;
mod client_connection;
mod client_state;
mod command;
mod error;
mod event;
mod handshake;
mod message;
mod publish_request;
mod publish_target;
mod server_connection;
mod state;
mod wire;

#[cfg(test)]
mod capture_tests;

pub use chunk_reader::{ChunkLimits, ChunkReader, MAX_CHUNK_STREAMS};
pub use chunk_writer::ChunkWriter;
pub use client_connection::{ClientConfig, ClientConnection, ClientEvent};
pub use client_state::ClientState;
pub use command::Command;
pub use error::{NotRtmp, RtmpError};
pub use event::ServerEvent;
pub use handshake::{ClientHandshake, RANDOM_BYTES, ServerHandshake};
pub use message::{Message, message_type};
pub use publish_request::{PublishRequest, UrlPart};
pub use publish_target::{PublishTarget, TargetError, split_key};
pub use server_connection::{ServerConfig, ServerConnection};
pub use state::ServerState;
