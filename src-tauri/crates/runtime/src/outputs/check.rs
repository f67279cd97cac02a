//! The broadcast check: the whole path, into a receiver of our own.

use std::time::Duration;

use console::api::{BroadcastCheck, CheckPart, Sample};
use media_engine::Stream;
use session::Words;

/// How long a check runs.
const CHECK: Duration = Duration::from_secs(20);

pub(super) async fn run(stream: Option<Stream>) -> Result<BroadcastCheck, Words> {
    let stream =
        stream.ok_or_else(|| Words::error("There is no stream to check.").then("Start the stream first."))?;
    let scores = media_engine::run_check(&stream, CHECK)
        .await
        .map_err(|error| Words::error(format!("The check could not be made: {error}.")).then("Try again."))?;
    Ok(BroadcastCheck {
        score: scores.score,
        seconds: scores.seconds,
        parts: scores
            .parts
            .into_iter()
            .map(|part| CheckPart {
                subject: part.subject,
                score: part.score,
                text: part.text,
                fix: part.fix,
            })
            .collect(),
        samples: scores
            .samples
            .into_iter()
            .map(|sample| Sample {
                at_ms: sample.at_ms,
                bitrate_bps: sample.bitrate_bps,
                fps: sample.fps,
                viewers: 0,
            })
            .collect(),
    })
}
