//! Stream Console without a window: the same console, served to a browser.

mod api;
mod cli;
mod events;
mod glasses;
mod pages;
mod server;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser as _;
use runtime::{Config, Runtime};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::cli::{Arguments, Instead};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if let Some(Instead::Glasses(wanted)) = arguments.instead {
        return glasses::wear(wanted, asked_to_stop()).await;
    }
    let runtime = Runtime::start(Config {
        data_dir: arguments.data_dir,
        rtmp_port: arguments.rtmp_port,
        http_port: arguments.http_port,
        hub_port: arguments.hub_port,
        webrtc_port: arguments.webrtc_port,
        bind: arguments.bind,
        keys_in_file: arguments.keys_in_file,
        log_to_stderr: arguments.verbose,
    })
    .await?;
    // Control stays on this computer whatever the media listeners bind.
    let wanted = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), arguments.control_port);
    let listener = TcpListener::bind(wanted).await.with_context(|| {
        format!("The control port {wanted} is taken. Choose another with --control-port.")
    })?;
    let address = listener.local_addr().context("The control port has no address.")?;
    let token = server::new_token()?;
    let stop = CancellationToken::new();
    let shared = Arc::new(server::Shared::new(runtime.console(), token.clone(), address, stop.clone()));
    let serving = tokio::spawn(server::serve(listener, shared));

    if arguments.demo
        && let Err(error) = runtime.console().start_demo().await
    {
        eprintln!("{}", error.message);
    }
    let control = format!("http://{address}");
    let ready = serde_json::json!({
        "control": control,
        "token": token,
        "open": format!("{control}/?token={token}"),
        "rtmp": runtime.rtmp_url(),
        "http": runtime.http_url(),
        "hub": runtime.hub_url(),
        "webrtc": runtime.webrtc_address(),
    });
    println!("{ready}");

    asked_to_stop().await;
    stop.cancel();
    serving.await.context("The control server did not end as it should.")?;
    runtime.shutdown().await;
    Ok(())
}

/// Resolves on Ctrl-C, and on Unix on SIGTERM too.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without a handler the system ends the program itself.
    let _ = tokio::signal::ctrl_c().await;
}
