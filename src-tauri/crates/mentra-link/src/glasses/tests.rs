use mentra_wire::{GlassesBatteryUpdate, KeepAlive, StreamStatus, StreamStatusWord};
use tokio::net::TcpListener;

use super::*;
use crate::event::HubEvent;
use crate::testing::{Rig, TOKEN, USER, patiently};
use crate::timing::Timing;

fn soon() -> GlassesTiming {
    GlassesTiming { again_after: Duration::from_millis(20), ..GlassesTiming::default() }
}

struct Worn {
    client: GlassesClient,
    events: mpsc::Receiver<GlassesEvent>,
}

impl Worn {
    fn start(hub: String, token: &str, timing: GlassesTiming) -> Self {
        let (sender, events) = mpsc::channel(8);
        Self { client: GlassesClient::start_with(hub, Token::new(token), timing, sender), events }
    }

    fn of(rig: &Rig, timing: GlassesTiming) -> Self {
        Self::start(format!("ws://{}/glasses-ws", rig.hub.address()), TOKEN, timing)
    }

    async fn next(&mut self) -> GlassesEvent {
        patiently(self.events.recv()).await.expect("the client lives")
    }

    async fn told(&mut self) -> HubToDevice {
        match self.next().await {
            GlassesEvent::Told(told) => told,
            other => panic!("not told: {other:?}"),
        }
    }

    async fn lost(&mut self) -> String {
        loop {
            if let GlassesEvent::Lost { reason } = self.next().await {
                return reason;
            }
        }
    }

    /// Let in and acknowledged, on connect and for the hello.
    async fn welcome(&mut self) {
        assert!(matches!(self.next().await, GlassesEvent::Connected));
        for _ in 0..2 {
            let HubToDevice::ConnectionAck(ack) = self.told().await else { panic!("no ack") };
            assert_eq!(ack.session_id.as_deref(), Some(USER));
        }
    }
}

#[tokio::test]
async fn our_hub_lets_them_in_and_both_are_heard() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut worn = Worn::of(&rig, soon());
    worn.welcome().await;
    assert!(matches!(rig.next().await, HubEvent::GlassesConnected { .. }));
    worn.client.say(DeviceMessage::Battery(GlassesBatteryUpdate { level: 80.0, ..Default::default() }));
    let HubEvent::GlassesMessage { message: DeviceMessage::Battery(battery), .. } = rig.next().await else {
        panic!("no battery")
    };
    assert_eq!(battery.level, 80.0);
    let alive = KeepAlive { stream_id: "m1".to_owned(), ack_id: "a".to_owned(), ..KeepAlive::default() };
    assert!(rig.hub.send_glasses(&HubToDevice::KeepAlive(alive.clone())));
    assert_eq!(worn.told().await, HubToDevice::KeepAlive(alive));
    worn.client.stop().await;
    assert!(matches!(rig.next().await, HubEvent::GlassesGone { .. }));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn a_cut_connection_comes_back_and_what_was_said_meanwhile_is_lost() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut worn = Worn::of(&rig, soon());
    worn.welcome().await;
    worn.client.cut();
    let status = StreamStatus { status: StreamStatusWord::Stopped, ..StreamStatus::default() };
    worn.client.say(DeviceMessage::StreamStatus(status));
    assert_eq!(worn.lost().await, "cut off");
    worn.welcome().await;
    worn.client.say(DeviceMessage::Battery(GlassesBatteryUpdate { level: 5.0, ..Default::default() }));
    loop {
        match rig.next().await {
            HubEvent::GlassesMessage { message, .. } => {
                assert!(matches!(message, DeviceMessage::Battery(_)), "{message:?}");
                break;
            }
            HubEvent::GlassesConnected { .. } | HubEvent::GlassesGone { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    worn.client.stop().await;
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn a_wrong_token_is_told_and_tried_again() {
    let rig = Rig::start(Timing::default()).await;
    let hub = format!("ws://{}/glasses-ws", rig.hub.address());
    let mut worn = Worn::start(hub, "wrong", soon());
    for _ in 0..2 {
        assert_eq!(worn.lost().await, "the hub does not know the token");
    }
    worn.client.stop().await;
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn an_address_that_is_none_is_told() {
    for hub in ["wss://127.0.0.1:8002/glasses-ws", "http://127.0.0.1:8002", "127.0.0.1", "ws://", ""] {
        let mut worn = Worn::start(hub.to_owned(), TOKEN, soon());
        assert_eq!(
            worn.lost().await,
            "the hub's address has to look like ws://host:port/glasses-ws",
            "{hub}"
        );
    }
}

#[tokio::test]
async fn a_hub_that_falls_silent_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let hub = format!("ws://{}/glasses-ws", listener.local_addr().expect("an address"));
    let timing = GlassesTiming {
        ping_every: Duration::from_millis(50),
        silent_after: Duration::from_millis(100),
        ..soon()
    };
    let mut worn = Worn::start(hub, TOKEN, timing);
    let (socket, _) = patiently(listener.accept()).await.expect("the glasses");
    // Shakes hands, then neither reads nor writes.
    let _socket = tokio_tungstenite::accept_async(socket).await.expect("a handshake");
    assert!(matches!(worn.next().await, GlassesEvent::Connected));
    assert_eq!(worn.lost().await, "the hub fell silent");
}

#[tokio::test]
async fn a_hub_that_does_not_shake_hands_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let hub = format!("ws://{}/glasses-ws", listener.local_addr().expect("an address"));
    let timing = GlassesTiming { hub_within: Duration::from_millis(50), ..soon() };
    let mut worn = Worn::start(hub, TOKEN, timing);
    assert_eq!(worn.lost().await, "the hub does not answer");
}
