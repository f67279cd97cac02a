//! One camera, one stream: who else wants it is told who has it.

use console_tests::{MentraApp, Receiver};
use serde_json::{Value, json};

use super::{assert_says, stage_for_two};

async fn refused_unmanaged(app: &mut MentraApp, url: &str) -> String {
    app.ok("startStream", json!({ "rtmpUrl": url })).await;
    let error = app.unmanaged("error").await;
    assert_eq!(app.ok("currentUrl", Value::Null).await, Value::Null, "the SDK is free to try again");
    error["errorDetails"].as_str().expect("words").to_owned()
}

#[tokio::test]
async fn a_managed_stream_of_others_is_not_ended_by_an_unmanaged_one() {
    let (receiver, (_console, mut screen, mut one, mut two)) =
        tokio::join!(Receiver::start(), stage_for_two());
    let url = format!("{}/never", receiver.url());
    let mine = one.ok("startManaged", Value::Null).await;
    let words = refused_unmanaged(&mut two, &url).await;
    assert_says(&words, &["Pulse"]);
    screen.phase("live").await;
    assert_eq!(one.ok("check", Value::Null).await["streamInfo"]["streamId"], mine["streamId"]);

    // Also not by the app that started it, once another takes part.
    two.ok("startManaged", Value::Null).await;
    let words = refused_unmanaged(&mut one, &url).await;
    assert_says(&words, &["Relay"]);
    for app in [&mut one, &mut two] {
        app.catch_up().await;
        assert!(!app.words("managed").contains(&"stopped"), "{:?}", app.words("managed"));
    }
    assert_eq!(receiver.hook().publish_attempts("never"), 0);
}

#[tokio::test]
async fn an_app_may_turn_its_own_managed_stream_into_an_unmanaged_one() {
    let (receiver, (_console, mut screen, mut app, _other)) =
        tokio::join!(Receiver::start(), stage_for_two());
    app.ok("startManaged", Value::Null).await;
    app.ok("startStream", json!({ "rtmpUrl": format!("{}/turned", receiver.url()) })).await;
    app.managed("stopped").await;
    app.unmanaged("active").await;
    screen
        .until("the unmanaged stream", |now| {
            now["session"]["delivery"] == "unmanaged" && now["session"]["phase"] == "live"
        })
        .await;
    receiver.hook().until_publish_attempts("turned", 1).await;
}

#[tokio::test]
async fn while_an_unmanaged_stream_runs_every_other_is_refused_unless_the_user_says_otherwise() {
    let (receiver, (console, mut screen, mut one, mut two)) =
        tokio::join!(Receiver::start(), stage_for_two());
    one.ok("startStream", json!({ "rtmpUrl": format!("{}/first", receiver.url()) })).await;
    one.unmanaged("active").await;

    let words = two.refused("startManaged", Value::Null).await;
    assert_says(&words, &["Pulse"]);
    let url = format!("{}/other", receiver.url());
    assert_says(&refused_unmanaged(&mut two, &url).await, &["Pulse"]);
    // The SDK allows an app a managed stream beside its own unmanaged one; there is only one camera.
    let words = one.refused("startManaged", Value::Null).await;
    assert_says(&words, &["unmanaged"]);
    let refusal = console.command("start_managed", json!({})).await;
    assert!(!refusal.status.is_success(), "{}", refusal.body);
    assert_says(refusal.body["message"].as_str().unwrap_or_default(), &["Pulse"]);
    one.catch_up().await;
    assert_eq!(one.ok("isStreaming", Value::Null).await["unmanaged"], true);
    assert_eq!(screen.phase("live").await["session"]["startedBy"], one.package());
    assert_eq!(receiver.hook().publish_attempts("other"), 0);

    // As in the cloud, if the user wants it so.
    console.change_settings(json!({ "cloudReplace": true })).await;
    two.ok("startStream", json!({ "rtmpUrl": url })).await;
    one.unmanaged("stopped").await;
    two.unmanaged("active").await;
    assert_eq!(one.ok("isStreaming", Value::Null).await["unmanaged"], false);
    receiver.hook().until_publish_attempts("other", 1).await;
    receiver.only_recording("first").await.assert_flawless().await;
}
