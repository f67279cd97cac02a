//! The engine alone, with a number of open streams: what the measurements load.

use std::future::Future;
use std::io::Read as _;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::Result;
use media_engine::{Admission, Attempt, Door, Engine, EngineConfig, PlaylistFacts, Stream, StreamConfig};
use tokio::sync::OnceCell;

/// Lets whoever names a stream feed it.
struct OpenDoor(Arc<OnceCell<Vec<Stream>>>);

impl Door for OpenDoor {
    fn admit(&self, attempt: Attempt) -> Pin<Box<dyn Future<Output = Admission> + Send + '_>> {
        let found = self.0.get().and_then(|streams| {
            streams
                .iter()
                .enumerate()
                .find(|(n, _)| attempt.holds_key(&format!("s{n}")))
                .map(|(_, stream)| stream.clone())
        });
        Box::pin(async move { found.ok_or_else(|| "no such stream".to_owned()) })
    }
}

/// Prints the RTMP and HTTP addresses, then answers each line on standard input with the payload bytes held, until
/// it is closed.
pub(crate) async fn run(count: usize, ended: bool, webrtc: bool) -> Result<()> {
    let streams = Arc::new(OnceCell::new());
    let config = EngineConfig::new(Arc::new(|_: &str| None));
    let clock = config.clock;
    let engine = Engine::start(config, Arc::new(OpenDoor(Arc::clone(&streams)))).await?;
    let opened: Vec<Stream> = (0..count)
        .map(|n| {
            let stream = engine.open_stream(StreamConfig {
                playback_id: format!("s{n}"),
                created_ms: clock.now_ms(),
                first_msn: 0,
                facts: PlaylistFacts {
                    target_duration_s: 0,
                    part_target_ms: 0,
                    discontinuities: 0,
                    next_epoch: 0,
                },
            });
            stream.set_webrtc(webrtc);
            if ended {
                stream.end();
            }
            stream
        })
        .collect();
    let held = opened.clone();
    streams.set(opened)?;
    println!("{} {}", engine.rtmp().address, engine.http().address);
    tokio::task::spawn_blocking(move || {
        let mut byte = [0_u8; 1];
        while std::io::stdin().read(&mut byte).is_ok_and(|count| count == 1) {
            println!("{}", held.iter().map(Stream::held_bytes).sum::<u64>());
        }
    })
    .await?;
    engine.shutdown().await;
    Ok(())
}
