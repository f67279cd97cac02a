//! The console as a whole, through the doors its users have. One program, so that the console is linked and waited for
//! once.

mod architecture;
mod cloud;
mod contract;
mod control;
mod fanout;
mod hostile;
mod hub;
mod process;
mod publish_and_play;
mod reconnect;
mod restart;
mod secrets;
mod snapshots;
mod webrtc;

use console_tests::{Console, Playlist, Profile, Publisher, Screen};

/// A console that an encoder made live: publishing alone starts a stream.
async fn live(profile: &Profile) -> (Console, Screen, Publisher) {
    let console = Console::start(&[]).await;
    let (screen, publisher) = go_live(&console, profile).await;
    (console, screen, publisher)
}

/// An encoder makes this console live.
async fn go_live(console: &Console, profile: &Profile) -> (Screen, Publisher) {
    let mut screen = console.screen().await;
    let publisher = Publisher::start(&console.publish_url().await, profile);
    screen.phase("live").await;
    (screen, publisher)
}

/// Picture and sound both have a whole segment: players that know no parts can begin, and miss nothing.
async fn assert_plays_everywhere(console: &Console, screen: &Screen) {
    for track in ["video.m3u8", "audio.m3u8"] {
        let url = screen.url("hls").replace("index.m3u8", track);
        let playlist = Playlist::fetch(&console.client(), &url).await;
        assert!(!playlist.segments.is_empty(), "{track} lists no segment though the stream is live");
    }
}
