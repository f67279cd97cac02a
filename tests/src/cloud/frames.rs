//! What this cloud and its glasses say, held against frames of the captures, so that it cannot drift together with the crate
//! that writes them. Every cloud of every test here is checked when it ends.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::record::{GLASSES, Note};

/// Captured between real SDKs and an independent hub.
const CAPTURED: &str = include_str!("../../../src-tauri/crates/mentra-wire/tests/golden/frames.jsonl");

/// Types of 2026 whose members are those of an older name (protocol 6.1).
const RENAMED: [(&str, &str); 4] = [
    ("stream_status", "rtmp_stream_status"),
    ("start_stream", "start_rtmp_stream"),
    ("stop_stream", "stop_rtmp_stream"),
    ("keep_stream_alive", "keep_rtmp_stream_alive"),
];

/// Members that no captured frame of the type has, as the protocol file gives them in the clause above each: type, members,
/// each with its JSON type.
const READ: &[(&str, &[(&str, &str)])] = &[
    // 1.4: the name under which the clouds send it.
    ("tpa_connection_ack", SETTINGS),
    ("reconnect_ack", SETTINGS),
    // 1.4: the device profile, of which the captures have a part.
    ("tpa_connection_ack", CAPABILITIES),
    ("reconnect_ack", CAPABILITIES),
    // 1.4: what follows the ack in 2026. The captures have only a wrong one.
    (
        "device_state_update",
        &[
            ("", "object"),
            ("type", "string"),
            ("state", "object"),
            ("state.connected", "bool"),
            ("state.modelName", "string"),
            ("state.wifiConnected", "bool"),
            ("state.wifiSsid", "string"),
            ("state.wifiLocalIp", "string"),
            ("state.batteryLevel", "number"),
            ("state.charging", "bool"),
            ("fullSnapshot", "bool"),
            ("timestamp", "string"),
        ],
    ),
    // 1.7: `reconnect_rejected {code}`, with the words and the time that 1.6 gives every refusal.
    (
        "reconnect_rejected",
        &[
            ("", "object"),
            ("type", "string"),
            ("code", "string"),
            ("message", "string"),
            ("timestamp", "string"),
        ],
    ),
    // 2.6: the name of 2026; both are sent.
    ("stream_status_check_response", &[("streamInfo.streamUrl", "string")]),
    // 5.2: under both names, since a phone of 2025 insists on one and glasses of 2026 know the other.
    ("start_rtmp_stream", &[("streamUrl", "string")]),
    // 5.2: the light of 2026, `flash:true` always (4.6).
    ("start_stream", &[("flash", "bool")]),
    // 5.2 `show_wifi_setup {reason}`; the time is that of every command.
    ("show_wifi_setup", &[("", "object"), ("type", "string"), ("reason", "string"), ("timestamp", "string")]),
    // 5.3: what the phone tells of the glasses.
    (
        "glasses_connection_state",
        &[
            ("", "object"),
            ("type", "string"),
            ("modelName", "string"),
            ("status", "string"),
            ("wifi", "object"),
            ("wifi.connected", "bool"),
            ("wifi.ssid", "string"),
        ],
    ),
    (
        "glasses_battery_update",
        &[("", "object"), ("type", "string"), ("level", "number"), ("charging", "bool")],
    ),
    // 5.3, second frame: a stream that is being tried again.
    ("rtmp_stream_status", &[("attempt", "number"), ("maxAttempts", "number"), ("reason", "string")]),
];

const SETTINGS: &[(&str, &str)] =
    &[("augmentosSettings", "object"), ("augmentosSettings.metricSystemEnabled", "bool")];

