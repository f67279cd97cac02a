//! The watch over one stream: tells the console when media comes and goes, and keeps what a restart needs.

use std::time::Duration;

use console::ports::ProviderEvent;
use media_engine::{PlaylistFacts, Stream, StreamStatus};
use session::{StreamId, Words};
use storage::Storage;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use super::RESERVED_SEGMENTS;

/// Media that stopped for this long is lost.
const LOST_AFTER: Duration = Duration::from_secs(3);
/// How often silence is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Segment numbers are set aside again when fewer than this are left.
const RESERVE_BELOW: u64 = 64;

/// See the module's documentation.
pub(super) struct Watch {
    pub(super) stream: Stream,
    pub(super) stream_id: StreamId,
    pub(super) storage: Storage,
    pub(super) events: mpsc::Sender<ProviderEvent>,
    pub(super) reserved_until: u64,
    pub(super) facts: PlaylistFacts,
}

/// What was last told.
#[derive(Debug, Default)]
struct Told {
    arriving: bool,
    publishers: u64,
    last_media_ms: u64,
    /// When media last moved.
    moved_at: Option<Instant>,
    refusal: Option<String>,
}

impl Watch {
    /// Runs until aborted or until the console is gone.
    pub(super) async fn run(mut self) {
        let mut status = self.stream.status();
        let mut told = Told::default();
        let mut looking = tokio::time::interval(LOOK_EVERY);
        looking.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                changed = status.changed() => if changed.is_err() { return },
                _ = looking.tick() => {}
            }
            let now = status.borrow_and_update().clone();
            for event in told.events(&now, Instant::now()) {
                if self.events.send(event).await.is_err() {
                    return;
                }
            }
            self.keep().await;
        }
    }

    /// Writes what a restart needs when it changed.
    async fn keep(&mut self) {
        let (facts, next_msn) = self.stream.facts();
        if facts != self.facts {
            match self.storage.set_resume_facts(&self.stream_id, &facts).await {
                Ok(()) => self.facts = facts,
                Err(error) => tracing::error!(%error, "the playlist's facts could not be kept"),
            }
        }
        if next_msn + RESERVE_BELOW > self.reserved_until {
            match self.storage.reserve(&self.stream_id, RESERVED_SEGMENTS).await {
                Ok(first) => self.reserved_until = first + u64::from(RESERVED_SEGMENTS),
                Err(error) => tracing::error!(%error, "segment numbers could not be set aside"),
            }
        }
    }
}

impl Told {
    fn events(&mut self, status: &StreamStatus, now: Instant) -> Vec<ProviderEvent> {
        let mut events = Vec::new();
        let new_publisher = status.publishers != self.publishers && status.publisher.is_some();
        if new_publisher || status.last_media_ms != self.last_media_ms {
            self.moved_at = Some(now);
        }
        self.publishers = status.publishers;
        self.last_media_ms = status.last_media_ms;
        let moving = self.moved_at.is_some_and(|at| now.duration_since(at) < LOST_AFTER);
        let arriving = status.publisher.is_some() && moving;
        // A takeover is no loss: the stream goes on with the next publisher.
        if self.arriving && !arriving {
            events.push(ProviderEvent::MediaLost);
        }
        if arriving && !self.arriving {
            events.push(ProviderEvent::MediaArrived);
        }
        self.arriving = arriving;
        if status.refusal != self.refusal {
            self.refusal.clone_from(&status.refusal);
            if let Some(words) = &self.refusal {
                events.push(ProviderEvent::Refused { words: Words::error(words.clone()) });
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use media_engine::PublisherInfo;

    use super::*;

    fn publisher() -> Option<PublisherInfo> {
        Some(PublisherInfo { address: "a".to_owned(), encoder: String::new(), since_ms: 1 })
    }

    fn names(events: &[ProviderEvent]) -> Vec<String> {
        events.iter().map(|event| format!("{event:?}")).collect()
    }

    #[test]
    fn three_silent_seconds_are_a_loss_and_media_is_a_return() {
        let mut told = Told::default();
        let start = Instant::now();
        let mut status = StreamStatus {
            publisher: publisher(),
            publishers: 1,
            last_media_ms: 5,
            ..StreamStatus::default()
        };
        assert_eq!(names(&told.events(&status, start)), ["MediaArrived"]);
        assert_eq!(names(&told.events(&status, start + Duration::from_millis(2_900))), [""; 0]);
        assert_eq!(names(&told.events(&status, start + Duration::from_millis(3_000))), ["MediaLost"]);
        status.last_media_ms = 6;
        assert_eq!(names(&told.events(&status, start + Duration::from_millis(3_100))), ["MediaArrived"]);
        status.publisher = None;
        assert_eq!(names(&told.events(&status, start + Duration::from_millis(3_200))), ["MediaLost"]);
    }

    #[test]
    fn a_takeover_is_not_a_loss() {
        let mut told = Told::default();
        let now = Instant::now();
        let mut status = StreamStatus {
            publisher: publisher(),
            publishers: 1,
            last_media_ms: 5,
            ..StreamStatus::default()
        };
        told.events(&status, now);
        status.publishers = 2;
        assert_eq!(names(&told.events(&status, now + Duration::from_millis(2_000))), [""; 0]);
        assert_eq!(
            names(&told.events(&status, now + Duration::from_millis(4_900))),
            [""; 0],
            "counted from the takeover"
        );
    }

    #[test]
    fn a_refusal_is_told_once() {
        let mut told = Told::default();
        let status = StreamStatus { refusal: Some("HEVC".to_owned()), ..StreamStatus::default() };
        assert_eq!(names(&told.events(&status, Instant::now())), ["Refused"]);
        assert_eq!(names(&told.events(&status, Instant::now())), [""; 0]);
    }
}
