//! Every captured frame is understood and written again as it came.
//!
//! The frames were captured between real SDKs (2.1.29, 3.0.0-hono.8, 3.0.0-alpha.4) and a stand-in hub; those of the hub and of
//! the glasses are the stand-in's, which the SDKs accepted.

use std::collections::BTreeMap;

use mentra_wire::{
    AppMessage, DeviceMessage, Dialect, Generation, HubToApp, HubToDevice, Webhook, WireError,
};
use serde_json::{Value, json};

struct Captured {
    scenario: String,
    channel: String,
    direction: String,
    frame: Value,
}

impl Captured {
    fn type_name(&self) -> &str {
        self.frame["type"].as_str().expect("a type")
    }
}

fn captured() -> Vec<Captured> {
    let frames: Vec<_> = include_str!("golden/frames.jsonl")
        .lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).expect("a line of the fixture is JSON");
            let text = |line: &Value, member: &str| line[member].as_str().expect("text").to_owned();
            Captured {
                scenario: text(&line, "scenario"),
                channel: text(&line, "ch"),
                direction: text(&line, "dir"),
                frame: line["frame"].take(),
            }
        })
        .collect();
    assert_eq!(frames.len(), 466);
    frames
}

/// Whether the type is known, and the frame as it is written again.
fn again(captured: &Captured) -> Result<(bool, String), WireError> {
    let text = captured.frame.to_string();
    Ok(match (captured.channel.as_str(), captured.direction.as_str()) {
        ("app-ws", "app->cloud") => {
            let message = AppMessage::parse(&text)?;
            (!matches!(message, AppMessage::Unknown(_)), message.to_json())
        }
        ("app-ws", "cloud->app") => {
            let message = HubToApp::parse(&text)?;
            (!matches!(message, HubToApp::Unknown(_)), message.to_json(Dialect::V3))
        }
        ("glasses-ws", "dev->cloud") => {
            let message = DeviceMessage::parse(&text)?;
            (!matches!(message, DeviceMessage::Unknown(_)), message.to_json())
        }
        ("glasses-ws", "cloud->dev") => {
            let message = HubToDevice::parse(&text)?;
            (!matches!(message, HubToDevice::Unknown(_)), message.to_json(Generation::Rtmp2025))
        }
        ("http", "cloud->app") => {
            let message = Webhook::parse(&text)?;
            (!matches!(message, Webhook::Unknown(_)), message.to_json())
        }
        other => panic!("{other:?}"),
    })
}

/// What becomes of a frame that is not written again as it came, and why.
enum Oddity {
    /// The scenario sent types that nobody knows, to see what the SDK does.
    UnknownType,
    /// The scenario sent a frame without a member its type needs.
    Refused(&'static str),
    /// This crate writes these members otherwise.
    Differs(Value),
}

fn oddity(captured: &Captured) -> Option<Oddity> {
    let scenario = captured.scenario.split(' ').next().unwrap_or_default();
    match (scenario, captured.type_name()) {
        ("Q7", "camera_error" | "hub_hello") | ("Q14b", "connection_ack" | "app_connection_ack") => {
            Some(Oddity::UnknownType)
        }
        // Frames whose only content was a name the SDK does or does not know.
        ("Q7", "device_state_update") => Some(Oddity::Refused("state")),
        ("Q7", "stream_status") => Some(Oddity::Refused("status")),
        // The least an ack may be; the settings are always written.
        ("Q14", "tpa_connection_ack") => Some(Oddity::Differs(json!({ "settings": [] }))),
        // The other name of an error; it is written under the first.
        ("Q28", "connection_error") => Some(Oddity::Differs(json!({ "type": "tpa_connection_error" }))),
        // The URL goes out under both names.
        (_, "start_rtmp_stream") => Some(Oddity::Differs(json!({ "streamUrl": captured.frame["rtmpUrl"] }))),
        _ => None,
    }
}

#[test]
fn captured_frames_are_understood_and_written_again_as_they_came() {
    let mut oddities = BTreeMap::new();
    for captured in captured() {
        let name = format!("{} {}", captured.scenario, captured.frame);
        let mut expected = captured.frame.clone();
        let mut known = true;
        match oddity(&captured) {
            None => {}
            Some(odd) => {
                *oddities
                    .entry((captured.direction.clone(), captured.type_name().to_owned()))
                    .or_insert(0) += 1;
                match odd {
                    Oddity::UnknownType => known = false,
                    Oddity::Differs(members) => {
                        expected
                            .as_object_mut()
                            .expect("an object")
                            .extend(members.as_object().expect("an object").clone());
                    }
                    Oddity::Refused(member) => {
                        let type_name = captured.type_name().to_owned();
                        assert_eq!(again(&captured), Err(WireError::Member { type_name, member }), "{name}");
                        continue;
                    }
                }
            }
        }
        let (is_known, written) = again(&captured).unwrap_or_else(|error| panic!("{error}: {name}"));
        assert_eq!(is_known, known, "{name}");
        assert_eq!(serde_json::from_str::<Value>(&written).expect("JSON"), expected, "{name}");
    }
    // An oddity that no frame has any more is not one.
    let oddities: Vec<String> =
        oddities.iter().map(|((direction, name), count)| format!("{direction} {name} x{count}")).collect();
    insta::assert_snapshot!(oddities.join("\n"), @r"
    cloud->app app_connection_ack x1
    cloud->app camera_error x1
    cloud->app connection_ack x1
    cloud->app connection_error x1
    cloud->app device_state_update x1
    cloud->app hub_hello x1
    cloud->app stream_status x1
    cloud->app tpa_connection_ack x1
    cloud->dev start_rtmp_stream x10
    ");
}

#[test]
fn no_key_of_a_captured_frame_is_in_its_debug_text() {
    for captured in captured() {
        let text = captured.frame.to_string();
        let shown = match captured.channel.as_str() {
            "app-ws" if captured.direction == "app->cloud" => format!("{:?}", AppMessage::parse(&text)),
            "app-ws" => format!("{:?}", HubToApp::parse(&text)),
            "http" => format!("{:?}", Webhook::parse(&text)),
            _ if captured.direction == "dev->cloud" => format!("{:?}", DeviceMessage::parse(&text)),
            _ => format!("{:?}", HubToDevice::parse(&text)),
        };
        for key in
            ["key_0123456789", "key_v3_0123456789", "live2/KEY", "live/key", "live/k\"", "1935/live/ms"]
        {
            assert!(!shown.contains(key), "{shown}");
        }
    }
}

/// What each direction carries, from the SDKs' own frames: a message that loses its variant shows up here.
#[test]
fn captured_frames_of_the_sdks_are_counted() {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for captured in captured().iter().filter(|captured| captured.direction == "app->cloud") {
        *counts.entry(captured.type_name().to_owned()).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    insta::assert_snapshot!(counts.join("\n"), @r"
    managed_stream_request 22
    managed_stream_stop 6
    ownership_release 3
    ping 2
    reconnect 1
    rtmp_stream_request 18
    rtmp_stream_stop 3
    stream_request 1
    stream_status_check 14
    stream_stop 1
    subscription_update 63
    tpa_connection_init 54
    ");
}
