//! Names of the codecs FLV can carry, as encoders write them in their settings.

use super::FlvError;
use crate::unit::TrackKind;

/// A FourCC of Enhanced RTMP.
pub(super) type FourCc = [u8; 4];

pub(super) const FOURCC_AVC: FourCc = *b"avc1";
pub(super) const FOURCC_AAC: FourCc = *b"mp4a";

/// The refusal of a legacy video codec id (Annex E.4.3.1, and ids in the field that are not in it).
pub(super) fn unsupported_video_id(id: u8) -> FlvError {
    let name = match id {
        1 => "JPEG",
        2 => "Sorenson H.263",
        3 | 6 => "Screen Video",
        4 | 5 => "VP6",
        8 => "H.263",
        9 => "MPEG-4 Part 2",
        12 => "HEVC (H.265)",
        13 => "AV1",
        14 => "VP9",
        15 => "VP8",
        unknown => return unsupported(format!("an unknown video codec ({unknown})"), TrackKind::Video),
    };
    unsupported(name.to_owned(), TrackKind::Video)
}

/// The refusal of a legacy sound format (Annex E.4.2.1).
pub(super) fn unsupported_sound_format(format: u8) -> FlvError {
    let name = match format {
        0 | 3 => "uncompressed PCM audio",
        1 => "ADPCM",
        2 | 14 => "MP3",
        4..=6 => "Nellymoser",
        7 | 8 => "G.711",
        11 => "Speex",
        13 => "Opus",
        unknown => return unsupported(format!("an unknown audio codec ({unknown})"), TrackKind::Audio),
    };
    unsupported(name.to_owned(), TrackKind::Audio)
}

/// The refusal of a FourCC; one nobody knows is shown as it is, as far as it can be printed.
pub(super) fn unsupported_fourcc(fourcc: FourCc, kind: TrackKind) -> FlvError {
    let name = match &fourcc {
        b"hvc1" | b"hev1" => "HEVC (H.265)",
        b"vvc1" => "VVC (H.266)",
        b"av01" => "AV1",
        b"vp08" => "VP8",
        b"vp09" => "VP9",
        b"Opus" => "Opus",
        b"fLaC" => "FLAC",
        b"ac-3" => "AC-3 (Dolby Digital)",
        b"ec-3" => "E-AC-3 (Dolby Digital Plus)",
        b".mp3" => "MP3",
        _ => {
            let letters: String = fourcc
                .iter()
                .map(|&byte| if byte.is_ascii_alphanumeric() { char::from(byte) } else { '?' })
                .collect();
            return unsupported(format!("an unknown {} codec ({letters})", kind.name()), kind);
        }
    };
    unsupported(name.to_owned(), kind)
}

fn unsupported(name: String, kind: TrackKind) -> FlvError {
    FlvError::UnsupportedCodec { name, kind }
}
