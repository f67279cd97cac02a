//! A JPEG of the newest keyframe: decoded only while somebody asks, and at most once in two seconds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use media_formats::unit::Unit;

use crate::repair::Epoch;

/// A picture younger than this is served again.
const FRESH_FOR: Duration = Duration::from_secs(2);

/// The last picture made, and from which unit.
#[derive(Debug, Default)]
pub(crate) struct Thumbnail {
    made: Option<Made>,
}

#[derive(Debug)]
struct Made {
    at: Instant,
    seq: u64,
    jpeg: Bytes,
}

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ThumbnailError {
    /// No keyframe has arrived.
    #[error("no picture has arrived yet")]
    NoKeyframe,
    /// The decoder does not know this kind of picture.
    #[error("this picture cannot be decoded here: {0}")]
    #[cfg_attr(not(feature = "pixels"), expect(dead_code, reason = "only made by the decoder"))]
    Undecodable(String),
    /// Built without a decoder.
    #[error("thumbnails are not part of this build")]
    #[cfg_attr(feature = "pixels", expect(dead_code, reason = "only made without the decoder"))]
    NotBuilt,
}

impl Thumbnail {
    /// The picture of `keyframe`, from memory if it is young or nothing newer arrived. Callers hold the only lock, so
    /// askers that come meanwhile wait for the same decode instead of starting another.
    pub(crate) async fn get(
        &mut self,
        keyframe: Option<(Unit, Arc<Epoch>)>,
    ) -> Result<Bytes, ThumbnailError> {
        let newest = keyframe.as_ref().map(|(unit, _)| unit.seq);
        if let Some(made) = &self.made
            && (made.at.elapsed() < FRESH_FOR || newest.is_none_or(|seq| seq == made.seq))
        {
            return Ok(made.jpeg.clone());
        }
        let (unit, epoch) = keyframe.ok_or(ThumbnailError::NoKeyframe)?;
        let seq = unit.seq;
        let decoded = tokio::task::spawn_blocking(move || decode(&unit, &epoch)).await;
        let jpeg = decoded.map_err(|_| undecodable("the decoder stopped"))??;
        self.made = Some(Made { at: Instant::now(), seq, jpeg: jpeg.clone() });
        Ok(jpeg)
    }
}

#[cfg(feature = "pixels")]
fn undecodable(reason: &str) -> ThumbnailError {
    ThumbnailError::Undecodable(reason.to_owned())
}

#[cfg(not(feature = "pixels"))]
fn undecodable(_: &str) -> ThumbnailError {
    ThumbnailError::NotBuilt
}

#[cfg(not(feature = "pixels"))]
fn decode(_: &Unit, _: &Epoch) -> Result<Bytes, ThumbnailError> {
    Err(ThumbnailError::NotBuilt)
}

#[cfg(feature = "pixels")]
fn decode(unit: &Unit, epoch: &Epoch) -> Result<Bytes, ThumbnailError> {
    use media_formats::h264;
    use openh264::decoder::Decoder;
    use openh264::formats::YUVSource;

    /// Wider pictures are halved until they fit.
    const MAX_WIDTH: usize = 640;
    const JPEG_QUALITY: u8 = 80;

    let config = epoch.video.as_ref().ok_or(ThumbnailError::NoKeyframe)?;
    let annex_b = h264::annex_b(&unit.payload, config);
    let mut decoder = Decoder::new().map_err(|error| ThumbnailError::Undecodable(error.to_string()))?;
    let undecodable = |error: openh264::Error| ThumbnailError::Undecodable(error.to_string());
    let mut rgb = Vec::new();
    let (width, height) = match decoder.decode(&annex_b).map_err(undecodable)? {
        Some(picture) => {
            let (width, height) = picture.dimensions();
            rgb.resize(width * height * 3, 0);
            picture.write_rgb8(&mut rgb);
            (width, height)
        }
        // The decoder keeps a picture back when it expects reordering.
        None => {
            let pictures = decoder.flush_remaining().map_err(undecodable)?;
            let picture =
                pictures.first().ok_or_else(|| ThumbnailError::Undecodable("no picture".to_owned()))?;
            let (width, height) = picture.dimensions();
            rgb.resize(width * height * 3, 0);
            picture.write_rgb8(&mut rgb);
            (width, height)
        }
    };
    let step = width.div_ceil(MAX_WIDTH).max(1);
    let (small_width, small_height) = (width / step, height / step);
    let small = shrink(&rgb, width, small_width, small_height, step);
    let mut jpeg = Vec::new();
    let dimension = |size: usize| {
        u16::try_from(size).map_err(|_| ThumbnailError::Undecodable("the picture is too large".to_owned()))
    };
    jpeg_encoder::Encoder::new(&mut jpeg, JPEG_QUALITY)
        .encode(&small, dimension(small_width)?, dimension(small_height)?, jpeg_encoder::ColorType::Rgb)
        .map_err(|error| ThumbnailError::Undecodable(error.to_string()))?;
    Ok(Bytes::from(jpeg))
}

