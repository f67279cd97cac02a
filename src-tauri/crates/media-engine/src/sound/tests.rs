//! What goes in comes out, in time, whatever is lost or damaged between.

mod hostile;
mod loss;
mod round_trip;

use bytes::Bytes;
use media_formats::aac::AudioConfig;
use media_formats::flv::{self, AudioTag, FileTags, TagKind};

use super::aac::{AacDecoder, AacEncoder};
use super::opus::OpusDecoder;
use super::{AacUnit, OpusPacket, RATE_HZ, ToAac, ToOpus, packet};

/// A sound that can be told at any moment: a sweep from 150 to 5,000 Hz in two seconds, over and over, and twelve weak
/// tones up to 10 kHz that stand for noise. The right channel is another one.
pub(super) fn sound(seconds: f64, channel: usize) -> f32 {
    let tau = std::f64::consts::TAU;
    let at = (seconds + 0.7 * channel as f64).rem_euclid(2.0);
    let sweep = 0.4 * (tau * (150.0 * at + 4_850.0 / 4.0 * at * at)).sin();
    let noise: f64 = (1..=12)
        .map(|tone| {
            let hz = 833.0 * f64::from(tone) - 263.0 * (f64::from(tone * tone) * 0.37).fract();
            0.008 * (tau * (hz * seconds + f64::from(tone * tone) * 0.618 + channel as f64)).sin()
        })
        .sum();
    (sweep + noise) as f32
}

/// `seconds` of [`sound`], interleaved, ahead by as much as an AAC encoder is late: its first unit begins at 0.
fn sounds(rate_hz: u32, channels: usize, seconds: f64) -> Vec<f32> {
    let frames = (f64::from(rate_hz) * seconds) as usize;
    (0..frames * channels)
        .map(|index| sound((index / channels + 1_024) as f64 / f64::from(rate_hz), index % channels))
        .collect()
}

/// Units that an encoder makes of interleaved sound. What is heard of them is 1,024 samples late.
fn aac(sound: &[f32], rate_hz: u32, channels: usize) -> (AudioConfig, Vec<Bytes>) {
    let mut encoder = AacEncoder::new(rate_hz, channels).expect("an encoder");
    let mut units = Vec::new();
    encoder.encode(sound, |unit| units.push(unit)).expect("units");
    (AudioConfig::parse(encoder.asc()).expect("a configuration"), units)
}

pub(super) fn to_opus(config: &AudioConfig, first_dts: i64, units: &[Bytes]) -> Vec<OpusPacket> {
    let mut converter = ToOpus::new(config).expect("a converter");
    let mut packets = Vec::new();
    for (index, unit) in units.iter().enumerate() {
        converter.push(first_dts + index as i64 * i64::from(config.frame_samples()), unit, &mut packets);
    }
    assert_eq!(converter.damaged_units(), 0);
    packets
}

fn to_aac(channels: u8, packets: &[OpusPacket]) -> (AudioConfig, Vec<AacUnit>) {
    let mut converter = ToAac::new(channels).expect("a converter");
    let mut units = Vec::new();
    for packet in packets {
        converter.push(packet.at, &packet.payload, &mut units);
    }
    (converter.config(), units)
}

/// What a listener hears, one channel of it, by the time line: index 0 is tick 0.
fn heard(frames: impl Iterator<Item = (i64, Vec<f32>)>, channels: usize, channel: usize) -> Vec<f32> {
    let mut heard = Vec::new();
    for (at, sound) in frames {
        for (index, sample) in sound.iter().skip(channel).step_by(channels).enumerate() {
            if let Ok(tick) = usize::try_from(at + index as i64) {
                heard.resize(heard.len().max(tick + 1), 0.0);
                heard[tick] = *sample;
            }
        }
    }
    heard
}

pub(super) fn hear_opus(packets: &[OpusPacket], channels: usize, channel: usize) -> Vec<f32> {
    let mut decoder = OpusDecoder::new(channels).expect("a decoder");
    let frames = packets.iter().map(|OpusPacket { at, payload }| {
        let samples = packet::samples(payload).expect("a packet");
        (*at, decoder.decode(payload, samples).expect("sound").to_vec())
    });
    heard(frames, channels, channel)
}

fn hear_aac(config: &AudioConfig, units: &[AacUnit], channels: usize, channel: usize) -> Vec<f32> {
    let mut decoder = AacDecoder::new(config, channels).expect("a decoder");
    let frames = units.iter().map(|unit| {
        let mut sound = Vec::new();
        decoder.decode(&unit.payload, &mut sound).expect("sound");
        (unit.at, sound)
    });
    heard(frames, channels, channel)
}

/// [`sound`] by the time line, one channel of it.
pub(super) fn wanted(channel: usize, ticks: usize) -> Vec<f32> {
    (0..ticks).map(|tick| sound(tick as f64 / f64::from(RATE_HZ), channel)).collect()
}

/// By how many ticks `heard` is late, searched within 5 ms around tick 24,000.
pub(super) fn lag(heard: &[f32], wanted: &[f32]) -> i64 {
    let likeness = |lag: &i64| -> f32 {
        let wanted = &wanted[(24_000 - lag) as usize..];
        wanted.iter().zip(&heard[24_000..]).take(4_800).map(|(wanted, heard)| wanted * heard).sum()
    };
    (-240..=240).max_by(|a, b| likeness(a).total_cmp(&likeness(b))).expect("one")
}

/// Signal to noise in decibels, but for the ends.
fn snr_db(heard: &[f32], wanted: &[f32]) -> f32 {
    let (mut signal, mut noise) = (0.0, 0.0);
    for (heard, wanted) in heard.iter().zip(wanted).take(heard.len() - 2_400).skip(4_800) {
        signal += wanted * wanted;
        noise += (wanted - heard).powi(2);
    }
    10.0 * (signal / noise).log10()
}

/// The sound of the demo clip.
fn clip() -> (AudioConfig, Vec<Bytes>) {
    let file = Bytes::from_static(include_bytes!("../../assets/demo.flv"));
    let (mut config, mut units) = (None, Vec::new());
    for tag in FileTags::new(file).expect("a clip").filter(|tag| tag.kind == TagKind::Audio) {
        match flv::parse_audio(tag.payload) {
            Ok(AudioTag::SequenceHeader(asc)) => config = Some(AudioConfig::parse(asc).expect("AAC")),
            Ok(AudioTag::Frame(unit)) => units.push(unit),
            _ => {} // the end of the sequence
        }
    }
    (config.expect("a header"), units)
}
