//! Calling apps: `POST {app URL}/webhook`.
//!
//! The app is told where the hub is in the words it can use: `127.0.0.1` when it runs on this computer, else the address
//! this computer would reach it from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mentra_wire::{SessionRequest, StopRequest, Webhook, iso8601, mask};
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use serde_json::json;
use tokio::net::{UdpSocket, lookup_host};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::error::WebhookFailure;
use crate::event::HubEvent;
use crate::frames::{FrameDirection, masked};
use crate::hub::stop_app;
use crate::shared::{Shared, lock};
use crate::timing::Timing;

/// What is read of an answer.
const ANSWER_BYTES: usize = 512;

/// The HTTP client of all calls. It follows no redirect: an app must not send the hub elsewhere.
pub(crate) fn caller(timing: &Timing) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(timing.webhook_connect_within)
        .pool_max_idle_per_host(0)
        .build()
}

/// Calls an app to open a session, unless it has a socket. A call before is given up.
pub(crate) fn session_request(hub: &Arc<Shared>, package: &str, app_url: &str) -> bool {
    {
        let mut apps = lock(&hub.apps);
        if hub.stop.is_cancelled() || apps.socket(package).is_some() {
            return false;
        }
        // The SDK makes a new session of it, which believes nothing yet.
        apps.session_over(package);
    }
    let over = replace(hub, package);
    let (hub, package, app_url) = (Arc::clone(hub), package.to_owned(), app_url.to_owned());
    hub.clone().tasks.spawn(async move {
        let calling = async {
            let event = match call_in(&hub, &package, &app_url).await {
                Ok(true) => HubEvent::WebhookAnswered { package: package.clone() },
                // So late that nobody waits any more; what counts is whether the app has come.
                Ok(false) => return,
                Err(failure) => {
                    tracing::info!(%package, ?failure, "an app could not be called");
                    HubEvent::WebhookFailed { package: package.clone(), failure }
                }
            };
            hub.tell(event).await;
        };
        over.run_until_cancelled(calling).await;
        finished(&hub, &package, &over);
    });
    true
}

/// Tells an app to stop, then ends its session.
pub(crate) fn stop_request(hub: &Arc<Shared>, package: &str, app_url: &str, reason: &str) {
    if hub.stop.is_cancelled() {
        return;
    }
    lock(&hub.apps).session_over(package);
    let over = replace(hub, package);
    let (hub, package, app_url, reason) =
        (Arc::clone(hub), package.to_owned(), app_url.to_owned(), reason.to_owned());
    hub.clone().tasks.spawn(async move {
        let calling = async {
            let body = Webhook::StopRequest(StopRequest {
                session_id: hub.session_id(&package),
                user_id: hub.user_id.clone(),
                reason: Some(reason.clone()),
                timestamp: Some(iso8601(hub.now_ms()).into()),
                ..StopRequest::default()
            });
            let called = async {
                let url = webhook_url(&app_url)?;
                post(&hub, &package, url, &body, hub.timing.stop_webhook_within).await
            };
            match called.await {
                Ok(true) => {
                    let line = lock(&hub.apps).socket(&package).map(|socket| Arc::clone(&socket.line));
                    if let Some(line) = line {
                        // Closed by the app, or else by the hub.
                        let _ = timeout(hub.timing.stop_grace, line.over()).await;
                    }
                }
                Ok(false) => tracing::info!(%package, "an app did not answer the wish to stop"),
                Err(failure) => tracing::info!(%package, ?failure, "an app could not be told to stop"),
            }
            stop_app(&hub, &package, &reason);
        };
        over.run_until_cancelled(calling).await;
        finished(&hub, &package, &over);
    });
}

/// Gives up the call of this app that is under way.
pub(crate) fn cancel(hub: &Shared, package: &str) {
    if let Some(before) = lock(&hub.calls).remove(package) {
        before.cancel();
    }
}

fn replace(hub: &Shared, package: &str) -> CancellationToken {
    let over = hub.stop.child_token();
    if let Some(before) = lock(&hub.calls).insert(package.to_owned(), over.clone()) {
        before.cancel();
    }
    over
}

fn finished(hub: &Shared, package: &str, over: &CancellationToken) {
    let mut calls = lock(&hub.calls);
    // A cancelled call's place belongs to another.
    if !over.is_cancelled() {
        calls.remove(package);
    }
}

async fn call_in(hub: &Shared, package: &str, app_url: &str) -> Result<bool, WebhookFailure> {
    let url = webhook_url(app_url)?;
    let authority = hub_authority(hub, &url).await?;
    let body = Webhook::SessionRequest(SessionRequest {
        session_id: hub.session_id(package),
        user_id: hub.user_id.clone(),
        timestamp: Some(iso8601(hub.now_ms()).into()),
        websocket_url: Some(format!("ws://{authority}/ws/miniapp")),
        mentraos_websocket_url: Some(format!("ws://{authority}/app-ws")),
        augmentos_websocket_url: Some(format!("ws://{authority}/app-ws")),
        ..SessionRequest::default()
    });
    post(hub, package, url, &body, hub.timing.webhook_within).await
}

