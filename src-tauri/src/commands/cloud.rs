//! Commands of the window about the user's app at the MentraOS cloud.

use console::Console;
use console::api::{SetCloud, WebhookCheck};
use tauri::State;

use super::Answer;

#[tauri::command]
pub(crate) async fn set_cloud(console: State<'_, Console>, args: SetCloud) -> Answer<()> {
    console.set_cloud(args).await
}

#[tauri::command]
pub(crate) async fn remove_cloud(console: State<'_, Console>) -> Answer<()> {
    console.remove_cloud().await
}

#[tauri::command]
pub(crate) async fn check_webhook(console: State<'_, Console>) -> Answer<WebhookCheck> {
    console.check_webhook().await
}
