//! The socket of the glasses, or of the phone that speaks for them.

use std::sync::Arc;

use axum::extract::ws::WebSocket;
use mentra_wire::{DeviceConnectionAck, DeviceMessage, Generation, HubToDevice, iso8601};
use serde::Deserialize;

use crate::accept::Caller;
use crate::event::{GlassesSocket, HubEvent};
use crate::frames::{FrameDirection, masked};
use crate::line::{self, Close, End, Line, Peer, Reader};
use crate::shared::{Glasses, Shared, lock};
use crate::{keep_alive, words};

/// Serves the glasses' socket until its end. The newest wins.
pub(crate) async fn serve(hub: Arc<Shared>, socket: WebSocket, caller: Caller, generation: Generation) {
    let (line, mut reader) =
        line::open(socket, Peer::Glasses, &hub.tasks, hub.end.child_token(), &hub.timing);
    let (peer, local) = (caller.peer, caller.local);
    let connection = hub.next_connection();
    {
        let mut glasses = lock(&hub.glasses);
        if hub.stop.is_cancelled() {
            line.close(Close::new(1001, "The hub stops"));
        } else {
            acknowledge(&hub, &line, generation);
            let socket = GlassesSocket { connection, peer, local, generation };
            let old = glasses.replace(Glasses { socket, line: Arc::clone(&line) });
            if let Some(old) = old {
                old.line.close(Close::new(1008, "Another connection of the glasses took over"));
            }
        }
    }
    tracing::info!(connection, %peer, ?generation, "glasses connected");
    hub.tell(HubEvent::GlassesConnected { connection, peer, local, generation }).await;
    let end = converse(&hub, connection, generation, &line, &mut reader).await;
    tracing::info!(connection, ?end, "glasses are gone");
    let gone = lock(&hub.glasses).take_if(|glasses| glasses.socket.connection == connection).is_some();
    let telling = async {
        if gone {
            hub.tell(HubEvent::GlassesGone { connection }).await;
        }
    };
    tokio::join!(telling, reader.finish(&end));
}

fn acknowledge(hub: &Shared, line: &Line, generation: Generation) {
    let ack = DeviceConnectionAck {
        session_id: Some(hub.user_id.clone()),
        timestamp: Some(iso8601(hub.now_ms()).into()),
        ..DeviceConnectionAck::default()
    };
    hub.say_device(line, generation, &HubToDevice::ConnectionAck(ack));
}

async fn converse(
    hub: &Arc<Shared>,
    connection: u64,
    mut generation: Generation,
    line: &Arc<Line>,
    reader: &mut Reader,
) -> End {
    loop {
        let text = match reader.next_text().await {
            Ok(text) => text,
            Err(end) => return end,
        };
        hub.record_glasses(FrameDirection::FromApp, masked(&text));
        let message = match DeviceMessage::parse(&text) {
            Ok(message) => message,
            Err(error) => {
                tracing::debug!(connection, %error, "the glasses said something unreadable");
                continue;
            }
        };
        match &message {
            DeviceMessage::Ping(_) => {
                hub.say_device(line, generation, &HubToDevice::Pong(words::pong(hub.now_ms())));
                continue;
            }
            DeviceMessage::ConnectionInit(_) => {
                acknowledge(hub, line, generation);
                continue;
            }
            DeviceMessage::KeepAliveAck(ack) => {
                keep_alive::acknowledged(hub, Some(&ack.stream_id));
                continue;
            }
            DeviceMessage::Unknown(unknown) => {
                tracing::debug!(connection, kind = %unknown.type_name, "the glasses said something unknown");
                continue;
            }
            DeviceMessage::StreamStatus(status) => {
                keep_alive::acknowledged(hub, status.stream_id.as_deref());
                // Only those of 2026 use this name; they know no other start command than theirs.
                if generation == Generation::Rtmp2025 && is_of_2026(&text) {
                    generation = Generation::Stream2026;
                    let mut glasses = lock(&hub.glasses);
                    if let Some(mine) = glasses.as_mut().filter(|it| it.socket.connection == connection) {
                        mine.socket.generation = generation;
                    }
                }
            }
            _ => {}
        }
        hub.tell(HubEvent::GlassesMessage { connection, message }).await;
    }
}

fn is_of_2026(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(rename = "type", borrow)]
        name: std::borrow::Cow<'a, str>,
    }
    serde_json::from_str::<Named<'_>>(text).is_ok_and(|named| named.name == "stream_status")
}

#[cfg(test)]
mod tests;
