//! All waits of the hub.

use std::time::Duration;

/// How long the hub waits for what. The defaults are those of the MentraOS cloud and SDK 2.1.29.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// Between WebSocket pings, to apps and glasses: 10 s.
    pub ping_every: Duration,
    /// Unanswered pings after which a socket is closed: 2.
    pub missed_pongs: u32,
    /// From an app's connection until its first message: 5 s.
    pub init_within: Duration,
    /// From an app's first message until the console's answer: 4 s, for the SDK gives up after 5 s.
    pub answer_within: Duration,
    /// An empty subscription set this soon after a reconnect is ignored when another was known: 8 s.
    pub empty_set_grace: Duration,
    /// Between keep-alives to the glasses: 15 s.
    pub keep_alive_every: Duration,
    /// From a keep-alive until its acknowledgement: 10 s.
    pub ack_within: Duration,
    /// From a close until the socket is dropped: 2 s.
    pub close_within: Duration,
    /// Until a connection's request has arrived: 10 s.
    pub head_within: Duration,
    /// Until an app accepts the webhook's connection: 5 s.
    pub webhook_connect_within: Duration,
    /// Until the webhook's answer: 120 s, for SDK 2.1.29 answers when the app's own start is over.
    pub webhook_within: Duration,
    /// Until the stop webhook's answer: 10 s.
    pub stop_webhook_within: Duration,
    /// From a good answer of the stop webhook until the hub closes a socket the app has left open: 1 s. SDK 2.1.29
    /// closes it itself just after the answer, and would stop twice otherwise.
    pub stop_grace: Duration,
    /// Until the console answers a REST request: 10 s.
    pub rest_within: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ping_every: Duration::from_secs(10),
            missed_pongs: 2,
            init_within: Duration::from_secs(5),
            answer_within: Duration::from_secs(4),
            empty_set_grace: Duration::from_secs(8),
            keep_alive_every: Duration::from_secs(15),
            ack_within: Duration::from_secs(10),
            close_within: Duration::from_secs(2),
            head_within: Duration::from_secs(10),
            webhook_connect_within: Duration::from_secs(5),
            webhook_within: Duration::from_secs(120),
            stop_webhook_within: Duration::from_secs(10),
            stop_grace: Duration::from_secs(1),
            rest_within: Duration::from_secs(10),
        }
    }
}
