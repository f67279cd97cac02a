//! AudioSpecificConfig: no input panics.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use media_formats::aac::AudioConfig;

fuzz_target!(|data: &[u8]| {
    let _ = AudioConfig::parse(Bytes::copy_from_slice(data));
});
