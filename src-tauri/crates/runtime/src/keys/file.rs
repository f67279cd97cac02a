//! The key file: JSON that only this account can read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use session::{DestinationId, DestinationKey};

use super::KeysError;

const FILE_NAME: &str = "destination-keys.json";
/// Fifty destinations fill about a hundredth of it; anything larger was not written here.
const MAX_BYTES: u64 = 4 << 20;

/// What the file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// Keys kept here.
    pub(super) keys: BTreeMap<DestinationId, DestinationKey>,
    /// Destinations whose key is in the keychain.
    pub(super) in_keychain: BTreeSet<DestinationId>,
}

/// The same as it is written.
#[derive(Default, Serialize, Deserialize)]
struct Written {
    #[serde(default)]
    keys: BTreeMap<DestinationId, String>,
    #[serde(default)]
    in_keychain: BTreeSet<DestinationId>,
}

impl Contents {
    /// The change by which keys that arrived in the keychain leave the file.
    pub(super) fn moved(ids: Vec<DestinationId>) -> impl FnOnce(&mut Self) + Send + 'static {
        move |contents| {
            for id in ids {
                contents.keys.remove(&id);
                contents.in_keychain.insert(id);
            }
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let Written { keys, in_keychain } = serde_json::from_slice(bytes).ok()?;
        let keys = keys.into_iter().map(|(id, key)| Some((id, DestinationKey::parse(&key).ok()?)));
        Some(Self { keys: keys.collect::<Option<_>>()?, in_keychain })
    }

    fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let keys = self.keys.iter().map(|(id, key)| (id.clone(), key.expose().to_owned())).collect();
        serde_json::to_vec_pretty(&Written { keys, in_keychain: self.in_keychain.clone() })
    }
}

/// The file and what is in it.
#[derive(Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
    contents: Contents,
}

impl KeyFile {
    /// Reads the file. None is an empty one; one that cannot be read is put aside, not overwritten.
    pub(super) fn open(data_dir: &Path) -> Self {
        let path = data_dir.join(FILE_NAME);
        let contents = match read(&path) {
            Ok(bytes) => Contents::read(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Contents::default()),
            Err(error) => {
                tracing::warn!(%error, "the file of stream keys cannot be opened");
                None
            }
        };
        let contents = contents.unwrap_or_else(|| {
            let aside = path.with_extension("json.damaged");
            let outcome = std::fs::rename(&path, &aside);
            tracing::warn!(aside = %aside.display(), ?outcome, "the file of stream keys cannot be read; put aside");
            Contents::default()
        });
        Self { path, contents }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Changes what the file holds, in memory only once it is on the disk.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Contents)) -> Result<(), KeysError> {
        let mut contents = self.contents.clone();
        change(&mut contents);
        if contents == self.contents {
            return Ok(());
        }
        self.write(&contents).map_err(|source| KeysError::File { path: self.path.clone(), source })?;
        self.contents = contents;
        Ok(())
    }

    /// Written beside and moved over, so that a crash leaves the old keys or the new ones.
    fn write(&self, contents: &Contents) -> io::Result<()> {
        let fresh = self.path.with_extension("json.new");
        // One left by a crash may have been made by anybody's rules.
        match std::fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&fresh)?;
        file.write_all(&contents.to_json()?)?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(&fresh, &self.path)?;
        // The new name itself has to reach the disk too, where folders can be opened for that.
        #[cfg(unix)]
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

/// The bytes of the file, after no other account can read it.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}
