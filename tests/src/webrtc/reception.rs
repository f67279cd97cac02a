//! What a viewer received, counted as a player would feel it: whole frames, keyframes, and what stayed lost although it
//! was asked for again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::webrtc::rtp;
use crate::webrtc::viewer::Keep;

/// How long a missing packet of the picture may be asked for again before a player would go on without it.
const GIVE_UP: Duration = Duration::from_secs(1);
/// Sound is not asked for again; it may only be late.
const GIVE_UP_SOUND: Duration = Duration::from_millis(200);
/// Reports kept of each track.
const REPORTS: usize = 64;

/// Everything a viewer saw so far.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// ICE found a way.
    pub ice_connected_at: Option<Instant>,
    /// DTLS is up too: media can come.
    pub connected_at: Option<Instant>,
    /// ICE hears nothing any more.
    pub disconnected: bool,
    /// The other side closed the connection (DTLS `close_notify`), or str0m gave it up.
    pub closed: bool,
    /// Datagrams that came, of whatever kind.
    pub datagrams: u64,
    /// When the last one came.
    pub last_datagram_at: Option<Instant>,
    /// Picture; RTP times in 1/90000 s.
    pub video: Track,
    /// Sound; RTP times in 1/48000 s.
    pub audio: Track,
}

/// One track of it.
#[derive(Debug, Clone, Default)]
pub struct Track {
    /// RTP packets, each counted once.
    pub packets: u64,
    /// Bytes of their payloads.
    pub payload_bytes: u64,
    /// Packets that came a second time, or after they were given up.
    pub superfluous: u64,
    /// Packets that never came, though asked for again for a second.
    pub lost: u64,
    /// Whole frames: access units, or Opus packets.
    pub frames: u64,
    /// Frames of which a packet was lost, or that cannot be put together.
    pub broken_frames: u64,
    /// What was wrong with the last of those.
    pub flaw: Option<String>,
    /// Whole frames with an IDR picture, SPS and PPS.
    pub keyframes: u64,
    /// When the first packet came.
    pub first_packet_at: Option<Instant>,
    /// When the last byte of the first keyframe came.
    pub first_keyframe_at: Option<Instant>,
    /// When the last byte of the newest keyframe came.
    pub last_keyframe_at: Option<Instant>,
    /// When the last packet came.
    pub last_packet_at: Option<Instant>,
    /// RTP time of the newest frame.
    pub last_rtp_time: Option<u64>,
    /// Widest step of RTP time from one frame to the next. A server that leaves frames out shows here: its sequence
    /// numbers have no gap.
    pub widest_step: u64,
    /// Steps of RTP time backwards, or none at all.
    pub steps_back: u64,
    /// The newest sequence parameter set.
    pub sps: Vec<u8>,
    /// How often it became another one.
    pub sps_changes: u64,
    /// Newest sender reports, oldest first.
    pub reports: Vec<Report>,
    /// Frames as they came, if they are kept.
    pub units: Vec<Unit>,
}

/// What a sender report says (RFC 3550 s6.4.1): two clocks at the same moment.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// Wall clock of the sender.
    pub wall: SystemTime,
    /// RTP time, in the track's clock.
    pub rtp_time: u64,
}

/// A whole frame.
#[derive(Debug, Clone)]
pub struct Unit {
    /// RTP time, in the track's clock.
    pub rtp_time: u64,
    /// When its last byte came.
    pub arrived_at: Instant,
    /// An IDR picture is in it.
    pub key: bool,
    /// Its bytes: Annex B, or an Opus packet.
    pub bytes: Arc<[u8]>,
}

impl Track {
    /// The time `rtp_time` has on the sender's wall clock, by its newest report.
    pub fn wall(&self, rtp_time: u64, clock_hz: u32) -> Option<SystemTime> {
        let report = self.reports.last()?;
        // RTP time wraps: the shorter way round is meant.
        let ticks = (rtp_time as u32).wrapping_sub(report.rtp_time as u32).cast_signed();
        let apart = Duration::from_secs_f64(f64::from(ticks.unsigned_abs()) / f64::from(clock_hz));
        if ticks < 0 { report.wall.checked_sub(apart) } else { report.wall.checked_add(apart) }
    }

