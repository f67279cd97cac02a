//! The user's app at the MentraOS cloud as the console's [`Cloud`]: sockets are `mentra-link`'s, words are made in `facts`.

mod address;
mod facts;
mod probe;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use console::api::{Message, Tone, WebhookCheck, WebhookStep};
use console::ports::{Cloud, CloudAccount, CloudCommand, CloudEvent};
use media_engine::{Clock, Listening};
use mentra_link::{
    CloudApp, CloudConfig, CloudEvent as LinkEvent, CloudTiming, CloudTls, ReachStep, RelayConfig, Token,
};
use mentra_wire::{
    AppMessage, ManagedStreamRequest, ManagedStreamStop, RestreamDestination, Secret, StreamRequest,
    StreamStatusCheck, StreamStop, VideoConfig,
};
use session::{Delivery, DestinationKey, Quality, Words};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use crate::local::{SharedKey, lock};
use facts::Facts;

/// Messages of sockets that wait to be translated. Overflow policy: back pressure on the socket.
const LINK_EVENTS: usize = 64;

/// What the adapter is made of.
pub(crate) struct CloudChoices {
    /// What glasses publish with to this computer.
    pub(crate) glasses_key: SharedKey,
    /// Where they publish.
    pub(crate) ingest: Listening,
}

/// See the module's documentation. Clones share the app.
#[derive(Clone)]
pub(crate) struct MentraCloud(Arc<Inner>);

struct Inner {
    choices: CloudChoices,
    events: mpsc::Sender<CloudEvent>,
    clock: Clock,
    running: Mutex<Option<Running>>,
    /// This computer's address that glasses were sent to last.
    used: Mutex<Option<IpAddr>>,
}

/// An app that runs.
struct Running {
    app: Arc<CloudApp>,
    translating: JoinHandle<()>,
    /// Checks of the way to the webhook.
    checks: JoinSet<()>,
    probing: JoinSet<()>,
}

impl Running {
    /// Ends everything of it. What it still had to tell is not told: its owner turned to another, or to none.
    async fn stop(mut self) {
        self.checks.shutdown().await;
        self.probing.shutdown().await;
        self.translating.abort();
        // It was ended on purpose.
        let _ = self.translating.await;
        if let Some(app) = Arc::into_inner(self.app) {
            app.stop().await;
        }
    }
}

impl MentraCloud {
    pub(crate) fn new(choices: CloudChoices, events: mpsc::Sender<CloudEvent>, clock: Clock) -> Self {
        Self(Arc::new(Inner { choices, events, clock, running: Mutex::default(), used: Mutex::default() }))
    }

    /// Takes leave of the cloud.
    pub(crate) async fn shutdown(self) {
        let running = lock(&self.0.running).take();
        if let Some(running) = running {
            running.stop().await;
        }
    }

    fn say(&self, session_id: &str, message: AppMessage) -> bool {
        lock(&self.0.running).as_ref().is_some_and(|running| running.app.say(session_id, message))
    }

    fn chosen_address(&self, glasses: Option<IpAddr>) -> Result<IpAddr, Words> {
        address::choose(self.0.choices.ingest.address.ip(), glasses, &address::networks())
    }

    /// Where glasses push to, with the key they are known by.
    fn ingest(&self, glasses: Option<IpAddr>) -> Result<Secret, Words> {
        let ip = self.chosen_address(glasses)?;
        *lock(&self.0.used) = Some(ip);
        let key = self.0.choices.glasses_key.read().unwrap_or_else(PoisonError::into_inner);
        let port = self.0.choices.ingest.address.port();
        Ok(Secret::from(format!("rtmp://{ip}:{port}/live/{}", key.expose())))
    }

    async fn open(&self, account: CloudAccount) -> Result<Option<String>, Words> {
        let clock = self.0.clock;
        let relay = account.relay.map(|(url, token)| RelayConfig { url, token: Token::new(token.expose()) });
        let relay_url = relay.as_ref().map(|relay| relay.url.clone());
        let config = CloudConfig {
            package: account.package.to_string(),
            api_key: Secret::from(account.api_key.expose().to_owned()),
            // Tunnels end on this computer; nobody else has business at this door.
            webhook: Some((IpAddr::V4(Ipv4Addr::LOCALHOST), account.webhook_port)),
            relay,
            clouds: account.clouds,
            now_ms: Arc::new(move || clock.now_ms()),
            jitter: Arc::new(|| getrandom::u32().map_or(0.5, |bits| f64::from(bits) / f64::from(u32::MAX))),
            timing: CloudTiming::default(),
            roots: CloudTls::platform(),
        };
        let (sender, receiver) = mpsc::channel(LINK_EVENTS);
        let app = CloudApp::start(config, sender).await.map_err(|error| {
            Words::error(format!("The app at MentraOS cannot start: {error}."))
                .then("Change that in the set-up of the Mentra glasses.")
        })?;
        let webhook = app.webhook_address().map(|address| format!("http://{address}/webhook"));
        let facts = Facts { package: account.package.to_string(), relay_url };
        let translating = tokio::spawn(translate(receiver, self.0.events.clone(), facts));
        let running =
            Running { app: Arc::new(app), translating, checks: JoinSet::new(), probing: JoinSet::new() };
        *lock(&self.0.running) = Some(running);
        Ok(webhook)
    }
}

