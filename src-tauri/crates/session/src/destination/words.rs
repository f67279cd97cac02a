//! What a person reads about a destination: what is so, and the next step. Plain, without blame.

use super::{Fault, State};
use crate::{Tone, Words};

/// Longest piece of what a server or the system said that is quoted, in characters.
const QUOTE_MAX_CHARS: usize = 200;

/// What is said on entering a state when nothing better is known.
pub(super) fn entering(state: State) -> Words {
    match state {
        State::Disabled => Words::info("Switched off."),
        State::Idle => Words::info("Ready. It starts with the stream."),
        State::Starting => Words::info("Connecting."),
        State::Broadcasting => Words::info("Broadcasting."),
        State::Stalled => Words::warning("The server accepted the stream but takes no data at the moment.")
            .then("If this lasts, the upload may be too slow: lower the bitrate in your encoder."),
        State::Interrupted => Words::warning(
            "No picture is arriving. The broadcast is held with the last one and goes on with the next.",
        ),
        State::Retrying { .. } => Words::warning("The last attempt failed. It is tried again."),
        State::Errored(_) => Words::error("The last attempt failed.").then("Try again."),
    }
}

/// Idle because nothing is begun without a picture.
pub(super) fn waiting_for_picture() -> Words {
    Words::info("No picture is arriving. It starts when the picture is back.")
}

/// Idle after an error of the stream before, which would otherwise be gone from sight with it.
pub(super) fn idle_after(error: &Words) -> Words {
    Words {
        tone: Tone::Warning,
        text: format!("Ready for the next stream. In the last one: {}", error.text),
        next_step: error.next_step.clone(),
    }
}

/// Accepted, and nothing proves yet that anything arrives.
pub(super) fn accepted() -> Words {
    Words::info("The server accepted the stream. Waiting for it to take the first bytes.")
}

/// Held, and for how long at most.
pub(super) fn held(hold_limit_ms: Option<u64>) -> Words {
    let mut words = entering(State::Interrupted);
    if let Some(limit_ms) = hold_limit_ms {
        words.text = format!("{} Without one it ends after {}.", words.text, duration(limit_ms));
    }
    words
}

/// The server accepted and took nothing for too long.
pub(super) fn stalled_for(after_ms: u64) -> Words {
    Words::warning(format!(
        "The server took no data for {}, so the connection was closed.",
        duration(after_ms)
    ))
    .then("If it happens again, the upload may be too slow: lower the bitrate in your encoder.")
}

/// The broadcast ended because no picture came for as long as the user allows.
pub(super) fn hold_limit(limit_ms: u64) -> Words {
    Words::error(format!(
        "No picture came for {}, so the broadcast was ended, as set for this destination.",
        duration(limit_ms)
    ))
    .then("Start it again here once the picture is back.")
}

/// Turned down, though it worked earlier in this stream.
pub(super) fn turned_down_again(fault: &Fault) -> Words {
    let Words { text, .. } = about(fault);
    let cause = match fault {
        Fault::TlsExpired | Fault::TlsWrongHost | Fault::TlsUntrusted | Fault::Tls(_) => {
            "It worked before, so the network may be showing a page of its own."
        }
        _ => "It worked before, so the server may still hold the connection from then.",
    };
    let next_step = match fault {
        Fault::TlsExpired | Fault::TlsWrongHost | Fault::TlsUntrusted | Fault::Tls(_) => {
            "It is tried again. If this computer is on another network now, open any web page and sign in there."
        }
        _ => "It is tried again; nothing needs doing.",
    };
    Words::warning(format!("{text} {cause}")).then(next_step)
}

/// What is said about a fault, as an error.
pub fn about(fault: &Fault) -> Words {
    match fault {
        Fault::Dns => Words::error("The server's name was not found.")
            .then("Check the destination's address and this computer's internet connection."),
        Fault::Refused => Words::error("Nothing takes streams at this address.")
            .then("Check the address and its port. If they are right, the service may be down for the moment."),
        Fault::Unreachable => Words::error("The server cannot be reached from this network.")
            .then("Check this computer's internet connection."),
        Fault::TimedOut => Words::error("The server did not answer in time.").then(
            "Check the internet connection. If the network or a firewall keeps streams from leaving, an rtmps:// \
             address may pass.",
        ),
        Fault::TlsExpired => Words::error("The server's certificate has expired.").then(
            "Check that the date of this computer is right. If it is, the certificate has to be renewed by those who \
             run the server.",
        ),
        Fault::TlsWrongHost => Words::error("The server's certificate is for another name.")
            .then("Check the address letter by letter: it must be the name the certificate was made for."),
        Fault::TlsUntrusted => Words::error("This computer does not trust the server's certificate.").then(
            "If the server is your own, add its certificate to those this computer trusts, or use an rtmp:// address \
             within your own network.",
        ),
        Fault::Tls(detail) => quoting("A secure connection could not be made", detail)
            .then("Check that the address and its port are those for rtmps://."),
        Fault::Handshake => Words::error("Something answered at this address, but not as a streaming server.").then(
            "Check the address and its port. It may also have to begin with rtmps:// in place of rtmp://, or the \
             other way round.",
        ),
        Fault::ConnectRejected(detail) => quoting("The server did not let the stream in", detail)
            .then("Copy the address again from the service's page, with everything after the server's name."),
        Fault::PublishRejected(detail) => quoting("The server did not accept the stream key", detail).then(
            "Copy the stream key again from the service's page. If another program is sending with the same key, stop \
             it first.",
        ),
        Fault::ClosedAtPublish => {
            Words::error("The server hung up when it was shown the stream key.").then(
                "Copy the stream key again from the service's page, and make sure that a live stream is set up there.",
            )
        }
        Fault::Closed { after_ms } => {
            Words::error(format!("The server closed the connection after {}.", duration(*after_ms)))
                .then("If it happens again, the service's own page may say why.")
        }
        Fault::NotCarried(detail) => quoting("This stream cannot be sent there", detail)
            .then("Set your encoder to H.264 video and AAC audio."),
        Fault::InvalidUrl(detail) => quoting("The address cannot be used", detail)
            .then("Edit the destination and copy its address again from the service's page."),
        Fault::NoKey => Words::error("There is no stream key for this destination.")
            .then("Edit the destination and paste the stream key from the service's page."),
        Fault::Storage(detail) => quoting("The stream key could not be read", detail)
            .then("Unlock this computer's keychain, or edit the destination and enter the key again."),
    }
}

