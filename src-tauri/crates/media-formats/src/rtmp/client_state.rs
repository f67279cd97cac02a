//! The states of a client connection.

/// Where a publishing connection stands. Table: what leads from the row to the column.
///
/// | from \ to | Connecting | Creating | Requesting | Publishing | Rejected | Closed |
/// |---|---|---|---|---|---|---|
/// | Handshaking | S2 received | - | - | - | - | we leave |
/// | Connecting | - | connect granted | - | - | connect refused | we leave |
/// | Creating | - | - | stream created | - | stream refused | we leave |
/// | Requesting | - | - | - | `NetStream.Publish.Start` | publish refused | we leave |
/// | Publishing | - | - | - | - | - | either side ends it |
/// | Rejected | - | - | - | - | - | - |
/// | Closed | - | - | - | - | - | - |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientState {
    /// The handshake is not over.
    Handshaking,
    /// The answer to `connect` is awaited.
    Connecting,
    /// The answer to `createStream` is awaited.
    Creating,
    /// The answer to `publish` is awaited.
    Requesting,
    /// Media may be sent.
    Publishing,
    /// The server said no; the connection is to be closed.
    Rejected,
    /// One side ended it; the connection is to be closed once what is queued was sent.
    Closed,
}

impl ClientState {
    /// The table above.
    pub(super) fn can_become(self, next: Self) -> bool {
        use ClientState::{Closed, Connecting, Creating, Handshaking, Publishing, Rejected, Requesting};
        matches!(
            (self, next),
            (Handshaking, Connecting | Closed)
                | (Connecting, Creating | Rejected | Closed)
                | (Creating, Requesting | Rejected | Closed)
                | (Requesting, Publishing | Rejected | Closed)
                | (Publishing, Closed)
        )
    }

    /// Nothing the server sends matters any more.
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Rejected | Self::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::ClientState::{self, *};

    /// The doc's table, walked pair by pair.
    #[test]
    fn every_pair_of_states_matches_the_table() {
        let table: [(ClientState, &[ClientState]); 7] = [
            (Handshaking, &[Connecting, Closed]),
            (Connecting, &[Creating, Rejected, Closed]),
            (Creating, &[Requesting, Rejected, Closed]),
            (Requesting, &[Publishing, Rejected, Closed]),
            (Publishing, &[Closed]),
            (Rejected, &[]),
            (Closed, &[]),
        ];
        for (from, allowed) in table {
            for (to, _) in table {
                assert_eq!(from.can_become(to), allowed.contains(&to), "{from:?} -> {to:?}");
            }
            assert_eq!(from.is_final(), allowed.is_empty());
        }
    }
}
