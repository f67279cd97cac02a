//! The glasses, as far as they told of themselves.

use std::collections::VecDeque;

use crate::api::{GlassesLink, GlassesMark, GlassesMarkKind, GlassesView};
use crate::ports::{CameraFact, GlassesFact};

/// How long glasses that left are still shown: a phone comes back within seconds.
const AWAY_MS: u64 = 60_000;
/// Below this the battery is worth a warning.
const LOW_PERCENT: u8 = 20;
/// Marks that wait to be shown. Overflow policy: there are at most a few per fact, and they are taken after each.
const MARKS: usize = 8;

/// What apps are told of glasses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GlassesState {
    model: String,
    link: GlassesLink,
    battery: (Option<u8>, Option<bool>),
    wifi: (Option<bool>, Option<String>),
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Glasses {
    view: Option<GlassesView>,
    away_until_ms: Option<u64>,
    marks: VecDeque<GlassesMark>,
}

impl Glasses {
    pub(crate) fn view(&self) -> Option<GlassesView> {
        self.view.clone()
    }

    /// What apps are told of them, to be compared.
    pub(crate) fn told(&self) -> Option<GlassesState> {
        let view = self.view.as_ref()?;
        Some(GlassesState {
            model: view.model.clone(),
            link: view.link,
            battery: (view.battery_percent, view.charging),
            wifi: (view.wifi, view.wifi_name.clone()),
        })
    }

    /// They take commands.
    pub(crate) fn connected(&self) -> bool {
        self.view.as_ref().is_some_and(|view| view.link == GlassesLink::Connected)
    }

    pub(crate) fn next_deadline_ms(&self) -> Option<u64> {
        self.away_until_ms
    }

    /// Forgets glasses that did not come back.
    pub(crate) fn tick(&mut self, now_ms: u64) {
        if self.away_until_ms.is_some_and(|until_ms| until_ms <= now_ms) {
            self.away_until_ms = None;
            self.view = None;
        }
    }

    /// What is new for the time axis, oldest first.
    pub(crate) fn take_marks(&mut self) -> VecDeque<GlassesMark> {
        std::mem::take(&mut self.marks)
    }

    pub(crate) fn fact(&mut self, now_ms: u64, fact: &GlassesFact) {
        match fact {
            GlassesFact::Connected { address } => self.connect(now_ms, address),
            GlassesFact::Gone => self.gone(now_ms),
            GlassesFact::State { model, link, wifi, wifi_name } => {
                self.state(now_ms, model.as_deref(), *link, *wifi, wifi_name.as_deref());
            }
            GlassesFact::Battery { percent, charging } => self.battery(now_ms, *percent, *charging),
            GlassesFact::Camera { fact, .. } => self.camera(now_ms, fact),
            GlassesFact::KeepAlive { .. } => {}
        }
    }

    fn connect(&mut self, now_ms: u64, address: &str) {
        self.away_until_ms = None;
        let back = self.view.is_some();
        let view = self.view.get_or_insert_with(|| GlassesView {
            model: "Glasses".to_owned(),
            link: GlassesLink::Connected,
            address: String::new(),
            since_ms: now_ms,
            battery_percent: None,
            charging: None,
            wifi: None,
            wifi_name: None,
            camera: None,
            claimed_bitrate_bps: None,
            claimed_fps: None,
        });
        address.clone_into(&mut view.address);
        view.link = GlassesLink::Connected;
        view.since_ms = now_ms;
        let text = if back { "The glasses are connected again." } else { "The glasses are connected." };
        self.mark(now_ms, GlassesMarkKind::Link, false, text.to_owned());
    }

    fn gone(&mut self, now_ms: u64) {
        let Some(view) = &mut self.view else { return };
        view.link = GlassesLink::Away;
        self.away_until_ms = Some(now_ms + AWAY_MS);
        self.mark(
            now_ms,
            GlassesMarkKind::Link,
            true,
            "The connection to the glasses is lost; they try again by themselves.".to_owned(),
        );
    }

    fn state(
        &mut self,
        now_ms: u64,
        model: Option<&str>,
        link: Option<GlassesLink>,
        wifi: Option<bool>,
        wifi_name: Option<&str>,
    ) {
        let Some(view) = &mut self.view else { return };
        if let Some(model) = model.filter(|model| !model.is_empty()) {
            model.clone_into(&mut view.model);
        }
        let before = (view.link, view.wifi);
        view.link = link.unwrap_or(view.link);
        if wifi.is_some() {
            view.wifi = wifi;
            view.wifi_name = wifi_name.filter(|_| wifi == Some(true)).map(str::to_owned);
        }
        let after = (view.link, view.wifi);
        if before.0 != after.0 {
            let lost = after.0 != GlassesLink::Connected;
            let text = if lost {
                "The phone lost the glasses. Check that they are on and near it."
            } else {
                "The phone has the glasses again."
            };
            self.mark(now_ms, GlassesMarkKind::Link, lost, text.to_owned());
        }
        if before.1 != after.1 && after.1.is_some() {
            let lost = after.1 == Some(false);
            let text = match (lost, wifi_name) {
                (true, _) => "The glasses have no Wi-Fi.".to_owned(),
                (false, Some(name)) => format!("The glasses are on the Wi-Fi {name}."),
                (false, None) => "The glasses have Wi-Fi.".to_owned(),
            };
            self.mark(now_ms, GlassesMarkKind::Wifi, lost, text);
        }
    }

