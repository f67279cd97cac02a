//! Stream keys of destinations: in the system's keychain, or in a file where there is none.
//!
//! The keychain is asked for once, when the program starts. Where it answers, keys found in the file are moved into it:
//! written, read back, and only then taken out of the file. Where it does not - a server without a desktop, a session
//! without D-Bus - the file keeps them, readable by this account alone. A key that went into the keychain is not in the
//! file: while the keychain is away it cannot be read, which is then said in words ([`KeysError::KeychainAway`]).
//!
//! The file is asked first, so that a key that could not be written to the keychain and went to the file instead is the
//! one that counts.

mod file;
mod keychain;
mod store;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use console::api::KeyPlace;
use session::{DestinationId, DestinationKey};
use tokio::time::Instant;

use file::{Contents, KeyFile};
use keychain::Keychain;

pub(crate) use store::SharedKeys;

/// How long the start of the program waits for the keychain, and once more for keys to be moved into it.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long anything else does: a keychain that asks its user to unlock it takes its time.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a key could not be kept or found, in a sentence; [`KeysError::next_step`] says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    /// The key file cannot be written.
    #[error("The stream keys cannot be written to {}: {source}.", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The keychain said no.
    #[error("The system's keychain could not be used: {0}.")]
    Keychain(String),
    /// The keychain said nothing.
    #[error("The system's keychain did not answer.")]
    NoAnswer,
    /// The key is in a keychain that is not there now.
    #[error("The stream key was stored in the system's keychain, which is not available now.")]
    KeychainAway,
}

impl KeysError {
    /// What a person can do about it.
    pub(crate) fn next_step(&self) -> &'static str {
        match self {
            Self::File { .. } => {
                "Make sure that the disk has space and your account can write there, then try again."
            }
            Self::Keychain(_) | Self::NoAnswer => "Unlock the keychain if it is locked, then try again.",
            Self::KeychainAway => {
                "Start Stream Console where the keychain is open, for example in your desktop session, or edit the \
                 destination and enter the key again."
            }
        }
    }
}

/// Stream keys of destinations.
pub(crate) struct Keys {
    file: Arc<Mutex<KeyFile>>,
    keychain: Option<Keychain>,
    /// The keychain was there and did not take a key.
    fell_back: AtomicBool,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("place", &self.place()).finish_non_exhaustive()
    }
}

impl Keys {
    /// Finds out where keys are kept. Takes at most some seconds and always succeeds: without a keychain, or with
    /// `prefer_file`, they are kept in a file in `data_dir`, which must exist.
    pub(crate) async fn open(data_dir: &Path, prefer_file: bool) -> Self {
        let keychain = if prefer_file {
            None
        } else {
            match Keychain::open(keychain::system, PROBE_TIMEOUT, ANSWER_TIMEOUT).await {
                Ok(keychain) => Some(keychain),
                Err(error) => {
                    tracing::info!(%error, "no keychain; stream keys of destinations are kept in a file that only this \
                        account can read");
                    None
                }
            }
        };
        Self::over(data_dir, keychain).await
    }

    async fn over(data_dir: &Path, keychain: Option<Keychain>) -> Self {
        let file = Arc::new(Mutex::new(KeyFile::open(data_dir)));
        let keys = Self { file, keychain, fell_back: AtomicBool::new(false) };
        keys.move_into_keychain().await;
        keys
    }

    /// Where a key would be kept now.
    pub(crate) fn place(&self) -> KeyPlace {
        if self.keychain.is_some() && !self.fell_back.load(Ordering::Relaxed) {
            KeyPlace::Keychain
        } else {
            KeyPlace::File
        }
    }

