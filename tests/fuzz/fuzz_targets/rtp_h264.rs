//! Packets of an access unit: a configuration, a length and an access unit, all from the input. No input panics, and no
//! payload is empty or longer than it may be.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use media_formats::h264::VideoConfig;
use media_formats::rtp::packetize_h264;

fuzz_target!(|data: &[u8]| {
    let Some((&[config_bytes, flags, most], rest)) = data.split_first_chunk() else { return };
    let Some((avcc, access_unit)) = rest.split_at_checked(usize::from(config_bytes)) else { return };
    let Ok(config) = VideoConfig::parse(Bytes::copy_from_slice(avcc)) else { return };
    let most = usize::from(most) * 8;
    for payload in packetize_h264(access_unit, flags & 1 == 1, &config, most) {
        assert!((1..=most).contains(&payload.len()));
    }
});
