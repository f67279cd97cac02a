//! Whether the app's public address leads to this computer, step by step, as the cloud would go.

use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::destination::Destination;
use super::dial::{self, DialError};
use super::fetch;
use super::shared::CloudShared;
use crate::shared::lock;

/// What is read of an answer.
const ANSWER_BYTES: usize = 16 << 10;

/// How a check of the public address went. The first step that fails is the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reachability {
    /// The steps that were tried, in their order.
    pub steps: Vec<ReachStep>,
}

impl Reachability {
    /// Whether all steps went well.
    pub fn is_reachable(&self) -> bool {
        self.steps.iter().all(|step| step.result.is_ok())
    }
}

/// A step on the way to the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachStep {
    /// `address`, `name`, `connection`, `encryption`, `answer` or `app`.
    pub name: &'static str,
    /// How it went.
    pub result: Result<(), ReachFailure>,
}

/// Why the way ends at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachFailure {
    /// What happened, for a person.
    pub text: String,
    /// What to do about it.
    pub next_step: String,
}

fn failure(text: impl Into<String>, next_step: impl Into<String>) -> ReachFailure {
    ReachFailure { text: text.into(), next_step: next_step.into() }
}

/// Goes the way of a webhook, from this computer.
pub(super) async fn check(shared: &CloudShared, public_url: &str) -> Reachability {
    let mut steps = Vec::new();
    let failed = walk(shared, public_url, &mut steps).await.err();
    if let Some((name, failure)) = failed {
        steps.push(ReachStep { name, result: Err(failure) });
    }
    Reachability { steps }
}

type Walked<T> = Result<T, (&'static str, ReachFailure)>;

async fn walk(shared: &CloudShared, public_url: &str, steps: &mut Vec<ReachStep>) -> Walked<()> {
    let mut passed = |name| steps.push(ReachStep { name, result: Ok(()) });
    let within = shared.timing.reach_within;
    let target = address(public_url).map_err(|failure| ("address", failure))?;
    passed("address");
    let found = dial::lookup(&target, Instant::now() + within).await;
    let addresses = found.map_err(|error| ("name", on_the_way(&error, &target)))?;
    passed("name");
    let connected = dial::connect(&addresses, Instant::now() + within).await;
    let socket = connected.map_err(|error| ("connection", on_the_way(&error, &target)))?;
    passed("connection");
    let wire = dial::encrypt(&target, socket, &shared.tls, Instant::now() + within).await;
    let wire = wire.map_err(|error| ("encryption", on_the_way(&error, &target)))?;
    if target.tls {
        passed("encryption");
    }
    let asked = timeout(within, fetch::get(wire, &target, ANSWER_BYTES)).await;
    let asked = asked.unwrap_or_else(|_| Err("it does not answer".to_owned()));
    let answer = asked.map_err(|why| {
        let next_step = "Check that the tunnel, proxy or relay at this address runs.";
        ("answer", failure(format!("The address takes a connection, but {why}."), next_step))
    })?;
    answered(answer.status, shared).map_err(|failure| ("answer", failure))?;
    passed("answer");
    is_this_app(&answer.body, &target, shared).map_err(|failure| ("app", failure))?;
    passed("app");
    Ok(())
}

/// `{public_url}/health`.
fn address(public_url: &str) -> Result<Destination, ReachFailure> {
    let example = "It looks like https://console.example.com.";
    let target = Destination::below(public_url, "health", "https", "http")
        .map_err(|why| failure(format!("This is no public address: {why}."), example))?;
    if !target.tls && !target.loopback {
        let text = "The address has no encryption; the MentraOS cloud calls https:// addresses only.";
        return Err(failure(text, "Use the https:// address of your tunnel, proxy or relay."));
    }
    Ok(target)
}

fn on_the_way(error: &DialError, target: &Destination) -> ReachFailure {
    let next_step = match error {
        DialError::Dns => "Check the spelling. A new name can take some minutes to be known everywhere.",
        DialError::Refused => "Start the tunnel, proxy or relay at this address, and check the port.",
        DialError::Unreachable | DialError::TimedOut => {
            "Check this computer's network, and that a firewall lets the port through."
        }
        DialError::TlsExpired => "Renew the certificate at the tunnel, proxy or relay.",
        DialError::TlsWrongHost => {
            "Get a certificate for this name, or use the name that the certificate is for."
        }
        DialError::TlsUntrusted => {
            "Use a certificate of a public authority; the cloud trusts no others. Caddy and tunnels get one by themselves."
        }
        DialError::Tls(_) | DialError::Http(..) | DialError::NoWebSocket(_) => {
            "Check that the address and its port belong to a web server with https."
        }
    };
    let words = error.words(&target.host);
    let mut letters = words.chars();
    let text: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    failure(format!("{text}."), next_step)
}

fn answered(code: u16, shared: &CloudShared) -> Result<(), ReachFailure> {
    if (200..300).contains(&code) {
        return Ok(());
    }
    let port = shared.door.map(|door| door.port());
    Err(match code {
        300..=399 => failure(
            format!("The address redirects elsewhere (HTTP {code}); the cloud does not follow."),
            "Give the address it redirects to.",
        ),
        401 | 403 => failure(
            format!("Something at this address asks for a login (HTTP {code})."),
            "Switch the protection of the tunnel or proxy off for this address.",
        ),
        404 => failure(
            "There is a web server at this address, but it knows no /health.",
            match port {
                Some(port) => {
                    format!("Check the address, and that it leads to port {port} of this computer.")
                }
                None => "Check the address; the part after the last / is this computer's place at the relay."
                    .to_owned(),
            },
        ),
        502..=504 | 520..=530 => failure(
            format!("The tunnel or proxy answers, but does not reach Stream Console (HTTP {code})."),
            match port {
                Some(port) => format!("Let it lead to http://127.0.0.1:{port}."),
                None => "Check that it leads to the relay, and that the relay runs.".to_owned(),
            },
        ),
        _ => failure(
            format!("The address answers HTTP {code}."),
            "Look into the log of the tunnel, proxy or relay.",
        ),
    })
}

fn is_this_app(body: &[u8], target: &Destination, shared: &CloudShared) -> Result<(), ReachFailure> {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    match (said["app"].as_str(), said["connected"].as_bool()) {
        (Some(app), _) if app == shared.package => Ok(()),
        (Some(app), _) => {
            let app: String = app.chars().take(100).collect();
            Err(failure(
                format!("Another app answers at this address: {app}."),
                "Check the address, and the package name here and in the MentraOS developer console.",
            ))
        }
        (None, Some(connected)) => {
            let path = target.url.trim_end_matches("/health");
            let mailbox = lock(&shared.mailbox).clone();
            match mailbox {
                Some(mailbox) if path.ends_with(&format!("/{mailbox}")) && connected => Ok(()),
                Some(mailbox) if !path.ends_with(&format!("/{mailbox}")) => Err(failure(
                    "The relay answers, but the address is another computer's place there.",
                    format!("The address has to end with /{mailbox}."),
                )),
                _ => Err(failure(
                    "The relay answers, but this computer is not connected to it.",
                    "Check the relay's address and token here.",
                )),
            }
        }
        (None, None) => Err(failure(
            "Something else than Stream Console answers at this address.",
            "Check the address, and where the tunnel or proxy leads to.",
        )),
    }
}

#[cfg(test)]
mod tests;
