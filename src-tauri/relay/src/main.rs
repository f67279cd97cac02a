//! `stream-console-relay`: see the library's documentation and the README beside it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use stream_console_relay::{Relay, Timing, Tokens, new_token};
use tracing_subscriber::EnvFilter;

/// Passes webhooks of the MentraOS cloud on to computers it cannot reach.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// Where to listen; put a server with a certificate in front.
    #[arg(long, env = "RELAY_LISTEN", default_value = "127.0.0.1:8940")]
    listen: SocketAddr,
    /// A file with one token a line.
    #[arg(long, env = "RELAY_TOKENS_FILE")]
    tokens_file: Option<PathBuf>,
    /// The relay's own address from outside, for example `https://relay.example.com`; told to desktops.
    #[arg(long, env = "RELAY_PUBLIC_URL")]
    public_url: Option<String>,
    #[command(subcommand)]
    instead: Option<Instead>,
}

#[derive(Subcommand)]
enum Instead {
    /// Print a new token.
    Token,
}

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
    if let Some(Instead::Token) = arguments.instead {
        println!("{}", new_token()?);
        return Ok(());
    }
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let text = match &arguments.tokens_file {
        Some(path) => std::fs::read_to_string(path)
            .with_context(|| format!("The tokens cannot be read from {}", path.display()))?,
        // Not an argument: other users of the computer see those.
        None => std::env::var("RELAY_TOKENS").unwrap_or_default(),
    };
    let tokens = Tokens::parse(&text)?;
    anyhow::ensure!(
        tokens.count() > 0,
        "There is no token, so no desktop could connect. Put one into RELAY_TOKENS or a file named with \
         --tokens-file; `stream-console-relay token` makes one."
    );
    let relay = Relay::start(arguments.listen, tokens, arguments.public_url, Timing::default())
        .await
        .with_context(|| format!("{} cannot be opened", arguments.listen))?;
    println!("listening on http://{}", relay.address());
    asked_to_stop().await;
    relay.stop().await;
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
