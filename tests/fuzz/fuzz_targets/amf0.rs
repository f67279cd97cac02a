//! AMF0 values: no input panics, and what decodes encodes to something that decodes to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media_formats::amf0;

fuzz_target!(|data: &[u8]| {
    for value in amf0::decode_all(data) {
        let mut encoded = Vec::new();
        value.encode(&mut encoded);
        let mut again = Vec::new();
        amf0::decode(&encoded).expect("our own encoding decodes").0.encode(&mut again);
        // Bytes are compared, not values: NaN is not equal to itself.
        assert_eq!(encoded, again);
    }
});
