//! H.264 sequence parameter sets: no input panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media_formats::h264::Sps;

fuzz_target!(|data: &[u8]| {
    let _ = Sps::parse(data);
});
