//! Pushing to destinations with the embedded engine.

mod address;
mod check;
mod fault;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use console::api::BroadcastCheck;
use console::ports::{OutputEvent, OutputFact, OutputMeasurement, OutputTarget, Outputs};
use media_engine::{Forward, ForwardEvent, ForwardOptions, PublishTarget, Stream};
use session::destination::Fault;
use session::{DestinationId, DestinationKey, Words};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::keys::Keys;
use crate::local::{CurrentStream, lock};

/// Facts of one attempt that wait to be passed on. There are four kinds, each told when it changes and at most every few
/// seconds, so that this many are never waiting.
const FACTS: usize = 16;
/// A trial that takes longer is one that got no answer.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(15);
/// Twitch's word for a stream that nobody is to see.
const BANDWIDTH_TEST: &str = "bandwidthtest=true";

/// See the module's documentation. Clones share the outputs.
#[derive(Clone)]
pub(crate) struct LocalOutputs(Arc<Inner>);

struct Inner {
    current: CurrentStream,
    keys: Arc<Keys>,
    events: mpsc::Sender<OutputEvent>,
    options: ForwardOptions,
    running: Mutex<HashMap<DestinationId, Output>>,
    tasks: TaskTracker,
}

/// One attempt.
struct Output {
    attempt: u64,
    /// Ends the task that opens it and passes on its facts.
    stop: CancellationToken,
    /// None until its key was found.
    forward: Option<Forward>,
}

impl LocalOutputs {
    pub(crate) fn new(
        current: CurrentStream,
        keys: Arc<Keys>,
        events: mpsc::Sender<OutputEvent>,
        options: ForwardOptions,
    ) -> Self {
        Self(Arc::new(Inner {
            current,
            keys,
            events,
            options,
            running: Mutex::default(),
            tasks: TaskTracker::new(),
        }))
    }

    /// Says goodbye everywhere and waits until it is said.
    pub(crate) async fn shutdown(&self) {
        let running: Vec<Output> = self.0.running().drain().map(|(_, output)| output).collect();
        running.into_iter().for_each(|output| self.0.end(output));
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl Inner {
    fn running(&self) -> MutexGuard<'_, HashMap<DestinationId, Output>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, output: Output) {
        output.stop.cancel();
        if let Some(forward) = output.forward {
            self.tasks.spawn(forward.stop());
        }
    }

    fn stream(&self) -> Option<Stream> {
        lock(&self.current).clone()
    }

    async fn target(
        &self,
        id: &DestinationId,
        target: &OutputTarget,
    ) -> Result<(PublishTarget, DestinationKey), Fault> {
        let key = if target.has_key {
            let key = self.keys.get(id).await.map_err(|error| Fault::Storage(error.to_string()))?;
            key.ok_or(Fault::NoKey)?
        } else {
            DestinationKey::default()
        };
        let parsed = PublishTarget::parse(&target.url, key.expose())
            .map_err(|error| Fault::InvalidUrl(error.to_string()))?;
        let parsed = if target.bandwidth_test { parsed.with_query(BANDWIDTH_TEST) } else { parsed };
        Ok((parsed, key))
    }

    /// Opens the connection of an attempt and passes on what happens to it, until it is over or replaced.
    async fn attempt(
        self: Arc<Self>,
        id: DestinationId,
        attempt: u64,
        target: OutputTarget,
        stop: CancellationToken,
    ) {
        let told = stop.run_until_cancelled(self.clone().follow(&id, attempt, &target)).await;
        let Some(Err(fault)) = told else { return };
        // What is over is not measured any more.
        let over = {
            let mut running = self.running();
            if running.get(&id).is_some_and(|output| output.attempt == attempt) {
                running.remove(&id)
            } else {
                None
            }
        };
        drop(over);
        self.tell(&id, attempt, OutputFact::Failed(fault)).await;
    }

    async fn follow(
        self: Arc<Self>,
        id: &DestinationId,
        attempt: u64,
        target: &OutputTarget,
    ) -> Result<(), Fault> {
        let (target, key) = self.target(id, target).await?;
        let stream = self.stream().ok_or(Fault::Closed { after_ms: 0 })?;
        let (facts, mut waiting) = mpsc::channel(FACTS);
        let sink = move |event| {
            if facts.try_send(event).is_err() {
                tracing::error!("a fact about a destination was lost");
            }
        };
        {
            let mut running = self.running();
            // Replaced or closed while the key was looked up.
            let Some(output) = running.get_mut(id).filter(|output| output.attempt == attempt) else {
                return Ok(());
            };
            output.forward = Some(Forward::start(&stream, target, self.options.clone(), Arc::new(sink)));
        }
        while let Some(event) = waiting.recv().await {
            let fact = match event {
                ForwardEvent::Accepted => OutputFact::Accepted,
                ForwardEvent::Draining => OutputFact::Draining,
                ForwardEvent::NotDraining => OutputFact::NotDraining,
                ForwardEvent::Ended(error) => return Err(fault::of(error, &key)),
            };
            self.tell(id, attempt, fact).await;
        }
        // A push that ended without a word has failed all the same.
        Err(Fault::Closed { after_ms: 0 })
    }

    async fn tell(&self, id: &DestinationId, attempt: u64, fact: OutputFact) {
        // An error means the console is gone.
        let _ = self.events.send(OutputEvent { id: id.clone(), attempt, fact }).await;
    }
}

impl Outputs for LocalOutputs {
    fn open(&self, id: &DestinationId, attempt: u64, target: OutputTarget) {
        let stop = CancellationToken::new();
        let output = Output { attempt, stop: stop.clone(), forward: None };
        let before = self.0.running().insert(id.clone(), output);
        if let Some(before) = before {
            self.0.end(before);
        }
        self.0.tasks.spawn(Arc::clone(&self.0).attempt(id.clone(), attempt, target, stop));
    }

    fn close(&self, id: &DestinationId) {
        let running = self.0.running().remove(id);
        if let Some(output) = running {
            self.0.end(output);
        }
    }

    fn measure(&self, id: &DestinationId) -> OutputMeasurement {
        let running = self.0.running();
        let Some(forward) = running.get(id).and_then(|output| output.forward.as_ref()) else {
            return OutputMeasurement::default();
        };
        let stats = forward.stats();
        OutputMeasurement {
            bitrate_bps: stats.bitrate_bps,
            dropped_units: stats.dropped_units,
            rtt_ms: stats.rtt_ms,
        }
    }

    fn address(&self, url: &str, key: DestinationKey) -> Result<(String, DestinationKey), Words> {
        address::read(url, key)
    }

    fn try_out(
        &self,
        id: &DestinationId,
        target: OutputTarget,
    ) -> impl Future<Output = Result<(), Fault>> + Send + 'static {
        let (inner, id) = (Arc::clone(&self.0), id.clone());
        async move {
            let (target, key) = inner.target(&id, &target).await?;
            let trial = media_engine::try_target(&target, &inner.options);
            match tokio::time::timeout(TRIAL_TIMEOUT, trial).await {
                Ok(outcome) => outcome.map_err(|error| fault::of(error, &key)),
                Err(_) => Err(Fault::TimedOut),
            }
        }
    }

    fn check(&self) -> impl Future<Output = Result<BroadcastCheck, Words>> + Send + 'static {
        let stream = self.0.stream();
        async move { check::run(stream).await }
    }
}
