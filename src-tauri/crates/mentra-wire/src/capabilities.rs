//! What Mentra Live can do, as apps are told.

use serde_json::{Value, json};

/// The device profile of Mentra Live, for `capabilities` of an ack.
pub fn mentra_live_capabilities() -> Value {
    json!({
        "modelName": "Mentra Live",
        "hasCamera": true,
        "camera": {
            "resolution": { "width": 1920, "height": 1080 },
            "hasHDR": false,
            "hasFocus": true,
            "video": {
                "canRecord": true,
                "canStream": true,
                "supportedStreamTypes": ["rtmp"],
                "supportedResolutions": [
                    { "width": 1920, "height": 1080 },
                    { "width": 1280, "height": 720 },
                    { "width": 640, "height": 480 }
                ]
            }
        },
        "hasDisplay": false,
        "display": null,
        "hasMicrophone": true,
        "microphone": { "count": 1, "hasVAD": true },
        "hasSpeaker": true,
        "speaker": { "count": 1, "isPrivate": false },
        "hasIMU": true,
        "imu": { "axisCount": 6, "hasAccelerometer": true, "hasCompass": false, "hasGyroscope": true },
        "hasButton": true,
        "button": {
            "count": 1,
            "buttons": [{ "type": "press", "events": ["press", "double_press", "long_press"], "isCapacitive": false }]
        },
        "hasLight": true,
        "light": { "count": 2, "lights": [{ "id": "privacy" }, { "id": "user_feedback" }] },
        "power": { "hasExternalBattery": false },
        "hasWifi": true
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_an_sdk_reads_is_there() {
        let profile = mentra_live_capabilities();
        for part in ["Camera", "Display", "Microphone", "Speaker", "IMU", "Button", "Light", "Wifi"] {
            assert!(profile[format!("has{part}")].is_boolean(), "{part}");
        }
        for part in ["camera", "microphone", "speaker", "imu", "button", "light", "power"] {
            assert!(profile[part].is_object(), "{part}");
        }
        assert_eq!(profile["modelName"], "Mentra Live");
        assert_eq!(profile["camera"]["video"]["canStream"], true);
        assert_eq!(profile["display"], Value::Null);
    }
}
