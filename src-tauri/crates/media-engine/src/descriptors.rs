//! How many sockets the program may have open.
//!
//! On Unix each is a file descriptor, of which a process often has no more than 1,024 (macOS: 256) until it asks for
//! more. Running out would keep encoders and the history out as well, so players get at most half of them.

/// Connections of players at most, where the system grants descriptors enough.
const MAX_PLAYER_CONNECTIONS: usize = 4_096;
/// Half for players; the rest for encoders, files, the console. Below the 10,240 that macOS grants.
#[cfg(unix)]
const WANTED: u64 = 2 * MAX_PLAYER_CONNECTIONS as u64 + 1_024;

/// Asks the system for as many descriptors as are useful and says how many connections of players fit.
pub(crate) fn player_connections() -> usize {
    usize::try_from(raised() / 2).unwrap_or(usize::MAX).clamp(1, MAX_PLAYER_CONNECTIONS)
}

/// Descriptors the process may have.
#[cfg(unix)]
fn raised() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // None is without limit.
    let current = current.unwrap_or(u64::MAX);
    let wanted = WANTED.min(maximum.unwrap_or(u64::MAX));
    if current >= wanted {
        return current;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }) {
        Ok(()) => wanted,
        Err(error) => {
            tracing::debug!(%error, current, wanted, "the limit of open files stays");
            current
        }
    }
}

/// Sockets are no descriptors here and have no such limit.
#[cfg(not(unix))]
fn raised() -> u64 {
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn players_never_get_more_than_half() {
        let connections = player_connections();
        assert!((1..=MAX_PLAYER_CONNECTIONS).contains(&connections));
        assert!(connections as u64 <= raised().div_ceil(2));
        assert_eq!(player_connections(), connections, "asking again changes nothing");
    }
}
