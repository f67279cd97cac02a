//! History and settings in one SQLite file. Nobody else touches SQL.
//!
//! A [`Storage`] is opened once and cloned freely; every clone shares one connection, so writes never wait for each
//! other's locks and happen in the order asked for.
//!
//! **What survives.** The file is in WAL mode with `synchronous=FULL`: a method returns after the log was handed to the
//! disk, so neither `kill -9` nor a power cut takes back what a screen has shown or a viewer was served, and media
//! sequence numbers never go backward. The price is one flush a second while a stream runs (its samples).
//!
//! **What is never here.** Stream keys, API keys, tokens and other secrets: no type of theirs can be written. Of an
//! app's API key there is a digest.
//!
//! ```no_run
//! # async fn example() -> Result<(), storage::StorageError> {
//! let storage = storage::Storage::open("/tmp/history.db".as_ref()).await?;
//! for stream in storage.list_streams(None, 50).await? {
//!     println!("{} {}", stream.stream_id, stream.words.text);
//! }
//! storage.close().await;
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

mod apps;
mod destination_marks;
mod destinations;
mod error;
mod marks;
mod open;
mod row;
mod samples;
mod sequences;
mod settings;
mod stream_apps;
mod streams;
#[cfg(test)]
mod testing;
mod thin;

pub use error::StorageError;
pub use open::Storage;
