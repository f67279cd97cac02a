//! Broadcast check: the whole push into a receiver inside this program, scored. Nobody outside is involved.

mod receiver;
mod score;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use media_formats::rtmp::PublishTarget;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use self::receiver::{Arrivals, receive};
use super::{Forward, ForwardError, ForwardOptions, ForwardTls};
use crate::stream::Stream;

/// The check's own stream name; nobody else knows its port.
const NAME: &str = "check";
/// A source that sends no keyframe for this long cannot be checked.
const FIRST_MEDIA: Duration = Duration::from_secs(12);

/// Result of a broadcast check.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckScores {
    /// 0 to 100: the worst of the parts.
    pub score: u32,
    /// How long media was received, in whole seconds.
    pub seconds: u32,
    /// What was scored.
    pub parts: Vec<CheckPart>,
    /// What arrived, second by second.
    pub samples: Vec<CheckSample>,
}

/// One scored property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckPart {
    /// For example `Bitrate`.
    pub subject: String,
    /// 0 to 100.
    pub score: u32,
    /// What was found, in words.
    pub text: String,
    /// How to make it better; none at a full score.
    pub fix: Option<String>,
}

/// One second of what arrived.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CheckSample {
    /// Milliseconds from the first media to the end of this second.
    pub at_ms: u64,
    /// Pictures and sound.
    pub bitrate_bps: u64,
    /// Sound's share of it.
    pub audio_bitrate_bps: u64,
    /// Pictures.
    pub fps: f64,
    /// Longest wait for anything within it.
    pub longest_gap_ms: u64,
}

/// Pushes the stream into a receiver on this computer's loopback for `duration`, counted from the first media, and scores
/// what arrives.
///
/// # Errors
/// When no receiver can be opened, the push ends, or the source sends no keyframe.
pub async fn run_check(stream: &Stream, duration: Duration) -> Result<CheckScores, ForwardError> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|_| ForwardError::Unreachable)?;
    let address = listener.local_addr().map_err(|_| ForwardError::Unreachable)?;
    let target = PublishTarget::parse(&format!("rtmp://{address}/check"), NAME)
        .map_err(|error| ForwardError::NotCarried(error.to_string()))?;
    let options = ForwardOptions::new(ForwardTls::platform(), "Stream Console");
    let forward = Forward::start(stream, target, options, Arc::new(|_| {}));
    let mut arrivals = Arrivals::default();
    let received = timeout(FIRST_MEDIA + duration, async {
        tokio::select! {
            received = receive(&listener, &mut arrivals, duration) => received,
            // Longer than the receiver itself takes once media flows.
            () = sleep(FIRST_MEDIA + duration) => Ok(()),
        }
    })
    .await;
    forward.stop().await;
    if arrivals.is_empty() {
        return Err(match received {
            Ok(Err(error)) => error,
            _ => ForwardError::NotCarried("no picture and no sound arrives from the camera".to_owned()),
        });
    }
    Ok(score::scores(&arrivals))
}