/// Calls; `false` when no answer came in time.
async fn post(
    hub: &Shared,
    package: &str,
    url: Url,
    body: &Webhook,
    within: Duration,
) -> Result<bool, WebhookFailure> {
    let body = body.to_json();
    hub.record(package, FrameDirection::Webhook, masked(&body));
    let asked = Instant::now();
    let request = hub.caller.post(url).header(CONTENT_TYPE, "application/json").body(body).timeout(within);
    let mut answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) if error.is_connect() => return Err(not_connected(&error)),
        Err(error) if error.is_timeout() => return Ok(false),
        Err(_) => return Err(WebhookFailure::Broken),
    };
    let status = answer.status().as_u16();
    let mut said = Vec::new();
    while said.len() < ANSWER_BYTES {
        let Ok(Some(chunk)) = answer.chunk().await else { break };
        said.extend_from_slice(&chunk[..chunk.len().min(ANSWER_BYTES - said.len())]);
    }
    let said = readable(&said);
    let after_ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
    let note = json!({"webhookAnswer": status, "afterMs": after_ms, "body": said});
    hub.record(package, FrameDirection::Webhook, masked(&note.to_string()));
    if answer.status().is_success() { Ok(true) } else { Err(WebhookFailure::Status(status, said)) }
}

/// Why no connection came about.
fn not_connected(error: &reqwest::Error) -> WebhookFailure {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return match error.kind() {
                std::io::ErrorKind::ConnectionRefused => WebhookFailure::Refused,
                std::io::ErrorKind::ConnectionReset => WebhookFailure::Broken,
                // Its name was found before, so it is the way to it that fails.
                _ => WebhookFailure::Timeout,
            };
        }
        cause = error.source();
    }
    WebhookFailure::Timeout
}

/// The beginning of an answer, without what a person should not see.
fn readable(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let said = said.trim();
    if said.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(said).is_ok() {
        return mask(said);
    }
    said.chars().filter(|character| !character.is_control()).take(200).collect()
}

/// `{app URL}/webhook`.
fn webhook_url(app_url: &str) -> Result<Url, WebhookFailure> {
    let bad = |why: &str| WebhookFailure::BadUrl(why.to_owned());
    let mut url = Url::parse(app_url.trim()).map_err(|_| bad("it is no web address"))?;
    if url.scheme() != "http" {
        return Err(bad("it does not begin with http://"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(bad("it names no computer"));
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = format!("{}/webhook", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

/// `host:port` at which the app reaches this hub.
async fn hub_authority(hub: &Shared, app: &Url) -> Result<String, WebhookFailure> {
    let (host, port) = (app.host_str().unwrap_or_default(), app.port_or_known_default().unwrap_or(80));
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    let found = timeout(hub.timing.webhook_connect_within, lookup_host((plain, port))).await;
    let unknown = || WebhookFailure::UnknownHost(plain.to_owned());
    let found: Vec<SocketAddr> = found.map_err(|_| unknown())?.map_err(|_| unknown())?.collect();
    // Of several, the family this hub listens to.
    let app = found.iter().find(|app| app.is_ipv4() == hub.bind.is_ipv4()).or(found.first());
    let app = *app.ok_or_else(unknown)?;
    Ok(SocketAddr::new(reached_at(hub.bind, app).await?, hub.address.port()).to_string())
}

/// Address at which `app` reaches a hub that listens at `bind`.
async fn reached_at(bind: IpAddr, app: SocketAddr) -> Result<IpAddr, WebhookFailure> {
    let app_ip = app.ip().to_canonical();
    if app_ip.is_loopback() && (bind.is_loopback() || bind.is_unspecified()) {
        return Ok(if bind.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { bind });
    }
    if !bind.is_loopback() && !bind.is_unspecified() {
        return Ok(bind);
    }
    let any =
        if app.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    // Sends nothing: the system only decides which way it would go.
    let way = async {
        let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
        socket.connect(app).await?;
        socket.local_addr()
    };
    let here = way.await.map_err(|_| WebhookFailure::Timeout)?.ip().to_canonical();
    if !bind.is_loopback() {
        return Ok(here);
    }
    // An address of this computer's own reaches only itself, so loopback does as well.
    if here == app_ip { Ok(bind) } else { Err(WebhookFailure::HubOnThisComputerOnly) }
}

#[cfg(test)]
mod tests;
