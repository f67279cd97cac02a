//! The states of a destination and the table of what may follow what.

/// How serious an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Trying again may help.
    Normal,
    /// Something has to be changed first.
    Fatal,
}

impl Severity {
    /// Every severity.
    pub const ALL: [Self; 2] = [Self::Normal, Self::Fatal];

    /// The word kept in history.
    pub fn code(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Fatal => "fatal",
        }
    }

    /// Reads the word kept in history.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.code() == code)
    }
}

/// Where one destination stands. The table of what may follow what is that of [`crate::destination`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Switched off.
    Disabled,
    /// On, and there is no picture to push.
    Idle,
    /// An attempt runs and is not yet proven: not accepted, or accepted and no byte was taken.
    Starting,
    /// The far side accepted and takes our bytes.
    Broadcasting,
    /// The far side accepted and takes nothing.
    Stalled,
    /// No picture comes from the source; the broadcast is held with the last one.
    Interrupted,
    /// The last attempt failed and the next one is set.
    Retrying {
        /// Attempts that failed in a row.
        failed: u32,
        /// When the next attempt is made, Unix milliseconds.
        at_ms: u64,
    },
    /// Not tried again by itself.
    Errored(Severity),
}

impl State {
    /// Whether `next` may follow this state: the table of [`crate::destination`].
    pub fn can_become(self, next: Self) -> bool {
        use Severity::Fatal;
        match self {
            Self::Disabled => matches!(next, Self::Idle | Self::Starting),
            Self::Idle => matches!(next, Self::Disabled | Self::Starting),
            Self::Starting => match next {
                Self::Disabled
                | Self::Idle
                | Self::Broadcasting
                | Self::Stalled
                | Self::Interrupted
                | Self::Retrying { .. } => true,
                Self::Errored(severity) => severity == Fatal,
                Self::Starting => false,
            },
            Self::Broadcasting => match next {
                Self::Disabled
                | Self::Idle
                | Self::Starting
                | Self::Stalled
                | Self::Interrupted
                | Self::Retrying { .. } => true,
                Self::Errored(severity) => severity == Fatal,
                Self::Broadcasting => false,
            },
            Self::Stalled => next != Self::Stalled,
            Self::Interrupted => match next {
                Self::Disabled
                | Self::Idle
                | Self::Broadcasting
                | Self::Stalled
                | Self::Retrying { .. }
                | Self::Errored(_) => true,
                Self::Starting | Self::Interrupted => false,
            },
            Self::Retrying { .. } | Self::Errored(_) => {
                matches!(next, Self::Disabled | Self::Idle | Self::Starting)
            }
        }
    }

    /// An attempt runs: a connection is being made or there is one.
    pub fn has_attempt(self) -> bool {
        matches!(self, Self::Starting | Self::Broadcasting | Self::Stalled | Self::Interrupted)
    }

    /// The word kept in history; [`State::severity`] and [`State::retry`] are kept beside it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Idle => "idle",
            Self::Starting => "starting",
            Self::Broadcasting => "broadcasting",
            Self::Stalled => "stalled",
            Self::Interrupted => "interrupted",
            Self::Retrying { .. } => "retrying",
            Self::Errored(_) => "errored",
        }
    }

    /// How serious it is, if errored.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Errored(severity) => Some(severity),
            _ => None,
        }
    }

    /// Attempts that failed in a row, and when the next one is made (Unix milliseconds), if retrying.
    pub fn retry(self) -> Option<(u32, u64)> {
        match self {
            Self::Retrying { failed, at_ms } => Some((failed, at_ms)),
            _ => None,
        }
    }

    /// Reads what is kept in history. None if the word is unknown, or something beside it is missing or out of place.
    pub fn from_code(code: &str, severity: Option<Severity>, retry: Option<(u32, u64)>) -> Option<Self> {
        match (code, severity, retry) {
            ("disabled", None, None) => Some(Self::Disabled),
            ("idle", None, None) => Some(Self::Idle),
            ("starting", None, None) => Some(Self::Starting),
            ("broadcasting", None, None) => Some(Self::Broadcasting),
            ("stalled", None, None) => Some(Self::Stalled),
            ("interrupted", None, None) => Some(Self::Interrupted),
            ("retrying", None, Some((failed, at_ms))) => Some(Self::Retrying { failed, at_ms }),
            ("errored", Some(severity), None) => Some(Self::Errored(severity)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use State as S;

    const RETRYING: State = S::Retrying { failed: 3, at_ms: 4_000 };

    const EVERY: [State; 9] = [
        S::Disabled,
        S::Idle,
        S::Starting,
        S::Broadcasting,
        S::Stalled,
        S::Interrupted,
        RETRYING,
        S::Errored(Severity::Normal),
        S::Errored(Severity::Fatal),
    ];

    /// The table of the module's doc, columns in the order of [`EVERY`], so that one slip is caught by the other.
    const TABLE: [(State, &str); 9] = [
        (S::Disabled, ".xx......"),
        (S::Idle, "x.x......"),
        (S::Starting, "xx.xxxx.x"),
        (S::Broadcasting, "xxx.xxx.x"),
        (S::Stalled, "xxxx.xxxx"),
        (S::Interrupted, "xx.xx.xxx"),
        (RETRYING, "xxx......"),
        (S::Errored(Severity::Normal), "xxx......"),
        (S::Errored(Severity::Fatal), "xxx......"),
    ];

    #[test]
    fn the_table_holds_for_every_pair() {
        for (from, row) in TABLE {
            for (to, cell) in EVERY.into_iter().zip(row.chars()) {
                assert_eq!(from.can_become(to), cell == 'x', "{from:?} -> {to:?}");
            }
        }
    }

    #[test]
    fn every_state_can_be_switched_off() {
        for state in EVERY {
            assert!(state == S::Disabled || state.can_become(S::Disabled), "{state:?}");
        }
    }

    #[test]
    fn codes_are_read_back() {
        for state in EVERY {
            let severity = state.severity().and_then(|severity| Severity::from_code(severity.code()));
            assert_eq!(State::from_code(state.code(), severity, state.retry()), Some(state));
        }
    }

    #[test]
    fn codes_out_of_place_are_refused() {
        assert_eq!(State::from_code("errored", None, None), None);
        assert_eq!(State::from_code("retrying", None, None), None);
        assert_eq!(State::from_code("idle", Some(Severity::Fatal), None), None);
        assert_eq!(State::from_code("starting", None, Some((1, 2))), None);
        assert_eq!(State::from_code("live", None, None), None);
        assert_eq!(Severity::from_code("deadly"), None);
    }
}
