//! The system's keychain, behind a thread of its own: its calls block, for as long as it takes to unlock it.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use keyring::Entry;
use session::{DestinationId, DestinationKey};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::KeysError;

/// What keys are filed under in the keychain, beside the id of their destination.
const SERVICE: &str = "Stream Console";
/// A user under which nothing is ever filed.
const NOBODY: &str = "probe";
/// Calls that wait for the thread. Overflow policy: the call fails as one that is not answered.
const WAITING_CALLS: usize = 16;

/// A place for secrets whose calls may block.
pub(super) trait Vault {
    /// The secret of this user; None if there is none.
    fn get(&self, user: &str) -> Result<Option<String>, String>;
    /// Keeps a secret in place of the one before.
    fn put(&self, user: &str, secret: &str) -> Result<(), String>;
    /// Forgets a secret, if there is one.
    fn remove(&self, user: &str) -> Result<(), String>;
}

type Call = Box<dyn FnOnce(&dyn Vault) + Send>;

/// The keychain. Its thread ends when this is dropped, or when the call it is in returns at last; it is not waited for,
/// because a keychain may wait for its user for ever.
pub(super) struct Keychain {
    calls: SyncSender<Call>,
    answer_timeout: Duration,
}

impl Keychain {
    /// Opens a vault on a thread of its own.
    ///
    /// # Errors
    /// [`KeysError::Keychain`] if there is none, [`KeysError::NoAnswer`] if it takes longer than `probe_timeout`.
    pub(super) async fn open<V: Vault>(
        vault: impl FnOnce() -> Result<V, String> + Send + 'static,
        probe_timeout: Duration,
        answer_timeout: Duration,
    ) -> Result<Self, KeysError> {
        let (calls, waiting) = sync_channel(WAITING_CALLS);
        let (opened, open) = oneshot::channel();
        std::thread::Builder::new()
            .name("keychain".to_owned())
            .spawn(move || {
                match vault() {
                    Ok(vault) => {
                        if opened.send(Ok(())).is_ok() {
                            answer(&vault, &waiting);
                        }
                    }
                    // Nobody listens any more if it took too long.
                    Err(error) => drop(opened.send(Err(error))),
                }
            })
            .map_err(|error| KeysError::Keychain(error.to_string()))?;
        match timeout(probe_timeout, open).await {
            Ok(Ok(Ok(()))) => Ok(Self { calls, answer_timeout }),
            Ok(Ok(Err(error))) => Err(KeysError::Keychain(error)),
            Ok(Err(_)) | Err(_) => Err(KeysError::NoAnswer),
        }
    }

    pub(super) async fn get(&self, id: &DestinationId) -> Result<Option<DestinationKey>, KeysError> {
        let user = id.clone();
        let secret = self.ask(move |vault| vault.get(user.as_str())).await?;
        let damaged = |_| KeysError::Keychain("what is stored there is no stream key".to_owned());
        secret.map(|secret| DestinationKey::parse(&secret).map_err(damaged)).transpose()
    }

    pub(super) async fn put(&self, id: &DestinationId, key: &DestinationKey) -> Result<(), KeysError> {
        let (user, key) = (id.clone(), key.clone());
        self.ask(move |vault| vault.put(user.as_str(), key.expose())).await
    }

    pub(super) async fn remove(&self, id: &DestinationId) -> Result<(), KeysError> {
        let user = id.clone();
        self.ask(move |vault| vault.remove(user.as_str())).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn Vault) -> Result<T, String> + Send + 'static,
    ) -> Result<T, KeysError> {
        let (sender, receiver) = oneshot::channel();
        let call: Call = Box::new(move |vault| {
            // Whoever gave up waiting must not have its call made behind its back.
            if !sender.is_closed() {
                drop(sender.send(call(vault)));
            }
        });
        self.calls.try_send(call).map_err(|_| KeysError::NoAnswer)?;
        match timeout(self.answer_timeout, receiver).await {
            Ok(Ok(answer)) => answer.map_err(KeysError::Keychain),
            Ok(Err(_)) | Err(_) => Err(KeysError::NoAnswer),
        }
    }
}

fn answer(vault: &dyn Vault, waiting: &Receiver<Call>) {
    while let Ok(call) = waiting.recv() {
        call(vault);
    }
}

/// The keychain of this system.
pub(super) struct SystemKeychain;

/// Opens the system's keychain. Without one - no D-Bus, nobody on it who keeps secrets - it says so.
pub(super) fn system() -> Result<SystemKeychain, String> {
    if let Err(error) = Entry::store_status() {
        return Err(said(error));
    }
    // That something answers is not that it works.
    SystemKeychain.get(NOBODY).map(|_| SystemKeychain)
}

impl Vault for SystemKeychain {
    fn get(&self, user: &str) -> Result<Option<String>, String> {
        match Entry::new(SERVICE, user).and_then(|entry| entry.get_password()) {
            Ok(secret) => Ok(Some(secret)),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(said(&error)),
        }
    }

    fn put(&self, user: &str, secret: &str) -> Result<(), String> {
        Entry::new(SERVICE, user).and_then(|entry| entry.set_password(secret)).map_err(|error| said(&error))
    }

    fn remove(&self, user: &str) -> Result<(), String> {
        match Entry::new(SERVICE, user).and_then(|entry| entry.delete_credential()) {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(said(&error)),
        }
    }
}

/// What the keychain said, never with what is in it: some of its errors carry entries and secrets.
fn said(error: &keyring::Error) -> String {
    match error {
        keyring::Error::PlatformFailure(cause) | keyring::Error::NoStorageAccess(cause) => cause.to_string(),
        keyring::Error::NoDefaultStore => "this system has none".to_owned(),
        keyring::Error::TooLong(..) => "the stream key is too long for it".to_owned(),
        keyring::Error::Ambiguous(_) => "it holds two entries for one destination".to_owned(),
        keyring::Error::BadEncoding(_) | keyring::Error::BadDataFormat(..) => {
            "what is stored there is no stream key".to_owned()
        }
        _ => "it does not work as expected".to_owned(),
    }
}