const CAPABILITIES: &[(&str, &str)] = &[
    ("capabilities.button", "object"),
    ("capabilities.button.buttons", "array"),
    ("capabilities.button.buttons[]", "object"),
    ("capabilities.button.buttons[].events", "array"),
    ("capabilities.button.buttons[].events[]", "string"),
    ("capabilities.button.buttons[].isCapacitive", "bool"),
    ("capabilities.button.buttons[].type", "string"),
    ("capabilities.button.count", "number"),
    ("capabilities.camera.hasFocus", "bool"),
    ("capabilities.camera.hasHDR", "bool"),
    ("capabilities.camera.resolution", "object"),
    ("capabilities.camera.resolution.height", "number"),
    ("capabilities.camera.resolution.width", "number"),
    ("capabilities.camera.video.supportedResolutions", "array"),
    ("capabilities.camera.video.supportedResolutions[]", "object"),
    ("capabilities.camera.video.supportedResolutions[].height", "number"),
    ("capabilities.camera.video.supportedResolutions[].width", "number"),
    ("capabilities.hasButton", "bool"),
    ("capabilities.hasIMU", "bool"),
    ("capabilities.hasLight", "bool"),
    ("capabilities.hasMicrophone", "bool"),
    ("capabilities.hasSpeaker", "bool"),
    ("capabilities.imu", "object"),
    ("capabilities.imu.axisCount", "number"),
    ("capabilities.imu.hasAccelerometer", "bool"),
    ("capabilities.imu.hasCompass", "bool"),
    ("capabilities.imu.hasGyroscope", "bool"),
    ("capabilities.light", "object"),
    ("capabilities.light.count", "number"),
    ("capabilities.light.lights", "array"),
    ("capabilities.light.lights[]", "object"),
    ("capabilities.light.lights[].id", "string"),
    ("capabilities.microphone", "object"),
    ("capabilities.microphone.count", "number"),
    ("capabilities.microphone.hasVAD", "bool"),
    ("capabilities.power", "object"),
    ("capabilities.power.hasExternalBattery", "bool"),
    ("capabilities.speaker", "object"),
    ("capabilities.speaker.count", "number"),
    ("capabilities.speaker.isPrivate", "bool"),
];

/// By type, its members by path, each with its JSON type.
type Members = BTreeMap<String, BTreeSet<(String, &'static str)>>;

fn known() -> Members {
    let mut known = Members::new();
    for line in CAPTURED.lines() {
        let line: Value = serde_json::from_str(line).expect("a line of the captures is JSON");
        let direction = line["dir"].as_str().unwrap_or_default();
        // In Q7 the hub told members that no type has, to see what an SDK does.
        if direction != "app->cloud" && line["scenario"] != "Q7" {
            let kind = line["frame"]["type"].as_str().unwrap_or_default().to_owned();
            collect(known.entry(kind).or_default(), "", &line["frame"]);
        }
    }
    for (kind, members) in READ {
        let known = known.entry((*kind).to_owned()).or_default();
        for (member, json_type) in *members {
            let is_new = known.insert(((*member).to_owned(), json_type));
            assert!(is_new, "{member} of {kind} was captured: it need not be read anywhere");
        }
    }
    for (new, old) in RENAMED {
        let members = known[old].clone();
        known.entry(new.to_owned()).or_default().extend(members);
    }
    known
}

/// Every member of a value by its path, `outputs[].url`, and its JSON type.
fn collect(members: &mut BTreeSet<(String, &'static str)>, path: &str, value: &Value) {
    let json_type = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    members.insert((path.to_owned(), json_type));
    match value {
        Value::Array(list) => {
            list.iter().for_each(|element| collect(members, &format!("{path}[]"), element));
        }
        Value::Object(object) => {
            for (name, value) in object {
                let dot = if path.is_empty() { "" } else { "." };
                collect(members, &format!("{path}{dot}{name}"), value);
            }
        }
        _ => {}
    }
}

/// Fails if anything the cloud or its glasses said has a member that was neither captured nor read.
pub(super) fn assert_known(said: &[Note], heard: &[Note]) {
    let known = known();
    let mut strangers = BTreeSet::new();
    let own = said.iter().chain(heard.iter().filter(|note| note.peer == GLASSES));
    for note in own.filter(|note| !note.kind.starts_with('(')) {
        let mut members = BTreeSet::new();
        collect(&mut members, "", &note.frame);
        let none = BTreeSet::new();
        let known = known.get(&note.kind).unwrap_or(&none);
        for (member, json_type) in members.difference(known) {
            strangers.insert(format!("(\"{}\", \"{member}\", \"{json_type}\"),", note.kind));
        }
    }
    let strangers: Vec<String> = strangers.into_iter().collect();
    assert!(strangers.is_empty(), "neither captured nor read:\n{}", strangers.join("\n"));
}

#[test]
fn a_member_that_is_misspelt_or_of_another_type_is_noticed() {
    let note = |frame: Value| Note {
        index: 0,
        at: std::time::Duration::ZERO,
        user: String::new(),
        peer: String::new(),
        kind: frame["type"].as_str().unwrap_or_default().to_owned(),
        frame,
    };
    let good =
        serde_json::json!({ "type": "managed_stream_status", "status": "active", "hlsUrl": "http://h" });
    assert_known(&[note(good.clone())], &[]);
    for (member, value) in
        [("hlsURL", "http://h".into()), ("hlsUrl", Value::Null), ("type", "managed".into())]
    {
        let mut bad = good.clone();
        bad[member] = value;
        let checked = std::panic::catch_unwind(|| assert_known(&[note(bad)], &[]));
        assert!(checked.is_err(), "{member}");
    }
}
