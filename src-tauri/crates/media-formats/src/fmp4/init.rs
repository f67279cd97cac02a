//! Init segments. The only place that knows `mp4-atom`.

use bytes::Bytes;
use mp4_atom::esds::{DecoderConfig, DecoderSpecific, EsDescriptor, SLConfig};
use mp4_atom::{
    Audio, Avc1, Avcc, AvccExt, Codec, Dinf, Dref, Encode, Esds, Ftyp, Hdlr, Mdhd, Mp4a, Mvhd, Pasp, Result,
    Smhd, Stbl, Stco, Stsd, Tkhd, Trex, Url, Visual, Vmhd,
};

use super::track_id;
use crate::aac::AudioConfig;
use crate::h264::VideoConfig;
use crate::unit::{TrackKind, VIDEO_TIMESCALE_HZ};

/// The init segment of a video track: `ftyp` and `moov`, track 1, 90 kHz.
pub fn init_video(config: &VideoConfig) -> Bytes {
    let sps = &config.sps;
    // Both fit: a parsed SPS is at most 8192 on a side.
    let (width, height) = (sps.width as u16, sps.height as u16);
    let (ratio_x, ratio_y) = sps.sample_aspect_ratio;
    let entry = Avc1 {
        visual: Visual { data_reference_index: 1, width, height, ..Visual::default() },
        avcc: avcc(config),
        pasp: (ratio_x != ratio_y)
            .then_some(Pasp { h_spacing: u32::from(ratio_x), v_spacing: u32::from(ratio_y) }),
        ..Avc1::default()
    };
    let header = Tkhd { width: width.into(), height: height.into(), ..track_header(TrackKind::Video) };
    let handler = Hdlr { handler: b"vide".into(), name: "video".to_owned() };
    init_segment(header, VIDEO_TIMESCALE_HZ, handler, &Media::Video(Box::new(entry)))
}

/// The init segment of an audio track: `ftyp` and `moov`, track 2, in samples of the core coder's rate.
pub fn init_audio(config: &AudioConfig) -> Bytes {
    // The sample entry has 16 bits for the rate; higher ones are written as 0 and read from the AudioSpecificConfig.
    let sample_rate = u16::try_from(config.sample_rate_hz).unwrap_or(0);
    let entry = Mp4a {
        audio: Audio {
            data_reference_index: 1,
            channel_count: u16::from(config.channels),
            sample_size: 16,
            sample_rate: sample_rate.into(),
        },
        esds: esds(config),
        btrt: None,
        taic: None,
    };
    let header = Tkhd { volume: 1.into(), alternate_group: 1, ..track_header(TrackKind::Audio) };
    let handler = Hdlr { handler: b"soun".into(), name: "audio".to_owned() };
    init_segment(header, config.sample_rate_hz, handler, &Media::Audio(entry))
}

/// The decoder configuration, written anew from what was understood of it: the high profile extension is required in
/// MP4 (ISO 14496-15 s5.3.3.1.2), yet not every publisher sends it.
fn avcc(config: &VideoConfig) -> Avcc {
    let sps = &config.sps;
    Avcc {
        configuration_version: 1,
        avc_profile_indication: sps.profile_idc,
        profile_compatibility: sps.constraint_flags,
        avc_level_indication: sps.level_idc,
        length_size: config.nal_length_bytes,
        sequence_parameter_sets: config.sps_nals.iter().map(|nal| nal.to_vec()).collect(),
        picture_parameter_sets: config.pps_nals.iter().map(|nal| nal.to_vec()).collect(),
        ext: sps.has_sample_format().then(|| AvccExt {
            chroma_format: sps.chroma_format_idc,
            bit_depth_luma: sps.bit_depth_luma,
            bit_depth_chroma: sps.bit_depth_chroma,
            sequence_parameter_sets_ext: Vec::new(),
        }),
    }
}