    /// Keeps a key in place of the one before; an empty one is forgotten. What the keychain does not take goes to the
    /// file.
    ///
    /// # Errors
    /// [`KeysError::File`] if that cannot be written either: then the key before is still there.
    pub(crate) async fn put(&self, id: &DestinationId, key: &DestinationKey) -> Result<(), KeysError> {
        if key.is_empty() {
            return self.remove(id).await;
        }
        if let Some(keychain) = &self.keychain {
            match keychain.put(id, key).await {
                Ok(()) => {
                    self.fell_back.store(false, Ordering::Relaxed);
                    return self.change_file(Contents::moved(vec![id.clone()])).await;
                }
                Err(error) => {
                    tracing::warn!(%error, %id, "the keychain did not take a stream key; it goes to the file");
                    self.fell_back.store(true, Ordering::Relaxed);
                }
            }
        }
        let (id, key) = (id.clone(), key.clone());
        self.change_file(move |contents| {
            contents.in_keychain.remove(&id);
            contents.keys.insert(id, key);
        })
        .await
    }

    /// The key of a destination; None if none is kept.
    ///
    /// # Errors
    /// [`KeysError::Keychain`], [`KeysError::NoAnswer`] or [`KeysError::KeychainAway`].
    pub(crate) async fn get(&self, id: &DestinationId) -> Result<Option<DestinationKey>, KeysError> {
        let contents = self.contents();
        match (contents.keys.get(id), &self.keychain) {
            (Some(key), _) => Ok(Some(key.clone())),
            (None, Some(keychain)) => keychain.get(id).await,
            (None, None) if contents.in_keychain.contains(id) => Err(KeysError::KeychainAway),
            (None, None) => Ok(None),
        }
    }

    /// Forgets the key of a destination, if one is kept. One in a keychain that is away stays there, and is of no use to
    /// anybody without the destination.
    ///
    /// # Errors
    /// [`KeysError::File`], [`KeysError::Keychain`] or [`KeysError::NoAnswer`].
    pub(crate) async fn remove(&self, id: &DestinationId) -> Result<(), KeysError> {
        let forgotten = id.clone();
        self.change_file(move |contents| {
            contents.keys.remove(&forgotten);
            contents.in_keychain.remove(&forgotten);
        })
        .await?;
        match &self.keychain {
            Some(keychain) => keychain.remove(id).await,
            None => Ok(()),
        }
    }

    /// Copies what is in the file into the keychain and takes out of the file what arrived there. What cannot be moved
    /// in time stays and is tried at the next start.
    async fn move_into_keychain(&self) {
        let Some(keychain) = &self.keychain else { return };
        let waiting = self.contents().keys;
        let deadline = Instant::now() + PROBE_TIMEOUT;
        let mut moved = Vec::new();
        for (id, key) in waiting {
            let copied = async {
                keychain.put(&id, &key).await?;
                keychain.get(&id).await
            };
            match tokio::time::timeout_at(deadline, copied).await {
                Ok(Ok(Some(arrived))) if arrived == key => moved.push(id),
                Ok(Ok(_)) => {
                    tracing::warn!(%id, "the keychain did not keep a stream key; it stays in the file")
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "stream keys stay in the file");
                    break;
                }
                Err(_) => {
                    tracing::warn!("the keychain is slow; stream keys stay in the file");
                    break;
                }
            }
        }
        if moved.is_empty() {
            return;
        }
        let count = moved.len();
        match self.change_file(Contents::moved(moved)).await {
            Ok(()) => tracing::info!(count, "stream keys were moved from the file into the keychain"),
            Err(error) => {
                tracing::warn!(%error, "stream keys are in the keychain and stay in the file as well")
            }
        }
    }

    fn contents(&self) -> Contents {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).contents().clone()
    }

    /// Off the asynchronous threads: the disk may take its time.
    async fn change_file(
        &self,
        change: impl FnOnce(&mut Contents) + Send + 'static,
    ) -> Result<(), KeysError> {
        let file = Arc::clone(&self.file);
        let written = tokio::task::spawn_blocking(move || {
            file.lock().unwrap_or_else(PoisonError::into_inner).change(change)
        });
        match written.await {
            Ok(written) => written,
            Err(error) => {
                let path = self.file.lock().unwrap_or_else(PoisonError::into_inner).path().to_path_buf();
                Err(KeysError::File { path, source: std::io::Error::other(error) })
            }
        }
    }
}

#[cfg(test)]
mod tests;