    /// Notes a report, once.
    pub(super) fn reported(&mut self, report: Report) {
        if self.reports.last().is_none_or(|last| last.wall != report.wall) {
            if self.reports.len() == REPORTS {
                self.reports.remove(0);
            }
            self.reports.push(report);
        }
    }
}

/// A packet that may have to wait for those before it.
pub(super) struct Piece {
    pub(super) rtp_time: u64,
    pub(super) marker: bool,
    pub(super) payload: Arc<[u8]>,
    pub(super) at: Instant,
}

/// Puts the packets of one source in order and makes frames of them.
pub(super) struct Assembly {
    picture: bool,
    keep: Keep,
    source: Option<u32>,
    next: Option<u64>,
    waiting: BTreeMap<u64, Piece>,
    /// The frame that is coming in.
    open: Option<Open>,
    /// RTP time of the newest frame.
    last_rtp_time: Option<u64>,
}

struct Open {
    rtp_time: u64,
    at: Instant,
    unit: Vec<u8>,
    flaw: Option<String>,
}

impl Assembly {
    pub(super) fn new(picture: bool, keep: Keep) -> Self {
        Self {
            picture,
            keep,
            source: None,
            next: None,
            waiting: BTreeMap::new(),
            open: None,
            last_rtp_time: None,
        }
    }

    /// Takes a packet with its unwrapped sequence number.
    pub(super) fn take(&mut self, source: u32, sequence: u64, piece: Piece, track: &mut Track) {
        if self.source != Some(source) {
            (self.source, self.next, self.open) = (Some(source), None, None);
            self.waiting.clear();
        }
        let now = piece.at;
        let next = *self.next.get_or_insert(sequence);
        if sequence < next || self.waiting.contains_key(&sequence) {
            track.superfluous += 1;
            return;
        }
        track.packets += 1;
        track.payload_bytes += piece.payload.len() as u64;
        track.first_packet_at.get_or_insert(now);
        track.last_packet_at = Some(now);
        self.waiting.insert(sequence, piece);
        self.proceed(now, track);
    }

    fn proceed(&mut self, now: Instant, track: &mut Track) {
        while let Some(entry) = self.waiting.first_entry() {
            let sequence = *entry.key();
            let missing = sequence - self.next.unwrap_or(sequence);
            if missing > 0 {
                let patience = if self.picture { GIVE_UP } else { GIVE_UP_SOUND };
                if now.duration_since(entry.get().at) < patience {
                    return;
                }
                track.lost += missing;
                if let Some(open) = &mut self.open {
                    open.flaw = Some(format!("{missing} packets of it never came"));
                } else {
                    spoilt(
                        track,
                        format!("{missing} packets before RTP time {} never came", entry.get().rtp_time),
                    );
                }
            }
            let piece = entry.remove();
            self.next = Some(sequence + 1);
            self.append(piece, track);
        }
    }

    fn append(&mut self, piece: Piece, track: &mut Track) {
        if !self.picture {
            self.finish(piece.rtp_time, piece.at, piece.payload, track);
            return;
        }
        if self.open.as_ref().is_some_and(|open| open.rtp_time != piece.rtp_time) {
            let flaw = self.open.take().and_then(|open| open.flaw);
            spoilt(track, flaw.unwrap_or_else(|| "its last packet has no marker".to_owned()));
        }
        let open = self.open.get_or_insert_with(|| Open {
            rtp_time: piece.rtp_time,
            at: piece.at,
            unit: Vec::new(),
            flaw: None,
        });
        // A packet that was sent again came later than those behind it: the frame was whole when the last one came.
        open.at = open.at.max(piece.at);
        if !piece.payload.is_empty()
            && let Err(flaw) = rtp::depacketise(&piece.payload, &mut open.unit)
        {
            open.flaw = Some(flaw);
        }
        if !piece.marker {
            return;
        }
        let Some(open) = self.open.take() else { return };
        match open.flaw {
            Some(flaw) => spoilt(track, flaw),
            None => self.finish(open.rtp_time, open.at, open.unit.into(), track),
        }
    }

    fn finish(&mut self, rtp_time: u64, arrived_at: Instant, bytes: Arc<[u8]>, track: &mut Track) {
        if let Some(last) = self.last_rtp_time {
            if rtp_time > last {
                track.widest_step = track.widest_step.max(rtp_time - last);
            } else {
                track.steps_back += 1;
            }
        }
        self.last_rtp_time = Some(rtp_time);
        track.last_rtp_time = Some(rtp_time);
        track.frames += 1;
        let key = self.picture && is_keyframe(&bytes, arrived_at, track);
        if self.keep == Keep::Units {
            track.units.push(Unit { rtp_time, arrived_at, key, bytes });
        }
    }
}

