//! The streams the engine serves, by playback id.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::stream::Stream;

/// Ended streams stay fetchable so that players can finish, the newest few of them.
const MAX_ENDED: usize = 3;

/// Open and lately ended streams.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    streams: Mutex<VecDeque<(Stream, bool)>>,
}

impl Registry {
    /// Serves a stream from now on.
    pub(crate) fn open(&self, stream: Stream) {
        let mut streams = self.lock();
        streams.retain(|(old, _)| old.playback_id() != stream.playback_id());
        streams.push_back((stream, false));
    }

    /// Marks a stream as ended; the oldest ended ones are let go.
    pub(crate) fn ended(&self, playback_id: &str) {
        let mut streams = self.lock();
        for (stream, ended) in streams.iter_mut() {
            *ended |= stream.playback_id() == playback_id;
        }
        while streams.iter().filter(|(_, ended)| *ended).count() > MAX_ENDED {
            if let Some(oldest) = streams.iter().position(|(_, ended)| *ended) {
                streams.remove(oldest);
            }
        }
    }

    /// The stream of this name.
    pub(crate) fn get(&self, playback_id: &str) -> Option<Stream> {
        self.lock()
            .iter()
            .map(|(stream, _)| stream)
            .find(|stream| stream.playback_id() == playback_id)
            .cloned()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Stream, bool)>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
