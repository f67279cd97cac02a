//! What the cloud client is started with.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mentra_wire::Secret;

use super::tls::CloudTls;
use crate::token::Token;

/// What a [`CloudApp`](super::CloudApp) is started with.
#[derive(Clone)]
pub struct CloudConfig {
    /// The app's package name, as registered with MentraOS.
    pub package: String,
    /// Its API key. Goes to the cloud in the init and nowhere else.
    pub api_key: Secret,
    /// Where the webhook door listens: address, and port (0 = any; a taken one gives way to the next free one). None: webhooks
    /// come through the relay only.
    pub webhook: Option<(IpAddr, u16)>,
    /// A relay that takes webhooks for us, if there is one.
    pub relay: Option<RelayConfig>,
    /// Clouds a webhook may send us to, besides this computer's loopback and MentraOS' own: `host` or `host:port`.
    pub clouds: Vec<String>,
    /// Unix time, ms.
    pub now_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
    /// A random number of 0 to 1, anew each time: spreads the attempts of many apps whose cloud came back.
    pub jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
    /// All waits.
    pub timing: CloudTiming,
    /// Whose certificates are trusted.
    pub roots: CloudTls,
}

impl fmt::Debug for CloudConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudConfig")
            .field("package", &self.package)
            .field("api_key", &self.api_key)
            .field("webhook", &self.webhook)
            .field("relay", &self.relay)
            .field("clouds", &self.clouds)
            .field("timing", &self.timing)
            .field("roots", &self.roots)
            .finish_non_exhaustive()
    }
}

/// A relay, and what opens its door.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// `wss://relay.example.com`; `ws://` on this computer only, for the token would be read by everybody on the way.
    pub url: String,
    /// What this desktop shows at the relay's door.
    pub token: Token,
}

/// How long the client waits for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudTiming {
    /// From the beginning of a dial until the cloud has taken the WebSocket: 10 s.
    pub dial_within: Duration,
    /// From the init until its acknowledgement: 10 s. The SDK's 5 s are too short for a slow cloud.
    pub ack_within: Duration,
    /// Between two dials of one session: 1 s.
    pub dial_spacing: Duration,
    /// From a lost connection until the next try, for the first, second, ... loss in a row: 1, 2, 4, 8, 15 s. The last repeats.
    /// Up to a quarter is added by [`CloudConfig::jitter`].
    pub again_after: Vec<Duration>,
    /// A connection that held for this long makes the next loss the first one: 10 s.
    pub steady_after: Duration,
    /// Between WebSocket pings: 20 s.
    pub ping_every: Duration,
    /// A far side that says nothing for this long, not even a pong, is gone: 60 s.
    pub silent_after: Duration,
    /// Until a socket takes a message: 10 s.
    pub take_within: Duration,
    /// For taking leave: 2 s.
    pub close_within: Duration,
    /// Until a request's head has arrived at the webhook door: 10 s.
    pub head_within: Duration,
    /// For each step of a check of reachability: 10 s.
    pub reach_within: Duration,
}

impl Default for CloudTiming {
    fn default() -> Self {
        Self {
            dial_within: Duration::from_secs(10),
            ack_within: Duration::from_secs(10),
            dial_spacing: Duration::from_secs(1),
            again_after: [1, 2, 4, 8, 15].map(Duration::from_secs).to_vec(),
            steady_after: Duration::from_secs(10),
            ping_every: Duration::from_secs(20),
            silent_after: Duration::from_secs(60),
            take_within: Duration::from_secs(10),
            close_within: Duration::from_secs(2),
            head_within: Duration::from_secs(10),
            reach_within: Duration::from_secs(10),
        }
    }
}

impl CloudTiming {
    /// The wait before the next try after `losses` (at least 1) in a row.
    pub(super) fn backoff(&self, losses: usize, jitter: f64) -> Duration {
        let at = losses.saturating_sub(1).min(self.again_after.len().saturating_sub(1));
        let base = self.again_after.get(at).copied().unwrap_or(Duration::from_secs(1));
        let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.0 };
        base.mul_f64(1.0 + jitter / 4.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_15_s_and_jitter_adds_a_quarter_at_most() {
        let timing = CloudTiming::default();
        let waits: Vec<u64> = (1..8).map(|losses| timing.backoff(losses, 0.0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 15, 15, 15]);
        assert_eq!(timing.backoff(2, 1.0), Duration::from_millis(2_500));
        assert_eq!(timing.backoff(2, 0.5), Duration::from_millis(2_250));
        for odd in [f64::NAN, f64::INFINITY, -3.0] {
            assert_eq!(timing.backoff(1, odd), Duration::from_secs(1), "{odd}");
        }
        let none = CloudTiming { again_after: Vec::new(), ..timing };
        assert_eq!(none.backoff(3, 0.0), Duration::from_secs(1));
    }
}
