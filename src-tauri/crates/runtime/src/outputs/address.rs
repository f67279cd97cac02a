//! Reading the address of a destination as a person gives it.

use media_engine::{PublishTarget, split_key};
use session::{DestinationKey, Words, presets};

/// The address and the key; a key pasted into the address is moved out of it when none is given apart.
pub(super) fn read(url: &str, key: DestinationKey) -> Result<(String, DestinationKey), Words> {
    let url = url.trim();
    let pasted =
        split_key(url).filter(|(_, pasted)| (key.is_empty() && !is_ingest(url)) || pasted == key.expose());
    let (url, key) = match pasted {
        Some((url, pasted)) => (url, DestinationKey::parse(&pasted).map_err(|_| bad_key())?),
        None => (url.to_owned(), key),
    };
    match PublishTarget::parse(&url, key.expose()) {
        Ok(_) => Ok((url, key)),
        // A known address without its key is a missing key, not a wrong address.
        Err(_) if key.is_empty() && is_ingest(&url) => Ok((url, key)),
        Err(error) => Err(Words::error(error.to_string())
            .then("Paste the server address as the platform shows it, for example rtmps://host/app.")),
    }
}

fn is_ingest(url: &str) -> bool {
    let same = |known: &str| known.trim_end_matches('/') == url.trim_end_matches('/');
    presets::all().iter().flat_map(|preset| &preset.ingests).any(|ingest| same(&ingest.url))
}

fn bad_key() -> Words {
    Words::error("The address ends in something that is no stream key.")
        .then("Paste the server address and the stream key into their own fields.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_the_address_is_moved() {
        let key = |text: &str| DestinationKey::parse(text).expect("a key");
        for (url, given, expected_url, expected_key) in [
            ("rtmp://host/live", "abc", "rtmp://host/live", "abc"),
            ("rtmp://host/live/abc", "", "rtmp://host/live", "abc"),
            ("rtmp://host/live/abc", "abc", "rtmp://host/live", "abc"),
            ("rtmp://host/two/parts", "abc", "rtmp://host/two/parts", "abc"),
            (" rtmp://live.twitch.tv/app/live_1?x=y ", "", "rtmp://live.twitch.tv/app", "live_1?x=y"),
            (
                "rtmps://live-api-s.facebook.com:443/rtmp/",
                "FB-1",
                "rtmps://live-api-s.facebook.com:443/rtmp/",
                "FB-1",
            ),
        ] {
            let read = read(url, key(given)).expect("an address");
            assert_eq!(read, (expected_url.to_owned(), key(expected_key)), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_in_words() {
        for url in ["", "http://host/app", "host/app/key", "rtmp://", "rtmp://host:99999/app/key"] {
            let words = read(url, DestinationKey::parse("k").expect("a key")).expect_err(url);
            assert!(words.next_step.is_some() && !words.text.is_empty(), "{url}");
        }
    }
}
