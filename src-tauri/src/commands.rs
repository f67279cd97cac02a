//! Commands of the window: decode, call one method, answer. What they change is told by events.

pub(crate) mod apps;
pub(crate) mod cloud;
pub(crate) mod destinations;

use std::path::PathBuf;

use console::Console;
use console::api::{
    ApiError, Code, ListStreams, OneStream, Settings, SettingsView, Snapshot, StartManaged, Started,
    StreamDetail, StreamSummary,
};
use tauri::{AppHandle, State, Url};
use tauri_plugin_dialog::DialogExt;
use tauri_plugin_opener::OpenerExt;
use tokio::sync::oneshot;

type Answer<T> = Result<T, ApiError>;

#[tauri::command]
pub(crate) async fn snapshot(console: State<'_, Console>) -> Answer<Snapshot> {
    console.snapshot().await
}

#[tauri::command]
pub(crate) async fn start_managed(console: State<'_, Console>, args: StartManaged) -> Answer<Started> {
    console.start_managed(args).await
}

#[tauri::command]
pub(crate) async fn stop_stream(console: State<'_, Console>) -> Answer<()> {
    console.stop_stream().await
}

#[tauri::command]
pub(crate) async fn list_streams(
    console: State<'_, Console>,
    args: ListStreams,
) -> Answer<Vec<StreamSummary>> {
    console.list_streams(args).await
}

#[tauri::command]
pub(crate) async fn stream_detail(console: State<'_, Console>, args: OneStream) -> Answer<StreamDetail> {
    console.stream_detail(args).await
}

#[tauri::command]
pub(crate) async fn delete_stream(console: State<'_, Console>, args: OneStream) -> Answer<()> {
    console.delete_stream(args).await
}

#[tauri::command]
pub(crate) async fn update_settings(console: State<'_, Console>, args: Settings) -> Answer<SettingsView> {
    console.update_settings(args).await
}

#[tauri::command]
pub(crate) async fn new_stream_key(console: State<'_, Console>) -> Answer<()> {
    console.new_stream_key().await
}

/// Opens a web address in the user's browser; nothing else can be opened this way.
#[tauri::command]
pub(crate) async fn open_external(app: AppHandle, url: &str) -> Answer<()> {
    let address = web_address(url)?;
    app.opener().open_url(address, None::<&str>).map_err(|error| no_program("The address", &error))
}

/// Shows the data folder in the system's file browser.
#[tauri::command]
pub(crate) async fn open_data_folder(app: AppHandle, console: State<'_, Console>) -> Answer<()> {
    let folder = console.snapshot().await?.app.data_dir;
    app.opener().open_path(folder, None::<&str>).map_err(|error| no_program("The folder", &error))
}

/// Asks where to, then writes one past stream as JSON. False when the user thought better of it.
#[tauri::command]
pub(crate) async fn save_export(
    app: AppHandle,
    console: State<'_, Console>,
    args: OneStream,
) -> Answer<bool> {
    let detail = console.stream_detail(args).await?;
    let json = serde_json::to_vec_pretty(&detail).map_err(|error| ApiError {
        code: Code::Internal,
        message: format!("The stream could not be written as JSON: {error}."),
        next_step: None,
    })?;
    let Some(file) = ask_where(&app, &format!("stream-{}.json", detail.summary.stream_id)).await else {
        return Ok(false);
    };
    std::fs::write(&file, json).map_err(|error| ApiError {
        code: Code::Storage,
        message: format!("{} could not be written: {error}.", file.display()),
        next_step: Some("Choose another folder.".to_owned()),
    })?;
    Ok(true)
}

async fn ask_where(app: &AppHandle, proposed: &str) -> Option<PathBuf> {
    let (answer, answered) = oneshot::channel();
    let dialog =
        app.dialog().file().set_title("Export stream").set_file_name(proposed).add_filter("JSON", &["json"]);
    dialog.save_file(move |file| {
        // No one waits any more only when the program is ending.
        let _ = answer.send(file);
    });
    answered.await.ok()??.into_path().ok()
}

/// The address, if it is one of the web.
fn web_address(url: &str) -> Answer<Url> {
    Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or_else(|| ApiError {
        code: Code::InvalidRequest,
        message: "Only http and https addresses can be opened in the browser.".to_owned(),
        next_step: None,
    })
}

fn no_program(what: &str, error: &tauri_plugin_opener::Error) -> ApiError {
    ApiError {
        code: Code::Internal,
        message: format!("{what} could not be opened: {error}."),
        next_step: Some("Copy it and open it yourself.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::web_address;

    #[test]
    fn only_web_addresses_are_opened() {
        assert!(web_address("http://127.0.0.1:8935/abc/watch").is_ok());
        assert!(web_address("HTTPS://example.com").is_ok());
        for refused in ["file:///etc/passwd", "javascript:alert(1)", "smb://host/share", "/etc/passwd", ""] {
            assert!(web_address(refused).is_err(), "{refused}");
        }
    }
}
