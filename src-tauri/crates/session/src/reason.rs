//! Why a stream ended.

/// Who asked for the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopBy {
    /// A person at the console.
    User,
    /// The app that started or joined the stream.
    App,
    /// The program, because it was closed.
    Shutdown,
    /// The camera ended it by itself: a button was pressed, or it says no more than that it stopped.
    Camera,
    /// The time its starter allowed it is over.
    TimeLimit,
}

/// Why a stream ended. Final: starting again is a new attempt with a new id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// A stop was asked for and carried out.
    Stopped(StopBy),
    /// The camera was asked to start and did not answer in time.
    CameraSilent,
    /// The camera answered that it cannot, or broke while it ran.
    CameraFailed,
    /// The camera started and sent nothing.
    NoMedia,
    /// Media arrived and could not be played in time.
    NotPlayable,
    /// The camera sends what cannot be carried, for example an unsupported codec.
    Refused,
    /// An app's attempt was not playable before the app gives up.
    TooSlow,
    /// Media stopped and did not come back within the grace time.
    Lost,
    /// The program was restarted while the stream ran, and nobody came back within the grace time.
    Restarted,
    /// Something inside the console failed.
    Fault,
}

impl EndReason {
    /// Every reason.
    pub const ALL: [Self; 14] = [
        Self::Stopped(StopBy::User),
        Self::Stopped(StopBy::App),
        Self::Stopped(StopBy::Shutdown),
        Self::Stopped(StopBy::Camera),
        Self::Stopped(StopBy::TimeLimit),
        Self::CameraSilent,
        Self::CameraFailed,
        Self::NoMedia,
        Self::NotPlayable,
        Self::Refused,
        Self::TooSlow,
        Self::Lost,
        Self::Restarted,
        Self::Fault,
    ];

    /// The word kept in history.
    pub fn code(self) -> &'static str {
        match self {
            Self::Stopped(StopBy::User) => "stopped_by_user",
            Self::Stopped(StopBy::App) => "stopped_by_app",
            Self::Stopped(StopBy::Shutdown) => "stopped_by_shutdown",
            Self::Stopped(StopBy::Camera) => "stopped_by_camera",
            Self::Stopped(StopBy::TimeLimit) => "stopped_by_time_limit",
            Self::CameraSilent => "camera_silent",
            Self::CameraFailed => "camera_failed",
            Self::NoMedia => "no_media",
            Self::NotPlayable => "not_playable",
            Self::Refused => "refused",
            Self::TooSlow => "too_slow",
            Self::Lost => "lost",
            Self::Restarted => "restarted",
            Self::Fault => "fault",
        }
    }

    /// Reads the word kept in history.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// True unless the stream ended because it was asked to, its time was up or its camera ended it.
    pub fn failed(self) -> bool {
        !matches!(self, Self::Stopped(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_read_back() {
        for reason in EndReason::ALL {
            assert_eq!(EndReason::from_code(reason.code()), Some(reason));
        }
        assert_eq!(EndReason::from_code("stopped"), None);
    }

    #[test]
    fn only_a_stop_is_no_failure() {
        let wanted = EndReason::ALL.into_iter().filter(|reason| !reason.failed()).count();
        assert_eq!(wanted, 5);
    }
}
