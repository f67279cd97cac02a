//! Apps lose their connection, come back, come back late, and never.

use serde_json::{Value, json};

use super::{camera_off, session_requests, stage, stage_for_two};

#[tokio::test]
async fn an_app_that_reconnects_by_itself_stays_in_its_stream() {
    let (console, mut screen, mut app) = stage().await;
    let urls = app.ok("startManaged", Value::Null).await;
    screen.phase("live").await;
    app.ok("cut", Value::Null).await;
    app.event_that("disconnected", "the cut", |event| event["code"] == 1006).await;
    screen.until("the app to be away", |now| now["session"]["apps"][0]["away"] == true).await;
    // Told again, because the app may have missed something.
    let active = app.managed("active").await;
    assert_eq!((&active["streamId"], &active["hlsUrl"]), (&urls["streamId"], &urls["hlsUrl"]));
    screen.until("the app to be back", |now| now["session"]["apps"][0]["away"] == false).await;
    assert_eq!(session_requests(&console, &app).await, 1, "it needed no call");
    assert_eq!(app.events("session").len(), 1, "it is the same session to the app");
    assert!(app.events("stop").is_empty());
    assert!(!screen.life().phases().contains(&"interrupted"), "{}", screen.life());
    app.ok("stopManaged", Value::Null).await;
    app.managed("stopped").await;
    camera_off(&mut screen).await;
}

#[tokio::test]
async fn a_request_that_waits_is_kept_over_a_cut() {
    let (_console, _screen, mut app) = stage().await;
    let asked = app.begin("startManaged", Value::Null).await;
    app.managed("initializing").await;
    app.ok("cut", Value::Null).await;
    let urls = app.answer(asked).await.expect("it is told after it is back");
    assert!(urls["hlsUrl"].is_string());
}

#[tokio::test]
async fn what_ended_meanwhile_is_told_to_an_app_that_comes_back() {
    let (console, mut screen, mut app) = stage().await;
    app.ok("startManaged", Value::Null).await;
    app.ok("cut", Value::Null).await;
    screen.until("the app to be away", |now| now["session"]["apps"][0]["away"] == true).await;
    console.ok("stop_stream", json!({})).await;
    app.managed("stopped").await;
    // And not stuck: the SDK takes a new start.
    app.ok("startManaged", Value::Null).await;
}

/// The SDK gives up after some seconds and never tries again by itself.
#[tokio::test]
async fn an_app_whose_sdk_gave_up_is_called_again_and_still_in_its_stream() {
    let (console, mut screen, mut app) = stage().await;
    let urls = app.ok("startManaged", Value::Null).await;
    screen.phase("live").await;
    app.ok("cutOff", Value::Null).await;
    app.event_that("disconnected", "the SDK to give up", |event| event["permanent"] == true).await;
    app.event_that("session", "a second session", |_| true).await;
    assert_eq!(session_requests(&console, &app).await, 2);
    let active = app.managed("active").await;
    assert_eq!(active["streamId"], urls["streamId"]);
    screen.until("the app to be back", |now| now["session"]["apps"][0]["away"] == false).await;
    assert!(!screen.life().phases().contains(&"interrupted"), "{}", screen.life());
    assert_eq!(app.ok("check", Value::Null).await["streamInfo"]["activeViewers"], 1);
}

#[tokio::test]
async fn an_app_that_is_gone_for_good_takes_its_stream_with_it_unless_others_hold_it() {
    let (console, mut screen, mut one, mut two) = stage_for_two().await;
    one.ok("startManaged", Value::Null).await;
    two.ok("startManaged", Value::Null).await;
    one.kill9().await;
    screen
        .until("the killed app to be out of the stream", |now| {
            let apps = &now["session"]["apps"];
            apps[0]["packageName"] == two.package() && apps[1].is_null()
        })
        .await;
    assert_eq!(screen.now()["session"]["phase"], "live", "the other app goes on");
    two.catch_up().await;
    assert!(!two.words("managed").contains(&"stopped"));
    // The user may hold on to it.
    console.ok("hold_stream", json!({ "hold": true })).await;
    screen.until("the user to hold it", |now| now["session"]["heldByUser"] == true).await;
    two.ok("stopManaged", Value::Null).await;
    two.managed("stopped").await;
    screen.until("no app in the stream", |now| now["session"]["apps"][0].is_null()).await;
    assert_eq!(screen.now()["session"]["phase"], "live", "the user holds it");

    // Of the last app, nobody holds it.
    two.ok("startManaged", Value::Null).await;
    console.ok("hold_stream", json!({ "hold": false })).await;
    two.exit().await;
    camera_off(&mut screen).await;
}
