//! The icon in the system's tray: start, stop, show, quit, without the window.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use console::Console;
use console::api::{CameraLink, Change, Phase};
use tauri::async_runtime::spawn;
use tauri::menu::{Menu, MenuEvent, MenuItem, PredefinedMenuItem};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager, Wry};

use crate::events::{Told, follow};
use crate::window::{self, Leaving};

/// The entries that come and go with the session.
#[derive(Clone)]
pub(crate) struct Entries {
    state: MenuItem<Wry>,
    start_demo: MenuItem<Wry>,
    start: MenuItem<Wry>,
    stop: MenuItem<Wry>,
}

/// Puts the icon there; `None` where there is no tray, which is no reason not to run.
pub(crate) fn install(app: &AppHandle) -> Option<Entries> {
    // libappindicator is loaded when the icon is made, and its binding panics where the library is missing.
    match catch_unwind(AssertUnwindSafe(|| build(app))) {
        Ok(Ok(entries)) => Some(entries),
        Ok(Err(error)) => {
            tracing::warn!(%error, "no tray icon");
            None
        }
        Err(_) => {
            tracing::warn!("no tray icon: libayatana-appindicator3 is not installed");
            None
        }
    }
}

fn build(app: &AppHandle) -> tauri::Result<Entries> {
    let item = |id, text, enabled| MenuItem::with_id(app, id, text, enabled, None::<&str>);
    let entries = Entries {
        state: item("state", words(Phase::Idle), false)?,
        start_demo: item("start-demo", "Start demo camera", true)?,
        start: item("start", "Start with encoder", true)?,
        stop: item("stop", "Stop", false)?,
    };
    let menu = Menu::with_items(
        app,
        &[
            &entries.state,
            &PredefinedMenuItem::separator(app)?,
            &entries.start_demo,
            &entries.start,
            &entries.stop,
            &PredefinedMenuItem::separator(app)?,
            &item("show", "Show window", true)?,
            &item("quit", "Quit", true)?,
        ],
    )?;
    TrayIconBuilder::with_id("main")
        .icon(tauri::include_image!("../icons/tray.png"))
        .icon_as_template(true)
        .tooltip("Stream Console")
        .menu(&menu)
        .on_menu_event(chosen)
        .build(app)?;
    Ok(entries)
}

fn chosen(app: &AppHandle, event: MenuEvent) {
    match event.id().as_ref() {
        "start-demo" => start(app, CameraLink::Demo),
        "start" => start(app, CameraLink::Manual),
        "stop" => {
            let console = app.state::<Console>().inner().clone();
            // A failed stop shows in the window, as any other change of the session does.
            spawn(async move { console.stop_stream().await });
        }
        "show" => window::show(app),
        "quit" => window::quit(app),
        _ => {}
    }
}

/// Starts a stream; a refusal is shown by the window, which knows how to say it.
pub(crate) fn start(app: &AppHandle, camera_link: CameraLink) {
    let console = app.state::<Console>().inner().clone();
    let app = app.clone();
    spawn(async move {
        if let Err(refusal) = console.start_by_hand(camera_link).await {
            tracing::warn!(refusal = refusal.message, "the stream was not started");
            window::show(&app);
        }
    });
}

/// Keeps the entries, and what closing the window asks, in step with the session until the console ends.
pub(crate) async fn keep_in_step(app: AppHandle, entries: Option<Entries>, console: Console) {
    follow(console, |told| {
        let session = match &told {
            Told::Snapshot(snapshot) => Some(&snapshot.session),
            Told::Event(event) => match &event.change {
                Change::Session { session } => Some(session),
                _ => None,
            },
        };
        if let Some(session) = session {
            app.state::<Leaving>().running.store(is_running(session.phase), Ordering::Relaxed);
            if let Some(entries) = entries.clone() {
                let phase = session.phase;
                // Handed over, not waited for: the main thread may itself be waiting for this task to end.
                let handed = app.run_on_main_thread(move || entries.show(phase));
                if handed.is_err() {
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    })
    .await;
}

impl Entries {
    fn show(&self, phase: Phase) {
        let running = is_running(phase);
        let shown = self
            .state
            .set_text(words(phase))
            .and_then(|()| self.start_demo.set_enabled(!running))
            .and_then(|()| self.start.set_enabled(!running))
            .and_then(|()| self.stop.set_enabled(running && phase != Phase::Stopping));
        if let Err(error) = shown {
            tracing::warn!(%error, "the tray shows an old state");
        }
    }
}

fn is_running(phase: Phase) -> bool {
    !matches!(phase, Phase::Idle | Phase::Ended)
}

fn words(phase: Phase) -> &'static str {
    match phase {
        Phase::Idle | Phase::Ended => "Not streaming",
        Phase::AwaitingCamera => "Starting the camera",
        Phase::AwaitingMedia => "Waiting for video",
        Phase::Live => "Live",
        Phase::Interrupted => "Interrupted",
        Phase::Stopping => "Stopping",
    }
}
