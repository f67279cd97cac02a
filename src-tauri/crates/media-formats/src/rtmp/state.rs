//! The states of a server connection.

/// Where a connection stands. Table: what leads from the row to the column.
///
/// | from \ to | Connecting | Connected | Deciding | Publishing | Unpublished | Ended | Refused |
/// |---|---|---|---|---|---|---|---|
/// | Handshaking | C2 received | - | - | - | - | - | - |
/// | Connecting | - | `connect` | - | - | - | - | - |
/// | Connected | - | - | `publish` | - | - | - | `play`, `publish` without a name |
/// | Deciding | - | - | - | accepted | `FCUnpublish` | `deleteStream`, `closeStream` | rejected |
/// | Publishing | - | - | - | - | `FCUnpublish` | `deleteStream`, `closeStream` | - |
/// | Unpublished | - | - | - | - | - | `deleteStream`, `closeStream` | - |
/// | Ended | - | - | - | - | - | - | - |
/// | Refused | - | - | - | - | - | - | - |
///
/// A connection publishes once: an encoder that wants to publish again connects again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerState {
    /// The handshake is not over.
    Handshaking,
    /// `connect` is awaited.
    Connecting,
    /// Connected; neither publishing nor refused.
    Connected,
    /// `publish` was received; the owner decides. Media is held back.
    Deciding,
    /// Media flows.
    Publishing,
    /// Publishing was ended by the encoder, which is about to delete its stream. Closing now would show it an error.
    Unpublished,
    /// The encoder has said everything; the connection is to be closed.
    Ended,
    /// The encoder was told no; the connection is to be closed once that is sent.
    Refused,
}

impl ServerState {
    /// The table above.
    pub(super) fn can_become(self, next: Self) -> bool {
        use ServerState::{
            Connected, Connecting, Deciding, Ended, Handshaking, Publishing, Refused, Unpublished,
        };
        matches!(
            (self, next),
            (Handshaking, Connecting)
                | (Connecting, Connected)
                | (Connected, Deciding | Refused)
                | (Deciding, Publishing | Unpublished | Ended | Refused)
                | (Publishing, Unpublished | Ended)
                | (Unpublished, Ended)
        )
    }

    /// Nothing the peer sends matters any more.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Ended | Self::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::ServerState::{self, *};

    /// The doc's table, walked pair by pair.
    #[test]
    fn every_pair_of_states_matches_the_table() {
        let table: [(ServerState, &[ServerState]); 8] = [
            (Handshaking, &[Connecting]),
            (Connecting, &[Connected]),
            (Connected, &[Deciding, Refused]),
            (Deciding, &[Publishing, Unpublished, Ended, Refused]),
            (Publishing, &[Unpublished, Ended]),
            (Unpublished, &[Ended]),
            (Ended, &[]),
            (Refused, &[]),
        ];
        for (from, allowed) in table {
            for (to, _) in table {
                assert_eq!(from.can_become(to), allowed.contains(&to), "{from:?} -> {to:?}");
            }
            assert_eq!(from.is_final(), allowed.is_empty());
        }
    }
}
