//! MentraOS frames: no text panics in any direction, what is understood is written and understood again, and a mask of any text
//! is JSON or says that it is none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mentra_wire::{AppMessage, DeviceMessage, Dialect, Generation, HubToApp, HubToDevice, Webhook, mask};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(message) = AppMessage::parse(text) {
        Dialect::of(text, false, &message);
        assert_eq!(AppMessage::parse(&message.to_json()), Ok(message));
    }
    if let Ok(message) = HubToApp::parse(text) {
        assert_eq!(HubToApp::parse(&message.to_json(Dialect::V3)), Ok(message.clone()));
        let _ = message.to_json(Dialect::Classic);
    }
    if let Ok(message) = DeviceMessage::parse(text) {
        assert_eq!(DeviceMessage::parse(&message.to_json()), Ok(message));
    }
    if let Ok(message) = HubToDevice::parse(text) {
        for generation in [Generation::Rtmp2025, Generation::Stream2026] {
            assert_eq!(HubToDevice::parse(&message.to_json(generation)), Ok(message.clone()));
        }
    }
    if let Ok(message) = Webhook::parse(text) {
        assert_eq!(Webhook::parse(&message.to_json()), Ok(message));
    }
    let shown = mask(text);
    assert!(
        shown.starts_with("not JSON (")
            || shown.starts_with("too large to show (")
            || serde_json::from_str::<serde::de::IgnoredAny>(&shown).is_ok()
    );
});
