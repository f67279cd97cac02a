//! FLV: a file's tags, and every tag body as audio and as video.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use media_formats::flv;

fuzz_target!(|data: &[u8]| {
    let body = Bytes::copy_from_slice(data);
    let _ = flv::parse_audio(body.clone());
    let _ = flv::parse_video(body.clone());
    if let Ok(tags) = flv::FileTags::new(body) {
        for tag in tags {
            let _ = flv::parse_audio(tag.payload.clone());
            let _ = flv::parse_video(tag.payload);
        }
    }
});
