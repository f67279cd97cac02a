use std::collections::HashMap;
use std::sync::mpsc;

use super::keychain::Vault;
use super::*;

fn id(number: u8) -> DestinationId {
    DestinationId::from_random([number; 16])
}

fn key(text: &str) -> DestinationKey {
    DestinationKey::parse(text).expect("a key")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn text(folder: &tempfile::TempDir) -> String {
    std::fs::read_to_string(folder.path().join("destination-keys.json")).unwrap_or_default()
}

/// What a fake keychain keeps, and how it behaves.
#[derive(Debug, Default)]
struct Inside {
    secrets: HashMap<String, String>,
    refuses: bool,
    forgets: bool,
}

#[derive(Debug, Clone, Default)]
struct FakeVault(Arc<Mutex<Inside>>);

impl FakeVault {
    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.0.lock().unwrap()
    }

    fn secret(&self, number: u8) -> Option<String> {
        self.inside().secrets.get(id(number).as_str()).cloned()
    }

    async fn keychain(&self) -> Keychain {
        let vault = self.clone();
        Keychain::open(move || Ok(vault), PROBE_TIMEOUT, ANSWER_TIMEOUT).await.expect("it opens")
    }

    async fn keys(&self, folder: &tempfile::TempDir) -> Keys {
        Keys::over(folder.path(), Some(self.keychain().await)).await
    }
}

impl Vault for FakeVault {
    fn get(&self, user: &str) -> Result<Option<String>, String> {
        Ok(self.inside().secrets.get(user).cloned())
    }

    fn put(&self, user: &str, secret: &str) -> Result<(), String> {
        let mut inside = self.inside();
        if inside.refuses {
            return Err("it is locked".to_owned());
        }
        if !inside.forgets {
            inside.secrets.insert(user.to_owned(), secret.to_owned());
        }
        Ok(())
    }

    fn remove(&self, user: &str) -> Result<(), String> {
        self.inside().secrets.remove(user);
        Ok(())
    }
}

/// A keychain that answers nothing until the test lets it go.
struct StuckVault(Mutex<mpsc::Receiver<()>>);

impl Vault for StuckVault {
    fn get(&self, _: &str) -> Result<Option<String>, String> {
        let _ = self.0.lock().unwrap().recv();
        Ok(None)
    }

    fn put(&self, user: &str, _: &str) -> Result<(), String> {
        self.get(user).map(drop)
    }

    fn remove(&self, user: &str) -> Result<(), String> {
        self.get(user).map(drop)
    }
}

#[tokio::test]
async fn the_file_keeps_replaces_and_forgets() {
    let folder = folder();
    let keys = Keys::open(folder.path(), true).await;
    assert_eq!(keys.place(), KeyPlace::File);
    assert_eq!(keys.get(&id(1)).await.unwrap(), None);
    keys.put(&id(1), &key("first-key")).await.unwrap();
    keys.put(&id(2), &key("ключ \"2\"\\")).await.unwrap();
    keys.put(&id(1), &key("second-key?x=1")).await.unwrap();

    let again = Keys::open(folder.path(), true).await;
    assert_eq!(again.get(&id(1)).await.unwrap(), Some(key("second-key?x=1")));
    assert_eq!(again.get(&id(2)).await.unwrap(), Some(key("ключ \"2\"\\")));
    again.remove(&id(2)).await.unwrap();
    again.remove(&id(9)).await.unwrap();
    again.put(&id(1), &DestinationKey::default()).await.unwrap();

    let last = Keys::open(folder.path(), true).await;
    for number in [1, 2] {
        assert_eq!(last.get(&id(number)).await.unwrap(), None);
    }
    assert!(!text(&folder).contains("key-"), "{}", text(&folder));
}

#[cfg(unix)]
#[tokio::test]
async fn only_this_account_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = folder.path().join("destination-keys.json");
    let mode = || path.metadata().unwrap().permissions().mode() & 0o777;
    // What a crash may have left, open to all.
    let left = path.with_extension("json.new");
    std::fs::write(&left, "half a file").unwrap();
    std::fs::set_permissions(&left, PermissionsExt::from_mode(0o666)).unwrap();
    let keys = Keys::open(folder.path(), true).await;
    keys.put(&id(1), &key("first-key")).await.unwrap();
    assert_eq!(mode(), 0o600);
    assert!(!left.exists(), "moved over");

    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let again = Keys::open(folder.path(), true).await;
    assert_eq!(mode(), 0o600);
    assert_eq!(again.get(&id(1)).await.unwrap(), Some(key("first-key")));
}

