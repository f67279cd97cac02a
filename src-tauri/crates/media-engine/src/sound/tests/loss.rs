use super::*;

/// A sound without a seam, in units whose first begins at 0.
fn stereo(rate_hz: u32, seconds: f64) -> (AudioConfig, Vec<Bytes>) {
    aac(&sounds(rate_hz, 2, seconds), rate_hz, 2)
}

fn times(packets: &[OpusPacket]) -> Vec<i64> {
    packets.iter().map(|packet| packet.at).collect()
}

#[test]
fn a_damaged_unit_is_silence_of_its_length() {
    for rate_hz in [48_000, 44_100] {
        let (config, units) = stereo(rate_hz, 0.6);
        let mut converter = ToOpus::new(&config).expect("a converter");
        let (mut packets, damaged) = (Vec::new(), [0xff; 90]);
        for (index, unit) in units.iter().enumerate() {
            let unit = if index == 10 { &damaged[..] } else { unit };
            converter.push(index as i64 * 1_024, unit, &mut packets);
        }
        assert_eq!(converter.damaged_units(), 1);
        assert_eq!(times(&packets), times(&to_opus(&config, 0, &units)));
        let heard = hear_opus(&packets, 2, 0);
        let middle = 21 * 512 * 48_000 / rate_hz as usize;
        assert!(heard[middle - 100..middle + 100].iter().all(|sample| sample.abs() < 0.05), "silence");
        assert!(heard[middle + 4_000..].iter().any(|sample| sample.abs() > 0.2), "and sound again");
        for empty in [&[][..], &[0; 70_000]] {
            converter.push(units.len() as i64 * 1_024, empty, &mut packets);
        }
        assert_eq!(converter.damaged_units(), 3);
    }
}

#[test]
fn small_steps_are_made_up_for_and_great_ones_begin_anew() {
    let (config, units) = stereo(44_100, 1.0);
    let whole = hear_opus(&to_opus(&config, 0, &units), 2, 0);
    for step in [-1_400_i64, -300, 300, 1_024, 1_500, 2_000, 44_100, -20_000] {
        let mut converter = ToOpus::new(&config).expect("a converter");
        let mut packets = Vec::new();
        for (index, unit) in units.iter().enumerate() {
            let dts = 100_000 + index as i64 * 1_024 + if index < 20 { 0 } else { step };
            converter.push(dts, unit, &mut packets);
        }
        let seamless = packets.windows(2).all(|pair| pair[1].at - pair[0].at == 960);
        assert_eq!(seamless, step.abs() <= 1_536, "{step}");
        // Behind the step everything is heard where its unit says.
        let (first, shift) = (100_000 * 160 / 147, step * 160 / 147);
        let last: Vec<_> = packets.split_off(packets.len() - 12);
        let mut decoder = OpusDecoder::new(2).expect("a decoder");
        let mut sound = Vec::new();
        for packet in &last {
            sound.extend_from_slice(decoder.decode(&packet.payload, 960).expect("sound"));
        }
        let left: Vec<f32> = sound.iter().step_by(2).copied().collect();
        let at = (last[0].at - first - shift) as usize;
        let likeness = |lag: i64| -> f32 {
            let before = &whole[(at as i64 + 2_000 + lag) as usize..];
            left[2_000..8_000].iter().zip(before).map(|(after, before)| after * before).sum()
        };
        let lag = (-150..=150).max_by(|a, b| likeness(*a).total_cmp(&likeness(*b))).expect("one");
        assert!(lag.abs() <= 2, "after a step of {step}, {lag} ticks early");
    }
}

#[test]
fn times_rounded_to_milliseconds_do_not_disturb_the_count() {
    let (config, units) = stereo(44_100, 1.0);
    let mut converter = ToOpus::new(&config).expect("a converter");
    let mut packets = Vec::new();
    for (index, unit) in units.iter().enumerate() {
        let ms = index as i64 * 1_024 * 1_000 / 44_100;
        converter.push(ms * 44_100 / 1_000, unit, &mut packets);
    }
    assert_eq!(packets, to_opus(&config, 0, &units));
}

