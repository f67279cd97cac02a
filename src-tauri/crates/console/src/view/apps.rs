//! Apps and the hub, from the domain to what a screen is shown.

use session::record::StreamAppRow;
use session::{Delivery, Permission, Permissions, app};

use super::message;
use crate::api;
use crate::apps::Entry;
use crate::ports::HubAddresses;

/// What apps that do not tell their version speak.
const CLASSIC_SDK: &str = "2.x";

pub(crate) fn delivery(delivery: Delivery) -> api::Delivery {
    match delivery {
        Delivery::Managed => api::Delivery::Managed,
        Delivery::Unmanaged => api::Delivery::Unmanaged,
        Delivery::Cloud => api::Delivery::Cloud,
    }
}

pub(crate) fn hub(
    addresses: HubAddresses,
    glasses: Option<api::GlassesView>,
    virtual_glasses: Option<api::VirtualGlasses>,
) -> api::HubView {
    let HubAddresses { url, lan_urls, glasses_url } = addresses;
    api::HubView { url, lan_urls, glasses_url, glasses, virtual_glasses }
}

pub(crate) fn to_permission(permission: api::AppPermission) -> Permission {
    match permission {
        api::AppPermission::Camera => Permission::Camera,
        api::AppPermission::Microphone => Permission::Microphone,
        api::AppPermission::Location => Permission::Location,
    }
}

fn permissions(granted: &Permissions) -> Vec<api::AppPermission> {
    [api::AppPermission::Camera, api::AppPermission::Microphone, api::AppPermission::Location]
        .into_iter()
        .filter(|permission| granted.contains(to_permission(*permission)))
        .collect()
}

fn state(state: app::State) -> api::AppState {
    match state {
        app::State::Stopped => api::AppState::Stopped,
        app::State::Starting => api::AppState::Starting,
        app::State::Connected => api::AppState::Connected,
        app::State::Away => api::AppState::Away,
        app::State::Failed => api::AppState::Failed,
    }
}

pub(crate) fn app(entry: &Entry, part: Option<api::AppPart>) -> api::AppView {
    let row = &entry.row;
    let connected = entry.connected.as_ref();
    let sdk = || entry.sdk_version.clone().unwrap_or_else(|| CLASSIC_SDK.to_owned());
    api::AppView {
        name: row.name.clone(),
        package_name: row.package.to_string(),
        url: row.url.clone(),
        has_api_key: row.key.is_some(),
        permissions: permissions(&row.permissions),
        state: state(entry.run.state()),
        message: (entry.run.state() != app::State::Stopped).then(|| message(entry.run.words())),
        connected_since_ms: connected.map(|(_, since_ms)| *since_ms),
        address: connected.map(|(address, _)| address.clone()),
        sdk_version: connected.map(|_| sdk()),
        subscriptions: entry.subscriptions.clone(),
        lan_allowed: row.lan_allowed,
        asks_from: entry.asks_from.clone(),
        part,
    }
}

pub(crate) fn stream_app(row: &StreamAppRow) -> api::StreamAppRecord {
    api::StreamAppRecord {
        package_name: row.package.to_string(),
        name: row.name.clone(),
        part: if row.started { api::AppPart::Started } else { api::AppPart::Joined },
        joined_at_ms: row.joined_at_ms,
        left_at_ms: row.left_at_ms,
    }
}
