use super::super::SoundError;
use super::super::resample::Resampler;
use super::*;

const SHAPES: [(u32, usize); 4] = [(48_000, 2), (48_000, 1), (44_100, 2), (44_100, 1)];

/// The gate that keeps a codec's release from spoiling the sound.
#[test]
fn sound_survives_both_conversions_and_keeps_its_time() {
    for (rate_hz, channels) in SHAPES {
        // Measured: 27.7 and 16.2. Both channels together have half as much again of one channel's bits.
        let gate_db = if channels == 1 { 25.0 } else { 14.5 };
        let (config, units) = aac(&sounds(rate_hz, channels, 1.5), rate_hz, channels);
        let packets = to_opus(&config, 0, &units);
        assert!(packets.windows(2).all(|pair| pair[1].at - pair[0].at == 960));
        let (config, units) = to_aac(channels as u8, &packets);
        assert!(units.windows(2).all(|pair| pair[1].at - pair[0].at == 1_024));
        for channel in 0..channels {
            let wanted = wanted(channel, 72_000);
            let by_opus = hear_opus(&packets, channels, channel);
            let by_aac = hear_aac(&config, &units, channels, channel);
            for (way, heard) in [("Opus", by_opus), ("AAC", by_aac)] {
                let shape = format!("{rate_hz} Hz, channel {channel} of {channels}, {way}");
                let (snr_db, lag) = (snr_db(&heard, &wanted), lag(&heard, &wanted));
                assert!(snr_db > gate_db, "{shape}: {snr_db:.1} dB");
                assert!(lag.abs() <= 1, "{shape}: {lag} ticks late");
            }
        }
    }
}

/// A click's place is where it was, to the millisecond, at every rate that encoders use.
#[test]
fn a_click_is_heard_when_it_was_made() {
    for rate_hz in [48_000, 44_100, 32_000, 24_000, 22_050, 16_000] {
        let mut samples = vec![0.0; rate_hz as usize];
        let clicked = rate_hz as usize / 2;
        for (index, sample) in samples[clicked..clicked + 30].iter_mut().enumerate() {
            *sample = if index % 4 < 2 { 0.9 } else { -0.9 };
        }
        let (config, units) = aac(&samples, rate_hz, 1);
        let packets = to_opus(&config, -1_024, &units);
        let (config, units) = to_aac(1, &packets);
        for heard in [hear_opus(&packets, 1, 0), hear_aac(&config, &units, 1, 0)] {
            let loudest = heard.iter().map(|sample| sample.abs()).fold(0.0, f32::max);
            let onset = heard.iter().position(|sample| sample.abs() > loudest / 2.0).expect("a click");
            assert!((onset as i64 - 24_000).abs() < 48, "{rate_hz} Hz: {onset}");
        }
    }
}

#[test]
fn the_demo_clip_is_converted_without_damage() {
    let (config, units) = clip();
    let channels = if config.channels == 1 { 1 } else { 2 };
    let packets = to_opus(&config, 0, &units);
    assert!((397..=400).contains(&packets.len()), "{} packets of 8 s", packets.len());
    let bytes: usize = packets.iter().map(|packet| packet.payload.len()).sum();
    assert!((90_000..102_000).contains(&bytes), "{bytes} bytes are not 96 kb/s");
    let units: Vec<_> =
        (0..).step_by(1_024).zip(units).map(|(at, payload)| AacUnit { at, payload }).collect();
    let heard_before = hear_aac(&config, &units, channels, 0);
    let heard = hear_opus(&packets, channels, 0);
    let (mut signal, mut noise) = (0.0, 0.0);
    for (before, after) in heard_before.iter().zip(&heard).skip(4_800).take(350_000) {
        signal += f64::from(before * before);
        noise += f64::from((before - after).powi(2));
    }
    let snr_db = 10.0 * (signal / noise).log10();
    assert!(snr_db > 22.0, "{snr_db:.1} dB");
}

/// At no time more is missing than a block, and that does not grow: ten minutes would give what one gives.
#[test]
fn resampling_keeps_pace() {
    let mut resampler = Resampler::new(44_100, 1).expect("a resampler");
    let (unit, mut out) = ([0.0; 1_024], Vec::new());
    let (mut taken, mut given) = (0_u64, 0_u64);
    for _ in 0..60 * 44_100 / 1_024 {
        resampler.push(&unit, &mut out);
        (taken, given) = (taken + 1_024, given + out.len() as u64);
        out.clear();
        let behind = taken * 160 / 147 - given;
        assert!(behind <= 960 + 320, "{behind} samples behind");
    }
}

#[test]
fn what_cannot_be_converted_is_refused_in_words() {
    assert_eq!(Resampler::new(37_801, 1).err(), Some(SoundError::UnsupportedRate(37_801)));
    for rate_hz in [96_000, 88_200, 64_000, 32_000, 22_050, 12_000, 11_025, 8_000, 7_350, 37_800] {
        assert!(Resampler::new(rate_hz, 2).is_ok(), "{rate_hz} Hz");
    }
    let short_frames = AudioConfig::parse(Bytes::from_static(&[0x2b, 0x11, 0x8a, 0x00]));
    let refusal = ToOpus::new(&short_frames.expect("a configuration")).err().expect("refused");
    assert_eq!(
        refusal.to_string(),
        "this kind of AAC sound cannot be decoded here: HE-AAC with short frames"
    );
    assert!(matches!(ToAac::new(0).err(), Some(SoundError::Encoder { .. })));
    assert!(matches!(ToAac::new(3).err(), Some(SoundError::Encoder { .. })));
}

#[test]
#[ignore = "a measurement: run it in release, alone"]
fn share_of_a_core() {
    let (config, units) = aac(&sounds(48_000, 2, 60.0), 48_000, 2);
    let start = std::time::Instant::now();
    let packets = to_opus(&config, -1_024, &units);
    println!("AAC to Opus: {:.2} % of a core", start.elapsed().as_secs_f64() / 0.6);
    let start = std::time::Instant::now();
    to_aac(2, &packets);
    println!("Opus to AAC: {:.2} % of a core", start.elapsed().as_secs_f64() / 0.6);
    let (config, units) = aac(&sounds(44_100, 2, 60.0), 44_100, 2);
    let start = std::time::Instant::now();
    to_opus(&config, -1_024, &units);
    println!("AAC at 44.1 kHz to Opus: {:.2} % of a core", start.elapsed().as_secs_f64() / 0.6);
}
