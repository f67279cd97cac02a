//! The stream key and the glasses' key, each in a file only the user's account can read.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use session::StreamKey;

/// The key encoders present.
pub(crate) const STREAM_KEY: &str = "stream-key";
/// What glasses present: the token they connect with, and the key they publish with.
pub(crate) const GLASSES_KEY: &str = "glasses-key";

/// Reads the key; makes one if there is none or the file holds none.
pub(crate) fn load_or_create(data_dir: &Path, name: &str) -> io::Result<StreamKey> {
    match std::fs::read_to_string(data_dir.join(name)) {
        Ok(text) => match StreamKey::parse(text.trim()) {
            Ok(key) => Ok(key),
            Err(_) => {
                tracing::warn!("the file {name} holds no key; a new one is made");
                create(data_dir, name)
            }
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(data_dir, name),
        Err(error) => Err(error),
    }
}

/// Makes and keeps a new key.
pub(crate) fn create(data_dir: &Path, name: &str) -> io::Result<StreamKey> {
    let mut random = [0; 20];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let key = StreamKey::from_random(random);
    // Written beside and moved over, so that a crash leaves the old key or the new one.
    let fresh = data_dir.join(format!("{name}.new"));
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
    std::fs::rename(&fresh, data_dir.join(name))?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_kept_and_only_the_user_can_read_it() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let first = load_or_create(dir.path(), STREAM_KEY).expect("a key");
        let again = load_or_create(dir.path(), STREAM_KEY).expect("the same key");
        assert_eq!(first.expose(), again.expose());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(dir.path().join(STREAM_KEY)).expect("the file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let new = create(dir.path(), STREAM_KEY).expect("a new key");
        assert_ne!(new.expose(), first.expose());
    }
}
