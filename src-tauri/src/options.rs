//! How the program was started: flags, or environment variables where a flag is missing.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;

/// Stream Console: stream from a camera, watch it, and see why.
#[derive(Debug, Default, PartialEq, Eq, Parser)]
#[command(
    version,
    after_help = "STREAM_CONSOLE_DATA_DIR, STREAM_CONSOLE_RTMP_PORT, STREAM_CONSOLE_HTTP_PORT, \
    STREAM_CONSOLE_HUB_PORT, STREAM_CONSOLE_WEBRTC_PORT and STREAM_CONSOLE_KEYS_IN_FILE=1 in the environment mean \
    the same as the flags."
)]
pub(crate) struct Options {
    /// Folder for history, settings and logs
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Port encoders publish to; 0 takes any free one
    #[arg(long, value_name = "PORT")]
    pub(crate) rtmp_port: Option<u16>,
    /// Port players fetch from; 0 takes any free one
    #[arg(long, value_name = "PORT")]
    pub(crate) http_port: Option<u16>,
    /// Port apps and glasses connect to; 0 takes any free one
    #[arg(long, value_name = "PORT")]
    pub(crate) hub_port: Option<u16>,
    /// Port of WebRTC media, of UDP and of TCP; 0 takes any free one
    #[arg(long, value_name = "PORT")]
    pub(crate) webrtc_port: Option<u16>,
    /// Keep stream keys of destinations in a file of the data folder, not in the system's keychain
    #[arg(long)]
    pub(crate) keys_in_file: bool,
    /// Start streaming from the built-in demo camera at once, and put on the virtual glasses
    #[arg(long)]
    pub(crate) demo: bool,
}

impl Options {
    /// Fills in from the environment what no flag said. A value that is no port is an error in words.
    pub(crate) fn or_environment(self, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, String> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let port = |name: &str| match variable(name) {
            None => Ok(None),
            Some(text) => match text.to_str().and_then(|text| text.parse().ok()) {
                Some(port) => Ok(Some(port)),
                None => Err(format!("{name} must be a port number from 0 to 65535.")),
            },
        };
        let rtmp_port = port("STREAM_CONSOLE_RTMP_PORT")?;
        let http_port = port("STREAM_CONSOLE_HTTP_PORT")?;
        let hub_port = port("STREAM_CONSOLE_HUB_PORT")?;
        let webrtc_port = port("STREAM_CONSOLE_WEBRTC_PORT")?;
        Ok(Self {
            data_dir: self.data_dir.or_else(|| variable("STREAM_CONSOLE_DATA_DIR").map(PathBuf::from)),
            rtmp_port: self.rtmp_port.or(rtmp_port),
            http_port: self.http_port.or(http_port),
            hub_port: self.hub_port.or(hub_port),
            webrtc_port: self.webrtc_port.or(webrtc_port),
            keys_in_file: self.keys_in_file || variable("STREAM_CONSOLE_KEYS_IN_FILE").is_some(),
            demo: self.demo,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<OsString> {
        match name {
            "STREAM_CONSOLE_DATA_DIR" => Some("/elsewhere".into()),
            "STREAM_CONSOLE_RTMP_PORT" => Some("4000".into()),
            "STREAM_CONSOLE_HTTP_PORT" => Some("".into()),
            "STREAM_CONSOLE_HUB_PORT" => Some("4002".into()),
            "STREAM_CONSOLE_WEBRTC_PORT" => Some("4003".into()),
            "STREAM_CONSOLE_KEYS_IN_FILE" => Some("1".into()),
            _ => None,
        }
    }

    #[test]
    fn a_flag_wins_over_the_environment() {
        let given = Options::try_parse_from(["stream-console", "--rtmp-port", "0", "--demo"]).unwrap();
        let expected = Options {
            data_dir: Some("/elsewhere".into()),
            rtmp_port: Some(0),
            http_port: None,
            hub_port: Some(4_002),
            webrtc_port: Some(4_003),
            keys_in_file: true,
            demo: true,
        };
        assert_eq!(given.or_environment(environment), Ok(expected));
    }

    #[test]
    fn a_wrong_port_is_told_in_words() {
        let refused = Options::default().or_environment(|_| Some("seventy".into()));
        assert_eq!(refused.unwrap_err(), "STREAM_CONSOLE_RTMP_PORT must be a port number from 0 to 65535.");
    }
}
