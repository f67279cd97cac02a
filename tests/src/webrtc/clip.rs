//! What publishers send: a moving test picture in H.264, and a tone in Opus.

use std::process::Stdio;
use std::sync::Arc;

use opus_rs::{Application, OpusEncoder};
use tokio::process::Command;

use crate::wait::{PATIENCE, within};
use crate::webrtc::rtp;

/// Type of the NAL unit each access unit begins with here (ITU-T H.264 s7.4.1.2.3).
const ACCESS_UNIT_DELIMITER: u8 = 9;
/// Samples of an Opus packet at 48 kHz: 20 ms.
pub(super) const PACKET_SAMPLES: u32 = 960;
const SAMPLE_RATE_HZ: u32 = 48_000;

/// Some seconds of it; played over and over. Cheap to clone.
#[derive(Clone)]
pub struct Clip {
    /// Access units.
    pub(super) pictures: Arc<[Picture]>,
    /// Opus packets of 20 ms.
    pub(super) sounds: Arc<[Arc<[u8]>]>,
    /// Frames a second.
    pub(super) fps: u32,
}

/// An access unit.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Its NAL units (Annex B).
    pub bytes: Arc<[u8]>,
    /// Decoders can begin with it.
    pub key: bool,
}

impl Clip {
    /// Encodes three seconds of this size, constrained baseline at 30 frames a second, a keyframe each second.
    ///
    /// # Panics
    /// When ffmpeg cannot.
    pub async fn make(size: &str) -> Self {
        let fps = 30;
        let source = format!("testsrc2=size={size}:rate={fps}:duration=3");
        let encoder = "-c:v libx264 -preset ultrafast -profile:v baseline -pix_fmt yuv420p -threads 1 -g 30 -b:v 600k \
                       -sc_threshold 0 -x264-params aud=1:repeat-headers=1 -f h264 -";
        let running = Command::new("ffmpeg")
            .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", &source])
            .args(encoder.split_whitespace())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = within(PATIENCE, "a clip to be encoded", running).await.expect("ffmpeg can be started");
        assert!(output.status.success(), "no clip: {}", String::from_utf8_lossy(&output.stderr));
        Self { pictures: pictures(&output.stdout).into(), sounds: tone().into(), fps }
    }

    /// The access units, for who wants to send them in another way.
    pub fn pictures(&self) -> &[Picture] {
        &self.pictures
    }
}

/// Splits a stream at its access unit delimiters.
fn pictures(stream: &[u8]) -> Vec<Picture> {
    let mut pictures: Vec<Picture> = Vec::new();
    let mut unit = Vec::new();
    let mut key = false;
    let mut close = |unit: &mut Vec<u8>, key: &mut bool| {
        if !unit.is_empty() {
            pictures.push(Picture { bytes: std::mem::take(unit).into(), key: std::mem::take(key) });
        }
    };
    for nal in rtp::nals(stream) {
        if rtp::kind(nal) == ACCESS_UNIT_DELIMITER {
            close(&mut unit, &mut key);
            continue;
        }
        key |= rtp::kind(nal) == rtp::IDR;
        unit.extend_from_slice(&[0, 0, 0, 1]);
        unit.extend_from_slice(nal);
    }
    close(&mut unit, &mut key);
    pictures
}

/// A second of 440 Hz: whole turns, so that it loops without a click.
fn tone() -> Vec<Arc<[u8]>> {
    let mut encoder =
        OpusEncoder::new(SAMPLE_RATE_HZ as i32, 1, Application::Audio).expect("a rate and channels of Opus");
    let packet = |number: u32| {
        let sample = |n: u32| {
            let turns = f64::from(number * PACKET_SAMPLES + n) * 440.0 / f64::from(SAMPLE_RATE_HZ);
            0.25 * (turns * std::f64::consts::TAU).sin() as f32
        };
        let samples: Vec<f32> = (0..PACKET_SAMPLES).map(sample).collect();
        let mut bytes = [0; 1_500];
        let len =
            encoder.encode(&samples, PACKET_SAMPLES as usize, &mut bytes).expect("a tone can be encoded");
        Arc::from(&bytes[..len])
    };
    (0..SAMPLE_RATE_HZ / PACKET_SAMPLES).map(packet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_clip_begins_with_a_keyframe_and_has_one_each_second() {
        let clip = Clip::make("320x180").await;
        let keys: Vec<usize> = (0..clip.pictures.len()).filter(|number| clip.pictures[*number].key).collect();
        assert_eq!((clip.pictures.len(), keys), (90, vec![0, 30, 60]));
        assert_eq!(clip.sounds.len(), 50);
        assert!(clip.sounds.iter().all(|packet| packet.len() > 10), "a tone is more than silence");
    }
}
