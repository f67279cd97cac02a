//! The stream key, in a file only the user's account can read.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use session::StreamKey;

const FILE_NAME: &str = "stream-key";

/// Reads the key; makes one if there is none or the file holds none.
pub(crate) fn load_or_create(data_dir: &Path) -> io::Result<StreamKey> {
    match std::fs::read_to_string(path(data_dir)) {
        Ok(text) => match StreamKey::parse(text.trim()) {
            Ok(key) => Ok(key),
            Err(_) => {
                tracing::warn!("the stream key file holds no key; a new one is made");
                create(data_dir)
            }
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(data_dir),
        Err(error) => Err(error),
    }
}

/// Makes and keeps a new key.
pub(crate) fn create(data_dir: &Path) -> io::Result<StreamKey> {
    let mut random = [0; 20];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let key = StreamKey::from_random(random);
    // Written beside and moved over, so that a crash leaves the old key or the new one.
    let fresh = data_dir.join(format!("{FILE_NAME}.new"));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&fresh)?;
    file.write_all(key.expose().as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&fresh, path(data_dir))?;
    Ok(key)
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_kept_and_only_the_user_can_read_it() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let first = load_or_create(dir.path()).expect("a key");
        let again = load_or_create(dir.path()).expect("the same key");
        assert_eq!(first.expose(), again.expose());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(path(dir.path())).expect("the file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let new = create(dir.path()).expect("a new key");
        assert_ne!(new.expose(), first.expose());
    }
}
