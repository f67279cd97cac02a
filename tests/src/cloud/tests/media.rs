//! Obedient glasses that really push.

use super::{APP, Rig, checked, direct_request, managed_request, of_type};
use crate::cloud::{Active, Habits, Temper};
use crate::{FarSide, Manner};

async fn got(url: &str) -> (u16, String) {
    let answer = reqwest::get(url).await.expect("the cloud answers");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

#[tokio::test]
async fn a_managed_stream_is_told_active_before_anything_plays_and_then_plays() {
    let mut rig = Rig::new(Habits { withholds_media: true, ..Habits::default() }).await;
    let glasses = rig.user.glasses(Temper::Obey);
    let mut app = rig.app(APP).await;
    app.say(&managed_request()).await;
    let first = app.until("managed_stream_status", |status| status["status"] == "active").await;
    assert!(first["previewUrl"].is_null());
    let hls = first["hlsUrl"].as_str().expect("a URL").to_owned();
    assert_eq!(got(&hls).await.0, 204, "nothing is playable yet");
    rig.cloud.habits(|habits| habits.withholds_media = false);
    let live = app.until("managed_stream_status", |status| status["message"] == "Stream is now live").await;
    assert!(live["previewUrl"].is_string() && live["thumbnailUrl"].is_string());
    let (status, text) = got(&hls).await;
    assert!(status == 200 && text.contains("#EXT-X-STREAM-INF"), "{status} {text}");
    let (status, text) = got(&hls.replace("video.m3u8", "media_0.m3u8")).await;
    let segment = text.lines().find(|line| line.ends_with(".m4s")).expect("a segment");
    assert_eq!((status, got(&hls.replace("video.m3u8", "nothing.m4s")).await.0), (200, 404));
    let segment = reqwest::get(hls.replace("video.m3u8", segment)).await.expect("the cloud answers");
    assert!(segment.status() == 200 && segment.bytes().await.expect("bytes").len() > 1_000);
    assert!(got(live["dashUrl"].as_str().expect("a URL")).await.1.contains("<MPD"));
    glasses.break_off().await;
    rig.cloud.heard_matching("reconnected", |note| note.frame["status"] == "reconnected").await;
    app.say(&of_type("managed_stream_stop")).await;
    app.until("managed_stream_status", |status| status["status"] == "stopped").await;
    rig.cloud.heard_matching("glasses that stopped", |note| note.frame["status"] == "stopped").await;
    assert_eq!(checked(&mut app).await["hasActiveStream"], false);
}

#[tokio::test]
async fn active_may_mean_playable() {
    let mut rig = Rig::new(Habits { active: Active::WhenPlayable, ..Habits::default() }).await;
    let _glasses = rig.user.glasses(Temper::Obey);
    let mut app = rig.app(APP).await;
    app.say(&managed_request()).await;
    let first = app.until("managed_stream_status", |status| status["status"] == "active").await;
    assert_eq!(got(first["hlsUrl"].as_str().expect("a URL")).await.0, 200);
    assert!(first["previewUrl"].is_string());
}

#[tokio::test]
async fn a_direct_stream_is_pushed_to_the_app() {
    let mut rig = Rig::new(Habits::default()).await;
    let _glasses = rig.user.glasses(Temper::Obey);
    let mut app = rig.app(APP).await;
    let far = FarSide::open(Manner::Takes);
    app.say(&direct_request(&far.url())).await;
    let active = app.until("rtmp_stream_status", |status| status["status"] == "active").await;
    assert_eq!(active["stats"]["fps"], 30);
    far.until("a picture", |noted| noted.iter().any(|note| matches!(note, crate::Noted::Picture { .. })))
        .await;
    app.say(&of_type("rtmp_stream_stop")).await;
    app.until("rtmp_stream_status", |status| status["status"] == "stopped").await;
    rig.cloud.heard_matching("glasses that stopped", |note| note.frame["status"] == "stopped").await;
}

#[tokio::test]
async fn glasses_that_reach_nobody_try_again_and_without_wifi_refuse() {
    let mut rig = Rig::new(Habits::default()).await;
    let glasses = rig.user.glasses(Temper::Obey);
    let mut app = rig.app(APP).await;
    let far = FarSide::open(Manner::Closed);
    app.say(&direct_request(&far.url())).await;
    let tried = rig.cloud.heard_matching("a second attempt", |note| note.frame["attempt"] == 2).await;
    assert_eq!((&tried.frame["status"], &tried.frame["maxAttempts"]), (&"reconnecting".into(), &10.into()));
    glasses.wifi(None);
    app.say(&direct_request(&far.url())).await;
    let refusal = |note: &crate::cloud::Note| note.frame["errorDetails"] == "no_wifi_connection";
    let refused = rig.cloud.heard_matching("a refusal", refusal).await;
    assert!(refused.frame["streamId"].is_null());
    assert_eq!(checked(&mut app).await["streamInfo"]["status"], "initializing", "nobody is told");
}
