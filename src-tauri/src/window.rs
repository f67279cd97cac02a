//! The one window, and leaving: nobody ends a stream by closing a window without being asked.

use std::sync::atomic::{AtomicBool, Ordering};

use console::Console;
use tauri::async_runtime::spawn;
use tauri::{AppHandle, Manager, WebviewWindowBuilder, Window, WindowEvent};
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons, MessageDialogKind};

/// Label of the window in tauri.conf.json.
const MAIN: &str = "main";

/// What closing depends on.
#[derive(Default)]
pub(crate) struct Leaving {
    /// A stream runs: it would end with the program.
    pub(crate) running: AtomicBool,
    /// The question is on the screen.
    asking: AtomicBool,
}

/// Opens the window as tauri.conf.json describes it. It is not opened from there, because the page's first call needs
/// the console.
pub(crate) fn open(app: &AppHandle) -> tauri::Result<()> {
    for config in &app.config().app.windows {
        WebviewWindowBuilder::from_config(app, config)?.build()?;
    }
    Ok(())
}

/// Brings the window to the front.
pub(crate) fn show(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    if let Err(error) = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus()) {
        tracing::warn!(%error, "the window could not be brought to the front");
    }
}

/// Closing the window quits, and asks first while a stream runs.
pub(crate) fn on_event(window: &Window, event: &WindowEvent) {
    if let WindowEvent::CloseRequested { api, .. } = event
        && window.state::<Leaving>().running.load(Ordering::Relaxed)
    {
        api.prevent_close();
        quit(window.app_handle());
    }
}

/// Quits, after asking while a stream runs.
pub(crate) fn quit(app: &AppHandle) {
    let leaving = app.state::<Leaving>();
    if !leaving.running.load(Ordering::Relaxed) {
        app.exit(0);
        return;
    }
    if leaving.asking.swap(true, Ordering::Relaxed) {
        return;
    }
    show(app);
    let buttons = MessageDialogButtons::OkCancelCustom("End stream and quit".into(), "Keep streaming".into());
    let mut dialog = app.dialog().message("A stream is live. Quitting ends it.");
    if let Some(window) = app.get_webview_window(MAIN) {
        dialog = dialog.parent(&window);
    }
    let app = app.clone();
    dialog.title("Quit Stream Console?").kind(MessageDialogKind::Warning).buttons(buttons).show(move |yes| {
        app.state::<Leaving>().asking.store(false, Ordering::Relaxed);
        if yes {
            // Not joined: it ends the program, which is all that could wait for it.
            spawn(async move {
                // A console that does not answer any more must not keep the user from leaving.
                let _ = app.state::<Console>().stop_stream().await;
                app.exit(0);
            });
        }
    });
}
