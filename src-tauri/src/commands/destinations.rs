//! Commands of the window about destinations.

use console::Console;
use console::api::{
    AddDestination, Added, BroadcastCheck, DestinationTest, OneDestination, Preflight, PresetView,
    RevealedKey, SetDestination, SomeDestinations, UpdateDestination,
};
use tauri::State;

use super::Answer;

#[tauri::command]
pub(crate) async fn add_destination(console: State<'_, Console>, args: AddDestination) -> Answer<Added> {
    console.add_destination(args).await
}

#[tauri::command]
pub(crate) async fn update_destination(console: State<'_, Console>, args: UpdateDestination) -> Answer<()> {
    console.update_destination(args).await
}

#[tauri::command]
pub(crate) async fn set_destination(console: State<'_, Console>, args: SetDestination) -> Answer<()> {
    console.set_destination(args).await
}

#[tauri::command]
pub(crate) async fn remove_destination(console: State<'_, Console>, args: OneDestination) -> Answer<()> {
    console.remove_destination(args).await
}

#[tauri::command]
pub(crate) async fn duplicate_destination(
    console: State<'_, Console>,
    args: OneDestination,
) -> Answer<Added> {
    console.duplicate_destination(args).await
}

#[tauri::command]
pub(crate) async fn order_destinations(console: State<'_, Console>, args: SomeDestinations) -> Answer<()> {
    console.order_destinations(args).await
}

#[tauri::command]
pub(crate) async fn retry_destination(console: State<'_, Console>, args: OneDestination) -> Answer<()> {
    console.retry_destination(args).await
}

#[tauri::command]
pub(crate) async fn test_destination(
    console: State<'_, Console>,
    args: OneDestination,
) -> Answer<DestinationTest> {
    console.test_destination(args).await
}

#[tauri::command]
pub(crate) async fn reveal_key(console: State<'_, Console>, args: OneDestination) -> Answer<RevealedKey> {
    console.reveal_key(args).await
}

#[tauri::command]
pub(crate) async fn go_live(console: State<'_, Console>, args: SomeDestinations) -> Answer<()> {
    console.go_live(args).await
}

#[tauri::command]
pub(crate) async fn presets(console: State<'_, Console>) -> Answer<Vec<PresetView>> {
    console.presets().await
}

#[tauri::command]
pub(crate) async fn end_broadcast(console: State<'_, Console>) -> Answer<()> {
    console.end_broadcast().await
}

#[tauri::command]
pub(crate) async fn preflight(console: State<'_, Console>) -> Answer<Preflight> {
    console.preflight().await
}

#[tauri::command]
pub(crate) async fn broadcast_check(console: State<'_, Console>) -> Answer<BroadcastCheck> {
    console.broadcast_check().await
}
