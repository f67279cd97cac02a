//! The HTTP side of WHEP and WHIP (RFC 9725 s4.2): an offer is posted, the answer comes back, a DELETE ends it.

use reqwest::header::{CONTENT_TYPE, ETAG, LOCATION};
use reqwest::{StatusCode, Url};

use crate::wait::{PATIENCE, within};

/// An offer that was turned down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// HTTP status.
    pub status: StatusCode,
    /// The body's words.
    pub words: String,
}

/// A session the server opened.
#[derive(Debug, Clone)]
pub struct Session {
    client: reqwest::Client,
    /// Its address.
    pub url: Url,
    /// Its entity tag; absent if the server gave none.
    pub etag: Option<String>,
    /// The answer (SDP).
    pub answer: String,
}

impl Session {
    /// Of two peers that met without a server.
    #[cfg(test)]
    pub(super) fn none(answer: &str) -> Self {
        let url = Url::parse("http://127.0.0.1:9/none").expect("an address");
        Self { client: reqwest::Client::new(), url, etag: None, answer: answer.to_owned() }
    }

    /// Posts an offer.
    ///
    /// # Errors
    /// When the server refuses it.
    ///
    /// # Panics
    /// When there is no answer, or none that keeps to the protocol.
    pub async fn open(url: &str, bearer: Option<&str>, offer: &str) -> Result<Self, Refused> {
        let client = reqwest::Client::new();
        let mut request = client.post(url).header(CONTENT_TYPE, "application/sdp").body(offer.to_owned());
        if let Some(key) = bearer {
            request = request.bearer_auth(key);
        }
        let response =
            within(PATIENCE, "an answer to an offer", request.send()).await.expect("the server answers");
        let (status, headers, base) = (response.status(), response.headers().clone(), response.url().clone());
        let body = response.text().await.expect("a body");
        if status != StatusCode::CREATED {
            return Err(Refused { status, words: body });
        }
        let header = |name| headers.get(name).map(|value| value.to_str().expect("a header of text"));
        assert_eq!(header(CONTENT_TYPE), Some("application/sdp"), "the answer's type");
        let location = header(LOCATION).expect("a session has an address");
        let url = base.join(location).expect("an address");
        Ok(Self { client, url, etag: header(ETAG).map(str::to_owned), answer: body })
    }

    /// Ends it; the status says whether there was something to end.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn delete(&self) -> StatusCode {
        let request = self.client.delete(self.url.clone()).send();
        within(PATIENCE, "an answer to a DELETE", request).await.expect("the server answers").status()
    }
}
