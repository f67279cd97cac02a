//! Scripted glasses (with the phone that speaks for them): they obey, lie or keep silent as a test wants.

use serde_json::{Value, json};

use crate::app_socket::AppSocket;
use crate::console::Console;
use crate::screen::Screen;

/// Glasses connected to the hub.
pub struct Glasses {
    socket: AppSocket,
}

impl Glasses {
    /// Connects them, with Wi-Fi and a full battery; the screen shows them when this returns.
    ///
    /// # Panics
    /// When the hub does not let them in.
    pub async fn connect(console: &Console, screen: &mut Screen) -> Self {
        let url = console.snapshot().await["hub"]["glassesUrl"].as_str().expect("an address").to_owned();
        let mut glasses = Self { socket: AppSocket::open(&url).await };
        glasses.say(json!({ "type": "connection_init", "timestamp": 1_795_364_665_446_u64 })).await;
        glasses.until("connection_ack", |_| true).await;
        glasses
            .say(json!({
                "type": "glasses_connection_state",
                "modelName": "Mentra Live",
                "status": "CONNECTED",
                "wifi": { "connected": true, "ssid": "Test" },
            }))
            .await;
        glasses.say(json!({ "type": "glasses_battery_update", "level": 90, "charging": false })).await;
        screen
            .until("glasses on the screen", |now| {
                let shown = &now["hub"]["glasses"];
                shown["model"] == "Mentra Live" && shown["batteryPercent"] == 90 && shown["wifi"] == true
            })
            .await;
        glasses
    }

    /// They say this.
    pub async fn say(&mut self, message: Value) {
        self.socket.say(&message).await;
    }

    /// The next message of this type that is as wanted.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn until(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        self.socket.until(kind, wanted).await
    }

    /// They are told to stream; returns the command.
    ///
    /// # Panics
    /// When they are not.
    pub async fn told_to_start(&mut self) -> Value {
        self.until("start_rtmp_stream", |_| true).await
    }
}
