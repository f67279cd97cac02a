//! Names the commands the window may call: each gets a permission, which `capabilities/main.json` grants.

use tauri_build::{AppManifest, Attributes};

const COMMANDS: &[&str] = &[
    "snapshot",
    "subscribe",
    "start_managed",
    "stop_stream",
    "list_streams",
    "stream_detail",
    "delete_stream",
    "update_settings",
    "new_stream_key",
    "presets",
    "add_destination",
    "update_destination",
    "set_destination",
    "remove_destination",
    "duplicate_destination",
    "order_destinations",
    "retry_destination",
    "test_destination",
    "reveal_key",
    "go_live",
    "end_broadcast",
    "preflight",
    "broadcast_check",
    "set_cloud",
    "remove_cloud",
    "check_webhook",
    "start_unmanaged",
    "hold_stream",
    "add_app",
    "update_app",
    "remove_app",
    "start_app",
    "stop_app",
    "allow_app",
    "frames",
    "set_virtual_glasses",
    "new_glasses_token",
    "open_external",
    "open_data_folder",
    "save_export",
];

fn main() {
    let attributes = Attributes::new().app_manifest(AppManifest::new().commands(COMMANDS));
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo:warning={error:#}");
        std::process::exit(1);
    }
}
