//! Init segments, segments, parts and the thumbnail.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use media_formats::unit::TrackKind;
use tokio::time::{Instant, timeout_at};

use super::Shared;
use super::answer::{self, Pieces, Refused};
use crate::store::{PartLookup, Segment};
use crate::stream::Inner;

const MP4: &str = "video/mp4";
const SEGMENT: &str = "video/iso.segment";
/// A request for the hinted part is held this long; parts come several times a second while media flows.
const PART_HOLD: Duration = Duration::from_secs(6);

/// A file below a track, as its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Init(u32),
    Segment(u64),
    SegmentAt(u64),
    Part(u64, usize),
}

impl Name {
    fn parse(name: &str) -> Option<Self> {
        if let Some(epoch) = name.strip_prefix("init-").and_then(|rest| rest.strip_suffix(".mp4")) {
            return epoch.parse().ok().map(Self::Init);
        }
        let stem = name.strip_suffix(".m4s")?;
        if let Some(time) = stem.strip_prefix('t') {
            return time.parse().ok().map(Self::SegmentAt);
        }
        match stem.split_once('.') {
            Some((msn, part)) => Some(Self::Part(msn.parse().ok()?, part.parse().ok()?)),
            None => stem.parse().ok().map(Self::Segment),
        }
    }
}

pub(super) async fn file(
    State(shared): State<Shared>,
    Path((id, track, name)): Path<(String, String, String)>,
) -> Result<Response, Refused> {
    let stream = shared.stream(&id)?;
    let kind = match track.as_str() {
        "video" => TrackKind::Video,
        "audio" => TrackKind::Audio,
        _ => return Err(Refused::NotFound),
    };
    let name = Name::parse(&name).ok_or(Refused::NotFound)?;
    if let Name::Part(msn, index) = name {
        let pieces = part(&shared, &stream.0, kind, msn, index).await?;
        return Ok(answer::media(SEGMENT, Pieces::new(pieces)));
    }
    let core = stream.0.core();
    let window = core.packager.window(kind).ok_or(Refused::NotFound)?;
    let whole = |segment: Option<&Segment>| {
        let segment = segment.ok_or(Refused::NotFound)?;
        Ok(answer::media(
            SEGMENT,
            Pieces::new(segment.parts.iter().flat_map(|part| part.bytes.iter().cloned())),
        ))
    };
    match name {
        Name::Init(epoch) => {
            let init = window.init(epoch).ok_or(Refused::NotFound)?;
            Ok(answer::media(MP4, Pieces::new([init.bytes.clone()])))
        }
        Name::Segment(msn) => whole(window.segment(msn)),
        Name::SegmentAt(time) => whole(window.segment_at(time)),
        Name::Part(..) => Err(Refused::NotFound),
    }
}

/// A part, awaited if it is the next one (8216bis s6.2.5.2: the preload hint).
pub(super) async fn part(
    shared: &Shared,
    inner: &Inner,
    kind: TrackKind,
    msn: u64,
    index: usize,
) -> Result<Vec<Bytes>, Refused> {
    let mut changes = inner.version();
    let deadline = Instant::now() + PART_HOLD;
    loop {
        changes.mark_unchanged();
        {
            let core = inner.core();
            let window = core.packager.window(kind).ok_or(Refused::NotFound)?;
            match window.part(msn, index) {
                PartLookup::Ready(part) => return Ok(part.bytes.clone()),
                PartLookup::Never => return Err(Refused::NotFound),
                PartLookup::Awaited if core.packager.is_ended() => return Err(Refused::NotFound),
                PartLookup::Awaited => {}
            }
        }
        tokio::select! {
            () = shared.stop.cancelled() => return Err(Refused::NotYet),
            changed = timeout_at(deadline, changes.changed()) => {
                if !matches!(changed, Ok(Ok(()))) {
                    return Err(Refused::NotYet);
                }
            }
        }
    }
}

pub(super) async fn thumbnail(
    State(shared): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Refused> {
    let stream = shared.stream(&id)?;
    match stream.0.thumbnail().await {
        Ok(jpeg) => Ok(answer::fresh("image/jpeg", jpeg)),
        Err(error) => {
            tracing::debug!(%error, "no thumbnail");
            Err(Refused::NotFound)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(Name::parse("init-3.mp4"), Some(Name::Init(3)));
        assert_eq!(Name::parse("17.m4s"), Some(Name::Segment(17)));
        assert_eq!(Name::parse("17.2.m4s"), Some(Name::Part(17, 2)));
        assert_eq!(Name::parse("t90000.m4s"), Some(Name::SegmentAt(90_000)));
        for bad in
            ["", ".m4s", "x.m4s", "1.x.m4s", "-1.m4s", "init-.mp4", "99999999999999999999999.m4s", "t.m4s"]
        {
            assert_eq!(Name::parse(bad), None, "{bad}");
        }
    }
}
