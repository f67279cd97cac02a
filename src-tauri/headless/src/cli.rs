//! Command line.

use std::net::IpAddr;
use std::path::PathBuf;

/// Stream Console without a window: serves the console to a browser on this computer and prints one line of JSON with
/// its addresses when it is ready.
#[derive(Debug, clap::Parser)]
#[command(name = "stream-console-headless", version)]
pub(crate) struct Arguments {
    /// Folder for history, settings, the stream key and logs [default: the platform's own]
    #[arg(long)]
    pub(crate) data_dir: Option<PathBuf>,
    /// Port encoders publish to; 0 = any free one [default: from the settings, 1935 at first]
    #[arg(long)]
    pub(crate) rtmp_port: Option<u16>,
    /// Port players fetch from; 0 = any free one [default: from the settings, 8935 at first]
    #[arg(long)]
    pub(crate) http_port: Option<u16>,
    /// Port of the console's own page and control API, on this computer only; 0 = any free one
    #[arg(long, default_value_t = 0)]
    pub(crate) control_port: u16,
    /// Address encoders and players reach [default: this computer only, or all networks if the settings say so]
    #[arg(long)]
    pub(crate) bind: Option<IpAddr>,
    /// Start the demo camera at once
    #[arg(long)]
    pub(crate) demo: bool,
    /// Keep stream keys of destinations in a file of the data folder instead of the system's keychain
    #[arg(long)]
    pub(crate) keys_in_file: bool,
    /// Write the log to standard error too
    #[arg(long, short)]
    pub(crate) verbose: bool,
}
