//! Why the hub or the cloud client cannot start, and why an app cannot be called.

use std::io;
use std::net::IpAddr;

/// Why the hub cannot start.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// No port could be bound.
    #[error("no port could be opened for apps and glasses at {bind}, from {wanted_port} on: {source}")]
    Listen {
        /// Address asked for.
        bind: IpAddr,
        /// Port asked for.
        wanted_port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// There is no HTTP client to call apps with.
    #[error("apps cannot be called: {0}")]
    Caller(#[from] reqwest::Error),
}

/// Why no port could be opened, whoever wanted it.
#[derive(Debug)]
pub(crate) struct ListenError {
    pub(crate) bind: IpAddr,
    pub(crate) wanted_port: u16,
    pub(crate) source: io::Error,
}

impl From<ListenError> for HubError {
    fn from(ListenError { bind, wanted_port, source }: ListenError) -> Self {
        Self::Listen { bind, wanted_port, source }
    }
}

impl From<ListenError> for CloudError {
    fn from(ListenError { bind, wanted_port, source }: ListenError) -> Self {
        Self::Listen { bind, wanted_port, source }
    }
}

/// Why the cloud client cannot start.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// The package name is none: letters, digits, dots, dashes, at most 128.
    #[error("the package name is none; it looks like com.example.console")]
    Package,
    /// There is no API key.
    #[error("the API key is missing; the MentraOS developer console shows it")]
    ApiKey,
    /// No port could be bound.
    #[error("no port could be opened for MentraOS at {bind}, from {wanted_port} on: {source}")]
    Listen {
        /// Address asked for.
        bind: IpAddr,
        /// Port asked for.
        wanted_port: u16,
        /// What the system said.
        source: io::Error,
    },
}

/// Why a webhook call came to nothing. A late answer is no failure: what counts is the app's connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookFailure {
    /// Nothing listens there.
    Refused,
    /// Nobody answered the attempt to connect.
    Timeout,
    /// The host's name is not known.
    UnknownHost(String),
    /// The connection broke before the answer.
    Broken,
    /// The app answered with a failure: HTTP status and the beginning of what it said, secrets masked.
    Status(u16, String),
    /// The address is none that can be called, and why.
    BadUrl(String),
    /// The app is on another computer, to which this hub does not listen.
    HubOnThisComputerOnly,
}

impl WebhookFailure {
    /// What happened, for a creator.
    pub fn text(&self) -> String {
        match self {
            Self::Refused => "Nothing listens at the app's address.".to_owned(),
            Self::Timeout => "The app's computer does not answer.".to_owned(),
            Self::UnknownHost(host) => format!("The name “{host}” is not known in this network."),
            Self::Broken => "The app hung up before it answered.".to_owned(),
            Self::Status(404, _) => {
                "There is a web server at this address, but no MentraOS app: it knows no /webhook.".to_owned()
            }
            Self::Status(status @ 300..=399, _) => {
                format!("The app's address redirects elsewhere (HTTP {status}).")
            }
            Self::Status(status, said) if said.is_empty() => format!("The app answered with HTTP {status}."),
            Self::Status(status, said) => format!("The app answered with HTTP {status}: {said}."),
            Self::BadUrl(why) => format!("The app's address cannot be called: {why}."),
            Self::HubOnThisComputerOnly => {
                "The app is on another computer, but Stream Console listens on this one only.".to_owned()
            }
        }
    }

    /// What to do about it.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Refused => {
                "Start the app, check that its port is the one given here (7010 unless it says otherwise), then start it \
                 again here."
            }
            Self::Timeout => {
                "Check that it is on and in the same network, and that its firewall lets the app's port through."
            }
            Self::UnknownHost(_) => "Check its spelling, or give the app's IP address.",
            Self::Broken => "Look into the app's own log, then start it again here.",
            Self::Status(404, _) => "Check the port, and that the address has no path of its own.",
            Self::Status(300..=399, _) => "Give the address it redirects to.",
            Self::Status(..) => "Look into the app's own log for the reason.",
            Self::BadUrl(_) => "It looks like http://127.0.0.1:7010.",
            Self::HubOnThisComputerOnly => {
                "Let it listen to the network in the settings, or run the app here."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_names_a_next_step() {
        let all = [
            WebhookFailure::Refused,
            WebhookFailure::Timeout,
            WebhookFailure::UnknownHost("my-mac".to_owned()),
            WebhookFailure::Broken,
            WebhookFailure::Status(500, "Failed to connect".to_owned()),
            WebhookFailure::Status(502, String::new()),
            WebhookFailure::Status(404, String::new()),
            WebhookFailure::Status(302, String::new()),
            WebhookFailure::BadUrl("it is empty".to_owned()),
            WebhookFailure::HubOnThisComputerOnly,
        ];
        let steps = ["Start", "Check", "Look into", "Give", "looks like", "Let it"];
        for failure in all {
            let words = format!("{} {}", failure.text(), failure.next_step());
            assert!(steps.iter().any(|step| words.contains(step)), "{words}");
        }
        assert!(
            WebhookFailure::Status(500, "Failed to connect".to_owned()).text().contains("Failed to connect")
        );
    }
}
