//! Commands of the window about apps and glasses.

use console::Console;
use console::api::{
    AddApp, AllowApp, Frames, HoldStream, OneApp, SetVirtualGlasses, StartUnmanaged, Started, WantedFrames,
};
use tauri::State;

use super::Answer;

#[tauri::command]
pub(crate) async fn start_unmanaged(console: State<'_, Console>, args: StartUnmanaged) -> Answer<Started> {
    console.start_unmanaged(args).await
}

#[tauri::command]
pub(crate) async fn hold_stream(console: State<'_, Console>, args: HoldStream) -> Answer<()> {
    console.hold_stream(args).await
}

#[tauri::command]
pub(crate) async fn add_app(console: State<'_, Console>, args: AddApp) -> Answer<()> {
    console.add_app(args).await
}

#[tauri::command]
pub(crate) async fn update_app(console: State<'_, Console>, args: AddApp) -> Answer<()> {
    console.update_app(args).await
}

#[tauri::command]
pub(crate) async fn remove_app(console: State<'_, Console>, args: OneApp) -> Answer<()> {
    console.remove_app(args).await
}

#[tauri::command]
pub(crate) async fn start_app(console: State<'_, Console>, args: OneApp) -> Answer<()> {
    console.start_app(args).await
}

#[tauri::command]
pub(crate) async fn stop_app(console: State<'_, Console>, args: OneApp) -> Answer<()> {
    console.stop_app(args).await
}

#[tauri::command]
pub(crate) async fn allow_app(console: State<'_, Console>, args: AllowApp) -> Answer<()> {
    console.allow_app(args).await
}

#[tauri::command]
pub(crate) async fn frames(console: State<'_, Console>, args: WantedFrames) -> Answer<Frames> {
    console.frames(args).await
}

#[tauri::command]
pub(crate) async fn set_virtual_glasses(console: State<'_, Console>, args: SetVirtualGlasses) -> Answer<()> {
    console.set_virtual_glasses(args).await
}

#[tauri::command]
pub(crate) async fn new_glasses_token(console: State<'_, Console>) -> Answer<()> {
    console.new_glasses_token().await
}
