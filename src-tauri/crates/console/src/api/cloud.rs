//! The user's own app at the MentraOS cloud: real glasses, commanded from here.
//!
//! No type here that a screen is told carries the API key or the relay's token.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{GlassesView, Message};

/// The app at the MentraOS cloud, and who is connected through it.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CloudView {
    /// Package name of the app, as in MentraOS' developer console.
    pub package_name: String,
    /// Where the webhook listens on this computer, for example `http://127.0.0.1:7010/webhook`; null while it does not.
    pub webhook_url: Option<String>,
    /// The address MentraOS calls from outside, as the user gave it or as the relay told it; null while unknown.
    pub public_url: Option<String>,
    /// The relay; null without one.
    pub relay: Option<RelayView>,
    /// Users whose phone runs the app, the newest first.
    pub sessions: Vec<CloudSession>,
    /// When MentraOS last called; null if it did not since the program came up.
    #[ts(type = "number | null")]
    pub called_at_ms: Option<u64>,
    /// What there is to say: what is awaited, what is wrong, what to do.
    pub message: Option<Message>,
}

/// The relay that passes webhooks on to this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RelayView {
    /// Its address.
    pub url: String,
    /// This computer is connected to it.
    pub connected: bool,
    /// Why not; null while it is, and while it is being tried for the first time.
    pub problem: Option<String>,
}

/// A user whose phone runs the app.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CloudSession {
    /// The cloud's name of it.
    pub session_id: String,
    /// The user's e-mail address.
    pub user_id: String,
    /// The connection to the cloud stands; otherwise it is being made again.
    pub connected: bool,
    /// When it was connected last.
    #[ts(type = "number")]
    pub since_ms: u64,
    /// The user's glasses, as far as the cloud told of them.
    pub glasses: Option<GlassesView>,
}

/// Arguments of `set_cloud`.
#[derive(Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetCloud {
    /// Package name of the app, as in MentraOS' developer console.
    pub package_name: String,
    /// Its API key; left out, the one on file is kept. A secret.
    #[serde(default)]
    #[ts(optional)]
    pub api_key: Option<String>,
    /// Port of the webhook on this computer; 0 = any free port; left out: 7010.
    #[serde(default = "default_webhook_port")]
    #[ts(optional, as = "Option<u16>")]
    pub webhook_port: u16,
    /// The address of the webhook from outside, if a tunnel leads to it.
    #[serde(default)]
    #[ts(optional)]
    pub public_url: Option<String>,
    /// Address of a relay, for example `wss://relay.example.com`.
    #[serde(default)]
    #[ts(optional)]
    pub relay_url: Option<String>,
    /// This computer's token there; left out, the one on file is kept. A secret.
    #[serde(default)]
    #[ts(optional)]
    pub relay_token: Option<String>,
    /// Hosts of clouds besides MentraOS' own, for example `cloud.example.com`.
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub clouds: Vec<String>,
}

fn default_webhook_port() -> u16 {
    DEFAULT_WEBHOOK_PORT
}

/// Port of the webhook unless chosen otherwise: that of MentraOS' own apps.
pub const DEFAULT_WEBHOOK_PORT: u16 = 7010;

/// What is kept of the app at the cloud; its key and the relay's token are kept where keys are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CloudChoice {
    /// Package name.
    pub package_name: String,
    /// Port of the webhook.
    pub webhook_port: u16,
    /// Its address from outside.
    pub public_url: Option<String>,
    /// Address of the relay.
    pub relay_url: Option<String>,
    /// Hosts of clouds besides MentraOS' own.
    pub clouds: Vec<String>,
}

/// Answer of `check_webhook`: each step towards the webhook from outside, in order, up to the first that fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WebhookCheck {
    /// The steps taken.
    pub steps: Vec<WebhookStep>,
    /// All of them were good.
    pub reachable: bool,
}

/// One step of the check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct WebhookStep {
    /// What was tried.
    pub name: String,
    /// What is wrong; null if nothing.
    pub problem: Option<Message>,
}

impl std::fmt::Debug for SetCloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetCloud").field("package_name", &self.package_name).finish_non_exhaustive()
    }
}
