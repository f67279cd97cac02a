//! Command line.

use std::net::IpAddr;
use std::path::PathBuf;

/// Stream Console without a window: serves the console to a browser on this computer and prints one line of JSON with
/// its addresses when it is ready.
#[derive(Debug, clap::Parser)]
#[command(name = "stream-console-headless", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// Something else to do than serving the console
    #[command(subcommand)]
    pub(crate) instead: Option<Instead>,
    /// Folder for history, settings, the stream key and logs [default: the platform's own]
    #[arg(long)]
    pub(crate) data_dir: Option<PathBuf>,
    /// Port encoders publish to; 0 = any free one [default: from the settings, 1935 at first]
    #[arg(long)]
    pub(crate) rtmp_port: Option<u16>,
    /// Port players fetch from; 0 = any free one [default: from the settings, 8935 at first]
    #[arg(long)]
    pub(crate) http_port: Option<u16>,
    /// Port apps and glasses connect to; 0 = any free one [default: from the settings, 8002 at first]
    #[arg(long)]
    pub(crate) hub_port: Option<u16>,
    /// Port of WebRTC media, of UDP and of TCP; 0 = any that is free for both [default: from the settings, 8936 at first]
    #[arg(long)]
    pub(crate) webrtc_port: Option<u16>,
    /// Port of the console's own page and control API, on this computer only; 0 = any free one
    #[arg(long, default_value_t = 0)]
    pub(crate) control_port: u16,
    /// Address encoders and players reach [default: this computer only, or all networks if the settings say so]
    #[arg(long)]
    pub(crate) bind: Option<IpAddr>,
    /// Start the demo camera at once, and put on the virtual glasses
    #[arg(long)]
    pub(crate) demo: bool,
    /// Keep stream keys of destinations in a file of the data folder instead of the system's keychain
    #[arg(long)]
    pub(crate) keys_in_file: bool,
    /// Write the log to standard error too
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

/// What the program does instead of serving the console.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Instead {
    /// Be glasses: connect to a hub as a device and publish a clip by RTMP when it says so
    Glasses(Glasses),
}

/// Glasses that are a program, and how they behave.
#[derive(Debug, clap::Args)]
pub(crate) struct Glasses {
    /// Device address of the hub, such as ws://127.0.0.1:8002/glasses-ws
    #[arg(long)]
    pub(crate) hub: String,
    /// The hub's token for glasses; others on this computer can see it here, not in STREAM_CONSOLE_GLASSES_TOKEN
    /// [default: that variable, or the token in --hub]
    #[arg(long)]
    pub(crate) token: Option<String>,
    /// FLV file of H.264 and AAC to publish instead of the demo clip
    #[arg(long)]
    pub(crate) clip: Option<PathBuf>,
    /// Battery in percent; below 10 the camera refuses to start
    #[arg(long, default_value_t = 80, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) battery: u8,
    /// They have no Wi-Fi: the camera refuses to start
    #[arg(long)]
    pub(crate) no_wifi: bool,
    /// Another program holds the camera: it refuses to start
    #[arg(long)]
    pub(crate) camera_busy: bool,
    /// Never answer keep-alives
    #[arg(long)]
    pub(crate) silent: bool,
    /// Send timestamps as odd as real encoders sometimes do
    #[arg(long)]
    pub(crate) odd_timestamps: bool,
    /// The RTMP connection breaks every 10 s
    #[arg(long)]
    pub(crate) drops: bool,
    /// The connection to the hub breaks every 10 s
    #[arg(long)]
    pub(crate) reconnects: bool,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn without_a_subcommand_the_flat_arguments_count() {
        let arguments = Arguments::parse_from(["console", "--demo", "--hub-port", "0"]);
        assert!(arguments.demo && arguments.hub_port == Some(0) && arguments.instead.is_none());
    }

    #[test]
    fn glasses_are_a_subcommand_of_their_own() {
        let line = ["console", "glasses", "--hub", "ws://[::1]:8002/glasses-ws", "--battery", "9", "--drops"];
        let Some(Instead::Glasses(glasses)) = Arguments::parse_from(line).instead else {
            panic!("no glasses")
        };
        assert!(glasses.drops && glasses.battery == 9 && !glasses.no_wifi && glasses.token.is_none());
        assert!(Arguments::try_parse_from(["console", "glasses"]).is_err(), "without a hub");
        assert!(Arguments::try_parse_from(["console", "--demo", "glasses", "--hub", "ws://a"]).is_err());
        assert!(Arguments::try_parse_from(["console", "glasses", "--hub", "a", "--battery", "101"]).is_err());
    }
}
