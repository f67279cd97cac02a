use mentra_wire::{DeviceMessage, Generation, HubToDevice, Secret, StartStream};

use crate::event::HubEvent;
use crate::testing::{Rig, Scripted, TOKEN, USER};
use crate::timing::Timing;

fn start() -> HubToDevice {
    HubToDevice::StartStream(StartStream {
        url: Secret::from("rtmp://127.0.0.1:1935/live/PLANTED".to_owned()),
        app_id: "MANAGED_STREAM".to_owned(),
        stream_id: "ms1rm88awhn".to_owned(),
        ..StartStream::default()
    })
}

#[tokio::test]
async fn a_wrong_token_is_401_and_says_so() {
    let rig = Rig::start(Timing::default()).await;
    let address = rig.hub.address();
    for (path, headers, message) in [
        ("/glasses-ws?token=wrong", vec![], "Invalid core token"),
        ("/ws/client", vec![("authorization", "Bearer wrong")], "Invalid core token"),
        ("/glasses-ws", vec![], "No core token provided"),
    ] {
        let Err((status, body)) = Scripted::try_connect(address, path, &headers).await else {
            panic!("let in: {path}")
        };
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(status, 401);
        assert_eq!((&body["type"], &body["message"]), (&"connection_error".into(), &message.into()));
    }
    assert_eq!(rig.hub.glasses(), None);
    assert!(!rig.hub.send_glasses(&start()));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn glasses_of_2025_are_spoken_to_in_their_words() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut glasses = Scripted::connect(
        rig.hub.address(),
        "/glasses-ws?livekit=true",
        &[("authorization", &format!("Bearer {TOKEN}"))],
    )
    .await;
    let ack = glasses.json().await;
    assert_eq!((&ack["type"], &ack["sessionId"]), (&"connection_ack".into(), &USER.into()));
    let HubEvent::GlassesConnected { connection, local, generation, .. } = rig.next().await else {
        panic!("not connected")
    };
    assert_eq!((local, generation), (rig.hub.address(), Generation::Rtmp2025));
    assert_eq!(rig.hub.glasses().expect("glasses").connection, connection);
    glasses.send(r#"{"type":"connection_init","timestamp":1795364665446}"#).await;
    assert_eq!(glasses.json().await["type"], "connection_ack");
    glasses.send(r#"{"type":"ping"}"#).await;
    assert_eq!(glasses.json().await["type"], "pong");
    glasses.message(tokio_tungstenite::tungstenite::Message::binary(vec![1, 2, 3])).await;
    assert!(rig.hub.send_glasses(&start()));
    let started = glasses.json().await;
    assert_eq!(started["type"], "start_rtmp_stream");
    assert_eq!(started["rtmpUrl"], started["streamUrl"]);
    glasses.send(r#"{"type":"rtmp_stream_status","status":"streaming","streamId":"ms1rm88awhn"}"#).await;
    let HubEvent::GlassesMessage { message: DeviceMessage::StreamStatus(status), .. } = rig.next().await
    else {
        panic!("no status")
    };
    assert_eq!(status.stream_id.as_deref(), Some("ms1rm88awhn"));
    let frames = rig.hub.glasses_frames(0);
    assert!(frames.iter().all(|frame| !frame.text.contains("PLANTED")), "{frames:?}");
    assert!(frames.iter().any(|frame| frame.text.contains("start_rtmp_stream")));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn glasses_of_2026_are_known_by_their_path_or_by_what_they_say() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut glasses = rig.glasses("/ws/client").await;
    rig.hub.send_glasses(&start());
    assert_eq!(glasses.json().await["type"], "start_stream");

    let mut newer = rig.glasses("/glasses-ws").await;
    rig.hub.send_glasses(&start());
    assert_eq!(newer.json().await["type"], "start_rtmp_stream");
    newer.send(r#"{"type":"stream_status","status":"initializing"}"#).await;
    assert!(matches!(rig.next().await, HubEvent::GlassesMessage { .. }));
    assert_eq!(rig.hub.glasses().expect("glasses").generation, Generation::Stream2026);
    rig.hub.send_glasses(&start());
    assert_eq!(newer.json().await["type"], "start_stream");
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn the_newest_glasses_win_and_the_end_of_the_last_is_told() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut old = rig.glasses("/glasses-ws").await;
    let new = rig.glasses("/glasses-ws").await;
    let connection = rig.hub.glasses().expect("glasses").connection;
    assert_eq!(old.closed().await.expect("closed").0, 1008);
    drop(new);
    let HubEvent::GlassesGone { connection: gone } = rig.next().await else {
        panic!("the old one's end was told")
    };
    assert_eq!(gone, connection);
    assert_eq!(rig.hub.glasses(), None);
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn sound_of_the_phone_is_no_flood() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut glasses = rig.glasses("/glasses-ws").await;
    for _ in 0..1_000 {
        glasses.message(tokio_tungstenite::tungstenite::Message::binary(vec![0; 40])).await;
    }
    glasses.send(r#"{"type":"glasses_battery_update","level":80,"charging":false}"#).await;
    assert!(matches!(rig.next().await, HubEvent::GlassesMessage { message: DeviceMessage::Battery(_), .. }));
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn shutdown_closes_the_glasses_with_1001() {
    let mut rig = Rig::start(Timing::default()).await;
    let mut glasses = rig.glasses("/glasses-ws").await;
    let (_, closed) = tokio::join!(rig.hub.shutdown(), glasses.closed());
    assert_eq!(closed.expect("closed").0, 1001);
}