#[tokio::test]
async fn a_write_that_fails_leaves_the_keys_before() {
    let folder = folder();
    let keys = Keys::open(folder.path(), true).await;
    keys.put(&id(1), &key("first-key")).await.unwrap();
    // A folder in the way of the file beside.
    std::fs::create_dir(folder.path().join("destination-keys.json.new")).unwrap();
    let error = keys.put(&id(1), &key("second-key")).await.unwrap_err();
    assert!(matches!(error, KeysError::File { .. }), "{error:?}");
    assert!(!error.next_step().is_empty());
    assert_eq!(keys.get(&id(1)).await.unwrap(), Some(key("first-key")));
    let again = Keys::open(folder.path(), true).await;
    assert_eq!(again.get(&id(1)).await.unwrap(), Some(key("first-key")));
}

#[tokio::test]
async fn a_damaged_file_is_put_aside() {
    for damaged in ["{", "[1]", "{\"keys\": {\"no id\": \"x\"}}", ""] {
        let folder = folder();
        let path = folder.path().join("destination-keys.json");
        std::fs::write(&path, damaged).unwrap();
        let keys = Keys::open(folder.path(), true).await;
        assert_eq!(keys.get(&id(1)).await.unwrap(), None);
        keys.put(&id(1), &key("first-key")).await.unwrap();
        assert_eq!(std::fs::read_to_string(path.with_extension("json.damaged")).unwrap(), damaged);
    }
}

#[tokio::test]
async fn nothing_prints_a_key() {
    let folder = folder();
    let keys = Keys::open(folder.path(), true).await;
    keys.put(&id(1), &key("very-secret")).await.unwrap();
    let printed = format!("{keys:?} {:?} {:#?}", keys.contents(), keys.file);
    assert!(!printed.contains("secret"), "{printed}");
}

#[tokio::test]
async fn the_keychain_keeps_what_the_file_then_does_not() {
    let (folder, vault) = (folder(), FakeVault::default());
    let keys = vault.keys(&folder).await;
    assert_eq!(keys.place(), KeyPlace::Keychain);
    keys.put(&id(1), &key("first-key")).await.unwrap();
    assert_eq!(vault.secret(1).as_deref(), Some("first-key"));
    assert!(!text(&folder).contains("first-key"), "{}", text(&folder));
    assert_eq!(keys.get(&id(1)).await.unwrap(), Some(key("first-key")));
    assert_eq!(keys.get(&id(2)).await.unwrap(), None);
    keys.remove(&id(1)).await.unwrap();
    assert_eq!((vault.secret(1), keys.get(&id(1)).await.unwrap()), (None, None));
}

#[tokio::test]
async fn a_keychain_that_went_away_is_told_in_words() {
    let (folder, vault) = (folder(), FakeVault::default());
    vault.keys(&folder).await.put(&id(1), &key("first-key")).await.unwrap();

    let without = Keys::open(folder.path(), true).await;
    let error = without.get(&id(1)).await.unwrap_err();
    assert!(matches!(error, KeysError::KeychainAway), "{error:?}");
    assert!(error.next_step().contains("enter the key again"));
    assert_eq!(without.get(&id(2)).await.unwrap(), None, "this one never had a key");
    without.put(&id(1), &key("second-key")).await.unwrap();
    assert_eq!(without.get(&id(1)).await.unwrap(), Some(key("second-key")));

    // Back again, the newer one replaces what it still had.
    let back = vault.keys(&folder).await;
    assert_eq!(back.get(&id(1)).await.unwrap(), Some(key("second-key")));
    assert_eq!(vault.secret(1).as_deref(), Some("second-key"));
    assert!(!text(&folder).contains("second-key"));
}