    fn battery(&mut self, now_ms: u64, percent: u8, charging: Option<bool>) {
        let Some(view) = &mut self.view else { return };
        let changed = view.battery_percent != Some(percent);
        view.battery_percent = Some(percent);
        view.charging = charging.or(view.charging);
        if changed {
            let bad = percent < LOW_PERCENT && charging != Some(true);
            let text = format!("Battery of the glasses: {percent} %.");
            self.push(GlassesMark {
                at_ms: now_ms,
                kind: GlassesMarkKind::Battery,
                battery_percent: Some(percent),
                bad,
                text,
            });
        }
    }

    fn camera(&mut self, now_ms: u64, fact: &CameraFact) {
        let Some(view) = &mut self.view else { return };
        let (text, bad) = match fact {
            CameraFact::Starting => ("The camera is starting.".to_owned(), false),
            CameraFact::Streaming { bitrate_bps, fps } => {
                view.claimed_bitrate_bps = *bitrate_bps;
                view.claimed_fps = *fps;
                ("The camera streams.".to_owned(), false)
            }
            CameraFact::Reconnecting { attempt, of } => (reconnecting(*attempt, *of), true),
            CameraFact::Stopping => ("The camera is stopping.".to_owned(), false),
            CameraFact::Stopped => ("The camera stopped.".to_owned(), false),
            CameraFact::Failed { words } => (words.text.clone(), true),
        };
        if !matches!(fact, CameraFact::Streaming { .. }) {
            view.claimed_bitrate_bps = None;
            view.claimed_fps = None;
        }
        // Statistics come every few seconds and are no news.
        if view.camera.as_deref() != Some(text.as_str()) {
            view.camera = Some(text.clone());
            self.mark(now_ms, GlassesMarkKind::Camera, bad, text);
        }
    }

    fn mark(&mut self, at_ms: u64, kind: GlassesMarkKind, bad: bool, text: String) {
        self.push(GlassesMark { at_ms, kind, battery_percent: None, bad, text });
    }

    fn push(&mut self, mark: GlassesMark) {
        if self.marks.len() == MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back(mark);
    }
}

/// What is said while the camera tries again.
pub(crate) fn reconnecting(attempt: Option<u32>, of: Option<u32>) -> String {
    match (attempt, of) {
        (Some(attempt), Some(of)) => format!("The glasses are reconnecting ({attempt}/{of})."),
        _ => "The glasses are reconnecting.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(glasses: &mut Glasses) -> Vec<String> {
        glasses.take_marks().into_iter().map(|mark| mark.text).collect()
    }

    #[test]
    fn what_does_not_change_is_no_news() {
        let mut glasses = Glasses::default();
        glasses.fact(0, &GlassesFact::Connected { address: "127.0.0.1".to_owned() });
        for _ in 0..3 {
            glasses.fact(1, &GlassesFact::Battery { percent: 15, charging: Some(false) });
            let streaming = CameraFact::Streaming { bitrate_bps: Some(1), fps: None };
            glasses.fact(2, &GlassesFact::Camera { stream_id: None, fact: streaming });
        }
        let marks = glasses.take_marks();
        assert_eq!(marks.len(), 3);
        assert!(marks[1].bad && marks[1].battery_percent == Some(15));
    }

    #[test]
    fn glasses_that_left_are_shown_for_a_minute() {
        let mut glasses = Glasses::default();
        glasses.fact(0, &GlassesFact::Connected { address: "127.0.0.1".to_owned() });
        assert!(glasses.connected());
        glasses.fact(1_000, &GlassesFact::Gone);
        assert!(!glasses.connected());
        glasses.tick(60_999);
        assert!(glasses.view().is_some());
        glasses.tick(61_000);
        assert_eq!((glasses.view(), glasses.next_deadline_ms()), (None, None));
    }

    #[test]
    fn a_phone_without_its_glasses_takes_no_commands() {
        let mut glasses = Glasses::default();
        glasses.fact(0, &GlassesFact::Connected { address: "127.0.0.1".to_owned() });
        let state = |link, wifi| GlassesFact::State {
            model: Some("Mentra Live".to_owned()),
            link: Some(link),
            wifi: Some(wifi),
            wifi_name: Some("Home".to_owned()),
        };
        glasses.fact(1, &state(GlassesLink::PhoneOnly, false));
        assert!(!glasses.connected());
        texts(&mut glasses);
        glasses.fact(2, &state(GlassesLink::Connected, true));
        assert!(glasses.connected());
        assert_eq!(
            texts(&mut glasses),
            ["The phone has the glasses again.", "The glasses are on the Wi-Fi Home."]
        );
        assert_eq!(glasses.view().and_then(|view| view.wifi_name).as_deref(), Some("Home"));
    }
}
