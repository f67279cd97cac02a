//! The camera of virtual glasses: ffmpeg, which pushes by real RTMP and says when the far side has taken it.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// What an encoder came to.
#[derive(Debug)]
pub(super) enum Turn {
    /// Pictures go out.
    Streams,
    /// It ended, with these last words.
    Ended(String),
}

/// A running encoder; killed when dropped.
pub(super) struct Encoder {
    process: Child,
    progress: Lines<BufReader<ChildStdout>>,
    streams: bool,
}

impl Encoder {
    /// Begins to push a moving picture and a tone.
    pub(super) fn start(url: &str) -> Self {
        let arguments = "-nostdin -hide_banner -loglevel error -progress pipe:1 -stats_period 0.1 \
                         -re -f lavfi -i testsrc2=size=320x180:rate=15 \
                         -re -f lavfi -i sine=frequency=440:sample_rate=44100 \
                         -c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -threads 1 \
                         -sc_threshold 0 -b:v 300k -g 15 -c:a aac -b:a 64k -ac 1 \
                         -flvflags no_duration_filesize -f flv";
        let mut process = Command::new("ffmpeg")
            .args(arguments.split_whitespace())
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("ffmpeg can be started");
        let progress = BufReader::new(process.stdout.take().expect("its progress is ours")).lines();
        Self { process, progress, streams: false }
    }

    /// The next turn. May be left and asked again.
    pub(super) async fn turn(&mut self) -> Turn {
        while let Ok(Some(line)) = self.progress.next_line().await {
            // The connection is made before the first frame is encoded.
            let frames = line.strip_prefix("frame=").and_then(|count| count.trim().parse::<u64>().ok());
            if !self.streams && frames.is_some_and(|frames| frames > 0) {
                self.streams = true;
                return Turn::Streams;
            }
        }
        let mut words = String::new();
        if let Some(mut stderr) = self.process.stderr.take() {
            // Words that cannot be read are none.
            let _ = stderr.read_to_string(&mut words).await;
        }
        // Its state matters to nobody.
        let _ = self.process.wait().await;
        Turn::Ended(words.lines().last().unwrap_or("connection lost").to_owned())
    }

    /// Sends it a signal, such as `-STOP`.
    #[cfg(unix)]
    pub(super) async fn signal(&self, signal: &str) {
        let Some(pid) = self.process.id() else { return };
        let status = Command::new("kill").args([signal, &pid.to_string()]).status().await;
        assert!(status.is_ok_and(|status| status.success()), "{signal} could not be sent to the encoder");
    }
}