#[test]
fn times_at_the_ends_of_their_range_are_safe() {
    let (config, units) = stereo(48_000, 0.1);
    let packets = to_opus(&config, 0, &units);
    let mut to_opus = ToOpus::new(&config).expect("a converter");
    let mut to_aac = ToAac::new(2).expect("a converter");
    for at in [i64::MIN, i64::MAX, 0, i64::MAX - 10, i64::MAX, i64::MIN + 5, i64::MIN] {
        to_opus.push(at, &units[1], &mut Vec::new());
        to_opus.push(at, &units[2], &mut Vec::new());
        to_aac.push(at, &packets[1].payload, &mut Vec::new());
        to_aac.push(at, &packets[2].payload, &mut Vec::new());
    }
}

#[test]
fn lost_packets_are_concealed() {
    let (config, units) = stereo(48_000, 1.4);
    let packets = to_opus(&config, 0, &units);
    let (_, whole) = to_aac(2, &packets);
    for lost in [20..21, 20..23, 10..50] {
        let mut converter = ToAac::new(2).expect("a converter");
        let mut units = Vec::new();
        for (index, packet) in packets.iter().enumerate().filter(|(index, _)| !lost.contains(index)) {
            // A packet that is damaged, late or repeated makes no difference.
            converter.push(packet.at, &[0xff; 3], &mut units);
            converter.push(packet.at, &packet.payload, &mut units);
            converter.push(packet.at, &packet.payload, &mut units);
            converter.push(packet.at - 9_600, &packets[index / 2].payload, &mut units);
        }
        assert_eq!(converter.concealed_ms(), lost.len() as u64 * 20);
        let times = |units: &[AacUnit]| units.iter().map(|unit| unit.at).collect::<Vec<_>>();
        assert_eq!(times(&units), times(&whole), "{lost:?}");
        let (config, after) = (converter.config(), lost.end * 960 + 4_800);
        let (heard, wanted) = (hear_aac(&config, &units, 2, 0), hear_aac(&config, &whole, 2, 0));
        let snr_db = snr_db(&heard[after..], &wanted[after..]);
        assert!(snr_db > 20.0, "{lost:?}: {snr_db:.1} dB after the hole");
    }
}

#[test]
fn a_long_hole_and_a_step_back_begin_anew() {
    let (config, units) = stereo(48_000, 0.4);
    let packets = to_opus(&config, 0, &units);
    let mut converter = ToAac::new(2).expect("a converter");
    let mut units = Vec::new();
    for step in [0, 80_000, -400_000] {
        units.clear();
        for packet in &packets {
            converter.push(packet.at + step, &packet.payload, &mut units);
        }
        let first_at = packets[0].at + step - 1_024;
        assert!(units.iter().map(|unit| unit.at).eq((first_at..).step_by(1_024).take(units.len())), "{step}");
        assert!(units.len() >= packets.len() * 960 / 1_024 - 1);
    }
    assert_eq!(converter.concealed_ms(), 0);
}

/// Overlapping packets: what was heard already is left out, so that nothing moves.
#[test]
fn an_overlap_is_left_out() {
    let (config, units) = stereo(48_000, 0.4);
    let packets = to_opus(&config, 0, &units);
    let mut converter = ToAac::new(1).expect("a converter");
    let mut units = Vec::new();
    converter.push(0, &packets[0].payload, &mut units);
    for packet in &packets[1..9] {
        converter.push(packet.at - packets[0].at - 480, &packet.payload, &mut units);
    }
    assert_eq!(converter.concealed_ms(), 0);
    let until = 9 * 960 - 480;
    assert_eq!(units.len(), until / 1_024);
    assert_eq!(units[0].at, -1_024);
}
