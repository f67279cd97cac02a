//! What a session is told, and what it asks for.

use crate::{CameraLink, Delivery, Options, Starter, State, StopBy, StreamId, Words};

/// A new attempt to stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The new stream's id.
    pub stream_id: StreamId,
    /// How the camera is reached.
    pub link: CameraLink,
    /// Where the media goes.
    pub delivery: Delivery,
    /// What is asked of the stream.
    pub options: Options,
    /// Who asks.
    pub starter: Starter,
    /// The stream ends so long after it was live first, milliseconds; None or 0 = no limit.
    pub duration_limit_ms: Option<u64>,
    /// How long URLs are held after media stopped, milliseconds; clamped to [`crate::MAX_GRACE_MS`].
    pub grace_ms: u64,
}

/// A stream left open by the last run of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The id it always had.
    pub stream_id: StreamId,
    /// How its camera is reached.
    pub link: CameraLink,
    /// Where its media goes.
    pub delivery: Delivery,
    /// What was asked of it.
    pub options: Options,
    /// Who asked for it. An app's stream that never was live has the time of a new one, counted from now.
    pub starter: Starter,
    /// The limit it was started with, counted as before from when it was live first; None or 0 = no limit.
    pub duration_limit_ms: Option<u64>,
    /// When it was started, Unix milliseconds.
    pub started_at_ms: u64,
    /// When it first became playable; None if it never was, and then it waits for its camera as after a start.
    pub live_since_ms: Option<u64>,
    /// Grace time, counted from now, milliseconds; clamped to [`crate::MAX_GRACE_MS`].
    pub grace_ms: u64,
}

/// Something that happened. What means nothing in the present state is ignored.
///
/// The media inputs speak of the stream, not of one publisher: when a new publisher takes the place of a stale one
/// there is no [`Input::MediaLost`]. Nobody here sees the media of an unmanaged stream: what its camera says stands in
/// for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Start streaming. The first input of a new stream.
    Start(Start),
    /// Go on with a stream of the last run. The first input of an old stream.
    Resume(Resume),
    /// A commanded camera says that it runs. Takes back an [`Input::Note`].
    CameraStarted,
    /// A commanded camera says that it cannot, or broke.
    CameraFailed {
        /// Why, and what to do.
        words: Words,
    },
    /// A commanded camera says that it stopped, though nobody here asked it to.
    CameraStopped,
    /// A publisher was accepted, or media comes again after [`Input::MediaLost`]. Managed streams only.
    MediaArrived,
    /// The probe fetched a manifest and media newer than when it was asked; unmanaged: the far side takes the stream.
    Playable,
    /// The probe cannot play yet; it goes on trying.
    ProbeFailed {
        /// Why: told if the time runs out.
        words: Words,
    },
    /// No media for 3 s, or nobody publishes any more; unmanaged: the camera lost the far side, or is not heard of.
    MediaLost,
    /// The publisher sends what cannot be carried, and was or will be disconnected.
    Refused {
        /// What it sends, and what to send instead.
        words: Words,
    },
    /// Something worth saying about a stream that runs, for example that its camera reconnects for the second time.
    Note {
        /// What is so in the present state.
        words: Words,
    },
    /// End the stream.
    Stop {
        /// Who asks.
        by: StopBy,
    },
    /// What [`Effect::Release`] asked for is done.
    Closed,
    /// Time went by: expires the deadlines that are due.
    Tick,
    /// Something the stream needs inside the console failed.
    Fault {
        /// What failed.
        words: Words,
    },
}

/// One line of a stream's history: the state it is in from now on and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateChange {
    /// When, Unix milliseconds.
    pub at_ms: u64,
    /// The state entered, or the present one if only the words are new.
    pub state: State,
    /// What is said about it.
    pub words: Words,
}

/// Something to be done. Effects are carried out in the order given. An unmanaged stream has no [`Effect::Provision`]
/// and no [`Effect::Probe`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write a row, then show it. Given first of its batch, once for every change of state or words, never otherwise.
    /// An unmanaged stream gives two when its camera's first word is that the far side takes the stream.
    Record(StateChange),
    /// Make the stream ready for a publisher.
    Provision {
        /// The stream existed before the program was restarted: its URLs and sequence numbers go on.
        resumed: bool,
    },
    /// Command the camera to start. Answered by [`Input::CameraStarted`] or [`Input::CameraFailed`].
    StartCamera,
    /// Command the camera to stop, whether or not it answered.
    StopCamera,
    /// Check over and over whether the stream plays. Answered by [`Input::Playable`] once, by [`Input::ProbeFailed`]
    /// whenever the reason changes. A later probe replaces this one; [`Effect::Release`] ends it.
    Probe,
    /// Close the stream and disconnect its publisher; unmanaged: nothing more is to come of the camera. Answered by
    /// [`Input::Closed`].
    Release,
}
