//! What viewers see and hear, as people would: when the demo camera's square lights up, and when it beeps.

use std::process::Stdio;

use opus_rs::OpusDecoder;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::wait::{PATIENCE, within};
use crate::webrtc::reception::Unit;

const SAMPLE_RATE_HZ: u32 = 48_000;
/// The longest Opus packet, 120 ms.
const MAX_SAMPLES: usize = 5_760;

/// Things seen.
pub struct Sight;

impl Sight {
    /// RTP times of the frames in which the demo's square turns white. The first unit must be a keyframe.
    ///
    /// # Panics
    /// When ffmpeg cannot decode them all.
    pub async fn flashes(units: &[Unit]) -> Vec<u64> {
        let mut process = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-f", "h264", "-i", "-"])
            // Within the square: 32 pixels wide, from 1184, 120 on.
            .args(["-vf", "crop=16:16:1192:128,scale=1:1,format=gray", "-fps_mode", "passthrough"])
            .args(["-f", "rawvideo", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("ffmpeg can be started");
        let mut input = process.stdin.take().expect("its standard input is ours");
        let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.bytes.iter().copied()).collect();
        let writing = async move {
            input.write_all(&bytes).await.expect("ffmpeg reads");
            drop(input);
        };
        let decoding = async { tokio::join!(writing, process.wait_with_output()).1 };
        let output = within(PATIENCE, "pictures to be decoded", decoding).await.expect("ffmpeg runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "the picture cannot be decoded: {said}");
        assert_eq!(output.stdout.len(), units.len(), "a picture for each frame");
        let white = |brightness: u8| brightness > 200;
        let lights_up = |number: &usize| white(output.stdout[*number]) && !white(output.stdout[*number - 1]);
        (1..units.len()).filter(lights_up).map(|number| units[number].rtp_time).collect()
    }
}

/// Things heard.
pub struct Sound;

impl Sound {
    /// RTP times at which the demo's beep (1 kHz) begins.
    ///
    /// # Panics
    /// When a packet cannot be decoded.
    pub fn beeps(units: &[Unit]) -> Vec<u64> {
        let (times, samples) = Self::decode(units);
        // Whole turns of 1 kHz, and short beside the beep.
        let window = SAMPLE_RATE_HZ as usize / 1_000 * 4;
        let step = SAMPLE_RATE_HZ as usize / 1_000;
        let mut beeps = Vec::new();
        let mut silent_steps = 0;
        for start in (0..samples.len().saturating_sub(window)).step_by(step) {
            if amplitude_at_1_khz(&samples[start..start + window]) < 0.05 {
                silent_steps += 1;
                continue;
            }
            // It crosses half of its loudness when half of the window is in it.
            if silent_steps > 100 {
                beeps.push(times[start + window / 2]);
            }
            silent_steps = 0;
        }
        beeps
    }

    /// Root mean square of everything.
    ///
    /// # Panics
    /// When a packet cannot be decoded.
    pub fn loudness(units: &[Unit]) -> f32 {
        let (_, samples) = Self::decode(units);
        (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32).sqrt()
    }

    /// The RTP time of each sample, and the sample (mono).
    fn decode(units: &[Unit]) -> (Vec<u64>, Vec<f32>) {
        let mut decoder = OpusDecoder::new(SAMPLE_RATE_HZ as i32, 1).expect("a rate and channels of Opus");
        let (mut times, mut samples) = (Vec::new(), Vec::new());
        let mut packet = vec![0.0; MAX_SAMPLES];
        for unit in units {
            let count =
                decoder.decode(&unit.bytes, MAX_SAMPLES, &mut packet).expect("an Opus packet can be decoded");
            times.extend((0..count as u64).map(|n| unit.rtp_time + n));
            samples.extend_from_slice(&packet[..count]);
        }
        (times, samples)
    }
}

/// Goertzel's filter for one frequency.
fn amplitude_at_1_khz(samples: &[f32]) -> f32 {
    let coefficient = 2.0 * (std::f32::consts::TAU * 1_000.0 / SAMPLE_RATE_HZ as f32).cos();
    let (last, before) = samples
        .iter()
        .fold((0.0, 0.0), |(last, before), sample| (sample + coefficient * last - before, last));
    let power = last * last + before * before - coefficient * last * before;
    2.0 * power.max(0.0).sqrt() / samples.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_of_1_khz_is_told_from_others() {
        let tone = |hz: f32| -> Vec<f32> {
            let sample = |n: u16| 0.1 * (f32::from(n) * hz * std::f32::consts::TAU / 48_000.0).sin();
            (0..192).map(sample).collect()
        };
        assert!((amplitude_at_1_khz(&tone(1_000.0)) - 0.1).abs() < 0.005);
        assert!(amplitude_at_1_khz(&tone(250.0)) < 0.03);
    }
}
