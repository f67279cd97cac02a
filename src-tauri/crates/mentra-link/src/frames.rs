//! The last messages of each app and of the glasses, with their secrets masked, for developers to look at.

use std::collections::{HashMap, VecDeque};

use mentra_wire::mask;

/// Messages kept per app, and for the glasses.
const KEPT: usize = 200;
/// Apps whose messages are kept; the one silent for longest is forgotten first.
const APPS: usize = 32;
/// Kept of one message. The longest of the real ones, an acknowledgement with all capabilities, has about 2 KiB.
const TEXT_BYTES: usize = 4 << 10;

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameDirection {
    /// App (or glasses) to hub.
    FromApp,
    /// Hub to app (or glasses).
    ToApp,
    /// An HTTP call of the app's webhook, or its answer.
    Webhook,
}

/// One message of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Grows with every message of the hub, whoever's.
    pub seq: u64,
    /// Unix time, ms.
    pub at_ms: u64,
    /// Which way it went.
    pub direction: FrameDirection,
    /// Masked JSON text, at most 4 KiB.
    pub text: String,
}

/// The log.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    seq: u64,
    apps: HashMap<String, VecDeque<Frame>>,
    glasses: VecDeque<Frame>,
}

impl Frames {
    pub(crate) fn record(&mut self, package: &str, at_ms: u64, direction: FrameDirection, text: String) {
        self.seq += 1;
        let frame = Frame { seq: self.seq, at_ms, direction, text };
        if let Some(ring) = self.apps.get_mut(package) {
            push(ring, frame);
            return;
        }
        if self.apps.len() >= APPS {
            let quietest = self.apps.iter().min_by_key(|(_, ring)| ring.back().map(|frame| frame.seq));
            if let Some(quietest) = quietest.map(|(package, _)| package.clone()) {
                self.apps.remove(&quietest);
            }
        }
        self.apps.insert(package.to_owned(), VecDeque::from([frame]));
    }

    pub(crate) fn record_glasses(&mut self, at_ms: u64, direction: FrameDirection, text: String) {
        self.seq += 1;
        push(&mut self.glasses, Frame { seq: self.seq, at_ms, direction, text });
    }

    /// Whether anything of this app is kept: a stranger's claim alone does not push others out.
    pub(crate) fn knows(&self, package: &str) -> bool {
        self.apps.contains_key(package)
    }

    pub(crate) fn after(&self, package: &str, seq: u64) -> Vec<Frame> {
        self.apps.get(package).map(|ring| newer(ring, seq)).unwrap_or_default()
    }

    pub(crate) fn glasses_after(&self, seq: u64) -> Vec<Frame> {
        newer(&self.glasses, seq)
    }
}

fn push(ring: &mut VecDeque<Frame>, frame: Frame) {
    if ring.len() >= KEPT {
        ring.pop_front();
    }
    ring.push_back(frame);
}

fn newer(ring: &VecDeque<Frame>, seq: u64) -> Vec<Frame> {
    ring.iter().filter(|frame| frame.seq > seq).cloned().collect()
}

/// A message as it may be kept.
pub(crate) fn masked(text: &str) -> String {
    let mut masked = mask(text);
    if masked.len() > TEXT_BYTES {
        masked.truncate(masked.floor_char_boundary(TEXT_BYTES - '…'.len_utf8()));
        masked.push('…');
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(frames: &mut Frames, package: &str, text: &str) {
        frames.record(package, 0, FrameDirection::FromApp, masked(text));
    }

    #[test]
    fn the_last_200_are_kept_and_asked_for_by_number() {
        let mut frames = Frames::default();
        for _ in 0..KEPT + 5 {
            say(&mut frames, "a", "{}");
        }
        let all = frames.after("a", 0);
        assert_eq!(all.len(), KEPT);
        let last = all.last().expect("one").seq;
        assert_eq!(frames.after("a", last - 2).len(), 2);
        assert!(frames.after("a", last).is_empty());
    }

    #[test]
    fn the_quietest_app_is_forgotten_first() {
        let mut frames = Frames::default();
        for n in 0..APPS {
            say(&mut frames, &format!("app{n}"), "{}");
        }
        say(&mut frames, "app0", "{}");
        say(&mut frames, "one-more", "{}");
        assert!(frames.knows("app0"));
        assert!(!frames.knows("app1"));
        assert!(frames.knows("one-more"));
    }

    #[test]
    fn secrets_are_masked_whether_it_is_json_or_not() {
        for text in [
            r#"{"type":"tpa_connection_init","apiKey":"planted"}"#,
            "apiKey=planted",
            r#"{"apiKey":"planted""#,
        ] {
            let kept = masked(text);
            assert!(!kept.contains("planted"), "{kept}");
        }
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let kept = masked(&format!(r#"{{"text":"{}"}}"#, "é".repeat(4_000)));
        assert!(kept.len() <= TEXT_BYTES);
        assert!(kept.ends_with('…'));
    }
}
