//! FLV messages of any publisher (a socket or the built-in camera) become stream input.

use bytes::Bytes;
use media_formats::aac::AudioConfig;
use media_formats::flv::{self, AudioTag, FlvError, VideoTag};
use media_formats::h264::VideoConfig;

use crate::repair::Incoming;
use crate::stream::Publisher;

/// Why a publisher's media cannot be carried; words for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

impl Publisher {
    /// Feeds the body of an RTMP video message or FLV video tag.
    ///
    /// # Errors
    /// When the codec cannot be carried. Damaged single messages are skipped, not refused.
    pub fn video(&self, timestamp_ms: u32, body: Bytes) -> Result<(), Refusal> {
        match flv::parse_video(body) {
            Ok(VideoTag::SequenceHeader(avcc)) => match VideoConfig::parse(avcc) {
                Ok(config) => self.push(Incoming::VideoConfig(config)),
                Err(error) => {
                    return self.refused(format!("The encoder's H.264 header cannot be read ({error})."));
                }
            },
            Ok(VideoTag::Frame { key, cts_ms, payload }) => {
                self.push(Incoming::Video { timestamp_ms, cts_ms, key, payload });
            }
            Ok(VideoTag::EndOfSequence | VideoTag::Ignored) => {}
            Err(error) => return self.flv_error(error),
        }
        Ok(())
    }

    /// Feeds the body of an RTMP audio message or FLV audio tag.
    ///
    /// # Errors
    /// When the codec cannot be carried. Damaged single messages are skipped, not refused.
    pub fn audio(&self, timestamp_ms: u32, body: Bytes) -> Result<(), Refusal> {
        match flv::parse_audio(body) {
            Ok(AudioTag::SequenceHeader(asc)) => match AudioConfig::parse(asc) {
                Ok(config) => self.push(Incoming::AudioConfig(config)),
                Err(error) => {
                    return self.refused(format!("The encoder's AAC header cannot be read ({error})."));
                }
            },
            Ok(AudioTag::Frame(payload)) => self.push(Incoming::Audio { timestamp_ms, payload }),
            Ok(AudioTag::Ignored) => {}
            Err(error) => return self.flv_error(error),
        }
        Ok(())
    }

    fn flv_error(&self, error: FlvError) -> Result<(), Refusal> {
        if matches!(error, FlvError::UnsupportedCodec { .. }) {
            return self.refused(error.to_string());
        }
        tracing::debug!(%error, "a damaged media message was skipped");
        Ok(())
    }

    fn refused(&self, words: String) -> Result<(), Refusal> {
        self.refuse(words.clone());
        Err(Refusal(words))
    }
}
