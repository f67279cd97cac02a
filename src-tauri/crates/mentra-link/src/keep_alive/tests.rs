use std::time::Duration;

use super::*;
use crate::testing::Rig;
use crate::timing::Timing;

fn timing() -> Timing {
    Timing {
        keep_alive_every: Duration::from_millis(40),
        ack_within: Duration::from_millis(30),
        ..Timing::default()
    }
}

async fn missed(rig: &mut Rig) -> u32 {
    match rig.next().await {
        HubEvent::KeepAlive { stream_id, missed } => {
            assert_eq!(stream_id, "s1");
            missed
        }
        other => panic!("something else: {other:?}"),
    }
}

#[tokio::test]
async fn acknowledged_keep_alives_count_as_none_missed() {
    let mut rig = Rig::start(Timing { ack_within: Duration::from_secs(20), ..timing() }).await;
    let mut glasses = rig.glasses("/glasses-ws").await;
    rig.hub.keep_alive(Some("s1".to_owned()));
    let mut ids = Vec::new();
    for _ in 0..3 {
        let alive = glasses.json().await;
        assert_eq!((&alive["type"], &alive["streamId"]), (&"keep_rtmp_stream_alive".into(), &"s1".into()));
        let id = alive["ackId"].as_str().expect("an id").to_owned();
        glasses
            .send(&format!(r#"{{"type":"keep_alive_ack","streamId":"s1","ackId":"{id}","timestamp":1}}"#))
            .await;
        assert_eq!(missed(&mut rig).await, 0);
        assert_eq!(id.len(), 6);
        ids.push(id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn unacknowledged_ones_are_counted_until_the_glasses_are_heard_again() {
    let mut rig = Rig::start(timing()).await;
    let mut glasses = rig.glasses("/ws/client").await;
    rig.hub.keep_alive(Some("s1".to_owned()));
    assert_eq!(glasses.json().await["type"], "keep_stream_alive");
    for wanted in 1..=3 {
        assert_eq!(missed(&mut rig).await, wanted);
    }
    // An acknowledgement of another stream's proves nothing of this one.
    glasses.send(r#"{"type":"keep_alive_ack","streamId":"s0","ackId":"a00000"}"#).await;
    // A status does, also without a stream's name.
    glasses.send(r#"{"type":"stream_status","status":"streaming"}"#).await;
    loop {
        match rig.next().await {
            HubEvent::KeepAlive { missed: 0, .. } => break,
            HubEvent::KeepAlive { .. } | HubEvent::GlassesMessage { .. } => {}
            other => panic!("something else: {other:?}"),
        }
    }
    rig.hub.shutdown().await;
}

#[tokio::test]
async fn without_glasses_nothing_is_acknowledged_and_none_is_counted_for_no_stream() {
    let mut rig = Rig::start(timing()).await;
    rig.hub.keep_alive(Some("s1".to_owned()));
    assert_eq!(missed(&mut rig).await, 1);
    rig.hub.keep_alive(None);
    rig.hub.shutdown().await;
    while let Some(event) = rig.events.recv().await {
        assert!(matches!(event, HubEvent::KeepAlive { missed: 2.., .. }), "{event:?}");
    }
}

#[test]
fn ids_are_five_digits_of_base_36() {
    assert_eq!(base36(0), "00000");
    assert_eq!(base36(35), "0000z");
    assert_eq!(base36(36), "00010");
    assert_eq!(base36(u64::MAX).len(), 5);
}
