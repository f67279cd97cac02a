//! Kinds of destinations as a screen shows them.

use session::presets::{self, Preset};

use crate::api::{IngestPoint, PresetView};

/// All of them, in the order of the file.
pub(crate) fn views() -> Vec<PresetView> {
    presets::all().iter().map(view).collect()
}

fn view(preset: &Preset) -> PresetView {
    PresetView {
        id: preset.id.clone(),
        name: preset.name.clone(),
        ingests: preset
            .ingests
            .iter()
            .map(|ingest| IngestPoint { name: ingest.name.clone(), url: ingest.url.clone() })
            .collect(),
        key_page: preset.key_page.clone(),
        key_hint: preset.key_hint.clone(),
        note: preset.note.clone(),
        has_bandwidth_test: preset.has_bandwidth_test,
        key_optional: preset.key_optional,
        limits: preset.limits_line(),
    }
}
