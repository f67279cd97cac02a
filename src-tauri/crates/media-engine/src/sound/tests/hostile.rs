use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

/// Real packets, mono and stereo.
static PACKETS: LazyLock<[Vec<Bytes>; 2]> = LazyLock::new(|| {
    [0, 2].map(|shape| {
        let (config, units) = &UNITS[shape];
        to_opus(config, 0, units).into_iter().map(|packet| packet.payload).collect()
    })
});

/// Real units: mono and stereo, at 48 and at 44.1 kHz.
static UNITS: LazyLock<[(AudioConfig, Vec<Bytes>); 4]> = LazyLock::new(|| {
    [(48_000, 1), (44_100, 1), (48_000, 2), (44_100, 2)]
        .map(|(rate_hz, channels)| aac(&sounds(rate_hz, channels, 0.2), rate_hz, channels))
});

/// How bytes are spoilt.
#[derive(Debug, Clone)]
enum Spoil {
    Not,
    Bits(Vec<(usize, u8)>),
    Cut(usize),
    Grow(Vec<u8>),
    Replace(Vec<u8>),
    /// Another first byte: another mode, length or channel count for the same bits.
    First(u8),
}

fn spoil() -> impl Strategy<Value = Spoil> {
    let bytes = |most| prop::collection::vec(any::<u8>(), 0..most);
    prop_oneof![
        2 => Just(Spoil::Not),
        3 => prop::collection::vec((any::<usize>(), 1_u8..), 1..20).prop_map(Spoil::Bits),
        1 => any::<usize>().prop_map(Spoil::Cut),
        1 => bytes(300).prop_map(Spoil::Grow),
        2 => bytes(400).prop_map(Spoil::Replace),
        3 => any::<u8>().prop_map(Spoil::First),
    ]
}

fn spoilt(bytes: &[u8], spoil: Spoil) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    match spoil {
        Spoil::Not => {}
        Spoil::Bits(flips) => {
            for (at, mask) in flips {
                let at = at % bytes.len();
                bytes[at] ^= mask;
            }
        }
        Spoil::Cut(at) => bytes.truncate(at % bytes.len()),
        Spoil::Grow(tail) => bytes.extend(tail),
        Spoil::Replace(other) => bytes = other,
        Spoil::First(first) => bytes[0] = first,
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn any_opus_is_safe(
        (channels, mono) in (1_u8..=2, any::<bool>()),
        sent in prop::collection::vec((any::<prop::sample::Index>(), spoil(), -500_i64..3_000), 1..12),
    ) {
        let real = &PACKETS[usize::from(!mono)];
        let mut converter = ToAac::new(channels).expect("a converter");
        let (mut at, mut units, mut longest) = (0_i64, Vec::new(), 0);
        for (index, spoil, off) in sent {
            let packet = spoilt(&real[index.index(real.len())], spoil);
            at += 960 + if off > 1_000 { off } else { 0 };
            longest = longest.max(at + 5_760);
            converter.push(at, &packet, &mut units);
        }
        prop_assert!(units.len() as i64 <= longest / 1_024 + 1);
        let mut decoder = AacDecoder::new(&converter.config(), usize::from(channels)).expect("a decoder");
        for unit in &units {
            prop_assert!(decoder.decode(&unit.payload, &mut Vec::new()).is_ok());
        }
    }

    #[test]
    fn any_aac_is_safe(
        shape in 0_usize..4,
        sent in prop::collection::vec((any::<prop::sample::Index>(), spoil()), 1..12),
    ) {
        let (config, real) = &UNITS[shape];
        let mut converter = ToOpus::new(config).expect("a converter");
        let mut packets = Vec::new();
        let count = sent.len() as i64;
        for (number, (index, spoil)) in (0..).zip(sent) {
            converter.push(number * 1_024, &spoilt(&real[index.index(real.len())], spoil), &mut packets);
        }
        prop_assert!(packets.len() as i64 <= count * 1_024 * 48_000 / i64::from(config.sample_rate_hz) / 960 + 1);
    }

    #[test]
    fn any_configuration_is_safe(
        asc in prop::collection::vec(any::<u8>(), 2..12),
        object_type in prop::sample::select(vec![1_u8, 2, 4, 5, 29]),
        unit in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut asc = asc;
        asc[0] = object_type << 3 | asc[0] & 7;
        if let Ok(config) = AudioConfig::parse(Bytes::from(asc)) && let Ok(mut converter) = ToOpus::new(&config) {
            for dts in 0..3 {
                converter.push(dts * 1_024, &unit, &mut Vec::new());
            }
        }
    }
}

/// In a debug build the codecs are many times as slow.
const CASES: u32 = if cfg!(debug_assertions) { 24 } else { 5_000 };