async fn translate(mut link: mpsc::Receiver<LinkEvent>, events: mpsc::Sender<CloudEvent>, facts: Facts) {
    while let Some(event) = link.recv().await {
        for event in facts.of(event) {
            if events.send(event).await.is_err() {
                return;
            }
        }
    }
}

impl Cloud for MentraCloud {
    async fn set_account(&self, account: Option<CloudAccount>) -> Result<Option<String>, Words> {
        let before = lock(&self.0.running).take();
        if let Some(before) = before {
            before.stop().await;
        }
        match account {
            Some(account) => self.open(account).await,
            None => Ok(None),
        }
    }

    fn start(&self, session_id: &str, command: &CloudCommand) -> Result<(), Words> {
        let video = VideoConfig { ..picture(command.options.quality) };
        let message = match command.delivery {
            Delivery::Cloud => AppMessage::StartManaged(ManagedStreamRequest {
                quality: Some(command.options.quality.code().to_owned()),
                // The cloud has no WebRTC for a stream that it pushes on.
                enable_webrtc: Some(command.options.enable_webrtc && command.destinations.is_empty()),
                video: Some(video),
                restream_destinations: (!command.destinations.is_empty())
                    .then(|| command.destinations.iter().map(destination).collect()),
                ..ManagedStreamRequest::default()
            }),
            Delivery::Managed | Delivery::Unmanaged => {
                let url = match &command.target {
                    Some(target) => Secret::from(target.expose().to_owned()),
                    None => self.ingest(command.glasses_ip)?,
                };
                AppMessage::StartStream(StreamRequest {
                    rtmp_url: Some(url),
                    video: Some(video),
                    ..StreamRequest::default()
                })
            }
        };
        if self.say(session_id, message) {
            return Ok(());
        }
        Err(Words::error("The connection to MentraOS is lost just now.")
            .then("It is being made again by itself. Start again in a moment."))
    }

    fn stop(&self, session_id: &str, delivery: Delivery, stream_id: Option<&str>) {
        let message = match delivery {
            Delivery::Cloud => AppMessage::StopManaged(ManagedStreamStop::default()),
            Delivery::Managed | Delivery::Unmanaged => AppMessage::StopStream(StreamStop {
                stream_id: stream_id.map(str::to_owned),
                ..StreamStop::default()
            }),
        };
        // A session that is lost is asked what runs when it is back.
        let _ = self.say(session_id, message);
    }

    fn check(&self, session_id: &str) {
        // Likewise.
        let _ = self.say(session_id, AppMessage::CheckStream(StreamStatusCheck::default()));
    }

    fn moved(&self, glasses_ip: Option<IpAddr>) -> bool {
        let used = *lock(&self.0.used);
        match (used, self.chosen_address(glasses_ip)) {
            (Some(used), Ok(now)) => used != now,
            _ => false,
        }
    }

    fn apart(&self, glasses_ip: Option<IpAddr>) -> Option<Words> {
        address::apart(self.0.choices.ingest.address.ip(), glasses_ip, &address::networks())
    }

    fn probe(&self, hls: &str) {
        if let Some(running) = lock(&self.0.running).as_mut() {
            running.probing.abort_all();
            let (app, events) = (Arc::clone(&running.app), self.0.events.clone());
            running.probing.spawn(probe::run(app, hls.to_owned(), events));
        }
    }

    fn release(&self) {
        if let Some(running) = lock(&self.0.running).as_mut() {
            running.probing.abort_all();
        }
    }

    fn reach(&self, public_url: &str) -> impl Future<Output = WebhookCheck> + Send + 'static {
        let (tell, told) = oneshot::channel();
        if let Some(running) = lock(&self.0.running).as_mut() {
            while running.checks.try_join_next().is_some() {}
            let (app, url) = (Arc::clone(&running.app), public_url.to_owned());
            running.checks.spawn(async move {
                // Whoever asked may be gone.
                let _ = tell.send(app.check_reachable(&url).await);
            });
        }
        async move {
            match told.await {
                Ok(reached) => WebhookCheck {
                    reachable: reached.is_reachable(),
                    steps: reached.steps.into_iter().map(step).collect(),
                },
                Err(_) => WebhookCheck {
                    reachable: false,
                    steps: vec![WebhookStep {
                        name: "The app runs here".to_owned(),
                        problem: Some(Message {
                            tone: Tone::Error,
                            text: "The app at MentraOS does not run on this computer just now.".to_owned(),
                            next_step: Some("Set it up, then check again.".to_owned()),
                        }),
                    }],
                },
            }
        }
    }
}

fn picture(quality: Quality) -> VideoConfig {
    let (width, height) = match quality {
        Quality::P720 => (1280, 720),
        Quality::P1080 => (1920, 1080),
    };
    VideoConfig { width: Some(width), height: Some(height), ..VideoConfig::default() }
}

fn destination((url, name): &(DestinationKey, String)) -> RestreamDestination {
    RestreamDestination {
        url: Secret::from(url.expose().to_owned()),
        name: Some(name.clone()),
        ..RestreamDestination::default()
    }
}

fn step(step: ReachStep) -> WebhookStep {
    let name = match step.name {
        "address" => "The address can be called by MentraOS",
        "name" => "Its name is known",
        "connection" => "Something listens there",
        "encryption" => "The connection is encrypted",
        "answer" => "It answers",
        _ => "It leads to this computer",
    };
    let problem = step.result.err().map(|failure| Message {
        tone: Tone::Error,
        text: failure.text,
        next_step: Some(failure.next_step),
    });
    WebhookStep { name: name.to_owned(), problem }
}
