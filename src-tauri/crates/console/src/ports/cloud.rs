//! What use cases need of the MentraOS cloud, where the user has an app of their own.

use std::future::Future;
use std::net::IpAddr;

use session::{ApiKey, Delivery, DestinationKey, Options, PackageName, Words};

use super::GlassesFact;
use crate::api::{PlaybackUrls, WebhookCheck};

/// The user's app at the cloud.
#[derive(Clone, PartialEq, Eq)]
pub struct CloudAccount {
    /// Package name.
    pub package: PackageName,
    /// What the cloud knows it by.
    pub api_key: ApiKey,
    /// Port of the webhook; 0 = any free one.
    pub webhook_port: u16,
    /// Address of a relay and this computer's token there.
    pub relay: Option<(String, DestinationKey)>,
    /// Hosts of clouds besides MentraOS' own.
    pub clouds: Vec<String>,
}

/// A stream the cloud is asked for.
#[derive(Clone, PartialEq)]
pub struct CloudCommand {
    /// Where the media goes.
    pub delivery: Delivery,
    /// Endpoint of an unmanaged stream: a complete address with its key.
    pub target: Option<DestinationKey>,
    /// Address of the glasses in their Wi-Fi, as the cloud told; says which of this computer's addresses they reach.
    pub glasses_ip: Option<IpAddr>,
    /// What is asked of the stream.
    pub options: Options,
    /// Where the cloud pushes its stream to: complete addresses with keys, and names.
    pub destinations: Vec<(DestinationKey, String)>,
}

/// The cloud. Nothing here waits for it: what becomes of it comes back as [`CloudEvent`]s.
pub trait Cloud: Send + Sync + 'static {
    /// Becomes this app from now on, or none. Says where its webhook listens.
    fn set_account(
        &self,
        account: Option<CloudAccount>,
    ) -> impl Future<Output = Result<Option<String>, Words>> + Send;
    /// Asks for a stream in a user's session.
    ///
    /// # Errors
    /// In words, when the session is not connected or the glasses cannot reach this computer.
    fn start(&self, session_id: &str, command: &CloudCommand) -> Result<(), Words>;
    /// Asks for its end.
    fn stop(&self, session_id: &str, delivery: Delivery, stream_id: Option<&str>);
    /// Asks what runs; answered by [`CloudFact::Check`].
    fn check(&self, session_id: &str);
    /// Whether glasses at this address would be sent to another address of this computer than they were: one of the two is in
    /// another network now.
    fn moved(&self, glasses_ip: Option<IpAddr>) -> bool;
    /// Why glasses at this address hardly reach this computer, if the two are in different networks.
    fn apart(&self, glasses_ip: Option<IpAddr>) -> Option<Words>;
    /// Checks, until it does or [`Cloud::release`], whether this playlist truly plays.
    fn probe(&self, hls: &str);
    /// Ends the probe.
    fn release(&self);
    /// Walks the way to the webhook from outside.
    fn reach(&self, public_url: &str) -> impl Future<Output = WebhookCheck> + Send + 'static;
}

/// Something happened at the cloud.
#[derive(Debug, Clone, PartialEq)]
pub enum CloudEvent {
    /// It called the webhook.
    Called {
        /// The call was not followed, and why.
        refused: Option<Words>,
    },
    /// A fact about a user's session.
    Session {
        /// Which.
        session_id: String,
        /// What.
        fact: CloudFact,
    },
    /// The relay: connected or not, its public address for this computer, and why not.
    Relay {
        /// Connected.
        connected: bool,
        /// Address of the webhook from outside.
        public_url: Option<String>,
        /// Why not.
        problem: Option<String>,
    },
    /// The probed playlist plays.
    Playable,
    /// It does not, so far.
    ProbeFailed {
        /// Why.
        words: Words,
    },
}

/// A fact about a user's session.
#[derive(Debug, Clone, PartialEq)]
pub enum CloudFact {
    /// It is connected, for the first time or again.
    Connected {
        /// The user's e-mail address.
        user_id: String,
    },
    /// It is lost and is being made again.
    Lost,
    /// It is over until the cloud calls again.
    Over {
        /// Why, if that is worth a word.
        words: Option<Words>,
    },
    /// What the cloud tells of the glasses.
    Glasses(GlassesFact),
    /// Address of the glasses in their Wi-Fi.
    GlassesIp(Option<IpAddr>),
    /// What it tells of a stream.
    Stream(CloudStream),
    /// What runs, as an answer; None = nothing.
    Check(Option<CloudRunning>),
    /// It refuses something.
    Refused {
        /// Why.
        words: Words,
    },
}

/// What the cloud tells of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudStream {
    /// The cloud gives its links.
    pub managed: bool,
    /// The cloud's id of it.
    pub stream_id: Option<String>,
    /// How it is.
    pub state: CloudState,
    /// Where it plays, if told.
    pub urls: Option<PlaybackUrls>,
}

/// How the cloud says a stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloudState {
    /// It begins; after it was live: the glasses reconnect.
    Starting,
    /// It is live. Of a managed one it is the glasses that say so, before anything plays.
    Live,
    /// The glasses try again.
    Reconnecting,
    /// It is being stopped.
    Stopping,
    /// It is over.
    Stopped,
    /// It failed.
    Failed {
        /// Why, and what to do.
        words: Words,
    },
}

/// A stream the cloud says is running.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudRunning {
    /// The cloud gives its links.
    pub managed: bool,
    /// The cloud's id of it.
    pub stream_id: String,
    /// The app that asked for an unmanaged one.
    pub owner: Option<String>,
    /// Where an unmanaged one goes, with its key.
    pub target: Option<DestinationKey>,
    /// Where a managed one plays.
    pub urls: Option<PlaybackUrls>,
}

impl std::fmt::Debug for CloudAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudAccount").field("package", &self.package).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for CloudCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudCommand").field("delivery", &self.delivery).finish_non_exhaustive()
    }
}