fn spoilt(track: &mut Track, flaw: String) {
    track.broken_frames += 1;
    track.flaw = Some(flaw);
}

/// Whether an access unit is a keyframe; counted only if a decoder could begin with it.
fn is_keyframe(unit: &[u8], arrived_at: Instant, track: &mut Track) -> bool {
    let nals = rtp::nals(unit);
    let of = |kind: u8| nals.iter().find(|nal| rtp::kind(nal) == kind);
    if of(rtp::IDR).is_none() {
        return false;
    }
    if let (Some(sps), Some(_)) = (of(rtp::SPS), of(rtp::PPS)) {
        if track.sps != *sps {
            track.sps_changes += u64::from(!track.sps.is_empty());
            track.sps = sps.to_vec();
        }
        track.keyframes += 1;
        track.first_keyframe_at.get_or_insert(arrived_at);
        track.last_keyframe_at = Some(arrived_at);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(rtp_time: u64, marker: bool, payload: &[u8], at: Instant) -> Piece {
        Piece { rtp_time, marker, payload: payload.into(), at }
    }

    #[test]
    fn a_packet_sent_again_mends_its_frame() {
        let (mut assembly, mut track) = (Assembly::new(true, Keep::Units), Track::default());
        let now = Instant::now();
        let later = now + Duration::from_millis(30);
        assembly.take(1, 10, piece(0, false, &[0x78, 0, 2, 0x67, 1, 0, 1, 0x68], now), &mut track);
        assembly.take(1, 12, piece(0, true, &[0x7c, 0x45, 8], now), &mut track);
        assembly.take(1, 13, piece(3_000, true, &[0x41, 7], now), &mut track);
        assert_eq!(track.frames, 0);
        assembly.take(1, 11, piece(0, false, &[0x7c, 0x85, 9], later), &mut track);
        assembly.take(1, 11, piece(0, false, &[0x7c, 0x85, 9], later), &mut track);
        assert_eq!((track.frames, track.broken_frames, track.lost, track.superfluous), (2, 0, 0, 1));
        assert_eq!((track.keyframes, track.first_keyframe_at, track.widest_step), (1, Some(later), 3_000));
        assert_eq!(track.units.iter().map(|unit| unit.key).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn a_packet_that_never_comes_costs_its_frame_after_a_second() {
        let (mut assembly, mut track) = (Assembly::new(true, Keep::Nothing), Track::default());
        let now = Instant::now();
        assembly.take(1, 0, piece(0, false, &[0x7c, 0x85, 9], now), &mut track);
        assembly.take(1, 2, piece(0, true, &[0x7c, 0x45, 9], now), &mut track);
        assembly.take(1, 3, piece(3_000, true, &[0x41, 7], now), &mut track);
        assert_eq!((track.frames, track.lost), (0, 0));
        assembly.take(1, 4, piece(6_000, true, &[0x41, 7], now + GIVE_UP), &mut track);
        assert_eq!((track.frames, track.broken_frames, track.lost), (2, 1, 1));
    }

    #[test]
    fn a_frame_without_an_end_and_a_frame_left_out_are_noticed() {
        let (mut assembly, mut track) = (Assembly::new(true, Keep::Nothing), Track::default());
        let now = Instant::now();
        assembly.take(1, 0, piece(0, true, &[0x41, 7], now), &mut track);
        assembly.take(1, 1, piece(9_000, false, &[0x41, 7], now), &mut track);
        assembly.take(1, 2, piece(12_000, true, &[0x41, 7], now), &mut track);
        assert_eq!((track.frames, track.broken_frames, track.widest_step), (2, 1, 12_000));
    }

    #[test]
    fn reports_map_rtp_time_to_the_wall_clock() {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        let mut track = Track::default();
        track.reported(Report { wall, rtp_time: 90_000 });
        assert_eq!(track.wall(180_000, 90_000), Some(wall + Duration::from_secs(1)));
        assert_eq!(track.wall(45_000, 90_000), Some(wall - Duration::from_millis(500)));
    }
}
