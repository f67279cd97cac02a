//! What happens on the hub's sockets, in the console's terms.

use std::collections::HashMap;

use console::ports::{
    AppFact, AppRefusal, GlassesFact, HubEvent, OutputTold, OutputsAsk, OutputsRefusal, OutputsWish,
};
use mentra_link::{
    AppRefusal as LinkRefusal, AppWelcome, HubEvent as LinkEvent, Output, OutputsError, OutputsRequest,
    WebhookFailure,
};
use mentra_wire::{Dialect, Secret};
use session::{ApiKey, DestinationKey, PackageName, Words};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::wire_map;

/// Close codes of a goodbye (RFC 6455 s7.4.1): the app does not come back by itself.
const CLEAN: [u16; 2] = [1000, 1001];

/// Passes on what happens until the hub ends.
pub(super) async fn translate(mut link: mpsc::Receiver<LinkEvent>, events: mpsc::Sender<HubEvent>) {
    // Answers of the console on their way to the door; ended with the hub.
    let mut answers = JoinSet::new();
    let mut current = Current::default();
    while let Some(event) = link.recv().await {
        while answers.try_join_next().is_some() {}
        if current.is_stale(&event) {
            continue;
        }
        let dialect = current.dialect(&event);
        let Some(event) = translated(event, dialect, &mut answers) else { continue };
        if events.send(event).await.is_err() {
            return;
        }
    }
}

/// The newest sockets: an older one's last words must not be taken for theirs.
#[derive(Default)]
struct Current {
    /// Connection and what is spoken on it.
    apps: HashMap<String, (u64, Dialect)>,
    glasses: Option<u64>,
}

impl Current {
    fn newest(&self, package: &str) -> Option<u64> {
        self.apps.get(package).map(|(connection, _)| *connection)
    }

    /// What the app that says this speaks.
    fn dialect(&self, event: &LinkEvent) -> Dialect {
        match event {
            LinkEvent::AppMessage { package, .. } => self.apps.get(package).map(|(_, dialect)| *dialect),
            _ => None,
        }
        .unwrap_or_default()
    }

    fn is_stale(&mut self, event: &LinkEvent) -> bool {
        match event {
            // Two sockets of one app may be told of in either order.
            LinkEvent::AppConnected { package, connection, dialect, .. } => {
                let stale = self.newest(package).is_some_and(|newest| newest > *connection);
                if !stale {
                    self.apps.insert(package.clone(), (*connection, *dialect));
                }
                stale
            }
            LinkEvent::AppMessage { package, connection, .. } => self.newest(package) != Some(*connection),
            LinkEvent::AppGone { package, connection, .. } => {
                let stale = self.newest(package) != Some(*connection);
                if !stale {
                    self.apps.remove(package);
                }
                stale
            }
            LinkEvent::GlassesConnected { connection, .. } => {
                let stale = self.glasses.is_some_and(|newest| newest > *connection);
                if !stale {
                    self.glasses = Some(*connection);
                }
                stale
            }
            LinkEvent::GlassesMessage { connection, .. } => self.glasses != Some(*connection),
            LinkEvent::GlassesGone { connection } => {
                let stale = self.glasses != Some(*connection);
                if !stale {
                    self.glasses = None;
                }
                stale
            }
            _ => false,
        }
    }
}

fn translated(event: LinkEvent, dialect: Dialect, answers: &mut JoinSet<()>) -> Option<HubEvent> {
    Some(match event {
        LinkEvent::AppHello { hello, answer } => {
            let (decide, decided) = oneshot::channel();
            answers.spawn(async move {
                let decision: Result<(), AppRefusal> = decided.await.unwrap_or(Err(AppRefusal::NotStarted));
                // An app that left meanwhile is not there to hear it.
                let _ = answer.send(decision.map(|()| AppWelcome {}).map_err(|refusal| refused(&refusal)));
            });
            HubEvent::Asks {
                key: hello.api_key.as_ref().map(api_key_of).unwrap_or_default(),
                address: hello.peer.ip(),
                package: hello.package,
                answer: decide,
            }
        }
        LinkEvent::AppConnected { package, peer, sdk_version, resumed, .. } => {
            let address = peer.ip().to_string();
            about(&package, AppFact::Connected { address, sdk_version, resumed })?
        }
        LinkEvent::AppMessage { package, message, .. } => {
            about(&package, wire_map::app_fact(message, dialect)?)?
        }
        LinkEvent::AppGone { package, code, .. } => {
            about(&package, AppFact::Gone { clean: code.is_some_and(|code| CLEAN.contains(&code)) })?
        }
        LinkEvent::WebhookFailed { package, failure } => {
            let unreachable = failure == WebhookFailure::Refused;
            about(
                &package,
                AppFact::CallFailed {
                    unreachable,
                    words: Words::error(failure.text()).then(failure.next_step()),
                },
            )?
        }
        LinkEvent::WebhookAnswered { package } => about(&package, AppFact::Answered)?,
        LinkEvent::GlassesConnected { peer, .. } => {
            HubEvent::Glasses(GlassesFact::Connected { address: peer.ip().to_string() })
        }
        LinkEvent::GlassesMessage { message, .. } => HubEvent::Glasses(wire_map::glasses_fact(message)?),
        LinkEvent::GlassesGone { .. } => HubEvent::Glasses(GlassesFact::Gone),
        LinkEvent::KeepAlive { missed, .. } => HubEvent::Glasses(GlassesFact::KeepAlive { missed }),
        LinkEvent::Outputs(request) => HubEvent::Outputs(outputs(request, answers)),
    })
}

