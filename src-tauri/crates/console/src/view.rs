//! From the domain to what a screen is shown. The MentraOS status words are made here and nowhere else.

mod apps;
mod destinations;

use session::record::{Sample, StreamRow};
use session::{Session, State, StateChange, Tone, Words};

use crate::api;
use crate::apps::{Desk, masked};
use crate::ports::HistoryError;

pub(crate) use apps::{app, delivery, hub, stream_app, to_permission};
pub(crate) use destinations::{
    destination_change, destination_mark, destination_state, destination_test, finding, severity,
};

pub(crate) fn phase(state: State) -> api::Phase {
    match state {
        State::Idle => api::Phase::Idle,
        State::AwaitingCamera => api::Phase::AwaitingCamera,
        State::AwaitingMedia => api::Phase::AwaitingMedia,
        State::Live => api::Phase::Live,
        State::Interrupted => api::Phase::Interrupted,
        State::Stopping => api::Phase::Stopping,
        State::Ended(_) => api::Phase::Ended,
    }
}

/// The word apps see for a managed stream.
pub(crate) fn status_word(state: State) -> api::StatusWord {
    match state {
        State::AwaitingCamera => api::StatusWord::Initializing,
        State::AwaitingMedia => api::StatusWord::Preparing,
        // Addresses are held through an interruption; its message says what is going on.
        State::Live | State::Interrupted => api::StatusWord::Active,
        State::Stopping => api::StatusWord::Stopping,
        State::Ended(reason) if reason.failed() => api::StatusWord::Error,
        State::Idle | State::Ended(_) => api::StatusWord::Stopped,
    }
}

pub(crate) fn message(words: &Words) -> api::Message {
    let tone = match words.tone {
        Tone::Info => api::Tone::Info,
        Tone::Warning => api::Tone::Warning,
        Tone::Error => api::Tone::Error,
    };
    api::Message { tone, text: words.text.clone(), next_step: words.next_step.clone() }
}

pub(crate) fn camera_link(link: session::CameraLink) -> api::CameraLink {
    match link {
        session::CameraLink::Manual => api::CameraLink::Manual,
        session::CameraLink::Demo => api::CameraLink::Demo,
        session::CameraLink::Hub => api::CameraLink::Hub,
        session::CameraLink::Cloud => api::CameraLink::Cloud,
    }
}

pub(crate) fn to_camera_link(link: api::CameraLink) -> session::CameraLink {
    match link {
        api::CameraLink::Manual => session::CameraLink::Manual,
        api::CameraLink::Demo => session::CameraLink::Demo,
        api::CameraLink::Hub => session::CameraLink::Hub,
        api::CameraLink::Cloud => session::CameraLink::Cloud,
    }
}

fn quality(quality: session::Quality) -> api::Quality {
    match quality {
        session::Quality::P720 => api::Quality::P720,
        session::Quality::P1080 => api::Quality::P1080,
    }
}

pub(crate) fn to_quality(quality: api::Quality) -> session::Quality {
    match quality {
        api::Quality::P720 => session::Quality::P720,
        api::Quality::P1080 => session::Quality::P1080,
    }
}

pub(crate) fn session(
    session: &Session,
    urls: Option<api::PlaybackUrls>,
    viewers: u32,
    webrtc: api::WebRtcView,
    desk: &Desk,
) -> api::SessionView {
    let state = session.state();
    let status = status_word(state);
    api::SessionView {
        state: status,
        phase: phase(state),
        stream_id: session.stream_id().map(|id| id.as_str().to_owned()),
        camera_link: session.link().map(camera_link),
        delivery: delivery(session.delivery()),
        target: desk.target.as_ref().map(masked),
        started_by: desk.starter.as_ref().map(ToString::to_string),
        held_by_user: desk.holders.user(),
        apps: desk.in_stream(),
        limit_at_ms: session.limit_at_ms(),
        quality: quality(session.options().quality),
        enable_webrtc: session.options().enable_webrtc,
        started_at_ms: session.started_at_ms(),
        live_since_ms: session.live_since_ms(),
        interrupted_since_ms: session.interrupted_since_ms(),
        gives_up_at_ms: session.next_deadline_ms(),
        ended_at_ms: session.ended_at_ms(),
        message: (state != State::Idle).then(|| message(session.words())),
        urls: urls.filter(|_| {
            status == api::StatusWord::Active && session.delivery() != session::Delivery::Unmanaged
        }),
        viewers,
        webrtc,
    }
}

