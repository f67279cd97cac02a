//! The value of `onMetaData` (Annex E.5), as a publisher announces its stream.

use super::audio::SOUND_AAC;
use super::video::CODEC_AVC;
use crate::aac::AudioConfig;
use crate::amf0::Value;
use crate::h264::VideoConfig;

/// What a publisher says of its tracks before the first of them, an ECMA array. `fps` is the measured rate, in frames a
/// second; without one the parameter set's is told, if it has any. `encoder` names the program that publishes.
pub fn stream_metadata(
    video: Option<&VideoConfig>,
    fps: Option<f64>,
    audio: Option<&AudioConfig>,
    encoder: &str,
) -> Value {
    let mut properties = Vec::new();
    let mut put = |name: &str, value: Value| properties.push((name.to_owned(), value));
    if let Some(VideoConfig { sps, .. }) = video {
        put("width", Value::Number(f64::from(sps.width)));
        put("height", Value::Number(f64::from(sps.height)));
        if let Some(fps) = fps.or(sps.fps) {
            put("framerate", Value::Number(fps));
        }
        put("videocodecid", Value::Number(f64::from(CODEC_AVC)));
    }
    if let Some(config) = audio {
        let channels = if config.ps { 2 } else { config.channels };
        put("audiocodecid", Value::Number(f64::from(SOUND_AAC)));
        put("audiosamplerate", Value::Number(f64::from(config.output_sample_rate_hz)));
        put("audiosamplesize", Value::Number(16.0));
        put("audiochannels", Value::Number(f64::from(channels)));
        put("stereo", Value::Boolean(channels >= 2));
    }
    put("encoder", Value::from(encoder));
    Value::EcmaArray(properties)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::h264::ParameterSets;

    fn video() -> VideoConfig {
        let sps =
            b"\x67\x42\xc0\x1f\xdb\x01\x40\x16\xec\x04\x40\x00\x00\x03\x00\x40\x00\x00\x0f\x03\xc6\x0c\xb8";
        let sets = ParameterSets {
            sps: vec![Bytes::from_static(sps)],
            pps: vec![Bytes::from_static(b"\x68\xea\xe3\xcb\x22\xc0")],
        };
        VideoConfig::from_parameter_sets(&sets).unwrap()
    }

    #[test]
    fn both_tracks_are_announced() {
        let audio = AudioConfig::parse(Bytes::from_static(&[0x12, 0x08])).unwrap();
        let metadata = stream_metadata(Some(&video()), Some(29.97), Some(&audio), "Stream Console");
        let Value::EcmaArray(properties) = &metadata else { panic!("{metadata:?}") };
        let names: Vec<_> = properties.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "width",
                "height",
                "framerate",
                "videocodecid",
                "audiocodecid",
                "audiosamplerate",
                "audiosamplesize",
                "audiochannels",
                "stereo",
                "encoder"
            ]
        );
        let number = |name| metadata.get(name).and_then(Value::as_number);
        assert_eq!((number("width"), number("height")), (Some(1280.0), Some(720.0)));
        assert_eq!((number("framerate"), number("videocodecid")), (Some(29.97), Some(7.0)));
        assert_eq!((number("audiocodecid"), number("audiosamplerate")), (Some(10.0), Some(44_100.0)));
        assert_eq!(metadata.get("stereo"), Some(&Value::Boolean(false)));
        assert_eq!(metadata.get("encoder").and_then(Value::as_str), Some("Stream Console"));
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let metadata = stream_metadata(Some(&video()), None, None, "x");
        assert_eq!(metadata.get("framerate"), Some(&Value::Number(30.0)), "the parameter set's");
        assert_eq!(metadata.get("audiocodecid"), None);
        assert_eq!(stream_metadata(None, Some(30.0), None, "x").get("framerate"), None);
    }
}