fn about(package: &str, fact: AppFact) -> Option<HubEvent> {
    Some(HubEvent::App { app: PackageName::parse(package).ok()?, fact })
}

fn api_key_of(secret: &Secret) -> ApiKey {
    ApiKey::parse(secret.expose()).unwrap_or_default()
}

/// Words for the app's log, with the next step for its developer.
fn refused(refusal: &AppRefusal) -> LinkRefusal {
    let (code, message) = match refusal {
        AppRefusal::Unknown => (
            "APP_NOT_STARTED",
            "This app is not registered in Stream Console. Add it on the Apps page, then start it there.",
        ),
        AppRefusal::NotStarted => (
            "APP_NOT_STARTED",
            "App not started for this session. Start it on the Apps page of Stream Console.",
        ),
        AppRefusal::WrongKey => {
            ("INVALID_API_KEY", "Invalid API key. Enter this app's key on the Apps page of Stream Console.")
        }
        AppRefusal::NotAllowed => (
            "PERMISSION_DENIED",
            "This app connects from another computer. Allow it on the Apps page of Stream Console.",
        ),
    };
    LinkRefusal { code: code.to_owned(), message: message.to_owned() }
}

/// MentraOS' REST codes and statuses.
fn outputs_error(refusal: &OutputsRefusal) -> OutputsError {
    let (status, code, message) = match refusal {
        OutputsRefusal::NotAuthorized => {
            (403, "NOT_AUTHORIZED", "This app may not change this output.".to_owned())
        }
        OutputsRefusal::NoStream => (404, "STREAM_NOT_FOUND", "No such stream runs.".to_owned()),
        OutputsRefusal::NotAViewer => (403, "NOT_A_VIEWER", "This app has no part in the stream.".to_owned()),
        OutputsRefusal::NoOutput => (404, "OUTPUT_NOT_FOUND", "There is no such output.".to_owned()),
        OutputsRefusal::BadAddress(words) => (400, "INVALID_URL_FORMAT", wire_map::sentence(words)),
        OutputsRefusal::Full => {
            (409, "MAX_OUTPUTS_REACHED", "The stream has 10 outputs of apps already.".to_owned())
        }
        OutputsRefusal::AppFull => {
            (409, "MAX_APP_OUTPUTS_REACHED", "This app has 10 outputs already.".to_owned())
        }
        OutputsRefusal::Twice => {
            (409, "DUPLICATE_URL", "The stream goes to this address already.".to_owned())
        }
        OutputsRefusal::Storage(words) => (502, "STORAGE_ERROR", wire_map::sentence(words)),
    };
    OutputsError { status, code: code.to_owned(), message }
}

/// Passes an HTTP request of an app on, and the console's answer back.
fn outputs(request: OutputsRequest, answers: &mut JoinSet<()>) -> OutputsAsk {
    let (decide, decided) = oneshot::channel::<Result<Vec<OutputTold>, OutputsRefusal>>();
    let outcome = async move {
        let told = decided.await.unwrap_or(Err(OutputsRefusal::NoStream));
        told.map_err(|refusal| outputs_error(&refusal))
    };
    let (address, package, key, stream_id, wish) = match request {
        OutputsRequest::List { address, package, api_key, stream_id, answer } => {
            // Whoever asked may be gone; so for the others.
            answers.spawn(async move {
                let _ = answer.send(outcome.await.map(|told| told.iter().map(listed).collect()));
            });
            (address, package, api_key, stream_id, OutputsWish::List)
        }
        OutputsRequest::Add { address, package, api_key, stream_id, url, name, answer } => {
            let given = DestinationKey::parse(url.expose()).unwrap_or_default();
            let wish = OutputsWish::Add { url: given.clone(), name };
            answers.spawn(async move {
                let id = outcome.await.and_then(|told| {
                    let added = told.into_iter().find(|output| output.url == given).map(|output| output.id);
                    added.ok_or_else(|| outputs_error(&OutputsRefusal::NoOutput))
                });
                let _ = answer.send(id);
            });
            (address, package, api_key, stream_id, wish)
        }
        OutputsRequest::Remove { address, package, api_key, stream_id, output_id, answer } => {
            answers.spawn(async move {
                let _ = answer.send(outcome.await.map(drop));
            });
            (address, package, api_key, stream_id, OutputsWish::Remove { id: output_id })
        }
    };
    OutputsAsk { address, package, key: api_key_of(&key), stream_id, wish, answer: decide }
}

fn listed(told: &OutputTold) -> Output {
    let shown = wire_map::output(told);
    Output {
        output_id: told.id.clone(),
        url: shown.url,
        name: shown.name,
        added_by: told.added_by.as_ref().map(ToString::to_string),
        status: shown.status,
        error: shown.error,
    }
}
