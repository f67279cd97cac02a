//! The TypeScript side of the contract, generated from [`crate::api`].

use ts_rs::{Config, TS};

use crate::api;

/// The whole of `ui/src/host/generated.ts`: every type of the contract, and each command's argument and answer.
pub fn typescript() -> String {
    let config = Config::default();
    let mut text = String::from(
        "// Generated from src-tauri/crates/console/src/api.rs by `cargo xtask types`. Do not edit.\n\n",
    );
    macro_rules! types {
        ($($name:ident),* $(,)?) => {
            $(
                text.push_str("export ");
                text.push_str(&api::$name::decl(&config));
                text.push_str("\n\n");
            )*
        };
    }
    types!(
        Snapshot,
        AppInfo,
        StatusWord,
        Phase,
        CameraLink,
        Delivery,
        ManagedBy,
        Quality,
        SessionView,
        WebRtcView,
        WebRtcState,
        Message,
        Tone,
        PlaybackUrls,
        IngestView,
        MovedPort,
        PublisherView,
        SignalView,
        Sample,
        Mark,
        SettingsView,
        Settings,
        Theme,
        StartManaged,
        Started,
        ListStreams,
        OneStream,
        StreamSummary,
        StreamDetail,
        DestinationView,
        DestinationState,
        Severity,
        KeyPlace,
        DestinationMark,
        AddDestination,
        UpdateDestination,
        SetDestination,
        OneDestination,
        SomeDestinations,
        Added,
        RevealedKey,
        DestinationTest,
        PresetView,
        IngestPoint,
        Preflight,
        DestinationPreflight,
        Finding,
        Verdict,
        BroadcastCheck,
        CheckPart,
        HubView,
        GlassesView,
        GlassesLink,
        GlassesMark,
        GlassesMarkKind,
        VirtualGlasses,
        SetVirtualGlasses,
        AppView,
        AppPermission,
        AppState,
        AppPart,
        StreamApp,
        StreamAppRecord,
        AddApp,
        OneApp,
        AllowApp,
        WantedFrames,
        Frames,
        FrameView,
        FrameDirection,
        HoldStream,
        StartUnmanaged,
        CloudView,
        RelayView,
        CloudSession,
        SetCloud,
        CloudChoice,
        WebhookCheck,
        WebhookStep,
        Event,
        Change,
        ApiError,
        Code,
    );
    text.push_str("/** Argument and answer of every command. */\nexport type Commands = {\n");
    for (name, argument, answer) in COMMANDS {
        text.push_str(&format!("  {name}: {{ argument: {argument}; answer: {answer} }};\n"));
    }
    text.push_str("};\n");
    text
}

/// Every command, its argument and its answer. `null` is none.
const COMMANDS: [(&str, &str, &str); 36] = [
    ("snapshot", "null", "Snapshot"),
    ("start_managed", "StartManaged", "Started"),
    ("stop_stream", "null", "null"),
    ("list_streams", "ListStreams", "Array<StreamSummary>"),
    ("stream_detail", "OneStream", "StreamDetail"),
    ("delete_stream", "OneStream", "null"),
    ("update_settings", "Settings", "SettingsView"),
    ("new_stream_key", "null", "null"),
    ("presets", "null", "Array<PresetView>"),
    ("add_destination", "AddDestination", "Added"),
    ("update_destination", "UpdateDestination", "null"),
    ("set_destination", "SetDestination", "null"),
    ("remove_destination", "OneDestination", "null"),
    ("duplicate_destination", "OneDestination", "Added"),
    ("order_destinations", "SomeDestinations", "null"),
    ("retry_destination", "OneDestination", "null"),
    ("test_destination", "OneDestination", "DestinationTest"),
    ("reveal_key", "OneDestination", "RevealedKey"),
    ("go_live", "SomeDestinations", "null"),
    ("end_broadcast", "null", "null"),
    ("preflight", "null", "Preflight"),
    ("broadcast_check", "null", "BroadcastCheck"),
    ("start_unmanaged", "StartUnmanaged", "Started"),
    ("hold_stream", "HoldStream", "null"),
    ("add_app", "AddApp", "null"),
    ("update_app", "AddApp", "null"),
    ("remove_app", "OneApp", "null"),
    ("start_app", "OneApp", "null"),
    ("stop_app", "OneApp", "null"),
    ("allow_app", "AllowApp", "null"),
    ("frames", "WantedFrames", "Frames"),
    ("set_virtual_glasses", "SetVirtualGlasses", "null"),
    ("new_glasses_token", "null", "null"),
    ("set_cloud", "SetCloud", "null"),
    ("remove_cloud", "null", "null"),
    ("check_webhook", "null", "WebhookCheck"),
];

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_stay_numbers() {
        let text = super::typescript();
        assert!(!text.contains("bigint"), "a JSON number is declared as bigint:\n{text}");
        assert!(text.contains("export type Snapshot"));
    }
}