/// A sentence that ends with what somebody else said, on one line and cut to a readable length.
fn quoting(text: &str, detail: &str) -> Words {
    let words: Vec<&str> =
        detail.split(|letter: char| letter.is_whitespace() || letter.is_control()).collect();
    let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches('.');
    if line.is_empty() {
        return Words::error(format!("{text}."));
    }
    let cut: String = line.chars().take(QUOTE_MAX_CHARS).collect();
    let more = if cut.len() < line.len() { "..." } else { "." };
    Words::error(format!("{text}: {cut}{more}"))
}

/// A span of time as a person says it.
fn duration(ms: u64) -> String {
    match ms / 1_000 {
        0 => "less than a second".to_owned(),
        1 => "1 second".to_owned(),
        seconds @ 2..120 => format!("{seconds} seconds"),
        seconds @ 120..7_200 => format!("{} minutes", seconds / 60),
        seconds => format!("{} hours", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::Severity;
    use std::fmt::Write as _;

    fn every_fault() -> Vec<Fault> {
        vec![
            Fault::Dns,
            Fault::Refused,
            Fault::Unreachable,
            Fault::TimedOut,
            Fault::TlsExpired,
            Fault::TlsWrongHost,
            Fault::TlsUntrusted,
            Fault::Tls("received fatal alert: HandshakeFailure".into()),
            Fault::Handshake,
            Fault::ConnectRejected("[ AccessManager.Reject ] : no such app".into()),
            Fault::PublishRejected("".into()),
            Fault::PublishRejected("Stream is already publishing.".into()),
            Fault::ClosedAtPublish,
            Fault::Closed { after_ms: 400 },
            Fault::Closed { after_ms: 12_345 },
            Fault::Closed { after_ms: 754_000 },
            Fault::Closed { after_ms: 9_000_000 },
            Fault::NotCarried("the video is HEVC".into()),
            Fault::InvalidUrl("it has no server name".into()),
            Fault::NoKey,
            Fault::Storage("the keychain is locked".into()),
        ]
    }

    #[test]
    fn every_word() {
        let mut page = String::new();
        let mut line = |title: &str, words: Words| {
            let next = words.next_step.map(|step| format!(" -> {step}")).unwrap_or_default();
            writeln!(page, "{title} | {} | {}{next}", words.tone.code(), words.text).unwrap();
        };
        for state in [
            State::Disabled,
            State::Idle,
            State::Starting,
            State::Broadcasting,
            State::Stalled,
            State::Interrupted,
            State::Retrying { failed: 1, at_ms: 1 },
            State::Errored(Severity::Normal),
        ] {
            line(state.code(), entering(state));
        }
        line("idle, source held", waiting_for_picture());
        line("idle, after an error", idle_after(&about(&Fault::NoKey)));
        line("starting, accepted", accepted());
        line("interrupted, limited", held(Some(300_000)));
        line("retrying, stalled", stalled_for(30_000));
        line("errored, hold limit", hold_limit(300_000));
        for fault in every_fault() {
            line(&format!("{fault:?}"), about(&fault));
        }
        for fault in [Fault::PublishRejected("Bad name".into()), Fault::ClosedAtPublish, Fault::TlsUntrusted]
        {
            line(&format!("again {fault:?}"), turned_down_again(&fault));
        }
        insta::assert_snapshot!(page);
    }

    #[test]
    fn a_fault_is_an_error_and_says_what_to_do() {
        for fault in every_fault() {
            let words = about(&fault);
            assert_eq!(words.tone, Tone::Error, "{fault:?}");
            assert!(words.next_step.is_some(), "{fault:?}");
        }
    }

    #[test]
    fn what_a_server_said_stays_one_short_line() {
        let words = quoting("It said", &format!("a\r\n\u{7}b\t{}", "ü".repeat(10_000)));
        assert!(words.text.starts_with("It said: a b üüü"), "{}", words.text);
        assert!(words.text.ends_with("ü..."), "{}", words.text);
        assert!(words.text.chars().count() < 250);
        assert_eq!(quoting("It said", " \n. ").text, "It said.");
    }
}
