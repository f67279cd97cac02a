//! What the real cloud makes of the statuses of glasses, defects included.

use mentra_wire::{ManagedStatusWord as Managed, StreamStatusWord as Word};

/// What apps of a managed stream are told. A stream that reconnects or is lost stays `active`.
pub(super) fn managed(word: &Word) -> Managed {
    match word {
        Word::Initializing | Word::Connecting => Managed::Initializing,
        Word::Stopping => Managed::Stopping,
        Word::Stopped => Managed::Stopped,
        Word::Error => Managed::Error,
        _ => Managed::Active,
    }
}

/// What the owner of a direct stream is told. Why a stream failed is lost.
pub(super) fn unmanaged(word: &Word) -> Word {
    match word {
        Word::Initializing | Word::Connecting | Word::Reconnecting => Word::Initializing,
        Word::Streaming | Word::Active | Word::Reconnected => Word::Active,
        Word::Stopping => Word::Stopping,
        Word::Timeout => Word::Timeout,
        _ => Word::Stopped,
    }
}

/// Whether a managed stream is over after this word of the glasses.
pub(super) fn ends_managed(word: &Word) -> bool {
    matches!(managed(word), Managed::Stopped | Managed::Error)
}

/// Whether a direct stream is over after this word of the glasses. One that was only lost keeps its place.
pub(super) fn ends_unmanaged(word: &Word) -> bool {
    matches!(word, Word::Stopped | Word::Error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_becomes_what_the_real_cloud_makes_of_it() {
        let table: Vec<String> = Word::ALL
            .iter()
            .chain([&Word::Other("overheated".to_owned())])
            .map(|word| {
                let (managed, unmanaged) = (managed(word), unmanaged(word));
                let ends = (ends_managed(word), ends_unmanaged(word));
                format!("{} -> {} / {} {ends:?}", word.as_str(), managed.as_str(), unmanaged.as_str())
            })
            .collect();
        insta::assert_snapshot!(table.join("\n"), @r"
        initializing -> initializing / initializing (false, false)
        connecting -> initializing / initializing (false, false)
        active -> active / active (false, false)
        streaming -> active / active (false, false)
        reconnecting -> active / initializing (false, false)
        reconnected -> active / active (false, false)
        reconnect_failed -> active / stopped (false, false)
        stopping -> stopping / stopping (false, false)
        stopped -> stopped / stopped (true, true)
        disconnected -> active / stopped (false, false)
        timeout -> active / timeout (false, false)
        error -> error / stopped (true, true)
        overheated -> active / stopped (false, false)
        ");
    }
}
