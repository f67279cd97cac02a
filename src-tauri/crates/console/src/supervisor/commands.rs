//! What shells ask.

use std::net::IpAddr;

use session::policy::{StartDecision, WantedManaged};
use session::{Delivery, Input, Options, State, StopBy, StreamId};

use super::effects::Begin;
use super::{Ask, Supervisor};
use crate::api::{
    ApiError, CameraLink, Code, ListStreams, ManagedBy, OneStream, Settings, SettingsView, StartManaged,
    Started, StreamDetail, StreamSummary,
};
use crate::ports::{
    AppStore as _, Clock as _, DestinationStore as _, History as _, StreamProvider as _, World,
};
use crate::view;

/// Streams listed when nothing else is asked, and at most.
const LISTED: u32 = 50;
const MOST_LISTED: u32 = 200;
/// Samples of one stream that are sent: a running one keeps one a second, a screen is not that wide.
const MOST_SAMPLES: usize = 1_200;
/// Addresses that may be offered besides this computer's own.
const MOST_ADDRESSES: usize = 8;
/// Of what was typed, so much is quoted.
const SHOWN_CHARS: usize = 40;
/// The longest grace time.
const MOST_GRACE_S: u32 = 1_800;

impl<W: World> Supervisor<W> {
    /// Answers. An asker that stopped waiting is not an error: what it asked for is done all the same.
    pub(super) async fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Snapshot { answer } => drop(answer.send(self.screen.snapshot())),
            Ask::Subscribe { answer } => drop(answer.send((self.screen.snapshot(), self.screen.subscribe()))),
            Ask::Start { wanted, answer } => drop(answer.send(self.start_managed(wanted).await)),
            Ask::Stop { answer } => {
                self.stop_stream().await;
                let _ = answer.send(());
            }
            Ask::List { wanted, answer } => drop(answer.send(self.list(wanted).await)),
            Ask::Detail { wanted, answer } => drop(answer.send(self.detail(&wanted).await)),
            Ask::Delete { wanted, answer } => drop(answer.send(self.delete(&wanted).await)),
            Ask::UpdateSettings { wanted, answer } => drop(answer.send(self.update_settings(wanted).await)),
            Ask::AddDestination { wanted, answer } => drop(answer.send(self.add_destination(wanted).await)),
            Ask::UpdateDestination { wanted, answer } => {
                let _ = answer.send(self.update_destination(wanted).await);
            }
            Ask::SetDestination { wanted, answer } => {
                let _ = answer.send(self.set_destinations(&[wanted.id], wanted.enabled).await);
            }
            Ask::RemoveDestination { wanted, answer } => {
                let _ = answer.send(self.remove_destination(&wanted).await);
            }
            Ask::DuplicateDestination { wanted, answer } => {
                let _ = answer.send(self.duplicate_destination(&wanted).await);
            }
            Ask::OrderDestinations { wanted, answer } => {
                let _ = answer.send(self.order_destinations(&wanted).await);
            }
            Ask::RetryDestination { wanted, answer } => {
                let _ = answer.send(self.retry_destination(&wanted).await);
            }
            Ask::TestDestination { wanted, answer } => self.test_destination(&wanted, answer),
            Ask::RevealKey { wanted, answer } => self.reveal_key(&wanted, answer),
            Ask::GoLive { wanted, answer } => drop(answer.send(self.go_live(&wanted).await)),
            Ask::EndBroadcast { answer } => drop(answer.send(self.end_broadcast().await)),
            Ask::Preflight { answer } => drop(answer.send(self.preflight())),
            Ask::BroadcastCheck { answer } => self.broadcast_check(answer),
            Ask::StartUnmanaged { wanted, answer } => drop(answer.send(self.start_unmanaged(wanted).await)),
            Ask::HoldStream { wanted, answer } => drop(answer.send(self.hold_stream(wanted).await)),
            Ask::AddApp { wanted, answer } => drop(answer.send(self.add_app(wanted).await)),
            Ask::UpdateApp { wanted, answer } => drop(answer.send(self.update_app(wanted).await)),
            Ask::RemoveApp { wanted, answer } => drop(answer.send(self.remove_app(&wanted).await)),
            Ask::StartApp { wanted, answer } => drop(answer.send(self.start_app(&wanted).await)),
            Ask::StopApp { wanted, answer } => drop(answer.send(self.stop_app(&wanted).await)),
            Ask::AllowApp { wanted, answer } => drop(answer.send(self.allow_app(&wanted).await)),
            Ask::Frames { wanted, answer } => drop(answer.send(self.frames(&wanted))),
            Ask::SetVirtualGlasses { wanted, answer } => {
                drop(answer.send(self.set_virtual_glasses(wanted).await));
            }
            Ask::NewGlassesToken { answer } => drop(answer.send(self.new_glasses_token().await)),
            Ask::NewStreamKey { answer } => drop(answer.send(self.new_stream_key().await)),
            Ask::SetCloud { wanted, answer } => drop(answer.send(self.set_cloud(wanted).await)),
            Ask::RemoveCloud { answer } => drop(answer.send(self.remove_cloud().await)),
            Ask::CheckWebhook { answer } => self.check_webhook(answer),
            Ask::Shutdown { answer } => drop(answer.send(())),
        }
    }

    async fn start_managed(&mut self, wanted: StartManaged) -> Result<Started, ApiError> {
        let by_cloud = wanted.delivery == ManagedBy::Cloud;
        let link = wanted.camera_link.or(by_cloud.then_some(CameraLink::Cloud)).map(view::to_camera_link);
        if by_cloud && link != Some(session::CameraLink::Cloud) {
            return Err(view::invalid(
                "MentraOS delivers the streams of glasses it commands, and no others.",
                "Choose the glasses at MentraOS, or let this computer deliver the stream.",
            ));
        }
        self.finish_stopping().await;
        let (running, delivery) = (self.session.link(), self.session.delivery());
        let wish =
            WantedManaged { link, delivery: if by_cloud { Delivery::Cloud } else { Delivery::Managed } };
        match session::policy::start(self.session.state(), running, delivery, wish, &self.holder_name()) {
            StartDecision::Busy(words) => Err(view::busy(words)),
            StartDecision::Join => {
                self.keep_hold(true).await;
                if wanted.enable_webrtc {
                    self.enable_webrtc().await;
                }
                let id = self.session.stream_id().ok_or_else(nothing_to_join)?;
                Ok(Started { stream_id: id.as_str().to_owned(), joined: true })
            }
            StartDecision::New => {
                let options = Options {
                    quality: view::to_quality(wanted.quality),
                    enable_webrtc: wanted.enable_webrtc,
                };
                let link = link.unwrap_or(session::CameraLink::Manual);
                if link == session::CameraLink::Hub && !self.glasses.connected() {
                    return Err(view::busy(no_glasses()));
                }
                if link == session::CameraLink::Cloud {
                    self.cloud_desk.ready().map_err(view::busy)?;
                }
                let begin = Begin { delivery: wish.delivery, ..Begin::managed(link, options) };
                let id = self.begin(begin).await;
                Ok(Started { stream_id: id.as_str().to_owned(), joined: false })
            }
        }
    }

    async fn stop_stream(&mut self) {
        let fed_by_encoder = self.session.link() == Some(session::CameraLink::Manual)
            && self.session.state().is_running()
            && self.provider.measure().publisher.is_some();
        self.handle(Input::Stop { by: StopBy::User }).await;
        if fed_by_encoder {
            self.hold_off.begin(self.clock.now_ms());
        }
        self.measured = self.provider.measure();
        self.show_ingest();
        self.screen.signal(None);
    }

    async fn list(&mut self, wanted: ListStreams) -> Result<Vec<StreamSummary>, ApiError> {
        let limit = wanted.limit.unwrap_or(LISTED).min(MOST_LISTED);
        let rows = self.history.list(wanted.before_ms, limit).await.map_err(view::storage_error)?;
        let ids: Vec<StreamId> = rows.iter().map(|row| row.stream_id.clone()).collect();
        let mut apps = self.history.apps_of_streams(&ids).await.map_err(view::storage_error)?;
        let summaries = rows.into_iter().map(|row| {
            let names = apps.remove(&row.stream_id).unwrap_or_default();
            view::summary(row, names)
        });
        Ok(summaries.collect())
    }

    async fn detail(&mut self, wanted: &OneStream) -> Result<StreamDetail, ApiError> {
        let id = parse_id(wanted)?;
        let row = self.history.stream(&id).await.map_err(view::storage_error)?.ok_or_else(no_such_stream)?;
        let marks = self.history.marks(&id).await.map_err(view::storage_error)?;
        let samples = self.history.samples(&id).await.map_err(view::storage_error)?;
        let pushed = self.history.destination_marks(&id).await.map_err(view::storage_error)?;
        let apps = self.history.stream_apps(&id).await.map_err(view::storage_error)?;
        let target = row.target.clone();
        let mut names: Vec<String> = Vec::new();
        for app in &apps {
            if !names.contains(&app.name) {
                names.push(app.name.clone());
            }
        }
        Ok(StreamDetail {
            summary: view::summary(row, names),
            marks: marks.iter().map(view::mark).collect(),
            samples: view::thinned(&samples, MOST_SAMPLES),
            destination_marks: pushed.iter().map(view::destination_mark).collect(),
            apps: apps.iter().map(view::stream_app).collect(),
            target,
        })
    }

    async fn delete(&mut self, wanted: &OneStream) -> Result<(), ApiError> {
        let id = parse_id(wanted)?;
        if self.session.state().is_running() && self.session.stream_id() == Some(&id) {
            return Err(ApiError {
                code: Code::Busy,
                message: "This stream is still running.".to_owned(),
                next_step: Some("Stop it first, then delete it.".to_owned()),
            });
        }
        if !self.history.delete(&id).await.map_err(view::storage_error)? {
            return Err(no_such_stream());
        }
        self.screen.history();
        Ok(())
    }

    async fn update_settings(&mut self, wanted: Settings) -> Result<SettingsView, ApiError> {
        if wanted.grace_s > MOST_GRACE_S {
            return Err(view::invalid("The grace time is too long.", "Choose at most 30 minutes."));
        }
        let ports = [wanted.rtmp_port, wanted.http_port, wanted.hub_port, wanted.webrtc_port];
        let taken = |port: &u16| *port != 0 && ports.iter().filter(|other| *other == port).count() > 1;
        if ports.iter().any(taken) {
            return Err(view::invalid(
                "Encoders, players, apps and WebRTC need ports of their own.",
                "Choose different ports.",
            ));
        }
        let wanted = Settings {
            webrtc_addresses: addresses(&wanted.webrtc_addresses)?,
            cloud: self.settings.cloud.clone(),
            ..wanted
        };
        self.history.save_settings(&wanted).await.map_err(view::storage_error)?;
        self.session.set_grace_ms(u64::from(wanted.grace_s) * 1_000);
        self.settings = wanted;
        self.provider.freeze_picture(self.settings.freeze_picture);
        self.offer_addresses();
        Ok(self.show_settings())
    }

    /// Shows what is chosen, and says whether it needs a restart.
    pub(super) fn show_settings(&mut self) -> SettingsView {
        let at_start = &self.settings_at_start;
        let network = |chosen: &Settings| {
            let ports = [chosen.rtmp_port, chosen.http_port, chosen.hub_port, chosen.webrtc_port];
            (ports, chosen.lan_access)
        };
        let restart_needed = network(&self.settings) != network(at_start);
        let view = SettingsView { chosen: self.settings.clone(), restart_needed };
        self.screen.settings(view.clone());
        view
    }

    /// Tells the provider which addresses the user named. Those that an older version kept and this one cannot read are
    /// left out.
    pub(super) fn offer_addresses(&self) {
        let kept = self.settings.webrtc_addresses.iter();
        self.provider.offer_addresses(kept.filter_map(|address| address.parse().ok()).collect());
    }

    /// WebRTC playback was asked for while the stream runs: it is there for everybody from now on.
    pub(super) async fn enable_webrtc(&mut self) {
        if !self.session.enable_webrtc() {
            return;
        }
        self.provider.enable_webrtc();
        if let Some(id) = self.session.stream_id().cloned()
            && let Err(error) = self.history.enable_webrtc(&id).await
        {
            self.history_error("that WebRTC was asked for", &error);
        }
        self.show_session();
    }

    async fn new_stream_key(&mut self) -> Result<(), ApiError> {
        let publishing = self.session.link() == Some(session::CameraLink::Manual)
            && self.provider.measure().publisher.is_some();
        if publishing && !matches!(self.session.state(), State::Ended(_)) {
            return Err(ApiError {
                code: Code::Busy,
                message: "An encoder is publishing with the present key.".to_owned(),
                next_step: Some("Stop the stream first.".to_owned()),
            });
        }
        self.provider.new_stream_key().await.map_err(|words| ApiError {
            code: Code::Storage,
            message: words.text,
            next_step: words.next_step,
        })?;
        self.show_ingest();
        Ok(())
    }
}

