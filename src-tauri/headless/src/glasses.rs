//! `glasses`: a device for any hub, this console's or another, without a console behind it.

use anyhow::Context as _;
use runtime::{GlassesNews, Token, VirtualGlasses, VirtualSwitches};

use crate::cli::Glasses;

/// Holds the token where the process list does not show it.
const TOKEN_VARIABLE: &str = "STREAM_CONSOLE_GLASSES_TOKEN";

/// Wears them until `stop` resolves. What happens is told on standard output, one line of JSON each.
pub(crate) async fn wear(wanted: Glasses, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    let token = wanted.token.or_else(|| std::env::var(TOKEN_VARIABLE).ok());
    let (hub, in_address) = split_token(&wanted.hub);
    let token = token.or(in_address).filter(|token| !token.is_empty()).with_context(|| {
        format!("The hub wants a token. Give it in {TOKEN_VARIABLE} or with --token; the console shows it with the glasses' address.")
    })?;
    let switches = VirtualSwitches {
        battery_percent: wanted.battery,
        wifi: !wanted.no_wifi,
        camera_busy: wanted.camera_busy,
        silent_keep_alives: wanted.silent,
        odd_timestamps: wanted.odd_timestamps,
        drops: wanted.drops,
        reconnects: wanted.reconnects,
        clip: wanted.clip,
    };
    let glasses =
        VirtualGlasses::start(hub, Token::new(token), switches).await.context("The glasses do not start")?;
    let mut news = glasses.news();
    let telling = async {
        loop {
            println!("{}", line(&news.borrow_and_update()));
            if news.changed().await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = stop => {}
        () = telling => {}
    }
    glasses.stop().await;
    Ok(())
}

fn line(news: &GlassesNews) -> serde_json::Value {
    serde_json::json!({ "hub": news.hub, "camera": news.camera })
}

/// The address without its `token`, and that: tokens in addresses end up in logs.
fn split_token(hub: &str) -> (String, Option<String>) {
    let Some((address, query)) = hub.split_once('?') else { return (hub.to_owned(), None) };
    let (tokens, rest): (Vec<&str>, Vec<&str>) =
        query.split('&').partition(|pair| pair.starts_with("token="));
    let token = tokens.first().and_then(|pair| pair.strip_prefix("token=")).map(str::to_owned);
    let hub = if rest.is_empty() { address.to_owned() } else { format!("{address}?{}", rest.join("&")) };
    (hub, token)
}

#[cfg(test)]
mod tests {
    use super::split_token;

    #[test]
    fn a_token_is_taken_out_of_the_address() {
        let split = |hub: &str| {
            let (hub, token) = split_token(hub);
            (hub, token.unwrap_or_default())
        };
        assert_eq!(split("ws://a/glasses-ws?token=k"), ("ws://a/glasses-ws".to_owned(), "k".to_owned()));
        assert_eq!(
            split("ws://a/b?livekit=true&token=k"),
            ("ws://a/b?livekit=true".to_owned(), "k".to_owned())
        );
        assert_eq!(split("ws://a/b?livekit=true"), ("ws://a/b?livekit=true".to_owned(), String::new()));
    }
}
