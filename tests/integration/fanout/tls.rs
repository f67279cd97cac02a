//! RTMPS: a good certificate is broadcast to, a bad one never, and it is said what is bad about it.

use console_tests::{Certificates, Console, Flaw, Profile, Receiver, Tunnel, widest_gap_ms};
use serde_json::json;

use super::{assert_failed_for_good, end_broadcast, push};

#[tokio::test]
async fn only_a_certificate_that_is_right_is_trusted() {
    let certificates = Certificates::make();
    let authority = certificates.authority();
    let environment = [("SSL_CERT_FILE", authority.as_str())];
    let (receiver, console) = tokio::join!(Receiver::start(), Console::start_with(&[], &environment));
    let tunnel = Tunnel::start(&receiver, &certificates).await;
    let (mut screen, _publisher) = crate::go_live(&console, &Profile::MAIN).await;
    let mut ids = Vec::new();
    for flaw in Flaw::ALL {
        ids.push(console.add_destination(&tunnel.url(flaw), flaw.word()).await);
    }
    let tested = console.ok("test_destination", json!({ "id": ids[0] })).await;
    assert_eq!(tested["accepted"], true, "{tested:#}");
    let chosen: Vec<&str> = ids.iter().map(String::as_str).collect();
    console.broadcast_to(&chosen).await;
    for (id, flaw) in ids.iter().zip(Flaw::ALL) {
        let expected = match flaw {
            Flaw::None => {
                screen.broadcasting(id).await;
                continue;
            }
            Flaw::Expired => "certificate has expired",
            Flaw::SelfSigned => "does not trust the server's certificate",
            Flaw::OtherHost => "certificate is for another name",
        };
        assert_failed_for_good(&screen.destination(id, "errored").await, expected);
        assert_eq!(receiver.hook().publish_attempts(flaw.word()), 0, "no key is told to a stranger");
        let tested = console.ok("test_destination", json!({ "id": id })).await;
        assert!(tested["message"]["text"].as_str().unwrap_or_default().contains(expected), "{tested:#}");
    }
    screen.seconds_pass(2).await;
    end_broadcast(&console).await;
    let good = Flaw::None.word();
    receiver.hook().until_publish_attempts(good, 2).await;
    // The test was a publication too, without media; its file holds nothing that could be played.
    let recordings = receiver.recordings(good, 2).await;
    let packets = recordings[1].assert_flawless().await;
    assert!(widest_gap_ms(&packets, true) <= push::FRAME_MS);
}