/// Addresses in their shortest form, each once.
fn addresses(texts: &[String]) -> Result<Vec<String>, ApiError> {
    let mut read: Vec<String> = Vec::new();
    for text in texts {
        let text = text.trim();
        let usable = |ip: &IpAddr| !ip.is_unspecified() && !ip.is_multicast();
        let Some(ip) = text.parse::<IpAddr>().ok().filter(usable) else {
            let shown: String = text.chars().take(SHOWN_CHARS).collect();
            return Err(view::invalid(
                &format!("“{shown}” is not the IP address of a computer or a router."),
                "Give addresses such as 203.0.113.7, without a port and without a name.",
            ));
        };
        let ip = ip.to_string();
        if !read.contains(&ip) {
            read.push(ip);
        }
    }
    if read.len() > MOST_ADDRESSES {
        return Err(view::invalid("These are too many addresses.", "Name at most 8."));
    }
    Ok(read)
}

fn parse_id(wanted: &OneStream) -> Result<StreamId, ApiError> {
    StreamId::parse(&wanted.stream_id)
        .map_err(|_| view::invalid("That is not a stream's id.", "Choose the stream from the list."))
}

fn no_such_stream() -> ApiError {
    ApiError {
        code: Code::NotFound,
        message: "There is no such stream in the history.".to_owned(),
        next_step: Some("It may have been deleted; look at the list again.".to_owned()),
    }
}

fn no_glasses() -> session::Words {
    session::Words::warning("No glasses are connected.")
        .then("Connect them, or switch on the virtual glasses, then start.")
}

fn nothing_to_join() -> ApiError {
    ApiError { code: Code::Internal, message: "The running stream has no id.".to_owned(), next_step: None }
}
