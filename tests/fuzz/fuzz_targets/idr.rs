//! Rewriting of IDR pictures: a configuration and an access unit, both from the input. No input panics, and what is
//! rewritten says the new number and can be rewritten again.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use media_formats::h264::{VideoConfig, idr_pic_id, with_idr_pic_id};

fuzz_target!(|data: &[u8]| {
    let Some((&[config_bytes, id_high, id_low], rest)) = data.split_first_chunk() else { return };
    let Some((avcc, access_unit)) = rest.split_at_checked(usize::from(config_bytes)) else { return };
    let Ok(config) = VideoConfig::parse(Bytes::copy_from_slice(avcc)) else { return };
    let id = u32::from(u16::from_be_bytes([id_high, id_low]));
    let Some(once) = with_idr_pic_id(access_unit, &config, id) else { return };
    assert_eq!(idr_pic_id(&once, &config), Some(id));
    assert_eq!(with_idr_pic_id(&once, &config, id), Some(once));
});
