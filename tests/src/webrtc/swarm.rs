//! Many viewers of one stream.

use std::time::Duration;

use crate::webrtc::exchange::Refused;
use crate::webrtc::reception::Seen;
use crate::webrtc::viewer::Viewer;

/// See the module's documentation.
pub struct Swarm {
    /// Each of them.
    pub viewers: Vec<Viewer>,
}

impl Swarm {
    /// So many viewers join, one after the other.
    ///
    /// # Errors
    /// When one is refused.
    pub async fn join(whep: &str, count: usize) -> Result<Self, Refused> {
        let mut viewers = Vec::with_capacity(count);
        for _ in 0..count {
            viewers.push(Viewer::connect(whep).await?);
        }
        Ok(Self { viewers })
    }

    /// Waits until each has seen what is wanted.
    ///
    /// # Panics
    /// When one has not in time.
    pub async fn all(&self, what: &str, wanted: impl Fn(&Seen) -> bool + Copy) {
        for viewer in &self.viewers {
            viewer.until(what, wanted).await;
        }
    }

    /// Waits for everybody's first keyframe; the longest wait of them, counted from ICE.
    pub async fn slowest_keyframe(&self) -> Duration {
        let mut slowest = Duration::ZERO;
        for viewer in &self.viewers {
            slowest = slowest.max(viewer.first_keyframe().await);
        }
        slowest
    }

    /// A figure, summed.
    pub fn total(&self, figure: impl Fn(&Seen) -> u64) -> u64 {
        self.viewers.iter().map(|viewer| viewer.look(&figure)).sum()
    }

    /// Ends every session.
    ///
    /// # Panics
    /// When one is not answered.
    pub async fn leave(&self) {
        for viewer in &self.viewers {
            let status = viewer.leave().await;
            assert!(status.is_success(), "a DELETE was answered with {status}");
        }
    }
}
