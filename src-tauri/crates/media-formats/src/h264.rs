//! H.264 as FLV and MP4 carry it: the decoder configuration, sequence parameter sets, and access units of
//! length-prefixed NAL units.
//!
//! Nothing here decodes pictures. A publisher's declared width, frame rate or codec name is never trusted; what
//! the parameter sets say is.

pub(crate) mod bits;
mod config;
mod idr;
mod nal;
mod pps;
mod rbsp;
mod sps;

pub use config::VideoConfig;
pub use idr::{idr_pic_id, with_idr_pic_id};
pub use nal::{NalKind, NalUnits, ParameterSets, annex_b, is_idr, nal_units, parameter_sets};
pub use sps::Sps;

/// Why a configuration, a parameter set or an access unit could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum H264Error {
    /// The bytes end before the structure does.
    #[error("H.264 data ends early")]
    Truncated,
    /// The record's `configurationVersion` is not 1.
    #[error("unknown avcC version {0}")]
    UnknownVersion(u8),
    /// NAL unit lengths of 3 bytes do not exist (ISO 14496-15 s5.3.3.1.2).
    #[error("NAL unit lengths of {0} bytes are not allowed")]
    BadLengthSize(u8),
    /// No usable sequence or picture parameter set: nothing can be decoded.
    #[error("no sequence or picture parameter set")]
    NoParameterSets,
    /// More or longer parameter sets than an avcC can hold.
    #[error("too many or too long parameter sets")]
    TooManyParameterSets,
    /// The picture is larger than 8192 x 8192, or has no area.
    #[error("picture of {width} x {height} is not supported")]
    BadSize {
        /// Luma samples a row.
        width: u32,
        /// Luma rows.
        height: u32,
    },
    /// A value the specification does not allow; names the syntax element.
    #[error("bad {0}")]
    BadValue(&'static str),
}