#[tokio::test]
async fn keys_are_moved_into_a_keychain_that_keeps_them() {
    let (folder, vault) = (folder(), FakeVault::default());
    let without = Keys::open(folder.path(), true).await;
    for number in [1, 2, 3] {
        without.put(&id(number), &key(&format!("key-of-{number}"))).await.unwrap();
    }
    for broken in [|inside: &mut Inside| inside.forgets = true, |inside: &mut Inside| inside.refuses = true] {
        broken(&mut vault.inside());
        let keys = vault.keys(&folder).await;
        assert!(text(&folder).contains("key-of-2"), "it stays where it is");
        assert_eq!(keys.get(&id(2)).await.unwrap(), Some(key("key-of-2")));
    }
    *vault.inside() = Inside::default();
    let keys = vault.keys(&folder).await;
    assert!(!text(&folder).contains("key-of-"), "{}", text(&folder));
    for number in [1, 2, 3] {
        assert_eq!(keys.get(&id(number)).await.unwrap(), Some(key(&format!("key-of-{number}"))));
    }
}

#[tokio::test]
async fn what_the_keychain_does_not_take_goes_to_the_file() {
    let (folder, vault) = (folder(), FakeVault::default());
    let keys = vault.keys(&folder).await;
    keys.put(&id(1), &key("first-key")).await.unwrap();
    vault.inside().refuses = true;
    keys.put(&id(1), &key("second-key")).await.unwrap();
    assert_eq!(keys.place(), KeyPlace::File, "and it says so");
    assert_eq!(keys.get(&id(1)).await.unwrap(), Some(key("second-key")), "not the one before");
    vault.inside().refuses = false;
    keys.put(&id(1), &key("third-key")).await.unwrap();
    assert_eq!(keys.place(), KeyPlace::Keychain);
    assert_eq!(keys.get(&id(1)).await.unwrap(), Some(key("third-key")));
    assert!(!text(&folder).contains("second-key"), "{}", text(&folder));
}

#[tokio::test]
async fn a_keychain_that_never_answers_is_not_waited_for() {
    let soon = Duration::from_millis(50);
    let (release, gate) = mpsc::channel::<()>();
    let opening = Keychain::open(
        move || {
            let _ = gate.recv();
            Ok(FakeVault::default())
        },
        soon,
        soon,
    );
    assert!(matches!(opening.await, Err(KeysError::NoAnswer)));
    drop(release);

    let (release, gate) = mpsc::channel::<()>();
    let stuck = Keychain::open(move || Ok(StuckVault(Mutex::new(gate))), PROBE_TIMEOUT, soon).await.unwrap();
    let folder = folder();
    let keys = Keys::over(folder.path(), Some(stuck)).await;
    assert!(matches!(keys.get(&id(1)).await, Err(KeysError::NoAnswer)));
    keys.put(&id(1), &key("first-key")).await.unwrap();
    assert_eq!((keys.place(), keys.get(&id(1)).await.unwrap()), (KeyPlace::File, Some(key("first-key"))));
    drop(release);
}

#[tokio::test]
async fn no_keychain_and_one_that_breaks_are_told() {
    let none =
        Keychain::open(|| Err::<FakeVault, _>("no bus".to_owned()), PROBE_TIMEOUT, ANSWER_TIMEOUT).await;
    assert_eq!(none.err().unwrap().to_string(), "The system's keychain could not be used: no bus.");
    struct Breaks;
    impl Vault for Breaks {
        fn get(&self, _: &str) -> Result<Option<String>, String> {
            panic!("a fault of the keychain's library")
        }
        fn put(&self, _: &str, _: &str) -> Result<(), String> {
            Ok(())
        }
        fn remove(&self, _: &str) -> Result<(), String> {
            Ok(())
        }
    }
    let breaks = Keychain::open(|| Ok(Breaks), PROBE_TIMEOUT, ANSWER_TIMEOUT).await.unwrap();
    for _ in 0..2 {
        assert!(matches!(breaks.get(&id(1)).await, Err(KeysError::NoAnswer)));
    }
}

/// Whatever this system has: it opens without a panic and in bounded time, and touches no entry.
#[tokio::test]
async fn the_systems_keychain_is_there_or_not() {
    let folder = folder();
    let keys = Keys::open(folder.path(), false).await;
    assert_eq!(keys.get(&id(7)).await.unwrap(), None);
    assert_eq!(keys.place() == KeyPlace::Keychain, keys.keychain.is_some());
}
