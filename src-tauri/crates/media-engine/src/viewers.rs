//! How many people watch, as honestly as HTTP allows.
//!
//! A viewer is a distinct player that fetched a playlist or manifest within the last 10 s. HLS players are told apart
//! by a token that the multivariant playlist puts into the media playlists' addresses; DASH players, and HLS players that
//! skip the multivariant playlist, by network address and `User-Agent`. Two such players with the same program behind one address
//! count as one; a player reloading its page counts twice for up to 10 s. The console's own preview and its
//! playability probe name themselves and are not counted.

use std::collections::HashMap;

/// A player that fetched nothing for this long is gone.
const GONE_AFTER_MS: u64 = 10_000;
/// Most players remembered. Overflow policy: players beyond are not counted until others leave.
const MAX_PLAYERS: usize = 20_000;
/// Tokens of the console's own players.
pub(crate) const UNCOUNTED: [&str; 2] = ["preview", "probe"];

/// Who fetched when.
#[derive(Debug, Default)]
pub(crate) struct Viewers {
    last_seen_ms: HashMap<String, u64>,
}

impl Viewers {
    /// Notes a fetch by the player of this name.
    pub(crate) fn seen(&mut self, player: &str, now_ms: u64) {
        if UNCOUNTED.contains(&player) {
            return;
        }
        if let Some(last) = self.last_seen_ms.get_mut(player) {
            *last = now_ms;
            return;
        }
        if self.last_seen_ms.len() >= MAX_PLAYERS {
            self.forget_gone(now_ms);
        }
        if self.last_seen_ms.len() < MAX_PLAYERS {
            self.last_seen_ms.insert(player.to_owned(), now_ms);
        }
    }

    /// Players seen within the last 10 s.
    pub(crate) fn count(&mut self, now_ms: u64) -> u32 {
        self.forget_gone(now_ms);
        self.last_seen_ms.len() as u32
    }

    fn forget_gone(&mut self, now_ms: u64) {
        self.last_seen_ms.retain(|_, last| *last + GONE_AFTER_MS > now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_player_counts_once_and_leaves_after_ten_seconds() {
        let mut viewers = Viewers::default();
        viewers.seen("a", 0);
        viewers.seen("a", 4_000);
        viewers.seen("b", 5_000);
        assert_eq!(viewers.count(6_000), 2);
        assert_eq!(viewers.count(14_500), 1);
        assert_eq!(viewers.count(15_000), 0);
    }

    #[test]
    fn the_consoles_own_players_are_not_viewers() {
        let mut viewers = Viewers::default();
        viewers.seen("preview", 0);
        viewers.seen("probe", 0);
        assert_eq!(viewers.count(1), 0);
    }

    #[test]
    fn memory_is_bounded() {
        let mut viewers = Viewers::default();
        for n in 0..MAX_PLAYERS + 5_000 {
            viewers.seen(&n.to_string(), 0);
        }
        assert_eq!(viewers.count(1) as usize, MAX_PLAYERS);
    }
}