/// Averages squares of `step` by `step` pixels.
#[cfg(feature = "pixels")]
fn shrink(rgb: &[u8], width: usize, small_width: usize, small_height: usize, step: usize) -> Vec<u8> {
    let mut small = Vec::with_capacity(small_width * small_height * 3);
    let area = (step * step) as u32;
    for y in 0..small_height {
        for x in 0..small_width {
            for channel in 0..3 {
                let sum: u32 = (0..step)
                    .flat_map(|dy| (0..step).map(move |dx| (dx, dy)))
                    .map(|(dx, dy)| u32::from(rgb[((y * step + dy) * width + x * step + dx) * 3 + channel]))
                    .sum();
                small.push((sum / area) as u8);
            }
        }
    }
    small
}

#[cfg(all(test, feature = "pixels"))]
mod tests {
    use super::*;

    #[test]
    fn shrinking_averages() {
        let rgb = [0, 0, 0, 200, 200, 200, 0, 0, 0, 200, 200, 200];
        assert_eq!(shrink(&rgb, 2, 1, 1, 2), [100, 100, 100]);
    }

    #[tokio::test]
    async fn no_keyframe_is_said_so() {
        assert_eq!(Thumbnail::default().get(None).await, Err(ThumbnailError::NoKeyframe));
    }

    #[tokio::test]
    async fn a_keyframe_becomes_a_jpeg_no_wider_than_640() {
        let (config, payload) = crate::clip::first_keyframe();
        let epoch = Epoch { number: 0, start_ms: 0, video: Some(Arc::new(config)), audio: None };
        let track = media_formats::unit::TrackKind::Video;
        let unit = Unit { track, epoch: 0, seq: 7, dts: 0, cts: 0, key: true, payload };
        let mut thumbnail = Thumbnail::default();
        let jpeg = thumbnail.get(Some((unit.clone(), Arc::new(epoch.clone())))).await.expect("a picture");
        assert_eq!((&jpeg[..3], &jpeg[jpeg.len() - 2..]), (&[0xFF, 0xD8, 0xFF][..], &[0xFF, 0xD9][..]));
        // Start of frame (ITU-T T.81 B.2.2): length, precision, height, width.
        let frame = jpeg.windows(2).position(|marker| marker == [0xFF, 0xC0]).expect("a baseline frame");
        assert_eq!(jpeg[frame + 5..frame + 9], [1, 104, 2, 128], "360 by 640");
        // Young pictures are served again, even when the next one could not be decoded.
        let broken = Unit { seq: 8, payload: Bytes::new(), ..unit };
        assert_eq!(thumbnail.get(Some((broken, Arc::new(epoch)))).await, Ok(jpeg));
    }

    #[tokio::test]
    async fn what_cannot_be_decoded_is_an_error_and_no_panic() {
        let (config, _) = crate::clip::first_keyframe();
        let epoch = Arc::new(Epoch { number: 0, start_ms: 0, video: Some(Arc::new(config)), audio: None });
        let track = media_formats::unit::TrackKind::Video;
        for payload in
            [Bytes::new(), Bytes::from_static(&[0, 0, 0, 9, 0x65]), crate::testing::picture(true, 300)]
        {
            let unit = Unit { track, epoch: 0, seq: 0, dts: 0, cts: 0, key: true, payload };
            let made = Thumbnail::default().get(Some((unit, Arc::clone(&epoch)))).await;
            assert!(matches!(made, Err(ThumbnailError::Undecodable(_))), "{made:?}");
        }
    }
}
