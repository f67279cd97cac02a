//! The desktop shell of Stream Console: one window, one tray icon, thin commands. No rules, no sockets, no SQL; those
//! are behind [`console::Console`], which the headless shell shares.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::Parser;
use console::Console;
use runtime::{Config, Runtime};
use tauri::async_runtime::{JoinHandle, block_on, spawn};
use tauri::{AppHandle, Manager, RunEvent, Wry};
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};
use tauri_plugin_window_state::StateFlags;

mod commands;
mod events;
mod options;
mod screen;
mod tray;
mod window;

use options::Options;

/// What has to be ended when the program leaves.
struct Running {
    runtime: Runtime,
    in_step: JoinHandle<()>,
    signals: JoinHandle<()>,
}

/// Taken by the one who ends it.
type WhatRuns = Mutex<Option<Running>>;

/// Runs the program until its user leaves it.
pub fn run() -> ExitCode {
    let options = match Options::parse().or_environment(|name| std::env::var_os(name)) {
        Ok(options) => options,
        Err(reason) => return refuse(&reason),
    };
    if let Err(reason) = screen::prepare() {
        return refuse(reason);
    }
    let built = builder().setup(|app| {
        start(app.handle(), options);
        Ok(())
    });
    match built.build(tauri::generate_context!()) {
        Ok(app) => ExitCode::from(u8::try_from(app.run_return(on_run_event)).unwrap_or(1)),
        Err(error) => refuse(&format!("The window could not be opened: {error}.")),
    }
}

fn refuse(reason: &str) -> ExitCode {
    eprintln!("{reason}");
    ExitCode::from(2)
}

fn builder() -> tauri::Builder<Wry> {
    let mut builder = tauri::Builder::default();
    // First of all plugins: a second launch must end before it opens anything. Tests start several side by side.
    if std::env::var_os("STREAM_CONSOLE_MULTI_INSTANCE").is_none() {
        builder = builder.plugin(tauri_plugin_single_instance::init(|app, _, _| window::show(app)));
    }
    let place = StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED | StateFlags::FULLSCREEN;
    builder
        .plugin(tauri_plugin_window_state::Builder::default().with_state_flags(place).build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::Builder::new().open_js_links_on_click(false).build())
        .plugin(tauri_plugin_clipboard_manager::init())
        .manage(WhatRuns::default())
        .manage(window::Leaving::default())
        .manage(events::Subscription::default())
        .on_window_event(window::on_event)
        .invoke_handler(tauri::generate_handler![
            commands::snapshot,
            commands::start_managed,
            commands::stop_stream,
            commands::list_streams,
            commands::stream_detail,
            commands::delete_stream,
            commands::update_settings,
            commands::new_stream_key,
            commands::destinations::add_destination,
            commands::destinations::update_destination,
            commands::destinations::set_destination,
            commands::destinations::remove_destination,
            commands::destinations::duplicate_destination,
            commands::destinations::order_destinations,
            commands::destinations::retry_destination,
            commands::destinations::test_destination,
            commands::destinations::reveal_key,
            commands::destinations::go_live,
            commands::destinations::presets,
            commands::destinations::end_broadcast,
            commands::destinations::preflight,
            commands::destinations::broadcast_check,
            commands::cloud::set_cloud,
            commands::cloud::remove_cloud,
            commands::cloud::check_webhook,
            commands::apps::start_unmanaged,
            commands::apps::hold_stream,
            commands::apps::add_app,
            commands::apps::update_app,
            commands::apps::remove_app,
            commands::apps::start_app,
            commands::apps::stop_app,
            commands::apps::allow_app,
            commands::apps::frames,
            commands::apps::set_virtual_glasses,
            commands::apps::new_glasses_token,
            commands::open_external,
            commands::open_data_folder,
            commands::save_export,
            events::subscribe,
        ])
}

/// Console first, then tray, then the window that asks the console. What cannot start is told in a dialog.
fn start(app: &AppHandle, options: Options) {
    let config = Config {
        data_dir: options.data_dir,
        rtmp_port: options.rtmp_port,
        http_port: options.http_port,
        hub_port: options.hub_port,
        webrtc_port: options.webrtc_port,
        bind: None,
        keys_in_file: options.keys_in_file,
        log_to_stderr: io::stderr().is_terminal(),
    };
    let runtime = match block_on(Runtime::start(config)) {
        Ok(runtime) => runtime,
        Err(error) => return give_up(app, &error.to_string()),
    };
    let console = runtime.console();
    app.manage(console.clone());
    let in_step = spawn(tray::keep_in_step(app.clone(), tray::install(app), console));
    let signals = spawn(leave_on_signal(app.clone()));
    *app.state::<WhatRuns>().lock().unwrap_or_else(PoisonError::into_inner) =
        Some(Running { runtime, in_step, signals });
    if let Err(error) = window::open(app) {
        return give_up(app, &format!("The window could not be opened: {error}."));
    }
    if options.demo {
        let console = app.state::<Console>().inner().clone();
        spawn(async move {
            if let Err(error) = console.start_demo().await {
                tracing::warn!(reason = %error.message, "the demo could not be started");
            }
        });
    }
}

/// Says why in a native dialog (there may be no page to say it) and on standard error, then leaves.
fn give_up(app: &AppHandle, reason: &str) {
    eprintln!("{reason}");
    let leave = app.clone();
    let dialog = app.dialog().message(reason).title("Stream Console could not start");
    dialog.kind(MessageDialogKind::Error).show(move |_| leave.exit(1));
}

/// Ctrl+C and the end of the desktop session leave in good order, without a question nobody could answer.
async fn leave_on_signal(app: AppHandle) {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    let ended = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut terminate) => terminate.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let ended = std::future::pending::<()>();
    tokio::select! {
        _ = interrupted => {}
        _ = ended => {}
    }
    app.exit(0);
}

fn on_run_event(app: &AppHandle, event: RunEvent) {
    if let RunEvent::Exit = event {
        app.state::<events::Subscription>().replace(None);
        let running = app.state::<WhatRuns>().lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            running.signals.abort();
            block_on(async {
                running.runtime.shutdown().await;
                // Ends with the console it follows; an error means it ended before.
                let _ = running.in_step.await;
            });
        }
    }
}