pub(crate) fn mark(change: &StateChange) -> api::Mark {
    api::Mark { at_ms: change.at_ms, phase: phase(change.state), text: change.words.text.clone() }
}

pub(crate) fn sample(sample: &Sample) -> api::Sample {
    api::Sample {
        at_ms: sample.at_ms,
        bitrate_bps: sample.bitrate_bps,
        fps: sample.fps,
        viewers: sample.viewers,
    }
}

/// At most `most` samples over the same time: means of runs, and the most viewers of each.
pub(crate) fn thinned(samples: &[Sample], most: usize) -> Vec<api::Sample> {
    let run = samples.len().div_ceil(most.max(1)).max(1);
    let mean = |run: &[Sample]| {
        let first = run.first()?;
        let count = run.len() as u64;
        Some(api::Sample {
            at_ms: first.at_ms,
            bitrate_bps: run.iter().map(|sample| sample.bitrate_bps).sum::<u64>() / count,
            fps: run.iter().map(|sample| sample.fps).sum::<f64>() / count as f64,
            viewers: run.iter().map(|sample| sample.viewers).max().unwrap_or(0),
        })
    };
    samples.chunks(run).filter_map(mean).collect()
}

pub(crate) fn summary(row: StreamRow, apps: Vec<String>) -> api::StreamSummary {
    let ended = matches!(row.state, State::Ended(_));
    api::StreamSummary {
        stream_id: row.stream_id.as_str().to_owned(),
        camera_link: camera_link(row.link),
        delivery: delivery(row.delivery),
        apps,
        started_at_ms: row.started_at_ms,
        live_since_ms: row.live_since_ms,
        ended_at_ms: row.ended_at_ms,
        phase: phase(row.state),
        end_reason: ended.then_some(row.words.text),
        failed: matches!(row.state, State::Ended(reason) if reason.failed()),
        interruptions: row.interruptions,
        peak_viewers: row.peak_viewers,
        mean_bitrate_bps: row.mean_bitrate_bps,
    }
}

pub(crate) fn storage_error(error: HistoryError) -> api::ApiError {
    api::ApiError { code: api::Code::Storage, message: error.text, next_step: error.next_step }
}

pub(crate) fn busy(words: Words) -> api::ApiError {
    api::ApiError { code: api::Code::Busy, message: words.text, next_step: words.next_step }
}

pub(crate) fn invalid(message: &str, next_step: &str) -> api::ApiError {
    api::ApiError {
        code: api::Code::InvalidRequest,
        message: message.to_owned(),
        next_step: Some(next_step.to_owned()),
    }
}

pub(crate) fn invalid_words(words: Words) -> api::ApiError {
    api::ApiError { code: api::Code::InvalidRequest, message: words.text, next_step: words.next_step }
}

#[cfg(test)]
mod tests {
    use session::{EndReason, StopBy};

    use super::*;
    use crate::api::StatusWord;

    #[test]
    fn every_state_has_its_mentraos_word() {
        let table = [
            (State::Idle, StatusWord::Stopped),
            (State::AwaitingCamera, StatusWord::Initializing),
            (State::AwaitingMedia, StatusWord::Preparing),
            (State::Live, StatusWord::Active),
            (State::Interrupted, StatusWord::Active),
            (State::Stopping, StatusWord::Stopping),
            (State::Ended(EndReason::Stopped(StopBy::User)), StatusWord::Stopped),
            (State::Ended(EndReason::Lost), StatusWord::Error),
        ];
        for (state, word) in table {
            assert_eq!(status_word(state), word, "{state:?}");
        }
    }

    #[test]
    fn a_long_stream_is_sent_thinned() {
        let sample = |n: u64| Sample { at_ms: n * 1_000, bitrate_bps: n, fps: 30.0, viewers: n as u32 };
        let samples: Vec<Sample> = (0..10).map(sample).collect();
        assert_eq!(thinned(&samples, 10).len(), 10);
        let thin = thinned(&samples, 4);
        assert_eq!(thin.len(), 4);
        assert_eq!((thin[0].at_ms, thin[0].bitrate_bps, thin[0].viewers), (0, 1, 2));
        assert_eq!(thin[3].at_ms, 9_000);
    }

    #[test]
    fn status_words_on_the_wire() {
        let words = [
            StatusWord::Initializing,
            StatusWord::Preparing,
            StatusWord::Active,
            StatusWord::Stopping,
            StatusWord::Stopped,
            StatusWord::Error,
        ];
        let json = serde_json::to_string(&words).expect("plain words");
        assert_eq!(json, r#"["initializing","preparing","active","stopping","stopped","error"]"#);
    }
}