fn esds(config: &AudioConfig) -> Esds {
    const AUDIO_ISO_14496_3: u8 = 0x40;
    const AUDIO_STREAM: u8 = 5;
    Esds {
        es_desc: EsDescriptor {
            es_id: 0, // within MP4 the track's id stands for it (ISO 14496-14 s3.1.2)
            dec_config: DecoderConfig {
                object_type_indication: AUDIO_ISO_14496_3,
                stream_type: AUDIO_STREAM,
                // The publisher's own configuration: browsers read object type and rate from it and nothing else.
                dec_specific: Some(DecoderSpecific {
                    raw: config.asc.to_vec(),
                    ..DecoderSpecific::default()
                }),
                ..DecoderConfig::default()
            },
            sl_config: SLConfig::default(),
            ..EsDescriptor::default()
        },
    }
}

fn track_header(track: TrackKind) -> Tkhd {
    Tkhd { track_id: track_id(track), enabled: true, in_movie: true, ..Tkhd::default() }
}

fn init_segment(header: Tkhd, timescale: u32, handler: Hdlr, media: &Media) -> Bytes {
    let mut bytes = Vec::with_capacity(1024);
    write_init_segment(&mut bytes, &header, timescale, &handler, media).expect(
        "boxes of values that were parsed into their ranges are written to memory, which cannot fail",
    );
    Bytes::from(bytes)
}

/// Containers are written here rather than by `mp4-atom`, for the order of their children: the crate puts `mvex`
/// before `trak` and `stbl` before `vmhd`, against the recommendation (ISO 14496-12 s6.3.4) and every other muxer.
fn write_init_segment(
    bytes: &mut Vec<u8>,
    header: &Tkhd,
    timescale: u32,
    handler: &Hdlr,
    media: &Media,
) -> Result<()> {
    let brands = vec![b"iso6".into(), b"mp41".into(), b"cmfc".into()];
    Ftyp { major_brand: b"iso6".into(), minor_version: 0, compatible_brands: brands }.encode(bytes)?;
    put_container(bytes, b"moov", |bytes| {
        Mvhd { timescale: 1000, rate: 1.into(), volume: 1.into(), next_track_id: 3, ..Mvhd::default() }
            .encode(bytes)?;
        put_container(bytes, b"trak", |bytes| {
            header.encode(bytes)?;
            put_container(bytes, b"mdia", |bytes| {
                Mdhd { timescale, language: "und".to_owned(), ..Mdhd::default() }.encode(bytes)?;
                handler.encode(bytes)?;
                put_container(bytes, b"minf", |bytes| media.encode(bytes))
            })
        })?;
        let defaults =
            Trex { track_id: header.track_id, default_sample_description_index: 1, ..Trex::default() };
        put_container(bytes, b"mvex", |bytes| defaults.encode(bytes))
    })
}

/// What a track's media information says: the kind of media and its sample entry.
enum Media {
    Video(Box<Avc1>),
    Audio(Mp4a),
}

impl Media {
    /// Media header, data reference, and sample tables without a sample: those are in the fragments.
    fn encode(&self, bytes: &mut Vec<u8>) -> Result<()> {
        let entry = match self {
            Self::Video(entry) => {
                Vmhd::default().encode(bytes)?;
                Codec::from((**entry).clone())
            }
            Self::Audio(entry) => {
                Smhd::default().encode(bytes)?;
                Codec::from(entry.clone())
            }
        };
        // An empty location says that the media is in this file.
        Dinf { dref: Dref { entries: vec![Url::default().into()] } }.encode(bytes)?;
        Stbl { stsd: Stsd { codecs: vec![entry] }, stco: Some(Stco::default()), ..Stbl::default() }
            .encode(bytes)
    }
}

fn put_container(
    bytes: &mut Vec<u8>,
    kind: &[u8; 4],
    content: impl FnOnce(&mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    let start = bytes.len();
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(kind);
    content(bytes)?;
    let size_bytes = (bytes.len() - start) as u32;
    bytes[start..start + 4].copy_from_slice(&size_bytes.to_be_bytes());
    Ok(())
}
