//! The hub of the scripted world: what apps and glasses are told is written down.

use std::collections::BTreeMap;

use session::record::{AppRow, StreamAppRow};
use session::{ApiKey, KeyDigest, PackageName};

use super::*;
use crate::api::{FrameView, GlassesView, VirtualGlasses};
use crate::ports::{AppStore, CameraCommand, CheckTold, Hub, HubAddresses, ManagedTold, UnmanagedTold};

/// What somebody at the hub was told or asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    Called(String),
    Stopped(String),
    Managed(String, ManagedTold),
    Unmanaged(String, UnmanagedTold),
    Check(String, Option<CheckTold>),
    StartCamera(CameraCommand),
    StopCamera(String),
}

impl Script {
    pub(super) fn say(&self, said: Said) {
        self.0.said.lock().unwrap().push(said);
    }

    /// What was said since the last time somebody asked.
    pub(super) fn said(&self) -> Vec<Said> {
        std::mem::take(&mut self.0.said.lock().unwrap())
    }
}

impl Hub for Script {
    fn addresses(&self) -> HubAddresses {
        HubAddresses {
            url: "http://127.0.0.1:8002".to_owned(),
            lan_urls: Vec::new(),
            glasses_url: "ws://127.0.0.1:8002/glasses-ws?token=t".to_owned(),
        }
    }

    fn call_app(&self, app: &PackageName, _: &str) {
        self.say(Said::Called(app.to_string()));
    }

    fn stop_app(&self, app: &PackageName, _: &str) {
        self.say(Said::Stopped(app.to_string()));
    }

    fn tell_managed(&self, app: &PackageName, told: &ManagedTold) {
        self.say(Said::Managed(app.to_string(), told.clone()));
    }

    fn tell_unmanaged(&self, app: &PackageName, told: &UnmanagedTold) {
        self.say(Said::Unmanaged(app.to_string(), told.clone()));
    }

    fn tell_glasses(&self, _: &PackageName, _: Option<&GlassesView>) {}

    fn answer_check(&self, app: &PackageName, _: Option<String>, told: Option<CheckTold>) {
        self.say(Said::Check(app.to_string(), told));
    }

    /// Good enough to tell keys apart.
    fn digest(&self, key: &ApiKey) -> KeyDigest {
        let mut digest = [0; 32];
        for (index, byte) in key.expose().bytes().enumerate() {
            digest[index % 32] ^= byte;
        }
        KeyDigest(digest)
    }

    fn frames(&self, _: Option<&PackageName>, _: u64) -> Vec<FrameView> {
        Vec::new()
    }

    fn start_camera(&self, command: &CameraCommand) -> Result<(), Words> {
        self.say(Said::StartCamera(command.clone()));
        Ok(())
    }

    fn stop_camera(&self, stream_id: &str, _: Option<&PackageName>) {
        self.say(Said::StopCamera(stream_id.to_owned()));
    }

    fn show_wifi_setup(&self, _: &str) {}

    async fn set_virtual_glasses(&self, _: Option<VirtualGlasses>) -> Result<(), Words> {
        Ok(())
    }

    async fn new_glasses_token(&self) -> Result<(), Words> {
        Ok(())
    }
}

impl AppStore for Script {
    async fn apps(&self) -> Result<Vec<AppRow>, HistoryError> {
        Ok(self.0.apps.lock().unwrap().values().cloned().collect())
    }

    async fn keep_app(&self, row: &AppRow) -> Result<(), HistoryError> {
        self.0.apps.lock().unwrap().insert(row.package.clone(), row.clone());
        Ok(())
    }

    async fn remove_app(&self, app: &PackageName) -> Result<(), HistoryError> {
        self.0.apps.lock().unwrap().remove(app);
        Ok(())
    }

    async fn hold_stream(&self, _: &StreamId, held: bool) -> Result<(), HistoryError> {
        self.0.held.lock().unwrap().push(held);
        Ok(())
    }

    async fn app_joined(&self, _: &StreamId, row: &StreamAppRow) -> Result<(), HistoryError> {
        self.0.stream_apps.lock().unwrap().push(row.clone());
        Ok(())
    }

    async fn app_left(&self, _: &StreamId, app: &PackageName, at_ms: u64) -> Result<(), HistoryError> {
        let mut rows = self.0.stream_apps.lock().unwrap();
        for row in rows.iter_mut().filter(|row| row.package == *app && row.left_at_ms.is_none()) {
            row.left_at_ms = Some(at_ms);
        }
        Ok(())
    }

    async fn apps_of_streams(&self, _: &[StreamId]) -> Result<BTreeMap<StreamId, Vec<String>>, HistoryError> {
        Ok(BTreeMap::new())
    }

    async fn stream_apps(&self, _: &StreamId) -> Result<Vec<StreamAppRow>, HistoryError> {
        Ok(self.0.stream_apps.lock().unwrap().clone())
    }
}
